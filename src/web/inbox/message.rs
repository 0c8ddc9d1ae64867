//! A message as a conversation shows it: its words with what was recognised in them set apart, its files, and what is said of it.

use super::list::channel_word;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::domain::finding::{self, Kind};
use crate::inbound::sender::Trust;
use crate::inbound::thread::Confidence;
use crate::inbox::leave_out::Doubt;
use crate::inbox::reading::Opened;
use crate::inbox::search::{Shared, snippet};
use crate::store::findings::FindingRow;
use crate::store::messages::{AttachmentRow, MessageRow};
use crate::web::shell::{self, When};

/// Something recognised, in the panel.
pub(super) struct FindingView {
    pub(super) kind: &'static str,
    pub(super) shown: String,
    pub(super) href: String,
    pub(super) perhaps: String,
    pub(super) others: Option<i64>,
}

/// A piece of a text; with a link where something was recognised.
pub(super) struct PieceView {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) label: String,
}

/// A message in the thread.
pub(super) struct MessageView {
    pub(super) id: String,
    pub(super) direction: &'static str,
    pub(super) who: String,
    pub(super) channel: &'static str,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) pieces: Vec<PieceView>,
    pub(super) folded: String,
    pub(super) when: When,
    pub(super) status: String,
    pub(super) status_kind: &'static str,
    pub(super) attachments: Vec<AttachmentView>,
    pub(super) how: String,
    pub(super) sender: String,
    pub(super) possible_duplicate: bool,
    pub(super) sent_href: String,
    pub(super) original_href: String,
    pub(super) flags: Vec<String>,
}

/// A file that came with it.
pub(super) struct AttachmentView {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) size: String,
    pub(super) href: String,
    pub(super) preview_href: String,
    pub(super) sha256: String,
}

/// Shows a message of a conversation that was opened.
pub(super) fn message_view(message: &MessageRow, opened: &Opened, who: &str, officer_name: &impl Fn(Option<i64>) -> Option<String>, now: At) -> MessageView {
    let inbound = message.direction == "in";
    let id = &opened.conversation.public_id;
    let attachments =
        opened.attachments.iter().filter(|file| file.message_id == message.id).map(|file| attachment_view(file, id, &message.public_id)).collect();
    let delivery = message.delivery_id.and_then(|delivery_id| opened.deliveries.iter().find(|delivery| delivery.id == delivery_id));
    let status: Option<Status> = delivery.and_then(|delivery| delivery.status.parse().ok());
    let mut flags = Vec::new();
    if message.third_party {
        flags.push("From another address than the one we wrote to".to_owned());
    }
    if message.sender_trust.as_deref() == Some(Trust::Refused.as_str()) {
        flags.push("Perhaps not from this sender".to_owned());
    }
    match message.class.as_str() {
        "opt_out" if message.channel_kind == "email" && opened.doubt == Some(Doubt::Unconfirmed) => {
            flags.push("Asked to leave: not confirmed yet".to_owned());
        }
        "opt_out" | "opt_out_words" => flags.push("Opt-out".to_owned()),
        "opt_out_review" => flags.push("Perhaps wants no more texts".to_owned()),
        "wrong_number" => flags.push("Says it is the wrong number".to_owned()),
        "help" => flags.push("Asked for help".to_owned()),
        "opt_in" | "opt_in_words" => flags.push("Opt-in".to_owned()),
        "probable_auto_reply" => flags.push("Perhaps an automatic reply".to_owned()),
        _ => {}
    }
    MessageView {
        id: message.public_id.clone(),
        direction: match message.direction.as_str() {
            "in" => "in",
            "note" => "note",
            _ => "out",
        },
        who: if inbound { who.to_owned() } else { officer_name(message.officer_id).unwrap_or_else(|| "the force".to_owned()) },
        channel: channel_word(&message.channel_kind),
        subject: message.subject.clone().filter(|_| inbound).unwrap_or_default(),
        text: message.text.clone(),
        pieces: pieces(message, &opened.findings),
        folded: message.folded.clone(),
        when: When::at(message.received_at, now),
        status: status.map(|status| status.label().to_owned()).unwrap_or_default(),
        status_kind: match status {
            None => "",
            Some(Status::Delivered | Status::Accepted) => "ok",
            Some(status) if status.is_final() || status == Status::Unconfirmed => "bad",
            Some(_) => "waiting",
        },
        attachments,
        how: if inbound { how(message) } else { String::new() },
        sender: message.sender_evidence.as_deref().map(|evidence| format!("{}.", evidence.trim_end_matches('.'))).unwrap_or_default(),
        possible_duplicate: message.possible_duplicate,
        sent_href: if inbound && message.channel_kind == "email" && message.envelope_id.is_some() {
            format!("/inbox/{id}/sent/{}", message.public_id)
        } else {
            String::new()
        },
        original_href: if message.envelope_id.is_some() { format!("/inbox/{id}/original/{}", message.public_id) } else { String::new() },
        flags,
    }
}

/// Shows something recognised, with how many others have it.
pub(super) fn finding_view(shared: &Shared) -> FindingView {
    FindingView {
        kind: shared.kind.label(),
        shown: finding::shown(shared.kind, &shared.value),
        href: found_href(shared.kind.as_str(), &shared.value),
        perhaps: shared.perhaps.clone().unwrap_or_default(),
        others: shared.others,
    }
}

/// Where everybody is listed who has it.
fn found_href(kind: &str, value: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("found", &format!("{kind}:{value}")).finish();
    format!("/inbox/search?{query}")
}

/// The text with what was recognised in it set apart.
fn pieces(message: &MessageRow, findings: &[FindingRow]) -> Vec<PieceView> {
    let plain = |text: &str| PieceView { text: text.to_owned(), href: String::new(), label: String::new() };
    let (mut pieces, mut at) = (Vec::new(), 0);
    for row in findings.iter().filter(|row| row.message_id == message.id) {
        let (Some(place), Ok(kind)) = (snippet::place_of(row), row.kind.parse::<Kind>()) else { continue };
        let (Some(before), Some(words)) = (message.text.get(at..place.start), message.text.get(place.clone())) else { continue };
        pieces.push(plain(before));
        let doubt = row.perhaps.as_ref().map(|why| format!(" (perhaps: {why})")).unwrap_or_default();
        let label = format!("{} {}{doubt}. Who else?", kind.label(), finding::shown(kind, &row.value));
        pieces.push(PieceView { text: words.to_owned(), href: found_href(&row.kind, &row.value), label });
        at = place.end;
    }
    pieces.push(plain(message.text.get(at..).unwrap_or_default()));
    pieces
}

fn how(message: &MessageRow) -> String {
    let sure = match message.confidence.parse() {
        Ok(Confidence::Certain) => "Certain",
        Ok(Confidence::Probable) => "Probable",
        _ => "Unattributed",
    };
    format!("{sure}: {}.", message.evidence.trim_end_matches('.'))
}

fn attachment_view(file: &AttachmentRow, conversation: &str, message: &str) -> AttachmentView {
    let part = format!("{message}/{}", file.ordinal);
    AttachmentView {
        name: file.filename.clone(),
        kind: file.content_type.clone(),
        size: shell::size(file.size_bytes),
        href: format!("/inbox/{conversation}/attachment/{part}"),
        preview_href: if super::originals::previewable(&file.content_type) { format!("/inbox/{conversation}/preview/{part}") } else { String::new() },
        sha256: hex::encode(&file.sha256),
    }
}
