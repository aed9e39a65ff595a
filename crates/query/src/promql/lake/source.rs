//! Files and batches in memory, read by the rows of series.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray, StructArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Field, Float64Type, Schema, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetFileReaderFactory as _};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt as _, TryStreamExt as _};
use luneta_model::AttributeScope;
use luneta_store::{DeletedRows, LakeFile};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelectionPolicy};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use tokio::sync::OnceCell;

use super::columns::{Columns, KEY_TEXTS, KEYS, KeyColumns, position_column, shared_text};
use super::identity::{Attributes, Described, Kind, Translation};
use super::listing::Listing;
use super::points::items;
use super::summary::{RawRun, Run, Runs, SeriesId, Summaries, Summary};
use crate::QueryEngine;
use crate::scan::functions::TYPES_KEY;

/// Rows decoded at once.
const BATCH_ROWS: usize = 1 << 16;

/// What files are read through.
#[derive(Debug)]
pub struct Lake {
    store: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
    summaries: Arc<Summaries>,
    translation: Translation,
    opened: Mutex<Vec<String>>,
}

/// Rows that are read together.
#[derive(Debug, Clone)]
pub struct Source {
    place: Place,
    /// Which of its rows are of which series.
    pub summary: Arc<Summary>,
}

#[derive(Debug, Clone)]
enum Place {
    File(Arc<LakeFile>, ArrowReaderMetadata),
    Memory(RecordBatch),
}

impl Lake {
    /// A way to files that notes which are read.
    pub fn new(engine: &QueryEngine) -> Self {
        let (store, footers, summaries) = (engine.store().object_store(), engine.footers(), engine.summaries());
        Self { store, footers, summaries, translation: engine.config().translation.clone(), opened: Mutex::default() }
    }

    /// Paths of files that were read, the newest first, each once.
    pub fn newest_first(&self) -> Vec<String> {
        let all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        all.iter().rev().filter(|path| seen.insert(path.as_str())).cloned().collect()
    }

    fn note(&self, path: &str) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }

    /// The texts of all labels of a source.
    pub fn listing<'s>(&self, source: &'s Source) -> &'s Listing {
        source.summary.listing.get_or_init(|| Listing::of(&source.summary.runs, &mut self.summaries.texts()))
    }

    /// A file with its summary.
    pub async fn file(&self, file: &Arc<LakeFile>) -> Result<Source> {
        // Deletes come later than their file, and may change.
        let name = file.deletes.as_ref().map_or_else(|| file.path.clone(), |list| format!("{} {}", file.path, list.path));
        let summary = if let Some(summary) = self.summaries.file(&name) {
            summary
        } else {
            let summary = Arc::new(self.summarize(file).await?);
            self.summaries.keep_file(&name, &summary);
            summary
        };
        let metadata = summary.metadata.clone();
        let metadata = metadata.ok_or_else(|| DataFusionError::Internal("a file has a footer".to_owned()))?;
        Ok(Source { place: Place::File(Arc::clone(file), metadata), summary })
    }

    /// A batch with its summary.
    pub fn batch(&self, batch: &RecordBatch) -> Result<Source> {
        if let Some(summary) = self.summaries.batch(batch) {
            return Ok(Source { place: Place::Memory(batch.clone()), summary });
        }
        let (order, found) = Runs::of_memory(&KeyColumns::of(batch)?);
        let rows: Vec<u32> = found.runs.iter().map(|run| order[run.rows.start]).collect();
        let read = |at: &[usize], names: &[&str]| {
            let rows: UInt32Array = at.iter().map(|at| rows[*at]).collect();
            let columns = Columns::new(&batch.schema(), names)?;
            columns.read(&taken(batch, &columns.roots(&batch.schema()), &rows)?)
        };
        let (mut known, unknown) = self.known(&found.runs);
        self.learn(&mut known, &found.runs, &unknown, &read(&unknown, &DESCRIBING)?);
        let listed = listed(&found.runs);
        let values = values(found.runs.len(), &listed, &read(&listed, &LISTS)?);
        let summary = Arc::new(Summary {
            metadata: None,
            positions: None,
            steady: OnceCell::new(),
            order,
            runs: runs(&known, found.runs, values),
            listing: OnceLock::new(),
        });
        self.summaries.keep_batch(batch, &summary);
        Ok(Source { place: Place::Memory(batch.clone()), summary })
    }

    async fn summarize(&self, file: &Arc<LakeFile>) -> Result<Summary> {
        self.note(&file.path);
        let meta = PartitionedFile::new(file.path.clone(), file.size).object_meta;
        let footer = DFParquetMetadata::new(self.store.as_ref(), &meta)
            .with_file_metadata_cache(Some(Arc::clone(&self.footers)))
            .with_page_index_policy(Some(PageIndexPolicy::Optional))
            .fetch_metadata()
            .await?;
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(&footer), ArrowReaderOptions::new())?;
        let mut found = Runs::default();
        let live = self.live(file).await?;
        let keys = with_shared_texts(&footer, &metadata);
        let roots = KEYS.iter().filter_map(|name| keys.schema().index_of(name).ok()).collect();
        let mut rows = live.clone().map(live_rows);
        let mut batches = self.stream(file, &keys, roots, live, BATCH_ROWS)?;
        let mut next = 0;
        while let Some(batch) = batches.try_next().await? {
            let columns = KeyColumns::of(&batch)?;
            match &mut rows {
                Some(rows) => {
                    let numbers: Vec<usize> = rows.by_ref().take(columns.len()).collect();
                    found.add(&columns, |at| numbers[at]);
                }
                None => found.add(&columns, |at| next + at),
            }
            next += columns.len();
        }
        drop(batches);
        let (mut known, unknown) = self.known(&found.runs);
        let firsts = |at: &[usize]| at.iter().map(|at| found.runs[*at].rows.start..found.runs[*at].rows.start + 1).collect();
        let described = self.rows(file, &metadata, &DESCRIBING, firsts(&unknown)).await?;
        self.learn(&mut known, &found.runs, &unknown, &described);
        let listed = listed(&found.runs);
        let read = self.rows(file, &metadata, &LISTS, firsts(&listed)).await?;
        let values = values(found.runs.len(), &listed, &read);
        let (positions, runs) = (positions(&metadata), runs(&known, found.runs, values));
        let (steady, listing) = (OnceCell::new(), OnceLock::new());
        Ok(Summary { metadata: Some(metadata), positions, steady, order: Vec::new(), runs, listing })
    }

    /// Of which runs of a file all rows have the bounds of the first.
    async fn steady(&self, file: &Arc<LakeFile>, metadata: &ArrowReaderMetadata, runs: &[Run]) -> Result<Box<[bool]>> {
        let mut steady = vec![false; runs.len()];
        let listed: Vec<usize> = (0..runs.len()).filter(|at| runs[*at].of.kind == Kind::Histogram).collect();
        let mut rest = listed.as_slice();
        while !rest.is_empty() {
            let mut rows = 0;
            let fits = rest.iter().take_while(|at| {
                let fits = rows < BATCH_ROWS;
                rows += runs[**at].rows.len();
                fits
            });
            let (some, behind) = rest.split_at(fits.count());
            rest = behind;
            let ranges = some.iter().map(|at| runs[*at].rows.clone()).collect();
            let read = self.rows(file, metadata, &["explicit_bounds"], ranges).await?;
            let Some(lists) = read.first().and_then(|column| column.as_list_opt::<i32>()) else { break };
            let mut row = 0;
            for at in some {
                let of = row..row + runs[*at].rows.len();
                row = of.end;
                steady[*at] = of.into_iter().all(|row| items::<Float64Type>(Some(lists), row) == &*runs[*at].values);
            }
        }
        Ok(steady.into())
    }

    /// The rows another writer has left, `None` for all.
    async fn live(&self, file: &LakeFile) -> Result<Option<RowSelection>> {
        let Some(list) = file.deletes.clone() else { return Ok(None) };
        let content = self.store.get(&Path::from(list.path.as_str())).await?.bytes().await?;
        let deleted = DeletedRows::read(&list, content)
            .map_err(|error| DataFusionError::ParquetError(Box::new(ParquetError::General(error.to_string()))))?;
        Ok(Some(deleted.selection(0..file.rows)))
    }

    /// The series that are known, and the first run of each that is not.
    fn known(&self, runs: &[RawRun]) -> (Known, Vec<usize>) {
        let (mut known, mut unknown) = (Known::default(), Vec::new());
        let described = self.summaries.series(runs.iter().map(|run| &run.id));
        for ((at, run), of) in runs.iter().enumerate().zip(described) {
            if let Entry::Vacant(free) = known.entry(run.id)
                && free.insert(of).is_none()
            {
                unknown.push(at);
            }
        }
        (known, unknown)
    }

    /// Makes series known, from the columns of [`DESCRIBING`].
    fn learn(&self, known: &mut Known, runs: &[RawRun], unknown: &[usize], columns: &[ArrayRef]) {
        let mut texts = self.summaries.texts();
        for (row, at) in unknown.iter().enumerate() {
            let Some(RawRun { id, metric, .. }) = runs.get(*at) else { continue };
            if let Some(of) = Described::new(&metric.key(), &attributes(columns, row), &self.translation, &mut texts) {
                let of = Arc::new(of);
                self.summaries.keep_series(*id, &of);
                known.insert(*id, Some(of));
            }
        }
    }

    /// Logical columns in ranges of rows of a file, which are in order.
    async fn rows(
        &self,
        file: &Arc<LakeFile>,
        metadata: &ArrowReaderMetadata,
        names: &[impl AsRef<str>],
        ranges: Vec<Range<usize>>,
    ) -> Result<Vec<ArrayRef>> {
        let schema = present(metadata);
        let columns = Columns::new(&schema, names)?;
        let total: usize = ranges.iter().map(Range::len).sum();
        if total == 0 {
            let fields: Vec<_> = columns.roots(&schema).into_iter().map(|at| Arc::clone(&schema.fields()[at])).collect();
            return columns.read(&RecordBatch::new_empty(Arc::new(Schema::new(fields))));
        }
        let roots = columns.roots(&schema).into_iter();
        let roots = roots.filter_map(|at| metadata.schema().index_of(schema.field(at).name()).ok()).collect();
        let rows = usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), rows);
        let stream = self.stream(file, metadata, roots, Some(selection), total)?;
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        let batch = match batches.as_slice() {
            [one] => one.clone(),
            [] => return Err(DataFusionError::ParquetError(Box::new(ParquetError::EOF("rows are missing".to_owned())))),
            [first, ..] => concat_batches(&first.schema(), &batches)?,
        };
        columns.read(&batch)
    }

    fn stream(
        &self,
        file: &Arc<LakeFile>,
        metadata: &ArrowReaderMetadata,
        roots: Vec<usize>,
        selection: Option<RowSelection>,
        batch_rows: usize,
    ) -> Result<futures::stream::BoxStream<'static, parquet::errors::Result<RecordBatch>>> {
        self.note(&file.path);
        let factory = CachedParquetFileReaderFactory::new(Arc::clone(&self.store), Arc::clone(&self.footers));
        let partitioned = PartitionedFile::new(file.path.clone(), file.size);
        let reader: Box<dyn AsyncFileReader> = factory.create_reader(0, partitioned, None, &ExecutionPlanMetricsSet::new())?;
        let mask = ProjectionMask::roots(metadata.metadata().file_metadata().schema_descr(), roots);
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata.clone())
            .with_projection(mask)
            .with_batch_size(batch_rows.max(1))
            .with_row_selection_policy(RowSelectionPolicy::Selectors);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        Ok(builder.build()?.boxed())
    }
}

impl Source {
    /// Logical columns of ranges of runs, one after the other; ranges are in order and within
    /// [`Run::rows`].
    pub async fn read(&self, lake: &Lake, names: &[Cow<'static, str>], ranges: Vec<Range<usize>>) -> Result<Vec<ArrayRef>> {
        match &self.place {
            Place::File(file, metadata) => lake.rows(file, metadata, names, ranges).await,
            Place::Memory(batch) => {
                let columns = Columns::new(&batch.schema(), names)?;
                let rows = ranges.into_iter().flat_map(|range| self.summary.order.get(range).unwrap_or_default());
                let rows: UInt32Array = rows.copied().collect();
                columns.read(&taken(batch, &columns.roots(&batch.schema()), &rows)?)
            }
        }
    }

    /// Whether all rows of each of these runs have the bounds of its first.
    pub async fn is_steady(&self, lake: &Lake, mut runs: impl Iterator<Item = usize>) -> Result<bool> {
        let Place::File(file, metadata) = &self.place else { return Ok(false) };
        let steady = self.summary.steady.get_or_try_init(|| lake.steady(file, metadata, &self.summary.runs)).await?;
        Ok(runs.all(|at| steady.get(at).is_some_and(|steady| *steady)))
    }

    /// Whether rows of a run are in the order of time.
    pub fn is_sorted(&self) -> bool {
        matches!(&self.place, Place::File(file, _) if file.ours)
    }
}

/// Series by what they are known by; `None` for those without a name in Prometheus.
type Known = HashMap<SeriesId, Option<Arc<Described>>, foldhash::fast::RandomState>;

/// Runs of series that have a name in Prometheus.
fn runs(known: &Known, raw: Vec<RawRun>, values: Vec<Arc<[f64]>>) -> Vec<Run> {
    let run = |(RawRun { rows, first, last, id, .. }, values)| {
        let of = known.get(&id).and_then(Option::as_ref).map(Arc::clone)?;
        Some(Run { rows, first, last, of, values })
    };
    raw.into_iter().zip(values).filter_map(run).collect()
}

/// The columns of a file with texts that repeat as such.
fn with_shared_texts(footer: &Arc<ParquetMetaData>, plain: &ArrowReaderMetadata) -> ArrowReaderMetadata {
    let shared = |field: &Arc<Field>| {
        let repeats = KEY_TEXTS.contains(&field.name().as_str()) && *field.data_type() != shared_text();
        if repeats { Arc::new(Field::clone(field).with_data_type(shared_text())) } else { Arc::clone(field) }
    };
    let fields: Vec<_> = plain.schema().fields().iter().map(shared).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, plain.schema().metadata().clone()));
    // Another writer's file may hold them in a type that does not allow it.
    let made = ArrowReaderMetadata::try_new(Arc::clone(footer), ArrowReaderOptions::new().with_schema(schema));
    made.unwrap_or_else(|_| plain.clone())
}

/// Whether all that a file holds of each column is null, by its place.
fn empty(metadata: &ArrowReaderMetadata) -> HashMap<usize, bool> {
    let footer = metadata.metadata();
    let descriptor = footer.file_metadata().schema_descr();
    let mut empty: HashMap<usize, bool> = HashMap::new();
    for leaf in 0..descriptor.num_columns() {
        let is_null = |group: &RowGroupMetaData| {
            let chunk = group.column(leaf);
            chunk.statistics().and_then(Statistics::null_count_opt) == u64::try_from(chunk.num_values()).ok()
        };
        let all = footer.row_groups().iter().all(is_null);
        *empty.entry(descriptor.get_column_root_idx(leaf)).or_insert(true) &= all;
    }
    empty
}

/// Over how many columns the counts of buckets are spread, where all of them are.
fn positions(metadata: &ArrowReaderMetadata) -> Option<usize> {
    let schema = metadata.schema();
    let whole = schema.index_of("bucket_counts").ok();
    if whole.is_some_and(|at| empty(metadata).get(&at) != Some(&true)) {
        return None;
    }
    Some((0..schema.fields().len()).take_while(|at| schema.index_of(&position_column(*at)).is_ok()).count())
}

/// The columns of a file that hold any attribute, and all that are none.
fn present(metadata: &ArrowReaderMetadata) -> SchemaRef {
    let empty = empty(metadata);
    let schema = metadata.schema();
    let kept =
        schema.fields().iter().enumerate().filter(|(at, field)| {
            AttributeScope::split_column(field.name()).is_none() || !empty.get(at).copied().unwrap_or(false)
        });
    Arc::new(Schema::new(kept.map(|(_, field)| Arc::clone(field)).collect::<Vec<_>>()))
}

/// Numbers of the rows of a selection.
fn live_rows(selection: RowSelection) -> impl Iterator<Item = usize> {
    let selectors: Vec<_> = selection.into();
    let mut at = 0;
    selectors.into_iter().flat_map(move |selector| {
        let start = at;
        at += selector.row_count;
        if selector.skip { 0..0 } else { start..at }
    })
}

/// Columns that describe a series.
const DESCRIBING: [&str; 8] = [
    "description",
    "attributes",
    "resource_attributes",
    "scope_attributes",
    "scope_name",
    "scope_version",
    "scope_schema_url",
    "metadata",
];
/// Columns of which a metric has a series for each value.
const LISTS: [&str; 2] = ["explicit_bounds", "quantiles"];

/// One row of the columns of [`DESCRIBING`].
fn attributes(columns: &[ArrayRef], row: usize) -> Attributes {
    let text = |at: usize| {
        let texts: Option<&StringArray> = columns.get(at).and_then(|column| column.as_string_opt::<i32>());
        texts.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row).to_owned()).unwrap_or_default()
    };
    let map = |at: usize| -> BTreeMap<String, String> {
        let Some(maps) = columns.get(at).and_then(AsArray::as_map_opt).filter(|maps| maps.is_valid(row)) else {
            return BTreeMap::new();
        };
        let entries = maps.value(row);
        let (Some(keys), Some(values)) = (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>())
        else {
            return BTreeMap::new();
        };
        let pairs = keys.iter().zip(values).filter_map(|(key, value)| Some((key?, value?)));
        // The types of the values are no attribute.
        pairs.filter(|(key, _)| *key != TYPES_KEY).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    Attributes {
        description: text(0),
        metadata: text(7),
        item: map(1),
        resource: map(2),
        scope: map(3),
        scope_name: text(4),
        scope_version: text(5),
        scope_schema_url: text(6),
    }
}

/// Columns of a batch in the given rows; of none of its columns as well.
fn taken(batch: &RecordBatch, columns: &[usize], rows: &UInt32Array) -> Result<RecordBatch> {
    let columns = batch.project(columns)?;
    if columns.num_columns() > 0 {
        return Ok(take_record_batch(&columns, rows)?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(columns.schema(), Vec::new(), &options)?)
}

/// Runs with bounds or quantiles.
fn listed(runs: &[RawRun]) -> Vec<usize> {
    (0..runs.len()).filter(|at| matches!(runs[*at].metric.key().kind, "histogram" | "summary")).collect()
}

/// Bounds or quantiles of each of `runs`, from the columns of [`LISTS`] for those `listed`.
fn values(runs: usize, listed: &[usize], columns: &[ArrayRef]) -> Vec<Arc<[f64]>> {
    let none: Arc<[f64]> = Arc::from([]);
    let mut out = vec![Arc::clone(&none); runs];
    let mut known = none;
    for (row, at) in listed.iter().enumerate() {
        let read = columns.iter().find_map(|column| list(column, row)).unwrap_or_default();
        // Most series of a metric have the same.
        if *known != *read {
            known = read.into();
        }
        if let Some(of) = out.get_mut(*at) {
            *of = Arc::clone(&known);
        }
    }
    out
}

fn list(column: &ArrayRef, row: usize) -> Option<Vec<f64>> {
    let list = column.as_list_opt::<i32>().filter(|lists| lists.is_valid(row))?.value(row);
    let first = list.as_any().downcast_ref::<StructArray>().map(|pairs| Arc::clone(pairs.column(0)));
    Some(first.unwrap_or(list).as_primitive_opt::<Float64Type>()?.values().to_vec())
}
