//! `[pure]` Links, known by their host. Nothing is ever fetched: a link in a message may be anybody's.

use std::sync::LazyLock;

use url::Url;

use super::{Pattern, each, pattern};
use crate::domain::finding::{Finding, Kind};

/// Every link.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static LINK: Pattern = LazyLock::new(|| {
        pattern(
            r#"(?i)\b(?:https?://|www\.)[^\s<>"]+|\b(?:[a-z0-9-]{1,40}\.){1,4}(?:com|org|net|uk|info|me|tv|be|io|eu|ie)(?:/[^\s<>"]*|\b)|\b(?:[a-z0-9-]{1,40}\.){1,4}[a-z]{2,12}/[^\s<>"]+"#,
        )
    });
    each(text, &LINK, |captures| {
        let whole = captures.get(0)?;
        // What closes the sentence is not of the link.
        let written = whole.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '’', '”']);
        let with_scheme = written.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("http"));
        let url = Url::parse(&if with_scheme { written.to_owned() } else { format!("https://{written}") }).ok()?;
        let host = url.host_str()?.trim_start_matches("www.").trim_end_matches('.').to_owned();
        (host.contains('.') || host.contains(':')).then(|| Finding {
            kind: Kind::Link,
            at: whole.start()..whole.start() + written.len(),
            value: host,
            perhaps: None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn a_link_is_known_by_its_host() {
        for (text, expected) in [
            ("https://www.Example.org/a?b=c", "link example.org"),
            ("see http://clips.example.co.uk/x.", "link clips.example.co.uk"),
            ("(www.example.org)", "link example.org"),
            ("youtu.be/abc123", "link youtu.be"),
            ("derbyshire.police.uk", "link derbyshire.police.uk"),
            ("http://10.0.0.1/a", "link 10.0.0.1"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
        for text in ["https://", "www.", "he left.then he came", "and/or", "me@example.org", "a.m./p.m."] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
