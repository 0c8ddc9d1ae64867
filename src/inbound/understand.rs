//! `[pure]` One mail, understood: what kind it is, what the person wrote in it, whether they want out. The pipeline and
//! `huecry inspect email` read mails by this one way.

use super::classify::opt_out::mail::{self as opt_out, Wish};
use super::classify::{self, MailVerdict};
use super::normalise::{self, Body, Visible};
use crate::domain::address::without_detail;
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
    let ours: Vec<String> = mail.recipients.iter().map(|address| without_detail(address)).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inbound::{Flow, TextPart};
    use crate::inbound::classify::MailClass;

    fn of(from: &str, subject: &str, headers: &[(&str, &str)], text: &str) -> Understanding {
        let mail = ParsedMail {
            from: from.to_owned(),
            subject: subject.to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).chain([("from".to_owned(), from.to_owned())]).collect(),
            return_path: Some(from.to_owned()),
            recipients: vec!["alerts+token@reply.example.org".to_owned()],
            parts: vec![TextPart::Plain(text.to_owned(), Flow::default())],
            ..ParsedMail::default()
        };
        super::mail(&mail, &[], |_| false)
    }

    #[test]
    fn a_person_is_never_silenced_by_words_that_machines_use_too() {
        for (from, subject, headers, text) in [
            (
                "jo@example.org",
                "Re: Van",
                [].as_slice(),
                "Thank you for your message. We have received your alert and the caretaker let two lads in a black Corsa out at ten past nine.",
            ),
            ("jo@example.org", "Re: Scam emails", &[], "I got this one: Please verify yourself. Click the link below to prove you are not a spammer."),
            ("help@domesticabuse.example.org", "Re: Van", &[], "Your alert was reported as spam by our filter, sorry. A woman here knows the man in it."),
            (
                "postmaster@village.example.org",
                "Re: Parcel delivery failed scam",
                &[],
                "I had one too: it said the parcel could not be delivered and asked for £2.",
            ),
            ("jo@example.org", "Re: On holiday? Lock your doors", &[], "A man ran away from the garages at nine."),
            ("jo@example.org", "Re: Van", &[("precedence", "bulk"), ("list-id", "<watch.example.org>")], "He ran away from the shop with a bag."),
            ("jo@example.org", "Re: Van", &[], "It was an automatic car, the sales executive next door has one like it."),
        ] {
            let understood = of(from, subject, headers, text);
            assert_eq!(understood.verdict.class, MailClass::Reply, "{text}: {:?}", understood.verdict.reasons);
            assert_eq!(understood.visible.text, text);
        }
    }

    #[test]
    fn testimony_in_the_shape_of_a_form_a_card_or_a_quote_stays_in_sight() {
        for text in [
            "Hello,\n\nThanks for the alert.\n\nIt was a white van AB12 CDE.\n\nHe turned left at the church.",
            "Hi, my car was damaged.\n\nFrom: 12/10/2025 21:30\nTo: 13/10/2025 07:00\n\nSomebody kicked the wing mirror off.",
            "On 12/10/2025 Dave next door wrote:\n\nI saw a man in a red coat by the bins.",
            "Seen at nine:\n\n--\nblue Ford Transit\nAB12 CDE\nheading to Ripley",
        ] {
            assert_eq!(of("jo@example.org", "Re: Van", &[], text).visible.text, text);
        }
    }

    #[test]
    fn a_wish_beside_a_sighting_is_told_from_a_bare_one_and_our_own_way_out_is_none() {
        let wish = |text: &str| {
            let mail = ParsedMail { parts: vec![TextPart::Plain(text.to_owned(), Flow::default())], ..ParsedMail::default() };
            super::wish(&mail, text).map(|(_, all)| all)
        };
        assert_eq!(wish("STOP"), Some(true));
        assert_eq!(wish("I saw the van, AB12 CDE, at the church. By the way please take me off this list."), Some(false));
        assert_eq!(wish("Yes, I saw it.\n\nStop these e-mails: https://alert.example.org/leave/x"), None);
    }
}
