//! `[pure]` Quiet hours, and when an alert goes out: by the clock on the wall in London, on both days that the clocks change too.

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Europe::London;

use super::At;
use super::alert::Urgency;

crate::words! {
    /// Why an alert does not go out at once.
    Wait {
        /// It was published in quiet hours, and is not urgent enough for them.
        Quiet = "quiet",
        /// Its officer named the time.
        Asked = "asked",
    }
}

/// From one time of day to another; over midnight if the second is not later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// They begin.
    pub from: NaiveTime,
    /// They are over.
    pub until: NaiveTime,
}

impl Hours {
    /// Reads `21:00-08:00`; `None` for anything else, and for hours without length.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once(['-', '\u{2013}'])?;
        let read = |time: &str| NaiveTime::parse_from_str(time.trim(), "%H:%M").ok();
        let (from, until) = (read(from)?, read(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// When the quiet that holds at this moment is over; `None` if it is not quiet.
    pub fn over_at(self, at: At) -> Option<At> {
        let today = at.utc().with_timezone(&London).date_naive();
        // What began yesterday evening, or today.
        [today.pred_opt(), Some(today)].into_iter().flatten().find_map(|day| {
            let last = if self.until > self.from { Some(day) } else { day.succ_opt() };
            let (from, until) = (first_moment(day, self.from)?, last_moment(last?, self.until)?);
            (from <= at && at < until).then_some(until)
        })
    }
}

/// Which alerts wait when; life at risk never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuietHours {
    /// For routine alerts.
    pub routine: Option<Hours>,
    /// For urgent ones.
    pub urgent: Option<Hours>,
}

impl QuietHours {
    /// When an alert of this urgency may go out again; `None` if it may now.
    pub fn over_at(&self, urgency: Urgency, at: At) -> Option<At> {
        let hours = match urgency {
            Urgency::Routine => self.routine,
            Urgency::Urgent => self.urgent,
            Urgency::LifeAtRisk => None,
        };
        hours.and_then(|hours| hours.over_at(at))
    }
}

/// When an alert goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At once.
    Now,
    /// Then, and why.
    Then(At, Wait),
}

/// Decides when an alert goes out that is published now, perhaps for a time that its officer named.
pub fn decide(hours: &QuietHours, urgency: Urgency, asked: Option<At>, now: At) -> Start {
    let asked = asked.filter(|asked| *asked > now);
    match (hours.over_at(urgency, asked.unwrap_or(now)), asked) {
        (Some(over), _) => Start::Then(over, Wait::Quiet),
        (None, Some(asked)) => Start::Then(asked, Wait::Asked),
        (None, None) => Start::Now,
    }
}

/// Reads a date and time as London's clocks show them, `2026-11-23T08:00`; an hour that the clocks skip is the moment after.
pub fn parse_local(text: &str) -> Option<At> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let time = NaiveTime::parse_from_str(time, "%H:%M").or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S")).ok()?;
    first_moment(date, time)
}

fn first_moment(day: NaiveDate, time: NaiveTime) -> Option<At> {
    moment(day, time, false)
}

fn last_moment(day: NaiveDate, time: NaiveTime) -> Option<At> {
    moment(day, time, true)
}

/// When the clocks show this: the first or last time if they do so twice; if they skip it, the moment to which they skip.
fn moment(day: NaiveDate, time: NaiveTime, last: bool) -> Option<At> {
    match London.from_local_datetime(&day.and_time(time)) {
        LocalResult::Single(only) => Some(only.to_utc().into()),
        LocalResult::Ambiguous(first, second) => Some(if last { second } else { first }.to_utc().into()),
        // The clocks go forward by an hour: half past one, were it an hour earlier by the clocks before, is half past two after.
        LocalResult::None => {
            let before = London.from_local_datetime(&day.and_time(time).checked_sub_signed(chrono::Duration::hours(1))?).latest()?;
            let skipped_to = before.to_utc() + chrono::Duration::hours(1);
            // The full hour at which they skip.
            let local = skipped_to.with_timezone(&London);
            Some(At::from(skipped_to).plus_ms(-(i64::from(chrono::Timelike::minute(&local)) * 60 + i64::from(chrono::Timelike::second(&local))) * 1000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(utc: &str) -> At {
        chrono::DateTime::parse_from_rfc3339(utc).unwrap().to_utc().into()
    }

    fn night() -> QuietHours {
        QuietHours { routine: Hours::parse("21:00-08:00"), urgent: None }
    }

    #[test]
    fn a_routine_alert_of_the_night_goes_out_in_the_morning_and_others_at_once() {
        let rows = [
            ("2026-11-23T20:59:59Z", None),
            ("2026-11-23T21:00:00Z", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24T00:30:00Z", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24T07:59:59Z", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24T08:00:00Z", None),
            // In summer London is an hour ahead.
            ("2026-07-01T19:59:59Z", None),
            ("2026-07-01T20:00:00Z", Some("2026-07-02T07:00:00Z")),
            ("2026-07-02T06:59:59Z", Some("2026-07-02T07:00:00Z")),
        ];
        for (now, then) in rows {
            let expected = then.map_or(Start::Now, |then| Start::Then(at(then), Wait::Quiet));
            assert_eq!(decide(&night(), Urgency::Routine, None, at(now)), expected, "{now}");
            assert_eq!(decide(&night(), Urgency::Urgent, None, at(now)), Start::Now);
            assert_eq!(decide(&night(), Urgency::LifeAtRisk, None, at(now)), Start::Now);
        }
    }

    #[test]
    fn the_nights_of_both_changes_end_at_eight_by_the_clock() {
        // Forward on 28 March 2027: the night is an hour shorter.
        assert_eq!(night().over_at(Urgency::Routine, at("2027-03-27T21:00:00Z")), Some(at("2027-03-28T07:00:00Z")));
        assert_eq!(night().over_at(Urgency::Routine, at("2027-03-28T06:59:59Z")), Some(at("2027-03-28T07:00:00Z")));
        assert_eq!(night().over_at(Urgency::Routine, at("2027-03-28T07:00:00Z")), None);
        assert_eq!(night().over_at(Urgency::Routine, at("2027-03-28T20:00:00Z")), Some(at("2027-03-29T07:00:00Z")));
        // Back on 31 October 2027: it is an hour longer.
        assert_eq!(night().over_at(Urgency::Routine, at("2027-10-30T19:59:59Z")), None);
        assert_eq!(night().over_at(Urgency::Routine, at("2027-10-30T20:00:00Z")), Some(at("2027-10-31T08:00:00Z")));
        assert_eq!(night().over_at(Urgency::Routine, at("2027-10-31T07:59:59Z")), Some(at("2027-10-31T08:00:00Z")));
        assert_eq!(night().over_at(Urgency::Routine, at("2027-10-31T08:00:00Z")), None);
    }

    #[test]
    fn hours_that_begin_or_end_in_the_hour_of_the_change_hold_without_a_gap() {
        let until = Hours::parse("23:00-01:30").unwrap();
        // There is no half past one on the day forward: it is over when the clocks skip to two.
        assert_eq!(until.over_at(at("2027-03-28T00:59:59Z")), Some(at("2027-03-28T01:00:00Z")));
        assert_eq!(until.over_at(at("2027-03-28T01:00:00Z")), None);
        // On the day back there are two: it is over at the second, and not in between.
        for now in ["2027-10-31T00:15:00Z", "2027-10-31T00:45:00Z", "2027-10-31T01:15:00Z"] {
            assert_eq!(until.over_at(at(now)), Some(at("2027-10-31T01:30:00Z")), "{now}");
        }
        assert_eq!(until.over_at(at("2027-10-31T01:30:00Z")), None);
        let from = Hours::parse("01:30-06:00").unwrap();
        assert_eq!(from.over_at(at("2027-03-28T01:00:00Z")), Some(at("2027-03-28T05:00:00Z")));
        assert_eq!(from.over_at(at("2027-10-31T00:29:59Z")), None);
        assert_eq!(from.over_at(at("2027-10-31T00:30:00Z")), Some(at("2027-10-31T06:00:00Z")));
    }

    #[test]
    fn every_minute_of_two_years_is_quiet_by_the_wall_clock_alone() {
        let (hours, mut now) = (night().routine.unwrap(), at("2026-01-01T00:00:00Z"));
        while now < at("2028-01-01T00:00:00Z") {
            let local = now.utc().with_timezone(&London).time();
            assert_eq!(hours.over_at(now).is_some(), local >= hours.from || local < hours.until, "{now:?}");
            now = now.plus_ms(420_000);
        }
    }

    #[test]
    fn a_named_time_is_kept_unless_it_is_quiet_then_or_past() {
        let noon = at("2026-11-23T12:00:00Z");
        let named = |urgency, text: &str| decide(&night(), urgency, Some(at(text)), noon);
        assert_eq!(named(Urgency::Routine, "2026-11-23T18:00:00Z"), Start::Then(at("2026-11-23T18:00:00Z"), Wait::Asked));
        assert_eq!(named(Urgency::Routine, "2026-11-23T22:00:00Z"), Start::Then(at("2026-11-24T08:00:00Z"), Wait::Quiet));
        assert_eq!(named(Urgency::Urgent, "2026-11-23T22:00:00Z"), Start::Then(at("2026-11-23T22:00:00Z"), Wait::Asked));
        assert_eq!(named(Urgency::Routine, "2026-11-23T11:59:00Z"), Start::Now);
    }

    #[test]
    fn a_local_time_is_read_as_the_clocks_show_it() {
        assert_eq!(parse_local("2026-11-23T08:00"), Some(at("2026-11-23T08:00:00Z")));
        assert_eq!(parse_local("2026-07-01 08:00"), Some(at("2026-07-01T07:00:00Z")));
        assert_eq!(parse_local("2027-03-28T01:30"), Some(at("2027-03-28T01:00:00Z")));
        assert_eq!(parse_local("tomorrow"), None);
    }

    #[test]
    fn hours_are_read_or_refused() {
        assert_eq!(Hours::parse("21:00 - 08:00"), Hours::parse("21:00\u{2013}08:00"));
        for bad in ["", "21:00", "21:00-21:00", "25:00-08:00", "9-5"] {
            assert_eq!(Hours::parse(bad), None, "{bad}");
        }
    }
}
