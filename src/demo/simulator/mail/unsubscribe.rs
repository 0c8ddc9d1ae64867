//! Leaving a list with one press, as mail clients do it: one POST, no cookies, no redirect followed.
//!
//! Owns: the request RFC 8058 describes. Must not: offer it where the mail does not.
//! Data: the address from the mail's headers; the gateway's answer to the ledger.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::super::gateway::{self, Answer, Call};
use super::super::inbound::PATIENCE;
use super::super::ledger::Webhook;
use super::super::world::World;
use super::read;

/// Presses "unsubscribe" on a mail in this mailbox. An error says why there is no such button.
pub(crate) fn press(world: &Arc<World>, mailbox: &str, id: u64) -> anyhow::Result<JoinHandle<Answer>> {
    let raw = world.ledger(|ledger| ledger.mails.get(id).filter(|mail| mail.mailbox == mailbox).map(|mail| Arc::clone(&mail.raw)));
    let letter = read::read(&raw.context("that mail is not in this mailbox")?);
    let url = letter.one_click.context("that mail offers no one-press unsubscribe")?;
    mark(world, id, Webhook::Waiting);
    let call =
        Call { url, headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())], body: Bytes::from_static(b"List-Unsubscribe=One-Click") };
    let world = Arc::clone(world);
    Ok(world.runtime.clone().spawn(async move {
        let (answer, tries) = gateway::post(&world.client, &call, &PATIENCE).await;
        world.record(|ledger| ledger.count_call(answer, tries));
        mark(&world, id, answer.into());
        answer
    }))
}

fn mark(world: &World, id: u64, state: Webhook) {
    world.record(|ledger| {
        if let Some(mail) = ledger.mails.get_mut(id) {
            mail.unsubscribe = state;
        }
    });
}
