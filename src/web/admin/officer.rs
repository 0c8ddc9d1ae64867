//! `/admin/officers/{id}`: one account: what it may, its leave, and ways to help its owner in or keep somebody out.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Europe::London;

use super::officers::{account_in, team_choices};
use super::{Choice, may_administer, roles};
use crate::accounts::officers::{self, ChangeOutcome};
use crate::accounts::passwords::ResetLink;
use crate::accounts::{second_step, sessions};
use crate::domain::At;
use crate::store::{accounts, sessions as rows};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "admin/officer.html")]
struct OfficerPage {
    shell: Shell,
    id: i64,
    own: bool,
    email: String,
    name: String,
    heading: String,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    reads_replies: bool,
    disabled: Option<When>,
    away_until: String,
    covers: Vec<Choice>,
    sessions: usize,
    codes: Option<When>,
    /// Passwords are in use.
    local: bool,
    link: Option<ResetLink>,
    added: When,
    errors: Vec<FieldError>,
}

async fn page(officer: &Officer, id: i64, errors: Vec<FieldError>, link: Option<ResetLink>) -> Result<OfficerPage, AppError> {
    let (officer, app) = (officer.clone(), officer.app().clone());
    app.clone()
        .run(async move {
            let now = app.now();
            let mut conn = app.read().await?;
            let row = accounts::find_officer(&mut conn, id).await?.ok_or(AppError::NotFound)?;
            let teams = accounts::list_teams(&mut conn).await?;
            let everybody = accounts::list_officers(&mut conn).await?;
            let sessions = rows::list_of_officer(&mut conn, id, now).await?.len();
            drop(conn);
            let shell = shell::officer(&officer.visitor, &officer.row, &row.name, "admin").await?;
            let standing = second_step::standing(&app, id).await?;
            let cover = row.cover_id.map(|id| id.to_string()).unwrap_or_default();
            let may_cover = |other: &&accounts::OfficerRow| other.id != id && other.disabled_at.is_none() && other.reads_replies();
            let covers = std::iter::once(Choice::new("", "Nobody: the team", &cover));
            let covers = covers.chain(everybody.iter().filter(may_cover).map(|other| Choice::new(&other.id.to_string(), &other.name, &cover)));
            Ok(OfficerPage {
                shell,
                id,
                own: id == officer.row.id,
                email: row.email,
                heading: row.name.clone(),
                name: row.name,
                roles: roles(&row.role),
                teams: team_choices(&teams, &row.team_id.map(|id| id.to_string()).unwrap_or_default(), "No team"),
                reads_replies: row.reads_replies,
                disabled: row.disabled_at.map(|at| When::at(at, now)),
                away_until: row.away_until.filter(|until| *until > now).map(last_day).unwrap_or_default(),
                covers: covers.collect(),
                sessions,
                codes: standing.since.map(|at| When::at(at, now)),
                local: app.config().security.local_accounts,
                link,
                added: When::at(row.created_at, now),
                errors,
            })
        })
        .await
}

/// The last whole day of a leave that ends at this moment, as a date field has it.
fn last_day(until: At) -> String {
    until.plus_ms(-1).utc().with_timezone(&London).date_naive().to_string()
}

/// The end of a day in London.
fn end_of(day: &str) -> Option<At> {
    let next = day.parse::<NaiveDate>().ok()?.succ_opt()?.and_hms_opt(0, 0, 0)?;
    London.from_local_datetime(&next).earliest().map(|moment| At::from(moment.to_utc()))
}

/// `GET /admin/officers/{id}`
pub async fn show(officer: Officer, id: web::Path<i64>) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, id.into_inner(), Vec::new(), None).await?)
}

/// After a change: back to the account with a sentence, or the form with what to mend.
async fn answer(officer: &Officer, id: i64, outcome: ChangeOutcome, done: &str) -> Result<HttpResponse, AppError> {
    match outcome {
        ChangeOutcome::Done => Ok(shell::redirect_with(&format!("/admin/officers/{id}"), done)),
        ChangeOutcome::Nobody => Err(AppError::NotFound),
        ChangeOutcome::Refused(field, sentence) => shell::page_with_errors(&page(officer, id, vec![FieldError::new(field, &sentence)], None).await?),
    }
}

/// `POST /admin/officers/{id}`
pub async fn change(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let account = account_in(&fields)?;
    let outcome = app.clone().run(async move { officers::change(&app, by, id, &account).await }).await?;
    answer(&officer, id, outcome, "The account is changed.").await
}

/// `POST /admin/officers/{id}/disable`
pub async fn disable(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    set_disabled(officer, id.into_inner(), fields, true).await
}

/// `POST /admin/officers/{id}/enable`
pub async fn enable(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    set_disabled(officer, id.into_inner(), fields, false).await
}

async fn set_disabled(officer: Officer, id: i64, fields: Fields, disabled: bool) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by) = (officer.app().clone(), officer.row.id);
    let outcome = app.clone().run(async move { officers::set_disabled(&app, by, id, disabled).await }).await?;
    let done = if disabled { "The account is disabled and signed out everywhere. You can enable it again below." } else { "The account is enabled again." };
    answer(&officer, id, outcome, done).await
}

/// `POST /admin/officers/{id}/away`
pub async fn away(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let (day, cover) = (fields.one("away_until").trim(), fields.one("cover").parse().ok());
    let until = end_of(day);
    if !day.is_empty() && until.is_none() {
        let refused = ChangeOutcome::Refused("away_until", "Enter the last day of the leave, or leave it empty".to_owned());
        return answer(&officer, id, refused, "").await;
    }
    let cover = cover.filter(|_| until.is_some());
    let outcome = app.clone().run(async move { officers::set_away(&app, by, id, until, cover).await }).await?;
    answer(&officer, id, outcome, if until.is_some() { "The leave is noted." } else { "They are back." }).await
}

/// `POST /admin/officers/{id}/reset-link`
pub async fn reset_link(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    if !officer.app().config().security.local_accounts {
        return Err(AppError::Invalid("Nobody has a password here: everybody signs in with their force account.".to_owned()));
    }
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let link = app.clone().run(async move { officers::reset_link(&app, by, id).await }).await?.ok_or(AppError::NotFound)?;
    shell::page(&page(&officer, id, Vec::new(), Some(link)).await?)
}

/// `POST /admin/officers/{id}/reset-codes`
pub async fn reset_codes(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let had = app.clone().run(async move { officers::reset_second_step(&app, by, id).await }).await?;
    let done = if had { "Their codes are taken away. They sign in with their password and set up the app again." } else { "They have no codes set up." };
    answer(&officer, id, ChangeOutcome::Done, done).await
}

/// `POST /admin/officers/{id}/end-sessions`
pub async fn end_sessions(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let here = officer.visitor.session.as_ref().map(|session| session.row.id).filter(|_| by == id);
    let known = app
        .clone()
        .run(async move {
            let known = accounts::find_officer(&mut app.read().await?, id).await?.is_some();
            if known {
                sessions::end_all(&app, by, id, here).await?;
            }
            Ok::<_, AppError>(known)
        })
        .await?;
    answer(&officer, id, if known { ChangeOutcome::Done } else { ChangeOutcome::Nobody }, "They are signed out.").await
}
