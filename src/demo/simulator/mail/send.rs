//! A person's mail on its way: written, kept, and POSTed raw to the gateway as a mail server's delivery hook would.
//!
//! Owns: where a reply goes and the webhook's headers. Must not: know the pages.
//! Data: from a mailbox's page or the JSON interface; to the gateway; its answer to the ledger.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use tokio::task::JoinHandle;

use super::super::clock;
use super::super::gateway::{self, Answer, Call};
use super::super::inbound::PATIENCE;
use super::super::ledger::Webhook;
use super::super::ledger::mails::Mail;
use super::super::ledger::texts::Direction;
use super::super::world::World;
use super::compose::{self, Draft, Enclosure};
use super::read::{self, Letter};

/// What a person asks to be sent. Without `to` or `subject`, those of the mail it answers are used.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    pub(crate) mailbox: String,
    pub(crate) answers: Option<u64>,
    pub(crate) to: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) text: String,
    pub(crate) enclosures: Vec<Enclosure>,
}

/// A mail that has left: its id here, and the handle that gives the gateway's answer.
pub(crate) struct Leaving {
    pub(crate) id: u64,
    pub(crate) answer: JoinHandle<Answer>,
}

/// Writes and sends. An error says what is wrong with the wish.
pub(crate) fn send(world: &Arc<World>, wish: Wish) -> anyhow::Result<Leaving> {
    let draft = draft(world, wish)?;
    let raw = compose::compose(&draft, clock::now()).context("that is not an address mail can be sent to")?;
    let mailbox = super::mailbox_name(&draft.from);
    let call = call(world, &draft, raw.clone());
    let mail = Mail {
        id: 0,
        direction: Direction::Out,
        mailbox,
        envelope_from: draft.from.clone(),
        snippet: Letter { text: draft.text.clone(), ..Letter::default() }.snippet(),
        who: draft.to.clone(),
        other: draft.to,
        subject: draft.subject,
        raw: Arc::new(raw),
        at: clock::now(),
        webhook: Webhook::Waiting,
        unsubscribe: Webhook::NotAsked,
    };
    let id = world.record(|ledger| ledger.add_mail(mail));
    let answer = world.runtime.spawn(carry(Arc::clone(world), call, id));
    Ok(Leaving { id, answer })
}

fn draft(world: &World, wish: Wish) -> anyhow::Result<Draft> {
    let answers = wish.answers.map(|id| original(world, &wish.mailbox, id)).transpose()?;
    let subject = wish.subject.filter(|subject| !subject.trim().is_empty());
    let to = wish.to.map(|to| to.trim().to_owned()).filter(|to| !to.is_empty());
    let to = to.or_else(|| answers.as_ref().and_then(|letter| letter.answer_to.clone().or_else(|| letter.from.clone())));
    let to = to.or_else(|| world.published_email()).context("say whom to write to")?;
    let person = world.ledger(|ledger| ledger.people.with_mailbox(&wish.mailbox).cloned()).unwrap_or_default();
    Ok(Draft {
        name: Some(person.name).filter(|name| !name.is_empty()),
        from: person.email.unwrap_or(wish.mailbox),
        to,
        subject: subject.unwrap_or_else(|| answers.as_ref().map(|letter| compose::answering_subject(&letter.subject)).unwrap_or_default()),
        text: wish.text,
        enclosures: wish.enclosures,
        answers,
    })
}

fn original(world: &World, mailbox: &str, id: u64) -> anyhow::Result<Letter> {
    let raw = world.ledger(|ledger| ledger.mails.get(id).filter(|mail| mail.mailbox == mailbox).map(|mail| Arc::clone(&mail.raw)));
    Ok(read::read(&raw.context("that mail is not in this mailbox")?))
}

fn call(world: &World, draft: &Draft, raw: Vec<u8>) -> Call {
    Call {
        url: format!("{}/webhooks/email/{}", world.gateway(), world.settings.email_channel),
        headers: vec![
            ("content-type", "message/rfc822".to_owned()),
            ("authorization", format!("Bearer {}", world.settings.email_secret)),
            ("x-envelope-from", draft.from.clone()),
            ("x-envelope-to", draft.to.clone()),
        ],
        body: Bytes::from(raw),
    }
}

async fn carry(world: Arc<World>, call: Call, id: u64) -> Answer {
    let permit = world.calls.acquire().await;
    let (answer, tries) = gateway::post(&world.client, &call, &PATIENCE).await;
    drop(permit);
    world.record(|ledger| {
        ledger.count_call(answer, tries);
        if let Some(mail) = ledger.mails.get_mut(id) {
            mail.webhook = answer.into();
        }
    });
    answer
}
