//! DKIM signatures (RFC 6376), checked by ourselves from the raw bytes when a mail comes in: the key may be gone later.
//!
//! Asks the DNS only for keys of the domain that the author writes from: what others signed proves nothing about the author,
//! and nobody can make us ask for names of their choosing.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mail_auth::common::cache::NoCache;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{AuthenticatedMessage, DkimResult, MX, MessageAuthenticator, Parameters, RecordSet, ResolverCache, Txt};

use super::mime::{LONGEST_HEAD, head_of};
use crate::domain::proof::{Outcome, Signature, is_aligned};

/// No honest mail has more signatures of one domain.
const MOST_SIGNATURES: usize = 5;
const MOST_KEYS: usize = 4_096;
/// Checking takes time by the square of these: no honest mail has more.
const MOST_NAMES: usize = 100;
const MOST_LINES: usize = 1_000;
/// For all signatures of a mail together.
const LONGEST: Duration = Duration::from_secs(3);
/// A DNS that did not answer is not asked again for so long, so that it cannot hold up mail after mail.
const REST: Duration = Duration::from_secs(30);

/// Keys are kept; nothing else is looked up.
type Lookups<'x, 'm> = Parameters<
    'x,
    &'x AuthenticatedMessage<'m>,
    Keys,
    NoCache<Box<str>, RecordSet<MX>>,
    NoCache<Box<str>, RecordSet<Ipv4Addr>>,
    NoCache<Box<str>, RecordSet<Ipv6Addr>>,
    NoCache<IpAddr, RecordSet<Box<str>>>,
>;

/// Checks signatures; keeps the keys it has looked up.
pub struct Verifier {
    resolver: Option<MessageAuthenticator>,
    keys: Keys,
    resting_until: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Default for Verifier {
    /// Asks the system's name servers.
    fn default() -> Self {
        let resolver = MessageAuthenticator::new_system_conf()
            .inspect_err(|error| tracing::warn!(%error, "no name servers are configured: DKIM signatures cannot be checked"))
            .ok();
        Self { resolver, keys: Keys::default(), resting_until: Mutex::default() }
    }
}

impl Verifier {
    /// Knows this key record for an hour without asking, as a test or a split-horizon DNS needs it.
    pub fn know(&self, name: &str, record: &str) -> Result<(), mail_auth::Error> {
        let key = DomainKey::parse(record.as_bytes())?;
        let name = format!("{}.", name.trim_end_matches('.')).into_boxed_str();
        self.keys.insert(name, Txt::DomainKey(std::sync::Arc::new(key)), Instant::now() + Duration::from_secs(3_600));
        Ok(())
    }

    /// The signatures of the author's own domain, each with its outcome.
    pub async fn verify(&self, raw: &[u8], author_domain: &str) -> Vec<Signature> {
        let head = head_of(raw);
        if head.len() >= LONGEST_HEAD || head.split(|byte| *byte == b'\n').count() > MOST_LINES {
            return Vec::new();
        }
        let Some(mut mail) = AuthenticatedMessage::parse(raw) else {
            return Vec::new();
        };
        mail.dkim_headers.retain(|header| is_aligned(author_domain, &header.header.d) && header.header.h.len() <= MOST_NAMES);
        mail.dkim_headers.truncate(MOST_SIGNATURES);
        if mail.dkim_headers.is_empty() {
            return Vec::new();
        }
        let unknown = |reason: &str| {
            mail.dkim_headers.iter().map(|header| Signature { domain: header.header.d.clone(), outcome: Outcome::Unknown(reason.to_owned()) }).collect()
        };
        let Some(resolver) = &self.resolver else {
            return unknown("no name servers are configured");
        };
        let resting = |until: Option<Instant>| until.is_some_and(|until| until > Instant::now());
        if resting(*self.resting_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner)) {
            return unknown("the name servers do not answer just now");
        }
        let params: Lookups<'_, '_> = Parameters::new(&mail).with_txt_cache(&self.keys);
        match tokio::time::timeout(LONGEST, resolver.verify_dkim(params)).await {
            Ok(checked) => checked.iter().filter_map(read).collect(),
            Err(_) => {
                *self.resting_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now() + REST);
                unknown("the name servers did not answer in time")
            }
        }
    }
}

fn read(checked: &mail_auth::DkimOutput<'_>) -> Option<Signature> {
    let signature = checked.signature()?;
    let outcome = match checked.result() {
        // RFC 8301: SHA-1 proves nothing any more.
        DkimResult::Pass if signature.a == Algorithm::RsaSha1 => Outcome::Fail("it is made with SHA-1".to_owned()),
        // Words may be added below what a length covers, and an author who is not signed is anybody.
        DkimResult::Pass if signature.l > 0 => Outcome::Fail("it covers only the beginning".to_owned()),
        DkimResult::Pass if !signature.h.iter().any(|name| name.eq_ignore_ascii_case("from")) => Outcome::Fail("it does not cover the author".to_owned()),
        // An undated one could be sent again for ever.
        DkimResult::Pass if !signature.h.iter().any(|name| name.eq_ignore_ascii_case("date")) => Outcome::Fail("it does not cover the date".to_owned()),
        DkimResult::Pass => Outcome::Pass,
        DkimResult::TempError(error) => Outcome::Unknown(error.to_string()),
        DkimResult::Neutral(error) | DkimResult::Fail(error) | DkimResult::PermError(error) => Outcome::Fail(error.to_string()),
        DkimResult::None => return None,
    };
    Some(Signature { domain: signature.d.clone(), outcome })
}

#[derive(Default)]
struct Keys(Mutex<HashMap<Box<str>, (Txt, Instant)>>);

impl Keys {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, (Txt, Instant)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl ResolverCache<Box<str>, Txt> for Keys {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.lock().get(name).filter(|(_, until)| *until > Instant::now()).map(|(key, _)| key.clone())
    }

    fn remove<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.lock().remove(name).map(|(key, _)| key)
    }

    fn insert(&self, name: Box<str>, key: Txt, until: Instant) {
        let mut keys = self.lock();
        if keys.len() >= MOST_KEYS {
            keys.retain(|_, (_, until)| *until > Instant::now());
            if keys.len() >= MOST_KEYS {
                keys.clear();
            }
        }
        keys.insert(name, (key, until));
    }
}

#[cfg(test)]
mod tests {
    use mail_auth::common::crypto::Ed25519Key;
    use mail_auth::common::headers::HeaderWriter;
    use mail_auth::dkim::DkimSigner;

    use super::*;

    const MAIL: &str =
        "From: Ann <ann@example.org>\r\nTo: alerts@reply.force.example\r\nSubject: Re: van\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nI saw it.\r\n";

    fn base64(bytes: &[u8]) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    /// A verifier that knows example.org's key, and mail signed with it.
    fn signed(domain: &str, headers: &[&str], length: bool) -> (Verifier, String) {
        let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let verifier = Verifier::default();
        verifier.know(&format!("s1._domainkey.{domain}"), &format!("v=DKIM1; k=ed25519; p={}", base64(&key.public_key()))).unwrap();
        let signer = DkimSigner::from_key(key).domain(domain).selector("s1").headers(headers.iter().copied()).body_length(length);
        let signature = signer.sign(MAIL.as_bytes()).unwrap().to_header();
        (verifier, format!("{signature}{MAIL}"))
    }

    #[tokio::test]
    async fn a_signature_of_the_authors_domain_holds_until_a_byte_is_changed() {
        let (verifier, mail) = signed("example.org", &["From", "To", "Subject", "Date"], false);
        let passed = verifier.verify(mail.as_bytes(), "example.org").await;
        assert_eq!(passed, [Signature { domain: "example.org".to_owned(), outcome: Outcome::Pass }]);
        for changed in [mail.replace("I saw it", "I saw him"), mail.replace("ann@example.org", "bob@example.org")] {
            assert!(matches!(verifier.verify(changed.as_bytes(), "example.org").await.as_slice(), [Signature { outcome: Outcome::Fail(_), .. }]), "{changed}");
        }
    }

    #[tokio::test]
    async fn a_signature_of_somebody_else_is_not_even_looked_at() {
        let (verifier, mail) = signed("attacker.example", &["From"], false);
        assert_eq!(verifier.verify(mail.as_bytes(), "example.org").await, []);
    }

    #[tokio::test]
    async fn one_that_leaves_out_the_author_the_date_or_the_end_proves_nothing() {
        for (headers, length) in [(&["To", "Date"][..], false), (&["From", "Date"][..], true), (&["From", "To"][..], false)] {
            let (verifier, mail) = signed("example.org", headers, length);
            let found = verifier.verify(mail.as_bytes(), "example.org").await;
            assert!(found.iter().all(|signature| signature.outcome != Outcome::Pass), "{found:?}");
        }
    }

    #[tokio::test]
    async fn bytes_that_are_no_mail_have_no_signature() {
        for raw in [&b""[..], b"\0\0\0", b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=; bh=; b=\r\n\r\n"] {
            assert_eq!(Verifier::default().verify(raw, "example.org").await, []);
        }
    }
}
