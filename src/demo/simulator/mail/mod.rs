//! Mail as a person's mail client meets it: what arrives, what they write back, and leaving a list with one press.
//!
//! Owns: mailboxes' names and delivery to them. Must not: speak SMTP.
//! Data: finished mails from the sink; people's mails to the gateway's e-mail webhook.

pub(crate) mod compose;
pub(crate) mod read;
pub(crate) mod send;
pub(crate) mod unsubscribe;

use std::sync::Arc;

use super::clock;
use super::ledger::Webhook;
use super::ledger::mails::Mail;
use super::ledger::texts::Direction;
use super::world::World;

/// Puts a mail in the mailbox of each recipient. Gives the id of the first.
pub(crate) fn deliver(world: &World, from: &str, to: &[String], raw: Vec<u8>) -> String {
    let letter = read::read(&raw);
    let sender = letter.from.clone();
    let mail = Mail {
        id: 0,
        direction: Direction::In,
        mailbox: String::new(),
        envelope_from: from.to_owned(),
        snippet: letter.snippet(),
        who: letter.from_name.clone().or_else(|| letter.from.clone()).unwrap_or_else(|| from.to_owned()),
        other: letter.answer_to.or(letter.from).unwrap_or_else(|| from.to_owned()),
        subject: letter.subject,
        raw: Arc::new(raw),
        at: clock::now(),
        webhook: Webhook::NotAsked,
        unsubscribe: Webhook::NotAsked,
    };
    let ids = world.record(|ledger| {
        ledger.mails.latest_sender = sender.or_else(|| ledger.mails.latest_sender.take());
        let each = to.iter().map(|address| ledger.add_mail(Mail { mailbox: mailbox_name(address), ..mail.clone() }));
        each.collect::<Vec<_>>()
    });
    ids.first().map(u64::to_string).unwrap_or_default()
}

/// An address as mailboxes are named: trimmed, in lower case.
pub(crate) fn mailbox_name(address: &str) -> String {
    address.trim().to_lowercase()
}
