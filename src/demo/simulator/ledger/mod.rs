//! Everything that has happened, in memory: texts, mails, people, hand-overs, totals.
//!
//! Owns: the bounds (oldest dropped first) and keeping the four lists in step. Must not: do input or output, or read the clock.
//! Data: written by the REST interface, the mail sink and people's own sending; read by pages and the JSON interface.

pub(crate) mod handovers;
pub(crate) mod mails;
pub(crate) mod people;
pub(crate) mod texts;

use serde::Serialize;

use super::Person;
use super::gateway::Answer;
use handovers::Handovers;
use mails::{Mail, Mails};
use people::People;
use texts::{Carriage, Direction, Text, Texts};

/// Where something a person sent stands with the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Webhook {
    /// Nothing to tell the gateway.
    NotAsked,
    /// On its way, perhaps being tried again.
    Waiting,
    /// The gateway took it, with this status.
    Taken(u16),
    /// The gateway refused it, with this status.
    Refused(u16),
    /// The gateway never answered.
    Unreachable,
}

/// What the strip at the top of each page counts.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) texts_received: u64,
    pub(crate) texts_sent: u64,
    pub(crate) mails_received: u64,
    pub(crate) mails_sent: u64,
    pub(crate) receipts_sent: u64,
    /// Calls to the gateway given up, of any kind.
    pub(crate) webhook_failures: u64,
    /// Tries beyond the first, of any kind.
    pub(crate) webhook_retries: u64,
    pub(crate) handovers: u64,
    pub(crate) handovers_refused: u64,
}

/// See the module's own words.
pub(crate) struct Ledger {
    pub(crate) texts: Texts,
    pub(crate) mails: Mails,
    pub(crate) people: People,
    pub(crate) handovers: Handovers,
    pub(crate) totals: Totals,
}

impl Ledger {
    pub(crate) fn new(people: &[Person]) -> Self {
        Self { texts: Texts::default(), mails: Mails::default(), people: People::new(people), handovers: Handovers::default(), totals: Totals::default() }
    }

    /// Keeps a text, either way.
    pub(crate) fn add_text(&mut self, text: Text) {
        match text.direction {
            Direction::In => self.totals.texts_received += 1,
            Direction::Out => self.totals.texts_sent += 1,
        }
        self.people.touch_phone(&text.phone);
        if let Some(emptied) = self.texts.add(text) {
            self.people.forget_phone(&emptied);
        }
    }

    /// Keeps a mail, either way, and gives its id.
    pub(crate) fn add_mail(&mut self, mail: Mail) -> u64 {
        match mail.direction {
            Direction::In => self.totals.mails_received += 1,
            Direction::Out => self.totals.mails_sent += 1,
        }
        self.people.touch_mailbox(&mail.mailbox);
        let (id, emptied) = self.mails.add(mail);
        for mailbox in emptied {
            self.people.forget_mailbox(&mailbox);
        }
        id
    }

    /// Records that a receipt was reported, or was not.
    pub(crate) fn receipt(&mut self, sid: &str, status: Carriage, answer: Answer, tries: u32) {
        self.count_call(answer, tries);
        if matches!(answer, Answer::Taken(_)) {
            self.totals.receipts_sent += 1;
        }
        if let Some(text) = self.texts.by_sid_mut(sid) {
            text.carriage = status;
            text.webhook = answer.into();
        }
    }

    /// Records how far a text has come that nothing is reported of.
    pub(crate) fn carried(&mut self, sid: &str, status: Carriage) {
        if let Some(text) = self.texts.by_sid_mut(sid) {
            text.carriage = status;
        }
    }

    /// Adds a finished call to the totals.
    pub(crate) fn count_call(&mut self, answer: Answer, tries: u32) {
        self.totals.webhook_retries += u64::from(tries.saturating_sub(1));
        if !matches!(answer, Answer::Taken(_)) {
            self.totals.webhook_failures += 1;
        }
    }
}

impl From<Answer> for Webhook {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Taken(status) => Self::Taken(status),
            Answer::Refused(status) => Self::Refused(status),
            Answer::Unreachable => Self::Unreachable,
        }
    }
}

impl Webhook {
    /// The word the JSON interface uses.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Waiting => "waiting",
            Self::Taken(_) => "acknowledged",
            Self::Refused(_) => "refused",
            Self::Unreachable => "unreachable",
        }
    }

    /// The gateway's HTTP status, where there was one.
    pub(crate) fn http_status(self) -> Option<u16> {
        match self {
            Self::Taken(status) | Self::Refused(status) => Some(status),
            Self::NotAsked | Self::Waiting | Self::Unreachable => None,
        }
    }
}
