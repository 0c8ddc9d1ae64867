//! A mailbox, in JSON: what is in it, replying from it, and leaving a list.
//!
//! Owns: the JSON of mails. Must not: wait on anything but the gateway's answer.
//! Data: from the ledger's mails; replies go to `mail::send`.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::clock;
use super::super::ledger::mails::Mail;
use super::super::ledger::texts::Direction;
use super::super::mail::compose::Enclosure;
use super::super::mail::{mailbox_name, read, send, unsubscribe};
use super::super::world::World;

/// A mail's id, as this interface writes it or as a bare number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum MailId {
    Word(String),
    Number(u64),
}

/// A reply, or with no `mail_id` a new mail.
#[derive(Debug, Deserialize)]
pub(crate) struct NewMail {
    mail_id: Option<MailId>,
    to: Option<String>,
    subject: Option<String>,
    text: String,
    #[serde(default)]
    attachments: Vec<NewAttachment>,
}

#[derive(Debug, Deserialize)]
struct NewAttachment {
    name: String,
    content_type: Option<String>,
    base64: String,
}

/// The mail whose list is to be left.
#[derive(Debug, Deserialize)]
pub(crate) struct Leave {
    mail_id: MailId,
}

/// All mails received, and all sent, oldest first.
pub(crate) async fn show(world: web::Data<World>, address: web::Path<String>) -> HttpResponse {
    let address = mailbox_name(&address);
    let mails: Vec<Mail> = world.ledger(|ledger| ledger.mails.of_mailbox(&address).cloned().collect());
    let (received, sent): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.direction == Direction::In);
    let all = |mails: Vec<&Mail>| mails.into_iter().map(entry).collect::<Vec<Value>>();
    HttpResponse::Ok().json(json!({ "address": address, "mails": all(received), "sent": all(sent) }))
}

fn entry(mail: &Mail) -> Value {
    let letter = read::read(&mail.raw);
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in letter.headers {
        headers.entry(name.to_lowercase()).or_default().push(value);
    }
    let attachments = letter.attachments.iter().map(|file| json!({ "name": file.name, "content_type": file.content_type, "bytes": file.bytes }));
    json!({
        "id": mail.id.to_string(),
        "mail_from": mail.envelope_from,
        "other": mail.other,
        "subject": mail.subject,
        "text": letter.text,
        "message_id": letter.message_id,
        "raw": String::from_utf8_lossy(&mail.raw),
        "at": clock::iso(mail.at),
        "headers": headers,
        "attachments": attachments.collect::<Vec<_>>(),
        "one_click": letter.one_click,
        "webhook_status": mail.webhook.word(),
        "webhook_http_status": mail.webhook.http_status(),
        "unsubscribe_status": mail.unsubscribe.word(),
    })
}

/// Sends a reply or a new mail and waits until the gateway has it or has refused it.
pub(crate) async fn reply(world: web::Data<World>, address: web::Path<String>, new: web::Json<NewMail>) -> HttpResponse {
    let world = world.into_inner();
    let leaving = wish(&address, new.into_inner()).and_then(|wish| send::send(&world, wish));
    match leaving {
        Ok(leaving) => super::outcome("id", &leaving.id.to_string(), leaving.answer.await.ok()),
        Err(error) => super::problem(&error.to_string()),
    }
}

fn wish(address: &str, new: NewMail) -> anyhow::Result<send::Wish> {
    let answers = new.mail_id.map(MailId::number).transpose()?;
    let enclosures = new.attachments.into_iter().map(enclosure).collect::<anyhow::Result<_>>()?;
    Ok(send::Wish { mailbox: mailbox_name(address), answers, to: new.to, subject: new.subject, text: new.text, enclosures })
}

fn enclosure(file: NewAttachment) -> anyhow::Result<Enclosure> {
    let content_type = file.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    Ok(Enclosure { name: file.name, content_type, bytes: STANDARD.decode(file.base64)? })
}

/// Presses "unsubscribe" on a mail and waits for the gateway's answer.
pub(crate) async fn unsubscribe(world: web::Data<World>, address: web::Path<String>, leave: web::Json<Leave>) -> HttpResponse {
    let world = world.into_inner();
    let pressed = leave.into_inner().mail_id.number().and_then(|id| Ok((id, unsubscribe::press(&world, &mailbox_name(&address), id)?)));
    match pressed {
        Ok((id, answer)) => super::outcome("id", &id.to_string(), answer.await.ok()),
        Err(error) => super::problem(&error.to_string()),
    }
}

impl MailId {
    fn number(self) -> anyhow::Result<u64> {
        match self {
            Self::Word(word) => Ok(word.parse()?),
            Self::Number(number) => Ok(number),
        }
    }
}
