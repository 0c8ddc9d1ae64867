//! `[pure]` How long somebody must wait who gave a wrong password or code, and why.
//!
//! Failures are counted for one account from one network, and for a network as a whole; never for an account as such: then
//! anybody could lock anybody out by guessing. Whoever comes from a browser that has signed in to the account before is
//! counted by that browser alone, whatever others do from the same network.

use super::At;

/// Wrong tries that one pair of account and network has for nothing.
const FREE_OF_PAIR: i64 = 5;
/// The same for a known browser: people mistype.
const FREE_OF_DEVICE: i64 = 8;
/// The same for a whole network, behind which may be a station.
const FREE_OF_NETWORK: i64 = 60;
/// Wrong codes of one account after its right password. More than that are no owner's mistakes.
pub const FREE_OF_CODES: i64 = 10;
const FIRST_WAIT_MS: i64 = 5_000;
const LONGEST_PAIR_WAIT_MS: i64 = 15 * 60_000;
const LONGEST_NETWORK_WAIT_MS: i64 = 2 * 60_000;
/// After so long without a try the count begins anew.
pub const FORGET_MS: i64 = 24 * 3_600_000;

/// Failures so far; a try under way counts as one until it has succeeded, so that many at once share no free try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub failures: i64,
    /// When the last was made.
    pub last_at: At,
}

crate::words! {
    /// What was counted too often.
    TooOften {
        /// This account from this network.
        Pair = "pair",
        /// This account from this known browser.
        Device = "device",
        /// Codes of this account, after the right password.
        Code = "code",
        /// Anything from this network.
        Network = "network",
    }
}

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// Not before then.
    Wait {
        /// The moment from which it may.
        until: At,
        /// Why.
        why: TooOften,
    },
}

/// Judges a try at `now` by the tally of the pair (or of the known browser) and of the network.
pub fn judge(known_device: bool, own: Option<Tally>, network: Option<Tally>, now: At) -> Verdict {
    let (free, why) = if known_device { (FREE_OF_DEVICE, TooOften::Device) } else { (FREE_OF_PAIR, TooOften::Pair) };
    let own = until(own, free, LONGEST_PAIR_WAIT_MS, now).map(|until| Verdict::Wait { until, why });
    // Others' failures from the same network are no business of a browser that is known.
    let network = if known_device { None } else { until(network, FREE_OF_NETWORK, LONGEST_NETWORK_WAIT_MS, now) };
    own.or(network.map(|until| Verdict::Wait { until, why: TooOften::Network })).unwrap_or(Verdict::Go)
}

/// Judges a try at an account's codes by how many were wrong, from wherever: whoever tries has the password already.
pub fn judge_code(tally: Tally, now: At) -> Verdict {
    until(Some(tally), FREE_OF_CODES, LONGEST_PAIR_WAIT_MS, now).map_or(Verdict::Go, |until| Verdict::Wait { until, why: TooOften::Code })
}

/// Each failure past the free ones doubles the wait.
fn until(tally: Option<Tally>, free: i64, longest_ms: i64, now: At) -> Option<At> {
    let tally = tally.filter(|tally| tally.failures >= free && now.since_ms(tally.last_at) < FORGET_MS)?;
    let doublings = u32::try_from((tally.failures - free).clamp(0, 20)).unwrap_or(20);
    let wait = FIRST_WAIT_MS.saturating_mul(2_i64.saturating_pow(doublings)).min(longest_ms);
    let until = tally.last_at.plus_ms(wait);
    (until > now).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_must_wait_how_long_and_why() {
        let now = At::from_unix_ms(1_795_338_000_000);
        let ago = |failures: i64, seconds: i64| Some(Tally { failures, last_at: now.plus_ms(-seconds * 1_000) });
        let wait = |seconds: i64, why| Verdict::Wait { until: now.plus_ms(seconds * 1_000), why };
        // known, own tally, the network's, verdict
        let table: &[(bool, Option<Tally>, Option<Tally>, Verdict)] = &[
            (false, None, None, Verdict::Go),
            (false, ago(4, 0), ago(59, 0), Verdict::Go),
            (false, ago(5, 0), None, wait(5, TooOften::Pair)),
            (false, ago(5, 3), None, wait(2, TooOften::Pair)),
            (false, ago(5, 5), None, Verdict::Go),
            (false, ago(8, 0), None, wait(40, TooOften::Pair)),
            (false, ago(12, 0), None, wait(640, TooOften::Pair)),
            (false, ago(13, 0), None, wait(900, TooOften::Pair)),
            (false, ago(i64::MAX, 0), None, wait(900, TooOften::Pair)),
            (false, ago(500, 900), None, Verdict::Go),
            (false, ago(500, 86_400), None, Verdict::Go),
            (false, None, ago(60, 0), wait(5, TooOften::Network)),
            (false, None, ago(10_000, 0), wait(120, TooOften::Network)),
            (false, ago(6, 0), ago(10_000, 0), wait(10, TooOften::Pair)),
            (true, None, ago(10_000, 0), Verdict::Go),
            (true, ago(7, 0), ago(10_000, 0), Verdict::Go),
            (true, ago(8, 0), ago(10_000, 0), wait(5, TooOften::Device)),
        ];
        for (known, own, network, expected) in table {
            assert_eq!(judge(*known, *own, *network, now), *expected, "known {known}, {own:?}, {network:?}");
        }
    }
}
