//! `[pure]` What both kinds of body become: lines with their depth of quotation and what the mail program said of them.

use std::borrow::Cow;

/// A line of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    /// How many quotes it stands in.
    pub(super) depth: u8,
    /// What the mark-up says it is.
    pub(super) mark: Mark,
    /// In a colour of its own, as people answer "in red".
    pub(super) coloured: bool,
}

/// What mark-up says of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    #[default]
    None,
    /// "On Monday, X wrote:"
    Attribution,
    /// From here on it is the mail they answer.
    Cut,
    /// A signature.
    Signature,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: impl Into<Cow<'a, str>>, depth: u8) -> Self {
        Self { text: text.into(), depth, mark: Mark::None, coloured: false }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}
