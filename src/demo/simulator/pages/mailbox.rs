//! One mailbox: its mails, the one that is open, answering, and leaving a list with one press.
//!
//! Owns: which mail is open and what may be done with it. Must not: send anything itself.
//! Data: from the ledger's mails; to `simulator/mailbox.html`; answers go to `mail::send`.

use std::sync::Arc;

use actix_multipart::form::MultipartForm;
use actix_multipart::form::bytes::Bytes as File;
use actix_multipart::form::text::Text as Field;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::super::ledger::Webhook;
use super::super::ledger::mails::Mail;
use super::super::mail::compose::{self, Enclosure};
use super::super::mail::read::{self, Attachment};
use super::super::mail::{mailbox_name, send, unsubscribe};
use super::super::world::World;
use super::frame::{Frame, frame};
use super::phone::about;
use super::view::{self, MailLine, Run};

/// The latest mails that are listed.
const MAX_LISTED: usize = 200;

/// Which mail is open, or whether a new one is being written.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Open {
    mail: Option<u64>,
    #[serde(default)]
    write: u8,
    /// The mail that was just sent.
    sent: Option<u64>,
    #[serde(default)]
    error: String,
}

/// A reply, or a new mail when it answers none.
#[derive(MultipartForm)]
pub(crate) struct ReplyForm {
    mail_id: Option<Field<String>>,
    to: Field<String>,
    subject: Field<String>,
    text: Field<String>,
    #[multipart(limit = "30MB")]
    files: Vec<File>,
}

/// The mail whose list is to be left.
#[derive(Debug, Deserialize)]
pub(crate) struct LeaveForm {
    mail_id: u64,
}

#[derive(Template)]
#[template(path = "simulator/mailbox.html")]
struct MailboxPage {
    frame: Frame,
    name: String,
    about: String,
    address: String,
    href: String,
    phone: Option<(String, String)>,
    lines: Vec<MailLine>,
    counted: String,
    open: Option<OpenMail>,
    /// The form under a mail, or alone for a new one.
    form: Option<Writing>,
    notice: String,
    error: String,
}

struct OpenMail {
    line: MailLine,
    raw_href: String,
    runs: Vec<Run>,
    files: Vec<(Attachment, String)>,
    /// Whether the mail offers to leave its list with one press, and what came of it.
    leaves: bool,
    left: String,
}

struct Writing {
    answers: String,
    to: String,
    subject: String,
}

/// The page.
pub(crate) async fn show(world: web::Data<World>, address: web::Path<String>, open: web::Query<Open>) -> HttpResponse {
    let address = mailbox_name(&address);
    let person = world.ledger(|ledger| ledger.people.with_mailbox(&address).cloned()).unwrap_or_default();
    let mails: Vec<Mail> = world.ledger(|ledger| ledger.mails.of_mailbox(&address).rev().take(MAX_LISTED).cloned().collect());
    let count = world.ledger(|ledger| ledger.mails.count(&address));
    let mail = open.mail.and_then(|id| find(&world, &address, id));
    let name = if person.name.is_empty() { address.clone() } else { person.name.clone() };
    super::render(&MailboxPage {
        frame: frame(&world, format!("{name}’s mailbox")),
        name,
        about: about(&person),
        href: view::mailbox_href(&address),
        phone: person.phone.map(|phone| (view::phone_href(&phone), view::display_number(&phone))),
        lines: mails.iter().map(|each| view::mail_line(each, mail.as_ref().map(|mail| mail.id))).collect(),
        counted: counted(count),
        form: writing(&world, mail.as_ref(), open.write == 1),
        open: mail.as_ref().map(open_mail),
        notice: open.sent.and_then(|id| find(&world, &address, id)).map(|mail| notice(&mail)).unwrap_or_default(),
        error: open.error.clone(),
        address: person.email.unwrap_or(address),
    })
}

fn find(world: &World, address: &str, id: u64) -> Option<Mail> {
    world.ledger(|ledger| ledger.mails.get(id).filter(|mail| mail.mailbox == address).cloned())
}

fn counted(count: usize) -> String {
    match count {
        0 => "No mails yet".to_owned(),
        1 => "1 mail".to_owned(),
        2..=MAX_LISTED => format!("{count} mails"),
        _ => format!("the latest {MAX_LISTED} of {count} mails"),
    }
}

fn open_mail(mail: &Mail) -> OpenMail {
    let letter = read::read(&mail.raw);
    OpenMail {
        line: view::mail_line(mail, None),
        raw_href: format!("{}/mails/{}/raw", view::mailbox_href(&mail.mailbox), mail.id),
        runs: view::runs(letter.text.trim_end()),
        leaves: letter.one_click.is_some(),
        left: left(mail.unsubscribe),
        files: letter.attachments.into_iter().map(|file| (file.clone(), view::size(file.bytes))).collect(),
    }
}

fn left(state: Webhook) -> String {
    match state {
        Webhook::NotAsked => String::new(),
        Webhook::Waiting => "Unsubscribing…".to_owned(),
        Webhook::Taken(_) => "Unsubscribed: the gateway took the request.".to_owned(),
        Webhook::Refused(_) | Webhook::Unreachable => format!("{}.", view::sent_state(state)),
    }
}

fn notice(sent: &Mail) -> String {
    match sent.webhook {
        Webhook::Taken(_) => "Your mail was sent and the gateway took it.".to_owned(),
        Webhook::Waiting => "Your mail is on its way to the gateway.".to_owned(),
        state => format!("{}.", view::sent_state(state)),
    }
}

fn writing(world: &World, mail: Option<&Mail>, new: bool) -> Option<Writing> {
    match mail {
        Some(mail) if !new => Some(Writing { answers: mail.id.to_string(), to: mail.other.clone(), subject: compose::answering_subject(&mail.subject) }),
        _ if new => Some(Writing { answers: String::new(), to: world.published_email().unwrap_or_default(), subject: String::new() }),
        _ => None,
    }
}

/// Sends a reply or a new mail and comes back to where it was written.
pub(crate) async fn reply(world: web::Data<World>, address: web::Path<String>, form: MultipartForm<ReplyForm>) -> HttpResponse {
    let world = world.into_inner();
    let address = mailbox_name(&address);
    let href = view::mailbox_href(&address);
    let form = form.into_inner();
    let answers = form.mail_id.and_then(|id| id.parse().ok());
    let back = answers.map_or_else(|| "write=1".to_owned(), |id: u64| format!("mail={id}"));
    let wish = send::Wish {
        mailbox: address,
        answers,
        to: Some(form.to.into_inner()),
        subject: Some(form.subject.into_inner()),
        text: form.text.into_inner(),
        enclosures: form.files.into_iter().filter_map(enclosure).collect(),
    };
    match send::send(&world, wish) {
        Ok(leaving) => {
            super::wait_a_little(leaving.answer).await;
            let open = answers.unwrap_or(leaving.id);
            super::see_other(&format!("{href}?mail={open}&sent={}", leaving.id))
        }
        Err(error) => super::see_other(&format!("{href}?{back}&error={}", view::segment(&sentence(&error)))),
    }
}

fn sentence(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str())).unwrap_or_default()
}

/// A file field left empty arrives as a file with no name and no bytes.
fn enclosure(file: File) -> Option<Enclosure> {
    let name = file.file_name.filter(|name| !name.is_empty())?;
    let content_type = file.content_type.map_or_else(|| "application/octet-stream".to_owned(), |kind| kind.to_string());
    Some(Enclosure { name, content_type, bytes: file.data.to_vec() })
}

/// Presses "unsubscribe" and comes back to the mail.
pub(crate) async fn unsubscribe(world: web::Data<World>, address: web::Path<String>, form: web::Form<LeaveForm>) -> HttpResponse {
    let world = world.into_inner();
    let address = mailbox_name(&address);
    let href = format!("{}?mail={}", view::mailbox_href(&address), form.mail_id);
    match unsubscribe::press(&world, &address, form.mail_id) {
        Ok(answer) => {
            super::wait_a_little(answer).await;
            super::see_other(&href)
        }
        Err(error) => super::see_other(&format!("{href}&error={}", view::segment(&sentence(&error)))),
    }
}

/// A mail's bytes, shown as text.
pub(crate) async fn raw(world: web::Data<World>, path: web::Path<(String, u64)>) -> HttpResponse {
    let (address, id) = path.into_inner();
    match find(&world, &mailbox_name(&address), id) {
        Some(mail) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(Arc::unwrap_or_clone(mail.raw)),
        None => HttpResponse::NotFound().body("There is no such mail in this mailbox."),
    }
}
