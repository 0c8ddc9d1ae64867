//! Mails in the order they happened, found by id or by mailbox without searching.
//!
//! Owns: the bounds on mails, in number and in bytes. Must not: read a mail's contents.
//! Data: from the mail sink and people's own mails; to mailboxes' pages and the JSON interface.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Webhook;
use super::texts::Direction;

/// Past either of these the oldest mail is dropped.
const MAX_MAILS: usize = 100_000;
const MAX_MAIL_BYTES: usize = 512 * 1024 * 1024;

/// One mail in one person's mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Given by [`Mails::add`].
    pub(crate) id: u64,
    pub(crate) direction: Direction,
    /// The person's address, in lower case.
    pub(crate) mailbox: String,
    /// The envelope's sender.
    pub(crate) envelope_from: String,
    /// The other side: who it is from when received, whom it was sent to when sent.
    pub(crate) other: String,
    /// The other side's name, or its address.
    pub(crate) who: String,
    pub(crate) subject: String,
    pub(crate) snippet: String,
    pub(crate) raw: Arc<Vec<u8>>,
    pub(crate) at: DateTime<Utc>,
    /// What became of a mail the person sent.
    pub(crate) webhook: Webhook,
    /// What became of a one-press unsubscribe from this mail.
    pub(crate) unsubscribe: Webhook,
}

/// See the module's own words.
#[derive(Default)]
pub(crate) struct Mails {
    order: VecDeque<Mail>,
    first: u64,
    bytes: usize,
    by_mailbox: HashMap<String, VecDeque<u64>>,
    /// Who the latest received mail was from: a name to write to, not the address made for answering that one mail.
    pub(crate) latest_sender: Option<String>,
}

impl Mails {
    /// Keeps a mail. Gives its id, and the mailboxes left with none when old ones had to go.
    pub(crate) fn add(&mut self, mut mail: Mail) -> (u64, Vec<String>) {
        let id = self.first + u64::try_from(self.order.len()).unwrap_or(u64::MAX);
        mail.id = id;
        self.bytes += mail.raw.len();
        self.by_mailbox.entry(mail.mailbox.clone()).or_default().push_back(id);
        self.order.push_back(mail);
        let mut emptied = Vec::new();
        while self.order.len() > 1 && (self.order.len() > MAX_MAILS || self.bytes > MAX_MAIL_BYTES) {
            emptied.extend(self.drop_oldest());
        }
        (id, emptied)
    }

    fn drop_oldest(&mut self) -> Option<String> {
        let gone = self.order.pop_front()?;
        self.first += 1;
        self.bytes = self.bytes.saturating_sub(gone.raw.len());
        let ids = self.by_mailbox.get_mut(&gone.mailbox)?;
        ids.pop_front();
        if !ids.is_empty() {
            return None;
        }
        self.by_mailbox.remove(&gone.mailbox);
        Some(gone.mailbox)
    }

    /// One mail by its id.
    pub(crate) fn get(&self, id: u64) -> Option<&Mail> {
        self.order.get(usize::try_from(id.checked_sub(self.first)?).ok()?)
    }

    /// One mail by its id, to change it.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Mail> {
        self.order.get_mut(usize::try_from(id.checked_sub(self.first)?).ok()?)
    }

    /// A mailbox's mails, oldest first.
    pub(crate) fn of_mailbox(&self, address: &str) -> impl DoubleEndedIterator<Item = &Mail> {
        self.by_mailbox.get(address).into_iter().flatten().filter_map(|id| self.get(*id))
    }

    /// How many mails a mailbox holds.
    pub(crate) fn count(&self, address: &str) -> usize {
        self.by_mailbox.get(address).map_or(0, VecDeque::len)
    }
}
