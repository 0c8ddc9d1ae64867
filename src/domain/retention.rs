//! `[pure]` What is kept for a while, and until which day: kinds of records and the arithmetic of months.

use chrono::Months;

use super::At;

crate::words! {
    /// A kind of record that has a rule of its own. The words are the configuration's.
    Kept {
        /// Conversations that were closed, with messages, files and originals.
        Conversations = "conversations_closed",
        /// Residents who left.
        Residents = "residents_left",
        /// Outbound texts that no conversation needs.
        Deliveries = "deliveries",
        /// Originals that became no message.
        Envelopes = "envelopes_processed",
        /// Codes and links for signing in that ran out.
        Sessions = "sessions",
        /// What officers were told beside their list.
        Nudges = "nudges",
    }
}

impl Kept {
    /// For people.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Conversations => "Closed conversations",
            Self::Residents => "Residents who left",
            Self::Deliveries => "Outbound texts that no conversation needs",
            Self::Envelopes => "Originals that became no message",
            Self::Sessions => "Codes and links for signing in that ran out",
            Self::Nudges => "What officers were told beside their list",
        }
    }
}

/// What is older than this has been kept for so many months; none if the rule is to keep it for good.
pub fn cutoff(now: At, months: u32) -> Option<At> {
    if months == 0 { None } else { now.utc().checked_sub_months(Months::new(months)).map(At::from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_of_the_calendar_and_none_means_for_good() {
        let at = |text: &str| At::from(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        assert_eq!(cutoff(at("2026-11-23T12:00:00Z"), 24), Some(at("2024-11-23T12:00:00Z")));
        assert_eq!(cutoff(at("2027-03-31T12:00:00Z"), 1), Some(at("2027-02-28T12:00:00Z")));
        assert_eq!(cutoff(at("2026-11-23T12:00:00Z"), 0), None);
    }
}
