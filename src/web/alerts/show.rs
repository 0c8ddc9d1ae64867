//! `/alerts/{reference}`: what was said to whom, how far it has come, what is in doubt.

use std::ops::Deref;

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::Datelike;
use chrono_tz::Europe::London;
use diesel::QueryResult;

use super::Exclusion;
use super::list::{AlertRow, copies};
use super::outcome::{Told, told_of};
use crate::app::App;
use crate::audit::Actor;
use crate::domain::At;
use crate::domain::address::{mask, masked_in};
use crate::domain::alert::{AlertStatus, Hold, Urgency};
use crate::domain::delivery::Status;
use crate::domain::officer::Role;
use crate::domain::quiet::Wait;
use crate::outbound::compose;
use crate::outbound::forecast::{Forecast, Known, forecast};
use crate::outbound::hold::{self, HoldOutcome, Refusal, Wish};
use crate::outbound::outcome::{self, CloseOutcome, SHOWN_DAYS};
use crate::outbound::progress::Copies;
use crate::outbound::standing::NOT_SENDING;
use crate::store::alerts::AlertRow as Stored;
use crate::store::deliveries::DoubtfulRow;
use crate::store::views::alerts::{self as figures, FailureRow, StatusCount};
use crate::store::views::tally::Tally;
use crate::store::{Conn, alert_closings, alerts, deliveries, gates, notices};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::inbox::list::channel_word;
use crate::web::shell::{self, Shell, When};

/// More than so many of a kind are not shown; the page says so.
const MOST_DOUBTS: i64 = 500;

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
    /// It was closed a short while ago, by a hand that may open it again.
    can_reopen: bool,
    /// For so many days what came of it is shown, and it can be opened again.
    shown_days: i64,
    /// What is in doubt is sent once more.
    sent_again: bool,
    /// What may be done about what has not left.
    acts: Vec<HoldAct>,
    /// Why nothing was told of it, if it was closed so, and when.
    closing: Option<(String, When)>,
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

/// A button.
struct HoldAct {
    act: &'static str,
    label: &'static str,
}

struct Progress {
    total: i64,
    copies: Copies,
    finished: bool,
    taken_back: bool,
    /// In the areas, and got no copy or is still to be looked at: so that all of it adds up.
    addresses: i64,
    left_out: i64,
    to_come: i64,
    /// Why some failed, and how many.
    reasons: Vec<(String, i64)>,
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
    let closing = alert_closings::find(&mut conn, alert.id).await?.map(|row| (row.reason, When::at(row.created_at, app.now())));
    drop(conn);
    let part = part(app, &alert).await?;
    let part_waits = part.progress.to_come > 0 || !part.progress.finished;
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
        closing,
        can_close: mine && officer.role.writes_alerts() && alert.status == "live",
        can_reopen: mine && officer.role.writes_alerts() && alert.closed_at.is_some_and(|at| at >= app.now().minus_days(SHOWN_DAYS)),
        shown_days: SHOWN_DAYS,
        sent_again: alert.send_again_on_doubt,
        acts: if hold::may(&officer.row, &alert) { acts(&alert, part_waits) } else { Vec::new() },
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

/// The acts that would change something.
fn acts(alert: &Stored, waits: bool) -> Vec<HoldAct> {
    let all = [(Wish::Resume, "resume", "Let it go on"), (Wish::Pause, "pause", "Pause"), (Wish::TakeBack, "take_back", "Take back")];
    let may = |wish: &Wish| hold::decide(alert, *wish, waits).is_ok();
    all.into_iter().filter(|(wish, ..)| may(wish)).map(|(_, act, label)| HoldAct { act, label }).collect()
}

async fn part(app: &App, alert: &Stored) -> Result<ProgressPart, AppError> {
    let now = app.now();
    let tally = app.tallies().get(app.db(), alert.id).await?;
    let mut conn = app.read().await?;
    let row = figures::get(&mut conn, alert.id).await?.ok_or(AppError::NotFound)?;
    let doubtful = deliveries::list_doubtful(&mut conn, alert.id, MOST_DOUBTS).await?.iter().map(|doubtful| doubt(doubtful, now)).collect();
    let in_doubt = if tally.of(Status::Unconfirmed.as_str()) > 0 { deliveries::count_doubtful(&mut conn, alert.id).await? } else { Vec::new() };
    let left_out = alerts::list_exclusions(&mut conn, alert.id).await?.iter().map(|(_, count)| count).sum();
    let not_sending = notices::list_of_kind(&mut conn, NOT_SENDING).await?;
    let unanswered = match tally.of(Status::Sending.as_str()) {
        0 => 0,
        _ => figures::unanswered(&mut conn, alert.id, now.plus_ms(-ANSWERED_MS)).await?,
    };
    let mut copies = copies(&row, &tally);
    let ahead = match tally.per_ks {
        Some(0) | None if copies.waiting > 0 => figures::ahead_of(&mut conn, alert.id, now.minus_days(QUEUED_DAYS)).await?,
        _ => None,
    };
    let patience = patience(app, &mut conn, &tally).await?;
    drop(conn);
    let failures = if copies.failed > 0 { app.tallies().failures(app.db(), alert.id).await? } else { Vec::new() };
    copies = copies.with_left(failures.iter().map(|row| row.had_left).sum::<i64>().min(copies.failed));
    let mut progress = add_up(alert, &tally.counts, copies, left_out, now);
    progress.reasons = failures.iter().take(MOST_REASONS).map(|row| (reason(row), row.count)).collect();
    tell_doubts(&mut progress, &in_doubt);
    tell_unanswered(&mut progress, unanswered);
    let meant = app.channels().first_of("sms").map(|channel| channel.name.clone());
    for count in tally.counts.iter().filter(|count| count.channel_kind == "sms" && Some(&count.channel) != meant.as_ref()) {
        match progress.fallbacks.iter_mut().find(|(channel, _)| *channel == count.channel) {
            Some((_, sum)) => *sum += count.count,
            None => progress.fallbacks.push((count.channel.clone(), count.count)),
        }
    }
    let coming_back = alert.unsettled && alert.hold.is_none();
    let left = ["sms", "email"].map(|kind| waiting(&tally.counts, kind, coming_back));
    let known = Known {
        starts_at: alert.starts_at,
        hold: alert.hold.as_deref().and_then(|word| word.parse().ok()),
        quiet_until: app.config().quiet_hours.over_at(alert.urgency.parse().unwrap_or(Urgency::Routine), now),
        left: still_to_leave(alert, &tally.counts, left),
        agreed_per_s: agreed_per_s(app),
        measured_per_ks: tally.per_ks,
        // Of a channel that some of it waits for.
        refused: not_sending.iter().any(|notice| tally.counts.iter().any(|count| count.channel == notice.subject && WAITING.contains(&count.status.as_str()))),
        patience,
        behind: ahead.is_some(),
    };
    let forecast = forecast(&known, alert.status == AlertStatus::Scheduled.as_str());
    progress.estimate = match hold::worth_until(alert) {
        // An officer who lets it go on would find that nothing leaves.
        Some(until) if until <= now && waits(&known) => format!("its time was over {}: what waits is not sent any more", on(until, now)),
        _ => match (forecast, ahead) {
            (Forecast::Behind, Some(ahead)) => format!("waiting: alert {ahead} goes first"),
            // Nothing new leaves before these are settled.
            (Forecast::Still, _) if tally.of(Status::Sending.as_str()) > 0 => "waiting: the provider has not answered yet".to_owned(),
            (forecast, _) => sentence(forecast, alert.starts_why.as_deref(), now),
        },
    };
    Ok(ProgressPart { a: AlertRow::of(row, &tally, now), progress, doubtful })
}

/// A hand-over that began so long ago is in doubt: providers are not waited for any longer.
const ANSWERED_MS: i64 = 30_000;
/// How long what an alert queued can still be waiting.
const QUEUED_DAYS: i64 = 30;
/// So many reasons are shown, the commonest.
const MOST_REASONS: usize = 10;

/// Until when the provider of what waits asked for patience, by our clock.
async fn patience(app: &App, conn: &mut Conn, tally: &Tally) -> QueryResult<Option<At>> {
    let mut channels: Vec<&str> = tally.counts.iter().filter(|count| count.status == Status::Queued.as_str()).map(|count| count.channel.as_str()).collect();
    channels.dedup();
    let mut last = None;
    for channel in channels {
        let Some((gate, clock)) = gates::find(conn, channel).await? else { continue };
        let until = gate.paused_until.filter(|until| *until > clock).map(|until| app.now().plus_ms(until.since_ms(clock)));
        last = last.max(until);
    }
    Ok(last)
}

/// Why copies failed, in the provider's words.
fn reason(failure: &FailureRow) -> String {
    match (failure.detail.as_deref().map(masked_in), failure.code.as_deref()) {
        (Some(detail), Some(code)) if !detail.trim().is_empty() => format!("{detail} ({code})"),
        (Some(detail), None) if !detail.trim().is_empty() => detail,
        (_, Some(code)) => code.to_owned(),
        (_, None) => "No reason was given".to_owned(),
    }
}

/// Parts those whose provider is asked from those whose provider is just being called.
fn tell_unanswered(progress: &mut Progress, unanswered: i64) {
    let Some(place) = progress.rows.iter().position(|row| row.status == Status::Sending.as_str()) else { return };
    let Some(row) = progress.rows.get_mut(place) else { return };
    // All of a provider's that hangs: seldom are there any of the other kind.
    let sms = row.sms.min(unanswered);
    let asked = StatusRow {
        status: "unanswered",
        label: "Hand-over in doubt",
        sms,
        email: row.email.min(unanswered - sms),
        explain: "The provider did not answer, or we were cut off: it is asked whether it has them",
    };
    (row.sms, row.email) = (row.sms - asked.sms, row.email - asked.email);
    if asked.sms + asked.email == 0 {
        return;
    }
    if row.sms + row.email == 0 {
        *row = asked;
    } else {
        progress.rows.insert(place + 1, asked);
    }
}

/// How many texts and mails may be handed over in a second.
pub fn agreed_per_s(app: &App) -> [i64; 2] {
    ["sms", "email"].map(|kind| app.channels().first_of(kind).map_or(1, |channel| i64::from(channel.rate_per_s.max(1))))
}

/// Whether something is held that has not left.
fn waits(known: &Known) -> bool {
    known.hold.is_some() && known.left.iter().sum::<i64>() > 0
}

/// Parts those that no carrier told of from those that are in doubt: they are many, and nothing was interrupted.
fn tell_doubts(progress: &mut Progress, in_doubt: &[(String, i64)]) {
    let of = |kind: &str| in_doubt.iter().filter(|(of, _)| of == kind).map(|(_, count)| count).sum::<i64>();
    let Some(place) = progress.rows.iter().position(|row| row.status == Status::Unconfirmed.as_str()) else { return };
    let Some(row) = progress.rows.get_mut(place) else { return };
    let (sms, email) = (row.sms.min(of("sms")), row.email.min(of("email")));
    let silent = StatusRow {
        status: "no_receipt",
        label: "No receipt",
        sms: row.sms - sms,
        email: row.email - email,
        explain: "The provider took it and told nothing more in three days; most of these arrive",
    };
    (row.sms, row.email) = (sms, email);
    if sms + email == 0 {
        *row = silent;
    } else if silent.sms + silent.email > 0 {
        progress.rows.insert(place + 1, silent);
    }
}

/// What has not left.
const WAITING: [&str; 4] = ["queued", "held", "leased", "sending"];

/// `coming_back` tells that what was taken back goes into the queue again.
fn waiting(counts: &[StatusCount], kind: &str, coming_back: bool) -> i64 {
    let waits = |status: &str| WAITING.contains(&status) || (coming_back && status == Status::Cancelled.as_str());
    counts.iter().filter(|count| count.channel_kind == kind && waits(&count.status)).map(|count| count.count).sum()
}

/// With what the fan-out has still to queue.
fn still_to_leave(alert: &Stored, counts: &[StatusCount], [sms, email]: [i64; 2]) -> [i64; 2] {
    if alert.fanned_out_at.is_some() {
        return [sms, email];
    }
    let queued = |kind: &str| counts.iter().filter(|count| count.channel_kind == kind).map(|count| count.count).sum::<i64>();
    [sms + (alert.expected_sms - queued("sms")).max(0), email + (alert.expected_email - queued("email")).max(0)]
}

fn doubt(doubtful: &DoubtfulRow, now: At) -> DoubtRow {
    let delivery = &doubtful.delivery;
    DoubtRow {
        address: mask(&delivery.address),
        channel: channel_word(&delivery.channel_kind),
        when: When::at(delivery.sending_at.unwrap_or(delivery.created_at), now),
        text: match &delivery.error_detail {
            _ if doubtful.sent_again => "It may have arrived twice: it was sent again, as this alert says".to_owned(),
            Some(detail) => masked_in(detail),
            None => "It may or may not have arrived".to_owned(),
        },
    }
}

fn add_up(alert: &Stored, counts: &[StatusCount], copies: Copies, left_out: i64, now: At) -> Progress {
    let of = |status: Status, kind: &str| {
        counts.iter().filter(|count| count.status == status.as_str() && count.channel_kind == kind).map(|count| count.count).sum::<i64>()
    };
    let queued_so_far: i64 = counts.iter().map(|count| count.count).sum();
    // While the fan-out runs, what is still to be queued is known from the frozen audience.
    let to_come = if alert.fanned_out_at.is_some() { 0 } else { (alert.expected_sms + alert.expected_email - queued_so_far).max(0) };
    let total = queued_so_far + to_come;
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
    Progress {
        total,
        copies,
        finished: alert.fanned_out_at.is_some() && copies.waiting == 0,
        taken_back: alert.status == AlertStatus::TakenBack.as_str(),
        addresses: alert.audience_size.max(total + left_out),
        left_out,
        to_come,
        reasons: Vec::new(),
        rows,
        fallbacks: Vec::new(),
        as_of: When::at(now, now),
        estimate: String::new(),
    }
}

/// For people. No promise that cannot be kept.
fn sentence(forecast: Forecast, why: Option<&str>, now: At) -> String {
    match forecast {
        Forecast::Out => String::new(),
        Forecast::Begins(at) if why == Some(Wait::Quiet.as_str()) => format!("it goes out {} when quiet hours end", on(at, now)),
        Forecast::Begins(at) => format!("it goes out {} as asked", on(at, now)),
        Forecast::Paused => "paused: nothing leaves until it is let go on".to_owned(),
        Forecast::TakenBack => "taken back: nothing more leaves".to_owned(),
        Forecast::Quiet(Some(at)) => format!("quiet hours: it goes on {}", on(at, now)),
        Forecast::Quiet(None) => "quiet hours are over: it goes on".to_owned(),
        Forecast::Refused => "waiting: the provider does not take messages just now; what waits goes by itself once it does".to_owned(),
        Forecast::Patience(at) => format!("waiting: the provider asks for patience until {}", at.utc().with_timezone(&London).format("%H:%M:%S")),
        Forecast::Behind => "waiting: another alert goes first".to_owned(),
        Forecast::Still => "waiting: nothing has left in the last few seconds".to_owned(),
        Forecast::Measured(seconds) => format!("{} left at the rate of the last minute{}", about(seconds), done_at(seconds, now)),
        Forecast::Agreed(seconds) => format!("{} left at the agreed rate{}", about(seconds), done_at(seconds, now)),
    }
}

/// A time that can be passed on.
fn done_at(seconds: i64, now: At) -> String {
    if seconds <= 30 { String::new() } else { format!(", done {} or so", on(now.plus_ms(seconds.saturating_mul(1_000)), now)) }
}

/// `today at 08:00`, `tomorrow at 08:00`, `on 24 Nov at 08:00`, `on 24 Nov 2027 at 08:00`, in London.
pub fn on(at: At, now: At) -> String {
    let (then, today) = (at.utc().with_timezone(&London), now.utc().with_timezone(&London).date_naive());
    let time = then.format("%H:%M");
    match then.date_naive() {
        day if day == today => format!("today at {time}"),
        day if Some(day) == today.succ_opt() => format!("tomorrow at {time}"),
        day if day.year() != today.year() => format!("on {} at {time}", then.format("%-d %b %Y")),
        _ => format!("on {} at {time}", then.format("%-d %b")),
    }
}

/// `about 4 minutes`.
pub fn about(seconds: i64) -> String {
    match seconds {
        ..=5 => "a few seconds".to_owned(),
        6..=90 => format!("about {seconds} seconds"),
        91..=5_400 => format!("about {} minutes", (seconds + 30) / 60),
        _ => format!("about {} hours", (seconds + 1_800) / 3_600),
    }
}

const fn explain(status: Status) -> &'static str {
    match status {
        Status::Queued => "Waits for its turn",
        Status::Held => "Waits until the alert goes on",
        Status::Leased => "Taken by a worker",
        Status::Sending => "The provider is being called",
        Status::Accepted => "The provider has it; the phone or mailbox has not confirmed yet",
        Status::Delivered => "The carrier says that it arrived",
        Status::TemporaryFailure => "Tried until it was too late, or the network gave up; why is told below",
        Status::PermanentFailure => "Refused for good by the provider or the carrier; why is told below",
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
    let reason: String = fields.one("reason").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    let closed = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &found).await?.ok_or(AppError::NotFound)?;
            let mine = alert.owner_id == row.id || (alert.team_id.is_some() && alert.team_id == row.team_id);
            if mine { Ok(outcome::close(&app, &alert, &reason, row.id).await?) } else { Err(AppError::Forbidden) }
        })
        .await?;
    let page = format!("/alerts/{asked}");
    if closed == CloseOutcome::Unexplained {
        let notice = "It was not closed. Tell everyone who answered what came of it, or say under \u{201c}Close alert\u{201d} why nothing is told.";
        return Ok(shell::redirect_with(&page, notice));
    }
    Ok(shell::redirect_with(&page, "Closed. Replies still arrive. \u{201c}Reopen alert\u{201d} takes it back."))
}

/// `POST /alerts/{reference}/reopen`
pub async fn reopen(officer: Officer, reference: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::writes_alerts)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, asked) = (officer.app().clone(), officer.row.clone(), reference.into_inner());
    let found = asked.clone();
    let opened = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &found).await?.ok_or(AppError::NotFound)?;
            let mine = alert.owner_id == row.id || (alert.team_id.is_some() && alert.team_id == row.team_id);
            if mine { Ok(outcome::reopen(&app, &alert, row.id).await?) } else { Err(AppError::Forbidden) }
        })
        .await?;
    let notice = if opened {
        "Open again, and among the current alerts of the public page."
    } else {
        "It was not opened: an alert can be opened again for 14 days after it was closed."
    };
    Ok(shell::redirect_with(&format!("/alerts/{asked}"), notice))
}

/// `POST /alerts/{reference}/hold`: `act` is `pause`, `resume` or `take_back`.
pub async fn hold(officer: Officer, reference: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.require(Role::sees_volumes)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let asked_for = match fields.one("act") {
        "pause" => Some((Wish::Pause, "Paused. Nothing more leaves until it is let go on.")),
        "resume" => Some((Wish::Resume, "It goes on.")),
        "take_back" => Some((Wish::TakeBack, "Taken back. What had not left does not leave, and it is no longer on the public page.")),
        _ => None,
    };
    let (app, row, asked) = (officer.app().clone(), officer.row.clone(), reference.into_inner());
    let found = asked.clone();
    let outcome = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &found).await?.ok_or(AppError::NotFound)?;
            if !hold::may(&row, &alert) {
                return Err(AppError::Forbidden);
            }
            let (wish, done) = asked_for.ok_or(AppError::NotFound)?;
            Ok((hold::act(&app, alert.id, wish, &Actor::Officer(row.id)).await?, done))
        })
        .await?;
    let notice = match outcome {
        (HoldOutcome::Done(alert), _) if alert.hold.as_deref() == Some(Hold::Quiet.as_str()) => Refusal::Quiet.sentence(),
        (HoldOutcome::Done(_), done) => done,
        (HoldOutcome::Refused(refusal), _) => refusal.sentence(),
    };
    Ok(shell::redirect_with(&format!("/alerts/{asked}"), notice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_another_year_is_told_with_its_year() {
        let at = |text: &str| At::from(chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc());
        let now = at("2026-11-23T13:00:00Z");
        for (then, told) in [
            ("2026-11-23T14:00:00Z", "today at 14:00"),
            ("2026-11-24T08:00:00Z", "tomorrow at 08:00"),
            ("2026-12-24T08:00:00Z", "on 24 Dec at 08:00"),
            ("2027-02-01T08:00:00Z", "on 1 Feb 2027 at 08:00"),
        ] {
            assert_eq!(on(at(then), now), told);
        }
        assert_eq!(done_at(20, now), "");
        assert_eq!(done_at(3_600, now), ", done today at 14:00 or so");
    }
}
