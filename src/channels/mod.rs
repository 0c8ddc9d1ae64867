//! Channels and the providers behind them. Owns every vendor's words; opens the sockets to carriers; knows no database.
//!
//! # How to add an SMS provider
//! 1. One file `sms/<name>.rs` with a type that implements [`SmsProvider`]: `build_request`, `read_response`, `verify`,
//!    `parse`, `acknowledge`, and its status table. All pure: keys are passed in, no clock, no network, no HTTP response.
//! 2. One folder `fixtures/providers/<name>/` with what the vendor really sends and answers, and what we make of it; the
//!    runner in `tests/it/providers.rs` needs no new code.
//! 3. One line in [`registry`], and its typed settings in `config/channel.rs`.
//!
//! Data comes from `outbound::dispatch` (to send) and from `web::webhooks`, `inbound::poll` (raw bytes); it goes back to them
//! as values: [`Accepted`] or [`SendError`], [`Verified`] or [`VerifyError`], `InboundEvent`s or [`ParseError`].

pub mod email;
pub mod http;
pub mod registry;
pub mod sms;

use crate::domain::inbound::InboundEvent;

/// A text to hand over.
#[derive(Clone)]
pub struct OutgoingText {
    /// Our delivery's id, put into the callback's URL.
    pub delivery_id: i64,
    /// Our number.
    pub from: String,
    /// Theirs.
    pub to: String,
    /// What it says.
    pub body: String,
    /// Where receipts are to go.
    pub status_url: String,
}

/// What a provider said when it took a text or mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id, empty if it gives none.
    pub provider_message_id: String,
}

/// Why a hand-over failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct SendError {
    /// Trying again may help.
    pub retryable: bool,
    /// The fault is on our side: configuration, credentials, content. Worth an alarm, not the person's fault.
    pub ours: bool,
    /// It may have been taken all the same: the connection broke after the request went out.
    pub doubtful: bool,
    /// The provider has this address blocked because the person opted out there.
    pub opted_out: bool,
    /// The provider's code or a word of ours.
    pub code: String,
    /// In words, without the address.
    pub detail: String,
    /// Not before then, if the provider said so.
    pub retry_after_ms: Option<i64>,
}

impl SendError {
    /// A fault of the network or the provider that may heal.
    pub fn temporary(code: &str, detail: &str) -> Self {
        Self { retryable: true, ours: false, doubtful: false, opted_out: false, code: code.to_owned(), detail: detail.to_owned(), retry_after_ms: None }
    }

    /// The address is bad.
    pub fn permanent(code: &str, detail: &str) -> Self {
        Self { retryable: false, ..Self::temporary(code, detail) }
    }

    /// Our configuration or content is at fault.
    pub fn ours(code: &str, detail: &str) -> Self {
        Self { retryable: false, ours: true, ..Self::temporary(code, detail) }
    }

    /// Nobody knows whether it was taken.
    pub fn in_doubt(code: &str, detail: &str) -> Self {
        Self { retryable: false, doubtful: true, ..Self::temporary(code, detail) }
    }
}

/// Which of a channel's webhooks a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Messages from people.
    Inbound,
    /// Receipts.
    Status,
}

/// A request as it came, before anything is believed.
#[derive(Clone)]
pub struct RawRequest {
    /// Which webhook.
    pub hook: Hook,
    /// `GET` or `POST`.
    pub method: String,
    /// The public URL from configuration with the raw path and query: what providers sign.
    pub url: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Exactly as received.
    pub body: bytes::Bytes,
}

impl RawRequest {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What intake needs to know before the commit, of a request that is genuine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The provider's id, which makes a retry the same envelope; none: the body's hash serves.
    pub provider_id: Option<String>,
    /// Their address as the provider gave it.
    pub correspondent: Option<String>,
    /// The text, if it is one, for the exact-STOP check.
    pub text: Option<String>,
}

/// Why a request is not believed. The answer to the sender is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No signature or secret.
    #[error("the signature is missing")]
    Missing,
    /// A wrong one.
    #[error("the signature does not match")]
    Wrong,
    /// Signed, but for another account.
    #[error("the request is for another account")]
    Account,
}

/// Why a genuine envelope cannot be understood. It is parked with this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub String);

/// What to answer to a provider; `web` makes the response of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// Body.
    pub body: &'static str,
}

/// An SMS vendor's words, pure.
pub trait SmsProvider: Send + Sync {
    /// Its name in configuration and fixtures.
    fn name(&self) -> &'static str;
    /// The request that hands a text over.
    fn build_request(&self, text: &OutgoingText) -> http::Request;
    /// What the vendor's answer means.
    fn read_response(&self, response: &http::Response) -> Result<Accepted, SendError>;
    /// The request that asks whether a doubtful text was taken, if the vendor can tell.
    fn build_lookup(&self, to: &str, from: &str, since: crate::domain::At) -> Option<http::Request>;
    /// The vendor's id of the doubtful text, if its answer lists one with this body that was taken since then and has not failed.
    fn read_lookup(&self, response: &http::Response, body: &str, since: crate::domain::At) -> Result<Option<Accepted>, SendError>;
    /// Whether a request is genuine, and what intake must know of it.
    fn verify(&self, request: &RawRequest) -> Result<Verified, VerifyError>;
    /// What a genuine request says. `target` is its path and query.
    fn parse(&self, hook: Hook, target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError>;
    /// What to answer once it is stored.
    fn acknowledge(&self) -> Acknowledgement;
}
