//! `[pure]` What somebody looks for, read from one line, and how well a text fits it.
//!
//! Words are all wanted; `"a phrase"` stands together; `van*` begins so; `-white` is not wanted. A plate or a postcode is found
//! with or without its blank. What the line says that search does not know is an error with what to write instead: to leave
//! it out silently would show an officer something else than they asked for.

use super::fold;

/// More than anybody writes.
const LONGEST: usize = 200;
const MOST_WORDS: usize = 12;

/// One way in which a text can fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// This word.
    Word(String),
    /// A word that begins so.
    Prefix(String),
    /// These words, one behind the other.
    Phrase(Vec<String>),
    /// All of these, anywhere.
    All(Vec<String>),
}

/// One part of what is asked: any of its terms will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its terms, at least one.
    pub any: Vec<Term>,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these must fit; at least one.
    pub wanted: Vec<Clause>,
    /// None of these may.
    pub unwanted: Vec<Clause>,
}

/// Why a line cannot be looked for. The sentence is shown to the officer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing there.
    #[error("Write a word, a name, a registration or a postcode to look for")]
    Empty,
    /// Only what is not wanted.
    #[error("Add a word to look for: what stands behind a minus only takes results away")]
    OnlyMinus,
    /// A quote without its end.
    #[error("Close the quotation marks: a phrase has them before and behind it")]
    OpenQuote,
    /// A star elsewhere than behind two letters.
    #[error("Put * behind at least two letters or digits, like van*: it stands for the rest of the word")]
    Star,
    /// Words of other systems.
    #[error("Leave out {0}: all words are wanted anyway, \"quotation marks\" keep words together, and a minus takes a word away")]
    Operator(String),
    /// A field that there is none of.
    #[error("Leave out {0}: use the choices under the box to narrow the search")]
    Field(String),
    /// Too much.
    #[error("Look for 12 words at the most")]
    TooLong,
}

impl Query {
    /// Reads a line.
    pub fn read(line: &str) -> Result<Self, Fault> {
        if line.chars().count() > LONGEST {
            return Err(Fault::TooLong);
        }
        let mut query = Self::default();
        // Words in a row, of which neighbours may be one plate.
        let mut row: Vec<String> = Vec::new();
        for part in parts(line)? {
            match part {
                Part::Plain(text) => {
                    refuse(&text)?;
                    match star(&text)? {
                        Some(prefix) => {
                            query.wanted.extend(clauses(&row));
                            row.clear();
                            query.wanted.push(prefix);
                        }
                        None => row.extend(folded(&text)),
                    }
                }
                Part::Quoted(text) => {
                    query.wanted.extend(clauses(&row));
                    row.clear();
                    query.wanted.extend(phrase(folded(&text)));
                }
                Part::Minus(text, quoted) => {
                    refuse(&text)?;
                    let starred = if quoted { None } else { star(&text)? };
                    query.unwanted.extend(starred.or_else(|| phrase(folded(&text))));
                }
            }
        }
        query.wanted.extend(clauses(&row));
        match (query.wanted.is_empty(), query.unwanted.is_empty()) {
            (true, true) => Err(Fault::Empty),
            (true, false) => Err(Fault::OnlyMinus),
            (false, _) if query.words() > MOST_WORDS => Err(Fault::TooLong),
            (false, _) => Ok(query),
        }
    }

    /// How many words were written.
    pub fn words(&self) -> usize {
        let of = |clause: &Clause| match clause.any.first() {
            Some(Term::Phrase(words) | Term::All(words)) => words.len(),
            Some(_) => 1,
            None => 0,
        };
        self.wanted.iter().chain(&self.unwanted).map(of).sum()
    }

    /// The same without regard to what stands beside what, and to what is not wanted: quick to count, and never fewer.
    #[must_use]
    pub fn relaxed(&self) -> Self {
        let loose = |term: &Term| match term {
            Term::Phrase(words) => Term::All(words.clone()),
            other => other.clone(),
        };
        let wanted = self.wanted.iter().map(|clause| Clause { any: clause.any.iter().map(loose).collect() }).collect();
        Self { wanted, unwanted: Vec::new() }
    }

    /// Whether an entry of the index fits, and how well: 0 where it does not.
    pub fn fit(&self, words: &str, joined: &str) -> f64 {
        let words: Vec<&str> = words.split(' ').collect();
        let joins: Vec<&str> = joined.split(' ').collect();
        let times = |clause: &Clause| clause.any.iter().map(|term| term.times(&words, &joins)).max().unwrap_or(0);
        if self.unwanted.iter().any(|clause| times(clause) > 0) {
            return 0.0;
        }
        // Once is much, twice is more, and in a long text less than in a short one.
        let length = f64::from(u32::try_from(words.len()).unwrap_or(u32::MAX));
        let mut sum = 0.0;
        for clause in &self.wanted {
            let times = f64::from(u32::try_from(times(clause)).unwrap_or(u32::MAX));
            if times == 0.0 {
                return 0.0;
            }
            sum += times / (times + 0.4 + length / 80.0);
        }
        let sum = sum / f64::from(u32::try_from(self.wanted.len().max(1)).unwrap_or(u32::MAX));
        sum + if self.stands_in_order(&words) { 0.5 } else { 0.0 }
    }

    /// All that is wanted, one behind the other as it was written.
    fn stands_in_order(&self, words: &[&str]) -> bool {
        let written: Vec<&str> = self
            .wanted
            .iter()
            .filter_map(|clause| clause.any.first())
            .flat_map(|term| match term {
                Term::Phrase(words) | Term::All(words) => words.iter().map(String::as_str).collect(),
                Term::Word(word) | Term::Prefix(word) => vec![word.as_str()],
            })
            .collect();
        written.len() > 1 && words.windows(written.len()).any(|window| window == written)
    }

    /// The places in a text to be shown as found.
    pub fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let words = fold::words(text);
        let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
        let mut places = Vec::new();
        for term in self.wanted.iter().flat_map(|clause| &clause.any) {
            for (first, count) in term.stands(&folded) {
                if let (Some(first), Some(last)) = (words.get(first), words.get(first + count - 1)) {
                    places.push(first.at.start..last.at.end);
                }
            }
        }
        places.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
        let mut apart: Vec<std::ops::Range<usize>> = Vec::new();
        for place in places {
            match apart.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    }
}

impl Term {
    fn times(&self, words: &[&str], joins: &[&str]) -> usize {
        match self {
            Self::Word(word) => words.iter().chain(joins).filter(|found| *found == word).count(),
            Self::Prefix(head) => words.iter().chain(joins).filter(|found| found.starts_with(head.as_str())).count(),
            Self::Phrase(phrase) => words.windows(phrase.len().max(1)).filter(|window| window == phrase).count(),
            Self::All(all) => all.iter().map(|word| words.iter().chain(joins).filter(|found| *found == word).count()).min().unwrap_or(0),
        }
    }

    /// First word and how many, for each place where it stands.
    fn stands(&self, words: &[&str]) -> Vec<(usize, usize)> {
        let singly = |is: &dyn Fn(&str) -> bool| words.iter().enumerate().filter(|(_, word)| is(word)).map(|(at, _)| (at, 1)).collect::<Vec<_>>();
        match self {
            Self::Word(sought) => {
                let mut found = singly(&|word| word == sought);
                for count in 2..=3 {
                    let joins = |window: &&[&str]| fold::joined(window).is_some_and(|joined| joined == *sought);
                    found.extend(words.windows(count).enumerate().filter(|(_, window)| joins(window)).map(|(at, _)| (at, count)));
                }
                found
            }
            Self::Prefix(head) => singly(&|word| word.starts_with(head.as_str())),
            Self::Phrase(phrase) => {
                words.windows(phrase.len().max(1)).enumerate().filter(|(_, window)| window == phrase).map(|(at, _)| (at, phrase.len())).collect()
            }
            Self::All(all) => singly(&|word| all.iter().any(|sought| word == sought)),
        }
    }
}

enum Part {
    Plain(String),
    Quoted(String),
    /// And whether it was quoted.
    Minus(String, bool),
}

/// The line taken apart at blanks and quotation marks.
fn parts(line: &str) -> Result<Vec<Part>, Fault> {
    let (mut parts, mut rest) = (Vec::new(), line.trim_start());
    while let Some(first) = rest.chars().next() {
        let minus = matches!(first, '-' | '−' | '–') && rest.chars().nth(1).is_some_and(|next| !next.is_whitespace());
        if minus {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        let opened = rest.chars().next().filter(|c| matches!(c, '"' | '“' | '”' | '„'));
        if let Some(mark) = opened {
            let inner = rest.get(mark.len_utf8()..).unwrap_or_default();
            let end = inner.find(['"', '“', '”']).ok_or(Fault::OpenQuote)?;
            let text = inner.get(..end).unwrap_or_default().to_owned();
            let closing = inner.get(end..).and_then(|tail| tail.chars().next()).map_or(1, char::len_utf8);
            parts.push(if minus { Part::Minus(text, true) } else { Part::Quoted(text) });
            rest = inner.get(end + closing..).unwrap_or_default();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”')).unwrap_or(rest.len());
            let text = rest.get(..end).unwrap_or_default().to_owned();
            parts.push(if minus { Part::Minus(text, false) } else { Part::Plain(text) });
            rest = rest.get(end..).unwrap_or_default();
        }
        rest = rest.trim_start();
    }
    Ok(parts)
}

/// What other systems know and this one does not.
fn refuse(text: &str) -> Result<(), Fault> {
    if matches!(text, "AND" | "OR" | "NOT" | "NEAR" | "&" | "&&" | "|" | "||" | "+") || text.starts_with('(') || text.ends_with(')') {
        return Err(Fault::Operator(text.to_owned()));
    }
    if let Some((field, value)) = text.split_once(':')
        && field.len() > 1
        && field.chars().all(char::is_alphabetic)
        && !value.starts_with("//")
        && !value.is_empty()
    {
        return Err(Fault::Field(format!("{field}:")));
    }
    Ok(())
}

/// The beginning of a word, if a star says so.
fn star(text: &str) -> Result<Option<Clause>, Fault> {
    if !text.contains('*') {
        return Ok(None);
    }
    let head = text.strip_suffix('*').filter(|head| !head.contains('*')).ok_or(Fault::Star)?;
    match folded(head).as_slice() {
        [head] if head.chars().count() >= 2 => Ok(Some(Clause { any: vec![Term::Prefix(head.clone())] })),
        _ => Err(Fault::Star),
    }
}

fn folded(text: &str) -> Vec<String> {
    fold::words(text).into_iter().map(|word| word.folded).collect()
}

/// Words that stand together; a single one is only a word. Together they may be one plate.
fn phrase(words: Vec<String>) -> Option<Clause> {
    let refs: Vec<&str> = words.iter().map(String::as_str).collect();
    let one = fold::joined(&refs).map(Term::Word);
    let first = match words.as_slice() {
        [] => return None,
        [word] => Term::Word(word.clone()),
        _ => Term::Phrase(words),
    };
    Some(Clause { any: std::iter::once(first).chain(one).collect() })
}

/// Words in a row: each on its own, but neighbours that may be a plate are wanted apart or as one.
fn clauses(row: &[String]) -> Vec<Clause> {
    let (mut clauses, mut rest) = (Vec::new(), row);
    while let Some((first, tail)) = rest.split_first() {
        let join = [3, 2].into_iter().find_map(|count| {
            let together = rest.get(..count)?;
            fold::joined(&together.iter().map(String::as_str).collect::<Vec<_>>()).map(|one| (together, one))
        });
        match join {
            Some((together, one)) => {
                clauses.push(Clause { any: vec![Term::All(together.to_vec()), Term::Word(one)] });
                rest = rest.get(together.len()..).unwrap_or_default();
            }
            None => {
                clauses.push(Clause { any: vec![Term::Word(first.clone())] });
                rest = tail;
            }
        }
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(line: &str) -> String {
        let term = |term: &Term| match term {
            Term::Word(word) => word.clone(),
            Term::Prefix(head) => format!("{head}*"),
            Term::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Term::All(words) => format!("[{}]", words.join(" ")),
        };
        let clause = |clause: &Clause| clause.any.iter().map(term).collect::<Vec<_>>().join("|");
        match Query::read(line) {
            Ok(query) => query.wanted.iter().map(clause).chain(query.unwanted.iter().map(|found| format!("-{}", clause(found)))).collect::<Vec<_>>().join(" "),
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn a_line_is_read_as_officers_write_it() {
        for (line, expected) in [
            ("white van", "white van"),
            ("  White\tVAN ", "white van"),
            ("\"white van\" -ford", "\"white van\" -ford"),
            ("“white van” café", "\"white van\" cafe"),
            ("lad* -\"red car\"", "lad* -\"red car\""),
            ("AB12 CDE", "[ab12 cde]|ab12cde"),
            ("\"ab12 cde\"", "\"ab12 cde\"|ab12cde"),
            ("AB 12 CDE", "[ab 12 cde]|ab12cde"),
            ("ab12cde", "ab12cde"),
            ("silver DE45 1AA golf", "silver [de45 1aa]|de451aa golf"),
            ("o'clock", "oclock"),
            ("07700-900123", "07700 900123"),
            ("21:30 https://a.example", "21 30 https a example"),
            ("-white", "OnlyMinus"),
            ("", "Empty"),
            ("…", "Empty"),
            ("\"white van", "OpenQuote"),
            ("*van", "Star"),
            ("v*", "Star"),
            ("v*n*", "Star"),
            ("van OR car", "Operator(\"OR\")"),
            ("(van", "Operator(\"(van\")"),
            ("from:bob", "Field(\"from:\")"),
            ("a b c d e f g h i j k l m", "TooLong"),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    #[test]
    fn a_text_fits_if_all_that_is_wanted_is_there_and_better_the_more_it_says_it() {
        let fit = |line: &str, text: &str| {
            let (words, joined) = fold::entry(text);
            Query::read(line).unwrap().fit(&words, &joined)
        };
        assert!(fit("ab12cde", "saw AB12 CDE there") > 0.0);
        assert!(fit("AB12 CDE", "saw ab12cde there") > 0.0);
        assert!(fit("white van", "the van was white") > 0.0);
        assert!(fit("white van", "the white van") > fit("white van", "the van was white"));
        assert!(fit("van", "van, the van") > fit("van", "van, the car"));
        assert!(fit("van", "a van") > fit("van", &format!("a van {}", "and so on ".repeat(50))));
        for (line, text) in [("white van", "a white car"), ("van -white", "a white van"), ("\"white van\"", "white old van"), ("lad*", "a glad man")] {
            assert!(fit(line, text) <= 0.0, "{line}: {text}");
        }
    }

    #[test]
    fn what_was_found_is_shown_where_it_stands() {
        let shown = |line: &str, text: &'static str| Query::read(line).unwrap().places(text).into_iter().map(|at| &text[at]).collect::<Vec<_>>();
        assert_eq!(shown("cafe van*", "The Café, two vans"), ["Café", "vans"]);
        assert_eq!(shown("ab12cde", "it was AB12 CDE."), ["AB12 CDE"]);
        assert_eq!(shown("\"white van\" van", "white van and van"), ["white van", "van"]);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,60}|[\"*a -]{0,20}", text in "\\PC{0,60}") {
            if let Ok(query) = Query::read(&line) {
                let (words, joined) = fold::entry(&text);
                let _fits = query.fit(&words, &joined);
                for place in query.places(&text) {
                    prop_assert!(text.get(place).is_some());
                }
            }
        }
    }
}
