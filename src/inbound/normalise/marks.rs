//! `[pure]` The lines that mail programs put before what is answered: "On Monday, X wrote:", "Original Message", and header
//! blocks, in the languages that clients speak.
//!
//! Each wants evidence that a person's own sentence does not have: an address or a date in an attribution, two header
//! fields of which one is a date or an address in a block. "On Monday Dave wrote:" is testimony.

use std::sync::LazyLock;

use super::lines::Line;
use crate::inbound::phrases::{self, Phrases};

/// What begins at a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intro {
    /// How many lines it takes.
    pub(super) lines: usize,
    /// Whether everything below is the answered mail even without quote marks.
    pub(super) cuts: bool,
    /// It introduces something passed on, rather than something answered.
    pub(super) forward: bool,
}

/// The verb of an attribution, as the clients' translators chose it.
static WROTE: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_wrote.txt")));

/// Names of the From field.
static FROM: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_from.txt")));
/// Of the date.
static DATE: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_date.txt")));
/// Of the other fields.
static OTHER: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_other.txt")));

/// Words between dashes before an answered mail, and before one that is passed on.
static ORIGINAL: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_original.txt")));
static FORWARDED: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/marks_forwarded.txt")));

/// What begins at this line, if anything does.
pub(super) fn intro(lines: &[Line<'_>], at: usize) -> Option<Intro> {
    let line = lines.get(at)?;
    let text = line.text.trim();
    if text.is_empty() {
        return None;
    }
    if let Some(forward) = divider(text) {
        let below = next_written(lines, at + 1);
        let more = below.and_then(|below| intro_below(lines, below, line.depth).map(|intro| below + intro.lines - at));
        return Some(Intro { lines: more.unwrap_or(1), cuts: true, forward });
    }
    if is_rule(text) {
        let below = next_written(lines, at + 1)?;
        let block = header_block(lines, below)?;
        return Some(Intro { lines: below + block - at, cuts: true, forward: false });
    }
    if let Some(count) = header_block(lines, at) {
        return Some(Intro { lines: count, cuts: true, forward: false });
    }
    attribution(lines, at)
}

/// Whether a line inside a quote begins something that is passed on, as Apple's programs place it.
pub(super) fn forward_within(line: &Line<'_>) -> bool {
    divider(line.text.trim()) == Some(true)
}

fn intro_below(lines: &[Line<'_>], at: usize, depth: u8) -> Option<Intro> {
    if let Some(count) = header_block(lines, at) {
        return Some(Intro { lines: count, cuts: true, forward: false });
    }
    // Right below a divider, fields need no further proof.
    let fields = lines.iter().skip(at).take(8).take_while(|line| line.depth == depth && field(line.text.trim()).is_some()).count();
    if fields > 0 {
        return Some(Intro { lines: fields, cuts: true, forward: false });
    }
    attribution(lines, at).filter(|_| lines.get(at).is_some_and(|line| line.depth == depth))
}

fn next_written(lines: &[Line<'_>], from: usize) -> Option<usize> {
    lines.iter().enumerate().skip(from).take(4).find(|(_, line)| !line.is_blank()).map(|(at, _)| at)
}

/// "-----Original Message-----": gives whether it is a forward.
fn divider(text: &str) -> Option<bool> {
    if text.len() > 200 {
        return None;
    }
    let inner = text.trim_matches(|c: char| matches!(c, '-' | '_' | '*' | '=' | '—' | '–' | ' ' | ':' | '：' | '>' | '<' | '|'));
    let dressed = text.len() > inner.len() + 3;
    // Apple's stands bare with a colon.
    let bare = text.ends_with([':', '：']);
    if inner.is_empty() || !(dressed || bare) || inner.len() > 120 {
        return None;
    }
    let lower = inner.to_lowercase().replace('’', "'");
    if dressed && ORIGINAL.contains(&lower.as_str()) {
        return Some(false);
    }
    let forwarded = FORWARDED
        .iter()
        .any(|words| lower == *words || (dressed && lower.starts_with(words)) || (bare && lower.starts_with(words) && lower.len() < words.len() + 12));
    forwarded.then_some(true)
}

/// Outlook on the web draws a line of underscores, or a rule, above its header block.
fn is_rule(text: &str) -> bool {
    text.len() >= 10 && text.chars().all(|c| matches!(c, '_' | '-' | '—' | '='))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Date,
    Other,
}

/// The field that a line begins with, and its value.
fn field(text: &str) -> Option<(Field, &str)> {
    let text = text.trim_start_matches(['*', '>', '|', ' ', '\u{200e}', '\u{200f}']);
    let colon = text.char_indices().take(28).find(|(_, c)| matches!(c, ':' | '：')).map(|(at, c)| (at, at + c.len_utf8()))?;
    let name = text.get(..colon.0)?.trim_matches(['*', ' ', '\u{a0}', '\t']).to_lowercase();
    let value = text.get(colon.1..)?.trim_start_matches(['*', ' ']);
    let name = name.as_str();
    let kind = if FROM.contains(&name) {
        Field::From
    } else if DATE.contains(&name) {
        Field::Date
    } else if OTHER.contains(&name) {
        Field::Other
    } else {
        return None;
    };
    Some((kind, value))
}

/// How many lines a block of mail headers takes from here: From with a date or an address beside it.
fn header_block(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let first = lines.get(at)?;
    let mut found: Vec<Field> = Vec::new();
    let (mut has_address, mut has_date, mut end) = (false, false, at);
    for (index, line) in lines.iter().enumerate().skip(at).take(14) {
        let text = line.text.trim();
        if line.depth != first.depth {
            break;
        }
        if text.is_empty() {
            // Word puts blanks between header lines now and then; two fields end it.
            if found.len() >= 2 || index > at + 1 {
                break;
            }
            continue;
        }
        match field(text) {
            Some((kind, value)) => {
                has_address |= kind != Field::Other && value.contains('@');
                has_date |= kind == Field::Date && digits(value) >= 4;
                if value.chars().count() > 400 {
                    return None;
                }
                // Samsung and others write all fields on one line.
                has_date |= kind == Field::From && digits(value) >= 6 && value.contains('@');
                // "From: 12/10/2025 21:30" says when, not who.
                if kind == Field::From && !value.chars().any(char::is_alphabetic) {
                    return None;
                }
                found.push(kind);
                end = index;
            }
            // A long To or Subject is wrapped.
            None if !found.is_empty() && index == end + 1 && text.len() < 120 && !ends_sentence(text) => end = index,
            None => break,
        }
    }
    let whole_on_one = found.len() == 1 && has_address && has_date;
    let from = found.contains(&Field::From) && found.first() != Some(&Field::Other)
        || found.first() == Some(&Field::Other) && found.len() >= 3 && found.contains(&Field::From);
    let enough = found.len() >= 2 && (has_address || has_date) || whole_on_one;
    // The wrapped tail may have taken the first line of the text below: only what follows a field at once counts.
    (from && enough).then_some(end + 1 - at)
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['.', '!', '?'])
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// "On 6 October 2025 at 09:41, X <x@example.org> wrote:", wrapped over up to four lines.
fn attribution(lines: &[Line<'_>], at: usize) -> Option<Intro> {
    let first = lines.get(at)?;
    if first.mark == super::lines::Mark::Attribution {
        let count = lines.iter().skip(at).take(6).take_while(|line| line.mark == super::lines::Mark::Attribution).count();
        return Some(Intro { lines: count.max(1), cuts: false, forward: false });
    }
    let text = first.text.trim();
    if text.len() > 400 || !could_begin(text) {
        return None;
    }
    let mut joined = String::new();
    for (taken, line) in lines.iter().skip(at).take(4).enumerate() {
        let piece = line.text.trim();
        if line.depth != first.depth || piece.is_empty() || joined.len() + piece.len() > 500 {
            return None;
        }
        if taken > 0 {
            joined.push(' ');
        }
        joined.push_str(piece);
        if let Some(strong) = is_attribution(&joined) {
            // With quote marks below it says nothing of what stands under them; without, all below is the answered mail.
            let below = lines.get(at + taken + 1..).unwrap_or_default().iter().find(|line| !line.is_blank());
            let quoted = below.is_some_and(|line| line.depth > first.depth);
            return match (quoted, strong) {
                (true, _) => Some(Intro { lines: taken + 1, cuts: false, forward: false }),
                (false, true) => Some(Intro { lines: taken + 1, cuts: true, forward: false }),
                (false, false) => None,
            };
        }
        if ends_sentence(piece) {
            return None;
        }
    }
    None
}

/// Cheap: a line that begins in small letters needs a date to be looked at further.
fn could_begin(text: &str) -> bool {
    text.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| !c.is_ascii_lowercase() || digits(text) >= 4)
}

/// Whether a line is an attribution; `true` if so surely that it needs no quote marks below.
fn is_attribution(text: &str) -> Option<bool> {
    let bare = text.trim_end_matches(['*', ' ', '\u{200e}', '\u{200f}', '\u{202c}', '\u{2069}', '_', '-']);
    let colon = bare.ends_with([':', '：']);
    let address = text.contains('@');
    let date = digits(text) >= 4;
    if !(colon || address && date) || !(address || date) {
        return None;
    }
    let lower = text.to_lowercase();
    let verb = WROTE.iter().any(|verb| lower.contains(verb));
    if verb && (colon || lower.ends_with("wrote") || lower.ends_with("のメール") || lower.ends_with("写道") || lower.ends_with("yazdı")) {
        return Some(address && date || digits(text) >= 6 && has_clock(text));
    }
    // Some languages have no verb: a date, a name, an address and a colon.
    (colon && address && date && text.contains('<') && bare.trim_end_matches([':', '：', ' ']).ends_with('>')).then_some(true)
}

/// 09:41, 9.41: a program tells the time to the minute.
fn has_clock(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.windows(4).any(|four| matches!(four, [a, b':' | b'.', c, d] if a.is_ascii_digit() && c.is_ascii_digit() && d.is_ascii_digit())) && text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::super::plain::read;
    use super::*;
    use crate::domain::inbound::Flow;

    fn at_start(text: &str) -> Option<Intro> {
        intro(&read(text, Flow::default()), 0)
    }

    #[test]
    fn attributions_of_many_languages_are_known() {
        for line in [
            "On Mon, 6 Oct 2025 at 09:41, Derbyshire Alert <alerts@alert.example.org> wrote:",
            "On 06/10/2025 09:41, Derbyshire Alert wrote:",
            "Am 06.10.2025 um 09:41 schrieb Derbyshire Alert <alerts@alert.example.org>:",
            "Le lun. 6 oct. 2025 à 09:41, Derbyshire Alert <alerts@alert.example.org> a écrit :",
            "El lun, 6 oct 2025 a las 9:41, Derbyshire Alert (<alerts@alert.example.org>) escribió:",
            "Il giorno lun 6 ott 2025 alle ore 09:41 Derbyshire Alert <alerts@alert.example.org> ha scritto:",
            "W dniu pon., 6.10.2025 o 09:41 Derbyshire Alert <alerts@alert.example.org> napisał(a):",
            "Op ma 6 okt 2025 om 09:41 schreef Derbyshire Alert <alerts@alert.example.org>:",
            "пн, 6 окт. 2025 г. в 09:41, Derbyshire Alert <alerts@alert.example.org>:",
            "2025年10月6日(月) 9:41 Derbyshire Alert <alerts@alert.example.org>:",
            "Derbyshire Alert <alerts@alert.example.org> 于2025年10月6日周一 09:41写道：",
            "Derbyshire Alert <alerts@alert.example.org>, 6 Eki 2025 Pzt, 09:41 tarihinde şunu yazdı:",
            "Den mån 6 okt. 2025 kl 09:41 skrev Derbyshire Alert <alerts@alert.example.org>:",
            "ma 6. lokak. 2025 klo 9.41 Derbyshire Alert (alerts@alert.example.org) kirjoitti:",
            "Derbyshire Alert <alerts@alert.example.org> ezt írta (időpont: 2025. okt. 6., H, 9:41):",
            "Στις Δευ 6 Οκτ 2025 στις 9:41 π.μ., ο χρήστης Derbyshire Alert <alerts@alert.example.org> έγραψε:",
        ] {
            assert!(at_start(line).is_some(), "{line}");
        }
        assert_eq!(at_start("On Mon, 6 Oct 2025 at 09:41, Derbyshire Alert\n<alerts@alert.example.org>\nwrote:\n\n> x").map(|intro| intro.lines), Some(3));
    }

    #[test]
    fn a_persons_own_sentences_are_not_taken_for_marks() {
        for line in [
            "On Monday Dave wrote:",
            "From: the window I saw the van stop at garage 4.\nTo: the best of my memory that was 2.35.\nSubject: to correction, there were three people.",
            "He said:",
            "Original message below",
            "-- they had a trolley jack",
            "At 3.15 I wrote it down",
            "Plates I saw:",
            "A: yes\nB: no",
        ] {
            assert_eq!(at_start(line), None, "{line}");
        }
    }

    #[test]
    fn header_blocks_and_dividers_are_known() {
        for block in [
            "From: Derbyshire Alert <alerts@alert.example.org>\nSent: 06 October 2025 09:41\nTo: Jo\nSubject: van",
            "Von: Derbyshire Alert\nGesendet: Montag, 6. Oktober 2025 09:41\nAn: Jo\nBetreff: van",
            "-----Original Message-----\nFrom: Derbyshire Alert",
            "________________________________\nDe : Derbyshire Alert <alerts@alert.example.org>\nEnvoyé : lundi 6 octobre 2025 09:41\nÀ : Jo",
            "-------- Αρχικό μήνυμα --------\nΑπό: x",
            "---------- Forwarded message ---------\nFrom: X <x@y.z>",
            "发件人: x@y.z\n发送时间: 2025年10月6日\n收件人: a@b.c\n主题: van",
        ] {
            assert!(at_start(block).is_some_and(|intro| intro.cuts), "{block}");
        }
    }
}
