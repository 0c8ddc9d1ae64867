//! `[pure]` How many may leave and when: permits of a channel, drawn by every node from one count, and a node's own stock.
//!
//! Permits lie on a line of time, one every `1/rate` seconds. A node reserves the next few inside its claim and hands each
//! text over at its permit's moment. What is not reserved for [`CREDIT_MS`] is lost, and so is a permit not used [`GRACE_MS`]
//! after its moment: over any second all nodes together hand over no more than a second's permits and a fifth (the two
//! allowances), however they are interleaved. Only what a stalled database holds up between claim and hand-over may leave
//! later than that, at most the channel's concurrency.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::domain::At;

/// So much unused time may be made up for: a claim takes a moment, and the rate should be reached all the same.
pub const CREDIT_MS: i64 = 100;
/// How late a permit may be used.
pub const GRACE_MS: i64 = 100;
/// Nothing is claimed that does not leave within this.
pub const HORIZON_MS: i64 = 100;
/// Other nodes reserve too: a smaller share is not worth a look at the database.
const WORTH_MS: i64 = 25;

/// What a look at a channel's line of permits gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The next permit's moment, by the database's clock.
    pub first_at: At,
    /// How many begin within the horizon.
    pub count: i64,
}

/// Between two permits, in microseconds: at least one.
fn every_us(rate_per_s: u32) -> i64 {
    (1_000_000 / i64::from(rate_per_s.max(1))).max(1)
}

/// How many permits there are to be had now.
pub fn room(free_at: At, now: At, rate_per_s: u32) -> Room {
    let first_at = free_at.max(now.plus_ms(-CREDIT_MS));
    let left_us = now.plus_ms(HORIZON_MS).since_us(first_at);
    let count = if left_us < 0 { 0 } else { left_us / every_us(rate_per_s) + 1 };
    Room { first_at, count }
}

/// When the next permit is free once so many are taken.
pub fn after(room: &Room, taken: i64, rate_per_s: u32) -> At {
    // The exact rate over many, though one interval is cut to whole microseconds.
    let us = taken.saturating_mul(1_000_000).checked_div(i64::from(rate_per_s.max(1))).unwrap_or(i64::MAX);
    room.first_at.plus_us(us.max(taken))
}

/// How long to wait until a share worth having is free; milliseconds.
pub fn wait_ms(free_at: At, now: At, rate_per_s: u32) -> i64 {
    // Of a slow channel one permit is worth having.
    let share_ms = if every_us(rate_per_s) < WORTH_MS * 1_000 { WORTH_MS } else { 0 };
    (free_at.since_ms(now) - HORIZON_MS + share_ms).max(1)
}

/// What a node has reserved and not used.
#[derive(Debug, Default)]
pub struct Stock(VecDeque<Run>);

#[derive(Clone, Copy, Debug)]
struct Run {
    next: Instant,
    every: Duration,
    left: i64,
    reserved_at: Instant,
}

impl Run {
    /// Whether the next permit was not used in time.
    fn is_stale(&self, now: Instant) -> bool {
        self.next.max(self.reserved_at) + Duration::from_millis(GRACE_MS.unsigned_abs()) < now
    }

    fn step(&mut self) {
        self.next += self.every;
        self.left -= 1;
    }
}

impl Stock {
    /// Adds permits that begin so many milliseconds from now.
    pub fn add(&mut self, now: Instant, begins_in_us: i64, count: i64, rate_per_s: u32) {
        let offset = Duration::from_micros(begins_in_us.unsigned_abs());
        let next = if begins_in_us < 0 { now.checked_sub(offset).unwrap_or(now) } else { now + offset };
        let every = Duration::from_secs(1) / rate_per_s.max(1);
        if count > 0 {
            self.0.push_back(Run { next, every, left: count, reserved_at: now });
        }
    }

    /// Takes up to so many permits whose moment is near, each with its moment.
    pub fn take(&mut self, now: Instant, most: usize) -> Vec<Instant> {
        let mut taken = Vec::new();
        let horizon = now + Duration::from_millis(HORIZON_MS.unsigned_abs());
        while let Some(run) = self.0.front_mut() {
            // What was not used in time is gone.
            while run.left > 0 && run.is_stale(now) {
                run.step();
            }
            while run.left > 0 && run.next <= horizon && taken.len() < most {
                taken.push(run.next);
                run.step();
            }
            if run.left > 0 {
                break;
            }
            self.0.pop_front();
        }
        taken
    }

    /// Gives permits back that found nothing to send: the last that were taken.
    pub fn give_back(&mut self, permits: &[Instant]) {
        for permit in permits.iter().rev() {
            self.0.push_front(Run { next: *permit, every: Duration::ZERO, left: 1, reserved_at: *permit });
        }
    }

    /// Forgets what is reserved: the channel is to rest.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// When the first permit may be taken, if there are any.
    pub fn ready_at(&self) -> Option<Instant> {
        self.0.front().map(|run| run.next.checked_sub(Duration::from_millis(HORIZON_MS.unsigned_abs())).unwrap_or(run.next))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_channel_that_rested_has_a_tenth_of_a_seconds_credit_and_no_more() {
        let now = At::from_unix_ms(10_000);
        let rested = room(At::from_unix_ms(0), now, 100);
        assert_eq!(rested, Room { first_at: now.plus_ms(-100), count: 21 }, "ten that were missed, ten of the next moment, and the one of now");
        let after = after(&rested, 21, 100);
        assert_eq!(room(after, now, 100).count, 0);
        assert_eq!(room(after, now.plus_ms(10), 100).count, 1);
    }

    #[test]
    fn a_slow_channel_gives_one_at_a_time() {
        let now = At::from_unix_ms(10_000);
        assert_eq!(room(now.plus_ms(-5_000), now, 1).count, 1);
        assert_eq!(room(now.plus_ms(900), now, 1).count, 0);
        assert!(wait_ms(now.plus_ms(900), now, 1) >= 800);
    }

    #[test]
    fn permits_are_used_in_time_or_lost_and_may_be_given_back() {
        let (now, mut stock) = (Instant::now(), Stock::default());
        stock.add(now, 0, 10, 1_000);
        let taken = stock.take(now, 4);
        assert_eq!(taken.iter().map(|at| at.duration_since(now).as_millis()).collect::<Vec<_>>(), [0, 1, 2, 3]);
        stock.give_back(&taken[2..]);
        assert_eq!(stock.take(now, 3)[0], taken[2]);
        assert_eq!(stock.take(now + Duration::from_millis(107), 9).len(), 3, "the last three are in time");
        assert!(stock.take(now, 9).is_empty());
    }

    proptest! {
        /// Nodes that claim at any moments, as much as they like, never get more for a second than the rate and the credit.
        #[test]
        fn no_second_has_more_permits_than_the_rate_and_its_credit(
            rate in 1_u32..5_000,
            claims in proptest::collection::vec((0_i64..400, 1_i64..2_000), 1..60),
        ) {
            let (mut free_at, mut now, mut permits) = (At::from_unix_ms(0), At::from_unix_ms(1_000_000), Vec::new());
            for (later_ms, wanted) in claims {
                now = now.plus_ms(later_ms);
                let room = room(free_at, now, rate);
                let taken = wanted.min(room.count);
                for n in 0..taken {
                    // When it may leave: at its moment, or now if that is past.
                    permits.push(room.first_at.plus_us(n * 1_000_000 / i64::from(rate)).max(now));
                }
                if taken > 0 {
                    free_at = after(&room, taken, rate);
                }
            }
            permits.sort();
            let most = i64::from(rate) + i64::from(rate) * CREDIT_MS / 1_000 + 2;
            for (index, from) in permits.iter().enumerate() {
                let within = permits[index..].iter().take_while(|at| at.since_us(*from) < 1_000_000).count();
                prop_assert!(i64::try_from(within).unwrap() <= most, "{within} within a second at a rate of {rate}");
            }
        }
    }
}
