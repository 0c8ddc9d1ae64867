//! `[pure]` How people spell in a hurry: short cuts, doubled letters, and slips in the words that matter most.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::vocabulary;

static SHORT: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| vocabulary::SHORT.split(' ').filter_map(|pair| pair.split_once('=')).collect());
static TOGETHER: LazyLock<BTreeMap<(&str, &str), &str>> = LazyLock::new(|| {
    let lines = vocabulary::TOGETHER.split(' ').filter_map(|line| line.split_once('='));
    lines.filter_map(|(two, one)| Some((two.split_once('+')?, one))).collect()
});
static COMMON: LazyLock<BTreeSet<&str>> = LazyLock::new(|| vocabulary::COMMON.split(' ').collect());
static AS_THEY_ARE: LazyLock<BTreeSet<&str>> = LazyLock::new(|| vocabulary::AS_THEY_ARE.split(' ').collect());
static KEYS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| vocabulary::KEYS.split(' ').collect());
static ORDINARY: LazyLock<BTreeSet<&str>> = LazyLock::new(|| vocabulary::ORDINARY.split(' ').collect());

/// The word as it was meant, where it is written otherwise.
pub(super) fn mended(word: &str) -> Option<String> {
    if let Some(right) = SHORT.get(word) {
        return Some((*right).to_owned());
    }
    if !word.is_ascii() || word.len() < 4 || word.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if KEYS.contains(word) || ORDINARY.contains(word) {
        return None;
    }
    // Comin', killin', screamin'.
    if word.len() >= 6 && word.ends_with("in") && !AS_THEY_ARE.contains(word) {
        return Some(format!("{word}g"));
    }
    let calm = without_runs(word);
    if calm != word && (KEYS.contains(calm.as_str()) || COMMON.contains(calm.as_str())) {
        return Some(calm);
    }
    let slips = match calm.len() {
        0..=4 => return (calm != word).then_some(calm),
        5..=9 => 1,
        _ => 2,
    };
    let first = calm.bytes().next();
    // The nearest wins, and of two as near the first in the alphabet.
    let near = KEYS.iter().filter(|key| key.bytes().next() == first && key.len().abs_diff(calm.len()) <= slips);
    let near = near.filter(|key| key.len() >= 5).map(|key| (distance(key, &calm), key)).filter(|(far, _)| *far <= slips).min();
    near.map(|(_, key)| (*key).to_owned()).or_else(|| (calm != word).then_some(calm))
}

/// Two words that are also written as one.
pub(super) fn together(first: &str, second: &str) -> Option<&'static str> {
    TOGETHER.get(&(first, second)).copied()
}

/// "heeeelp" → "help"; of what is doubled rightly nothing is lost, for only runs of three and more go.
fn without_runs(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let (mut last, mut run) = (None, 0);
    let longest = |c: char| word.chars().collect::<Vec<_>>().chunk_by(|a, b| a == b).any(|run| run.len() > 2 && run.first() == Some(&c));
    for c in word.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        if run == 1 || !longest(c) {
            out.push(c);
        }
    }
    out
}

/// How many letters must be put, left out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<u8> = b.bytes().collect();
    let (mut before, mut above): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    let mut left_letter = None;
    for (row, letter) in a.bytes().enumerate() {
        let mut line = vec![row + 1];
        let mut other_before = None;
        for (column, other) in b.iter().copied().enumerate() {
            let at = |line: &Vec<usize>, index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&above, column) + usize::from(letter != other)).min(at(&above, column + 1) + 1).min(at(&line, column) + 1);
            if left_letter == Some(other) && other_before == Some(letter) && column > 0 {
                least = least.min(at(&before, column - 1) + 1);
            }
            line.push(least);
            other_before = Some(other);
        }
        left_letter = Some(letter);
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended_and_other_words_left_alone() {
        for (typed, meant) in [
            ("heeeelp", "help"),
            ("ambulence", "ambulance"),
            ("unconsious", "unconscious"),
            ("strangeling", "strangling"),
            ("pleeease", "please"),
            ("nife", "knife"),
            ("suicde", "suicide"),
            ("stabbbed", "stabbed"),
        ] {
            assert_eq!(mended(typed).as_deref(), Some(meant));
        }
        for word in ["wife", "stable", "quiet", "shopping", "hedge", "tables", "flood", "driver", "policy", "killed", "farm"] {
            assert_eq!(mended(word), None, "{word}");
        }
        assert_eq!(distance("knife", "kinfe"), 1);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
