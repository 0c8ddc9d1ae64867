//! The log of every hand-over: each text the gateway tried to give the carrier, taken or not.
//!
//! Owns: the bound on the log. Must not: decide whether a text is taken.
//! Data: from the REST interface; to scripts that count what the gateway sent, and sent twice.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

const MAX_HANDOVERS: usize = 200_000;

/// One request to send a text.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    /// Counts from 1. Given by [`Handovers::add`].
    pub(crate) n: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) body: String,
    /// The text's sid, when it was taken.
    pub(crate) sid: Option<String>,
    /// The HTTP status answered; 0 when nothing was.
    pub(crate) http_status: u16,
    /// The provider's error code, when it was refused.
    pub(crate) code: Option<String>,
}

/// See the module's own words.
#[derive(Default)]
pub(crate) struct Handovers {
    log: VecDeque<Handover>,
    last: u64,
}

impl Handovers {
    pub(crate) fn add(&mut self, mut handover: Handover) {
        self.last += 1;
        handover.n = self.last;
        self.log.push_back(handover);
        if self.log.len() > MAX_HANDOVERS {
            self.log.pop_front();
        }
    }

    /// Those after the `after`th, oldest first.
    pub(crate) fn after(&self, after: u64) -> impl Iterator<Item = &Handover> {
        let first = self.log.front().map_or(1, |handover| handover.n);
        let skip = usize::try_from(after.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.log.iter().skip(skip)
    }
}
