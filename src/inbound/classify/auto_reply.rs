//! `[pure]` Machines that answer for people: RFC 3834's header, the vendors' own, and localised subjects.
//!
//! A subject alone never decides when the words hold a question or what the alert was about: then it is *probable*, and an
//! officer sees it. `X-Auto-Response-Suppress` alone is no mark (email.md, the ten things, 5).

use std::sync::LazyLock;

use crate::domain::inbound::ParsedMail;
use crate::inbound::phrases::{self, Phrases};

/// A machine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// No person wrote it now. Otherwise somebody should look.
    pub sure: bool,
    /// It says that somebody is away.
    pub away: bool,
    /// The rule that fired.
    pub reason: String,
}

/// Headers that only answering machines write.
static HEADERS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/auto_reply_headers.txt")));

/// How out-of-office subjects begin, in the languages of Exchange, Outlook, Gmail and others.
static AWAY: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/auto_reply_away.txt")));

/// What the words of such answers hold.
static AWAY_WORDS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/auto_reply_away_words.txt")));

/// How acknowledgements of organisations speak.
static RECEIVED: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/auto_reply_received.txt")));

/// How their subjects begin.
static RECEIVED_SUBJECTS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/auto_reply_received_subjects.txt")));

/// Whether a subject or the words say that somebody is away.
pub(super) fn says_away(subject: &str, words: &str) -> bool {
    begins_away(subject).is_some() || AWAY_WORDS.iter().any(|phrase| words.contains(phrase))
}

/// Whether they say that something was received by an organisation.
pub(super) fn says_received(subject: &str, words: &str) -> bool {
    RECEIVED_SUBJECTS.iter().any(|start| subject.starts_with(start)) || RECEIVED.iter().filter(|phrase| words.contains(**phrase)).count() >= 2
}

fn begins_away(subject: &str) -> Option<&'static str> {
    let bare = subject.trim_start_matches(['[', '(', '*', ' ', '"', '【', '［']);
    AWAY.iter()
        .copied()
        .find(|start| bare.starts_with(start))
        .or_else(|| (subject.contains(" is out of the office") || subject.ends_with("is out of the office.")).then_some("is out of the office"))
}

/// Reads a mail; `words` are what the person wrote, without quotes.
pub fn detect(mail: &ParsedMail, words: &str) -> Option<Answer> {
    let (subject, text) = (mail.subject.to_lowercase(), words.to_lowercase());
    let away = begins_away(&subject);
    // A rule sent a person's own mail on to us, with the rule's marks on it.
    if mail.header("resent-from").is_some() && away.is_none() {
        return None;
    }
    if let Some(reason) = by_header(mail) {
        let is_away = away.is_some() || mail.header("x-ms-exchange-inbox-rules-loop").is_some();
        return Some(Answer { sure: true, away: is_away, reason });
    }
    let null = mail.return_path.as_deref() == Some("");
    let suppresses = mail.header("x-auto-response-suppress").is_some();
    let says_so = AWAY_WORDS.iter().any(|phrase| text.contains(phrase)) || RECEIVED.iter().any(|phrase| text.contains(phrase));
    let worth_reading = is_worth_reading(&subject, &text);
    if let Some(start) = away {
        let sure = (null || suppresses || says_so || text.trim().is_empty()) && !worth_reading;
        return Some(Answer {
            sure,
            away: sure,
            reason: format!("its subject begins “{start}”{}", if sure { "" } else { ", but a person may have written it" }),
        });
    }
    // It says of itself that no machine answered.
    if mail.header("auto-submitted").is_some_and(|value| value.trim().eq_ignore_ascii_case("no")) {
        return None;
    }
    let bulk = mail.header("precedence").is_some_and(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "bulk" | "junk"));
    let received = says_received(&subject, &text);
    let robot = [
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "autoreply",
        "auto-reply",
        "autoresponder",
        "notifications@",
        "nepasrepondre",
        "ne-pas-repondre",
        "noresponder",
        "no-responder",
        "nao-responda",
        "naoresponda",
        "noreplay",
        "nieodpowiadaj",
        "keineantwort",
    ]
    .iter()
    .any(|name| mail.from.to_ascii_lowercase().contains(name));
    let marks = usize::from(bulk) + usize::from(robot) + usize::from(null) + usize::from(suppresses) + usize::from(received);
    let away_in_words = AWAY_WORDS.iter().filter(|phrase| text.contains(**phrase)).count();
    if marks >= 2 && (received || says_so || robot)
        || robot && says_so
        || bulk && (received || away_in_words >= 1 || RECEIVED.iter().any(|phrase| text.contains(phrase)))
    {
        let sure = (null || robot || suppresses) && !worth_reading || robot && received;
        return Some(Answer { sure, away: away_in_words > 0, reason: "several weak marks of an answering machine".to_owned() });
    }
    // Somebody wrote one answer for everybody who writes.
    if text.contains("goes to everybody who writes") || text.contains("goes to everyone who writes") {
        return Some(Answer {
            sure: !worth_reading && text.contains("automatic"),
            away: away_in_words > 0,
            reason: "it says of itself that it goes to everybody".to_owned(),
        });
    }
    // An acknowledgement in nothing but words: an officer may look at it.
    let formal = RECEIVED.iter().filter(|phrase| text.contains(**phrase)).count();
    if (formal >= 3 || formal >= 2 && RECEIVED_SUBJECTS.iter().any(|start| subject.starts_with(start))) && !text.contains(" i ") && !text.starts_with("i ") {
        return Some(Answer { sure: false, away: false, reason: "it speaks like an organisation's acknowledgement".to_owned() });
    }
    None
}

/// Whether an automatic answer may go to whoever wrote this: never to a list, a machine, or a path that ends nowhere
/// (RFC 3834 section 2).
pub fn may_be_answered(mail: &ParsedMail) -> bool {
    let listish = ["list-id", "list-unsubscribe", "x-loop", "feedback-id"].iter().any(|name| mail.header(name).is_some());
    let bulk = mail.header("precedence").is_some_and(|value| matches!(value.trim().to_ascii_lowercase().as_str(), "bulk" | "junk" | "list" | "auto_reply"));
    let suppressed = mail.header("x-auto-response-suppress").is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("all") || value.contains("autoreply")
    });
    let name = mail.from.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let nobody = ["noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "owner-", "-request", "listserv", "majordomo", "bounce"];
    let machine = mail.header("auto-submitted").is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"));
    let dead_end = name.is_empty() || mail.return_path.as_deref() == Some("") || nobody.iter().any(|word| name.contains(word));
    !listish && !bulk && !suppressed && !machine && !dead_end
}

fn by_header(mail: &ParsedMail) -> Option<String> {
    if let Some(value) = mail.header("auto-submitted") {
        let token = value.split([';', '(', ' ']).next().unwrap_or_default().trim().to_ascii_lowercase();
        // Redirected by a rule, it is still what a person wrote.
        if !matches!(token.as_str(), "" | "no" | "auto-forwarded") {
            return Some(format!("Auto-Submitted: {token}"));
        }
    }
    if let Some(name) =
        HEADERS.iter().find(|name| mail.header(name).is_some_and(|value| !matches!(value.trim().to_ascii_lowercase().as_str(), "no" | "false" | "0")))
    {
        return Some(format!("it carries {name}"));
    }
    let precedence = mail.header("precedence").or_else(|| mail.header("x-precedence")).unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(precedence.as_str(), "auto_reply" | "auto-reply") {
        return Some(format!("Precedence: {precedence}"));
    }
    if mail.header("x-ms-exchange-inbox-rules-loop").is_some() && (mail.header("x-auto-response-suppress").is_some() || mail.return_path.as_deref() == Some(""))
    {
        return Some("an Exchange rule answered".to_owned());
    }
    if mail.header("x-ms-exchange-generated-message-source").is_some_and(|value| value.to_ascii_lowercase().contains("rules")) {
        return Some("an Exchange rule answered".to_owned());
    }
    if mail.header("x-post-messageclass").is_some_and(|value| value.to_ascii_lowercase().contains("autoresponder"))
        || mail.header("delivered-to").is_some_and(|value| value.trim().eq_ignore_ascii_case("autoresponder"))
    {
        return Some("an autoresponder's header".to_owned());
    }
    let mailer = mail.header("x-mailer").unwrap_or_default().to_ascii_lowercase();
    ["vacation", "autorespond", "auto-respond", "autoreply"].iter().any(|word| mailer.contains(word)).then(|| format!("X-Mailer: {mailer}"))
}

/// A question, or words of a witness, or words of the alert itself: nobody's machine writes those.
fn is_worth_reading(subject: &str, text: &str) -> bool {
    const WITNESS: &[&str] = &[
        "i saw",
        "we saw",
        "i have seen",
        "i've seen",
        "i heard",
        "we heard",
        "i noticed",
        "i know who",
        "i think i",
        "i recogni",
        "cctv",
        "dashcam",
        "dash cam",
        "footage",
        "doorbell",
        "number plate",
        "registration",
        "reg was",
        "reg number",
        "i was coming home",
        "i was driving",
        "nearly hit me",
        "left in our",
        "is behind the bar",
        "ich habe gesehen",
        "habe ich gesehen",
        "kennzeichen",
        "j'ai vu",
        "nous avons vu",
        "ho visto",
        "he visto",
        "vi a",
        "vi um",
        "ik heb gezien",
        "ik zag",
        "jag såg",
        "jeg så",
        "näin",
        "widziałem",
        "widziałam",
        "viděl",
        "láttam",
        "gördüm",
        "видел",
        "видела",
        "бачив",
        "είδα",
        "am văzut",
        "видях",
        "welais",
        "gwelais",
        "看见",
        "看到",
        "見ました",
        "봤",
        "رأيت",
    ];
    if WITNESS.iter().any(|words| text.contains(words)) {
        return true;
    }
    // Words of the alert's own subject, as far as they are no commonplace.
    let told: Vec<&str> = subject
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            word.chars().count() >= 4
                && !matches!(
                    *word,
                    "alert"
                        | "derbyshire"
                        | "from"
                        | "near"
                        | "with"
                        | "automatic"
                        | "reply"
                        | "office"
                        | "police"
                        | "seen"
                        | "lane"
                        | "road"
                        | "street"
                        | "stolen"
                        | "missing"
                        | "taken"
                )
        })
        .collect();
    let said: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    told.iter().filter(|word| said.contains(word)).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> ParsedMail {
        ParsedMail { headers: vec![(name.to_owned(), value.to_owned())], ..ParsedMail::default() }
    }

    fn titled(subject: &str) -> ParsedMail {
        ParsedMail { subject: subject.to_owned(), ..ParsedMail::default() }
    }

    #[test]
    fn machines_are_known_by_their_header_and_people_are_not_taken_for_them() {
        assert!(detect(&with("auto-submitted", "auto-replied; owner-email=\"a@b.c\""), "").is_some());
        assert!(detect(&with("auto-submitted", "Auto-Replied (vacation)"), "").is_some());
        assert!(detect(&with("auto-submitted", "no"), "").is_none());
        assert!(detect(&with("auto-submitted", "auto-forwarded"), "I saw him").is_none());
        assert!(detect(&with("x-auto-response-suppress", "All"), "I saw him").is_none());
        assert!(detect(&with("precedence", "bulk"), "I saw him").is_none());
        assert!(detect(&ParsedMail::default(), "I was out of the office when it happened").is_none());
    }

    #[test]
    fn a_subject_alone_is_sure_only_if_the_words_agree_and_hold_no_sighting() {
        let sure = |subject: &str, words: &str| detect(&titled(subject), words).map(|answer| answer.sure);
        assert_eq!(sure("Automatic reply: van", "I am on annual leave until Monday."), Some(true));
        assert_eq!(sure("Abwesenheitsnotiz: van", "Ich bin im Urlaub."), Some(true));
        assert_eq!(sure("Out of office Re: white van in Belper", "I am away, but the white van nearly hit me in Belper."), Some(false));
        assert_eq!(sure("Re: van", "Out of office workers park there."), None);
    }
}
