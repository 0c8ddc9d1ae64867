//! Webhooks: raw bytes first, verify, then intake; the answer only after the commit. Parsing comes later, elsewhere.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use crate::app::App;
use crate::channels::registry::{Channel, ChannelKind};
use crate::channels::{Acknowledgement, Hook, RawRequest, Verified, VerifyError, email};
use crate::inbound::intake::{Arrival, Intake};

/// The cap of an SMS webhook.
pub const SMS_BYTES: usize = 1 << 20;
/// The cap of a raw mail.
pub const MAIL_BYTES: usize = 64 << 20;

/// `POST|GET /webhooks/sms/{channel}/inbound`
pub async fn sms_inbound(request: HttpRequest, app: web::Data<App>, intake: web::Data<Intake>, name: web::Path<String>, body: Bytes) -> HttpResponse {
    receive(&request, &app, &intake, &name, Hook::Inbound, "sms_inbound", body).await
}

/// `POST|GET /webhooks/sms/{channel}/status`
pub async fn sms_status(request: HttpRequest, app: web::Data<App>, intake: web::Data<Intake>, name: web::Path<String>, body: Bytes) -> HttpResponse {
    receive(&request, &app, &intake, &name, Hook::Status, "sms_status", body).await
}

/// `POST /webhooks/email/{channel}`: raw MIME.
pub async fn mail(request: HttpRequest, app: web::Data<App>, intake: web::Data<Intake>, name: web::Path<String>, body: Bytes) -> HttpResponse {
    receive(&request, &app, &intake, &name, Hook::Inbound, "email", body).await
}

async fn receive(request: &HttpRequest, app: &App, intake: &Intake, name: &str, hook: Hook, kind: &'static str, body: Bytes) -> HttpResponse {
    let raw = raw(request, app, hook, body);
    let verified = app.channels().find(name).ok_or(VerifyError::Missing).and_then(|channel| verify(channel, kind, &raw));
    let (verified, acknowledgement) = match verified {
        Ok(believed) => believed,
        Err(error) => {
            // The same answer whatever was wrong, a channel that does not exist included.
            tracing::info!(reason = %error, kind, "a webhook was refused");
            metrics::counter!("huecry_webhooks_refused_total", "kind" => kind).increment(1);
            return HttpResponse::Forbidden().content_type("text/plain").body("refused\n");
        }
    };
    let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    // Secrets in headers are no evidence and are not kept.
    let headers = raw.headers.into_iter().filter(|(name, _)| !matches!(name.as_str(), "authorization" | "cookie")).collect();
    match intake.store(Arrival { channel: name.to_owned(), kind, verified, target, headers, body: raw.body }).await {
        Ok(_) => respond(acknowledgement),
        Err(error) => {
            tracing::warn!(%error, kind, "a webhook could not be stored; the sender is told to try again");
            HttpResponse::ServiceUnavailable().insert_header(("retry-after", "5")).content_type("text/plain").body("try again\n")
        }
    }
}

fn verify(channel: &Channel, kind: &str, raw: &RawRequest) -> Result<(Verified, Acknowledgement), VerifyError> {
    match (&channel.kind, kind) {
        (ChannelKind::Email { settings, .. }, "email") => {
            email::verify(settings, raw).map(|verified| (verified, Acknowledgement { status: 200, content_type: "text/plain", body: "stored\n" }))
        }
        (ChannelKind::Sms { provider, .. }, "sms_inbound" | "sms_status") => provider.verify(raw).map(|verified| (verified, provider.acknowledge())),
        _ => Err(VerifyError::Missing),
    }
}

fn raw(request: &HttpRequest, app: &App, hook: Hook, body: Bytes) -> RawRequest {
    // From configuration, never from Host: that is what the provider was told and what it signs.
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    RawRequest { hook, method: request.method().to_string(), url: app.url(target), headers: headers.collect(), body }
}

fn respond(acknowledgement: Acknowledgement) -> HttpResponse {
    let status = StatusCode::from_u16(acknowledgement.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status).content_type(acknowledgement.content_type).body(acknowledgement.body)
}
