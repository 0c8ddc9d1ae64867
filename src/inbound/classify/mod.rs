//! `[pure]` What kind of message something is, with the reason. One file a classifier.

pub mod auto_reply;
pub mod bounce;
pub mod opt_out;

use crate::domain::inbound::ParsedMail;

crate::words! {
    /// What a mail is.
    MailClass {
        /// A person wrote it.
        Reply = "reply",
        /// A machine answered.
        AutoReply = "auto_reply",
        /// A report that a mail did or did not arrive.
        Bounce = "bounce",
        /// Our own mail came back to us.
        Loop = "loop",
    }
}

/// A class and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailVerdict {
    /// The class.
    pub class: MailClass,
    /// The rule that fired, in words.
    pub reason: String,
}

/// Classifies a mail; `ours` tells whether a token names one of our own deliveries.
pub fn mail(mail: &ParsedMail, ours: impl Fn(&str) -> bool) -> MailVerdict {
    let verdict = |class, reason: &str| MailVerdict { class, reason: reason.to_owned() };
    if mail.received_count > 20 {
        return verdict(MailClass::Loop, "more than 20 Received headers");
    }
    if let Some(reason) = bounce::is_report(mail) {
        return verdict(MailClass::Bounce, reason);
    }
    if mail.machine_header("x-huecry-loop").is_some_and(ours) {
        return verdict(MailClass::Loop, "it carries our own loop mark");
    }
    match auto_reply::detect(mail) {
        Some(reason) => MailVerdict { class: MailClass::AutoReply, reason },
        None => verdict(MailClass::Reply, "nothing marks it as a machine's"),
    }
}
