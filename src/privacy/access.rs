//! Subject access: what is held of a person as a ZIP for them, for programs (JSON) and for reading (HTML), with their own files.
//!
//! Nobody else is in it: officers are "the force", what a mail quoted of others is left out, and so is what officers wrote for
//! each other unless the administrator decides otherwise; the page in it says so and why.

use std::io::{BufWriter, Seek};

use anyhow::Context;
use askama::Template;
use chrono_tz::Europe::London;
use serde_json::{Value, json};

use super::people::{self, Person};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::delivery::Status;
use crate::domain::{At, file_name};
use crate::inbox::evidence::bundle::Bundle;
use crate::store::conversations::{self, ConversationEventRow};
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::people::Sent;

/// A ZIP that is on no disk by any name: gone when it has been read.
pub struct Parcel {
    /// From its beginning.
    pub file: std::fs::File,
    /// In bytes.
    pub size: u64,
}

/// One conversation with what was said in it.
struct Said {
    began_at: At,
    messages: Vec<MessageRow>,
    files: Vec<AttachmentRow>,
    notes: Vec<ConversationEventRow>,
}

#[derive(Template)]
#[template(path = "privacy/access.html")]
struct Readable<'a> {
    force: &'a str,
    made_at: String,
    record: Vec<(String, Vec<(String, String)>)>,
    with_notes: bool,
    passed_on: bool,
    /// Files of theirs are beside it.
    files_sent: bool,
}

/// Makes the ZIP; none if there is nobody. Leaves an entry.
pub async fn export(app: &App, by: i64, public_id: &str, with_notes: bool) -> anyhow::Result<Option<Parcel>> {
    let found = app.read().await?.snapshot(async |conn| gather(conn, public_id, with_notes).await).await?;
    let Some((person, said)) = found else { return Ok(None) };
    let detail = json!({ "conversations": said.len(), "notes": with_notes });
    let (actor, given) = (Actor::Officer(by), person.talks.iter().map(|talk| talk.row.id).collect::<Vec<_>>());
    app.write()
        .await?
        .transaction(async |conn| {
            audit::note(conn, app.ids(), app.now(), &actor, "person.export", person.subject(), detail).await?;
            audit::note_given(conn, app.ids(), app.now(), &actor, "conversation.given", &given, None).await
        })
        .await?;
    let (files, force, now) = (app.files().clone(), app.config().branding.force.clone(), app.now());
    tokio::task::spawn_blocking(move || {
        let mut draft = files.begin_seekable()?;
        let mut bundle = Bundle::begin(BufWriter::with_capacity(1 << 20, draft.file()));
        bundle.add_text("what-we-hold.json", &serde_json::to_vec_pretty(&record(&person, &said, &force, now, with_notes))?)?;
        let files_sent = said.iter().any(|talk| !talk.files.is_empty());
        let page = Readable { force: &force, made_at: moment(now), record: readable(&person, &said), with_notes, passed_on: person.passed_on, files_sent };
        bundle.add_text("what-we-hold.html", page.render()?.as_bytes())?;
        for (number, talk) in said.iter().enumerate() {
            for file in &talk.files {
                let name = format!("files/{:03}-{}-{}", number + 1, file.id, file_name::ascii(&file.filename));
                bundle.add_sealed(&name, files.open_at(&file.sha256)?, &file.sha256)?;
            }
        }
        bundle.finish()?;
        let mut file = draft.file().try_clone().context("the ZIP cannot be read again")?;
        let size = file.seek(std::io::SeekFrom::End(0))?;
        file.rewind()?;
        // Nobody is to find it here later: its name goes with the draft, its bytes with whoever reads them.
        drop(draft);
        Ok::<_, anyhow::Error>(Some(Parcel { file, size }))
    })
    .await?
}

async fn gather(conn: &mut crate::store::Conn, public_id: &str, with_notes: bool) -> diesel::QueryResult<Option<(Person, Vec<Said>)>> {
    let Some(person) = people::read(conn, public_id).await? else { return Ok(None) };
    let mut said = Vec::new();
    for talk in &person.talks {
        let rows = messages::list_of(conn, talk.row.id).await?;
        let ids: Vec<i64> = rows.iter().filter(|row| row.direction == "in").map(|row| row.id).collect();
        said.push(Said {
            began_at: talk.row.created_at,
            files: messages::list_attachments(conn, &ids).await?,
            notes: if with_notes { conversations::list_events(conn, talk.row.id).await? } else { Vec::new() },
            messages: rows.into_iter().filter(|row| with_notes || row.direction != "note").collect(),
        });
    }
    Ok(Some((person, said)))
}

fn whose(direction: &str) -> &'static str {
    match direction {
        "in" => "you",
        "note" => "a note of the force's",
        _ => "the force",
    }
}

fn record(person: &Person, said: &[Said], force: &str, now: At, with_notes: bool) -> Value {
    json!({
        "schema": "huecry-subject-access-1",
        "made_at": now.rfc3339(),
        "held_by": force,
        "left_out": left_out(with_notes),
        "registration": person.resident.as_ref().map(|row| json!({
            "name": row.name, "postcode": row.postcode, "language": row.language, "source": row.source, "joined_at": row.created_at.rfc3339(),
            "addresses": person.addresses.iter().map(|row| json!({ "kind": row.kind, "address": row.value, "alerts": row.enabled })).collect::<Vec<_>>(),
            "groups": person.groups, "places": person.places,
        })),
        "known_as": person.correspondents.iter().map(|row| json!({ "kind": row.kind, "address": row.address, "name": row.name })).collect::<Vec<_>>(),
        "consent": person.consents.iter().map(|row| json!({
            "action": row.action, "channel": row.channel, "source": row.source, "wording": row.wording, "evidence": row.evidence, "at": row.created_at.rfc3339(),
        })).collect::<Vec<_>>(),
        "not_to_be_sent": person.suppressions.iter().map(|row| json!({
            "channel": row.channel, "scope": row.scope, "reason": row.reason, "since": row.created_at.rfc3339(), "until": row.lifted_at.map(At::rfc3339),
        })).collect::<Vec<_>>(),
        "sent": person.sent.iter().map(|sent| json!({
            "purpose": sent.purpose, "channel": sent.channel_kind, "status": sent.status, "at": sent.at.rfc3339(),
            "alert": sent.alert.as_ref().map(|(reference, title)| json!({ "reference": reference, "title": title })),
        })).collect::<Vec<_>>(),
        "conversations": said.iter().map(|talk| json!({
            "began_at": talk.began_at.rfc3339(),
            "messages": talk.messages.iter().map(|row| json!({
                "from": whose(&row.direction), "at": row.received_at.rfc3339(), "subject": row.subject, "text": row.text,
            })).collect::<Vec<_>>(),
            "files": talk.files.iter().map(|row| json!({ "name": row.filename, "size_bytes": row.size_bytes, "sha256": hex::encode(&row.sha256) })).collect::<Vec<_>>(),
            "notes": talk.notes.iter().map(|row| json!({ "at": row.created_at.rfc3339(), "text": row.detail })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// What is not in it, each with the reason.
fn left_out(with_notes: bool) -> Vec<&'static str> {
    let mut all = vec![
        "Names of officers: they are somebody else's data.",
        "What your mails quoted or forwarded: it may be what somebody else wrote. You have the mails themselves.",
    ];
    if !with_notes {
        all.push("What officers wrote for each other: it may be about other people, or harm an enquiry. You can ask the force for this decision to be looked at again, and complain to the Information Commissioner.");
    }
    all
}

/// As people read a moment, in London.
fn moment(at: At) -> String {
    at.utc().with_timezone(&London).format("%-d %B %Y, %H:%M").to_string()
}

fn channel(kind: &str) -> &'static str {
    if kind == "sms" { "text message" } else { "e-mail" }
}

/// What was sent, and when: of an alert, which.
fn sent_in_words(sent: &Sent) -> (String, String) {
    let what = match (sent.purpose.as_str(), &sent.alert) {
        ("alert", Some((reference, title))) => format!("Alert {reference}, {title},"),
        ("outcome", Some((reference, title))) => format!("What came of alert {reference}, {title},"),
        ("reply", Some((reference, _))) => format!("An answer to what you wrote about {reference}"),
        (purpose, Some((reference, _))) => format!("{} about {reference}", purpose.replace('_', " ")),
        (purpose, None) => purpose.replace('_', " "),
    };
    let status = sent.status.parse::<Status>().map_or_else(|_| sent.status.clone(), |status| status.label().to_lowercase());
    (moment(sent.at), format!("{what} by {}: {status}", channel(&sent.channel_kind)))
}

fn readable(person: &Person, said: &[Said]) -> Vec<(String, Vec<(String, String)>)> {
    let mut parts = Vec::new();
    if let Some(row) = &person.resident {
        let mut lines =
            vec![("Name".to_owned(), row.name.clone()), ("Postcode".to_owned(), row.postcode.clone()), ("Joined".to_owned(), moment(row.created_at))];
        lines.extend(person.addresses.iter().map(|row| (if row.kind == "phone" { "Phone" } else { "E-mail" }.to_owned(), row.value.clone())));
        lines.push(("Groups".to_owned(), person.groups.join(", ")));
        lines.push(("Places".to_owned(), person.places.join(", ")));
        parts.push(("Your registration".to_owned(), lines));
    }
    let consent = person.consents.iter().map(|row| (moment(row.created_at), format!("{} ({}), by {}", row.action, row.channel, row.source)));
    parts.push(("What you agreed to".to_owned(), consent.collect()));
    let never = person.suppressions.iter().map(|row| {
        let until = row.lifted_at.map(|at| format!(", until {}", moment(at))).unwrap_or_default();
        (moment(row.created_at), format!("{}, {}: {}{until}", row.channel, row.scope, row.reason))
    });
    parts.push(("What is not to be sent to you".to_owned(), never.collect()));
    parts.push(("What was sent to you".to_owned(), person.sent.iter().map(sent_in_words).collect()));
    for (number, talk) in said.iter().enumerate() {
        let mut lines: Vec<_> = talk.messages.iter().map(|row| (format!("{}, {}", moment(row.received_at), whose(&row.direction)), row.text.clone())).collect();
        lines.extend(talk.files.iter().map(|row| ("File".to_owned(), row.filename.clone())));
        lines.extend(talk.notes.iter().map(|row| (format!("{}, note", moment(row.created_at)), row.detail.clone())));
        parts.push((format!("Conversation {}", number + 1), lines));
    }
    parts
}
