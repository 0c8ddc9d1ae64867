//! Closed loop: so many connections, each with the next request as soon as the last is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::webhook::{Connection, Hooks};

/// Connections at once.
pub(crate) const CONCURRENCY: usize = 64;

/// When to stop.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Measured for so long, after a time that does not count.
    Seconds { warm_up: u64, measured: u64 },
    /// So many requests in all, all of which count.
    Count(usize),
}

/// What came of it. Every request was acknowledged.
pub(crate) struct Outcome {
    /// Requests, the warm-up's included.
    pub(crate) acknowledged: usize,
    /// How long each that counts took, sorted.
    pub(crate) latencies: Vec<Duration>,
    /// How long the measuring was.
    pub(crate) measured: Duration,
}

/// Runs to its end; fails if any request does. `person` gives the sender of a serial.
pub(crate) async fn closed_loop(hooks: &Hooks, until: Until, person: impl Fn(usize) -> String + Send + Sync + 'static) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let (from, to, most) = match until {
        Until::Seconds { warm_up, measured } => (begun + Duration::from_secs(warm_up), begun + Duration::from_secs(warm_up + measured), usize::MAX),
        Until::Count(most) => (begun, begun + Duration::from_secs(120), most),
    };
    let (serials, person) = (Arc::new(AtomicUsize::new(0)), Arc::new(person));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (hooks, serials, person) = (hooks.clone(), serials.clone(), person.clone());
        clients.spawn(async move {
            let mut connection = Connection::open(hooks.address).await?;
            let (mut acknowledged, mut latencies) = (0, Vec::new());
            while Instant::now() < to {
                let serial = serials.fetch_add(1, Ordering::Relaxed);
                if serial >= most {
                    break;
                }
                let text = format!("A grey van stood by the station at about half past nine and drove off north. {serial:07}");
                let request = hooks.request(serial, &person(serial), &text);
                let sent = Instant::now();
                connection.deliver(&request).await?;
                let answered = Instant::now();
                acknowledged += 1;
                if sent >= from && answered <= to {
                    latencies.push(answered - sent);
                }
            }
            anyhow::Ok((acknowledged, latencies))
        });
    }
    let limit = to.duration_since(begun) + Duration::from_secs(30);
    let all = tokio::time::timeout(limit, async {
        let mut outcome = Outcome { acknowledged: 0, latencies: Vec::new(), measured: Duration::ZERO };
        while let Some(client) = clients.join_next().await {
            let (acknowledged, latencies) = client??;
            outcome.acknowledged += acknowledged;
            outcome.latencies.extend(latencies);
        }
        anyhow::Ok(outcome)
    });
    let mut outcome = all.await.context("the gateway stopped answering")??;
    outcome.latencies.sort_unstable();
    outcome.measured = Instant::now().min(to) - from;
    Ok(outcome)
}
