//! `[pure]` MIME: raw bytes to `ParsedMail`. Never panics; what cannot be read stays in the original.
//!
//! Threading ids are taken as RFC 5322 section 3.6.4 allows and as mail systems really write them: folded, in comments,
//! without brackets. Delivery addresses are read from envelope headers before To (email.md R10).

mod files;
mod text;
mod tnef_files;

use std::sync::LazyLock;

use mail_parser::{Address as MailAddress, HeaderName, Message, MessageParser, MimeHeaders, PartType};

use crate::channels::ParseError;
use crate::domain::inbound::ParsedMail;

/// Of a head, what is looked at where only the head is: some of its readers take time by the square.
pub(super) const LONGEST_HEAD: usize = 256 * 1024;
/// More headers than any honest mail has.
const MOST_HEADERS: usize = 400;
/// Longer than any header that decides something.
const LONGEST_HEADER: usize = 4_000;
/// More mails in one than any honest digest holds.
const MOST_ENCLOSED: usize = 200;
/// Enough of a returned mail to know it by.
const LONGEST_RETURNED: usize = 32_000;

/// Headers that name who a mail was really delivered to, the most trusted first.
const DELIVERY_HEADERS: &[&str] = &["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to"];

/// What the transport said, beside the mail itself.
#[derive(Clone, Debug, Default)]
pub struct Transport {
    /// RCPT TO, if the transport told.
    pub envelope_to: Option<String>,
    /// MAIL FROM, if the transport told; empty for the null sender.
    pub envelope_from: Option<String>,
}

/// Dates stay as they are written: after a zone of one letter the library takes two more bytes, the line's end and what
/// follows it.
static PARSER: LazyLock<MessageParser> =
    LazyLock::new(|| MessageParser::new().with_mime_headers().with_address_headers().with_message_ids().header_text(HeaderName::Subject).default_header_raw());

/// The address in a mail's From, for intake: one address or none.
pub fn from_address(raw: &[u8]) -> Option<String> {
    let head = head_of(raw);
    let message = PARSER.parse_headers(head)?;
    single_from(&message).map(|(address, _)| address)
}

/// Whether a mail has a Message-ID: then the same bytes again are the same mail again.
pub fn has_message_id(raw: &[u8]) -> bool {
    PARSER.parse_headers(head_of(raw)).is_some_and(|message| message.message_id().is_some())
}

/// Understands a mail as far as MIME goes.
pub fn parse(raw: &[u8], transport: &Transport) -> Result<ParsedMail, ParseError> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError("the mail is empty".to_owned()));
    }
    // The parser keeps mails within mails as a tree, and dropping a deep one would overflow the stack.
    if enclosed(raw) > MOST_ENCLOSED {
        return Err(ParseError(format!("it encloses more than {MOST_ENCLOSED} mails in one another or side by side")));
    }
    let mended = with_boundary(raw);
    let message = PARSER.parse(mended.as_deref().unwrap_or(raw)).ok_or_else(|| ParseError("no mail header could be read".to_owned()))?;
    if message.headers().is_empty() || !head_of(raw).contains(&b':') {
        return Err(ParseError("the mail has no header".to_owned()));
    }
    let (from, from_name) = single_from(&message).unwrap_or_default();
    let headers = headers(&message);
    let return_path = transport.envelope_from.clone().or_else(|| {
        let stored = headers.iter().find(|(name, _)| name == "return-path").map(|(_, value)| value.as_str());
        stored.map(|value| value.trim().trim_matches(['<', '>']).to_owned())
    });
    let content_type = message.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase());
    Ok(ParsedMail {
        from,
        from_name,
        return_path,
        recipients: recipients(&message, transport),
        subject: clean(message.subject().unwrap_or_default()),
        message_id: message.message_id().map(clean),
        in_reply_to: message_ids(message.header_raw("In-Reply-To")),
        references: message_ids(message.header_raw("References")).into_iter().rev().take(50).collect(),
        parts: text::parts(&message),
        attachments: files::attachments(&message),
        headers,
        report_type: message.content_type().and_then(|kind| kind.attribute("report-type")).map(str::to_ascii_lowercase),
        content_type: content_type.unwrap_or_default(),
        delivery_status: report_part(&message, "delivery-status"),
        feedback_report: report_part(&message, "feedback-report"),
        disposition: report_part(&message, "disposition-notification"),
        calendar_method: calendar_method(&message),
        returned: returned(&message),
        received_count: message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("received")).count(),
    })
}

/// How often a mail in a mail is announced.
fn enclosed(raw: &[u8]) -> usize {
    let announces = |at: usize| raw.get(at..at + 8).is_some_and(|word| word.eq_ignore_ascii_case(b"message/"));
    raw.iter().enumerate().filter(|(at, byte)| byte.eq_ignore_ascii_case(&b'm') && announces(*at)).take(MOST_ENCLOSED + 1).count()
}

/// A multipart that does not name its boundary, again with the one that its body shows. The raw mail stays as it is.
fn with_boundary(raw: &[u8]) -> Option<Vec<u8>> {
    let head = head_of(raw);
    let message = PARSER.parse_headers(head)?;
    let kind = message.content_type().filter(|kind| kind.ctype().eq_ignore_ascii_case("multipart") && kind.attribute("boundary").is_none())?;
    let body = raw.get(head.len()..)?;
    let line = body.split(|byte| *byte == b'\n').take(200).find(|line| line.starts_with(b"--") && line.len() > 4)?;
    let boundary = std::str::from_utf8(line.get(2..)?).ok()?.trim_end();
    let header = message.headers().iter().find(|header| header.name().eq_ignore_ascii_case("content-type"))?;
    let (from, to) = (usize::try_from(header.offset_field).ok()?, usize::try_from(header.offset_end).ok()?);
    let subtype = kind.subtype().unwrap_or("mixed");
    let mut mended = raw.get(..from)?.to_vec();
    mended.extend(format!("Content-Type: multipart/{subtype}; boundary=\"{}\"\r\n", boundary.replace(['"', '\\'], "")).bytes());
    mended.extend(raw.get(to..)?);
    Some(mended)
}

/// The header block, so that a large mail is not read through for one address.
pub(super) fn head_of(raw: &[u8]) -> &[u8] {
    let end = raw.windows(2).position(|pair| pair == b"\n\n").into_iter().chain(raw.windows(4).position(|four| four == b"\r\n\r\n")).min();
    let head = raw.get(..end.map_or(raw.len(), |end| (end + 4).min(raw.len()))).unwrap_or(raw);
    head.get(..head.len().min(LONGEST_HEAD)).unwrap_or(head)
}

/// More than one author, or none, is nobody: it raises no trust and makes no correspondent.
///
/// So are two From lines (RFC 5322 section 3.6 allows one): a signature may cover the lower one while we read the upper.
fn single_from(message: &Message<'_>) -> Option<(String, String)> {
    if message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("from")).count() > 1 {
        return None;
    }
    let addresses: Vec<_> = match message.from()? {
        MailAddress::List(list) => list.iter().collect(),
        MailAddress::Group(groups) => groups.iter().flat_map(|group| group.addresses.iter()).collect(),
    };
    match addresses.as_slice() {
        [only] => {
            let address = only.address.as_deref().filter(|address| address.contains('@'))?;
            Some((clean(address), clean(only.name.as_deref().unwrap_or_default())))
        }
        _ => None,
    }
}

fn recipients(message: &Message<'_>, transport: &Transport) -> Vec<String> {
    let mut found: Vec<String> = transport.envelope_to.iter().cloned().collect();
    for name in DELIVERY_HEADERS {
        found
            .extend(message.headers_raw().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().trim_matches(['<', '>']).to_owned()));
    }
    for list in [message.to(), message.cc()].into_iter().flatten() {
        found.extend(list.iter().filter_map(|address| address.address.as_deref()).map(str::to_owned));
    }
    found.retain(|address| address.contains('@'));
    found.truncate(200);
    found
}

fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    message
        .headers()
        .iter()
        .take(MOST_HEADERS)
        .map(|header| {
            let raw = usize::try_from(header.offset_start()).ok().zip(usize::try_from(header.offset_end()).ok());
            let raw = raw.and_then(|(from, to)| message.raw_message.get(from..to)).unwrap_or_default();
            // Also one in another encoding is a header: a Received line with a strange name in it is still a Received line.
            let value = String::from_utf8_lossy(raw);
            let cut = value.get(..value.floor_char_boundary(LONGEST_HEADER)).unwrap_or(&value);
            // Half a verdict may say the opposite of the whole.
            let cut = if header.name().eq_ignore_ascii_case("authentication-results") && cut.len() < value.len() { "" } else { cut };
            (header.name().to_ascii_lowercase(), unfolded(cut))
        })
        .collect()
}

/// In one line: line ends go, and blanks stand where other control characters stood (RFC 5322 section 2.2.3).
fn unfolded(value: &str) -> String {
    let line: String = value.chars().filter(|c| !matches!(c, '\r' | '\n')).map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean(&line)
}

/// Every token that looks like a msg-id: what stands between angle brackets, else words with an @.
pub fn message_ids(header: Option<&str>) -> Vec<String> {
    let Some(header) = header else {
        return Vec::new();
    };
    let bracketed: Vec<String> = header
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(id, _)| id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>())
        .filter(|id| !id.is_empty())
        .collect();
    if bracketed.is_empty() { header.split([' ', ',', '\t', '\r', '\n']).filter(|word| word.contains('@')).map(clean).collect() } else { bracketed }
}

/// For one-line values: no control characters and no bidirectional overrides.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect::<String>().trim().to_owned()
}

/// The part of a report with this subtype, as text.
fn report_part(message: &Message<'_>, subtype: &str) -> Option<String> {
    let part =
        message.parts.iter().find(|part| part.content_type().is_some_and(|kind| kind.subtype().is_some_and(|found| found.eq_ignore_ascii_case(subtype))))?;
    Some(String::from_utf8_lossy(part.contents()).replace('\0', ""))
}

/// The method of a calendar part: an answer to an invitation has REPLY.
fn calendar_method(message: &Message<'_>) -> Option<String> {
    let calendar = |kind: &&mail_parser::ContentType<'_>| {
        kind.ctype().eq_ignore_ascii_case("text") && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("calendar"))
    };
    let kind = message.parts.iter().filter_map(MimeHeaders::content_type).find(calendar)?;
    Some(kind.attribute("method").unwrap_or_default().to_ascii_uppercase())
}

/// The head (and the first words) of a mail that is enclosed in this one, as reports enclose what they are about.
fn returned(message: &Message<'_>) -> Option<String> {
    message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(inner) => Some(first_of(&String::from_utf8_lossy(inner.raw_message().get(..LONGEST_RETURNED).unwrap_or(inner.raw_message())))),
        _ => {
            let kind = part.content_type()?;
            let headers = kind
                .subtype()
                .is_some_and(|subtype| matches!(subtype.to_ascii_lowercase().as_str(), "rfc822-headers" | "rfc822" | "global" | "global-headers"));
            headers.then(|| first_of(&String::from_utf8_lossy(part.contents())))
        }
    })
}

fn first_of(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST_RETURNED)).unwrap_or(text).replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::files::file_name;
    use super::*;
    use crate::domain::inbound::{Flow, TextPart};

    fn read(raw: &str) -> ParsedMail {
        parse(raw.as_bytes(), &Transport::default()).unwrap()
    }

    #[test]
    fn a_plain_reply_is_read() {
        let mail = read(
            "From: Jo <jo@example.org>\r\nTo: alerts+abc@x.test\r\nSubject: Re: Van\r\nIn-Reply-To: <a@b>\r\nReferences: <r@b>\r\n <a@b>\r\n\r\nSaw it.\r\n",
        );
        assert_eq!((mail.from.as_str(), mail.from_name.as_str()), ("jo@example.org", "Jo"));
        assert_eq!(mail.in_reply_to, ["a@b"]);
        assert_eq!(mail.references, ["a@b", "r@b"], "newest first");
        assert_eq!(mail.parts, [TextPart::Plain("Saw it.\n".into(), Flow::default())]);
    }

    #[test]
    fn envelope_headers_come_before_to() {
        let mail = read("Delivered-To: alerts+tok@x.test\r\nFrom: a@b.c\r\nTo: other@x.test\r\n\r\nx");
        assert_eq!(mail.recipients, ["alerts+tok@x.test", "other@x.test"]);
    }

    #[test]
    fn two_authors_are_nobody() {
        assert_eq!(read("From: a@b.c, d@e.f\r\nTo: x@y.z\r\n\r\nx").from, "");
        assert_eq!(from_address(b"Subject: x\r\n\r\nFrom: a@b.c"), None);
    }

    #[test]
    fn ids_without_brackets_and_with_folds_are_found() {
        assert_eq!(message_ids(Some("a@b, c@d")), ["a@b", "c@d"]);
        assert_eq!(message_ids(Some("(old) <a@\r\n b> <c@d>")), ["a@b", "c@d"]);
        assert!(message_ids(Some("nothing here")).is_empty());
    }

    #[test]
    fn file_names_lose_paths_and_tricks() {
        assert_eq!(file_name("../../etc/pass\u{202e}gpj.exe", 0), "passgpj.exe");
        assert_eq!(file_name("C:\\x\\photo.jpg", 0), "photo.jpg");
        assert_eq!(file_name("..", 1), "attachment-2");
    }

    #[test]
    fn mails_within_mails_without_end_are_refused_and_not_followed() {
        let raw = format!("From: a@b.c\r\n{}", "Content-Type: message/rfc822\n\n".repeat(100_000));
        assert!(parse(raw.as_bytes(), &Transport::default()).is_err());
    }

    #[test]
    fn text_without_end_is_cut_and_its_files_are_whole() {
        let line = "a line that somebody's machine wrote\r\n".repeat(200_000);
        let mail = read(&format!(
            "From: a@b.c\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{line}\r\n--b\r\nContent-Disposition: attachment; filename=x.bin\r\n\r\n{line}\r\n--b--\r\n"
        ));
        let TextPart::Plain(text, _) = &mail.parts[0] else { panic!("{:?}", mail.parts.len()) };
        assert_eq!((text.len(), mail.attachments[0].bytes.len()), (text::MOST_TEXT, line.len()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(0_u8..=255, 0..600)) {
            let _any = parse(&bytes, &Transport::default());
            let _from = from_address(&bytes);
        }
        #[test]
        fn any_body_under_a_header_is_read(body in "\\PC{0,300}") {
            let raw = format!("From: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{body}");
            proptest::prop_assert!(parse(raw.as_bytes(), &Transport::default()).is_ok());
        }
    }
}
