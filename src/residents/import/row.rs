//! `[pure]` One row of an import: what it says, or every reason why it cannot be taken.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime};

use crate::domain::address::AddressError;
use crate::domain::{Address, At, Email, Phone};
use crate::residents::places::{Place, Whereabouts, normalise_postcode};

const LONGEST_NAME: usize = 100;
const LONGEST_SOURCE: usize = 200;
/// 1 January 1990: nobody consented to texts or mail before; an earlier date is a slip.
const EARLIEST_CONSENT_MS: i64 = 631_152_000_000;
/// A day written down in summer time begins an hour before the same day in UTC.
const ZONE_MS: i64 = 3_600_000;

/// A row as it stands in the file, trimmed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawRow<'a> {
    /// Line of the file, from 1.
    pub line: u64,
    /// Required.
    pub name: &'a str,
    /// A mobile number, or empty.
    pub phone: &'a str,
    /// An e-mail address, or empty.
    pub email: &'a str,
    /// Required; one that we know.
    pub postcode: &'a str,
    /// Slugs between `;`, or empty.
    pub groups: &'a str,
    /// `sms`, `email` or both between `;`.
    pub channels: &'a str,
    /// Where and how they agreed: required, since the evidence of consent is kept.
    pub consent_source: &'a str,
    /// When they agreed: RFC 3339 or YYYY-MM-DD (then midnight UTC).
    pub consent_at: &'a str,
}

/// What rows are checked against.
pub struct Against {
    /// No text leaves this machine: numbers of films will do.
    pub simulated: bool,
    /// Known postcodes.
    pub whereabouts: Whereabouts,
    /// Ids of the interest groups by slug.
    pub groups: BTreeMap<String, i64>,
    /// Now: nobody consented later.
    pub now: At,
}

/// A sound row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// Line of the file, from 1.
    pub line: u64,
    /// As given.
    pub name: String,
    /// Where they live.
    pub place: Place,
    /// Their addresses, and whether they agreed to alerts there.
    pub addresses: Vec<(Address, bool)>,
    /// The groups they chose: slug and id.
    pub groups: Vec<(String, i64)>,
    /// Where and how they agreed.
    pub consent_source: String,
    /// When they agreed.
    pub consent_at: At,
}

/// Checks one row; the reasons name the column and are for the person who mends the file.
pub fn check_row(raw: &RawRow<'_>, against: &Against) -> Result<Applicant, Vec<String>> {
    let mut reasons = Vec::new();
    let mut keep = |column: &str, fault: String| reasons.push(format!("{column}: {fault}"));

    if raw.name.is_empty() || raw.name.chars().count() > LONGEST_NAME {
        keep("name", format!("it must have 1 to {LONGEST_NAME} characters"));
    }
    let phone = read_phone(raw.phone, against.simulated).unwrap_or_else(|fault| {
        keep("phone", fault);
        None
    });
    let email = optional(raw.email, Email::parse).unwrap_or_else(|fault| {
        keep("email", fault);
        None
    });
    if raw.phone.is_empty() && raw.email.is_empty() {
        keep("phone", "a phone number or an e-mail address is needed".to_owned());
    }
    let place = read_place(raw.postcode, &against.whereabouts).map_err(|fault| keep("postcode", fault)).ok();
    let groups = read_groups(raw.groups, &against.groups).unwrap_or_else(|faults| {
        for fault in faults {
            keep("groups", fault);
        }
        Vec::new()
    });
    let channels = read_channels(raw).unwrap_or_else(|faults| {
        for fault in faults {
            keep("channels", fault);
        }
        BTreeSet::new()
    });
    if raw.consent_source.is_empty() || raw.consent_source.chars().count() > LONGEST_SOURCE {
        keep("consent_source", format!("say in 1 to {LONGEST_SOURCE} characters where they agreed: the evidence is kept"));
    }
    let consent_at = read_moment(raw.consent_at, against.now).map_err(|fault| keep("consent_at", fault)).ok();

    match (place, consent_at) {
        (Some(place), Some(consent_at)) if reasons.is_empty() => {
            let addresses = phone.map(Address::Phone).into_iter().chain(email.map(Address::Email));
            Ok(Applicant {
                line: raw.line,
                name: raw.name.to_owned(),
                place,
                addresses: addresses.map(|address| (address.clone(), channels.contains(address.channel_kind()))).collect(),
                groups,
                consent_source: raw.consent_source.to_owned(),
                consent_at,
            })
        }
        _ => Err(reasons),
    }
}

fn read_phone(text: &str, simulated: bool) -> Result<Option<Phone>, String> {
    if text.contains("E+") {
        return Err(format!("a spreadsheet made {text} of it: format the column as text and fill the number in again"));
    }
    optional(text, |text| Phone::parse_textable(text, simulated))
}

fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, AddressError>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some).map_err(|error| error.to_string()) }
}

fn read_place(text: &str, whereabouts: &Whereabouts) -> Result<Place, String> {
    match normalise_postcode(text) {
        None if text.is_empty() => Err("it is needed".to_owned()),
        None => Err(format!("\"{text}\" is not a UK postcode")),
        Some(postcode) => whereabouts.find(&postcode).ok_or_else(|| format!("{postcode} is not among the postcodes we know")),
    }
}

fn read_groups(text: &str, known: &BTreeMap<String, i64>) -> Result<Vec<(String, i64)>, Vec<String>> {
    let (mut groups, mut faults) = (BTreeMap::new(), Vec::new());
    for slug in listed(text) {
        match known.get(&slug) {
            Some(id) => {
                groups.insert(slug, *id);
            }
            None => faults.push(format!("there is no group \"{slug}\" (there are: {})", known.keys().cloned().collect::<Vec<_>>().join(", "))),
        }
    }
    if faults.is_empty() { Ok(groups.into_iter().collect()) } else { Err(faults) }
}

fn read_channels(raw: &RawRow<'_>) -> Result<BTreeSet<String>, Vec<String>> {
    let channels: BTreeSet<String> = listed(raw.channels).collect();
    let mut faults = Vec::new();
    if channels.is_empty() {
        faults.push("name sms, email or both".to_owned());
    }
    for channel in &channels {
        match channel.as_str() {
            "sms" if raw.phone.is_empty() => faults.push("sms needs a phone number".to_owned()),
            "email" if raw.email.is_empty() => faults.push("email needs an e-mail address".to_owned()),
            "sms" | "email" => {}
            other => faults.push(format!("\"{other}\" is neither sms nor email")),
        }
    }
    if faults.is_empty() { Ok(channels) } else { Err(faults) }
}

fn read_moment(text: &str, now: At) -> Result<At, String> {
    if text.is_empty() {
        return Err("it is needed: the evidence of consent is kept".to_owned());
    }
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10).map(|day| At::from_naive(day.and_time(NaiveTime::MIN)));
    let Some(at) = DateTime::parse_from_rfc3339(text).ok().map(|moment| At::from(moment.to_utc())).or_else(day) else {
        return Err(format!("\"{text}\" is neither a date like 2026-03-31 nor a time like 2026-03-31T09:30:00Z"));
    };
    if at.since_ms(now) > ZONE_MS {
        Err(format!("{text} lies in the future"))
    } else if at.unix_ms() < EARLIEST_CONSENT_MS {
        Err(format!("{text} is too long ago to be right"))
    } else {
        Ok(at)
    }
}

fn listed(text: &str) -> impl Iterator<Item = String> {
    text.split(';').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
