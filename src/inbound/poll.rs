//! Reading IMAP mailboxes: never lose, never double (email.md R15 to R21).
//!
//! Fetch without marking, store through intake (durable), only then mark. The key is (channel, mailbox, UIDVALIDITY, UID).
//! A message that fails has a row of its own with its tries; it never stands in the way of the next.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::intake::{Arrival, Content, Intake, IntakeError};
use crate::app::App;
use crate::channels::Verified;
use crate::channels::email::imap::{ImapError, Mailbox};
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
/// Asked after together: their sizes in one command, their fate in one statement.
const TOGETHER: usize = 100;
/// Fetched together, so that a county's answers do not wait for one another's round trips, and memory stays bounded.
const TOGETHER_BYTES: u32 = 8 << 20;
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
    mailbox: String,
    tokens: Option<Arc<TokenSource>>,
    /// Something in the mailbox broke the line: one by one, until it is known what.
    one_by_one: AtomicBool,
}

impl Poller {
    /// The readers of a channel's mailboxes, one for each.
    pub fn all_of(app: &App, intake: &Intake, channel: &Channel) -> Vec<Self> {
        let ChannelKind::Email { settings, tokens, .. } = &channel.kind else { return Vec::new() };
        let Some(imap) = &settings.imap else { return Vec::new() };
        let reader = |mailbox: &String| Self {
            app: app.clone(),
            intake: intake.clone(),
            channel: channel.name.clone(),
            settings: imap.clone(),
            mailbox: mailbox.clone(),
            tokens: tokens.clone(),
            one_by_one: AtomicBool::new(false),
        };
        imap.mailboxes.iter().map(reader).collect()
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
        let mut mailbox = Mailbox::open(&self.settings, &self.mailbox, self.tokens.as_deref()).await?;
        let taken = self.look(&mut mailbox, row, true).await;
        mailbox.close().await;
        taken
    }

    async fn session(&self) -> Result<(), PollError> {
        let Some(row) = self.lease().await? else {
            return Ok(());
        };
        let mut mailbox = Mailbox::open(&self.settings, &self.mailbox, self.tokens.as_deref()).await?;
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
        Ok(mailboxes::lease(&mut conn, &self.channel, &self.mailbox, self.app.owner(), LEASE_MS).await?)
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
        let open: Vec<u32> = uids.iter().copied().filter(|uid| !settled.contains(&i64::from(*uid))).collect();
        let mut taken = 0;
        for some in open.chunks(TOGETHER) {
            // A full mailbox takes longer than a lease lasts.
            if self.lease().await?.is_none() {
                return Ok(taken);
            }
            taken += self.take(mailbox, some).await?;
        }
        // Those that were taken in and not marked, as when the line broke in between, are marked now.
        self.settle(mailbox, &ingested).await;
        let last = uids.last().map_or(known, |uid| known.max(i64::from(*uid)));
        let mut conn = self.app.write().await?;
        mailboxes::note_progress(&mut conn, &self.channel, &self.mailbox, mailbox.uid_validity, last, self.app.now()).await?;
        self.one_by_one.store(false, Ordering::Relaxed);
        Ok(taken)
    }

    /// Those that need not be fetched again: taken in, gone, too large, or tried too often.
    /// The second list has those that were taken in.
    async fn settled(&self, uid_validity: i64, uids: &[u32]) -> Result<(HashSet<i64>, Vec<u32>), PollError> {
        let numbers: Vec<i64> = uids.iter().map(|uid| i64::from(*uid)).collect();
        let mut conn = self.app.read().await?;
        let rows = mailboxes::list_uids(&mut conn, &self.channel, &self.mailbox, uid_validity, &numbers).await?;
        let ingested = rows.iter().filter(|row| row.state == "ingested").filter_map(|row| u32::try_from(row.uid).ok()).collect();
        Ok((rows.into_iter().filter(|row| row.state != "failed" || row.tries >= MOST_TRIES).map(|row| row.uid).collect(), ingested))
    }

    /// Takes in what is there of these and not too large; gives how many.
    async fn take(&self, mailbox: &mut Mailbox, uids: &[u32]) -> Result<usize, PollError> {
        let sizes = mailbox.sizes(uids).await?;
        let (mut left, mut missing) = (Vec::new(), Vec::new());
        let (mut groups, mut room): (Vec<Vec<u32>>, u32) = (Vec::new(), 0);
        for uid in uids.iter().copied() {
            match sizes.get(&uid).copied() {
                None => missing.push(uid),
                Some(bytes) if bytes > self.settings.max_bytes => {
                    let detail = format!("{bytes} bytes; the limit is {}", self.settings.max_bytes);
                    self.tell_oversize(uid, &detail).await?;
                    left.push(self.fate(mailbox.uid_validity, uid, "oversize", Some(detail)));
                }
                Some(bytes) => match groups.last_mut() {
                    Some(group) if bytes <= room && !self.one_by_one.load(Ordering::Relaxed) => {
                        group.push(uid);
                        room -= bytes;
                    }
                    _ => {
                        groups.push(vec![uid]);
                        room = TOGETHER_BYTES.saturating_sub(bytes);
                    }
                },
            }
        }
        self.note(left).await?;
        self.missing(mailbox, &missing).await?;
        let mut taken = 0;
        for group in groups {
            taken += self.take_group(mailbox, &group).await?;
        }
        Ok(taken)
    }

    async fn take_group(&self, mailbox: &mut Mailbox, uids: &[u32]) -> Result<usize, PollError> {
        let mut bodies = match mailbox.fetch(uids).await {
            Ok(bodies) => bodies,
            Err(error @ (ImapError::Closed | ImapError::Time | ImapError::Connect(_))) => return Err(error.into()),
            Err(error) => {
                match uids {
                    [uid] => self.note(vec![self.fate(mailbox.uid_validity, *uid, "failed", Some(error.to_string()))]).await?,
                    _ => self.one_by_one.store(true, Ordering::Relaxed),
                }
                return Err(error.into());
            }
        };
        let arrivals: Vec<(u32, Option<Arrival>)> =
            uids.iter().map(|uid| (*uid, bodies.remove(uid).map(|raw| self.arrival(mailbox.uid_validity, *uid, raw)))).collect();
        // Side by side, so that one commit takes them all; in their order, so that each sender's stay in theirs.
        let stored = futures_util::future::join_all(arrivals.into_iter().map(async |(uid, arrival)| match arrival {
            Some(arrival) => (uid, Some(self.intake.store(arrival).await)),
            None => (uid, None),
        }))
        .await;
        let (mut fates, mut marks, mut missing, mut away) = (Vec::new(), Vec::new(), Vec::new(), None);
        for (uid, outcome) in stored {
            match outcome {
                None => missing.push(uid),
                Some(Ok(_)) => {
                    fates.push(self.fate(mailbox.uid_validity, uid, "ingested", None));
                    marks.push(uid);
                }
                // Our database is away: the mail stays where it is, and the whole mailbox waits.
                Some(Err(error)) => away = Some(error),
            }
        }
        self.note(fates).await?;
        self.missing(mailbox, &missing).await?;
        self.settle(mailbox, &marks).await;
        away.map_or(Ok(marks.len()), |error| Err(error.into()))
    }

    /// Marks or moves what was taken in. If the server will not, that is for an administrator: what comes is taken in all the
    /// same, and nothing twice, since our own list knows it.
    async fn settle(&self, mailbox: &mut Mailbox, uids: &[u32]) {
        if let Err(error) = mailbox.settle(uids).await {
            tracing::warn!(channel.name = %self.channel, mailbox = %self.mailbox, %error, "what was taken in could not be marked or moved");
            self.note_fault(&format!("what was taken in could not be marked or moved away: {error}")).await;
        }
    }

    /// What a server did not give: gone if it does not list it any more, else to be tried again. A refusal looks like an
    /// empty answer.
    async fn missing(&self, mailbox: &mut Mailbox, uids: &[u32]) -> Result<(), PollError> {
        if uids.is_empty() {
            return Ok(());
        }
        let there = mailbox.search_among(uids).await?;
        let fate = |uid: &u32| {
            if there.contains(uid) {
                self.fate(mailbox.uid_validity, *uid, "failed", Some("the mail server lists it and did not give it".to_owned()))
            } else {
                self.fate(mailbox.uid_validity, *uid, "gone", None)
            }
        };
        self.note(uids.iter().map(fate).collect()).await
    }

    fn arrival(&self, uid_validity: i64, uid: u32, raw: Vec<u8>) -> Arrival {
        let verified = Verified {
            // With a Message-ID the same bytes are the same mail, also in a mailbox that was made anew.
            provider_id: (!mime::has_message_id(&raw)).then(|| format!("{}:{uid_validity}:{uid}", self.mailbox)),
            ..email::verified(&raw)
        };
        Arrival {
            channel: self.channel.clone(),
            kind: "email",
            verified,
            target: format!("imap:{}/{uid_validity}/{uid}", self.mailbox),
            headers: Vec::new(),
            body: Content::Here(raw.into()),
        }
    }

    /// Somebody may have sent a video: an administrator fetches it by hand.
    async fn tell_oversize(&self, uid: u32, detail: &str) -> Result<(), PollError> {
        let now = self.app.now();
        let row = NoticeRow::of(
            self.app.next_id(),
            "oversize",
            &format!("{} {}", self.channel, self.mailbox),
            format!("Message {uid} was left in the mailbox unread: {detail}. Open the mailbox to see it, or raise imap.max_bytes."),
            now,
        );
        let mut conn = self.app.write().await?;
        notices::note(&mut conn, &row).await?;
        Ok(())
    }

    fn fate(&self, uid_validity: i64, uid: u32, state: &str, error: Option<String>) -> UidRow {
        UidRow {
            channel: self.channel.clone(),
            mailbox: self.mailbox.clone(),
            uid_validity,
            uid: i64::from(uid),
            state: state.to_owned(),
            tries: 1,
            error,
            updated_at: self.app.now(),
        }
    }

    async fn note(&self, fates: Vec<UidRow>) -> Result<(), PollError> {
        if !fates.is_empty() {
            mailboxes::note_uids(&mut self.app.write().await?, fates).await?;
        }
        Ok(())
    }

    async fn note_fault(&self, fault: &str) {
        if let Ok(mut conn) = self.app.write().await
            && let Err(error) = mailboxes::note_fault(&mut conn, &self.channel, &self.mailbox, fault).await
        {
            tracing::debug!(%error, "the mailbox's fault could not be noted");
        }
    }

    async fn give_up_lease(&self) {
        if let Ok(mut conn) = self.app.write().await
            && let Err(error) = mailboxes::release(&mut conn, &self.channel, &self.mailbox, self.app.owner()).await
        {
            tracing::debug!(%error, "the mailbox's lease could not be given back; it runs out by itself");
        }
    }
}
