//! Twilio as the gateway meets it: form requests with Basic credentials, forms back, signed by HMAC-SHA1.
//!
//! Owns: the provider's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's REST calls come in; signed receipts and residents' texts go out.

mod listing;
mod signature;
mod wire;

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::carrier::{Asked, Fault, Why, Wire, Word};
use super::gateway::Call;
use super::handover;
use super::ledger::texts::Text;
use super::receipts::Job;
use super::shapes;
use super::world::World;
use wire::{API_VERSION, UNREACHABLE_HANDSET};

/// One Twilio account.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// `AC` and 32 hex digits.
    pub account_sid: String,
    /// The account's secret: Basic password of the REST interface and key of the webhooks' signatures.
    pub auth_token: String,
}

impl Twilio {
    /// Whether the request bears the account's own Basic credentials.
    fn knows(&self, http: &HttpRequest) -> bool {
        let expected = format!("{}:{}", self.account_sid, self.auth_token);
        let given = http.headers().get("authorization").and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|value| STANDARD.decode(value.trim()).ok());
        http.match_info().get("account") == Some(&self.account_sid) && given.as_deref() == Some(expected.as_bytes())
    }

    /// A signed form POST, as the provider makes all its webhooks.
    fn signed(&self, url: String, fields: &[(&str, String)], mut headers: Vec<(&'static str, String)>) -> Call {
        headers.push(("x-twilio-signature", signature::sign(&self.auth_token, &url, fields)));
        headers.push(("content-type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()));
        headers.push(("user-agent", "TwilioProxy/1.1".to_owned()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Call { url, headers, body: Bytes::from(body) }
    }
}

impl Wire for Twilio {
    fn routes(&self, routes: &mut ServiceConfig) {
        routes
            .app_data(web::Data::new(self.clone()))
            .route("/2010-04-01/Accounts/{account}/Messages.json", post().to(handover::take))
            .route("/2010-04-01/Accounts/{account}/Messages.json", get().to(listing::list))
            .route("/2010-04-01/Accounts/{account}/Messages/{sid}.json", get().to(listing::fetch));
    }

    fn admits(&self, http: &HttpRequest, _body: &[u8]) -> bool {
        self.knows(http)
    }

    fn read(&self, _world: &World, body: &[u8]) -> Asked {
        let mut asked = Asked::default();
        for (key, value) in form_urlencoded::parse(body) {
            let field = match key.as_ref() {
                "To" => &mut asked.to,
                "From" => &mut asked.from,
                "Body" => &mut asked.body,
                "StatusCallback" => &mut asked.callback,
                _ => continue,
            };
            *field = value.into_owned();
        }
        asked
    }

    fn longest(&self) -> usize {
        1600
    }

    fn refuse(&self, why: Why) -> Option<Fault> {
        Some(wire::fault(why))
    }

    fn accepted(&self, text: &Text) -> HttpResponse {
        HttpResponse::Created().json(wire::message(&self.account_sid, text))
    }

    fn new_id(&self) -> String {
        format!("SM{:032x}", rand::random::<u128>())
    }

    fn receipts(&self, _world: &World, job: &Job, word: Word) -> Vec<Call> {
        let (text, status) = (&job.text, word.carriage().word());
        let mut fields = vec![
            ("AccountSid", self.account_sid.clone()),
            ("ApiVersion", API_VERSION.to_owned()),
            ("From", text.ours.clone()),
            ("MessageSid", text.sid.clone()),
            ("MessageStatus", status.to_owned()),
            ("SmsSid", text.sid.clone()),
            ("SmsStatus", status.to_owned()),
            ("To", text.phone.clone()),
        ];
        if matches!(word, Word::Unreachable | Word::Blocked) {
            fields.push(("ErrorCode", UNREACHABLE_HANDSET.to_string()));
        }
        vec![self.signed(job.callback.clone(), &fields, Vec::new())]
    }

    fn inbound(&self, world: &World, text: &Text) -> Vec<Call> {
        let fields = [
            ("AccountSid", self.account_sid.clone()),
            ("ApiVersion", API_VERSION.to_owned()),
            ("Body", text.body.clone()),
            ("From", text.phone.clone()),
            ("FromCountry", "GB".to_owned()),
            ("MessageSid", text.sid.clone()),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", shapes::parts(&text.body).len().to_string()),
            ("SmsMessageSid", text.sid.clone()),
            ("SmsSid", text.sid.clone()),
            ("SmsStatus", "received".to_owned()),
            ("To", text.ours.clone()),
            ("ToCountry", "GB".to_owned()),
        ];
        let token = format!("{:032x}", rand::random::<u128>());
        vec![self.signed(world.webhook("inbound"), &fields, vec![("i-twilio-idempotency-token", token)])]
    }
}
