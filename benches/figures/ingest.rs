//! `ingest`: signed webhooks acknowledged a second, each durable before its answer; and what group commit is worth.

use std::time::Duration;

use huecry::store::{Backend, envelopes};

use crate::bed::{Bed, Gateway, Program};
use crate::figure::{Bound, Figure, Report, Surroundings, number, percentile_ms};
use crate::load::{CONCURRENCY, Outcome, Until, closed_loop};
use crate::open_loop::open_loop_from;
use crate::pgbench;

pub(crate) const NAMES: &[&str] = &["ingest", "ingest_p50", "ingest_p99", "ingest_half_p99", "ingest_one_commit"];
const WARM_UP: u64 = 3;

struct Run {
    around: Surroundings,
    outcome: Outcome,
    /// At half that rate, each request at its own moment: from that to its acknowledgement, sorted.
    at_half: Vec<Duration>,
    reference: Option<f64>,
}

impl Run {
    fn rate(&self) -> f64 {
        number(self.outcome.latencies.len()) / self.outcome.measured.as_secs_f64()
    }
}

pub(crate) async fn measure(backend: Backend, seconds: u64, report: &mut Report) -> anyhow::Result<()> {
    let word = backend.as_str();
    let real = run(backend, Program::Huecry("web"), seconds, backend == Backend::Postgres).await?;
    let single = run(backend, Program::Ourselves(Some(1)), seconds, false).await?;
    let grouped = run(backend, Program::Ourselves(None), seconds, false).await?;
    let ingest = Figure::new("ingest", word, real.rate(), "requests/s", real.around);
    report.add(match real.reference {
        Some(inserts) => ingest.against("pgbench, one row a commit, 64 clients", inserts).asked(Bound::RatioAtLeast(1.5)),
        None => ingest.against("ours, one commit a request", single.rate()),
    })?;
    report.add(Figure::new("ingest_p50", word, percentile_ms(&real.outcome.latencies, 500), "ms", real.around))?;
    report.add(Figure::new("ingest_p99", word, percentile_ms(&real.outcome.latencies, 990), "ms", real.around))?;
    report.add(Figure::new("ingest_half_p99", word, percentile_ms(&real.at_half, 990), "ms, p99 at half that rate", real.around).at_most(20.0))?;
    report.add(Figure::new("ingest_one_commit", word, single.rate(), "requests/s", single.around).against("ours, in groups", grouped.rate()))?;
    eprintln!("figures: {word}: grouping gains ×{:.1}", grouped.rate() / single.rate());
    Ok(())
}

/// One measurement on a bed of its own.
async fn run(backend: Backend, program: Program, seconds: u64, reference: bool) -> anyhow::Result<Run> {
    let bed = Bed::make(backend).await?;
    let measured = run_on(&bed, program, seconds, reference).await;
    bed.close().await?;
    measured
}

async fn run_on(bed: &Bed, program: Program, seconds: u64, reference: bool) -> anyhow::Result<Run> {
    let what = match program {
        Program::Huecry(_) => "huecry",
        Program::Ourselves(Some(_)) => "one commit a request",
        Program::Ourselves(None) => "in groups",
    };
    eprintln!("figures: ingest on {}: {what}, {CONCURRENCY} connections for {} s", bed.backend.as_str(), WARM_UP + seconds);
    // Before and after, since the machine may change its mind in between.
    let before = if reference { Some(pgbench::inserts_per_second(bed).await?) } else { None };
    let gateway = bed.start(program).await?;
    let around = Surroundings::look(&bed.disk())?;
    // Ten thousand people.
    let until = Until::Seconds { warm_up: WARM_UP, measured: seconds };
    let outcome = closed_loop(&gateway.hooks, until, |serial| format!("+44770{:07}", 900_000 + serial % 10_000)).await?;
    let at_half = match program {
        Program::Huecry(_) => at_half(&gateway, &outcome, seconds).await?,
        Program::Ourselves(_) => Vec::new(),
    };
    let acknowledged = outcome.acknowledged + at_half.len();
    drop(gateway);
    // What was acknowledged is there, once, though the gateway was killed.
    let db = bed.db().await?;
    let kept = envelopes::count_waiting(&mut db.read().await?).await?;
    drop(db);
    anyhow::ensure!(usize::try_from(kept)? == acknowledged, "{acknowledged} webhooks were acknowledged and {kept} are there");
    let reference = match before {
        Some(before) => Some(f64::midpoint(before, pgbench::inserts_per_second(bed).await?)),
        None => None,
    };
    let run = Run { around, outcome, at_half, reference };
    let (p50, p99) = (percentile_ms(&run.outcome.latencies, 500), percentile_ms(&run.outcome.latencies, 990));
    let half = percentile_ms(&run.at_half, 990);
    eprintln!("figures:   {:.0} a second, p50 {p50:.1} ms, p99 {p99:.1} ms, at half p99 {half:.1} ms, {kept} kept; pgbench {:?}", run.rate(), run.reference);
    Ok(run)
}

/// Half of what it did at its peak, each request at its own moment.
async fn at_half(gateway: &Gateway, peak: &Outcome, seconds: u64) -> anyhow::Result<Vec<Duration>> {
    let rate = u32::try_from(peak.latencies.len())? / u32::try_from(peak.measured.as_secs())?.max(1) / 2;
    let count = usize::try_from(u64::from(rate) * seconds)?;
    Ok(open_loop_from(&gateway.hooks, rate, peak.acknowledged, count).await?.latencies)
}
