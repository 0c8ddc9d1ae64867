//! One SMTP command line, read.
//!
//! Owns: the grammar, as far as the sink needs it. Must not: know the session's state.
//! Data: a line's bytes in; a `Command` out.
//! Source: RFC 5321 section 4.1.

/// What the client asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Ehlo,
    Helo,
    /// The envelope's sender (empty for a bounce) and the size it announced.
    Mail {
        from: String,
        size: usize,
    },
    Recipient(String),
    Data,
    Reset,
    Noop,
    Verify,
    Quit,
    /// A known word with wrong arguments.
    Malformed,
    Unknown,
}

/// Reads a line without its end.
pub(crate) fn read(line: &[u8]) -> Command {
    let Ok(line) = std::str::from_utf8(line) else { return Command::Malformed };
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word.to_ascii_uppercase().as_str() {
        "EHLO" => Command::Ehlo,
        "HELO" => Command::Helo,
        "MAIL" => path_after(rest, "FROM:").map_or(Command::Malformed, |(from, parameters)| Command::Mail { from, size: announced(parameters) }),
        "RCPT" => match path_after(rest, "TO:") {
            Some((to, _)) if !to.is_empty() => Command::Recipient(to),
            _ => Command::Malformed,
        },
        "DATA" => Command::Data,
        "RSET" => Command::Reset,
        "NOOP" => Command::Noop,
        "VRFY" => Command::Verify,
        "QUIT" => Command::Quit,
        _ => Command::Unknown,
    }
}

/// The address between angle brackets, without a source route, and the parameters behind it.
fn path_after<'a>(rest: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let path = rest.get(keyword.len()..)?.trim_start().strip_prefix('<')?;
    let (path, parameters) = path.split_once('>')?;
    let address = if path.starts_with('@') { path.split_once(':')?.1 } else { path };
    Some((address.to_owned(), parameters))
}

fn announced(parameters: &str) -> usize {
    let sizes = parameters.split_ascii_whitespace().filter_map(|parameter| parameter.split_once('='));
    sizes.filter(|(name, _)| name.eq_ignore_ascii_case("SIZE")).find_map(|(_, size)| size.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Command, read};

    #[test]
    fn reads_commands() {
        for (line, wanted) in [
            ("ehlo client.example", Command::Ehlo),
            ("MAIL FROM:<a@b.example> SIZE=120 BODY=8BITMIME", Command::Mail { from: "a@b.example".into(), size: 120 }),
            ("mail from: <>", Command::Mail { from: String::new(), size: 0 }),
            ("RCPT TO:<@relay.example:c@d.example>", Command::Recipient("c@d.example".into())),
            ("RCPT TO:<>", Command::Malformed),
            ("RCPT TO:é", Command::Malformed),
            ("RCPT", Command::Malformed),
            ("QUIT", Command::Quit),
            ("", Command::Unknown),
            ("STARTTLS", Command::Unknown),
        ] {
            assert_eq!(read(line.as_bytes()), wanted, "{line}");
        }
    }
}
