//! `[pure]` HTML that readers may be given: without tags so long that reading one takes time by the square of its length.

use std::borrow::Cow;

/// No tag that a program writes is longer; a picture within the text may be, and is not needed to read the words.
const LONGEST_TAG: usize = 16 * 1024;

/// The same without its monstrous tags. Readers compare each attribute of a tag with all before it.
pub fn without_monsters(html: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(open) = html.get(at..).and_then(|rest| rest.find('<')).map(|open| at + open) {
        let end = html.get(open..).and_then(|tag| tag.find('>')).map_or(html.len(), |end| open + end + 1);
        let is_tag = html.as_bytes().get(open + 1).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'/');
        if is_tag && end - open > LONGEST_TAG {
            out.push_str(html.get(kept..open).unwrap_or_default());
            kept = end;
        }
        // What is no tag may hold one.
        at = if is_tag { end } else { open + 1 };
    }
    if kept == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(html.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_monstrous_tags_are_left_out() {
        let plain = "<p class=x>1 < 2 and <b>3</b></p>";
        assert_eq!(without_monsters(plain), plain);
        let attributes: String = (0..5_000).map(|n| format!(" a{n}=1")).collect();
        assert_eq!(without_monsters(&format!("<p>one</p><i{attributes}>two</i><p{attributes}>three")), "<p>one</p>two</i>three");
        assert_eq!(without_monsters(&format!("<p>one <b{}", "x ".repeat(20_000))), "<p>one ");
        assert_eq!(without_monsters(&"<".repeat(50_000)).len(), 50_000);
    }
}
