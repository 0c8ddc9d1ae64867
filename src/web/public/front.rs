//! `/`: what this is, how to join, and the alerts that are live, so that anybody can check that one is real.

use actix_web::HttpResponse;
use askama::Template;
use diesel::QueryResult;

use crate::domain::At;
use crate::domain::alert::Urgency;
use crate::outbound::outcome::SHOWN_DAYS;
use crate::store::views::alerts::{self as lists, PublicRow};
use crate::store::{Conn, alerts, outcomes};
use crate::web::error::AppError;
use crate::web::extract::Visitor;
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "public/front.html")]
struct FrontPage {
    shell: Shell,
    alerts: Vec<PublicAlert>,
    /// Closed lately, with what came of them.
    told: Vec<PublicAlert>,
    as_of: When,
}

struct PublicAlert {
    reference: String,
    title: String,
    text: String,
    urgency: &'static str,
    areas: String,
    when: When,
    /// What came of it, with when; the latest first.
    outcomes: Vec<(String, When)>,
}

/// `GET /`
pub async fn show(visitor: Visitor) -> Result<HttpResponse, AppError> {
    let app = visitor.app.clone();
    let (live, told, now) = app
        .clone()
        .run(async move {
            let now = app.now();
            let mut conn = app.read().await?;
            let (mut live, mut told) = (Vec::new(), Vec::new());
            for row in lists::list_public(&mut conn, 20).await? {
                live.push(public(&mut conn, row, now).await?);
            }
            for row in lists::list_told(&mut conn, now.minus_days(SHOWN_DAYS), 20).await? {
                told.push(public(&mut conn, row, now).await?);
            }
            Ok::<_, AppError>((live, told, now))
        })
        .await?;
    let shell = shell::public(&visitor, "Neighbourhood alerts by text and e-mail", "home");
    shell::page(&FrontPage { shell, alerts: live, told, as_of: When::at(now, now) })
}

async fn public(conn: &mut Conn, row: PublicRow, now: At) -> QueryResult<PublicAlert> {
    let areas: Vec<String> = alerts::list_areas(conn, row.id).await?.into_iter().map(|(_, name)| name).collect();
    let outcomes = outcomes::list_of(conn, row.id).await?;
    Ok(PublicAlert {
        outcomes: outcomes.into_iter().map(|outcome| (outcome.sms_text, When::at(outcome.created_at, now))).collect(),
        reference: row.reference,
        title: row.title,
        text: row.body,
        urgency: row.urgency.parse().unwrap_or(Urgency::Routine).as_str(),
        areas: places(&areas),
        when: row.published_at.map(|at| When::at(at, now)).unwrap_or_default(),
    })
}

fn places(areas: &[String]) -> String {
    match areas {
        [] => String::new(),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{} and {} more areas", many.iter().take(3).cloned().collect::<Vec<_>>().join(", "), many.len() - 3),
    }
}
