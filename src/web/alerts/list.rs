//! `/alerts`.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::domain::At;
use crate::domain::alert::{AlertKind, AlertStatus, Hold, Urgency};
use crate::domain::delivery::Status;
use crate::domain::officer::Role;
use crate::outbound::progress::{Copies, Standing};
use crate::store::views::alerts::{self, ListRow};
use crate::store::views::tally::Tally;
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct AlertsPage {
    shell: Shell,
    alerts: Vec<AlertRow>,
    scope: &'static str,
    total: i64,
    as_of: When,
}

/// One line of the list, and the head of an alert's page.
pub struct AlertRow {
    /// Public reference.
    pub reference: String,
    /// Title.
    pub title: String,
    /// Kind, for people.
    pub kind: String,
    /// Urgency word.
    pub urgency: &'static str,
    /// Status word, or a `Hold` word.
    pub status: &'static str,
    /// When it was published, or goes out.
    pub when: When,
    /// Whose.
    pub owner: String,
    /// How many of a hundred copies are done with, while some still go out.
    pub going: Option<i64>,
    /// Copies, but for those that were taken back.
    pub recipients: i64,
    /// Arrived.
    pub delivered: i64,
    /// Could not be sent, or came back.
    pub failed: i64,
    /// Replies.
    pub replies: i64,
}

/// Where an alert's copies stand.
pub(in crate::web) fn copies(row: &ListRow, tally: &Tally) -> Copies {
    let standing = Standing {
        to_come: (row.expected - tally.total()).max(0),
        taken_back: row.status == AlertStatus::TakenBack.as_str(),
        unsettled: row.unsettled && row.hold.is_none(),
    };
    Copies::of(tally.counts.iter().filter_map(|count| Some((count.status.parse().ok()?, count.count))), standing)
}

impl AlertRow {
    /// From the read model.
    pub fn of(row: ListRow, tally: &Tally, now: At) -> Self {
        let hold = row.hold.as_deref().and_then(|word| word.parse::<Hold>().ok());
        let copies = copies(&row, tally);
        let status = match row.status.parse().unwrap_or(AlertStatus::Live) {
            AlertStatus::Live if copies.waiting > 0 => AlertStatus::Publishing,
            status => status,
        };
        let begun = !matches!(status, AlertStatus::Scheduled | AlertStatus::Closed | AlertStatus::TakenBack);
        Self {
            kind: row.kind.parse::<AlertKind>().map_or(row.kind, |kind| kind.label().to_owned()),
            urgency: row.urgency.parse().unwrap_or(Urgency::Routine).as_str(),
            status: hold.map_or(status.as_str(), Hold::as_str),
            going: (begun && copies.waiting > 0).then_some(copies.percent()),
            when: row.published_at.or(row.starts_at).map(|at| When::at(at, now)).unwrap_or_default(),
            reference: row.reference,
            title: row.title,
            owner: row.owner,
            recipients: copies.total() - copies.taken_back,
            delivered: tally.of(Status::Delivered.as_str()),
            failed: copies.failed,
            replies: row.replies,
        }
    }
}

/// `GET /alerts?scope=mine|all`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    officer.require(Role::sees_volumes)?;
    let all = request.query_string().contains("scope=all") || !officer.row.reads_replies();
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Alerts", "alerts").await?;
            let owner = (!all).then_some(officer.row.id);
            let now = app.now();
            let mut conn = app.read().await?;
            let rows = alerts::list(&mut conn, owner, 100).await?;
            let total = alerts::count(&mut conn, owner).await?;
            drop(conn);
            let mut alerts = Vec::with_capacity(rows.len());
            for row in rows {
                let tally = app.tallies().get(app.db(), row.id).await?;
                alerts.push(AlertRow::of(row, &tally, now));
            }
            Ok::<_, AppError>(AlertsPage { shell, alerts, scope: if all { "all" } else { "mine" }, total, as_of: When::at(now, now) })
        })
        .await?;
    shell::page(&page)
}
