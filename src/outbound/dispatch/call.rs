//! Right before a call: what was claimed a while ago is looked at again, so that nothing leaves by what was true then.
//!
//! Between the claim and the call a process may be stopped or swapped out, the database may be slow, and a text may wait for its
//! place on the line to a message centre. Meanwhile somebody texts STOP, an officer pauses the alert, or the lease runs out and
//! another node settles the hand-over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use tokio::time::timeout;

use super::record::Sent;
use super::render::{AlertCopy, Rendered, render};
use super::{Dispatcher, Leaving};
use crate::app::App;
use crate::channels::registry::{ChannelKind, Turn};
use crate::channels::{Accepted, SendError};
use crate::domain::At;
use crate::outbound::breaker::Trial;
use crate::store::deliveries::DeliveryRow;
use crate::store::outbox;

/// After this a call counts as unanswered.
pub(crate) const LONGEST_CALL: Duration = Duration::from_secs(45);
/// The lease must outlast the call.
const LONGEST_CALL_MS: i64 = 45_000;
/// What was looked at so lately is as good as looked at now.
const FRESH: Duration = Duration::from_millis(500);
const FRESH_MS: i64 = 500;
/// Between two tries to look where the database does not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// When something was looked at. By two clocks: one stands still while the machine sleeps, the other may be put.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    at: Instant,
    by_clock: At,
}

impl Seen {
    pub(super) fn now(app: &App) -> Self {
        Self { at: Instant::now(), by_clock: app.now() }
    }

    fn is_fresh(self, app: &App) -> bool {
        self.at.elapsed() < FRESH && (-FRESH_MS..FRESH_MS).contains(&app.now().since_ms(self.by_clock))
    }
}

/// Where the words are of what leaves.
pub(super) enum Words {
    /// In its own row.
    ItsOwn,
    /// In those of the alert that it is a copy of.
    Of(Arc<AlertCopy>),
    /// There too, and the database did not give them.
    Unread,
}

impl Dispatcher {
    /// Hands one over at its permit's moment and has the result recorded.
    pub(super) async fn call(self, leaving: Leaving, words: Words) {
        let Leaving { delivery, at, seen, trial, domain, place } = leaving;
        tokio::time::sleep_until(at.into()).await;
        let (reference, ready) = match words {
            Words::ItsOwn => (None, render(&self.app, &delivery, None, self.app.now())),
            Words::Of(copy) => (Some(copy.alert.reference.clone()), render(&self.app, &delivery, Some(&copy), self.app.now())),
            // Nothing left, so that it may go later.
            Words::Unread => (None, Err(SendError::temporary("text", "the alert's text could not be read"))),
        };
        let no_turn = || SendError::temporary("turn", "the line to the provider had no turn in time");
        let ready = match ready {
            Ok(rendered) => timeout(LONGEST_CALL, self.channel.turn()).await.unwrap_or_else(|_| Err(no_turn())).map(|turn| (rendered, turn)),
            Err(error) => Err(error),
        };
        let (result, called_at) = match ready {
            Ok((rendered, turn)) => {
                if !self.may_still_leave(&delivery, seen, trial).await {
                    return;
                }
                let called_at = self.app.now();
                let unanswered = || Err(SendError::in_doubt("no_answer", "the provider did not answer in time"));
                (timeout(LONGEST_CALL, self.send(rendered, turn)).await.unwrap_or_else(|_| unanswered()), called_at)
            }
            Err(error) => (Err(error), self.app.now()),
        };
        // The recorder lives as long as any dispatcher does. While it cannot write, places stay taken.
        let _kept = self.results.send(Sent { delivery, reference, result, trial, called_at, _domain: domain, _place: place }).await;
    }

    async fn send(&self, rendered: Rendered, turn: Turn<'_>) -> Result<Accepted, SendError> {
        match (rendered, &self.channel.kind) {
            (Rendered::Text(text), ChannelKind::Sms { .. }) => self.channel.send_text(turn, &text, self.app.now()).await,
            (Rendered::Mail(mail), ChannelKind::Email { smtp, .. }) => smtp.send(&mail).await,
            _ => Err(SendError::ours("channel", "the delivery is for a channel of another kind")),
        }
    }

    /// Whether it may leave now, though it was claimed a while ago; what may not is put back, or left to whose it is by now.
    async fn may_still_leave(&self, delivery: &DeliveryRow, mut seen: Seen, trial: Option<Trial>) -> bool {
        while !seen.is_fresh(&self.app) {
            let again = Seen::now(&self.app);
            match self.look_again(delivery, trial).await {
                Ok(true) => seen = again,
                Ok(false) => return false,
                // In doubt for whoever comes after, at worst.
                Err(_) if self.app.stop().is_cancelled() => return false,
                Err(error) => {
                    tracing::warn!(%error, "what was claimed a while ago cannot be looked at again; it waits for the database");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        true
    }

    async fn look_again(&self, delivery: &DeliveryRow, trial: Option<Trial>) -> QueryResult<bool> {
        let owner = self.app.owner();
        let found = outbox::may_still_leave(&mut self.app.read().await?, delivery, owner, LONGEST_CALL_MS).await?;
        if found == Some(true) {
            return Ok(true);
        }
        let mut conn = self.app.write().await?;
        let put_back = conn
            .transaction(async |conn| {
                let put_back = if found.is_some() { outbox::put_back_unsent(conn, delivery, owner).await? } else { 0 };
                if let Some(trial) = trial {
                    self.gate.not_tried(conn, &self.app, trial).await?;
                }
                Ok::<_, diesel::result::Error>(put_back)
            })
            .await?;
        drop(conn);
        tracing::info!(delivery.id, put_back, "it was claimed a while ago and does not leave by that");
        self.app.wake().outbox();
        Ok(false)
    }
}
