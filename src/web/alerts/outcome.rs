//! `/alerts/{reference}/outcome`: telling everyone who answered an alert what came of it, after a look at who that is.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::Exclusion;
use crate::app::App;
use crate::domain::At;
use crate::domain::audience::Untold;
use crate::domain::ids;
use crate::domain::officer::Role;
use crate::outbound::compose;
use crate::outbound::outcome::{self, News, Reach, TellOutcome};
use crate::outbound::segments::{self, Cost};
use crate::store::alerts::{self, AlertRow};
use crate::store::{Conn, accounts, outcomes};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "alerts/outcome.html")]
struct OutcomePage {
    shell: Shell,
    reference: String,
    title: String,
    form: News,
    errors: Vec<FieldError>,
    preview: Option<Preview>,
    told: Vec<Told>,
}

struct Preview {
    sms: i64,
    email: i64,
    untold: Vec<Exclusion>,
    rendered: String,
    segments: usize,
    units_left: usize,
    encoding: &'static str,
}

/// An outcome that was told.
pub(in crate::web) struct Told {
    pub(in crate::web) when: When,
    pub(in crate::web) text: String,
    pub(in crate::web) sms: i64,
    pub(in crate::web) email: i64,
    pub(in crate::web) finished: bool,
    pub(in crate::web) untold: Vec<Exclusion>,
}

/// What has been told of an alert, the latest first.
pub(in crate::web) async fn told_of(conn: &mut Conn, alert_id: i64, now: At) -> Result<Vec<Told>, AppError> {
    let mut told = Vec::new();
    for row in outcomes::list_of(conn, alert_id).await? {
        let untold = outcomes::list_exclusions(conn, row.id).await?;
        told.push(Told {
            when: When::at(row.created_at, now),
            text: row.sms_text,
            sms: row.told_sms,
            email: row.told_email,
            finished: row.finished_at.is_some(),
            untold: untold.into_iter().map(|(word, count)| excluded(&word, count)).collect(),
        });
    }
    Ok(told)
}

fn excluded(word: &str, count: i64) -> Exclusion {
    Exclusion { reason: word.parse::<Untold>().map_or_else(|_| word.to_owned(), |reason| reason.sentence().to_owned()), count }
}

/// The alert, if it is this officer's or their team's.
async fn own(app: &App, officer: &Officer, reference: &str) -> Result<AlertRow, AppError> {
    let mut conn = app.read().await?;
    let alert = alerts::find_by_reference(&mut conn, reference).await?.ok_or(AppError::NotFound)?;
    let mine = alert.owner_id == officer.row.id || (alert.team_id.is_some() && alert.team_id == officer.row.team_id);
    // Whoever stands in for the owner reads the replies, and tells what came of them too.
    if mine || accounts::list_covered(&mut conn, officer.row.id, app.now()).await?.contains(&alert.owner_id) { Ok(alert) } else { Err(AppError::Forbidden) }
}

async fn build(officer: Officer, reference: String, form: News, errors: Vec<FieldError>, look: bool) -> Result<OutcomePage, AppError> {
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let alert = own(&app, &officer, &reference).await?;
            let shell = shell::officer(&officer.visitor, &officer.row, "Tell what came of it", "alerts").await?;
            let preview = if look && errors.is_empty() { Some(preview(&app, &alert, &form, outcome::reach(&app, alert.id).await?)) } else { None };
            let mut conn = app.read().await?;
            let seen = outcomes::latest(&mut conn, alert.id).await?;
            let told = told_of(&mut conn, alert.id, app.now()).await?;
            let form = News { seen: Some(seen), ..form };
            Ok(OutcomePage { shell, reference, title: alert.title, form, errors, preview, told })
        })
        .await
}

fn preview(app: &App, alert: &AlertRow, form: &News, reach: Reach) -> Preview {
    let rendered = compose::render_outcome_sms(&app.config().branding.name, form.sms_text.trim(), &alert.reference);
    let Cost { segments, units_left, encoding, .. } = segments::count(&rendered);
    let untold = reach.untold.into_iter().map(|(word, count)| excluded(word, count)).collect();
    Preview { sms: reach.sms, email: reach.email, untold, rendered, segments, units_left, encoding: encoding.label() }
}

/// `GET /alerts/{reference}/outcome`
pub async fn show(officer: Officer, reference: web::Path<String>) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    let form = News { token: ids::public_id(), ..News::default() };
    // What was told so far stands on this page.
    shell::page(&build(officer, reference.into_inner(), form, Vec::new(), false).await?)
}

/// `POST /alerts/{reference}/outcome`: a look at who is told, or the telling.
pub async fn act(officer: Officer, reference: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let form = News {
        token: fields.one("token").to_owned(),
        sms_text: fields.one("sms_text").replace("\r\n", "\n"),
        email_subject: fields.one("email_subject").trim().to_owned(),
        email_body: fields.one("email_body").replace("\r\n", "\n"),
        seen: fields.one("seen").parse().ok(),
    };
    let (app, reference) = (officer.app().clone(), reference.into_inner());
    let (asked, who) = (reference.clone(), officer.clone());
    let finder = app.clone();
    let alert = app.clone().run(async move { own(&finder, &who, &asked).await }).await?;
    let errors: Vec<FieldError> = outcome::check(&form).into_iter().map(|(field, message)| FieldError::new(field, message)).collect();
    if !errors.is_empty() {
        return shell::page_with_errors(&build(officer, reference, form, errors, false).await?);
    }
    if fields.one("action") != "tell" {
        return shell::page(&build(officer, reference, form, Vec::new(), true).await?);
    }
    if form.token.is_empty() {
        return Err(AppError::StaleForm);
    }
    let officer_id = officer.row.id;
    let news = form.clone();
    let told = app.clone().run(async move { outcome::tell(&app, &alert, &news, officer_id).await }).await?;
    let notice = match told {
        TellOutcome::Told => "On its way to everyone who answered.",
        TellOutcome::Already => "This was sent already. Nothing was sent again.",
        TellOutcome::Changed => {
            let error = "A colleague has told them something meanwhile: it stands below. Nothing of yours was sent. If it must go all the same, send again";
            return shell::page_with_errors(&build(officer, reference, form, vec![FieldError::new("sms_text", error)], false).await?);
        }
    };
    Ok(shell::redirect_with(&format!("/alerts/{reference}"), notice))
}
