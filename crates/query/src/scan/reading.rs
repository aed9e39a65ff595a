//! What a scan of rows does with each batch, wherever the batch comes from: filter and project.

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr_adapter::PhysicalExprAdapter;
use std::sync::Arc;

/// A filter and a projection over the scan schema.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) scan: SchemaRef,
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
    pub(super) projection: ProjectionExprs,
    /// What comes out.
    pub(super) projected: SchemaRef,
}

impl Reading {
    /// The columns of `scan` named by `projection`, in rows where `predicate` holds.
    pub(super) fn new(scan: SchemaRef, projection: &[usize], predicate: Option<Arc<dyn PhysicalExpr>>) -> Result<Self> {
        let projection = ProjectionExprs::from_indices(projection, &scan);
        let projected = Arc::new(projection.project_schema(&scan)?);
        Ok(Self { scan, predicate, projection, projected })
    }

    /// This reading with another projection on top.
    pub(super) fn project(&self, projection: &ProjectionExprs) -> Result<Self> {
        let projected = Arc::new(projection.project_schema(&self.projected)?);
        let projection = self.projection.try_merge(projection)?;
        Ok(Self { projection, projected, ..self.clone() })
    }

    /// All expressions.
    pub(super) fn visit(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let mut next = TreeNodeRecursion::Continue;
        for expr in self.predicate.iter().chain(self.projection.iter().map(|p| &p.expr)) {
            next = next.visit_sibling(|| f(expr))?;
        }
        Ok(next)
    }

    /// The same expressions over what one file or batch holds.
    pub(super) fn adapt(&self, adapter: &dyn PhysicalExprAdapter) -> Result<Adapted> {
        let predicate = self.predicate.clone().map(|p| adapter.rewrite(p)).transpose()?;
        let projection = self.projection.iter().map(|p| adapter.rewrite(Arc::clone(&p.expr))).collect::<Result<Vec<_>>>()?;
        Ok(Adapted { predicate, projection, projected: Arc::clone(&self.projected) })
    }
}

/// A [`Reading`] of one physical schema.
#[derive(Debug)]
pub(super) struct Adapted {
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
    pub(super) projection: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) projected: SchemaRef,
}

impl Adapted {
    /// The filtered and projected rows of a batch.
    pub(super) fn read(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let kept = match &self.predicate {
            Some(predicate) => {
                let hits = predicate.evaluate(batch)?.into_array(batch.num_rows())?;
                filter_record_batch(batch, hits.as_boolean())?
            }
            None => batch.clone(),
        };
        let columns =
            self.projection.iter().map(|expr| expr.evaluate(&kept)?.into_array(kept.num_rows())).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(kept.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.projected), columns, &options)?)
    }
}
