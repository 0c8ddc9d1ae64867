//! Pausing, going on and taking back; and quiet hours that begin while an alert goes out.
//!
//! The act itself is one row: from its commit on nothing more of the alert is claimed or handed over. What waits is then moved
//! out of the queue, or back into it, chunk by chunk by whichever node gets to it.

use diesel::QueryResult;

use super::publish;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::alert::{AlertStatus, Hold, Urgency};
use crate::domain::delivery::Purpose;
use crate::domain::officer::Role;
use crate::domain::quiet::{self, Start};
use crate::store::accounts::OfficerRow;
use crate::store::alerts::AlertRow;
use crate::store::views::audience;
use crate::store::wake::Change;
use crate::store::{Conn, alert_holds, alerts, fan_out};

/// What an officer wants of an alert that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing more leaves until further notice.
    Pause,
    /// It goes on; what was taken back as well.
    Resume,
    /// Nothing more leaves, and it goes from the public page.
    TakeBack,
}

/// Why it is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It stands so already.
    Already,
    /// Nothing of it waits any more.
    Over,
    /// It was taken back.
    TakenBack,
    /// It waits for quiet hours to end.
    Quiet,
}

impl Refusal {
    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Already => "It is so already. Nothing was changed.",
            Self::Over => "Everything has left already: there is nothing to hold.",
            Self::TakenBack => "It was taken back. To send the rest after all, let it go on.",
            Self::Quiet => "It waits for quiet hours to end, and goes on by itself.",
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub enum HoldOutcome {
    /// It stands so now.
    Done(Box<AlertRow>),
    /// It does not, for this reason.
    Refused(Refusal),
}

/// Who may hold an alert: its owner, who supervises its team, the duty desk, and the media team, in whose officers' names it may have gone out.
pub fn may(officer: &OfficerRow, alert: &AlertRow) -> bool {
    let team = alert.team_id.is_some() && alert.team_id == officer.team_id;
    match officer.role.parse() {
        Ok(Role::Press | Role::DutyDesk) => true,
        Ok(Role::Supervisor) => team || alert.owner_id == officer.id,
        Ok(Role::Officer) => alert.owner_id == officer.id,
        _ => false,
    }
}

/// Decides: the hold and the status that follow. `waits` tells whether any copy has not left.
pub fn decide(alert: &AlertRow, wish: Wish, waits: bool) -> Result<(Option<Hold>, AlertStatus), Refusal> {
    let status: AlertStatus = alert.status.parse().unwrap_or(AlertStatus::Live);
    let hold: Option<Hold> = alert.hold.as_deref().and_then(|word| word.parse().ok());
    match (wish, hold) {
        (Wish::Pause, Some(Hold::Paused)) | (Wish::TakeBack, Some(Hold::TakenBack)) | (Wish::Resume, None) => Err(Refusal::Already),
        (Wish::Pause, Some(Hold::TakenBack)) => Err(Refusal::TakenBack),
        (Wish::Resume, Some(Hold::Quiet)) => Err(Refusal::Quiet),
        (Wish::Pause, _) if !waits => Err(Refusal::Over),
        (Wish::Pause, _) => Ok((Some(Hold::Paused), status)),
        (Wish::TakeBack, _) => Ok((Some(Hold::TakenBack), AlertStatus::TakenBack)),
        (Wish::Resume, Some(Hold::Paused)) => Ok((None, status)),
        (Wish::Resume, Some(Hold::TakenBack)) => Ok((None, before(alert))),
    }
}

/// Where it stood before it was taken back.
fn before(alert: &AlertRow) -> AlertStatus {
    match alert {
        _ if alert.closed_at.is_some() => AlertStatus::Closed,
        _ if alert.published_at.is_none() => AlertStatus::Scheduled,
        _ if alert.fanned_out_at.is_none() => AlertStatus::Publishing,
        _ => AlertStatus::Live,
    }
}

/// Until when all copies of an alert are worth sending; none while they are being queued.
pub fn worth_until(alert: &AlertRow) -> Option<At> {
    let urgency = alert.urgency.parse().unwrap_or(Urgency::Routine);
    let queued_at = alert.fanned_out_at?;
    Some(alert.starts_at.unwrap_or(queued_at).max(queued_at).plus_ms(Purpose::Alert.lasts_ms(urgency)))
}

/// Does it. From the answer on nothing more leaves, or it goes on.
pub async fn act(app: &App, alert_id: i64, wish: Wish, actor: &Actor) -> QueryResult<HoldOutcome> {
    let now = app.now();
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| act_in(conn, app, alert_id, wish, actor).await).await?;
    if let HoldOutcome::Done(alert) = &outcome {
        // What is leased is settled before the answer: no dispatcher can hand it over any more. So are the first of the others.
        conn.transaction(async |conn| alert_holds::settle(conn, alert_id, chunk(app), now).await).await?;
        drop(conn);
        app.tallies().forget(alert_id);
        tracing::info!(alert.reference, alert.hold, "an alert was held, or let go on");
        app.wake().fan_out();
        app.wake().outbox();
        tell(app, alert);
    }
    Ok(outcome)
}

async fn act_in(conn: &mut Conn, app: &App, alert_id: i64, wish: Wish, actor: &Actor) -> QueryResult<HoldOutcome> {
    let alert = alert_holds::lock(conn, alert_id).await?;
    let waits = alert.fanned_out_at.is_none() || alert_holds::any_waits(conn, alert_id).await?;
    let (hold, status) = match decide(&alert, wish, waits) {
        Ok(next) => next,
        Err(refusal) => return Ok(HoldOutcome::Refused(refusal)),
    };
    // In quiet hours it goes on when they are over: nobody is woken between this commit and the next look at the clock.
    let urgency = alert.urgency.parse().unwrap_or(Urgency::Routine);
    let is_quiet = status != AlertStatus::Scheduled && app.config().quiet_hours.over_at(urgency, app.now()).is_some();
    let hold = hold.or(is_quiet.then_some(Hold::Quiet));
    alert_holds::set(conn, alert_id, hold, status, app.now()).await?;
    let action = match wish {
        Wish::Pause => "alert.pause",
        Wish::Resume => "alert.resume",
        Wish::TakeBack => "alert.take_back",
    };
    let detail = serde_json::json!({ "before": alert.hold });
    audit::note(conn, app.ids(), app.now(), actor, action, ("alert", Some(alert_id)), detail).await?;
    alerts::get(conn, alert_id).await.map(|alert| HoldOutcome::Done(Box::new(alert)))
}

/// So many at a time: with one writer, others wait for it.
fn chunk(app: &App) -> i64 {
    if fan_out::is_single(app.db()) { 1_000 } else { 10_000 }
}

fn tell(app: &App, alert: &AlertRow) {
    app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
}

/// One step: begins what is due, heeds quiet hours, and moves one chunk of what does not stand as its hold says. Gives whether
/// there was any such chunk.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    let (now, since) = (app.now(), app.now().minus_days(WAITING_DAYS));
    let work = alert_holds::look(&mut app.read().await?, since, now).await?;
    // What cannot begin keeps nobody from being hushed, and nothing that is held from being settled.
    if work.due {
        begin_due(app, now).await;
    }
    let heeded = heed_quiet(app, work.quiet).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "quiet hours could not be heeded; they are looked at again");
        false
    });
    if work.stray {
        alert_holds::note_stray(&mut app.write().await?, since).await?;
    }
    if !(work.unsettled || work.stray || heeded) {
        return Ok(false);
    }
    let unsettled = alert_holds::list_unsettled(&mut app.read().await?).await?;
    let Some(first) = unsettled.first() else { return Ok(false) };
    let mut conn = app.write().await?;
    conn.transaction(async |conn| alert_holds::settle(conn, *first, chunk(app), app.now()).await).await?;
    let alert = alerts::get(&mut conn, *first).await?;
    drop(conn);
    if alert.hold.is_none() {
        app.wake().outbox();
        app.wake().fan_out();
    }
    tell(app, &alert);
    Ok(true)
}

/// How long what an alert queued can still be waiting.
const WAITING_DAYS: i64 = 30;

/// Holds what goes out in quiet hours, and lets it go on after them: nothing is written in the daytime but for what they held.
/// Gives whether that changed anything.
async fn heed_quiet(app: &App, held: bool) -> QueryResult<bool> {
    let (now, mut heeded) = (app.now(), false);
    for urgency in [Urgency::Routine, Urgency::Urgent] {
        let quiet = app.config().quiet_hours.over_at(urgency, now).is_some();
        let changed = if quiet {
            // A look a second needs no writer.
            if !alert_holds::is_loud(&mut app.read().await?, urgency.as_str(), now.minus_days(WAITING_DAYS)).await? {
                continue;
            }
            alert_holds::hush(&mut app.write().await?, urgency.as_str(), now.minus_days(WAITING_DAYS), now).await?
        } else if held {
            alert_holds::unhush(&mut app.write().await?, urgency.as_str()).await?
        } else {
            0
        };
        heeded |= changed > 0;
        if changed > 0 {
            tracing::info!(urgency = urgency.as_str(), alerts = changed, quiet, "quiet hours for alerts that go out");
        }
    }
    Ok(heeded)
}

/// Begins each alert whose hour has come; one that cannot is tried again.
async fn begin_due(app: &App, now: At) {
    let due = async { alert_holds::list_due(&mut app.read().await?, now).await };
    let due = due.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "which alerts are due cannot be read; it is tried again");
        Vec::new()
    });
    for id in due {
        match begin(app, id, now).await {
            Ok(Some(alert)) => {
                tracing::info!(alert.reference, "an alert's hour has come");
                app.wake().fan_out();
                tell(app, &alert);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(alert = id, %error, "an alert whose hour has come could not begin; it is tried again"),
        }
    }
}

/// Begins an alert whose hour has come, unless it is quiet then.
async fn begin(app: &App, id: i64, now: At) -> QueryResult<Option<AlertRow>> {
    let mut conn = app.read().await?;
    let alert = alerts::get(&mut conn, id).await?;
    let urgency = alert.urgency.parse().unwrap_or(Urgency::Routine);
    if let Start::Then(at, why) = quiet::decide(&app.config().quiet_hours, urgency, None, now) {
        drop(conn);
        alert_holds::put_off(&mut app.write().await?, id, at, why.as_str()).await?;
        return Ok(None);
    }
    let areas = alerts::list_areas(&mut conn, id).await?.into_iter().map(|(id, _)| id).collect();
    let groups = alerts::list_groups(&mut conn, id).await?.into_iter().map(|(id, _)| id).collect();
    let wanted = publish::wanted(app, areas, groups, audience::highest_address(&mut conn).await?);
    // A million take a second to count: not while others wait for the only writer.
    let reach = publish::reach(&mut conn, &wanted, false).await?;
    drop(conn);
    let begun = alert_holds::begin(&mut app.write().await?, id, wanted.mark, reach.addresses(), (reach.sms, reach.email), now).await?;
    Ok((begun > 0).then_some(alert))
}
