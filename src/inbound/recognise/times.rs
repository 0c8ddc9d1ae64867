//! `[pure]` Times of day as written: `21:30`, `9.30pm`, `half nine`, `noon`. Twelve hours without am or pm are a perhaps.

use std::sync::LazyLock;

use regex::Captures;

use super::{Pattern, each, group, pattern};
use crate::domain::finding::{Finding, Kind};

const WHICH_HALF: &str = "Morning or evening is not said";

const HOURS: [&str; 12] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Every time of day.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static CLOCK: Pattern = LazyLock::new(|| pattern(r"(?i)\b([01]?[0-9]|2[0-4]):([0-5][0-9])(?::[0-5][0-9])?(?: ?([ap])\.?m\b|\b)"));
    static HALF_DAY: Pattern = LazyLock::new(|| pattern(r"(?i)\b(1[0-2]|0?[1-9])(?:[.:]([0-5][0-9]))? ?([ap])\.?m\b"));
    static HUNDREDS: Pattern = LazyLock::new(|| pattern(r"(?i)\b([01][0-9]|2[0-3])\.?([0-5][0-9]) ?(?:hrs?|hours)\b"));
    static DOTTED: Pattern = LazyLock::new(|| pattern(r"(?i)\b(?:at|about|around|by|since|from|till|until|before|after) ([01]?[0-9]|2[0-3])\.([0-5][0-9])\b"));
    static IN_WORDS: Pattern = LazyLock::new(|| {
        pattern(
            r"(?i)\b(half|quarter|(?:five|ten|twenty|twenty[ -]five)(?: min(?:ute)?s)?) (?:(past|to) )(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|1[0-2]|[1-9])\b",
        )
    });
    static NAMED: Pattern = LazyLock::new(|| pattern(r"(?i)\b(noon|midday|midnight)\b"));
    static O_CLOCK: Pattern = LazyLock::new(|| pattern(r"(?i)\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|1[0-2]|[1-9]) ?o['’ ]?clock\b"));
    // "at ten people's" is rarer than "at ten"; "about ten" is not.
    static AT: Pattern = LazyLock::new(|| pattern(r"(?i)\bat (three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"));
    let mut found = each(text, &CLOCK, |captures| on_the_clock(captures, false));
    for more in [
        each(text, &HALF_DAY, |captures| on_the_clock(captures, false)),
        each(text, &HUNDREDS, |captures| on_the_clock(captures, true)),
        each(text, &DOTTED, dotted),
        each(text, &IN_WORDS, in_words),
        each(text, &O_CLOCK, |captures| at(captures, hour_of(group(captures, 1))?, 0, Some(WHICH_HALF))),
        each(text, &AT, |captures| {
            let found = at(captures, hour_of(group(captures, 1))?, 0, Some(WHICH_HALF))?;
            Some(Finding { at: captures.get(1)?.range(), ..found })
        }),
        each(text, &NAMED, |captures| {
            let hour = if group(captures, 1).eq_ignore_ascii_case("midnight") { 0 } else { 12 };
            at(captures, hour, 0, None)
        }),
    ] {
        found.extend(more);
    }
    found
}

fn at(captures: &Captures<'_>, hour: u32, minute: u32, perhaps: Option<&'static str>) -> Option<Finding> {
    let hour = if hour == 24 && minute == 0 { 0 } else { hour };
    (hour < 24).then_some(())?;
    Some(Finding { kind: Kind::Time, at: captures.get(0)?.range(), value: format!("{hour:02}:{minute:02}"), perhaps })
}

/// `of_day` where 24 hours are said by the way it is written.
fn on_the_clock(captures: &Captures<'_>, of_day: bool) -> Option<Finding> {
    let (written, minute) = (group(captures, 1), group(captures, 2).parse().unwrap_or(0));
    let hour: u32 = written.parse().ok()?;
    match group(captures, 3).to_ascii_lowercase().as_str() {
        _ if hour > 12 || of_day => at(captures, hour, minute, None),
        "a" => at(captures, hour % 12, minute, None),
        "p" => at(captures, hour % 12 + 12, minute, None),
        // 09:15 is written so by who counts to 24.
        _ => at(captures, hour, minute, (!written.starts_with('0') && hour > 0).then_some(WHICH_HALF)),
    }
}

fn dotted(captures: &Captures<'_>) -> Option<Finding> {
    let (hour, minute) = (captures.get(1)?, captures.get(2)?);
    let found = on_the_clock(captures, false)?;
    Some(Finding { at: hour.start()..minute.end(), ..found })
}

fn hour_of(word: &str) -> Option<u32> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    let place = HOURS.iter().position(|hour| hour.eq_ignore_ascii_case(word))?;
    u32::try_from(place + 1).ok()
}

fn in_words(captures: &Captures<'_>) -> Option<Finding> {
    let (step, hour) = (group(captures, 1).to_ascii_lowercase(), hour_of(group(captures, 3))?);
    let minutes = match step.split([' ', '-']).next()? {
        "half" => 30,
        "quarter" => 15,
        "five" => 5,
        "ten" => 10,
        _ if step.contains("five") => 25,
        _ => 20,
    };
    if group(captures, 2).eq_ignore_ascii_case("past") {
        at(captures, hour, minutes, Some(WHICH_HALF))
    } else {
        at(captures, (hour + 11) % 12, 60 - minutes, Some(WHICH_HALF))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("21:30", "time 21:30"),
            ("at 9:30 pm", "time 21:30"),
            ("9.30pm", "time 21:30"),
            ("9pm", "time 21:00"),
            ("12am", "time 00:00"),
            ("12 p.m.", "time 12:00"),
            ("09:15", "time 09:15"),
            ("9:15", "time 09:15?"),
            ("1430hrs", "time 14:30"),
            ("0930 hours", "time 09:30"),
            ("about 9.30", "time 09:30?"),
            ("half past nine", "time 09:30?"),
            ("quarter to 5", "time 04:45?"),
            ("twenty to one", "time 00:40?"),
            ("nine o'clock", "time 09:00?"),
            ("by the church at nine.", "time 09:00?"),
            ("noon", "time 12:00"),
            ("midnight", "time 00:00"),
            ("24:00", "time 00:00"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
        for text in ["25:00", "9.30 miles", "£9.30", "3:1", "1:000", "half a mile", "about ten of them", "at 9.75", "14.30"] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
