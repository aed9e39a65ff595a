//! What a query took.

use std::sync::Arc;
use std::time::Duration;

use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricValue;

use super::catalog::LakeSchema;

/// Figures about one query, as in the `stats` of answers.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct QueryStats {
    /// Milliseconds from start to last row.
    pub elapsed_ms: f64,
    /// Milliseconds of that until execution began.
    pub planning_ms: f64,
    /// Files of the tables named, in the snapshot.
    pub files_total: usize,
    /// Files opened.
    pub files: usize,
    /// Row groups read.
    pub row_groups: usize,
    /// Row groups left out by statistics or bloom filters.
    pub row_groups_pruned: usize,
    /// Bytes read from files.
    pub bytes_read: usize,
    /// Rows scans produced, from files and from memory.
    pub rows_read: usize,
    /// Rows left out by filters inside scans.
    pub rows_pruned: usize,
    /// Rows in the tables' memory, in the snapshot.
    pub rows_in_memory: usize,
    /// Rows of the answer.
    pub rows_returned: usize,
}

impl QueryStats {
    /// Reads the metrics of a plan that ran.
    pub(super) fn collect(
        plan: &Arc<dyn ExecutionPlan>,
        lake: &LakeSchema,
        rows: usize,
        planning: Duration,
        elapsed: Duration,
    ) -> Self {
        let mut stats = Self {
            elapsed_ms: elapsed.as_secs_f64() * 1e3,
            planning_ms: planning.as_secs_f64() * 1e3,
            rows_returned: rows,
            ..Self::default()
        };
        for table in lake.pinned() {
            stats.files_total += table.snapshot().files.len();
            stats.rows_in_memory += table.snapshot().memory.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>();
        }
        stats.visit(plan);
        stats
    }

    fn visit(&mut self, plan: &Arc<dyn ExecutionPlan>) {
        if let (true, Some(metrics)) = (plan.is::<DataSourceExec>(), plan.metrics()) {
            self.rows_read += metrics.output_rows().unwrap_or(0);
            for metric in metrics.iter() {
                self.add(metric.value());
            }
        }
        for child in plan.children() {
            self.visit(child);
        }
    }

    fn add(&mut self, value: &MetricValue) {
        match value {
            MetricValue::PruningMetrics { name, pruning_metrics } => {
                let (kept, pruned) = (pruning_metrics.matched(), pruning_metrics.pruned());
                match name.as_ref() {
                    "row_groups_pruned_statistics" => {
                        self.row_groups += kept;
                        self.row_groups_pruned += pruned;
                    }
                    "row_groups_pruned_bloom_filter" => {
                        self.row_groups = self.row_groups.saturating_sub(pruned);
                        self.row_groups_pruned += pruned;
                    }
                    "files_ranges_pruned_statistics" => self.files += kept,
                    _ => {}
                }
            }
            MetricValue::Count { name, count } => match name.as_ref() {
                "bytes_scanned" => self.bytes_read += count.value(),
                "pushdown_rows_pruned" => self.rows_pruned += count.value(),
                "files_read" => self.files += count.value(),
                "row_groups_read" => self.row_groups += count.value(),
                _ => {}
            },
            _ => {}
        }
    }
}
