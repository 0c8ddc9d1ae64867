//! `/inbox/{id}/evidence`: what of a conversation is an exhibit, which copies were made of it, and its exports. The same in
//! short stands beside the conversation.

use std::ops::Deref;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use tokio::io::AsyncReadExt;

use super::{may_read, originals};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::inbox::evidence::{self, CopyError, Item, NameOutcome, export};
use crate::inbox::reading;
use crate::store::accounts::OfficerRow;
use crate::store::alerts;
use crate::store::conversations::ConversationRow;
use crate::store::exports::ExportRow;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

/// What stands beside the conversation.
pub(super) struct Panel {
    pub(super) id: String,
    pub(super) csrf: String,
    pub(super) exhibits: Vec<ExhibitLine>,
    pub(super) copies: Vec<CopyLine>,
    pub(super) exports: Vec<ExportLine>,
}

pub(super) struct ExhibitLine {
    pub(super) reference: String,
    pub(super) what: String,
}

pub(super) struct CopyLine {
    pub(super) name: String,
    pub(super) of: String,
    pub(super) done: String,
    pub(super) by: String,
    pub(super) when: When,
    pub(super) href: String,
}

pub(super) struct ExportLine {
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) when: When,
    pub(super) by: String,
    pub(super) size: String,
    pub(super) sha256: String,
    pub(super) manifest: String,
    pub(super) progress: String,
    pub(super) reason: String,
}

#[derive(Template)]
#[template(path = "inbox/evidence_panel.html")]
struct PanelOnly<'a>(&'a PanelPart);

struct PanelPart {
    evidence: Panel,
}

impl Deref for PanelOnly<'_> {
    type Target = PanelPart;
    fn deref(&self) -> &PanelPart {
        self.0
    }
}

#[derive(Template)]
#[template(path = "inbox/evidence_page.html")]
struct EvidencePage {
    shell: Shell,
    id: String,
    items: Vec<ItemView>,
    next_reference: String,
    evidence: Panel,
    errors: Vec<FieldError>,
}

/// A message or a file of one, with what can be done to it.
struct ItemView {
    /// `m-0` of message m, for ids in the page; without an ordinal the message itself.
    key: String,
    is_file: bool,
    title: String,
    words: String,
    when: When,
    reference: String,
    sealed: bool,
    name_href: String,
    redact_href: String,
    redact_label: &'static str,
}

/// What stands beside the conversation of this public id.
pub(super) async fn panel(app: &App, officer: &Officer, conversation: &str) -> Result<Panel, AppError> {
    let found = reading::find(app, &officer.row, conversation).await?.ok_or(AppError::NotFound)?;
    let read = evidence::panel(app, &officer.row, found.id).await?;
    Ok(panel_view(&found, &read, officer, app.now()))
}

fn panel_view(conversation: &ConversationRow, read: &evidence::Panel, officer: &Officer, now: At) -> Panel {
    let name = |id: i64| read.officers.iter().find(|row| row.id == id).map(|row| row.name.clone()).unwrap_or_default();
    let what = |message_id: i64, attachment_id: Option<i64>| {
        let number = read.messages.iter().position(|message| message.id == message_id).map_or(0, |index| index + 1);
        let file = attachment_id.and_then(|id| read.attachments.iter().find(|file| file.id == id));
        file.map_or_else(|| format!("message {number}"), |file| format!("{} of message {number}", file.filename))
    };
    Panel {
        id: conversation.public_id.clone(),
        csrf: officer.visitor.form_token.clone(),
        exhibits: read.exhibits.iter().map(|row| ExhibitLine { reference: row.reference.clone(), what: what(row.message_id, row.attachment_id) }).collect(),
        copies: read
            .copies
            .iter()
            .map(|row| CopyLine {
                name: row.filename.clone(),
                of: what(row.message_id, row.attachment_id),
                done: row.done.clone(),
                by: name(row.officer_id),
                when: When::at(row.created_at, now),
                href: format!("/inbox/{}/copy/{}", conversation.public_id, row.public_id),
            })
            .collect(),
        exports: read.exports.iter().take(5).map(|row| export_line(row, name(row.officer_id), now)).collect(),
    }
}

fn export_line(row: &ExportRow, by: String, now: At) -> ExportLine {
    ExportLine {
        id: row.public_id.clone(),
        state: match row.status.as_str() {
            "ready" => "ready",
            "failed" => "failed",
            _ => "waiting",
        },
        when: When::at(row.finished_at.unwrap_or(row.created_at), now),
        by,
        size: shell::size(row.size_bytes),
        sha256: row.sha256.as_ref().map(hex::encode).unwrap_or_default(),
        manifest: row.manifest_sha256.as_ref().map(hex::encode).unwrap_or_default(),
        progress: if row.files_total > 0 { format!("{} of {} files", row.files_done, row.files_total) } else { String::new() },
        reason: row.reason.clone().unwrap_or_default(),
    }
}

/// `GET /inbox/{id}/evidence/panel`, for the page beside it: the view of that page is what the audit log has.
pub async fn part(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let app = officer.app().clone();
    let part = app.clone().run(async move { Ok::<_, AppError>(PanelPart { evidence: panel(&app, &officer, &id).await? }) }).await?;
    shell::page(&PanelOnly(&part))
}

/// `GET /inbox/{id}/evidence`
pub async fn show(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    shell::page(&build(officer, id.into_inner(), Vec::new()).await?)
}

async fn build(officer: Officer, id: String, errors: Vec<FieldError>) -> Result<EvidencePage, AppError> {
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let conversation = reading::find(&app, &officer.row, &id).await?.ok_or(AppError::NotFound)?;
            note(&app, &officer.row, &conversation).await?;
            let read = evidence::panel(&app, &officer.row, conversation.id).await?;
            let now = app.now();
            let active = if conversation.alert_id.is_none() { "unattributed" } else { "inbox" };
            let shell = shell::officer(&officer.visitor, &officer.row, "Exhibits and copies", active).await?;
            Ok(EvidencePage {
                shell,
                items: items(&conversation, &read, now),
                next_reference: read.next_reference.clone(),
                evidence: panel_view(&conversation, &read, &officer, now),
                id: conversation.public_id,
                errors,
            })
        })
        .await
}

async fn note(app: &App, officer: &OfficerRow, conversation: &ConversationRow) -> Result<(), AppError> {
    let subject = ("conversation", Some(conversation.id));
    Ok(audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(officer.id), "conversation.evidence", subject, serde_json::json!({})).await?)
}

fn items(conversation: &ConversationRow, read: &evidence::Panel, now: At) -> Vec<ItemView> {
    let mut items = Vec::new();
    let exhibit = |message_id: i64, attachment_id: Option<i64>| {
        let found = read.exhibits.iter().find(|row| row.message_id == message_id && row.attachment_id == attachment_id);
        found.map_or((String::new(), false), |row| (row.reference.clone(), row.sealed_at.is_some()))
    };
    for (index, message) in read.messages.iter().enumerate() {
        let base = format!("/inbox/{}", conversation.public_id);
        let way = match message.direction.as_str() {
            "in" => "in",
            "out" => "out",
            _ => "a note",
        };
        let (reference, sealed) = exhibit(message.id, None);
        items.push(ItemView {
            key: message.public_id.clone(),
            is_file: false,
            title: format!("Message {}, {way}", index + 1),
            words: first_words(&message.text),
            when: When::at(message.received_at, now),
            reference,
            sealed,
            name_href: format!("{base}/exhibit/{}", message.public_id),
            redact_href: if message.text.trim().is_empty() { String::new() } else { format!("{base}/redact/{}", message.public_id) },
            redact_label: "Take words out",
        });
        for file in read.attachments.iter().filter(|file| file.message_id == message.id) {
            let (reference, sealed) = exhibit(message.id, Some(file.id));
            let part = format!("{}/{}", message.public_id, file.ordinal);
            items.push(ItemView {
                key: format!("{}-{}", message.public_id, file.ordinal),
                is_file: true,
                title: file.filename.clone(),
                words: format!("{}, {}", file.content_type, shell::size(file.size_bytes)),
                when: When::at(file.created_at, now),
                reference,
                sealed,
                name_href: format!("{base}/exhibit/{part}"),
                redact_href: if originals::previewable(&file.content_type) { format!("{base}/redact/{part}") } else { String::new() },
                redact_label: "Cover parts",
            });
        }
    }
    items
}

fn first_words(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = one_line.chars().take(120).collect();
    if short.len() < one_line.len() {
        short.push('…');
    }
    short
}

/// The item that a path names, if the form is this officer's.
pub(super) async fn item(officer: &Officer, conversation: String, message: String, ordinal: Option<i64>) -> Result<Item, AppError> {
    may_read(officer)?;
    let (app, row) = (officer.app().clone(), officer.row.clone());
    app.clone().run(async move { evidence::find(&app, &row, &conversation, &message, ordinal).await }).await?.ok_or(AppError::NotFound)
}

/// `POST /inbox/{id}/exhibit/{message}`
pub async fn name_message(officer: Officer, path: web::Path<(String, String)>, fields: Fields) -> Result<HttpResponse, AppError> {
    let (conversation, message) = path.into_inner();
    name(officer, conversation, message, None, &fields).await
}

/// `POST /inbox/{id}/exhibit/{message}/{ordinal}`
pub async fn name_file(officer: Officer, path: web::Path<(String, String, i64)>, fields: Fields) -> Result<HttpResponse, AppError> {
    let (conversation, message, ordinal) = path.into_inner();
    name(officer, conversation, message, Some(ordinal), &fields).await
}

async fn name(officer: Officer, conversation: String, message: String, ordinal: Option<i64>, fields: &Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let found = item(&officer, conversation.clone(), message.clone(), ordinal).await?;
    let (app, row, wanted) = (officer.app().clone(), officer.row.clone(), fields.one("reference").to_owned());
    let outcome = app.clone().run(async move { evidence::name_exhibit(&app, &row, &found, &wanted).await }).await?;
    let fault = match outcome {
        NameOutcome::Named(reference) => return Ok(shell::redirect_with(&format!("/inbox/{conversation}/evidence"), &format!("It is exhibit {reference}."))),
        NameOutcome::Taken => "Another item of this conversation has this reference. Choose another.",
        NameOutcome::Sealed => "This exhibit went out with an export, so that its reference stays as it is.",
        NameOutcome::NotAReference => "Write initials, a stroke and a number, such as JS/1.",
    };
    let key = ordinal.map_or_else(|| message.clone(), |ordinal| format!("{message}-{ordinal}"));
    shell::page_with_errors(&build(officer, conversation, vec![FieldError::new(&format!("reference-{key}"), fault)]).await?)
}

/// `POST /inbox/{id}/export`
pub async fn ask(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, wanted) = (officer.app().clone(), officer.row.clone(), id.clone());
    app.clone()
        .run(async move {
            let conversation = reading::find(&app, &row, &wanted).await?.ok_or(AppError::NotFound)?;
            Ok::<_, AppError>(export::ask(&app, &row, &conversation).await?)
        })
        .await?;
    Ok(shell::redirect_with(&format!("/inbox/{id}/evidence"), "The export is being made. It appears here when it is ready."))
}

/// `GET /inbox/{id}/export/{export}`: piece by piece, for it may be larger than memory.
pub async fn download_export(officer: Officer, path: web::Path<(String, String)>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let (app, (conversation, export)) = (officer.app().clone(), path.into_inner());
    let (row, file, name) = app
        .clone()
        .run(async move {
            let found = reading::find(&app, &officer.row, &conversation).await?.ok_or(AppError::NotFound)?;
            let about = match found.alert_id {
                Some(id) => alerts::get(&mut app.read().await?, id).await?.reference,
                None => "no-alert".to_owned(),
            };
            let row = export::fetch(&app, &officer.row, &found, &export).await?.ok_or(AppError::NotFound)?;
            let hash = row.sha256.clone().unwrap_or_default();
            let file = app.files().open_at(&hash).map_err(|error| AppError::Internal(error.into()))?;
            // Whoever finds it in a folder sees of which alert and conversation it is, and when it was asked for.
            let name = format!("evidence-{about}-{}-{}.zip", found.public_id, row.created_at.utc().format("%Y%m%d-%H%M%S"));
            Ok::<_, AppError>((row, tokio::fs::File::from_std(file), name))
        })
        .await?;
    let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; 128 << 10];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((web::Bytes::from(piece), file)))
    });
    let size = u64::try_from(row.size_bytes).unwrap_or(0);
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(originals::disposition(&name))
        .no_chunking(size)
        .streaming(pieces))
}

/// `GET /inbox/{id}/copy/{copy}`
pub async fn download_copy(officer: Officer, path: web::Path<(String, String)>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let (app, (conversation, copy)) = (officer.app().clone(), path.into_inner());
    let (row, bytes) = app
        .clone()
        .run(async move {
            let found = reading::find(&app, &officer.row, &conversation).await?.ok_or(AppError::NotFound)?;
            evidence::read_copy(&app, &officer.row, &found, &copy).await.map_err(fault)?.ok_or(AppError::NotFound)
        })
        .await?;
    Ok(originals::download("application/octet-stream", &row.filename, bytes))
}

/// What a failed copy is at the web edge.
pub(super) fn fault(error: CopyError) -> AppError {
    match error {
        CopyError::Database(error) => error.into(),
        CopyError::Files(error) => AppError::Internal(error.into()),
        other => AppError::Invalid(format!("The copy was not made: {other}.")),
    }
}
