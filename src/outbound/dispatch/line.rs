//! `[pure]` A node's own way to a provider. While it is cut, this node rests and tries again by one text at a time, and the
//! others go on. Only where nobody gets through is it the channel.

use std::time::{Duration, Instant};

use crate::domain::At;
use crate::outbound::breaker::{self, Cause};

/// So much longer than the others does a node wait for the channel's next trial whose own did not get through.
const AFTER_YOU: Duration = Duration::from_millis(250);
/// Who got through so lately would get through now, as far as anybody knows.
const LATELY_MS: i64 = 5_000;

/// Where this node's way stands.
#[derive(Debug, Default)]
pub(super) struct Line(Option<Cut>);

#[derive(Debug)]
struct Cut {
    /// By the database's clock.
    since: At,
    trials: i64,
    /// When one text may try it.
    next: Instant,
}

/// Whether anything may go this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Everything.
    Open,
    /// One text.
    Try,
    /// Nothing for so long.
    Rest(Duration),
}

impl Line {
    pub(super) fn way(&self, now: Instant) -> Way {
        match &self.0 {
            None => Way::Open,
            Some(cut) if cut.next <= now => Way::Try,
            Some(cut) => Way::Rest(cut.next.duration_since(now)),
        }
    }

    /// One text is on its way: no other until it is back.
    pub(super) fn tried(&mut self, now: Instant) {
        if let Some(cut) = &mut self.0 {
            cut.next = now + Duration::from_millis(breaker::TRIAL_MS.unsigned_abs());
        }
    }

    /// It did not leave after all.
    pub(super) fn not_tried(&mut self, now: Instant) {
        if let Some(cut) = &mut self.0 {
            cut.next = now + Duration::from_secs(1);
        }
    }

    /// The provider was reached.
    pub(super) fn mended(&mut self) {
        self.0 = None;
    }

    /// The provider was not reached while the channel is closed. Gives whether that is the channel's fault: nobody else got
    /// through lately, or since this node last did not. At first nobody can know.
    pub(super) fn is_everybodys(&mut self, trial: bool, others_took_at: Option<At>, at: At, now: Instant) -> bool {
        let Some(cut) = &mut self.0 else {
            self.rest(at, 0, now);
            return false;
        };
        if !trial {
            // What was under way.
            return false;
        }
        if others_took_at.is_none_or(|took_at| took_at < cut.since && at.since_ms(took_at) > LATELY_MS) {
            self.0 = None;
            return true;
        }
        // That the others go on is to be seen anew the next time.
        let trials = cut.trials.saturating_add(1);
        self.rest(at, trials, now);
        false
    }

    /// This node's trial of a channel that does not send did not get through: the next, in so long, is another node's to make, if
    /// there is one.
    pub(super) fn leave_next(&mut self, at: At, wait_ms: i64, now: Instant) {
        let trials = self.0.as_ref().map_or(0, |cut| cut.trials);
        self.0 = Some(Cut { since: at, trials, next: now + Duration::from_millis(wait_ms.max(0).unsigned_abs()) + AFTER_YOU });
    }

    fn rest(&mut self, since: At, trials: i64, now: Instant) {
        let wait = Duration::from_millis(breaker::wait_ms(Cause::Outage, trials).unsigned_abs());
        self.0 = Some(Cut { since, trials, next: now + wait });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> At {
        At::from_unix_ms(1_800_000_000_000 + ms)
    }

    #[test]
    fn a_node_that_is_cut_off_rests_for_longer_and_longer_while_others_get_through() {
        let (start, mut line) = (Instant::now(), Line::default());
        assert_eq!(line.way(start), Way::Open);
        assert!(!line.is_everybodys(false, None, at(0), start));
        assert!(!line.is_everybodys(false, None, at(10), start), "what was under way");
        let (mut now, mut ms) = (start, 0);
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(line.way(now), Way::Rest(Duration::from_secs(wait)));
            now += Duration::from_secs(wait);
            ms += i64::try_from(wait).unwrap() * 1_000;
            assert_eq!(line.way(now), Way::Try);
            line.tried(now);
            assert!(matches!(line.way(now), Way::Rest(_)), "one at a time");
            assert!(!line.is_everybodys(true, Some(at(ms - 200)), at(ms), now), "others go on");
        }
        line.mended();
        assert_eq!(line.way(now), Way::Open);
    }

    #[test]
    fn where_nobody_gets_through_it_is_the_channel() {
        for others_took_at in [None, Some(at(-9_000))] {
            let (now, mut line) = (Instant::now(), Line::default());
            assert!(!line.is_everybodys(false, others_took_at, at(0), now), "at first nobody can know");
            assert!(line.is_everybodys(true, others_took_at, at(1_000), now + Duration::from_secs(1)));
            assert_eq!(line.way(now), Way::Open, "the channel's own trials decide");
        }
    }

    #[test]
    fn the_next_trial_of_the_channel_is_the_others_first() {
        let (now, mut line) = (Instant::now(), Line::default());
        line.leave_next(at(0), 2_000, now);
        assert_eq!(line.way(now), Way::Rest(Duration::from_millis(2_250)));
    }
}
