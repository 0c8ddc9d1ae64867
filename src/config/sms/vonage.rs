//! Settings of Vonage's Messages API, and its older SMS API.

use super::api_base;
use crate::config::reader::Reader;
use ring::signature::RsaKeyPair;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Settings of provider `vonage`.
#[derive(Clone, Debug)]
pub struct VonageConfig {
    /// The account's key, if it is configured: webhooks that name another are refused.
    pub api_key: Option<String>,
    /// The application's id, if it is configured: webhooks that name another are refused.
    pub application_id: Option<String>,
    /// What opens the API.
    pub sign_in: VonageSignIn,
    /// The account's signature secret: signs webhooks.
    pub signature_secret: SecretString,
    /// The one before, while it is being changed.
    pub previous_signature_secret: Option<SecretString>,
    /// Where the API is, without a trailing slash.
    pub api_base: String,
}

/// By what the Messages API is opened.
#[derive(Clone, Debug)]
pub enum VonageSignIn {
    /// Key and secret of the account.
    Account {
        /// Its key.
        api_key: String,
        /// Its secret.
        api_secret: SecretString,
    },
    /// Tokens that the application's private key signs.
    Application {
        /// Its id.
        application_id: String,
        /// Its key.
        private_key: Arc<RsaKeyPair>,
    },
}

/// Settings of provider `vonage_sms`.
#[derive(Clone, Debug)]
pub struct VonageSmsConfig {
    /// The account's key.
    pub api_key: String,
    /// Its secret: opens the API.
    pub api_secret: SecretString,
    /// The account's signature secret: signs webhooks.
    pub signature_secret: SecretString,
    /// The one before, while it is being changed.
    pub previous_signature_secret: Option<SecretString>,
    /// How webhooks are signed, as the account is set.
    pub signature_method: VonageSignatureMethod,
    /// Where the API is, without a trailing slash.
    pub api_base: String,
}

/// How Vonage's SMS API signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VonageSignatureMethod {
    /// MD5 of text and secret: the account's default.
    Md5Hash,
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA1.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

impl std::str::FromStr for VonageSignatureMethod {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "md5hash" => Ok(Self::Md5Hash),
            "md5" => Ok(Self::Md5),
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(()),
        }
    }
}

pub(super) fn read_vonage(table: &mut Reader<'_>) -> VonageConfig {
    let (api_key, application_id) = (table.text("api_key"), table.text("application_id"));
    let private_key = table.secret("private_key");
    let sign_in = match private_key {
        Some(pem) => {
            if table.secret("api_secret").is_some() {
                table.fault("api_secret", "either api_key and api_secret, or application_id and private_key, not both");
            }
            if application_id.is_none() {
                table.fault("application_id", "the id of the application that private_key belongs to");
            }
            let application_id = application_id.clone().unwrap_or_default();
            rsa_key(table, "private_key", &pem).map(|private_key| VonageSignIn::Application { application_id, private_key })
        }
        None => {
            if api_key.is_none() {
                table.fault("api_key", "the account's key, with api_secret; or application_id with private_key");
            }
            let api_secret = table.required_secret("api_secret", "the account's secret, with api_key; or application_id with private_key");
            Some(VonageSignIn::Account { api_key: api_key.clone().unwrap_or_default(), api_secret })
        }
    };
    VonageConfig {
        // A key that cannot be read is a fault, so that nothing is started with what stands here in its place.
        sign_in: sign_in.unwrap_or_else(|| VonageSignIn::Account { api_key: String::new(), api_secret: SecretString::default() }),
        api_key,
        application_id,
        signature_secret: table.required_secret("signature_secret", "the account's signature secret: it signs every webhook"),
        previous_signature_secret: table.secret("previous_signature_secret"),
        api_base: api_base(table, "https://api.nexmo.com"),
    }
}

/// Read here, so that a key that does not fit is told before anything starts.
fn rsa_key(table: &mut Reader<'_>, key: &str, pem: &SecretString) -> Option<Arc<RsaKeyPair>> {
    let read = PrivatePkcs8KeyDer::from_pem_slice(pem.expose_secret().as_bytes()).ok().and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
    if read.is_none() {
        table.fault(key, "an RSA key of 2048 bits or more as PKCS#8 in PEM, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----");
    }
    read.map(Arc::new)
}

pub(super) fn read_vonage_sms(table: &mut Reader<'_>) -> VonageSmsConfig {
    VonageSmsConfig {
        api_key: table.required("api_key", "the account's key"),
        api_secret: table.required_secret("api_secret", "the account's secret"),
        signature_secret: table.required_secret("signature_secret", "the account's signature secret: without it no webhook can be believed"),
        previous_signature_secret: table.secret("previous_signature_secret"),
        signature_method: table
            .parsed_or("signature_method", "md5hash", "md5hash, md5, sha1, sha256 or sha512, as the account is set")
            .unwrap_or(VonageSignatureMethod::Md5Hash),
        api_base: api_base(table, "https://rest.nexmo.com"),
    }
}
