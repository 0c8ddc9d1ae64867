//! `[pure]` A mail's HTML made harmless: its words, tables and enclosed pictures; nothing that runs, loads, leaves or covers.
//!
//! What is allowed is listed; all else goes. Links are written out instead of being followed, since a link in a stranger's
//! mail is the first thing not to press. The page around it is sealed by its own policy besides.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use ammonia::Builder;
use base64::Engine;
use regex::Regex;

/// No mail that somebody wrote is longer.
const LONGEST: usize = 1 << 20;
/// Nor deeper: a browser's way of reading HTML takes time by the square of it.
const DEEPEST: usize = 500;
/// Pictures that one page shows.
const MOST_PICTURE_BYTES: usize = 8 << 20;

const TAGS: [&str; 51] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];
/// Their contents go with them.
const GONE: [&str; 12] = ["script", "style", "title", "iframe", "noscript", "object", "embed", "svg", "math", "template", "textarea", "select"];

/// HTML that may be shown, and what was left out of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SafeHtml {
    /// The mark-up.
    pub html: String,
    /// Pictures that would have been fetched from elsewhere.
    pub remote_pictures: usize,
    /// It was too long to show whole.
    pub cut: bool,
}

/// A picture that came with the mail.
#[derive(Clone, Debug)]
pub struct Enclosed {
    /// Its Content-ID without brackets.
    pub content_id: String,
    /// By its bytes.
    pub content_type: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

/// Makes it harmless; `None` for what nests deeper than anybody writes, of which only the words can be shown.
pub fn clean(html: &str, pictures: &[Enclosed]) -> Option<SafeHtml> {
    let shown = html.get(..html.floor_char_boundary(LONGEST)).unwrap_or_default();
    if depth(shown) > DEEPEST {
        return None;
    }
    let enclosed = data_urls(pictures);
    let remote = Arc::new(AtomicUsize::new(0));
    let counted = remote.clone();
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into())
        .clean_content_tags(GONE.into())
        .tag_attributes(
            [("a", ["href"].into()), ("img", ["src", "alt"].into()), ("td", ["colspan", "rowspan"].into()), ("th", ["colspan", "rowspan"].into())].into(),
        )
        .generic_attributes(std::collections::HashSet::new())
        .url_schemes(["http", "https", "mailto", "tel", "cid"].into())
        .link_rel(None)
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => match value.split_at_checked(4) {
                Some((scheme, id)) if scheme.eq_ignore_ascii_case("cid:") => enclosed.get(id).map(|url| url.clone().into()),
                _ => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    None
                }
            },
            _ => Some(value.into()),
        });
    let clean = builder.clean(shown).to_string();
    Some(SafeHtml { html: write_out_links(&clean), remote_pictures: remote.load(Ordering::Relaxed), cut: shown.len() < html.len() })
}

/// How many elements are open at once, at most; those that end by themselves do not count.
fn depth(html: &str) -> usize {
    const ALONE: [&str; 14] = ["br", "hr", "img", "input", "meta", "link", "wbr", "col", "p", "li", "td", "tr", "th", "option"];
    let (mut open, mut deepest) = (0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        match tag.chars().next() {
            _ if ALONE.iter().any(|alone| alone.eq_ignore_ascii_case(name)) => {}
            Some('/') => open = open.saturating_sub(1),
            Some(c) if c.is_ascii_alphabetic() => open += 1,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn data_urls(pictures: &[Enclosed]) -> HashMap<String, String> {
    let mut room = MOST_PICTURE_BYTES;
    let mut urls = HashMap::new();
    for picture in pictures {
        if picture.bytes.len() <= room && !urls.contains_key(&picture.content_id) {
            room -= picture.bytes.len();
            let url = format!("data:{};base64,{}", picture.content_type, base64::engine::general_purpose::STANDARD.encode(&picture.bytes));
            urls.insert(picture.content_id.clone(), url);
        }
    }
    urls
}

/// An anchor has one attribute by now and words never hold a bare `<`, so that its form is known.
fn write_out_links(clean: &str) -> String {
    static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"<a href="([^"]*)">"#).ok());
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    let Some(open) = OPEN.as_ref() else { return String::new() };
    while let Some(found) = open.captures(rest) {
        let (whole, target) = (found.get(0), found.get(1).map_or("", |target| target.as_str()));
        let (from, to) = whole.map_or((0, 0), |whole| (whole.start(), whole.end()));
        out.push_str(rest.get(..from).unwrap_or_default());
        let inside = rest.get(to..).unwrap_or_default();
        let end = inside.find("</a>").unwrap_or(inside.len());
        let words = inside.get(..end).unwrap_or_default();
        out.push_str(words);
        if words.trim() != target && words.trim() != target.trim_start_matches("mailto:").trim_start_matches("tel:") {
            out.extend([" <span class=\"target\">[", target, "]</span>"]);
        }
        rest = inside.get(end + 4..).unwrap_or_default();
    }
    out.push_str(rest);
    // What is left of them is empty.
    out.replace("<a>", "").replace("</a>", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(given: &str) -> String {
        clean(given, &[]).unwrap().html
    }

    #[test]
    fn words_and_tables_stay() {
        assert_eq!(
            html("<p>I saw <b>him</b>.</p><table><tr><td colspan=2>9 pm</td></tr></table>"),
            "<p>I saw <b>him</b>.</p><table><tbody><tr><td colspan=\"2\">9 pm</td></tr></tbody></table>"
        );
    }

    #[test]
    fn nothing_runs_loads_submits_or_covers() {
        let hostile = [
            "<script>x()</script><p onclick=x()>a</p>",
            "<img src=https://evil.example/p.gif onerror=x()>",
            "<img src=x onerror=x()><svg onload=x()><script>x()</script></svg>",
            "<form action=https://evil.example><input name=p><button>Go</button></form>",
            "<iframe src=https://evil.example></iframe><object data=x></object><embed src=x><base href=https://evil.example>",
            "<div style='position:fixed;inset:0;background:url(https://evil.example/x)'>over</div><style>@import url(https://evil.example);</style>",
            "<a href=javascript:x()>a</a><a href='data:text/html,<script>x()</script>'>b</a><a href=vbscript:x>c</a>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=x()&gt;\">",
            "<meta http-equiv=refresh content='0;url=https://evil.example'><link rel=stylesheet href=https://evil.example/x.css>",
            "<video src=https://evil.example/v></video><audio src=https://evil.example/a></audio><picture><source srcset=https://evil.example/x></picture>",
            "<td background=https://evil.example/b>x</td><body background=https://evil.example/b>",
        ];
        for given in hostile {
            let shown = html(given);
            for bad in [
                "script",
                "onerror",
                "onclick",
                "onload",
                "evil.example",
                "javascript",
                "style",
                "<form",
                "<input",
                "<iframe",
                "<base",
                "<meta",
                "<link",
                "<svg",
                "src=",
            ] {
                assert!(!shown.to_lowercase().contains(bad), "{bad} is left of {given}: {shown}");
            }
        }
    }

    #[test]
    fn links_are_written_out_and_cannot_be_pressed() {
        assert_eq!(
            html("<a href=\"https://evil.example/?a=1&amp;b\" dir=rtl>your bank</a>!"),
            "your bank <span class=\"target\">[https://evil.example/?a=1&amp;b]</span>!"
        );
        assert_eq!(html("<a href='https://x.example/'>https://x.example/</a>"), "https://x.example/");
        assert_eq!(html("<a name=x>here</a>"), "here");
        assert_eq!(html("a &lt;a href=\"x\"&gt; b"), "a &lt;a href=\"x\"&gt; b");
    }

    #[test]
    fn an_enclosed_picture_is_shown_and_a_remote_one_is_counted() {
        let picture = Enclosed { content_id: "p1@x".into(), content_type: "image/png", bytes: vec![1, 2, 3] };
        let shown = clean("<img src=CID:p1@x alt=van><img src=cid:none><img src=https://evil.example/p.gif><img src=//evil.example/q>", &[picture]).unwrap();
        assert!(shown.html.starts_with("<img src=\"data:image/png;base64,AQID\" alt=\"van\">"), "{}", shown.html);
        assert!(!shown.html.contains("evil"));
        assert_eq!(shown.remote_pictures, 2);
    }

    #[test]
    fn depth_and_length_do_no_harm() {
        for deep in ["<div>", "<b>", "<table><tr><td>", "<i><b><a href=x>"] {
            assert_eq!(clean(&deep.repeat(100_000), &[]), None, "{deep}");
        }
        let wide = clean(&"<p>x<br><b>y</b>".repeat(20_000), &[]).unwrap();
        assert!(wide.html.contains("<b>y</b>") && !wide.cut);
        let shown = clean(&"é".repeat(LONGEST), &[]).unwrap();
        assert!(shown.cut && shown.html.len() <= LONGEST);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(given in ".{0,300}") {
            let _shown = clean(&given, &[]);
        }
    }
}
