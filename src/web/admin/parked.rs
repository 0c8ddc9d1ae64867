//! `/admin`: what could not be understood, the channels' health, and mail that could not be taken in.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::keys::INBOX_KEY;
use crate::accounts::officers::{CODES_RESET, REPLIES_GRANTED};
use crate::accounts::passwords::LINK_SHOWN;
use crate::audit::{self, Actor};
use crate::domain::officer::Role;
use crate::store::{envelopes, mailboxes, notices};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::health;
use crate::web::inbox::originals::{download, raw_of};
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "admin/parked.html")]
struct ParkedPage {
    shell: Shell,
    parked: Vec<ParkedRow>,
    mail_faults: Vec<MailFault>,
    notices: Vec<NoticeView>,
    channels: Vec<ChannelHealth>,
    total: i64,
    as_of: When,
}

struct ParkedRow {
    id: String,
    channel: String,
    kind: String,
    when: When,
    reason: String,
    size: String,
    sha256: String,
}

struct NoticeView {
    id: String,
    kind: &'static str,
    subject: String,
    detail: String,
    times: i64,
    when: When,
}

struct MailFault {
    mailbox: String,
    uid: i64,
    state: String,
    attempts: i64,
    error: String,
}

struct ChannelHealth {
    name: String,
    provider: String,
    ok: bool,
    detail: String,
}

/// `GET /admin`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    officer.require(Role::administers)?;
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Administration", "admin").await?;
            let now = app.now();
            let mut conn = app.read().await?;
            let rows = envelopes::list_parked(&mut conn, 200).await?;
            let total = envelopes::count_of(&mut conn, "parked").await?;
            let faults = mailboxes::list_open_uids(&mut conn).await?;
            let standing = notices::list_standing(&mut conn, 100).await?;
            drop(conn);
            let (_, channels) = health::check(&app).await;
            let parked = rows.into_iter().map(|row| ParkedRow {
                id: row.id.to_string(),
                channel: row.channel,
                kind: row.kind,
                when: When::at(row.received_at, now),
                reason: row.reason.unwrap_or_default(),
                size: shell::size(row.body_bytes),
                sha256: hex::encode(&row.sha256),
            });
            let mail_faults = faults.into_iter().map(|row| MailFault {
                mailbox: format!("{} {}", row.channel, row.mailbox),
                uid: row.uid,
                state: row.state,
                attempts: row.tries,
                error: row.error.unwrap_or_default(),
            });
            let channels =
                channels.into_iter().map(|state| ChannelHealth { name: state.name, provider: state.provider.to_owned(), ok: state.ok, detail: state.detail });
            Ok::<_, AppError>(ParkedPage {
                shell,
                parked: parked.collect(),
                mail_faults: mail_faults.collect(),
                notices: standing
                    .into_iter()
                    .map(|row| NoticeView {
                        id: row.id.to_string(),
                        kind: kind_in_words(&row.kind),
                        // That of an account or a key is its number.
                        subject: if [REPLIES_GRANTED, CODES_RESET, LINK_SHOWN, INBOX_KEY].contains(&row.kind.as_str()) { String::new() } else { row.subject },
                        detail: row.detail,
                        times: row.times,
                        when: When::at(row.last_at, now),
                    })
                    .collect(),
                channels: channels.collect(),
                total,
                as_of: When::at(now, now),
            })
        })
        .await?;
    shell::page(&page)
}

fn kind_in_words(kind: &str) -> &'static str {
    match kind {
        "policy_block" => "Our mail is refused",
        "complaint" => "Called abuse",
        "oversize" => "Mail too large",
        "bounce_cap" => "Many bounces",
        "not_sending" => "Not sending",
        "replies_granted" => "An administrator reads replies",
        "inbox_key" => "A key reads replies",
        "codes_reset" => "Codes were taken away",
        "link_shown" => "A link for a password was shown",
        "no_such_team" => "A team is missing",
        "not_bound" => "No line to the carrier",
        "complaint_cap" => "Many complaints",
        "outgrown" => "The database is near its bounds",
        "without_month" => "Rows without a month",
        _ => "Notice",
    }
}

/// `POST /admin/notices/{id}/clear`
pub async fn clear(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::administers)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, id) = (officer.app().clone(), id.into_inner());
    app.clone()
        .run(async move {
            let mut conn = app.write().await?;
            conn.transaction(async |conn| {
                if notices::clear(conn, id, app.now()).await? > 0 {
                    let actor = Actor::Officer(officer.row.id);
                    audit::note(conn, app.ids(), app.now(), &actor, "notice.clear", ("notice", Some(id)), serde_json::json!({})).await?;
                }
                Ok::<_, AppError>(())
            })
            .await
        })
        .await?;
    Ok(shell::redirect_with("/admin", "Cleared. It comes back if it happens again."))
}

/// `GET /admin/parked/{id}/raw`
pub async fn raw(officer: Officer, id: web::Path<i64>) -> Result<HttpResponse, AppError> {
    officer.require(Role::administers)?;
    let (app, id) = (officer.app().clone(), id.into_inner());
    let bytes = app
        .clone()
        .run(async move {
            let envelope = envelopes::find(&mut app.read().await?, id).await?.filter(|row| row.status == "parked").ok_or(AppError::NotFound)?;
            let actor = Actor::Officer(officer.row.id);
            audit::note(&mut app.write().await?, app.ids(), app.now(), &actor, "envelope.raw", ("envelope", Some(id)), serde_json::json!({})).await?;
            raw_of(&app, &envelope).await
        })
        .await?;
    Ok(download("application/octet-stream", "original.txt", bytes))
}

/// `POST /admin/parked/{id}/replay`
pub async fn replay(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::administers)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, id) = (officer.app().clone(), id.into_inner());
    let replayed = app
        .clone()
        .run(async move {
            let mut conn = app.write().await?;
            let replayed = conn
                .transaction(async |conn| {
                    let replayed = envelopes::replay(conn, id).await?;
                    if replayed > 0 {
                        let actor = Actor::Officer(officer.row.id);
                        audit::note(conn, app.ids(), app.now(), &actor, "envelope.replay", ("envelope", Some(id)), serde_json::json!({})).await?;
                    }
                    Ok::<_, AppError>(replayed)
                })
                .await?;
            drop(conn);
            app.wake().envelopes();
            Ok::<_, AppError>(replayed)
        })
        .await?;
    Ok(shell::redirect_with("/admin", if replayed > 0 { "It is being dealt with again." } else { "It is no longer parked." }))
}
