//! Taking in what a message centre delivers over a bind: stored first, answered only after the commit.
//!
//! Keeps the bind as long as the process runs. A bind that cannot be made is a notice: while it is away nothing comes in, and
//! nobody would know.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diesel::QueryResult;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::intake::{Arrival, Content, Intake};
use crate::app::App;
use crate::channels::registry::Channel;
use crate::channels::sms::smpp::{Delivered, Smpp, TAKEN, TRY_AGAIN};
use crate::channels::{Hook, SendError};
use crate::store::notices::{self, NoticeRow};

/// The notice of a channel whose bind is away.
pub const NOT_BOUND: &str = "not_bound";
/// A line that breaks and comes back is no news.
const BEFORE_TELLING: Duration = Duration::from_secs(30);
/// Waiting to be stored at once; what comes beyond is asked to come again.
const WAITING: usize = 512;

/// One bind's reader.
pub struct Listener {
    app: App,
    intake: Intake,
    channel: String,
    smpp: Smpp,
}

impl Listener {
    /// For a channel that is a bind.
    pub fn of(app: &App, intake: &Intake, channel: &Arc<Channel>) -> Option<Self> {
        let smpp = channel.smpp()?.clone();
        Some(Self { app: app.clone(), intake: intake.clone(), channel: channel.name.clone(), smpp })
    }

    /// Keeps the bind until the process stops; what was delivered by then is stored and answered.
    pub async fn run(self) {
        let (delivered, inbox) = mpsc::channel(WAITING);
        tokio::join!(self.smpp.run(delivered, self.app.stop().clone()), self.take_in(inbox), self.watch());
    }

    /// Stores side by side, so that one commit takes many; begun in their order, so that each sender's stay in theirs.
    async fn take_in(&self, mut inbox: mpsc::Receiver<Delivered>) {
        let mut storing = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(delivered) = inbox.recv(), if storing.len() < WAITING => storing.push(self.store(delivered)),
                Some(()) = storing.next(), if !storing.is_empty() => {}
                else => return,
            }
        }
    }

    async fn store(&self, delivered: Delivered) {
        let status = match self.intake.store(self.arrival(delivered.pdu)).await {
            Ok(_) => TAKEN,
            Err(error) => {
                tracing::warn!(channel.name = %self.channel, %error, "what the message centre delivered could not be stored; it is to come again");
                TRY_AGAIN
            }
        };
        // If the line broke meanwhile it comes again, and is known by its bytes.
        let _gone = delivered.answer.send(status);
    }

    fn arrival(&self, pdu: Bytes) -> Arrival {
        let (hook, verified) = self.smpp.introduce(&pdu);
        let kind = if hook == Hook::Status { "sms_status" } else { "sms_inbound" };
        Arrival { channel: self.channel.clone(), kind, verified, target: "smpp".to_owned(), headers: Vec::new(), body: Content::Here(pdu) }
    }

    /// Tells the administrator when the bind is refused, or away for longer; and that it is back.
    async fn watch(&self) {
        let (mut bond, stop) = (self.smpp.bond(), self.app.stop().clone());
        // Not known at first: another process may have left a notice.
        let mut noted: Option<bool> = None;
        let mut away_since: Option<Instant> = None;
        while !stop.is_cancelled() {
            let known = bond.borrow_and_update().clone();
            let due = match &known {
                Ok(()) => {
                    away_since = None;
                    (noted != Some(false)).then(Instant::now)
                }
                Err(error) => {
                    let since = *away_since.get_or_insert_with(Instant::now);
                    (noted != Some(true)).then(|| if error.ours { since } else { since + BEFORE_TELLING })
                }
            };
            if due.is_some_and(|due| due <= Instant::now()) {
                noted = Some(known.is_err());
                if let Err(error) = self.note(known.err()).await {
                    tracing::debug!(channel.name = %self.channel, %error, "the state of the bind could not be noted");
                }
                continue;
            }
            tokio::select! {
                changed = bond.changed() => if changed.is_err() { return },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn note(&self, away: Option<SendError>) -> QueryResult<()> {
        let now = self.app.now();
        let mut conn = self.app.write().await?;
        let Some(error) = away else {
            return notices::clear_subject(&mut conn, NOT_BOUND, &self.channel, now).await.map(|_| ());
        };
        let row = NoticeRow::of(
            self.app.next_id(),
            NOT_BOUND,
            &self.channel,
            format!("There is no line to the carrier, so that texts neither go nor come: {} ({}). It is tried again by itself.", error.detail, error.code),
            now,
        );
        notices::note(&mut conn, &row).await.map(|_| ())
    }
}
