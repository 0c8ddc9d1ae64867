//! `[pure]` The header of an import: which column is where, and one record by its column names.

use csv::ByteRecord;

use super::row::RawRow;

const NAMES: [&str; 8] = ["name", "phone", "email", "postcode", "groups", "channels", "consent_source", "consent_at"];

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Columns {
    at: [usize; 8],
    /// Columns in front that an earlier import put there: `line,reason` of a reject file that comes back mended.
    skip: usize,
    width: usize,
}

impl Columns {
    /// Reads the header; the error says every column that is missing, double or unknown.
    pub(super) fn read(header: &ByteRecord) -> anyhow::Result<Self> {
        let given: Vec<String> = header.iter().map(|field| String::from_utf8_lossy(field).trim_matches(is_padding).to_lowercase()).collect();
        let skip = if given.starts_with(&["line".to_owned(), "reason".to_owned()]) { 2 } else { 0 };
        let mut faults = Vec::new();
        for (index, column) in given.iter().enumerate().skip(skip) {
            if !NAMES.contains(&column.as_str()) {
                faults.push(format!("\"{column}\" is none of its columns"));
            } else if given.iter().skip(index + 1).any(|other| other == column) {
                faults.push(format!("{column} is there twice"));
            }
        }
        let at = NAMES.map(|name| given.iter().position(|column| column == name));
        let missing: Vec<_> = NAMES.iter().zip(at).filter(|(_, at)| at.is_none()).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            faults.push(format!("missing: {}", missing.join(", ")));
        }
        if given.len() == 1 && given.iter().any(|only| only.contains([';', '\t'])) {
            faults = vec!["columns must be separated by commas".to_owned()];
        }
        anyhow::ensure!(faults.is_empty(), "the header must be {} (in any order, nothing else): {}", NAMES.join(","), faults.join("; "));
        Ok(Self { at: at.map(Option::unwrap_or_default), skip, width: given.len() })
    }

    /// The record by column names; the reasons say why it cannot be read as a row.
    pub(super) fn pick<'a>(&self, record: &'a ByteRecord, line: u64) -> Result<RawRow<'a>, Vec<String>> {
        if record.len() != self.width {
            return Err(vec![format!("the row has {} fields, the header has {}", record.len(), self.width)]);
        }
        let mut fields = [""; 8];
        let mut reasons = Vec::new();
        for ((field, at), name) in fields.iter_mut().zip(self.at).zip(NAMES) {
            match std::str::from_utf8(record.get(at).unwrap_or_default()) {
                Err(_) => reasons.push(format!("{name}: the text is not UTF-8: save the file as \"CSV UTF-8\"")),
                Ok(text) if text.contains(['\n', '\r']) => reasons.push(format!("{name}: it runs over several lines: is a quotation mark missing?")),
                Ok(text) if text.contains(char::is_control) => reasons.push(format!("{name}: it has characters in it that cannot be printed")),
                Ok(text) => *field = text.trim(),
            }
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let [name, phone, email, postcode, groups, channels, consent_source, consent_at] = fields;
        Ok(RawRow { line, name, phone, email, postcode, groups, channels, consent_source, consent_at })
    }

    /// The fields as the force gave them, without what an earlier import put in front.
    pub(super) fn originals<'a>(&self, record: &'a ByteRecord) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        record.iter().skip(self.skip)
    }
}

fn is_padding(c: char) -> bool {
    c == '\u{feff}' || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> ByteRecord {
        ByteRecord::from(line.split(',').collect::<Vec<_>>())
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        let columns = Columns::read(&header("\u{feff}consent_at,Name ,phone,email,postcode,groups,channels,consent_source")).unwrap();
        let record = header("2025-01-02,Jo,1,2,3,4,5,stall");
        let raw = columns.pick(&record, 9).unwrap();
        assert_eq!((raw.line, raw.name, raw.consent_at, raw.consent_source), (9, "Jo", "2025-01-02", "stall"));
    }

    #[test]
    fn a_mended_reject_file_is_taken() {
        let columns = Columns::read(&header("line,reason,name,phone,email,postcode,groups,channels,consent_source,consent_at")).unwrap();
        let record = header("7,phone: no,Jo,1,2,3,4,5,stall,2025-01-02");
        assert_eq!(columns.pick(&record, 2).unwrap().name, "Jo");
        assert_eq!(columns.originals(&record).next(), Some(b"Jo".as_slice()));
    }

    #[test]
    fn a_wrong_header_says_what_is_wrong() {
        for (line, says) in [
            ("name,phone,email,postcode,groups,channels,consent_source,consent_at,dob", "\"dob\" is none of its columns"),
            ("name,phone,phone,email,postcode,groups,channels,consent_source,consent_at", "phone is there twice"),
            ("name,phone,email,postcode,groups,channels", "missing: consent_source, consent_at"),
            ("name;phone;email;postcode", "separated by commas"),
            ("reason,line,name,phone,email,postcode,groups,channels,consent_source,consent_at", "\"reason\" is none of its columns"),
        ] {
            let error = Columns::read(&header(line)).unwrap_err().to_string();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn a_record_that_is_no_row_says_why() {
        let columns = Columns::read(&header(&NAMES.join(","))).unwrap();
        let of = |first: &[u8]| {
            let mut record = ByteRecord::new();
            record.push_field(first);
            (0..7).for_each(|_| record.push_field(b""));
            columns.pick(&record, 1).err().unwrap_or_default().join("; ")
        };
        assert_eq!(of(b"Jo"), "");
        assert!(of(b"Zo\xeb").contains("name: the text is not UTF-8"));
        assert!(of(b"Jo\nAl,,,").contains("quotation mark"));
        assert!(of(b"Jo\0").contains("cannot be printed"));
        assert_eq!(columns.pick(&header("a,b"), 1).unwrap_err(), ["the row has 2 fields, the header has 8"]);
    }
}
