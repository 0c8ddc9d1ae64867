//! Importing residents from a CSV file that the force vouches for.
//!
//! Owns: reading the file row by row, keeping the good rows and handing back the bad ones with their reasons. Must not: lift
//! a suppression, or change anybody who is known already. Data: from the command line; a row is checked in `row` (pure),
//! good ones are written in chunks by `chunk`, bad ones go to the reject CSV.
//!
//! Running the same file again is safe: what was added the first time is known the second time.

mod chunk;
mod columns;
mod command;
mod reject;
mod row;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use anyhow::Context as _;
use csv::{ByteRecord, ReaderBuilder};

use self::columns::Columns;
pub use self::command::run_residents;
use self::reject::Rejects;
pub use self::row::{Against, Applicant, RawRow, check_row};
use super::places::Whereabouts;
use crate::app::App;
use crate::store::places;

/// Good rows in one transaction: few enough that webhooks never wait long for the writer.
const CHUNK: usize = 500;

/// What an import did. `rows` = `added` + `known` + `rejected`; lines with nothing in them are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows read.
    pub rows: u64,
    /// New residents.
    pub added: u64,
    /// Rows with an address that somebody has already; they changed nothing.
    pub known: u64,
    /// Rows that went to the reject CSV.
    pub rejected: u64,
}

/// Imports residents from `csv` with the header `name,phone,email,postcode,groups,channels,consent_source,consent_at` in any
/// order; bad rows go to `reject` with `line,reason` in front, and nothing at all is written there if there are none.
///
/// `progress` is told the bytes read so far. An address that is suppressed stays suppressed. Errors: the header is wrong, the
/// file cannot be read further, or the database fails; chunks written by then stay, and the import can be run again.
pub async fn import_residents(app: &App, csv: impl Read, reject: impl Write, progress: &dyn Fn(u64)) -> anyhow::Result<Imported> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(csv);
    let header = reader.byte_headers().context("the header cannot be read")?.clone();
    let columns = Columns::read(&header)?;
    let against = load(app).await?;
    let mut rejects = Rejects::new(reject, columns.originals(&header));
    let (mut done, mut good, mut record) = (Imported::default(), Vec::with_capacity(CHUNK), ByteRecord::new());
    while reader.read_byte_record(&mut record).with_context(|| format!("row {} cannot be read", done.rows + 1))? {
        progress(reader.position().byte());
        if record.iter().all(|field| field.trim_ascii().is_empty()) {
            continue;
        }
        done.rows += 1;
        let line = record.position().map_or(0, csv::Position::line);
        let checked = columns.pick(&record, line).and_then(|raw| check_row(&raw, &against));
        match checked {
            Ok(applicant) => good.push(applicant),
            Err(reasons) => {
                done.rejected += 1;
                rejects.put(line, &reasons, columns.originals(&record)).context("the reject file cannot be written")?;
            }
        }
        if good.len() == CHUNK {
            settle(app, std::mem::take(&mut good), &mut done).await?;
        }
    }
    settle(app, good, &mut done).await?;
    rejects.finish().context("the reject file cannot be written")?;
    Ok(done)
}

async fn load(app: &App) -> anyhow::Result<Against> {
    let handed = app.clone();
    let (whereabouts, groups) = app
        .run(async move {
            let mut conn = handed.read().await?;
            let whereabouts = Whereabouts::load(&mut conn).await?;
            Ok::<_, diesel::result::Error>((whereabouts, places::list_groups(&mut conn).await?))
        })
        .await?;
    let groups: BTreeMap<_, _> = groups.into_iter().map(|group| (group.slug, group.id)).collect();
    Ok(Against { simulated: app.channels().texts_are_simulated(), whereabouts, groups, now: app.now() })
}

async fn settle(app: &App, good: Vec<Applicant>, done: &mut Imported) -> anyhow::Result<()> {
    if good.is_empty() {
        return Ok(());
    }
    let (all, handed) = (u64::try_from(good.len())?, app.clone());
    let added = app.run(async move { chunk::write(&handed, good).await }).await.context("a chunk of rows could not be stored; run the import again")?;
    done.added += added;
    done.known += all - added;
    Ok(())
}
