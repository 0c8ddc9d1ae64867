//! Where a request came from, as far as accounts need to know it: to count guesses, to know a browser again, and to show
//! officers their own sessions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use subtle::ConstantTimeEq;

use crate::app::App;
use crate::domain::ids;
use crate::domain::token::{TokenKey, mac};

/// So many accounts are remembered in one browser: a station's computer has several users.
const MOST_DEVICES: usize = 8;
const RANDOM: usize = 16;
const TAG: usize = 16;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The caller's address, if it can be told.
    pub address: Option<IpAddr>,
    /// `Firefox on Windows`.
    pub browser: String,
    /// The long-lived cookie that says which accounts this browser has signed in to; signed, and no way in by itself.
    pub devices: String,
}

impl Origin {
    /// What counts as one caller: an IPv4 address, or the /64 that one household or office has of IPv6.
    pub fn network(&self) -> String {
        match self.address {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).to_string(),
        }
    }

    /// `203.0.113.…`: enough to know one's own network by.
    pub fn masked(&self) -> String {
        match self.address {
            None => String::new(),
            Some(IpAddr::V4(v4)) => {
                let [a, b, c, _] = v4.octets();
                Ipv4Addr::new(a, b, c, 0).to_string().trim_end_matches('0').to_owned() + "…"
            }
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, ..] = v6.segments();
                format!("{a:x}:{b:x}:{c:x}:…")
            }
        }
    }

    /// The random value under which this browser is known to an account.
    pub(super) fn known_to(&self, app: &App, officer_id: i64) -> Option<String> {
        let keys = &app.keyring().tokens;
        self.devices.split('.').take(MOST_DEVICES).find_map(|token| {
            let (id, random, given) = (token.chars().next()?, token.get(1..=RANDOM)?, token.get(RANDOM + 1..)?);
            let key = keys.iter().find(|key| key.id == id)?;
            bool::from(tag(key, officer_id, random).as_bytes().ct_eq(given.as_bytes())).then(|| random.to_owned())
        })
    }

    /// The cookie once this browser has signed in to the account; the oldest make room.
    pub(super) fn remember(&self, app: &App, officer_id: i64) -> String {
        let Some(key) = app.keyring().signing().filter(|_| self.known_to(app, officer_id).is_none()) else { return self.devices.clone() };
        let random = ids::public_id();
        let fresh = format!("{}{random}{}", key.id, tag(key, officer_id, &random));
        let held = self.devices.split('.').filter(|token| token.len() == 1 + RANDOM + TAG).take(MOST_DEVICES - 1);
        std::iter::once(fresh.as_str()).chain(held).collect::<Vec<_>>().join(".")
    }
}

fn tag(key: &TokenKey, officer_id: i64, random: &str) -> String {
    let digest = mac(&key.secret, &[b"device", &officer_id.to_be_bytes(), random.as_bytes()]);
    ids::base32(&digest).chars().take(TAG).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked_and_a_household_is_one_network() {
        let of = |text: &str| Origin { address: Some(text.parse().unwrap()), ..Origin::default() };
        assert_eq!((of("203.0.113.77").masked().as_str(), of("203.0.113.77").network().as_str()), ("203.0.113.…", "203.0.113.77"));
        assert_eq!(of("10.20.30.40").masked(), "10.20.30.…");
        assert_eq!(of("2001:db8:5:6:7:8:9:a").masked(), "2001:db8:5:…");
        assert_eq!(of("2001:db8:5:6:7:8:9:a").network(), of("2001:db8:5:6::1").network());
        assert_ne!(of("2001:db8:5:7::1").network(), of("2001:db8:5:6::1").network());
    }
}
