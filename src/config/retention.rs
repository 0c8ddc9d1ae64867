//! `[retention]` and `[inbox]`: how long what is kept is kept, in months, and what supervisors are told.

use super::reader::Reader;

/// Months after which each kind of record goes; 0 keeps it for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Conversations, from the day they were closed.
    pub conversations_closed: u32,
    /// Residents who left, from that day. What they must not be sent outlives them.
    pub residents_left: u32,
    /// Outbound texts that no conversation needs, from the day they were settled.
    pub deliveries: u32,
    /// Originals of what came in that became no message, from the day they were dealt with.
    pub envelopes_processed: u32,
    /// Codes and links for signing in, from the day they ran out. A session itself goes as it ends.
    pub sessions: u32,
    /// What officers were told beside their list.
    pub nudges: u32,
}

/// The officers' inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxConfig {
    /// Officers see who else has a conversation open.
    pub presence: bool,
    /// Supervisors are told of people who told something on so many alerts in twelve months; 0: nobody is.
    pub informant_after: usize,
    /// Officers weigh conversations by THRIVE.
    pub thrive: bool,
}

pub(super) fn read(section: &mut Reader<'_>) -> RetentionConfig {
    let mut months = |key: &str, default: i64| u32::try_from(section.number_or(key, default, 0, 1_200)).unwrap_or(0);
    RetentionConfig {
        conversations_closed: months("conversations_closed", 24),
        residents_left: months("residents_left", 12),
        deliveries: months("deliveries", 24),
        envelopes_processed: months("envelopes_processed", 12),
        sessions: months("sessions", 1),
        nudges: months("nudges", 6),
    }
}

pub(super) fn read_inbox(section: &mut Reader<'_>) -> InboxConfig {
    InboxConfig {
        presence: section.flag_or("presence", true),
        informant_after: usize::try_from(section.number_or("informant_after", 4, 0, 1_000)).unwrap_or(0),
        thrive: section.flag_or("thrive", false),
    }
}
