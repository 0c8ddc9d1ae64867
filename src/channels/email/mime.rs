//! `[pure]` MIME: raw bytes to `ParsedMail`. Never panics; what cannot be read stays in the original.
//!
//! Threading ids are taken as RFC 5322 section 3.6.4 allows and as mail systems really write them: folded, in comments,
//! without brackets. Delivery addresses are read from envelope headers before To (email.md R10).

use std::borrow::Cow;

use mail_parser::{Address as MailAddress, Message, MessageParser, MimeHeaders, PartType};

use crate::channels::ParseError;
use crate::domain::inbound::{MailAttachment, ParsedMail};

/// Headers that tell machines from people, or one mail from another.
const MACHINE_HEADERS: &[&str] = &[
    "auto-submitted",
    "precedence",
    "list-id",
    "x-autoreply",
    "x-autorespond",
    "x-auto-response-suppress",
    "x-ms-exchange-inbox-rules-loop",
    "x-failed-recipients",
    "x-huecry-loop",
    "return-path",
];

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

/// The address in a mail's From, for intake: one address or none.
pub fn from_address(raw: &[u8]) -> Option<String> {
    let head = head_of(raw);
    let message = MessageParser::default().parse_headers(head)?;
    single_from(&message).map(|(address, _)| address)
}

/// Whether a mail has a Message-ID: then the same bytes again are the same mail again.
pub fn has_message_id(raw: &[u8]) -> bool {
    MessageParser::default().parse_headers(head_of(raw)).is_some_and(|message| message.message_id().is_some())
}

/// Understands a mail as far as MIME goes.
pub fn parse(raw: &[u8], transport: &Transport) -> Result<ParsedMail, ParseError> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError("the mail is empty".to_owned()));
    }
    let message = MessageParser::default().parse(raw).ok_or_else(|| ParseError("no mail header could be read".to_owned()))?;
    if message.headers().is_empty() || !head_of(raw).contains(&b':') {
        return Err(ParseError("the mail has no header".to_owned()));
    }
    let (from, from_name) = single_from(&message).unwrap_or_default();
    let machine_headers = machine_headers(&message);
    let return_path = transport.envelope_from.clone().or_else(|| {
        let stored = machine_headers.iter().find(|(name, _)| name == "return-path").map(|(_, value)| value.as_str());
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
        text: body_text(&message),
        attachments: attachments(&message),
        machine_headers,
        report_type: message.content_type().and_then(|kind| kind.attribute("report-type")).map(str::to_ascii_lowercase),
        content_type: content_type.unwrap_or_default(),
        delivery_status: delivery_status(&message),
        received_count: message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("received")).count(),
    })
}

/// The header block, so that a large mail is not read through for one address.
fn head_of(raw: &[u8]) -> &[u8] {
    let end = raw.windows(2).position(|pair| pair == b"\n\n").into_iter().chain(raw.windows(4).position(|four| four == b"\r\n\r\n")).min();
    raw.get(..end.map_or(raw.len(), |end| (end + 4).min(raw.len()))).unwrap_or(raw)
}

/// More than one author, or none, is nobody: it raises no trust and makes no correspondent.
fn single_from(message: &Message<'_>) -> Option<(String, String)> {
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

fn machine_headers(message: &Message<'_>) -> Vec<(String, String)> {
    message.headers_raw().map(|(name, value)| (name.to_ascii_lowercase(), clean(value))).filter(|(name, _)| MACHINE_HEADERS.contains(&name.as_str())).collect()
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

fn body_text(message: &Message<'_>) -> String {
    let mut texts: Vec<Cow<'_, str>> = Vec::new();
    for part in message.text_bodies() {
        match &part.body {
            PartType::Text(text) => texts.push(Cow::Borrowed(text)),
            PartType::Html(html) => texts.push(Cow::Owned(html_to_text(html))),
            _ => {}
        }
    }
    clean_body(&texts.join("\n\n"))
}

fn html_to_text(html: &str) -> String {
    // Wide, so that lines are the writer's own.
    html2text::config::plain().string_from_read(html.as_bytes(), 1_000).unwrap_or_else(|_| ammonia::clean_text(html))
}

/// NUL cannot be stored as text; line ends become one kind.
fn clean_body(text: &str) -> String {
    text.replace('\0', "").replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// For one-line values: no control characters and no bidirectional overrides.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect::<String>().trim().to_owned()
}

fn attachments(message: &Message<'_>) -> Vec<MailAttachment> {
    let mut found = Vec::new();
    for (index, part) in message.attachments().enumerate() {
        let declared = part.content_type().map(|kind| match kind.subtype() {
            Some(subtype) => clean(&format!("{}/{subtype}", kind.ctype())).to_ascii_lowercase(),
            None => clean(kind.ctype()).to_ascii_lowercase(),
        });
        let bytes = match &part.body {
            PartType::Message(inner) => inner.raw_message().to_vec(),
            _ => part.contents().to_vec(),
        };
        if declared.as_deref() == Some("message/delivery-status") || bytes.is_empty() {
            continue;
        }
        found.push(MailAttachment {
            filename: file_name(part.attachment_name().unwrap_or_default(), index),
            content_type: declared.unwrap_or_else(|| "application/octet-stream".to_owned()),
            bytes,
        });
    }
    found
}

/// Without paths, control characters and tricks of direction; never empty.
fn file_name(given: &str, index: usize) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = clean(last).chars().take(120).collect();
    if cleaned.trim_matches('.').is_empty() { format!("attachment-{}", index + 1) } else { cleaned }
}

fn delivery_status(message: &Message<'_>) -> Option<String> {
    let part = message
        .parts
        .iter()
        .find(|part| part.content_type().is_some_and(|kind| kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("delivery-status"))))?;
    Some(String::from_utf8_lossy(part.contents()).replace('\0', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(mail.text, "Saw it.");
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
    fn html_alone_becomes_text() {
        let mail = read("From: a@b.c\r\nContent-Type: text/html\r\n\r\n<p>Saw <b>him</b></p><script>x()</script>");
        assert!(mail.text.contains("Saw") && mail.text.contains("him") && !mail.text.contains("x()"), "{}", mail.text);
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
