//! `/admin/audit`: the audit log, searched by officer, action, subject and time. Looking is an entry itself.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Europe::London;
use serde_json::json;

use super::{Choice, may_administer, query};
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::store::accounts;
use crate::store::audit_log::AuditRow;
use crate::store::views::audit::{Filter, search};
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, FieldError, Shell, When};

const PAGE: i64 = 50;
/// What things are done to.
const KINDS: &[(&str, &str)] = &[
    ("officer", "Account"),
    ("conversation", "Conversation"),
    ("alert", "Alert"),
    ("message", "Message"),
    ("resident", "Resident"),
    ("correspondent", "Correspondent"),
    ("person", "Person"),
    ("envelope", "Original"),
    ("api_key", "API key"),
    ("team", "Team"),
    ("group", "Interest group"),
    ("notice", "Notice"),
    ("inbox", "List of replies"),
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
    kinds: Vec<Choice>,
    asked: Asked,
    /// The address of the next page, if there is one.
    older: Option<String>,
    as_of: When,
    errors: Vec<FieldError>,
}

/// The search as it was typed.
struct Asked {
    officer: String,
    action: String,
    kind: String,
    subject: String,
    from: String,
    until: String,
}

struct EntryView {
    when: When,
    who: String,
    action: String,
    subject: String,
    detail: String,
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
            action: one("action").to_lowercase(),
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
        let filter = Filter {
            officer_id: self.officer.parse().ok(),
            action: text(&self.action),
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
            ("action", &self.action),
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

/// `GET /admin/audit`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let (asked, before) = (Asked::of(&request), query(&request, "before"));
    let (filter, errors) = asked.filter(&before);
    let refused = !errors.is_empty();
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Audit log", "admin").await?, app.now());
            let mut conn = app.read().await?;
            let everybody = accounts::list_officers(&mut conn).await?;
            let mut rows = if refused { Vec::new() } else { search(&mut conn, &filter, PAGE + 1).await? };
            drop(conn);
            let more = i64::try_from(rows.len()).is_ok_and(|found| found > PAGE);
            rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
            let older = rows.last().filter(|_| more).map(|last| format!("/admin/audit?{}", asked.to_query(last.id)));
            if !refused {
                let detail = json!({
                    "officer": filter.officer_id, "action": filter.action, "kind": filter.subject_kind, "subject": filter.subject_id,
                    "from": filter.from.map(At::rfc3339), "until": filter.until.map(At::rfc3339), "before": filter.before_id, "found": rows.len(),
                });
                let actor = Actor::Officer(officer.row.id);
                audit::note(&mut app.write().await?, app.ids(), now, &actor, "audit.search", ("audit", None), detail).await?;
            }
            let name = |id: i64| everybody.iter().find(|row| row.id == id).map_or_else(|| format!("account {id}"), |row| row.name.clone());
            let entries = rows.into_iter().map(|row| view(row, now, &name)).collect();
            let officers = std::iter::once(Choice::new("", "Anybody", &asked.officer));
            let officers = officers.chain(everybody.iter().map(|row| Choice::new(&row.id.to_string(), &row.name, &asked.officer))).collect();
            let kinds = std::iter::once(Choice::new("", "Anything", &asked.kind));
            let kinds = kinds.chain(KINDS.iter().map(|(word, label)| Choice::new(word, label, &asked.kind))).collect();
            Ok::<_, AppError>(AuditPage { shell, entries, officers, kinds, asked, older, as_of: When::at(now, now), errors })
        })
        .await?;
    if refused { shell::page_with_errors(&page) } else { shell::page(&page) }
}

fn view(row: AuditRow, now: At, name: &dyn Fn(i64) -> String) -> EntryView {
    let who = match (row.officer_id, row.actor.as_str()) {
        (Some(id), _) => name(id),
        (None, "system") => "The system".to_owned(),
        (None, "resident") => "A resident".to_owned(),
        (None, other) => other.strip_prefix("api:").map_or_else(|| other.to_owned(), |key| format!("API key {key}")),
    };
    let kind = KINDS.iter().find(|(word, _)| *word == row.subject_kind).map_or(row.subject_kind.as_str(), |(_, label)| *label);
    let subject = match row.subject_id {
        Some(id) if row.subject_kind == "officer" => format!("{kind} of {} ({id})", name(id)),
        Some(id) => format!("{kind} {id}"),
        None => kind.to_owned(),
    };
    let detail = row.detail.as_object().map(|fields| {
        let told = fields.iter().filter(|(_, value)| !value.is_null());
        told.map(|(key, value)| format!("{key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect::<Vec<_>>().join(", ")
    });
    EntryView { when: When::at(row.created_at, now), who, action: row.action, subject, detail: detail.unwrap_or_default() }
}
