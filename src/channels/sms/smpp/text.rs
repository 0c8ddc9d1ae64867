//! Texts as octets and back: codings, parts and their headers. Pure.
//!
//! Sources: SMPP 3.4 section 5.2.19 (data_coding), 3GPP TS 23.038 sections 4 and 6.2 (coding groups, alphabet, UCS-2) and
//! TS 23.040 sections 9.2.3.24.1, .8, .15 and .16 (user data header: parts, national tables).

use bytes::Buf;

use super::pdu::{Deliver, SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL};
use crate::channels::ParseError;
use crate::config::SmppAlphabet;
use crate::domain::gsm::{self, National};
use crate::domain::inbound::TextPartOf;

/// The carrier's own alphabet.
const DEFAULT: u8 = 0;
/// UTF-16, big-endian.
const UCS2: u8 = 8;
/// In `esm_class`: the text begins with a header.
pub(super) const HAS_HEADER: u8 = 0x40;

/// A text as it travels.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) data_coding: u8,
    /// One, or several that fit beside a header of six octets.
    pub(super) parts: Vec<Vec<u8>>,
}

/// Writes a text, in parts if it must. An escape pair and a surrogate pair stay together.
pub(super) fn write(text: &str, alphabet: SmppAlphabet) -> Written {
    let plain = text.chars().all(|c| put_plain(c, alphabet, &mut Vec::new()));
    let (data_coding, single, each) = if plain { (DEFAULT, 160, 153) } else { (UCS2, 70, 67) };
    // What counts is how it goes over the air: in septets, also where the carrier wants Latin-1 and converts.
    let width = |c: char| if plain { gsm::septets(c).unwrap_or(1) } else { c.len_utf16() };
    let room = if text.chars().map(width).sum::<usize>() <= single { usize::MAX } else { each };
    let (mut parts, mut used) = (vec![Vec::new()], 0);
    for c in text.chars() {
        if used + width(c) > room {
            parts.push(Vec::new());
            used = 0;
        }
        used += width(c);
        if let Some(part) = parts.last_mut() {
            if plain {
                put_plain(c, alphabet, part);
            } else {
                part.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
            }
        }
    }
    Written { data_coding, parts }
}

/// Only what both the carrier's alphabet and the air's have: a carrier that must convert would put a question mark.
fn put_plain(c: char, alphabet: SmppAlphabet, into: &mut Vec<u8>) -> bool {
    match (alphabet, u8::try_from(u32::from(c))) {
        (SmppAlphabet::Gsm7, _) => gsm::encode(c, into),
        (SmppAlphabet::Latin1, Ok(octet)) if gsm::septets(c).is_some() => {
            into.push(octet);
            true
        }
        (SmppAlphabet::Ascii, Ok(octet)) if c.is_ascii() && gsm::septets(c).is_some() => {
            into.push(octet);
            true
        }
        _ => false,
    }
}

/// The header of one part among several, with a reference of eight bits.
pub(super) fn part_header(reference: u8, total: u8, number: u8) -> [u8; 6] {
    [5, 0, 3, reference, total, number]
}

/// A text that came in.
pub(super) struct Read {
    pub(super) text: String,
    pub(super) part: Option<TextPartOf>,
}

/// Reads what a `deliver_sm` carries.
pub(super) fn read(deliver: &Deliver<'_>, alphabet: SmppAlphabet) -> Result<Read, ParseError> {
    let (header, octets) = if deliver.esm_class & HAS_HEADER == 0 { (UserHeader::default(), deliver.message()) } else { take_header(deliver.message()) };
    let text = decode(octets, deliver.data_coding, alphabet, header.national)?;
    // NUL cannot be stored as text by PostgreSQL; the raw PDU keeps it.
    Ok(Read { text: text.replace('\0', ""), part: header.part.or_else(|| sar_part(deliver)) })
}

#[derive(Default)]
struct UserHeader {
    part: Option<TextPartOf>,
    national: National,
}

/// The header and what comes after it. One that claims more octets than there are is none.
fn take_header(octets: &[u8]) -> (UserHeader, &[u8]) {
    let mut header = UserHeader::default();
    let Some((mut elements, text)) = octets.split_first().and_then(|(length, rest)| rest.split_at_checked(usize::from(*length))) else {
        return (header, octets);
    };
    while let (Ok(kind), Ok(length)) = (elements.try_get_u8(), elements.try_get_u8()) {
        let Some((value, rest)) = elements.split_at_checked(usize::from(length)) else { break };
        elements = rest;
        match (kind, value) {
            (0x00, [reference, total, number]) => header.part = part(8, u16::from(*reference), *total, *number),
            (0x08, [high, low, total, number]) => header.part = part(16, u16::from_be_bytes([*high, *low]), *total, *number),
            (0x24, [language]) => header.national.single = *language,
            (0x25, [language]) => header.national.locking = *language,
            _ => {}
        }
    }
    (header, text)
}

fn sar_part(deliver: &Deliver<'_>) -> Option<TextPartOf> {
    let reference = deliver.tlv(SAR_REFERENCE)?.try_get_u16().ok()?;
    part(16, reference, *deliver.tlv(SAR_TOTAL)?.first()?, *deliver.tlv(SAR_NUMBER)?.first()?)
}

/// `None` for a text that is whole, and for numbers that make no sense (TS 23.040: then the element is ignored).
fn part(bits: u8, reference: u16, total: u8, number: u8) -> Option<TextPartOf> {
    (total > 1 && (1..=total).contains(&number)).then(|| TextPartOf {
        reference: format!("{bits}:{reference}"),
        total: i64::from(total),
        number: i64::from(number),
    })
}

/// Octets as text by their coding; codings that hold no text are a fault, and the envelope is kept for somebody to look at.
fn decode(octets: &[u8], data_coding: u8, alphabet: SmppAlphabet, national: National) -> Result<String, ParseError> {
    let of = |encoding: &'static encoding_rs::Encoding| Ok(encoding.decode_without_bom_handling(octets).0.into_owned());
    if national != National::default() && data_coding <= 1 {
        // Those tables are of septets, whatever the carrier calls its alphabet.
        return default(octets, SmppAlphabet::Gsm7, national);
    }
    match data_coding {
        1 | 3 => of(encoding_rs::WINDOWS_1252),
        5 => of(encoding_rs::SHIFT_JIS),
        6 => of(encoding_rs::ISO_8859_5),
        7 => of(encoding_rs::ISO_8859_8),
        10 | 13 => of(encoding_rs::ISO_2022_JP),
        14 => of(encoding_rs::EUC_KR),
        UCS2 | 0xe0..=0xef => of(encoding_rs::UTF_16BE),
        // The groups of TS 23.038 that carriers hand through: class (flash), waiting indications.
        0x10..=0x3f if data_coding & 0x0c == 0x08 => of(encoding_rs::UTF_16BE),
        0x10..=0x3f if data_coding & 0x0c == 0x00 => default(octets, alphabet, national),
        0xf0..=0xff if data_coding & 0x04 == 0 => default(octets, alphabet, national),
        DEFAULT | 0xc0..=0xdf => default(octets, alphabet, national),
        // Called binary, and text all the same if it reads as such.
        _ => std::str::from_utf8(octets)
            .ok()
            .filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
            .map(str::to_owned)
            .ok_or_else(|| ParseError(format!("data_coding {data_coding:#04x} holds no text that we can read"))),
    }
}

fn default(octets: &[u8], alphabet: SmppAlphabet, national: National) -> Result<String, ParseError> {
    match alphabet {
        SmppAlphabet::Gsm7 => gsm::decode(octets, national)
            .ok_or_else(|| ParseError(format!("the text is written with the national alphabet {}, which we do not have", national.locking))),
        // Of these the first 128 are ASCII.
        SmppAlphabet::Latin1 | SmppAlphabet::Ascii => Ok(encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outbound::segments;

    fn decoded(octets: &[u8], data_coding: u8) -> Result<String, ParseError> {
        decode(octets, data_coding, SmppAlphabet::Gsm7, National::default())
    }

    #[test]
    fn parts_end_where_neither_an_escape_nor_a_surrogate_pair_is_cut() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
        let written = write(&text, SmppAlphabet::Gsm7);
        assert_eq!((written.data_coding, written.parts.iter().map(Vec::len).collect::<Vec<_>>()), (0, vec![152, 22]));
        let written = write(&"😀".repeat(40), SmppAlphabet::Gsm7);
        assert_eq!((written.data_coding, written.parts.iter().map(Vec::len).collect::<Vec<_>>()), (8, vec![132, 28]));
        assert_eq!(write(&"a".repeat(160), SmppAlphabet::Gsm7).parts.len(), 1);
        assert_eq!(write("", SmppAlphabet::Gsm7).parts, [Vec::<u8>::new()]);
    }

    #[test]
    fn another_alphabet_of_the_carrier_is_written_only_where_it_arrives_unchanged() {
        let written = |text: &str, alphabet| {
            let written = write(text, alphabet);
            (written.data_coding, written.parts.concat())
        };
        assert_eq!(written("£5 @ é", SmppAlphabet::Latin1), (0, b"\xa35 @ \xe9".to_vec()));
        assert_eq!(written("£5", SmppAlphabet::Ascii).0, 8);
        assert_eq!(written("call 101 @ once", SmppAlphabet::Ascii), (0, b"call 101 @ once".to_vec()));
        assert_eq!(written("€5", SmppAlphabet::Latin1).0, 8, "not in Latin-1");
        assert_eq!(written("tŷ", SmppAlphabet::Latin1).0, 8, "not on the air");
        assert_eq!(written("fête", SmppAlphabet::Latin1).0, 8, "in Latin-1, and not on the air");
    }

    #[test]
    fn every_coding_is_read() {
        for (data_coding, octets, text) in [
            (0, &b"caf\x05 \x1be5"[..], "café €5"),
            (0, b"\x02\x00\x11", "$@_"),
            (1, b"a@b_c", "a@b_c"),
            (3, b"caf\xe9 \x80", "café €"),
            (6, b"\xbf\xe0\xd8", "При"),
            (8, b"\x01\x77 \xac", "ŷ€"),
            (8, b"\xd8\x3d\xde\x00!", "😀\u{fffd}"),
            (8, b"\xd8\x3d", "\u{fffd}"),
            (0x10, b"flash", "flash"),
            (0x18, b"\x00!", "!"),
            (0xf0, b"flash", "flash"),
            (0xd0, b"waiting", "waiting"),
            (4, b"text after all", "text after all"),
        ] {
            assert_eq!(decoded(octets, data_coding).unwrap(), text, "{data_coding:#04x}");
        }
        assert!(decoded(b"\x00\x01\x02", 4).is_err() && decoded(b"\xff\xfe", 0xf4).is_err());
        assert_eq!(decode(b"caf\xe9", 0, SmppAlphabet::Latin1, National::default()).unwrap(), "café");
    }

    #[test]
    fn headers_tell_parts_and_national_tables() {
        let header = |octets: &'static [u8]| {
            let (header, text) = take_header(octets);
            (header.part.map(|part| (part.reference, part.total, part.number)), header.national, text)
        };
        let none = National::default();
        assert_eq!(header(b"\x05\x00\x03\x2a\x03\x02text"), (Some(("8:42".to_owned(), 3, 2)), none, &b"text"[..]));
        assert_eq!(header(b"\x06\x08\x04\x01\x02\x02\x01text"), (Some(("16:258".to_owned(), 2, 1)), none, &b"text"[..]));
        let spanish = National { single: 2, locking: 0 };
        assert_eq!(header(b"\x08\x24\x01\x02\x00\x03\x2a\x02\x01text"), (Some(("8:42".to_owned(), 2, 1)), spanish, &b"text"[..]));
        assert_eq!(header(b"\x05\x00\x03\x2a\x01\x01text"), (None, none, &b"text"[..]), "a single part is whole");
        assert_eq!(header(b"\x05\x00\x03\x2a\x02\x03text"), (None, none, &b"text"[..]), "the third of two");
        assert_eq!(header(b"\x7ftext"), (None, none, &b"\x7ftext"[..]), "longer than all there is");
    }

    proptest! {
        #[test]
        fn a_text_makes_as_many_parts_as_it_is_counted_for_and_they_join_to_the_same(text in "(?s)[a-z€\\[\\^é£ŵ😀’ ]{0,400}") {
            let written = write(&text, SmppAlphabet::Gsm7);
            prop_assert_eq!(written.parts.len(), segments::count(&text).segments.max(1));
            let most = if written.parts.len() == 1 { 160 } else { 154 };
            prop_assert!(written.parts.iter().all(|part| part.len() <= most));
            let joined: String = written.parts.iter().map(|part| decoded(part, written.data_coding).unwrap()).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
