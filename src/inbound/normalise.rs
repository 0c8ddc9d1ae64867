//! `[pure]` The visible reply: what the person wrote, with quotes and signatures folded, never deleted.
//!
//! Losing a sentence is far worse than leaking a quote: anything doubtful stays visible. (The full version comes later.)

/// A mail's text in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// What the person wrote.
    pub text: String,
    /// What was folded away.
    pub folded: String,
}

/// Splits a body.
pub fn reply(body: &str) -> Visible {
    let lines: Vec<&str> = body.lines().collect();
    let cut = lines.iter().enumerate().position(|(index, line)| starts_quote(&lines, index, line)).unwrap_or(lines.len());
    let (above, below) = lines.split_at(cut);
    // Words after the quote are an answer below or between: then nothing is folded but the signature.
    let answered_below = below.iter().skip(1).any(|line| !is_quote_or_mark(line)) && above.iter().all(|line| line.trim().is_empty());
    let (kept, folded) = if answered_below { (lines.as_slice(), [].as_slice()) } else { (above, below) };
    let sign = kept.iter().position(|line| *line == "-- " || *line == "--").unwrap_or(kept.len());
    let (text, signature) = kept.split_at(sign);
    let text = text.join("\n").trim().to_owned();
    if text.is_empty() {
        return Visible { text: body.trim().to_owned(), folded: String::new() };
    }
    let folded = [signature.join("\n"), folded.join("\n")].join("\n").trim().to_owned();
    Visible { text, folded }
}

fn starts_quote(lines: &[&str], index: usize, line: &str) -> bool {
    let trimmed = line.trim();
    let next = |ahead: usize| lines.get(index + ahead).map_or("", |line| line.trim());
    if trimmed.starts_with('>') {
        return true;
    }
    // "On Monday, X wrote:", which mail programs wrap over up to three lines, with a quote below.
    if trimmed.starts_with("On ") {
        let end = (0..3).find(|ahead| next(*ahead).ends_with("wrote:"));
        if end.is_some_and(|end| (1..=2).any(|below| next(end + below).starts_with('>') || next(end + below).is_empty())) {
            return true;
        }
    }
    let original = trimmed.trim_matches('-').trim();
    if trimmed.starts_with("--") && (original.eq_ignore_ascii_case("Original Message") || original.eq_ignore_ascii_case("Forwarded message")) {
        return true;
    }
    // Outlook's header block.
    trimmed.starts_with("From: ")
        && (next(1).starts_with("Sent: ") || next(1).starts_with("Date: "))
        && (2..5).any(|ahead| next(ahead).starts_with("Subject: "))
}

fn is_quote_or_mark(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('>') || line.ends_with("wrote:") || line.starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quote_and_the_signature_are_folded() {
        let visible = reply("I saw it at 9.\n\nJo\n-- \nSent from a phone\n\nOn Mon, 1 Jan, Derbyshire Alert\n<a@b> wrote:\n\n> Have you seen\n> a van?\n");
        assert_eq!(visible.text, "I saw it at 9.\n\nJo");
        assert!(visible.folded.contains("> a van?") && visible.folded.contains("Sent from a phone"));
    }

    #[test]
    fn an_answer_below_the_quote_stays_visible() {
        let visible = reply("> Have you seen a van?\n\nYes, on Mill Lane.\n");
        assert!(visible.text.contains("Yes, on Mill Lane."));
    }

    #[test]
    fn nothing_is_ever_lost() {
        for body in ["", "On the corner I saw him", "-- \nJo", "> only a quote", "From: the bridge he ran", "On Monday she wrote: nothing"] {
            let visible = reply(body);
            let both = format!("{}{}", visible.text, visible.folded);
            for word in body.split_whitespace() {
                assert!(both.contains(word), "{word} of {body:?} is gone");
            }
        }
        assert_eq!(reply("On the corner I saw him").text, "On the corner I saw him");
    }

    proptest::proptest! {
        #[test]
        fn every_word_survives(body in "[a-zA-Z>:\\- \n.]{0,200}") {
            let visible = reply(&body);
            let both = format!("{}\n{}", visible.text, visible.folded);
            for word in body.split_whitespace() {
                proptest::prop_assert!(both.contains(word));
            }
        }
    }
}
