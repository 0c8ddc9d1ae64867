//! `[pure]` Our own words in their mail. We hold the text we sent: whatever a mail program made of it (wrapped, encoded,
//! turned into HTML, cut up), runs of the same words are found again.

use super::lines::Line;

/// Words in a run that is surely no coincidence.
const RUN: usize = 4;

/// What we sent, in runs of words; sorted, so that nobody can choose words that make looking slow.
pub(super) struct Sent {
    runs: Vec<u64>,
}

impl Sent {
    pub(super) fn of(texts: &[&str]) -> Self {
        let mut runs = Vec::new();
        for text in texts {
            let mut words = Vec::new();
            each_word(text, |word| words.push(word));
            runs.extend(words.windows(RUN).map(|words| run(words.iter().copied())));
        }
        runs.sort_unstable();
        runs.dedup();
        Self { runs }
    }

    /// How much of each line is ours, from 0 to 1; lines without words are 0.
    pub(super) fn share_of(&self, lines: &[Line<'_>]) -> Vec<f32> {
        if self.runs.is_empty() {
            return vec![0.0; lines.len()];
        }
        let mut all: Vec<(u64, usize)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            each_word(&line.text, |word| all.push((word, index)));
        }
        let mut ours = vec![false; all.len()];
        for (at, window) in all.windows(RUN).enumerate() {
            if self.runs.binary_search(&run(window.iter().map(|(word, _)| *word))).is_ok() {
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

/// The words of a text, each as a number (FNV-1a over its letters in lower case): this is done with every word of every mail.
fn each_word(text: &str, mut found: impl FnMut(u64)) {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    let mix = |hash: u64, c: char| (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = START;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            hash = mix(hash, c.to_ascii_lowercase());
        } else if !c.is_ascii() && c.is_alphanumeric() {
            hash = c.to_lowercase().fold(hash, mix);
        } else if hash != START {
            found(hash);
            hash = START;
        }
    }
    if hash != START {
        found(hash);
    }
}

fn run(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0, |hash: u64, word| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
