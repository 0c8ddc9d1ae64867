//! `[pure]` Postcodes of the United Kingdom, with or without the blank, in an area that exists.

use std::sync::LazyLock;

use regex::Captures;

use super::{Pattern, each, group, in_capitals, pattern};
use crate::domain::finding::{Finding, Kind};

const MENDED: &str = "Read with 0 for O or 1 for I";

/// The areas of Royal Mail's list, Crown dependencies and the forces' included.
const AREAS: &str = " AB AL B BA BB BD BF BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU GY HA \
    HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK \
    SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE ";

/// What follows a number in everyday words: `1st`, `6ft`.
const EVERYDAY: &[&str] = &["st", "nd", "rd", "th", "ft", "hr", "lb", "wd", "yr", "pt", "gb"];

/// Every postcode in the text.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static POSTCODE: Pattern = LazyLock::new(|| pattern(r"(?i)\b([A-Z]{1,2})([0-9OI])([0-9A-Z]?)([ \u{a0}]{0,2})([0-9OI])([ABD-HJLNP-UW-Z]{2})\b"));
    each(text, &POSTCODE, postcode)
}

fn postcode(captures: &Captures<'_>) -> Option<Finding> {
    let whole = captures.get(0)?;
    let upper = |number| group(captures, number).to_ascii_uppercase();
    let (area, district, sub, gap, sector, unit) = (upper(1), upper(2), upper(3), group(captures, 4), upper(5), upper(6));
    if !AREAS.contains(&format!(" {area} ")) {
        return None;
    }
    if !gap.is_empty() && EVERYDAY.contains(&group(captures, 6)) {
        return None;
    }
    // The letter after the district's digit is one of a few; an O there is a zero.
    let sub = if sub == "O" || sub == "I" { digit(&sub) } else { sub };
    if sub.chars().any(|c| !c.is_ascii_digit() && !"ABCDEFGHJKMNPRSTUVWXY".contains(c)) {
        return None;
    }
    let value = format!("{area}{}{sub}{}{unit}", digit(&district), digit(&sector));
    let written: String = whole.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    let mended = !written.eq_ignore_ascii_case(&value);
    if mended && (!in_capitals(whole.as_str()) || !written.chars().any(|c| c.is_ascii_digit())) {
        return None;
    }
    Some(Finding { kind: Kind::Postcode, at: whole.range(), value, perhaps: mended.then_some(MENDED) })
}

fn digit(written: &str) -> String {
    written.replace('O', "0").replace('I', "1")
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn postcodes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("DE45 1AA", "postcode DE451AA"),
            ("de451aa", "postcode DE451AA"),
            ("at de45 1aa.", "postcode DE451AA"),
            ("M1 3AB", "postcode M13AB"),
            ("SW1A 1AA", "postcode SW1A1AA"),
            ("EC1A 1BB", "postcode EC1A1BB"),
            ("S10 5TH", "postcode S105TH"),
            ("DE45  1AA", "postcode DE451AA"),
            ("DE45\u{a0}1AA", "postcode DE451AA"),
            ("DE45 IAA", "postcode DE451AA?"),
            ("S1O 2TN", "postcode S102TN?"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_postcode_is_none() {
        for text in ["QQ1 1AA", "A38 4AB", "DE45 1CA", "DE45 1AAA", "so1 old", "m1 1st left", "E1 5th", "M1 2am", "DE 45 1AA", "n1 6ft", "ZZ9 9ZZ", "AB12"] {
            assert_eq!(told(text).into_iter().filter(|found| found.starts_with("postcode")).collect::<Vec<_>>(), [""; 0], "{text}");
        }
    }
}
