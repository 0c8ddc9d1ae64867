//! What `huecry import residents FILE` does: opens the file, shows how far it is, says what came of it.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Imported, import_residents};
use crate::app::App;

/// Imports the residents in a CSV file and prints what came of it; progress goes to stderr.
///
/// Rejected rows go to `<FILE>.rejected.csv`, which is removed if there are none; they alone are no error. Errors: the file
/// cannot be read, its header is wrong, or the database fails.
pub async fn run_residents(app: &App, path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    let total = file.metadata().with_context(|| format!("cannot read {shown}"))?.len();
    let progress = Progress::new(total);
    let mut rejects = RejectFile { path: beside(path), file: None };
    let imported = import_residents(app, BufReader::new(file), &mut rejects, &|bytes| progress.at(bytes)).await;
    progress.finish();
    let imported = imported.with_context(|| format!("{shown} was not imported to its end"))?;
    rejects.remove_if_unused()?;
    let summary = summary(&shown.to_string(), &imported, &rejects.path);
    writeln!(std::io::stdout().lock(), "{summary}").context("cannot print what was done")
}

fn summary(file: &str, imported: &Imported, rejects: &Path) -> String {
    let Imported { rows, added, known, rejected } = imported;
    let counts = format!("{file}: {rows} rows: {added} added, {known} known already, {rejected} rejected");
    if *rejected == 0 {
        return counts;
    }
    format!("{counts}\nThe rejected rows are in {} with the reasons: mend them in a copy and import that.", rejects.display())
}

/// `people.csv` gives `people.csv.rejected.csv`.
fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".rejected.csv");
    name.into()
}

/// The reject file: made when the first row needs it, for its owner's eyes only.
struct RejectFile {
    path: PathBuf,
    file: Option<File>,
}

impl RejectFile {
    /// Removes what an earlier run left, if this one rejected nothing.
    fn remove_if_unused(&self) -> anyhow::Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(|| format!("cannot remove the old {}", self.path.display())),
            _ => Ok(()),
        }
    }
}

impl Write for RejectFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => create_private(&self.path)?,
        };
        let written = file.write(bytes);
        self.file = Some(file);
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A bar on a terminal; a line each tenth elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    total_bytes: u64,
    tenths: Cell<u64>,
}

impl Progress {
    fn new(total_bytes: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes} of {total_bytes}, {eta} left");
            ProgressBar::new(total_bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, total_bytes, tenths: Cell::new(0) }
    }

    fn at(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            return;
        }
        let tenths = bytes.saturating_mul(10).checked_div(self.total_bytes).unwrap_or(10);
        if tenths > self.tenths.replace(tenths) {
            // A closed stderr is no reason to stop an import.
            let _unheard = writeln!(std::io::stderr().lock(), "import: {} %", tenths * 10);
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_points_to_the_rejected_rows() {
        let imported = Imported { rows: 5, added: 2, known: 1, rejected: 2 };
        let said = summary("people.csv", &imported, &beside(Path::new("in/people.csv")));
        assert!(said.starts_with("people.csv: 5 rows: 2 added, 1 known already, 2 rejected\n"), "{said}");
        assert!(said.contains("in/people.csv.rejected.csv"), "{said}");
        assert!(!summary("people.csv", &Imported { rejected: 0, ..imported }, Path::new("x")).contains("mend"));
    }
}
