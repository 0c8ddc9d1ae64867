//! The table in the README, between two markers. What was not measured this time stays as it was.

use std::path::Path;

use anyhow::Context;

use crate::figure::{Bound, Figure};

const FROM: &str = "<!-- figures -->";
const TO: &str = "<!-- /figures -->";
const HEAD: &str = "| Figure | Database | Value | Held against | Ratio | Asked | Load | `fdatasync`/s |\n|---|---|---:|---|---:|---|---:|---:|";

/// Rewrites the table, if the README has a place for it.
pub(crate) fn rewrite(figures: &[Figure]) -> anyhow::Result<()> {
    let path = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into())).join("README.md");
    let Ok(readme) = std::fs::read_to_string(&path) else {
        eprintln!("figures: there is no README.md to write to");
        return Ok(());
    };
    let Some((before, rest)) = readme.split_once(FROM) else {
        eprintln!("figures: README.md has no place for the table ({FROM} … {TO})");
        return Ok(());
    };
    let (table, after) = rest.split_once(TO).with_context(|| format!("README.md has {FROM} and no {TO}"))?;
    let table = renewed(table, figures);
    std::fs::write(&path, format!("{before}{FROM}\n{table}\n{TO}{after}"))?;
    eprintln!("figures: the table in README.md is renewed");
    rewrite_scaling(&path.with_file_name("docs").join("scaling.md"), &table)
}

/// The few of the README's figures that `docs/scaling.md` says in words, between two markers of its own.
fn rewrite_scaling(path: &Path, table: &str) -> anyhow::Result<()> {
    const FROM: &str = "<!-- capacity -->";
    const TO: &str = "<!-- /capacity -->";
    let Ok(page) = std::fs::read_to_string(path) else { return Ok(()) };
    let (before, rest) = page.split_once(FROM).with_context(|| format!("docs/scaling.md has no {FROM}"))?;
    let (_, after) = rest.split_once(TO).with_context(|| format!("docs/scaling.md has {FROM} and no {TO}"))?;
    std::fs::write(path, format!("{before}{FROM}\n{}\n{TO}{after}", capacity(table)))?;
    Ok(())
}

/// What a row says, and the figure behind it.
const CAPACITY: &[(&str, &str)] = &[
    ("Texts handed over to a provider that answers in 1 ms", "sms_handover"),
    ("Mails of 5 kB handed over, personalised", "email_handover"),
    ("Publishing to a million addresses", "publish_1m"),
    ("An urgent alert behind a million others: first hand-over after", "urgent_overtake"),
    ("Webhooks taken in", "ingest"),
    ("From webhook to inbox, at the rate below, 99 in 100 within", "inbox_end_to_end"),
    ("Replies a second at that time", "inbox_end_to_end_rate"),
    ("Mails taken in and filed", "mail_ingest"),
    ("Three nodes instead of one, at saturation", "three_nodes"),
    ("Memory with a million queued", "memory_1m"),
];

fn capacity(table: &str) -> String {
    let value = |name: &str, backend: &str| {
        let start = format!("| {name} | {backend} | ");
        let found = table.lines().find_map(|line| line.trim().strip_prefix(&start)).and_then(|rest| rest.split(" | ").next());
        found.unwrap_or(if name == "three_nodes" && backend == "sqlite" { "not possible" } else { "not measured yet" }).to_owned()
    };
    let head = "| What | SQLite | PostgreSQL |\n|---|---:|---:|".to_owned();
    let rows = CAPACITY.iter().map(|(what, name)| format!("| {what} | {} | {} |", value(name, "sqlite"), value(name, "postgres")));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

fn renewed(table: &str, figures: &[Figure]) -> String {
    // The first two lines of a table are its head.
    let mut rows: Vec<String> = table.lines().map(str::trim).filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect();
    for figure in figures {
        let start = format!("| {} | {} |", figure.name, figure.backend);
        let row = format!("{start} {}", cells(figure));
        match rows.iter_mut().find(|known| known.starts_with(&start)) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }
    std::iter::once(HEAD.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

fn cells(figure: &Figure) -> String {
    let reference = figure.reference.zip(figure.reference_value).map_or_else(String::new, |(what, value)| format!("{what}: {}", short(value)));
    let ratio = figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let asked = figure.asked.map_or_else(String::new, |bound| asked(bound, figure.met == Some(true)));
    format!("{} {} | {reference} | {ratio} | {asked} | {:.1} | {} |", short(figure.value), figure.unit, figure.load, short(figure.fdatasync_per_s))
}

fn asked(bound: Bound, met: bool) -> String {
    let bound = match bound {
        Bound::AtMost(most) => format!("≤ {}", plain(most)),
        Bound::AtLeast(least) => format!("≥ {}", plain(least)),
        Bound::RatioAtMost(most) => format!("≤ {}×", plain(most)),
        Bound::RatioAtLeast(least) => format!("≥ {}×", plain(least)),
    };
    if met { format!("{bound}: met") } else { format!("{bound}: **missed**") }
}

/// As it is written in what is asked.
fn plain(value: f64) -> String {
    format!("{value:.1}").trim_end_matches(".0").to_owned()
}

/// As many digits as anybody looks at.
fn short(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
