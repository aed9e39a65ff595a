//! Numbers for trace ids.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Id;

/// The traces met, numbered in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Traces {
    numbers: HashMap<Id, u32, BuildHasherDefault<IdHasher>>,
    ids: Vec<Id>,
}

impl Traces {
    /// The number of a trace.
    pub(super) fn number(&mut self, id: &Id) -> u32 {
        let next = self.ids.len() as u32;
        let number = *self.numbers.entry(*id).or_insert(next);
        if number == next {
            self.ids.push(*id);
        }
        number
    }

    /// The ids in the order of their numbers.
    pub(super) fn into_ids(self) -> Vec<Id> {
        self.ids
    }
}

/// Quicker than the standard hasher; who chooses trace ids slows down his own files at most.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// The length of an id is no news.
    fn write_usize(&mut self, _: usize) {}
}
