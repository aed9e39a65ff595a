//! Which rows of a file or a batch are of which origin, and when, learnt once.
//!
//! Files never change, so that conditions on labels are decided for a few origins and not for millions of
//! rows, and rows are found by time block by block.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampNanosecondType, UInt32Type};
use datafusion::error::Result;
use luneta_model::AttributeScope;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::columns::Columns;
use super::origin::{self, Origin};

/// Rows that are looked at together: those of a page of our files.
pub const BLOCK_ROWS: usize = 4096;
/// Batches in memory whose indexes are kept.
const BATCHES_MAX: usize = 4096;
/// The number of rows that another writer has deleted.
pub const DELETED: usize = 0;

/// The index of a file or a batch.
#[derive(Debug)]
pub struct Index {
    /// Footer and page index of a file.
    pub metadata: Option<ArrowReaderMetadata>,
    /// By number; the first one stands for deleted rows.
    pub origins: Vec<Held>,
    /// For each [`BLOCK_ROWS`] rows.
    pub blocks: Vec<Block>,
    ids: Ids,
}

/// An origin, and what a source holds of it.
#[derive(Debug, Clone)]
pub struct Held {
    /// The origin.
    pub origin: Arc<Origin>,
    /// Time of the earliest record, nanoseconds since 1970.
    pub first: i64,
    /// Time of the latest.
    pub last: i64,
}

/// Rows that stand together.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Time of the earliest, nanoseconds since 1970.
    pub first: i64,
    /// Time of the latest.
    pub last: i64,
    /// Mean bytes of a line.
    pub line_bytes: f32,
}

#[derive(Debug)]
enum Ids {
    Small(Vec<u8>),
    Medium(Vec<u16>),
    Large(Vec<u32>),
}

impl Index {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.ids {
            Ids::Small(ids) => ids.len(),
            Ids::Medium(ids) => ids.len(),
            Ids::Large(ids) => ids.len(),
        }
    }

    /// The origin of a row.
    pub fn id(&self, row: usize) -> usize {
        match &self.ids {
            Ids::Small(ids) => usize::from(ids[row]),
            Ids::Medium(ids) => usize::from(ids[row]),
            Ids::Large(ids) => ids[row] as usize,
        }
    }

    /// The rows of a block.
    pub fn rows_of(&self, block: usize) -> Range<usize> {
        let start = block * BLOCK_ROWS;
        start..(start + BLOCK_ROWS).min(self.rows())
    }

    /// Visits the origins of rows.
    pub fn each(&self, rows: Range<usize>, mut visit: impl FnMut(usize, usize)) {
        let start = rows.start;
        match &self.ids {
            Ids::Small(ids) => ids[rows].iter().enumerate().for_each(|(at, id)| visit(start + at, usize::from(*id))),
            Ids::Medium(ids) => ids[rows].iter().enumerate().for_each(|(at, id)| visit(start + at, usize::from(*id))),
            Ids::Large(ids) => ids[rows].iter().enumerate().for_each(|(at, id)| visit(start + at, *id as usize)),
        }
    }

    fn size(&self) -> usize {
        let ids = match &self.ids {
            Ids::Small(ids) => ids.len(),
            Ids::Medium(ids) => ids.len() * 2,
            Ids::Large(ids) => ids.len() * 4,
        };
        let origins: usize = self.origins.iter().map(|held| held.origin.size() + size_of::<Held>()).sum();
        let footer = self.metadata.as_ref().map_or(0, |metadata| metadata.metadata().memory_size());
        ids + origins + self.blocks.len() * size_of::<Block>() + footer
    }
}

/// Makes an index, batch by batch.
pub struct Builder<'a> {
    columns: Columns,
    labels: &'a [String],
    origins: Vec<Held>,
    known: HashMap<Arc<Origin>, u32>,
    ids: Vec<u32>,
    times: Vec<i64>,
}

/// Logical columns that are read of the first row of each origin.
const READ: [&str; 5] = [origin::COLUMNS[0], origin::COLUMNS[1], origin::COLUMNS[2], origin::COLUMNS[3], "time"];

impl<'a> Builder<'a> {
    /// For rows of a physical schema, with the keys that are labels of streams.
    pub fn new(physical: &SchemaRef, labels: &'a [String]) -> Result<Self> {
        let nothing = Arc::new(Origin { labels: luneta_promql::Labels::empty(), metadata: Vec::new(), of_loki: false });
        let deleted = Held { origin: nothing, first: i64::MAX, last: i64::MIN };
        let (known, ids, times) = (HashMap::new(), Vec::new(), Vec::new());
        Ok(Self { columns: Columns::new(physical, &READ)?, labels, origins: vec![deleted], known, ids, times })
    }

    /// The columns that batches need.
    pub fn roots(&self) -> &[usize] {
        self.columns.roots()
    }

    /// Adds rows. `is_live` tells by the number of a row whether it is there still.
    pub fn add(&mut self, batch: &RecordBatch, is_live: impl Fn(usize) -> bool) -> Result<()> {
        let (local, firsts) = locals(batch)?;
        let firsts = UInt32Array::from(firsts);
        let described = self.columns.read(&take_record_batch(batch, &firsts)?)?;
        let numbers: Vec<u32> = (0..firsts.len()).map(|row| self.number(&described, row)).collect();
        let times = Columns::new(&batch.schema(), &["time"])?.read(batch)?;
        let times = times[0].as_primitive::<TimestampNanosecondType>();
        for (local, time) in local.iter().zip(times.values()) {
            let row = self.ids.len();
            self.times.push(*time);
            let number = if is_live(row) { numbers[*local as usize] } else { DELETED as u32 };
            self.ids.push(number);
            let held = &mut self.origins[number as usize];
            (held.first, held.last) = (held.first.min(*time), held.last.max(*time));
        }
        Ok(())
    }

    fn number(&mut self, columns: &[ArrayRef], row: usize) -> u32 {
        let origin = Arc::new(Origin::read(columns, row, self.labels));
        let origins = &mut self.origins;
        *self.known.entry(origin).or_insert_with_key(|origin| {
            origins.push(Held { origin: Arc::clone(origin), first: i64::MAX, last: i64::MIN });
            (origins.len() - 1) as u32
        })
    }

    /// The index. `line_bytes` gives the bytes of lines in a range of rows.
    pub fn finish(self, metadata: Option<ArrowReaderMetadata>, line_bytes: impl Fn(Range<usize>) -> f64) -> Index {
        let mut blocks = Vec::with_capacity(self.times.len().div_ceil(BLOCK_ROWS));
        for (number, times) in self.times.chunks(BLOCK_ROWS).enumerate() {
            let (first, last) = times.iter().fold((i64::MAX, i64::MIN), |(first, last), t| (first.min(*t), last.max(*t)));
            let rows = number * BLOCK_ROWS..number * BLOCK_ROWS + times.len();
            let line_bytes = (line_bytes(rows) / times.len() as f64) as f32;
            blocks.push(Block { first, last, line_bytes });
        }
        let ids = match self.origins.len() {
            0..=0x100 => Ids::Small(self.ids.iter().map(|id| *id as u8).collect()),
            0x101..=0x1_0000 => Ids::Medium(self.ids.iter().map(|id| *id as u16).collect()),
            _ => Ids::Large(self.ids),
        };
        Index { metadata, origins: self.origins, blocks, ids }
    }
}

/// Whether rows of different origins may differ in a column.
pub fn is_of_origin(column: &str) -> bool {
    let of_map = |scope: AttributeScope| column == scope.column() || column.starts_with(scope.prefix());
    matches!(column, "service_name" | "scope_name" | "scope_version")
        || of_map(AttributeScope::Resource)
        || of_map(AttributeScope::Scope)
}

/// Numbers that tell the origins of a batch's rows apart, and the first row of each.
fn locals(batch: &RecordBatch) -> Result<(Vec<u32>, Vec<u32>)> {
    if let Some(keys) = shared_keys(batch) {
        return Ok(numbered(keys.iter().map(|key| (0, *key))));
    }
    let mut ids = vec![0; batch.num_rows()];
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !is_of_origin(field.name()) {
            continue;
        }
        if let Some(codes) = codes(column)? {
            ids = numbered(ids.iter().copied().zip(codes)).0;
        }
    }
    Ok(numbered(ids.into_iter().map(|id| (id, 0))))
}

/// Rows in memory share the numbers of their origins among all columns that have them.
fn shared_keys(batch: &RecordBatch) -> Option<&[u32]> {
    let of_origin = batch.schema_ref().fields().iter().zip(batch.columns()).filter(|(field, _)| is_of_origin(field.name()));
    let (mut shared, mut columns): (Option<&[u32]>, usize) = (None, 0);
    for (_, column) in of_origin {
        let keys = column.as_dictionary_opt::<UInt32Type>()?.keys();
        let own = &keys.values()[..];
        // Where a column of a file is null, its keys say nothing.
        if shared.is_some_and(|shared| !std::ptr::eq(shared, own)) {
            return None;
        }
        (shared, columns) = (Some(own), columns + if keys.null_count() == 0 { 2 } else { 1 });
    }
    shared.filter(|_| columns > 1)
}

/// Small numbers for pairs of numbers, and the first row of each.
fn numbered(pairs: impl Iterator<Item = (u32, u32)>) -> (Vec<u32>, Vec<u32>) {
    let mut known: HashMap<(u32, u32), u32, foldhash::fast::RandomState> = HashMap::default();
    let (mut out, mut firsts) = (Vec::with_capacity(pairs.size_hint().0), Vec::new());
    let mut last: Option<((u32, u32), u32)> = None;
    for (row, pair) in pairs.enumerate() {
        let number = match last {
            Some((before, number)) if before == pair => number,
            _ => *known.entry(pair).or_insert_with(|| {
                firsts.push(row as u32);
                firsts.len() as u32 - 1
            }),
        };
        last = Some((pair, number));
        out.push(number);
    }
    (out, firsts)
}

/// A number for every row, equal where the values are; none where all are equal.
fn codes(column: &ArrayRef) -> Result<Option<Vec<u32>>> {
    if column.logical_null_count() == column.len() {
        return Ok(None);
    }
    if let Some(shared) = column.as_dictionary_opt::<UInt32Type>() {
        let keys = shared.keys();
        if shared.values().len() <= 1 && keys.null_count() == 0 {
            return Ok(None);
        }
        return Ok(Some((0..keys.len()).map(|row| if keys.is_valid(row) { keys.value(row) } else { u32::MAX }).collect()));
    }
    let mut known: HashMap<u64, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut code = |hash: u64| {
        let next = known.len() as u32;
        *known.entry(hash).or_insert(next)
    };
    if let Some(numbers) = column.as_primitive_opt::<Int64Type>().filter(|numbers| numbers.null_count() == 0) {
        return Ok(Some(numbers.values().iter().map(|number| code(*number as u64)).collect()));
    }
    let state = foldhash::fast::FixedState::default();
    if column.as_map_opt().is_some() {
        return Ok(Some(
            (0..column.len())
                .map(|row| {
                    let mut hasher = state.build_hasher();
                    origin::pairs(Some(column), row, |key, value| {
                        key.hash(&mut hasher);
                        value.hash(&mut hasher);
                    });
                    code(hasher.finish())
                })
                .collect(),
        ));
    }
    let texts = cast(column, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    Ok(Some(texts.iter().map(|text| code(state.hash_one(text))).collect()))
}

/// Indexes that were made, up to a number of bytes.
#[derive(Debug)]
pub struct Indexes {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<String, (Arc<Index>, u64)>,
    batches: HashMap<usize, (Weak<dyn Array>, Arc<Index>)>,
    bytes: usize,
    clock: u64,
}

impl Indexes {
    /// None yet. Those of files take at most `bytes_max`.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That of a file.
    pub fn file(&self, name: &str) -> Option<Arc<Index>> {
        let mut kept = self.kept();
        kept.clock += 1;
        let now = kept.clock;
        let (index, used) = kept.files.get_mut(name)?;
        *used = now;
        Some(Arc::clone(index))
    }

    /// Keeps that of a file; those that were not used for the longest time go first.
    pub fn keep_file(&self, name: &str, index: &Arc<Index>) {
        let mut kept = self.kept();
        kept.clock += 1;
        let now = kept.clock;
        kept.bytes += index.size();
        if let Some((old, _)) = kept.files.insert(name.to_owned(), (Arc::clone(index), now)) {
            kept.bytes -= old.size();
        }
        while kept.bytes > self.bytes_max {
            let oldest = kept.files.iter().min_by_key(|(_, (_, used))| *used).map(|(name, _)| name.clone());
            let Some((old, _)) = oldest.and_then(|name| kept.files.remove(&name)) else { break };
            kept.bytes -= old.size();
        }
    }

    /// That of a batch.
    pub fn batch(&self, batch: &RecordBatch) -> Option<Arc<Index>> {
        let column = batch.column_by_name("time")?;
        let kept = self.kept();
        let (known, index) = kept.batches.get(&address(column))?;
        known.upgrade().filter(|known| Arc::ptr_eq(known, column)).map(|_| Arc::clone(index))
    }

    /// Keeps that of a batch as long as the batch is there.
    pub fn keep_batch(&self, batch: &RecordBatch, index: &Arc<Index>) {
        let Some(column) = batch.column_by_name("time") else { return };
        let mut kept = self.kept();
        if kept.batches.len() >= BATCHES_MAX {
            kept.batches.retain(|_, (column, _)| column.strong_count() > 0);
        }
        if kept.batches.len() < BATCHES_MAX {
            kept.batches.insert(address(column), (Arc::downgrade(column), Arc::clone(index)));
        }
    }
}

fn address(column: &ArrayRef) -> usize {
    Arc::as_ptr(column).cast::<()>() as usize
}
