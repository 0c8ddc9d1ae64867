//! `[pure]` Everything that speaks for and against, heard in one text and made one number.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::plain::Plain;
use super::signs::{self, Force, Found, pattern};
use super::{About, Sign, SignKind, calm, figures, names, near};
use crate::domain::place::Urgency;

/// What was heard in a text.
#[derive(Clone, Debug)]
pub struct Heard {
    plain: Plain,
    /// The same without its figures of speech, as long.
    clear: String,
    found: Vec<Found>,
    /// How many different things are said, by force.
    sure: usize,
    danger: usize,
    hints: usize,
    now: bool,
    past: usize,
    safe: usize,
    mild: usize,
    /// Somebody whom the alert asks about is seen now: missing, wanted.
    seen: bool,
    seeks: bool,
    near: bool,
    words: usize,
}

struct Calm {
    figures: Option<Regex>,
    past: Option<Regex>,
    ongoing: Option<Regex>,
    now: Option<Regex>,
    at_once: Option<Regex>,
    safe: Option<Regex>,
    mild: Vec<Regex>,
    seen: Option<Regex>,
    unseen: Option<Regex>,
    missing: Option<Regex>,
    wanted: Option<Regex>,
    negation: Option<Regex>,
}

static CALM: LazyLock<Calm> = LazyLock::new(|| Calm {
    figures: pattern(&[figures::FIGURES, names::NAMES].concat()),
    past: pattern(calm::PAST),
    ongoing: pattern(calm::ONGOING),
    now: pattern(calm::NOW),
    at_once: pattern(calm::AT_ONCE),
    safe: pattern(calm::SAFE),
    mild: calm::MILD.iter().filter_map(|one| pattern(&[one])).collect(),
    seen: pattern(near::SEEN_NOW),
    unseen: pattern(near::UNSEEN),
    missing: pattern(near::MISSING),
    wanted: pattern(near::WANTED),
    negation: pattern(&[
        "(?:no|not|never|without|nobody|noone|isnt|wasnt|arent|werent|didnt|dont|doesnt|wont|havent|hasnt|nor|neither|nothing|cant)(?: (?:any|a|the|one|really|actually|been|got|in|to|no|of)){0,2} ?$",
    ]),
});

fn hits(pattern: Option<&Regex>, text: &str) -> Vec<(usize, usize)> {
    pattern.map(|pattern| pattern.find_iter(text).filter(|hit| !hit.is_empty()).map(|hit| (hit.start(), hit.end())).collect()).unwrap_or_default()
}

fn says(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_some_and(|pattern| pattern.is_match(text))
}

impl Heard {
    /// Listens to a text.
    pub fn of(text: &str, about: &About<'_>) -> Self {
        let plain = Plain::of(text);
        let words = plain.count();
        let clear = without_figures(&plain.words);
        let alert = Plain::of(about.alert_text).words;
        let is_missing = about.kind.contains("missing") || says(CALM.missing.as_ref(), &alert);
        let is_wanted = !is_missing && says(CALM.wanted.as_ref(), &alert);
        let mut heard = Self {
            plain,
            clear: clear.clone(),
            found: Vec::new(),
            sure: 0,
            danger: 0,
            hints: 0,
            now: false,
            past: 0,
            safe: 0,
            mild: 0,
            seen: false,
            seeks: is_missing || is_wanted,
            near: false,
            words,
        };
        heard.safe = hits(CALM.safe.as_ref(), &heard.plain.words).len();
        heard.mild = CALM.mild.iter().filter(|pattern| pattern.is_match(&heard.plain.words)).count();
        for (from, to) in sentences(&clear) {
            heard.sentence(&clear, from, to);
        }
        heard.count();
        let unseen = says(CALM.unseen.as_ref(), &heard.plain.words);
        let mut seen = hits(CALM.seen.as_ref(), &clear);
        if seen.is_empty()
            && let Some(name) = name_in(about.alert_text)
        {
            let called: Vec<&str> = clear.split(' ').map(|word| if word.trim_end_matches('s') == name.trim_end_matches('s') { "him" } else { word }).collect();
            if says(CALM.seen.as_ref(), &called.join(" ")) {
                seen.extend(clear.find(&name).map(|at| (at, at + name.len())));
            }
        }
        heard.seen = heard.seeks && !unseen && heard.safe == 0 && heard.past == 0 && !seen.is_empty();
        if heard.seen {
            heard.found.extend(seen.into_iter().map(|(from, to)| Found { kind: SignKind::MissingPerson, force: Force::Danger, from, to }));
        }
        heard.place(about);
        heard
    }

    /// The signs of one sentence: weaker where it is about what was.
    fn sentence(&mut self, clear: &str, from: usize, to: usize) {
        let Some(text) = clear.get(from..to) else { return };
        let now = hits(CALM.now.as_ref(), text);
        let was = hits(CALM.past.as_ref(), text);
        // "Robbed last week, and he's just left with a knife": what comes after it, or is plainly now, is not past.
        let past =
            was.last().is_some_and(|(_, end)| now.iter().all(|(at, _)| at < end)) && !says(CALM.ongoing.as_ref(), text) && !says(CALM.at_once.as_ref(), text);
        self.past += usize::from(past);
        self.now |= !now.is_empty() && !past;
        if !past {
            self.found.extend(now.into_iter().map(|(at, end)| Found { kind: SignKind::Now, force: Force::Hint, from: from + at, to: from + end }));
        }
        for mut found in signs::find(text) {
            let before = text.get(..found.from).unwrap_or_default().trim_end();
            if found.force < Force::Sure && says(CALM.negation.as_ref(), before) {
                continue;
            }
            if past {
                found.force = Force::Hint;
            }
            found.from += from;
            found.to += from;
            self.found.push(found);
        }
    }

    /// Counts what is said, each place of the text once.
    fn count(&mut self) {
        let mut found: Vec<Found> = self.found.iter().copied().filter(|found| found.kind != SignKind::Now).collect();
        found.sort_by_key(|found| (std::cmp::Reverse(found.force), found.from));
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for one in found {
            if taken.iter().any(|(from, to)| one.from < *to && *from < one.to) {
                continue;
            }
            taken.push((one.from, one.to));
            match one.force {
                Force::Sure => self.sure += 1,
                Force::Danger => self.danger += 1,
                Force::Hint => self.hints += 1,
            }
        }
    }

    /// Places that the alert names too: its capitals, its roads, and what is given beside.
    fn place(&mut self, about: &About<'_>) {
        let mut names: BTreeSet<String> = about.places.iter().map(|place| Plain::of(place).words).collect();
        for (before, name) in about.alert_text.split_whitespace().zip(about.alert_text.split_whitespace().skip(1)) {
            let is_name = name.chars().next().is_some_and(char::is_uppercase) && !before.ends_with(['.', '?', '!', ':']);
            if is_name && name.chars().any(|c| c.is_lowercase() || c.is_ascii_digit()) {
                names.insert(Plain::of(name.trim_matches(|c: char| !c.is_alphanumeric())).words);
            }
        }
        for name in names.iter().filter(|name| name.len() > 1 && !ORDINARY.contains(&name.as_str())) {
            let at = self.plain.words.match_indices(name.as_str()).find(|(at, name)| {
                let edge = |c: Option<char>| c.is_none_or(|c| c == ' ');
                let (before, after) = (self.plain.words.get(..*at), self.plain.words.get(at + name.len()..));
                edge(before.and_then(|text| text.chars().next_back())) && edge(after.and_then(|text| text.chars().next()))
            });
            if let Some((at, name)) = at {
                self.near = true;
                self.found.push(Found { kind: SignKind::NearScene, force: Force::Hint, from: at, to: at + name.len() });
            }
        }
    }

    /// What speaks for danger less what speaks against.
    pub(super) fn points(&self) -> i32 {
        let of = |count: usize, most: usize| i32::try_from(count.min(most)).unwrap_or(0);
        let mut points = 6 * of(self.sure, 3) + 2 * of(self.danger, 3) + of(self.hints, 3);
        if self.sure + self.danger > 0 {
            points += 2 * i32::from(self.now) + i32::from(self.near);
        }
        points += 6 * i32::from(self.seen);
        points -= 6 * of(self.safe, 2) + 2 * of(self.mild, if self.sure > 0 && self.now { 2 } else { 4 }) + 2 * of(self.past, 2);
        points
    }

    /// How soon, by the rules and the chance that was learned.
    pub(super) fn urgency(&self, chance: Option<f32>) -> Urgency {
        let points = self.points();
        // What only sounds like danger, without one word of it, must sound very much so: most of what people write is ordinary.
        let alone = self.sure + self.danger == 0;
        let life = match chance {
            Some(chance) => chance >= if alone { ALONE } else { LIKELY } || points >= CERTAIN,
            None => points >= ENOUGH,
        };
        if life {
            Urgency::Life
        } else if points >= 4 || chance.is_some_and(|chance| chance >= if alone { LIKELY } else { POSSIBLE }) {
            Urgency::Raised
        } else {
            Urgency::None
        }
    }

    /// What the learned reader takes beside the words.
    pub(super) fn marks(&self) -> Vec<String> {
        let mut marks = vec![
            format!("sure {}", self.sure.min(3)),
            format!("danger {}", self.danger.min(3)),
            format!("hints {}", self.hints.min(3)),
            format!("now {}", self.now),
            format!("past {}", self.past.min(2)),
            format!("safe {}", self.safe.min(2)),
            format!("mild {}", self.mild.min(4)),
            format!("seen {}", self.seen),
            format!("seeks {}", self.seeks),
            format!("near {}", self.near),
            format!("short {}", self.words.min(24) / 4),
            format!("points {}", self.points().clamp(-6, 20) / 2),
        ];
        if self.seeks {
            marks.push(format!("seeks now {} {}", self.now, self.past > 0));
        }
        marks
    }

    /// The text as the rules read it, a mark for each letter of a figure of speech.
    pub(super) fn words(&self) -> &str {
        &self.clear
    }

    /// A sign of bytes in the plain text.
    pub(super) fn sign(&self, kind: SignKind, text: &str, from: usize, to: usize) -> Option<Sign> {
        let (start, end) = self.plain.came_from(from, to)?;
        Some(Sign { kind, said: text.get(start..end)?.to_owned(), start, end })
    }

    /// What is shown: all that is sure; what is less only where it counted.
    pub(super) fn signs(&self, text: &str, urgency: Urgency) -> Vec<Sign> {
        let least = match urgency {
            Urgency::None => return Vec::new(),
            _ if self.sure > 0 => Force::Danger,
            _ => Force::Hint,
        };
        let mut signs: Vec<Sign> = Vec::new();
        let mut found = self.found.clone();
        found.sort_by_key(|found| (std::cmp::Reverse(found.force), found.from, std::cmp::Reverse(found.to)));
        for one in found {
            let context = matches!(one.kind, SignKind::Now | SignKind::NearScene | SignKind::Child);
            if !context && one.force < least {
                continue;
            }
            let words = self.plain.words.get(one.from..one.to).unwrap_or_default();
            let from = one.from + (words.len() - words.trim_start().len());
            let to = one.to - (words.len() - words.trim_end().len());
            let Some(sign) = self.sign(one.kind, text, from, to.max(from)) else { continue };
            if !signs.iter().any(|other| other.kind == sign.kind && sign.start < other.end && other.start < sign.end) {
                signs.push(sign);
            }
        }
        signs.sort_by_key(|sign| (sign.start, sign.end));
        signs
    }
}

/// So many points are life by the rules alone, where nothing was learned.
const ENOUGH: i32 = 6;

/// So many are, whatever was learned.
const CERTAIN: i32 = 14;

/// From this chance on it is life: low, for a false alarm costs a look and a missed one may cost a life.
const LIKELY: f32 = 0.15;

/// The same where no rule heard a word of danger.
const ALONE: f32 = 0.4;

/// From this chance on it is read before its turn.
const POSSIBLE: f32 = 0.1;

/// The first name of whom an alert asks about: "Harold, 79".
fn name_in(alert: &str) -> Option<String> {
    static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(\p{Lu}[\p{L}'-]+)(?: \p{Lu}[\p{L}'-]+)*,? \(?(?:aged )?\d").ok());
    let found = NAME.as_ref()?.captures(alert)?;
    found.get(1).map(|name| Plain::of(name.as_str()).words)
}

/// Names of no place.
const ORDINARY: &[&str] = &[
    "police",
    "did",
    "do",
    "have",
    "please",
    "reply",
    "we",
    "if",
    "the",
    "white",
    "a",
    "saturday",
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "cctv",
    "road",
    "street",
    "church",
    "school",
    "watch",
    "park",
    "centre",
    "town",
    "bank",
    "stop",
    "ref",
    "neighbourhood",
    "team",
    "safer",
    "valley",
    "brown",
    "red",
];

/// The text with a mark for every letter of a figure of speech, so that places stay.
fn without_figures(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut done = 0;
    for (from, to) in hits(CALM.figures.as_ref(), words) {
        out.push_str(words.get(done..from).unwrap_or_default());
        out.extend(words.get(from..to).unwrap_or_default().bytes().map(|b| if b == b' ' { ' ' } else { '_' }));
        done = to;
    }
    out.push_str(words.get(done..).unwrap_or_default());
    out
}

/// Where each sentence begins and ends.
fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(" . ").chain(text.match_indices(" ? ")).collect::<std::collections::BTreeSet<_>>() {
        out.push((from, at + 2));
        from = at + 3;
    }
    out.push((from, text.len()));
    out
}
