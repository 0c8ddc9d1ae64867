//! The fan-out: a published alert becomes deliveries, chunk by chunk, within the database (`store::fan_out`).
//!
//! The first chunk is small, so that the first copies leave at once; the next are as large as fit into a moment, so that an
//! urgent alert need not wait behind a large one and, on SQLite, whoever else writes is not held up. Each commits by itself
//! and may leave at once; a worker that dies is followed by another at the cursor.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use tokio::time::Instant;

use super::publish;
use crate::app::App;
use crate::channels::registry::ChannelKind;
use crate::domain::alert::Urgency;
use crate::domain::delivery::Purpose;
use crate::store::alerts::{self, AlertRow};
use crate::store::fan_out::{self, Chunk, From, SmsWay, Ways};
use crate::store::wake::Change;

/// Longer than a chunk takes, and renewed with each. While one is made nobody else takes it, however long that lasts: its alert
/// is locked.
const LEASE_MS: i64 = 10_000;
const FIRST_CHUNK: u32 = 1_000;
/// With one writer: webhooks wait for it. Else: an urgent alert does.
const MOMENT_ALONE: Duration = Duration::from_millis(40);
const MOMENT: Duration = Duration::from_millis(250);
const LEAST: u32 = 100;
const MOST_ALONE: u32 = 5_000;
const MOST: u32 = 25_000;

/// How many addresses are dealt with at a time.
#[derive(Debug)]
pub struct Pace {
    size: AtomicU32,
    most: u32,
    moment: Duration,
}

impl Pace {
    /// For this database.
    pub fn of(app: &App) -> Self {
        let (most, moment) = if fan_out::is_single(app.db()) { (MOST_ALONE, MOMENT_ALONE) } else { (MOST, MOMENT) };
        Self { size: AtomicU32::new(FIRST_CHUNK), most, moment }
    }

    fn size(&self, cursor: i64) -> u32 {
        let size = self.size.load(Ordering::Relaxed);
        if cursor == 0 { size.min(FIRST_CHUNK) } else { size }
    }

    /// So many took so long: the next may be as large as fits into the moment, growing at most twofold.
    fn took(&self, count: u32, time: Duration) {
        let size = self.size.load(Ordering::Relaxed);
        let fitting = u128::from(count) * self.moment.as_micros() / time.as_micros().max(1);
        let next = u32::try_from(fitting).unwrap_or(u32::MAX).min(size.saturating_mul(2)).clamp(LEAST, self.most);
        // A chunk that was cut short by the end of its audience says nothing of larger ones.
        if count >= size || next < size {
            self.size.store(next, Ordering::Relaxed);
        }
    }
}

/// What copies go out by, as configured.
pub(super) fn ways(app: &App) -> Ways {
    let sms = app.channels().first_of("sms").and_then(|channel| match &channel.kind {
        ChannelKind::Sms { settings, .. } => {
            let pool: Vec<String> = settings.numbers.iter().map(|number| number.e164().to_owned()).collect();
            let from = settings.sender.clone().map(From::Name).or_else(|| (!pool.is_empty()).then_some(From::Pool(pool)));
            from.map(|from| SmsWay { channel: channel.name.clone(), from })
        }
        ChannelKind::Email { .. } => None,
    });
    let email = app.channels().first_of("email").and_then(|channel| match &channel.kind {
        ChannelKind::Email { settings, .. } => Some((channel.name.clone(), settings)),
        ChannelKind::Sms { .. } => None,
    });
    let apart = email.iter().flat_map(|(_, settings)| settings.domain_limits.keys().cloned()).collect();
    let email = email.map(|(name, settings)| (name, settings.address.as_str().to_owned()));
    Ways { sms, email, apart }
}

/// One step: one chunk of the most urgent alert. Gives whether there was anything to do.
pub async fn run_once(app: &App, pace: &Pace) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    let claimed = conn.transaction(async |conn| alerts::claim_fan_out(conn, app.owner(), LEASE_MS).await).await?;
    drop(conn);
    let Some(alert) = claimed else { return Ok(false) };
    let (areas, groups, among) = {
        let mut conn = app.read().await?;
        let among = fan_out::count_among(&mut conn, alert.audience_size).await?;
        (alerts::list_areas(&mut conn, alert.id).await?, alerts::list_groups(&mut conn, alert.id).await?, among)
    };
    let ids = |named: Vec<(i64, String)>| named.into_iter().map(|(id, _)| id).collect();
    let wanted = publish::wanted(app, ids(areas), ids(groups), alert.audience_mark);
    let urgency = alert.urgency.parse().unwrap_or(Urgency::Routine);
    let (limit, now, ways) = (pace.size(alert.audience_cursor), app.now(), ways(app));
    let chunk = Chunk {
        alert: &alert,
        wanted: &wanted,
        among,
        ways: &ways,
        priority: Purpose::Alert.priority(urgency),
        limit,
        ids: app.ids().reserve(now, limit),
        owner: app.owner(),
        now,
        expires_at: alert.starts_at.unwrap_or(now).max(now).plus_ms(Purpose::Alert.lasts_ms(urgency)),
    };
    let mut conn = app.write().await?;
    let began = Instant::now();
    let made = conn.transaction(async |conn| fan_out::make(conn, &chunk).await).await?;
    drop(conn);
    if let Some(made) = made {
        pace.took(u32::try_from(made.seen).unwrap_or(limit), began.elapsed());
        tell(app, &alert);
    }
    Ok(true)
}

/// Gives back what this process was fanning out: another goes on at once.
pub async fn release(app: &App) -> QueryResult<()> {
    if alerts::release_fan_out(&mut app.write().await?, app.owner()).await? > 0 {
        app.wake().fan_out();
    }
    Ok(())
}

fn tell(app: &App, alert: &AlertRow) {
    app.wake().outbox();
    app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
}
