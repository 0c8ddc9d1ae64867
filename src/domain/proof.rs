//! `[pure]` What may prove that a mail is from its author: a mail server's findings, the author's signatures.

/// One method's result, as a mail server of ours found it (RFC 8601).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The server that says so.
    pub server: String,
    /// `dkim`, `spf`, `dmarc`, …
    pub method: String,
    /// `pass`, `fail`, `none`, …
    pub result: String,
    /// Such as (`header.d`, `example.org`).
    pub properties: Vec<(String, String)>,
}

impl Finding {
    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What became of one DKIM signature (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whose (`d=`).
    pub domain: String,
    /// How it went.
    pub outcome: Outcome,
}

/// How a signature's check went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The domain answers for this author and these words.
    Pass,
    /// It does not hold, with the reason.
    Fail(String),
    /// It could not be checked just now.
    Unknown(String),
}

/// The author's own domain, or one above it: whoever holds `example.org` answers for `mail.example.org`.
///
/// DMARC's relaxed alignment (RFC 7489 section 3.1) also lets a subdomain answer for the domain above it. That takes the
/// public suffix list, since else `shop.github.io` could speak for `github.io`: such a sender is asked to confirm by link.
pub fn is_aligned(author_domain: &str, signing_domain: &str) -> bool {
    let (author, signing) = (author_domain.trim_end_matches('.').to_ascii_lowercase(), signing_domain.trim_end_matches('.').to_ascii_lowercase());
    signing.contains('.') && (author == signing || author.strip_suffix(&signing).is_some_and(|below| below.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::is_aligned;

    #[test]
    fn the_domain_itself_and_those_above_it_answer_for_it() {
        for (author, signing) in [("example.org", "example.org"), ("mail.Example.org", "example.ORG"), ("a.b.example.org", "example.org.")] {
            assert!(is_aligned(author, signing), "{author} {signing}");
        }
        for (author, signing) in [
            ("example.org", "mail.example.org"),
            ("badexample.org", "example.org"),
            ("example.org", "org"),
            ("example.org", ""),
            ("", ""),
            ("example.org", "attacker.example"),
        ] {
            assert!(!is_aligned(author, signing), "{author} {signing}");
        }
    }
}
