//! Plans made without a statement, for what is asked often and always alike: reading and planning SQL
//! would be an eighth of the cost of a trace.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::catalog::{Session, TableProvider as _};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use datafusion::prelude::{col, lit};
use luneta_model::{Signal, Table};

use super::catalog::LakeSchema;
use crate::error::QueryError;
use crate::scan::TraceId;

/// All columns of the spans of some traces, by start and span id; or those named, in no order.
pub(super) async fn spans(
    lake: &Arc<LakeSchema>,
    session: &dyn Session,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    let table = lake.lake_table(Table::Signal(Signal::Spans)).await?;
    let id = |id: &TraceId| lit(ScalarValue::FixedSizeBinary(id.len() as i32, Some(id.to_vec())));
    let wanted = match ids {
        [one] => col("trace_id").eq(id(one)),
        more => col("trace_id").in_list(more.iter().map(id).collect(), false),
    };
    if let Some(names) = columns {
        let schema = table.schema();
        let places = names.iter().map(|name| Ok(schema.index_of(name)?)).collect::<Result<Vec<_>>>()?;
        return Ok(table.scan(session, Some(&places), &[wanted], None).await?);
    }
    let rows = table.scan(session, None, &[wanted], None).await?;
    let schema = rows.schema();
    let options = SortOptions { descending: false, nulls_first: false };
    let by = |name| Ok(PhysicalSortExpr::new(expressions::col(name, &schema)?, options));
    let order = ["start_time", "span_id"].into_iter().map(by).collect::<Result<Vec<_>>>()?;
    let rows = match rows.output_partitioning().partition_count() {
        1 => rows,
        _ => Arc::new(CoalescePartitionsExec::new(rows)),
    };
    Ok(match LexOrdering::new(order) {
        Some(order) => Arc::new(SortExec::new(order, rows)),
        None => rows,
    })
}
