//! `[pure]` What a text costs: GSM 03.38 or UCS-2, and how many parts it makes.
//!
//! 3GPP TS 23.038 (alphabet) and TS 23.040 (concatenation): 160 septets, or 153 in each part; 70 UCS-2 units, or 67. An
//! escape pair and a surrogate pair are never split between parts.

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
}

/// Counts a text.
pub fn count(text: &str) -> Cost {
    let dear = text.chars().find(|c| septets(*c).is_none());
    let (encoding, single, each) = if dear.is_none() { (Encoding::Gsm7, 160, 153) } else { (Encoding::Ucs2, 70, 67) };
    let widths: Vec<usize> = text.chars().map(|c| if dear.is_none() { septets(c).unwrap_or(1) } else { c.len_utf16() }).collect();
    let total: usize = widths.iter().sum();
    if total <= single {
        return Cost { encoding, segments: usize::from(total > 0), units_left: single - total, dear };
    }
    let (mut segments, mut used) = (1, 0);
    for width in widths {
        if used + width > each {
            segments += 1;
            used = 0;
        }
        used += width;
    }
    Cost { encoding, segments, units_left: each - used, dear }
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
    }
}
