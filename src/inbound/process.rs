//! Processing: envelopes in order per correspondent, each to its message, conversation and effects.
//!
//! A batch is parsed, then stored in one transaction. What cannot be parsed is parked at once, visibly, and the next goes
//! on; only our own faults (the database, the file store) retry in place.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::result::Error as DieselError;
use futures_util::StreamExt;

use super::filing::Filer;
use super::sender::{self, SenderCheck, Trust};
use super::thread::hand::Moved;
use super::understand::{self, Understanding};
use super::{mail, receipt, text};
use crate::app::App;
use crate::channels::email::authentication;
use crate::channels::email::mime::{self, Transport};
use crate::channels::registry::{Channel, ChannelKind};
use crate::channels::{Hook, ParseError};
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText, MailAttachment, ParsedMail};
use crate::outbound::receipts;
use crate::store::envelopes::{self, EnvelopeRow};
use crate::store::notices::{self, NoticeRow};
use crate::store::wake::Change;
use crate::store::{Conn, events, moves};

/// The target of an envelope that was fetched from the vendor's list.
pub(super) const LISTED: &str = "listed";
const BATCH: i64 = 100;
const READ_AT_ONCE: usize = 16;
/// Of originals that are being read at the same time, in the whole process.
const READING_KIB: u32 = 96 * 1024;
static ROOM: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(96 * 1024);
const LEASE_MS: i64 = 20_000;
/// Our own faults in a row after which an envelope is parked, so that it cannot stand before its correspondent's next ones for ever.
const MOST_TRIES: i64 = 25;

/// An envelope, understood.
pub(super) enum Understood {
    /// A text.
    Text(InboundText),
    /// A receipt.
    Receipt(InboundReceipt),
    /// A mail, with its files already kept.
    Mail(Box<UnderstoodMail>),
    /// Something about the channel that an administrator must know.
    Notice(String),
}

/// A mail with what was found in it.
pub(super) struct UnderstoodMail {
    pub(super) mail: ParsedMail,
    pub(super) understood: Understanding,
    pub(super) sender: SenderCheck,
    pub(super) files: Vec<KeptFile>,
}

/// An attachment whose bytes are in `files/`.
#[derive(Clone)]
pub(super) struct KeptFile {
    pub(super) filename: String,
    pub(super) content_type: String,
    pub(super) size_bytes: i64,
    pub(super) sha256: Vec<u8>,
}

/// What a batch made known, told after the commit.
#[derive(Default)]
pub(super) struct Told {
    pub(super) changes: Vec<Change>,
    pub(super) events: Vec<events::EventRow>,
    pub(super) outbox: bool,
    /// Receipts whose hand-over is not known yet, by the provider's id.
    pub(super) untied: Vec<String>,
}

impl Told {
    /// Rings the bells.
    pub(super) fn tell(self, app: &App) {
        for change in self.changes {
            app.wake().change(change);
        }
        if self.outbox {
            app.wake().outbox();
        }
    }
}

type Work = (EnvelopeRow, Result<Vec<Understood>, ParseError>);

/// Deals with one batch of these lanes; gives how many envelopes there were.
pub async fn run_once(app: &App, lanes: &[i64]) -> QueryResult<usize> {
    let claimed = {
        let mut conn = app.write().await?;
        envelopes::claim(&mut conn, lanes, app.owner(), BATCH, LEASE_MS).await?
    };
    if claimed.is_empty() {
        return Ok(0);
    }
    let count = claimed.len();
    let mut batch: Vec<Work> = Vec::with_capacity(count);
    let (worn_out, claimed): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|row| row.tries > MOST_TRIES);
    for row in worn_out {
        envelopes::park(&mut app.write().await?, row.id, "It was taken up again and again and never done: see the log", app.now()).await?;
    }
    // Several at once, since a mail may wait for the DNS; their order stays.
    let mut read = futures_util::stream::iter(claimed).map(|row| read(app, row)).buffered(READ_AT_ONCE);
    while let Some((row, read)) = read.next().await {
        match read.unwrap_or_else(|error| Ok(Err(ParseError(format!("our reader failed on it: {error}"))))) {
            Ok(understood) => batch.push((row, understood)),
            Err(error) => {
                tracing::error!(envelope.id = row.id, %error, "the file store failed; the envelope is tried again");
                give_back(app, &[row]).await?;
            }
        }
    }
    if let Err(error) = store(app, &batch).await {
        tracing::warn!(%error, envelopes = batch.len(), "a batch could not be stored; trying one by one");
        for work in &batch {
            if let Err(error) = store(app, std::slice::from_ref(work)).await {
                tracing::error!(envelope.id = work.0.id, %error, "an envelope could not be stored; it is tried again");
                give_back(app, std::slice::from_ref(&work.0)).await?;
            }
        }
    }
    Ok(count)
}

/// In a task of its own: a parser that panics parks one envelope and does not end the worker.
///
/// Several large mails at once would take all memory: each waits for as much room as it takes.
async fn read(app: &App, row: EnvelopeRow) -> (EnvelopeRow, Result<std::io::Result<Result<Vec<Understood>, ParseError>>, tokio::task::JoinError>) {
    let kibibytes = u32::try_from(row.body_bytes / 1024).unwrap_or(u32::MAX).clamp(1, READING_KIB);
    let _room = ROOM.acquire_many(kibibytes).await;
    let (for_task, raw) = (app.clone(), row.clone());
    let read = tokio::spawn(async move { understand(&for_task, &raw).await }).await;
    (row, read)
}

async fn give_back(app: &App, rows: &[EnvelopeRow]) -> QueryResult<()> {
    let mut conn = app.write().await?;
    for row in rows {
        if row.tries >= MOST_TRIES {
            envelopes::park(&mut conn, row.id, "It could not be stored, again and again: see the log", app.now()).await?;
        } else {
            envelopes::release(&mut conn, &[row.id], app.owner()).await?;
        }
    }
    drop(conn);
    // Our fault will not heal in a microsecond.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    Ok(())
}

async fn store(app: &App, batch: &[Work]) -> QueryResult<()> {
    let mut conn = app.write().await?;
    let mut told = conn.transaction(async |conn| store_in(conn, app, batch).await).await?;
    drop(conn);
    let untied = std::mem::take(&mut told.untied);
    told.tell(app);
    if let Err(error) = receipts::tie_again(app, &untied).await {
        // The batch is stored, and must not be a second time.
        tracing::warn!(%error, receipts = untied.len(), "receipts that came with their answers may wait untied");
    }
    Ok(())
}

/// What officers moved by hand of these people.
pub(super) async fn moved_of(conn: &mut Conn, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Vec<Moved>>, DieselError> {
    let mut moved: HashMap<Vec<u8>, Vec<Moved>> = HashMap::new();
    for (key, row, to_reference) in moves::list_of(conn, keys).await? {
        moved.entry(key).or_default().push(Moved { from: row.from_alert_id, to: row.to_alert_id, to_reference, at: row.moved_at });
    }
    Ok(moved)
}

async fn store_in(conn: &mut Conn, app: &App, batch: &[Work]) -> Result<Told, DieselError> {
    let now = app.now();
    let keys: Vec<Vec<u8>> = batch.iter().filter_map(|(row, _)| row.match_key.clone()).collect();
    let mut filer = Filer::new(app, now, moved_of(conn, &keys).await?);
    let mut done = Vec::new();
    for (row, understood) in batch {
        match understood {
            Ok(understood) => {
                for (ordinal, one) in (0_i64..).zip(understood) {
                    match one {
                        Understood::Text(inbound) => text::store(conn, &mut filer, row, ordinal, inbound).await?,
                        Understood::Receipt(inbound) => receipt::store(conn, &mut filer, row, ordinal, inbound).await?,
                        Understood::Mail(inbound) => mail::store(conn, &mut filer, row, ordinal, inbound).await?,
                        Understood::Notice(detail) => note_channel(conn, app, &row.channel, detail).await?,
                    }
                }
                done.push(row.id);
            }
            Err(fault) => {
                tracing::warn!(envelope.id = row.id, channel.name = %row.channel, reason = %fault, "an envelope was parked");
                metrics::counter!("huecry_parked_total", "channel" => row.channel.clone()).increment(1);
                envelopes::park(conn, row.id, &fault.to_string(), now).await?;
            }
        }
    }
    let told = filer.told;
    events::append(conn, told.events.clone()).await?;
    if envelopes::mark_processed(conn, &done, app.owner(), now).await? != done.len() {
        // The lease ran out and another node has it: its work stands, ours is undone.
        return Err(DieselError::RollbackTransaction);
    }
    Ok(told)
}

/// What a vendor says of the channel itself stands on the administrator's page.
async fn note_channel(conn: &mut Conn, app: &App, channel: &str, detail: &str) -> QueryResult<()> {
    let now = app.now();
    let row = NoticeRow::of(app.next_id(), "provider", channel, detail.to_owned(), now);
    notices::note(conn, &row).await.map(|_| ())
}

async fn understand(app: &App, row: &EnvelopeRow) -> std::io::Result<Result<Vec<Understood>, ParseError>> {
    let raw = match (&row.body, &row.body_file) {
        (Some(body), _) => body.clone(),
        (None, Some(hash)) => app.files().get(&hex::decode(hash).unwrap_or_default()).await?,
        (None, None) => Vec::new(),
    };
    let Some(channel) = app.channels().find(&row.channel) else {
        return Ok(Err(ParseError(format!("no channel named {} is configured any more", row.channel))));
    };
    let events = match &channel.kind {
        ChannelKind::Sms { .. } => {
            let hook = match (row.kind.as_str(), row.target.as_str()) {
                ("sms_status", _) => Hook::Status,
                (_, LISTED) => Hook::Listed,
                _ => Hook::Inbound,
            };
            channel.parse_text(hook, &row.target, &raw)
        }
        ChannelKind::Email { .. } => return understand_mail(app, channel.clone(), raw, transport(row)).await,
    };
    let events = match events {
        Ok(events) => events,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut understood = Vec::new();
    for event in events {
        understood.push(match event {
            InboundEvent::Text(inbound) => Understood::Text(inbound),
            InboundEvent::Receipt(inbound) => Understood::Receipt(inbound),
            InboundEvent::Confirm { url } => match channel.confirm(&url).await {
                Ok(()) => continue,
                Err(error) => return Ok(Err(ParseError(format!("the provider asks to confirm that its messages come here, and that failed: {error}")))),
            },
            InboundEvent::Notice { detail } => Understood::Notice(detail),
            InboundEvent::Mail(mail) => return Ok(Err(ParseError(format!("a mail came by a channel for texts: {mail:?}")))),
        });
    }
    Ok(Ok(understood))
}

/// A mail may be large: it is read on a thread of its own, so that nobody waits behind it.
async fn understand_mail(app: &App, channel: Arc<Channel>, raw: Vec<u8>, transport: Transport) -> std::io::Result<Result<Vec<Understood>, ParseError>> {
    let (for_reading, runtime) = (app.clone(), tokio::runtime::Handle::current());
    let read = move || {
        let keys = &for_reading.keyring().tokens;
        let ours = |token: &str| crate::domain::token::verify(keys, crate::domain::token::Use::MessageId, token).is_some();
        let mail = mime::parse(&raw, &transport)?;
        let sender = runtime.block_on(check_sender(&for_reading, &channel, &raw, &mail));
        Ok((understand::mail(&mail, &[], ours), sender, mail))
    };
    let (understood, sender, mut mail) = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(read)) => read,
        Ok(Err(fault)) => return Ok(Err(fault)),
        Err(error) if error.is_panic() => return Ok(Err(ParseError("our reader failed on it".to_owned()))),
        Err(error) => return Err(std::io::Error::other(error)),
    };
    let files = keep(app, &mut mail.attachments).await?;
    Ok(Ok(vec![Understood::Mail(Box::new(UnderstoodMail { mail, understood, sender, files }))]))
}

/// Whether the mail is from whom it says: by our own mail server's word, else by the author's signature.
async fn check_sender(app: &App, channel: &Channel, raw: &[u8], mail: &ParsedMail) -> SenderCheck {
    let ChannelKind::Email { settings, .. } = &channel.kind else { return sender::judge(&mail.from, &[], &[]) };
    if authentication::plain_author(raw).is_none_or(|author| !author.eq_ignore_ascii_case(&mail.from)) {
        return sender::judge("", &[], &[]);
    }
    let findings = authentication::trusted(&mail.headers, &settings.authserv_ids, settings.received_above);
    let by_server = sender::judge(&mail.from, &findings, &[]);
    let signed = mail.header("dkim-signature").is_some();
    match mail.from.rsplit_once('@') {
        Some((_, domain)) if by_server.trust == Trust::Unknown && settings.verify_dkim && signed => {
            sender::judge(&mail.from, &findings, &app.dkim().verify(raw, domain).await)
        }
        _ => by_server,
    }
}

/// What the raw-mail webhook told beside the mail.
fn transport(row: &EnvelopeRow) -> Transport {
    let headers = String::from_utf8_lossy(&row.headers);
    let header = |name: &str| headers.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned()));
    Transport { envelope_to: header("x-envelope-to"), envelope_from: header("x-envelope-from") }
}

/// Keeps the bytes in `files/` and lets go of them here.
async fn keep(app: &App, attachments: &mut [MailAttachment]) -> std::io::Result<Vec<KeptFile>> {
    let mut files = Vec::new();
    // A logo or a pixel stays in the original; it is nothing that somebody attached.
    for attachment in attachments.iter_mut().filter(|attachment| !attachment.decorative) {
        let bytes = std::mem::take(&mut attachment.bytes);
        let sha256 = app.files().put(&bytes).await?.to_vec();
        // What the bytes say counts for more than what the mail says.
        let content_type = infer::get(&bytes).map_or_else(|| attachment.content_type.clone(), |kind| kind.mime_type().to_owned());
        let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        files.push(KeptFile { filename: attachment.filename.clone(), content_type, size_bytes, sha256 });
    }
    Ok(files)
}
