//! `memory`: what the gateway holds after its start, and after 10,000 replies have come in and been dealt with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use huecry::store::{Backend, messages};
use tokio::task::JoinHandle;

use crate::bed::{Bed, Program};
use crate::figure::{Figure, Report, Surroundings};
use crate::load::{Until, closed_loop};
use crate::seed;

pub(crate) const NAMES: &[&str] = &["memory_at_start", "memory_after_10000"];
const REPLIES: usize = 10_000;

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let measured = measure_on(&bed, report).await;
    bed.close().await?;
    measured
}

async fn measure_on(bed: &Bed, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: memory on {word}: {REPLIES} replies");
    seed::plant(&bed.app().await?).await?;
    let gateway = bed.start(Program::Huecry("all")).await?;
    let around = Surroundings::look(&bed.disk())?;
    let at_start = resident_mib(gateway.process.id())?;
    closed_loop(&gateway.hooks, Until::Count(REPLIES), seed::phone).await?;
    let (db, begun) = (bed.db().await?, Instant::now());
    loop {
        let filed = usize::try_from(messages::count_of(&mut db.read().await?, "in").await?)?;
        if filed == REPLIES {
            break;
        }
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(120), "of {REPLIES} replies only {filed} were filed in two minutes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = resident_mib(gateway.process.id())?;
    report.add(Figure::new("memory_at_start", word, at_start, "MiB", around))?;
    report.add(Figure::new("memory_after_10000", word, after, "MiB", around).against("at start", at_start))
}

/// A watch over what a process holds.
pub(crate) struct Peak {
    over: Arc<AtomicBool>,
    watching: JoinHandle<anyhow::Result<f64>>,
}

impl Peak {
    const EVERY: Duration = Duration::from_millis(50);

    /// Looks again and again until the end: not every system keeps the high-water mark.
    pub(crate) fn watch(id: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let watching = tokio::spawn(async move {
            let mut most = 0.0_f64;
            while !AtomicBool::load(&told, Ordering::Relaxed) {
                most = most.max(resident_mib(id)?);
                tokio::time::sleep(Self::EVERY).await;
            }
            Ok(most)
        });
        Self { over, watching }
    }

    /// The most that it held.
    pub(crate) async fn end(self) -> anyhow::Result<f64> {
        self.over.store(true, Ordering::Relaxed);
        self.watching.await?
    }
}

/// Resident set of a process at this moment.
pub(crate) fn resident_mib(id: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("the gateway is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc tells no VmRSS")?;
    let kib: u32 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(f64::from(kib) / 1024.0)
}
