//! `[pure]` Plain text to lines: quote marks counted, `format=flowed` joined again (RFC 3676).

use std::borrow::Cow;

use super::lines::Line;
use crate::domain::inbound::Flow;

/// The lines of a body.
pub(super) fn read(text: &str, flow: Flow) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut open = false;
    for raw in text.lines() {
        // The mbox format puts a mark before a line that begins so; it is no quote.
        let raw = if raw.starts_with(">From ") { raw.get(1..).unwrap_or(raw) } else { raw };
        let (depth, rest) = if flow.flowed { quoted_flowed(raw) } else { quoted(raw) };
        // RFC 3676 section 4.4: a line that would begin with a quote mark, a blank or "From " was stuffed with a blank.
        let rest = if flow.flowed { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        let is_signature_mark = rest == "-- ";
        let flows = flow.flowed && rest.ends_with(' ') && !is_signature_mark;
        let content = if flows && flow.del_sp { rest.strip_suffix(' ').unwrap_or(rest) } else { rest };
        match lines.last_mut() {
            Some(last) if open && last.depth == depth && !is_signature_mark => last.text.to_mut().push_str(content),
            _ => lines.push(Line::new(Cow::Borrowed(content), depth)),
        }
        open = flows;
    }
    lines
}

/// Quote marks with or without blanks between: `> > text`.
fn quoted(line: &str) -> (u8, &str) {
    let (mut depth, mut rest) = (0_u8, line);
    loop {
        let after = rest.strip_prefix(' ').filter(|after| depth > 0 && after.starts_with('>')).unwrap_or(rest);
        match after.strip_prefix('>') {
            Some(inner) => {
                depth = depth.saturating_add(1);
                rest = inner;
            }
            None => break,
        }
    }
    (depth, if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

fn quoted_flowed(line: &str) -> (u8, &str) {
    let rest = line.trim_start_matches('>');
    (u8::try_from(line.len() - rest.len()).unwrap_or(u8::MAX), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, flow: Flow) -> Vec<(u8, String)> {
        read(text, flow).into_iter().map(|line| (line.depth, line.text.into_owned())).collect()
    }

    #[test]
    fn quote_marks_are_counted_with_and_without_blanks() {
        assert_eq!(all("a\n> b\n>> c\n> > d\n>e", Flow::default()), [(0, "a".into()), (1, "b".into()), (2, "c".into()), (2, "d".into()), (1, "e".into())]);
    }

    #[test]
    fn flowed_lines_are_joined_within_their_depth_and_stuffing_is_taken_out() {
        let flow = Flow { flowed: true, del_sp: false };
        assert_eq!(
            all("I saw \nit.\n> have \n> you\n > mine\n-- \nJo", flow),
            [(0, "I saw it.".into()), (1, "have you".into()), (0, "> mine".into()), (0, "-- ".into()), (0, "Jo".into())]
        );
        assert_eq!(all("Ja \npan", Flow { flowed: true, del_sp: true }), [(0, "Japan".into())]);
    }
}
