//! Open loop: each request has its moment, whether or not the last was answered, as people do.

use std::time::{Duration, Instant};

use anyhow::Context;

use crate::load::CONCURRENCY;
use crate::seed;
use crate::webhook::{Connection, Hooks};

/// When each request was to leave, and how it went.
pub(crate) struct Outcome {
    /// The moment of the first; the others follow at the rate.
    pub(crate) start: Instant,
    /// When the last was acknowledged.
    pub(crate) end: Instant,
    /// From each one's moment to its acknowledgement, sorted: waiting for a connection counts.
    pub(crate) latencies: Vec<Duration>,
}

/// The moment of a serial after the first.
pub(crate) fn moment(serial: usize, rate: u32) -> Duration {
    Duration::from_secs(1) * u32::try_from(serial).unwrap_or(u32::MAX) / rate
}

/// Sends so many replies of residents at the rate; fails if any is refused.
pub(crate) async fn open_loop(hooks: &Hooks, rate: u32, count: usize) -> anyhow::Result<Outcome> {
    open_loop_from(hooks, rate, 0, count).await
}

/// The same after so many that were sent before.
pub(crate) async fn open_loop_from(hooks: &Hooks, rate: u32, first: usize, count: usize) -> anyhow::Result<Outcome> {
    let start = Instant::now() + Duration::from_millis(200);
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CONCURRENCY {
        let hooks = hooks.clone();
        clients.spawn(async move {
            let mut connection = Connection::open(hooks.address).await?;
            let mut latencies = Vec::new();
            for serial in (client..count).step_by(CONCURRENCY) {
                let text = format!("I saw a grey van by the station at about half past nine, it drove off north. {serial:07}");
                let request = hooks.request(first + serial, &seed::phone(first + serial), &text);
                let due = start + moment(serial, rate);
                tokio::time::sleep_until(due.into()).await;
                connection.deliver(&request).await?;
                latencies.push(due.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let limit = moment(count, rate) * 2 + Duration::from_secs(30);
    let all = tokio::time::timeout(limit, async {
        let mut latencies = Vec::with_capacity(count);
        while let Some(client) = clients.join_next().await {
            latencies.extend(client??);
        }
        anyhow::Ok(latencies)
    });
    let mut latencies = all.await.context("the gateway falls far behind the rate")??;
    latencies.sort_unstable();
    Ok(Outcome { start, end: Instant::now(), latencies })
}
