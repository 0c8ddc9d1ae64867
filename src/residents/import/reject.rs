//! The reject CSV: every row that could not be taken, as it was, with its line and all its reasons in front.

use std::io::Write;

/// Writes rejected rows; the header goes out with the first one, so that no rows leave an empty file.
pub(super) struct Rejects<W: Write> {
    out: csv::Writer<W>,
    header: Option<Vec<Vec<u8>>>,
}

impl<W: Write> Rejects<W> {
    /// For rows with these columns.
    pub(super) fn new<'a>(out: W, columns: impl Iterator<Item = &'a [u8]>) -> Self {
        let header = [b"line".to_vec(), b"reason".to_vec()].into_iter().chain(columns.map(<[u8]>::to_vec)).collect();
        Self { out: csv::WriterBuilder::new().flexible(true).from_writer(out), header: Some(header) }
    }

    /// Adds a row; `line` counts from 1 in the file that was read.
    pub(super) fn put<'a>(&mut self, line: u64, reasons: &[String], fields: impl Iterator<Item = &'a [u8]>) -> csv::Result<()> {
        if let Some(header) = self.header.take() {
            self.out.write_record(header)?;
        }
        self.out.write_field(line.to_string())?;
        self.out.write_field(reasons.join("; "))?;
        self.out.write_record(fields)
    }

    /// Writes out what is left; an error that dropping would have hidden shows here.
    pub(super) fn finish(mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
