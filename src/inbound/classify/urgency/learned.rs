//! `[pure]` A second reader beside the rules: how much a message sounds like those where somebody was in danger.
//!
//! What may happen to people is endless, and so is how they tell of it. This reader has learned, from the labelled lines in
//! `fixtures/texts/urgency.jsonl`, how much each word, pair and run of letters speaks for danger, and how much what the rules
//! heard: a logistic regression, nothing more. `cargo run --release --example learn_urgency` makes `weights.bin` anew and prints
//! how it does on lines that it has not seen.

use std::sync::LazyLock;

pub use super::super::learned::{BUCKETS, share};
use super::super::learned::{Scale, bucket, chance};
use super::weigh::Heard;

/// What was learned.
#[derive(Clone)]
pub struct Model {
    words: Scale,
    marks: Scale,
}

/// What there is to weigh in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// Words, pairs, and runs of three to five letters; each once, sorted. They share one voice.
    pub words: Vec<usize>,
    /// What the rules heard. Each has a voice.
    pub marks: Vec<usize>,
}

static LEARNED: LazyLock<Option<Model>> = LazyLock::new(|| Model::read(include_bytes!("weights.bin")));

/// What the product has learned; none if the weights cannot be read, which a test forbids.
pub fn learned() -> Option<&'static Model> {
    LEARNED.as_ref()
}

impl Model {
    /// Out of a bias and two rows of weights, as learning leaves them.
    pub fn of(bias: f32, words: &[f32], marks: &[f32]) -> Self {
        Self { words: Scale::of((bias, words)), marks: Scale::of((0.0, marks)) }
    }

    /// From its stored form.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = Scale::read(bytes)?;
        let (marks, rest) = Scale::read(rest)?;
        rest.is_empty().then_some(Self { words, marks })
    }

    /// Its stored form.
    pub fn written(&self) -> Vec<u8> {
        [&self.words, &self.marks].into_iter().flat_map(Scale::written).collect()
    }

    /// How likely it is, between 0 and 1, that somebody is in danger.
    pub fn chance(&self, heard: &Heard) -> f32 {
        let features = features(heard);
        chance(self.words.sum(&features.words) * share(features.words.len()) + self.marks.sum(&features.marks) + self.words.bias())
    }

    /// The words that weigh most, as bytes of the plain text: three at the most.
    pub(super) fn loudest(&self, heard: &Heard) -> Vec<(usize, usize)> {
        let mut at = 0;
        let mut words: Vec<(f32, usize, usize)> = Vec::new();
        for word in heard.words().split(' ') {
            if word.chars().any(char::is_alphanumeric) {
                words.push((self.words.sum(&of_word(word)), at, at + word.len()));
            }
            at += word.len() + 1;
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        words.into_iter().take(LOUDEST).map(|(_, from, to)| (from, to)).collect()
    }
}

/// So many words are shown where no rule heard anything.
const LOUDEST: usize = 3;

/// What there is to weigh.
pub fn features(heard: &Heard) -> Features {
    let words = heard.words();
    let tokens: Vec<&str> = ["^"]
        .into_iter()
        .chain(words.split(' ').filter(|word| !word.is_empty()).map(|word| if word.starts_with('_') { "_" } else { word }))
        .chain(["$"])
        .collect();
    let mut found: Vec<usize> = tokens.windows(2).map(|pair| bucket(2, &pair.join(" "))).collect();
    found.extend(tokens.iter().flat_map(|word| of_word(word)));
    found.sort_unstable();
    found.dedup();
    Features { words: found, marks: heard.marks().iter().map(|mark| bucket(20, mark)).collect() }
}

/// A word, and the runs of letters in it.
fn of_word(word: &str) -> Vec<usize> {
    let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
    let mut found = vec![bucket(1, word)];
    for n in 3..=5 {
        found.extend(letters.windows(n).map(|run| bucket(10, &run.iter().collect::<String>())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::About;
    use super::*;

    #[test]
    fn what_was_learned_can_be_read_and_written() {
        let model = learned().expect("the weights are there");
        assert_eq!(model.written(), include_bytes!("weights.bin"));
        assert!(Model::read(&[0; 9]).is_none());
        let chance = |text| model.chance(&Heard::of(text, &About::default()));
        assert!(chance("he is hurting her right now") > chance("thanks, I will send the footage on Monday"));
    }

    #[test]
    fn a_feature_counts_once() {
        let heard = |text| features(&Heard::of(text, &About::default()));
        assert_eq!(heard("van van van").words, heard("van van van van").words);
        assert!(heard("").words.len() < 10);
    }
}
