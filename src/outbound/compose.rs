//! `[pure]` From an officer's draft to what goes out: the faults of a draft, and each channel's rendering.

use crate::domain::At;
use crate::domain::alert::{AlertKind, Urgency};
use crate::domain::audience::Exclusion;
use crate::domain::quiet;

/// What an officer or a partner wrote, before it is believed.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// For officers and the public page.
    pub title: String,
    /// An `AlertKind` word.
    pub kind: String,
    /// An `Urgency` word.
    pub urgency: String,
    /// Text of the SMS.
    pub sms_text: String,
    /// Subject of the mail; the title if empty.
    pub email_subject: String,
    /// Text of the mail; the SMS text if empty.
    pub email_body: String,
    /// Codes of the areas.
    pub areas: Vec<String>,
    /// Slugs of the groups; none means everyone in the areas.
    pub groups: Vec<String>,
    /// Nobody is asked to answer: it may go out under a name.
    pub one_way: bool,
    /// Not before: RFC 3339, or a date and time as London's clocks show them; at once if empty.
    pub starts_at: String,
}

/// A draft without faults.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Kind.
    pub kind: AlertKind,
    /// Urgency.
    pub urgency: Urgency,
    /// Title.
    pub title: String,
    /// SMS text.
    pub sms_text: String,
    /// Mail subject.
    pub email_subject: String,
    /// Mail text.
    pub email_body: String,
    /// Not before.
    pub starts_at: Option<At>,
}

/// Something to mend in a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftFault {
    /// The field's name.
    pub field: &'static str,
    /// What to do.
    pub message: String,
}

const LONGEST_SMS: usize = 765;
const LONGEST_TITLE: usize = 120;
const LONGEST_EMAIL: usize = 20_000;
/// A start that has passed by no more than this is at once: the form lay open while its officer read it through.
const GRACE_MS: i64 = 5 * 60_000;
/// No further ahead than this: copies are kept by the month in which their alert was made (`store::months`).
const MOST_DAYS_AHEAD: i64 = 100;
const DAY_MS: i64 = 24 * 3_600_000;

/// Checks a draft at this moment; every fault at once. `answerable` tells whether people can answer the texts that the force's
/// channel sends.
pub fn check(draft: &Draft, answerable: bool, now: At) -> Result<Checked, Vec<DraftFault>> {
    let mut faults = Vec::new();
    let mut fault = |field, message: &str| faults.push(DraftFault { field, message: message.to_owned() });
    let (title, sms_text) = (draft.title.trim(), draft.sms_text.trim());
    if title.is_empty() {
        fault("title", "Enter a title, so that officers and residents can tell this alert from others");
    } else if title.chars().count() > LONGEST_TITLE {
        fault("title", "Shorten the title to 120 characters or fewer");
    }
    if sms_text.is_empty() {
        fault("sms_text", "Enter the text that goes to phones");
    } else if sms_text.chars().count() > LONGEST_SMS {
        fault("sms_text", "Shorten the text message to 765 characters or fewer");
    }
    if !draft.one_way && !answerable {
        fault("one_way", "Texts go out under a name here, which nobody can answer: say that no answers are asked for, or have an administrator set up numbers");
    }
    if draft.email_body.chars().count() > LONGEST_EMAIL {
        fault("email_body", "Shorten the e-mail to 20,000 characters or fewer");
    }
    if draft.email_subject.chars().any(char::is_control) {
        fault("email_subject", "Write the subject on one line");
    }
    let starts_at = read_moment(&draft.starts_at);
    match starts_at {
        None if draft.starts_at.trim().is_empty() => {}
        None => fault("starts_at", "Enter the day and time at which it is to go out, such as 2026-11-24T08:00, or leave it empty to send it now"),
        Some(at) if at.plus_ms(GRACE_MS) < now => fault("starts_at", "This time has passed. Leave it empty to send it now, or enter a time to come"),
        Some(at) if at > now.plus_ms(MOST_DAYS_AHEAD * DAY_MS) => {
            fault("starts_at", "This is too far ahead. Enter a time within the next 100 days, and look at the year");
        }
        Some(_) => {}
    }
    if draft.areas.is_empty() {
        fault("areas", "Choose at least one area");
    }
    let kind = draft.kind.parse().map_err(|_| fault("kind", "Choose what the alert is for"));
    let urgency = draft.urgency.parse().map_err(|_| fault("urgency", "Choose how urgent the alert is"));
    match (kind, urgency, faults.is_empty()) {
        (Ok(kind), Ok(urgency), true) => Ok(Checked {
            kind,
            urgency,
            title: title.to_owned(),
            sms_text: sms_text.to_owned(),
            email_subject: first_of(&draft.email_subject, title),
            email_body: first_of(&draft.email_body, sms_text),
            starts_at,
        }),
        _ => Err(faults),
    }
}

/// Reads a moment with its zone, or as London's clocks show it.
pub fn read_moment(text: &str) -> Option<At> {
    let text = text.trim();
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| At::from(at.to_utc())).or_else(|| quiet::parse_local(text))
}

fn first_of(given: &str, otherwise: &str) -> String {
    if given.trim().is_empty() { otherwise.to_owned() } else { given.trim().to_owned() }
}

/// The SMS as it arrives: who it is from, what it says, how to answer and how to stop.
pub fn render_sms(brand: &str, body: &str, reference: &str) -> String {
    format!("{brand}: {body}\nReply to this text. Ref {reference}. STOP to opt out.")
}

/// The SMS of an alert that asks for no answers, with the way out for those who cannot answer it.
pub fn render_one_way_sms(brand: &str, body: &str, reference: &str, leave: &str) -> String {
    format!("{brand}: {body}\nPlease do not reply to this text. Ref {reference}. To stop these: {leave}")
}

/// What stands below an alert's mail.
#[derive(Clone, Copy, Debug)]
pub struct Footer<'a> {
    /// `Derbyshire Alert`.
    pub brand: &'a str,
    /// `Derbyshire Constabulary`.
    pub force: &'a str,
    /// `K7Q2M-9FDM`.
    pub code: &'a str,
    /// The way out.
    pub leave_url: &'a str,
}

/// An alert's mail as it arrives. The footer follows the signature mark, which mail programs fold away.
pub fn render_email(body: &str, footer: &Footer<'_>) -> String {
    let Footer { brand, force, code, leave_url } = footer;
    format!(
        "{body}\n\nSeen or know something? Reply to this e-mail: it goes to the officer who sent it.\n\
         In an emergency call 999. To report anything else call 101. To stay anonymous call Crimestoppers on 0800 555 111.\n\n\
         -- \n{brand}, {force}\nRef: {code}\nStop these e-mails: {leave_url}\n"
    )
}

/// The words of an alert's mail that every copy has: by them it is known again in an answer.
pub fn sent_words(brand: &str, force: &str, body: &str) -> String {
    render_email(body, &Footer { brand, force, code: "", leave_url: "" })
}

/// The automatic answer to a person's first mail about an alert. It says nothing of the alert: anybody may have written.
pub fn acknowledgement(brand: &str, force: &str, danger: bool) -> String {
    let first = if danger { "If anyone is in danger, call 999 now. Do not wait for us: mail is not watched round the clock.\n\n" } else { "" };
    format!(
        "{first}Thank you. Your message has reached {force}, and a police officer will read it.\n\n\
         This mailbox is not watched round the clock. If somebody is in danger or a crime is happening now, call 999. \
         To report anything else, call 101. To stay anonymous, call Crimestoppers on 0800 555 111.\n\n\
         This is an automatic answer: you need not reply to it.\n\n-- \n{brand}\n"
    )
}

/// The automatic answer to a first text, of one part. It says nothing of the alert: anybody may hold the phone.
pub fn text_acknowledgement(brand: &str, danger: bool) -> String {
    if danger {
        format!("{brand}: if anyone is in danger call 999 now. Do not wait for us: texts are not watched round the clock. An officer is told. Else call 101.")
    } else {
        format!("{brand}: thank you, an officer will read this. Not watched round the clock: in danger call 999, else 101. Anonymous: 0800 555 111")
    }
}

/// Before the confirmation of an opt-out that came with danger.
pub fn danger_first(body: &str) -> String {
    format!("If anyone is in danger call 999 now, else 101. {body}")
}

/// What was said before, under an answer.
#[derive(Clone, Debug)]
pub struct Quote {
    /// `you`, or ourselves.
    pub who: String,
    /// When.
    pub at: At,
    /// The words.
    pub text: String,
}

/// Nobody reads more than this of a quote, in characters.
const LONGEST_QUOTE: usize = 2_000;

/// An officer's answer by mail, with who wrote it, and under it what was said before. A line that is quoted twice over was
/// another's, so it stays away.
pub fn render_answer(text: &str, officer: &str, brand: &str, quotes: &[Quote]) -> String {
    let mut mail = format!("{text}\n\n-- \n{officer}\n{brand}\nIn an emergency call 999.\n");
    for quote in quotes {
        let when = quote.at.utc().with_timezone(&chrono_tz::Europe::London).format("%-d %B %Y at %H:%M");
        mail.push_str("\nOn ");
        mail.push_str(&when.to_string());
        mail.push_str(", ");
        mail.push_str(&quote.who);
        mail.push_str(" wrote:\n");
        let shown: String = quote.text.chars().take(LONGEST_QUOTE).collect();
        for line in shown.lines().filter(|line| !line.starts_with('>')) {
            mail.push_str(if line.is_empty() { ">" } else { "> " });
            mail.push_str(line);
            mail.push('\n');
        }
        if shown.len() < quote.text.len() {
            mail.push_str("> [\u{2026}]\n");
        }
    }
    mail
}

/// What came of an alert, as it arrives on a phone.
pub fn render_outcome_sms(brand: &str, text: &str, reference: &str) -> String {
    format!("{brand}: {text}\nRef {reference}. STOP to opt out.")
}

/// The same by mail.
pub fn render_outcome_mail(body: &str, footer: &Footer<'_>) -> String {
    let Footer { brand, force, code, leave_url } = footer;
    format!("{body}\n\nThank you for answering our alert.\n\n-- \n{brand}, {force}\nRef: {code}\nStop these e-mails: {leave_url}\n")
}

/// The text that confirms an opt-out.
pub fn opt_out_confirmation(brand: &str, number: &str, everything: bool) -> String {
    let what = if everything { "texts or e-mails" } else { "texts" };
    format!("{brand}: you will get no more {what} from us. To start again, text START to {number}.")
}

/// The text that confirms the leaving of one interest group.
pub fn group_opt_out_confirmation(brand: &str, group: &str) -> String {
    format!("{brand}: you have left {group}. Other alerts still come to you; text STOP to end them all.")
}

/// The answer to HELP. Whoever asks may be in need of more than instructions.
pub fn help(brand: &str) -> String {
    format!(
        "{brand}: alerts from your police team. Reply to an alert to answer it. STOP ends these texts, START brings them back. In an emergency call 999, else 101."
    )
}

/// The question to somebody who may want out.
pub fn ask_opt_out(brand: &str) -> String {
    format!("{brand}: thank you, an officer will read your text. If you want no more texts from us, reply STOP. In an emergency call 999.")
}

/// The answer to somebody who seems to want texts again.
pub fn ask_opt_in(brand: &str) -> String {
    format!("{brand}: to get our texts again, reply START.")
}

/// Whether a text of ours asks for YES or NO, so that NO and CANCEL are answers.
pub fn asks_yes_or_no(text: &str) -> bool {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let beside =
        |a: &str, b: &str| words.windows(3).any(|three| matches!(three, [x, joint, y] if x == a && y == b && matches!(joint.as_str(), "or" | "neu" | "and")));
    let adjoining = words.windows(2).any(|two| matches!(two, [x, y] if x == "yes" && y == "no"));
    adjoining
        || beside("yes", "no")
        || beside("y", "n")
        || words.windows(2).any(|two| matches!(two, [verb, yes] if matches!(verb.as_str(), "reply" | "text" | "answer") && yes == "yes"))
}

/// The mail that confirms an opt-out.
pub fn mail_opt_out_confirmation(brand: &str, account_url: &str) -> String {
    format!(
        "You asked {brand} to stop writing to this address. It has: you will get no more e-mail from us.\n\nIf you did not ask for it, or change your mind, sign in and turn e-mail on again:\n{account_url}\n"
    )
}

/// The text that confirms a return.
pub fn opt_in_confirmation(brand: &str) -> String {
    format!("{brand}: texts are on again. Text STOP at any time to opt out.")
}

/// The answer to a START of somebody who gets texts already.
pub fn already_in(brand: &str) -> String {
    format!("{brand}: your texts are on already, nothing has changed. Text STOP at any time to opt out.")
}

/// The sentence for each exclusion word; an unknown word stands for itself.
pub fn exclusion_sentence(word: &str) -> String {
    word.parse::<Exclusion>().map_or_else(|_| word.to_owned(), |reason| reason.sentence().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            title: "White van".into(),
            kind: "appeal".into(),
            urgency: "routine".into(),
            sms_text: "Seen it?".into(),
            areas: vec!["DE1 3".into()],
            ..Draft::default()
        }
    }

    #[test]
    fn a_mail_takes_its_words_from_the_text_if_it_has_none() {
        let checked = check(&draft(), true, now()).unwrap();
        assert_eq!((checked.email_subject.as_str(), checked.email_body.as_str()), ("White van", "Seen it?"));
    }

    fn now() -> At {
        At::from_unix_ms(1_763_800_000_000)
    }

    #[test]
    fn a_start_that_has_passed_or_is_years_ahead_is_refused_and_a_form_that_lay_open_is_not() {
        let told = |ms: i64| {
            let draft = Draft { starts_at: now().plus_ms(ms).rfc3339(), ..draft() };
            check(&draft, true, now()).err().map(|faults| faults.into_iter().map(|fault| fault.message).collect::<String>())
        };
        for fine in [0, -GRACE_MS, 60_000, MOST_DAYS_AHEAD * DAY_MS] {
            assert_eq!(told(fine), None, "{fine}");
        }
        assert!(told(-GRACE_MS - 1_000).unwrap().starts_with("This time has passed"));
        assert!(told(MOST_DAYS_AHEAD * DAY_MS + 1_000).unwrap().contains("within the next 100 days"));
        assert_eq!(check(&Draft { starts_at: " ".into(), ..draft() }, true, now()).unwrap().starts_at, None);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = check(&Draft::default(), true, now()).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["title", "sms_text", "areas", "kind", "urgency"]);
    }

    #[test]
    fn an_automatic_answer_costs_one_part() {
        for danger in [true, false] {
            let text = text_acknowledgement("Derbyshire Alert", danger);
            assert_eq!(crate::outbound::segments::count(&text).segments, 1, "{text}");
            assert!(text.contains("999"));
        }
    }

    #[test]
    fn an_answer_quotes_both_sides_and_nobody_else() {
        let at = At::from_unix_ms(1_763_800_000_000);
        let quote = |who: &str, text: &str| Quote { who: who.into(), at, text: text.into() };
        let mail = render_answer("Thank you.", "PC Doe", "B", &[quote("you", "I saw it.\n\n> a neighbour's words"), quote("B", &"x".repeat(2_001))]);
        assert!(mail.starts_with("Thank you.\n\n-- \nPC Doe\nB\n"), "{mail}");
        assert!(mail.contains("On 22 November 2025 at 08:26, you wrote:\n> I saw it.\n>\n\nOn"), "{mail}");
        assert!(!mail.contains("neighbour") && mail.ends_with("x\n> [\u{2026}]\n"), "{mail}");
    }

    #[test]
    fn the_way_out_is_in_every_text() {
        assert!(render_sms("B", "x", "K7Q2M").contains("STOP"));
    }
}
