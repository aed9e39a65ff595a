//! Reads single rows of one file: only pages that have a value for them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, RecordBatchReader as _, new_empty_array, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat_batches, interleave};
use arrow::datatypes::{DataType, FieldRef, Schema};
use bytes::{Buf as _, Bytes};
use datafusion::common::{DataFusionError, Result};
use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelectionPolicy, RowSelector,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::pages::{self, Cell, Column, Live};

/// Bytes between two pages that are read rather than skipped.
const GAP_BYTES_MAX: u64 = 16 * 1024;

/// One file whose footer and page index are known.
#[derive(Debug, Clone)]
pub(super) struct RowReader {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) bytes: Count,
}

/// Columns, and the rows they are read in.
#[derive(Debug)]
struct Part {
    mask: ProjectionMask,
    rows: Vec<usize>,
}

impl RowReader {
    /// The given root columns in the rows that `live` is about. Lists that are nowhere read as empty:
    /// files hold no others.
    pub(super) async fn read(&self, live: &mut Live<'_>, roots: &[usize]) -> Result<RecordBatch> {
        let rows = live.rows();
        let (lists, plain): (Vec<usize>, Vec<usize>) = roots.iter().partition(|root| self.is_list(**root));
        // Lists have many leaves and few values: one leaf tells where the others need not be read.
        let lists_read: Vec<Vec<bool>> = lists.iter().map(|root| live.of(*root).read()).collect();
        let probes: Vec<Part> = lists.iter().zip(&lists_read).map(|(root, read)| self.probe(*root, rows, read)).collect();
        let groups = pages::groups(&plain, plain.iter().map(|root| live.of(*root).read()).collect());
        let mut parts: Vec<Part> = groups.iter().map(|(read, roots)| self.part(rows, read, roots)).collect();
        let plain_parts = parts.len();
        parts.extend(probes);
        let mut content = self.fetch(&parts).await?;
        let lengths = content.split_off(plain_parts);
        let mut columns = Vec::with_capacity(roots.len());
        for ((_, roots), batch) in groups.iter().zip(content) {
            for (at, root) in roots.iter().enumerate() {
                columns.push((*root, self.column(*root, live.of(*root), batch.columns().get(at))?));
            }
        }
        let lists_read = lists_read.into_iter().zip(lengths).map(|(read, lengths)| with_values(read, &lengths)).collect();
        let groups = pages::groups(&lists, lists_read);
        let parts: Vec<Part> = groups.iter().map(|(read, roots)| self.part(rows, read, roots)).collect();
        for ((read, roots), batch) in groups.iter().zip(self.fetch(&parts).await?) {
            let cells = read.iter().map(|read| if *read { Cell::Read } else { Cell::Nothing }).collect();
            let list = Column { cells, known: Vec::new() };
            for (at, root) in roots.iter().enumerate() {
                columns.push((*root, self.column(*root, &list, batch.columns().get(at))?));
            }
        }
        columns.sort_unstable_by_key(|(root, _)| *root);
        let fields: Vec<FieldRef> = columns.iter().map(|(root, _)| Arc::clone(&self.metadata.schema().fields()[*root])).collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }

    fn is_list(&self, root: usize) -> bool {
        matches!(self.metadata.schema().field(root).data_type(), DataType::List(_))
    }

    /// Root columns in the rows marked by `live`.
    fn part(&self, rows: &[usize], live: &[bool], roots: &[usize]) -> Part {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        Part { mask: ProjectionMask::roots(schema, roots.iter().copied()), rows: marked(rows, live) }
    }

    /// The cheapest leaf of a list.
    fn probe(&self, root: usize, rows: &[usize], live: &[bool]) -> Part {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let leaf = pages::smallest_leaf(self.metadata.metadata(), root);
        Part { mask: ProjectionMask::leaves(schema, leaf), rows: marked(rows, live) }
    }

    /// A column in all rows, of what was read in those in which it had to be.
    fn column(&self, root: usize, column: &Column, read: Option<&ArrayRef>) -> Result<ArrayRef> {
        let data_type = self.metadata.schema().field(root).data_type();
        if let Some(read) = read.filter(|read| read.len() == column.cells.len()) {
            return Ok(Arc::clone(read));
        }
        if !column.is_live() {
            return nothing(data_type, column.cells.len());
        }
        // Sources are what was read, what is known, and nothing.
        let mut next = 0..;
        let order: Vec<_> = column
            .cells
            .iter()
            .map(|cell| match cell {
                Cell::Read => (0, next.next().unwrap_or_default()),
                Cell::Known(at) => (1, *at),
                Cell::Nothing => (2, 0),
            })
            .collect();
        let read = read.map_or_else(|| new_empty_array(data_type), Arc::clone);
        Ok(interleave(&[&read, &pages::values(&column.known, data_type)?, &nothing(data_type, 1)?], &order)?)
    }

    /// Reads parts with one request for the bytes of all; a part without rows gives an empty batch.
    async fn fetch(&self, parts: &[Part]) -> Result<Vec<RecordBatch>> {
        let metadata = self.metadata.metadata();
        let plans: Vec<_> = parts.iter().map(|part| pages::plan(metadata, &part.rows)).collect();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (part, plan) in parts.iter().zip(&plans) {
            ranges.extend(plan.iter().flat_map(|(group, rows)| pages::bytes(metadata, *group, &part.mask, rows)));
        }
        let ranges = joined(ranges);
        self.bytes.add(ranges.iter().map(|r| r.end.saturating_sub(r.start) as usize).sum());
        let content = if ranges.is_empty() { Vec::new() } else { self.store.get_ranges(&self.path, &ranges).await? };
        let content = Arc::new(ranges.into_iter().map(|range| range.start).zip(content).collect::<Vec<_>>());
        parts.iter().zip(plans).map(|(part, plan)| self.decode(part, plan, &content)).collect()
    }

    fn decode(&self, part: &Part, plan: Vec<(usize, RowSelection)>, content: &Arc<Vec<(u64, Bytes)>>) -> Result<RecordBatch> {
        if part.rows.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
        }
        let (groups, selections): (Vec<usize>, Vec<RowSelection>) = plan.into_iter().unzip();
        let selectors: Vec<RowSelector> = selections.into_iter().flat_map(Vec::<RowSelector>::from).collect();
        let fetched = Fetched { content: Arc::clone(content) };
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(fetched, self.metadata.clone())
            .with_projection(part.mask.clone())
            .with_row_groups(groups)
            .with_row_selection(selectors.into())
            .with_row_selection_policy(RowSelectionPolicy::Selectors)
            .with_batch_size(part.rows.len())
            .build()
            .map_err(fault)?;
        let schema = reader.schema();
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>()?;
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([batch]) => Ok(batch),
            Err(batches) => Ok(concat_batches(&schema, &batches)?),
        }
    }
}

/// Ranges in order, those that lie close to each other as one.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut().filter(|last| range.start <= last.end + GAP_BYTES_MAX) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}

fn marked(rows: &[usize], live: &[bool]) -> Vec<usize> {
    rows.iter().zip(live).filter_map(|(row, live)| live.then_some(*row)).collect()
}

/// Takes the mark from rows whose list, read for the marked ones, is empty.
fn with_values(mut live: Vec<bool>, read: &RecordBatch) -> Vec<bool> {
    if read.num_rows() > 0 {
        let mut lengths = read.column(0).as_list::<i32>().iter().map(|list| list.is_some_and(|list| !list.is_empty()));
        for live in live.iter_mut().filter(|live| **live) {
            *live = lengths.next().unwrap_or(true);
        }
    }
    live
}

/// Bytes of a file by where they begin.
#[derive(Debug)]
pub(in crate::scan) struct Fetched {
    content: Arc<Vec<(u64, Bytes)>>,
}

impl Length for Fetched {
    fn len(&self) -> u64 {
        self.content.last().map_or(0, |(start, bytes)| start + bytes.len() as u64)
    }
}

impl ChunkReader for Fetched {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.at(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let bytes = self.at(start)?;
        if bytes.len() < length {
            return Err(missing(start));
        }
        Ok(bytes.slice(..length))
    }
}

impl Fetched {
    /// Ranges in order of where they begin.
    pub(in crate::scan) fn new(content: Vec<(u64, Bytes)>) -> Self {
        Self { content: Arc::new(content) }
    }

    fn at(&self, start: u64) -> parquet::errors::Result<Bytes> {
        let place = self.content.partition_point(|(from, _)| *from <= start);
        let (from, bytes) = place.checked_sub(1).and_then(|at| self.content.get(at)).ok_or_else(|| missing(start))?;
        let skip = usize::try_from(start - from).unwrap_or(usize::MAX);
        if skip > bytes.len() { Err(missing(start)) } else { Ok(bytes.slice(skip..)) }
    }
}

fn missing(start: u64) -> ParquetError {
    ParquetError::General(format!("the page at byte {start} is not where the page index says"))
}

fn fault(error: ParquetError) -> DataFusionError {
    DataFusionError::ParquetError(Box::new(error))
}

/// Rows without a value.
fn nothing(data_type: &DataType, rows: usize) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::List(item) => {
            let offsets = OffsetBuffer::new(vec![0; rows + 1].into());
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, new_empty_array(item.data_type()), None)?)
        }
        other => new_null_array(other, rows),
    })
}
