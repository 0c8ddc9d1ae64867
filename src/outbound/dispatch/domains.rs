//! Domains that take fewer mails at once than the channel makes: each has places of its own, and the others do not wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::channels::registry::{Channel, ChannelKind};

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
    /// Its domain has as many as it takes.
    NotNow,
}

impl Domains {
    pub(super) fn of(channel: &Channel) -> Self {
        let ChannelKind::Email { settings, .. } = &channel.kind else { return Self::default() };
        let places = settings.domain_limits.iter().map(|(domain, limit)| (domain.clone(), Arc::new(Semaphore::new(usize::from(*limit)))));
        Self { places: Arc::new(places.collect()), freed: Arc::default() }
    }

    /// The domains that take no more just now.
    pub(super) fn full(&self) -> Vec<String> {
        self.places.iter().filter(|(_, places)| places.available_permits() == 0).map(|(domain, _)| domain.clone()).collect()
    }

    /// Takes a place for a mail to this address.
    pub(super) fn admit(&self, address: &str) -> Admitted {
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_lowercase();
        match self.places.get(&domain).map(|places| places.clone().try_acquire_owned()) {
            None => Admitted::Freely,
            Some(Ok(place)) => Admitted::By(Place { _place: place, freed: self.freed.clone() }),
            Some(Err(_)) => Admitted::NotNow,
        }
    }

    /// Waits until a place is free again.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }
}
