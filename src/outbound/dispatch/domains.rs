//! Domains that take fewer mails at once than the channel makes: each has places of its own, and the others do not wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::channels::registry::{Channel, ChannelKind};
use crate::store::outbox::{self, Apart};

/// The places of the domains that have a limit.
#[derive(Clone, Default)]
pub(super) struct Domains {
    places: Arc<BTreeMap<String, Arc<Semaphore>>>,
    freed: Arc<Notify>,
}

/// A place at a domain; free again when dropped.
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    freed: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Kept for whoever looks next, if nobody waits now.
        self.freed.notify_one();
    }
}

/// Whether a mail may go.
pub(super) enum Admitted {
    /// Its domain has no limit.
    Freely,
    /// By this place.
    By(Place),
    /// Its domain has as many as it takes: it is to wait in this queue.
    NotNow(String),
}

impl Domains {
    pub(super) fn of(channel: &Channel) -> Self {
        let ChannelKind::Email { settings, .. } = &channel.kind else { return Self::default() };
        let places = settings.domain_limits.iter().map(|(domain, limit)| (domain.clone(), Arc::new(Semaphore::new(usize::from(*limit)))));
        Self { places: Arc::new(places.collect()), freed: Arc::default() }
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    /// Whether a queue is that of one of them.
    pub(super) fn has(&self, queue: &str) -> bool {
        queue.strip_prefix('@').is_some_and(|domain| self.places.contains_key(domain))
    }

    /// The queues of those that take more just now, and how many. What is for the others is not even read.
    pub(super) fn free(&self) -> Vec<Apart> {
        let free = self.places.iter().map(|(domain, places)| (domain, places.available_permits())).filter(|(_, free)| *free > 0);
        free.map(|(domain, free)| Apart { queue: outbox::queue_of(domain), places: i64::try_from(free).unwrap_or(i64::MAX) }).collect()
    }

    /// Takes a place for a mail to this address.
    pub(super) fn admit(&self, address: &str) -> Admitted {
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_lowercase();
        match self.places.get(&domain).map(|places| places.clone().try_acquire_owned()) {
            None => Admitted::Freely,
            Some(Ok(place)) => Admitted::By(Place { _place: place, freed: self.freed.clone() }),
            Some(Err(_)) => Admitted::NotNow(outbox::queue_of(&domain)),
        }
    }

    /// Waits until a place is free again.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}
