//! Signs our own mail (DKIM, RFC 6376; Ed25519 beside RSA by RFC 8463). Keys are parsed once; each mail is signed once.

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::ExposeSecret;

use crate::channels::SendError;
use crate::config::{DkimConfig, DkimKey};

/// What is signed. From stands twice: then nobody can put another one above it. The list's headers are what a mail program's
/// button to unsubscribe goes by (RFC 8058 section 4 wants them covered).
const SIGNED: [&str; 13] = [
    "From",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
];

/// Our keys, ready to sign.
pub struct Signer {
    rsa: DkimSigner<RsaKey<Sha256>, Done>,
    ed25519: Option<DkimSigner<Ed25519Key, Done>>,
}

impl Signer {
    /// Parses the keys.
    pub fn new(config: &DkimConfig) -> anyhow::Result<Self> {
        let unusable = |error: mail_auth::Error| anyhow::anyhow!("a DKIM key cannot be used: {error}");
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(config.rsa.der.expose_secret()));
        let rsa = signer(RsaKey::<Sha256>::from_key_der(der).map_err(unusable)?, config, &config.rsa);
        let ed25519 = config.ed25519.as_ref().map(|key| {
            let parsed = Ed25519Key::from_pkcs8_maybe_unchecked_der(key.der.expose_secret()).map_err(unusable)?;
            anyhow::Ok(signer(parsed, config, key))
        });
        Ok(Self { rsa, ed25519: ed25519.transpose()? })
    }

    /// The mail with its signatures above it.
    pub fn sign(&self, raw: &[u8]) -> Result<Vec<u8>, SendError> {
        let failed = |_| SendError::ours("dkim", "the mail could not be signed");
        let mut signed = Vec::with_capacity(raw.len() + 1_024);
        if let Some(ed25519) = &self.ed25519 {
            ed25519.sign(raw).map_err(failed)?.write_header(&mut signed);
        }
        self.rsa.sign(raw).map_err(failed)?.write_header(&mut signed);
        signed.extend_from_slice(raw);
        Ok(signed)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

fn signer<K: SigningKey>(key: K, config: &DkimConfig, named: &DkimKey) -> DkimSigner<K, Done> {
    DkimSigner::from_key(key).domain(config.domain.clone()).selector(named.selector.clone()).headers(SIGNED)
}
