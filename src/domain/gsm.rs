//! `[pure]` The alphabet of ordinary texts: GSM 7-bit with its extension, and the national tables that some phones use.
//!
//! 3GPP TS 23.038, sections 6.2.1 (alphabet and extension) and annex A (Turkish, Spanish, Portuguese). We write the alphabet
//! and its extension only: older handsets in the United Kingdom do not know the national ones. We read them all the same,
//! since phones from those countries roam here.

/// What calls for a character of the extension.
const ESCAPE: u8 = 0x1b;
/// By code; the escape stands in its place.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Two septets each.
const EXTENSION: &[(u8, char)] =
    &[(0x0a, '\u{c}'), (0x14, '^'), (0x28, '{'), (0x29, '}'), (0x2f, '\\'), (0x3c, '['), (0x3d, '~'), (0x3e, ']'), (0x40, '|'), (0x65, '€')];

/// Annex A.2: what a national extension has beside or in place of the common one.
const TURKISH: &[(u8, char)] = &[(0x47, 'Ğ'), (0x49, 'İ'), (0x53, 'Ş'), (0x63, 'ç'), (0x67, 'ğ'), (0x69, 'ı'), (0x73, 'ş')];
const SPANISH: &[(u8, char)] = &[(0x09, 'ç'), (0x41, 'Á'), (0x49, 'Í'), (0x4f, 'Ó'), (0x55, 'Ú'), (0x61, 'á'), (0x69, 'í'), (0x6f, 'ó'), (0x75, 'ú')];
const PORTUGUESE: &[(u8, char)] = &[
    (0x05, 'ê'),
    (0x09, 'ç'),
    (0x0b, 'Ô'),
    (0x0c, 'ô'),
    (0x0e, 'Á'),
    (0x0f, 'á'),
    (0x12, 'Φ'),
    (0x13, 'Γ'),
    (0x15, 'Ω'),
    (0x16, 'Π'),
    (0x17, 'Ψ'),
    (0x18, 'Σ'),
    (0x19, 'Θ'),
    (0x1f, 'Ê'),
    (0x41, 'À'),
    (0x49, 'Í'),
    (0x4f, 'Ó'),
    (0x55, 'Ú'),
    (0x5b, 'Ã'),
    (0x5c, 'Õ'),
    (0x61, 'Â'),
    (0x69, 'í'),
    (0x6f, 'ó'),
    (0x75, 'ú'),
    (0x7b, 'ã'),
    (0x7c, 'õ'),
    (0x7f, 'â'),
];

/// Annex A.3: alphabets in place of the common one.
const TURKISH_BASIC: &str =
    "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà";
const PORTUGUESE_BASIC: &str =
    "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\u{1b}ÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà";

/// How many septets a character takes; `None` if it is not in the alphabet, so that the whole text goes as UCS-2.
pub fn septets(c: char) -> Option<usize> {
    if c == '\u{1b}' {
        None
    } else if BASIC.contains(c) {
        Some(1)
    } else {
        EXTENSION.iter().any(|(_, extended)| *extended == c).then_some(2)
    }
}

/// Appends a character as septets, eight bits each; `false` if the alphabet lacks it.
pub fn encode(c: char, into: &mut Vec<u8>) -> bool {
    if c == '\u{1b}' {
        return false;
    }
    if let Some(code) = (0_u8..).zip(BASIC.chars()).find_map(|(code, basic)| (basic == c).then_some(code)) {
        into.push(code);
        return true;
    }
    match EXTENSION.iter().find(|(_, extended)| *extended == c) {
        Some((code, _)) => {
            into.extend([ESCAPE, *code]);
            true
        }
        None => false,
    }
}

/// Which national tables a text was written with, by their numbers (TS 23.038 section 6.2.1.2.4); 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct National {
    /// In place of the extension.
    pub single: u8,
    /// In place of the alphabet.
    pub locking: u8,
}

/// Septets, eight bits each, as text. `None` if they are written in an alphabet that we do not have.
///
/// What follows an escape and stands in no extension is read as of the alphabet itself (section 6.2.1.1); an octet that is
/// no septet is taken for Latin-1, which is what a carrier sends that did not convert.
pub fn decode(octets: &[u8], national: National) -> Option<String> {
    let basic: Vec<char> = match national.locking {
        0 => BASIC,
        1 => TURKISH_BASIC,
        // Spanish has an extension only.
        3 => PORTUGUESE_BASIC,
        _ => return None,
    }
    .chars()
    .collect();
    let single: &[(u8, char)] = match national.single {
        1 => TURKISH,
        2 => SPANISH,
        3 => PORTUGUESE,
        _ => &[],
    };
    let plain = |code: u8| basic.get(usize::from(code)).copied().unwrap_or(char::from(code));
    let mut text = String::with_capacity(octets.len());
    let mut rest = octets.iter().copied();
    while let Some(code) = rest.next() {
        if code != ESCAPE {
            text.push(plain(code));
            continue;
        }
        // An escape with nothing after it, or with another, is shown as a space.
        text.push(match rest.next() {
            None | Some(ESCAPE) => ' ',
            Some(code) => single.iter().chain(EXTENSION).find_map(|(known, c)| (*known == code).then_some(*c)).unwrap_or_else(|| plain(code)),
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alphabet_has_its_128_places() {
        for alphabet in [BASIC, TURKISH_BASIC, PORTUGUESE_BASIC] {
            let places: Vec<char> = alphabet.chars().collect();
            assert_eq!(places.len(), 128);
            assert_eq!((places[0], places[0x1b], places[0x20], places[0x61]), ('@', '\u{1b}', ' ', 'a'));
        }
    }

    #[test]
    fn what_is_written_is_read_and_takes_as_much_room_as_is_said() {
        for c in BASIC.chars().filter(|c| *c != '\u{1b}').chain(EXTENSION.iter().map(|(_, c)| *c)) {
            let mut octets = Vec::new();
            assert!(encode(c, &mut octets));
            assert_eq!(Some(octets.len()), septets(c), "{c:?}");
            assert_eq!(decode(&octets, National::default()).unwrap(), c.to_string());
        }
        for c in ['`', '\t', 'ç', '’', '–', '\u{a0}', 'ŵ', 'ê', '\u{1b}', '😀'] {
            assert!(septets(c).is_none() && !encode(c, &mut Vec::new()), "{c:?}");
        }
    }

    #[test]
    fn phones_from_abroad_are_read() {
        let read = |octets: &[u8], single, locking| decode(octets, National { single, locking });
        assert_eq!(read(b"\x1b\x61lb\x1bu", 2, 0).unwrap(), "álbú");
        assert_eq!(read(b"\x1bs\x1bi\x1be", 1, 0).unwrap(), "şı€");
        assert_eq!(read(b"n\x1b\x7b\x1b\x14", 3, 0).unwrap(), "nã^");
        assert_eq!(read(b"\x07\x60\x04", 0, 1).unwrap(), "ıç€");
        assert_eq!(read(b"n\x7bo\x60", 3, 3).unwrap(), "não~");
        assert_eq!(read(b"abc", 0, 6), None, "an alphabet of India");
        assert_eq!(read(b"\x1bA\x1b", 9, 0).unwrap(), "A ", "an unknown extension, and an escape at the end");
        assert_eq!(read(b"caf\xe9", 0, 0).unwrap(), "café", "Latin-1 from a carrier that did not convert");
    }
}
