//! `[pure]` What a text costs: GSM 03.38 or UCS-2, and how many parts it makes; and how it could cost less.
//!
//! 3GPP TS 23.038 (alphabet) and TS 23.040 (concatenation): 160 septets, or 153 in each part; 70 UCS-2 units, or 67. An
//! escape pair and a surrogate pair are never split between parts. [`count`] is what a carrier bills that cuts at these
//! units; [`parts`] cuts for providers that leave it to us, and keeps together what a reader sees as one character, for which
//! it may need a part more.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::domain::gsm::septets;

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character.
    Gsm7,
    /// Sixteen.
    Ucs2,
}

impl Encoding {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// What fits when there is one part, and in each of several.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    fn width(self, c: char) -> usize {
        match self {
            Self::Gsm7 => septets(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

/// What a text costs and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// How it travels.
    pub encoding: Encoding,
    /// Parts that are billed; 0 for an empty text.
    pub segments: usize,
    /// Characters of the encoding that still fit without another part.
    pub units_left: usize,
    /// The first character that forced UCS-2.
    pub dear: Option<char>,
    /// Each character that the phone alphabet lacks, once, in order.
    pub dear_all: Vec<char>,
    /// Whether a Welsh letter is among them: those are kept, whatever they cost.
    pub welsh: bool,
}

/// Counts a text.
pub fn count(text: &str) -> Cost {
    let mut dear_all: Vec<char> = Vec::new();
    for c in text.chars().filter(|c| septets(*c).is_none()) {
        if !dear_all.contains(&c) {
            dear_all.push(c);
        }
    }
    let encoding = encoding_of(text);
    let (single, each) = encoding.room();
    let total: usize = text.chars().map(|c| encoding.width(c)).sum();
    let (mut segments, mut units_left) = (usize::from(total > 0), single.saturating_sub(total));
    if total > single {
        let mut used = 0;
        for width in text.chars().map(|c| encoding.width(c)) {
            if used + width > each {
                segments += 1;
                used = 0;
            }
            used += width;
        }
        units_left = each - used;
    }
    // A circumflex may stand apart from its letter, as a Mac writes file names.
    let welsh = text.nfc().any(|c| WELSH.contains(c));
    Cost { encoding, segments, units_left, dear: dear_all.first().copied(), dear_all, welsh }
}

fn encoding_of(text: &str) -> Encoding {
    if text.chars().all(|c| septets(c).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// The parts of a text, none for an empty one. What a reader sees as one character stays whole unless it alone is longer than
/// a part.
pub fn parts(text: &str) -> Vec<&str> {
    let encoding = encoding_of(text);
    let (single, each) = encoding.room();
    let width = |text: &str| text.chars().map(|c| encoding.width(c)).sum::<usize>();
    if text.is_empty() {
        return Vec::new();
    }
    if width(text) <= single {
        return vec![text];
    }
    // Where each piece that must stay whole ends, and how wide it is.
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (start, cluster) in text.grapheme_indices(true) {
        if width(cluster) <= each {
            pieces.push((start + cluster.len(), width(cluster)));
        } else {
            pieces.extend(cluster.char_indices().map(|(at, c)| (start + at + c.len_utf8(), encoding.width(c))));
        }
    }
    let (mut parts, mut rest, mut cut, mut end, mut used) = (Vec::new(), text, 0, 0, 0);
    for (next, width) in pieces {
        if used + width > each
            && let Some((part, after)) = rest.split_at_checked(end - cut)
        {
            parts.push(part);
            (rest, cut, used) = (after, end, 0);
        }
        used += width;
        end = next;
    }
    parts.push(rest);
    parts
}

/// The letters of Welsh that the phone alphabet lacks; an accent is no matter of taste in it.
const WELSH: &str = "ŵŷâêîôûẁẃẅỳýÿëïŴŶÂÊÎÔÛẀẂẄỲÝŸËÏ";

/// A text with plain punctuation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The text.
    pub text: String,
    /// Each character that was replaced, once, with what stands in its place.
    pub changes: Vec<(char, String)>,
}

/// Puts the phone alphabet's punctuation in place of what word processors write. Letters are kept, with their accents:
/// whoever writes a name or Welsh means them.
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded { text: String::with_capacity(text.len()), changes: Vec::new() };
    for cluster in text.graphemes(true) {
        // What joins the pieces of an emoji or picks its form is a part of it.
        let joined = cluster.chars().any(|c| septets(c).is_none() && plain(c).is_none());
        for c in cluster.chars() {
            match plain(c).filter(|_| !joined) {
                None => folded.text.push(c),
                Some(plain) => {
                    folded.text.push_str(plain);
                    if folded.changes.iter().all(|(known, _)| *known != c) {
                        folded.changes.push((c, plain.to_owned()));
                    }
                }
            }
        }
    }
    folded
}

/// What stands for a punctuation mark or a space that the phone alphabet lacks.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '’' | '‘' | '‚' | '‛' | '′' | 'ʼ' | '´' | '`' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‹' => "<",
        '›' => ">",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' | '‣' | '▪' | '●' => "-",
        '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{2028}' | '\u{2029}' => "\n",
        // Soft hyphen, widthless spaces and joiners, marks of direction, byte order.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => "",
        _ => return None,
    })
}

/// What folding saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// The text with plain punctuation.
    pub text: String,
    /// Parts without folding.
    pub before: usize,
    /// Parts with it.
    pub after: usize,
}

/// Offers plain punctuation where that makes fewer parts.
pub fn saving(text: &str) -> Option<Saving> {
    saving_as(text, str::to_owned)
}

/// The same for a text that is sent with something about it: the parts are those of what is sent, the text is what was written.
pub fn saving_as(text: &str, sent_as: impl Fn(&str) -> String) -> Option<Saving> {
    let folded = fold(text).text;
    let (before, after) = (count(&sent_as(text)).segments, count(&sent_as(&folded)).segments);
    (after < before).then_some(Saving { text: folded, before, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_at_the_edges() {
        for (text, encoding, segments) in [
            (String::new(), Encoding::Gsm7, 0),
            ("a".repeat(160), Encoding::Gsm7, 1),
            ("a".repeat(161), Encoding::Gsm7, 2),
            ("€".repeat(80), Encoding::Gsm7, 1),
            ("€".repeat(81), Encoding::Gsm7, 2),
            (format!("{}€{}", "a".repeat(152), "b".repeat(20)), Encoding::Gsm7, 2),
            ("ŵ".repeat(70), Encoding::Ucs2, 1),
            ("ŵ".repeat(71), Encoding::Ucs2, 2),
            ("😀".repeat(35), Encoding::Ucs2, 1),
            ("😀".repeat(67), Encoding::Ucs2, 3),
        ] {
            let cost = count(&text);
            assert_eq!((cost.encoding, cost.segments), (encoding, segments), "{} characters", text.chars().count());
        }
    }

    #[test]
    fn the_character_that_made_it_dear_is_named() {
        assert_eq!(count("Mae’n hwyr").dear, Some('’'));
        assert_eq!(count("plain").dear, None);
        assert_eq!(count("Mae’n hwŷr, “iawn” ’").dear_all, ['’', 'ŷ', '“', '”']);
    }

    #[test]
    fn welsh_is_seen_however_it_is_written() {
        assert!(count("dŵr").welsh && count("dw\u{302}r").welsh && count("TŶ").welsh);
        assert!(!count("Mae’n hwyr").welsh && !count("café").welsh);
    }

    /// Counts by the specification alone: its own table, units of the encoding in a row, cut from the front.
    fn reference(text: &str) -> (bool, usize) {
        // TS 23.038, 6.2.1: the rows of the table; 6.2.1.1: what follows an escape.
        let rows = [
            "@£$¥èéùìòÇ\nØø\rÅå",
            "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ",
            " !\"#¤%&'()*+,-./",
            "0123456789:;<=>?",
            "¡ABCDEFGHIJKLMNO",
            "PQRSTUVWXYZÄÖÑÜ§",
            "¿abcdefghijklmno",
            "pqrstuvwxyzäöñüà",
        ];
        let escaped = "\u{c}^{}\\[~]|€";
        let in_table = |c: char| rows.iter().any(|row| row.contains(c));
        if text.is_empty() {
            return (true, 0);
        }
        let plain = text.chars().all(|c| in_table(c) || escaped.contains(c));
        // What must stay whole: a septet, an escape with its septet, a unit, a pair of surrogates.
        let mut wholes: Vec<usize> = if plain {
            text.chars().map(|c| if in_table(c) { 1 } else { 2 }).collect()
        } else {
            let units: Vec<u16> = text.encode_utf16().collect();
            units.iter().filter(|unit| !(0xdc00..0xe000).contains(*unit)).map(|unit| if (0xd800..0xdc00).contains(unit) { 2 } else { 1 }).collect()
        };
        let octets = 140;
        // TS 23.040, 9.2.3.24.1: a header of six octets, filled up to a septet.
        let (single, each) = if plain { (octets * 8 / 7, (octets - 6) * 8 / 7) } else { (octets / 2, (octets - 6) / 2) };
        if wholes.iter().sum::<usize>() <= single {
            return (plain, 1);
        }
        let mut parts = 0;
        while !wholes.is_empty() {
            let fit = (1..=wholes.len().min(each)).rev().find(|n| wholes[..*n].iter().sum::<usize>() <= each).unwrap();
            wholes.drain(..fit);
            parts += 1;
        }
        (plain, parts)
    }

    fn texts() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let one = prop_oneof![
            30 => "[ -~]",
            6 => "[€^{}\\\\|~\\[\\]\u{c}]",
            4 => "[èéùìòÇØøÅåΔΦΞÆßÉ¤¡§¿äñü\n\r]",
        ];
        let any = prop_oneof![
            30 => "[ -~]",
            3 => "[€^{}|]",
            3 => "[’“”–…ŵŷâïç`\t\u{a0}\u{200b}\u{1b}]",
            2 => "[😀🚓]|👩\u{200d}👩\u{200d}👧|🇬🇧|👍🏽|e\u{301}",
            1 => ".",
        ];
        // Long enough to stand about every edge.
        prop_oneof![proptest::collection::vec(one, 0..520), proptest::collection::vec(any, 0..230)].prop_map(|pieces| pieces.concat())
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(10_000))]

        #[test]
        fn it_counts_as_the_specification_does(text in texts()) {
            let cost = count(&text);
            proptest::prop_assert_eq!((cost.encoding == Encoding::Gsm7, cost.segments), reference(&text), "{:?}", text);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1_000))]

        #[test]
        fn parts_make_the_text_and_fit_and_split_no_character(text in texts()) {
            let cut = parts(&text);
            proptest::prop_assert_eq!(cut.concat(), text.as_str());
            let encoding = encoding_of(&text);
            let (single, each) = encoding.room();
            let room = if cut.len() > 1 { each } else { single };
            let starts: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let mut at = 0;
            for part in &cut {
                let width: usize = part.chars().map(|c| encoding.width(c)).sum();
                proptest::prop_assert!(width <= room && width > 0);
                proptest::prop_assert!(starts.contains(&at), "cut within a character at {}", at);
                at += part.len();
            }
            // Never fewer than are billed.
            proptest::prop_assert!(cut.len() >= count(&text).segments);
        }

        #[test]
        fn folding_is_done_at_once_and_never_makes_a_text_dearer_to_send(text in texts()) {
            let folded = fold(&text);
            proptest::prop_assert_eq!(&fold(&folded.text).text, &folded.text);
            if let Some(saving) = saving(&text) {
                proptest::prop_assert!(saving.after < saving.before && saving.text == folded.text);
            }
            proptest::prop_assert_eq!(folded.changes.is_empty(), folded.text == text);
        }
    }

    #[test]
    fn a_family_is_not_parted_though_the_carrier_would() {
        let family = "👩\u{200d}👩\u{200d}👧";
        let text = format!("{}{family}{}", "a".repeat(63), "b".repeat(20));
        assert_eq!(parts(&text), [&"a".repeat(63), &format!("{family}{}", "b".repeat(20))]);
        let long = format!("e{}", "\u{301}".repeat(100));
        assert_eq!(parts(&long).len(), 2, "what is longer than a part is cut where it must be");
        assert!(parts("").is_empty());
    }

    #[test]
    fn it_counts_as_smsutil_does() {
        let lines = include_str!("../../fixtures/texts/segments.jsonl");
        let mut seen = 0;
        for line in lines.lines() {
            let told: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = told["text"].as_str().unwrap();
            let cost = count(text);
            assert_eq!(cost.encoding.label(), told["encoding"].as_str().unwrap(), "{text:?}");
            assert_eq!(cost.segments, usize::try_from(told["parts"].as_u64().unwrap()).unwrap(), "{text:?}");
            seen += 1;
        }
        assert!(seen > 300, "only {seen}");
    }

    #[test]
    fn smart_punctuation_is_made_plain_and_letters_are_kept() {
        let folded = fold("Mae’n hwyr… “dŵr” –\u{a0}tŷ\t•\u{200b} café’s ç");
        assert_eq!(folded.text, "Mae'n hwyr... \"dŵr\" - tŷ - café's ç");
        let changed: Vec<(char, &str)> = folded.changes.iter().map(|(c, plain)| (*c, plain.as_str())).collect();
        assert_eq!(changed, [('’', "'"), ('…', "..."), ('“', "\""), ('”', "\""), ('–', "-"), ('\u{a0}', " "), ('\t', " "), ('•', "-"), ('\u{200b}', "")]);
        assert_eq!(fold("👩\u{200d}👩").text, "👩\u{200d}👩", "an emoji is not taken apart");
        assert!(plain('a').is_none() && fold("plain").changes.is_empty());
    }

    #[test]
    fn a_saving_is_offered_only_where_there_is_one() {
        let dear = format!("Don’t {}", "a".repeat(120));
        let saving_of = saving(&dear).unwrap();
        assert_eq!((saving_of.before, saving_of.after, saving_of.text.starts_with("Don't")), (2, 1, true));
        assert_eq!(saving("Don’t"), None, "one part either way");
        assert_eq!(saving(&format!("dŵr’s {}", "a".repeat(120))), None, "a Welsh letter keeps it dear");
        assert_eq!(saving("plain"), None);
    }
}
