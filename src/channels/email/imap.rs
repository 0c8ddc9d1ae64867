//! The IMAP socket: connect, look, fetch without marking, mark as ingested, wait. No database and no decisions.
//!
//! RFC 3501, RFC 2177 (IDLE). Never uses \Seen, never deletes (email.md R16). async-imap's greeting must be read before
//! login; a connection closed during IDLE looks like an interrupt, so the caller searches again after every wake.

use std::collections::HashMap;
use std::time::Duration;

use async_imap::Session;
use async_imap::extensions::idle::IdleResponse;
use async_imap::types::UnsolicitedResponse;
use futures_util::TryStreamExt;
use secrecy::ExposeSecret;

use super::oauth::{TokenSource, Xoauth2};
use crate::channels::wire::{self, Wire};
use crate::config::{ImapConfig, ImapSignIn, SmtpTls};

/// The keyword that marks what we have taken in.
const KEYWORD: &str = "$Ingested";
/// Where a mailbox without keywords keeps what was taken in.
const PROCESSED: &str = "Processed";
/// Of one command: servers take lines of some thousand characters.
const LONGEST_SET: usize = 500;
const COMMAND_TIME: Duration = Duration::from_secs(120);

/// A logged-in connection with a mailbox selected.
pub struct Mailbox {
    session: Option<Session<Box<dyn Wire>>>,
    /// RFC 3501 section 2.3.1.1; 0 if the server gave none.
    pub uid_validity: i64,
    settling: Settling,
}

/// How what was taken in is told from what was not (email.md R16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settling {
    /// By a keyword on it.
    Keyword,
    /// It is moved away, where the mailbox keeps no keywords (RFC 6851).
    Move,
    /// Not at all on the server: only in our own list.
    Nowhere,
}

/// Why the mailbox cannot be read just now.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// No connection.
    #[error("cannot reach the IMAP server: {0}")]
    Connect(std::io::Error),
    /// Wrong account or password.
    #[error("the IMAP server refused the account: check user and password")]
    SignIn,
    /// No access token to sign in with.
    #[error(transparent)]
    Token(#[from] super::oauth::TokenError),
    /// Anything else that went wrong on the line.
    #[error("the IMAP connection failed: {0}")]
    Protocol(#[from] async_imap::error::Error),
    /// No answer in time.
    #[error("the IMAP server did not answer in time")]
    Time,
    /// The connection is gone.
    #[error("the IMAP connection is closed")]
    Closed,
}

impl Mailbox {
    /// Connects, signs in and selects one of the account's mailboxes.
    pub async fn open(settings: &ImapConfig, mailbox: &str, tokens: Option<&TokenSource>) -> Result<Self, ImapError> {
        timed(Self::open_now(settings, mailbox, tokens)).await
    }

    async fn open_now(settings: &ImapConfig, mailbox: &str, tokens: Option<&TokenSource>) -> Result<Self, ImapError> {
        let wire = wire::open(&settings.host, settings.port, settings.tls == SmtpTls::Tls).await.map_err(ImapError::Connect)?;
        let mut client = async_imap::Client::new(wire);
        client.read_response().await.map_err(|error| ImapError::Connect(std::io::Error::other(error.to_string())))?.ok_or(ImapError::Closed)?;
        let mut session = match (&settings.sign_in, tokens) {
            (ImapSignIn::Password(password), _) => client.login(&settings.user, password.expose_secret()).await.map_err(|_| ImapError::SignIn)?,
            (ImapSignIn::Oauth(_), None) => return Err(ImapError::SignIn),
            (ImapSignIn::Oauth(_), Some(tokens)) => {
                let token = tokens.token().await?;
                match client.authenticate("XOAUTH2", Xoauth2::new(&settings.user, &token)).await {
                    Ok(session) => session,
                    Err(_) => {
                        // It may have been taken back before its time: the next try asks for another.
                        tokens.forget().await;
                        return Err(ImapError::SignIn);
                    }
                }
            }
        };
        let selected = session.select(mailbox).await?;
        let settling = if selected.permanent_flags.iter().any(|flag| matches!(flag, async_imap::types::Flag::MayCreate)) {
            Settling::Keyword
        } else if session.capabilities().await?.has_str("MOVE") {
            Settling::Move
        } else {
            Settling::Nowhere
        };
        Ok(Self { session: Some(session), uid_validity: i64::from(selected.uid_validity.unwrap_or(0)), settling })
    }

    /// Uids above the last one. The server names the newest message even if it is not above: those are dropped (R17).
    pub async fn search_above(&mut self, last_uid: i64) -> Result<Vec<u32>, ImapError> {
        let from = last_uid.saturating_add(1);
        let found = timed(async { Ok(self.session()?.uid_search(format!("UID {from}:*")).await?) }).await?;
        Ok(sorted(found.into_iter().filter(|uid| i64::from(*uid) >= from)))
    }

    /// Uids that were never marked as ingested: the sweep for what a search above the last one would miss.
    pub async fn search_unmarked(&mut self) -> Result<Vec<u32>, ImapError> {
        let query = if self.settling == Settling::Keyword { format!("UNKEYWORD {KEYWORD}") } else { "ALL".to_owned() };
        Ok(sorted(timed(async { Ok(self.session()?.uid_search(query).await?) }).await?))
    }

    /// Which of these the server lists.
    pub async fn search_among(&mut self, uids: &[u32]) -> Result<Vec<u32>, ImapError> {
        let query = format!("UID {}", set_of(uids));
        Ok(sorted(timed(async { Ok(self.session()?.uid_search(query).await?) }).await?))
    }

    /// How large these are; what is missing is gone (expunged meanwhile).
    pub async fn sizes(&mut self, uids: &[u32]) -> Result<HashMap<u32, u32>, ImapError> {
        let set = set_of(uids);
        let found: Vec<_> = timed(async { Ok(self.session()?.uid_fetch(set, "RFC822.SIZE").await?.try_collect().await?) }).await?;
        Ok(found.iter().filter_map(|fetch| fetch.uid.zip(fetch.size)).collect())
    }

    /// The raw bytes of these, without marking them as seen. A server answers NIL or nothing for what is gone: that is missing.
    pub async fn fetch(&mut self, uids: &[u32]) -> Result<HashMap<u32, Vec<u8>>, ImapError> {
        let set = set_of(uids);
        let found: Vec<_> = timed(async { Ok(self.session()?.uid_fetch(set, "BODY.PEEK[]").await?.try_collect().await?) }).await?;
        Ok(found.iter().filter_map(|fetch| fetch.uid.zip(fetch.body().map(<[u8]>::to_vec))).collect())
    }

    /// Marks messages as taken in, or moves them away. Only after the commit.
    pub async fn settle(&mut self, uids: &[u32]) -> Result<(), ImapError> {
        for uids in uids.chunks(LONGEST_SET) {
            let set = set_of(uids);
            match self.settling {
                Settling::Keyword => {
                    timed(async {
                        let _updates: Vec<_> = self.session()?.uid_store(set, format!("+FLAGS.SILENT ({KEYWORD})")).await?.try_collect().await?;
                        Ok(())
                    })
                    .await?;
                }
                Settling::Move => timed(self.move_away(&set)).await?,
                Settling::Nowhere => {}
            }
        }
        Ok(())
    }

    async fn move_away(&mut self, set: &str) -> Result<(), ImapError> {
        let session = self.session()?;
        if session.uid_mv(set, PROCESSED).await.is_err() {
            // RFC 6851 section 3.3: it may have to be made first.
            session.create(PROCESSED).await?;
            session.uid_mv(set, PROCESSED).await?;
        }
        Ok(())
    }

    /// Waits for anything at all to happen, at most this long. Look again after it, whatever it was.
    pub async fn wait(&mut self, at_most: Duration, stop: &tokio_util::sync::CancellationToken) -> Result<(), ImapError> {
        let session = self.session.take().ok_or(ImapError::Closed)?;
        // News that came with the answer to another command, or before IDLE's own, is not told again while idling: then there
        // is nothing to wait for.
        let told = session.unsolicited_responses.clone();
        let news = || {
            let (mut news, mut count) = (false, 0);
            while let Ok(response) = told.try_recv() {
                news |= matches!(response, UnsolicitedResponse::Exists(_));
                count += 1;
            }
            // The library keeps a hundred and drops the rest: what else there was is not known.
            news || count >= 100
        };
        if news() {
            self.session = Some(session);
            return Ok(());
        }
        let mut idle = session.idle();
        timed(async { Ok(idle.init().await?) }).await?;
        let outcome = if news() {
            Ok(false)
        } else {
            let (woken, interrupt) = idle.wait_with_timeout(at_most);
            tokio::select! {
                outcome = woken => outcome.map(|outcome| matches!(outcome, IdleResponse::ManualInterrupt)),
                () = stop.cancelled() => { drop(interrupt); Ok(false) }
            }
        };
        // "ManualInterrupt" without our interrupting means that the line is gone.
        if outcome? {
            return Err(ImapError::Closed);
        }
        self.session = Some(timed(async { Ok(idle.done().await?) }).await?);
        Ok(())
    }

    /// Says good-bye.
    pub async fn close(mut self) {
        if let Some(mut session) = self.session.take() {
            // The server notices either way.
            let _farewell = tokio::time::timeout(Duration::from_secs(2), session.logout()).await;
        }
    }

    fn session(&mut self) -> Result<&mut Session<Box<dyn Wire>>, ImapError> {
        self.session.as_mut().ok_or(ImapError::Closed)
    }
}

async fn timed<T>(work: impl Future<Output = Result<T, ImapError>>) -> Result<T, ImapError> {
    tokio::time::timeout(COMMAND_TIME, work).await.map_err(|_| ImapError::Time)?
}

fn set_of(uids: &[u32]) -> String {
    uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn sorted(uids: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut uids: Vec<u32> = uids.into_iter().collect();
    uids.sort_unstable();
    uids
}
