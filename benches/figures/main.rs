//! The figures: what the gateway does in a second, how long a reply takes to the inbox, what it holds in memory.
//!
//! `cargo bench --bench figures -- [NAME] [--backend sqlite|postgres] [--seconds N]`, or `make bench [ONLY=NAME]`. One JSON
//! line a figure on standard output, progress on standard error; at the end the README's table. The gateway under test is
//! the program itself in a process of its own; beside each figure stand the machine's load when it began and how often the
//! database's disk can be made to keep 4 kB, since both decide more than the code does.

mod attribution;
mod bed;
mod end_to_end;
mod export;
mod figure;
mod handover;
mod ingest;
mod load;
mod mail;
mod mail_handover;
mod memory;
mod open_loop;
mod pages;
mod pgbench;
mod process;
mod publish;
mod readme;
mod search;
mod seed;
mod serve;
mod streams;
mod three_nodes;
mod watch;
mod webhook;
mod year;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use huecry::store::Backend;

use figure::Report;

const FIGURES: &[&[&str]] = &[
    attribution::NAMES,
    ingest::NAMES,
    end_to_end::NAMES,
    memory::NAMES,
    mail::NAMES,
    handover::NAMES,
    mail_handover::NAMES,
    three_nodes::NAMES,
    export::NAMES,
    search::NAMES,
    pages::NAMES,
    streams::NAMES,
    publish::NAMES,
];

/// Measures, and writes the README's table.
#[derive(Parser)]
struct Arguments {
    /// Only the figures that have this in their name.
    name: Option<String>,
    /// Only on `sqlite` or `postgres`.
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    backend: Option<String>,
    /// How long each is measured; 10 for `ingest`, 60 for `inbox_end_to_end` if not given.
    #[arg(long)]
    seconds: Option<u64>,
    /// Cargo's word; says nothing here.
    #[arg(long, hide = true)]
    bench: bool,
    /// Be a gateway with this configuration instead, for the comparison of group sizes.
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// At most so many arrivals a commit; the house's own number if not given.
    #[arg(long, hide = true, requires = "serve")]
    group: Option<usize>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("TLS could not be set up");
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(config) = arguments.serve {
        return runtime.enable_all().build()?.block_on(serve::run(&config, arguments.group));
    }
    // The client is to leave the machine to the gateway, as pgbench does with two threads.
    runtime.worker_threads(2).enable_all().build()?.block_on(measure(&arguments))
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = |names: &[&str]| arguments.name.as_deref().is_none_or(|name| names.iter().any(|known| known.contains(name)));
    anyhow::ensure!(
        FIGURES.iter().any(|names| wanted(names)),
        "no figure has {:?} in its name; there are {}",
        arguments.name.as_deref().unwrap_or_default(),
        FIGURES.concat().join(", ")
    );
    let backends: Vec<Backend> =
        [Backend::Sqlite, Backend::Postgres].into_iter().filter(|backend| arguments.backend.as_deref().is_none_or(|named| named == backend.as_str())).collect();
    if backends.contains(&Backend::Postgres) {
        // Before anything is measured in vain.
        bed::server_url()?;
    }
    let mut report = Report::default();
    if wanted(attribution::NAMES) {
        attribution::measure(&mut report)?;
    }
    for backend in &backends {
        if wanted(ingest::NAMES) {
            ingest::measure(*backend, arguments.seconds.unwrap_or(10), &mut report).await.with_context(|| format!("ingest on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(end_to_end::NAMES) {
            let seconds = arguments.seconds.unwrap_or(60);
            end_to_end::measure(*backend, seconds, &mut report).await.with_context(|| format!("inbox_end_to_end on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(handover::NAMES) {
            handover::measure(*backend, &mut report).await.with_context(|| format!("sms_handover on {}", backend.as_str()))?;
        }
    }
    if wanted(three_nodes::NAMES) && backends.contains(&Backend::Postgres) {
        three_nodes::measure(&mut report).await.context("three_nodes")?;
    }
    for backend in &backends {
        if wanted(publish::NAMES) {
            publish::measure(*backend, &mut report).await.with_context(|| format!("publish_1m on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(mail_handover::NAMES) {
            mail_handover::measure(*backend, &mut report).await.with_context(|| format!("email_handover on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(memory::NAMES) {
            memory::measure(*backend, &mut report).await.with_context(|| format!("memory on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(export::NAMES) {
            export::measure(*backend, &mut report).await.with_context(|| format!("export_50x4mb on {}", backend.as_str()))?;
        }
    }
    if wanted(mail::NAMES) {
        mail::measure_reading(&mut report)?;
        for backend in &backends {
            mail::measure(*backend, &mut report).await.with_context(|| format!("mail_ingest on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(search::NAMES) {
            search::measure(*backend, &mut report).await.with_context(|| format!("search_1m on {}", backend.as_str()))?;
        }
    }
    for backend in &backends {
        if wanted(pages::NAMES) {
            pages::measure(*backend, &mut report).await.with_context(|| format!("pages on {}", backend.as_str()))?;
        }
        if wanted(streams::NAMES) {
            streams::measure(*backend, &mut report).await.with_context(|| format!("event_to_streams on {}", backend.as_str()))?;
        }
    }
    readme::rewrite(report.figures())
}
