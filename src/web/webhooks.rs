//! Webhooks: raw bytes first, verify, then intake; the answer only after the commit. Parsing comes later, elsewhere.
//! A raw mail shows its secret in the head, so it is verified before its bytes are read.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::app::App;
use crate::channels::registry::{ChannelKind, is_sent_again};
use crate::channels::{Acknowledgement, Hook, RawRequest, Verified, VerifyError, email};
use crate::files::{Draft, Files};
use crate::inbound::intake::{Arrival, Content, INLINE_BYTES, Intake, IntakeOutcome};

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

/// `POST /webhooks/email/{channel}`: raw MIME. The secret is asked for first; a large body then goes straight to `files/`.
pub async fn mail(request: HttpRequest, app: web::Data<App>, intake: web::Data<Intake>, name: web::Path<String>, body: web::Payload) -> HttpResponse {
    let head = raw(&request, &app, Hook::Inbound, Bytes::new());
    let believed = match app.channels().find(&name).map(|channel| &channel.kind) {
        Some(ChannelKind::Email { settings, .. }) => email::verify(settings, head.header("authorization")),
        _ => Err(VerifyError::Missing),
    };
    if let Err(error) = believed {
        return refuse(error, "email");
    }
    let announced = head.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAIL_BYTES) {
        return too_large();
    }
    let (body, first) = match take_in(app.files(), body).await {
        Ok(taken) => taken,
        Err(TakeError::TooLarge) => return too_large(),
        // Nobody is there to read the answer.
        Err(TakeError::HungUp) => return HttpResponse::BadRequest().finish(),
        Err(TakeError::Files(error)) => return try_again(&error, "email"),
    };
    let acknowledgement = Acknowledgement { status: 200, content_type: "text/plain", body: "stored\n" };
    store(&request, &intake, head, &name, "email", email::verified(&first), acknowledgement, body).await
}

enum TakeError {
    TooLarge,
    HungUp,
    Files(std::io::Error),
}

/// Reads a body: what is small stays in memory, what is large goes to `files/` as it comes. Gives the first bytes beside it.
async fn take_in(files: &Files, mut body: web::Payload) -> Result<(Content, Bytes), TakeError> {
    let (mut first, mut draft, mut size) = (BytesMut::new(), None::<Draft>, 0_usize);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| TakeError::HungUp)?;
        size = size.saturating_add(piece.len());
        if size > MAIL_BYTES {
            return Err(TakeError::TooLarge);
        }
        match &mut draft {
            Some(draft) => draft.write(&piece).await.map_err(TakeError::Files)?,
            None => first.extend_from_slice(&piece),
        }
        if draft.is_none() && first.len() > INLINE_BYTES {
            let mut begun = files.begin().await.map_err(TakeError::Files)?;
            begun.write(&first).await.map_err(TakeError::Files)?;
            draft = Some(begun);
        }
    }
    let first = first.freeze();
    match draft {
        Some(draft) => {
            let sha256 = draft.keep().await.map_err(TakeError::Files)?;
            Ok((Content::Filed { sha256, bytes: size.try_into().unwrap_or(u64::MAX) }, first))
        }
        None => Ok((Content::Here(first.clone()), first)),
    }
}

async fn receive(request: &HttpRequest, app: &App, intake: &Intake, name: &str, hook: Hook, kind: &'static str, body: Bytes) -> HttpResponse {
    let raw = raw(request, app, hook, body);
    let believed = match app.channels().find(name) {
        Some(channel) => channel.verify(&raw, app.now()).await,
        None => Err(VerifyError::Missing),
    };
    let kind = match app.channels().find(name).and_then(|channel| channel.provider()) {
        Some(provider) if provider.has_one_hook() => "sms_inbound",
        _ => kind,
    };
    match believed {
        Ok((verified, acknowledgement)) => {
            let body = Content::Here(raw.body.clone());
            store(request, intake, raw, name, kind, verified, acknowledgement, body).await
        }
        // Whatever the channel: what its vendor will send again signed is asked for again.
        Err(VerifyError::Missing) if is_sent_again(&raw) => {
            tracing::info!(kind, "a webhook came unsigned; its vendor sends it again");
            metrics::counter!("huecry_webhooks_refused_total", "kind" => kind).increment(1);
            again("20")
        }
        Err(error) => refuse(error, kind),
    }
}

#[expect(clippy::too_many_arguments, reason = "an arrival and its answer, in one place for both kinds of webhook")]
async fn store(
    request: &HttpRequest,
    intake: &Intake,
    raw: RawRequest,
    name: &str,
    kind: &'static str,
    verified: Verified,
    acknowledgement: Acknowledgement,
    body: Content,
) -> HttpResponse {
    let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    // Secrets in headers are no evidence and are not kept.
    let headers = raw.headers.into_iter().filter(|(name, _)| !matches!(name.as_str(), "authorization" | "cookie")).collect();
    match intake.store(Arrival { channel: name.to_owned(), kind, verified, target, headers, body }).await {
        Ok(IntakeOutcome::Replayed) => refuse(VerifyError::Replayed, kind),
        Ok(IntakeOutcome::Stored(_) | IntakeOutcome::Before) => respond(acknowledgement),
        Err(error) => try_again(&error, kind),
    }
}

/// The same answer whatever was wrong, a channel that does not exist included. Only what may be genuine is asked for again.
fn refuse(error: VerifyError, kind: &'static str) -> HttpResponse {
    tracing::info!(reason = %error, kind, "a webhook was refused");
    metrics::counter!("huecry_webhooks_refused_total", "kind" => kind).increment(1);
    if error == VerifyError::NoCertificate {
        return again("20");
    }
    HttpResponse::Forbidden().content_type("text/plain").body("refused\n")
}

fn try_again(error: &dyn std::error::Error, kind: &'static str) -> HttpResponse {
    tracing::warn!(%error, kind, "a webhook could not be stored; the sender is told to try again");
    again("5")
}

fn again(seconds: &'static str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().insert_header(("retry-after", seconds)).content_type("text/plain").body("try again\n")
}

fn too_large() -> HttpResponse {
    // What is left of the body is not read: the connection ends with the answer.
    HttpResponse::PayloadTooLarge().force_close().content_type("text/plain").body("a mail can have 64 MiB at the most\n")
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
