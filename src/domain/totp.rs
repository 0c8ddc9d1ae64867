//! `[pure]` Time-based one-time codes (RFC 6238: HMAC-SHA-1, six digits, steps of 30 seconds, as every authenticator app does).
//!
//! A code counts in its own step and in the one before and after, for clocks that stand a little off; and never a second
//! time: whoever checks remembers the step that was used.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::At;

/// How long a code is shown.
const STEP_MS: i64 = 30_000;
/// Steps that a clock may stand off, either way.
const SKEW: i64 = 1;

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right, for this step: no code of this step or an earlier one counts again.
    Right(i64),
    /// Right, but used before: somebody may have looked over a shoulder.
    UsedBefore,
    /// Not a code of this time.
    Wrong,
}

/// A new secret of 160 bits, as RFC 4226 section 4 advises.
pub fn new_secret() -> Vec<u8> {
    let random: [u8; 20] = rand::random();
    random.to_vec()
}

/// The step that a moment lies in.
pub fn step_at(now: At) -> i64 {
    now.unix_ms().div_euclid(STEP_MS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(secret).unwrap_or_else(|_| Hmac::<Sha1>::new(&hmac::digest::Key::<Hmac<Sha1>>::default()));
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let word = digest.get(offset..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// Judges what was typed at `now`, where codes up to `last_step` have been used. Spaces are passed over.
pub fn check(secret: &[u8], typed: &str, now: At, last_step: i64) -> Verdict {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let current = step_at(now);
    // Every step is looked at, so that the time taken tells nothing.
    let mut found = None;
    for step in current - SKEW..=current + SKEW {
        if bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    match found {
        None => Verdict::Wrong,
        Some(step) if step <= last_step => Verdict::UsedBefore,
        Some(step) => Verdict::Right(step),
    }
}

/// The secret as people type it: RFC 4648 base 32 in fours.
pub fn in_text(secret: &[u8]) -> String {
    let letters: Vec<char> = base32(secret).chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What the QR code says to an authenticator app.
pub fn uri(issuer: &str, account: &str, secret: &[u8]) -> String {
    let plain = |text: &str| form_urlencoded::byte_serialize(text.replace(':', " ").as_bytes()).collect::<String>().replace('+', "%20");
    let (issuer, account) = (plain(issuer), plain(account));
    format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30", base32(secret))
}

fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut held, mut bits, mut out) = (0_u32, 0_u32, String::new());
    let letter = |value: u32| usize::try_from(value & 31).ok().and_then(|index| LETTERS.get(index)).map_or('A', |byte| char::from(*byte));
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        out.push(letter(held << (5 - bits)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1; there with eight digits, of which these are the last six.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, step_at(At::from_unix_ms(seconds * 1_000))), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_a_step_either_side_and_once() {
        let (secret, now) = (new_secret(), At::from_unix_ms(1_795_338_000_000));
        let step = step_at(now);
        for (off, expected) in
            [(-2, Verdict::Wrong), (-1, Verdict::Right(step - 1)), (0, Verdict::Right(step)), (1, Verdict::Right(step + 1)), (2, Verdict::Wrong)]
        {
            assert_eq!(check(&secret, &code(&secret, step + off), now, 0), expected, "{off}");
        }
        let right = code(&secret, step);
        assert_eq!(check(&secret, &format!(" {} {} ", &right[..3], &right[3..]), now, step - 1), Verdict::Right(step));
        assert_eq!(check(&secret, &right, now, step), Verdict::UsedBefore);
        assert_eq!(check(&secret, &code(&secret, step - 1), now, step), Verdict::UsedBefore, "an older one was seen as well");
        for wrong in ["", "000", "abcdef", "１２３４５６"] {
            assert_eq!(check(&secret, wrong, now, 0), Verdict::Wrong, "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_written_as_authenticators_read_it() {
        assert_eq!(in_text(b"Hello!\xde\xad\xbe\xef"), "JBSW Y3DP EHPK 3PXP");
        let uri = uri("Derbyshire Alert", "jane@force.example", b"Hello!\xde\xad\xbe\xef");
        assert_eq!(
            uri,
            "otpauth://totp/Derbyshire%20Alert:jane%40force.example?secret=JBSWY3DPEHPK3PXP&issuer=Derbyshire%20Alert&algorithm=SHA1&digits=6&period=30"
        );
    }
}
