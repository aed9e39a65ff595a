//! [`LastSamples`]: the last sample of each series, so that what is sent again is not stored again.
//!
//! A request sees what it sent before of the same series; others do once it is stored.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts that are locked on their own.
const SHARDS: usize = 16;

/// Time and content of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastSample {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    /// Bits of the value, or a hash of a histogram.
    pub(crate) bits: u64,
}

/// Samples that were stored, each to be noted for its series.
pub(crate) type Stored = Vec<(Arc<Last>, LastSample)>;

/// Keys that are hashes already.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64 ^ (key >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

pub(crate) type ByKey<V> = HashMap<u64, V, BuildHasherDefault<KeyHasher>>;

/// A bounded map from series to samples. When it is full, series of which nothing was heard for
/// long make room, as a clock with one hand finds them.
#[derive(Debug)]
pub(crate) struct LastSamples {
    shards: Vec<Mutex<Shard>>,
    /// Of one shard.
    series_max: usize,
}

#[derive(Debug, Default)]
struct Shard {
    places: ByKey<usize>,
    entries: Vec<Entry>,
    hand: usize,
}

#[derive(Debug)]
struct Entry {
    key: u64,
    last: Arc<Last>,
}

/// The last sample of one series.
#[derive(Debug, Default)]
pub(crate) struct Last {
    samples: Mutex<Samples>,
    /// Since the hand went by.
    used: AtomicBool,
}

#[derive(Debug, Default)]
struct Samples {
    stored: Option<LastSample>,
    /// The number of a request and what it sent last.
    sent: Option<(u64, LastSample)>,
}

impl Last {
    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last sample as a request sees it.
    pub(crate) fn seen_by(&self, request: u64) -> Option<LastSample> {
        let samples = self.samples();
        samples.sent.filter(|(by, _)| *by == request).map(|(_, sample)| sample).or(samples.stored)
    }

    /// Notes what a request sent, for itself.
    pub(crate) fn send(&self, request: u64, sample: LastSample) {
        self.samples().sent = Some((request, sample));
        self.used.store(true, Ordering::Relaxed);
    }

    /// Notes a sample that was stored. Requests may overtake each other.
    pub(crate) fn store(&self, sample: LastSample) {
        let mut samples = self.samples();
        if samples.stored.is_none_or(|stored| sample.time >= stored.time) {
            samples.stored = Some(sample);
        }
    }
}

impl LastSamples {
    /// Remembers about as many series as told; memory is taken as they come.
    pub(crate) fn new(series_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, series_max: series_max.div_ceil(SHARDS) }
    }

    /// What is remembered of a series.
    pub(crate) fn get(&self, key: u64) -> Option<Arc<Last>> {
        if self.series_max == 0 {
            return None;
        }
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        shard.places.get(&key).map(|place| Arc::clone(&shard.entries[*place].last))
    }

    /// Remembers a sample.
    pub(crate) fn set(&self, key: u64, last: LastSample) {
        if self.series_max > 0 {
            self.shard(key).lock().unwrap_or_else(PoisonError::into_inner).set(key, last, self.series_max);
        }
    }

    /// How many series are remembered.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().entries.len()).sum()
    }

    fn shard(&self, key: u64) -> &Mutex<Shard> {
        // The map looks at the low bits first and at the highest seven.
        &self.shards[(key >> 40) as usize % SHARDS]
    }
}

impl Shard {
    fn set(&mut self, key: u64, last: LastSample, series_max: usize) {
        if let Some(place) = self.places.get(&key) {
            let known = &self.entries[*place].last;
            known.store(last);
            known.used.store(true, Ordering::Relaxed);
            return;
        }
        let entry = Entry { key, last: Arc::default() };
        entry.last.store(last);
        if self.entries.len() < series_max {
            self.places.insert(key, self.entries.len());
            self.entries.push(entry);
        } else {
            let place = self.make_room();
            self.places.insert(key, place);
            self.entries[place] = entry;
        }
    }

    /// The place of an entry that was not used in a round of the hand.
    fn make_room(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.entries.len();
            let entry = &self.entries[place];
            if !entry.last.used.swap(false, Ordering::Relaxed) {
                self.places.remove(&entry.key);
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: i64) -> LastSample {
        LastSample { time, bits: time as u64 }
    }

    /// Keys as spread as hashes are.
    fn key(i: u64) -> u64 {
        i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn what_is_in_use_stays_and_the_bound_holds() {
        let memory = LastSamples::new(1600);
        for round in 0..20 {
            for i in 0..100 {
                memory.set(key(i), sample(round));
            }
            for i in 0..1000 {
                memory.set(key(1000 + 1000 * round as u64 + i), sample(round));
            }
        }
        assert_eq!(memory.len(), 1600);
        assert!((0..100).all(|i| stored(&memory, key(i)) == Some(sample(19))));
        assert_eq!(stored(&memory, key(1000)), None);
    }

    fn stored(memory: &LastSamples, key: u64) -> Option<LastSample> {
        memory.get(key)?.seen_by(0)
    }

    #[test]
    fn a_request_sees_what_it_sent() {
        let last = Last::default();
        last.send(1, sample(5));
        assert_eq!((last.seen_by(1), last.seen_by(2)), (Some(sample(5)), None));
        last.store(sample(4));
        assert_eq!((last.seen_by(1), last.seen_by(2)), (Some(sample(5)), Some(sample(4))));
    }

    #[test]
    fn the_newest_sample_is_the_last() {
        let memory = LastSamples::new(16);
        memory.set(7, sample(5));
        memory.set(7, sample(3));
        assert_eq!(stored(&memory, 7), Some(sample(5)));
        memory.set(7, sample(6));
        assert_eq!(stored(&memory, 7), Some(sample(6)));
    }

    #[test]
    fn nothing_is_remembered_where_nothing_may_be() {
        let memory = LastSamples::new(0);
        memory.set(7, sample(5));
        assert_eq!((stored(&memory, 7), memory.len()), (None, 0));
    }
}
