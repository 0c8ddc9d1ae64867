//! Exporting a conversation: asked for on its page, made by a worker, kept under its hash, noted with its digest.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::time::Duration;

use anyhow::Context;
use diesel::QueryResult;
use tokio::sync::watch;

use super::bundle::{Bundle, BundleError};
use super::record::{self, Record};
use super::{pdf, tell, trail};
use crate::app::App;
use crate::audit::chain::{Head, HeadKey};
use crate::audit::originals::{self, Original, RECEIVED};
use crate::audit::seal::{self, SealOutcome, Sealer};
use crate::audit::{self, Actor};
use crate::domain::{At, file_name, ids};
use crate::files::Files;
use crate::store::accounts::{self, OfficerRow};
use crate::store::alerts::{self, AlertRow};
use crate::store::audit_log::{self, SealedRow};
use crate::store::conversations::{self, ConversationEventRow, ConversationRow};
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::envelopes::{self, EnvelopeRow};
use crate::store::exhibits::{self, ExhibitRow};
use crate::store::exports::{self, ExportRow, Finished};
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::working_copies::{self, WorkingCopyRow};
use crate::store::{Conn, residents};

const LEASE_MS: i64 = 60_000;
const PROGRESS: Duration = Duration::from_millis(500);
/// One that ended its worker this often is given up.
const TRIES: i64 = 3;

/// Asks for an export; gives it as it waits. One that waits already is given instead of a second.
pub async fn ask(app: &App, officer: &OfficerRow, conversation: &ConversationRow) -> QueryResult<ExportRow> {
    let row = ExportRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        conversation_id: conversation.id,
        officer_id: officer.id,
        status: "waiting".to_owned(),
        files_done: 0,
        files_total: 0,
        size_bytes: 0,
        sha256: None,
        manifest_sha256: None,
        reason: None,
        tries: 0,
        lease_owner: None,
        lease_until: None,
        created_at: app.now(),
        finished_at: None,
    };
    let row = app
        .write()
        .await?
        .transaction(async |conn| {
            conversations::get_locked(conn, conversation.id).await?;
            let waiting = exports::list_of(conn, conversation.id)
                .await?
                .into_iter()
                .find(|found| found.status == "waiting" && found.officer_id == officer.id && found.conversation_id == conversation.id);
            if let Some(found) = waiting {
                return Ok(found);
            }
            exports::insert(conn, &row).await?;
            let detail = serde_json::json!({ "export": row.id });
            let subject = ("conversation", Some(conversation.id));
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "conversation.export_asked", subject, detail).await?;
            Ok::<_, diesel::result::Error>(row)
        })
        .await?;
    super::changed(app, conversation);
    Ok(row)
}

/// An export of this conversation that is ready; leaves an entry.
pub async fn fetch(app: &App, officer: &OfficerRow, conversation: &ConversationRow, public_id: &str) -> QueryResult<Option<ExportRow>> {
    let mut conn = app.read().await?;
    let Some(row) = exports::find(&mut conn, public_id).await?.filter(|row| row.status == "ready") else { return Ok(None) };
    if row.conversation_id != conversation.id && !exports::list_moved_into(&mut conn, conversation.id).await?.contains(&row.id) {
        return Ok(None);
    }
    drop(conn);
    let detail = serde_json::json!({ "export": row.id });
    let subject = ("conversation", Some(conversation.id));
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(officer.id), "conversation.export_download", subject, detail).await?;
    Ok(Some(row))
}

/// Makes the oldest export that waits; gives whether there was one.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    if !exports::is_any_waiting(&mut app.read().await?).await? {
        return Ok(false);
    }
    let Some(row) = exports::claim(&mut app.write().await?, app.owner(), LEASE_MS).await? else { return Ok(false) };
    let made = if row.tries > TRIES { Err(anyhow::anyhow!("it was begun {TRIES} times and never ended")) } else { make(app, &row).await };
    let conversation = conversations::get(&mut app.read().await?, row.conversation_id).await?;
    match made {
        Ok(made) => ready(app, &row, made).await?,
        Err(error) => {
            tracing::warn!(export = row.id, error = format!("{error:#}"), "an export could not be made");
            // Only what an officer can act on is told; the rest is in the log.
            let reason = error
                .downcast_ref::<BundleError>()
                .map_or_else(|| "It could not be made. Ask for it again; if it fails again, tell your administrator.".to_owned(), told);
            let finished = Finished {
                status: "failed".into(),
                files_done: 0,
                size_bytes: 0,
                sha256: None,
                manifest_sha256: None,
                reason: Some(reason),
                finished_at: Some(app.now()),
            };
            exports::finish(&mut app.write().await?, row.id, app.owner(), &finished).await?;
        }
    }
    super::changed(app, &conversation);
    Ok(true)
}

fn told(error: &BundleError) -> String {
    match error {
        BundleError::Changed(_) => {
            let mut sentence = error.to_string();
            sentence.push('.');
            sentence
        }
        BundleError::Io(_) | BundleError::Zip(_) => "It could not be written. Ask for it again; if it fails again, tell your administrator.".to_owned(),
    }
}

/// What was made.
struct Made {
    sha256: [u8; 32],
    manifest_sha256: [u8; 32],
    size_bytes: i64,
    files: i64,
    messages: Vec<i64>,
    /// Which, and what they were called in it.
    exhibits: Vec<(i64, String)>,
}

async fn ready(app: &App, row: &ExportRow, made: Made) -> QueryResult<()> {
    let finished = Finished {
        status: "ready".into(),
        files_done: made.files,
        size_bytes: made.size_bytes,
        sha256: Some(made.sha256.to_vec()),
        manifest_sha256: Some(made.manifest_sha256.to_vec()),
        reason: None,
        finished_at: Some(app.now()),
    };
    let detail = serde_json::json!({
        "export": row.id,
        "sha256": hex::encode(made.sha256),
        "manifest_sha256": hex::encode(made.manifest_sha256),
        "files": made.files,
        "size_bytes": made.size_bytes,
    });
    app.write()
        .await?
        .transaction(async |conn| {
            if exports::finish(conn, row.id, app.owner(), &finished).await? == 0 {
                // Another node took it over and makes it again.
                return Ok(());
            }
            exports::note_messages(conn, row.id, &made.messages).await?;
            exhibits::seal(conn, &made.exhibits, app.now()).await?;
            tell(conn, app, row.conversation_id, row.officer_id, "exported", "Exported as evidence").await?;
            let subject = ("conversation", Some(row.conversation_id));
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(row.officer_id), "conversation.export", subject, detail).await
        })
        .await
}

async fn make(app: &App, row: &ExportRow) -> anyhow::Result<Made> {
    // What was noted until now is in the trail with its seal.
    let sealer = Sealer::new(HeadKey::of(&app.keyring().match_secret));
    while let SealOutcome::Sealed(_, true) = sealer.run_once(app.db()).await? {}
    let found = app.read().await?.snapshot(async |conn| gather(conn, row).await).await?;
    let total = i64::try_from(found.files()).unwrap_or(i64::MAX);
    let (told, mut progress) = watch::channel(0_i64);
    let (files, force, made_at) = (app.files().clone(), app.config().branding.force.clone(), app.now());
    let exhibits = found.exhibits.iter().map(|exhibit| (exhibit.id, exhibit.reference.clone())).collect();
    let messages = found.messages.iter().map(|message| message.id).collect();
    let mut writing = tokio::task::spawn_blocking(move || write(&files, &found, &force, made_at, &told));
    let mut tick = tokio::time::interval(PROGRESS);
    loop {
        tokio::select! {
            done = &mut writing => {
                let (sha256, manifest_sha256, size, count) = done.context("the writer fell over")??;
                return Ok(Made { sha256, manifest_sha256, size_bytes: i64::try_from(size).unwrap_or(i64::MAX), files: count, messages, exhibits });
            }
            _ = tick.tick() => {
                let done = *progress.borrow_and_update();
                let mut conn = app.write().await?;
                anyhow::ensure!(exports::note_progress(&mut conn, row.id, app.owner(), done, total, LEASE_MS).await? > 0, "another node makes it");
            }
        }
    }
}

/// All of it, as of one moment.
struct Found {
    export: ExportRow,
    conversation: ConversationRow,
    correspondent: CorrespondentRow,
    name: Option<String>,
    alert: Option<(AlertRow, String)>,
    messages: Vec<MessageRow>,
    envelopes: Vec<EnvelopeRow>,
    attachments: Vec<AttachmentRow>,
    deliveries: Vec<DeliveryRow>,
    events: Vec<ConversationEventRow>,
    exhibits: Vec<ExhibitRow>,
    copies: Vec<WorkingCopyRow>,
    officers: Vec<OfficerRow>,
    trail: Vec<SealedRow>,
    /// The first original that was noted: what came before it bears no seal.
    noted_since: Option<i64>,
    head: (Head, At),
}

impl Found {
    /// How many files it makes: originals are three each, and four are always there.
    fn files(&self) -> usize {
        4 + 3 * self.envelopes.len() + self.attachments.len() + self.copies.len()
    }

    fn officer(&self, id: Option<i64>) -> Option<String> {
        id.and_then(|id| self.officers.iter().find(|officer| officer.id == id)).map(|officer| officer.name.clone())
    }

    fn exhibit(&self, message_id: i64, attachment_id: Option<i64>) -> Option<String> {
        self.exhibits.iter().find(|row| row.message_id == message_id && row.attachment_id == attachment_id).map(|row| row.reference.clone())
    }
}

async fn gather(conn: &mut Conn, export: &ExportRow) -> QueryResult<Found> {
    let conversation = conversations::get(conn, export.conversation_id).await?;
    let correspondent = correspondents::get(conn, conversation.correspondent_id).await?;
    let registered = residents::find_of(conn, &correspondent).await?.map(|(resident, _)| resident.name);
    let alert = match conversation.alert_id {
        Some(id) => {
            let alert = alerts::get(conn, id).await?;
            let texts = alerts::list_texts(conn, id, alert.version).await?;
            let text = texts.into_iter().find(|text| text.channel_kind == conversation.channel_kind).map(|text| text.body).unwrap_or_default();
            Some((alert, text))
        }
        None => None,
    };
    let messages = messages::list_of(conn, conversation.id).await?;
    let ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
    let mut came: Vec<EnvelopeRow> = Vec::new();
    for id in messages.iter().filter_map(|message| message.envelope_id) {
        // Several messages may be of one envelope.
        if !came.iter().any(|envelope| envelope.id == id) {
            came.extend(envelopes::find(conn, id).await?);
        }
    }
    let delivered: Vec<i64> = messages.iter().filter_map(|message| message.delivery_id).collect();
    let mut trail = trail_of(conn, conversation.id).await?;
    trail.extend(audit_log::list_sealed_of(conn, "message", &ids).await?);
    // What has the originals' seals.
    let noted: BTreeSet<i64> = came.iter().filter_map(|envelope| envelope.noted_in).collect();
    trail.extend(audit_log::list_sealed_by_ids(conn, &noted.into_iter().collect::<Vec<_>>()).await?);
    trail.sort_by_key(|row| (row.sealed_seq.unwrap_or(i64::MAX), row.id));
    let (head, sealed_at, _) = seal::head(conn).await?;
    Ok(Found {
        name: registered.or_else(|| correspondent.name.clone()),
        attachments: messages::list_attachments(conn, &ids).await?,
        deliveries: deliveries::list_by_ids(conn, &delivered).await?,
        events: conversations::list_events(conn, conversation.id).await?,
        exhibits: exhibits::list_of(conn, &ids).await?,
        copies: working_copies::list_of(conn, &ids).await?,
        officers: accounts::list_officers(conn).await?,
        noted_since: first_noted(conn).await?,
        head: (head, sealed_at),
        export: export.clone(),
        envelopes: came,
        conversation,
        correspondent,
        alert,
        messages,
        trail,
    })
}

async fn first_noted(conn: &mut Conn) -> QueryResult<Option<i64>> {
    let Some(entry) = audit_log::first_of(conn, RECEIVED).await? else { return Ok(None) };
    let entry = audit_log::list_sealed_by_ids(conn, &[entry]).await?;
    Ok(entry.first().and_then(|entry| originals::named(&entry.detail).keys().next().copied()))
}

/// The entries about a conversation, and about those that its messages were in before, until they came.
async fn trail_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<SealedRow>> {
    let mut trail = audit_log::list_sealed_of(conn, "conversation", &[conversation_id]).await?;
    let (mut known, mut next) = (BTreeSet::from([conversation_id]), vec![(conversation_id, i64::MAX)]);
    while let Some((into, until)) = next.pop() {
        for (from, entry) in audit_log::list_moves_into(conn, into).await? {
            if entry <= until && known.insert(from) {
                trail.extend(audit_log::list_sealed_of(conn, "conversation", &[from]).await?.into_iter().filter(|row| row.id <= entry));
                next.push((from, entry));
            }
        }
    }
    Ok(trail)
}

/// Writes the ZIP; gives its hash, its manifest's, its size, its number of files.
fn write(files: &Files, found: &Found, force: &str, made_at: At, told: &watch::Sender<i64>) -> anyhow::Result<([u8; 32], [u8; 32], u64, i64)> {
    let record = record_of(found, force, made_at);
    let mut kept = files.begin_seekable()?;
    let mut bundle = Bundle::begin(std::io::BufWriter::with_capacity(1 << 20, kept.file()));
    bundle.add_text("README.txt", readme(&record).as_bytes())?;
    bundle.add_text("conversation.json", &serde_json::to_vec_pretty(&record)?)?;
    bundle.add_text("conversation.pdf", &pdf::render(&record)?)?;
    let trail = trail::render(&found.trail, |id| found.officer(Some(id)), found.head.0, found.head.1)?;
    bundle.add_text("audit.jsonl", trail.as_bytes())?;
    let tick = |bundle: &Bundle<_>| {
        told.send_replace(i64::try_from(bundle.files()).unwrap_or(i64::MAX));
    };
    for envelope in &found.envelopes {
        let (body, headers, target) = original_names(found, envelope);
        if !is_as_noted(found, envelope) {
            return Err(BundleError::Changed(body).into());
        }
        match (&envelope.body, &envelope.body_file) {
            (Some(bytes), _) => bundle.add_sealed(&body, Cursor::new(bytes), &envelope.sha256)?,
            (None, Some(hash)) => bundle.add_sealed(&body, files.open_at(&hex::decode(hash)?)?, &envelope.sha256)?,
            (None, None) => bundle.add_sealed(&body, Cursor::new(&[]), &envelope.sha256)?,
        }
        bundle.add_text(&headers, &envelope.headers)?;
        bundle.add_text(&target, envelope.target.as_bytes())?;
        tick(&bundle);
    }
    for file in &found.attachments {
        bundle.add_sealed(&attachment_name(found, file), files.open_at(&file.sha256)?, &file.sha256)?;
        tick(&bundle);
    }
    for (index, copy) in found.copies.iter().enumerate() {
        bundle.add_sealed(&copy_name(index, copy), files.open_at(&copy.sha256)?, &copy.sha256)?;
        tick(&bundle);
    }
    let count = i64::try_from(bundle.files())?;
    let manifest = bundle.finish()?;
    let (sha256, size) = kept.keep()?;
    Ok((sha256, manifest, size, count))
}

/// The place of a message, from 1 on.
fn number_of(found: &Found, message_id: i64) -> usize {
    found.messages.iter().position(|message| message.id == message_id).map_or(0, |index| index + 1)
}

/// Whether an original is the one that the audit log has a seal of. What came in before seals were noted has none.
fn is_as_noted(found: &Found, envelope: &EnvelopeRow) -> bool {
    match envelope.noted_in {
        Some(id) => found.trail.iter().find(|entry| entry.id == id).is_some_and(|entry| originals::holds(envelope, entry)),
        None => found.noted_since.is_none_or(|first| envelope.id < first),
    }
}

/// Its body, its headers, and where it came to: a text that came by GET is all in there.
fn original_names(found: &Found, envelope: &EnvelopeRow) -> (String, String, String) {
    let number = found.messages.iter().position(|message| message.envelope_id == Some(envelope.id)).map_or(0, |index| index + 1);
    let ending = if envelope.kind == "email" { "eml" } else { "txt" };
    let name = |part: &str| format!("originals/{number:04}-{part}");
    (name(&format!("body.{ending}")), name("headers.txt"), name("target.txt"))
}

fn attachment_name(found: &Found, file: &AttachmentRow) -> String {
    format!("attachments/{:04}-{}-{}", number_of(found, file.message_id), file.ordinal + 1, file_name::ascii(&file.filename))
}

fn copy_name(index: usize, copy: &WorkingCopyRow) -> String {
    format!("working-copies/{:02}-{}", index + 1, file_name::ascii(&copy.filename))
}

fn record_of(found: &Found, force: &str, made_at: At) -> Record {
    let conversation = &found.conversation;
    Record {
        schema: record::SCHEMA.to_owned(),
        export: record::Export {
            id: found.export.public_id.clone(),
            made_at,
            made_by: found.officer(Some(found.export.officer_id)).unwrap_or_default(),
            force: force.to_owned(),
        },
        conversation: record::Conversation {
            id: conversation.public_id.clone(),
            began_at: conversation.created_at,
            status: conversation.status.clone(),
            with: record::Correspondent { kind: found.correspondent.kind.clone(), address: found.correspondent.address.clone(), name: found.name.clone() },
            our_address: conversation.our_address.clone(),
            certainty: conversation.certainty.clone(),
            alert: found.alert.as_ref().map(|(alert, text)| record::Alert {
                reference: alert.reference.clone(),
                title: alert.title.clone(),
                text: text.clone(),
                published_at: alert.published_at,
            }),
        },
        messages: found.messages.iter().enumerate().map(|(index, message)| message_of(found, index + 1, message)).collect(),
        working_copies: found
            .copies
            .iter()
            .enumerate()
            .map(|(index, copy)| record::WorkingCopy {
                message: number_of(found, copy.message_id),
                attachment: copy.attachment_id.and_then(|id| found.attachments.iter().find(|file| file.id == id)).map(|file| file.ordinal + 1),
                file: copy_name(index, copy),
                sha256: hex::encode(&copy.sha256),
                done: copy.done.clone(),
                by: found.officer(Some(copy.officer_id)).unwrap_or_default(),
                made_at: copy.created_at,
            })
            .collect(),
        events: found
            .events
            .iter()
            .map(|event| record::Event { at: event.created_at, by: found.officer(event.officer_id), kind: event.kind.clone(), detail: event.detail.clone() })
            .collect(),
        audit_head: found.head.0.to_string(),
    }
}

fn message_of(found: &Found, number: usize, message: &MessageRow) -> record::Message {
    let envelope = message.envelope_id.and_then(|id| found.envelopes.iter().find(|envelope| envelope.id == id));
    let delivery = message.delivery_id.and_then(|id| found.deliveries.iter().find(|delivery| delivery.id == id)).filter(|_| message.direction == "out");
    record::Message {
        number,
        id: message.public_id.clone(),
        direction: message.direction.clone(),
        class: message.class.clone(),
        at: message.received_at,
        channel_kind: message.channel_kind.clone(),
        officer: found.officer(message.officer_id),
        subject: message.subject.clone(),
        text: message.text.clone(),
        folded: message.folded.clone(),
        method: message.method.clone(),
        confidence: message.confidence.clone(),
        evidence: message.evidence.clone(),
        exhibit: found.exhibit(message.id, None),
        delivery: delivery.map(|row| record::Delivery { status: row.status.clone(), accepted_at: row.accepted_at, finished_at: row.finished_at }),
        original: envelope.map(|envelope| {
            let (file, headers_file, target_file) = original_names(found, envelope);
            let noted = envelope.noted_in.zip(Original::of(envelope)).map(|(entry, original)| record::Noted {
                entry,
                envelope: envelope.id,
                channel: envelope.channel.clone(),
                kind: envelope.kind.clone(),
                salt: hex::encode(original.salt),
                received_at_us: envelope.received_at.naive().and_utc().timestamp_micros(),
                seal: original.seal(),
            });
            record::Original {
                file,
                sha256: hex::encode(&envelope.sha256),
                headers_file,
                target_file: Some(target_file),
                received_at: envelope.received_at,
                noted,
            }
        }),
        attachments: found
            .attachments
            .iter()
            .filter(|file| file.message_id == message.id)
            .map(|file| record::Attachment {
                number: file.ordinal + 1,
                name: file.filename.clone(),
                file: attachment_name(found, file),
                content_type: file.content_type.clone(),
                size_bytes: file.size_bytes,
                sha256: hex::encode(&file.sha256),
                scan: file.scan.clone(),
                exhibit: found.exhibit(message.id, Some(file.id)),
            })
            .collect(),
    }
}

fn readme(record: &Record) -> String {
    format!(
        "CONVERSATION {id}, EXPORT {export}\n{force}\nMade {at} for {by}\n\n{text}",
        id = record.conversation.id,
        export = record.export.id,
        force = record.export.force,
        at = record.export.made_at.rfc3339(),
        by = record.export.made_by,
        text = include_str!("readme.txt")
    )
}
