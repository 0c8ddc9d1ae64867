//! What guards the people in a conversation: the address that is masked until an officer says why they need it, who looked,
//! what must be kept, and for supervisors who replied how often.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::actions::allowed;
use super::list::ListQuery;
use super::{conversation, may_read};
use crate::app::App;
use crate::domain::address::display_number;
use crate::domain::officer::Role;
use crate::inbox::holds::{self, HoldReason};
use crate::inbox::informants::{self, Informant};
use crate::inbox::looks::{self, Looks, Standing};
use crate::inbox::reading;
use crate::inbox::unmask::{self, UnmaskOutcome, UnmaskReason};
use crate::store::audit_log::AuditRow;
use crate::store::{accounts, legal_holds};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

/// What stands beside the conversation.
pub(super) struct Card {
    pub(super) address: String,
    /// Until when the address stands there in full.
    pub(super) until: Option<When>,
    pub(super) reasons: Vec<(&'static str, &'static str)>,
    pub(super) holds: Vec<HoldLine>,
    pub(super) hold_reasons: Vec<(&'static str, &'static str)>,
    /// Whether this officer may see who looked.
    pub(super) looks: bool,
    /// Alerts that they replied to, where that is to be said.
    pub(super) replied_to: Option<usize>,
}

pub(super) struct HoldLine {
    pub(super) reason: &'static str,
    pub(super) reference: String,
    pub(super) by: String,
    pub(super) since: When,
}

fn hold_in_words(word: &str) -> &'static str {
    word.parse().map_or("Kept", HoldReason::told)
}

/// What this officer is shown of it.
pub(super) async fn card(app: &App, officer: &Officer, public_id: &str) -> Result<Card, AppError> {
    let row = reading::find(app, &officer.row, public_id).await?.ok_or(AppError::NotFound)?;
    let (now, replied_to) = (app.now(), informants::flag(app, &officer.row, row.correspondent_id).await?);
    let looks = looks::is_offered(app, &officer.row, &row).await?;
    let mut conn = app.read().await?;
    let (address, until) = unmask::address_for(&mut conn, &officer.row, &row, now).await?;
    let (standing, officers) = (legal_holds::list_standing_of(&mut conn, row.id).await?, accounts::list_officers(&mut conn).await?);
    let holds = standing.into_iter().map(|hold| HoldLine {
        reason: hold_in_words(&hold.reason),
        by: officers.iter().find(|row| row.id == hold.officer_id).map(|row| row.name.clone()).unwrap_or_default(),
        since: When::at(hold.from_at, now),
        reference: hold.reference,
    });
    Ok(Card {
        address: if until.is_some() { display_number(&address) } else { address },
        until: until.map(|until| When::at(until, now)),
        reasons: UnmaskReason::ALL.iter().map(|reason| (reason.as_str(), reason.told())).collect(),
        holds: holds.collect(),
        hold_reasons: HoldReason::ALL.iter().map(|reason| (reason.as_str(), reason.told())).collect(),
        looks,
        replied_to,
    })
}

/// What is to be mended; the officer's draft stays as it is.
fn mend(field: &str, sentence: &str) -> conversation::Again {
    conversation::Again { errors: vec![FieldError::new(field, sentence)], ..conversation::Again::default() }
}

/// `POST /inbox/{id}/unmask`
pub async fn unmask(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let found = allowed(&officer, &fields, &id).await?;
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let (reason, words) = (fields.one("reason").to_owned(), fields.one("words").to_owned());
    match app.clone().run(async move { unmask::unmask(&app, &row, &found, &reason, &words).await }).await? {
        UnmaskOutcome::Shown(_) => Ok(shell::redirect_with(&format!("/inbox/{id}"), "You see the address for ten minutes. That you did is on the record.")),
        UnmaskOutcome::Refused(field, sentence) => conversation::again(officer, ListQuery::read(&request), id.into_inner(), mend(field, sentence)).await,
    }
}

/// `POST /inbox/{id}/hold`
pub async fn hold(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let found = allowed(&officer, &fields, &id).await?;
    let (app, by) = (officer.app().clone(), officer.row.id);
    let (reason, reference) = (fields.one("reason").to_owned(), fields.one("reference").to_owned());
    match app.clone().run(async move { holds::set(&app, by, &found, &reason, &reference).await }).await? {
        Ok(()) => Ok(shell::redirect_with(&format!("/inbox/{id}"), "It is kept until an administrator lifts the hold.")),
        Err((field, sentence)) => conversation::again(officer, ListQuery::read(&request), id.into_inner(), mend(field, sentence)).await,
    }
}

#[derive(Template)]
#[template(path = "inbox/looks.html")]
struct LooksPage {
    shell: Shell,
    id: String,
    /// Whether the conversation can be gone back to: an administrator may see who looked, and not what at.
    reads: bool,
    lines: Vec<LookLine>,
    cut: bool,
    as_of: When,
}

struct LookLine {
    when: When,
    who: String,
    what: &'static str,
    why: String,
}

/// `GET /inbox/{id}/views`
pub async fn looks(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    if !officer.row.reads_replies() {
        officer.require(Role::administers)?;
    }
    let (app, public_id) = (officer.app().clone(), id.into_inner());
    let page = app
        .clone()
        .run(async move {
            let found = match looks::read(&app, &officer.row, &public_id).await? {
                (Standing::May, Some(found)) => found,
                (Standing::SeesOnly, _) => return Err(AppError::Forbidden),
                _ => return Err(AppError::NotFound),
            };
            let now = app.now();
            let shell = shell::officer(&officer.visitor, &officer.row, "Who looked at a conversation", "inbox").await?;
            let lines: Vec<_> = found.entries.iter().map(|entry| look_line(entry, &found, now)).collect();
            Ok(LooksPage {
                reads: reading::find(&app, &officer.row, &public_id).await?.is_some(),
                cut: i64::try_from(lines.len()).is_ok_and(|shown| shown >= looks::MOST),
                shell,
                id: public_id,
                lines,
                as_of: When::at(now, now),
            })
        })
        .await?;
    shell::page(&page)
}

fn look_line(entry: &AuditRow, found: &Looks, now: crate::domain::At) -> LookLine {
    let who = match entry.officer_id {
        Some(id) => found.officers.iter().find(|row| row.id == id).map_or_else(|| format!("account {id}"), |row| row.name.clone()),
        None => entry.actor.strip_prefix("api:").map_or_else(|| "The system".to_owned(), |key| format!("API key {key}")),
    };
    let why = match entry.action.as_str() {
        "conversation.unmask" => {
            let told = entry.detail.get("reason").and_then(serde_json::Value::as_str).and_then(|word| word.parse().ok()).map_or("", UnmaskReason::told);
            let words = found
                .unmasks
                .iter()
                .find(|row| Some(row.id) == entry.detail.get("unmask").and_then(serde_json::Value::as_i64))
                .map(|row| row.words.as_str())
                .unwrap_or_default();
            if words.is_empty() { told.to_owned() } else { format!("{told}: {words}") }
        }
        _ => String::new(),
    };
    LookLine { when: When::at(entry.created_at, now), who, what: in_words(&entry.action), why }
}

fn in_words(action: &str) -> &'static str {
    match action {
        "conversation.view" => "Opened it",
        "conversation.unmask" => "Saw the address in full",
        "conversation.evidence" => "Opened its exhibits and copies",
        "conversation.export" => "Exported it as evidence",
        "conversation.export_download" => "Downloaded an export",
        "conversation.view_log" => "Looked at this list",
        "conversation.read" => "Read it by the API",
        "conversation.given" => "Gave it to somebody who asked for what is held of them",
        "message.redact" => "Opened a message to take words out of a copy",
        "message.original" => "Took an original out",
        "message.as_sent" => "Looked at a mail as it was sent",
        "attachment.view" => "Opened a file",
        "copy.view" => "Opened a working copy",
        _ => "Looked at it",
    }
}

#[derive(Template)]
#[template(path = "inbox/informants.html")]
struct InformantsPage {
    shell: Shell,
    people: Vec<InformantLine>,
    after: usize,
    as_of: When,
}

struct InformantLine {
    who: String,
    alerts: usize,
    last: When,
    href: String,
}

/// `GET /inbox/informants`
pub async fn informants(officer: Officer) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.require(Role::supervises)?;
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (now, found) = (app.now(), informants::list(&app, &officer.row).await?);
            let line = |row: Informant| InformantLine {
                who: row.who,
                alerts: row.alerts,
                last: When::at(row.last_at, now),
                href: format!("/inbox/{}", row.conversation),
            };
            Ok::<_, AppError>(InformantsPage {
                shell: shell::officer(&officer.visitor, &officer.row, "People who reply often", "inbox").await?,
                people: found.into_iter().map(line).collect(),
                after: app.config().inbox.informant_after,
                as_of: When::at(now, now),
            })
        })
        .await?;
    shell::page(&page)
}
