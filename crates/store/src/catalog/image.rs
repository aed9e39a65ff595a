//! [`Lake`]: the newest snapshot of the catalog in memory.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use luneta_model::Table;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use sqlx::sqlite::SqliteConnection;

use super::{keys, names, text};
use crate::{ColumnStats, DeleteFile, LakeFile, StatValue, StoreError, TableKey, layout};

/// Everything live in one snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lake {
    pub(crate) snapshot_id: i64,
    pub(super) schema_version: i64,
    pub(super) next_catalog_id: i64,
    pub(super) next_file_id: i64,
    /// Live schemas by name: number and path.
    pub(super) schemas: HashMap<String, (i64, String)>,
    /// The tables.
    pub(crate) tables: HashMap<TableKey, Arc<LakeTable>>,
}

/// One live table.
#[derive(Debug, Clone, Default)]
pub(crate) struct LakeTable {
    pub(crate) table_id: i64,
    /// Folder of its files, relative to the data path, with a `/` at the end.
    pub(crate) path: String,
    /// Live top-level columns, in order.
    pub(crate) columns: Vec<LakeColumn>,
    /// The highest column number ever given.
    pub(super) last_column_id: i64,
    pub(crate) files: Vec<Arc<LakeFile>>,
    pub(super) record_count: i64,
    pub(super) next_row_id: i64,
    pub(super) file_size: i64,
    pub(super) bounds: HashMap<i64, TableBounds>,
}

/// One live column and those inside it.
#[derive(Debug, Clone)]
pub(crate) struct LakeColumn {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// As the catalog calls it.
    pub(crate) lake_type: String,
    pub(crate) inner: Vec<LakeColumn>,
}

/// Statistics of a column over the whole table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TableBounds {
    pub(super) contains_null: Option<bool>,
    pub(super) contains_nan: Option<bool>,
    pub(super) min: Option<StatValue>,
    pub(super) max: Option<StatValue>,
}

impl LakeTable {
    /// The column of a name.
    pub(crate) fn column(&self, name: &str) -> Option<&LakeColumn> {
        self.columns.iter().find(|c| c.name == name)
    }
}

impl LakeColumn {
    /// A field with the numbers of this column, as files carry them; `None` when the types differ.
    pub(crate) fn stamp(&self, field: &Field) -> Option<Field> {
        if layout::lake_type(field.data_type()) != Some(self.lake_type.as_str()) {
            return None;
        }
        let mut inner = Vec::new();
        for field in layout::inner_fields(field.data_type()) {
            let column = self.inner.iter().find(|c| c.name == *field.name())?;
            inner.push(Arc::new(column.stamp(&field)?));
        }
        let data_type = layout::with_inner_fields(field.data_type(), inner);
        let id = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), self.id.to_string())]);
        Some(Field::new(field.name(), data_type, field.is_nullable()).with_metadata(id))
    }

    /// The field of a column that is not fixed; `None` when it is of a type we do not read.
    pub(crate) fn field(&self) -> Option<FieldRef> {
        Some(Arc::new(Field::new(&self.name, layout::arrow_type(&self.lake_type)?, true)))
    }
}

impl Lake {
    /// The field of a table's column, without numbers.
    pub(crate) fn field(table: Table, column: &LakeColumn) -> Option<FieldRef> {
        match layout::fixed(table).fields().find(&column.name) {
            Some((_, field)) => Some(field.clone()),
            None => column.field(),
        }
    }
}

/// The number of the newest snapshot.
pub(super) async fn newest_snapshot(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let (id,): (i64,) = sqlx::query_as("SELECT max(snapshot_id) FROM ducklake_snapshot").fetch_one(connection).await?;
    Ok(id)
}

/// Reads the newest snapshot; files that `known` has too are taken from there.
pub(super) async fn load(connection: &mut SqliteConnection, known: Option<&Lake>) -> Result<Lake, StoreError> {
    let (snapshot_id, schema_version, next_catalog_id, next_file_id): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT snapshot_id, schema_version, next_catalog_id, next_file_id FROM ducklake_snapshot \
         ORDER BY snapshot_id DESC LIMIT 1",
    )
    .fetch_one(&mut *connection)
    .await?;
    let mut lake = Lake { snapshot_id, schema_version, next_catalog_id, next_file_id, ..Lake::default() };
    let schemas: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT schema_id, schema_name, path FROM ducklake_schema WHERE end_snapshot IS NULL")
            .fetch_all(&mut *connection)
            .await?;
    let mut tables: HashMap<i64, (TableKey, LakeTable)> = load_tables(connection, &schemas).await?;
    lake.schemas = schemas.into_iter().map(|(id, name, path)| (name, (id, path))).collect();
    load_columns(connection, &mut tables).await?;
    load_table_stats(connection, &mut tables).await?;
    load_files(connection, &mut tables, known).await?;
    lake.tables = tables.into_values().map(|(key, table)| (key, Arc::new(table))).collect();
    Ok(lake)
}

async fn load_tables(
    connection: &mut SqliteConnection,
    schemas: &[(i64, String, String)],
) -> Result<HashMap<i64, (TableKey, LakeTable)>, StoreError> {
    let rows: Vec<(i64, i64, String, String)> =
        sqlx::query_as("SELECT table_id, schema_id, table_name, path FROM ducklake_table WHERE end_snapshot IS NULL")
            .fetch_all(connection)
            .await?;
    let mut tables = HashMap::new();
    for (table_id, schema_id, name, path) in rows {
        let Some((_, schema, schema_path)) = schemas.iter().find(|(id, ..)| *id == schema_id) else { continue };
        let (Some(tenant), Some(of)) = (names::tenant_of(schema), layout::table_of(&name)) else { continue };
        let table = LakeTable { table_id, path: format!("{schema_path}{path}"), ..LakeTable::default() };
        tables.insert(table_id, (TableKey { tenant, table: of }, table));
    }
    Ok(tables)
}

async fn load_columns(
    connection: &mut SqliteConnection,
    tables: &mut HashMap<i64, (TableKey, LakeTable)>,
) -> Result<(), StoreError> {
    let last: Vec<(i64, i64)> = sqlx::query_as("SELECT table_id, max(column_id) FROM ducklake_column GROUP BY table_id")
        .fetch_all(&mut *connection)
        .await?;
    for (table_id, last_column_id) in last {
        if let Some((_, table)) = tables.get_mut(&table_id) {
            table.last_column_id = last_column_id;
        }
    }
    let rows: Vec<(i64, i64, String, String, Option<i64>)> = sqlx::query_as(
        "SELECT table_id, column_id, column_name, column_type, parent_column FROM ducklake_column \
         WHERE end_snapshot IS NULL ORDER BY table_id, column_order",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut children: HashMap<(i64, Option<i64>), Vec<LakeColumn>> = HashMap::new();
    for (table_id, id, name, lake_type, parent) in rows {
        children.entry((table_id, parent)).or_default().push(LakeColumn { id, name, lake_type, inner: Vec::new() });
    }
    for (table_id, (_, table)) in tables.iter_mut() {
        table.columns = nest(*table_id, None, &mut children);
    }
    Ok(())
}

fn nest(table_id: i64, parent: Option<i64>, children: &mut HashMap<(i64, Option<i64>), Vec<LakeColumn>>) -> Vec<LakeColumn> {
    let mut columns = children.remove(&(table_id, parent)).unwrap_or_default();
    for column in &mut columns {
        column.inner = nest(table_id, Some(column.id), children);
    }
    columns
}

/// Table, column, has nulls, has NaN, lower and upper bound.
type BoundsRow = (i64, i64, Option<i64>, Option<i64>, Option<String>, Option<String>);

async fn load_table_stats(
    connection: &mut SqliteConnection,
    tables: &mut HashMap<i64, (TableKey, LakeTable)>,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as("SELECT table_id, record_count, next_row_id, file_size_bytes FROM ducklake_table_stats")
            .fetch_all(&mut *connection)
            .await?;
    for (table_id, record_count, next_row_id, file_size) in rows {
        if let Some((_, table)) = tables.get_mut(&table_id) {
            (table.record_count, table.next_row_id, table.file_size) = (record_count, next_row_id, file_size);
        }
    }
    let rows: Vec<BoundsRow> = sqlx::query_as(
        "SELECT table_id, column_id, contains_null, contains_nan, min_value, max_value FROM ducklake_table_column_stats",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (table_id, column_id, contains_null, contains_nan, min, max) in rows {
        let Some((key, table)) = tables.get_mut(&table_id) else { continue };
        let field = table.columns.iter().find(|c| c.id == column_id).and_then(|c| Lake::field(key.table, c));
        let parse = |t: Option<String>| field.as_ref().and_then(|f| text::read(&t?, f.data_type()));
        let bounds = TableBounds {
            contains_null: contains_null.map(|b| b != 0),
            contains_nan: contains_nan.map(|b| b != 0),
            min: parse(min),
            max: parse(max),
        };
        table.bounds.insert(column_id, bounds);
    }
    Ok(())
}

type FileRow = (
    i64,
    i64,
    String,
    i64,
    i64,
    i64,
    i64,
    Option<String>,
    IndexPlace,
    IndexPlace,
    IndexPlace,
    IndexPlace,
    Option<i64>,
    Option<String>,
);

/// Offset or length of an index, where the file has it.
type IndexPlace = Option<i64>;

/// Data file, path, whether that is relative, rows, format.
type DeleteRow = (i64, String, i64, i64, String);

async fn load_files(
    connection: &mut SqliteConnection,
    tables: &mut HashMap<i64, (TableKey, LakeTable)>,
    known: Option<&Lake>,
) -> Result<(), StoreError> {
    let rows: Vec<FileRow> = sqlx::query_as(
        "SELECT f.data_file_id, f.table_id, f.path, f.path_is_relative, f.record_count, f.file_size_bytes, \
                f.footer_size, own.strays, own.trace_index_offset, own.trace_index_length, \
                own.token_index_offset, own.token_index_length, own.counted, s.snapshot_time \
         FROM ducklake_data_file f \
         LEFT JOIN luneta_file own ON own.data_file_id = f.data_file_id \
         LEFT JOIN ducklake_snapshot s ON s.snapshot_id = f.begin_snapshot \
         WHERE f.end_snapshot IS NULL ORDER BY f.data_file_id",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut all_deletes = load_deletes(connection).await?;
    let mut cached: HashMap<i64, Arc<LakeFile>> = HashMap::new();
    for table in known.iter().flat_map(|lake| lake.tables.values()) {
        cached.extend(table.files.iter().map(|f| (f.data_file_id, f.clone())));
    }
    let unknown: HashSet<i64> = rows.iter().map(|r| r.0).filter(|id| !cached.contains_key(id)).collect();
    let mut stats = load_stats(connection, &unknown).await?;
    let mut map_keys = keys::load(connection, &unknown).await?;
    for row in rows {
        let (id, table_id, path, relative, rows, size, footer, strays, ..) = row;
        let (.., traces_at, traces_length, tokens_at, tokens_length, counted, created) = row;
        let Some((key, table)) = tables.get_mut(&table_id) else { continue };
        let deletes = all_deletes.remove(&id).map(|d| DeleteFile { path: format!("{}{}", table.path, d.path), ..d });
        if let Some(file) = cached.get(&id) {
            let same = file.deletes == deletes;
            table.files.push(if same { file.clone() } else { Arc::new(LakeFile { deletes, ..LakeFile::clone(file) }) });
            continue;
        }
        if relative == 0 {
            tracing::warn!("file {path} lies outside of the lake and is not read");
            continue;
        }
        let file = LakeFile {
            data_file_id: id,
            path: format!("{}{path}", table.path),
            size: size as u64,
            footer_size: footer as u64,
            rows: rows as u64,
            stats: named_stats(key.table, table, stats.remove(&id).unwrap_or_default()),
            strays: strays.as_deref().and_then(|s| serde_json::from_str(s).ok()).unwrap_or_default(),
            map_keys: map_keys.remove(&id).unwrap_or_default(),
            trace_index: place(traces_at, traces_length),
            token_index: place(tokens_at, tokens_length),
            counted: counted == Some(1),
            ours: strays.is_some(),
            deletes,
            created_ms: created.as_deref().and_then(text::read_snapshot_time).unwrap_or(0),
        };
        table.files.push(Arc::new(file));
    }
    Ok(())
}

fn place(offset: IndexPlace, length: IndexPlace) -> Option<Range<u64>> {
    offset.zip(length).map(|(offset, length)| offset as u64..(offset + length) as u64)
}

/// The live delete files by data file, with paths as in the catalog.
async fn load_deletes(connection: &mut SqliteConnection) -> Result<HashMap<i64, DeleteFile>, StoreError> {
    let rows: Vec<DeleteRow> = sqlx::query_as(
        "SELECT data_file_id, path, path_is_relative, delete_count, format FROM ducklake_delete_file \
         WHERE end_snapshot IS NULL ORDER BY delete_file_id",
    )
    .fetch_all(connection)
    .await?;
    let file = |(data_file_id, path, relative, rows, format): DeleteRow| {
        (data_file_id, DeleteFile { path, rows: rows as u64, readable: relative != 0 && format == "parquet" })
    };
    Ok(rows.into_iter().map(file).collect())
}

/// Column number, null count, lower and upper bound.
type StatRow = (i64, Option<i64>, Option<String>, Option<String>);

/// The statistics of files. SQLite joins them to one text per file, which is many times faster than
/// to fetch every row.
async fn load_stats(connection: &mut SqliteConnection, files: &HashSet<i64>) -> Result<HashMap<i64, Vec<StatRow>>, StoreError> {
    if files.is_empty() {
        return Ok(HashMap::new());
    }
    let first = files.iter().min().copied().unwrap_or_default();
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT s.data_file_id, json_group_array(json_array(s.column_id, s.null_count, s.min_value, s.max_value)) \
         FROM ducklake_data_file f JOIN ducklake_file_column_stats s ON s.data_file_id = f.data_file_id \
         WHERE f.end_snapshot IS NULL AND f.data_file_id >= ? GROUP BY s.data_file_id",
    )
    .bind(first)
    .fetch_all(connection)
    .await?;
    let mut out = HashMap::new();
    for (id, json) in rows {
        if files.contains(&id) {
            let parsed = serde_json::from_str(&json).map_err(|e| StoreError::CatalogContent(format!("statistics: {e}")))?;
            out.insert(id, parsed);
        }
    }
    Ok(out)
}

fn named_stats(of: Table, table: &LakeTable, rows: Vec<StatRow>) -> HashMap<String, ColumnStats> {
    let mut out = HashMap::with_capacity(rows.len());
    for (column_id, null_count, min, max) in rows {
        let Some(column) = table.columns.iter().find(|c| c.id == column_id) else { continue };
        let Some(field) = Lake::field(of, column) else { continue };
        let parse = |t: Option<String>| t.and_then(|t| text::read(&t, field.data_type()));
        let stats = ColumnStats { min: parse(min), max: parse(max), null_count: null_count.map(|n| n as u64) };
        out.insert(column.name.clone(), stats);
    }
    out
}
