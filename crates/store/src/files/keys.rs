//! Which keys are left in overflow maps, how often, and of which types.

use std::cmp::Reverse;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, UInt32Type};
use luneta_model::{AttributeScope, AttributeType};

use super::promote::{Map, Overflow, Promotion, TYPES, type_of};
use crate::{MapKey, TableSnapshot};

/// Keys of one map that a file's entry in the catalog names: the most frequent ones.
const KEYS_MAX: usize = 1000;
/// Longer keys are not named there.
const KEY_BYTES_MAX: usize = 256;
/// Keys counted at once where nothing else bounds them.
const KEYS_COUNTED_MAX: usize = 10 * KEYS_MAX;
/// Rows in memory that are looked at to see which keys there are.
const MEMORY_ROWS_MAX: usize = 100_000;

/// How often keys of an overflow map occur: by type, and then those without a column type.
#[derive(Debug)]
pub(crate) struct KeyCounts {
    pub(super) by_key: Map<String, [u64; TYPES.len() + 1]>,
    keys_max: usize,
}

impl Default for KeyCounts {
    fn default() -> Self {
        Self { by_key: Map::default(), keys_max: usize::MAX }
    }
}

impl KeyCounts {
    /// Counts that take in no more keys once they have many.
    pub(crate) fn bounded() -> Self {
        Self { keys_max: KEYS_COUNTED_MAX, ..Self::default() }
    }

    /// Counts the entries of a batch. `weight` says how many rows a row of the batch stands for.
    pub(crate) fn count(&mut self, batch: &RecordBatch, scope: AttributeScope, weight: impl Fn(usize) -> u64) {
        let Some(overflow) = Overflow::of(batch, scope) else { return };
        overflow.for_each(|row, key, value, code| {
            if value.is_none() {
                return;
            }
            let slot = type_of(code).map_or(TYPES.len(), |kind| kind as usize);
            let weight = weight(row);
            if let Some(counts) = self.by_key.get_mut(key) {
                counts[slot] += weight;
            } else if self.by_key.len() < self.keys_max {
                let mut counts = [0; TYPES.len() + 1];
                counts[slot] = weight;
                self.by_key.insert(key.to_owned(), counts);
            }
        });
    }

    /// The keys that stay in the map once `promotion` has taken its share, the most frequent first.
    pub(crate) fn left(&self, scope: AttributeScope, promotion: &Promotion) -> Vec<MapKey> {
        let mut left = Vec::new();
        for (key, counts) in self.by_key.iter().filter(|(key, _)| key.len() <= KEY_BYTES_MAX) {
            for (slot, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let kind = TYPES.get(slot).copied();
                if kind.is_none() || promotion.type_of_key(key) != kind {
                    left.push(MapKey { scope, key: key.clone(), kind, count: *count });
                }
            }
        }
        left.sort_by(|a, b| (Reverse(a.count), &a.key).cmp(&(Reverse(b.count), &b.key)));
        left.truncate(KEYS_MAX);
        left
    }
}

impl TableSnapshot {
    /// The keys that overflow maps hold: what the catalog says of each file, and what some of the
    /// rows in memory have. Files of other writers, and of versions that did not count, say nothing.
    pub fn map_keys(&self) -> Vec<MapKey> {
        let mut sums: Map<(AttributeScope, &str, Option<AttributeType>), u64> = Map::default();
        let fresh = self.keys_in_memory();
        for key in self.files.iter().flat_map(|f| &f.map_keys).chain(&fresh) {
            *sums.entry((key.scope, key.key.as_str(), key.kind)).or_default() += key.count;
        }
        sums.into_iter().map(|((scope, key, kind), count)| MapKey { scope, key: key.to_owned(), kind, count }).collect()
    }

    fn keys_in_memory(&self) -> Vec<MapKey> {
        let mut out = Vec::new();
        for scope in AttributeScope::ALL {
            let mut counts = KeyCounts::bounded();
            let mut rows = 0;
            for batch in self.memory.iter().rev() {
                count_memory(&mut counts, batch, scope);
                rows += batch.num_rows();
                if rows >= MEMORY_ROWS_MAX {
                    break;
                }
            }
            out.extend(counts.left(scope, &Promotion::default()));
        }
        out
    }
}

/// Counts a batch in memory, where what belongs to the resource or the scope is a dictionary.
fn count_memory(counts: &mut KeyCounts, batch: &RecordBatch, scope: AttributeScope) {
    let Some(map) = batch.column_by_name(scope.column()) else { return };
    let Some(dictionary) = map.as_any_dictionary_opt() else { return counts.count(batch, scope, |_| 1) };
    let mut weights = vec![0u64; dictionary.values().len()];
    for value in map.as_dictionary::<UInt32Type>().keys().iter().flatten() {
        weights[value as usize] += 1;
    }
    let columns = [scope.column(), scope.types_column()].into_iter().filter_map(|name| {
        let values = batch.column_by_name(name)?.as_any_dictionary_opt()?.values();
        Some((Arc::new(Field::new(name, values.data_type().clone(), true)), Arc::clone(values)))
    });
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(weights.len()));
    if let Ok(values) = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options) {
        counts.count(&values, scope, |row| weights[row]);
    }
}
