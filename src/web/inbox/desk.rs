//! What stands around a conversation on its page: who else is about, tags, to whom it may go, what the answer will cost.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::actions::allowed;
use super::conversation::{self, Again};
use super::list::ListQuery;
use super::{may_read, why};
use crate::app::App;
use crate::channels::registry::ChannelKind;
use crate::domain::At;
use crate::domain::closing::Outcome;
use crate::inbox::claim::{self, Around};
use crate::inbox::desk::Desk;
use crate::inbox::reading::{self, Opened};
use crate::inbox::thrive;
use crate::outbound::segments;
use crate::store::accounts::OfficerRow;
use crate::store::alerts::AlertRow;
use crate::store::thrives::ThriveRow;
use crate::web::alerts::compose::pounds;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, When};

/// More than these are looked for by a part of their name.
const MOST_NAMED: usize = 100;

/// Who else is about.
pub(super) struct AroundView {
    pub(super) here: Vec<String>,
    pub(super) answering: String,
    /// When the draft was kept.
    pub(super) saved: Option<When>,
    /// The note that the officer has begun, and when it was kept.
    pub(super) note: Option<(String, When)>,
}

impl AroundView {
    pub(super) fn of(around: &Around, now: At) -> Self {
        Self {
            here: around.here.clone(),
            answering: around.answering.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
            saved: around.draft.as_ref().map(|draft| When::at(draft.saved_at, now)),
            note: around.note.as_ref().map(|note| (note.text.clone(), When::at(note.saved_at, now))),
        }
    }
}

/// An entry of a choice.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
}

/// What stands around a conversation.
pub(super) struct DeskView {
    pub(super) around: AroundView,
    pub(super) tags: Vec<String>,
    pub(super) offered: Vec<String>,
    pub(super) handovers: Vec<(String, String, When)>,
    /// An `Urgency` word of `domain::place`.
    pub(super) urgency: String,
    pub(super) reason: String,
    pub(super) outcome: String,
    pub(super) mine: bool,
    pub(super) officers: Vec<Choice>,
    pub(super) teams: Vec<Choice>,
    /// Messages from which it can be split.
    pub(super) splits: Vec<Choice>,
    /// Alerts that they may go to.
    pub(super) split_to: Vec<Choice>,
    /// The other current ones.
    pub(super) split_others: Vec<Choice>,
    /// Every current alert but its own, for fields where one is typed: reference and title.
    pub(super) alerts: Vec<String>,
    pub(super) thrive: Option<ThriveView>,
}

/// How it was weighed.
pub(super) struct ThriveView {
    pub(super) fields: Vec<ThriveField>,
    /// By whom and when, if it was.
    pub(super) last: Option<(String, When)>,
    /// How often before that.
    pub(super) before: usize,
}

/// One of the six.
pub(super) struct ThriveField {
    pub(super) field: &'static str,
    pub(super) name: &'static str,
    pub(super) asks: &'static str,
    pub(super) said: String,
}

impl ThriveView {
    fn of(rows: &[ThriveRow], opened: &Opened, now: At) -> Self {
        let last = rows.first();
        let name = |id: Option<i64>| opened.officers.iter().find(|officer| Some(officer.id) == id).map(|officer| officer.name.clone());
        let said = |at: usize| last.and_then(|row| thrive::words(row).get(at).map(|(_, said)| (*said).to_owned())).unwrap_or_default();
        Self {
            fields: thrive::FIELDS.iter().enumerate().map(|(at, (field, name, asks))| ThriveField { field, name, asks, said: said(at) }).collect(),
            last: last.map(|row| (name(row.officer_id).unwrap_or_default(), When::at(row.created_at, now))),
            before: rows.len().saturating_sub(1),
        }
    }
}

impl DeskView {
    pub(super) fn of(desk: &Desk, opened: &Opened, found: &[AlertRow], officer: &OfficerRow, now: At) -> Self {
        let row = &opened.conversation;
        let choice = |value: String, label: String| Choice { value, label };
        let offered = desk.offered.iter().filter(|name| !desk.tags.contains(name)).cloned().collect();
        let inbound: Vec<_> = opened.messages.iter().filter(|message| message.direction == "in").collect();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect::<String>();
        let named = |alert: &AlertRow| format!("{} {}", alert.reference, alert.title);
        let split_to: Vec<AlertRow> =
            conversation::offers(opened, found).into_iter().map(|(alert, _)| alert).filter(|alert| Some(alert.id) != row.alert_id).collect();
        let others = opened.elsewhere.current.iter().filter(|alert| !split_to.iter().any(|known| known.id == alert.id)).take(MOST_NAMED);
        let current = opened.elsewhere.reached.iter().map(|(alert, _)| alert).chain(&opened.elsewhere.current);
        Self {
            around: AroundView::of(&desk.around, now),
            tags: desk.tags.clone(),
            offered,
            handovers: desk.handovers.iter().map(|row| (row.system.clone(), row.reference.clone(), When::at(row.created_at, now))).collect(),
            urgency: row.urgency.clone(),
            reason: desk.mark.as_ref().map(|mark| why::words(&mark.reasons)).unwrap_or_default(),
            outcome: row.outcome.as_deref().map(Outcome::label_of).unwrap_or_default(),
            mine: row.owner_id == Some(officer.id),
            officers: desk
                .officers
                .iter()
                .filter(|other| other.id != officer.id && Some(other.id) != row.owner_id)
                .map(|other| choice(format!("officer-{}", other.id), other.name.clone()))
                .collect(),
            teams: desk.teams.iter().map(|team| choice(format!("team-{}", team.id), team.name.clone())).collect(),
            splits: inbound
                .iter()
                .skip(1)
                .map(|message| choice(message.public_id.clone(), format!("{}: {}", When::at(message.received_at, now).text, words(&message.text))))
                .collect(),
            thrive: desk.thrives.as_ref().map(|rows| ThriveView::of(rows, opened, now)),
            split_others: others.map(|alert| choice(alert.reference.clone(), named(alert))).collect(),
            split_to: split_to.iter().map(|alert| choice(alert.reference.clone(), named(alert))).collect(),
            alerts: current.take(MOST_NAMED).map(named).collect(),
        }
    }
}

/// What an answer by text costs by its channel, in words; nothing for an empty one, and no money where no price is known.
pub(super) fn cost_of(app: &App, channel: &str, text: &str) -> String {
    let cost = segments::count(text.trim());
    if cost.segments == 0 {
        return String::new();
    }
    let price = app.channels().find(channel).and_then(|channel| match &channel.kind {
        ChannelKind::Sms { settings, .. } => settings.part_price_micros,
        ChannelKind::Email { .. } => None,
    });
    let parts = i64::try_from(cost.segments).unwrap_or(i64::MAX);
    let money = price.map(|price| format!(", {}", pounds(parts.saturating_mul(price)))).unwrap_or_default();
    let plural = if cost.segments == 1 { "" } else { "s" };
    let dear = cost.dear.map(|dear| format!(". \u{201c}{dear}\u{201d} makes it dearer")).unwrap_or_default();
    format!("{} part{plural}{money}, {} characters left{dear}", cost.segments, cost.units_left)
}

#[derive(Template)]
#[template(path = "inbox/beside.html")]
struct Beside {
    around: AroundView,
}

/// `POST /inbox/{id}/here`: the page is still open.
pub async fn here(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let around = app.clone().run(async move { claim::here(&app, conversation.id, &row).await }).await?;
    shell::page(&Beside { around: AroundView::of(&around, officer.app().now()) })
}

/// `POST /inbox/{id}/leave`: the page is left.
pub async fn leave(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (app, row, text) = (officer.app().clone(), officer.row.clone(), fields.has("text").then(|| text_of(&fields, "text")));
    let note = fields.has("note").then(|| text_of(&fields, "note"));
    app.clone()
        .run(async move {
            if let Some(text) = text {
                claim::write(&app, conversation.id, &row, &text).await?;
            }
            if let Some(note) = note {
                claim::write_note(&app, conversation.id, &row, &note).await?;
            }
            claim::leave(&app, conversation.id, &row).await
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn text_of(fields: &Fields, field: &str) -> String {
    fields.one(field).replace("\r\n", "\n")
}

/// `POST /inbox/{id}/draft`: keeps what is written so far, and claims the conversation meanwhile.
pub async fn draft(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (app, row, text) = (officer.app().clone(), officer.row.clone(), text_of(&fields, "text"));
    let around = app.clone().run(async move { claim::write(&app, conversation.id, &row, &text).await }).await?;
    if officer.visitor.live {
        return shell::page(&Beside { around: AroundView::of(&around, officer.app().now()) });
    }
    Ok(shell::redirect_with(&super::back_to(&request, &id), "Your draft is kept."))
}

#[derive(Template)]
#[template(path = "inbox/note_state.html")]
struct NoteState {
    saved: Option<When>,
}

/// `POST /inbox/{id}/note/draft`: keeps the note that is written so far.
pub async fn note_draft(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (app, row, text) = (officer.app().clone(), officer.row.clone(), text_of(&fields, "note"));
    let saved = (!text.trim().is_empty()).then(|| When::at(app.now(), app.now()));
    app.clone().run(async move { claim::write_note(&app, conversation.id, &row, &text).await }).await?;
    if officer.visitor.live {
        return shell::page(&NoteState { saved });
    }
    Ok(shell::redirect_with(&super::back_to(&request, &id), "Your draft is kept."))
}

/// `POST /inbox/{id}/cost`: what the text costs as it stands.
pub async fn cost(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let cost = cost_of(officer.app(), &conversation.channel, fields.one("text"));
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(cost))
}

/// `POST /inbox/{id}/seen`: the officer looks at what their page had fetched ahead.
pub async fn seen(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, version) = (officer.app().clone(), officer.row.clone(), fields.one("version").parse().ok());
    let there = app.clone().run(async move { reading::look(&app, &row, &id, version).await }).await?;
    if there { Ok(HttpResponse::NoContent().finish()) } else { Err(AppError::NotFound) }
}

/// The page again with the alerts that fit what was typed.
pub(super) async fn choose(officer: Officer, request: &HttpRequest, id: String, field: &str, found: Vec<AlertRow>) -> Result<HttpResponse, AppError> {
    let errors = vec![FieldError::new(field, "Several alerts fit what you typed. Choose one of them, or type more")];
    conversation::again(officer, ListQuery::read(request), id, Again { errors, found, ..Again::default() }).await
}

/// The page again with what is to be mended in one of its forms.
pub(super) async fn mend(officer: Officer, request: &HttpRequest, id: String, field: &str, message: &str) -> Result<HttpResponse, AppError> {
    let again = Again { errors: vec![FieldError::new(field, message)], ..Again::default() };
    conversation::again(officer, ListQuery::read(request), id, again).await
}
