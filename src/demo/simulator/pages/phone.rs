//! One phone: a thread for each of the gateway's numbers, and answering.
//!
//! Owns: which thread is open. Must not: send anything itself.
//! Data: from the ledger's texts; to `simulator/phone.html`; answers go to `inbound`.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::super::Person;
use super::super::api::phones::{phone_name, usual_number};
use super::super::clock::{self, When};
use super::super::inbound;
use super::super::ledger::texts::Text;
use super::super::mail::mailbox_name;
use super::super::world::World;
use super::frame::{Frame, frame};
use super::view::{self, Bubble};

/// The latest texts of a thread that are shown.
const MAX_SHOWN: usize = 200;
const QUICK: [&str; 3] = ["Saw a white van on Mill Lane", "STOP", "START"];

/// Which of the gateway's numbers the open thread is with.
#[derive(Debug, Deserialize)]
pub(crate) struct Open {
    with: Option<String>,
    #[serde(default)]
    error: String,
}

/// A text the person sends.
#[derive(Debug, Deserialize)]
pub(crate) struct TextForm {
    to: String,
    text: String,
}

#[derive(Template)]
#[template(path = "simulator/phone.html")]
struct PhonePage {
    frame: Frame,
    name: String,
    about: String,
    number: String,
    href: String,
    mailbox: Option<(String, String)>,
    threads: Vec<ThreadLine>,
    others: Vec<ThreadLine>,
    /// The number the open thread is with, and how it is shown.
    ours: String,
    ours_shown: String,
    bubbles: Vec<Bubble>,
    left_out: usize,
    quick: [&'static str; 3],
    error: &'static str,
}

struct ThreadLine {
    shown: String,
    href: String,
    preview: String,
    when: Option<When>,
    current: bool,
}

/// The page. Without a thread in the address it leads on to the latest one, when there is one.
pub(crate) async fn show(world: web::Data<World>, number: web::Path<String>, open: web::Query<Open>) -> HttpResponse {
    let phone = phone_name(&number);
    let texts: Vec<Text> = world.ledger(|ledger| ledger.texts.of_phone(&phone).cloned().collect());
    let href = view::phone_href(&phone);
    match (&open.with, texts.last()) {
        (None, Some(latest)) => super::see_other(&thread_href(&href, &latest.ours)),
        (with, _) => {
            let ours = with.clone().filter(|with| knows(&world, &texts, with)).or_else(|| usual_number(&world, &phone));
            super::render(&page(&world, &phone, href, &texts, ours.unwrap_or_default(), &open.error))
        }
    }
}

fn knows(world: &World, texts: &[Text], ours: &str) -> bool {
    world.settings.numbers.iter().any(|number| number == ours) || texts.iter().any(|text| text.ours == ours)
}

fn page(world: &World, phone: &str, href: String, texts: &[Text], ours: String, error: &str) -> PhonePage {
    let person = world.ledger(|ledger| ledger.people.with_phone(phone).cloned()).unwrap_or_default();
    let number = view::display_number(phone);
    let name = if person.name.is_empty() { number.clone() } else { person.name.clone() };
    let thread: Vec<_> = texts.iter().filter(|text| text.ours == ours).collect();
    let left_out = thread.len().saturating_sub(MAX_SHOWN);
    PhonePage {
        frame: frame(world, format!("{name}’s phone")),
        name,
        about: about(&person),
        mailbox: person.email.map(|email| (view::mailbox_href(&mailbox_name(&email)), email)),
        threads: threads(texts, &href, &ours),
        others: others(world, texts, &href, &ours),
        number,
        href,
        ours_shown: view::display_number(&ours),
        ours,
        bubbles: thread.into_iter().skip(left_out).map(view::bubble).collect(),
        left_out,
        quick: QUICK,
        error: if error == "empty" { "Write a text first." } else { "" },
    }
}

/// Where they live and what they hear about, on one line.
pub(crate) fn about(person: &Person) -> String {
    let parts = [person.place.as_str(), person.groups.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn threads(texts: &[Text], href: &str, open: &str) -> Vec<ThreadLine> {
    let mut lines: Vec<(String, ThreadLine)> = Vec::new();
    for text in texts.iter().rev() {
        if lines.iter().all(|(ours, _)| *ours != text.ours) {
            lines.push((text.ours.clone(), line(text, href, open)));
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn line(latest: &Text, href: &str, open: &str) -> ThreadLine {
    ThreadLine {
        shown: view::display_number(&latest.ours),
        href: thread_href(href, &latest.ours),
        preview: latest.body.clone(),
        when: Some(clock::when(latest.at)),
        current: latest.ours == open,
    }
}

fn others(world: &World, texts: &[Text], href: &str, open: &str) -> Vec<ThreadLine> {
    let silent = world.settings.numbers.iter().filter(|number| texts.iter().all(|text| text.ours != **number));
    let line = |number: &String| ThreadLine {
        shown: view::display_number(number),
        href: thread_href(href, number),
        preview: String::new(),
        when: None,
        current: number == open,
    };
    silent.map(line).collect()
}

fn thread_href(href: &str, ours: &str) -> String {
    format!("{href}?with={}", view::segment(ours))
}

/// Sends a text and comes back to its thread.
pub(crate) async fn text(world: web::Data<World>, number: web::Path<String>, form: web::Form<TextForm>) -> HttpResponse {
    let world = world.into_inner();
    let phone = phone_name(&number);
    let href = thread_href(&view::phone_href(&phone), &form.to);
    if form.text.trim().is_empty() {
        return super::see_other(&format!("{href}&error=empty"));
    }
    if !world.settings.numbers.contains(&form.to) {
        return super::see_other(&href);
    }
    let (sid, answer) = inbound::send(&world, &phone, &form.to, &form.text.replace("\r\n", "\n"));
    super::wait_a_little(answer).await;
    super::see_other(&format!("{href}#{sid}"))
}
