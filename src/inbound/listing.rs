//! Filling gaps: what people texted while we could not be reached, from the provider's own list. Each message goes through
//! intake under the id it has in the webhook too, so that what came is not doubled.
//!
//! GOV.UK Notify gives a callback up after 25 minutes, Twilio after one try; both keep the messages for days.

use std::sync::Arc;
use std::time::Duration;

use super::intake::{Arrival, Content, Intake, IntakeOutcome};
use super::process::LISTED;
use crate::app::App;
use crate::channels::registry::Channel;
use crate::channels::{Listing, SendError};
use crate::store::listings;

/// How often a list is read.
const EVERY: Duration = Duration::from_secs(300);
const LEASE_MS: i64 = 240_000;
/// What was listed late by the provider, or by another clock, is still found.
const OVERLAP_MS: i64 = 15 * 60_000;
/// How far back the first look goes.
const FIRST_MS: i64 = 24 * 3_600_000;
/// Bounds one look.
const MOST_PAGES: usize = 500;

/// Reads the list of one channel again and again.
pub struct Lister {
    app: App,
    intake: Intake,
    channel: Arc<Channel>,
}

/// Why a list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The provider.
    #[error("the provider's list cannot be read: {0}")]
    Provider(#[from] SendError),
    /// More than one look can take.
    #[error("the provider's list is longer than 500 pages: look through it by hand, and set listings.listed_until in the database")]
    TooLong,
    /// The process is stopping.
    #[error("the process is stopping")]
    Stopping,
    /// Our store.
    #[error("the store failed: {0}")]
    Store(String),
}

impl Lister {
    /// For a channel whose provider keeps a list.
    pub fn of(app: &App, intake: &Intake, channel: &Arc<Channel>) -> Option<Self> {
        channel.provider()?.build_listing(app.now(), app.now())?;
        Some(Self { app: app.clone(), intake: intake.clone(), channel: channel.clone() })
    }

    /// Works until the process stops.
    pub async fn run(self) {
        let stop = self.app.stop().clone();
        while !stop.is_cancelled() {
            match self.run_once().await {
                Ok(0) => {}
                Ok(found) => tracing::info!(channel.name = %self.channel.name, found, "messages were found that no webhook had brought"),
                Err(error) => tracing::warn!(channel.name = %self.channel.name, %error, "the provider's list could not be read; it is tried again"),
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One look; gives how many messages were new to us.
    pub async fn run_once(&self) -> Result<usize, ListingError> {
        let now = self.app.now();
        let name = &self.channel.name;
        let claimed = {
            let mut conn = self.app.write().await.map_err(store)?;
            listings::claim(&mut conn, name, self.app.owner(), LEASE_MS, now.plus_ms(-FIRST_MS)).await.map_err(store)?
        };
        let Some(until) = claimed else { return Ok(0) };
        let outcome = self.read(until.plus_ms(-OVERLAP_MS)).await;
        let mut conn = self.app.write().await.map_err(store)?;
        match &outcome {
            Ok(_) => listings::finish(&mut conn, name, self.app.owner(), now, now).await.map_err(store)?,
            Err(error) => listings::fail(&mut conn, name, self.app.owner(), &error.to_string(), now).await.map_err(store)?,
        };
        outcome
    }

    /// A provider that does not answer must not hold up a stop.
    async fn unless_stopped(&self, asked: impl Future<Output = Result<Listing, SendError>>) -> Result<Listing, ListingError> {
        tokio::select! {
            answer = asked => answer.map_err(ListingError::Provider),
            () = self.app.stop().cancelled() => Err(ListingError::Stopping),
        }
    }

    async fn read(&self, since: crate::domain::At) -> Result<usize, ListingError> {
        let mut items = Vec::new();
        let mut next = self.unless_stopped(self.channel.list(since, self.app.now())).await?;
        for page in 0.. {
            items.extend(next.items);
            let Some(request) = next.next else { break };
            // What lies behind is not to be passed over in silence.
            if page == MOST_PAGES {
                return Err(ListingError::TooLong);
            }
            next = self.unless_stopped(self.channel.list_on(request, since, self.app.now())).await?;
        }
        let mut found = 0;
        // Oldest first: a person's messages stay in order.
        for (verified, body) in items.into_iter().rev() {
            let arrival = Arrival {
                channel: self.channel.name.clone(),
                kind: "sms_inbound",
                verified,
                target: LISTED.to_owned(),
                headers: Vec::new(),
                body: Content::Here(body),
            };
            let outcome = self.intake.store(arrival).await.map_err(|error| ListingError::Store(error.to_string()))?;
            found += usize::from(matches!(outcome, IntakeOutcome::Stored(_)));
        }
        metrics::counter!("huecry_listed_messages_total", "channel" => self.channel.name.clone()).increment(found.try_into().unwrap_or(u64::MAX));
        Ok(found)
    }
}

fn store(error: diesel::result::Error) -> ListingError {
    ListingError::Store(error.to_string())
}
