//! `[pure]` The readable parts of a mail, in the character set they are really in.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use mail_parser::{Encoding as Transfer, Message, MessagePart, MimeHeaders, PartType};

use crate::domain::inbound::{Flow, TextPart};

/// More text than anybody writes or quotes. What is beyond it stays in the original.
pub(super) const MOST_TEXT: usize = 4 << 20;

/// HTML where a part comes both ways.
pub(super) fn parts(message: &Message<'_>) -> Vec<TextPart> {
    let html = within_bounds(message.html_bodies().filter_map(|part| read(message, part)).filter(has_words));
    if !html.is_empty() {
        return html;
    }
    let plain = within_bounds(message.text_bodies().filter_map(|part| read(message, part)).filter(has_words));
    if !plain.is_empty() {
        return plain;
    }
    within_bounds(message.parts.iter().filter(|part| is_broken_text(part)).filter_map(|part| salvage(message, part)).filter(has_words))
}

fn within_bounds(parts: impl Iterator<Item = TextPart>) -> Vec<TextPart> {
    let (mut taken, mut left) = (Vec::new(), MOST_TEXT);
    for mut part in parts {
        let (TextPart::Plain(text, _) | TextPart::Html(text)) = &mut part;
        if text.len() > left {
            text.truncate(text.floor_char_boundary(left));
        }
        left -= text.len();
        taken.push(part);
        if left == 0 {
            break;
        }
    }
    taken
}

fn has_words(part: &TextPart) -> bool {
    match part {
        TextPart::Plain(text, _) => !text.trim().is_empty(),
        // Tags alone say nothing: then the plain part is read.
        TextPart::Html(text) => text.split('<').any(|piece| piece.split_once('>').map_or(piece, |(_, words)| words).chars().any(char::is_alphanumeric)),
    }
}

/// A text whose transfer encoding is broken, so that the parser gives it as bytes.
pub(super) fn is_broken_text(part: &MessagePart<'_>) -> bool {
    let is_text = part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("text"));
    is_text && part.is_encoding_problem && part.attachment_name().is_none()
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What can be read of it: broken characters of Base64 are passed over.
fn salvage(message: &Message<'_>, part: &MessagePart<'_>) -> Option<TextPart> {
    let (from, to) = (usize::try_from(part.offset_body).ok()?, usize::try_from(part.offset_end).ok()?);
    let raw = message.raw_message().get(from..to)?;
    let encoding = part.content_transfer_encoding().unwrap_or_default();
    let bytes = if encoding.eq_ignore_ascii_case("base64") {
        let letters: Vec<u8> = raw.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
        let usable = if letters.len() % 4 == 1 { letters.len() - 1 } else { letters.len() };
        LENIENT.decode(letters.get(..usable).unwrap_or_default()).ok()?
    } else {
        raw.to_vec()
    };
    let text = clean(&String::from_utf8_lossy(&bytes));
    let html = part.content_type().is_some_and(|kind| kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("html")));
    Some(if html { TextPart::Html(text) } else { TextPart::Plain(text, Flow::default()) })
}

fn read(message: &Message<'_>, part: &MessagePart<'_>) -> Option<TextPart> {
    if part.is_encoding_problem && part.content_transfer_encoding().is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
        return salvage(message, part);
    }
    let kind = part.content_type();
    let says_html = kind.is_some_and(|kind| kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("html")));
    let (text, html) = match &part.body {
        PartType::Html(text) => (text, true),
        PartType::Text(text) => (text, says_html),
        _ => return None,
    };
    let honest = honest_text(message, part, text);
    let text = clean(honest.as_deref().unwrap_or(text));
    if html {
        return Some(TextPart::Html(text));
    }
    let flowed = kind.and_then(|kind| kind.attribute("format")).is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
    let del_sp = kind.and_then(|kind| kind.attribute("delsp")).is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
    Some(TextPart::Plain(text, Flow { flowed, del_sp }))
}

/// The text again by another character set, if the declared one cannot be the true one.
fn honest_text(message: &Message<'_>, part: &MessagePart<'_>, read: &str) -> Option<String> {
    let label = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let is_utf8 = label.eq_ignore_ascii_case("utf-8") || label.eq_ignore_ascii_case("utf8");
    let broken = read.contains('\u{fffd}');
    if read.is_ascii() || (is_utf8 && !broken) {
        return None;
    }
    let bytes = bytes_of(message, part)?;
    if bytes.is_ascii() {
        // A seven-bit set such as ISO-2022-JP: only its label can tell.
        return None;
    }
    if let Ok(text) = String::from_utf8(bytes.clone()) {
        return Some(text).filter(|text| text != read);
    }
    let declared = Encoding::for_label(label.as_bytes()).filter(|_| !is_utf8 && !label.eq_ignore_ascii_case("us-ascii"));
    if let Some(encoding) = declared {
        let (text, _, malformed) = encoding.decode(&bytes);
        if !malformed {
            return Some(text.into_owned()).filter(|text| text != read);
        }
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes, true);
    let (text, ..) = detector.guess(None, Utf8Detection::Deny).decode(&bytes);
    let better = text.matches('\u{fffd}').count() < read.matches('\u{fffd}').count() || !broken && declared.is_some();
    better.then(|| text.into_owned())
}

fn bytes_of(message: &Message<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let (from, to) = (usize::try_from(part.offset_body).ok()?, usize::try_from(part.offset_end).ok()?);
    let raw = message.raw_message().get(from..to)?;
    match part.encoding {
        Transfer::None => Some(raw.to_vec()),
        Transfer::QuotedPrintable => mail_parser::decoders::quoted_printable::quoted_printable_decode(raw),
        Transfer::Base64 => mail_parser::decoders::base64::base64_decode(raw),
    }
}

/// NUL cannot be stored as text; line ends become one kind.
fn clean(text: &str) -> String {
    if !text.contains(['\0', '\r']) {
        return text.to_owned();
    }
    text.replace('\0', "").replace("\r\n", "\n").replace('\r', "\n")
}
