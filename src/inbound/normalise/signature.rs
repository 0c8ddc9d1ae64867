//! `[pure]` What programs and employers put under (or over) a person's words: signatures, mobile footers, disclaimers, banners.
//!
//! Only what is surely none of the person's words is taken: a typed "Thanks, Jane" stays, and so does whatever holds a sentence.

use std::sync::LazyLock;

use super::lines::{Line, Mark};
use crate::inbound::phrases::{self, Anywhere, Phrases};

/// The part of these lines that a person wrote: from, to.
pub(super) fn spoken(lines: &[Line<'_>]) -> (usize, usize) {
    let mut start = banner_end(lines);
    while lines.get(start).is_some_and(Line::is_blank) {
        start += 1;
    }
    let mut end = lines.len();
    // What is added stands at the end: the work is bounded however long the mail is.
    if let Some(mark) = delimiter(lines, start) {
        end = mark;
    }
    for _ in 0..20 {
        let before = end;
        end = without_blanks(lines, start, end);
        end = without_marked(lines, start, end);
        end = without_footer(lines, start, end);
        end = without_disclaimer(lines, start, end);
        end = without_card(lines, start, end);
        if end == before {
            break;
        }
    }
    (start, end.max(start))
}

fn without_blanks(lines: &[Line<'_>], start: usize, mut end: usize) -> usize {
    while end > start && lines.get(end - 1).is_some_and(Line::is_blank) {
        end -= 1;
    }
    end
}

fn without_marked(lines: &[Line<'_>], start: usize, mut end: usize) -> usize {
    while end > start && lines.get(end - 1).is_some_and(|line| line.mark == Mark::Signature || line.is_blank()) {
        end -= 1;
    }
    end
}

/// "-- " on its own line (RFC 3676 section 4.3), if what follows is no testimony.
fn delimiter(lines: &[Line<'_>], start: usize) -> Option<usize> {
    let at = lines
        .iter()
        .enumerate()
        .skip(start)
        .find(|(_, line)| {
            matches!(line.text.trim_end_matches('\u{a0}'), "-- " | "--" | "—" | "__") && line.depth == lines.first().map_or(0, |first| first.depth)
        })
        .map(|(at, _)| at)?;
    let below: Vec<&Line<'_>> = lines.iter().skip(at + 1).filter(|line| !line.is_blank()).collect();
    let short = below.len() <= 15 && below.iter().map(|line| line.text.len()).sum::<usize>() <= 1_500;
    let own = || below.iter().filter(|line| !is_disclaimer(&line.text) && !is_footer(&line.text) && line.mark != Mark::Signature);
    // Sentences may be wrapped: they are looked for in the whole.
    let joined = own().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ");
    // Without its blank it may be anything that somebody drew: then what follows must look like a signature.
    let drawn =
        lines.get(at).is_some_and(|line| line.text != "-- ") && !own().all(|line| looks_signed(&line.text)) && !own().any(|line| card_signs(&line.text) > 0);
    let testimony = drawn || own().any(|line| is_sentence(&line.text)) || holds_sentence(&joined);
    (short && !testimony || below.iter().all(|line| is_disclaimer(&line.text))).then_some(at)
}

/// A name, a number or an address: what people put under their letters.
fn looks_signed(text: &str) -> bool {
    let words = text.split_whitespace().count();
    text.contains('@')
        || text.contains("://")
        || text.contains("www.")
        || words <= 4 && text.chars().next().is_some_and(|c| c.is_uppercase() || c == '+' || c == '"') && !text.ends_with(['.', '!', '?'])
}

/// Whether there is a sentence of seven words or more in words that may be wrapped.
fn holds_sentence(text: &str) -> bool {
    let mut words = 0;
    for word in text.split_whitespace() {
        words += 1;
        // "Tél." ends no sentence.
        if word.ends_with(['!', '?']) || word.ends_with('.') && word.chars().count() > 4 {
            if words >= 7 {
                return true;
            }
            words = 0;
        }
    }
    false
}

/// Long enough, and closed like one.
fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    text.ends_with(['.', '!', '?', '。']) && text.split_whitespace().count() >= 9
}

static DEVICES: LazyLock<Anywhere> = LazyLock::new(|| Anywhere::of(&phrases::read(include_str!("../phrases/signature_devices.txt"))));
static SENT: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_sent.txt")));

/// A line that a phone put there. A sentence that only begins like one ("Sent from my sister's phone because …") is words.
pub(super) fn is_footer(text: &str) -> bool {
    let text = text.trim().trim_matches(['*', '-', '_', '[', ']', ' ']);
    if text.is_empty() || text.chars().count() > 140 {
        return false;
    }
    let lower = text.to_lowercase();
    let device = || DEVICES.is_in(&lower);
    if SENT.iter().any(|words| lower.starts_with(words)) {
        let sentences = lower.matches(['!', '?']).count() + lower.matches(". ").count();
        let excused = lower.contains("brevity")
            || lower.contains("typos")
            || lower.contains("autocorrect")
            || lower.contains("kürze")
            || lower.contains("brièveté")
            || lower.contains("brevedad")
            || lower.contains("lyhy")
            || lower.contains("http");
        return device() && (sentences == 0 && lower.chars().count() <= 100 && !lower.contains("because") && !lower.contains(" so ") || excused);
    }
    // "iPhone'umdan gönderildi", "Samsung Galaxy smartfonu ilə göndərildi": the verb comes last.
    (lower.ends_with("gönderildi")
        || lower.ends_with("gönderildi.")
        || lower.ends_with("から送信")
        || lower.ends_with("发送")
        || lower.ends_with("에서 보냄")
        || lower.ends_with("傳送")
        || lower.ends_with("送信")
        || lower.ends_with("küldve")
        || lower.ends_with("küldtem"))
        && device()
        && lower.chars().count() <= 60
        || lower == "sent from my mobile"
        || lower.starts_with("yahoo mail: search, organize")
        || lower.starts_with("yahoo mail: ")
        || lower.starts_with("this message was sent from my")
        || lower.starts_with("please excuse") && lower.contains("brevity")
        || lower.starts_with("sorry for") && lower.contains("brevity")
        || lower.starts_with("excuse my brevity")
        || lower.starts_with("virus-free")
        || lower.starts_with("virenfrei")
        || lower.starts_with("this email has been checked for viruses")
        || lower.starts_with("this email was scanned by")
        || lower.starts_with("diese e-mail wurde von avast")
}

fn without_footer(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let Some(last) = end.checked_sub(1).filter(|last| *last >= start) else { return end };
    let Some(line) = lines.get(last) else { return end };
    if is_footer(&line.text) {
        let footers = lines.get(start..last).unwrap_or_default().iter().rev().take_while(|line| is_footer(&line.text)).count();
        return last - footers;
    }
    // Wrapped over two lines.
    let joined =
        || lines.get(last.wrapping_sub(1)).filter(|above| last > start && !above.is_blank()).map(|above| format!("{} {}", above.text.trim(), line.text.trim()));
    if line.text.len() < 60 && joined().is_some_and(|both| is_footer(&both) && SENT.iter().any(|words| both.to_lowercase().starts_with(words))) {
        return last - 1;
    }
    end
}

static DISCLAIMERS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_disclaimers.txt")));

/// Lines at the end among which a disclaimer begins.
const LONGEST_TAIL: usize = 80;

/// A paragraph of the lawyers'.
fn is_disclaimer(text: &str) -> bool {
    let head: String = text.trim().trim_matches(['*', '_', '-', '=', ' ', '"', '[', '(']).chars().take(60).collect::<String>().to_lowercase();
    !head.is_empty() && DISCLAIMERS.iter().any(|words| head.starts_with(words)) || is_line_of_marks(text) || is_small_print(text)
}

static SMALL_PRINT: LazyLock<Anywhere> = LazyLock::new(|| Anywhere::of(&phrases::read(include_str!("../phrases/signature_small_print.txt"))));

/// A line of the lawyers' that begins with the firm's name.
fn is_small_print(text: &str) -> bool {
    text.len() > 90 && SMALL_PRINT.is_in(&text.to_lowercase())
}

fn is_line_of_marks(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 8 && text.chars().all(|c| matches!(c, '*' | '_' | '-' | '=' | '~' | '#' | ' '))
}

/// The last paragraph, if it begins like a disclaimer.
fn without_disclaimer(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let start = start.max(end.saturating_sub(LONGEST_TAIL));
    let (mut from, mut at) = (end, end);
    // A disclaimer may have several paragraphs, of which only the first says so: the first of the last four that does.
    let mut paragraphs = 0;
    while at > start && paragraphs < 5 {
        let top = paragraph_start(lines, start, at);
        if lines.get(top).is_some_and(|line| is_disclaimer(&line.text)) {
            from = top;
        }
        paragraphs += 1;
        at = without_blanks(lines, start, top);
    }
    if from == end {
        // Or a line of its own within the last paragraph.
        let top = paragraph_start(lines, start, end);
        if let Some(inner) = (top..end).find(|at| lines.get(*at).is_some_and(|line| is_disclaimer(&line.text) && line.text.len() > 8))
            && inner > top
        {
            return inner;
        }
    }
    from
}

fn paragraph_start(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    let mut top = end;
    while top > start && lines.get(top - 1).is_some_and(|line| !line.is_blank()) {
        top -= 1;
    }
    top
}

static TITLES: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_titles.txt")));
static FIRMS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_firms.txt")));
static LABELS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_labels.txt")));
static CLOSINGS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_closings.txt")));

fn is_closing(text: &str) -> bool {
    let bare = text.trim().trim_end_matches([',', '.', '!', ' ']).to_lowercase();
    CLOSINGS.contains(&bare.as_str())
}

/// Signs that a line is off a business card; a bare number or address that somebody typed is none.
fn card_signs(text: &str) -> usize {
    let lower = text.trim().to_lowercase();
    if lower.chars().count() > 110 || is_sentence(text) {
        return 0;
    }
    let label = LABELS.iter().any(|label| lower.starts_with(label))
        || lower.contains(" | ")
        || lower.contains(" • ")
        || lower.contains(" · ")
        || lower.contains("www.");
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let title = TITLES.iter().any(|title| if title.contains(' ') { lower.contains(title) } else { words.contains(title) }) && words.len() <= 12;
    let firm = FIRMS.iter().any(|firm| if firm.chars().all(char::is_alphanumeric) { words.contains(firm) } else { lower.contains(firm) }) && words.len() <= 16;
    usize::from(label) * 2 + usize::from(title) + usize::from(firm)
}

/// A block of name, title, firm and numbers under the closing.
fn without_card(lines: &[Line<'_>], start: usize, end: usize) -> usize {
    // Up to three paragraphs of short lines may belong to one card.
    let mut top = end;
    for _ in 0..4 {
        let above = paragraph_start(lines, start, without_blanks(lines, start, top));
        let bottom = without_blanks(lines, start, top);
        if above >= bottom {
            break;
        }
        let closing = (above..bottom).find(|at| lines.get(*at).is_some_and(|line| is_closing(&line.text)));
        if let Some(closing) = closing {
            top = closing + 1;
            break;
        }
        let shortish = (above..bottom).all(|at| lines.get(at).is_some_and(|line| line.text.chars().count() <= 110 && !is_sentence(&line.text)));
        // Each paragraph of a card shows a sign of one, save the name on a line of its own.
        let signed = (above..bottom).any(|at| lines.get(at).is_some_and(|line| card_signs(&line.text) > 0));
        let named = bottom - above == 1
            && lines.get(above).is_some_and(|line| line.text.split_whitespace().count() <= 4 && !line.text.trim().ends_with(['.', '!', '?', ':']));
        if !shortish || !(signed || named) {
            break;
        }
        top = above;
    }
    let signs: usize = (top..end).filter_map(|at| lines.get(at)).map(|line| card_signs(&line.text)).sum();
    let count = (top..end).filter(|at| lines.get(*at).is_some_and(|line| !line.is_blank())).count();
    // Everything that somebody wrote cannot be a card: with nothing above it, it stays.
    let something_above = (start..top).any(|at| lines.get(at).is_some_and(|line| !line.is_blank()));
    if top < end && something_above && signs >= 3 && (2..=16).contains(&count) {
        return without_blanks(lines, start, top);
    }
    end
}

static BANNERS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/signature_banners.txt")));

fn is_banner(text: &str) -> bool {
    let head: String = text.trim().trim_matches(['*', ' ', '|', '_']).chars().take(60).collect::<String>().to_lowercase();
    BANNERS.iter().any(|words| head.starts_with(words))
}

/// Where a banner that a gateway put on top ends: its paragraph.
fn banner_end(lines: &[Line<'_>]) -> usize {
    let Some(first) = lines.iter().position(|line| !line.is_blank()) else { return 0 };
    if !lines.get(first).is_some_and(|line| is_banner(&line.text)) {
        return 0;
    }
    let rest = lines.get(first..).unwrap_or_default();
    let end = first + rest.iter().position(Line::is_blank).unwrap_or(1).max(1);
    // A banner that is not parted from the words takes its own line only.
    if end >= lines.len() { first + 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::super::plain::read;
    use super::*;
    use crate::domain::inbound::Flow;

    fn kept(text: &str) -> String {
        let lines = read(text, Flow::default());
        let (from, to) = spoken(&lines);
        lines.get(from..to).unwrap().iter().map(|line| line.text.as_ref()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn footers_and_signatures_go_and_typed_names_stay() {
        assert_eq!(kept("Saw it.\n\nSent from my iPhone"), "Saw it.");
        assert_eq!(kept("Saw it.\n\nThanks,\nJane"), "Saw it.\n\nThanks,\nJane");
        assert_eq!(kept("Saw it.\n-- \nJane Marsh\nBelper"), "Saw it.");
        assert_eq!(
            kept("Saw it.\n\nKind regards,\n\nSue Marsh\nSenior Planner | Amber Valley Council\nTel: 01773 496000\nwww.example.gov"),
            "Saw it.\n\nKind regards,"
        );
        assert_eq!(kept("[EXTERNAL] This came from outside\n\nSaw it."), "Saw it.");
        assert_eq!(kept("Saw it.\n\nThis email and any attachments are confidential.\n\nIf you are not the person, delete it."), "Saw it.");
    }

    #[test]
    fn testimony_in_the_shape_of_a_footer_stays() {
        for text in [
            "Sent from my sister’s phone because mine was in the bag they took!! I was at Duffield.",
            "--\nI stopped writing here because the kettle boiled, now I go on with it.",
            "Helen Marriott\nThe Old Bakery",
            "Mrs Edna Shardlow\n01632 960111",
        ] {
            assert_eq!(kept(text), text);
        }
    }
}
