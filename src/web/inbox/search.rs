//! `/inbox/search`: words in messages, notes and files' names, or everybody who has what was recognised.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::{Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Europe::London;

use super::list::{self, Row, view_of};
use super::may_read;
use crate::app::App;
use crate::domain::At;
use crate::domain::finding::{Kind, Sought};
use crate::domain::place::Urgency;
use crate::domain::reference::parse_reference;
use crate::domain::search::Query;
use crate::inbox::search::{self, ByWords, Found, FoundRow, PAGE, snippet::Piece};
use crate::store::alerts;
use crate::store::views::inbox::Narrow;
use crate::store::views::search as view;
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, FieldError, Shell, When};

/// Keys and words of a choice.
type Choices = &'static [(&'static str, &'static str)];

const PLACES: Choices = &[("", "Everything"), ("messages", "Messages"), ("notes", "Officers’ notes"), ("files", "Names of files")];
const VIEWS: Choices = &[
    ("", "All I may see"),
    ("mine", "Mine"),
    ("team", "My team"),
    ("unattributed", "Unattributed"),
    ("waiting", "Waiting"),
    ("all", "Open"),
    ("closed", "Closed"),
];
const CHANNELS: Choices = &[("", "Any"), ("sms", "Text"), ("email", "E-mail")];
const URGENCIES: Choices = &[("", "Any"), ("raised", "Urgent, or life at risk"), ("life", "Life at risk")];

#[derive(Template)]
#[template(path = "inbox/search.html")]
struct SearchPage {
    shell: Shell,
    heading: String,
    asked: Asked,
    found: Option<FoundView>,
    tags: Vec<String>,
    places: Choices,
    views: Choices,
    channels: Choices,
    urgencies: Choices,
    errors: Vec<FieldError>,
}

struct FoundView {
    told: String,
    note: String,
    rows: Vec<RowView>,
    first: usize,
    page: usize,
    pages: usize,
    newer: Option<String>,
    older: Option<String>,
    by_finding: bool,
}

struct RowView {
    row: Row,
    snippet: Vec<Piece>,
    place: &'static str,
    times: usize,
}

/// The form as it was filled in.
#[derive(Clone, Default)]
struct Asked {
    q: String,
    found: String,
    place: String,
    view: String,
    alert: String,
    tag: String,
    channel: String,
    urgency: String,
    photo: bool,
    from: String,
    to: String,
    page: usize,
}

impl Asked {
    fn read(request: &HttpRequest) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let one = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
        let known = |name: &str, choices: Choices| Some(one(name)).filter(|value| choices.iter().any(|(key, _)| key == value)).unwrap_or_default();
        Self {
            q: one("q"),
            found: one("found"),
            place: known("in", PLACES),
            view: known("view", VIEWS),
            alert: one("alert"),
            tag: one("tag"),
            channel: known("channel", CHANNELS),
            urgency: known("urgency", URGENCIES),
            photo: one("photo") == "1",
            from: one("from"),
            to: one("to"),
            page: one("page").parse::<usize>().unwrap_or(1).clamp(1, 1_000) - 1,
        }
    }

    fn filters(&self) -> [(&'static str, &str); 9] {
        let photo = if self.photo { "1" } else { "" };
        [
            ("in", &self.place),
            ("view", &self.view),
            ("channel", &self.channel),
            ("urgency", &self.urgency),
            ("tag", &self.tag),
            ("alert", &self.alert),
            ("from", &self.from),
            ("to", &self.to),
            ("photo", photo),
        ]
    }

    fn narrowed(&self) -> bool {
        self.filters().iter().any(|(_, value)| !value.is_empty())
    }

    /// Whether the choices must be seen: some are made, or one is at fault.
    fn opened(&self, errors: &[FieldError]) -> bool {
        self.narrowed() || errors.iter().any(|error| error.field != "q")
    }

    /// The same words without the choices.
    fn wide_href(&self) -> String {
        Self { q: self.q.clone(), ..Self::default() }.href(0)
    }

    fn href(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("q", self.q.as_str()), ("found", self.found.as_str())].into_iter().chain(self.filters()) {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if page > 0 {
            query.append_pair("page", &(page + 1).to_string());
        }
        format!("/inbox/search?{}", query.finish())
    }
}

/// `GET /inbox/search`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let asked = Asked::read(&request);
    let app = officer.app().clone();
    let page = app.clone().run(async move { build(&app, &officer, asked).await }).await?;
    if page.errors.is_empty() { shell::page(&page) } else { shell::page_with_errors(&page) }
}

async fn build(app: &App, officer: &Officer, asked: Asked) -> Result<SearchPage, AppError> {
    let tags = view::tags(&mut app.read().await?).await?;
    let (mut errors, mut found, mut heading) = (Vec::new(), None, "Search".to_owned());
    if !asked.found.is_empty() {
        match Sought::read(&asked.found) {
            Some(sought) => {
                heading = who_else(&sought);
                found = Some(shown(&asked, search::by_finding(app, &officer.row, &sought, asked.page).await?, officer.row.id, app.now()));
            }
            None => errors.push(FieldError::new("q", "This link names nothing that can be recognised. Write what you look for instead.")),
        }
    } else if !asked.q.is_empty() || asked.narrowed() {
        match by_words(app, &asked, &tags).await? {
            Ok(by_words) => {
                heading = format!("Search for {}", asked.q);
                found = Some(shown(&asked, search::by_words(app, &officer.row, &by_words).await?, officer.row.id, app.now()));
            }
            Err(faults) => errors = faults,
        }
    }
    let shell = shell::officer(&officer.visitor, &officer.row, &heading, "inbox").await?;
    let tags = tags.into_iter().map(|(_, name)| name).collect();
    Ok(SearchPage { shell, heading, asked, found, tags, places: PLACES, views: VIEWS, channels: CHANNELS, urgencies: URGENCIES, errors })
}

fn who_else(sought: &Sought) -> String {
    let shown = sought.shown();
    match sought.kind {
        Kind::Plate => format!("Who else saw {shown}?"),
        Kind::Link => format!("Who else sent a link to {shown}?"),
        Kind::Postcode | Kind::What3words => format!("Who else wrote of {shown}?"),
        Kind::Phone | Kind::Time | Kind::Date => format!("Who else named {shown}?"),
    }
}

/// What the form asks for, or what is to be mended in it.
async fn by_words(app: &App, asked: &Asked, tags: &[(i64, String)]) -> diesel::QueryResult<Result<ByWords, Vec<FieldError>>> {
    let mut errors = Vec::new();
    let query = Query::read(&asked.q).map_err(|fault| errors.push(FieldError::new("q", &format!("{fault}.")))).ok();
    let mut alert_id = None;
    if !asked.alert.is_empty() {
        let alert = match parse_reference(&asked.alert) {
            Some(reference) => alerts::find_by_reference(&mut app.read().await?, &reference).await?,
            None => None,
        };
        alert_id = alert.map(|alert| alert.id);
        if alert_id.is_none() {
            errors.push(FieldError::new("alert", "There is no alert with this reference. Check the five characters."));
        }
    }
    let mut day = |field: &'static str, text: &str| match read_day(text) {
        Ok(day) => day,
        Err(()) => {
            errors.push(FieldError::new(field, "Enter a day like 22/11/2026"));
            None
        }
    };
    let (from, to) = (day("from", &asked.from), day("to", &asked.to));
    if from.is_some_and(|from| to.is_some_and(|to| to < from)) {
        errors.push(FieldError::new("to", "Choose a day that is not before the first one"));
    }
    let Some(query) = query.filter(|_| errors.is_empty()) else { return Ok(Err(errors)) };
    let kinds = match asked.place.as_str() {
        "messages" => vec!["message"],
        "notes" => vec!["note"],
        "files" => vec!["file"],
        _ => Vec::new(),
    };
    let narrow = Narrow {
        alert_id,
        // A tag that there is none of is on nothing.
        tag_id: (!asked.tag.is_empty()).then(|| tags.iter().find(|(_, name)| *name == asked.tag).map_or(0, |(id, _)| *id)),
        channel_kind: CHANNELS.iter().map(|(key, _)| *key).find(|key| !key.is_empty() && *key == asked.channel),
        urgency: match asked.urgency.as_str() {
            "life" => Some(Urgency::Life),
            "raised" => Some(Urgency::Raised),
            _ => None,
        },
        photo: asked.photo,
        ..Narrow::default()
    };
    let view = Some(asked.view.as_str()).filter(|view| !view.is_empty()).map(view_of);
    let until = to.and_then(|day| day.checked_add_days(Days::new(1))).and_then(begins);
    Ok(Ok(ByWords { query, kinds, view, narrow, from: from.and_then(begins), until, page: asked.page }))
}

/// As a browser's calendar gives it, or as people write it.
fn read_day(text: &str) -> Result<Option<NaiveDate>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"].into_iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok()).map(Some).ok_or(())
}

/// When a day begins in London.
fn begins(day: NaiveDate) -> Option<At> {
    let begin = London.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest()?;
    Some(At::from_naive(begin.naive_utc()))
}

fn shown(asked: &Asked, found: Found, viewer_id: i64, now: At) -> FoundView {
    let (total, by_finding) = (found.total, !asked.found.is_empty());
    let conversations = |n: usize| if n == 1 { "1 conversation".to_owned() } else { format!("{n} conversations") };
    let told = if found.more { format!("More than {}", conversations(total)) } else { conversations(total) };
    let mut note = String::new();
    if found.more && !by_finding {
        "There is more than can be ranked: these are the best of the newest. Add a word, or narrow it.".clone_into(&mut note);
    }
    if let Some(back_to) = found.back_to {
        note = format!(
            "These words are very common: messages since {} were looked at. Add a rarer word, or narrow it by alert or date.",
            When::at(back_to, now).text
        );
    }
    if let Some(unseen) = found.unseen.filter(|unseen| *unseen > 0) {
        note = format!(
            "{} that you may not see {} it too.",
            conversations(usize::try_from(unseen).unwrap_or(usize::MAX)),
            if unseen == 1 { "has" } else { "have" }
        );
    }
    let pages = total.div_ceil(PAGE).max(1);
    FoundView {
        told,
        note,
        rows: found.rows.into_iter().map(|row| row_view(row, viewer_id, now)).collect(),
        first: asked.page * PAGE + 1,
        page: asked.page + 1,
        pages,
        newer: (asked.page > 0).then(|| asked.href(asked.page - 1)),
        older: (asked.page + 1 < pages).then(|| asked.href(asked.page + 1)),
        by_finding,
    }
}

fn row_view(found: FoundRow, viewer_id: i64, now: At) -> RowView {
    RowView {
        row: list::line(found.line, viewer_id, now),
        snippet: found.snippet,
        place: match found.kind.as_str() {
            "note" => "In a note",
            "file" => "A file’s name",
            _ => "",
        },
        times: found.times,
    }
}
