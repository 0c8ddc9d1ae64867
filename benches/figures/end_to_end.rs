//! `inbox_end_to_end`: from the moment that a reply is sent to the moment that it can be read in the inbox, at 2,000 a second.

use std::time::{Duration, Instant};

use huecry::store::Backend;

use crate::bed::{Bed, Program};
use crate::figure::{Figure, Report, Surroundings, number, percentile_ms};
use crate::open_loop::{self, moment};
use crate::{seed, watch};

pub(crate) const NAMES: &[&str] = &["inbox_end_to_end", "inbox_end_to_end_p50", "inbox_end_to_end_rate"];
const RATE: u32 = 2_000;
/// The aim: a detective does not notice it.
const AIM_MS: f64 = 250.0;

pub(crate) async fn measure(backend: Backend, seconds: u64, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let measured = measure_on(&bed, seconds, report).await;
    bed.close().await?;
    measured
}

async fn measure_on(bed: &Bed, seconds: u64, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    let count = usize::try_from(u64::from(RATE) * seconds)?;
    eprintln!("figures: inbox_end_to_end on {word}: {count} replies at {RATE} a second");
    seed::plant(&bed.app().await?).await?;
    let gateway = bed.start(Program::Huecry("all")).await?;
    let around = Surroundings::look(&bed.disk())?;
    let db = bed.db().await?;
    // Twice the time of the load, and a little.
    let deadline = Instant::now() + Duration::from_secs(2 * seconds + 30);
    let watching = tokio::spawn(watch::watch(db.clone(), count, deadline));
    let sent = open_loop::open_loop(&gateway.hooks, RATE, count).await;
    if let Err(error) = &sent {
        eprintln!("figures: {error:#}; the gateway's last words: {}", gateway.process.tail());
    }
    let sent = sent?;
    let (p50, p99) = (percentile_ms(&sent.latencies, 500), percentile_ms(&sent.latencies, 990));
    eprintln!("figures:   all {count} are acknowledged: p50 {p50:.1} ms, p99 {p99:.1} ms");
    let seen = watching.await??;
    let mut latencies: Vec<Duration> =
        (0_usize..).zip(&seen).filter_map(|(serial, seen)| seen.map(|seen| seen.saturating_duration_since(sent.start + moment(serial, RATE)))).collect();
    latencies.sort_unstable();
    let (kept, tied) = watch::count(&db).await?;
    anyhow::ensure!(
        latencies.len() == count && usize::try_from(kept)? == count,
        "{count} replies were acknowledged; {} were seen and {kept} messages are there: {}",
        latencies.len(),
        gateway.process.tail()
    );
    anyhow::ensure!(tied == kept, "of {kept} replies only {tied} were tied to the alert by the pair of numbers");
    let (p50, p99) = (percentile_ms(&latencies, 500), percentile_ms(&latencies, 990));
    let rate = number(count) / sent.end.duration_since(sent.start).as_secs_f64();
    eprintln!("figures:   in the inbox: p50 {p50:.1} ms, p99 {p99:.1} ms, the last {:.1} ms", percentile_ms(&latencies, 1000));
    report.add(Figure::new("inbox_end_to_end", word, p99, "ms, p99", around).at_most(AIM_MS))?;
    report.add(Figure::new("inbox_end_to_end_p50", word, p50, "ms", around))?;
    report.add(Figure::new("inbox_end_to_end_rate", word, rate, "replies/s", around).against("offered", f64::from(RATE)))
}
