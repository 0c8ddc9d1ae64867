//! `search_1m`: how long an officer waits for a search over a million messages: a rare word, a common one, two words, a phrase;
//! as somebody who sees all of the force, and as one of eight teams' officers. Aim: 200 ms.
//!
//! What is measured is the use case as the page calls it: the sight, the index, the ranking, the rows with what is around the
//! words, and the entry in the audit log.

use std::time::{Duration, Instant};

use anyhow::Context;
use huecry::app::App;
use huecry::domain::search::Query;
use huecry::inbox::search::{self, ByWords};
use huecry::store::Backend;
use huecry::store::accounts::OfficerRow;
use huecry::store::views::inbox::Narrow;

use crate::bed::Bed;
use crate::figure::{Figure, Report, Surroundings, percentile_ms};
use crate::year::{self, Planted};

pub(crate) const NAMES: &[&str] =
    &["search_1m", "search_1m_rare", "search_1m_common", "search_1m_two_words", "search_1m_phrase", "search_1m_team_common", "search_1m_team_two_words"];

const MESSAGES: i64 = 1_000_000;
const ROUNDS: usize = 60;
const AIM_MS: f64 = 200.0;

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let app = bed.app().await?;
    let planting = Instant::now();
    let people = year::plant(&app, MESSAGES, Planted::Searchable).await.context("planting")?;
    eprintln!("figures: search_1m on {}: a million messages planted in {:.0} s", backend.as_str(), planting.elapsed().as_secs_f64());
    let around = Surroundings::look(&bed.disk())?;
    let (force, team) = (&people.desk, &people.officer);
    let mut all: Vec<Duration> = Vec::new();
    for (name, officer, lines) in [
        ("search_1m_rare", force, ["zebra7", "zebra912", "zebra31"]),
        ("search_1m_common", force, ["the", "van", "saw"]),
        ("search_1m_two_words", force, ["the van", "quarry zebra12", "heron chapel"]),
        ("search_1m_phrase", force, ["\"the van\"", "\"chapel heron\"", "\"heron the\""]),
        ("search_1m_team_common", team, ["the", "van", "heron"]),
        ("search_1m_team_two_words", team, ["the van", "heron chapel", "quarry bridge"]),
    ] {
        let mut took = Vec::new();
        for line in lines {
            // Warm, as it is all day.
            look(&app, officer, line).await?;
            let mut of_line = Vec::new();
            for _ in 0..ROUNDS / lines.len() {
                of_line.push(look(&app, officer, line).await?);
            }
            of_line.sort_unstable();
            eprintln!("figures: {name} {line:?}: p50 {:.1} ms, p99 {:.1} ms", percentile_ms(&of_line, 500), percentile_ms(&of_line, 990));
            took.extend(of_line);
        }
        took.sort_unstable();
        report.add(Figure::new(name, backend.as_str(), percentile_ms(&took, 500), "ms, p50", around).against("ours, p99", percentile_ms(&took, 990)))?;
        all.extend(took);
    }
    all.sort_unstable();
    report.add(Figure::new("search_1m", backend.as_str(), percentile_ms(&all, 990), "ms, p99 of all", around).at_most(AIM_MS))?;
    drop(app);
    bed.close().await
}

async fn look(app: &App, officer: &OfficerRow, line: &str) -> anyhow::Result<Duration> {
    let asked = ByWords { query: Query::read(line)?, kinds: Vec::new(), view: None, narrow: Narrow::default(), from: None, until: None, page: 0 };
    let begun = Instant::now();
    let found = search::by_words(app, officer, &asked).await?;
    let took = begun.elapsed();
    // One phrase stands nowhere, though both its words are common.
    anyhow::ensure!(found.total > 0 || line.contains("zebra12") || line.starts_with("\"heron"), "{line:?} was not found");
    Ok(took)
}
