//! The first page: people with their phones and mailboxes, latest traffic first.
//!
//! Owns: search and paging. Must not: show more than the last few of anything.
//! Data: from the ledger; to `simulator/people.html`.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::super::Person;
use super::super::api::phones::phone_name;
use super::super::ledger::Ledger;
use super::super::mail::mailbox_name;
use super::super::world::World;
use super::frame::{Frame, frame};
use super::view::{self, Bubble, MailLine};

const PER_PAGE: usize = 24;
const LAST_FEW: usize = 2;

/// What was searched for, and which page of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: usize,
}

#[derive(Template)]
#[template(path = "simulator/people.html")]
struct PeoplePage {
    frame: Frame,
    query: String,
    counted: String,
    cards: Vec<Card>,
    newer: Option<String>,
    older: Option<String>,
    /// A phone or mailbox that does not exist yet and could be opened.
    unknown: Option<(String, String)>,
}

struct Card {
    id: u64,
    name: String,
    about: String,
    phone: Option<PhoneCard>,
    mailbox: Option<MailCard>,
}

struct PhoneCard {
    number: String,
    href: String,
    count: usize,
    bubbles: Vec<Bubble>,
}

struct MailCard {
    address: String,
    href: String,
    count: usize,
    lines: Vec<MailLine>,
}

/// The page.
pub(crate) async fn show(world: web::Data<World>, search: web::Query<Search>) -> HttpResponse {
    let skip = search.page.saturating_mul(PER_PAGE);
    let (cards, total) = world.ledger(|ledger| {
        let (people, total) = ledger.people.page(&search.q, skip, PER_PAGE);
        (people.iter().map(|(id, person)| card(ledger, *id, person)).collect::<Vec<_>>(), total)
    });
    let link = |page: usize| {
        format!("/?{}", form_urlencoded::Serializer::new(String::new()).append_pair("q", &search.q).append_pair("page", &page.to_string()).finish())
    };
    render_page(&world, &search, cards, total, link)
}

fn render_page(world: &World, search: &Search, cards: Vec<Card>, total: usize, link: impl Fn(usize) -> String) -> HttpResponse {
    let first = search.page.saturating_mul(PER_PAGE);
    super::render(&PeoplePage {
        frame: frame(world, "People".to_owned()),
        query: search.q.clone(),
        counted: counted(total, first, cards.len()),
        newer: search.page.checked_sub(1).map(&link),
        older: (first + cards.len() < total).then(|| link(search.page + 1)),
        unknown: if cards.is_empty() { unknown(&search.q) } else { None },
        cards,
    })
}

fn counted(total: usize, first: usize, shown: usize) -> String {
    match (total, shown) {
        (0, _) | (_, 0) => "Nobody to show".to_owned(),
        (1, _) => "1 person".to_owned(),
        (_, shown) if shown == total => format!("{total} people, latest traffic first"),
        (_, shown) => format!("{}–{} of {total} people, latest traffic first", first + 1, first + shown),
    }
}

fn unknown(query: &str) -> Option<(String, String)> {
    let query = query.trim();
    let digits = query.chars().filter(char::is_ascii_digit).count();
    if query.contains('@') {
        let address = mailbox_name(query);
        Some((format!("Open a mailbox for {address}"), view::mailbox_href(&address)))
    } else if (10..=15).contains(&digits) {
        let number = phone_name(query);
        Some((format!("Open a phone for {}", view::display_number(&number)), view::phone_href(&number)))
    } else {
        None
    }
}

fn card(ledger: &Ledger, id: u64, person: &Person) -> Card {
    let about = [person.place.as_str(), person.groups.as_str()].into_iter().filter(|part| !part.is_empty());
    let fallback = person.phone.as_deref().map(view::display_number).or_else(|| person.email.clone());
    Card {
        id,
        name: if person.name.is_empty() { fallback.unwrap_or_default() } else { person.name.clone() },
        about: about.collect::<Vec<_>>().join(" · "),
        phone: person.phone.as_deref().map(|number| phone_card(ledger, number)),
        mailbox: person.email.as_deref().map(|address| mail_card(ledger, address)),
    }
}

fn phone_card(ledger: &Ledger, number: &str) -> PhoneCard {
    let mut bubbles: Vec<_> = ledger.texts.of_phone(number).rev().take(LAST_FEW).map(view::bubble).collect();
    bubbles.reverse();
    PhoneCard { number: view::display_number(number), href: view::phone_href(number), count: ledger.texts.count(number), bubbles }
}

fn mail_card(ledger: &Ledger, address: &str) -> MailCard {
    let name = mailbox_name(address);
    let lines = ledger.mails.of_mailbox(&name).rev().take(LAST_FEW).map(|mail| view::mail_line(mail, None)).collect();
    MailCard { address: address.to_owned(), href: view::mailbox_href(&name), count: ledger.mails.count(&name), lines }
}
