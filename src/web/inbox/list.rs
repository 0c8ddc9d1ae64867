//! `/inbox` and its rows: the first column, risk to life first, then the clock.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use diesel::QueryResult;

use super::may_read;
use crate::app::App;
use crate::domain::address::mask;
use crate::domain::place::Urgency;
use crate::domain::{At, alert};
use crate::inbound::thread::Confidence;
use crate::inbox::clock::{self, Hand};
use crate::inbox::looks;
use crate::inbox::{assign, saved, sight};
use crate::store::accounts::OfficerRow;
use crate::store::saved_views::{self, SavedViewRow};
use crate::store::views::inbox::{self, Cursor, InboxRow, Narrow, View};
use crate::store::views::search;
use crate::store::{alerts, nudges, tags};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, Shell, When};

const PAGE: i64 = 50;
/// What an officer must know beside the list; more would hide the list.
const NUDGES: i64 = 5;

/// The list column.
#[derive(Clone)]
pub struct ListPane {
    /// Which part.
    pub view: &'static str,
    /// Its title.
    pub view_title: &'static str,
    /// Not opened yet, of the officer's own.
    pub unread: i64,
    /// In the tray.
    pub unattributed: i64,
    /// Every part with its count.
    pub views: Vec<ViewLink>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many in all.
    pub total: i64,
    /// And more than that.
    pub total_more: bool,
    /// How fresh.
    pub as_of: When,
    /// The open conversation's public id, or empty.
    pub selected: String,
    /// The next page.
    pub older: Option<String>,
    /// Narrowed to this alert: reference and title.
    pub alert: Option<(String, String)>,
    /// What else narrows it.
    pub narrowed: Narrowed,
    /// The query of this list without its view: `&alert=K7Q2M&photo=1`.
    pub suffix: String,
    /// Lists that the officer keeps.
    pub saved: Vec<SavedLink>,
    /// What they must know, the latest first.
    pub nudges: Vec<NudgeLink>,
    /// For the form that keeps a list.
    pub csrf: String,
}

impl ListPane {
    /// Whether it is one of the lists that the officer keeps.
    pub fn is_kept(&self) -> bool {
        self.saved.iter().any(|kept| kept.current)
    }
}

/// What narrows a list, as the form has it.
#[derive(Clone, Default)]
pub struct Narrowed {
    /// `sms`, `email` or empty.
    pub channel: &'static str,
    /// `life`, `raised` or empty.
    pub urgency: &'static str,
    /// With a picture.
    pub photo: bool,
    /// With this tag, or empty.
    pub tag: String,
    /// That nobody has opened.
    pub unread: bool,
    /// This officer's, by id; 0 for anybody's.
    pub officer: i64,
    /// Officers to choose from.
    pub officers: Vec<(i64, String)>,
    /// Tags that are offered.
    pub offered: Vec<String>,
    /// Any of them.
    pub any: bool,
}

/// A list under a name.
#[derive(Clone)]
pub struct SavedLink {
    /// For its removal.
    pub id: i64,
    /// What they call it.
    pub name: String,
    /// Where.
    pub href: String,
    /// Is it this one.
    pub current: bool,
}

/// Something to know.
#[derive(Clone)]
pub struct NudgeLink {
    /// A sentence.
    pub detail: String,
    /// The conversation.
    pub href: String,
    /// Since when.
    pub when: When,
    /// Life may be at risk.
    pub urgent: bool,
    /// With whom it is, or empty.
    pub who: String,
}

/// A part of the inbox.
#[derive(Clone)]
pub struct ViewLink {
    /// Key in the URL.
    pub key: &'static str,
    /// For people.
    pub label: &'static str,
    /// Where.
    pub href: String,
    /// How many.
    pub count: i64,
    /// And more than that.
    pub more: bool,
    /// Is it this one.
    pub current: bool,
}

/// One line.
#[derive(Clone)]
pub struct Row {
    /// Public id.
    pub id: String,
    /// As it stands in this list.
    pub version: i64,
    /// Name or masked address.
    pub who: String,
    /// `sms` or `email`.
    pub channel: &'static str,
    /// First words.
    pub preview: String,
    /// Last message.
    pub when: When,
    /// Not opened.
    pub unread: bool,
    /// Reference, or empty.
    pub alert_reference: String,
    /// Title, or empty.
    pub alert_title: String,
    /// How sure.
    pub certainty: &'static str,
    /// The alert's urgency.
    pub urgency: &'static str,
    /// Files.
    pub attachments: i64,
    /// Messages.
    pub messages: i64,
    /// Whose.
    pub owner: String,
    /// Is it closed.
    pub closed: bool,
    /// How urgent the replies are: `life`, `raised` or `none`.
    pub need: &'static str,
    /// How the clock stands, in words; empty if nobody waits.
    pub due: String,
    /// `soon`, `over`, `paused` or nothing.
    pub due_kind: &'static str,
    /// Who is writing an answer, or empty.
    pub claimed_by: String,
    /// What came of it, or empty.
    pub outcome: String,
    /// Life may be at risk: who has taken it up. None where it is not at risk.
    pub hands: Option<Hands>,
    /// They asked by mail to be left out, and have not confirmed it.
    pub asked_out: bool,
}

/// Who has taken up what is urgent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hands {
    /// Nobody yet.
    Nobody,
    /// Somebody, by name; empty if it was no officer.
    Of(String),
}

impl Row {
    /// Life may be at risk, and nobody has taken it up.
    pub fn is_untaken(&self) -> bool {
        self.hands == Some(Hands::Nobody)
    }

    /// Who has taken up what is at risk; empty if it was no officer.
    pub fn taken_up(&self) -> Option<&str> {
        match &self.hands {
            Some(Hands::Of(name)) => Some(name),
            Some(Hands::Nobody) | None => None,
        }
    }
}

#[derive(Template)]
#[template(path = "inbox/list.html")]
struct InboxPage {
    shell: Shell,
    list: ListPane,
}

#[derive(Template)]
#[template(path = "inbox/rows_live.html")]
struct Rows {
    list: ListPane,
}

/// What the address line asks for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    view: View,
    alert: Option<String>,
    channel: Option<&'static str>,
    urgency: Option<Urgency>,
    photo: bool,
    tag: Option<String>,
    owner_id: Option<i64>,
    unread: bool,
    before: Option<Cursor>,
    selected: String,
}

impl ListQuery {
    /// Reads the query; anything odd falls back to the officer's own list.
    pub fn read(request: &HttpRequest) -> Self {
        Self::of(request.query_string())
    }

    fn of(query: &str) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let one = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Self {
            view: one("view").map_or(View::Mine, |view| view_of(&view)),
            alert: one("alert").map(|reference| reference.trim().to_uppercase()).filter(|reference| !reference.is_empty()),
            channel: one("channel").and_then(|word| ["sms", "email"].into_iter().find(|known| *known == word)),
            urgency: one("urgency").and_then(|word| word.parse().ok()).filter(|urgency| *urgency != Urgency::None),
            photo: one("photo").is_some_and(|word| word == "1"),
            tag: one("tag").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty() && name.chars().count() <= 40),
            owner_id: one("officer").and_then(|id| id.parse().ok()).filter(|id| *id > 0),
            unread: one("unread").is_some_and(|word| word == "1"),
            before: one("before").and_then(|cursor| read_cursor(&cursor)),
            selected: one("selected").unwrap_or_default(),
        }
    }

    /// Which part.
    pub(super) fn view(&self) -> View {
        self.view
    }

    /// What narrows the list, as a piece of an address.
    pub(super) fn suffix(&self) -> String {
        let mut suffix = self
            .alert
            .as_ref()
            .map(|reference| format!("&alert={}", form_urlencoded::byte_serialize(reference.as_bytes()).collect::<String>()))
            .unwrap_or_default();
        if let Some(channel) = self.channel {
            suffix.push_str("&channel=");
            suffix.push_str(channel);
        }
        if let Some(urgency) = self.urgency {
            suffix.push_str("&urgency=");
            suffix.push_str(urgency.as_str());
        }
        if self.photo {
            suffix.push_str("&photo=1");
        }
        if let Some(tag) = &self.tag {
            suffix.push_str("&tag=");
            suffix.extend(form_urlencoded::byte_serialize(tag.as_bytes()));
        }
        if let Some(id) = self.owner_id {
            suffix.push_str("&officer=");
            suffix.push_str(&id.to_string());
        }
        if self.unread {
            suffix.push_str("&unread=1");
        }
        suffix
    }
}

pub(super) fn view_of(word: &str) -> View {
    match word {
        "team" => View::Team,
        "unattributed" => View::Unattributed,
        "closed" => View::Closed,
        "waiting" => View::Waiting,
        "all" => View::All,
        _ => View::Mine,
    }
}

pub(super) const fn key_of(view: View) -> &'static str {
    match view {
        View::Mine => "mine",
        View::Team => "team",
        View::Unattributed => "unattributed",
        View::Closed => "closed",
        View::Waiting => "waiting",
        View::All => "all",
    }
}

const fn title_of(view: View) -> &'static str {
    match view {
        View::Mine => "My inbox",
        View::Team => "My team",
        View::Unattributed => "Unattributed",
        View::Closed => "Closed",
        View::Waiting => "Waiting",
        View::All => "All open",
    }
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let (place, id) = text.split_once('.')?;
    Some(Cursor { place: place.parse().ok()?, id: id.parse().ok()? })
}

/// `GET /inbox`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let query = ListQuery::read(&request);
    let active = if query.view == View::Unattributed { "unattributed" } else { "inbox" };
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, title_of(query.view), active).await?;
            let list = pane(&app, &officer.row, &query, &officer.visitor.form_token).await?;
            Ok::<_, AppError>(InboxPage { shell, list })
        })
        .await?;
    shell::page(&page)
}

/// `POST /inbox/views`: keeps the list under a name.
pub async fn save(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let name: String = fields.one("name").trim().chars().take(40).collect();
    // Only what a list's address may hold is kept of it.
    let query = ListQuery::of(fields.one("query"));
    let query = format!("view={}{}", key_of(query.view), query.suffix());
    let back = format!("/inbox?{query}");
    if name.is_empty() {
        return Ok(shell::redirect_with(&back, "Nothing was kept: give the list a name first."));
    }
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let kept = SavedViewRow { id: app.next_id(), officer_id: row.id, name: name.clone(), query, created_at: app.now() };
    app.clone().run(async move { saved::keep(&app, &kept).await }).await?;
    Ok(shell::redirect_with(&back, &format!("Kept as “{name}”. It stands above your list.")))
}

/// `POST /inbox/views/{id}/forget`: forgets a kept list.
pub async fn forget(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, officer_id) = (officer.app().clone(), officer.row.id);
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    app.clone().run(async move { saved::forget(&app, officer_id, id).await }).await?;
    Ok(shell::redirect_with("/inbox", "The list is no longer kept."))
}

/// `GET /inbox/rows`: the list alone, for a page that refreshes itself.
pub async fn rows(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let query = ListQuery::read(&request);
    let app = officer.app().clone();
    let list = app.clone().run(async move { pane(&app, &officer.row, &query, &officer.visitor.form_token).await }).await?;
    shell::page(&Rows { list })
}

/// The list column for an officer.
pub async fn pane(app: &App, officer: &OfficerRow, query: &ListQuery, csrf: &str) -> QueryResult<ListPane> {
    let now = app.now();
    let mut conn = app.read().await?;
    let sight = sight::of_in(&mut conn, officer, now).await?;
    let alert = match &query.alert {
        Some(reference) => alerts::find_by_reference(&mut conn, reference).await?,
        None => None,
    };
    let tag = match &query.tag {
        Some(name) => tags::find(&mut conn, name).await?,
        None => None,
    };
    let narrow = Narrow {
        // An alert that does not exist has no replies.
        alert_id: query.alert.as_ref().map(|_| alert.as_ref().map_or(0, |alert| alert.id)),
        // Nor are there any with a tag that does not exist.
        tag_id: query.tag.as_ref().map(|_| tag.as_ref().map_or(0, |tag| tag.id)),
        channel_kind: query.channel,
        urgency: query.urgency,
        photo: query.photo,
        owner_id: query.owner_id,
        unread: query.unread,
    };
    let mut rows = inbox::list(&mut conn, query.view, &sight, narrow, query.before, PAGE + 1).await?;
    let counts = inbox::counts(&mut conn, &sight).await?;
    let total = inbox::count(&mut conn, query.view, &sight, narrow).await?;
    let saved = saved_views::list_of(&mut conn, officer.id).await?;
    // Alike things of one conversation are told once; so more are read than are shown.
    let mut nudges = clock::once_each(nudges::list_unseen(&mut conn, officer.id, 3 * NUDGES).await?);
    nudges.truncate(usize::try_from(NUDGES).unwrap_or(5));
    // With whom, as far as this officer may know.
    let called: Vec<i64> = nudges.iter().filter(|(_, row)| sight::sees(&sight, row)).map(|(_, row)| row.id).collect();
    let called = search::lines(&mut conn, &called).await?;
    let officers = assign::seen(&mut conn, &sight).await?;
    let offered = tags::list_offered(&mut conn).await?;
    let more = i64::try_from(rows.len()).unwrap_or(0) > PAGE;
    rows.truncate(usize::try_from(PAGE).unwrap_or(50));
    drop(conn);
    // First words and names are shown: what was shown is on the record.
    let mut shown: Vec<i64> = rows.iter().chain(&called).map(|row| row.id).collect();
    shown.sort_unstable();
    shown.dedup();
    looks::note_list(app, officer, key_of(query.view), &shown).await?;
    let suffix = query.suffix();
    let older = rows.last().filter(|_| more).map(|last| format!("/inbox?view={}&before={}.{}{suffix}", key_of(query.view), last.place, last.id));
    let link = |view: View, label, count| ViewLink {
        key: key_of(view),
        label,
        href: format!("/inbox?view={}{suffix}", key_of(view)),
        count,
        more: count >= inbox::COUNTED_TO,
        current: view == query.view,
    };
    let here = format!("view={}{suffix}", key_of(query.view));
    Ok(ListPane {
        view: key_of(query.view),
        view_title: title_of(query.view),
        unread: counts.unread,
        unattributed: counts.unattributed,
        views: vec![
            link(View::Mine, "Mine", counts.mine),
            link(View::Team, "Team", counts.team),
            link(View::Unattributed, "Unattributed", counts.unattributed),
            link(View::Waiting, "Waiting", counts.waiting),
            link(View::All, "All open", counts.all_open),
            link(View::Closed, "Closed", counts.closed),
        ],
        rows: rows.into_iter().map(|row| line(row, officer.id, now)).collect(),
        total,
        total_more: total >= inbox::COUNTED_TO,
        as_of: When::at(now, now),
        selected: query.selected.clone(),
        older,
        alert: query.alert.clone().map(|reference| (reference, alert.map_or_else(|| "(there is no such alert)".to_owned(), |alert| alert.title))),
        narrowed: Narrowed {
            channel: query.channel.unwrap_or_default(),
            urgency: query.urgency.map(Urgency::as_str).unwrap_or_default(),
            photo: query.photo,
            tag: query.tag.clone().unwrap_or_default(),
            offered,
            any: !suffix.is_empty(),
            unread: query.unread,
            officer: query.owner_id.unwrap_or_default(),
            officers: officers.into_iter().map(|other| (other.id, other.name)).collect(),
        },
        suffix,
        saved: saved
            .into_iter()
            .map(|view| SavedLink { id: view.id, current: view.query == here, href: format!("/inbox?{}", view.query), name: view.name })
            .collect(),
        nudges: nudges
            .into_iter()
            .map(|(nudge, row)| NudgeLink {
                urgent: matches!(nudge.kind.as_str(), "urgent" | "desk"),
                detail: nudge.detail,
                href: format!("/inbox/{}", row.public_id),
                when: When::at(nudge.created_at, now),
                who: called.iter().find(|known| known.id == row.id).map(who).unwrap_or_default(),
            })
            .collect(),
        csrf: csrf.to_owned(),
    })
}

/// The pane beside an open conversation.
pub async fn pane_beside(app: &App, officer: &OfficerRow, request: &ListQuery, selected: &str, csrf: &str) -> QueryResult<ListPane> {
    pane(app, officer, &ListQuery { selected: selected.to_owned(), ..request.clone() }, csrf).await
}

/// With whom it is, as they are known.
fn who(row: &InboxRow) -> String {
    row.resident_name.clone().or_else(|| row.correspondent_name.clone()).unwrap_or_else(|| mask(&row.address))
}

/// A line as an officer sees it: that they are at it themselves they know.
pub(super) fn line(row: InboxRow, viewer_id: i64, now: At) -> Row {
    let hand = clock::hand(row.status == "open", row.due_at, row.paused_at, now);
    Row {
        who: who(&row),
        id: row.public_id,
        version: row.version,
        channel: channel_word(&row.channel_kind),
        preview: row.preview,
        when: When::at(row.last_message_at, now),
        unread: row.unread,
        alert_reference: row.reference.unwrap_or_default(),
        alert_title: row.title.unwrap_or_default(),
        certainty: row.certainty.parse().unwrap_or(Confidence::Unattributed).as_str(),
        urgency: row.urgency.and_then(|word| word.parse().ok()).unwrap_or(alert::Urgency::Routine).as_str(),
        attachments: row.attachments_count,
        messages: row.messages_count,
        owner: row.owner.unwrap_or_default(),
        closed: row.status == "closed",
        need: row.need.parse().unwrap_or(Urgency::None).as_str(),
        due_kind: match hand {
            Hand::Over(_) => "over",
            Hand::Left(hours) if hours < 24 => "soon",
            Hand::Paused => "paused",
            Hand::Left(_) | Hand::Still => "",
        },
        due: due_words(hand),
        claimed_by: row.claimed_by.filter(|_| row.claimed_by_id != Some(viewer_id) && row.claimed_until.is_some_and(|until| until > now)).unwrap_or_default(),
        hands: (row.need == Urgency::Life.as_str() && row.status == "open")
            .then(|| if row.taken_up_at.is_some() { Hands::Of(row.taken_up_by.unwrap_or_default()) } else { Hands::Nobody }),
        asked_out: row.asked_out,
        outcome: row.outcome.map(|word| word.replace('_', " ")).unwrap_or_default(),
    }
}

/// How the clock stands, in a word or two.
pub fn due_words(hand: Hand) -> String {
    match hand {
        Hand::Still => String::new(),
        Hand::Paused => "Clock stopped".to_owned(),
        Hand::Left(0) => "Due within the hour".to_owned(),
        Hand::Left(hours) => format!("Due in {hours} h"),
        Hand::Over(hours) if hours < 48 => format!("Overdue {hours} h"),
        Hand::Over(hours) => format!("Overdue {} days", hours / 24),
    }
}

/// The word of a channel's kind, for templates.
pub fn channel_word(kind: &str) -> &'static str {
    if kind == "sms" { "sms" } else { "email" }
}
