//! Logical columns of records, read from what a file or a batch in memory holds.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use luneta_model::{Signal, schema};

use crate::scan::adapter::LakeAdapterFactory;

/// Logical columns over one physical schema.
#[derive(Debug)]
pub struct Columns {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    roots: Vec<usize>,
}

impl Columns {
    /// The logical columns of `names` over files or batches of this schema.
    pub fn new(physical: &SchemaRef, names: &[&str]) -> Result<Self> {
        let logical = Arc::new(schema::logical(Signal::Logs));
        let everywhere = HashSet::from(["*".to_owned()]);
        let adapter = LakeAdapterFactory::new(everywhere).create(Arc::clone(&logical), Arc::clone(physical))?;
        let column = |name: &str| adapter.rewrite(Arc::new(Column::new(name, logical.index_of(name)?)));
        let exprs = names.iter().map(|name| column(name)).collect::<Result<Vec<_>>>()?;
        let columns = exprs.iter().flat_map(collect_columns);
        let roots: BTreeSet<usize> = columns.filter_map(|column| physical.index_of(column.name()).ok()).collect();
        Ok(Self { exprs, roots: roots.into_iter().collect() })
    }

    /// The physical columns that are read, in order.
    pub fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// The columns of a batch that has at least the physical columns of [`Self::roots`].
    pub fn read(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let read = |expr: &Arc<dyn PhysicalExpr>| {
            reassign_expr_columns(Arc::clone(expr), &batch.schema())?.evaluate(batch)?.into_array(batch.num_rows())
        };
        self.exprs.iter().map(read).collect()
    }
}
