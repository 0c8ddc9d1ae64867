//! `[pure]` Our own words in their mail. We hold the text we sent: whatever a mail program made of it (wrapped, encoded,
//! turned into HTML, cut up), runs of the same words are found again.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::lines::Line;

/// Words in a run that is surely no coincidence.
const RUN: usize = 4;

/// What we sent, in runs of words.
pub(super) struct Sent {
    runs: HashSet<u64>,
}

impl Sent {
    pub(super) fn of(texts: &[&str]) -> Self {
        let mut runs = HashSet::new();
        for text in texts {
            let words: Vec<u64> = words(text).collect();
            runs.extend(words.windows(RUN).map(run));
        }
        Self { runs }
    }

    /// How much of each line is ours, from 0 to 1; lines without words are 0.
    pub(super) fn share_of(&self, lines: &[Line<'_>]) -> Vec<f32> {
        if self.runs.is_empty() {
            return vec![0.0; lines.len()];
        }
        let mut all: Vec<(u64, usize)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            all.extend(words(&line.text).map(|word| (word, index)));
        }
        let mut ours = vec![false; all.len()];
        for (at, window) in all.windows(RUN).enumerate() {
            let hashes: Vec<u64> = window.iter().map(|(word, _)| *word).collect();
            if self.runs.contains(&run(&hashes)) {
                ours.iter_mut().skip(at).take(RUN).for_each(|one| *one = true);
            }
        }
        let (mut total, mut matched) = (vec![0_u16; lines.len()], vec![0_u16; lines.len()]);
        for ((_, index), one) in all.iter().zip(&ours) {
            if let (Some(total), Some(matched)) = (total.get_mut(*index), matched.get_mut(*index)) {
                *total = total.saturating_add(1);
                *matched = matched.saturating_add(u16::from(*one));
            }
        }
        total.iter().zip(&matched).map(|(total, matched)| if *total == 0 { 0.0 } else { f32::from(*matched) / f32::from(*total) }).collect()
    }
}

fn words(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        let mut hasher = DefaultHasher::new();
        for c in word.chars().flat_map(char::to_lowercase) {
            c.hash(&mut hasher);
        }
        hasher.finish()
    })
}

fn run(words: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}
