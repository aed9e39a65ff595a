//! Rows not yet in a file: the same scan over batches in memory.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Statistics};
use datafusion::datasource::source::DataSource;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use super::adapter::LakeAdapterFactory;
use super::reading::Reading;

/// Batches of the physical layout, read under the scan schema.
#[derive(Debug, Clone)]
pub struct MemorySource {
    batches: Arc<Vec<RecordBatch>>,
    reading: Reading,
    limit: Option<usize>,
    metrics: ExecutionPlanMetricsSet,
}

impl MemorySource {
    /// A source of the columns of `scan` named by `projection`, in rows where `predicate` holds.
    pub fn new(
        batches: Vec<RecordBatch>,
        scan: SchemaRef,
        projection: &[usize],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        limit: Option<usize>,
    ) -> Result<Self> {
        let reading = Reading::new(scan, projection, predicate)?;
        Ok(Self { batches: Arc::new(batches), reading, limit, metrics: ExecutionPlanMetricsSet::new() })
    }

    fn read(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let everywhere = std::collections::HashSet::from(["*".to_owned()]);
        let adapter = LakeAdapterFactory::new(everywhere).create(Arc::clone(&self.reading.scan), batch.schema())?;
        self.reading.adapt(adapter.as_ref())?.read(batch)
    }
}

impl DataSource for MemorySource {
    fn open(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let source = self.clone();
        let rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let size = context.session_config().batch_size();
        let slices = self.batches.iter().flat_map(move |b| slices(b, size)).collect::<Vec<_>>();
        let mut left = self.limit.unwrap_or(usize::MAX);
        let read = slices.into_iter().map_while(move |batch| {
            if left == 0 {
                return None;
            }
            Some(source.read(&batch).map(|b| {
                let b = if b.num_rows() > left { b.slice(0, left) } else { b };
                left -= b.num_rows();
                rows.add(b.num_rows());
                b
            }))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.reading.projected), futures::stream::iter(read))))
    }

    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let rows: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        write!(f, "memory={rows} rows")?;
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
        let rows: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        let num_rows = if self.reading.predicate.is_none() && self.limit.is_none() {
            Precision::Exact(rows)
        } else {
            Precision::Inexact(rows)
        };
        let column_statistics = vec![ColumnStatistics::new_unknown(); self.reading.projected.fields().len()];
        Ok(Arc::new(Statistics { num_rows, total_byte_size: Precision::Absent, column_statistics }))
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn DataSource>> {
        Some(Arc::new(Self { limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
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

/// A batch in pieces of at most `size` rows.
pub(super) fn slices(batch: &RecordBatch, size: usize) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    (0..rows).step_by(size.max(1)).map(|at| batch.slice(at, size.min(rows - at))).collect()
}
