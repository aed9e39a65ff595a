//! Rows of traces: the scan of files in which a trace index names a few rows.
//!
//! A span table is as wide as all its services together, and a trace touches most services, so the
//! ordinary scan reads a page of every column for every service, most of them nulls. Here the rows
//! are found first; then each column is read only where its pages have values.

mod files;
mod pages;
mod reader;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::source::DataSource;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use luneta_model::AttributeScope;
use parquet::file::metadata::PageIndexPolicy;

use super::adapter::LakeAdapterFactory;
use super::opened::Opened;
use super::reading::{Adapted, Reading};
use super::traces::{Picked, TraceId};
pub use files::KnownFiles;
use pages::Live;
pub(super) use reader::Fetched;
use reader::RowReader;

/// Files read at once.
const FILES_MAX: usize = 4;

/// A scan of the rows of some traces.
#[derive(Debug, Clone)]
pub(super) struct PickedSource {
    lake: Lake,
    files: Arc<Vec<(Picked, HashSet<String>)>>,
    ids: Arc<[TraceId]>,
    reading: Reading,
    metrics: ExecutionPlanMetricsSet,
}

/// What files are read through.
#[derive(Debug, Clone)]
pub(super) struct Lake {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) footers: Arc<FileMetadataCache>,
    pub(super) opened: Arc<Opened>,
    pub(super) known: Arc<KnownFiles>,
}

impl PickedSource {
    /// The rows of the traces `ids` in `files` that pass `reading`. Beside each file, its columns that
    /// are not the whole truth.
    pub(super) fn new(lake: Lake, files: Vec<(Picked, HashSet<String>)>, ids: &[TraceId], reading: Reading) -> Self {
        Self { lake, files: Arc::new(files), ids: ids.into(), reading, metrics: ExecutionPlanMetricsSet::new() }
    }

    async fn file(self, at: usize) -> Result<Option<RecordBatch>> {
        let (picked, strays) = &self.files[at];
        let path = &picked.file.path;
        self.lake.opened.note(path);
        let count = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, 0);
        let meta = picked.partitioned(None).object_meta;
        let footer = DFParquetMetadata::new(self.lake.store.as_ref(), &meta)
            .with_file_metadata_cache(Some(Arc::clone(&self.lake.footers)))
            .with_page_index_policy(Some(PageIndexPolicy::Optional))
            .fetch_metadata()
            .await?;
        count("files_read").add(1);
        count("row_groups_read").add(pages::row_groups(&footer, &picked.rows()));
        let metadata = self.lake.known.of(path, footer)?;
        let (store, bytes) = (Arc::clone(&self.lake.store), count("bytes_scanned"));
        let reader = RowReader { store, path: Path::from(path.as_str()), metadata, bytes };
        if picked.row_count() == 0 {
            return Ok(None);
        }
        let known = picked.traces().map(FixedSizeBinaryArray::try_from_iter).transpose()?;
        let rows = if known.is_some() { picked.rows() } else { self.rows(&reader, picked).await? };
        if rows.is_empty() {
            return Ok(None);
        }
        let mut live = Live::new(&reader.metadata, &rows);
        let schema = reader.metadata.schema();
        let factory = LakeAdapterFactory::new(strays.clone());
        let translation = factory.create(Arc::clone(&self.reading.scan), Arc::new(present(&reader, &mut live)?))?;
        let adapted = self.reading.adapt(translation.as_ref())?;
        let mut roots = roots(&adapted, schema);
        // What the index knows need not be read.
        let id_column = schema.column_with_name("trace_id").filter(|_| known.is_some());
        roots.retain(|root| id_column.is_none_or(|(at, _)| *root != at));
        let read = reader.read(&mut live, &roots).await?;
        let batch = match (id_column, known) {
            (Some((_, field)), Some(ids)) => with_column(&read, field, Arc::new(ids))?,
            _ => read,
        };
        reassigned(adapted, &batch.schema())?.read(&batch).map(Some)
    }

    /// The rows of the file that are of the traces, among those the index names.
    async fn rows(&self, reader: &RowReader, picked: &Picked) -> Result<Vec<usize>> {
        let candidates = picked.rows();
        let Some((root, _)) = reader.metadata.schema().column_with_name("trace_id") else { return Ok(Vec::new()) };
        if candidates.is_empty() {
            return Ok(candidates);
        }
        let ids = reader.read(&mut Live::new(&reader.metadata, &candidates), &[root]).await?;
        let Some(ids) = ids.column(0).as_any().downcast_ref::<FixedSizeBinaryArray>() else { return Ok(Vec::new()) };
        let wanted = |id: &[u8]| self.ids.iter().any(|wanted| wanted == id);
        let hits = candidates.iter().zip(ids.iter()).filter(|(_, id)| id.is_some_and(wanted));
        let rows: Vec<usize> = hits.map(|(row, _)| *row).collect();
        MetricBuilder::new(&self.metrics).counter("pushdown_rows_pruned", 0).add(candidates.len() - rows.len());
        Ok(rows)
    }
}

/// The columns of a file that may have a value, and those that every file has.
fn present(reader: &RowReader, live: &mut Live) -> Result<Schema> {
    let schema = reader.metadata.schema();
    let mut kept = |(at, field): (usize, &Arc<Field>)| {
        let promoted = AttributeScope::split_column(field.name()).is_some();
        !promoted || live.of(at).is_live()
    };
    let kept: Vec<usize> = schema.fields().iter().enumerate().filter(|f| kept(*f)).map(|(at, _)| at).collect();
    Ok(schema.project(&kept)?)
}

fn with_column(batch: &RecordBatch, field: &Field, column: ArrayRef) -> Result<RecordBatch> {
    let schema = batch.schema();
    let fields = schema.fields().iter().cloned().chain([Arc::new(field.clone())]);
    let columns = batch.columns().iter().cloned().chain([column]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
}

/// The columns of the file the expressions need.
fn roots(adapted: &Adapted, schema: &SchemaRef) -> Vec<usize> {
    let columns = adapted.predicate.iter().chain(&adapted.projection).flat_map(collect_columns);
    let roots: HashSet<usize> = columns.filter_map(|c| schema.index_of(c.name()).ok()).collect();
    let mut roots: Vec<usize> = roots.into_iter().collect();
    roots.sort_unstable();
    roots
}

/// The expressions over the columns that were read.
fn reassigned(adapted: Adapted, schema: &SchemaRef) -> Result<Adapted> {
    let reassign = |expr: Arc<dyn PhysicalExpr>| reassign_expr_columns(expr, schema);
    let predicate = adapted.predicate.map(reassign).transpose()?;
    let projection = adapted.projection.into_iter().map(reassign).collect::<Result<Vec<_>>>()?;
    Ok(Adapted { predicate, projection, ..adapted })
}

impl DataSource for PickedSource {
    fn open(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (source, size) = (self.clone(), context.session_config().batch_size().max(1));
        let rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let batches = stream::iter(0..self.files.len())
            .map(move |at| source.clone().file(at))
            .buffered(FILES_MAX)
            .try_filter_map(async |batch| Ok(batch))
            .map_ok(move |batch| {
                rows.add(batch.num_rows());
                stream::iter(super::memory::slices(&batch, size).into_iter().map(Ok))
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.reading.projected), batches)))
    }

    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let rows: usize = self.files.iter().map(|(picked, _)| picked.row_count()).sum();
        write!(f, "trace_index={} files, {rows} rows", self.files.len())?;
        if let Some(predicate) = &self.reading.predicate {
            write!(f, ", predicate={predicate}")?;
        }
        Ok(())
    }

    fn output_partitioning(&self) -> Partitioning {
        Partitioning::UnknownPartitioning(1)
    }

    fn eq_properties(&self) -> EquivalenceProperties {
        EquivalenceProperties::new(Arc::clone(&self.reading.projected))
    }

    fn scheduling_type(&self) -> SchedulingType {
        SchedulingType::NonCooperative
    }

    fn partition_statistics(&self, _: Option<usize>) -> Result<Arc<Statistics>> {
        let rows = self.files.iter().map(|(picked, _)| picked.row_count()).sum();
        let column_statistics = vec![ColumnStatistics::new_unknown(); self.reading.projected.fields().len()];
        Ok(Arc::new(Statistics { num_rows: Precision::Inexact(rows), total_byte_size: Precision::Absent, column_statistics }))
    }

    fn with_fetch(&self, _: Option<usize>) -> Option<Arc<dyn DataSource>> {
        None
    }

    fn fetch(&self) -> Option<usize> {
        None
    }

    fn metrics(&self) -> ExecutionPlanMetricsSet {
        self.metrics.clone()
    }

    fn try_swapping_with_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn DataSource>>> {
        let reading = self.reading.project(projection)?;
        Ok(Some(Arc::new(Self { reading, ..self.clone() })))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.reading.visit(f)
    }

    fn with_new_state(&self, _: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn DataSource>> {
        None
    }
}
