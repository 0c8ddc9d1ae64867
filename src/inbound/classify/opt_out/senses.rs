//! `[pure]` The same wish in any spelling: words are brought to one form first, then looked at for who is to stop what.
//!
//! A witness speaks of somebody else ("he won't stop texting me", "stop them speeding"). So a wish needs our messages or the
//! person as its object, and nobody else as its subject.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Spellings, dialect and slips; each word of the second column stands for all of the first.
const SPELLINGS: &[(&[&str], &str)] = &[
    (&["u", "yer", "ya", "yous", "youse", "ye", "thee", "tha", "yah"], "you"),
    (&["ur", "yor", "yr", "thi", "thy", "ure", "youre", "you're"], "your"),
    (&["em", "um", "'em", "dem", "thm", "theem"], "them"),
    (&["da", "teh", "th", "t'", "de"], "the"),
    (&["dis", "thiss", "tis"], "this"),
    (&["thes", "theese", "thees", "theses", "dese", "thease"], "these"),
    (&["wi", "wiv", "wit", "w", "wth"], "with"),
    (&["o", "ov", "off of", "a'"], "of"),
    (&["orf", "of'", "offa", "oof"], "off"),
    (&["tek", "tayk", "taek", "tke", "tak", "tkae"], "take"),
    (&["mi", "ma", "me's"], "my"),
    (&["mek"], "make"),
    (&["giz", "gis", "gimme", "gie"], "give us"),
    (
        &["dunna", "dunno't", "dinna", "dnt", "dont", "don't", "dunt", "don", "doan't", "dont'", "donot", "doesnt", "doesn't", "didnt", "didn't", "dint"],
        "do not",
    ),
    (&["wont", "wnt", "wan", "wannt"], "want"),
    (&["wanna"], "want to"),
    (&["shan't", "shant", "wouldn't", "wouldnt", "cant", "can't", "cannot", "isnt", "isn't", "aint", "ain't", "arent", "aren't"], "not"),
    (&["plz", "pls", "plse", "pleas", "pleez", "plis", "plees", "pleese", "plese", "plesae", "plaese", "kindly", "pleaze"], "please"),
    (&["mor", "moar", "moore", "anymore", "any more", "mre"], "more"),
    (&["stp", "stpo", "sotp", "stopp", "stap", "stopit", "stopping", "stoping", "stoppin", "stopin"], "stop"),
    (&["txt", "txts", "tx", "txs", "texs", "texes", "textes", "tex", "tezt", "tezts", "testo", "txtz"], "texts"),
    (&["txting", "txtin", "txtn", "textin", "texin", "texing", "txing", "tezting"], "texting"),
    (
        &[
            "msg",
            "msgs",
            "mesages",
            "mesage",
            "messges",
            "messege",
            "messeges",
            "massages",
            "massage",
            "msges",
            "mssgs",
            "mssg",
            "mesg",
            "mesgs",
            "messages'",
            "messags",
            "meesages",
            "messiges",
            "msgz",
            "sms",
            "smses",
        ],
        "messages",
    ),
    (&["messagin", "mesaging", "msging", "msgin", "massaging"], "messaging"),
    (&["sendin", "sening", "sedning", "sendng", "snding"], "sending"),
    (
        &[
            "mithering",
            "mitherin",
            "mither",
            "mytherin",
            "badgering",
            "pestering",
            "pesterin",
            "pester",
            "bothering",
            "botherin",
            "hassling",
            "hasslin",
            "bugging",
            "buggin",
            "harassing",
            "harrassing",
            "harrasing",
            "spamming",
            "spammin",
            "disturbing",
            "annoying",
            "plaguing",
        ],
        "bothering",
    ),
    (&["rmove", "remve", "remov", "removing", "removal", "unenroll", "unenrol", "deregister", "unregister", "de-register", "delist", "unlist"], "remove"),
    (&["nun", "none", "owt", "nowt", "any", "anything", "nothing"], "any"),
    (&["fank", "thank", "thanking", "thanx"], "thank"),
    (&["nr", "num", "no.", "nummer", "numba", "numbr", "nuber"], "number"),
    (&["lists", "lst", "listing", "database", "system", "systems", "records", "books", "mailing"], "list"),
    (
        &[
            "alertz",
            "alert",
            "alearts",
            "allerts",
            "notification",
            "notifications",
            "updates",
            "bulletins",
            "communications",
            "communication",
            "correspondence",
        ],
        "alerts",
    ),
    (&["text"], "text"),
    (&["kno"], "know"),
    (&["cease", "desist", "quit", "discontinue", "halt", "terminate", "knock off", "stopped"], "stop"),
    (&["receive", "recieve", "receiving", "recieving", "getting", "gettin", "recive", "receve", "get", "having", "have"], "get"),
    (&["require", "wish", "desire", "needing", "wanting", "wishing", "wants", "need", "like", "fancy"], "want"),
    (&["me'"], "me"),
];
/// What adds nothing: oaths, courtesies, hesitation, vocatives.
const NOISE: &[&str] = &[
    "please",
    "fucking",
    "fuckin",
    "fuck",
    "bloody",
    "bleeding",
    "sodding",
    "flipping",
    "flippin",
    "damn",
    "effing",
    "duck",
    "ducky",
    "youth",
    "mate",
    "love",
    "man",
    "bro",
    "bruv",
    "fam",
    "pal",
    "lot",
    "lads",
    "just",
    "um",
    "er",
    "erm",
    "like",
    "sir",
    "madam",
    "all",
    "guys",
    "now",
    "really",
    "ever",
    "again",
    "kindly",
    "actually",
    "constantly",
    "stupid",
    "silly",
    "daft",
    "annoying",
    "ay",
    "up",
    "eh",
    "oi",
    "hello",
    "hi",
    "hiya",
    "hey",
    "ta",
    "thanks",
    "thank",
    "nah",
    "ok",
    "okay",
    "well",
    "so",
    "then",
    "and",
    "but",
    "also",
    "jesus",
    "christ",
    "god",
    "ffs",
    "lol",
    "pretty",
    "very",
    "much",
    "kind",
    "as",
    "further",
    "future",
    "automated",
    "random",
    "pointless",
    "unwanted",
    "such",
    "many",
    "police",
    "derbyshire",
    "some",
    "only",
    "would",
    "could",
    "will",
    "can",
    "be",
    "to",
    "being",
    "is",
    "it's",
    "x",
    "xx",
    "comma",
];

struct Senses {
    wish: RegexSet,
    others: Regex,
    refused: RegexSet,
    said: Regex,
}

static SENSES: LazyLock<Option<Senses>> = LazyLock::new(|| Senses::make().ok());

const OURS: &str = r"(?:texts?|texting|messages?|messaging|alerts|these|them)";

impl Senses {
    fn make() -> Result<Self, regex::Error> {
        Ok(Self {
            wish: RegexSet::new([
                // Stop texting me, stop sending these, stop bothering me.
                r"\bstop (?:\w+ ){0,2}?(?:texting|text|messaging|message|messages|texts|contacting|contact|emailing|bothering|bother|sending|send)(?: (?:me|us|my|this|these|them|it|the|any|more|texts|messages|alerts|number|of|with|from|your|phone)\b|$)".to_owned(),
                // Stop these texts, stop the alerts.
                format!(r"\b(?:stop|end|cancel|pack it in|pack in|give us a rest|cut out|turn off|switch off) (?:with |the |these |your |this |of |those |from |my )*{OURS}(?: (?:coming|from|to|you|on|for|my|me|that|it|i|if|because|my|phone|thank)\b|$)"),
                r"(?:^|\b(?:you|i) )stop (?:this|it|them|these)$".to_owned(),
                r"\bstop texts in (?:me|us)\b".to_owned(),
                r"^(?:stop|cancel|end) (?:get )?(?:texts|messages|alerts|my subscription|subscription|alerts list)$".to_owned(),
                // No more of these.
                format!(r"(?:^|\bto say |\bsaying |\bsay )(?:i |we )*(?:want )?no more (?:of )?(?:the |your |from )*{OURS}(?:$| (?:from|on|for|me|i)\b)"),
                format!(r"\b(?:i|we) want no more (?:of )?(?:the |your )*{OURS}"),
                // I do not want these any more.
                format!(r"\b(?:not|never|no longer) (?:\w+ )?(?:want|care|interested|consent|agree|get)(?: (?:for|in|no|any|more|of|the|your|this|get|sent|from|my|see|hear|about))* {OURS}\b"),
                r"\b(?:not|never|no longer) (?:want|get)(?: (?:no|any|of|the|your))* (?:more|it|this) ?(?:more|of)?(?: (?:from you|of it))?$".to_owned(),
                r"\b(?:prefer|rather|want|decided|chosen) not (?:get|hear|want)\b(?: (?:any|more|the|your|of|from|you))*$".to_owned(),
                r"\b(?:not|no longer) (?:want|get)(?: (?:any|more|the|your|of))* (?:more|any)$".to_owned(),
                // Do not text me.
                r"\b(?:do not|not|never|no) (?:\w+ )?(?:text|texts|texting|message|messages|contact|bother|bothering) (?:me|us|this|it|my)\b".to_owned(),
                r"\b(?:do not|no|never) send(?: (?:me|us|any|more|no|of|the|your|out))*? (?:any|more|messages|texts|alerts|these|them|any|it)\b".to_owned(),
                // Take me off.
                r"\b(?:take|get|remove|delete|cross|strike|sign|opt|erase|scrub|wipe) (?:me|us|this|my|our|the|number|name|phone|mobile|old|details|\d+| )+ ?(?:off|out of|from) (?:of )?(?:your|the|this|these|any|that)? ?(?:\w+ )?(?:list|texts?|messages?|alerts|service|these|group|scheme|thing)\b".to_owned(),
                r"\b(?:take|get|sign) (?:me|us|my number|this number|my name) off(?:$| (?:please|these|this|it|here|altogether|thank|question|bye|for good|completely|asap|immediately|as|i)\b)".to_owned(),
                r"^(?:you )?(?:want )?(?:remove|delete|erase) (?:me|us|my number|this number|my name|my details|my phone|our number|my phone number|my mobile number|my mobile)(?: (?:off|from|out|of|immediately|asap|at|i|in|list|this|thank|once|for|your|entirely|completely|you)\b.*)?$".to_owned(),
                r"^(?:i |we )?(?:want |get |come |coming )*(?:off|out of) (?:this|these|your|the) (?:list|texts|messages|alerts|service|thing|group)\b".to_owned(),
                r"^(?:i )?(?:come|get) off (?:this|these|your|the) (?:list|texts|messages|alerts|service)\b".to_owned(),
                r"^(?:stop|end) (?:communicating|contact|alerts|correspondence)(?: (?:with|this|me|us|number|from)\b|$)".to_owned(),
                r"^not interested (?:remove|stop|unsubscribe|unsub|cancel)\b|^(?:remove|stop) not interested$".to_owned(),
                r"\bunsub(?:scribe)? (?:me|us|from|this|my|i)\b|^unsub(?:scribe)?(?: x+| thank you| i| me)*$".to_owned(),
                r"^leave (?:me|us) (?:alone|be)(?: thank you| i| because| as)?$".to_owned(),
                r"^(?:stop|you stop|i said stop|i stop|told you stop|already told you stop)$".to_owned(),
                r"^(?:i |ive |i've |have |already )*(?:told|asked|texted|sent|said)(?: you)?(?: \w+){0,5} stop$".to_owned(),
                r"^stop (?:stop )+$".to_owned(),
            ])?,
            // Somebody else is to stop, or did, or it is a thing.
            others: Regex::new(r"\b(?:he|she|him|her|his|hers|they|their|ex|boyfriend|girlfriend|neighbou?rs?|kids|lad|bloke|blokes|people|everyone|anyone|anybody|someone|somebody|scammers?|driver|drivers|council|school|bus|bank|gym|parcel|whatsapp|facebook|snapchat|phoned|boss|dealer|girls?|boys?|police ?man|who|which|witness|gang|youths?|teenagers?|dog|landlord|company|amazon|netflix)\b")?,
            refused: RegexSet::new([
                r"\b(?:do not|not|never|no need to|no need) (?:want (?:you )?(?:to )?)?(?:you )?(?:stop|remove|unsubscribe|cancel|take (?:me|us) off)\b",
                r"\b(?:never|not) (?:want )?(?:these|them|this|it)? ?(?:to )?(?:end|stop)$|\bnever want these\b|\bno need\b.*\bstop\b|\bi (?:might|may)\b",
                r"^(?:cancel|end) (?:it|that|this|the|alerts?)\b",
                r"^(?:how|why|where|does|did|is|are|was|what|when|should|shall)\b",
                r"\b(?:the|a|bus|tram|train|coach|next|last|pit|non|full|each|every|taxi|first|this) (?:\w+ )?stop$",
                r"\b(?:stop) (?:texts|messages) (?:being|going|about)\b",
                r"\bnot (?:get|want|have) (?:any |the |your )*(?:alerts|texts|messages) (?:about|for|on|regarding|last|yesterday|this)\b",
                r"\b(?:did|do|have) not (?:get|got) (?:any |the |your |my |this |last |a )*(?:alerts|texts|messages|these|them)\b",
                r"\bnot get (?:why|what|how|who|it|this|these|them|the|any|your)\b",
                r"\bno (?:texts|messages|message|alerts) (?:from|since|for)\b",
                r"^(?:i |we )?(?:will|ll|can|could|might|may|did|am|was|were|had|have|tried|trying|going) ?(?:not )?(?:text|message|stop|send)\b",
            ])?,
            said: Regex::new(r"\b(?:i said|shouted|shouting|yelled|saying|told (?:him|her|them|the)|asked (?:him|her|them)|begged|screamed|sign says|it says|it said|sent me|text said|message said|wrote)\b")?,
        })
    }
}

/// Whether a clause is a wish, however it is spelt.
pub(super) fn is_wish(clause: &str) -> bool {
    let Some(senses) = SENSES.as_ref() else { return false };
    if senses.others.is_match(clause) || senses.said.is_match(clause) {
        return false;
    }
    let canonical = canonical(clause);
    if senses.refused.is_match(clause) || senses.refused.is_match(&canonical) {
        return false;
    }
    senses.wish.is_match(&canonical)
}

/// One form of each word, without what adds nothing.
pub(super) fn canonical(clause: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for word in clause.split(' ').map(form_of) {
        for part in word.split(' ').filter(|part| !NOISE.contains(part)) {
            out.push(part);
        }
    }
    out.join(" ")
}

fn form_of(word: &str) -> &str {
    SPELLINGS.iter().find(|(spellings, _)| spellings.contains(&word)).map_or(word, |(_, form)| form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_known_in_any_spelling() {
        for text in [
            "can yer stop sendin me these ta",
            "i dunna want no more o these messages",
            "stop mithering me",
            "no mor txts plz",
            "pleez tayk mi name orf yor list",
            "pls stp txtn me",
            "not interested remove",
        ] {
            assert!(is_wish(text), "{text}: {}", canonical(text));
        }
    }

    #[test]
    fn what_others_do_is_no_wish() {
        for text in [
            "he wont stop texting me",
            "told him to stop texting me",
            "dont stop these",
            "i did not get these texts",
            "stop them speeding",
            "stop the thief",
            "how do i stop these",
        ] {
            assert!(!is_wish(text), "{text}: {}", canonical(text));
        }
    }
}
