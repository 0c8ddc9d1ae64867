//! `[pure]` The circuit breaker of a channel: what its last hand-overs say, whether anything more is handed over, and when
//! one text may try again.
//!
//! Closed: everything leaves. Open: nothing does, save one trial at a time (half-open); the first that is taken closes it.
//! It opens when hardly anything is taken of what is handed over for the first time, and at once when the provider refuses *us*
//! (credentials, account): then what is queued waits until that is put right, with one alarm rather than a failure each.
//! What the results say together is [`Heard`]'s to tell.

mod heard;

use crate::domain::At;

pub use heard::{Heard, Said, Verdict, Word, word};

/// How long a trial may take before another may be made.
pub const TRIAL_MS: i64 = 60_000;
/// Between two trials of a provider that is out of order: at first, and at most.
const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 30_000;
/// Between two trials of an account that is not in order: somebody must act first.
const MENDED_MS: i64 = 60_000;

crate::words! {
    /// Why a channel is not handed anything.
    Cause {
        /// The provider does not take what it is handed.
        Outage = "outage",
        /// It refuses us: credentials, account, sender.
        Ours = "ours",
    }
}

/// What a hand-over tries besides its own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Whether the channel, which is open for this reason, takes something again.
    Channel(Cause),
    /// Whether this node reaches the provider again.
    Line,
}

/// Where a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything leaves.
    Closed,
    /// Nothing leaves but a trial.
    Open {
        /// Why.
        cause: Cause,
        /// How many trials there were.
        trials: i64,
        /// When the next may be made.
        next_trial_at: At,
    },
}

impl State {
    /// Where it stands after a verdict.
    pub fn after(self, verdict: Verdict, now: At) -> Self {
        match (self, verdict) {
            (state, Verdict::Nothing) => state,
            (_, Verdict::Close) => Self::Closed,
            (Self::Closed, Verdict::Open(cause)) => Self::Open { cause, trials: 0, next_trial_at: now.plus_ms(wait_ms(cause, 0)) },
            (Self::Open { trials, .. }, Verdict::Open(cause)) => Self::Open { cause, trials, next_trial_at: now.plus_ms(wait_ms(cause, trials)) },
            // Perhaps chance: a first trial soon tells.
            (Self::Closed, Verdict::Denied) => Self::Open { cause: Cause::Ours, trials: 0, next_trial_at: now.plus_ms(FIRST_MS) },
            (Self::Open { cause: Cause::Outage, trials, .. }, Verdict::Denied) => {
                Self::Open { cause: Cause::Ours, trials, next_trial_at: now.plus_ms(FIRST_MS) }
            }
            (Self::Open { cause, trials, .. }, Verdict::Failed) => Self::Open { cause, trials, next_trial_at: now.plus_ms(wait_ms(cause, trials)) },
            (Self::Open { cause, trials, .. }, Verdict::Again) => Self::Open { cause, trials, next_trial_at: now.plus_ms(FIRST_MS) },
            // What was under way when it opened, or a trial after another closed it.
            (state, Verdict::Denied | Verdict::Failed | Verdict::Again | Verdict::Cut { .. }) => state,
        }
    }

    /// The same with a trial due at once.
    pub fn hurried(self, now: At) -> Self {
        match self {
            Self::Closed => Self::Closed,
            Self::Open { cause, trials, .. } => Self::Open { cause, trials, next_trial_at: now },
        }
    }

    /// Whether something may be handed over now: all, one as a trial (with the state that keeps others from making one too),
    /// or nothing.
    pub fn admits(self, now: At) -> Admission {
        match self {
            Self::Closed => Admission::All,
            Self::Open { cause, trials, next_trial_at } if next_trial_at <= now => {
                Admission::Trial(Self::Open { cause, trials: trials.saturating_add(1), next_trial_at: now.plus_ms(TRIAL_MS) })
            }
            Self::Open { next_trial_at, .. } => Admission::None { until: next_trial_at },
        }
    }
}

/// What may be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Everything.
    All,
    /// One text, and where the channel stands while it is under way.
    Trial(State),
    /// Nothing before then.
    None {
        /// When a trial may be made.
        until: At,
    },
}

/// Between two trials after so many.
pub fn wait_ms(cause: Cause, trials: i64) -> i64 {
    match cause {
        Cause::Ours => MENDED_MS,
        Cause::Outage => FIRST_MS.saturating_mul(1 << trials.clamp(0, 10)).min(LONGEST_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> At {
        At::from_unix_ms(ms)
    }

    fn open(cause: Cause, trials: i64, next_ms: i64) -> State {
        State::Open { cause, trials, next_trial_at: at(next_ms) }
    }

    #[test]
    fn every_state_and_verdict_has_its_next_state() {
        use Verdict::{Again, Close, Cut, Denied, Failed, Nothing, Open};
        let now = at(1_000_000);
        for (from, verdict, to) in [
            (State::Closed, Nothing, State::Closed),
            (State::Closed, Close, State::Closed),
            (State::Closed, Open(Cause::Outage), open(Cause::Outage, 0, 1_001_000)),
            (State::Closed, Open(Cause::Ours), open(Cause::Ours, 0, 1_060_000)),
            (open(Cause::Outage, 3, 5), Nothing, open(Cause::Outage, 3, 5)),
            (open(Cause::Outage, 3, 5), Close, State::Closed),
            (open(Cause::Outage, 3, 5), Open(Cause::Outage), open(Cause::Outage, 3, 1_008_000)),
            (open(Cause::Outage, 9, 5), Open(Cause::Outage), open(Cause::Outage, 9, 1_030_000)),
            (open(Cause::Outage, 3, 5), Open(Cause::Ours), open(Cause::Ours, 3, 1_060_000)),
            (open(Cause::Ours, 1, 5), Open(Cause::Outage), open(Cause::Outage, 1, 1_002_000)),
            (open(Cause::Ours, 1, 5), Close, State::Closed),
            (State::Closed, Denied, open(Cause::Ours, 0, 1_001_000)),
            (open(Cause::Outage, 3, 5), Denied, open(Cause::Ours, 3, 1_001_000)),
            (open(Cause::Ours, 3, 5), Denied, open(Cause::Ours, 3, 5)),
            (State::Closed, Failed, State::Closed),
            (open(Cause::Outage, 3, 5), Failed, open(Cause::Outage, 3, 1_008_000)),
            (open(Cause::Ours, 3, 5), Failed, open(Cause::Ours, 3, 1_060_000)),
            (State::Closed, Again, State::Closed),
            (open(Cause::Outage, 9, 5), Again, open(Cause::Outage, 9, 1_001_000)),
            (open(Cause::Outage, 9, 5), Cut { trial: false }, open(Cause::Outage, 9, 5)),
        ] {
            assert_eq!(from.after(verdict, now), to, "{from:?} {verdict:?}");
        }
    }

    #[test]
    fn open_admits_one_trial_at_a_time() {
        assert_eq!(State::Closed.admits(at(0)), Admission::All);
        let state = open(Cause::Outage, 0, 1_000);
        assert_eq!(state.admits(at(999)), Admission::None { until: at(1_000) });
        let Admission::Trial(under_way) = state.admits(at(1_000)) else { panic!("a trial is due") };
        assert_eq!(under_way.admits(at(1_000 + TRIAL_MS - 1)), Admission::None { until: at(1_000 + TRIAL_MS) }, "one at a time");
        assert!(matches!(under_way.admits(at(1_000 + TRIAL_MS)), Admission::Trial(_)), "a trial that was lost is followed by another");
        assert_eq!(under_way.after(Verdict::Close, at(2_000)).admits(at(2_000)), Admission::All);
    }
}
