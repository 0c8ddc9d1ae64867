//! `/inbox/{id}`: the conversation between its list and its context, and the thread alone for live pages.

use std::ops::Deref;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use sha2::{Digest, Sha256};

use super::desk::{DeskView, cost_of};
use super::list::{self, ListPane, ListQuery, channel_word};
use super::may_read;
use super::{evidence, privacy};

use crate::domain::address::ERASED;
use crate::domain::alert::Urgency;
use crate::domain::closing;
use crate::domain::delivery::Status;
use crate::domain::finding::{self, Kind};
use crate::domain::{Address, At, place};
use crate::inbound::sender::Trust;
use crate::inbound::thread::Confidence;
use crate::inbox::clock::{self, Hand};
use crate::inbox::reading::{self, Look, Opened};
use crate::inbox::search::{Shared, snippet};
use crate::inbox::{NOT_THEIRS_ANY_MORE, answerable, desk};
use crate::store::findings::FindingRow;
use crate::store::messages::{AttachmentRow, MessageRow};
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
    reply_channel: &'static str,
    suppressed: Option<String>,
    /// Since when the number may be somebody else's.
    passed_on: Option<When>,
    clock: ClockCard,
    urgent: Option<UrgentCard>,
    findings: Vec<FindingView>,
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

/// Something recognised, in the panel.
struct FindingView {
    kind: &'static str,
    shown: String,
    href: String,
    perhaps: String,
    others: Option<i64>,
}

/// A piece of a text; with a link where something was recognised.
struct PieceView {
    text: String,
    href: String,
    label: String,
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

struct MessageView {
    id: String,
    direction: &'static str,
    who: String,
    channel: &'static str,
    subject: String,
    text: String,
    pieces: Vec<PieceView>,
    folded: String,
    when: When,
    status: String,
    status_kind: &'static str,
    attachments: Vec<AttachmentView>,
    how: String,
    sender: String,
    possible_duplicate: bool,
    sent_href: String,
    original_href: String,
    flags: Vec<String>,
}

struct AttachmentView {
    name: String,
    kind: String,
    size: String,
    href: String,
    preview_href: String,
    sha256: String,
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
            let d = DeskView::of(&desk, &opened, &officer.row, now);
            let missed = missed(&opened, &again.seen, now);
            let chosen = match canned {
                Some(canned) => super::canned::chosen(&app, &officer.row, &id, canned).await?,
                None => None,
            };
            // What was just typed stands before a canned answer, and that before an older draft.
            let draft = again.draft.or(chosen).or_else(|| desk.around.draft.map(|draft| draft.text)).unwrap_or_default();
            let cost = if opened.conversation.channel_kind == "sms" { cost_of(&app, &opened.conversation.channel, &draft) } else { String::new() };
            let state = state(&opened, &d);
            let c = Conversation { state, ..view(opened, now) };
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
            let d = DeskView::of(&desk, &opened, &officer.row, now);
            let state = state(&opened, &d);
            let c = Conversation { state, ..view(opened, now) };
            let list = Beside { view: list::key_of(query.view()), suffix: query.suffix() };
            Ok::<_, AppError>(ThreadOnly { shell: OwnForms { csrf: officer.visitor.form_token.clone() }, list, c, d, errors: Vec::new() })
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
    let all = format!("{sent:?} {urgent:?} {pauses:?} {others:?} {clock:?} {:?} {:?} {:?} {}", d.tags, d.around.here, d.around.answering, opened.events.len());
    format!("{}.{}", row.version, hex::encode(Sha256::digest(all)).chars().take(16).collect::<String>())
}

fn view(opened: Opened, now: At) -> Conversation {
    let address = Address::from_stored(&opened.correspondent.kind, &opened.correspondent.address);
    let who =
        opened.resident.as_ref().map(|(resident, ..)| resident.name.clone()).or_else(|| opened.correspondent.name.clone()).unwrap_or_else(|| address.masked());
    let officer_name = |id: Option<i64>| id.and_then(|id| opened.officers.iter().find(|officer| officer.id == id)).map(|officer| officer.name.clone());
    let suppressed = opened.suppression.as_ref().map(|row| {
        let what = if row.reason == "stop" { "They texted STOP" } else { "They opted out" };
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
        candidates: opened
            .candidates
            .iter()
            .map(|(alert, reason)| Candidate {
                reference: alert.reference.clone(),
                title: alert.title.clone(),
                reason: reason.clone(),
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
    let word = |value: &serde_json::Value, key: &str| value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().replace('_', " ");
    Some(UrgentCard {
        level: opened.conversation.urgency.parse().unwrap_or(place::Urgency::None).as_str(),
        reasons: row.reasons.as_array().into_iter().flatten().map(|reason| (word(reason, "kind"), word(reason, "said"))).collect(),
        when: When::at(row.raised_at, now),
        by: officer_name(row.raised_by).unwrap_or_default(),
        taken_up: row.acknowledged_at.map(|at| (officer_name(row.acknowledged_by).unwrap_or_default(), When::at(at, now))),
        desk: row.desk_told_at.is_some(),
    })
}

fn event_text(detail: &str, by: Option<String>) -> String {
    by.map_or_else(|| detail.to_owned(), |name| format!("{detail} by {name}"))
}

fn message_view(message: &MessageRow, opened: &Opened, who: &str, officer_name: &impl Fn(Option<i64>) -> Option<String>, now: At) -> MessageView {
    let inbound = message.direction == "in";
    let id = &opened.conversation.public_id;
    let attachments =
        opened.attachments.iter().filter(|file| file.message_id == message.id).map(|file| attachment_view(file, id, &message.public_id)).collect();
    let delivery = message.delivery_id.and_then(|delivery_id| opened.deliveries.iter().find(|delivery| delivery.id == delivery_id));
    let status: Option<Status> = delivery.and_then(|delivery| delivery.status.parse().ok());
    let mut flags = Vec::new();
    if message.third_party {
        flags.push("From another address than the one we wrote to".to_owned());
    }
    if message.sender_trust.as_deref() == Some(Trust::Refused.as_str()) {
        flags.push("Perhaps not from this sender".to_owned());
    }
    match message.class.as_str() {
        "opt_out" | "opt_out_words" => flags.push("Opt-out".to_owned()),
        "opt_out_review" => flags.push("Perhaps wants no more texts".to_owned()),
        "wrong_number" => flags.push("Says it is the wrong number".to_owned()),
        "help" => flags.push("Asked for help".to_owned()),
        "opt_in" | "opt_in_words" => flags.push("Opt-in".to_owned()),
        "probable_auto_reply" => flags.push("Perhaps an automatic reply".to_owned()),
        _ => {}
    }
    MessageView {
        id: message.public_id.clone(),
        direction: match message.direction.as_str() {
            "in" => "in",
            "note" => "note",
            _ => "out",
        },
        who: if inbound { who.to_owned() } else { officer_name(message.officer_id).unwrap_or_else(|| "the force".to_owned()) },
        channel: channel_word(&message.channel_kind),
        subject: message.subject.clone().filter(|_| inbound).unwrap_or_default(),
        text: message.text.clone(),
        pieces: pieces(message, &opened.findings),
        folded: message.folded.clone(),
        when: When::at(message.received_at, now),
        status: status.map(|status| status.label().to_owned()).unwrap_or_default(),
        status_kind: match status {
            None => "",
            Some(Status::Delivered | Status::Accepted) => "ok",
            Some(status) if status.is_final() || status == Status::Unconfirmed => "bad",
            Some(_) => "waiting",
        },
        attachments,
        how: if inbound { how(message) } else { String::new() },
        sender: message.sender_evidence.as_deref().map(|evidence| format!("{}.", evidence.trim_end_matches('.'))).unwrap_or_default(),
        possible_duplicate: message.possible_duplicate,
        sent_href: if inbound && message.channel_kind == "email" && message.envelope_id.is_some() {
            format!("/inbox/{id}/sent/{}", message.public_id)
        } else {
            String::new()
        },
        original_href: if message.envelope_id.is_some() { format!("/inbox/{id}/original/{}", message.public_id) } else { String::new() },
        flags,
    }
}

fn finding_view(shared: &Shared) -> FindingView {
    FindingView {
        kind: shared.kind.label(),
        shown: finding::shown(shared.kind, &shared.value),
        href: found_href(shared.kind.as_str(), &shared.value),
        perhaps: shared.perhaps.clone().unwrap_or_default(),
        others: shared.others,
    }
}

/// Where everybody is listed who has it.
fn found_href(kind: &str, value: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("found", &format!("{kind}:{value}")).finish();
    format!("/inbox/search?{query}")
}

/// The text with what was recognised in it set apart.
fn pieces(message: &MessageRow, findings: &[FindingRow]) -> Vec<PieceView> {
    let plain = |text: &str| PieceView { text: text.to_owned(), href: String::new(), label: String::new() };
    let (mut pieces, mut at) = (Vec::new(), 0);
    for row in findings.iter().filter(|row| row.message_id == message.id) {
        let (Some(place), Ok(kind)) = (snippet::place_of(row), row.kind.parse::<Kind>()) else { continue };
        let (Some(before), Some(words)) = (message.text.get(at..place.start), message.text.get(place.clone())) else { continue };
        pieces.push(plain(before));
        let doubt = row.perhaps.as_ref().map(|why| format!(" (perhaps: {why})")).unwrap_or_default();
        let label = format!("{} {}{doubt}. Who else?", kind.label(), finding::shown(kind, &row.value));
        pieces.push(PieceView { text: words.to_owned(), href: found_href(&row.kind, &row.value), label });
        at = place.end;
    }
    pieces.push(plain(message.text.get(at..).unwrap_or_default()));
    pieces
}

fn how(message: &MessageRow) -> String {
    let sure = match message.confidence.parse() {
        Ok(Confidence::Certain) => "Certain",
        Ok(Confidence::Probable) => "Probable",
        _ => "Unattributed",
    };
    format!("{sure}: {}.", message.evidence.trim_end_matches('.'))
}

fn attachment_view(file: &AttachmentRow, conversation: &str, message: &str) -> AttachmentView {
    let part = format!("{message}/{}", file.ordinal);
    AttachmentView {
        name: file.filename.clone(),
        kind: file.content_type.clone(),
        size: shell::size(file.size_bytes),
        href: format!("/inbox/{conversation}/attachment/{part}"),
        preview_href: if super::originals::previewable(&file.content_type) { format!("/inbox/{conversation}/preview/{part}") } else { String::new() },
        sha256: hex::encode(&file.sha256),
    }
}
