//! `[pure]` Whether somebody may die or come to harm while a message waits for its turn, with the words that say so.
//!
//! What is said is looked for in lists, one file a kind of sign; figures of speech are taken out first, and what is past, safe,
//! asked, offered or thanked for speaks against. `weigh` makes one number of it all. Beside that stands what was learned from
//! labelled lines ([`learned`]); both together decide. Nothing here is hidden: every sign has the words that gave it.

mod body;
mod calm;
mod despair;
mod figures;
pub mod learned;
mod names;
mod near;
mod peril;
mod plain;
mod plea;
mod signs;
mod spelling;
mod tongues;
mod violence;
mod vocabulary;
mod weapons;
mod weigh;

use crate::domain::place::Urgency;

pub use weigh::Heard;

crate::words! {
    /// What kind of thing says that it is urgent.
    SignKind {
        /// Somebody may die or be badly hurt.
        ThreatToLife = "threat_to_life",
        /// Something to hurt others with.
        Weapon = "weapon",
        /// A child.
        Child = "child",
        /// It happens now, or just did.
        Now = "now",
        /// A place that the alert names too.
        NearScene = "near_scene",
        /// The person whom the alert asks about.
        MissingPerson = "missing_person",
    }
}

impl SignKind {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ThreatToLife => "Danger to life",
            Self::Weapon => "A weapon",
            Self::Child => "A child",
            Self::Now => "Happening now",
            Self::NearScene => "Near the place of the alert",
            Self::MissingPerson => "The missing person",
        }
    }
}

/// A sign and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Of which kind.
    pub kind: SignKind,
    /// The words, as written.
    pub said: String,
    /// Where they begin in the text, in bytes.
    pub start: usize,
    /// Where they end.
    pub end: usize,
}

/// What the message answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The alert's kind, in a word; empty where no alert is known.
    pub kind: &'a str,
    /// What the alert says; empty where none is known.
    pub alert_text: &'a str,
    /// Places and roads of the alert, beside those that its text names.
    pub places: &'a [&'a str],
}

/// How soon somebody must look, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// How soon.
    pub urgency: Urgency,
    /// What says so, in the order of the text; none overlaps another of its kind.
    pub signs: Vec<Sign>,
}

/// So much of a text is read: more than ten texts' worth, and a long mail's beginning.
const MOST: usize = 6_000;

/// Assesses a message by what the product knows.
pub fn assess(text: &str, about: &About<'_>) -> Assessment {
    assess_by(text, about, learned::learned())
}

/// Assesses a message by the rules and, if given, what was learned.
pub fn assess_by(text: &str, about: &About<'_>, model: Option<&learned::Model>) -> Assessment {
    let text = text.get(..text.floor_char_boundary(MOST)).unwrap_or(text);
    let heard = Heard::of(text, about);
    let chance = model.map(|model| model.chance(&heard));
    let urgency = heard.urgency(chance);
    let mut signs = heard.signs(text, urgency);
    let says_life = signs.iter().any(|sign| matches!(sign.kind, SignKind::ThreatToLife | SignKind::Weapon | SignKind::Child | SignKind::MissingPerson));
    if let (Urgency::Life, false, Some(model)) = (urgency, says_life, model) {
        signs.extend(model.loudest(&heard).into_iter().filter_map(|(from, to)| heard.sign(SignKind::ThreatToLife, text, from, to)));
        signs.sort_by_key(|sign| (sign.start, sign.end));
    }
    Assessment { urgency, signs }
}
