//! `[pure]` How far an alert has come: of its copies, how many were sent, how many wait, and how many will not be sent.

use crate::domain::delivery::Status;

/// An alert's copies, each in one of four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// The provider has them, or they have arrived.
    pub sent: i64,
    /// Still to leave, or just being handed over.
    pub waiting: i64,
    /// They could not be sent, or came back undelivered.
    pub failed: i64,
    /// Taken back before they left.
    pub taken_back: i64,
}

/// What the alert says of its copies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Copies that are still to be queued.
    pub to_come: i64,
    /// It is taken back.
    pub taken_back: bool,
    /// Its hold was changed, and not all copies follow it yet.
    pub unsettled: bool,
}

impl Copies {
    /// Counts.
    pub fn of(counts: impl Iterator<Item = (Status, i64)>, standing: Standing) -> Self {
        let mut copies = Self::default();
        copies.add(Status::Queued, standing.to_come, standing);
        for (status, count) in counts {
            copies.add(status, count, standing);
        }
        copies
    }

    fn add(&mut self, status: Status, count: i64, standing: Standing) {
        let place = match status {
            Status::Queued | Status::Held | Status::Leased if standing.taken_back => &mut self.taken_back,
            Status::Queued | Status::Held | Status::Leased | Status::Sending => &mut self.waiting,
            Status::Accepted | Status::Delivered | Status::Unconfirmed => &mut self.sent,
            Status::Cancelled if standing.taken_back => &mut self.taken_back,
            // Let go on, it comes back into the queue chunk by chunk: what waits for that has not left.
            Status::Cancelled if standing.unsettled => &mut self.waiting,
            Status::PermanentFailure | Status::TemporaryFailure | Status::TechnicalFailure | Status::Suppressed | Status::Expired | Status::Cancelled => {
                &mut self.failed
            }
        };
        *place = place.saturating_add(count);
    }

    /// All copies.
    pub const fn total(&self) -> i64 {
        self.sent + self.waiting + self.failed + self.taken_back
    }

    /// Nothing more will become of these by our doing.
    pub const fn done(&self) -> i64 {
        self.sent + self.failed
    }

    /// The same when some that failed are known to have left: they came back undelivered.
    #[must_use]
    pub const fn with_left(self, left: i64) -> Self {
        Self { sent: self.sent + left, failed: self.failed - left, ..self }
    }

    /// How many of a hundred are done with; never all before they are.
    pub const fn percent(&self) -> i64 {
        if self.total() == 0 { 0 } else { self.done().saturating_mul(100) / self.total() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_is_in_one_place_and_what_comes_back_has_not_left() {
        let counts = [(Status::Accepted, 1_098), (Status::Cancelled, 14_448), (Status::Queued, 7_542), (Status::PermanentFailure, 2)];
        let of = |standing| Copies::of(counts.into_iter(), standing);
        let coming_back = of(Standing { unsettled: true, ..Standing::default() });
        assert_eq!(coming_back, Copies { sent: 1_098, waiting: 21_990, failed: 2, taken_back: 0 });
        let taken_back = of(Standing { taken_back: true, unsettled: true, to_come: 10 });
        assert_eq!(taken_back, Copies { sent: 1_098, waiting: 0, failed: 2, taken_back: 22_000 });
        let settled = of(Standing::default());
        assert_eq!((settled.failed, settled.waiting), (14_450, 7_542));
        assert_eq!((coming_back.total(), coming_back.done(), coming_back.percent()), (23_090, 1_100, 4));
        assert_eq!(coming_back.with_left(2), Copies { sent: 1_100, waiting: 21_990, failed: 0, taken_back: 0 });
        for status in Status::ALL {
            assert_eq!(Copies::of([(*status, 3)].into_iter(), Standing::default()).total(), 3, "{status}");
        }
        assert_eq!(Copies::default().percent(), 0);
    }
}
