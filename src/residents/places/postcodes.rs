//! Importing postcodes: a CSV (or its gzip) with `postcode,sector,district_code,lat,lon`, as `fixtures/derbyshire` has it.
//!
//! A postcode of a sector too small to be an area goes to that of the nearest postcode in its district: mostly large users
//! such as an office's own postcode. The demo plants its places by the same rule.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::normalise_postcode;
use crate::app::App;
use crate::store::places::{self, PostcodeRow};

/// A line of the file.
#[derive(Clone, Debug, Deserialize)]
pub struct PostcodeLine {
    /// `DE1 3AB`.
    pub postcode: String,
    /// `DE1 3`.
    pub sector: String,
    /// The district's code.
    pub district_code: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostcodesImported {
    /// New ones.
    pub added: usize,
    /// Those that were there before.
    pub known: usize,
    /// What could not be placed, with its line and why.
    pub faults: Vec<String>,
}

/// Gives every postcode its sector; `sectors` are the known ones by code. Those of districts without any are left over.
pub fn settle(lines: Vec<PostcodeLine>, sectors: &BTreeMap<String, i64>) -> (Vec<PostcodeRow>, Vec<PostcodeLine>) {
    let (mut by_district, mut strays) = (HashMap::<String, Vec<PostcodeRow>>::new(), Vec::new());
    for line in lines {
        match sectors.get(&line.sector) {
            Some(sector) => by_district.entry(line.district_code.clone()).or_default().push(row(&line, *sector)),
            None => strays.push(line),
        }
    }
    let mut left = Vec::new();
    for line in strays {
        let settled = by_district.entry(line.district_code.clone()).or_default();
        let here = row(&line, 0);
        match settled.iter().min_by(|a, b| apart(a, &here).total_cmp(&apart(b, &here))).map(|nearest| nearest.area_id) {
            Some(area_id) => settled.push(PostcodeRow { area_id, ..here }),
            None => left.push(line),
        }
    }
    let mut rows: Vec<PostcodeRow> = by_district.into_values().flatten().collect();
    // The order of a hash map differs from run to run; what is invented may not.
    rows.sort_unstable_by(|a, b| a.postcode.cmp(&b.postcode));
    (rows, left)
}

fn row(line: &PostcodeLine, area_id: i64) -> PostcodeRow {
    PostcodeRow { postcode: line.postcode.clone(), area_id, latitude: line.lat, longitude: line.lon }
}

/// The square of the distance in degrees of latitude; at 53° north a degree of longitude is 0.6 of one of latitude.
fn apart(a: &PostcodeRow, b: &PostcodeRow) -> f64 {
    let (north, east) = (a.latitude - b.latitude, (a.longitude - b.longitude) * 0.6);
    north.mul_add(north, east * east)
}

/// Imports postcodes; those that are there already stay as they are. Errors: it is no such CSV, or the database fails.
pub async fn import_postcodes(app: &App, raw: &[u8]) -> anyhow::Result<PostcodesImported> {
    let mut text = Vec::new();
    if raw.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(raw).read_to_end(&mut text).context("the gzip file is damaged")?;
    } else {
        text.extend_from_slice(raw);
    }
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in (2_usize..).zip(csv::Reader::from_reader(text.as_slice()).into_deserialize::<PostcodeLine>()) {
        match line {
            Ok(line) => match normalise_postcode(&line.postcode) {
                Some(postcode) => lines.push(PostcodeLine { postcode, ..line }),
                None => faults.push(format!("line {number}: {:?} is not a postcode", line.postcode)),
            },
            Err(error) if number == 2 && matches!(error.kind(), csv::ErrorKind::Deserialize { .. }) => {
                anyhow::bail!("the columns must be postcode,sector,district_code,lat,lon: {error}")
            }
            Err(error) => faults.push(format!("line {number}: {error}")),
        }
    }
    let mut conn = app.read().await?;
    let sectors = places::list_areas(&mut conn).await?.into_iter().filter(|area| area.kind == "sector").map(|area| (area.code, area.id)).collect();
    drop(conn);
    let (rows, left) = settle(lines, &sectors);
    faults.extend(
        left.iter().map(|line| {
            format!("{}: there is no sector {:?}, and none of its district {:?}; import areas first", line.postcode, line.sector, line.district_code)
        }),
    );
    let total = rows.len();
    let handed = app.clone();
    let added = app.run(async move { places::insert_postcodes(&mut handed.write().await?, rows).await }).await?;
    Ok(PostcodesImported { added, known: total - added, faults })
}

/// Imports a file and prints what came of it; an error if nothing in it could be placed.
pub async fn run_postcodes(app: &App, path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let raw = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let done = import_postcodes(app, &raw).await.with_context(|| format!("{shown} was not imported"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{shown}: {} postcodes added, {} known already, {} rejected", done.added, done.known, done.faults.len())?;
    for fault in done.faults.iter().take(20) {
        writeln!(out, "  {fault}")?;
    }
    if done.faults.len() > 20 {
        writeln!(out, "  … and {} more", done.faults.len() - 20)?;
    }
    anyhow::ensure!(done.added + done.known > 0, "no postcode of {shown} could be placed");
    Ok(())
}
