//! Evidence: exhibits, working copies and exports of a conversation. Originals are read here and never changed.

pub mod bundle;
pub mod check;
pub mod export;
pub mod pdf;
pub mod picture;
pub mod record;
pub mod redact;
pub mod trail;

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use diesel::QueryResult;
use regex::Regex;
use tokio::sync::Semaphore;

use super::reading;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{file_name, ids};
use crate::store::Conn;
use crate::store::accounts::{self, OfficerRow};
use crate::store::conversations::{self, ConversationEventRow, ConversationRow};
use crate::store::exhibits::{self, ExhibitRow};
use crate::store::exports::{self, ExportRow};
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::wake::Change;
use crate::store::working_copies::{self, WorkingCopyRow};
use picture::{Cover, Picture, PictureError};

/// Pictures that are unpacked at once: each may take half a gigabyte.
static UNPACKING: Semaphore = Semaphore::const_new(2);
/// A picture that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(20);
/// Letters, a stroke, a number, perhaps a letter.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[A-Z]{1,6}/[0-9]{1,5}[A-Z]?$").ok());
/// What stands before a name and is none.
const TITLES: &[&str] =
    &["pc", "pcso", "ps", "sgt", "sergeant", "insp", "inspector", "ch", "chief", "ci", "supt", "dc", "ds", "di", "dci", "dr", "mr", "mrs", "ms", "miss", "sc"];

/// A message, or one of its files.
#[derive(Clone, Debug)]
pub struct Item {
    /// The conversation that it is in.
    pub conversation: ConversationRow,
    /// The message.
    pub message: MessageRow,
    /// The file.
    pub attachment: Option<AttachmentRow>,
}

/// What the page shows of a conversation's evidence.
pub struct Panel {
    /// Messages in order.
    pub messages: Vec<MessageRow>,
    /// Their files.
    pub attachments: Vec<AttachmentRow>,
    /// Those that are exhibits.
    pub exhibits: Vec<ExhibitRow>,
    /// Copies with something taken out.
    pub copies: Vec<WorkingCopyRow>,
    /// Exports, newest first.
    pub exports: Vec<ExportRow>,
    /// Everyone, for names.
    pub officers: Vec<OfficerRow>,
    /// What the next exhibit of this officer would be called.
    pub next_reference: String,
}

/// What came of naming an exhibit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameOutcome {
    /// It is called so.
    Named(String),
    /// Another item of the conversation is called so.
    Taken,
    /// It went out with an export, and stays as it is.
    Sealed,
    /// That is no reference.
    NotAReference,
}

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file is no picture that can be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// It took too long.
    #[error("it took too long to unpack")]
    TooLong,
    /// Nothing was to be taken out.
    #[error("nothing was chosen")]
    Nothing,
    /// The files cannot be used.
    #[error(transparent)]
    Files(#[from] std::io::Error),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// The item, if this officer may see it.
pub async fn find(app: &App, officer: &OfficerRow, conversation: &str, message: &str, ordinal: Option<i64>) -> QueryResult<Option<Item>> {
    let Some(conversation) = reading::find(app, officer, conversation).await? else { return Ok(None) };
    let mut conn = app.read().await?;
    let Some(message) = messages::find(&mut conn, message).await?.filter(|row| row.conversation_id == conversation.id) else { return Ok(None) };
    let Some(ordinal) = ordinal else { return Ok(Some(Item { conversation, message, attachment: None })) };
    let found = messages::list_attachments(&mut conn, &[message.id]).await?.into_iter().find(|file| file.ordinal == ordinal);
    Ok(found.map(|file| Item { conversation, message, attachment: Some(file) }))
}

/// What the page shows.
pub async fn panel(app: &App, officer: &OfficerRow, conversation_id: i64) -> QueryResult<Panel> {
    app.read().await?.snapshot(async |conn| read_panel(conn, officer, conversation_id).await).await
}

async fn read_panel(conn: &mut Conn, officer: &OfficerRow, conversation_id: i64) -> QueryResult<Panel> {
    let messages = messages::list_of(conn, conversation_id).await?;
    let ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
    let named = named_in(conn, conversation_id, &ids).await?;
    Ok(Panel {
        attachments: messages::list_attachments(conn, &ids).await?,
        exhibits: exhibits::list_of(conn, &ids).await?,
        copies: working_copies::list_of(conn, &ids).await?,
        exports: exports::list_of(conn, conversation_id).await?,
        officers: accounts::list_officers(conn).await?,
        next_reference: next_reference(&initials(&officer.name), named.iter().map(|row| row.reference.as_str())),
        messages,
    })
}

/// `JD` for PC 1234 Jane Doe.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || c == '.')
        .filter(|word| word.chars().next().is_some_and(char::is_alphabetic) && !TITLES.contains(&word.to_lowercase().as_str()))
        .collect();
    let letters = [words.first(), words.get(1..).and_then(<[&str]>::last)].into_iter().flatten();
    let initials: String = letters.filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).filter(char::is_ascii_uppercase).collect();
    if initials.is_empty() { "EX".to_owned() } else { initials }
}

fn next_reference<'a>(initials: &str, taken: impl Iterator<Item = &'a str>) -> String {
    let highest =
        taken.filter_map(|reference| reference.strip_prefix(initials)?.strip_prefix('/')?.trim_end_matches(char::is_alphabetic).parse::<u32>().ok()).max();
    format!("{initials}/{}", highest.unwrap_or(0).saturating_add(1))
}

/// Names an item as an exhibit, or gives it another reference. Without one it gets the officer's next.
pub async fn name_exhibit(app: &App, officer: &OfficerRow, item: &Item, reference: &str) -> QueryResult<NameOutcome> {
    let wanted = reference.trim().to_ascii_uppercase();
    if !wanted.is_empty() && !REFERENCE.as_ref().is_some_and(|pattern| pattern.is_match(&wanted)) {
        return Ok(NameOutcome::NotAReference);
    }
    let outcome = app.write().await?.transaction(async |conn| name_in(conn, app, officer, item, &wanted).await).await?;
    if let NameOutcome::Named(_) = outcome {
        changed(app, &item.conversation);
    }
    Ok(outcome)
}

/// Exhibits that were named in a conversation, and those of messages that came to it afterwards.
async fn named_in(conn: &mut Conn, conversation_id: i64, message_ids: &[i64]) -> QueryResult<Vec<ExhibitRow>> {
    let mut named = exhibits::list_named_in(conn, conversation_id).await?;
    let here = exhibits::list_of(conn, message_ids).await?;
    named.extend(here.into_iter().filter(|row| row.conversation_id != conversation_id));
    Ok(named)
}

/// Messages come to a conversation in which another item has the name of one of their exhibits: it gets a letter, unless it went
/// out already; then the other does. Two that both went out under one name stay so, and the log says when each did.
pub(super) async fn keep_apart(conn: &mut Conn, app: &App, from: &[i64], to: i64, actor: &Actor) -> QueryResult<()> {
    let there: Vec<i64> = messages::list_of(conn, to).await?.iter().map(|message| message.id).filter(|id| !from.contains(id)).collect();
    let coming = exhibits::list_of(conn, from).await?;
    if coming.is_empty() {
        return Ok(());
    }
    let standing = exhibits::list_of(conn, &there).await?;
    let mut taken: BTreeSet<String> = coming.iter().chain(&standing).map(|row| row.reference.clone()).collect();
    for row in &coming {
        let Some(other) = standing.iter().find(|known| known.reference == row.reference) else { continue };
        let Some(renamed) = [row, other].into_iter().find(|item| item.sealed_at.is_none()) else { continue };
        taken.extend(exhibits::list_named_in(conn, renamed.conversation_id).await?.into_iter().map(|known| known.reference));
        let Some(reference) = apart(&renamed.reference, &taken) else { continue };
        exhibits::set_reference(conn, renamed.id, &reference).await?;
        let detail = serde_json::json!({ "conversation": to, "attachment": renamed.attachment_id, "reference": reference, "was": renamed.reference });
        audit::note(conn, app.ids(), app.now(), actor, "exhibit.name", ("message", Some(renamed.message_id)), detail).await?;
        taken.insert(reference);
    }
    Ok(())
}

/// `JS/1` with the first letter that nobody has; the next number where it has a letter already, or all are taken.
fn apart(reference: &str, taken: &BTreeSet<String>) -> Option<String> {
    let (initials, number) = reference.split_once('/')?;
    let number = number.trim_end_matches(char::is_alphabetic);
    let lettered = ('A'..='Z').map(|letter| format!("{initials}/{number}{letter}")).find(|name| !taken.contains(name));
    lettered.or_else(|| Some(next_reference(initials, taken.iter().map(String::as_str))))
}

async fn name_in(conn: &mut Conn, app: &App, officer: &OfficerRow, item: &Item, wanted: &str) -> QueryResult<NameOutcome> {
    // Two officers who name at once take turns, so that numbers run on.
    conversations::get_locked(conn, item.conversation.id).await?;
    let attachment_id = item.attachment.as_ref().map(|file| file.id);
    let there: Vec<i64> = messages::list_of(conn, item.conversation.id).await?.iter().map(|message| message.id).collect();
    let named = named_in(conn, item.conversation.id, &there).await?;
    let reference =
        if wanted.is_empty() { next_reference(&initials(&officer.name), named.iter().map(|row| row.reference.as_str())) } else { wanted.to_owned() };
    let was = exhibits::list_of(conn, &[item.message.id]).await?.into_iter().find(|row| row.attachment_id == attachment_id);
    let detail = serde_json::json!({
        "conversation": item.conversation.id,
        "attachment": attachment_id,
        "reference": reference,
        "was": was.as_ref().map(|row| row.reference.clone()),
    });
    match was {
        Some(row) if row.reference == reference => return Ok(NameOutcome::Named(reference)),
        Some(row) if row.sealed_at.is_some() => return Ok(NameOutcome::Sealed),
        // Looked for first: a statement that fails would end the transaction.
        _ if named.iter().any(|row| row.reference == reference) => return Ok(NameOutcome::Taken),
        Some(row) => {
            exhibits::set_reference(conn, row.id, &reference).await?;
        }
        None => {
            let row = ExhibitRow {
                id: app.next_id(),
                conversation_id: item.conversation.id,
                message_id: item.message.id,
                attachment_id,
                reference: reference.clone(),
                officer_id: officer.id,
                created_at: app.now(),
                sealed_at: None,
            };
            if exhibits::insert(conn, &row).await?.is_none() {
                return Ok(NameOutcome::Taken);
            }
        }
    }
    audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "exhibit.name", ("message", Some(item.message.id)), detail).await?;
    Ok(NameOutcome::Named(reference))
}

/// A picture drawn anew for a page.
pub async fn preview(bytes: Vec<u8>) -> Result<Picture, CopyError> {
    unpack(move || picture::preview(&bytes)).await
}

/// Bounded in number and in time. What takes too long goes on alone and holds its place until it ends.
async fn unpack(work: impl FnOnce() -> Result<Picture, PictureError> + Send + 'static) -> Result<Picture, CopyError> {
    let turn = async {
        let permit = UNPACKING.acquire().await.map_err(|_| CopyError::TooLong)?;
        tokio::task::spawn_blocking(move || {
            let _turn = permit;
            work()
        })
        .await
        .map_err(|_| CopyError::Picture(PictureError::Broken))?
        .map_err(CopyError::Picture)
    };
    tokio::time::timeout(PATIENCE, turn).await.map_err(|_| CopyError::TooLong)?
}

/// Makes a copy of a picture with parts of it covered in black; without any, one with nothing but the picture in it.
pub async fn cover_picture(app: &App, officer: &OfficerRow, item: &Item, covers: Vec<Cover>) -> Result<WorkingCopyRow, CopyError> {
    let file = item.attachment.as_ref().ok_or(CopyError::Picture(PictureError::NotShown))?;
    let bytes = app.files().get(&file.sha256).await?;
    let count = covers.len();
    let detail = serde_json::json!({ "covers": covers });
    let drawn = unpack(move || picture::covered(&bytes, &covers)).await?;
    let done = match count {
        0 => "Drawn anew without what the camera noted (place, time, device).".to_owned(),
        1 => "One part covered in black; drawn anew without what the camera noted.".to_owned(),
        more => format!("{more} parts covered in black; drawn anew without what the camera noted."),
    };
    let stem = file_name::safe(&file.filename);
    let stem = stem.rsplit_once('.').map_or(stem.as_str(), |(stem, _)| stem);
    let ending = if drawn.content_type == "image/png" { "png" } else { "jpg" };
    let name = format!("{stem}-copy.{ending}");
    keep(app, officer, item, New { kind: "picture", name, content_type: drawn.content_type, bytes: drawn.bytes, done, detail }).await
}

/// Makes a copy of a message's words with some taken out.
pub async fn redact_words(app: &App, officer: &OfficerRow, item: &Item, chosen: &BTreeSet<usize>, phrases: &[String]) -> Result<WorkingCopyRow, CopyError> {
    let (text, places) = redact::redact(&item.message.text, chosen, phrases);
    if places == 0 {
        return Err(CopyError::Nothing);
    }
    let done = if places == 1 { "Taken out in one place.".to_owned() } else { format!("Taken out in {places} places.") };
    let detail = serde_json::json!({ "places": places });
    let new = New { kind: "words", name: "message-redacted.txt".to_owned(), content_type: "text/plain", bytes: text.into_bytes(), done, detail };
    keep(app, officer, item, new).await
}

struct New {
    kind: &'static str,
    name: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    done: String,
    detail: serde_json::Value,
}

async fn keep(app: &App, officer: &OfficerRow, item: &Item, new: New) -> Result<WorkingCopyRow, CopyError> {
    // Written before the row that names it.
    let sha256 = app.files().put(&new.bytes).await?;
    let row = WorkingCopyRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        message_id: item.message.id,
        attachment_id: item.attachment.as_ref().map(|file| file.id),
        kind: new.kind.to_owned(),
        filename: new.name,
        content_type: new.content_type.to_owned(),
        size_bytes: i64::try_from(new.bytes.len()).unwrap_or(i64::MAX),
        sha256: sha256.to_vec(),
        done: new.done,
        detail: new.detail,
        officer_id: officer.id,
        created_at: app.now(),
    };
    app.write()
        .await?
        .transaction(async |conn| {
            working_copies::insert(conn, &row).await?;
            let detail = serde_json::json!({ "conversation": item.conversation.id, "attachment": row.attachment_id, "copy": row.id, "sha256": hex::encode(&row.sha256) });
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "copy.make", ("message", Some(item.message.id)), detail).await
        })
        .await?;
    changed(app, &item.conversation);
    Ok(row)
}

/// A copy of this conversation with its bytes; leaves an entry.
pub async fn read_copy(
    app: &App,
    officer: &OfficerRow,
    conversation: &ConversationRow,
    public_id: &str,
) -> Result<Option<(WorkingCopyRow, Vec<u8>)>, CopyError> {
    let mut conn = app.read().await?;
    let Some(copy) = working_copies::find(&mut conn, public_id).await? else { return Ok(None) };
    let ids: Vec<i64> = messages::list_of(&mut conn, conversation.id).await?.iter().map(|message| message.id).collect();
    drop(conn);
    if !ids.contains(&copy.message_id) {
        return Ok(None);
    }
    let detail = serde_json::json!({ "copy": copy.id });
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(officer.id), "copy.view", ("message", Some(copy.message_id)), detail).await?;
    let bytes = app.files().get(&copy.sha256).await?;
    Ok(Some((copy, bytes)))
}

pub(super) fn changed(app: &App, conversation: &ConversationRow) {
    app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(conversation.public_id.clone()) });
}

/// An event on the conversation's page.
pub(super) async fn tell(conn: &mut Conn, app: &App, conversation_id: i64, officer_id: i64, kind: &str, detail: &str) -> QueryResult<()> {
    let row = ConversationEventRow {
        id: app.next_id(),
        conversation_id,
        officer_id: Some(officer_id),
        kind: kind.to_owned(),
        detail: detail.to_owned(),
        created_at: app.now(),
    };
    conversations::append_event(conn, &row).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_name_and_not_of_the_rank() {
        for (name, expected) in
            [("PC Jane Doe", "JD"), ("PC 1234 John Paul Smith", "JS"), ("Sgt. Ann O'Neil", "AO"), ("Éva Šimić", "EX"), ("Cher", "C"), ("", "EX"), ("PC", "EX")]
        {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_letter() {
        let taken = BTreeSet::from(["JD/1".to_owned(), "JD/1A".to_owned()]);
        assert_eq!(apart("JD/1", &taken).as_deref(), Some("JD/1B"));
        assert_eq!(apart("JD/1A", &taken).as_deref(), Some("JD/1B"));
    }

    #[test]
    fn numbers_run_on_for_each_officer() {
        let taken = ["JD/1", "JD/7A", "AB/30", "JDX/40", "JD/x"];
        assert_eq!(next_reference("JD", taken.into_iter()), "JD/8");
        assert_eq!(next_reference("ZZ", taken.into_iter()), "ZZ/1");
    }
}
