//! `[pure]` Files in a mail: decoded, named safely, and unpacked from Outlook's winmail.dat.

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{clean, tnef_files};
use crate::domain::inbound::MailAttachment;

/// More files than any honest mail has.
const MOST: usize = 2_000;

pub(super) fn attachments(message: &Message<'_>) -> Vec<MailAttachment> {
    let mut found = Vec::new();
    for (index, part) in message.attachments().take(MOST).enumerate() {
        let declared = declared(part);
        // The machine's part of a report is read elsewhere.
        if matches!(declared.as_deref(), Some("message/delivery-status" | "message/feedback-report" | "message/disposition-notification")) {
            continue;
        }
        let bytes = match &part.body {
            PartType::Message(inner) => inner.raw_message().to_vec(),
            _ => part.contents().to_vec(),
        };
        if bytes.is_empty() || super::text::is_broken_text(part) {
            continue;
        }
        let filename = name_of(part, declared.as_deref(), index);
        let decorative = is_decorative(part, declared.as_deref(), &filename, &bytes);
        let packed = declared.as_deref().is_some_and(|kind| kind.contains("ms-tnef")) || filename.eq_ignore_ascii_case("winmail.dat");
        let inner = if packed { tnef_files::unpack(&bytes) } else { Vec::new() };
        // The wrapping of files that could be taken out is nothing that somebody attached; it stays in the original.
        let decorative = decorative || !inner.is_empty();
        let content_type = declared.unwrap_or_else(|| "application/octet-stream".to_owned());
        let content_id = part.content_id().map(|id| clean(id).trim_matches(['<', '>', ' ']).to_owned());
        found.push(MailAttachment { filename, content_type, bytes, decorative, content_id });
        found.extend(inner);
    }
    found
}

fn declared(part: &MessagePart<'_>) -> Option<String> {
    part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => clean(&format!("{}/{subtype}", kind.ctype())).to_ascii_lowercase(),
        None => clean(kind.ctype()).to_ascii_lowercase(),
    })
}

fn name_of(part: &MessagePart<'_>, declared: Option<&str>, index: usize) -> String {
    match (given_name(part), declared, &part.body) {
        (Some(name), ..) if !name.trim().is_empty() => file_name(&name, index),
        // A mail in a mail is best known by its subject.
        (_, Some("message/rfc822"), PartType::Message(inner)) => {
            file_name(&format!("{}.eml", inner.subject().unwrap_or("message").replace(['/', '\\'], "-")), index)
        }
        _ => file_name("", index),
    }
}

/// Some write the name twice, once for old programs with what they cannot show left out: the richer one counts.
fn given_name(part: &MessagePart<'_>) -> Option<String> {
    let fields = [(part.content_disposition(), "filename"), (part.content_type(), "name")];
    let names = fields.into_iter().filter_map(|(field, name)| field.map(|field| (field, name))).flat_map(|(field, name)| {
        field
            .attributes()
            .unwrap_or_default()
            .iter()
            .filter(move |attribute| attribute.name.trim_end_matches('*').eq_ignore_ascii_case(name))
            .map(|attribute| attribute.value.to_string())
    });
    let names: Vec<String> = names.filter(|name| !name.trim().is_empty()).collect();
    names.iter().find(|name| !name.is_ascii()).or_else(|| names.first()).cloned()
}

/// Without paths, control characters and tricks of direction; never empty.
pub(super) fn file_name(given: &str, index: usize) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = clean(last).chars().take(120).collect();
    if cleaned.trim_matches('.').is_empty() { format!("attachment-{}", index + 1) } else { cleaned }
}

/// What a program put in: a logo in a signature, a pixel that tells who looks, a cryptographic signature. It is kept with
/// the rest; it is no evidence that somebody attached.
fn is_decorative(part: &MessagePart<'_>, declared: Option<&str>, filename: &str, bytes: &[u8]) -> bool {
    let kind = declared.unwrap_or_default();
    if matches!(kind, "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-encrypted") {
        return true;
    }
    let attached = part.content_disposition().is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment"));
    if attached || !kind.starts_with("image/") || part.content_id().is_none() {
        return false;
    }
    let lower = filename.to_ascii_lowercase();
    let stem = lower.rsplit_once('.').map_or(lower.as_str(), |(stem, _)| stem);
    // Outlook numbers what it lifts out of a signature: image001.png.
    let numbered = stem.strip_prefix("image").is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()));
    let named =
        ["logo", "icon", "banner", "signature", "spacer", "facebook", "twitter", "linkedin", "instagram", "footer"].iter().any(|word| stem.contains(word));
    (numbered && (kind != "image/jpeg" || bytes.len() < 20_000) && bytes.len() < 60_000) || named || kind == "image/gif" || bytes.len() < 60
}
