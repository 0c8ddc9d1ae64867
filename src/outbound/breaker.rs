//! `[pure]` The circuit breaker of a channel: what its last hand-overs say, whether anything more is handed over, and when
//! one text may try again.
//!
//! Closed: everything leaves. Open: nothing does, save one trial at a time (half-open); the first that is taken closes it.
//! It opens when several hand-overs in a row fail, and at once when the provider refuses *us* (credentials, account): then
//! what is queued waits until that is put right, with one alarm rather than a failure each.

use crate::channels::SendError;
use crate::domain::At;

/// One address may be hard to reach: so many in a row are the channel.
const IN_A_ROW: u32 = 5;
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

/// What one result says of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It took the text.
    Takes,
    /// Something about the person or this text; or it asks for patience. The channel works.
    Nothing,
    /// It did not take it, for a reason that is not the text's.
    Fails,
    /// It refuses us.
    Refuses,
}

/// Reads a result.
pub fn word(result: Result<(), &SendError>) -> Word {
    match result {
        Ok(()) => Word::Takes,
        Err(error) if error.ours && error.retryable => Word::Refuses,
        Err(error) if error.opted_out || error.retry_after_ms.is_some() => Word::Nothing,
        // Of one text that is at fault nothing follows; of one after the other it does.
        Err(error) if error.retryable || error.ours || error.doubtful => Word::Fails,
        Err(_) => Word::Nothing,
    }
}

/// What the results of one node say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    failed: u32,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing new.
    Nothing,
    /// It takes what it is handed: closed, if it was open.
    Close,
    /// It does not: open, or the trial failed.
    Open(Cause),
}

impl Heard {
    /// Takes one more result into account.
    pub fn hear(&mut self, word: Word) -> Verdict {
        match word {
            Word::Takes => {
                self.failed = 0;
                Verdict::Close
            }
            Word::Nothing => Verdict::Nothing,
            Word::Refuses => Verdict::Open(Cause::Ours),
            Word::Fails => {
                self.failed = self.failed.saturating_add(1);
                if self.failed >= IN_A_ROW { Verdict::Open(Cause::Outage) } else { Verdict::Nothing }
            }
        }
    }
}

impl State {
    /// Where it stands after a verdict.
    pub fn after(self, verdict: Verdict, now: At) -> Self {
        match (self, verdict) {
            (state, Verdict::Nothing) => state,
            (_, Verdict::Close) => Self::Closed,
            (Self::Closed, Verdict::Open(cause)) => Self::Open { cause, trials: 0, next_trial_at: now.plus_ms(wait_ms(cause, 0)) },
            (Self::Open { trials, .. }, Verdict::Open(cause)) => Self::Open { cause, trials, next_trial_at: now.plus_ms(wait_ms(cause, trials)) },
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

fn wait_ms(cause: Cause, trials: i64) -> i64 {
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
        use Verdict::{Close, Nothing, Open};
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

    #[test]
    fn several_failures_in_a_row_are_an_outage_and_one_refusal_is_ours() {
        let down = SendError::temporary("connect", "connection refused");
        let mut heard = Heard::default();
        for _ in 0..4 {
            assert_eq!(heard.hear(word(Err(&down))), Verdict::Nothing);
        }
        assert_eq!(heard.hear(word(Err(&down))), Verdict::Open(Cause::Outage));
        assert_eq!(heard.hear(word(Ok(()))), Verdict::Close);
        assert_eq!(heard.hear(word(Err(&down))), Verdict::Nothing, "counted anew");
        assert_eq!(heard.hear(word(Err(&SendError::misconfigured("401", "wrong token")))), Verdict::Open(Cause::Ours));
    }

    #[test]
    fn a_bad_address_or_a_word_of_patience_says_nothing_of_the_channel() {
        let mut heard = Heard::default();
        for _ in 0..50 {
            assert_eq!(heard.hear(word(Err(&SendError::permanent("21211", "not a number")))), Verdict::Nothing);
            let slow = SendError { retry_after_ms: Some(1_000), ..SendError::temporary("429", "slow down") };
            assert_eq!(heard.hear(word(Err(&slow))), Verdict::Nothing);
        }
    }
}
