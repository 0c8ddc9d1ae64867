//! `/inbox/{id}`: the conversation between its list and its context, and the thread alone for live pages.

use std::ops::Deref;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sha2::{Digest, Sha256};

use super::desk::{DeskView, cost_of};
use super::list::{self, ListPane, ListQuery, channel_word};
use super::may_read;
use super::message::{FindingView, MessageView, finding_view, message_view};
use super::{evidence, privacy, why};

use crate::domain::address::ERASED;
use crate::domain::alert::Urgency;
use crate::domain::closing;
use crate::domain::{Address, At, place};
use crate::inbound::thread::Confidence;
use crate::inbox::clock::{self, Hand};
use crate::inbox::leave_out::Doubt;
use crate::inbox::reading::{self, Look, Opened};
use crate::inbox::{NOT_THEIRS_ANY_MORE, answerable, desk};
use crate::store::alerts::AlertRow;
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "inbox/conversation.html")]
pub(super) struct ConversationPage {
    shell: Shell,
    list: ListPane,
    c: Conversation,
    evidence: evidence::Panel,
    d: DeskView,
    privacy: privacy::Card,
    draft: String,
    cost: String,
    errors: Vec<FieldError>,
    /// What came in since the officer looked.
    missed: Vec<(String, When)>,
    /// The field whose form is shown open.
    open_at: String,
}

/// What a page that is shown again keeps.
#[derive(Default)]
pub(super) struct Again {
    /// The officer's words, instead of their draft.
    pub(super) draft: Option<String>,
    /// What is to be mended.
    pub(super) errors: Vec<FieldError>,
    /// The last message that they had before their eyes; empty if that does not matter.
    pub(super) seen: String,
    /// Alerts that fit what they typed, to choose from.
    pub(super) found: Vec<AlertRow>,
}

#[derive(Template)]
#[template(path = "inbox/live.html")]
struct Thread<'a>(&'a ThreadOnly);

struct ThreadOnly {
    shell: OwnForms,
    list: Beside,
    c: Conversation,
    d: DeskView,
    errors: Vec<FieldError>,
    open_at: String,
}

/// What the forms in it carry.
struct OwnForms {
    csrf: String,
}

/// The list beside it.
struct Beside {
    view: &'static str,
    suffix: String,
}

impl Deref for Thread<'_> {
    type Target = ThreadOnly;
    fn deref(&self) -> &ThreadOnly {
        self.0
    }
}

/// What the page shows of a conversation.
pub struct Conversation {
    id: String,
    version: i64,
    /// All that its live parts show, in a word: while it is the same they are not sent again.
    state: String,
    /// The last message, so that a page that is shown again can tell what came since.
    last: String,
    who: String,
    channel: &'static str,
    certainty: &'static str,
    resident: Option<ResidentCard>,
    third_party: bool,
    alert: Option<AlertCard>,
    candidates: Vec<Candidate>,
    owner: String,
    team: String,
    closed: bool,
    /// What stands in place of the messages that were erased.
    erased: String,
    /// Their address went with it: there is nobody to do anything about.
    gone: bool,
    messages: Vec<MessageView>,
    events: Vec<EventView>,
    can_reply: bool,
    cannot_reply_reason: String,
    doubt: Option<DoubtCard>,
    can_leave_out: bool,
    reply_channel: &'static str,
    suppressed: Option<String>,
    /// Since when the number may be somebody else's.
    passed_on: Option<When>,
    clock: ClockCard,
    urgent: Option<UrgentCard>,
    findings: Vec<FindingView>,
}

/// They seem to want no more, and nothing has come of it yet.
struct DoubtCard {
    title: &'static str,
    says: &'static str,
    /// What is proposed as the reason.
    reason: &'static str,
}

impl DoubtCard {
    fn of(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Unconfirmed => Self {
                title: "Asked to leave: not confirmed yet",
                says: "They asked by e-mail to be left out. Anybody can write in their name, so a link was sent to their address. They have not pressed it, and still get everything.",
                reason: "Asked by e-mail",
            },
            Doubt::Perhaps => Self {
                title: "Perhaps wants no more texts",
                says: "Their words may mean it, and may mean something else. They were not taken out, and still get everything.",
                reason: "Asked by text",
            },
        }
    }
}

struct ClockCard {
    due: String,
    kind: &'static str,
    since: Option<When>,
    due_at: Option<When>,
    paused: Option<String>,
    runs: bool,
}

struct UrgentCard {
    level: &'static str,
    reasons: Vec<(String, String)>,
    when: When,
    by: String,
    taken_up: Option<(String, When)>,
    desk: bool,
}

struct ResidentCard {
    name: String,
    place: String,
    groups: Vec<String>,
    since: When,
    address: String,
}

struct AlertCard {
    reference: String,
    title: String,
    urgency: &'static str,
    text: String,
    when: When,
    owner: String,
    href: String,
}

struct Candidate {
    reference: String,
    title: String,
    reason: String,
    when: When,
    current: bool,
}

struct EventView {
    when: When,
    text: String,
}

/// `GET /inbox/{id}`
pub async fn show(officer: Officer, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let page = Box::pin(build(officer, ListQuery::read(&request), id.into_inner(), canned_of(&request), Again::default())).await?;
    shell::page(&page)
}

/// The canned answer that the page is opened with.
fn canned_of(request: &HttpRequest) -> Option<i64> {
    form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == "canned").and_then(|(_, value)| value.parse().ok())
}

/// The page again, with the officer's words kept and what is to be mended.
pub(super) async fn again(officer: Officer, query: ListQuery, id: String, again: Again) -> Result<HttpResponse, AppError> {
    shell::page_with_errors(&Box::pin(build(officer, query, id, None, again)).await?)
}

async fn build(officer: Officer, query: ListQuery, id: String, canned: Option<i64>, again: Again) -> Result<ConversationPage, AppError> {
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let look = match (officer.visitor.ahead, officer.visitor.live) {
                (true, _) => Look::Ahead,
                (false, true) => Look::Refreshed,
                (false, false) => Look::Looked,
            };
            let opened = reading::open(&app, &officer.row, &id, look).await?.ok_or(AppError::NotFound)?;
            let now = app.now();
            let desk = desk::of(&app, &officer.row, &opened.conversation).await?;
            let d = DeskView::of(&desk, &opened, &again.found, &officer.row, now);
            let missed = missed(&opened, &again.seen, now);
            let chosen = match canned {
                Some(canned) => super::canned::chosen(&app, &officer.row, &id, canned).await?,
                None => None,
            };
            // What was just typed stands before a canned answer, and that before an older draft.
            let draft = again.draft.or(chosen).or_else(|| desk.around.draft.map(|draft| draft.text)).unwrap_or_default();
            let cost = if opened.conversation.channel_kind == "sms" { cost_of(&app, &opened.conversation.channel, &draft) } else { String::new() };
            let state = state(&opened, &d);
            let c = Conversation { state, ..view(opened, &again.found, now) };
            let list = list::pane_beside(&app, &officer.row, &query, &id, &officer.visitor.form_token).await?;
            let active = if c.alert.is_none() { "unattributed" } else { "inbox" };
            let shell = shell::officer(&officer.visitor, &officer.row, &format!("Conversation with {}", c.who), active).await?;
            let open_at = again.errors.first().map(|error| error.field.clone()).unwrap_or_default();
            let evidence = evidence::panel(&app, &officer, &id).await?;
            let privacy = privacy::card(&app, &officer, &id).await?;
            Ok(ConversationPage { shell, list, c, evidence, d, privacy, draft, cost, errors: again.errors, missed, open_at })
        })
        .await
}

/// What came in after the message that the officer saw last.
fn missed(opened: &Opened, seen: &str, now: At) -> Vec<(String, When)> {
    let Some(at) = opened.messages.iter().position(|message| message.public_id == seen) else { return Vec::new() };
    let since = opened.messages.iter().skip(at + 1).filter(|message| message.direction == "in");
    since.map(|message| (message.text.clone(), When::at(message.received_at, now))).collect()
}

/// `GET /inbox/{id}/thread`: what changes of an open conversation; 204 if it is as the page has it.
pub async fn thread(officer: Officer, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let query = ListQuery::read(&request);
    let shown = form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == "shown").map(|(_, value)| value.into_owned());
    let shown = shown.unwrap_or_default();
    let version: Option<i64> = shown.split_once('.').and_then(|(version, _)| version.parse().ok());
    let app = officer.app().clone();
    let only = app
        .clone()
        .run(async move {
            let opened = reading::refresh(&app, &officer.row, &id, version).await?.ok_or(AppError::NotFound)?;
            let now = app.now();
            let desk = desk::of(&app, &officer.row, &opened.conversation).await?;
            let d = DeskView::of(&desk, &opened, &[], &officer.row, now);
            let state = state(&opened, &d);
            let c = Conversation { state, ..view(opened, &[], now) };
            let list = Beside { view: list::key_of(query.view()), suffix: query.suffix() };
            Ok::<_, AppError>(ThreadOnly {
                shell: OwnForms { csrf: officer.visitor.form_token.clone() },
                list,
                c,
                d,
                errors: Vec::new(),
                open_at: String::new(),
            })
        })
        .await?;
    if only.c.state == shown { Ok(HttpResponse::NoContent().finish()) } else { shell::page(&Thread(&only)) }
}

/// All that the live parts of a conversation show, in a word, with its version before it.
fn state(opened: &Opened, d: &DeskView) -> String {
    let sent: Vec<_> = opened.deliveries.iter().map(|delivery| (delivery.id, &delivery.status)).collect();
    let urgent = opened.urgency.as_ref().map(|row| (row.raised_at, row.acknowledged_at, row.desk_told_at, &row.reasons));
    let pauses: Vec<_> = opened.pauses.iter().map(|pause| (pause.id, pause.ended_at)).collect();
    let others: Vec<_> = opened.shared.iter().map(|shared| shared.others).collect();
    let row = &opened.conversation;
    let clock = (&row.status, &row.urgency, row.due_at, row.owner_id, row.team_id);
    let about = (&d.tags, &d.around.here, &d.around.answering, opened.doubt, opened.suppression.is_some());
    let all = format!("{sent:?} {urgent:?} {pauses:?} {others:?} {clock:?} {about:?} {}", opened.events.len());
    format!("{}.{}", row.version, hex::encode(Sha256::digest(all)).chars().take(16).collect::<String>())
}

fn view(opened: Opened, found: &[AlertRow], now: At) -> Conversation {
    let address = Address::from_stored(&opened.correspondent.kind, &opened.correspondent.address);
    let who =
        opened.resident.as_ref().map(|(resident, ..)| resident.name.clone()).or_else(|| opened.correspondent.name.clone()).unwrap_or_else(|| address.masked());
    let officer_name = |id: Option<i64>| id.and_then(|id| opened.officers.iter().find(|officer| officer.id == id)).map(|officer| officer.name.clone());
    let suppressed = opened.suppression.as_ref().map(|row| {
        let what = match row.reason.as_str() {
            "stop" => "They texted STOP",
            "officer" => "An officer left them out",
            _ => "They opted out",
        };
        format!("{what} ({}): nothing goes to them on this channel.", When::at(row.created_at, now).text)
    });
    let can_answer = answerable(&address);
    let passed_on = opened.correspondent.owner_doubt_at.map(|doubt| When::at(doubt, now));
    let gone = opened.correspondent.address == ERASED;
    let erased = opened.events.iter().rev().find(|event| event.kind == closing::ERASED);
    let cannot = match (&suppressed, can_answer) {
        _ if gone => "They asked to be erased: there is no address left to write to.".to_owned(),
        _ if passed_on.is_some() => format!("{NOT_THEIRS_ANY_MORE}."),
        (Some(sentence), _) => sentence.clone(),
        (None, false) => "They wrote from an address that cannot be answered.".to_owned(),
        (None, true) => String::new(),
    };
    let mut messages: Vec<MessageView> = opened.messages.iter().map(|message| message_view(message, &opened, &who, &officer_name, now)).collect();
    if let Some(doubt) = opened.correspondent.owner_doubt_at {
        // The very message that says so is the first that may be a stranger's.
        let late = messages.iter_mut().zip(&opened.messages).filter(|(_, row)| row.direction == "in" && row.received_at >= doubt);
        late.for_each(|(shown, _)| shown.flags.push("Perhaps from somebody else: the number may have changed hands".to_owned()));
    }
    if let Some(erased) = erased {
        let mut of = opened.messages.iter().map(|message| message.received_at > erased.created_at);
        messages.retain(|_| of.next().unwrap_or(true));
    }
    Conversation {
        erased: erased.map(|event| event.detail.clone()).unwrap_or_default(),
        gone,
        last: opened.messages.last().map(|message| message.public_id.clone()).unwrap_or_default(),
        version: opened.conversation.version,
        state: String::new(),
        channel: channel_word(&opened.conversation.channel_kind),
        reply_channel: channel_word(&opened.conversation.channel_kind),
        certainty: opened.conversation.certainty.parse().unwrap_or(Confidence::Unattributed).as_str(),
        resident: opened.resident.as_ref().map(|(resident, groups, places)| ResidentCard {
            name: resident.name.clone(),
            place: places.join(", "),
            groups: groups.clone(),
            since: When::at(resident.created_at, now),
            address: address.masked(),
        }),
        third_party: opened.conversation.third_party,
        alert: opened.alert.as_ref().map(|(alert, text)| AlertCard {
            reference: alert.reference.clone(),
            title: alert.title.clone(),
            urgency: alert.urgency.parse().unwrap_or(Urgency::Routine).as_str(),
            text: text.clone(),
            when: When::at(alert.published_at.unwrap_or(alert.created_at), now),
            owner: officer_name(Some(alert.owner_id)).unwrap_or_default(),
            href: format!("/alerts/{}", alert.reference),
        }),
        candidates: offers(&opened, found)
            .into_iter()
            .map(|(alert, reason)| Candidate {
                reference: alert.reference.clone(),
                title: alert.title.clone(),
                reason,
                when: When::at(alert.published_at.unwrap_or(alert.created_at), now),
                current: opened.conversation.alert_id == Some(alert.id),
            })
            .collect(),
        owner: officer_name(opened.conversation.owner_id).unwrap_or_default(),
        team: opened.teams.iter().find(|team| Some(team.id) == opened.conversation.team_id).map(|team| team.name.clone()).unwrap_or_default(),
        closed: opened.conversation.status == "closed",
        messages,
        events: opened
            .events
            .iter()
            .map(|event| EventView { when: When::at(event.created_at, now), text: event_text(&event.detail, officer_name(event.officer_id)) })
            .collect(),
        doubt: opened.doubt.filter(|_| passed_on.is_none() && !gone).map(DoubtCard::of),
        // Of a number that changed hands nobody knows whose wish it would be.
        can_leave_out: suppressed.is_none() && passed_on.is_none() && !gone,
        can_reply: cannot.is_empty(),
        cannot_reply_reason: cannot,
        passed_on,
        suppressed,
        clock: clock_card(&opened, now),
        urgent: urgent_card(&opened, &officer_name, now),
        findings: opened.shared.iter().map(finding_view).collect(),
        id: opened.conversation.public_id.clone(),
        who,
    }
}

/// Alerts that it may belong to: those that were looked for, those that its words point to, those that went to the person. What
/// is certain is not offered what it has.
pub(super) fn offers(opened: &Opened, found: &[AlertRow]) -> Vec<(AlertRow, String)> {
    let sure = opened.conversation.certainty == Confidence::Certain.as_str();
    let mut offers: Vec<(AlertRow, String)> = found.iter().map(|alert| (alert.clone(), "It fits what you typed".to_owned())).collect();
    for (alert, reason) in opened.candidates.iter().chain(&opened.elsewhere.reached) {
        let own = sure && Some(alert.id) == opened.conversation.alert_id;
        if !own && !offers.iter().any(|(known, _)| known.id == alert.id) {
            offers.push((alert.clone(), reason.clone()));
        }
    }
    offers
}

fn clock_card(opened: &Opened, now: At) -> ClockCard {
    let row = &opened.conversation;
    let hand = clock::hand(row.status == "open", row.due_at, row.paused_at, now);
    ClockCard {
        due: list::due_words(hand),
        kind: match hand {
            Hand::Over(_) => "over",
            Hand::Left(hours) if hours < 24 => "soon",
            Hand::Left(_) | Hand::Paused | Hand::Still => "",
        },
        since: row.waiting_since.filter(|_| hand != Hand::Still).map(|at| When::at(at, now)),
        due_at: row.due_at.filter(|_| hand != Hand::Still).map(|at| When::at(at, now)),
        paused: opened.pauses.iter().rev().find(|pause| pause.ended_at.is_none()).filter(|_| hand == Hand::Paused).map(|pause| pause.reason.clone()),
        runs: matches!(hand, Hand::Left(_) | Hand::Over(_)),
    }
}

fn urgent_card(opened: &Opened, officer_name: &impl Fn(Option<i64>) -> Option<String>, now: At) -> Option<UrgentCard> {
    let row = opened.urgency.as_ref()?;
    Some(UrgentCard {
        level: opened.conversation.urgency.parse().unwrap_or(place::Urgency::None).as_str(),
        reasons: why::plainly(&row.reasons),
        when: When::at(row.raised_at, now),
        by: officer_name(row.raised_by).unwrap_or_default(),
        taken_up: row.acknowledged_at.map(|at| (officer_name(row.acknowledged_by).unwrap_or_default(), When::at(at, now))),
        desk: row.desk_told_at.is_some(),
    })
}

fn event_text(detail: &str, by: Option<String>) -> String {
    by.map_or_else(|| detail.to_owned(), |name| format!("{detail} by {name}"))
}
