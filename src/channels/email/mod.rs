//! E-mail: the relay that sends, the mailbox that is read, MIME, and the secret of the raw-mail webhook.

pub mod authentication;
pub mod dkim;
pub mod imap;
pub mod mime;
pub mod oauth;
mod refusal;
mod relay;
pub mod safe_html;
pub mod signing;
pub mod smtp;

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{Verified, VerifyError};
use crate::config::EmailConfig;

/// Whether a raw-mail request carries the channel's bearer secret: asked before its body is read.
pub fn verify(settings: &EmailConfig, authorization: Option<&str>) -> Result<(), VerifyError> {
    let given = authorization.and_then(|value| value.strip_prefix("Bearer ")).ok_or(VerifyError::Missing)?;
    let secrets = settings.webhook_secret.iter().chain(settings.previous_webhook_secret.iter());
    let matched = secrets.fold(false, |matched, secret| bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes())) | matched);
    if matched { Ok(()) } else { Err(VerifyError::Wrong) }
}

/// What intake must know of a raw mail: who it says it is from. There is no provider id; the body's hash serves. The head
/// of the mail is enough.
pub fn verified(raw: &[u8]) -> Verified {
    Verified { provider_id: None, correspondent: mime::from_address(raw), text: None, replay_key: None }
}
