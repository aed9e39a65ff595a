//! Which rows of a file or a batch are of which series, learnt once.
//!
//! Files never change and are sorted by series, so that a summary is a short list of ranges. Rows in
//! memory come in the order in which they were sent; their summary sorts them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use arrow::array::{Array, ArrayRef, RecordBatch};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use tokio::sync::OnceCell;

use super::columns::{KeyColumns, RowKey};
use super::identity::{Described, MetricKey, Texts};
use super::listing::Listing;

/// Bytes of summaries of files that are kept: a file of a million series has one of 80 MiB.
const FILE_BYTES_MAX: usize = 256 << 20;
/// Bytes of series that are kept, so that a million of them are not made anew for each question.
const SERIES_BYTES_MAX: usize = 768 << 20;
/// Batches in memory whose summaries are kept.
const BATCHES_MAX: usize = 4096;

/// Rows of one series that stand together.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where: rows of a file, or places in [`Summary::order`].
    pub rows: Range<usize>,
    /// Time of the earliest, nanoseconds since 1970.
    pub first: i64,
    /// Time of the latest.
    pub last: i64,
    /// Of what they are.
    pub of: Arc<Described>,
    /// Bounds of buckets, or quantiles, in the first row.
    pub values: Arc<[f64]>,
}

/// The series of a file or a batch.
#[derive(Debug)]
pub struct Summary {
    /// Footer and page index of a file.
    pub metadata: Option<ArrowReaderMetadata>,
    /// Over how many columns of a file the counts of buckets are spread, where all of them are.
    pub positions: Option<usize>,
    /// Of which runs all rows have the bounds of the first, once somebody asked.
    pub steady: OnceCell<Box<[bool]>>,
    /// Rows of a batch by series.
    pub order: Vec<u32>,
    /// All runs, in the order of their rows.
    pub runs: Vec<Run>,
    /// The texts of all labels, once somebody asked.
    pub listing: OnceLock<Listing>,
}

impl Summary {
    fn size(&self) -> usize {
        let footer = self.metadata.as_ref().map_or(0, |metadata| metadata.metadata().memory_size());
        footer + self.order.len() * 4 + self.runs.len() * size_of::<Run>()
    }
}

/// A run whose series is not known yet.
#[derive(Debug, Clone)]
pub struct RawRun {
    /// As in [`Run`].
    pub rows: Range<usize>,
    /// As in [`Run`].
    pub first: i64,
    /// As in [`Run`].
    pub last: i64,
    /// The series and its metric.
    pub id: SeriesId,
    /// The metric.
    pub metric: Arc<OwnedMetric>,
}

/// A [`MetricKey`] that outlives its batch.
#[derive(Debug, PartialEq, Eq)]
pub struct OwnedMetric {
    name: String,
    kind: String,
    unit: String,
    temporality: String,
    monotonic: bool,
}

impl OwnedMetric {
    fn new(key: &MetricKey<'_>) -> Self {
        let (name, kind) = (key.name.to_owned(), key.kind.to_owned());
        Self { name, kind, unit: key.unit.to_owned(), temporality: key.temporality.to_owned(), monotonic: key.monotonic }
    }

    /// As a key.
    pub fn key(&self) -> MetricKey<'_> {
        let Self { name, kind, unit, temporality, monotonic } = self;
        MetricKey { name, kind, unit, temporality, monotonic: *monotonic }
    }
}

/// Series and hash of everything else that tells points apart.
pub type SeriesId = (u64, u64);

fn hash(metric: &MetricKey<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    metric.hash(&mut hasher);
    hasher.finish()
}

/// Collects runs from the rows of a file.
#[derive(Debug, Default)]
pub struct Runs {
    /// What was found.
    pub runs: Vec<RawRun>,
    /// The numbers of the texts of the last run's metric, within the rows that are added.
    metric: Option<MetricCodes>,
}

/// What a metric is, by numbers that are equal within one batch where the texts are.
type MetricCodes = ([u32; 4], bool);

impl Runs {
    /// Adds rows, whose numbers in the file `row_of` tells.
    pub fn add(&mut self, keys: &KeyColumns, row_of: impl Fn(usize) -> usize) {
        let mut last: Option<RowKey> = None;
        self.metric = None;
        for at in 0..keys.len() {
            let (key, row, time) = (keys.key(at), row_of(at), keys.time(at));
            let follows = self.runs.last().is_some_and(|run| run.rows.end == row);
            let same = match &last {
                Some(last) => *last == key,
                // Numbers of texts differ from batch to batch.
                None => self.runs.last().is_some_and(|run| run.id.0 == key.0 && run.metric.key() == keys.metric(at)),
            };
            last = Some(key);
            match self.runs.last_mut().filter(|_| follows && same) {
                Some(run) => {
                    run.rows.end = row + 1;
                    (run.first, run.last) = (run.first.min(time), run.last.max(time));
                }
                None => self.begin(keys, at, row..row + 1, time),
            }
        }
    }

    fn begin(&mut self, keys: &KeyColumns, at: usize, rows: Range<usize>, time: i64) {
        let (series, texts, monotonic) = keys.key(at);
        let codes = Some((texts, monotonic));
        let known = self.runs.last().filter(|run| self.metric == codes || run.metric.key() == keys.metric(at));
        let (metric, hash) = known.map_or_else(
            || {
                let metric = keys.metric(at);
                (Arc::new(OwnedMetric::new(&metric)), hash(&metric))
            },
            |run| (Arc::clone(&run.metric), run.id.1),
        );
        self.metric = codes;
        self.runs.push(RawRun { rows, first: time, last: time, id: (series, hash), metric });
    }

    /// The runs of a batch in memory, and its rows in their order.
    pub fn of_memory(keys: &KeyColumns) -> (Vec<u32>, Self) {
        let mut numbers: HashMap<RowKey, u32, foldhash::fast::RandomState> = HashMap::default();
        // Of each key, in the order in which they come.
        let mut counts: Vec<u32> = Vec::new();
        let of_row: Vec<u32> = (0..keys.len())
            .map(|row| {
                let number = *numbers.entry(keys.key(row)).or_insert_with(|| {
                    counts.push(0);
                    counts.len() as u32 - 1
                });
                counts[number as usize] += 1;
                number
            })
            .collect();
        let mut next: Vec<u32> = Vec::with_capacity(counts.len());
        counts.iter().fold(0, |start, count| {
            next.push(start);
            start + count
        });
        let mut order = vec![0; keys.len()];
        for (row, number) in of_row.into_iter().enumerate() {
            let place = &mut next[number as usize];
            order[*place as usize] = row as u32;
            *place += 1;
        }
        let mut found = Self::default();
        for (end, count) in next.into_iter().zip(counts) {
            let rows = (end - count) as usize..end as usize;
            let times = || order[rows.clone()].iter().map(|row| keys.time(*row as usize));
            let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
            found.begin(keys, order[rows.start] as usize, rows.clone(), first);
            if let Some(run) = found.runs.last_mut() {
                run.last = last;
            }
        }
        (order, found)
    }
}

/// Summaries of files and batches that were read, the latest of them, and their series.
#[derive(Debug, Default)]
pub struct Summaries {
    kept: Mutex<Kept>,
    texts: Mutex<Texts>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<String, (Arc<Summary>, u64)>,
    file_bytes: usize,
    clock: u64,
    /// By the address of a column, which stays taken as long as there is a reference to it.
    batches: HashMap<usize, (Weak<dyn Array>, Arc<Summary>)>,
    series: HashMap<SeriesId, Arc<Described>, foldhash::fast::RandomState>,
    series_bytes: usize,
}

impl Summaries {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The texts of the series' labels.
    pub fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The summary of a file, by its path.
    pub fn file(&self, path: &str) -> Option<Arc<Summary>> {
        let mut kept = self.kept();
        kept.clock += 1;
        let now = kept.clock;
        let (summary, used) = kept.files.get_mut(path)?;
        *used = now;
        Some(Arc::clone(summary))
    }

    /// Keeps the summary of a file.
    pub fn keep_file(&self, path: &str, summary: &Arc<Summary>) {
        let mut kept = self.kept();
        kept.clock += 1;
        let now = kept.clock;
        if let Some((old, _)) = kept.files.insert(path.to_owned(), (Arc::clone(summary), now)) {
            kept.file_bytes -= old.size();
        }
        kept.file_bytes += summary.size();
        while kept.file_bytes > FILE_BYTES_MAX {
            let oldest = kept.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            let Some((old, _)) = oldest.and_then(|path| kept.files.remove(&path)) else { break };
            kept.file_bytes -= old.size();
        }
    }

    /// The summary of a batch.
    pub fn batch(&self, batch: &RecordBatch) -> Option<Arc<Summary>> {
        let column = batch.column_by_name("series")?;
        let kept = self.kept();
        let (known, summary) = kept.batches.get(&address(column))?;
        known.upgrade().filter(|known| Arc::ptr_eq(known, column)).map(|_| Arc::clone(summary))
    }

    /// Keeps the summary of a batch as long as the batch is there.
    pub fn keep_batch(&self, batch: &RecordBatch, summary: &Arc<Summary>) {
        let Some(column) = batch.column_by_name("series") else { return };
        let mut kept = self.kept();
        kept.batches.retain(|_, (column, _)| column.strong_count() > 0);
        if kept.batches.len() < BATCHES_MAX {
            kept.batches.insert(address(column), (Arc::downgrade(column), Arc::clone(summary)));
        }
    }

    /// Those of series that are known, one after the other.
    pub fn series<'a>(&self, ids: impl Iterator<Item = &'a SeriesId>) -> Vec<Option<Arc<Described>>> {
        let kept = self.kept();
        ids.map(|id| kept.series.get(id).map(Arc::clone)).collect()
    }

    /// Makes a series known.
    pub fn keep_series(&self, id: SeriesId, of: &Arc<Described>) {
        let mut kept = self.kept();
        if kept.series_bytes > SERIES_BYTES_MAX {
            // Those of summaries stay alive there, and are read again where they are met again.
            kept.series.clear();
            kept.series_bytes = 0;
        }
        if kept.series.insert(id, Arc::clone(of)).is_none() {
            kept.series_bytes += of.size();
        }
    }
}

fn address(column: &ArrayRef) -> usize {
    Arc::as_ptr(column).cast::<()>() as usize
}
