//! Checks an export without the system that made it: its structure, every hash, nothing added, nothing missing.
//!
//! By itself an export can only be held against its own manifest. Given the digest that the audit log keeps, every byte of it
//! is held to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::bundle::MANIFEST;
use super::record::{self, Record, SCHEMA};
use super::trail;
use crate::audit::originals::Original;

/// What every export has besides its manifest.
const ALWAYS: &[&str] = &["README.txt", "conversation.json", "conversation.pdf", "audit.jsonl"];
/// The bytes that end a ZIP without a comment.
const ENDING: u64 = 22;
/// The manifest and the JSON are read whole: neither grows beyond this.
const MOST_TEXT: u64 = 256 << 20;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whether nothing was found wrong.
    pub ok: bool,
    /// The first fault, as a sentence.
    pub fault: Option<String>,
    /// Files whose hash is as in the manifest.
    pub files: usize,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// SHA-256 of its manifest, once it was read.
    pub manifest_sha256: Option<String>,
    /// Whether a digest was given to hold it against.
    pub held_to_digest: bool,
}

/// Checks a file, against the digest that the audit log keeps if one is given. Fails only if the file cannot be read.
pub fn check(path: &Path, digest: Option<[u8; 32]>) -> std::io::Result<Checked> {
    let mut file = File::open(path)?;
    let sha256 = hash(&mut file)?;
    let mut checked = Checked { ok: false, fault: None, files: 0, sha256: hex::encode(sha256), manifest_sha256: None, held_to_digest: digest.is_some() };
    let found = if digest.is_some_and(|digest| digest != sha256) {
        Err("it is not, byte for byte, the file that the given digest names".to_owned())
    } else {
        file.rewind()?;
        read(BufReader::new(file), &mut checked)
    };
    checked.fault = found.err();
    checked.ok = checked.fault.is_none();
    Ok(checked)
}

fn hash(bytes: &mut impl Read) -> std::io::Result<[u8; 32]> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 128 << 10]);
    loop {
        let read = bytes.read(&mut piece)?;
        let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { return Ok(hash.finalize().into()) };
        hash.update(part);
    }
}

fn read(mut file: impl Read + Seek, checked: &mut Checked) -> Result<(), String> {
    let (length, directory) = end_of(&mut file).map_err(|_| "it has no end as a ZIP has: it was cut or added to".to_owned())?;
    let mut zip = ZipArchive::new(file).map_err(|error| format!("it is no ZIP, or its directory was changed ({error})"))?;
    // Larger ones have a second end of 76 bytes before the first.
    let end = zip.central_directory_start().saturating_add(directory).saturating_add(ENDING);
    if end != length && end.saturating_add(76) != length {
        return Err("there are bytes at its end that belong to nothing".to_owned());
    }
    let names = structure(&mut zip)?;
    let manifest = text_of(&mut zip, MANIFEST)?;
    checked.manifest_sha256 = Some(hex::encode(Sha256::digest(manifest.as_bytes())));
    let listed = listed(&manifest)?;
    if let Some(added) = names.iter().find(|name| !listed.contains_key(*name) && *name != MANIFEST) {
        return Err(format!("{added} is not in the manifest: it was added"));
    }
    if let Some(missing) = listed.keys().find(|name| !names.contains(*name)) {
        return Err(format!("{missing} is in the manifest and not in the file: it was removed"));
    }
    if let Some(missing) = ALWAYS.iter().find(|name| !listed.contains_key(**name)) {
        return Err(format!("there is no {missing}, which every export has"));
    }
    for (name, expected) in &listed {
        let mut entry = zip.by_name(name).map_err(|error| format!("{name} cannot be read ({error})"))?;
        let found = hash(&mut entry).map_err(|error| format!("{name} cannot be unpacked ({error})"))?;
        if hex::encode(found) != *expected {
            return Err(format!("{name} was changed: its SHA-256 is not the one in the manifest"));
        }
        checked.files += 1;
    }
    let record = record_of(&text_of(&mut zip, "conversation.json")?)?;
    seals(&record, &listed)?;
    let trail = text_of(&mut zip, "audit.jsonl")?;
    trail::check(&trail)?;
    let noted = trail::received(&trail);
    for original in record.messages.iter().filter_map(|message| message.original.as_ref()) {
        let target = match &original.target_file {
            Some(name) => text_of(&mut zip, name)?,
            None => String::new(),
        };
        let mut headers = Vec::new();
        let mut entry = zip.by_name(&original.headers_file).map_err(|_| format!("there is no {}", original.headers_file))?;
        entry.by_ref().take(MOST_TEXT).read_to_end(&mut headers).map_err(|error| format!("{} cannot be read ({error})", original.headers_file))?;
        as_noted(original, &headers, &target, &noted)?;
    }
    Ok(())
}

/// What the audit log noted when it came in is what is here.
fn as_noted(original: &record::Original, headers: &[u8], target: &str, noted: &BTreeMap<i64, BTreeMap<i64, String>>) -> Result<(), String> {
    let Some(named) = &original.noted else { return Ok(()) };
    let faulty = || format!("{} does not bear the seal that the audit log has of it", original.file);
    let (salt, body) = (hex::decode(&named.salt).map_err(|_| faulty())?, hex::decode(&original.sha256).map_err(|_| faulty())?);
    let found = Original {
        salt: &salt,
        id: named.envelope,
        channel: &named.channel,
        kind: &named.kind,
        target,
        headers,
        body: &body,
        received_at: trail::at(named.received_at_us).ok_or_else(faulty)?,
    };
    let seal = found.seal();
    let in_log = noted.get(&named.entry).and_then(|seals| seals.get(&named.envelope));
    if seal == named.seal && in_log == Some(&seal) { Ok(()) } else { Err(faulty()) }
}

/// The file's length and its directory's, from its last bytes; nothing may follow them.
fn end_of(file: &mut (impl Read + Seek)) -> std::io::Result<(u64, u64)> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::End(-22))?;
    let mut end = [0; 22];
    file.read_exact(&mut end)?;
    file.rewind()?;
    match end {
        [b'P', b'K', 5, 6, _, _, _, _, _, _, _, _, a, b, c, d, _, _, _, _, 0, 0] => Ok((length, u64::from(u32::from_le_bytes([a, b, c, d])))),
        _ => Err(std::io::ErrorKind::InvalidData.into()),
    }
}

/// Nothing before, between, behind or twice: bytes that no entry names could be read by another program.
fn structure<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<BTreeSet<String>, String> {
    if zip.offset() != 0 || !zip.comment().is_empty() {
        return Err("there is something before the ZIP or behind it".to_owned());
    }
    zip.validate_header_consistency().map_err(|error| format!("its entries and its directory do not agree ({error})"))?;
    let mut places = Vec::new();
    let mut names = BTreeSet::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|error| format!("entry {index} cannot be read ({error})"))?;
        let name = entry.name().map_err(|error| format!("entry {index} has no name that can be read ({error})"))?.into_owned();
        let safe = !name.is_empty() && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..") && !name.contains(['\\', '\0', '\n', '\r']);
        if !safe || entry.is_dir() || entry.encrypted() || entry.is_symlink() {
            return Err(format!("{name:?} is no plain file"));
        }
        let data = entry.data_start().ok_or_else(|| format!("{name} has no place"))?;
        places.push((entry.header_start(), data.saturating_add(entry.compressed_size())));
        if !names.insert(name.clone()) {
            return Err(format!("{name} is there twice"));
        }
    }
    places.sort_unstable();
    let mut end = 0;
    for (from, to) in places {
        if from != end {
            return Err("there are bytes between the entries that belong to none".to_owned());
        }
        end = to;
    }
    if end == zip.central_directory_start() { Ok(names) } else { Err("there are bytes behind the last entry that belong to none".to_owned()) }
}

fn text_of<R: Read + Seek>(zip: &mut ZipArchive<R>, name: &str) -> Result<String, String> {
    let entry = zip.by_name(name).map_err(|_| format!("there is no {name}, which every export has"))?;
    let mut text = String::new();
    entry.take(MOST_TEXT).read_to_string(&mut text).map_err(|error| format!("{name} cannot be read ({error})"))?;
    Ok(text)
}

/// Name to hash.
fn listed(manifest: &str) -> Result<BTreeMap<String, String>, String> {
    let mut listed = BTreeMap::new();
    for line in manifest.lines() {
        let (hash, name) = line.split_once("  ").filter(|(hash, _)| hash.len() == 64).ok_or("the manifest has a line that is no hash and name")?;
        if listed.insert(name.to_owned(), hash.to_owned()).is_some() {
            return Err(format!("the manifest names {name} twice"));
        }
    }
    Ok(listed)
}

fn record_of(json: &str) -> Result<Record, String> {
    let record: Record = serde_json::from_str(json).map_err(|error| format!("conversation.json is not of its form ({error})"))?;
    if record.schema == SCHEMA {
        Ok(record)
    } else {
        Err(format!("conversation.json is of the schema {:?}, which this program does not know: use a newer one", record.schema))
    }
}

/// What was sealed when it came in is what is here.
fn seals(record: &Record, listed: &BTreeMap<String, String>) -> Result<(), String> {
    let originals = record.messages.iter().filter_map(|message| message.original.as_ref()).map(|original| (&original.file, &original.sha256));
    let files = record.messages.iter().flat_map(|message| &message.attachments).map(|file| (&file.file, &file.sha256));
    let copies = record.working_copies.iter().map(|copy| (&copy.file, &copy.sha256));
    for (name, seal) in originals.chain(files).chain(copies) {
        if listed.get(name) != Some(seal) {
            return Err(format!("{name} does not bear the seal that conversation.json names"));
        }
    }
    Ok(())
}

/// The report for people.
pub fn told(checked: &Checked) -> String {
    let manifest = checked.manifest_sha256.as_deref().unwrap_or("not read");
    let held = if checked.held_to_digest {
        "It is, byte for byte, the file that the digest names."
    } else {
        "No digest was given: hold the SHA-256 below against the one on the conversation's page or in the audit log, or give it with --digest."
    };
    match &checked.fault {
        None => format!(
            "The export is whole: {} files, none changed, none added, none missing.\n{held}\nSHA-256 of the file:     {}\nSHA-256 of its manifest: {manifest}",
            checked.files, checked.sha256
        ),
        Some(fault) => format!("The export was tampered with or damaged: {fault}.\nSHA-256 of the file:     {}", checked.sha256),
    }
}
