//! Moves projections below the union of files and fresh rows.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;

/// `Projection(Union(a, b))` to `Union(Projection(a), Projection(b))`, whatever the projection's
/// width: each scan then reads only what its share of the expressions needs. (The engine's own rule
/// does this only where the projection drops columns.)
#[derive(Debug)]
pub struct ProjectionIntoUnion;

impl PhysicalOptimizerRule for ProjectionIntoUnion {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|node| {
            let Some(projection) = node.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(node)) };
            let Some(union) = projection.input().downcast_ref::<UnionExec>() else { return Ok(Transformed::no(node)) };
            let inputs = union
                .inputs()
                .iter()
                .map(|input| {
                    let below = ProjectionExec::try_new(projection.expr().to_vec(), Arc::clone(input))?;
                    Ok(Arc::new(below) as Arc<dyn ExecutionPlan>)
                })
                .collect::<Result<Vec<_>>>()?;
            Ok(Transformed::yes(UnionExec::try_new(inputs)?))
        })
        .map(|t| t.data)
    }

    fn name(&self) -> &'static str {
        "projection_into_union"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
