//! `[pure]` `At`: a moment in UTC, cut to whole microseconds so that both databases give back what they were given.

use chrono::{DateTime, Duration, NaiveDateTime, SubsecRound, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// A moment in UTC with microsecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "DateTime<Utc>", into = "DateTime<Utc>")]
pub struct At(NaiveDateTime);

impl At {
    /// From a database's timestamp without zone, which the house takes to be UTC.
    pub fn from_naive(naive: NaiveDateTime) -> Self {
        Self(naive.trunc_subsecs(6))
    }

    /// The timestamp without zone that the databases store.
    pub fn naive(self) -> NaiveDateTime {
        self.0
    }

    /// As a zoned moment, for formatting.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.from_utc_datetime(&self.0)
    }

    /// Milliseconds since 1970.
    pub fn unix_ms(self) -> i64 {
        self.0.and_utc().timestamp_millis()
    }

    /// From milliseconds since 1970; out-of-range values become 1970.
    pub fn from_unix_ms(ms: i64) -> Self {
        DateTime::from_timestamp_millis(ms).unwrap_or_default().into()
    }

    /// This much later.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.checked_add_signed(Duration::milliseconds(ms)).unwrap_or(self.0))
    }

    /// This much later, for what a millisecond is too long for.
    pub fn plus_us(self, us: i64) -> Self {
        Self(self.0.checked_add_signed(Duration::microseconds(us)).unwrap_or(self.0))
    }

    /// Microseconds from `earlier` to `self`; negative if `earlier` is later.
    pub fn since_us(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_microseconds().unwrap_or(i64::MAX)
    }

    /// This many days earlier.
    pub fn minus_days(self, days: i64) -> Self {
        self.plus_ms(days.saturating_mul(-86_400_000))
    }

    /// Milliseconds from `earlier` to `self`; negative if `earlier` is later.
    pub fn since_ms(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_milliseconds()
    }

    /// RFC 3339 with `Z`.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for At {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::from_naive(moment.naive_utc())
    }
}

impl From<At> for DateTime<Utc> {
    fn from(at: At) -> Self {
        at.utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cut_to_microseconds() {
        let nanos = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
        assert_eq!(At::from(nanos).naive().and_utc().timestamp_subsec_nanos(), 123_456_000);
    }

    #[test]
    fn differences_are_signed() {
        let a = At::from_unix_ms(1_000);
        assert_eq!(a.plus_ms(250).since_ms(a), 250);
        assert_eq!(a.since_ms(a.plus_ms(250)), -250);
    }
}
