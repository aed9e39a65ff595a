//! Commits: one transaction, one snapshot.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::image::{self, Lake, LakeColumn, LakeTable, TableBounds};
use super::{Catalog, keys, names, text, views};
use crate::{ColumnStats, LakeFile, MapKey, StatValue, StoreError, TableKey, layout, now_ms};

/// Rows of one `INSERT`; SQLite binds at most 32,766 values.
const INSERT_ROWS_MAX: usize = 1000;

/// What a commit does to the tables.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) add: Vec<AddFile>,
    /// Files that end with this commit, as they were when it was prepared.
    pub(crate) remove: Vec<(TableKey, Arc<LakeFile>)>,
    /// The last log segment whose rows are in the lake once this is committed.
    pub(crate) log_position: Option<u64>,
}

/// Why a commit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// New rows.
    Insert,
    /// The same rows in other files.
    Merge,
    /// Fewer rows.
    Drop,
    /// Rows of one table become rows of another.
    Move,
    /// Files are written again without some of their rows.
    Rewrite,
}

/// A file that is on disk and not yet part of the lake.
#[derive(Debug)]
pub(crate) struct AddFile {
    pub(crate) key: TableKey,
    /// The table the file was written for.
    pub(crate) table_id: i64,
    /// Name in the table's folder.
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) footer_size: u64,
    pub(crate) rows: u64,
    /// Every top-level column in the file.
    pub(crate) columns: Vec<FileColumn>,
    pub(crate) strays: HashSet<String>,
    /// Keys in its overflow maps.
    pub(crate) map_keys: Vec<MapKey>,
    /// Bytes of the file that hold its trace index.
    pub(crate) trace_index: Option<Range<u64>>,
    /// The same for its token index.
    pub(crate) token_index: Option<Range<u64>>,
    /// Whether its spans are counted in the derived tables.
    pub(crate) counted: bool,
}

/// One column of such a file.
#[derive(Debug)]
pub(crate) struct FileColumn {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) stats: ColumnStats,
    pub(crate) contains_nan: Option<bool>,
}

impl Catalog {
    /// Makes sure that tables and their columns exist: the fixed ones and those given. Returns the
    /// newest snapshot. Columns that exist with another type are left as they are.
    pub(crate) async fn ensure(&mut self, wanted: &[(TableKey, Vec<FieldRef>)]) -> Result<Arc<Lake>, StoreError> {
        if wanted.iter().all(|(key, fields)| missing(self.lake.tables.get(key), key, fields).is_empty()) {
            return Ok(self.lake.clone());
        }
        let known = self.lake.clone();
        let mut tx = self.ready().await?.begin_with("BEGIN IMMEDIATE").await?;
        let mut lake = newest(&mut tx, &known).await?;
        lake.snapshot_id += 1;
        lake.schema_version += 1;
        let mut changes = Vec::new();
        for (key, fields) in wanted {
            let missing = missing(lake.tables.get(key), key, fields);
            if missing.is_empty() {
                continue;
            }
            let mut table = match lake.tables.get(key) {
                Some(table) => {
                    changes.push(format!("altered_table:{}", table.table_id));
                    LakeTable::clone(table)
                }
                None => create_table(&mut tx, &mut lake, key, &mut changes).await?,
            };
            add_columns(&mut tx, lake.snapshot_id, &mut table, &missing).await?;
            views::refresh(&mut tx, &mut lake, key, &table, &mut changes).await?;
            sqlx::query("INSERT INTO ducklake_schema_versions VALUES (?, ?, ?)")
                .bind(lake.snapshot_id)
                .bind(lake.schema_version)
                .bind(table.table_id)
                .execute(&mut *tx)
                .await?;
            lake.tables.insert(key.clone(), Arc::new(table));
        }
        insert_snapshot(&mut tx, &lake, &changes.join(",")).await?;
        tx.commit().await?;
        self.done();
        self.lake = Arc::new(lake);
        Ok(self.lake.clone())
    }

    /// Commits a change whole or not at all; returns the new snapshot.
    ///
    /// A commit with a log position is made once: when its caller was interrupted behind the commit
    /// and tries again, the answer is [`StoreError::Committed`].
    pub(crate) async fn commit(&mut self, change: Change) -> Result<Arc<Lake>, StoreError> {
        let known = self.lake.clone();
        let mut tx = self.ready().await?.begin_with("BEGIN IMMEDIATE").await?;
        let mut lake = newest(&mut tx, &known).await?;
        if let Some(position) = change.log_position
            && super::log_position(&mut tx).await? >= position
        {
            tx.rollback().await?;
            self.done();
            self.lake = Arc::new(lake);
            return Err(StoreError::Committed);
        }
        lake.snapshot_id += 1;
        let mut tables: HashMap<TableKey, LakeTable> = HashMap::new();
        for key in change.remove.iter().map(|(key, _)| key).chain(change.add.iter().map(|a| &a.key)) {
            let table = lake.tables.get(key).ok_or_else(|| StoreError::Conflict(format!("table {key}")))?;
            tables.entry(key.clone()).or_insert_with(|| LakeTable::clone(table));
        }
        for (key, file) in &change.remove {
            if let Some(table) = tables.get_mut(key) {
                end_file(&mut tx, lake.snapshot_id, table, file, change.kind).await?;
            }
        }
        for add in change.add {
            if let Some(table) = tables.get_mut(&add.key) {
                let id = lake.next_file_id;
                lake.next_file_id += 1;
                add_file(&mut tx, lake.snapshot_id, table, id, add, change.kind).await?;
            }
        }
        if change.kind == Kind::Rewrite {
            tables.values_mut().for_each(narrow_table);
        }
        let mut changes = Vec::new();
        for table in tables.values() {
            write_table_stats(&mut tx, table).await?;
            let what = match change.kind {
                Kind::Insert => "inserted_into_table",
                Kind::Merge => "merge_adjacent",
                Kind::Drop => "deleted_from_table",
                Kind::Move | Kind::Rewrite => {
                    changes.push(format!("deleted_from_table:{}", table.table_id));
                    "inserted_into_table"
                }
            };
            changes.push(format!("{what}:{}", table.table_id));
        }
        if let Some(position) = change.log_position {
            sqlx::query("UPDATE luneta_log SET position = ? WHERE id = 1").bind(position as i64).execute(&mut *tx).await?;
        }
        insert_snapshot(&mut tx, &lake, &changes.join(",")).await?;
        tx.commit().await?;
        self.done();
        lake.tables.extend(tables.into_iter().map(|(key, table)| (key, Arc::new(table))));
        self.lake = Arc::new(lake);
        Ok(self.lake.clone())
    }
}

/// The newest snapshot as this transaction sees it.
async fn newest(connection: &mut SqliteConnection, known: &Lake) -> Result<Lake, StoreError> {
    if image::newest_snapshot(connection).await? == known.snapshot_id {
        return Ok(known.clone());
    }
    image::load(connection, Some(known)).await
}

/// The columns a table lacks. Names are compared without case, as other readers do.
fn missing(table: Option<&Arc<LakeTable>>, key: &TableKey, fields: &[FieldRef]) -> Vec<FieldRef> {
    let mut taken: HashSet<String> = table.iter().flat_map(|t| &t.columns).map(|c| c.name.to_lowercase()).collect();
    layout::fixed(key.table).fields().iter().chain(fields).filter(|f| taken.insert(f.name().to_lowercase())).cloned().collect()
}

async fn create_table(
    connection: &mut SqliteConnection,
    lake: &mut Lake,
    key: &TableKey,
    changes: &mut Vec<String>,
) -> Result<LakeTable, StoreError> {
    let schema = names::schema_of(&key.tenant);
    if !lake.schemas.contains_key(&schema) {
        create_schema(connection, lake, &schema).await?;
        changes.push(format!("created_schema:\"{schema}\""));
    }
    let (schema_id, schema_path) = lake.schemas.get(&schema).cloned().unwrap_or_default();
    let table_id = lake.next_catalog_id;
    lake.next_catalog_id += 1;
    let (name, folder) = (layout::lake_table(key.table), key.table.name());
    sqlx::query("INSERT INTO ducklake_table VALUES (?, ?, ?, NULL, ?, ?, ?, 1)")
        .bind(table_id)
        .bind(Uuid::now_v7().to_string())
        .bind(lake.snapshot_id)
        .bind(schema_id)
        .bind(name)
        .bind(format!("{folder}/"))
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO ducklake_table_stats VALUES (?, 0, 0, 0)").bind(table_id).execute(connection).await?;
    changes.push(format!("created_table:\"{schema}\".\"{name}\""));
    Ok(LakeTable { table_id, path: format!("{schema_path}{folder}/"), ..LakeTable::default() })
}

async fn create_schema(connection: &mut SqliteConnection, lake: &mut Lake, schema: &str) -> Result<(), StoreError> {
    let id = lake.next_catalog_id;
    lake.next_catalog_id += 1;
    // A folder name has at most 255 bytes.
    let path = if schema.len() < 200 { format!("{schema}/") } else { format!("{}/", Uuid::now_v7()) };
    sqlx::query("INSERT INTO ducklake_schema VALUES (?, ?, ?, NULL, ?, ?, 1)")
        .bind(id)
        .bind(Uuid::now_v7().to_string())
        .bind(lake.snapshot_id)
        .bind(schema)
        .bind(&path)
        .execute(connection)
        .await?;
    lake.schemas.insert(schema.to_owned(), (id, path));
    Ok(())
}

async fn add_columns(
    connection: &mut SqliteConnection,
    snapshot_id: i64,
    table: &mut LakeTable,
    fields: &[FieldRef],
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for field in fields {
        let column = number(field, None, &mut table.last_column_id, &mut rows)?;
        table.columns.push(column);
    }
    for rows in rows.chunks(INSERT_ROWS_MAX) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO ducklake_column ");
        insert.push_values(rows, |mut row, new| {
            row.push_bind(new.id).push_bind(snapshot_id).push("NULL").push_bind(table.table_id).push_bind(new.id);
            row.push_bind(&new.name).push_bind(new.lake_type).push("NULL").push("'NULL'").push_bind(i64::from(new.nullable));
            row.push_bind(new.parent).push_bind(if new.scalar { "literal" } else { "" }).push("'duckdb'");
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

struct NewColumn {
    id: i64,
    name: String,
    lake_type: &'static str,
    nullable: bool,
    parent: Option<i64>,
    scalar: bool,
}

/// Gives numbers to a column and all inside it.
fn number(field: &Field, parent: Option<i64>, last: &mut i64, rows: &mut Vec<NewColumn>) -> Result<LakeColumn, StoreError> {
    let lake_type = layout::lake_type(field.data_type())
        .ok_or_else(|| StoreError::CatalogContent(format!("column `{}` has no type in the lake", field.name())))?;
    *last += 1;
    let id = *last;
    let inner_fields = layout::inner_fields(field.data_type());
    let nullable = field.is_nullable() || parent.is_some();
    rows.push(NewColumn { id, name: field.name().clone(), lake_type, nullable, parent, scalar: inner_fields.is_empty() });
    let mut inner = Vec::new();
    for field in inner_fields {
        inner.push(number(&field, Some(id), last, rows)?);
    }
    Ok(LakeColumn { id, name: field.name().clone(), lake_type: lake_type.to_owned(), inner })
}

async fn insert_snapshot(connection: &mut SqliteConnection, lake: &Lake, changes: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO ducklake_snapshot VALUES (?, ?, ?, ?, ?)")
        .bind(lake.snapshot_id)
        .bind(text::write_snapshot_time(now_ms()))
        .bind(lake.schema_version)
        .bind(lake.next_catalog_id)
        .bind(lake.next_file_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO ducklake_snapshot_changes VALUES (?, ?, 'luneta', NULL, NULL)")
        .bind(lake.snapshot_id)
        .bind(changes)
        .execute(connection)
        .await?;
    Ok(())
}

async fn end_file(
    connection: &mut SqliteConnection,
    snapshot_id: i64,
    table: &mut LakeTable,
    known: &LakeFile,
    kind: Kind,
) -> Result<(), StoreError> {
    let id = known.data_file_id;
    let place = table.files.iter().position(|f| f.data_file_id == id);
    let place = place.ok_or_else(|| StoreError::Conflict(format!("file {id}, which is gone")))?;
    let file = table.files.remove(place);
    // Rows deleted since must not come back with the file that replaces this one.
    if matches!(kind, Kind::Merge | Kind::Move | Kind::Rewrite) && file.deletes != known.deletes {
        return Err(StoreError::Conflict(format!("rows of file {id}")));
    }
    let ended = sqlx::query("UPDATE ducklake_data_file SET end_snapshot = ? WHERE data_file_id = ? AND end_snapshot IS NULL")
        .bind(snapshot_id)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    if ended.rows_affected() != 1 {
        return Err(StoreError::Conflict(format!("file {id}, which ended {} times", ended.rows_affected())));
    }
    sqlx::query("UPDATE ducklake_delete_file SET end_snapshot = ? WHERE data_file_id = ? AND end_snapshot IS NULL")
        .bind(snapshot_id)
        .bind(id)
        .execute(connection)
        .await?;
    table.file_size -= file.size as i64;
    if kind != Kind::Insert {
        table.record_count -= file.rows as i64;
    }
    Ok(())
}

async fn add_file(
    connection: &mut SqliteConnection,
    snapshot_id: i64,
    table: &mut LakeTable,
    id: i64,
    add: AddFile,
    kind: Kind,
) -> Result<(), StoreError> {
    let stale = add.columns.iter().find(|c| table.column(&c.name).is_none_or(|t| t.id != c.id));
    if table.table_id != add.table_id || stale.is_some() {
        return Err(StoreError::Conflict(format!("the columns of table {}", add.key)));
    }
    sqlx::query(
        "INSERT INTO ducklake_data_file VALUES (?, ?, ?, NULL, NULL, ?, 1, 'parquet', ?, ?, ?, ?, NULL, NULL, NULL, NULL)",
    )
    .bind(id)
    .bind(table.table_id)
    .bind(snapshot_id)
    .bind(&add.name)
    .bind(add.rows as i64)
    .bind(add.size as i64)
    .bind(add.footer_size as i64)
    .bind(table.next_row_id)
    .execute(&mut *connection)
    .await?;
    note_file(connection, id, &add).await?;
    keys::insert(connection, id, &add.map_keys).await?;
    for columns in add.columns.chunks(INSERT_ROWS_MAX) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO ducklake_file_column_stats ");
        insert.push_values(columns, |mut row, column| {
            row.push_bind(id).push_bind(table.table_id).push_bind(column.id).push_bind(column.bytes as i64);
            row.push_bind(add.rows as i64).push_bind(column.stats.null_count.map(|n| n as i64));
            row.push_bind(column.stats.min.as_ref().and_then(file_text)).push_bind(column.stats.max.as_ref().and_then(file_text));
            row.push_bind(column.contains_nan.map(i64::from)).push("NULL");
        });
        insert.build().execute(&mut *connection).await?;
    }
    widen_table(table, &add);
    table.next_row_id += add.rows as i64;
    table.record_count += add.rows as i64;
    table.file_size += add.size as i64;
    table.files.push(Arc::new(LakeFile {
        data_file_id: id,
        path: format!("{}{}", table.path, add.name),
        size: add.size,
        footer_size: add.footer_size,
        rows: add.rows,
        stats: add.columns.into_iter().map(|c| (c.name, c.stats)).collect(),
        strays: add.strays,
        map_keys: add.map_keys,
        trace_index: add.trace_index,
        token_index: add.token_index,
        counted: add.counted,
        ours: true,
        deletes: None,
        created_ms: now_ms(),
    }));
    debug_assert!(kind != Kind::Drop, "dropping adds no files");
    Ok(())
}

/// What DuckLake has no column for.
async fn note_file(connection: &mut SqliteConnection, id: i64, add: &AddFile) -> Result<(), StoreError> {
    let strays = serde_json::to_string(&add.strays).map_err(|e| StoreError::CatalogContent(e.to_string()))?;
    sqlx::query(
        "INSERT INTO luneta_file(data_file_id, strays, trace_index_offset, trace_index_length, counted, token_index_offset, \
         token_index_length) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id)
    .bind(strays)
    .bind(add.trace_index.as_ref().map(|place| place.start as i64))
    .bind(add.trace_index.as_ref().map(|place| (place.end - place.start) as i64))
    .bind(i64::from(add.counted))
    .bind(add.token_index.as_ref().map(|place| place.start as i64))
    .bind(add.token_index.as_ref().map(|place| (place.end - place.start) as i64))
    .execute(connection)
    .await?;
    Ok(())
}

/// Bounds in the statistics of files spell booleans as numbers.
fn file_text(value: &StatValue) -> Option<String> {
    match value {
        StatValue::Bool(b) => Some(if *b { "1" } else { "0" }.to_owned()),
        other => text::write(other),
    }
}

/// Extends the statistics of a table so that they hold for a file too.
fn widen_table(table: &mut LakeTable, add: &AddFile) {
    let had_rows = table.next_row_id > 0;
    for column in &add.columns {
        let nulls = column.stats.null_count.is_none_or(|n| n > 0);
        let only_nulls = column.stats.null_count == Some(add.rows);
        match table.bounds.get_mut(&column.id) {
            None => {
                let bounds = TableBounds {
                    contains_null: Some(nulls || had_rows),
                    contains_nan: column.contains_nan,
                    min: column.stats.min.clone(),
                    max: column.stats.max.clone(),
                };
                table.bounds.insert(column.id, bounds);
            }
            Some(bounds) => {
                bounds.contains_null = Some(nulls || bounds.contains_null.unwrap_or(true));
                bounds.contains_nan = bounds.contains_nan.zip(column.contains_nan).map(|(a, b)| a || b);
                if !only_nulls {
                    bounds.min = extreme(bounds.min.take(), column.stats.min.as_ref(), |new, old| new < old);
                    bounds.max = extreme(bounds.max.take(), column.stats.max.as_ref(), |new, old| new > old);
                }
            }
        }
    }
    let present: HashSet<i64> = add.columns.iter().map(|c| c.id).collect();
    for (id, bounds) in &mut table.bounds {
        if !present.contains(id) {
            bounds.contains_null = Some(true);
        }
    }
}

/// Makes the bounds of a table those of its files, so that they tell nothing of rows that are gone. A column that is not
/// known of in all files keeps its own.
fn narrow_table(table: &mut LakeTable) {
    for column in &table.columns {
        let Some(bounds) = table.bounds.get_mut(&column.id) else { continue };
        let stats = |file: &Arc<LakeFile>| match file.stats.get(&column.name) {
            Some(stats) => Some(stats.clone()),
            // Our files have statistics of all their columns.
            None => file.ours.then(|| ColumnStats { null_count: Some(file.rows), ..ColumnStats::default() }),
        };
        let Some(all) = table.files.iter().map(|file| Some((stats(file)?, file.rows))).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let with_values: Vec<&ColumnStats> = all.iter().filter(|(s, rows)| s.null_count != Some(*rows)).map(|(s, _)| s).collect();
        let outer = |of: fn(&ColumnStats) -> Option<&StatValue>, outer: fn(&StatValue, &StatValue) -> bool| {
            let first = with_values.first().and_then(|stats| of(stats).cloned());
            with_values.iter().skip(1).fold(first, |bound, stats| extreme(bound, of(stats), outer))
        };
        bounds.min = outer(|stats| stats.min.as_ref(), |new, old| new < old);
        bounds.max = outer(|stats| stats.max.as_ref(), |new, old| new > old);
    }
}

/// The outer one of two bounds; unknown when either is.
fn extreme(old: Option<StatValue>, new: Option<&StatValue>, outer: fn(&StatValue, &StatValue) -> bool) -> Option<StatValue> {
    let (old, new) = (old?, new?);
    Some(if outer(new, &old) { new.clone() } else { old })
}

async fn write_table_stats(connection: &mut SqliteConnection, table: &LakeTable) -> Result<(), StoreError> {
    sqlx::query("UPDATE ducklake_table_stats SET record_count = ?, next_row_id = ?, file_size_bytes = ? WHERE table_id = ?")
        .bind(table.record_count)
        .bind(table.next_row_id)
        .bind(table.file_size)
        .bind(table.table_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM ducklake_table_column_stats WHERE table_id = ?")
        .bind(table.table_id)
        .execute(&mut *connection)
        .await?;
    let bounds: Vec<_> = table.bounds.iter().collect();
    for bounds in bounds.chunks(INSERT_ROWS_MAX) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO ducklake_table_column_stats ");
        insert.push_values(bounds, |mut row, (id, bounds)| {
            row.push_bind(table.table_id).push_bind(**id).push_bind(bounds.contains_null.map(i64::from));
            row.push_bind(bounds.contains_nan.map(i64::from)).push_bind(bounds.min.as_ref().and_then(text::write));
            row.push_bind(bounds.max.as_ref().and_then(text::write)).push("NULL");
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}
