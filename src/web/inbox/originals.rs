//! Originals and attachments: the raw bytes as received, always as a download that nothing can run in.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::may_read;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::file_name;
use crate::inbox::evidence::{self, picture};
use crate::inbox::reading;
use crate::store::accounts::OfficerRow;
use crate::store::envelopes;
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::web::error::AppError;
use crate::web::extract::Officer;

/// Whatever it holds, nothing runs, loads or leaves.
const SEALED: &str = "sandbox; default-src 'none'";

/// Kinds that a browser draws and cannot run.
pub fn previewable(content_type: &str) -> bool {
    matches!(content_type, "image/jpeg" | "image/png" | "image/webp" | "image/gif")
}

pub(super) async fn message_of(app: &App, officer: &OfficerRow, conversation: &str, message: &str) -> Result<MessageRow, AppError> {
    let found = reading::find(app, officer, conversation).await?.ok_or(AppError::NotFound)?;
    messages::find(&mut app.read().await?, message).await?.filter(|row| row.conversation_id == found.id).ok_or(AppError::NotFound)
}

/// `GET /inbox/{id}/original/{message}`
pub async fn original(officer: Officer, path: web::Path<(String, String)>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let (app, (conversation, message)) = (officer.app().clone(), path.into_inner());
    let (kind, bytes) = app
        .clone()
        .run(async move {
            let row = message_of(&app, &officer.row, &conversation, &message).await?;
            let envelope = envelopes::find(&mut app.read().await?, row.envelope_id.ok_or(AppError::NotFound)?).await?.ok_or(AppError::NotFound)?;
            note(&app, &officer.row, "message.original", row.id).await?;
            let bytes = raw_of(&app, &envelope).await?;
            Ok::<_, AppError>((envelope.kind, bytes))
        })
        .await?;
    let name = if kind == "email" { "original.eml" } else { "original.txt" };
    Ok(download("application/octet-stream", name, bytes))
}

/// What came in, wherever it is kept. A text that came by GET is all in the address that it came to.
pub(in crate::web) async fn raw_of(app: &App, envelope: &envelopes::EnvelopeRow) -> Result<Vec<u8>, AppError> {
    match (&envelope.body, &envelope.body_file) {
        (Some(body), _) if body.is_empty() => Ok(envelope.target.clone().into_bytes()),
        (Some(body), _) => Ok(body.clone()),
        (None, Some(hash)) => app.files().get(&hex::decode(hash).unwrap_or_default()).await.map_err(|error| AppError::Internal(error.into())),
        (None, None) => Ok(envelope.target.clone().into_bytes()),
    }
}

pub(super) async fn note(app: &App, officer: &OfficerRow, action: &str, message_id: i64) -> Result<(), AppError> {
    let mut conn = app.write().await?;
    Ok(audit::note(&mut conn, app.ids(), app.now(), &Actor::Officer(officer.id), action, ("message", Some(message_id)), serde_json::json!({})).await?)
}

async fn file_of(officer: Officer, path: (String, String, i64)) -> Result<(AttachmentRow, Vec<u8>), AppError> {
    may_read(&officer)?;
    let (app, (conversation, message, ordinal)) = (officer.app().clone(), path);
    app.clone()
        .run(async move {
            let row = message_of(&app, &officer.row, &conversation, &message).await?;
            let files = messages::list_attachments(&mut app.read().await?, &[row.id]).await?;
            let file = files.into_iter().find(|file| file.ordinal == ordinal).ok_or(AppError::NotFound)?;
            note(&app, &officer.row, "attachment.view", row.id).await?;
            let bytes = app.files().get(&file.sha256).await.map_err(|error| AppError::Internal(error.into()))?;
            Ok((file, bytes))
        })
        .await
}

/// `GET /inbox/{id}/attachment/{message}/{ordinal}`
pub async fn attachment(officer: Officer, path: web::Path<(String, String, i64)>) -> Result<HttpResponse, AppError> {
    let (file, bytes) = file_of(officer, path.into_inner()).await?;
    Ok(download("application/octet-stream", &file.filename, bytes))
}

/// `GET /inbox/{id}/preview/{message}/{ordinal}`: pictures only, drawn anew by us.
pub async fn preview(officer: Officer, path: web::Path<(String, String, i64)>) -> Result<HttpResponse, AppError> {
    let app = officer.app().clone();
    let (file, bytes) = file_of(officer, path.into_inner()).await?;
    if !previewable(&file.content_type) {
        return Err(AppError::NotFound);
    }
    let picture = app.run(evidence::preview(bytes)).await.unwrap_or_else(|error| {
        tracing::info!(attachment = file.id, %error, "a picture cannot be shown");
        picture::placeholder()
    });
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_SECURITY_POLICY, SEALED)).insert_header((header::CACHE_CONTROL, "private, no-store"));
    Ok(response.content_type(picture.content_type).body(picture.bytes))
}

pub(in crate::web) fn download(content_type: &'static str, name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(disposition(name))
        .insert_header((header::CONTENT_SECURITY_POLICY, SEALED))
        .body(bytes)
}

/// What nothing but the disk gets, under a name that is safe there.
pub(in crate::web) fn disposition(name: &str) -> (header::HeaderName, String) {
    let name = &file_name::safe(name);
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' }).collect();
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
}
