//! `[pure]` A text as the rules read it: small letters without accents and apostrophes, one blank between words, sentences apart
//! by full stops, the commonest short cuts and slips written out; and for each word where it stands in the text as it came.

use unicode_normalization::UnicodeNormalization;

use super::spelling;

/// A word, or a mark, of the text.
#[derive(Clone, Debug)]
struct Word {
    /// As the rules read it.
    plain: String,
    /// Bytes of the text as it came.
    from: usize,
    to: usize,
}

/// The whole text, plain.
#[derive(Clone, Debug, Default)]
pub(super) struct Plain {
    /// Words and marks, a blank between.
    pub(super) words: String,
    /// For each word: where it begins in `words`, and its bytes in the text as it came.
    places: Vec<(usize, usize, usize)>,
}

impl Plain {
    /// Of a text as it came.
    pub(super) fn of(text: &str) -> Self {
        let mut plain = Self::default();
        for word in joined(split(text)) {
            if !plain.words.is_empty() {
                plain.words.push(' ');
            }
            plain.places.push((plain.words.len(), word.from, word.to));
            plain.words.push_str(&word.plain);
        }
        plain
    }

    /// The bytes in the text as it came, of bytes in `words`.
    pub(super) fn came_from(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let first = self.places.partition_point(|(at, ..)| *at <= from).checked_sub(1)?;
        let last = self.places.partition_point(|(at, ..)| *at < to).checked_sub(1)?;
        Some((self.places.get(first)?.1, self.places.get(last)?.2))
    }

    /// How many words, marks not counted.
    pub(super) fn count(&self) -> usize {
        self.words.split(' ').filter(|word| word.chars().any(char::is_alphanumeric)).count()
    }
}

/// Cuts a text into words and marks.
fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word = Word { plain: String::new(), from: 0, to: 0 };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let to = at + c.len_utf8();
        let next_is_digit = chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        if c.is_alphanumeric() || is_sign(c) {
            if word.plain.is_empty() {
                word.from = at;
            }
            word.to = to;
            word.plain.extend(c.nfkd().filter(|c| c.is_alphanumeric() || is_sign(*c)).flat_map(char::to_lowercase).map(latin));
            continue;
        }
        // Within a word: he's, 9.15, 1/2. What cannot be seen is nothing.
        let is_quote = matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '′');
        if is_quote || is_unseen(c) || unicode_normalization::char::is_combining_mark(c) {
            continue;
        }
        if matches!(c, '.' | ':' | '/') && next_is_digit && word.plain.ends_with(|c: char| c.is_ascii_digit()) {
            word.plain.push('.');
            word.to = to;
            continue;
        }
        if !word.plain.is_empty() {
            words.push(std::mem::replace(&mut word, Word { plain: String::new(), from: 0, to: 0 }));
        }
        let mark = match c {
            '.' | '!' | ';' | '\n' | '…' | '|' | '¡' => ".",
            '?' | '¿' => "?",
            ',' | ':' | '(' | ')' | '–' | '—' => ",",
            _ => continue,
        };
        // "...", "?!": once, and the question stays.
        match words.last_mut() {
            Some(last) if last.plain == "." && mark == "?" || last.plain == "," && mark != "," => mark.clone_into(&mut last.plain),
            Some(last) if matches!(last.plain.as_str(), "." | "?" | ",") => {}
            Some(_) => words.push(Word { plain: mark.to_owned(), from: at, to }),
            None => {}
        }
    }
    if !word.plain.is_empty() {
        words.push(word);
    }
    words
}

/// Signs that say as much as a word.
const fn is_sign(c: char) -> bool {
    matches!(c, '🔪' | '🔫' | '🆘' | '🩸' | '🚨' | '🗡' | '💣' | '🧨')
}

const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Letters that do not fall apart into a letter and its accent.
const fn latin(c: char) -> char {
    match c {
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ı' => 'i',
        other => other,
    }
}

/// Short cuts and slips written out, and words put together that are written both ways: "he is", "hes".
fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    for mut word in words {
        if let Some(right) = spelling::mended(&word.plain) {
            word.plain = right;
        }
        if let Some(last) = out.last_mut()
            && let Some(one) = spelling::together(&last.plain, &word.plain)
        {
            one.clone_into(&mut last.plain);
            last.to = word.to;
            continue;
        }
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_plainly_and_its_words_are_found_again() {
        let text = "He’s got a KNIFE!!  She is  **not** brething… 9.15pm?";
        let plain = Plain::of(text);
        assert_eq!(plain.words, "hes got a knife . shes not breathing . 9.15pm ?");
        let at = plain.words.find("shes").unwrap();
        let (from, to) = plain.came_from(at, at + "shes not breathing".len()).unwrap();
        assert_eq!(&text[from..to], "She is  **not** brething");
        assert_eq!(Plain::of("").words, "");
        assert_eq!(Plain::of("pomóż łódź").words, "pomoz lodz");
    }
}
