//! `[pure]` Deliveries: what an outbound text is for, where it stands, and which steps between states are legal.

crate::words! {
    /// What a delivery is for. With its source and address it is unique, so that nothing is sent twice.
    Purpose {
        /// A copy of an alert.
        Alert = "alert",
        /// An officer's answer.
        Reply = "reply",
        /// The one confirmation of an opt-out.
        OptOutConfirmation = "opt_out_confirmation",
        /// The confirmation of a return after an opt-out.
        OptInConfirmation = "opt_in_confirmation",
        /// A one-time code.
        Code = "code",
        /// The first automatic answer to a person's mail: that it arrived, and where to turn in an emergency.
        Acknowledgement = "acknowledgement",
        /// A link by which the owner of an address confirms an opt-out asked for by unproven e-mail.
        OptOutLink = "opt_out_link",
        /// A word to an officer: an answer is due, a reply is urgent.
        Nudge = "nudge",
        /// What came of an alert, to somebody who answered it.
        Outcome = "outcome",
    }
}

impl Purpose {
    /// Whether a suppression of the address lets this through. Only the confirmation of the opt-out itself.
    pub const fn passes_suppression(self) -> bool {
        matches!(self, Self::OptOutConfirmation)
    }

    /// Lower goes first: codes, confirmations and officers' replies; life-at-risk alerts; urgent; routine.
    pub const fn priority(self, urgency: super::alert::Urgency) -> i64 {
        use super::alert::Urgency;
        match self {
            Self::Alert => match urgency {
                Urgency::LifeAtRisk => 10,
                Urgency::Urgent => 20,
                Urgency::Routine => 30,
            },
            // As many as answered: they wait behind what somebody is waiting for.
            Self::Outcome => 30,
            _ => 0,
        }
    }

    /// How long it is worth sending, from when it may first leave; milliseconds. What is late by more is worse than nothing: a
    /// warning of a danger that is over, a code that nobody waits for.
    pub const fn lasts_ms(self, urgency: super::alert::Urgency) -> i64 {
        use super::alert::Urgency;
        const MINUTE: i64 = 60_000;
        const HOUR: i64 = 60 * MINUTE;
        match self {
            Self::Alert => match urgency {
                Urgency::LifeAtRisk => 24 * HOUR,
                Urgency::Urgent => 48 * HOUR,
                Urgency::Routine => 72 * HOUR,
            },
            Self::Reply | Self::Outcome => 72 * HOUR,
            Self::Code => 10 * MINUTE,
            Self::OptOutConfirmation | Self::OptInConfirmation | Self::OptOutLink | Self::Acknowledgement | Self::Nudge => 24 * HOUR,
        }
    }
}

crate::words! {
    /// Where a delivery stands.
    Status {
        /// Waiting for its turn.
        Queued = "queued",
        /// Its alert is paused, or waits for quiet hours to end.
        Held = "held",
        /// Taken by a worker; safe to hand back.
        Leased = "leased",
        /// Written durably just before the provider is called; in doubt if the process dies here.
        Sending = "sending",
        /// The provider took it.
        Accepted = "accepted",
        /// The carrier says that it arrived.
        Delivered = "delivered",
        /// Their side, may heal; retries are used up.
        TemporaryFailure = "temporary_failure",
        /// The address is bad.
        PermanentFailure = "permanent_failure",
        /// Our side: configuration or credentials.
        TechnicalFailure = "technical_failure",
        /// Handed over perhaps: we died in between and the provider cannot tell.
        Unconfirmed = "unconfirmed",
        /// An opt-out was found when its turn came, or that the number may have changed hands.
        Suppressed = "suppressed",
        /// Its time ran out.
        Expired = "expired",
        /// Taken back.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Rank for receipts: a later word of lower rank changes nothing.
    ///
    /// Every final status has a rank of its own, so that the same receipts end the same in whatever order they come: what
    /// arrived once has arrived, and of two failures the more certain stands.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Queued | Self::Held | Self::Leased => 0,
            Self::Sending => 1,
            Self::Unconfirmed => 2,
            Self::Accepted => 3,
            Self::TemporaryFailure => 5,
            Self::Expired => 6,
            Self::TechnicalFailure => 7,
            Self::PermanentFailure => 8,
            Self::Cancelled => 9,
            Self::Suppressed => 10,
            Self::Delivered => 11,
        }
    }

    /// Nothing more will happen to it by our doing.
    pub const fn is_final(self) -> bool {
        self.rank() >= 5
    }

    /// Whether a receipt may move a delivery that was handed over from `self` to `next`: only up in rank.
    pub const fn may_become(self, next: Self) -> bool {
        next.rank() > self.rank()
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Held => "Held",
            Self::Leased => "About to go",
            Self::Sending => "Being handed over",
            Self::Accepted => "Handed over",
            Self::Delivered => "Delivered",
            Self::TemporaryFailure => "Not delivered (network or phone off)",
            Self::PermanentFailure => "Not delivered (address does not work)",
            Self::TechnicalFailure => "Not sent (our fault)",
            Self::Unconfirmed => "Unconfirmed",
            Self::Suppressed => "Held back (opted out, or no longer their number)",
            Self::Expired => "Expired",
            Self::Cancelled => "Cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivered_is_never_left_and_rank_never_falls() {
        for status in Status::ALL {
            assert!(!Status::Delivered.may_become(*status));
            assert!(!status.may_become(Status::Queued));
        }
        assert!(Status::Sending.may_become(Status::Delivered));
        assert!(Status::TemporaryFailure.may_become(Status::Delivered));
        assert!(!Status::TemporaryFailure.may_become(Status::Accepted));
    }

    #[test]
    fn any_order_of_the_same_receipts_ends_the_same() {
        let words = [Status::Accepted, Status::TemporaryFailure, Status::Delivered];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let end = order.iter().fold(Status::Sending, |now, i| if now.may_become(words[*i]) { words[*i] } else { now });
            assert_eq!(end, Status::Delivered);
        }
    }

    #[test]
    fn each_purpose_lasts_as_long_as_it_is_worth_sending() {
        use crate::domain::alert::Urgency;
        let hours = |purpose: Purpose, urgency| purpose.lasts_ms(urgency) / 3_600_000;
        assert_eq!(Urgency::ALL.iter().map(|urgency| hours(Purpose::Alert, *urgency)).collect::<Vec<_>>(), [72, 48, 24]);
        assert_eq!(Purpose::Code.lasts_ms(Urgency::Routine), 600_000);
        for (purpose, expected) in [(Purpose::Reply, 72), (Purpose::Outcome, 72), (Purpose::OptOutConfirmation, 24), (Purpose::Nudge, 24)] {
            assert_eq!(hours(purpose, Urgency::Routine), expected, "{purpose}");
        }
    }

    #[test]
    fn only_the_opt_out_confirmation_passes_a_suppression() {
        let passing: Vec<_> = Purpose::ALL.iter().filter(|p| p.passes_suppression()).collect();
        assert_eq!(passing, [&Purpose::OptOutConfirmation]);
    }
}
