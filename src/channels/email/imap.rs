//! The IMAP socket: connect, look, fetch without marking, mark as ingested, wait. No database and no decisions.
//!
//! RFC 3501, RFC 2177 (IDLE). Never uses \Seen, never deletes (email.md R16). async-imap's greeting must be read before
//! login; a connection closed during IDLE looks like an interrupt, so the caller searches again after every wake.

use std::time::Duration;

use async_imap::Session;
use async_imap::extensions::idle::IdleResponse;
use async_imap::types::UnsolicitedResponse;
use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::oauth::{TokenSource, Xoauth2};
use crate::config::{ImapConfig, ImapSignIn, SmtpTls};

/// The keyword that marks what we have taken in.
const KEYWORD: &str = "$Ingested";
const COMMAND_TIME: Duration = Duration::from_secs(120);

/// Anything a session can run over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// A logged-in connection with a mailbox selected.
pub struct Mailbox {
    session: Option<Session<Box<dyn Wire>>>,
    /// RFC 3501 section 2.3.1.1; 0 if the server gave none.
    pub uid_validity: i64,
    keywords: bool,
}

/// What a fetch brought.
#[derive(Debug)]
pub enum Fetched {
    /// The raw bytes.
    Mail(Vec<u8>),
    /// Expunged meanwhile (the server answers NIL or nothing).
    Gone,
    /// Larger than the limit; not fetched.
    TooLarge(u32),
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
    /// Connects, signs in and selects.
    pub async fn open(settings: &ImapConfig, tokens: Option<&TokenSource>) -> Result<Self, ImapError> {
        timed(Self::open_now(settings, tokens)).await
    }

    async fn open_now(settings: &ImapConfig, tokens: Option<&TokenSource>) -> Result<Self, ImapError> {
        let tcp = TcpStream::connect((settings.host.as_str(), settings.port)).await.map_err(ImapError::Connect)?;
        let wire: Box<dyn Wire> = match settings.tls {
            SmtpTls::Tls => Box::new(protect(tcp, &settings.host).await.map_err(ImapError::Connect)?),
            SmtpTls::None | SmtpTls::StartTls => Box::new(tcp),
        };
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
        let selected = session.select(&settings.mailbox).await?;
        let keywords = selected.permanent_flags.iter().any(|flag| matches!(flag, async_imap::types::Flag::MayCreate));
        Ok(Self { session: Some(session), uid_validity: i64::from(selected.uid_validity.unwrap_or(0)), keywords })
    }

    /// Uids above the last one. The server names the newest message even if it is not above: those are dropped (R17).
    pub async fn search_above(&mut self, last_uid: i64) -> Result<Vec<u32>, ImapError> {
        let from = last_uid.saturating_add(1);
        let found = timed(async { Ok(self.session()?.uid_search(format!("UID {from}:*")).await?) }).await?;
        Ok(sorted(found.into_iter().filter(|uid| i64::from(*uid) >= from)))
    }

    /// Uids that were never marked as ingested: the sweep for what a search above the last one would miss.
    pub async fn search_unmarked(&mut self) -> Result<Vec<u32>, ImapError> {
        let query = if self.keywords { format!("UNKEYWORD {KEYWORD}") } else { "ALL".to_owned() };
        Ok(sorted(timed(async { Ok(self.session()?.uid_search(query).await?) }).await?))
    }

    /// Fetches one message, after asking how large it is.
    pub async fn fetch(&mut self, uid: u32, max_bytes: u32) -> Result<Fetched, ImapError> {
        timed(self.fetch_now(uid, max_bytes)).await
    }

    async fn fetch_now(&mut self, uid: u32, max_bytes: u32) -> Result<Fetched, ImapError> {
        let sizes: Vec<_> = self.session()?.uid_fetch(uid.to_string(), "RFC822.SIZE").await?.try_collect().await?;
        let Some(size) = sizes.iter().find(|fetch| fetch.uid == Some(uid)).and_then(|fetch| fetch.size) else {
            return Ok(Fetched::Gone);
        };
        if size > max_bytes {
            return Ok(Fetched::TooLarge(size));
        }
        let bodies: Vec<_> = self.session()?.uid_fetch(uid.to_string(), "BODY.PEEK[]").await?.try_collect().await?;
        let body = bodies.iter().find(|fetch| fetch.uid == Some(uid)).and_then(|fetch| fetch.body());
        Ok(body.map_or(Fetched::Gone, |raw| Fetched::Mail(raw.to_vec())))
    }

    /// Marks messages as ingested, if the mailbox keeps keywords. Only after the commit.
    pub async fn mark(&mut self, uids: &[u32]) -> Result<(), ImapError> {
        if !self.keywords || uids.is_empty() {
            return Ok(());
        }
        let set = uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        timed(async {
            let _updates: Vec<_> = self.session()?.uid_store(set, format!("+FLAGS.SILENT ({KEYWORD})")).await?.try_collect().await?;
            Ok(())
        })
        .await
    }

    /// Waits for anything at all to happen, at most this long. Look again after it, whatever it was.
    pub async fn wait(&mut self, at_most: Duration, stop: &tokio_util::sync::CancellationToken) -> Result<(), ImapError> {
        let session = self.session.take().ok_or(ImapError::Closed)?;
        // News that came with the answer to another command, or before IDLE's own, is not told again while idling: then there
        // is nothing to wait for.
        let told = session.unsolicited_responses.clone();
        let news = || {
            let mut news = false;
            while let Ok(response) = told.try_recv() {
                news |= matches!(response, UnsolicitedResponse::Exists(_));
            }
            news
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

fn sorted(uids: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut uids: Vec<u32> = uids.into_iter().collect();
    uids.sort_unstable();
    uids
}

async fn protect(tcp: TcpStream, host: &str) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let config = <rustls::ClientConfig as rustls_platform_verifier::ConfigVerifierExt>::with_platform_verifier().map_err(std::io::Error::other)?;
    let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, tcp).await
}
