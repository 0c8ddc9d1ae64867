//! People: the listed ones, and those who came into being when something arrived for them.
//!
//! Owns: who has which phone and mailbox, and who was heard of last. Must not: hold texts or mails.
//! Data: listed people from settings, the rest from traffic; read by the first page.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::super::Person;

/// A place in order of recency: latest traffic first, then as listed.
type Recency = (u64, Reverse<u64>);

struct Contact {
    person: Person,
    listed: bool,
    recency: Recency,
}

/// See the module's own words.
#[derive(Default)]
pub(crate) struct People {
    contacts: HashMap<u64, Contact>,
    by_phone: HashMap<String, u64>,
    by_mailbox: HashMap<String, u64>,
    order: BTreeSet<Recency>,
    next_id: u64,
    ticks: u64,
}

impl People {
    pub(crate) fn new(listed: &[Person]) -> Self {
        let mut people = Self::default();
        people.list(listed);
        people
    }

    /// Adds people who are shown before anything happens to them.
    pub(crate) fn list(&mut self, listed: &[Person]) {
        for person in listed {
            self.add(person.clone(), true);
        }
    }

    fn add(&mut self, person: Person, listed: bool) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(phone) = &person.phone {
            self.by_phone.insert(phone.clone(), id);
        }
        if let Some(email) = &person.email {
            self.by_mailbox.insert(email.to_lowercase(), id);
        }
        let recency = (0, Reverse(id));
        self.order.insert(recency);
        self.contacts.insert(id, Contact { person, listed, recency });
        id
    }

    /// Something happened on this phone.
    pub(crate) fn touch_phone(&mut self, phone: &str) {
        let known = self.by_phone.get(phone).copied();
        let id = known.unwrap_or_else(|| self.add(Person { phone: Some(phone.to_owned()), ..Person::default() }, false));
        self.touch(id);
    }

    /// Something happened in this mailbox.
    pub(crate) fn touch_mailbox(&mut self, address: &str) {
        let known = self.by_mailbox.get(address).copied();
        let id = known.unwrap_or_else(|| self.add(Person { email: Some(address.to_owned()), ..Person::default() }, false));
        self.touch(id);
    }

    fn touch(&mut self, id: u64) {
        self.ticks += 1;
        if let Some(contact) = self.contacts.get_mut(&id) {
            self.order.remove(&contact.recency);
            contact.recency = (self.ticks, Reverse(id));
            self.order.insert(contact.recency);
        }
    }

    /// Lets go of an unlisted phone whose texts are gone.
    pub(crate) fn forget_phone(&mut self, phone: &str) {
        if let Some(id) = self.by_phone.get(phone).copied().filter(|id| self.is_passing(*id)) {
            self.by_phone.remove(phone);
            self.remove(id);
        }
    }

    /// Lets go of an unlisted mailbox whose mails are gone.
    pub(crate) fn forget_mailbox(&mut self, address: &str) {
        if let Some(id) = self.by_mailbox.get(address).copied().filter(|id| self.is_passing(*id)) {
            self.by_mailbox.remove(address);
            self.remove(id);
        }
    }

    fn is_passing(&self, id: u64) -> bool {
        self.contacts.get(&id).is_some_and(|contact| !contact.listed)
    }

    fn remove(&mut self, id: u64) {
        if let Some(contact) = self.contacts.remove(&id) {
            self.order.remove(&contact.recency);
        }
    }

    /// Who has this phone.
    pub(crate) fn with_phone(&self, phone: &str) -> Option<&Person> {
        Some(&self.contacts.get(self.by_phone.get(phone)?)?.person)
    }

    /// Who has this mailbox.
    pub(crate) fn with_mailbox(&self, address: &str) -> Option<&Person> {
        Some(&self.contacts.get(self.by_mailbox.get(address)?)?.person)
    }

    /// One page of those who match, latest traffic first, and how many match in all.
    pub(crate) fn page(&self, query: &str, skip: usize, take: usize) -> (Vec<(u64, Person)>, usize) {
        let query = query.trim().to_lowercase();
        let recent = self.order.iter().rev().filter_map(|(_, Reverse(id))| Some((*id, &self.contacts.get(id)?.person)));
        if query.is_empty() {
            return (recent.skip(skip).take(take).map(|(id, person)| (id, person.clone())).collect(), self.contacts.len());
        }
        let mut total = 0;
        let mut found = Vec::new();
        for (id, person) in recent.filter(|(_, person)| matches(person, &query)) {
            if total >= skip && found.len() < take {
                found.push((id, person.clone()));
            }
            total += 1;
        }
        (found, total)
    }
}

fn matches(person: &Person, query: &str) -> bool {
    let compact: String = query.chars().filter(|c| !c.is_whitespace()).collect();
    let compact = compact.strip_prefix('0').unwrap_or(&compact);
    let digits = compact.chars().any(|c| c.is_ascii_digit());
    let words = [&person.name, &person.place, &person.groups].iter().any(|field| field.to_lowercase().contains(query));
    let phone = digits && person.phone.as_ref().is_some_and(|phone| phone.contains(compact));
    words || phone || person.email.as_ref().is_some_and(|email| email.to_lowercase().contains(query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_traffic_comes_first_then_as_listed() {
        let listed = ["Ann", "Ben", "Cal"].map(|name| Person { name: name.to_owned(), phone: Some(format!("+44{name}")), ..Person::default() });
        let mut people = People::new(&listed);
        people.touch_phone("+44Cal");
        people.touch_mailbox("new@example.org");
        let (page, total) = people.page("", 0, 3);
        assert_eq!(total, 4);
        let names: Vec<_> = page.iter().map(|(_, person)| person.name.as_str()).collect();
        assert_eq!(names, ["", "Cal", "Ann"]);
        people.forget_mailbox("new@example.org");
        people.forget_phone("+44Cal");
        assert_eq!(people.page("", 0, 9).1, 3);
        assert_eq!(people.page("be", 0, 9).1, 1);
    }
}
