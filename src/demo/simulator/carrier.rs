//! Which SMS vendor is played, and what each must be able to say.
//!
//! Owns: the list of vendors, and the words between the common flow and their own. Must not: hold a vendor's formats.
//! Data: settings pick one; `handover`, `receipts` and `inbound` ask it for its words.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::aws::Aws;
use super::gateway::Call;
use super::ledger::texts::{Carriage, Text};
use super::notify::Notify;
use super::receipts::Job;
use super::twilio::Twilio;
use super::vonage::Vonage;
use super::vonage_sms::VonageSms;
use super::world::World;

/// The vendor that is played, with the secrets it shares with the gateway.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// Twilio Programmable Messaging.
    Twilio(Twilio),
    /// GOV.UK Notify.
    Notify(Notify),
    /// Vonage Messages API.
    Vonage(Vonage),
    /// Vonage SMS API, the older one.
    VonageSms(VonageSms),
    /// AWS End User Messaging, with its SNS.
    Aws(Aws),
}

impl Carrier {
    pub(crate) fn wire(&self) -> &dyn Wire {
        match self {
            Self::Twilio(own) => own,
            Self::Notify(own) => own,
            Self::Vonage(own) => own,
            Self::VonageSms(own) => own,
            Self::Aws(own) => own,
        }
    }
}

/// What the gateway asks to have sent; numbers in E.164 however the vendor writes them.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) body: String,
    /// Where receipts go; empty for none.
    pub(crate) callback: String,
    /// The gateway's own word for the text, where the vendor takes one.
    pub(crate) reference: String,
}

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Unauthorised,
    TooMany,
    Broken,
    Unavailable,
    InvalidTo,
    NoFrom,
    NotOurs,
    NoBody,
    TooLong,
    /// The person has opted out at the vendor.
    Blocked,
}

/// A refusal in the vendor's words.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Value,
}

impl Fault {
    pub(crate) fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).content_type(self.content_type).body(self.body.to_string())
    }
}

/// The carrier's later word on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// On its way.
    Sent,
    /// On the phone.
    Delivered,
    /// The phone could not be reached.
    Unreachable,
    /// The person has opted out, and this vendor tells so only now.
    Blocked,
}

impl Word {
    pub(crate) const fn carriage(self) -> Carriage {
        match self {
            Self::Sent => Carriage::Sent,
            Self::Delivered => Carriage::Delivered,
            Self::Unreachable | Self::Blocked => Carriage::Undelivered,
        }
    }
}

/// A vendor's wire format.
pub(crate) trait Wire: Send + Sync {
    /// Its addresses.
    fn routes(&self, routes: &mut ServiceConfig);
    /// Whether a request bears the account's own credentials.
    fn admits(&self, http: &HttpRequest, body: &[u8]) -> bool;
    /// What a request asks for.
    fn read(&self, world: &World, body: &[u8]) -> Asked;
    /// The most characters a text may have.
    fn longest(&self) -> usize;
    /// How it refuses; none where it takes the text all the same.
    fn refuse(&self, why: Why) -> Option<Fault>;
    /// The status and body of the answer to a text that was taken.
    fn accepted(&self, text: &Text) -> HttpResponse;
    /// An id for a text, either way.
    fn new_id(&self) -> String;
    /// How it reports a word; nothing where it keeps that word to itself.
    fn receipts(&self, world: &World, job: &Job, word: Word) -> Vec<Call>;
    /// A person's text, in as many requests as the vendor makes of it.
    fn inbound(&self, world: &World, text: &Text) -> Vec<Call>;
}
