//! The invented residents: the same 2,000 at every planting, in every state that an audience has to explain.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use super::places::{Ground, Home};
use super::{RESIDENTS, names};
use crate::app::App;
use crate::domain::{Address, At, ids};
use crate::store::residents::{AddressRow, ConsentRow, ResidentRow};
use crate::store::suppressions::SuppressionRow;

const SEED: u64 = 0x00DE_2B15;
/// Ofcom's drama range has a thousand numbers, 07700 900000 to 900999. The last twenty are left to the gateway's own pool;
/// each of the others is a resident's.
const PHONES: u32 = 980;
/// Residents with a phone who gave an e-mail address too.
const BOTH: f64 = 0.4;
/// Share of names from elsewhere, in Derby and in the rest of the county.
const MIXED: (f64, f64) = (0.36, 0.08);
/// Residents joined over the last two years.
const JOINED_MINUTES: std::ops::Range<i64> = 3_000..1_050_000;
const MINUTE_MS: i64 = 60_000;

/// How an address stands, and its share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Wanted,
    SwitchedOff,
    Unconfirmed,
    Stopped,
    Bad,
}
const STANDINGS: [(Standing, u32); 5] =
    [(Standing::Wanted, 920), (Standing::SwitchedOff, 30), (Standing::Unconfirmed, 22), (Standing::Stopped, 18), (Standing::Bad, 10)];

/// Rows of every table that people fill.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) residents: Vec<ResidentRow>,
    pub(super) addresses: Vec<AddressRow>,
    /// Resident and area.
    pub(super) areas: Vec<(i64, i64)>,
    /// Resident and group.
    pub(super) groups: Vec<(i64, i64)>,
    pub(super) consents: Vec<ConsentRow>,
    pub(super) suppressions: Vec<SuppressionRow>,
}

struct Inventor<'a> {
    app: &'a App,
    random: StdRng,
    mailboxes: HashSet<String>,
    rows: Rows,
}

impl Rows {
    /// Invents everybody, spread over the postcodes: a sector has residents in proportion to its postcodes.
    pub(super) fn invent(app: &App, ground: &Ground) -> Self {
        let mut inventor = Inventor { app, random: StdRng::seed_from_u64(SEED), mailboxes: HashSet::new(), rows: Self::default() };
        let homes = ground.homes();
        let derby = ground.districts.iter().find(|district| district.name == "Derby").map(|district| district.id);
        let mut phones: Vec<_> = (0..PHONES).map(|number| format!("+447700900{number:03}")).map(Some).collect();
        phones.resize(RESIDENTS, None);
        phones.shuffle(&mut inventor.random);
        for phone in phones {
            if let Some(home) = homes.choose(&mut inventor.random) {
                let mixed = if home.district_id == derby { MIXED.0 } else { MIXED.1 };
                inventor.add(phone, home, mixed, ground);
            }
        }
        inventor.rows
    }
}

impl Inventor<'_> {
    fn add(&mut self, phone: Option<String>, home: &Home<'_>, mixed: f64, ground: &Ground) {
        let (first, last) = names::draw(&mut self.random, mixed);
        let id = self.app.next_id();
        let joined_at = self.app.now().plus_ms(-MINUTE_MS * self.random.random_range(JOINED_MINUTES));
        self.rows.residents.push(ResidentRow {
            id,
            public_id: ids::public_id(),
            name: format!("{first} {last}"),
            postcode: home.postcode.to_owned(),
            language: "en".to_owned(),
            source: "website".to_owned(),
            created_at: joined_at,
            left_at: None,
        });
        self.rows.areas.extend(std::iter::once(home.sector_id).chain(home.district_id).map(|area| (id, area)));
        let chosen = self.choose_groups(id, ground);
        let evidence = format!("postcode {}; groups {}", home.postcode, chosen.join(", "));
        let email = phone.is_none() || self.random.random_bool(BOTH);
        if let Some(phone) = phone {
            self.add_address(id, &Address::from_stored("phone", &phone), joined_at, &evidence);
        }
        if email {
            let mailbox = self.mailbox(first, last);
            self.add_address(id, &Address::from_stored("email", &mailbox), joined_at, &evidence);
        }
    }

    fn choose_groups<'g>(&mut self, id: i64, ground: &'g Ground) -> Vec<&'g str> {
        let chosen: Vec<_> = ground.groups().filter(|(_, _, share)| self.random.random_bool(*share)).collect();
        self.rows.groups.extend(chosen.iter().map(|(group, _, _)| (id, *group)));
        chosen.into_iter().map(|(_, slug, _)| slug).collect()
    }

    /// A mailbox at example.org that nobody else has.
    fn mailbox(&mut self, first: &str, last: &str) -> String {
        let (first, last) = (names::fold(first), names::fold(last));
        let initial: String = first.chars().take(1).collect();
        let year = self.random.random_range(48..99);
        let local = match self.random.random_range(0..10) {
            0..=4 => format!("{first}.{last}"),
            5 | 6 => format!("{initial}.{last}"),
            7 | 8 => format!("{first}{last}{year}"),
            _ => format!("{last}family"),
        };
        let mut free = local.clone();
        let mut number = 1;
        while !self.mailboxes.insert(free.clone()) {
            number += 1;
            free = format!("{local}{number}");
        }
        format!("{free}@example.org")
    }

    fn add_address(&mut self, resident_id: i64, address: &Address, joined_at: At, evidence: &str) {
        let standing = STANDINGS.choose_weighted(&mut self.random, |(_, share)| *share).map_or(Standing::Wanted, |(standing, _)| *standing);
        let later = joined_at.plus_ms(MINUTE_MS * self.random.random_range(60..2_900));
        let match_key = self.app.match_key(address);
        self.rows.addresses.push(AddressRow {
            id: self.app.next_id(),
            resident_id,
            kind: address.kind().to_owned(),
            value: address.reveal().to_owned(),
            match_key: match_key.clone(),
            enabled: standing != Standing::SwitchedOff,
            verified_at: (standing != Standing::Unconfirmed).then_some(joined_at),
            bad_at: (standing == Standing::Bad).then_some(later),
            created_at: joined_at,
        });
        let consent = ConsentRow {
            id: self.app.next_id(),
            resident_id: Some(resident_id),
            match_key: match_key.clone(),
            action: "joined".to_owned(),
            channel: address.channel_kind().to_owned(),
            source: "website".to_owned(),
            wording: "demonstration".to_owned(),
            evidence: evidence.to_owned(),
            created_at: joined_at,
        };
        let change = |action: &str, source: &str, evidence: &str| ConsentRow {
            id: self.app.next_id(),
            action: action.to_owned(),
            source: source.to_owned(),
            evidence: evidence.to_owned(),
            created_at: later,
            ..consent.clone()
        };
        let (reason, source, words) = match address {
            Address::Phone(_) => ("stop", "sms", "STOP"),
            Address::Email(_) => ("one_click", "one_click", "used the link in a mail"),
        };
        match standing {
            Standing::Stopped => {
                let stopped = change("stopped", source, words);
                self.rows.suppressions.push(SuppressionRow {
                    id: self.app.next_id(),
                    match_key,
                    channel: address.channel_kind().to_owned(),
                    scope: "all".to_owned(),
                    reason: reason.to_owned(),
                    evidence: words.to_owned(),
                    source_envelope_id: None,
                    created_at: later,
                    lifted_at: None,
                    lifted_by: None,
                });
                self.rows.consents.extend([consent, stopped]);
            }
            Standing::SwitchedOff => {
                let changed = change("changed", "website", "alerts to this address switched off");
                self.rows.consents.extend([consent, changed]);
            }
            Standing::Wanted | Standing::Unconfirmed | Standing::Bad => self.rows.consents.push(consent),
        }
    }
}
