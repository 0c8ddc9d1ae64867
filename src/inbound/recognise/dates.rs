//! `[pure]` Days as written, British order: `12/11/2026`, `12th of November`, `last Tuesday`, `yesterday`. A day that is named
//! without its year, or by its weekday, is the last one there was when the message came: a perhaps.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use regex::Captures;

use super::{Pattern, each, group, pattern};
use crate::domain::finding::{Finding, Kind};

const NO_YEAR: &str = "The year is not said";
const BY_NAME: &str = "Counted back from the day it came";

const MONTHS: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

/// Every day in a text that came on one.
pub(super) fn find(text: &str, on: NaiveDate) -> Vec<Finding> {
    static ISO: Pattern = LazyLock::new(|| pattern(r"\b(20[0-9]{2})-([0-9]{2})-([0-9]{2})\b"));
    static NUMBERS: Pattern = LazyLock::new(|| pattern(r"\b([0-3]?[0-9])([/.-])([01]?[0-9])(?:([/.-])(20[0-9]{2}|[0-9]{2}))?\b"));
    static DAY_MONTH: Pattern = LazyLock::new(|| pattern(&format!(r"(?i)\b([0-3]?[0-9])(st|nd|rd|th)?( of)? ?({MONTHS})\b,?(?: (20[0-9]{{2}})\b)?")));
    static MONTH_DAY: Pattern = LazyLock::new(|| pattern(&format!(r"(?i)\b({MONTHS}) (?:the )?([0-3]?[0-9])(st|nd|rd|th)?\b(?:,? (20[0-9]{{2}})\b)?")));
    static BY_NAME: Pattern = LazyLock::new(|| {
        pattern(
            r"(?i)\b(today|tonight|this (?:morning|afternoon|evening)|yesterday|last night|tomorrow|(?:last )?(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
        )
    });
    let mut found = each(text, &ISO, |captures| {
        let day = ymd(group(captures, 1), group(captures, 2), group(captures, 3))?;
        finding(captures, day, None)
    });
    for more in [
        each(text, &NUMBERS, |captures| numbers(text, captures, on)),
        each(text, &DAY_MONTH, |captures| day_month(captures, on)),
        each(text, &MONTH_DAY, |captures| month_day(captures, on)),
        each(text, &BY_NAME, |captures| by_name(captures, on)),
    ] {
        found.extend(more);
    }
    found
}

fn finding(captures: &Captures<'_>, day: NaiveDate, perhaps: Option<&'static str>) -> Option<Finding> {
    let whole = captures.get(0)?;
    let written = whole.as_str().trim_end_matches(',');
    Some(Finding { kind: Kind::Date, at: whole.start()..whole.start() + written.len(), value: day.format("%Y-%m-%d").to_string(), perhaps })
}

fn ymd(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let year: i32 = year.parse().ok()?;
    NaiveDate::from_ymd_opt(if year < 100 { 2000 + year } else { year }, month.parse().ok()?, day.parse().ok()?)
}

/// The last such day there was, or one a few weeks ahead: people also tell what is to come.
fn nearest(month: u32, day: u32, on: NaiveDate) -> Option<NaiveDate> {
    let ahead = on.checked_add_days(Days::new(31))?;
    (0..5).filter_map(|back| NaiveDate::from_ymd_opt(ahead.year() - back, month, day)).find(|found| *found <= ahead)
}

fn numbers(text: &str, captures: &Captures<'_>, on: NaiveDate) -> Option<Finding> {
    let (day, first, month, second, year) = (group(captures, 1), group(captures, 2), group(captures, 3), group(captures, 4), group(captures, 5));
    let whole = captures.get(0)?;
    let beside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "/.-:£$€".contains(c));
    let (before, after) = (text.get(..whole.start()).and_then(|t| t.chars().last()), text.get(whole.end()..).and_then(|t| t.chars().next()));
    // A full stop may follow; a longer number may not.
    if beside(before) || after.is_some_and(|c| c.is_alphanumeric() || "/-:".contains(c)) {
        return None;
    }
    if year.is_empty() {
        // 1/2, 3.5 and 2-1 are halves, measures and scores; 24/7 is no day.
        if first != "/" || (day.len() < 2 && month.len() < 2) || (day, month) == ("24", "7") {
            return None;
        }
        return finding(captures, nearest(month.parse().ok()?, day.parse().ok()?, on)?, Some(NO_YEAR));
    }
    if first != second || (first != "/" && month.len() < 2) {
        return None;
    }
    let found = ymd(year, month, day)?;
    (found.year() >= 2000 && found.year() <= on.year() + 5).then(|| finding(captures, found, None))?
}

fn month_of(word: &str) -> Option<u32> {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let head = word.get(..3)?.to_ascii_lowercase();
    names.iter().position(|name| *name == head).and_then(|place| u32::try_from(place + 1).ok())
}

/// "12 may have seen it", "mar 10 chairs": a word that is a month only if something says so.
fn doubtful(month: &str, said: bool) -> bool {
    !said && ["may", "mar", "march"].contains(&month)
}

fn day_month(captures: &Captures<'_>, on: NaiveDate) -> Option<Finding> {
    let (day, month, year) = (group(captures, 1), group(captures, 4), group(captures, 5));
    let said = !group(captures, 2).is_empty() || !group(captures, 3).is_empty() || !year.is_empty();
    if doubtful(month, said) {
        return None;
    }
    named(captures, month, day, year, on)
}

fn month_day(captures: &Captures<'_>, on: NaiveDate) -> Option<Finding> {
    let (month, day, year) = (group(captures, 1), group(captures, 2), group(captures, 4));
    let said = !group(captures, 3).is_empty() || !year.is_empty();
    if doubtful(month, said) || month.starts_with(|c: char| c.is_lowercase()) && !said {
        return None;
    }
    named(captures, month, day, year, on)
}

fn named(captures: &Captures<'_>, month: &str, day: &str, year: &str, on: NaiveDate) -> Option<Finding> {
    let (month, day) = (month_of(month)?, day.parse().ok()?);
    match year.parse() {
        Ok(year) => finding(captures, NaiveDate::from_ymd_opt(year, month, day)?, None),
        Err(_) => finding(captures, nearest(month, day, on)?, Some(NO_YEAR)),
    }
}

fn by_name(captures: &Captures<'_>, on: NaiveDate) -> Option<Finding> {
    let word = group(captures, 1).to_ascii_lowercase();
    let day = match word.as_str() {
        "yesterday" | "last night" => on.checked_sub_days(Days::new(1))?,
        "tomorrow" => on.checked_add_days(Days::new(1))?,
        "today" | "tonight" => on,
        _ if word.starts_with("this ") => on,
        _ => {
            let (last, name) = word.strip_prefix("last ").map_or((false, word.as_str()), |name| (true, name));
            let weekday = weekday_of(name)?;
            let back = (7 + on.weekday().num_days_from_monday() - weekday.num_days_from_monday()) % 7;
            on.checked_sub_days(Days::new(u64::from(if last && back == 0 { 7 } else { back })))?
        }
    };
    finding(captures, day, Some(BY_NAME))
}

fn weekday_of(name: &str) -> Option<Weekday> {
    Some(match name.get(..3)? {
        "mon" => Weekday::Mon,
        "tue" => Weekday::Tue,
        "wed" => Weekday::Wed,
        "thu" => Weekday::Thu,
        "fri" => Weekday::Fri,
        "sat" => Weekday::Sat,
        "sun" => Weekday::Sun,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn days_are_read_in_british_order_and_from_the_day_the_message_came() {
        for (text, expected) in [
            ("12/11/2026", "date 2026-11-12"),
            ("on 2.11.26.", "date 2026-11-02"),
            ("on 02.11.26.", "date 2026-11-02"),
            ("2026-11-02", "date 2026-11-02"),
            ("12/11", "date 2026-11-12?"),
            ("12th November 2025", "date 2025-11-12"),
            ("12 Nov", "date 2026-11-12?"),
            ("the 3rd of may", "date 2026-05-03?"),
            ("12 May", "date 2026-05-12?"),
            ("May 12th, 2025", "date 2025-05-12"),
            ("25 December", "date 2025-12-25?"),
            ("10 December", "date 2026-12-10?"),
            ("yesterday", "date 2026-11-21?"),
            ("Last night", "date 2026-11-21?"),
            ("last Tuesday", "date 2026-11-17?"),
            ("Sunday", "date 2026-11-22?"),
            ("last sunday", "date 2026-11-15?"),
            ("this morning", "date 2026-11-22?"),
            ("29 February", "date 2024-02-29?"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
        for text in
            ["24/7", "1/2 a mile", "12 may have seen", "may 12 people", "32/11/2026", "12/13/2026", "31 November", "1.5 miles", "£12/11", "3-1", "12/11/1926"]
        {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
