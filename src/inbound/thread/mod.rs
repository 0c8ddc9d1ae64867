//! `[pure]` Which alert a reply belongs to, how sure that is, and why. Never guesses silently (design section 7).
//!
//! The caller looks up what is asked for ([`mail::keys`]) and passes in what it found; this decides.

pub mod hand;
pub mod mail;
pub mod text;

use serde::{Deserialize, Serialize};

/// How a reply was tied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// To what.
    pub target: Target,
    /// A word for the method: `pair`, `token`, `message_id`, …
    pub method: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// A sentence that an officer can check.
    pub evidence: String,
    /// From another address than the one we wrote to.
    pub third_party: bool,
    /// Other alerts it may belong to, the likeliest first.
    pub candidates: Vec<Candidate>,
}

/// What a reply is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An alert.
    Alert(i64),
    /// A conversation that is under way, with or without an alert.
    Conversation(i64),
    /// The unattributed tray.
    Tray,
}

crate::words! {
    /// How sure a tie is.
    Confidence {
        /// The evidence admits one alert.
        Certain = "certain",
        /// One stands clearly first.
        Probable = "probable",
        /// In the tray.
        Unattributed = "unattributed",
    }
}

/// An alert that a reply may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Alert id.
    pub alert_id: i64,
    /// Why it is in the list.
    pub reason: String,
}

fn tray(method: &'static str, evidence: String, candidates: Vec<Candidate>) -> Attribution {
    Attribution { target: Target::Tray, method, confidence: Confidence::Unattributed, evidence, third_party: false, candidates }
}
