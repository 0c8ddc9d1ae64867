//! `/inbox` and its rows: the first column, ordered by the newest message.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use diesel::QueryResult;

use super::may_read;
use crate::app::App;
use crate::domain::address::mask;
use crate::domain::{At, alert::Urgency};
use crate::inbound::thread::Confidence;
use crate::inbox::sight;
use crate::store::accounts::OfficerRow;
use crate::store::alerts;
use crate::store::views::inbox::{self, Cursor, InboxRow, Narrow, View};
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, Shell, When};

const PAGE: i64 = 50;

/// The list column.
#[derive(Clone)]
pub struct ListPane {
    /// Which part.
    pub view: &'static str,
    /// Its title.
    pub view_title: &'static str,
    /// Every part with its count.
    pub views: Vec<ViewLink>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many in all.
    pub total: i64,
    /// How fresh.
    pub as_of: When,
    /// The open conversation's public id, or empty.
    pub selected: String,
    /// The next page.
    pub older: Option<String>,
    /// Narrowed to this alert: reference and title.
    pub alert: Option<(String, String)>,
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
    /// Is it this one.
    pub current: bool,
}

/// One line.
#[derive(Clone)]
pub struct Row {
    /// Public id.
    pub id: String,
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
}

#[derive(Template)]
#[template(path = "inbox/list.html")]
struct InboxPage {
    shell: Shell,
    list: ListPane,
}

#[derive(Template)]
#[template(path = "inbox/rows.html")]
struct Rows {
    list: ListPane,
}

/// What the address line asks for.
#[derive(Clone, Debug)]
pub struct ListQuery {
    view: View,
    alert: Option<String>,
    before: Option<Cursor>,
    selected: String,
}

impl ListQuery {
    /// Reads the query; anything odd falls back to the officer's own list.
    pub fn read(request: &HttpRequest) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let one = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Self {
            view: one("view").map_or(View::Mine, |view| view_of(&view)),
            alert: one("alert").filter(|reference| !reference.is_empty()),
            before: one("before").and_then(|cursor| read_cursor(&cursor)),
            selected: one("selected").unwrap_or_default(),
        }
    }
}

fn view_of(word: &str) -> View {
    match word {
        "team" => View::Team,
        "unattributed" => View::Unattributed,
        "closed" => View::Closed,
        "waiting" => View::Waiting,
        "all" => View::All,
        _ => View::Mine,
    }
}

const fn key_of(view: View) -> &'static str {
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
            let list = pane(&app, &officer.row, &query).await?;
            Ok::<_, AppError>(InboxPage { shell, list })
        })
        .await?;
    shell::page(&page)
}

/// `GET /inbox/rows`: the list alone, for a page that refreshes itself.
pub async fn rows(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let query = ListQuery::read(&request);
    let app = officer.app().clone();
    let list = app.clone().run(async move { pane(&app, &officer.row, &query).await }).await?;
    shell::page(&Rows { list })
}

/// The list column for an officer.
pub async fn pane(app: &App, officer: &OfficerRow, query: &ListQuery) -> QueryResult<ListPane> {
    let now = app.now();
    let mut conn = app.read().await?;
    let sight = sight::of_in(&mut conn, officer, now).await?;
    let alert = match &query.alert {
        Some(reference) => alerts::find_by_reference(&mut conn, reference).await?,
        None => None,
    };
    let narrow = Narrow { alert_id: alert.as_ref().map(|alert| alert.id), ..Narrow::default() };
    let mut rows = inbox::list(&mut conn, query.view, &sight, narrow, query.before, PAGE + 1).await?;
    let counts = inbox::counts(&mut conn, &sight).await?;
    let total = inbox::count(&mut conn, query.view, &sight, narrow).await?;
    let more = i64::try_from(rows.len()).unwrap_or(0) > PAGE;
    rows.truncate(usize::try_from(PAGE).unwrap_or(50));
    let suffix = alert.as_ref().map(|alert| format!("&alert={}", alert.reference)).unwrap_or_default();
    let older = rows.last().filter(|_| more).map(|last| format!("/inbox?view={}&before={}.{}{suffix}", key_of(query.view), last.place, last.id));
    let link = |view: View, label, count| ViewLink {
        key: key_of(view),
        label,
        href: format!("/inbox?view={}{suffix}", key_of(view)),
        count,
        current: view == query.view,
    };
    Ok(ListPane {
        view: key_of(query.view),
        view_title: title_of(query.view),
        views: vec![
            link(View::Mine, "Mine", counts.mine),
            link(View::Team, "Team", counts.team),
            link(View::Unattributed, "Unattributed", counts.unattributed),
            link(View::Closed, "Closed", counts.closed),
        ],
        rows: rows.into_iter().map(|row| line(row, now)).collect(),
        total,
        as_of: When::at(now, now),
        selected: query.selected.clone(),
        older,
        alert: alert.map(|alert| (alert.reference, alert.title)),
    })
}

/// The pane beside an open conversation.
pub async fn pane_beside(app: &App, officer: &OfficerRow, request: &ListQuery, selected: &str) -> QueryResult<ListPane> {
    pane(app, officer, &ListQuery { selected: selected.to_owned(), ..request.clone() }).await
}

fn line(row: InboxRow, now: At) -> Row {
    Row {
        id: row.public_id,
        who: row.resident_name.or(row.correspondent_name).unwrap_or_else(|| mask(&row.address)),
        channel: channel_word(&row.channel_kind),
        preview: row.preview,
        when: When::at(row.last_message_at, now),
        unread: row.unread,
        alert_reference: row.reference.unwrap_or_default(),
        alert_title: row.title.unwrap_or_default(),
        certainty: row.certainty.parse().unwrap_or(Confidence::Unattributed).as_str(),
        urgency: row.urgency.and_then(|word| word.parse().ok()).unwrap_or(Urgency::Routine).as_str(),
        attachments: row.attachments_count,
        messages: row.messages_count,
        owner: row.owner.unwrap_or_default(),
        closed: row.status == "closed",
    }
}

/// The word of a channel's kind, for templates.
pub fn channel_word(kind: &str) -> &'static str {
    if kind == "sms" { "sms" } else { "email" }
}
