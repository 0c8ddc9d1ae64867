//! The reference on PostgreSQL: what the server itself makes of one durable row a transaction from 64 clients.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use crate::bed::{Bed, execute};
use crate::process::Running;

/// Inserts a second, over eight seconds, in the database of the bed.
pub(crate) async fn inserts_per_second(bed: &Bed) -> anyhow::Result<f64> {
    execute(&bed.database_url, "CREATE TABLE IF NOT EXISTS reference_rows (id bigserial PRIMARY KEY, body text NOT NULL)").await?;
    let script = bed.folder.join("insert.sql");
    std::fs::write(&script, format!("INSERT INTO reference_rows (body) VALUES ('{}');\n", "a grey van ".repeat(40).get(..400).unwrap_or_default()))?;
    let script = script.display().to_string();
    let arguments = ["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", "8", "-f", &script, &bed.database_url];
    let said = Running::start(&program()?, &arguments, bed.folder.join("pgbench.log"))?.finish(Duration::from_secs(60)).await.context("pgbench")?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next()).and_then(|rate| rate.parse().ok());
    rate.with_context(|| format!("pgbench told no rate: {said}"))
}

fn program() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("there is no PostgreSQL in /usr/lib/postgresql: run scripts/setup")?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(Result::ok)
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin/pgbench"))))
        .filter(|(_, program)| program.exists())
        .collect();
    found.sort();
    found.pop().map(|(_, program)| program).context("there is no pgbench in /usr/lib/postgresql/*/bin")
}
