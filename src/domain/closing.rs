//! `[pure]` What came of a conversation, in a word, when it is closed.

crate::words! {
    /// Why a conversation is closed.
    Outcome {
        /// They have their answer.
        Answered = "answered",
        /// Somebody else deals with it.
        PassedOn = "passed_on",
        /// What they sent is kept as evidence.
        Evidence = "evidence",
        /// Nothing is to be done.
        NoAction = "no_action",
        /// The same as another.
        Duplicate = "duplicate",
        /// Meant for another service.
        WrongPlace = "wrong_place",
        /// Not from a person who had anything to say to us.
        Spam = "spam",
    }
}

/// What came of a conversation whose person asked to be erased. No officer chooses it.
pub const ERASED: &str = "erased";

impl Outcome {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Answered => "Answered",
            Self::PassedOn => "Passed on",
            Self::Evidence => "Kept as evidence",
            Self::NoAction => "No action needed",
            Self::Duplicate => "Duplicate",
            Self::WrongPlace => "Meant for another service",
            Self::Spam => "Spam",
        }
    }

    /// The label of a stored word; an unknown one stands for itself.
    pub fn label_of(word: &str) -> String {
        match word.parse::<Self>() {
            Ok(outcome) => outcome.label().to_owned(),
            Err(_) if word == ERASED => "Erased".to_owned(),
            Err(_) => word.to_owned(),
        }
    }
}
