//! `[pure]` How much the embedded database is meant for, and what is said when an installation comes near it.
//!
//! The numbers are where SQLite still does everything in its stride with room for one bad day (docs/scaling.md says how they
//! were found); nothing stops at them.

/// What an installation on SQLite has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Size of the database's file.
    pub bytes: i64,
    /// Outbound texts and mails and inbound originals that are kept.
    pub rows: i64,
    /// Outbound texts and mails of the last 24 hours.
    pub day: i64,
}

/// The most that it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling(pub Load);

/// Of SQLite: 20 GB, ten million rows in the two tables that grow, half a million texts and mails a day.
pub const SQLITE: Ceiling = Ceiling(Load { bytes: 20_000_000_000, rows: 10_000_000, day: 500_000 });

/// From this share of the ceiling on it is said.
const NEAR_PERCENT: i64 = 80;

impl Ceiling {
    /// What is near its ceiling or beyond it, a phrase each; none if all is well.
    pub fn near(&self, load: &Load) -> Vec<String> {
        let is_near = |has: i64, most: i64| has.saturating_mul(100) >= most.saturating_mul(NEAR_PERCENT);
        let gigabytes = |bytes: i64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
        let mut near = Vec::new();
        if is_near(load.bytes, self.0.bytes) {
            near.push(format!("its file has {} of the {} that it is meant for", gigabytes(load.bytes), gigabytes(self.0.bytes)));
        }
        if is_near(load.rows, self.0.rows) {
            near.push(format!("it keeps {} messages sent and received of the {} that it is meant for", load.rows, self.0.rows));
        }
        if is_near(load.day, self.0.day) {
            near.push(format!("{} messages were sent in a day of the {} that it is meant for", load.day, self.0.day));
        }
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_below_four_fifths_and_each_bound_speaks_for_itself() {
        let well = Load { bytes: 15_900_000_000, rows: 7_999_999, day: 399_999 };
        assert_eq!(SQLITE.near(&well), Vec::<String>::new());
        for (load, said) in [
            (Load { bytes: 16_000_000_000, ..well }, "16.0 GB of the 20.0 GB"),
            (Load { rows: 8_000_000, ..well }, "8000000 messages sent and received of the 10000000"),
            (Load { day: 900_000, ..well }, "900000 messages were sent in a day of the 500000"),
        ] {
            let near = SQLITE.near(&load);
            assert!(near.len() == 1 && near[0].contains(said), "{near:?}");
        }
        assert_eq!(SQLITE.near(&Load { bytes: i64::MAX, rows: i64::MAX, day: i64::MAX }).len(), 3);
    }
}
