//! Vonage's older SMS API as the gateway meets it: forms both ways, refusals with HTTP 200, parts one by one, `sig` by MD5.
//!
//! Owns: the provider's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's requests come in; signed receipts and residents' texts go out.
//! Source: Vonage, "SMS API reference", "Inbound SMS", "Delivery receipts", "Signing messages".

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::carrier::{Asked, Fault, Why, Wire, Word};
use super::clock;
use super::gateway::Call;
use super::handover;
use super::ledger::texts::Text;
use super::receipts::Job;
use super::shapes::{self, bare, is_gsm, parts, with_plus};
use super::world::World;

/// One Vonage account, signing by `md5hash`.
#[derive(Debug, Clone)]
pub struct VonageSms {
    /// The account's key.
    pub api_key: String,
    /// The account's secret: opens the API.
    pub api_secret: String,
    /// Signs webhooks.
    pub signature_secret: String,
}

impl VonageSms {
    /// A signed form POST: dated, and never the same twice.
    fn webhook(&self, url: String, mut fields: Vec<(&'static str, String)>) -> Call {
        let now = clock::now();
        fields.push(("api-key", self.api_key.clone()));
        fields.push(("message-timestamp", now.format("%Y-%m-%d %H:%M:%S").to_string()));
        fields.push(("timestamp", now.timestamp().to_string()));
        fields.push(("nonce", shapes::uuid()));
        fields.push(("sig", self.sign(&fields)));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let headers =
            vec![("content-type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()), ("user-agent", "Nexmo/MessagingHUB/v1.0".to_owned())];
        Call { url, headers, body: Bytes::from(body) }
    }

    /// The MD5 of `&key=value` by sorted key, then the secret; `&` and `=` in a value are signed as `_`.
    fn sign(&self, fields: &[(&'static str, String)]) -> String {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort();
        let mut hash = Md5::new();
        for (key, value) in sorted {
            hash.update(format!("&{key}={}", value.replace(['&', '='], "_")));
        }
        hash.update(&self.signature_secret);
        hex::encode(hash.finalize())
    }
}

impl Wire for VonageSms {
    fn routes(&self, routes: &mut ServiceConfig) {
        routes.route("/sms/json", post().to(handover::take));
    }

    /// The credentials are fields of the form.
    fn admits(&self, _http: &HttpRequest, body: &[u8]) -> bool {
        let given = |name: &str| form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        given("api_key").as_ref() == Some(&self.api_key) && given("api_secret").as_ref() == Some(&self.api_secret)
    }

    fn read(&self, _world: &World, body: &[u8]) -> Asked {
        let (mut asked, mut unicode, mut reported) = (Asked::default(), false, false);
        for (key, value) in form_urlencoded::parse(body) {
            match key.as_ref() {
                "to" => asked.to = with_plus(&value),
                "from" => asked.from = with_plus(&value),
                "text" => asked.body = value.into_owned(),
                "callback" => asked.callback = value.into_owned(),
                "client-ref" => asked.reference = value.into_owned(),
                "type" => unicode = value == "unicode",
                "status-report-req" => reported = value == "1",
                _ => {}
            }
        }
        if !reported {
            asked.callback.clear();
        }
        // As Vonage does: what the alphabet lacks is lost where the text is not said to need more.
        if !unicode {
            asked.body = asked.body.chars().map(|c| if is_gsm(c.encode_utf8(&mut [0; 4])) { c } else { '?' }).collect();
        }
        asked
    }

    fn longest(&self) -> usize {
        3200
    }

    fn refuse(&self, why: Why) -> Option<Fault> {
        let (status, words) = match why {
            Why::Unauthorised => ("4", "Invalid credentials"),
            Why::TooMany => ("1", "Throughput Rate Exceeded - please wait [ 250 ] and retry"),
            Why::Broken => return Some(outage(500)),
            Why::Unavailable => return Some(outage(503)),
            Why::InvalidTo => ("6", "Unroutable message - rejected"),
            Why::NoFrom => ("2", "Missing from param"),
            Why::NotOurs => ("15", "Illegal Sender Address - rejected"),
            Why::NoBody => ("2", "Missing text param"),
            Why::TooLong => ("12", "Message too long"),
            // It takes the text, and says in the receipt what it did not do with it.
            Why::Blocked => return None,
        };
        let body = json!({ "message-count": "1", "messages": [{ "status": status, "error-text": words }] });
        Some(Fault { status: 200, code: status.to_owned(), content_type: "application/json", body })
    }

    fn accepted(&self, text: &Text) -> HttpResponse {
        let messages: Vec<Value> = (0..parts(&text.body).len())
            .map(|part| {
                json!({
                    "to": bare(&text.phone),
                    "message-id": part_id(&text.sid, part),
                    "status": "0",
                    "remaining-balance": "3.14159265",
                    "message-price": "0.03330000",
                    "network": "23410",
                    "client-ref": text.reference,
                })
            })
            .collect();
        HttpResponse::Ok().json(json!({ "message-count": messages.len().to_string(), "messages": messages }))
    }

    /// 16 hex digits, of which the last two are the part's.
    fn new_id(&self) -> String {
        format!("0A{:012X}00", rand::random::<u64>() >> 16)
    }

    /// One for each part.
    fn receipts(&self, _world: &World, job: &Job, word: Word) -> Vec<Call> {
        let (status, code) = match word {
            Word::Sent => ("accepted", "0"),
            Word::Delivered => ("delivered", "0"),
            Word::Unreachable => ("failed", "2"),
            Word::Blocked => ("rejected", "9"),
        };
        let text = &job.text;
        let receipt = |part: usize| {
            let fields = vec![
                ("msisdn", bare(&text.phone).to_owned()),
                ("to", bare(&text.ours).to_owned()),
                ("network-code", "23410".to_owned()),
                ("messageId", part_id(&text.sid, part)),
                ("price", "0.03330000".to_owned()),
                ("status", status.to_owned()),
                ("scts", clock::now().format("%y%m%d%H%M").to_string()),
                ("err-code", code.to_owned()),
                ("client-ref", text.reference.clone()),
            ];
            self.webhook(job.callback.clone(), fields)
        };
        (0..parts(&text.body).len()).map(receipt).collect()
    }

    /// A long text comes in parts, each a request of its own.
    fn inbound(&self, world: &World, text: &Text) -> Vec<Call> {
        let parts = parts(&text.body);
        let keyword = text.body.split_whitespace().next().unwrap_or_default().to_uppercase();
        let (total, reference) = (parts.len(), u16::from(rand::random::<u8>()));
        let part = |(n, body): (usize, &String)| {
            let mut fields = vec![
                ("msisdn", bare(&text.phone).to_owned()),
                ("to", bare(&text.ours).to_owned()),
                ("messageId", part_id(&text.sid, n)),
                ("text", body.clone()),
                ("type", if is_gsm(&text.body) { "text" } else { "unicode" }.to_owned()),
                ("keyword", keyword.clone()),
            ];
            if total > 1 {
                let concat = [
                    ("concat", "true".to_owned()),
                    ("concat-ref", reference.to_string()),
                    ("concat-total", total.to_string()),
                    ("concat-part", (n + 1).to_string()),
                ];
                fields.extend(concat);
            }
            self.webhook(world.webhook("inbound"), fields)
        };
        parts.iter().enumerate().map(part).collect()
    }
}

fn part_id(id: &str, part: usize) -> String {
    format!("{}{part:02X}", id.strip_suffix("00").unwrap_or(id))
}

fn outage(status: u16) -> Fault {
    Fault { status, code: format!("http_{status}"), content_type: "text/html", body: json!("Service unavailable") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the npm library @vonage/sms 1.21.0 signs.
    #[test]
    fn signs_as_the_provider_does() {
        let own = VonageSms { api_key: "abcd1234".into(), api_secret: "s3cret".into(), signature_secret: "now".into() };
        let fields = [
            ("to", "447700900001"),
            ("text", "a&b=c Zoë 🚐"),
            ("nonce", "n"),
            ("api-key", "abcd1234"),
            ("msisdn", "447700900123"),
            ("messageId", "0A00000000000001"),
            ("timestamp", "1795348800"),
        ];
        assert_eq!(own.sign(&fields.map(|(key, value)| (key, value.to_owned()))), "3d9ad8f3794e0e8b8a2aef80123ffc63");
    }
}
