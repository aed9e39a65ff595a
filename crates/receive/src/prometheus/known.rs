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

/// What was decided of a series when its labels were read. It holds for a while: `epoch` says when.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) part: Arc<SeriesPart>,
    pub(super) row: u32,
    pub(super) last: Arc<Last>,
    epoch: Epoch,
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

    /// Whether there is room for a series; those of which nothing was heard for a generation make it.
    fn keep(&self, sent: u128, known: Arc<Known>) {
        let mut shard = self.shard(sent).write().unwrap_or_else(PoisonError::into_inner);
        let generation = known.epoch.generation;
        if shard.generation < generation {
            shard.generation = generation;
            shard.series.retain(|_, known| known.epoch.generation + 1 >= generation);
        }
        if shard.series.len() < self.series_max || shard.series.contains_key(&sent) {
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
                self.series.keep(news.sent, Arc::new(Known { part: part.clone(), row: row as u32, last, epoch }));
            }
        }
    }
}

fn name_and_series(rows: &RecordBatch, row: usize) -> Option<(&str, u64)> {
    let names = rows.column_by_name("metric_name")?.as_string_opt::<i32>()?;
    let series = rows.column_by_name("series")?.as_primitive_opt::<UInt64Type>()?;
    (row < names.len()).then(|| (names.value(row), series.value(row)))
}
