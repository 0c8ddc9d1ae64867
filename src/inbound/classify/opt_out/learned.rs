//! `[pure]` A second reader beside the rules: how much a text sounds like those of people who want out.
//!
//! Rules from phrases know what they have seen; dialect, dictation and broken English are endless. This reader has learned,
//! from the labelled lines in `fixtures/texts`, how much each word, pair, triple and run of letters speaks for a wish: a
//! logistic regression of some 65,000 weights, nothing more. `cargo run --release --example learn_wishes` makes `weights.bin`
//! anew and prints how it does on lines it has not seen. What it may do is bounded in [`super::read`]: it never overrules a
//! rule that heard a report, and it never silences anybody who tells of something.

use std::sync::LazyLock;

pub use super::super::learned::{BUCKETS, share};
use super::super::learned::{Scale, bucket};

/// What was learned.
#[derive(Clone)]
pub struct Model {
    out: Scale,
    wish: Scale,
}

/// What a text sounds like, each between 0 and 1.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Somebody who wants out.
    pub out: f32,
    /// Somebody who wants out, or less, or perhaps.
    pub wish: f32,
}

static LEARNED: LazyLock<Option<Model>> = LazyLock::new(|| Model::read(include_bytes!("weights.bin")));

/// What the product has learned; none if the weights cannot be read, which a test forbids.
pub fn learned() -> Option<&'static Model> {
    LEARNED.as_ref()
}

impl Model {
    /// Out of two rows of weights, as learning leaves them.
    pub fn of(out: (f32, &[f32]), wish: (f32, &[f32])) -> Self {
        Self { out: Scale::of(out), wish: Scale::of(wish) }
    }

    /// From its stored form: for each question the bias and the step as 32-bit floats, then a byte a weight.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (out, rest) = Scale::read(bytes)?;
        let (wish, rest) = Scale::read(rest)?;
        rest.is_empty().then_some(Self { out, wish })
    }

    /// Its stored form.
    pub fn written(&self) -> Vec<u8> {
        [&self.out, &self.wish].into_iter().flat_map(Scale::written).collect()
    }

    /// Listens to a text, in the plain form that the rules read.
    pub fn score(&self, plain: &str) -> Score {
        let heard = features(plain);
        Score { out: self.out.chance(&heard), wish: self.wish.chance(&heard) }
    }
}

/// What is heard in a text: words, pairs and triples of them, and runs of two to five letters in each word; each once, sorted.
pub fn features(plain: &str) -> Vec<usize> {
    let tokens = tokens(plain);
    let mut heard = Vec::with_capacity(plain.len() * 4);
    for n in 1..=3 {
        for run in tokens.windows(n) {
            heard.push(bucket(n, &run.join(" ")));
        }
    }
    for token in &tokens {
        let letters: Vec<char> = std::iter::once(' ').chain(token.chars()).chain([' ']).collect();
        for n in 2..=5 {
            for run in letters.windows(n) {
                heard.push(bucket(10, &run.iter().collect::<String>()));
            }
        }
    }
    heard.sort_unstable();
    heard.dedup();
    heard
}

/// Words without their accents, marks that ask or shout, and every number as one sign; between a beginning and an end.
fn tokens(plain: &str) -> Vec<String> {
    let bare = super::normal::without_accents(plain);
    let mut out = vec!["^".to_owned()];
    let mut word = String::new();
    for c in bare.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '\'' {
            word.push(if c.is_numeric() { '0' } else { c });
            continue;
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if matches!(c, '?' | '!') {
            out.push(c.to_string());
        }
    }
    out.push("$".to_owned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_can_be_read_and_written() {
        let model = learned().expect("the weights are there");
        assert_eq!(model.written(), include_bytes!("weights.bin"));
        assert!(model.score("please remove me from this").out > model.score("white van on mill lane").out);
        assert!(Model::read(&[0; 9]).is_none());
    }

    #[test]
    fn every_number_is_one_sign_and_accents_are_nothing() {
        assert_eq!(features("am 7pm ŵyl"), features("am 8pm wyl"));
        assert_ne!(features("am 7pm"), features("am 7am"));
    }
}
