//! `[pure]` What a sign is, and how the lists of what is said are searched.

use std::sync::LazyLock;

use regex::Regex;

pub(super) use super::SignKind;

/// How much a sign says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Force {
    /// Something only beside others.
    Hint,
    /// A danger, if it is now.
    Danger,
    /// Enough, unless something speaks against it.
    Sure,
}

/// Patterns over the plain text that say the same.
pub(super) struct Say(pub(super) SignKind, pub(super) Force, pub(super) &'static [&'static str]);

/// One that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) kind: SignKind,
    pub(super) force: Force,
    /// Bytes of the plain text.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What stands short in the patterns.
const SHORTHAND: &[(&str, &str)] = &[
    ("<g>", "(?: [a-z0-9][a-z0-9.]*){0,3}"),
    ("<G>", "(?: [a-z0-9][a-z0-9.]*){0,6}"),
    ("<C>", "(?: (?:,|[a-z0-9][a-z0-9.]*)){0,6}"),
    ("<x>", "(?:a|an|his|her|food|sweet|something|meat|grape|it)"),
    ("<him>", "(?:him|her|them|me|mum|dad|nan|grandad|my \\w+|the \\w+|him to|her to)"),
    (
        "<kid>",
        "(?:kids?|child|children|girls?|boys?|baby|babies|toddlers?|son|daughter|boys|girls|daughters|sons|lad|grandson|granddaughter|grandkids|grandchild|little (?:un|one|ones|girl|boy|lad|lass)|infant|newborn|pupils?|schoolgirl|schoolboy|teenager|(?:\\d|1[0-5]) year old|niece|nephew|step ?son|step ?daughter|reception child|twins|nipper)",
    ),
];

/// A list as one pattern.
pub(super) fn pattern(list: &[&str]) -> Option<Regex> {
    let mut text = format!(r"(?:^|\b| )(?:{})(?:\b| |$)", list.join("|"));
    for (short, long) in SHORTHAND {
        text = text.replace(short, long);
    }
    // By ASCII, which the plain text is but for other scripts: there a blank bounds a word.
    text = text.replace("\\w", "[a-z0-9]").replace("\\b", "(?-u:\\b)");
    regex::RegexBuilder::new(&text).size_limit(64 << 20).dfa_size_limit(16 << 20).build().ok()
}

type Search = (SignKind, Force, Regex);

const LISTS: &[&[Say]] =
    &[super::body::SAID, super::peril::SAID, super::weapons::SAID, super::violence::SAID, super::plea::SAID, super::despair::SAID, super::tongues::SAID];

static SEARCHES: LazyLock<Vec<Search>> =
    LazyLock::new(|| LISTS.iter().copied().flatten().filter_map(|Say(kind, force, list)| Some((*kind, *force, pattern(list)?))).collect());

/// Every sign in a plain text.
pub(super) fn find(plain: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (kind, force, pattern) in SEARCHES.iter() {
        found.extend(pattern.find_iter(plain).filter(|hit| !hit.is_empty()).map(|hit| Found { kind: *kind, force: *force, from: hit.start(), to: hit.end() }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_can_be_searched_and_finds_something() {
        assert_eq!(SEARCHES.len(), LISTS.iter().map(|list| list.len()).sum::<usize>());
        assert!(find("hes got a knife").iter().any(|found| found.kind == SignKind::Weapon && found.force == Force::Sure));
        assert!(find("the hedge wants cutting").is_empty());
        assert!(pattern(&["("]).is_none());
    }

    #[test]
    fn a_word_is_a_whole_word_in_any_script() {
        let knife = pattern(&["нож", "knife"]).unwrap();
        assert!(knife.is_match("у него нож") && knife.is_match("a knife ."));
        assert!(!knife.is_match("ножницы") && !knife.is_match("knifesmithgate"));
    }
}
