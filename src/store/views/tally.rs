//! How many of an alert's copies stand where: counted in the database, and not more often than that is worth.
//!
//! A county's alert moves a hundred times a second and is watched on many screens, and counting a million copies takes a tenth
//! of a second. So a count that took long is given again for twenty times as long as it took, longer while nothing changes,
//! and one count serves all who ask at the same time. What is counted in a moment is counted each time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::QueryResult;
use tokio::time::Instant;

use super::alerts::{self, FailureRow, StatusCount};
use crate::store::Db;

/// A count that takes no longer is made each time.
const QUICK: Duration = Duration::from_millis(5);
/// A count is good for so many times as long as it took.
const WORTH: u32 = 20;
/// While nothing changes, that doubles so often at most.
const DOUBLED: u32 = 4;
/// When nothing left for so long, it stands still.
const STILL: Duration = Duration::from_secs(5);
/// The rate is measured over this time.
const MINUTE: Duration = Duration::from_secs(60);
const SAMPLE: Duration = Duration::from_secs(1);
/// So many alerts are remembered.
const MOST: usize = 1_000;

/// The counts of alerts, in one process.
#[derive(Default)]
pub struct Tallies(Mutex<HashMap<i64, Arc<tokio::sync::Mutex<Entry>>>>);

#[derive(Default)]
struct Entry {
    taken: Option<(Instant, Duration)>,
    unchanged: u32,
    counts: Vec<StatusCount>,
    /// Why some failed, and when and how long that was read.
    failures: Vec<FailureRow>,
    explained: Option<(Instant, Duration)>,
    /// When so many had left, at most one a second.
    left: VecDeque<(Instant, i64)>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By kind of channel, channel and status.
    pub counts: Vec<StatusCount>,
    /// How many left in a thousand seconds, by the last minute of those that were looked at and without the time that it stood
    /// still; 0 while it does, nothing before the second look.
    pub per_ks: Option<i64>,
}

impl Tally {
    /// How many stand so.
    pub fn of(&self, status: &str) -> i64 {
        self.counts.iter().filter(|count| count.status == status).map(|count| count.count).sum()
    }

    /// All.
    pub fn total(&self) -> i64 {
        self.counts.iter().map(|count| count.count).sum()
    }
}

impl Tallies {
    /// Counts an alert anew when it is asked for next: somebody has just changed what becomes of it.
    pub fn forget(&self, alert_id: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&alert_id);
    }

    fn entry(&self, alert_id: i64) -> Arc<tokio::sync::Mutex<Entry>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(&alert_id) {
            known.clear();
        }
        known.entry(alert_id).or_default().clone()
    }

    /// Why copies of an alert failed, the commonest reason first; asked only where some did.
    pub async fn failures(&self, db: &Db, alert_id: i64) -> QueryResult<Vec<FailureRow>> {
        let entry = self.entry(alert_id);
        let mut entry = entry.lock().await;
        let began = Instant::now();
        if !entry.explained.is_some_and(|(at, cost)| cost > QUICK && began.duration_since(at) < cost * WORTH) {
            entry.failures = alerts::failures(&mut db.read().await?, alert_id).await?;
            entry.explained = Some((Instant::now(), began.elapsed()));
        }
        Ok(entry.failures.clone())
    }

    /// The counts of an alert.
    pub async fn get(&self, db: &Db, alert_id: i64) -> QueryResult<Tally> {
        let entry = self.entry(alert_id);
        let mut entry = entry.lock().await;
        if !entry.is_good(Instant::now()) {
            let began = Instant::now();
            let counts = alerts::progress(&mut db.read().await?, alert_id).await?;
            entry.take(counts, began, Instant::now());
        }
        Ok(Tally { counts: entry.counts.clone(), per_ks: entry.per_ks() })
    }
}

impl Entry {
    fn is_good(&self, now: Instant) -> bool {
        self.taken.is_some_and(|(at, cost)| cost > QUICK && now.duration_since(at) < cost * WORTH * (1 << self.unchanged.min(DOUBLED)))
    }

    fn take(&mut self, counts: Vec<StatusCount>, began: Instant, now: Instant) {
        self.unchanged = if counts == self.counts { self.unchanged.saturating_add(1) } else { 0 };
        let waits = ["queued", "leased", "held", "suppressed", "cancelled", "expired"];
        let left = counts.iter().filter(|count| !waits.contains(&count.status.as_str())).map(|count| count.count).sum();
        if self.left.back().is_none_or(|(at, _)| now.duration_since(*at) >= SAMPLE) {
            self.left.push_back((now, left));
        }
        while self.left.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= MINUTE) {
            self.left.pop_front();
        }
        self.counts = counts;
        self.taken = Some((now, now.duration_since(began)));
    }

    fn per_ks(&self) -> Option<i64> {
        let (mut moving, mut still, mut gained) = (Duration::ZERO, Duration::ZERO, 0_i64);
        for ((from, before), (to, after)) in self.left.iter().zip(self.left.iter().skip(1)) {
            let (span, more) = (to.duration_since(*from), after.saturating_sub(*before).max(0));
            if span >= MINUTE {
                // Whoever looks again after a long time has seen nothing of the last minute.
                (moving, still, gained) = (Duration::ZERO, Duration::ZERO, 0);
            } else if more == 0 {
                still += span;
            } else {
                moving += if still < STILL { still + span } else { span };
                (still, gained) = (Duration::ZERO, gained.saturating_add(more));
            }
        }
        if still >= STILL {
            return Some(0);
        }
        let span = moving + still;
        let ms = i64::try_from(span.as_millis()).ok().filter(|_| span >= SAMPLE)?;
        Some(gained.saturating_mul(1_000_000) / ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(queued: i64, accepted: i64) -> Vec<StatusCount> {
        let of = |status: &str, count| StatusCount { channel_kind: "sms".into(), channel: "sms".into(), status: status.into(), count };
        vec![of("queued", queued), of("accepted", accepted)]
    }

    #[test]
    fn a_count_that_took_long_is_given_again_for_twenty_times_as_long_and_longer_while_nothing_changes() {
        let (mut entry, begin) = (Entry::default(), Instant::now());
        let at = |ms: u64| begin + Duration::from_millis(ms);
        assert!(!entry.is_good(at(0)));
        entry.take(counts(10, 0), at(0), at(4));
        assert!(!entry.is_good(at(4)), "what is quick is counted each time");
        entry.take(counts(10, 1), at(100), at(200));
        assert!(entry.is_good(at(2_199)));
        assert!(!entry.is_good(at(2_200)));
        entry.take(counts(10, 1), at(2_200), at(2_300));
        assert!(entry.is_good(at(6_299)), "nothing changed");
        entry.take(counts(10, 2), at(6_300), at(6_400));
        assert!(!entry.is_good(at(8_400)), "it moves again");
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let (mut entry, begin) = (Entry::default(), Instant::now());
        let take = |entry: &mut Entry, second: u64, accepted| {
            let now = begin + Duration::from_secs(second);
            entry.take(counts(0, accepted), now, now);
        };
        take(&mut entry, 0, 0);
        assert_eq!(entry.per_ks(), None);
        for second in 1..=90 {
            // Fast at first, then slow.
            let left = if second <= 30 { second * 100 } else { 3_000 + (second - 30) * 2 };
            take(&mut entry, second, i64::try_from(left).unwrap());
        }
        assert_eq!(entry.per_ks(), Some(2_000));
        take(&mut entry, 690, 9_000);
        assert_eq!(entry.per_ks(), None, "nobody looked in the last minute");
    }

    #[test]
    fn a_standstill_is_told_and_does_not_count_once_it_is_over() {
        let (mut entry, begin) = (Entry::default(), Instant::now());
        let mut take = |second: u64, accepted| {
            let now = begin + Duration::from_secs(second);
            entry.take(counts(0, accepted), now, now);
            entry.per_ks()
        };
        assert_eq!([take(0, 0), take(1, 100), take(2, 200)], [None, Some(100_000), Some(100_000)]);
        let still: Vec<_> = (3..=40).map(|second| take(second, 200)).collect();
        assert_eq!((still[3], still[4], still[37]), (Some(33_333), Some(0), Some(0)));
        assert_eq!(take(41, 300), Some(100_000), "as fast as while it moved");
    }
}
