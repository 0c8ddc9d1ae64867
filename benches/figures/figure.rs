//! A figure, and what stood around it when it was measured.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

/// What is asked of a figure.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    /// In the figure's own unit.
    AtMost(f64),
    /// In the figure's own unit.
    AtLeast(f64),
    /// Of the reference.
    RatioAtMost(f64),
    /// Of the reference.
    RatioAtLeast(f64),
}

/// One line of the output.
#[derive(Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) backend: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) reference: Option<&'static str>,
    pub(crate) reference_value: Option<f64>,
    pub(crate) ratio: Option<f64>,
    pub(crate) asked: Option<Bound>,
    pub(crate) met: Option<bool>,
    pub(crate) load: f64,
    pub(crate) fdatasync_per_s: f64,
}

impl Figure {
    pub(crate) fn new(name: &'static str, backend: &'static str, value: f64, unit: &'static str, around: Surroundings) -> Self {
        let Surroundings { load, fdatasync_per_s } = around;
        Self { name, backend, value: rounded(value), unit, reference: None, reference_value: None, ratio: None, asked: None, met: None, load, fdatasync_per_s }
    }

    /// Held against something.
    pub(crate) fn against(self, reference: &'static str, reference_value: f64) -> Self {
        let ratio = (reference_value > 0.0).then(|| rounded(self.value / reference_value));
        Self { reference: Some(reference), reference_value: Some(rounded(reference_value)), ratio, ..self }
    }

    /// Held to something; a bound on the ratio is not met where there is no ratio.
    pub(crate) fn asked(self, bound: Bound) -> Self {
        let met = match bound {
            Bound::AtMost(most) => self.value <= most,
            Bound::AtLeast(least) => self.value >= least,
            Bound::RatioAtMost(most) => self.ratio.is_some_and(|ratio| ratio <= most),
            Bound::RatioAtLeast(least) => self.ratio.is_some_and(|ratio| ratio >= least),
        };
        Self { asked: Some(bound), met: Some(met), ..self }
    }

    /// Held to a most, in its own unit.
    pub(crate) fn at_most(self, most: f64) -> Self {
        self.asked(Bound::AtMost(most))
    }

    /// Held to a least, in its own unit.
    pub(crate) fn at_least(self, least: f64) -> Self {
        self.asked(Bound::AtLeast(least))
    }
}

/// Every figure so far; each is printed as soon as it is known.
#[derive(Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    pub(crate) fn add(&mut self, figure: Figure) -> anyhow::Result<()> {
        println!("{}", serde_json::to_string(&figure)?);
        self.0.push(figure);
        Ok(())
    }

    pub(crate) fn figures(&self) -> &[Figure] {
        &self.0
    }
}

/// The machine as a figure's measurement found it.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    load: f64,
    fdatasync_per_s: f64,
}

impl Surroundings {
    /// Looks around; takes a second. The folder is on the database's file system.
    pub(crate) fn look(folder: &Path) -> anyhow::Result<Self> {
        let load = std::fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
        let load = load.split(' ').next().and_then(|one_minute| one_minute.parse().ok()).context("/proc/loadavg has another form")?;
        Ok(Self { load, fdatasync_per_s: rounded(syncs_per_second(folder)?) })
    }
}

/// 4 kB written over what is there and made durable, again and again: what a write-ahead log does at its best.
fn syncs_per_second(folder: &Path) -> anyhow::Result<f64> {
    const BLOCK: [u8; 4096] = [0x5a; 4096];
    const BLOCKS: u64 = 256;
    let path = folder.join(format!("figures-sync-{}", std::process::id()));
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path).with_context(|| path.display().to_string())?;
    let work = || -> std::io::Result<f64> {
        for block in 0..BLOCKS {
            file.write_all_at(&BLOCK, block * 4096)?;
        }
        file.sync_all()?;
        let (begun, mut done) = (Instant::now(), 0_u32);
        while begun.elapsed() < Duration::from_secs(1) {
            file.write_all_at(&BLOCK, u64::from(done) % BLOCKS * 4096)?;
            file.sync_data()?;
            done += 1;
        }
        Ok(f64::from(done) / begun.elapsed().as_secs_f64())
    };
    let rate = work();
    std::fs::remove_file(&path)?;
    Ok(rate?)
}

/// The value below which this many thousandths of the sorted durations lie, in milliseconds.
pub(crate) fn percentile_ms(sorted: &[Duration], thousandths: usize) -> f64 {
    let rank = (sorted.len() * thousandths).div_ceil(1000).max(1) - 1;
    sorted.get(rank).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1000.0)
}

/// A count as a number to divide.
pub(crate) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
