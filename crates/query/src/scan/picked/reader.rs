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

use super::pages;

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
    pub(super) async fn read(&self, live: &mut pages::Live<'_>, roots: &[usize]) -> Result<RecordBatch> {
        let rows = live.rows();
        let (lists, plain): (Vec<usize>, Vec<usize>) = roots.iter().partition(|root| self.is_list(**root));
        let mut live = |roots: &[usize]| roots.iter().map(|root| live.of(*root).to_vec()).collect();
        // Lists have many leaves and few values: one leaf tells where the others need not be read.
        let lists_live: Vec<Vec<bool>> = live(&lists);
        let probes: Vec<Part> = lists.iter().zip(&lists_live).map(|(root, live)| self.probe(*root, rows, live)).collect();
        let groups = pages::groups(&plain, live(&plain));
        let mut parts: Vec<Part> = groups.iter().map(|(live, roots)| self.part(rows, live, roots)).collect();
        let plain_parts = parts.len();
        parts.extend(probes);
        let mut read = self.fetch(&parts).await?;
        let lengths = read.split_off(plain_parts);
        let mut columns = Vec::with_capacity(roots.len());
        for ((live, roots), batch) in groups.iter().zip(read) {
            self.spread(rows.len(), live, roots, &batch, &mut columns)?;
        }
        let lists_live = lists_live.into_iter().zip(lengths).map(|(live, read)| with_values(live, &read)).collect();
        let groups = pages::groups(&lists, lists_live);
        let parts: Vec<Part> = groups.iter().map(|(live, roots)| self.part(rows, live, roots)).collect();
        for ((live, roots), batch) in groups.iter().zip(self.fetch(&parts).await?) {
            self.spread(rows.len(), live, roots, &batch, &mut columns)?;
        }
        columns.sort_unstable_by_key(|(root, ..)| *root);
        let fields: Vec<FieldRef> = columns.iter().map(|(_, field, _)| Arc::clone(field)).collect();
        let arrays = columns.into_iter().map(|(.., array)| array).collect();
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

    /// One array per column for all of `rows`, of what was read in those marked by `live`.
    fn spread(
        &self,
        rows: usize,
        live: &[bool],
        roots: &[usize],
        batch: &RecordBatch,
        columns: &mut Vec<(usize, FieldRef, ArrayRef)>,
    ) -> Result<()> {
        // The first source is what was read, the second stands for nothing.
        let mut next = 0..;
        let order: Vec<_> = live.iter().map(|live| if *live { (0, next.next().unwrap_or_default()) } else { (1, 0) }).collect();
        let schema = self.metadata.schema();
        for (at, root) in roots.iter().enumerate() {
            let field = &schema.fields()[*root];
            let array = match batch.num_rows() {
                0 => nothing(field.data_type(), rows)?,
                all if all == rows => Arc::clone(batch.column(at)),
                _ => {
                    let array = batch.column(at);
                    interleave(&[array.as_ref(), nothing(array.data_type(), 1)?.as_ref()], &order)?
                }
            };
            columns.push((*root, Arc::clone(field), array));
        }
        Ok(())
    }

    /// Reads parts with one request for the bytes of all; a part without rows gives an empty batch.
    async fn fetch(&self, parts: &[Part]) -> Result<Vec<RecordBatch>> {
        let metadata = self.metadata.metadata();
        let plans: Vec<_> = parts.iter().map(|part| pages::plan(metadata, &part.rows)).collect();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for (part, plan) in parts.iter().zip(&plans) {
            ranges.extend(plan.iter().flat_map(|(group, rows)| pages::bytes(metadata, *group, &part.mask, rows)));
        }
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        ranges.dedup();
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
