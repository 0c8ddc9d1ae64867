//! `[pure]` A text in pieces, some of them marked: what was found with a little around it, or all of it.

use std::ops::Range;

use crate::store::findings::FindingRow;

/// Characters before the first mark, and in all.
const BEFORE: usize = 40;
const LONGEST: usize = 180;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The words.
    pub text: String,
    /// Found.
    pub marked: bool,
}

/// The bytes of a finding.
pub fn place_of(row: &FindingRow) -> Option<Range<usize>> {
    let start = usize::try_from(row.start).ok()?;
    Some(start..start + usize::try_from(row.length).ok()?)
}

/// The text around its first mark, on one line, with every mark that falls into it.
pub fn around(text: &str, places: &[Range<usize>]) -> Vec<Piece> {
    let first = places.first().map_or(0, |place| place.start);
    let head = text.get(..first).unwrap_or_default();
    let skipped = head.chars().count().saturating_sub(BEFORE);
    let mut from = head.char_indices().nth(skipped).map_or(first, |(at, _)| at);
    // Not from within a word.
    if skipped > 0 {
        from = head.get(from..).and_then(|rest| rest.find(char::is_whitespace)).map_or(from, |blank| from + blank);
    }
    let until = text.get(from..).and_then(|rest| rest.char_indices().nth(LONGEST)).map_or(text.len(), |(at, _)| from + at);
    let mut pieces = Vec::new();
    let mut add = |part: &str, marked: bool| {
        let line = one_line(part);
        if !line.is_empty() {
            pieces.push(Piece { text: line, marked });
        }
    };
    if from > 0 {
        add("… ", false);
    }
    let mut at = from;
    for place in places.iter().filter(|place| place.start >= from && place.end <= until) {
        if place.start < at {
            continue;
        }
        add(text.get(at..place.start).unwrap_or_default(), false);
        add(text.get(place.clone()).unwrap_or_default(), true);
        at = place.end;
    }
    add(text.get(at..until).unwrap_or_default(), false);
    if until < text.len() {
        add(" …", false);
    }
    pieces
}

/// Line breaks and runs of blanks as one blank; those at the ends stay, for they part pieces.
fn one_line(part: &str) -> String {
    let mut line = String::with_capacity(part.len());
    for c in part.chars() {
        if !c.is_whitespace() {
            line.push(c);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str, places: &[Range<usize>]) -> String {
        around(text, places).into_iter().map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text }).collect()
    }

    #[test]
    fn the_first_mark_is_in_it_with_words_around() {
        assert_eq!(told("a white\nvan", std::slice::from_ref(&(2..7))), "a [white] van");
        let long = format!("{}a white van{}", "so it went on ".repeat(10), " and on".repeat(60));
        let shown = told(&long, std::slice::from_ref(&(142..147)));
        assert!(shown.starts_with("… ") && shown.contains(" a [white] van and on") && shown.ends_with(" …"), "{shown}");
        assert_eq!(told("nothing marked", &[]), "nothing marked");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}", start in 0_usize..300, length in 0_usize..20) {
            let range = start..start + length;
            let _pieces = around(&text, std::slice::from_ref(&range));
        }
    }
}
