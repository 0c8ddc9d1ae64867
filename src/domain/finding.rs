//! `[pure]` What is recognised in a text: its kinds, its place in the text, and one way of writing it.

use std::ops::Range;

use super::address::display_number;

crate::words! {
    /// What was recognised.
    Kind {
        /// A vehicle's registration, without its blank.
        Plate = "plate",
        /// A postcode of the United Kingdom, without its blank.
        Postcode = "postcode",
        /// A phone number in E.164.
        Phone = "phone",
        /// Three words that name a square of three metres.
        What3words = "what3words",
        /// A time of day, `HH:MM`.
        Time = "time",
        /// A day, `YYYY-MM-DD`.
        Date = "date",
        /// A link, known by its host. It is never fetched.
        Link = "link",
    }
}

impl Kind {
    /// As a panel names it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Plate => "Vehicle",
            Self::Postcode => "Postcode",
            Self::Phone => "Phone",
            Self::What3words => "what3words",
            Self::Time => "Time",
            Self::Date => "Date",
            Self::Link => "Link to",
        }
    }

    /// Whether the same value in two conversations says anything: at nine o'clock much is seen.
    pub const fn ties(self) -> bool {
        !matches!(self, Self::Time | Self::Date)
    }
}

/// Something recognised in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where it stands, in bytes; always on the bounds of characters.
    pub at: Range<usize>,
    /// One way of writing it: what equal ones are found by.
    pub value: String,
    /// Why it is only perhaps so; none if its form leaves no doubt.
    pub perhaps: Option<&'static str>,
}

/// A normal form as people read it: `AB12 CDE`, `DE45 1AA`, `07700 900123`, `///index.home.raft`.
pub fn shown(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Plate => plate_shown(value),
        Kind::Postcode if value.is_ascii() && value.len() > 3 => {
            let (outward, inward) = value.split_at(value.len() - 3);
            format!("{outward} {inward}")
        }
        Kind::Phone => display_number(value),
        Kind::What3words => format!("///{value}"),
        Kind::Date => day_shown(value),
        Kind::Postcode | Kind::Time | Kind::Link => value.to_owned(),
    }
}

fn plate_shown(value: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let shape: String = chars.iter().map(|c| if c.is_ascii_digit() { '9' } else { 'A' }).collect();
    // The blank stands before the last group of letters or digits, or after three letters that lead.
    let cut = if shape.starts_with("AA99A") {
        4
    } else {
        let first = shape.chars().next().unwrap_or('A');
        let lead = shape.chars().take_while(|c| *c == first).count();
        let rest: String = shape.chars().skip(lead).collect();
        if lead == 1 && rest.ends_with("AAA") { shape.len() - 3 } else { lead }
    };
    if cut == 0 || cut >= chars.len() {
        return value.to_owned();
    }
    chars.iter().take(cut).chain(&[' ']).chain(chars.iter().skip(cut)).collect()
}

/// `2026-11-22` as `22 November 2026`.
fn day_shown(value: &str) -> String {
    chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d").map_or_else(|_| value.to_owned(), |day| day.format("%-d %B %Y").to_string())
}

/// What somebody looks for by kind and value, as it stands in a link: `plate:AB12CDE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// What it is.
    pub kind: Kind,
    /// Its normal form.
    pub value: String,
}

impl Sought {
    /// Reads `kind:value`; blanks and small letters are forgiven where the kind has none.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once(':')?;
        let kind: Kind = kind.trim().parse().ok()?;
        let value = value.trim();
        let value = match kind {
            Kind::Plate | Kind::Postcode => value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase(),
            Kind::Phone => super::Phone::parse(value).ok()?.e164().to_owned(),
            Kind::What3words => value.trim_start_matches('/').to_lowercase(),
            Kind::Link => value.to_lowercase(),
            Kind::Time | Kind::Date => value.to_owned(),
        };
        (!value.is_empty() && value.len() <= 200).then_some(Self { kind, value })
    }

    /// As people read it.
    pub fn shown(&self) -> String {
        shown(self.kind, &self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms_are_shown_as_people_write_them() {
        for (kind, value, expected) in [
            (Kind::Plate, "AB12CDE", "AB12 CDE"),
            (Kind::Plate, "A123BCD", "A123 BCD"),
            (Kind::Plate, "ABC123D", "ABC 123D"),
            (Kind::Plate, "AIG1234", "AIG 1234"),
            (Kind::Plate, "1234AB", "1234 AB"),
            (Kind::Postcode, "DE451AA", "DE45 1AA"),
            (Kind::Phone, "+447700900123", "07700 900123"),
            (Kind::What3words, "index.home.raft", "///index.home.raft"),
            (Kind::Date, "2026-11-02", "2 November 2026"),
            (Kind::Time, "21:05", "21:05"),
        ] {
            assert_eq!(shown(kind, value), expected);
        }
    }

    #[test]
    fn what_is_looked_for_is_read_from_a_link_as_people_change_it() {
        let read = |text| Sought::read(text).map(|sought| (sought.kind, sought.value));
        assert_eq!(read("plate:ab12 cde"), Some((Kind::Plate, "AB12CDE".to_owned())));
        assert_eq!(read("phone:07700 900123"), Some((Kind::Phone, "+447700900123".to_owned())));
        assert_eq!(read("what3words:///Index.Home.Raft"), Some((Kind::What3words, "index.home.raft".to_owned())));
        for bad in ["", "plate", "plate:", "plate: - ", "shoe:9", "phone:nine"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
