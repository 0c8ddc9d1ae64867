//! Reading IMAP mailboxes: never lose, never double (email.md R15 to R21).
//!
//! Fetch without marking, store through intake (durable), only then mark. The key is (channel, mailbox, UIDVALIDITY, UID).
//! A message that fails has a row of its own with its tries; it never stands in the way of the next.

use std::sync::Arc;
use std::time::Duration;

use super::intake::{Arrival, Content, Intake, IntakeError};
use crate::app::App;
use crate::channels::Verified;
use crate::channels::email::imap::{Fetched, ImapError, Mailbox};
use crate::channels::email::oauth::TokenSource;
use crate::channels::email::{self, mime};
use crate::channels::registry::{Channel, ChannelKind};
use crate::config::ImapConfig;
use crate::store::mailboxes::{self, MailboxRow, UidRow};
use crate::store::notices::{self, NoticeRow};

const LEASE_MS: i64 = 60_000;
/// RFC 2177 allows 29 minutes; address translators and some servers forget a quiet line after 10.
const IDLE: Duration = Duration::from_secs(9 * 60);
const SWEEP_MS: i64 = 5 * 60_000;
const MOST_TRIES: i64 = 5;
/// A connection that lasted this long was a sound one.
const SETTLED_MS: i64 = 30_000;

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The mail server.
    #[error(transparent)]
    Imap(#[from] ImapError),
    /// Our database.
    #[error("the database failed: {0}")]
    Store(#[from] diesel::result::Error),
    /// Intake would not take it.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// One mailbox's reader.
pub struct Poller {
    app: App,
    intake: Intake,
    channel: String,
    settings: ImapConfig,
    tokens: Option<Arc<TokenSource>>,
}

impl Poller {
    /// The reader of a channel's mailbox, if it has one.
    pub fn of(app: &App, intake: &Intake, channel: &Channel) -> Option<Self> {
        match &channel.kind {
            ChannelKind::Email { settings, tokens, .. } => {
                Some(Self { app: app.clone(), intake: intake.clone(), channel: channel.name.clone(), settings: settings.imap.clone()?, tokens: tokens.clone() })
            }
            ChannelKind::Sms { .. } => None,
        }
    }

    /// Reads until the process stops: connect, look, wait; after a fault, again with a growing, jittered pause.
    pub async fn run(self) {
        let stop = self.app.stop().clone();
        let mut faults = 0_u32;
        while !stop.is_cancelled() {
            let began = self.app.now();
            match self.session().await {
                Ok(()) => faults = 0,
                Err(error) => {
                    // A line that held for a while and broke is no sign of a server that is down.
                    faults = if self.app.now().since_ms(began) > SETTLED_MS { 1 } else { faults.saturating_add(1) };
                    tracing::warn!(channel.name = %self.channel, %error, "the mailbox cannot be read just now");
                    self.note_fault(&error.to_string()).await;
                }
            }
            if faults > 0 || !stop.is_cancelled() {
                let longest = 500_u64.saturating_mul(1 << faults.min(7)).min(60_000);
                let pause = longest / 2 + rand::random::<u64>() % (longest / 2 + 1);
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(pause)) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
        self.give_up_lease().await;
    }

    /// Looks once, without waiting; gives how many mails were taken in. For tests and for a first look.
    pub async fn run_once(&self) -> Result<usize, PollError> {
        let Some(row) = self.lease().await? else {
            return Ok(0);
        };
        let mut mailbox = Mailbox::open(&self.settings, self.tokens.as_deref()).await?;
        let taken = self.look(&mut mailbox, row, true).await;
        mailbox.close().await;
        taken
    }

    async fn session(&self) -> Result<(), PollError> {
        let Some(row) = self.lease().await? else {
            return Ok(());
        };
        let mut mailbox = Mailbox::open(&self.settings, self.tokens.as_deref()).await?;
        let mut taken = self.look(&mut mailbox, row, true).await?;
        let began = self.app.now();
        let stop = self.app.stop().clone();
        // Now and then a fresh connection with a full sweep: a server may go on showing an old session a mailbox that is gone.
        while !stop.is_cancelled() && self.app.now().since_ms(began) < SWEEP_MS {
            // The lease is renewed as often as it runs half down, so the wait is cut into pieces of that length.
            mailbox.wait(IDLE.min(Duration::from_secs(25)), &stop).await?;
            let Some(row) = self.lease().await? else {
                break;
            };
            // After some were taken in, what is unmarked is looked at once more: a server under load may drop a keyword.
            taken = self.look(&mut mailbox, row, taken > 0).await?;
            if taken == 0 {
                // A server that wakes us for nothing must not keep us busy.
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
        mailbox.close().await;
        Ok(())
    }

    async fn lease(&self) -> Result<Option<MailboxRow>, PollError> {
        let mut conn = self.app.write().await?;
        Ok(mailboxes::lease(&mut conn, &self.channel, &self.settings.mailbox, self.app.owner(), LEASE_MS).await?)
    }

    async fn look(&self, mailbox: &mut Mailbox, row: MailboxRow, sweep: bool) -> Result<usize, PollError> {
        // Another validity: the numbers mean nothing any more. Everything is looked at again; content tells what is known.
        let known = if row.uid_validity == mailbox.uid_validity { row.last_uid } else { 0 };
        let mut uids = mailbox.search_above(known).await?;
        if sweep {
            uids.extend(mailbox.search_unmarked().await?);
            uids.sort_unstable();
            uids.dedup();
        }
        let (settled, ingested) = self.settled(mailbox.uid_validity, &uids).await?;
        // Those that were taken in and not marked, as when the line broke in between, are marked now.
        let (mut taken, mut marks) = (0, ingested);
        for uid in uids.iter().copied().filter(|uid| !settled.contains(&i64::from(*uid))) {
            if self.take(mailbox, uid).await? {
                taken += 1;
                marks.push(uid);
            }
        }
        let last = uids.last().map_or(known, |uid| known.max(i64::from(*uid)));
        {
            let mut conn = self.app.write().await?;
            mailboxes::note_progress(&mut conn, &self.channel, &self.settings.mailbox, mailbox.uid_validity, last, self.app.now()).await?;
        }
        mailbox.mark(&marks).await?;
        Ok(taken)
    }

    /// Those that need not be fetched again: taken in, gone, too large, or tried too often.
    /// The second list has those that were taken in.
    async fn settled(&self, uid_validity: i64, uids: &[u32]) -> Result<(Vec<i64>, Vec<u32>), PollError> {
        let numbers: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        let mut conn = self.app.read().await?;
        let rows = mailboxes::list_uids(&mut conn, &self.channel, &self.settings.mailbox, uid_validity, &numbers).await?;
        let ingested = rows.iter().filter(|row| row.state == "ingested").filter_map(|row| u32::try_from(row.uid).ok()).collect();
        Ok((rows.into_iter().filter(|row| row.state != "failed" || row.tries >= MOST_TRIES).map(|row| row.uid).collect(), ingested))
    }

    async fn take(&self, mailbox: &mut Mailbox, uid: u32) -> Result<bool, PollError> {
        let (state, error) = match mailbox.fetch(uid, self.settings.max_bytes).await {
            Ok(Fetched::Mail(raw)) => match self.intake.store(self.arrival(mailbox.uid_validity, uid, raw)).await {
                Ok(_) => ("ingested", None),
                // Our database is away: the mail stays where it is, and the whole mailbox waits.
                Err(error) => return Err(error.into()),
            },
            Ok(Fetched::Gone) => ("gone", None),
            Ok(Fetched::TooLarge(bytes)) => ("oversize", Some(format!("{bytes} bytes; the limit is {}", self.settings.max_bytes))),
            Err(error @ (ImapError::Closed | ImapError::Time | ImapError::Connect(_))) => {
                return Err(error.into());
            }
            Err(error) => {
                self.note_uid(mailbox.uid_validity, uid, "failed", Some(error.to_string())).await?;
                return Err(error.into());
            }
        };
        if let ("oversize", Some(detail)) = (state, &error) {
            self.tell_oversize(uid, detail).await?;
        }
        self.note_uid(mailbox.uid_validity, uid, state, error).await?;
        Ok(state == "ingested")
    }

    fn arrival(&self, uid_validity: i64, uid: u32, raw: Vec<u8>) -> Arrival {
        let verified = Verified {
            // With a Message-ID the same bytes are the same mail, also in a mailbox that was made anew.
            provider_id: (!mime::has_message_id(&raw)).then(|| format!("{}:{uid_validity}:{uid}", self.settings.mailbox)),
            ..email::verified(&raw)
        };
        Arrival {
            channel: self.channel.clone(),
            kind: "email",
            verified,
            target: format!("imap:{}/{uid_validity}/{uid}", self.settings.mailbox),
            headers: Vec::new(),
            body: Content::Here(raw.into()),
        }
    }

    /// Somebody may have sent a video: an administrator fetches it by hand.
    async fn tell_oversize(&self, uid: u32, detail: &str) -> Result<(), PollError> {
        let now = self.app.now();
        let row = NoticeRow {
            id: self.app.next_id(),
            kind: "oversize".to_owned(),
            subject: format!("{} {}", self.channel, self.settings.mailbox),
            detail: format!("Message {uid} was left in the mailbox unread: {detail}. Open the mailbox to see it, or raise imap.max_bytes."),
            times: 1,
            first_at: now,
            last_at: now,
            cleared_at: None,
        };
        let mut conn = self.app.write().await?;
        notices::note(&mut conn, &row).await?;
        Ok(())
    }

    async fn note_uid(&self, uid_validity: i64, uid: u32, state: &str, error: Option<String>) -> Result<(), PollError> {
        let row = UidRow {
            channel: self.channel.clone(),
            mailbox: self.settings.mailbox.clone(),
            uid_validity,
            uid: i64::from(uid),
            state: state.to_owned(),
            tries: 1,
            error,
            updated_at: self.app.now(),
        };
        let mut conn = self.app.write().await?;
        mailboxes::note_uid(&mut conn, &row).await?;
        Ok(())
    }

    async fn note_fault(&self, fault: &str) {
        if let Ok(mut conn) = self.app.write().await
            && let Err(error) = mailboxes::note_fault(&mut conn, &self.channel, &self.settings.mailbox, fault).await
        {
            tracing::debug!(%error, "the mailbox's fault could not be noted");
        }
    }

    async fn give_up_lease(&self) {
        if let Ok(mut conn) = self.app.write().await
            && let Err(error) = mailboxes::release(&mut conn, &self.channel, &self.settings.mailbox, self.app.owner()).await
        {
            tracing::debug!(%error, "the mailbox's lease could not be given back; it runs out by itself");
        }
    }
}
