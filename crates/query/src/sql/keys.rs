//! Which attribute keys a tenant's tables hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{MemTable, TableProvider};
use luneta_model::{AttributeScope, AttributeType, Signal, Tenant};
use luneta_store::{MapKey, TableSnapshot};

use super::QueryEngine;
use crate::error::QueryError;
use crate::scan::LakeTable;

/// One attribute key of one table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AttributeKey {
    /// The table.
    pub table: &'static str,
    /// The map it is read from: `attributes`, `resource_attributes` or `scope_attributes`.
    pub scope: &'static str,
    /// The key.
    pub key: String,
    /// The Arrow type of its values.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Rows that have a value, as far as statistics tell: of rows in memory, some may not be counted.
    pub count: u64,
}

impl QueryEngine {
    /// The keys of all tables, most frequent first.
    ///
    /// # Errors
    /// [`QueryError::Store`].
    pub async fn attribute_keys(&self, tenant: &Tenant) -> Result<Vec<AttributeKey>, QueryError> {
        let mut keys = Vec::new();
        for signal in Signal::ALL {
            let snapshot = self.store().snapshot(tenant, signal).await?;
            keys.extend(of_table(signal, &snapshot));
        }
        keys.sort_by(|a, b| (a.table, std::cmp::Reverse(a.count), &a.key).cmp(&(b.table, std::cmp::Reverse(b.count), &b.key)));
        Ok(keys)
    }
}

/// The table `attribute_keys` of these snapshots.
pub fn table(tables: &[Arc<LakeTable>]) -> Result<Arc<dyn TableProvider>, QueryError> {
    let keys: Vec<AttributeKey> = tables.iter().filter_map(|t| Some(of_table(t.signal()?, t.snapshot()))).flatten().collect();
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let fields = vec![text("table"), text("scope"), text("key"), text("type"), Field::new("count", DataType::Int64, false)];
    let schema = Arc::new(Schema::new(fields));
    let texts = |of: fn(&AttributeKey) -> &str| Arc::new(keys.iter().map(|k| Some(of(k))).collect::<StringArray>());
    let counts: Int64Array = keys.iter().map(|k| Some(k.count as i64)).collect();
    let rows = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![texts(|k| k.table), texts(|k| k.scope), texts(|k| &k.key), texts(|k| &k.data_type), Arc::new(counts)],
    )
    .map_err(|e| QueryError::Execution(e.to_string()))?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![rows]])?))
}

/// The keys of one table: those with columns, by the statistics of files and the rows in memory, and
/// those in overflow maps. A key's type is its column's, or the most frequent one.
fn of_table(signal: Signal, snapshot: &TableSnapshot) -> Vec<AttributeKey> {
    let mut keys: BTreeMap<(AttributeScope, String), AttributeKey> = BTreeMap::new();
    for (column, count) in column_counts(snapshot) {
        let Some((scope, key)) = attribute_of_column(column) else { continue };
        let Ok(field) = snapshot.schema.field_with_name(column) else { continue };
        let data_type = field.data_type().to_string();
        let found = AttributeKey { table: signal.table(), scope: scope.column(), key: key.to_owned(), data_type, count };
        keys.insert((scope, key.to_owned()), found);
    }
    let mut rest = snapshot.map_keys();
    rest.sort_by_key(|key| std::cmp::Reverse(key.count));
    for MapKey { scope, key, kind, count } in rest {
        let found = keys.entry((scope, key.clone())).or_insert_with(|| {
            let data_type = kind.unwrap_or(AttributeType::Text).data_type().to_string();
            AttributeKey { table: signal.table(), scope: scope.column(), key, data_type, count: 0 }
        });
        found.count += count;
    }
    keys.into_values().collect()
}

fn attribute_of_column(column: &str) -> Option<(AttributeScope, &str)> {
    match column {
        "service_name" => Some((AttributeScope::Resource, "service.name")),
        other => AttributeScope::split_column(other),
    }
}

/// How many rows have a value, by column.
fn column_counts(snapshot: &TableSnapshot) -> BTreeMap<&str, u64> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &snapshot.files {
        for (column, stats) in &file.stats {
            *counts.entry(column.as_str()).or_default() += file.rows - stats.null_count.unwrap_or(0).min(file.rows);
        }
    }
    for batch in &snapshot.memory {
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            // The name outlives the batch only in the table's schema.
            if let Some((i, _)) = snapshot.schema.column_with_name(field.name()) {
                let present = batch.num_rows() - column.logical_null_count();
                *counts.entry(snapshot.schema.field(i).name().as_str()).or_default() += present as u64;
            }
        }
    }
    counts.retain(|_, count| *count > 0);
    counts
}
