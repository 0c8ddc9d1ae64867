//! What a row may say, and every way to say it wrongly.

use super::*;
use crate::residents::places::tests::derby;

fn against() -> Against {
    let groups = [("cctv-owners".to_owned(), 11), ("dog-walkers".to_owned(), 12)].into();
    Against { simulated: true, whereabouts: derby(), groups, now: At::from_unix_ms(1_790_000_000_000) }
}

/// 21 September 2026, 12:53 UTC is "now".
const GOOD: RawRow<'_> = RawRow {
    line: 2,
    name: "Jo Bloggs",
    phone: "07700 900123",
    email: "jo@example.org",
    postcode: "de13ab",
    groups: "dog-walkers; CCTV-owners;",
    channels: "sms;email",
    consent_source: "stall at Eagle Market",
    consent_at: "2026-03-31",
};

#[test]
fn a_good_row_is_taken_as_it_is_meant() {
    let taken = check_row(&GOOD, &against()).unwrap();
    assert_eq!(taken.place.postcode, "DE1 3AB");
    assert_eq!(taken.groups, [("cctv-owners".to_owned(), 11), ("dog-walkers".to_owned(), 12)]);
    assert_eq!(
        taken.addresses.iter().map(|(address, wanted)| (address.reveal(), *wanted)).collect::<Vec<_>>(),
        [("+447700900123", true), ("jo@example.org", true)]
    );
    assert_eq!(taken.consent_at.rfc3339(), "2026-03-31T00:00:00.000Z");
}

#[test]
fn an_address_without_its_channel_is_kept_and_not_written_to() {
    let taken = check_row(&RawRow { channels: "SMS", ..GOOD }, &against()).unwrap();
    assert_eq!(taken.addresses.iter().map(|(_, wanted)| *wanted).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn each_fault_is_told_by_its_column() {
    let long = "x".repeat(201);
    for (row, reasons) in [
        (RawRow { name: "", ..GOOD }, vec!["name: it must have 1 to 100 characters"]),
        (RawRow { name: &long, ..GOOD }, vec!["name: it must have 1 to 100 characters"]),
        (RawRow { phone: "61016", ..GOOD }, vec!["phone: Enter a full mobile number, not a short number"]),
        (RawRow { phone: "01332 290111", ..GOOD }, vec!["phone: Enter a mobile number: this one cannot take texts"]),
        (RawRow { phone: "4.477E+11", ..GOOD }, vec!["phone: a spreadsheet made 4.477E+11 of it: format the column as text and fill the number in again"]),
        (RawRow { email: "jo@", ..GOOD }, vec!["email: Enter an e-mail address in the correct format, like name@example.com"]),
        (RawRow { email: "", ..GOOD }, vec!["channels: email needs an e-mail address"]),
        (RawRow { phone: "", ..GOOD }, vec!["channels: sms needs a phone number"]),
        (
            RawRow { phone: "", email: "", ..GOOD },
            vec!["phone: a phone number or an e-mail address is needed", "channels: email needs an e-mail address", "channels: sms needs a phone number"],
        ),
        (RawRow { channels: "", ..GOOD }, vec!["channels: name sms, email or both"]),
        (RawRow { channels: "sms;fax", ..GOOD }, vec!["channels: \"fax\" is neither sms nor email"]),
        (RawRow { postcode: "", ..GOOD }, vec!["postcode: it is needed"]),
        (RawRow { postcode: "Derby", ..GOOD }, vec!["postcode: \"Derby\" is not a UK postcode"]),
        (RawRow { postcode: "M1 1AE", ..GOOD }, vec!["postcode: M1 1AE is not among the postcodes we know"]),
        (RawRow { groups: "cats", ..GOOD }, vec!["groups: there is no group \"cats\" (there are: cctv-owners, dog-walkers)"]),
        (RawRow { consent_source: "", ..GOOD }, vec!["consent_source: say in 1 to 200 characters where they agreed: the evidence is kept"]),
        (RawRow { consent_source: &long, ..GOOD }, vec!["consent_source: say in 1 to 200 characters where they agreed: the evidence is kept"]),
        (RawRow { consent_at: "", ..GOOD }, vec!["consent_at: it is needed: the evidence of consent is kept"]),
        (
            RawRow { consent_at: "31/03/2026", ..GOOD },
            vec!["consent_at: \"31/03/2026\" is neither a date like 2026-03-31 nor a time like 2026-03-31T09:30:00Z"],
        ),
        (RawRow { consent_at: "2026-09-22", ..GOOD }, vec!["consent_at: 2026-09-22 lies in the future"]),
        (RawRow { consent_at: "0026-03-31", ..GOOD }, vec!["consent_at: 0026-03-31 is too long ago to be right"]),
    ] {
        assert_eq!(check_row(&row, &against()).unwrap_err(), reasons, "{row:?}");
    }
}

#[test]
fn all_faults_of_a_row_are_told_at_once() {
    let bare = RawRow { line: 2, ..RawRow::default() };
    let told = check_row(&bare, &against()).unwrap_err().join("; ");
    for column in ["name:", "phone:", "postcode:", "channels:", "consent_source:", "consent_at:"] {
        assert!(told.contains(column), "{column} in {told}");
    }
}

#[test]
fn moments_are_read_with_their_zone() {
    for (text, utc) in [
        ("2026-03-31T09:30:00+01:00", "2026-03-31T08:30:00.000Z"),
        ("2026-03-31T09:30:00.25Z", "2026-03-31T09:30:00.250Z"),
        ("2026-09-21", "2026-09-21T00:00:00.000Z"),
    ] {
        assert_eq!(check_row(&RawRow { consent_at: text, ..GOOD }, &against()).unwrap().consent_at.rfc3339(), utc);
    }
}
