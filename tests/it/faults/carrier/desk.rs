//! What the carrier knows: its mood, its file, what it took.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::wire::Offer;
use super::{HandOver, Mood, Tally};

/// Serial, moment, reference and words of a text.
type Known = (usize, DateTime<Utc>, String, String);

pub(super) struct Desk {
    pub(super) mood: watch::Sender<Mood>,
    /// Bumped when what hangs is to be cut.
    pub(super) letting_go: watch::Sender<u32>,
    lapse_every: AtomicUsize,
    book: Mutex<Book>,
    unanswered: AtomicUsize,
    turned_away: AtomicUsize,
    /// Connections, by the last byte of the address that they came to.
    open: [AtomicUsize; 8],
}

struct Book {
    file: File,
    taken: usize,
    by_reference: HashMap<String, Vec<Known>>,
    by_number: HashMap<String, Vec<Known>>,
}

/// What becomes of a text that was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Given(usize),
    Cut,
    Hangs,
}

impl Desk {
    pub(super) fn open_at(file: &Path) -> Self {
        let file = File::options().create(true).append(true).open(file).unwrap();
        Self {
            mood: watch::Sender::new(Mood::Steady),
            letting_go: watch::Sender::new(0),
            lapse_every: AtomicUsize::new(0),
            book: Mutex::new(Book { file, taken: 0, by_reference: HashMap::new(), by_number: HashMap::new() }),
            unanswered: AtomicUsize::new(0),
            turned_away: AtomicUsize::new(0),
            open: Default::default(),
        }
    }

    /// Writes a text down as taken, and says how it is answered.
    pub(super) fn take(&self, offer: Offer) -> Answer {
        let every = self.lapse_every.load(Ordering::SeqCst);
        let mut book = self.book.lock().unwrap();
        book.taken += 1;
        let (serial, at) = (book.taken, Utc::now());
        let line = HandOver { at_us: at.timestamp_micros(), to: offer.to.clone(), reference: offer.reference.clone(), body: offer.body.clone() };
        let line = serde_json::to_string(&line).unwrap() + "\n";
        book.file.write_all(line.as_bytes()).unwrap();
        let known = (serial, at, offer.reference.clone(), offer.body);
        book.by_reference.entry(offer.reference).or_default().push(known.clone());
        book.by_number.entry(offer.to).or_default().push(known);
        drop(book);
        match (serial.checked_rem(every), serial.checked_div(every)) {
            (Some(0), Some(turn)) => {
                self.unanswered.fetch_add(1, Ordering::SeqCst);
                if turn % 2 == 1 { Answer::Cut } else { Answer::Hangs }
            }
            _ => Answer::Given(serial),
        }
    }

    /// Takes every second text and leaves all hanging.
    pub(super) fn take_some(&self, offer: Offer) {
        if (self.unanswered.fetch_add(1, Ordering::SeqCst)).is_multiple_of(2) {
            self.take(offer);
        }
    }

    pub(super) fn turn_away(&self) {
        self.turned_away.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn by_reference(&self, reference: &str) -> Vec<Known> {
        self.book.lock().unwrap().by_reference.get(reference).cloned().unwrap_or_default()
    }

    pub(super) fn by_number(&self, number: &str) -> Vec<Known> {
        self.book.lock().unwrap().by_number.get(number).cloned().unwrap_or_default()
    }

    pub(super) fn connections(&self, node: usize) -> &AtomicUsize {
        &self.open[node % 8]
    }

    /// What the test says.
    pub(super) fn heed(&self, what: &str) -> Option<String> {
        let (verb, value) = what.trim_matches('/').split_once('/').unwrap_or((what.trim_matches('/'), ""));
        match verb {
            "mood" => {
                self.mood.send_replace(serde_json::from_str(&format!("\"{value}\"")).ok()?);
                self.letting_go.send_modify(|count| *count += 1);
            }
            "lapse" => self.lapse_every.store(value.parse().ok()?, Ordering::SeqCst),
            "open" => return Some(self.connections(value.parse().ok()?).load(Ordering::SeqCst).to_string()),
            "tally" => {
                let tally = Tally {
                    taken: self.book.lock().unwrap().taken,
                    unanswered: self.unanswered.load(Ordering::SeqCst),
                    turned_away: self.turned_away.load(Ordering::SeqCst),
                };
                return serde_json::to_string(&tally).ok();
            }
            _ => return None,
        }
        Some(String::new())
    }
}
