//! What all carriers have in common: how a number is written, how long a text is, what an id looks like.
//!
//! Owns: forms only. Must not: know any vendor.
//! Data: between the vendors' words and the ledger's.

const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_DOUBLE: &str = "\u{c}^{}\\[~]|€";

/// The parts that a text takes on the air: 160 GSM characters or 70 UTF-16 units, fewer in each when it takes more than one.
pub(crate) fn parts(body: &str) -> Vec<String> {
    let gsm = is_gsm(body);
    let cost = |c: char| if gsm { 1 + usize::from(GSM_DOUBLE.contains(c)) } else { c.len_utf16() };
    let (one, more) = if gsm { (160, 153) } else { (70, 67) };
    if body.chars().map(cost).sum::<usize>() <= one {
        return vec![body.to_owned()];
    }
    let (mut parts, mut part, mut length) = (Vec::new(), String::new(), 0);
    for c in body.chars() {
        if length + cost(c) > more {
            parts.push(std::mem::take(&mut part));
            length = 0;
        }
        part.push(c);
        length += cost(c);
    }
    parts.push(part);
    parts
}

/// Whether all of it is in the alphabet that every phone has.
pub(crate) fn is_gsm(body: &str) -> bool {
    body.chars().all(|c| GSM.contains(c) || GSM_DOUBLE.contains(c))
}

/// Whether this has the form of an international number: `+`, then 8 to 15 digits of which the first is not 0.
pub(crate) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// An international number without its `+`, as some vendors write it.
pub(crate) fn bare(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// A number of a vendor who leaves out the `+`.
pub(crate) fn with_plus(number: &str) -> String {
    if number.starts_with('+') { number.to_owned() } else { format!("+{number}") }
}

/// A British number as people write it.
pub(crate) fn national(number: &str) -> String {
    number.strip_prefix("+44").map_or_else(|| number.to_owned(), |rest| format!("0{rest}"))
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_parts() {
        assert_eq!(parts(&"a".repeat(160)).len(), 1);
        assert_eq!(parts(&"a".repeat(161)).len(), 2);
        assert_eq!(parts(&"€".repeat(80)).len(), 1);
        assert_eq!(parts(&"ŵ".repeat(71)).len(), 2);
        // The extension's two septets do not straddle a boundary.
        assert_eq!(parts(&format!("{}€{}", "a".repeat(152), "b".repeat(20))).iter().map(|part| part.chars().count()).collect::<Vec<_>>(), [152, 21]);
    }

    #[test]
    fn knows_an_international_number() {
        assert!(is_e164("+447700900123"));
        for wrong in ["447700900123", "+04477009001", "+44 7700 900123", "+4", ""] {
            assert!(!is_e164(wrong), "{wrong}");
        }
        assert_eq!(
            (bare("+447700900123"), with_plus("447700900123").as_str(), national("+447700900123").as_str()),
            ("447700900123", "+447700900123", "07700900123")
        );
    }

    #[test]
    fn ids_are_uuids() {
        let id = uuid();
        assert!(id.split('-').map(str::len).eq([8, 4, 4, 4, 12]), "{id}");
    }
}
