//! `huecry migrate --from … --to …`: says how far it is on stderr, and on stdout what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use super::{MoveError, Moved, Step, Tally};

const AFTERWARDS: &str = "Name the new database in database.url before anything is started again. The files folder (files.dir) and the \
     keyring were not touched and go on being used: every node must reach the same files.";

/// Moves, or only compares. Ends with 0 when all is there and equal, with 1 if that failed (nothing is kept in the new
/// database), with 2 if it was refused (nothing was touched).
pub async fn run(from: &str, to: &str, compare_only: bool) -> ExitCode {
    let mut progress = Progress::default();
    let mut tell = |step: Step<'_>| progress.line(step).into_iter().for_each(|line| eprintln!("{line}"));
    let outcome = if compare_only { super::compare(from, to, &mut tell).await } else { super::run(from, to, &mut tell).await };
    match outcome {
        Ok(moved) => {
            println!("{}", told(&moved));
            if !compare_only {
                println!("{AFTERWARDS}");
            }
            ExitCode::SUCCESS
        }
        Err(MoveError::Refused(sentence)) => {
            eprintln!("huecry: {sentence}");
            ExitCode::from(2)
        }
        Err(error) => {
            if let MoveError::Differs(moved) = &error {
                println!("{}", told(moved));
            }
            eprintln!("huecry: {error}{}", if compare_only { "" } else { "; nothing was kept in the new database" });
            ExitCode::FAILURE
        }
    }
}

/// Every table with its rows and sums, and the verdict.
pub fn told(moved: &[Moved]) -> String {
    let width = moved.iter().map(|table| table.table.len()).max().unwrap_or_default();
    let mut text = String::new();
    let sum = |tally: &Tally| format!("{:>10}  {:032x}", tally.rows, tally.sum);
    for table in moved {
        let verdict = if table.from == table.to { "equal".to_owned() } else { format!("DIFFERS: {}", sum(&table.to).trim()) };
        // Writing to a String does not fail.
        let _ok = writeln!(text, "{:width$}  {}  {verdict}", table.table, sum(&table.from));
    }
    let rows: u64 = moved.iter().map(|table| table.from.rows).sum();
    let differing = moved.iter().filter(|table| table.from != table.to).count();
    if differing == 0 {
        let _ok = write!(text, "{rows} rows in {} tables are the same in both.", moved.len());
    } else {
        let _ok = write!(text, "{differing} of {} tables differ.", moved.len());
    }
    text
}

/// Says each tenth of a table that is large, and each table that is done.
#[derive(Debug, Default)]
pub struct Progress(BTreeMap<(String, &'static str), u64>);

impl Progress {
    /// A line if there is something to say.
    pub fn line(&mut self, step: Step<'_>) -> Option<String> {
        let tenths = step.done.saturating_mul(10).checked_div(step.of).unwrap_or(10);
        let before = self.0.insert((step.table.to_owned(), step.what), tenths);
        if before == Some(tenths) || (before.is_none() && tenths == 0) {
            return None;
        }
        Some(format!("{} {}: {} of {} rows", step.what, step.table, step.done, step.of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(table: &str, from: u64, to: u64) -> Moved {
        Moved { table: table.into(), from: Tally { rows: from, sum: 7 }, to: Tally { rows: to, sum: 7 } }
    }

    #[test]
    fn the_report_names_what_differs() {
        let good = told(&[moved("alerts", 2, 2), moved("envelopes", 3, 3)]);
        assert!(good.ends_with("5 rows in 2 tables are the same in both.") && !good.contains("DIFFERS"), "{good}");
        let bad = told(&[moved("alerts", 2, 2), moved("envelopes", 3, 4)]);
        assert!(bad.ends_with("1 of 2 tables differ.") && bad.lines().nth(1).unwrap().contains("DIFFERS: 4"), "{bad}");
    }

    #[test]
    fn a_tenth_is_said_once() {
        let mut progress = Progress::default();
        let step = |done| Step { what: "moved", table: "messages", done, of: 1000 };
        let said: Vec<bool> = [10, 99, 100, 150, 250, 1000].into_iter().map(|done| progress.line(step(done)).is_some()).collect();
        assert_eq!(said, [false, false, true, false, true, true]);
    }
}
