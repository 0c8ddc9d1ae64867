//! `GET /inbox/{id}/sent/{message}`: a mail as its sender set it, made harmless, on a page of its own that is sealed besides.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::may_read;
use super::originals::{message_of, note, raw_of};
use crate::channels::email::mime::{self, Transport};
use crate::channels::email::safe_html::{self, Enclosed, SafeHtml};
use crate::domain::address::mask;
use crate::domain::inbound::{ParsedMail, TextPart};
use crate::store::{envelopes, unmasks};
use crate::web::error::AppError;
use crate::web::extract::Officer;

/// Our own style and what stands in the page itself: no script, no form, no frame, nothing from anywhere else.
const SEALED: &str = "sandbox; default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "inbox/as_sent.html")]
struct AsSent {
    subject: String,
    from: String,
    /// What the header says of when.
    date: String,
    parts: Vec<Part>,
    remote_pictures: usize,
    cut: bool,
}

enum Part {
    /// Harmless by now.
    Html(String),
    Plain(String),
}

/// Shows it.
pub async fn show(officer: Officer, path: web::Path<(String, String)>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let (app, (conversation, message)) = (officer.app().clone(), path.into_inner());
    let page = app
        .clone()
        .run(async move {
            let row = message_of(&app, &officer.row, &conversation, &message).await?;
            let envelope = envelopes::find(&mut app.read().await?, row.envelope_id.ok_or(AppError::NotFound)?).await?.ok_or(AppError::NotFound)?;
            if envelope.kind != "email" {
                return Err(AppError::NotFound);
            }
            note(&app, &officer.row, "message.as_sent", row.id).await?;
            let shown = unmasks::shown_until(&mut app.read().await?, row.conversation_id, officer.row.id, app.now()).await?.is_some();
            let raw = raw_of(&app, &envelope).await?;
            tokio::task::spawn_blocking(move || read(&raw, shown)).await.map_err(|error| AppError::Internal(error.into()))?
        })
        .await?;
    let body = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, SEALED))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(body))
}

/// `shown` is whether this officer has asked for the address, with a reason, and sees it at this moment.
fn read(raw: &[u8], shown: bool) -> Result<AsSent, AppError> {
    let mail = mime::parse(raw, &Transport::default()).map_err(|_| AppError::NotFound)?;
    let pictures = pictures(&mail);
    let (mut parts, mut remote_pictures, mut cut) = (Vec::new(), 0, mail.parts.len() > 50);
    for part in mail.parts.iter().take(50) {
        parts.push(match part {
            TextPart::Html(html) => match safe_html::clean(html, &pictures) {
                Some(SafeHtml { html, remote_pictures: remote, cut: shortened }) => {
                    remote_pictures += remote;
                    cut |= shortened;
                    Part::Html(html)
                }
                None => {
                    cut = true;
                    Part::Plain(mail.plain_words())
                }
            },
            TextPart::Plain(text, _) => Part::Plain(text.clone()),
        });
    }
    let from = match (mail.from.is_empty(), shown) {
        (true, true) => mail.header("from").unwrap_or("nobody").to_owned(),
        (true, false) => "an address that cannot be read".to_owned(),
        (false, true) => format!("{} <{}>", mail.from_name, mail.from).trim().to_owned(),
        (false, false) if mail.from_name.contains('@') => mask(&mail.from),
        (false, false) => format!("{} ({})", mail.from_name, mask(&mail.from)).trim().to_owned(),
    };
    Ok(AsSent { subject: mail.subject.clone(), from, date: mail.header("date").unwrap_or_default().to_owned(), parts, remote_pictures, cut })
}

/// Those that a browser draws and cannot run, by their bytes.
fn pictures(mail: &ParsedMail) -> Vec<Enclosed> {
    let enclosed = mail.attachments.iter().filter_map(|file| {
        let kind = infer::get(&file.bytes).map(|kind| kind.mime_type()).filter(|kind| super::originals::previewable(kind))?;
        Some(Enclosed { content_id: file.content_id.clone()?, content_type: kind, bytes: file.bytes.clone() })
    });
    enclosed.collect()
}
