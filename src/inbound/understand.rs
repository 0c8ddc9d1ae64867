//! `[pure]` One mail, understood: what kind it is, what the person wrote in it, whether they want out. The pipeline and
//! `huecry inspect email` read mails by this one way.

use super::classify::opt_out::{self, Wish};
use super::classify::{self, MailVerdict};
use super::normalise::{self, Body, Visible};
use crate::domain::inbound::ParsedMail;

/// What a mail comes to.
#[derive(Clone, Debug)]
pub struct Understanding {
    /// What kind it is, and why.
    pub verdict: MailVerdict,
    /// What the person wrote, and what was folded away.
    pub visible: Visible,
    /// The rule by which they ask to be left out.
    pub wants_out: Option<&'static str>,
}

/// Reads a mail. `known` is what was said before in the talk it belongs to, if that is known already; `is_ours` tells whether
/// a token names one of our deliveries.
pub fn mail(mail: &ParsedMail, known: &[&str], is_ours: impl Fn(&str) -> bool) -> Understanding {
    let visible = visible(mail, known);
    let verdict = classify::mail(mail, &visible.text, is_ours);
    let wants_out = verdict.class.is_for_people().then(|| wish(mail, &visible.text)).flatten().map(|(rule, _)| rule);
    Understanding { verdict, visible, wants_out }
}

/// What the person wrote, by what was said before.
pub fn visible(mail: &ParsedMail, known: &[&str]) -> Visible {
    let ours: Vec<String> = mail.recipients.iter().map(|address| bare(address)).collect();
    let files = mail.attachments.iter().any(|file| !file.decorative);
    normalise::visible(&Body { parts: &mail.parts, known, ours: &ours, passed_on: normalise::is_forward(&mail.subject), files })
}

/// An opt-out in the words, or in the subject if there are none: the rule, and whether it is all that they wrote.
pub fn wish(mail: &ParsedMail, text: &str) -> Option<(&'static str, bool)> {
    if let Wish::OptOut(word) = opt_out::exact(text) {
        return Some((word, true));
    }
    if text.trim().is_empty() {
        let subject = mail.subject.rsplit(':').next().unwrap_or_default();
        return match opt_out::exact(subject) {
            Wish::OptOut(word) => Some((word, true)),
            _ => None,
        };
    }
    opt_out::asked(text).map(|rule| (rule, false))
}

fn bare(address: &str) -> String {
    let lower = address.to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, host)) => format!("{}@{host}", local.split('+').next().unwrap_or_default()),
        None => lower,
    }
}
