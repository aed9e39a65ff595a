//! Reads single rows of one file: only pages that have a value for them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, new_empty_array, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat_batches, interleave};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::{DataFusionError, Result};
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use datafusion::physical_plan::metrics::Count;
use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt as _, TryStreamExt as _};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelectionPolicy};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::file::metadata::ParquetMetaData;

use super::pages;

/// One file whose footer and page index are known.
#[derive(Debug, Clone)]
pub(super) struct RowReader {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) bytes: Count,
}

impl RowReader {
    /// The given root columns in the given rows, which are in order. Lists that are nowhere read as
    /// empty: files hold no others.
    pub(super) async fn read(&self, rows: &[usize], roots: &[usize]) -> Result<RecordBatch> {
        let live = try_join_all(roots.iter().map(|root| self.live(rows, *root))).await?;
        let groups = pages::groups(roots, live);
        let read = try_join_all(groups.iter().map(|(live, roots)| self.group(rows, live, roots))).await?;
        let mut columns: Vec<(usize, FieldRef, ArrayRef)> = Vec::with_capacity(roots.len());
        for ((_, roots), (schema, arrays)) in groups.iter().zip(read) {
            for ((root, field), array) in roots.iter().zip(schema.fields()).zip(arrays) {
                columns.push((*root, Arc::clone(field), array));
            }
        }
        columns.sort_unstable_by_key(|(root, ..)| *root);
        let fields: Vec<FieldRef> = columns.iter().map(|(_, field, _)| Arc::clone(field)).collect();
        let arrays = columns.into_iter().map(|(.., array)| array).collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
    }

    /// Which rows have a value in a root column, as far as it can be told without reading it. Lists have
    /// many leaves and few values: one leaf tells where the others need not be read.
    async fn live(&self, rows: &[usize], root: usize) -> Result<Vec<bool>> {
        let mut live = pages::live(self.metadata.metadata(), root, rows);
        let is_list = matches!(self.metadata.schema().field(root).data_type(), DataType::List(_));
        let leaf = pages::smallest_leaf(self.metadata.metadata(), root).filter(|_| is_list && live.contains(&true));
        if let Some(leaf) = leaf {
            let wanted: Vec<usize> = rows.iter().zip(&live).filter_map(|(row, live)| live.then_some(*row)).collect();
            let mask = ProjectionMask::leaves(self.metadata.metadata().file_metadata().schema_descr(), [leaf]);
            let lists = self.rows(&wanted, mask).await?;
            let mut lengths = lists.column(0).as_list::<i32>().iter().map(|list| list.is_some_and(|list| !list.is_empty()));
            for live in live.iter_mut().filter(|live| **live) {
                *live = lengths.next().unwrap_or(true);
            }
        }
        Ok(live)
    }

    /// Columns that have values in the rows marked by `live` only; one array per column, for all rows.
    async fn group(&self, rows: &[usize], live: &[bool], roots: &[usize]) -> Result<(Schema, Vec<ArrayRef>)> {
        let schema = self.metadata.schema().project(roots)?;
        let wanted: Vec<usize> = rows.iter().zip(live).filter_map(|(row, live)| live.then_some(*row)).collect();
        if wanted.is_empty() {
            let arrays = schema.fields().iter().map(|f| nothing(f.data_type(), rows.len())).collect::<Result<_>>()?;
            return Ok((schema, arrays));
        }
        let mask = ProjectionMask::roots(self.metadata.metadata().file_metadata().schema_descr(), roots.iter().copied());
        let batch = self.rows(&wanted, mask).await?;
        if wanted.len() == rows.len() {
            return Ok((schema, batch.columns().to_vec()));
        }
        // The first source is what was read, the second stands for nothing.
        let mut next = 0..;
        let order: Vec<_> = live.iter().map(|live| if *live { (0, next.next().unwrap_or_default()) } else { (1, 0) }).collect();
        let spread = |array: &ArrayRef| {
            let nothing = nothing(array.data_type(), 1)?;
            Ok(interleave(&[array.as_ref(), nothing.as_ref()], &order)?)
        };
        Ok((schema, batch.columns().iter().map(spread).collect::<Result<_>>()?))
    }

    async fn rows(&self, rows: &[usize], mask: ProjectionMask) -> Result<RecordBatch> {
        let metadata = self.metadata.metadata();
        let total = metadata.row_groups().iter().map(|g| usize::try_from(g.num_rows()).unwrap_or(0)).sum();
        let selection = RowSelection::from_consecutive_ranges(runs(rows), total);
        let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(self.clone(), self.metadata.clone())
            .with_projection(mask)
            .with_row_selection(selection)
            .with_row_selection_policy(RowSelectionPolicy::Selectors)
            .with_batch_size(rows.len())
            .build()
            .map_err(fault)?;
        let schema = Arc::clone(stream.schema());
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(fault)?;
        Ok(concat_batches(&schema, &batches)?)
    }
}

fn fault(error: parquet::errors::ParquetError) -> DataFusionError {
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

/// Ascending rows as ranges.
fn runs(rows: &[usize]) -> impl Iterator<Item = Range<usize>> + '_ {
    rows.chunk_by(|a, b| a + 1 == *b).filter_map(|run| Some(*run.first()?..run.last()? + 1))
}

impl AsyncFileReader for RowReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<bytes::Bytes>> {
        self.bytes.add(range.end.saturating_sub(range.start) as usize);
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<bytes::Bytes>>> {
        self.bytes.add(ranges.iter().map(|r| r.end.saturating_sub(r.start) as usize).sum());
        async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let metadata = Arc::clone(self.metadata.metadata());
        async move { Ok(metadata) }.boxed()
    }
}
