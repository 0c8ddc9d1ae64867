//! `/admin/audit`: the audit log in words, searched by officer, action, alert or conversation, and time. Looking is an entry itself.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Europe::London;
use diesel::QueryResult;
use serde_json::json;

use super::{Choice, may_administer, query};
use crate::audit::{self, Actor, words};
use crate::domain::At;
use crate::store::accounts::OfficerRow;
use crate::store::audit_log::AuditRow;
use crate::store::views::audit::{Filter, Names, names, search};
use crate::store::{Conn, accounts, alerts, conversations};
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, FieldError, Shell, When};

const PAGE: i64 = 50;
/// What things are done to, in words, for what has no name of its own.
const KINDS: &[(&str, &str)] = &[
    ("officer", "An account"),
    ("conversation", "A conversation"),
    ("alert", "An alert"),
    ("message", "A message"),
    ("resident", "A resident"),
    ("correspondent", "Somebody who wrote"),
    ("person", "A person"),
    ("envelope", "An original"),
    ("api_key", "An API key"),
    ("team", "A team"),
    ("group", "An interest group"),
    ("notice", "A notice"),
    ("inbox", "A list of replies"),
    ("search", "The replies"),
    ("press", "Response volumes"),
    ("canned", "A canned answer"),
    ("exhibit", "An exhibit"),
    ("copy", "A working copy"),
    ("areas", "Areas"),
    ("residents", "Residents"),
    ("audit", "The audit log"),
    ("conversations_closed", "Closed conversations"),
    ("deliveries", "Outbound texts"),
    ("envelopes_processed", "Originals"),
    ("sessions", "Codes and links"),
    ("nudges", "Notes to officers"),
];

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    shell: Shell,
    entries: Vec<EntryView>,
    officers: Vec<Choice>,
    actions: Vec<ActionGroup>,
    kinds: Vec<Choice>,
    asked: Asked,
    /// The machine's own names were asked for.
    exact: bool,
    /// The address of the next page, if there is one.
    older: Option<String>,
    as_of: When,
    errors: Vec<FieldError>,
}

/// Actions of one kind, to choose from.
struct ActionGroup {
    name: &'static str,
    actions: Vec<Choice>,
}

/// The search as it was typed.
struct Asked {
    officer: String,
    /// What was done, chosen by its words.
    done: String,
    /// The same as the machine calls it, or its beginning.
    action: String,
    /// An alert's reference, or a conversation's as its address has it.
    about: String,
    kind: String,
    subject: String,
    from: String,
    until: String,
}

struct EntryView {
    when: When,
    who: String,
    who_href: String,
    done: String,
    more: String,
    subject: String,
    subject_href: String,
    /// As the log has it.
    recorded: String,
}

/// The beginning of a day in London, or of the one after it.
fn day(text: &str, after: bool) -> Option<At> {
    let date = text.parse::<NaiveDate>().ok()?;
    let date = if after { date.succ_opt()? } else { date };
    London.from_local_datetime(&date.and_hms_opt(0, 0, 0)?).earliest().map(|moment| At::from(moment.to_utc()))
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let one = |name| query(request, name);
        Self {
            officer: one("officer"),
            done: one("done"),
            action: one("action").to_lowercase(),
            // Whoever pastes a whole address means what it ends in.
            about: one("about").trim_end_matches('/').rsplit('/').next().unwrap_or_default().trim().to_owned(),
            kind: one("kind"),
            subject: one("subject"),
            from: one("from"),
            until: one("until"),
        }
    }

    /// What is asked of the log, and what cannot be understood.
    fn filter(&self, before: &str) -> (Filter, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut time = |field: &str, text: &str, after: bool| {
            let found = day(text, after);
            if !text.is_empty() && found.is_none() {
                errors.push(FieldError::new(field, "Enter a day, like 2026-11-22"));
            }
            found
        };
        let (from, until) = (time("from", &self.from, false), time("until", &self.until, true));
        let subject_id = self.subject.parse().ok();
        if !self.subject.is_empty() && subject_id.is_none() {
            errors.push(FieldError::new("subject", "Enter the number that an entry shows"));
        }
        if !self.action.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c)) {
            errors.push(FieldError::new("action", "Enter an action, like officer.sign_in, or its beginning, like officer."));
        }
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let chosen = text(&self.done).filter(|done| words::ACTIONS.iter().any(|(_, actions)| actions.iter().any(|(word, _)| word == done)));
        let filter = Filter {
            officer_id: self.officer.parse().ok(),
            action: text(&self.action).or(chosen),
            conversation_id: None,
            subject_kind: text(&self.kind),
            subject_id,
            from,
            until,
            before_id: before.parse().ok(),
        };
        (filter, errors)
    }

    fn to_query(&self, before: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("officer", &self.officer),
            ("done", &self.done),
            ("action", &self.action),
            ("about", &self.about),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("from", &self.from),
            ("until", &self.until),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("before", &before.to_string()).finish()
    }
}

/// Narrows to the alert or conversation that was named; false if there is none.
async fn narrow(conn: &mut Conn, about: &str, filter: &mut Filter) -> QueryResult<bool> {
    if let Some(alert) = alerts::find_by_reference(conn, &about.to_uppercase()).await? {
        (filter.subject_kind, filter.subject_id) = (Some("alert".to_owned()), Some(alert.id));
        return Ok(true);
    }
    let found = conversations::find(conn, about).await?;
    filter.conversation_id = found.map(|row| row.id);
    Ok(filter.conversation_id.is_some())
}

/// `GET /admin/audit`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let (asked, before) = (Asked::of(&request), query(&request, "before"));
    let (mut filter, mut errors) = asked.filter(&before);
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Audit log", "admin").await?, app.now());
            let mut conn = app.read().await?;
            let everybody = accounts::list_officers(&mut conn).await?;
            if !asked.about.is_empty() && !narrow(&mut conn, &asked.about, &mut filter).await? {
                errors.push(FieldError::new("about", "Enter the reference of an alert, like K7Q2M, or the address of a conversation"));
            }
            let refused = !errors.is_empty();
            let mut rows = if refused { Vec::new() } else { search(&mut conn, &filter, PAGE + 1).await? };
            let more = i64::try_from(rows.len()).is_ok_and(|found| found > PAGE);
            rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
            let known = Known { officers: everybody, names: names(&mut conn, &rows).await?, reads: officer.row.reads_replies() };
            drop(conn);
            let older = rows.last().filter(|_| more).map(|last| format!("/admin/audit?{}", asked.to_query(last.id)));
            if !refused {
                let detail = json!({
                    "officer": filter.officer_id, "action": filter.action, "kind": filter.subject_kind, "subject": filter.subject_id,
                    "conversation": filter.conversation_id, "from": filter.from.map(At::rfc3339), "until": filter.until.map(At::rfc3339),
                    "before": filter.before_id, "found": rows.len(),
                });
                let actor = Actor::Officer(officer.row.id);
                audit::note(&mut app.write().await?, app.ids(), now, &actor, "audit.search", ("audit", None), detail).await?;
            }
            let entries = rows.into_iter().map(|row| view(row, now, &known)).collect();
            let officers = std::iter::once(Choice::new("", "Anybody", &asked.officer));
            let officers = officers.chain(known.officers.iter().map(|row| Choice::new(&row.id.to_string(), &row.name, &asked.officer))).collect();
            let kinds = std::iter::once(Choice::new("", "Anything", &asked.kind));
            let kinds = kinds.chain(KINDS.iter().map(|(word, label)| Choice::new(word, label, &asked.kind))).collect();
            let exact = !(asked.action.is_empty() && asked.kind.is_empty() && asked.subject.is_empty());
            let actions = actions(&asked.done);
            Ok::<_, AppError>(AuditPage { shell, entries, officers, actions, kinds, exact, asked, older, as_of: When::at(now, now), errors })
        })
        .await?;
    if page.errors.is_empty() { shell::page(&page) } else { shell::page_with_errors(&page) }
}

fn actions(chosen: &str) -> Vec<ActionGroup> {
    let group = |(name, actions): &words::Group| ActionGroup { name, actions: actions.iter().map(|(word, told)| Choice::new(word, told, chosen)).collect() };
    words::ACTIONS.iter().map(group).collect()
}

/// What the entries of a page name.
struct Known {
    officers: Vec<OfficerRow>,
    names: Names,
    /// Whoever looks may open conversations; otherwise a conversation leads to who looked at it.
    reads: bool,
}

impl Known {
    fn officer(&self, id: i64) -> String {
        self.officers.iter().find(|row| row.id == id).map_or_else(|| "An account that is no more".to_owned(), |row| row.name.clone())
    }

    fn conversation(&self, id: i64) -> Option<(String, String)> {
        let (_, public_id, reference) = self.names.conversations.iter().find(|(known, ..)| *known == id)?;
        let about = reference.as_ref().map(|reference| format!(", about {reference}")).unwrap_or_default();
        let href = if self.reads { format!("/inbox/{public_id}") } else { format!("/inbox/{public_id}/views") };
        Some((format!("Conversation {public_id}{about}"), href))
    }

    /// What something was done to: its name, and where it is if there is a page.
    fn subject(&self, kind: &str, id: Option<i64>) -> (String, String) {
        let label = KINDS.iter().find(|(word, _)| *word == kind).map_or(kind, |(_, label)| *label);
        let named = id.and_then(|id| match kind {
            "officer" => self.officers.iter().find(|row| row.id == id).map(|row| (format!("Account of {}", row.name), format!("/admin/officers/{id}"))),
            "conversation" => self.conversation(id),
            "message" => {
                let talk = self.names.messages.iter().find(|(known, _)| *known == id)?.1;
                self.conversation(talk).map(|(name, href)| (format!("A message in {}", name.replacen('C', "c", 1)), href))
            }
            "alert" => self
                .names
                .alerts
                .iter()
                .find(|(known, ..)| *known == id)
                .map(|(_, reference, title)| (format!("{reference} {title}"), format!("/alerts/{reference}"))),
            _ => {
                let (_, _, name) = self.names.others.iter().find(|(of, known, _)| *of == kind && *known == id)?;
                Some((format!("{}: {name}", label.trim_start_matches("An ").trim_start_matches("A ")), String::new()))
            }
        });
        named.unwrap_or_else(|| (label.to_owned(), String::new()))
    }
}

fn view(row: AuditRow, now: At, known: &Known) -> EntryView {
    let who = match (row.officer_id, row.actor.as_str()) {
        (Some(id), _) => known.officer(id),
        (None, "system") => "The system".to_owned(),
        (None, "resident") => "A resident".to_owned(),
        (None, other) => other.strip_prefix("api:").map_or_else(|| other.to_owned(), |key| format!("API key {key}")),
    };
    let (subject, subject_href) = known.subject(&row.subject_kind, row.subject_id);
    let id = row.subject_id.map(|id| format!(" {id}")).unwrap_or_default();
    EntryView {
        when: When::at(row.created_at, now),
        who,
        who_href: row.officer_id.map(|id| format!("/admin/officers/{id}")).unwrap_or_default(),
        done: words::of(&row.action, &row.detail),
        more: words::more(&row.detail),
        subject,
        subject_href,
        recorded: format!("{} {}{id} {}", row.action, row.subject_kind, row.detail),
    }
}
