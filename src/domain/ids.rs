//! `[pure]` Ids: time-ordered numbers made in the app, and random public ids for URLs and the API.
//!
//! A number id is 41 bits of milliseconds since 2020, 10 bits of node, 12 bits of counter. It is never shown outside: a
//! sequence tells strangers how much there is and what is next to theirs.

use std::sync::atomic::{AtomicI64, Ordering};

use super::At;

/// 1 January 2020 in milliseconds since 1970.
const EPOCH_MS: i64 = 1_577_836_800_000;
const NODE_BITS: u32 = 10;
const COUNTER_BITS: u32 = 12;
/// Crockford's base 32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ids that rise with time and are unique across nodes that have different numbers.
#[derive(Debug)]
pub struct Ids {
    node: AtomicI64,
    /// Milliseconds and counter of the last id, joined, so that one compare-and-swap settles a race.
    last: AtomicI64,
}

impl Ids {
    /// A generator for this node, 0 to 1023.
    pub fn new(node: u16) -> Self {
        Self { node: AtomicI64::new(i64::from(node % 1024)), last: AtomicI64::new(0) }
    }

    /// Goes on under another number: this one is somebody else's.
    pub fn renumber(&self, node: u16) {
        self.node.store(i64::from(node % 1024), Ordering::Release);
    }

    /// The number of this node.
    pub fn node(&self) -> i64 {
        self.node.load(Ordering::Acquire)
    }

    /// The next id. If the clock stands still or steps back, ids go on rising from the last one.
    pub fn next(&self, now: At) -> i64 {
        let floor = (now.unix_ms().saturating_sub(EPOCH_MS)).max(0) << COUNTER_BITS;
        let previous = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(floor.max(last.saturating_add(1))));
        let joined = floor.max(previous.unwrap_or_else(|kept| kept).saturating_add(1));
        let (ms, counter) = (joined >> COUNTER_BITS, joined & ((1 << COUNTER_BITS) - 1));
        (ms << (NODE_BITS + COUNTER_BITS)) | (self.node() << COUNTER_BITS) | counter
    }

    /// Takes so many ids at once, for rows that the database makes: no other call gives any of them.
    ///
    /// They are the ids that so many calls of [`Self::next`] would have given. 4,096 fit into a millisecond, so that a large
    /// block reaches a few milliseconds ahead of the clock, and what is made next goes on behind it.
    pub fn reserve(&self, now: At, count: u32) -> Block {
        let floor = (now.unix_ms().saturating_sub(EPOCH_MS)).max(0) << COUNTER_BITS;
        let count = i64::from(count.max(1));
        let after = |last: i64| floor.max(last.saturating_add(1));
        let previous = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(after(last).saturating_add(count - 1)));
        Block { first: after(previous.unwrap_or_else(|kept| kept)), node: self.node() }
    }

    /// The smallest id that could have been made at this moment: a time bound usable on the primary key.
    pub fn floor(at: At) -> i64 {
        (at.unix_ms().saturating_sub(EPOCH_MS)).max(0) << (NODE_BITS + COUNTER_BITS)
    }

    /// When an id was made.
    pub fn moment(id: i64) -> At {
        At::from_unix_ms(EPOCH_MS.saturating_add(id.max(0) >> (NODE_BITS + COUNTER_BITS)))
    }
}

/// Ids taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Milliseconds and counter of the first, joined.
    first: i64,
    node: i64,
}

impl Block {
    /// The id at this place of the block, counted from 0.
    pub fn at(self, place: i64) -> i64 {
        let joined = self.first.saturating_add(place);
        ((joined >> COUNTER_BITS) << (NODE_BITS + COUNTER_BITS)) | (self.node << COUNTER_BITS) | (joined & ((1 << COUNTER_BITS) - 1))
    }

    /// The numbers that [`Self::at`] is made of, for whoever says it in another language: the first one's milliseconds and
    /// counter, how many bits of it count, how far its milliseconds are shifted, and the node's bits in their place.
    pub fn parts(self) -> [i64; 4] {
        [self.first, COUNTER_BITS.into(), (NODE_BITS + COUNTER_BITS).into(), self.node << COUNTER_BITS]
    }
}

/// A random public id of 80 bits, 16 characters.
pub fn public_id() -> String {
    let random: [u8; 10] = rand::random();
    base32(&random)
}

/// A random secret of 256 bits in hexadecimal, for cookies and keys.
pub fn secret() -> String {
    let random: [u8; 32] = rand::random();
    hex::encode(random)
}

/// Lower-case Crockford base 32 of bytes; five bytes make eight characters.
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(symbol(held >> bits));
        }
    }
    if bits > 0 {
        out.push(symbol(held << (5 - bits)));
    }
    out
}

/// The Crockford character for the lowest five bits.
pub(crate) fn symbol(value: u32) -> char {
    let index = usize::try_from(value & 31).unwrap_or(0);
    ALPHABET.get(index).map_or('0', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_never_repeat_even_when_the_clock_steps_back() {
        let ids = Ids::new(3);
        let mut last = 0;
        for ms in [EPOCH_MS + 10, EPOCH_MS + 10, EPOCH_MS + 5, EPOCH_MS + 11] {
            for _ in 0..5_000 {
                let id = ids.next(At::from_unix_ms(ms));
                assert!(id > last);
                last = id;
            }
        }
    }

    #[test]
    fn ids_of_two_nodes_differ_at_the_same_moment() {
        let now = At::from_unix_ms(EPOCH_MS + 77);
        assert_ne!(Ids::new(1).next(now), Ids::new(2).next(now));
    }

    #[test]
    fn a_block_is_what_as_many_single_ids_would_have_been() {
        let (single, block) = (Ids::new(7), Ids::new(7));
        let mut now = At::from_unix_ms(EPOCH_MS + 50);
        for count in [1, 4_096, 10_000, 3, 20_000] {
            let taken = block.reserve(now, count);
            for place in 0..i64::from(count) {
                assert_eq!(taken.at(place), single.next(now));
            }
            assert_eq!(block.next(now), single.next(now), "and what is made next goes on behind it");
            now = now.plus_ms(1);
        }
    }

    #[test]
    fn an_id_lies_above_the_floor_of_its_moment() {
        let now = At::from_unix_ms(EPOCH_MS + 1_000_000);
        let id = Ids::new(1023).next(now);
        assert!(id >= Ids::floor(now) && id < Ids::floor(now.plus_ms(2)));
    }

    #[test]
    fn base32_has_sixteen_characters_for_eighty_bits() {
        assert_eq!(base32(&[0xff; 10]), "z".repeat(16));
        assert_eq!(public_id().len(), 16);
    }
}
