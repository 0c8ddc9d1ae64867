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

use crate::domain::html::without_monsters;

/// No mail that somebody wrote is longer.
const LONGEST: usize = 1 << 20;
/// Nor deeper: a browser's way of reading HTML takes time by the square of it.
const DEEPEST: usize = 500;
/// Elements that one mail may come to.
const MOST_ELEMENTS: usize = 2_000_000;
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
    let short = html.get(..html.floor_char_boundary(LONGEST)).unwrap_or_default();
    let shown = without_monsters(short);
    let (depth, tags) = depth(&shown);
    // What is left open is opened again in each block below it: as many elements as this product may come of it.
    if depth > DEEPEST || depth.saturating_mul(tags) > MOST_ELEMENTS {
        return None;
    }
    let shown_ones = pictures.iter().filter(|picture| picture.bytes.len() <= MOST_PICTURE_BYTES);
    let enclosed: HashMap<String, String> = shown_ones.map(|picture| (picture.content_id.clone(), data_url(picture))).collect();
    let room = AtomicUsize::new(MOST_PICTURE_BYTES / 3 * 4);
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
                // A mail may show one picture a thousand times.
                Some((scheme, id)) if scheme.eq_ignore_ascii_case("cid:") => enclosed
                    .get(id)
                    .filter(|url| room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(url.len())).is_ok())
                    .map(|url| url.clone().into()),
                _ => {
                    counted.fetch_add(1, Ordering::Relaxed);
                    None
                }
            },
            _ => Some(value.into()),
        });
    let clean = builder.clean(&shown).to_string();
    Some(SafeHtml { html: write_out_links(&clean), remote_pictures: remote.load(Ordering::Relaxed), cut: short.len() < html.len() })
}

/// How many elements are open at once, at most, and how many tags there are. Those that end by themselves do not count; an end
/// without its beginning ends nothing.
fn depth(html: &str) -> (usize, usize) {
    const ALONE: [&str; 14] = ["br", "hr", "img", "input", "meta", "link", "wbr", "col", "p", "li", "td", "tr", "th", "option"];
    let mut open: HashMap<String, usize> = HashMap::new();
    let (mut now, mut deepest, mut tags) = (0_usize, 0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        if !tag.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic()) {
            continue;
        }
        tags += 1;
        if ALONE.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if tag.starts_with('/') {
            now -= usize::from(*count > 0);
            *count = count.saturating_sub(1);
        } else {
            *count += 1;
            now += 1;
        }
        deepest = deepest.max(now);
    }
    (deepest, tags)
}

fn data_url(picture: &Enclosed) -> String {
    format!("data:{};base64,{}", picture.content_type, base64::engine::general_purpose::STANDARD.encode(&picture.bytes))
}

/// An anchor has one attribute by now and words never hold a bare `<`, so that its form is known.
fn write_out_links(clean: &str) -> String {
    static ANCHOR: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"<a(?: href="([^"]*)")?>|</a>"#).ok());
    let Some(anchor) = ANCHOR.as_ref() else { return String::new() };
    let mut out = String::with_capacity(clean.len());
    // Where the words of each open link begin, and where it leads.
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut done = 0;
    for found in anchor.captures_iter(clean) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(clean.get(done..whole.start()).unwrap_or_default());
        done = whole.end();
        if whole.as_str() != "</a>" {
            open.push((out.len(), found.get(1).map_or("", |target| target.as_str())));
        } else if let Some((from, target)) = open.pop() {
            let words = out.get(from..).unwrap_or_default().trim();
            let itself = words == target || words == target.trim_start_matches("mailto:").trim_start_matches("tel:");
            if !target.is_empty() && !itself {
                out.extend([" <span class=\"target\">[", target, "]</span>"]);
            }
        }
    }
    out.push_str(clean.get(done..).unwrap_or_default());
    out
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
        assert_eq!(html("<a href='https://a.example/'>x<table><tr><td><a href='https://b.example/'>y").matches("<a").count(), 0);
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
        let again: String = (0..499).map(|n| format!("<b a={n}>")).chain(std::iter::repeat_n("<p>x".to_owned(), 20_000)).collect();
        assert_eq!(clean(&again, &[]), None);
        let picture = Enclosed { content_id: "a".into(), content_type: "image/png", bytes: vec![0; 1 << 20] };
        let often = clean(&"<img src=cid:a>".repeat(5_000), &[picture]).unwrap();
        assert!(often.html.len() < 16 << 20, "one picture many times: {}", often.html.len());
        for deep in ["<div>", "<b></i>", "<b>", "<table><tr><td>", "<i><b><a href=x>"] {
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
