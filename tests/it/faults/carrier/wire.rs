//! What the vendors' requests say and what they are answered by.

use serde_json::{Value, json};

/// A request as it came.
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

/// A text that somebody hands over.
pub(super) struct Offer {
    pub(super) to: String,
    pub(super) reference: String,
    pub(super) body: String,
}

/// What a request wants.
pub(super) enum Wish {
    HandOver(Offer),
    /// What became of a text, by our reference.
    ByReference(String),
    /// What became of the texts to a number.
    ByNumber(String),
    /// Which texts people sent: none, here.
    Inbound,
    Knock,
}

/// Takes the first whole request off what has come; none if more must come.
pub(super) fn take(buffer: &mut Vec<u8>) -> Option<Request> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    if buffer.len() < head + length {
        return None;
    }
    let mut words = text.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let body = buffer[head..head + length].to_vec();
    buffer.drain(..head + length);
    Some(Request { method, target, body })
}

impl Request {
    pub(super) fn wish(&self) -> Wish {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let form = |bytes: &[u8], name: &str| form_urlencoded::parse(bytes).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let field = |name: &str| form(&self.body, name).unwrap_or_default();
        match (self.method.as_str(), path) {
            ("POST", "/v2/notifications/sms") => {
                let json: Value = serde_json::from_slice(&self.body).unwrap();
                let word = |value: &Value| value.as_str().unwrap().to_owned();
                Wish::HandOver(Offer { to: word(&json["phone_number"]), reference: word(&json["reference"]), body: word(&json["personalisation"]["body"]) })
            }
            ("POST", "/sms/json") => Wish::HandOver(Offer { to: format!("+{}", field("to")), reference: field("client-ref"), body: field("text") }),
            ("POST", path) if path.ends_with("/Messages.json") => {
                let reference = field("StatusCallback").rsplit_once("d=").map(|(_, id)| id.to_owned()).unwrap_or_default();
                Wish::HandOver(Offer { to: field("To"), reference, body: field("Body") })
            }
            ("GET", "/v2/notifications") => Wish::ByReference(form(query.as_bytes(), "reference").unwrap()),
            ("GET", path) if path.ends_with("/Messages.json") => form(query.as_bytes(), "To").map_or(Wish::Inbound, Wish::ByNumber),
            ("GET", "/v2/received-text-messages") => Wish::Inbound,
            ("GET", "/knock") => Wish::Knock,
            other => panic!("nobody sends {other:?} to a carrier"),
        }
    }

    /// The answer to a text that was taken.
    pub(super) fn taken(&self, serial: usize) -> (u16, Value) {
        if self.target.starts_with("/v2/") {
            (201, json!({ "id": format!("00000000-0000-4000-8000-{serial:012}") }))
        } else if self.target.starts_with("/sms/json") {
            (200, json!({ "message-count": "1", "messages": [{ "message-id": format!("V{serial:016}"), "status": "0" }] }))
        } else {
            (201, json!({ "sid": format!("SM{serial:032}"), "status": "queued" }))
        }
    }

    /// The answer to a question after texts that were taken: serial, moment, reference and words.
    pub(super) fn found(&self, texts: &[(usize, chrono::DateTime<chrono::Utc>, String, String)]) -> Value {
        if self.target.starts_with("/v2/received") {
            return json!({ "received_text_messages": [], "links": {} });
        }
        if self.target.starts_with("/v2/") {
            let of = |(serial, at, reference, _): &(usize, chrono::DateTime<chrono::Utc>, String, String)| {
                let id = format!("00000000-0000-4000-8000-{serial:012}");
                json!({ "id": id, "reference": reference, "status": "sending", "created_at": at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true) })
            };
            return json!({ "notifications": texts.iter().map(of).collect::<Vec<_>>(), "links": {} });
        }
        let of = |(serial, at, _, body): &(usize, chrono::DateTime<chrono::Utc>, String, String)| json!({ "sid": format!("SM{serial:032}"), "body": body, "status": "sent", "date_created": at.to_rfc2822() });
        json!({ "messages": texts.iter().map(of).collect::<Vec<_>>(), "next_page_uri": null })
    }
}
