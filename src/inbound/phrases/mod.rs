//! `[pure]` What people and programs write, in the languages they write it in: one file a list, one phrase a line, in small
//! letters. A phrase is data; what it means is decided by whoever reads the list.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A list, read once.
pub(crate) type Phrases = LazyLock<Vec<&'static str>>;

/// The lines of a list.
pub(crate) fn read(text: &'static str) -> Vec<&'static str> {
    text.lines().filter(|line| !line.is_empty()).collect()
}

/// A list that is looked for anywhere in a text, all of it in one pass.
pub(crate) struct Anywhere(Option<AhoCorasick>);

impl Anywhere {
    /// Made once.
    pub(crate) fn of(phrases: &[&str]) -> Self {
        Self(AhoCorasick::new(phrases).ok())
    }

    /// Whether any of them stands in it.
    pub(crate) fn is_in(&self, lower: &str) -> bool {
        self.0.as_ref().is_some_and(|phrases| phrases.is_match(lower))
    }
}
