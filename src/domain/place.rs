//! `[pure]` Where a conversation stands in the inbox: risk to life first, then what waits by its clock, then the rest.
//!
//! One number orders every list, so that one index serves each of them however long they grow: a band, and within it
//! milliseconds. What waits stands by the moment it is due, the earliest first; what was answered or closed stands by when,
//! the latest first. Where life may be at risk it stands first until it is closed or an officer says otherwise, answered,
//! paused or not.

use super::At;

crate::words! {
    /// How soon somebody must look.
    Urgency {
        /// In its turn.
        None = "none",
        /// Before its turn.
        Raised = "raised",
        /// Now: life may be at risk.
        Life = "life",
    }
}

/// An answer is promised within this time (the Neighbourhood Policing Guarantee).
pub const PROMISE_MS: i64 = 72 * 3_600_000;

/// Larger than any moment in milliseconds since 1970 that this program will see.
pub const BAND: i64 = 100_000_000_000_000;

impl Urgency {
    /// The band of what waits.
    pub const fn band(self) -> i64 {
        match self {
            Self::Life => 0,
            Self::Raised => 1,
            Self::None => 2,
        }
    }
}

/// When an answer is due to what came in at `since`, of which the clock stood still for `paused_ms`.
pub fn due(since: At, paused_ms: i64) -> At {
    since.plus_ms(PROMISE_MS.saturating_add(paused_ms))
}

/// Of a conversation that waits for us.
pub fn waiting(urgency: Urgency, due_at: At) -> i64 {
    urgency.band() * BAND + due_at.unix_ms()
}

/// Of one that waits for nobody: answered, or never a person's.
pub fn settled(last_at: At) -> i64 {
    4 * BAND - last_at.unix_ms()
}

/// Of a closed one.
pub fn closed(at: At) -> i64 {
    5 * BAND - at.unix_ms()
}

/// Of any.
pub fn of(open: bool, urgency: Urgency, due_at: Option<At>, last_at: At) -> i64 {
    match (open, due_at, urgency) {
        (false, ..) => closed(last_at),
        (true, Some(due_at), _) => waiting(urgency, due_at),
        // No clock runs, but life may still be at risk: it stands as if it had to be answered since then.
        (true, None, Urgency::Life) => waiting(urgency, due(last_at, 0)),
        (true, None, _) => settled(last_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn life_comes_first_then_the_clock_then_the_latest() {
        let at = |hours: i64| At::from_unix_ms(1_800_000_000_000 + hours * 3_600_000);
        let in_order = [
            waiting(Urgency::Life, at(80)),
            waiting(Urgency::Raised, at(1)),
            waiting(Urgency::None, at(-5)),
            waiting(Urgency::None, at(1)),
            settled(at(3)),
            settled(at(2)),
            closed(at(9)),
            closed(at(-900)),
        ];
        assert!(in_order.is_sorted(), "{in_order:?}");
        assert_eq!(due(at(0), 3_600_000), at(73));
    }

    #[test]
    fn where_life_may_be_at_risk_it_stands_first_also_when_no_clock_runs() {
        let at = At::from_unix_ms(1_800_000_000_000);
        let answered = of(true, Urgency::Life, None, at);
        assert!(answered < waiting(Urgency::Raised, at.minus_days(9)) && answered > waiting(Urgency::Life, at), "{answered}");
        assert_eq!(of(true, Urgency::Raised, None, at), settled(at));
        assert_eq!(of(false, Urgency::Life, None, at), closed(at));
    }
}
