//! The view `metrics`: points as people read them, for other readers of the lake.
//!
//! Files hold numbers and bucket counts in forms that take a fraction of the space
//! (`files::points`), in the table `metric_points`. The view, in DuckDB's dialect, gives them back.

use luneta_model::{Signal, Table, schema};
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::image::{Lake, LakeTable};
use super::names;
use crate::{StoreError, TableKey, layout};

/// Makes the view of a table, or brings it up to date with the table's columns. Tables that are read
/// as they are have none.
pub(super) async fn refresh(
    connection: &mut SqliteConnection,
    lake: &mut Lake,
    key: &TableKey,
    table: &LakeTable,
    changes: &mut Vec<String>,
) -> Result<(), StoreError> {
    if key.table != Table::Signal(Signal::Metrics) {
        return Ok(());
    }
    let schema = names::schema_of(&key.tenant);
    let (name, sql) = (key.table.name(), select(&schema, table));
    let schema_id = lake.schemas.get(&schema).map(|(id, _)| *id).unwrap_or_default();
    let old: Option<(i64, String)> = sqlx::query_as(
        "SELECT view_id, view_uuid FROM ducklake_view WHERE schema_id = ? AND view_name = ? AND end_snapshot IS NULL",
    )
    .bind(schema_id)
    .bind(name)
    .fetch_optional(&mut *connection)
    .await?;
    let (id, uuid) = if let Some((id, uuid)) = old {
        sqlx::query("UPDATE ducklake_view SET end_snapshot = ? WHERE view_id = ? AND end_snapshot IS NULL")
            .bind(lake.snapshot_id)
            .bind(id)
            .execute(&mut *connection)
            .await?;
        changes.push(format!("altered_view:{id}"));
        (id, uuid)
    } else {
        lake.next_catalog_id += 1;
        changes.push(format!("created_view:\"{schema}\".\"{name}\""));
        (lake.next_catalog_id - 1, Uuid::now_v7().to_string())
    };
    sqlx::query("INSERT INTO ducklake_view VALUES (?, ?, ?, NULL, ?, ?, 'duckdb', ?, '')")
        .bind(id)
        .bind(uuid)
        .bind(lake.snapshot_id)
        .bind(schema_id)
        .bind(name)
        .bind(sql)
        .execute(connection)
        .await?;
    Ok(())
}

fn select(schema: &str, table: &LakeTable) -> String {
    let columns: Vec<String> = table.columns.iter().filter_map(|c| column(&c.name, table)).collect();
    let from = format!("{{DUCKLAKE_CATALOG}}.{}.{}", quoted(schema), layout::lake_table(Table::Signal(Signal::Metrics)));
    format!("SELECT {} FROM {from}", columns.join(", "))
}

/// A column of the view; `None` for those that are only part of another.
fn column(name: &str, table: &LakeTable) -> Option<String> {
    // No text of SQL can hold a NUL.
    if name == "value_scale" || spread_of(name).is_some() || name.contains('\0') {
        return None;
    }
    if name == "value_double" {
        return Some("coalesce(value_double, value_int / pow(10, coalesce(value_scale, 0))) AS value".to_owned());
    }
    if name == "value_int" {
        return Some("CASE WHEN value_scale IS NULL THEN value_int END AS value_int".to_owned());
    }
    let mut positions: Vec<(usize, &str)> = table
        .columns
        .iter()
        .filter_map(|c| spread_of(&c.name).filter(|(of, _)| *of == name).map(|(_, at)| (at, c.name.as_str())))
        .collect();
    if positions.is_empty() {
        return Some(quoted(name));
    }
    positions.sort_unstable();
    let positions: Vec<String> = positions.into_iter().map(|(_, name)| quoted(name)).collect();
    let spread = format!("list_filter([{}], lambda x: x IS NOT NULL)", positions.join(", "));
    Some(format!("coalesce({name}, nullif({spread}, [])) AS {name}"))
}

/// The list a column holds one position of, and which.
fn spread_of(column: &str) -> Option<(&'static str, usize)> {
    let (of, at) = column.split_once('.')?;
    let (list, _) = schema::SPREAD.into_iter().find(|(list, _)| *list == of)?;
    Some((list, at.parse().ok()?))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
