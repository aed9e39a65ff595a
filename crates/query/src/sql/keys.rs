//! Which attribute keys a tenant's tables hold.

use std::collections::BTreeMap;

use arrow::array::Array as _;
use luneta_model::{AttributeScope, Signal, Tenant};
use luneta_store::TableSnapshot;

use super::QueryEngine;
use crate::error::QueryError;

/// One attribute key of one table that has a column.
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
    /// Rows that have a value, as far as statistics tell.
    pub count: u64,
}

impl QueryEngine {
    /// The keys with columns in any file or batch, most frequent first.
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

fn of_table(signal: Signal, snapshot: &TableSnapshot) -> Vec<AttributeKey> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for file in &snapshot.files {
        for (column, stats) in &file.stats {
            *counts.entry(column.as_str()).or_default() += file.rows - stats.null_count.unwrap_or(0).min(file.rows);
        }
    }
    for batch in &snapshot.memory {
        for (i, field) in batch.schema_ref().fields().iter().enumerate() {
            if let Some((name, _)) =
                snapshot.schema.column_with_name(field.name()).map(|(i, _)| (snapshot.schema.field(i).name(), i))
            {
                *counts.entry(name.as_str()).or_default() += (batch.num_rows() - batch.column(i).logical_null_count()) as u64;
            }
        }
    }
    let described = counts.into_iter().filter(|(_, count)| *count > 0).filter_map(|(column, count)| {
        let (scope, key) = match column {
            "service_name" => (AttributeScope::Resource, "service.name"),
            other => AttributeScope::split_column(other)?,
        };
        let data_type = snapshot.schema.field_with_name(column).ok()?.data_type().to_string();
        Some(AttributeKey { table: signal.table(), scope: scope.column(), key: key.to_owned(), data_type, count })
    });
    described.collect()
}
