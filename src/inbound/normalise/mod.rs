//! `[pure]` The visible reply: what the person wrote, with quotes and signatures folded, never deleted.
//!
//! Two things find the end of the answer: our own words, for we hold what we sent and know it however a mail program
//! dressed it ([`Body::known`]); and the marks that programs leave, in the mark-up (`html`) and in words (`marks`).
//! Signatures are stripped; answers between quotes stay in order with what they answer marked. Losing a sentence is far
//! worse than leaking a quote: anything doubtful stays visible.

mod divide;
mod html;
mod lines;
mod marks;
mod plain;
mod sent;
mod signature;

use std::cell::OnceCell;

use lines::{Line, Mark};
use sent::Sent;

use crate::domain::inbound::TextPart;

/// What the reply is found in, and what is known beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    /// Its readable parts.
    pub parts: &'a [TextPart],
    /// What was said before in this talk: the texts we sent them and theirs to us.
    pub known: &'a [&'a str],
    /// Addresses of ours, to tell a forwarded alert from a forwarded testimony; what follows a plus does not matter.
    pub ours: &'a [String],
    /// The subject says that something is passed on.
    pub passed_on: bool,
    /// Files came with it: then no words may be the whole answer.
    pub files: bool,
}

/// A mail's text in two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// What the person wrote.
    pub text: String,
    /// What was folded away.
    pub folded: String,
    /// How the two were parted.
    pub reasons: Vec<&'static str>,
}

/// Whether a subject says that the mail passes something on.
pub fn is_forward(subject: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "fw",
        "fwd",
        "wg",
        "tr",
        "rv",
        "i",
        "enc",
        "doorst",
        "vs",
        "vb",
        "vl",
        "pd",
        "továbbítás",
        "ilt",
        "πρθ",
        "转发",
        "轉寄",
        "转寄",
        "전달",
        "přep",
        "fs",
        "trans",
        "ynt fwd",
        "hth",
        "ff",
    ];
    subject.split_once([':', '：']).is_some_and(|(prefix, _)| PREFIXES.contains(&prefix.trim().to_lowercase().as_str()))
}

/// Splits a mail's readable parts.
pub fn visible(body: &Body<'_>) -> Visible {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for part in body.parts {
        if !lines.is_empty() {
            lines.push(Line::new("", 0));
        }
        match part {
            TextPart::Plain(text, flow) => lines.extend(plain::read(text, *flow)),
            TextPart::Html(text) => lines.extend(html::read(text)),
        }
    }
    let shares = Sent::of(body.known).share_of(&lines);
    let mut reader = Reader { body, lines: &lines, shares: &shares, roles: vec![Role::Said; lines.len()], reasons: Vec::new(), last_ours: OnceCell::new() };
    reader.assign();
    reader.divide()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The person's.
    Said,
    /// What they answer.
    Quoted,
    /// The line or block before what they answer.
    Intro,
    /// Somebody else's words that they pass on.
    Passed,
}

struct Reader<'a> {
    body: &'a Body<'a>,
    lines: &'a [Line<'a>],
    shares: &'a [f32],
    roles: Vec<Role>,
    reasons: Vec<&'static str>,
    /// The last line that is ours, or has a printed code; looked for once.
    last_ours: OnceCell<Option<usize>>,
}

/// A run of lines of one role, blanks with the run above.
#[derive(Clone, Copy)]
struct Run {
    role: Role,
    from: usize,
    to: usize,
}

impl Reader<'_> {
    fn assign(&mut self) {
        let mut at = 0;
        let (mut cut, mut first_intro) = (None, None);
        while at < self.lines.len() {
            let Some(line) = self.lines.get(at) else { break };
            if line.mark == Mark::Cut && !self.passes_on(at, at) {
                self.because("the mark-up says where the answered mail begins");
                cut = Some(at);
                first_intro = first_intro.or(Some(at));
            }
            if cut.is_some() {
                break;
            }
            if line.depth == 0
                && let Some(intro) = marks::intro(self.lines, at)
            {
                let end = at + intro.lines;
                if (intro.forward || self.body.passed_on) && self.passes_on(at, end) {
                    self.pass_on(at);
                    return;
                }
                self.because("a line or block of the mail program stands before the answered mail");
                first_intro = first_intro.or(Some(at));
                self.set(at, end, Role::Intro);
                if intro.cuts {
                    cut = Some(end);
                    break;
                }
                at = end;
                continue;
            }
            if line.depth == 1 && cut.is_none() && marks::forward_within(line) && self.passes_on(at, at + 1) {
                self.pass_on(at);
                return;
            }
            let ours = self.share(at) >= 0.999 && line.text.split_whitespace().nth(2).is_some();
            if line.depth > 0 || ours {
                self.set(at, at + 1, Role::Quoted);
            }
            at += 1;
        }
        if let Some(cut) = cut {
            self.after_the_cut(cut);
        }
        self.give_back_typed_marks(first_intro);
    }

    /// From here on it is what somebody else wrote, whatever marks stand before its lines.
    fn pass_on(&mut self, from: usize) {
        self.because("somebody else's words are passed on");
        self.set(from, self.lines.len(), Role::Passed);
    }

    /// Below a mark that cuts, lines are the answered mail, save what is surely the person's between our words.
    fn after_the_cut(&mut self, cut: usize) {
        let ours_below = self.lines.iter().enumerate().skip(cut).any(|(at, _)| self.share(at) >= 0.8);
        let refers = self.refers_to_below(cut);
        let coloured = refers && !ours_below && self.lines.iter().skip(cut).any(|line| answers_in_place(line));
        let mut at = cut;
        while at < self.lines.len() {
            let Some(line) = self.lines.get(at) else { break };
            let intro = marks::intro(self.lines, at).map(|intro| intro.lines);
            if let Some(count) = intro {
                self.set(at, at + count, Role::Intro);
                at += count;
                continue;
            }
            let theirs = if ours_below {
                self.share(at) < 0.5 && is_written(line) && line.depth <= 1 && !signature::is_footer(&line.text)
            } else {
                coloured && answers_in_place(line)
            };
            self.set(at, at + 1, if theirs && !line.is_blank() { Role::Said } else { Role::Quoted });
            at += 1;
        }
        if refers && !ours_below && !coloured {
            // They say that their answers stand below, and nothing tells them from the quote: it all stays in sight.
            self.because("answers are said to stand in the quote");
            let roles = self.roles.iter_mut().skip(cut);
            roles.filter(|role| **role == Role::Quoted).for_each(|role| *role = Role::Said);
        }
    }

    /// Quote marks that somebody typed as arrows: before the first mark of a program, and not our words.
    fn give_back_typed_marks(&mut self, first_intro: Option<usize>) {
        let Some(intro) = first_intro else {
            self.give_back_within_words();
            if self.body.known.is_empty() {
                return;
            }
            let quoted: Vec<usize> = (0..self.lines.len()).filter(|at| self.lines.get(*at).is_some_and(|line| line.depth == 1 && !line.is_blank())).collect();
            if !quoted.is_empty() && quoted.iter().all(|at| self.share(*at) < 0.5) {
                self.give_back(0, self.lines.len());
            }
            return;
        };
        let html = matches!(self.body.parts.first(), Some(TextPart::Html(_)));
        let ours_above = (0..intro).any(|at| self.share(at) >= 0.8);
        if !html && !ours_above {
            self.give_back(0, intro);
        }
    }

    /// "The plate was / > AB12 CDE / as I remember": a mail program sets a quote apart by blank lines; a few lines right between
    /// the person's own words are theirs.
    fn give_back_within_words(&mut self) {
        let own = |line: Option<&Line<'_>>| line.is_some_and(|line| line.depth == 0 && !line.is_blank());
        let Some(from) = self.lines.iter().position(|line| line.depth > 0) else { return };
        let to = self.lines.iter().skip(from).position(|line| line.depth == 0).map_or(self.lines.len(), |count| from + count);
        let few = to - from <= 3 && (from..to).all(|at| self.share(at) < 0.5);
        let rest_is_plain = self.lines.iter().skip(to).all(|line| line.depth == 0);
        if few && rest_is_plain && from > 0 && own(self.lines.get(from - 1)) && own(self.lines.get(to)) {
            self.give_back(from, to);
        }
    }

    fn give_back(&mut self, from: usize, to: usize) {
        for at in from..to {
            if self.lines.get(at).is_some_and(|line| line.depth > 0) {
                self.set(at, at + 1, Role::Said);
            }
        }
    }

    /// Whether a block introduces testimony that is passed on, not our own alert.
    fn passes_on(&self, from: usize, to: usize) -> bool {
        if !self.body.passed_on && self.lines.get(from).is_some_and(|line| line.mark == Mark::Cut) {
            return false;
        }
        let head = self.lines.iter().take(to + 6).skip(from).map(|line| line.text.to_lowercase());
        let from_us = head.clone().any(|text| self.body.ours.iter().any(|ours| mentions(&text, ours)));
        let last = self.last_ours.get_or_init(|| {
            (0..self.lines.len()).rev().find(|at| self.share(*at) >= 0.8 || self.lines.get(*at).is_some_and(|line| has_printed_code(&line.text)))
        });
        !from_us && last.is_none_or(|last| last < from)
    }

    /// The words above say that the answers are between the lines below: "my answers in red", "see replies below".
    fn refers_to_below(&self, cut: usize) -> bool {
        const ANSWERS: &[&str] = &[
            "answers",
            "answer",
            "answered",
            "replies",
            "comments",
            "responses",
            "responded",
            "replied",
            "antworten",
            "antwort",
            "réponses",
            "réponse",
            "risposte",
            "respuestas",
            "respostas",
            "odpowiedzi",
            "odpovědi",
            "svar",
            "antwoorden",
        ];
        const PLACES: &[&str] = &[
            "below",
            "red",
            "blue",
            "green",
            "bold",
            "inline",
            "line",
            "unten",
            "rot",
            "blau",
            "dessous",
            "rouge",
            "sotto",
            "rosso",
            "abajo",
            "rojo",
            "abaixo",
            "vermelho",
            "poniżej",
            "czerwono",
            "níže",
            "červeně",
            "nedan",
            "nedenfor",
            "between",
            "rood",
            "rött",
            "rødt",
            "underneath",
        ];
        self.lines.iter().take(cut).any(|line| {
            let lower = line.text.to_lowercase();
            lower.split(['.', '!', '?', ';']).any(|sentence| {
                let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
                words
                    .iter()
                    .enumerate()
                    .filter(|(_, word)| ANSWERS.contains(word))
                    .any(|(at, _)| words.iter().skip(at + 1).take(4).any(|word| PLACES.contains(word)))
            })
        })
    }

    fn share(&self, at: usize) -> f32 {
        self.shares.get(at).copied().unwrap_or(0.0)
    }

    fn set(&mut self, from: usize, to: usize, role: Role) {
        self.roles.iter_mut().take(to).skip(from).for_each(|one| *one = role);
    }

    fn because(&mut self, reason: &'static str) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

fn is_written(line: &Line<'_>) -> bool {
    line.text.chars().any(char::is_alphanumeric)
}

/// In a colour of its own, or after a name in brackets, as people and Outlook mark answers within a quote.
fn answers_in_place(line: &Line<'_>) -> bool {
    let text = line.text.trim();
    line.coloured && is_written(line) || text.starts_with('[') && text.find(']').is_some_and(|end| (2..=30).contains(&end) && text.len() > end + 2)
}

/// Whether a line names an address, whatever stands behind a plus in it.
fn mentions(text: &str, ours: &str) -> bool {
    let Some((local, host)) = ours.split_once('@') else { return false };
    text.contains(host) && text.contains(local)
}

/// `K7Q2M-9FDM`, as printed under every alert.
fn has_printed_code(text: &str) -> bool {
    text.len() < 2_000
        && text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .filter_map(|word| word.split_once('-'))
            .any(|(reference, code)| code.len() == 4 && reference.len() == 5 && crate::domain::reference::parse_reference(reference).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inbound::Flow;

    const SENT: &str =
        "Three garages on Mill Lane were broken into.\n\nDo you have CCTV or a dashcam that covers Mill Lane?\n\nDid you see the white van near the bridge?";

    fn reply(text: &str) -> Visible {
        visible(&Body { parts: &[TextPart::Plain(text.to_owned(), Flow::default())], ..Body::default() })
    }

    fn of(text: &str) -> Visible {
        visible(&Body { parts: &[TextPart::Plain(text.to_owned(), Flow::default())], known: &[SENT], ..Body::default() })
    }

    fn of_html(text: &str) -> Visible {
        visible(&Body { parts: &[TextPart::Html(text.to_owned())], ..Body::default() })
    }

    #[test]
    fn the_quote_and_the_signature_are_folded() {
        let visible =
            reply("I saw it at 9.\n\nJo\n-- \nSent from a phone\n\nOn Mon, 1 Jan 2025, Derbyshire Alert\n<a@b> wrote:\n\n> Have you seen\n> a van?\n");
        assert_eq!(visible.text, "I saw it at 9.\n\nJo");
        assert!(visible.folded.contains("> a van?") && visible.folded.contains("Sent from a phone"));
    }

    #[test]
    fn an_answer_below_the_quote_stays_and_answers_between_keep_their_question() {
        assert_eq!(reply("> Have you seen a van?\n\nYes, on Mill Lane.\n").text, "Yes, on Mill Lane.");
        assert_eq!(reply("> Seen it?\n\nYes.\n\n> Where?\n\nAt the weir.").text, "> Seen it?\n\nYes.\n\n> Where?\n\nAt the weir.");
    }

    #[test]
    fn our_own_words_are_known_without_any_mark() {
        assert_eq!(
            of("Yes, a Transit.\n\nThree garages on Mill Lane\nwere broken into.\n\nDo you have CCTV or a dashcam that\ncovers Mill Lane?").text,
            "Yes, a Transit."
        );
        assert_eq!(
            of("Did you see the white van near the bridge? Yes I did").text,
            "Did you see the white van near the bridge? Yes I did",
            "an answer on the same line stays"
        );
    }

    #[test]
    fn an_answer_in_the_middle_of_an_unmarked_quote_is_found_by_what_we_sent() {
        let visible = of(
            "See below.\n\n-----Original Message-----\nFrom: Derbyshire Alert\n\nThree garages on Mill Lane were broken into.\n\nDo you have CCTV or a dashcam that covers Mill Lane?\n\nOn the gable, yes.\n\nDid you see the white van near the bridge?\n\nNo.",
        );
        assert_eq!(
            visible.text,
            "See below.\n\n> Do you have CCTV or a dashcam that covers Mill Lane?\n\nOn the gable, yes.\n\n> Did you see the white van near the bridge?\n\nNo."
        );
    }

    #[test]
    fn html_is_read_as_a_person_sees_it() {
        let visible = of_html(
            "<html><head><title>x</title><style>p{}</style></head><body><div>Saw it &amp; heard it.</div><div><br></div><div>Jo</div><div class=gmail_quote><div class=gmail_attr>On x wrote:</div><blockquote>Seen?</blockquote></div></body>",
        );
        assert_eq!(visible.text, "Saw it & heard it.\n\nJo");
        assert_eq!(of_html("<p>a<p>b<br>c").text, "a\n\nb\nc");
        assert_eq!(of_html("<p>The clip is <a href='https://v.example/1'>here</a></p>").text, "The clip is here (https://v.example/1)");
        assert_eq!(of_html("<div style='display: none'>seen by nobody</div>words").text, "words");
    }

    #[test]
    fn nothing_is_ever_lost() {
        for body in ["", "On the corner I saw him", "-- \nJo", "> only a quote", "From: the bridge he ran", "On Monday she wrote: nothing"] {
            let visible = reply(body);
            let both = format!("{}{}", visible.text, visible.folded);
            for word in body.split_whitespace() {
                assert!(both.contains(word), "{word} of {body:?} is gone");
            }
        }
        assert_eq!(reply("On the corner I saw him").text, "On the corner I saw him");
    }

    #[test]
    fn a_single_answer_between_the_lines_of_a_quote_keeps_its_question() {
        let visible = reply("Saw a van. Green.\n\n> Dear resident,\n>\n> Did you see a white van?\n\nGreen, not white\n\n> Helen");
        assert_eq!(visible.text, "Saw a van. Green.\n\n> Did you see a white van?\n\nGreen, not white");
        assert_eq!(reply("> Did you see a white van?\n\nGreen, not white").text, "Green, not white", "below a quote it is plain");
    }

    #[test]
    fn a_line_set_in_an_arrow_amid_their_own_words_is_theirs() {
        let body = "The plate was\n> FJ12 ABC\nthat is how I wrote it down.";
        let parts = [TextPart::Plain(body.to_owned(), crate::domain::inbound::Flow::default())];
        let visible = super::visible(&Body { parts: &parts, known: &[], ours: &[], passed_on: false, files: false });
        assert!(visible.text.contains("FJ12 ABC") && visible.folded.is_empty(), "{visible:?}");
    }

    proptest::proptest! {
        #[test]
        fn every_word_survives(body in "[a-zA-Z>:\\- \n.]{0,200}") {
            let visible = of(&body);
            let both = format!("{}\n{}", visible.text, visible.folded);
            for word in body.split_whitespace().map(|word| word.trim_matches('>')) {
                proptest::prop_assert!(both.contains(word));
            }
        }

        #[test]
        fn any_html_is_read(body in "\\PC{0,300}", tags in "(<[/a-z]{1,9}>|[a-z ]{0,5}){0,60}") {
            let _text = of_html(&body);
            let _tags = of_html(&tags);
        }
    }
}
