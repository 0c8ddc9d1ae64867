//! Sessions with the mail relay: opened when first needed, kept for the next mail, and each command answered for by itself.
//!
//! Until the mail's last line is written nothing was handed over: what breaks before that is tried again, and only what breaks
//! after it is in doubt.

use std::error::Error as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use super::refusal::{self, Asked};
use crate::channels::SendError;

/// Everything before the mail itself takes no longer: its own answer may take the rest of a call.
const PRELUDE: Duration = Duration::from_secs(20);
/// A session that rested for so long is not used again: relays end them.
const LONGEST_REST: Duration = Duration::from_secs(30);
/// Of the relay or the line to it, which this node may not reach.
const CUT: &str = "connect";

/// How a session is protected.
pub(super) enum Protection {
    /// Not at all.
    None,
    /// From its first octet.
    Whole(TlsParameters),
    /// From STARTTLS on.
    Upgraded(TlsParameters),
}

/// A relay, and the sessions with it that rest.
pub(super) struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
    /// At most so many rest.
    pub(super) most: usize,
    pub(super) resting: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Relay {
    /// Hands a mail over; gives the relay's answer.
    pub(super) async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Response, SendError> {
        let silent = || SendError::temporary(CUT, "the mail relay did not answer in time, before it was given the mail");
        let mut session = timeout(PRELUDE, self.prelude(envelope, mail)).await.map_err(|_| silent())??;
        match session.message(mail).await {
            Ok(response) => {
                self.rest(session);
                Ok(response)
            }
            Err(error) if error.status().is_some() => Err(self.refused(session, Asked::Mail, &error).await),
            Err(_) => Err(SendError::in_doubt("no_answer", "the connection to the mail relay broke before it answered")),
        }
    }

    /// Whether the relay answers and lets us in.
    pub(super) async fn ready(&self) -> bool {
        match timeout(PRELUDE, self.open()).await {
            Ok(Ok(mut session)) => session.quit().await.is_ok(),
            _ => false,
        }
    }

    /// A session in which the relay waits for the mail's first line.
    async fn prelude(&self, envelope: &Envelope, mail: &[u8]) -> Result<AsyncSmtpConnection, SendError> {
        // A session that rested may have been ended meanwhile: that says nothing of the relay, and another is opened.
        while let Some(mut session) = self.wake() {
            let options = options(&session, envelope, mail)?;
            match session.command(Mail::new(envelope.from().cloned(), options)).await {
                Ok(_) => return self.address(session, envelope).await,
                Err(error) if error.status().is_some_and(|status| u16::from(status) != 421) => {
                    return Err(self.refused(session, Asked::From, &error).await);
                }
                Err(_) => session.abort().await,
            }
        }
        let mut session = self.open().await?;
        let options = options(&session, envelope, mail)?;
        match session.command(Mail::new(envelope.from().cloned(), options)).await {
            Ok(_) => self.address(session, envelope).await,
            Err(error) => Err(self.refused(session, Asked::From, &error).await),
        }
    }

    async fn address(&self, mut session: AsyncSmtpConnection, envelope: &Envelope) -> Result<AsyncSmtpConnection, SendError> {
        for to in envelope.to() {
            if let Err(error) = session.command(Rcpt::new(Address::clone(to), Vec::new())).await {
                return Err(self.refused(session, Asked::To, &error).await);
            }
        }
        match session.command(Data).await {
            Ok(_) => Ok(session),
            Err(error) => Err(self.refused(session, Asked::Mail, &error).await),
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let whole = match &self.protection {
            Protection::Whole(tls) => Some(tls.clone()),
            Protection::None | Protection::Upgraded(_) => None,
        };
        let opened = AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), Some(PRELUDE), &self.hello, whole, None).await;
        let mut session = opened.map_err(|error| read(Asked::In, &error))?;
        if let Protection::Upgraded(tls) = &self.protection {
            if !session.can_starttls() {
                session.abort().await;
                return Err(SendError::misconfigured("tls", "the mail relay offers no STARTTLS: check smtp_tls and smtp_port"));
            }
            session.starttls(tls.clone(), &self.hello).await.map_err(|error| read(Asked::In, &error))?;
        }
        if let Some(credentials) = &self.credentials {
            let let_in = session.auth(DEFAULT_MECHANISMS, credentials).await;
            let none = || SendError::misconfigured("auth", "the mail relay offers no sign-in by a password: check smtp_user, smtp_tls and smtp_port");
            let_in.map_err(|error| if error.is_client() { none() } else { read(Asked::In, &error) })?;
        }
        Ok(session)
    }

    /// What a refusal means. The session is kept where the relay takes another mail in it.
    async fn refused(&self, mut session: AsyncSmtpConnection, asked: Asked, error: &Error) -> SendError {
        let goes_on = error.status().is_some_and(|status| u16::from(status) != 421);
        if goes_on && session.command(Rset).await.is_ok() {
            self.rest(session);
        }
        read(asked, error)
    }

    fn resting(&self) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self, session: AsyncSmtpConnection) {
        let mut resting = self.resting();
        resting.retain(|(_, since)| since.elapsed() < LONGEST_REST);
        if resting.len() < self.most {
            resting.push((session, Instant::now()));
        }
    }

    /// The session that rested for the shortest time.
    fn wake(&self) -> Option<AsyncSmtpConnection> {
        let (session, since) = self.resting().pop()?;
        (since.elapsed() < LONGEST_REST).then_some(session)
    }
}

/// What the relay must be able to do for this mail.
fn options(session: &AsyncSmtpConnection, envelope: &Envelope, mail: &[u8]) -> Result<Vec<MailParameter>, SendError> {
    let mut options = Vec::new();
    if !envelope.to().iter().all(|to| to.to_string().is_ascii()) {
        if !session.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::permanent("smtputf8", "the mail relay takes no address with such letters"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.is_ascii() {
        if !session.server_info().supports_feature(Extension::EightBitMime) {
            return Err(SendError::ours("8bitmime", "the mail relay takes no mail with such letters"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

/// Nothing was handed over: why not.
fn read(asked: Asked, error: &Error) -> SendError {
    match error.status() {
        Some(status) => refusal::read(asked, status.into(), &error.source().map(ToString::to_string).unwrap_or_default()),
        None if error.is_tls() => SendError::misconfigured("tls", "no protected connection to the mail relay could be made: check smtp_tls"),
        None => SendError::temporary(CUT, "the mail relay cannot be reached"),
    }
}
