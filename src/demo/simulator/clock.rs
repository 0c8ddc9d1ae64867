//! The simulator's own clock and how it writes a moment.
//!
//! Owns: reading the time, Europe/London wording. Must not: be asked for the time by anything outside the simulator.
//! Data: from the system clock to stored texts and mails, and to pages.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::London;

/// A moment for a page: `iso` for the machine, `text` for people.
pub(crate) struct When {
    pub(crate) iso: String,
    pub(crate) text: String,
}

/// The time now.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// "14:32", or "22 Nov, 14:32" when it is not today in London.
pub(crate) fn when(at: DateTime<Utc>) -> When {
    let local = at.with_timezone(&London);
    let today = now().with_timezone(&London).date_naive();
    let shape = if local.date_naive() == today { "%H:%M" } else { "%-d %b, %H:%M" };
    When { iso: iso(at), text: local.format(shape).to_string() }
}

/// RFC 3339 to the millisecond.
pub(crate) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// How a mail client dates the quotation of an earlier mail.
pub(crate) fn quoted(at: DateTime<Utc>) -> String {
    at.with_timezone(&London).format("%a, %-d %b %Y at %H:%M").to_string()
}
