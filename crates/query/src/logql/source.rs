//! Files and batches in memory, read by row.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetFileReaderFactory as _};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use luneta_store::{DeletedRows, LakeFile, Store, TableSnapshot};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelectionPolicy};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::index::{BLOCK_ROWS, Builder, Index, Indexes};
use super::pages::{self, Pages};
use crate::QueryEngine;

/// Rows decoded at once while an index is made.
const INDEX_ROWS: usize = 1 << 16;

/// What records are read through.
#[derive(Debug)]
pub struct Lake {
    /// Where files lie.
    pub store: Arc<Store>,
    files: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
    indexes: Arc<Indexes>,
    labels: Arc<[String]>,
    opened: Mutex<Vec<String>>,
    /// What was read.
    pub scanned: Counters,
}

/// What was read for an answer.
#[derive(Debug, Default)]
pub struct Counters {
    /// Files and batches looked into.
    pub sources: AtomicU64,
    /// Records looked at.
    pub rows: AtomicU64,
    /// Bytes of their lines.
    pub line_bytes: AtomicU64,
}

impl Counters {
    /// Adds to one of them.
    pub fn add(counter: &AtomicU64, number: usize) {
        counter.fetch_add(number as u64, Ordering::Relaxed);
    }
}

/// Rows of one place.
#[derive(Debug, Clone)]
pub struct Source {
    place: Place,
    /// Which of its rows are of which origin.
    pub index: Arc<Index>,
}

#[derive(Debug, Clone)]
enum Place {
    File(Arc<LakeFile>, ArrowReaderMetadata),
    Memory(RecordBatch),
}

impl Lake {
    /// A way to files that notes which are read.
    pub fn new(engine: &QueryEngine) -> Self {
        Self {
            store: Arc::clone(engine.store()),
            files: engine.store().object_store(),
            footers: engine.footers(),
            indexes: engine.log_indexes(),
            labels: Arc::clone(&engine.config().log_labels),
            opened: Mutex::default(),
            scanned: Counters::default(),
        }
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

    /// Files and batches of a snapshot with records from one time on and before another.
    pub async fn sources(&self, snapshot: &TableSnapshot, times: Range<i64>) -> Result<Vec<Source>> {
        let mut sources = Vec::new();
        for file in snapshot.files.iter().filter(|file| overlaps(file, &times)) {
            sources.push(self.file(file).await?);
        }
        for batch in snapshot.memory.iter().filter(|batch| batch.num_rows() > 0) {
            let source = self.batch(batch)?;
            if source.index.blocks.iter().any(|block| block.first < times.end && block.last >= times.start) {
                sources.push(source);
            }
        }
        Counters::add(&self.scanned.sources, sources.len());
        Ok(sources)
    }

    async fn file(&self, file: &Arc<LakeFile>) -> Result<Source> {
        // Deletes come later than their file, and may change.
        let name = file.deletes.as_ref().map_or_else(|| file.path.clone(), |list| format!("{} {}", file.path, list.path));
        let index = if let Some(index) = self.indexes.file(&name) {
            index
        } else {
            let index = Arc::new(self.index(file).await?);
            self.indexes.keep_file(&name, &index);
            index
        };
        let metadata = index.metadata.clone().ok_or_else(|| DataFusionError::Internal("a file has a footer".to_owned()))?;
        Ok(Source { place: Place::File(Arc::clone(file), metadata), index })
    }

    fn batch(&self, batch: &RecordBatch) -> Result<Source> {
        let place = Place::Memory(batch.clone());
        if let Some(index) = self.indexes.batch(batch) {
            return Ok(Source { place, index });
        }
        let mut builder = Builder::new(&batch.schema(), &self.labels)?;
        builder.add(batch, |_| true)?;
        let bodies = batch.column_by_name("body").and_then(|column| column.as_string_opt::<i32>());
        let line_bytes = |rows: Range<usize>| {
            let between = |at: &[i32]| f64::from(at[rows.end] - at[rows.start]);
            bodies.map_or(0.0, |bodies| between(bodies.value_offsets()))
        };
        let index = Arc::new(builder.finish(None, line_bytes));
        self.indexes.keep_batch(batch, &index);
        Ok(Source { place, index })
    }

    async fn index(&self, file: &Arc<LakeFile>) -> Result<Index> {
        self.note(&file.path);
        let meta = PartitionedFile::new(file.path.clone(), file.size).object_meta;
        let footer = DFParquetMetadata::new(self.files.as_ref(), &meta)
            .with_file_metadata_cache(Some(Arc::clone(&self.footers)))
            .with_page_index_policy(Some(PageIndexPolicy::Optional))
            .fetch_metadata()
            .await?;
        let metadata = with_shared_texts(&footer)?;
        let mut builder = Builder::new(metadata.schema(), &self.labels)?;
        let live = self.live(file).await?;
        let is_live = |row: usize| live.as_ref().is_none_or(|live| live.get(row) == Some(&true));
        let roots = builder.roots().to_vec();
        let mut batches = self.stream(file, &metadata, roots, None, INDEX_ROWS)?;
        while let Some(batch) = batches.try_next().await? {
            builder.add(&batch, is_live)?;
            tokio::task::yield_now().await;
        }
        let pages = line_bytes_by_page(&footer, &metadata);
        Ok(builder.finish(Some(metadata), |rows| line_bytes(&pages, &rows)))
    }

    /// Which rows another writer has left, none for all.
    async fn live(&self, file: &LakeFile) -> Result<Option<Vec<bool>>> {
        let Some(list) = file.deletes.clone() else { return Ok(None) };
        let content = self.files.get(&Path::from(list.path.as_str())).await?.bytes().await?;
        let deleted = DeletedRows::read(&list, content)
            .map_err(|error| DataFusionError::ParquetError(Box::new(ParquetError::General(error.to_string()))))?;
        let selectors: Vec<_> = deleted.selection(0..file.rows).into();
        Ok(Some(selectors.iter().flat_map(|selector| std::iter::repeat_n(!selector.skip, selector.row_count)).collect()))
    }

    fn stream(
        &self,
        file: &Arc<LakeFile>,
        metadata: &ArrowReaderMetadata,
        roots: Vec<usize>,
        selection: Option<RowSelection>,
        batch_rows: usize,
    ) -> Result<BoxStream<'static, parquet::errors::Result<RecordBatch>>> {
        self.note(&file.path);
        let factory = CachedParquetFileReaderFactory::new(Arc::clone(&self.files), Arc::clone(&self.footers));
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
    /// Rows in memory, with their index.
    pub fn of_memory(batch: RecordBatch, index: Index) -> Self {
        Self { place: Place::Memory(batch), index: Arc::new(index) }
    }

    /// The physical columns, texts as dictionaries where that is how they are stored.
    pub fn schema(&self) -> SchemaRef {
        match &self.place {
            Place::File(_, metadata) => Arc::clone(metadata.schema()),
            Place::Memory(batch) => batch.schema(),
        }
    }

    /// The file, unless these are rows in memory.
    pub fn as_file(&self) -> Option<&Arc<LakeFile>> {
        match &self.place {
            Place::File(file, _) => Some(file),
            Place::Memory(_) => None,
        }
    }

    /// Physical columns in ranges of rows, which are in order, some rows at a time where they are of a file.
    pub fn batches(
        &self,
        lake: &Lake,
        roots: &[usize],
        ranges: &[Range<usize>],
        batch_rows: usize,
    ) -> Result<BoxStream<'static, parquet::errors::Result<RecordBatch>>> {
        let total: usize = ranges.iter().map(Range::len).sum();
        let one = match &self.place {
            _ if roots.is_empty() => without_columns(total)?,
            Place::Memory(batch) => of_memory(batch, roots, ranges)?,
            Place::File(..) if total == 0 => return Ok(stream::empty().boxed()),
            Place::File(file, metadata) => {
                let rows = usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
                let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), rows);
                return lake.stream(file, metadata, roots.to_vec(), Some(selection), batch_rows);
            }
        };
        Ok(stream::once(std::future::ready(Ok(one))).boxed())
    }

    /// Where the lines of blocks lie in pages of a file of ours; none where they lie otherwise.
    pub fn body_pages(&self, blocks: &[usize]) -> Option<Vec<pages::Place>> {
        let Place::File(file, metadata) = &self.place else { return None };
        if !file.ours {
            return None;
        }
        pages::places(metadata.metadata(), root(metadata, "body")?, BLOCK_ROWS, blocks)
    }

    /// The pages that lie there.
    pub async fn read_pages(&self, lake: &Lake, place: &pages::Place) -> Result<Pages> {
        let Place::File(file, metadata) = &self.place else {
            return Err(DataFusionError::Internal("only files have pages".to_owned()));
        };
        lake.note(&file.path);
        let bytes = lake.files.get_range(&Path::from(file.path.as_str()), place.bytes.clone()).await?;
        Ok(Pages::new(metadata.metadata(), place, bytes)?)
    }

    /// The same, all at once.
    pub async fn read(&self, lake: &Lake, roots: &[usize], ranges: &[Range<usize>]) -> Result<RecordBatch> {
        let total: usize = ranges.iter().map(Range::len).sum();
        match &self.place {
            _ if roots.is_empty() => without_columns(total),
            Place::Memory(batch) => of_memory(batch, roots, ranges),
            Place::File(_, metadata) if total == 0 => {
                let fields: Vec<_> = roots.iter().map(|at| Arc::clone(&metadata.schema().fields()[*at])).collect();
                Ok(RecordBatch::new_empty(Arc::new(Schema::new(fields))))
            }
            Place::File(..) => {
                let batches: Vec<RecordBatch> = self.batches(lake, roots, ranges, total)?.try_collect().await?;
                match batches.as_slice() {
                    [one] => Ok(one.clone()),
                    [] => Err(DataFusionError::ParquetError(Box::new(ParquetError::EOF("rows are missing".to_owned())))),
                    [first, ..] => Ok(concat_batches(&first.schema(), &batches)?),
                }
            }
        }
    }
}

fn without_columns(rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)?)
}

fn of_memory(batch: &RecordBatch, roots: &[usize], ranges: &[Range<usize>]) -> Result<RecordBatch> {
    let columns = batch.project(roots)?;
    if let [one] = ranges {
        return Ok(columns.slice(one.start, one.len()));
    }
    let rows: UInt32Array = ranges.iter().flat_map(|range| range.start as u32..range.end as u32).collect();
    Ok(take_record_batch(&columns, &rows)?)
}

fn overlaps(file: &LakeFile, times: &Range<i64>) -> bool {
    let (first, last) = crate::promql::times_of(file);
    first.is_none_or(|first| first < times.end) && last.is_none_or(|last| last >= times.start)
}

/// The columns of a file with texts that repeat as such: all but lines that are stored plainly.
fn with_shared_texts(footer: &Arc<ParquetMetaData>) -> Result<ArrowReaderMetadata> {
    let plain = ArrowReaderMetadata::try_new(Arc::clone(footer), ArrowReaderOptions::new())?;
    let lines_repeat = root(&plain, "body").is_some_and(|leaf| {
        footer
            .row_groups()
            .iter()
            .all(|group| group.column(leaf).page_encoding_stats_mask().is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY)))
    });
    let shared = |field: &Arc<Field>| {
        let repeats = *field.data_type() == DataType::Utf8 && (lines_repeat || field.name() != "body");
        let text = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
        if repeats { Arc::new(Field::clone(field).with_data_type(text)) } else { Arc::clone(field) }
    };
    let fields: Vec<_> = plain.schema().fields().iter().map(shared).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, plain.schema().metadata().clone()));
    // Another writer's file may hold them in a type that does not allow it.
    let made = ArrowReaderMetadata::try_new(Arc::clone(footer), ArrowReaderOptions::new().with_schema(schema));
    Ok(made.unwrap_or(plain))
}

/// The leaf of a column that is one.
fn root(metadata: &ArrowReaderMetadata, name: &str) -> Option<usize> {
    let leaves = metadata.metadata().file_metadata().schema_descr().columns();
    leaves.iter().position(|leaf| matches!(leaf.path().parts(), [only] if only == name))
}

/// Where pages of lines end, and how many bytes of lines there are up to there.
fn line_bytes_by_page(footer: &ParquetMetaData, metadata: &ArrowReaderMetadata) -> Vec<(usize, f64)> {
    let mut ends = vec![(0, 0.0)];
    let Some(leaf) = root(metadata, "body") else { return ends };
    let (mut row, mut bytes) = (0, 0.0);
    for (number, group) in footer.row_groups().iter().enumerate() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let pages = footer.offset_index().and_then(|index| index.get(number)?.get(leaf));
        let lengths = pages.and_then(|pages| Some((pages, pages.unencoded_byte_array_data_bytes()?)));
        if let Some((pages, lengths)) = lengths {
            let firsts = pages.page_locations().iter().map(|page| usize::try_from(page.first_row_index).unwrap_or(0));
            for (end, length) in firsts.skip(1).chain([rows]).zip(lengths) {
                bytes += *length as f64;
                ends.push((row + end, bytes));
            }
        } else {
            let chunk = group.column(leaf);
            bytes += chunk.unencoded_byte_array_data_bytes().unwrap_or_else(|| chunk.uncompressed_size()) as f64;
            ends.push((row + rows, bytes));
        }
        row += rows;
    }
    ends
}

fn line_bytes(ends: &[(usize, f64)], rows: &Range<usize>) -> f64 {
    let up_to = |row: usize| {
        let at = ends.partition_point(|(end, _)| *end < row).min(ends.len() - 1);
        let ((end, bytes), (start, before)) = (ends[at], ends[at.saturating_sub(1)]);
        if end <= start { bytes } else { before + (bytes - before) * (row - start) as f64 / (end - start) as f64 }
    };
    up_to(rows.end) - up_to(rows.start)
}

#[cfg(test)]
mod tests {
    use super::line_bytes;

    #[test]
    fn bytes_of_lines_are_shared_out() {
        let ends = [(0, 0.0), (10, 100.0), (20, 400.0)];
        for (rows, wanted) in [(0..20, 400.0), (0..10, 100.0), (5..15, 200.0), (20..20, 0.0)] {
            assert!((line_bytes(&ends, &rows) - wanted).abs() < 1e-9, "{rows:?}");
        }
        assert!((line_bytes(&[(0, 0.0)], &(0..5))).abs() < 1e-9);
    }
}
