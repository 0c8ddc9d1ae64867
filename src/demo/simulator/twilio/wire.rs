//! The provider's shapes: form fields, error bodies, message bodies, ids, and what counts as a segment.
//!
//! Owns: names and formats only. Must not: decide what is refused or keep anything.
//! Data: between the REST interface's handlers and the ledger's texts.
//! Source: Twilio, "Messages resource" and "Error and warning dictionary".

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::ledger::texts::{Carriage, Direction, Text};
use super::super::world::World;

/// The interface's version, as the provider writes it.
pub(crate) const API_VERSION: &str = "2010-04-01";

const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_DOUBLE: &str = "\u{c}^{}\\[~]|€";

/// A refusal: the provider's error code, with its HTTP status and sentence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: &'static str,
}

pub(crate) const UNAUTHORISED: Fault = Fault { status: 401, code: 20003, message: "Authenticate" };
pub(crate) const NOT_FOUND: Fault = Fault { status: 404, code: 20404, message: "The requested resource was not found" };
pub(crate) const TOO_MANY: Fault = Fault { status: 429, code: 20429, message: "Too Many Requests" };
pub(crate) const BROKEN: Fault = Fault { status: 500, code: 20500, message: "An internal server error has occurred" };
pub(crate) const UNAVAILABLE: Fault = Fault { status: 503, code: 20503, message: "Service unavailable" };
pub(crate) const INVALID_TO: Fault = Fault { status: 400, code: 21211, message: "Invalid 'To' Phone Number" };
pub(crate) const NO_BODY: Fault = Fault { status: 400, code: 21602, message: "Message body is required" };
pub(crate) const NO_FROM: Fault = Fault { status: 400, code: 21603, message: "A 'From' phone number is required" };
pub(crate) const NOT_OURS: Fault =
    Fault { status: 400, code: 21606, message: "The 'From' phone number provided is not a valid message-capable phone number for this account" };
pub(crate) const BLOCKED: Fault = Fault { status: 400, code: 21610, message: "Attempt to send to unsubscribed recipient" };
pub(crate) const TOO_LONG: Fault = Fault { status: 400, code: 21617, message: "The concatenated message body exceeds the 1600 character limit" };

impl Fault {
    /// The error as the provider answers it.
    pub(crate) fn response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).json(json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        }))
    }
}

/// Whether the request bears the account's own Basic credentials.
pub(crate) fn authorised(world: &World, account: &str, request: &HttpRequest) -> bool {
    let settings = &world.settings;
    let expected = format!("{}:{}", settings.account_sid, settings.auth_token);
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Basic ")).and_then(|value| STANDARD.decode(value.trim()).ok());
    account == settings.account_sid && given.as_deref() == Some(expected.as_bytes())
}

/// A new id: two letters and 32 hex digits.
pub(crate) fn new_sid(prefix: &str) -> String {
    format!("{prefix}{:032x}", rand::random::<u128>())
}

/// A text as the provider describes it.
pub(crate) fn message(account: &str, text: &Text) -> Value {
    let (to, from, direction) = match text.direction {
        Direction::In => (&text.phone, &text.ours, "outbound-api"),
        Direction::Out => (&text.ours, &text.phone, "inbound"),
    };
    let uri = format!("/{API_VERSION}/Accounts/{account}/Messages/{}", text.sid);
    let at = text.at.to_rfc2822();
    let failed = text.carriage == Carriage::Undelivered;
    json!({
        "account_sid": account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": at,
        "date_sent": (text.carriage != Carriage::Queued).then_some(&at),
        "date_updated": at,
        "direction": direction,
        "error_code": failed.then_some(UNREACHABLE_HANDSET),
        "error_message": Value::Null,
        "from": from,
        "messaging_service_sid": Value::Null,
        "num_media": "0",
        "num_segments": segments(&text.body).to_string(),
        "price": Value::Null,
        "price_unit": "GBP",
        "sid": text.sid,
        "status": text.carriage.word(),
        "subresource_uris": { "media": format!("{uri}/Media.json") },
        "to": to,
        "uri": format!("{uri}.json"),
    })
}

/// The error code of a text that was taken and could not be delivered.
pub(crate) const UNREACHABLE_HANDSET: u32 = 30003;

/// How many segments a text takes: 160 GSM characters or 70 UTF-16 units, fewer in each when it takes more than one.
pub(crate) fn segments(body: &str) -> usize {
    let gsm = body.chars().try_fold(0_usize, |sum, c| match c {
        c if GSM.contains(c) => Some(sum + 1),
        c if GSM_DOUBLE.contains(c) => Some(sum + 2),
        _ => None,
    });
    let (length, one, more) = gsm.map_or_else(|| (body.encode_utf16().count(), 70, 67), |length| (length, 160, 153));
    if length <= one { 1 } else { length.div_ceil(more) }
}

/// Whether this has the form of an international number: `+`, then 8 to 15 digits of which the first is not 0.
pub(crate) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_segments() {
        assert_eq!(segments(&"a".repeat(160)), 1);
        assert_eq!(segments(&"a".repeat(161)), 2);
        assert_eq!(segments(&"€".repeat(80)), 1);
        assert_eq!(segments(&"ŵ".repeat(71)), 2);
    }

    #[test]
    fn knows_an_international_number() {
        assert!(is_e164("+447700900123"));
        for wrong in ["447700900123", "+04477009001", "+44 7700 900123", "+4", ""] {
            assert!(!is_e164(wrong), "{wrong}");
        }
    }
}
