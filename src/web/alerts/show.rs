//! `/alerts/{reference}`: what was said to whom, how far it has come, what is in doubt.

use std::ops::Deref;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::Exclusion;
use super::list::AlertRow;
use super::outcome::{Told, told_of};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::address::{mask, masked_in};
use crate::domain::delivery::Status;
use crate::domain::officer::Role;
use crate::outbound::compose;
use crate::outbound::standing::NOT_SENDING;
use crate::store::alerts::AlertRow as Stored;
use crate::store::deliveries::DeliveryRow;
use crate::store::views::alerts::{self as figures, StatusCount};
use crate::store::wake::Change;
use crate::store::{alerts, deliveries, notices};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::inbox::list::channel_word;
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "alerts/show.html")]
struct AlertPage {
    shell: Shell,
    a: AlertRow,
    sms_text: String,
    email_subject: String,
    email_body: String,
    areas: Vec<String>,
    groups: Vec<String>,
    progress: Progress,
    excluded: Vec<Exclusion>,
    doubtful: Vec<DoubtRow>,
    replies_href: String,
    can_close: bool,
    can_tell: bool,
    told: Vec<Told>,
}

#[derive(Template)]
#[template(path = "alerts/progress.html")]
struct ProgressOnly<'a>(&'a ProgressPart);

struct ProgressPart {
    a: AlertRow,
    progress: Progress,
    doubtful: Vec<DoubtRow>,
}

impl Deref for ProgressOnly<'_> {
    type Target = ProgressPart;
    fn deref(&self) -> &ProgressPart {
        self.0
    }
}

struct Progress {
    total: i64,
    done: i64,
    percent: i64,
    finished: bool,
    /// Of those that are done with: never handed over.
    not_sent: i64,
    rows: Vec<StatusRow>,
    /// What carried texts in place of the channel they were meant for, and how many.
    fallbacks: Vec<(String, i64)>,
    as_of: When,
    estimate: String,
}

struct StatusRow {
    status: &'static str,
    label: &'static str,
    sms: i64,
    email: i64,
    explain: &'static str,
}

struct DoubtRow {
    address: String,
    channel: &'static str,
    when: When,
    text: String,
}

/// `GET /alerts/{reference}`
pub async fn show(officer: Officer, reference: web::Path<String>) -> Result<HttpResponse, AppError> {
    officer.require(Role::sees_volumes)?;
    let app = officer.app().clone();
    let page = app.clone().run(async move { build(&app, officer, &reference).await }).await?;
    shell::page(&page)
}

async fn build(app: &App, officer: Officer, reference: &str) -> Result<AlertPage, AppError> {
    let shell = shell::officer(&officer.visitor, &officer.row, reference, "alerts").await?;
    let mut conn = app.read().await?;
    let alert = alerts::find_by_reference(&mut conn, reference).await?.ok_or(AppError::NotFound)?;
    let texts = alerts::list_texts(&mut conn, alert.id, alert.version).await?;
    let text = |kind: &str| texts.iter().find(|text| text.channel_kind == kind);
    let areas = alerts::list_areas(&mut conn, alert.id).await?.into_iter().map(|(_, name)| name).collect();
    let groups = alerts::list_groups(&mut conn, alert.id).await?.into_iter().map(|(_, name)| name).collect();
    let excluded = alerts::list_exclusions(&mut conn, alert.id).await?;
    let told = told_of(&mut conn, alert.id, app.now()).await?;
    drop(conn);
    let mut part = part(app, &alert).await?;
    part.a.recipients = part.progress.total;
    let mine = alert.owner_id == officer.row.id || (alert.team_id.is_some() && alert.team_id == officer.row.team_id);
    Ok(AlertPage {
        shell: Shell { title: alert.title.clone(), ..shell },
        sms_text: text("sms").map(|text| text.body.clone()).unwrap_or_default(),
        email_subject: text("email").map(|text| text.subject.clone()).unwrap_or_default(),
        email_body: text("email").map(|text| text.body.clone()).unwrap_or_default(),
        areas,
        groups,
        excluded: excluded.into_iter().map(|(word, count)| Exclusion { reason: compose::exclusion_sentence(&word), count }).collect(),
        // Whose address it was is for the officers who answer, not for the press.
        doubtful: if officer.row.reads_replies() { part.doubtful } else { Vec::new() },
        progress: part.progress,
        a: part.a,
        replies_href: format!("/inbox?view={}&alert={}", if alert.owner_id == officer.row.id { "mine" } else { "team" }, alert.reference),
        can_close: mine && alert.status == "live",
        can_tell: mine && officer.role.writes_alerts(),
        told,
    })
}

/// `GET /alerts/{reference}/progress`: the moving part alone.
pub async fn progress(officer: Officer, reference: web::Path<String>) -> Result<HttpResponse, AppError> {
    officer.require(Role::sees_volumes)?;
    let app = officer.app().clone();
    let mut part = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &reference).await?.ok_or(AppError::NotFound)?;
            part(&app, &alert).await
        })
        .await?;
    if !officer.row.reads_replies() {
        part.doubtful.clear();
    }
    shell::page(&ProgressOnly(&part))
}

async fn part(app: &App, alert: &Stored) -> Result<ProgressPart, AppError> {
    let now = app.now();
    let mut conn = app.read().await?;
    let counts = figures::progress(&mut conn, alert.id).await?;
    let row = figures::get(&mut conn, alert.id).await?.ok_or(AppError::NotFound)?;
    let doubtful = deliveries::list_doubtful(&mut conn, alert.id).await?.iter().map(|delivery| doubt(delivery, now)).collect();
    let not_sending = notices::list_of_kind(&mut conn, NOT_SENDING).await?;
    let mut progress = add_up(app, alert, &counts, now);
    let meant = app.channels().first_of("sms").map(|channel| channel.name.clone());
    progress.fallbacks = figures::routes(&mut conn, alert.id).await?.into_iter().filter(|(channel, _)| Some(channel) != meant.as_ref()).collect();
    if !progress.finished && !not_sending.is_empty() {
        // No promise that cannot be kept.
        "some wait: their provider does not take messages just now; they go as soon as it does".clone_into(&mut progress.estimate);
    }
    Ok(ProgressPart { a: AlertRow::of(row, now), progress, doubtful })
}

fn doubt(delivery: &DeliveryRow, now: At) -> DoubtRow {
    DoubtRow {
        address: mask(&delivery.address),
        channel: channel_word(&delivery.channel_kind),
        when: When::at(delivery.sending_at.unwrap_or(delivery.created_at), now),
        text: delivery.error_detail.as_deref().map_or_else(|| "It may or may not have arrived".to_owned(), masked_in),
    }
}

fn add_up(app: &App, alert: &Stored, counts: &[StatusCount], now: At) -> Progress {
    let of = |status: Status, kind: &str| {
        counts.iter().filter(|count| count.status == status.as_str() && count.channel_kind == kind).map(|count| count.count).sum::<i64>()
    };
    let queued_so_far: i64 = counts.iter().map(|count| count.count).sum();
    // While the fan-out runs, what is still to be queued is known from the frozen audience.
    let total = if alert.fanned_out_at.is_some() { queued_so_far } else { queued_so_far.max(alert.expected_sms + alert.expected_email) };
    let waiting = |kind: &str| [Status::Queued, Status::Leased, Status::Sending].iter().map(|status| of(*status, kind)).sum::<i64>();
    let (left_sms, left_email) = (waiting("sms"), waiting("email"));
    let done = (queued_so_far - left_sms - left_email).max(0);
    let finished = alert.fanned_out_at.is_some() && done == total;
    let not_sent = [Status::TechnicalFailure, Status::TemporaryFailure, Status::Suppressed, Status::Expired, Status::Cancelled]
        .iter()
        .map(|status| of(*status, "sms") + of(*status, "email"))
        .sum();
    let rows = Status::ALL
        .iter()
        .map(|status| StatusRow {
            status: status.as_str(),
            label: status.label(),
            sms: of(*status, "sms"),
            email: of(*status, "email"),
            explain: explain(*status),
        })
        .filter(|row| row.sms + row.email > 0)
        .collect();
    let seconds = |kind: &str, left: i64| app.channels().first_of(kind).map_or(0, |channel| left / i64::from(channel.rate_per_s.max(1)));
    let estimate = if finished { String::new() } else { about(seconds("sms", left_sms).max(seconds("email", left_email))) };
    Progress {
        total,
        done,
        percent: if total == 0 { 100 } else { done * 100 / total },
        finished,
        not_sent,
        rows,
        fallbacks: Vec::new(),
        as_of: When::at(now, now),
        estimate,
    }
}

fn about(seconds: i64) -> String {
    match seconds {
        ..=5 => "a few seconds left at the agreed rate".to_owned(),
        6..=90 => format!("about {seconds} seconds left at the agreed rate"),
        91..=5_400 => format!("about {} minutes left at the agreed rate", (seconds + 30) / 60),
        _ => format!("about {} hours left at the agreed rate", (seconds + 1_800) / 3_600),
    }
}

const fn explain(status: Status) -> &'static str {
    match status {
        Status::Queued => "Waits for its turn",
        Status::Leased => "Taken by a worker",
        Status::Sending => "The provider is being called",
        Status::Accepted => "The provider has it; the phone or mailbox has not confirmed yet",
        Status::Delivered => "The carrier says that it arrived",
        Status::TemporaryFailure => "Tried for a day, or the network gave up",
        Status::PermanentFailure => "The address does not work",
        Status::TechnicalFailure => "Our configuration or content: an administrator should look",
        Status::Unconfirmed => "We were interrupted: it may or may not have arrived",
        Status::Suppressed => "They opted out after it was queued, or the number is not theirs any more",
        Status::Expired => "Its time ran out",
        Status::Cancelled => "Taken back",
    }
}

/// `POST /alerts/{reference}/close`
pub async fn close(officer: Officer, reference: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, asked) = (officer.app().clone(), officer.row.clone(), reference.into_inner());
    let found = asked.clone();
    app.clone()
        .run(async move {
            let mut conn = app.write().await?;
            let alert = alerts::find_by_reference(&mut conn, &found).await?.ok_or(AppError::NotFound)?;
            let mine = alert.owner_id == row.id || (alert.team_id.is_some() && alert.team_id == row.team_id);
            if !mine {
                return Err(AppError::Forbidden);
            }
            conn.transaction(async |conn| {
                if alerts::close(conn, alert.id, app.now()).await? > 0 {
                    let subject = ("alert", Some(alert.id));
                    audit::note(conn, app.ids(), app.now(), &Actor::Officer(row.id), "alert.close", subject, serde_json::json!({})).await?;
                }
                Ok::<_, AppError>(())
            })
            .await?;
            drop(conn);
            app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference), conversation: None });
            Ok(())
        })
        .await?;
    Ok(shell::redirect_with(&format!("/alerts/{asked}"), "Closed. It is no longer on the public page; replies still arrive."))
}
