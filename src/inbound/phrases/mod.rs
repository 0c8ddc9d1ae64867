//! `[pure]` What people and programs write, in the languages they write it in: one file a list, one phrase a line, in small
//! letters. A phrase is data; what it means is decided by whoever reads the list.

use std::sync::LazyLock;

/// A list, read once.
pub(crate) type Phrases = LazyLock<Vec<&'static str>>;

/// The lines of a list.
pub(crate) fn read(text: &'static str) -> Vec<&'static str> {
    text.lines().filter(|line| !line.is_empty()).collect()
}
