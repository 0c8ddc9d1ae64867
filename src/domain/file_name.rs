//! `[pure]` File names that came from strangers, made fit for a disk, a ZIP, a header and a person's eyes.

/// The longest name, in bytes.
const LONGEST: usize = 100;

/// Names that stand for devices on Windows, with or without an ending.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A name without paths, control characters, tricks of direction, characters that a system keeps for itself, and names of
/// devices. Its ending stays; it is never empty.
pub fn safe(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let cleaned: String = last.chars().filter(|c| !is_hidden(*c)).map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    let trimmed = cleaned.trim().trim_start_matches(['.', '-']).trim_end_matches(['.', ' ']).trim();
    if trimmed.is_empty() {
        return "file".to_owned();
    }
    let name = shortened(trimmed);
    if is_device(&name) { format!("_{name}") } else { name }
}

/// The same in ASCII alone, so that it reads the same wherever it is unpacked.
pub fn ascii(given: &str) -> String {
    safe(given).chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

/// Controls, and what changes how the rest is read without being seen: direction marks, joiners, fillers.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0xad | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffd | 0xe0000..=0xe0fff)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim().to_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")).is_some_and(|rest| {
        let mut rest = rest.chars();
        rest.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && rest.next().is_none()
    });
    port || DEVICES.contains(&stem.as_str())
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|at| name.get(at..)).filter(|ending| (2..=12).contains(&ending.len())).unwrap_or_default();
    let mut short = String::new();
    for c in name.chars() {
        if short.len() + c.len_utf8() + ending.len() > LONGEST {
            break;
        }
        short.push(c);
    }
    short + ending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_stranger_is_made_fit() {
        for (given, expected) in [
            ("van.jpg", "van.jpg"),
            ("  van.jpg ", "van.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/", "file"),
            ("", "file"),
            ("...", "file"),
            (".htaccess", "htaccess"),
            ("-rf", "rf"),
            ("a\0b\r\nc.txt", "abc.txt"),
            ("gpj.\u{202e}exe.jpg", "gpj.exe.jpg"),
            ("photo\u{2066}\u{200f}.png", "photo.png"),
            ("a\u{feff}b.png", "ab.png"),
            ("what?<is>:this|\"*.txt", "what__is__this___.txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("LPT1.doc", "_LPT1.doc"),
            ("com10.doc", "com10.doc"),
            ("console.log", "console.log"),
            ("name. . ", "name"),
            ("dŵr.jpg", "dŵr.jpg"),
        ] {
            assert_eq!(safe(given), expected, "{given:?}");
        }
        assert_eq!(ascii("dŵr y môr.jpg"), "d_r_y_m_r.jpg");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = safe(&format!("{}.jpeg", "ŵ".repeat(300)));
        assert!(name.len() <= LONGEST && name.ends_with("ŵ.jpeg"), "{name}");
        assert!(safe(&"x".repeat(500)).len() <= LONGEST);
        assert!(safe(&format!("x.{}", "y".repeat(500))).len() <= LONGEST);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_given_the_name_is_one_part_and_safe_again(given in "\\PC*|[\\s\\S]{0,40}") {
            let name = safe(&given);
            proptest::prop_assert!(!name.is_empty() && name.len() <= LONGEST + 1);
            proptest::prop_assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != "..");
            proptest::prop_assert!(ascii(&given).bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
        }
    }
}
