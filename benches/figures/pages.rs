//! `inbox_page` and `conversation_page`: how long an officer waits for the list and for a conversation, at fifty requests a
//! second, with ten million messages on PostgreSQL and a million on SQLite. Aims: 30 ms and 60 ms at the 99th percentile.
//!
//! What is measured is the whole way over HTTP, as two people ask for it: one who sees all of the force and one of a team;
//! every part of the inbox in turn, with and without filters. The heaviest page is told with it, as it goes over the wire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use huecry::accounts::origin::Origin;
use huecry::accounts::sessions::{self, Method, Who};
use huecry::app::App;
use huecry::store::Backend;

use crate::bed::{Bed, Program};
use crate::figure::{Figure, Report, Surroundings, number, percentile_ms};
use crate::year::{self, Planted};

pub(crate) const NAMES: &[&str] = &["inbox_page", "conversation_page", "page_weight"];
const RATE: u32 = 50;
const SECONDS: u32 = 20;
/// What a page may weigh compressed, in kB.
const WEIGHT_KB: f64 = 60.0;

const LISTS: [&str; 11] = [
    "/inbox",
    "/inbox?view=team",
    "/inbox?view=unattributed",
    "/inbox?view=waiting",
    "/inbox?view=all",
    "/inbox?view=closed",
    "/inbox?view=all&alert=A1008",
    "/inbox?view=waiting&urgency=life",
    "/inbox?view=all&channel=email",
    "/inbox?view=closed&urgency=life",
    "/inbox?view=closed&photo=1",
];

/// How many messages, and the aim in milliseconds.
const fn bounds(backend: Backend) -> (i64, f64) {
    match backend {
        Backend::Postgres => (10_000_000, 30.0),
        Backend::Sqlite => (1_000_000, 60.0),
    }
}

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let (messages, aim_ms) = bounds(backend);
    let planting = Instant::now();
    let (cookies, conversations) = plant(&bed, messages).await.context("planting")?;
    eprintln!("figures: pages on {}: {messages} messages planted in {:.0} s", backend.as_str(), planting.elapsed().as_secs_f64());
    let gateway = bed.start(Program::Huecry("all")).await?;
    let around = Surroundings::look(&bed.disk())?;
    let lists: Vec<(String, String)> = cookies.iter().flat_map(|cookie| LISTS.map(|path| (path.to_owned(), cookie.clone()))).collect();
    let mut heaviest = 0;
    for (name, asked) in [("inbox_page", lists), ("conversation_page", conversations)] {
        // Warm, as it is all day.
        open_loop(bed.address, &asked, RATE * 5).await?;
        let seen = open_loop(bed.address, &asked, RATE * SECONDS).await.with_context(|| gateway.process.tail())?;
        heaviest = heaviest.max(seen.heaviest);
        for (path, took) in &seen.by_path {
            eprintln!("figures:   {path}: p50 {:.1} ms, longest {:.1} ms", percentile_ms(took, 500), percentile_ms(took, 1000));
        }
        report.add(Figure::new(name, backend.as_str(), percentile_ms(&seen.all, 990), "ms, p99", around).at_most(aim_ms))?;
    }
    report.add(Figure::new("page_weight", backend.as_str(), number(heaviest) / 1000.0, "kB compressed, the heaviest", around).at_most(WEIGHT_KB))?;
    drop(gateway);
    bed.close().await
}

/// The session cookies of both people, and conversations that each may read.
async fn plant(bed: &Bed, messages: i64) -> anyhow::Result<(Vec<String>, Vec<(String, String)>)> {
    let app = bed.app().await?;
    let people = year::plant(&app, messages, Planted::Plain).await?;
    let (desk, officer) = (cookie(&app, people.desk.id).await?, cookie(&app, people.officer.id).await?);
    let many = messages / 5;
    // Spread over the year; those of the officer's team are every eighth.
    let conversations = (0..200)
        .flat_map(|n| [(1 + n * (many / 200), desk.clone()), (8 * (1 + n * (many / 1_700)), officer.clone())])
        .map(|(id, cookie)| (format!("/inbox/c{id}"), cookie))
        .collect();
    Ok((vec![desk, officer], conversations))
}

/// A session as the force's directory would have begun it: no second step is asked for.
pub(crate) async fn cookie(app: &App, officer_id: i64) -> anyhow::Result<String> {
    let origin = Origin { address: None, browser: "the figures".into(), devices: String::new() };
    Ok(format!("huecry={}", sessions::start(app, Who::Officer(officer_id), &origin, Method::Oidc).await?))
}

struct Seen {
    all: Vec<Duration>,
    by_path: std::collections::BTreeMap<String, Vec<Duration>>,
    heaviest: usize,
}

/// Each request has its moment, whether or not the last was answered.
async fn open_loop(address: std::net::SocketAddr, asked: &[(String, String)], count: u32) -> anyhow::Result<Seen> {
    // Nothing unpacks what comes: its weight is told as it is.
    let client = Arc::new(reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?);
    let start = Instant::now() + Duration::from_millis(100);
    let mut requests = tokio::task::JoinSet::new();
    for (serial, (path, cookie)) in (0..count).zip(asked.iter().cycle()) {
        let (client, path, cookie) = (client.clone(), path.clone(), cookie.clone());
        let due = start + Duration::from_secs(1) * serial / RATE;
        requests.spawn(async move {
            tokio::time::sleep_until(due.into()).await;
            let answer = client.get(format!("http://{address}{path}")).header("cookie", cookie).header("accept-encoding", "br, gzip").send().await?;
            let status = answer.status();
            let bytes = answer.bytes().await?.len();
            anyhow::ensure!(status == 200, "{path} was answered with {status}");
            Ok((path, due.elapsed(), bytes))
        });
    }
    let mut seen = Seen { all: Vec::new(), by_path: std::collections::BTreeMap::new(), heaviest: 0 };
    while let Some(answer) = requests.join_next().await {
        let (path, took, bytes) = answer??;
        seen.all.push(took);
        let group = if path.starts_with("/inbox/") { "/inbox/{id}".to_owned() } else { path };
        seen.by_path.entry(group).or_default().push(took);
        seen.heaviest = seen.heaviest.max(bytes);
    }
    seen.all.sort_unstable();
    seen.by_path.values_mut().for_each(|took| took.sort_unstable());
    Ok(seen)
}
