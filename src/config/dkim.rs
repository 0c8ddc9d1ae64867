//! The keys that our mail is signed by (RFC 6376, RFC 8463), and the DNS records that tell others of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use secrecy::SecretSlice;

use super::reader::Reader;

/// What our mail is signed by.
#[derive(Clone, Debug)]
pub struct DkimConfig {
    /// The domain that vouches: the sender's own, so that DMARC is satisfied.
    pub domain: String,
    /// The RSA key, which everybody can check.
    pub rsa: DkimKey,
    /// An Ed25519 key beside it, for whoever can check that.
    pub ed25519: Option<DkimKey>,
}

/// A private key with the name that its public half is published under.
#[derive(Clone, Debug)]
pub struct DkimKey {
    /// The record is at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// PKCS#8.
    pub der: SecretSlice<u8>,
    /// What the TXT record says.
    pub record: String,
}

impl DkimConfig {
    /// Every record that must be published: name and text.
    pub fn records(&self) -> Vec<(String, String)> {
        let keys = std::iter::once(&self.rsa).chain(&self.ed25519);
        keys.map(|key| (format!("{}._domainkey.{}", key.selector, self.domain), key.record.clone())).collect()
    }
}

/// Reads `dkim_…` of a channel for mail; none if there is no `dkim_selector`.
pub(super) fn read(table: &mut Reader<'_>, sender_domain: Option<&str>) -> Option<DkimConfig> {
    let (selector, domain) = (table.text("dkim_selector"), table.text("dkim_domain"));
    let (rsa_file, ed25519_file) = (table.text("dkim_key_file"), table.text("dkim_ed25519_key_file"));
    let ed25519_selector = table.text("dkim_ed25519_selector");
    let Some(selector) = selector else {
        if let Some((key, _)) =
            [("dkim_domain", domain), ("dkim_key_file", rsa_file), ("dkim_ed25519_key_file", ed25519_file)].iter().find(|(_, set)| set.is_some())
        {
            table.fault(key, "dkim_selector beside it: the name that the key is published under");
        }
        return None;
    };
    if !is_label(&selector) {
        table.fault("dkim_selector", "a name for DNS: letters, digits and -");
    }
    let domain = domain.or_else(|| sender_domain.map(str::to_owned)).unwrap_or_default().to_ascii_lowercase();
    if sender_domain.is_some_and(|sender| sender != domain && !sender.ends_with(&format!(".{domain}"))) {
        table.fault("dkim_domain", "the domain of address, or one above it: a signature of another proves nothing about the sender");
    }
    let Some(rsa_file) = rsa_file else {
        table.fault("dkim_key_file", "the file of an RSA key, as `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048` makes it");
        return None;
    };
    let rsa = read_key(table, "dkim_key_file", &rsa_file, rsa_record, "an RSA key of 2048 bits or more as PKCS#8 in PEM");
    let ed25519 = ed25519_file.map(|file| {
        let key = read_key(table, "dkim_ed25519_key_file", &file, ed25519_record, "an Ed25519 key as PKCS#8 in PEM");
        key.map(|(der, record)| DkimKey { selector: ed25519_selector.unwrap_or_else(|| format!("{selector}-ed25519")), der, record })
    });
    let (der, record) = rsa?;
    Some(DkimConfig { domain, rsa: DkimKey { selector, der, record }, ed25519: ed25519.flatten() })
}

fn is_label(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|part| !part.is_empty() && part.len() <= 63 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn read_key(table: &mut Reader<'_>, key: &str, file: &str, record: impl Fn(&[u8]) -> Option<String>, expected: &str) -> Option<(SecretSlice<u8>, String)> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            table.fault(key, &format!("a file that can be read ({file}: {error})"));
            return None;
        }
    };
    let body: String =
        text.lines().map(str::trim).skip_while(|line| *line != "-----BEGIN PRIVATE KEY-----").skip(1).take_while(|line| !line.starts_with("-----")).collect();
    let der = BASE64.decode(body).ok();
    let read = der.and_then(|der| record(&der).map(|record| (SecretSlice::from(der), record)));
    if read.is_none() {
        table.fault(key, &format!("{expected}, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, in {file}"));
    }
    read
}

fn rsa_record(der: &[u8]) -> Option<String> {
    let key = RsaKeyPair::from_pkcs8(der).ok().filter(|key| key.public().modulus_len() >= 256)?;
    Some(format!("v=DKIM1; k=rsa; p={}", BASE64.encode(subject_public_key_info(key.public_key().as_ref())?)))
}

fn ed25519_record(der: &[u8]) -> Option<String> {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    Some(format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(key.public_key().as_ref())))
}

/// An RSA key as DNS has it: the key within its description (RFC 5280 section 4.1.2.7), which is what everybody publishes.
fn subject_public_key_info(key: &[u8]) -> Option<Vec<u8>> {
    /// rsaEncryption, 1.2.840.113549.1.1.1, without parameters.
    const RSA: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = tagged(0x03, &[&[0_u8], key].concat())?;
    tagged(0x30, &[&RSA[..], &bits].concat())
}

/// DER: tag, length, value.
fn tagged(tag: u8, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![tag];
    match u16::try_from(value.len()).ok()?.to_be_bytes() {
        [0, short] if short < 0x80 => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(value);
    Some(out)
}
