//! The derived tables: what the lake's own tables say, put together.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

use super::parse;
use crate::error::QueryError;

/// How a derived table comes about.
#[derive(Debug, Clone, Copy)]
pub enum Definition {
    /// A query over the lake's own tables.
    Sql(&'static str),
    /// The catalog's statistics of attribute columns.
    AttributeKeys,
}

/// Every derived table; those that others are made of come first.
pub const TABLES: [(&str, Definition); 7] = [
    ("services", Definition::Sql(include_str!("derived/services.sql"))),
    ("operations", Definition::Sql(include_str!("derived/operations.sql"))),
    ("edge_metrics", Definition::Sql(include_str!("derived/edge_metrics.sql"))),
    ("edges", Definition::Sql(include_str!("derived/edges.sql"))),
    ("errors", Definition::Sql(include_str!("derived/errors.sql"))),
    ("metric_names", Definition::Sql(include_str!("derived/metric_names.sql"))),
    ("attribute_keys", Definition::AttributeKeys),
];

/// The definition of a derived table.
pub fn definition(name: &str) -> Option<Definition> {
    TABLES.iter().find(|(table, _)| *table == name).map(|(_, definition)| *definition)
}

/// A table that is a query, planned against the tables of a context.
pub async fn view(context: &SessionContext, sql: &str) -> Result<Arc<dyn TableProvider>, QueryError> {
    let plan = context.state().statement_to_plan(parse(sql)?).await?;
    Ok(Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
}
