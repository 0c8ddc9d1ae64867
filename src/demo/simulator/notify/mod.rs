//! GOV.UK Notify as the gateway meets it: JSON requests with a token of its own, callbacks with a bearer token.
//!
//! Owns: Notify's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's requests come in; receipts and residents' texts go out to the addresses that the service's settings hold.
//! Source: Notify's REST API documentation. It knows no opt-outs, and reports a text's end only.

mod listing;
mod token;

use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::carrier::{Asked, Fault, Why, Wire, Word};
use super::clock;
use super::gateway::Call;
use super::handover;
use super::ledger::texts::{Carriage, Direction, Text};
use super::receipts::Job;
use super::shapes::{self, bare, national};
use super::world::World;

/// One Notify service, with one template whose body is `((body))`.
#[derive(Debug, Clone)]
pub struct Notify {
    /// The service's id, a UUID.
    pub service_id: String,
    /// The API key's secret, a UUID: signs requests.
    pub secret: String,
    /// The template's id, a UUID.
    pub template_id: String,
    /// An id (a UUID) for each of the gateway's numbers, in their order.
    pub sender_ids: Vec<String>,
    /// What callbacks bear.
    pub bearer_token: String,
}

impl Notify {
    fn callback(&self, url: String, body: &Value) -> Call {
        let headers = vec![
            ("authorization", format!("Bearer {}", self.bearer_token)),
            ("content-type", "application/json".to_owned()),
            ("user-agent", "python-requests/2.32.5".to_owned()),
        ];
        Call { url, headers, body: Bytes::from(body.to_string()) }
    }

    fn template(&self) -> Value {
        json!({ "id": self.template_id, "version": 1, "uri": format!("https://api.notifications.service.gov.uk/v2/template/{}", self.template_id) })
    }

    /// The number that a sender's id stands for; the first where there is no id.
    fn sender(&self, world: &World, id: Option<&str>) -> Option<String> {
        let place = id.map_or(Some(0), |id| self.sender_ids.iter().position(|own| own == id))?;
        world.settings.numbers.get(place).cloned()
    }
}

impl Wire for Notify {
    fn routes(&self, routes: &mut ServiceConfig) {
        routes
            .app_data(web::Data::new(self.clone()))
            .route("/v2/notifications/sms", post().to(handover::take))
            .route("/v2/notifications", get().to(listing::sent))
            .route("/v2/received-text-messages", get().to(listing::received));
    }

    fn admits(&self, http: &HttpRequest, _body: &[u8]) -> bool {
        token::opens(self, http)
    }

    fn read(&self, world: &World, body: &[u8]) -> Asked {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let word = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let body = asked.get("personalisation").and_then(|fields| fields.get("body")).and_then(Value::as_str);
        Asked {
            to: word("phone_number"),
            from: self.sender(world, asked.get("sms_sender_id").and_then(Value::as_str)).unwrap_or_default(),
            // A template of another's is no text of ours.
            body: body.filter(|_| word("template_id") == self.template_id).unwrap_or_default().to_owned(),
            callback: world.webhook("status"),
            reference: word("reference"),
        }
    }

    fn longest(&self) -> usize {
        918
    }

    fn refuse(&self, why: Why) -> Option<Fault> {
        Some(match why {
            Why::Unauthorised => fault(403, "AuthError", "Invalid token: API key not found"),
            Why::TooMany => fault(429, "RateLimitError", "Exceeded rate limit for key type live of 3000 requests per 60 seconds"),
            Why::Broken => fault(500, "Exception", "Internal server error"),
            Why::Unavailable => fault(503, "Exception", "Service unavailable"),
            Why::InvalidTo => fault(400, "ValidationError", "phone_number Not a valid international number"),
            Why::NoFrom | Why::NotOurs => fault(400, "BadRequestError", "sms_sender_id does not exist in database for this service"),
            Why::NoBody => fault(400, "BadRequestError", "Template not found"),
            Why::TooLong => fault(400, "BadRequestError", "Your message is too long. Text messages cannot be longer than 918 characters."),
            Why::Blocked => return None,
        })
    }

    fn accepted(&self, text: &Text) -> HttpResponse {
        HttpResponse::Created().json(json!({
            "id": text.sid,
            "reference": text.reference,
            "content": { "body": text.body, "from_number": national(&text.ours) },
            "uri": format!("https://api.notifications.service.gov.uk/v2/notifications/{}", text.sid),
            "template": self.template(),
            "scheduled_for": Value::Null,
        }))
    }

    fn new_id(&self) -> String {
        shapes::uuid()
    }

    fn receipts(&self, _world: &World, job: &Job, word: Word) -> Vec<Call> {
        let status = match word {
            Word::Sent => return Vec::new(),
            Word::Delivered => "delivered",
            Word::Unreachable => "temporary-failure",
            // What the network tells of a phone that lets nothing through; Notify itself knows no opt-out.
            Word::Blocked => "permanent-failure",
        };
        let receipt = json!({
            "id": job.text.sid,
            "reference": job.text.reference,
            "to": job.text.phone,
            "status": status,
            "created_at": micros(job.text.at),
            "completed_at": micros(clock::now()),
            "sent_at": micros(job.text.at),
            "notification_type": "sms",
            "template_id": self.template_id,
            "template_version": 1,
        });
        vec![self.callback(job.callback.clone(), &receipt)]
    }

    fn inbound(&self, world: &World, text: &Text) -> Vec<Call> {
        let received = json!({
            "id": text.sid,
            "source_number": bare(&text.phone),
            "destination_number": national(&text.ours),
            "message": text.body,
            "date_received": micros(text.at),
        });
        vec![self.callback(world.webhook("inbound"), &received)]
    }
}

fn fault(status: u16, word: &str, message: &str) -> Fault {
    let body = json!({ "status_code": status, "errors": [{ "error": word, "message": message }] });
    Fault { status, code: word.to_owned(), content_type: "application/json", body }
}

/// A text as Notify describes it when it is asked.
fn notification(own: &Notify, text: &Text) -> Value {
    let status = match text.carriage {
        Carriage::Queued | Carriage::Sent | Carriage::Received => "sending",
        Carriage::Delivered => "delivered",
        Carriage::Undelivered => "temporary-failure",
    };
    json!({
        "id": text.sid,
        "reference": text.reference,
        "email_address": Value::Null,
        "phone_number": text.phone,
        "type": "sms",
        "status": status,
        "template": own.template(),
        "body": text.body,
        "subject": Value::Null,
        "created_at": micros(text.at),
        "created_by_name": Value::Null,
        "sent_at": Value::Null,
        "completed_at": Value::Null,
        "scheduled_for": Value::Null,
        "postage": Value::Null,
    })
}

/// A text from somebody as Notify lists it.
fn received(own: &Notify, text: &Text) -> Value {
    json!({
        "id": text.sid,
        "created_at": micros(text.at),
        "service_id": own.service_id,
        "notify_number": national(&text.ours),
        "user_number": bare(&text.phone),
        "content": text.body,
    })
}

fn is_received(text: &Text) -> bool {
    text.direction == Direction::Out
}

/// A moment as Notify writes it.
fn micros(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
