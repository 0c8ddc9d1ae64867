//! `[pure]` Which of our numbers an alert goes out from to one person.
//!
//! The pair (our number, their number) should identify at most one live alert: so the number that this person has had no
//! alert from for longest, and if possible one that has rested (design section 7).
//!
//! # A number's life
//! - A pair expires 30 days after its last text (`inbound::text`), and rests `attribution.pair_rest_days` before it counts as
//!   free here; until then it is taken only if every number of the pool is in use, and a reply then has several candidates.
//! - A number that leaves the pool goes into `resting_numbers`: no alert goes out from it, replies to it are tied by its pairs
//!   as before, and answers in those conversations go out from it. After 30 days no pair of it counts: then it can go from the
//!   configuration. Taken out at once, what is texted to it is still taken in while the provider brings it, and tied; answers
//!   then go out from another number, which the person does not know.
//! - A number that is new to the pool has no pairs: they are of our own ledger, so that what else it served for proves nothing
//!   here. One that comes back from resting keeps its pairs by their own dates: what is still younger than 30 days counts.

use crate::domain::At;

/// A use of one of our numbers towards this person.
#[derive(Clone, Debug)]
pub struct Hold<'a> {
    /// Our number.
    pub our_number: &'a str,
    /// Which alert.
    pub alert_id: i64,
    /// When.
    pub used_at: At,
}

/// The number, and how free it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// Our number.
    pub our_number: &'a str,
    /// How free it was.
    pub freedom: Freedom,
}

/// How free a number was towards a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freedom {
    /// Never used, or rested long enough.
    Rested,
    /// This alert has it already: a repeated run.
    Same,
    /// Every number is in use: the one used longest ago. A reply will have more than one candidate.
    Reused,
}

/// Chooses for one person. `None` only if the pool is empty. `spread` spreads first uses over the pool.
pub fn choose<'a>(pool: &'a [String], holds: &[Hold<'_>], alert_id: i64, now: At, rest_days: i64, spread: usize) -> Option<Choice<'a>> {
    if let Some(same) = holds.iter().find(|hold| hold.alert_id == alert_id).and_then(|hold| pool.iter().find(|number| *number == hold.our_number)) {
        return Some(Choice { our_number: same, freedom: Freedom::Same });
    }
    let last_use = |number: &str| holds.iter().filter(|hold| hold.our_number == number).map(|hold| hold.used_at).max();
    let turn = pool.len().max(1);
    let rotated = pool.iter().cycle().skip(spread % turn).take(pool.len());
    // None (never used) sorts before any time.
    let number = rotated.min_by_key(|number| last_use(number))?;
    let rested = last_use(number).is_none_or(|used| used < now.minus_days(rest_days));
    Some(Choice { our_number: number, freedom: if rested { Freedom::Rested } else { Freedom::Reused } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("+44770090000{i}")).collect()
    }

    #[test]
    fn an_unused_number_is_taken_before_any_used_one() {
        let (pool, now) = (pool(3), At::from_unix_ms(1_000_000_000_000));
        let holds = [Hold { our_number: &pool[0], alert_id: 1, used_at: now }, Hold { our_number: &pool[2], alert_id: 2, used_at: now }];
        assert_eq!(choose(&pool, &holds, 3, now, 30, 2), Some(Choice { our_number: &pool[1], freedom: Freedom::Rested }));
    }

    #[test]
    fn with_all_in_use_the_longest_unused_is_taken_and_said_so() {
        let (pool, now) = (pool(2), At::from_unix_ms(1_000_000_000_000));
        let holds = [Hold { our_number: &pool[0], alert_id: 1, used_at: now }, Hold { our_number: &pool[1], alert_id: 2, used_at: now.minus_days(3) }];
        assert_eq!(choose(&pool, &holds, 3, now, 30, 0), Some(Choice { our_number: &pool[1], freedom: Freedom::Reused }));
    }

    #[test]
    fn the_same_alert_keeps_its_number_when_a_run_is_repeated() {
        let (pool, now) = (pool(2), At::from_unix_ms(1_000_000_000_000));
        let holds = [Hold { our_number: &pool[1], alert_id: 9, used_at: now }];
        assert_eq!(choose(&pool, &holds, 9, now, 30, 0), Some(Choice { our_number: &pool[1], freedom: Freedom::Same }));
    }

    #[test]
    fn an_empty_pool_has_no_choice() {
        assert_eq!(choose(&[], &[], 1, At::from_unix_ms(0), 30, 5), None);
    }
}
