//! Channels and the providers behind them. Owns every vendor's words; opens the sockets to carriers; knows no database.
//!
//! # How to add an SMS provider
//! 1. One file `sms/<name>.rs` with a type that implements [`SmsProvider`]: `build_request`, `read_response`, `verify`,
//!    `parse`, `acknowledge`, and its status table. All pure: keys, certificates and the time are passed in; no network, no
//!    HTTP response. Whoever keeps a list of what came in has `build_listing` and `read_listing` too: it fills gaps.
//! 2. One folder `fixtures/providers/<name>/` with what the vendor really sends and answers, and what we make of it; the
//!    runner in `tests/it/providers.rs` needs no new code.
//! 3. One line in [`registry`], and its typed settings in `config/sms.rs`.
//!
//! What speaks no HTTP ([`sms::smpp`]) is a [`registry::Vendor`] of its own, with a session that keeps its line.
//!
//! Data comes from `outbound::dispatch` (to send) and from `web::webhooks`, `inbound::poll`, `inbound::listen` (raw bytes);
//! it goes back to them as values: [`Accepted`] or [`SendError`], [`Verified`] or [`VerifyError`], `InboundEvent`s or [`ParseError`].

pub mod certificates;
pub mod email;
pub mod http;
pub mod oidc;
pub mod registry;
pub mod sms;
pub mod wire;

use crate::domain::At;
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
    /// How long it is worth delivering, in seconds, for providers that can be told; none: as long as they like.
    pub valid_for_s: Option<i64>,
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
    /// The fault is on our side: configuration, credentials, content. Worth an alarm, not the person's fault. With `retryable`
    /// it is the account's or the configuration's, and everything waits for it; without, it is this text's alone.
    pub ours: bool,
    /// The fault is this address's for certain: it says nothing of the channel.
    pub theirs: bool,
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
        Self {
            retryable: true,
            ours: false,
            theirs: false,
            doubtful: false,
            opted_out: false,
            code: code.to_owned(),
            detail: detail.to_owned(),
            retry_after_ms: None,
        }
    }

    /// The address is bad.
    pub fn permanent(code: &str, detail: &str) -> Self {
        Self { theirs: true, ..Self::refused(code, detail) }
    }

    /// Refused for good: most likely the address is bad, but where everybody's is refused alike, we are.
    pub fn refused(code: &str, detail: &str) -> Self {
        Self { retryable: false, ..Self::temporary(code, detail) }
    }

    /// Our configuration or content is at fault.
    pub fn ours(code: &str, detail: &str) -> Self {
        Self { retryable: false, ours: true, ..Self::temporary(code, detail) }
    }

    /// Nothing will be taken until somebody mends our account or configuration: what waits is kept, and goes then.
    pub fn misconfigured(code: &str, detail: &str) -> Self {
        Self { ours: true, ..Self::temporary(code, detail) }
    }

    /// The provider was not reached: this node's own way there may be cut.
    pub fn is_cut(&self) -> bool {
        self.retryable && !self.ours && matches!(self.code.as_str(), "connect" | "not_bound")
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
    /// An item of the vendor's list, fetched to fill a gap.
    Listed,
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
    /// The text, if it is a whole one, for the exact-STOP check. A part of a longer one is not.
    pub text: Option<String>,
    /// What this request alone may bear (a token's id): seen again with anything else, it is a replay.
    pub replay_key: Option<String>,
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
    /// Signed too long ago, or in the future.
    #[error("the signature is not of now")]
    Stale,
    /// Its token came with another request.
    #[error("the token was used before")]
    Replayed,
    /// The certificate it was signed by cannot be had now.
    #[error("the certificate cannot be fetched")]
    NoCertificate,
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

/// What a look-up of a doubtful hand-over goes by.
#[derive(Clone)]
pub struct Doubtful {
    /// Our delivery's id, for vendors that keep a reference of ours.
    pub delivery_id: i64,
    /// Our number.
    pub from: String,
    /// Theirs.
    pub to: String,
    /// What it said.
    pub body: String,
    /// When the hand-over began, less the slack between two clocks.
    pub since: At,
}

/// What `verify` needs beside the request: fetched before, so that it stays pure.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Now.
    pub now: At,
    /// The certificate (PEM) at the address that [`SmsProvider::certificate_url`] gave, if it could be fetched.
    pub certificate: Option<&'a [u8]>,
}

/// A page of a vendor's list of messages from people, asked for to fill a gap.
#[derive(Clone, Default)]
pub struct Listing {
    /// Each as its own JSON, to be stored and parsed (as [`Hook::Listed`]) like what a webhook brings.
    pub items: Vec<(Verified, bytes::Bytes)>,
    /// Where the list goes on.
    pub next: Option<http::Request>,
}

/// An SMS vendor's words, pure.
pub trait SmsProvider: Send + Sync {
    /// Its name in configuration and fixtures.
    fn name(&self) -> &'static str;
    /// The request that hands a text over. `now` dates what is signed.
    fn build_request(&self, text: &OutgoingText, now: At) -> http::Request;
    /// What the vendor's answer means.
    fn read_response(&self, response: &http::Response) -> Result<Accepted, SendError>;
    /// The request that asks whether a doubtful text was taken, if the vendor can tell.
    fn build_lookup(&self, _doubtful: &Doubtful, _now: At) -> Option<http::Request> {
        None
    }
    /// The vendor's id of the doubtful text, if its answer lists one that was taken since then and has not failed.
    fn read_lookup(&self, _response: &http::Response, _doubtful: &Doubtful) -> Result<Option<Accepted>, SendError> {
        Err(SendError::temporary("lookup", "this provider cannot tell"))
    }
    /// The request for the messages that people sent since then, if the vendor keeps a list of them.
    fn build_listing(&self, _since: At, _now: At) -> Option<http::Request> {
        None
    }
    /// What the list holds. Messages of ours and what came before `since` are left out.
    fn read_listing(&self, _response: &http::Response, _since: At, _now: At) -> Result<Listing, SendError> {
        Ok(Listing::default())
    }
    /// Where the certificate is that a request says it was signed by, if the vendor signs so and the address is the vendor's own.
    fn certificate_url(&self, _request: &RawRequest) -> Option<String> {
        None
    }
    /// Whether a request is genuine, and what intake must know of it.
    fn verify(&self, request: &RawRequest, circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError>;
    /// What a genuine request says. `target` is its path and query.
    fn parse(&self, hook: Hook, target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError>;
    /// What to answer once it is stored.
    fn acknowledge(&self) -> Acknowledgement;
    /// Whether messages and receipts may come by either webhook: they are then told apart by what they say, and known again by
    /// their id wherever they come.
    fn has_one_hook(&self) -> bool {
        false
    }
}
