//! `[pure]` Authentication-Results (RFC 8601): what a mail server of ours found out about a sender.
//!
//! Anybody can write such a header into a mail. One is believed only if it bears a configured authserv-id and stands where
//! our own server put it: in the topmost block, above the Received lines that strangers wrote (email.md R13). It is read by
//! the grammar: the word "pass" in a comment or within a quoted address says nothing.

use crate::domain::proof::Finding;

/// What the servers of these ids found. `received_above` Received lines of our own may stand above their block: one for each
/// hop within our house, none if the server that checks is the one that delivers.
pub fn trusted(headers: &[(String, String)], ids: &[String], received_above: usize) -> Vec<Finding> {
    let (mut found, mut received) = (Vec::new(), 0_usize);
    for (name, value) in headers {
        match name.as_str() {
            "received" if !found.is_empty() || received >= received_above => break,
            "received" => received += 1,
            // What one of ours has said of a method stands: another header below it may be the sender's own.
            "authentication-results" => {
                let told: Vec<Finding> = read(value).into_iter().filter(|finding| ids.iter().any(|id| id.eq_ignore_ascii_case(&finding.server))).collect();
                let fresh: Vec<Finding> = told.into_iter().filter(|finding| found.iter().all(|known: &Finding| known.method != finding.method)).collect();
                found.extend(fresh);
            }
            _ => {}
        }
    }
    found
}

/// The author that every reader of this mail finds: one From line, with one address. Two programs may read a crafted head in
/// two ways, and a signature that one of them checked then says nothing of the author that the other shows.
pub fn plain_author(raw: &[u8]) -> Option<String> {
    let mut authors = Vec::new();
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).take(2_000).peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            break;
        }
        let mut field = line.to_vec();
        while let Some(more) = lines.next_if(|line| line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))) {
            field.extend_from_slice(more);
        }
        let name = field.split(|byte| *byte == b':').next().unwrap_or_default();
        if name.trim_ascii().eq_ignore_ascii_case(b"from") {
            authors.push(String::from_utf8(field.get(name.len() + 1..)?.to_vec()).ok()?);
        }
        // A line that ends in a bare CR, or holds one, is two lines to some.
        if field.contains(&b'\r') {
            return None;
        }
    }
    let [author] = authors.as_slice() else { return None };
    if author.matches('@').count() != 1 || author.len() > 1_000 {
        return None;
    }
    let address = match author.rsplit_once('<') {
        Some((_, rest)) => rest.split_once('>').filter(|(_, after)| after.trim().is_empty())?.0,
        None => author.as_str(),
    };
    let address = address.trim();
    (!address.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | ',' | ';' | ':' | '<' | '>')) && address.contains('@'))
        .then(|| address.to_ascii_lowercase())
}

/// The findings of one header; none if it is not of the grammar.
pub fn read(value: &str) -> Vec<Finding> {
    let tokens = tokens(value);
    let mut segments = tokens.split(|token| *token == Token::Sign(';'));
    let Some([Token::Word(server), ..]) = segments.next() else {
        return Vec::new();
    };
    segments.filter_map(|segment| finding(server, segment)).collect()
}

/// `method[/version] = result`, then `reason = …` and `ptype.property = …`.
fn finding(server: &str, segment: &[Token]) -> Option<Finding> {
    let mut pairs = Vec::new();
    let mut key = String::new();
    let mut rest = segment.iter();
    while let Some(token) = rest.next() {
        match token {
            // Blanks may stand around the dot of a property's name.
            Token::Word(word) => key.push_str(word),
            Token::Sign('=') => match rest.next() {
                Some(Token::Word(word)) => pairs.push((std::mem::take(&mut key).to_ascii_lowercase(), word.clone())),
                _ => return None,
            },
            Token::Sign(_) => return None,
        }
    }
    let (method, result) = pairs.first().cloned()?;
    let method = method.split('/').next().unwrap_or_default().to_owned();
    let properties = pairs.into_iter().skip(1).collect();
    Some(Finding { server: server.to_owned(), method, result: result.to_ascii_lowercase(), properties })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(char),
}

/// Words, quoted strings and signs; comments, which nest, are left out.
fn tokens(value: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut chars = value.chars();
    let mut depth = 0_usize;
    let end = |word: &mut String, tokens: &mut Vec<Token>| {
        if !word.is_empty() {
            tokens.push(Token::Word(std::mem::take(word)));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' if depth > 0 => {
                chars.next();
            }
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '"' => loop {
                match chars.next() {
                    None | Some('"') => break,
                    Some('\\') => word.extend(chars.next()),
                    Some(c) => word.push(c),
                }
            },
            ';' | '=' => {
                end(&mut word, &mut tokens);
                tokens.push(Token::Sign(c));
            }
            c if c.is_whitespace() => end(&mut word, &mut tokens),
            c => word.push(c),
        }
    }
    end(&mut word, &mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn methods(lines: &[(&str, &str)], above: usize) -> Vec<String> {
        let ids = ["mx.force.example".to_owned()];
        trusted(&headers(lines), &ids, above).into_iter().map(|finding| format!("{}={}", finding.method, finding.result)).collect()
    }

    const OURS: (&str, &str) = ("authentication-results", "mx.force.example; dkim=pass header.d=example.org; dmarc=pass header.from=example.org");
    const FORGED: (&str, &str) = ("authentication-results", "mx.force.example; dmarc=pass header.from=victim.example");
    const RECEIVED: (&str, &str) = ("received", "from somewhere by mx.force.example");

    #[test]
    fn results_and_properties_are_read_by_the_grammar() {
        let value = "mx.force.example 1; dkim = pass (2048-bit key; \"odd (nested) \\) ) header . d = Example.org header.s=\"sel 1\";\r\n\tspf=fail smtp.mailfrom=\"a; dkim=pass header.d=victim.example\"; dmarc/1=none reason=\"no policy\"";
        let found = read(value);
        assert_eq!(found.iter().map(|finding| finding.method.as_str()).collect::<Vec<_>>(), ["dkim", "spf", "dmarc"]);
        assert_eq!(found[0].property("header.d"), Some("Example.org"));
        assert_eq!(found[0].property("header.s"), Some("sel 1"));
        assert_eq!(found[1].property("smtp.mailfrom"), Some("a; dkim=pass header.d=victim.example"));
        assert_eq!((found[2].result.as_str(), found[2].property("reason")), ("none", Some("no policy")));
    }

    #[test]
    fn a_pass_within_a_comment_or_a_malformed_segment_says_nothing() {
        assert_eq!(read("mx.force.example; dkim=fail (dkim=pass header.d=victim.example)")[0].result, "fail");
        for bad in ["", "mx.force.example", "mx.force.example; none", "; dkim=pass", "mx.force.example; =pass", "mx.force.example; dkim=;", "x; a==b"] {
            assert!(read(bad).iter().all(|finding| finding.result != "pass" || finding.method.is_empty()), "{bad}");
        }
    }

    #[test]
    fn an_author_is_believed_only_if_no_reader_could_find_another() {
        for (raw, author) in [
            ("From: Bob <Bob@example.org>\r\nTo: x\r\n\r\nhi", Some("bob@example.org")),
            ("Subject: x\nFrom: bob@example.org\n\nFrom: eve@example.org", Some("bob@example.org")),
            ("From:\r\n \"Bob B\"\r\n <bob@example.org>\r\n\r\n", Some("bob@example.org")),
            ("Resent-Date: +Z\r\nFrom: eve@example.org\r\nFrom : bob@example.org\r\n\r\n", None),
            ("From: eve@example.org\r\nfrom: bob@example.org\r\n\r\n", None),
            ("From: \"=?utf-8?q?a\" (?=\" <bob@isp.example> \") <eve@isp.example>\r\n\r\n", None),
            ("From: bob@example.org, eve@example.org\r\n\r\n", None),
            ("Subject: x\rFrom: bob@example.org\r\nFrom: eve@example.org\r\n\r\n", None),
            ("Subject: none\r\n\r\n", None),
        ] {
            assert_eq!(plain_author(raw.as_bytes()).as_deref(), author, "{raw:?}");
        }
    }

    #[test]
    fn what_our_server_said_first_of_a_method_stands() {
        let ours = ("authentication-results", "mx.force.example; dmarc=none header.from=victim.example");
        assert_eq!(methods(&[ours, FORGED, RECEIVED], 0), ["dmarc=none"]);
    }

    #[test]
    fn only_the_block_that_our_own_server_put_on_top_counts() {
        assert_eq!(methods(&[OURS, RECEIVED, FORGED], 0), ["dkim=pass", "dmarc=pass"]);
        assert_eq!(methods(&[RECEIVED, FORGED], 0), Vec::<String>::new());
        assert_eq!(methods(&[RECEIVED, OURS, RECEIVED, FORGED], 1), ["dkim=pass", "dmarc=pass"]);
        assert_eq!(methods(&[RECEIVED, RECEIVED, FORGED], 1), Vec::<String>::new());
        assert_eq!(methods(&[("authentication-results", "elsewhere.example; dmarc=pass"), RECEIVED], 0), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(value in ".{0,200}") {
            let _found = read(&value);
        }
    }
}
