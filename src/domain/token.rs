//! `[pure]` Tokens: the random value of a delivery and its HMAC, as it stands in reply addresses, Message-IDs and links.
//!
//! A token carries a stored random value, never a sequence: after a restore an old token must not name a stranger. It
//! routes; it does not authenticate (design section 7).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::ids::base32;

/// What a token may be used for; part of what is signed, so that one cannot stand in for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// In the Reply-To of a mail.
    Reply,
    /// In the return path of a mail (VERP).
    Bounce,
    /// In the Message-ID of a mail.
    MessageId,
    /// In the link that leaves the list.
    Leave,
}

impl Use {
    /// For how many days after the mail a token of this use still counts; `None` for ever.
    ///
    /// A late answer is still heard, but no longer tied by itself; a bounce comes within the week that servers try; leaving
    /// must work as long as somebody has the mail.
    pub const fn lifetime_days(self) -> Option<i64> {
        match self {
            Self::Reply | Self::MessageId => Some(400),
            Self::Bounce => Some(60),
            Self::Leave => None,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Bounce => "bounce",
            Self::MessageId => "message-id",
            Self::Leave => "leave",
        }
    }
}

crate::words! {
    /// Where a delivery's token stands in the addresses that its answers come to.
    TokenIn {
        /// `alerts+TOKEN@reply.example.org`: the server takes what stands after a plus to the same mailbox.
        Plus = "plus",
        /// `TOKEN@reply.example.org`: the whole subdomain goes to one mailbox.
        CatchAll = "catch_all",
    }
}

/// One HMAC key with its id, a single base 32 character that stands at the front of each token.
#[derive(Clone)]
pub struct TokenKey {
    /// `a` to `z`.
    pub id: char,
    /// 32 random bytes.
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKey({})", self.id)
    }
}

/// HMAC-SHA256, cut to what the caller asks.
pub fn mac(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap_or_else(|_| Hmac::<Sha256>::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    for part in parts {
        mac.update(part);
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().into()
}

/// The token for one use of a delivery's random value: key id, 16 characters of random, 16 of HMAC (80 bits each).
pub fn sign(key: &TokenKey, purpose: Use, random: &str) -> String {
    format!("{}{random}{}", key.id, tag(key, purpose, random))
}

/// The random value inside a token that one of our keys signed for this use; `None` for anything else.
///
/// Case is folded first: mail systems change it.
pub fn verify(keys: &[TokenKey], purpose: Use, token: &str) -> Option<String> {
    let token = token.trim().to_ascii_lowercase();
    let id = token.chars().next()?;
    let (random, given) = (token.get(1..17)?, token.get(17..)?);
    let key = keys.iter().find(|key| key.id == id)?;
    let expected = tag(key, purpose, random);
    bool::from(expected.as_bytes().ct_eq(given.as_bytes())).then(|| random.to_owned())
}

/// The four characters after an alert's reference on one delivery: `9FDM`.
pub fn delivery_code(key: &TokenKey, reference: &str, match_key: &[u8]) -> String {
    let digest = mac(&key.secret, &[b"code", reference.as_bytes(), match_key]);
    base32(&digest).chars().take(4).collect::<String>().to_ascii_uppercase()
}

fn tag(key: &TokenKey, purpose: Use, random: &str) -> String {
    let digest = mac(&key.secret, &[purpose.label().as_bytes(), random.as_bytes()]);
    base32(&digest).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::public_id;

    fn key(id: char) -> TokenKey {
        TokenKey { id, secret: vec![u8::try_from(u32::from(id)).unwrap(); 32] }
    }

    #[test]
    fn a_token_reads_back_for_its_own_use_only() {
        let random = public_id();
        let token = sign(&key('a'), Use::Reply, &random);
        assert_eq!(verify(&[key('b'), key('a')], Use::Reply, &token.to_uppercase()), Some(random));
        assert_eq!(verify(&[key('a')], Use::Bounce, &token), None);
        assert_eq!(verify(&[key('b')], Use::Reply, &token), None);
    }

    #[test]
    fn every_changed_character_is_refused() {
        let token = sign(&key('a'), Use::Leave, &public_id());
        for i in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[i] = if changed[i] == b'0' { b'1' } else { b'0' };
            assert_eq!(verify(&[key('a')], Use::Leave, std::str::from_utf8(&changed).unwrap()), None);
        }
        for bad in ["", "a", "é", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé"] {
            assert_eq!(verify(&[key('a')], Use::Leave, bad), None);
        }
    }
}
