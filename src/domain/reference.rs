//! `[pure]` An alert's public reference (`K7Q2M`) and a delivery's printed code (`K7Q2M-9FDM`).
//!
//! Five Crockford characters, the last a check, so that a mistyped reference is seen as such and not taken for another alert.
//! The four characters of the delivery's code are an HMAC, so that they cannot be guessed.

use super::ids::symbol;

const CHECK_PRIME: u32 = 31;

/// A new random reference, upper case, that [`find_references`] finds: one in four that are drawn looks like a plate or a word.
pub fn new_reference() -> String {
    std::iter::repeat_with(drawn).find(|reference| !looks_like_a_plate(reference)).unwrap_or_default()
}

fn drawn() -> String {
    let random: [u8; 4] = rand::random();
    let values: Vec<u32> = random.iter().map(|byte| u32::from(*byte) & 31).collect();
    values.iter().chain([&check(&values)]).map(|value| symbol(*value).to_ascii_uppercase()).collect()
}

/// Reads a reference as people type it: any case, with O for 0 and I or L for 1. `None` if the check does not hold.
pub fn parse_reference(text: &str) -> Option<String> {
    let values: Vec<u32> = text.chars().map(value_of).collect::<Option<_>>()?;
    let (last, body) = values.split_last()?;
    (body.len() == 4 && check(body) == *last).then(|| values.iter().map(|value| symbol(*value).to_ascii_uppercase()).collect())
}

/// Every whole token of the text that is a valid reference, in order, each once.
///
/// A token that has the shape of a UK postcode's halves or of a number plate is passed over: `AB12C` in a sighting is a plate.
pub fn find_references(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for token in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if token.len() == 5
            && !looks_like_a_plate(token)
            && let Some(reference) = parse_reference(token)
            && !found.contains(&reference)
        {
            found.push(reference);
        }
    }
    found
}

fn check(body: &[u32]) -> u32 {
    // Position weights coprime to the prime: a changed character and a swap of neighbours both change the sum.
    body.iter().zip([7_u32, 11, 13, 17]).map(|(value, weight)| value * weight).sum::<u32>() % CHECK_PRIME
}

fn value_of(c: char) -> Option<u32> {
    let c = match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    (0..32).find(|value| symbol(*value) == c)
}

fn looks_like_a_plate(token: &str) -> bool {
    let shape: String = token.chars().map(|c| if c.is_ascii_digit() { '9' } else { 'A' }).collect();
    matches!(shape.as_str(), "AA99A" | "A999A" | "A99AA" | "99999" | "AAAAA" | "A9A9A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_reference_reads_back_in_any_case_and_with_confusable_letters() {
        for _ in 0..500 {
            let reference = new_reference();
            assert_eq!(parse_reference(&reference.to_lowercase()), Some(reference.clone()));
            assert_eq!(find_references(&format!("about {}, yes", reference.to_lowercase())), std::slice::from_ref(&reference), "and is found in a text");
            assert_eq!(parse_reference(&reference.replace('0', "O").replace('1', "l")), Some(reference));
        }
    }

    #[test]
    fn a_changed_character_is_seen() {
        let mut seen = 0;
        let reference = "K7Q2".to_owned();
        let good = (0..32).map(symbol).find_map(|c| parse_reference(&format!("{reference}{c}"))).unwrap();
        for value in 0..32 {
            let changed = format!("{}{}", symbol(value), &good[1..]);
            if changed.to_uppercase() != good && parse_reference(&changed).is_none() {
                seen += 1;
            }
        }
        assert!(seen >= 30, "{seen} of 31 changes of the first character were seen");
    }

    #[test]
    fn plates_and_plain_words_are_not_references() {
        assert!(find_references("saw AB12C on the hill with 12345 and HELLO").is_empty());
    }
}
