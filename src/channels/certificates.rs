//! Certificates that vendors sign by: fetched once, kept for a day, so that checking a signature stays pure.
//!
//! Only addresses that a provider has vetted as its vendor's own come here; whoever writes to us cannot make us fetch others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::http;

const KEPT: Duration = Duration::from_secs(24 * 3600);
/// A failure is not asked about again at once: a flood of forged requests would otherwise be passed on.
const FAILED: Duration = Duration::from_secs(5);
const MOST: usize = 32;
const LARGEST: usize = 64 * 1024;

/// What was fetched, and when; none where it failed.
type Kept = (Instant, Option<Arc<[u8]>>);

/// The cache.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Arc<Mutex<HashMap<String, Kept>>>);

impl Certificates {
    /// The certificate at an address, in PEM.
    pub async fn get(&self, client: &http::Client, url: &str) -> Option<Arc<[u8]>> {
        if let Some((_, known)) = self.known(url) {
            return known;
        }
        let fetched = match client.send(http::Request::get(url.to_owned())).await {
            Ok(answer) if answer.status == 200 && answer.body.len() <= LARGEST && answer.body.contains("-----BEGIN CERTIFICATE-----") => {
                Some(Arc::from(answer.body.into_bytes()))
            }
            Ok(answer) => {
                tracing::warn!(answer.status, "a certificate could not be fetched");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "a certificate could not be fetched");
                None
            }
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(url.to_owned(), (Instant::now(), fetched.clone()));
        fetched
    }

    /// What is known of an address, if that is still fresh.
    fn known(&self, url: &str) -> Option<Kept> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, certificate) = kept.get(url)?;
        let limit = if certificate.is_some() { KEPT } else { FAILED };
        (at.elapsed() < limit).then(|| (*at, certificate.clone()))
    }
}
