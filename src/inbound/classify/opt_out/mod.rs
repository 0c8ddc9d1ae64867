//! `[pure]` What a text asks of us: out, in, help, wrong number, or nothing of the kind; always with the rule that said so.
//!
//! A resident who wants out is out at once, however they say it; a witness whose sentence begins with "Stop" is heard. So there
//! are three outcomes of an opt-out (design section 8): *opt_out* acts by itself; *review* is kept, shown to the officer and
//! asked about, when a wish stands beside a report or a condition; *message* is anything else. The content is kept in each.
//!
//! Rules, in order (sms.md section 7): a reaction that quotes us; the whole text is a word; letters with blanks between; near
//! misses of STOP; our own instruction quoted back; then clause by clause, what the person asks and what else they say.

pub mod learned;
pub mod mail;
mod normal;
mod phrases;
mod senses;
mod words;

use std::sync::LazyLock;

use crate::inbound::phrases::Anywhere;

use phrases::{Clause, Saying};

crate::words! {
    /// What a text asks.
    TextClass {
        /// No more.
        OptOut = "opt_out",
        /// Again, please.
        OptIn = "opt_in",
        /// How does this work.
        Help = "help",
        /// The number is somebody else's now.
        WrongNumber = "wrong_number",
        /// Perhaps they want out: an officer looks, and they are asked.
        Review = "review",
        /// Anything else.
        Message = "message",
    }
}

/// How far an opt-out goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every number of the SMS pool.
    Texts,
    /// Every channel: `STOP ALL`.
    Everything,
    /// One interest group, by its slug: `STOP dog walkers`.
    Group(String),
}

/// What is known of the thread when a text is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// We asked them to answer YES or NO: then "cancel", "end" and "no" are answers. STOP always wins.
    pub open_question: bool,
    /// Slug and name of each interest group.
    pub groups: &'a [(String, String)],
}

/// A class with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the text asks.
    pub class: TextClass,
    /// Which rule said so.
    pub rule: &'static str,
    /// How far, if it is an opt-out.
    pub scope: Scope,
}

impl Verdict {
    /// Whether the text is nothing but the word.
    pub fn is_bare(&self) -> bool {
        matches!(self.rule, "word" | "letters" | "near_miss" | "sign" | "group")
    }

    const fn of(class: TextClass, rule: &'static str) -> Self {
        Self { class, rule, scope: Scope::Texts }
    }
}

/// Longer texts are letters: nobody asks for STOP in a thousand words, and rules for words would only find quotations in them.
const LONGEST_CHARS: usize = 2_000;

/// "s . t . o . p please" and the like are no longer.
const SHORT_BYTES: usize = 30;

/// From this chance on a text is a farewell although no rule knows it, unless it tells of something.
const SURE: f32 = 0.95;
/// The same where a rule heard STOP or a wish among other words: to go on writing to such a person would be worse.
const SURE_WITH_A_WORD: f32 = 0.60;
/// From this chance on an officer looks.
const PERHAPS: f32 = 0.60;
/// Somebody or something else is in the text: whoever writes of them may be a witness, and is not silenced by likeness alone.
static OTHERS: LazyLock<Anywhere> = LazyLock::new(|| {
    Anywhere::of(&[
        " he ",
        " she ",
        " he's ",
        " she's ",
        " hes ",
        " shes ",
        " him ",
        " his ",
        " her ",
        " man ",
        " men ",
        " bloke ",
        " lad ",
        " lads ",
        " woman ",
        " girl ",
        " boy ",
        " kid ",
        " child ",
        " someone ",
        " somebody ",
        " car ",
        " van ",
        " bus ",
        " bike ",
        " house ",
        " door ",
        " help ",
        " locked ",
        " knife ",
        " saw ",
        " seen ",
        " heard ",
        " police ",
    ])
});

/// Who says more than this says more than a farewell.
const FEW_WORDS: usize = 60;

/// Reads a text.
pub fn read(text: &str, context: &Context<'_>) -> Verdict {
    read_by(text, context, learned::learned())
}

/// A text in the form that all rules read: small letters, plain quotes, without what cannot be seen.
pub fn plain(text: &str) -> String {
    normal::plain(text)
}

/// Reads a text by the rules and, where they hear nothing, by what was learned.
pub fn read_by(text: &str, context: &Context<'_>, model: Option<&learned::Model>) -> Verdict {
    let ruled = by_rules(text, context);
    // A rule that heard something else stands: an answer to our question, a reaction, a wish to stay.
    let sure = match ruled.rule {
        "no_such_words" | "message" | "perhaps" | "asked_how" => SURE,
        "word_and_more" | "wish_and_report" | "conditional" => SURE_WITH_A_WORD,
        _ => return ruled,
    };
    let Some(model) = model else { return ruled };
    let own = normal::without_our_words(&normal::without_signature(&normal::plain(text)));
    let score = model.score(&own);
    let clauses = phrases::clauses(&own);
    let others = ruled.class == TextClass::Message && OTHERS.is_in(&format!(" {} ", normal::words(&own)));
    let tells = others || clauses.iter().any(|clause| clause.tells);
    let words: usize = clauses.iter().map(|clause| clause.words).sum();
    if score.out >= sure && !tells && !context.open_question && words <= FEW_WORDS {
        return Verdict::of(TextClass::OptOut, "learned");
    }
    if score.wish >= PERHAPS && ruled.class == TextClass::Message {
        return Verdict::of(TextClass::Review, "learned");
    }
    ruled
}

/// Reads a text by the rules alone: what is certain at once, some microseconds a text, before it is acknowledged.
pub fn by_rules(text: &str, context: &Context<'_>) -> Verdict {
    if text.chars().count() > LONGEST_CHARS {
        return Verdict::of(TextClass::Message, "long");
    }
    let plain = normal::plain(text);
    // Most texts are sightings, and have none of the words that any wish has. Short ones may be letters with blanks between.
    if plain.len() > SHORT_BYTES && plain.is_ascii() && !STEMS.is_in(&plain) {
        return Verdict::of(TextClass::Message, "no_such_words");
    }
    if normal::is_reaction(&plain) {
        return Verdict::of(TextClass::Message, "reaction");
    }
    let whole = normal::words(&normal::without_signature(&plain));
    if whole.is_empty() && plain.chars().filter(|c| !c.is_whitespace()).all(|c| matches!(c, '🛑' | '🚫' | '⛔' | '📵' | '🔕')) && !plain.trim().is_empty()
    {
        return Verdict::of(TextClass::OptOut, "sign");
    }
    if whole.is_empty() {
        return Verdict::of(TextClass::Message, "no_words");
    }
    if let Some(verdict) = by_word(&whole, &plain, context) {
        return verdict;
    }
    // As spoken on the radio.
    if whole.ends_with("over and out") || whole.starts_with("roger") {
        return Verdict::of(TextClass::Message, "radio");
    }
    let own = normal::without_our_words(&normal::without_signature(&plain));
    let rest = normal::words(&own);
    if rest != whole {
        if rest.is_empty() {
            // The instruction alone is what somebody types who follows it to the letter; a tap on our text is a reaction, above.
            return Verdict::of(TextClass::OptOut, "instruction_typed");
        }
        if let Some(verdict) = by_word(&rest, &own, context) {
            return verdict;
        }
    }
    // Most texts are sightings: what has none of the words that any wish has need not be taken apart.
    if !STEMS.is_in(&own) {
        return Verdict::of(TextClass::Message, "no_such_words");
    }
    by_sense(&phrases::clauses(&own), context)
}

/// Beginnings of words of which every sentence that asks something of us has at least one.
static STEMS: LazyLock<Anywhere> = LazyLock::new(|| {
    Anywhere::of(&[
        "sto",
        "stp",
        "sot",
        "unsub",
        "un sub",
        "opt",
        "cancel",
        "end ",
        "quit",
        "cease",
        "desist",
        "discont",
        "remov",
        "remve",
        "rmove",
        "delet",
        "eras",
        "take",
        "tek",
        "tak",
        "tayk",
        "list",
        "text",
        "txt",
        "tex",
        "tx ",
        "msg",
        "mess",
        "mes",
        "mass",
        "alert",
        "send",
        "sent",
        "sms",
        "more",
        "mor ",
        "off",
        "orf",
        "out",
        "alone",
        "leave",
        "block",
        "bother",
        "mither",
        "pest",
        "interest",
        "enough",
        "sick of",
        "tired of",
        "fed up",
        "wrong",
        "rong",
        "number",
        "nobody",
        "no one",
        "phone",
        "mobile",
        "sim",
        "never heard",
        "know ",
        "meant for",
        "intended",
        "start",
        "join",
        "sub",
        "sign",
        "add me",
        "put me",
        "put us",
        "turn",
        "resume",
        "mind",
        "mistake",
        "help",
        "info",
        "how ",
        "what",
        "wot",
        "about",
        "explain",
        "fuck",
        "piss",
        "bugger",
        "naff",
        "pack it",
        "give over",
        "shut up",
        "belt up",
        "contact",
        "consent",
        "lose my",
        "forget my",
        "bin my",
        "ditch",
        "get rid",
        "end my",
        "end the",
        "harass",
        "spam",
        "receiv",
        "get the",
        "these",
        "them",
        "peid",
        "paid",
        "tynn",
        "thynn",
        "dynn",
        "dile",
        "dim",
        "eisiau",
        "isio",
        "moyn",
        "gadew",
        "hoffwn",
        "dechr",
        "ymun",
        "tanys",
        "danys",
        "sut ",
        "beth ",
        "pwy ",
        "rhif",
        "ffon",
        "anfon",
        "stia",
        "canslo",
        "gorau",
        "not ",
        "isn't",
        "isnt",
        "who",
    ])
});

/// The whole text is a word, or very nearly.
fn by_word(whole: &str, plain: &str, context: &Context<'_>) -> Option<Verdict> {
    let bare = words::without_courtesies(whole);
    let once = words::said_once(&bare);
    if let Some(word) = words::opt_out(&once) {
        if plain.contains('?') {
            return Some(Verdict::of(TextClass::Review, "word_asked"));
        }
        let answer = context.open_question && words::may_be_an_answer(word);
        return Some(match word {
            _ if answer => Verdict::of(TextClass::Message, "answer"),
            "stop all" | "stopall" => Verdict { scope: Scope::Everything, ..Verdict::of(TextClass::OptOut, "word") },
            _ => Verdict::of(TextClass::OptOut, "word"),
        });
    }
    if let Some(slug) = words::group(&once, context.groups) {
        return Some(Verdict { scope: Scope::Group(slug), ..Verdict::of(TextClass::OptOut, "group") });
    }
    if words::is_opt_in(&once) {
        return Some(Verdict::of(TextClass::OptIn, "word"));
    }
    // Whoever shouts for help may be in danger.
    if words::is_help(&once) && !plain.contains("!!") {
        return Some(Verdict::of(TextClass::Help, "word"));
    }
    if let Some(joined) = words::letters_joined(whole)
        && words::opt_out(&joined).is_some()
    {
        return Some(Verdict::of(TextClass::OptOut, "letters"));
    }
    (words::is_near_miss(&once) || words::all_mean_stop(&bare)).then(|| Verdict::of(TextClass::OptOut, "near_miss"))
}

/// What the clauses say together.
fn by_sense(clauses: &[Clause], context: &Context<'_>) -> Verdict {
    let said = |saying: Saying| clauses.iter().any(|clause| clause.saying == saying);
    let report = said(Saying::Report) || clauses.iter().any(|clause| clause.tells && clause.saying != Saying::WrongNumber);
    if said(Saying::Stay) {
        return Verdict::of(TextClass::Message, "wants_to_stay");
    }
    if said(Saying::Conditional) {
        return Verdict::of(TextClass::Review, "conditional");
    }
    if said(Saying::Wish) {
        return if report { Verdict::of(TextClass::Review, "wish_and_report") } else { Verdict::of(TextClass::OptOut, "phrase") };
    }
    if said(Saying::AskedHow) && !said(Saying::Word) {
        return Verdict::of(TextClass::Review, "asked_how");
    }
    if let Some(word) = clauses.iter().find(|clause| clause.saying == Saying::Word) {
        let others = clauses.iter().filter(|clause| clause.saying != Saying::Word);
        let alone = others
            .clone()
            .all(|clause| matches!(clause.saying, Saying::Filler | Saying::Name | Saying::Reason | Saying::WrongNumber | Saying::Perhaps | Saying::AskedHow));
        return match (alone && !report, report) {
            (true, _) if !context.open_question => Verdict::of(TextClass::OptOut, "word_and_filler"),
            // "Stop! There is a man on the roof" is no farewell.
            (_, true) if word.end == '!' || (word.end == ',' && word.words == 1) => Verdict::of(TextClass::Message, "word_before_report"),
            _ => Verdict::of(TextClass::Review, "word_and_more"),
        };
    }
    if said(Saying::WrongNumber) {
        return if clauses.iter().any(|clause| clause.tells) {
            Verdict::of(TextClass::Message, "report")
        } else {
            Verdict::of(TextClass::WrongNumber, "phrase")
        };
    }
    if said(Saying::Return) {
        return if clauses.iter().any(|clause| clause.tells) { Verdict::of(TextClass::Message, "report") } else { Verdict::of(TextClass::OptIn, "phrase") };
    }
    if said(Saying::Question) && !report {
        return Verdict::of(TextClass::Help, "phrase");
    }
    if said(Saying::Perhaps) && !clauses.iter().any(|clause| clause.tells) {
        return Verdict::of(TextClass::Review, "perhaps");
    }
    Verdict::of(TextClass::Message, "message")
}
