//! Twilio Programmable Messaging: its API, webhooks, signature and status words. Pure.
//!
//! Sources: Twilio's pages "Message resource", "Webhook security" (request validation), "Error and warning dictionary".

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::channels::http::{Request, Response};
use crate::channels::{
    Accepted, Acknowledgement, Circumstances, Doubtful, Hook, Listing, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError,
};
use crate::config::TwilioConfig;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText};

/// The name of our delivery's id in the callback URL.
const DELIVERY: &str = "d";

/// One Twilio account.
pub struct Twilio {
    settings: TwilioConfig,
}

impl Twilio {
    /// With its settings.
    pub fn new(settings: TwilioConfig) -> Self {
        Self { settings }
    }

    fn messages_url(&self) -> String {
        format!("{}/2010-04-01/Accounts/{}/Messages.json", self.settings.api_base, self.settings.account_sid)
    }

    fn signed_in(&self, request: Request) -> Request {
        request.basic(&self.settings.account_sid, self.settings.auth_token.expose_secret())
    }

    fn tokens(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.settings.auth_token).chain(self.settings.previous_auth_token.as_ref())
    }
}

#[derive(Deserialize)]
struct MessageResource {
    sid: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    status: String,
    date_created: Option<String>,
}

impl MessageResource {
    /// Whether this may be the text whose answer was lost: an equal one of earlier, or one that failed, is not.
    fn may_be(&self, body: &str, since: At) -> bool {
        let late_enough = self.date_created.as_deref().and_then(moment).is_none_or(|created| created >= since);
        self.body == body && late_enough && !matches!(self.status.as_str(), "failed" | "undelivered" | "canceled")
    }
}

#[derive(Deserialize)]
struct MessageList {
    messages: Vec<MessageResource>,
}

/// A page of everything that the account sent and received.
#[derive(Deserialize)]
struct MessagePage {
    messages: Vec<Value>,
    next_page_uri: Option<String>,
}

/// What of a listed message is read: other names than in the webhook's form.
#[derive(Deserialize)]
struct ListedMessage {
    sid: Option<String>,
    from: Option<String>,
    to: Option<String>,
    body: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
    date_sent: Option<String>,
}

impl ListedMessage {
    /// Whether a person sent it to us, and not before then. Twilio's dates are cut to whole seconds.
    fn is_for_us(&self, since: At) -> bool {
        let came = self.date_created.as_deref().or(self.date_sent.as_deref()).and_then(moment);
        self.direction.as_deref() == Some("inbound") && came.is_none_or(|came| came.plus_ms(1_000) > since)
    }

    /// What the list is sorted by; a text of ours that has not gone out yet has none.
    fn sent(&self) -> Option<At> {
        self.date_sent.as_deref().and_then(moment)
    }
}

#[derive(Deserialize, Default)]
struct ErrorResource {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl SmsProvider for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn build_request(&self, text: &OutgoingText, _now: At) -> Request {
        let separator = if text.status_url.contains('?') { '&' } else { '?' };
        let callback = format!("{}{separator}{DELIVERY}={}", text.status_url, text.delivery_id);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", &text.to).append_pair("From", &text.from).append_pair("Body", &text.body).append_pair("StatusCallback", &callback);
        // How long it may wait in Twilio's queue; the most, and what holds if nothing is said, is ten hours.
        if let Some(seconds) = text.valid_for_s.filter(|seconds| *seconds < 36_000) {
            form.append_pair("ValidityPeriod", &seconds.max(1).to_string());
        }
        let form = form.finish();
        self.signed_in(Request::post(self.messages_url(), "application/x-www-form-urlencoded", form))
    }

    fn read_response(&self, response: &Response) -> Result<Accepted, SendError> {
        if (200..300).contains(&response.status) {
            return serde_json::from_str::<MessageResource>(&response.body)
                .map(|message| Accepted { provider_message_id: message.sid })
                .map_err(|_| SendError::in_doubt("unreadable", "Twilio answered with something that is not a message"));
        }
        Err(refusal(response))
    }

    fn build_lookup(&self, doubtful: &Doubtful, _now: At) -> Option<Request> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", &doubtful.to)
            .append_pair("From", &doubtful.from)
            // Twilio asks for days; the one before, since ours may begin earlier than theirs.
            .append_pair("DateSent>", &doubtful.since.minus_days(1).utc().format("%Y-%m-%d").to_string())
            .append_pair("PageSize", "50")
            .finish();
        Some(self.signed_in(Request::get(format!("{}?{query}", self.messages_url()))))
    }

    fn read_lookup(&self, response: &Response, doubtful: &Doubtful) -> Result<Option<Accepted>, SendError> {
        if response.status != 200 {
            return Err(refusal(response));
        }
        let list: MessageList = serde_json::from_str(&response.body).map_err(|_| SendError::temporary("unreadable", "Twilio's list cannot be read"))?;
        Ok(list
            .messages
            .into_iter()
            .find(|message| message.may_be(&doubtful.body, doubtful.since))
            .map(|message| Accepted { provider_message_id: message.sid }))
    }

    fn build_listing(&self, since: At, _now: At) -> Option<Request> {
        // Without To: one list for all our numbers. `DateSent>` with a day asks for that day and later ones.
        let day = since.utc().format("%Y-%m-%d").to_string();
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("DateSent>", &day).append_pair("PageSize", "200").finish();
        Some(self.signed_in(Request::get(format!("{}?{query}", self.messages_url()))))
    }

    fn read_listing(&self, response: &Response, since: At, _now: At) -> Result<Listing, SendError> {
        if response.status != 200 {
            return Err(refusal(response));
        }
        let page: MessagePage = serde_json::from_str(&response.body).map_err(|_| SendError::temporary("unreadable", "Twilio's list cannot be read"))?;
        let read: Vec<(Option<ListedMessage>, &Value)> = page.messages.iter().map(|item| (ListedMessage::deserialize(item).ok(), item)).collect();
        // Newest first: what follows a page that ends with something older is older still. Without this a day of alerts would
        // be paged through.
        let last = read.iter().rev().find_map(|(message, _)| message.as_ref()?.sent());
        let reached = last.is_some_and(|sent| sent.plus_ms(1_000) <= since);
        // A path, and nothing that would carry the credentials to another host.
        let next = page.next_page_uri.filter(|path| path.starts_with('/') && !reached);
        let items = read.into_iter().filter_map(|(message, item)| {
            let message = message.filter(|message| message.is_for_us(since))?;
            // The id is that of the webhook, so that a message is not stored twice.
            let verified = Verified { provider_id: message.sid, correspondent: message.from, text: message.body, replay_key: None };
            Some((verified, item.to_string().into()))
        });
        let items = items.collect();
        Ok(Listing { items, next: next.map(|path| self.signed_in(Request::get(format!("{}{path}", self.settings.api_base)))) })
    }

    fn verify(&self, request: &RawRequest, _circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError> {
        let given = request.header("x-twilio-signature").ok_or(VerifyError::Missing)?;
        let fields = form_fields(request);
        if !self.tokens().any(|token| signature_matches(token, request, &fields, given)) {
            return Err(VerifyError::Wrong);
        }
        if field(&fields, "AccountSid").is_some_and(|sid| sid != self.settings.account_sid) {
            return Err(VerifyError::Account);
        }
        Ok(match request.hook {
            Hook::Inbound | Hook::Listed => Verified {
                provider_id: field(&fields, "MessageSid").or_else(|| field(&fields, "SmsSid")).map(str::to_owned),
                correspondent: field(&fields, "From").map(str::to_owned),
                text: field(&fields, "Body").map(str::to_owned),
                replay_key: None,
            },
            // One message has several receipts: each status once.
            Hook::Status => Verified {
                provider_id: field(&fields, "MessageSid").map(|sid| format!("{sid}:{}", field(&fields, "MessageStatus").unwrap_or_default())),
                correspondent: field(&fields, "To").map(str::to_owned),
                text: None,
                replay_key: None,
            },
        })
    }

    fn parse(&self, hook: Hook, target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut fields: Vec<(String, String)> = pairs(body);
        let in_url = pairs(query.as_bytes());
        if fields.is_empty() {
            // Twilio can be set to use GET: then all of it is in the query.
            fields.clone_from(&in_url);
        }
        let need = |name: &str| field(&fields, name).map(str::to_owned).ok_or_else(|| ParseError(format!("Twilio's field {name} is missing")));
        match hook {
            Hook::Listed => listed(body),
            Hook::Inbound => {
                let media: usize = field(&fields, "NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
                Ok(vec![InboundEvent::Text(InboundText {
                    from: need("From")?,
                    to: need("To")?,
                    // NUL cannot be stored as text by PostgreSQL; the raw body keeps it.
                    text: field(&fields, "Body").unwrap_or_default().replace('\0', ""),
                    // The webhook is not dated; the list is.
                    sent_at: None,
                    media_urls: (0..media).filter_map(|i| field(&fields, &format!("MediaUrl{i}")).map(str::to_owned)).collect(),
                    part: None,
                })])
            }
            Hook::Status => {
                let provider_status = need("MessageStatus")?;
                let error_code = field(&fields, "ErrorCode").filter(|code| !code.is_empty()).map(str::to_owned);
                Ok(vec![InboundEvent::Receipt(InboundReceipt {
                    provider_message_id: need("MessageSid")?,
                    delivery_id: field(&in_url, DELIVERY).and_then(|id| id.parse().ok()),
                    status: status_of(&provider_status, error_code.as_deref()),
                    provider_status,
                    error_code,
                })])
            }
        }
    }

    fn acknowledge(&self) -> Acknowledgement {
        Acknowledgement { status: 200, content_type: "text/xml", body: "<Response/>" }
    }
}

/// A message of Twilio's list, which is JSON where the webhook brings a form.
fn listed(body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
    let message: ListedMessage = serde_json::from_slice(body).map_err(|_| ParseError("Twilio's JSON cannot be read".to_owned()))?;
    let need = |field: Option<String>, name: &str| field.ok_or_else(|| ParseError(format!("Twilio's field {name} is missing")));
    Ok(vec![InboundEvent::Text(InboundText {
        from: need(message.from, "from")?,
        to: need(message.to, "to")?,
        text: message.body.unwrap_or_default().replace('\0', ""),
        // The list says how many pictures there are (num_media) and where their own list is (subresource_uris.media), but
        // not the pictures' addresses: such a message comes with its words alone.
        media_urls: Vec::new(),
        sent_at: message.date_created.as_deref().or(message.date_sent.as_deref()).and_then(moment),
        part: None,
    })])
}

/// A moment as Twilio's API writes it (RFC 2822).
fn moment(text: &str) -> Option<At> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|moment| At::from(moment.to_utc()))
}

/// Twilio's status words. `None`: a word that is not in their documentation; it is kept and counted, never guessed.
fn status_of(word: &str, error_code: Option<&str>) -> Option<Status> {
    match word {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(Status::Accepted),
        "delivered" | "read" => Some(Status::Delivered),
        "undelivered" | "failed" => Some(match error_code {
            // Unknown destination, landline, not a valid number: the address is bad.
            Some("30005" | "30006" | "21211" | "21614") => Status::PermanentFailure,
            Some("21610") => Status::Suppressed,
            Some("30001" | "30034" | "63018") => Status::TechnicalFailure,
            _ => Status::TemporaryFailure,
        }),
        "canceled" => Some(Status::Cancelled),
        _ => None,
    }
}

fn refusal(response: &Response) -> SendError {
    let error: ErrorResource = serde_json::from_str(&response.body).unwrap_or_default();
    let code = if error.code == 0 { format!("http_{}", response.status) } else { error.code.to_string() };
    let detail = explain(error.code, &error.message);
    let mut failure = match (response.status, error.code) {
        (_, 21_610) => SendError { opted_out: true, ..SendError::permanent(&code, &detail) },
        (_, 21_211 | 21_217 | 21_401 | 21_604 | 21_614) => SendError::permanent(&code, &detail),
        (429, _) | (_, 20_429 | 21_611) => SendError::temporary(&code, &detail),
        // A gateway that gave up waiting does not know whether Twilio took it.
        (502 | 504, 0) => SendError::in_doubt(&code, &detail),
        (500..=599, _) => SendError::temporary(&code, &detail),
        // Wrong credentials are mended within the day, and the texts then still go out.
        // So are a sender that is not ours, or not of this account.
        (401 | 403, _) | (_, 20_003 | 21_212 | 21_603 | 21_606 | 21_659 | 21_660) => SendError::misconfigured(&code, &detail),
        _ => SendError::ours(&code, &detail),
    };
    failure.retry_after_ms = response.retry_after_ms;
    failure
}

/// Twilio's own sentence may quote the number: ours does not.
fn explain(code: i64, message: &str) -> String {
    match code {
        20_003 => "Twilio refused the credentials: check account_sid and auth_token".to_owned(),
        21_211 | 21_217 | 21_401 | 21_604 => "not a number that Twilio can text".to_owned(),
        21_606 => "our number is not in the Twilio account or cannot send texts: check numbers".to_owned(),
        21_610 => "the person has sent STOP to Twilio".to_owned(),
        21_614 => "not a mobile number".to_owned(),
        20_429 => "too many requests at once".to_owned(),
        0 => "Twilio gave no reason".to_owned(),
        _ => message.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).take(200).collect(),
    }
}

/// HMAC-SHA1 over the public URL and, for forms, each decoded key and value by sorted key; base64.
///
/// Twilio signs the URL with or without the standard port, depending on how it was entered: both count. A JSON body is
/// covered by `bodySHA256` in the query.
fn signature_matches(token: &SecretString, request: &RawRequest, fields: &[(String, String)], given: &str) -> bool {
    let form = request.method == "POST" && !is_json(request);
    if let Some(expected) = body_digest(&request.url) {
        let actual = hex::encode(Sha256::digest(&request.body));
        if !bool::from(actual.as_bytes().ct_eq(expected.to_ascii_lowercase().as_bytes())) {
            return false;
        }
    } else if is_json(request) {
        return false;
    }
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let signed: String = if form { sorted.iter().map(|(key, value)| format!("{key}{value}")).collect() } else { String::new() };
    // Every variant is computed, so that the time taken does not tell which was near.
    url_variants(&request.url).iter().fold(false, |matched, url| {
        let expected = sign(token, &format!("{url}{signed}"));
        bool::from(expected.as_bytes().ct_eq(given.as_bytes())) | matched
    })
}

/// The signature of already assembled bytes.
pub fn sign(token: &SecretString, signed: &str) -> String {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(token.expose_secret().as_bytes())
        .unwrap_or_else(|_| Hmac::<Sha1>::new(&hmac::digest::Key::<Hmac<Sha1>>::default()));
    mac.update(signed.as_bytes());
    BASE64.encode(mac.finalize().into_bytes())
}

fn url_variants(url: &str) -> [String; 2] {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let port = if scheme == "https" { ":443" } else { ":80" };
    match host.strip_suffix(port) {
        Some(bare) => [url.to_owned(), format!("{scheme}://{bare}{path}")],
        None if host.contains(':') => [url.to_owned(), url.to_owned()],
        None => [url.to_owned(), format!("{scheme}://{host}{port}{path}")],
    }
}

fn is_json(request: &RawRequest) -> bool {
    request.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"))
}

fn body_digest(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    pairs(query.as_bytes()).into_iter().find(|(key, _)| key == "bodySHA256").map(|(_, value)| value)
}

fn form_fields(request: &RawRequest) -> Vec<(String, String)> {
    if request.method == "POST" {
        if is_json(request) { Vec::new() } else { pairs(&request.body) }
    } else {
        pairs(request.url.split_once('?').map_or("", |(_, query)| query).as_bytes())
    }
}

/// Decoded pairs in order, duplicates and empty values kept.
fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twilio() -> Twilio {
        Twilio::new(TwilioConfig {
            account_sid: "AC1".into(),
            auth_token: SecretString::from("12345"),
            previous_auth_token: None,
            api_base: "https://api.twilio.com".into(),
        })
    }

    fn verified(request: &RawRequest) -> Result<Verified, VerifyError> {
        twilio().verify(request, &Circumstances { now: At::from_unix_ms(0), certificate: None })
    }

    fn request(url: &str, body: &str, signature: &str) -> RawRequest {
        RawRequest {
            hook: Hook::Inbound,
            method: "POST".into(),
            url: url.into(),
            headers: vec![("x-twilio-signature".into(), signature.into()), ("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: bytes::Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn the_port_may_be_in_the_signed_url_or_not() {
        let body = "From=%2B447700900123&To=%2B447700900001&Body=hello";
        let signed = |url: &str| sign(&SecretString::from("12345"), &format!("{url}Bodyhello\u{46}rom+447700900123To+447700900001"));
        for (signed_url, seen_url) in [
            ("https://a.example/w?x=1", "https://a.example/w?x=1"),
            ("https://a.example:443/w?x=1", "https://a.example/w?x=1"),
            ("https://a.example/w?x=1", "https://a.example:443/w?x=1"),
            ("http://a.example:80/w", "http://a.example/w"),
            ("http://127.0.0.1:8080/w", "http://127.0.0.1:8080/w"),
        ] {
            assert!(verified(&request(seen_url, body, &signed(signed_url))).is_ok(), "{signed_url} {seen_url}");
        }
        assert_eq!(verified(&request("https://b.example/w?x=1", body, &signed("https://a.example/w?x=1"))), Err(VerifyError::Wrong));
    }

    #[test]
    fn any_change_to_the_body_breaks_the_signature() {
        let url = "https://a.example/w";
        let good = sign(&SecretString::from("12345"), &format!("{url}BodyFrom+44"));
        assert!(verified(&request(url, "From=%2B44&Body=", &good)).is_ok());
        for bad in ["From=%2B44&Body=x", "From=%2B44", "From=%2B44&Body=&Body=y", "From=+44&Body="] {
            assert_eq!(verified(&request(url, bad, &good)), Err(VerifyError::Wrong), "{bad}");
        }
    }

    #[test]
    fn another_account_is_refused_even_if_signed() {
        let url = "https://a.example/w";
        let good = sign(&SecretString::from("12345"), &format!("{url}AccountSidAC2"));
        assert_eq!(verified(&request(url, "AccountSid=AC2", &good)), Err(VerifyError::Account));
    }

    #[test]
    fn errors_say_whose_fault_and_whether_to_try_again() {
        let refuse = |status: u16, code: i64| {
            let body = format!("{{\"code\":{code},\"message\":\"To +447700900123 is bad\",\"status\":{status}}}");
            twilio().read_response(&Response { status, retry_after_ms: None, body }).unwrap_err()
        };
        assert!(refuse(400, 21_610).opted_out);
        assert!(!refuse(400, 21_211).retryable && !refuse(400, 21_211).ours);
        assert!(refuse(429, 20_429).retryable);
        assert!(refuse(503, 0).retryable);
        assert!(refuse(401, 20_003).ours);
        assert!(!refuse(400, 21_999).detail.contains("900123"), "the number must not reach a log");
    }

    #[test]
    fn a_look_up_finds_the_lost_text_and_not_an_equal_one_of_earlier_or_one_that_failed() {
        let list = |created: &str, status: &str| {
            let body = format!("{{\"messages\":[{{\"sid\":\"SM1\",\"body\":\"Thank you\",\"status\":\"{status}\",\"date_created\":\"{created}\"}}]}}");
            let since = At::from_unix_ms(1_795_358_400_000);
            let doubtful = Doubtful { delivery_id: 1, from: "+447700900001".into(), to: "+447700900123".into(), body: "Thank you".into(), since };
            twilio().read_lookup(&Response { status: 200, retry_after_ms: None, body }, &doubtful).unwrap().is_some()
        };
        assert!(list("Sun, 22 Nov 2026 14:40:01 +0000", "sent"));
        assert!(!list("Sun, 22 Nov 2026 14:39:00 +0000", "sent"), "the same words an hour ago were another answer");
        assert!(!list("Sun, 22 Nov 2026 14:40:01 +0000", "failed"));
    }

    #[test]
    fn a_page_ends_the_list_where_it_reaches_what_is_older() {
        let page = |messages: &[(&str, &str)], next: Option<&str>| {
            let items: Vec<Value> = messages
                .iter()
                .map(|(direction, date)| serde_json::json!({"sid": "SM1", "direction": direction, "date_created": date, "date_sent": date, "from": "+447700900123"}))
                .collect();
            let body = serde_json::json!({"messages": items, "next_page_uri": next}).to_string();
            let since = At::from_unix_ms(1_795_358_400_500);
            let listing = twilio().read_listing(&Response { status: 200, retry_after_ms: None, body }, since, since).unwrap();
            (listing.items.len(), listing.next.map(|next| next.url))
        };
        let (at, before) = ("Sun, 22 Nov 2026 14:40:00 +0000", "Sun, 22 Nov 2026 14:39:59 +0000");
        let url = Some("https://api.twilio.com/next".to_owned());
        assert_eq!(
            page(&[("inbound", at), ("outbound-api", at)], Some("/next")),
            (1, url.clone()),
            "dates are cut to the second: this one may be of after since"
        );
        assert_eq!(page(&[("inbound", at), ("inbound", before)], Some("/next")), (1, None));
        assert_eq!(page(&[("outbound-api", before)], Some("/next")), (0, None));
        assert_eq!(page(&[("inbound", "")], Some("/next")), (1, url), "what is not dated counts as new");
        assert_eq!(page(&[], None), (0, None));
        assert_eq!(page(&[], Some("@elsewhere.example/")), (0, None), "our credentials would go to another host");
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(target in ".{0,80}", body in proptest::collection::vec(0_u8..=255, 0..300)) {
            for hook in [Hook::Inbound, Hook::Status, Hook::Listed] {
                let _any = twilio().parse(hook, &target, &body);
            }
        }
    }
}
