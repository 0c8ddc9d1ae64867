//! The provider's shapes: form fields, error bodies, message bodies and codes.
//!
//! Owns: names and formats only. Must not: decide what is refused or keep anything.
//! Data: between the REST interface's handlers and the ledger's texts.
//! Source: Twilio, "Messages resource" and "Error and warning dictionary".

use serde_json::{Value, json};

use super::super::carrier::{Fault, Why};
use super::super::ledger::texts::{Carriage, Direction, Text};
use super::super::shapes::parts;

/// The interface's version, as the provider writes it.
pub(super) const API_VERSION: &str = "2010-04-01";

const NOT_FOUND: (u16, u32, &str) = (404, 20404, "The requested resource was not found");

/// A refusal in the provider's words: HTTP status, error code, sentence.
pub(super) fn fault(why: Why) -> Fault {
    said(match why {
        Why::Unauthorised => (401, 20003, "Authenticate"),
        Why::TooMany => (429, 20429, "Too Many Requests"),
        Why::Broken => (500, 20500, "An internal server error has occurred"),
        Why::Unavailable => (503, 20503, "Service unavailable"),
        Why::InvalidTo => (400, 21211, "Invalid 'To' Phone Number"),
        Why::NoBody => (400, 21602, "Message body is required"),
        Why::NoFrom => (400, 21603, "A 'From' phone number is required"),
        Why::NotOurs => (400, 21606, "The 'From' phone number provided is not a valid message-capable phone number for this account"),
        Why::Blocked => (400, 21610, "Attempt to send to unsubscribed recipient"),
        Why::TooLong => (400, 21617, "The concatenated message body exceeds the 1600 character limit"),
    })
}

/// There is no such text.
pub(super) fn not_found() -> Fault {
    said(NOT_FOUND)
}

fn said((status, code, message): (u16, u32, &str)) -> Fault {
    let body = json!({ "code": code, "message": message, "more_info": format!("https://www.twilio.com/docs/errors/{code}"), "status": status });
    Fault { status, code: code.to_string(), content_type: "application/json", body }
}

/// A text as the provider describes it.
pub(super) fn message(account: &str, text: &Text) -> Value {
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
        "num_segments": parts(&text.body).len().to_string(),
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
pub(super) const UNREACHABLE_HANDSET: u32 = 30003;
