//! AWS End User Messaging as the gateway meets it: JSON signed by Signature Version 4, events and texts by signed SNS messages.
//!
//! Owns: the provider's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's requests come in; SNS's messages go out.
//! Source: AWS, "SendTextMessage" and its errors, "Example of a two-way SMS message payload", "Example event data".

mod request;
mod sns;

use actix_web::web::{ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::carrier::{Asked, Fault, Why, Wire, Word};
use super::clock;
use super::gateway::Call;
use super::handover;
use super::ledger::texts::Text;
use super::receipts::Job;
use super::shapes;
use super::world::World;

const JSON: &str = "application/x-amz-json-1.0";

/// One AWS account in one region.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Such as `eu-west-2`.
    pub region: String,
    /// `AKIA…`
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: String,
    /// The only configuration set: its events go to the topic.
    pub configuration_set: String,
    /// Texts and events are published here, and the gateway is subscribed.
    pub topic_arn: String,
}

impl Wire for Aws {
    fn routes(&self, routes: &mut ServiceConfig) {
        routes.route("/", post().to(handover::take)).route(sns::CERTIFICATE_PATH, get().to(sns::certificate));
    }

    fn admits(&self, http: &HttpRequest, body: &[u8]) -> bool {
        request::is_signed(self, http, body)
    }

    fn read(&self, world: &World, body: &[u8]) -> Asked {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let word = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let reported = word("ConfigurationSetName") == self.configuration_set;
        Asked {
            to: word("DestinationPhoneNumber"),
            from: word("OriginationIdentity"),
            body: word("MessageBody"),
            callback: if reported { world.webhook("status") } else { String::new() },
            reference: asked.get("Context").and_then(|context| context.get("delivery")).and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    }

    fn longest(&self) -> usize {
        1600
    }

    fn refuse(&self, why: Why) -> Option<Fault> {
        let validation = |field: &str| json!({ "Reason": "FIELD_VALIDATION_FAILED", "Fields": [{ "Name": field, "Message": "failed validation" }] });
        Some(match why {
            Why::Unauthorised => fault(400, "InvalidSignatureException", json!({})),
            Why::TooMany => fault(400, "ThrottlingException", json!({})),
            Why::Broken => fault(500, "InternalServerException", json!({})),
            Why::Unavailable => fault(503, "ServiceUnavailableException", json!({})),
            Why::InvalidTo => fault(400, "ValidationException", validation("DestinationPhoneNumber")),
            Why::NoFrom | Why::NotOurs => fault(400, "ResourceNotFoundException", json!({ "ResourceType": "phone-number" })),
            Why::NoBody | Why::TooLong => fault(400, "ValidationException", validation("MessageBody")),
            Why::Blocked => fault(400, "ConflictException", json!({ "Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT" })),
        })
    }

    fn accepted(&self, text: &Text) -> HttpResponse {
        HttpResponse::Ok().content_type(JSON).body(json!({ "MessageId": text.sid }).to_string())
    }

    fn new_id(&self) -> String {
        shapes::uuid()
    }

    fn receipts(&self, _world: &World, job: &Job, word: Word) -> Vec<Call> {
        let status = match word {
            Word::Sent => "SENT",
            Word::Delivered => "DELIVERED",
            Word::Unreachable => "UNREACHABLE",
            Word::Blocked => "BLOCKED",
        };
        let text = &job.text;
        let event = json!({
            "eventType": format!("TEXT_{status}"),
            "eventVersion": "1.0",
            "eventTimestamp": clock::now().timestamp_millis(),
            "isFinal": word != Word::Sent,
            "originationPhoneNumber": text.ours,
            "destinationPhoneNumber": text.phone,
            "isoCountryCode": "GB",
            "mcc": "234",
            "mnc": "15",
            "messageId": text.sid,
            "messageRequestTimestamp": text.at.timestamp_millis(),
            "messageEncoding": if shapes::is_gsm(&text.body) { "GSM" } else { "Unicode" },
            "messageType": "TRANSACTIONAL",
            "messageStatus": status,
            "messageStatusDescription": "As its name says",
            "context": { "delivery": text.reference },
            "totalMessageParts": shapes::parts(&text.body).len(),
            "totalMessagePrice": 0.04,
            "totalCarrierFee": 0.0,
        });
        sns::published(self, job.callback.clone(), &event).into_iter().collect()
    }

    fn inbound(&self, world: &World, text: &Text) -> Vec<Call> {
        let message = json!({
            "originationNumber": text.phone,
            "destinationNumber": text.ours,
            "messageKeyword": "KEYWORD_111122223333",
            "messageBody": text.body,
            "inboundMessageId": text.sid,
        });
        sns::published(self, world.webhook("inbound"), &message).into_iter().collect()
    }
}

fn fault(status: u16, kind: &str, mut body: Value) -> Fault {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("__type".to_owned(), json!(format!("com.amazonaws.sms#{kind}")));
        fields.insert("Message".to_owned(), json!("In AWS's words"));
    }
    Fault { status, code: kind.to_owned(), content_type: JSON, body }
}
