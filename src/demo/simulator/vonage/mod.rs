//! Vonage's Messages API as the gateway meets it: JSON with Basic credentials, JSON back, signed by a token over the body.
//!
//! Owns: the provider's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's requests come in; signed receipts and residents' texts go out.
//! Source: Vonage, "Messages API reference", "Signed webhooks", "Messages API errors".

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::SecondsFormat;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::carrier::{Asked, Fault, Why, Wire, Word};
use super::clock;
use super::gateway::Call;
use super::handover;
use super::ledger::texts::Text;
use super::receipts::Job;
use super::shapes::{self, bare, with_plus};
use super::world::World;

/// One Vonage account.
#[derive(Debug, Clone)]
pub struct Vonage {
    /// The account's key.
    pub api_key: String,
    /// The account's secret: opens the API.
    pub api_secret: String,
    /// Signs webhooks.
    pub signature_secret: String,
}

impl Vonage {
    fn webhook(&self, url: String, body: &Value) -> Call {
        let body = body.to_string();
        let claims = json!({
            "iat": clock::now().timestamp(),
            "jti": shapes::uuid(),
            "iss": "Vonage",
            "payload_hash": hex::encode(Sha256::digest(&body)),
            "api_key": self.api_key,
        });
        let headers = vec![
            ("authorization", format!("Bearer {}", self.token(&claims))),
            ("content-type", "application/json".to_owned()),
            ("user-agent", "Nexmo/MessagingHUB/v1.0".to_owned()),
        ];
        Call { url, headers, body: Bytes::from(body) }
    }

    /// A JSON Web Token, HS256 (RFC 7519).
    fn token(&self, claims: &Value) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.signature_secret.as_bytes()) else {
            return String::new();
        };
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

impl Wire for Vonage {
    fn routes(&self, routes: &mut ServiceConfig) {
        routes.route("/v1/messages", post().to(handover::take));
    }

    fn admits(&self, http: &HttpRequest, _body: &[u8]) -> bool {
        let given = http.headers().get("authorization").and_then(|value| value.to_str().ok());
        given == Some(&format!("Basic {}", STANDARD.encode(format!("{}:{}", self.api_key, self.api_secret))))
    }

    fn read(&self, _world: &World, body: &[u8]) -> Asked {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let word = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_text = word("channel") == "sms" && word("message_type") == "text";
        Asked {
            to: with_plus(&word("to")),
            from: with_plus(&word("from")),
            body: if is_text { word("text") } else { String::new() },
            callback: word("webhook_url"),
            reference: word("client_ref"),
        }
    }

    fn longest(&self) -> usize {
        1000
    }

    fn refuse(&self, why: Why) -> Option<Fault> {
        Some(match why {
            Why::Unauthorised => fault(401, "#unauthorized", "Unauthorized"),
            Why::TooMany => fault(429, "/messages#1000", "Throttled"),
            Why::Broken => fault(500, "/messages#1330", "Unknown"),
            Why::Unavailable => fault(503, "/messages#1030", "Internal Error"),
            Why::InvalidTo => fault(422, "/messages#1170", "Invalid or Missing MSISDN Parameter"),
            Why::NoFrom | Why::NotOurs => fault(422, "/messages#1120", "Illegal Sender Address"),
            Why::NoBody | Why::TooLong => fault(422, "/messages#1150", "Invalid params"),
            // It takes the text, and says in the receipt what it did not do with it.
            Why::Blocked => return None,
        })
    }

    fn accepted(&self, text: &Text) -> HttpResponse {
        HttpResponse::Accepted().json(json!({ "message_uuid": text.sid }))
    }

    fn new_id(&self) -> String {
        shapes::uuid()
    }

    fn receipts(&self, _world: &World, job: &Job, word: Word) -> Vec<Call> {
        let (status, error) = match word {
            Word::Sent => ("submitted", None),
            Word::Delivered => ("delivered", None),
            Word::Unreachable => ("undeliverable", Some((1180, "Absent Subscriber - Temporary"))),
            Word::Blocked => ("rejected", Some((1240, "Illegal Number"))),
        };
        let text = &job.text;
        let mut receipt = json!({
            "message_uuid": text.sid,
            "to": bare(&text.phone),
            "from": bare(&text.ours),
            "timestamp": now(),
            "status": status,
            "client_ref": text.reference,
            "channel": "sms",
            "usage": { "currency": "EUR", "price": "0.0333" },
            "destination": { "network_code": "23410" },
            "sms": { "count_total": shapes::parts(&text.body).len().to_string() },
        });
        if let (Some((code, detail)), Some(fields)) = (error, receipt.as_object_mut()) {
            let kind = format!("https://developer.vonage.com/api-errors/messages#{code}");
            fields.insert("error".to_owned(), json!({ "type": kind, "title": code.to_string(), "detail": detail, "instance": shapes::uuid() }));
        }
        vec![self.webhook(job.callback.clone(), &receipt)]
    }

    fn inbound(&self, world: &World, text: &Text) -> Vec<Call> {
        let keyword = text.body.split_whitespace().next().unwrap_or_default().to_uppercase();
        let message = json!({
            "channel": "sms",
            "message_uuid": text.sid,
            "to": bare(&text.ours),
            "from": bare(&text.phone),
            "timestamp": now(),
            "message_type": "text",
            "text": text.body,
            "sms": { "num_messages": shapes::parts(&text.body).len().to_string(), "keyword": keyword },
            "usage": { "currency": "EUR", "price": "0.0333" },
            "origin": { "network_code": "23410" },
        });
        vec![self.webhook(world.webhook("inbound"), &message)]
    }
}

fn fault(status: u16, kind: &str, title: &str) -> Fault {
    let body = json!({ "type": format!("https://developer.vonage.com/api-errors{kind}"), "title": title, "detail": title, "instance": shapes::uuid() });
    let code = kind.rsplit('#').next().unwrap_or_default().to_owned();
    Fault { status, code, content_type: "application/problem+json", body }
}

fn now() -> String {
    clock::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
