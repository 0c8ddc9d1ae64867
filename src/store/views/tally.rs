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

use super::alerts::{self, StatusCount};
use crate::store::Db;

/// A count that takes no longer is made each time.
const QUICK: Duration = Duration::from_millis(5);
/// A count is good for so many times as long as it took.
const WORTH: u32 = 20;
/// While nothing changes, that doubles so often at most.
const DOUBLED: u32 = 4;
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
    /// When so many had left, at most one a second.
    left: VecDeque<(Instant, i64)>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By kind of channel, channel and status.
    pub counts: Vec<StatusCount>,
    /// How many left in a thousand seconds, by the last minute of those that were looked at; nothing before the second look.
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

    /// The counts of an alert.
    pub async fn get(&self, db: &Db, alert_id: i64) -> QueryResult<Tally> {
        let entry = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST && !known.contains_key(&alert_id) {
                known.clear();
            }
            known.entry(alert_id).or_default().clone()
        };
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
        let ((from, before), (to, after)) = (self.left.front()?, self.left.back()?);
        let span = to.duration_since(*from);
        // Whoever looks again after a long time has seen nothing of the last minute.
        let ms = i64::try_from(span.as_millis()).ok().filter(|_| span >= SAMPLE && span < MINUTE * 2)?;
        Some(after.saturating_sub(*before).max(0).saturating_mul(1_000_000) / ms)
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
}
