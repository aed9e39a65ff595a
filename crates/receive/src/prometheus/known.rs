//! [`KnownSeries`]: series that were stored with their labels, found by the bytes these are sent as.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{Array as _, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use luneta_model::{Batch, SeriesPart};

use super::last::{KeyHasher, Last};
use super::memory::Memory;
use crate::cardinality::Cardinality;

/// Parts that are locked on their own.
const SHARDS: usize = 16;
/// Series of one part: one that is still sent keeps the others of its part in memory.
const PART_ROWS_MAX: usize = 256;
/// Bytes of labels that so many series as may be remembered may have on average; longer ones leave room for fewer.
const LABEL_BYTES_MEAN: usize = 1024;

/// What was decided of a series when its labels were read. It holds for a while: `epoch` says when.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) part: Arc<SeriesPart>,
    pub(super) row: u32,
    pub(super) last: Arc<Last>,
    epoch: Epoch,
    /// Of the labels.
    bytes: usize,
}

/// Whatever else than the labels decides how a series is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Epoch {
    /// Of the active series: a series counts as active in one of them, and is counted anew in the next.
    pub(super) generation: i64,
    /// Of the metadata of its tenant.
    pub(super) families: u64,
}

/// A series whose labels were read in this request.
#[derive(Debug)]
pub(super) struct News {
    /// Of the labels as they were sent.
    pub(super) sent: u128,
    /// Of these labels.
    pub(super) bytes: usize,
    /// Of the last sample, among the rows of the request.
    pub(super) row: u32,
    /// Of its last sample.
    pub(super) key: u64,
    /// Tells it from others, in whatever part it stands.
    pub(super) fingerprint: u128,
}

/// A bounded map from labels as they are sent to what is known of their series.
#[derive(Debug)]
pub(super) struct KnownSeries {
    shards: Vec<RwLock<Shard>>,
    /// Of one shard.
    series_max: usize,
}

#[derive(Debug, Default)]
struct Shard {
    series: HashMap<u128, Arc<Known>, BuildHasherDefault<KeyHasher>>,
    /// Of the labels of all of them.
    bytes: usize,
    generation: i64,
}

impl KnownSeries {
    /// Remembers at most about so many.
    pub(super) fn new(series_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, series_max: series_max.div_ceil(SHARDS) }
    }

    /// What is known of a series, if it still holds.
    pub(super) fn get(&self, sent: u128, epoch: Epoch) -> Option<Arc<Known>> {
        let shard = self.shard(sent).read().unwrap_or_else(PoisonError::into_inner);
        shard.series.get(&sent).filter(|known| known.epoch == epoch).map(Arc::clone)
    }

    fn shard(&self, sent: u128) -> &RwLock<Shard> {
        &self.shards[(sent >> 100) as usize % SHARDS]
    }

    /// Remembers a series while there is room; those of which nothing was heard for a generation make it.
    fn keep(&self, sent: u128, known: Arc<Known>) {
        let mut shard = self.shard(sent).write().unwrap_or_else(PoisonError::into_inner);
        let generation = known.epoch.generation;
        if shard.generation < generation {
            shard.generation = generation;
            shard.series.retain(|_, known| known.epoch.generation + 1 >= generation);
            shard.bytes = shard.series.values().map(|known| known.bytes).sum();
        }
        let before = shard.series.get(&sent).map(|before| before.bytes);
        let bytes = shard.bytes - before.unwrap_or(0) + known.bytes;
        let fits = before.is_some() || shard.series.len() < self.series_max;
        if fits && bytes <= self.series_max * LABEL_BYTES_MEAN {
            shard.bytes = bytes;
            shard.series.insert(sent, known);
        }
    }

    /// Whether nothing is remembered.
    pub(super) fn is_off(&self) -> bool {
        self.series_max == 0
    }
}

impl Memory {
    /// Remembers the series of rows that were stored, as far as they may be active.
    pub(super) fn learn(&self, batch: &Batch, news: &[News], epoch: Epoch, cardinality: &Cardinality) {
        if self.series.is_off() || news.is_empty() {
            return;
        }
        let named = news.iter().filter_map(|news| Some((news, name_and_series(&batch.rows, news.row as usize)?)));
        let kept = cardinality.active_among(&batch.tenant, named);
        for news in kept.chunks(PART_ROWS_MAX) {
            let rows: Vec<u32> = news.iter().map(|news| news.row).collect();
            let fingerprints: Vec<u128> = news.iter().map(|news| news.fingerprint).collect();
            let part = match SeriesPart::of(batch, &rows, &fingerprints) {
                Ok(part) => Arc::new(part),
                // They are read again, then.
                Err(error) => return tracing::warn!(%error, "series could not be remembered"),
            };
            for (row, news) in news.iter().enumerate() {
                let last = self.last.get(news.key).unwrap_or_default();
                let known = Known { part: part.clone(), row: row as u32, last, epoch, bytes: news.bytes };
                self.series.keep(news.sent, Arc::new(known));
            }
        }
    }
}

fn name_and_series(rows: &RecordBatch, row: usize) -> Option<(&str, u64)> {
    let names = rows.column_by_name("metric_name")?.as_string_opt::<i32>()?;
    let series = rows.column_by_name("series")?.as_primitive_opt::<UInt64Type>()?;
    (row < names.len()).then(|| (names.value(row), series.value(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these series, given with the bytes of their labels and a generation, are remembered after all came.
    fn kept(series_max: usize, series: &[(u64, usize, i64)]) -> Vec<bool> {
        let known = KnownSeries::new(series_max);
        let rows = RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
        let part = Arc::new(SeriesPart::from_rows(rows));
        for (sent, bytes, generation) in series {
            let epoch = Epoch { generation: *generation, families: 0 };
            known.keep(
                u128::from(*sent),
                Arc::new(Known { part: part.clone(), row: 0, last: Arc::default(), epoch, bytes: *bytes }),
            );
        }
        let get = |(sent, _, generation): &(u64, usize, i64)| {
            known.get(u128::from(*sent), Epoch { generation: *generation, families: 0 }).is_some()
        };
        series.iter().map(get).collect()
    }

    #[test]
    fn bounds_hold() {
        // Low bits do not choose the part that is locked: all of these share one.
        assert_eq!(kept(2 * SHARDS, &[(1, 10, 0), (2, 10, 0), (3, 10, 0)]), [true, true, false]);
        assert_eq!(kept(2 * SHARDS, &[(1, 2000, 0), (2, 100, 0), (3, 40, 0)]), [true, false, true]);
        // A series that is told again takes its own place.
        assert_eq!(kept(2 * SHARDS, &[(1, 2000, 0), (1, 2040, 0), (2, 8, 0)]), [true, true, true]);
        // Generations later there is room again.
        assert_eq!(kept(SHARDS, &[(1, 10, 0), (2, 10, 2)]), [false, true]);
        assert_eq!(kept(SHARDS, &[(1, 10, 0), (2, 10, 1)]), [true, false]);
    }
}
