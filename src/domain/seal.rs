//! `[pure]` Sealing: secrets that must be read back, encrypted (AES-256-GCM) under a key of the keyring, which is not in the
//! database. What a secret is for is part of the seal, so that one cannot be put in another's place.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::token::{TokenKey, mac};

fn key_of(key: &TokenKey) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, &mac(&key.secret, &[b"seal"])).ok().map(LessSafeKey::new)
}

/// Key id, nonce, ciphertext with its tag. `None` only if the cipher itself fails.
pub fn seal(key: &TokenKey, purpose: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut sealed = plain.to_vec();
    key_of(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose.as_bytes()), &mut sealed).ok()?;
    let id = u8::try_from(u32::from(key.id)).ok()?;
    Some([&[id][..], &nonce, &sealed].concat())
}

/// What was sealed for this purpose under one of these keys; `None` for anything else.
pub fn open(keys: &[TokenKey], purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (id, rest) = sealed.split_first()?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>()?;
    let key = keys.iter().find(|key| u32::from(key.id) == u32::from(*id))?;
    let mut plain = rest.to_vec();
    let length = key_of(key)?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(purpose.as_bytes()), &mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only_and_any_change_is_seen() {
        let key = |id: char, fill: u8| TokenKey { id, secret: vec![fill; 32] };
        let sealed = seal(&key('a', 1), "totp 7", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(open(&[key('b', 2), key('a', 1)], "totp 7", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(open(&[key('a', 1)], "totp 8", &sealed), None);
        assert_eq!(open(&[key('a', 2)], "totp 7", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&[key('a', 1)], "totp 7", &changed), None, "byte {at}");
            assert_eq!(open(&[key('a', 1)], "totp 7", &sealed[..at]), None, "cut at {at}");
        }
    }
}
