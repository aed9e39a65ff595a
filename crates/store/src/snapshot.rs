//! [`TableSnapshot`]: everything of one table at one moment, for readers.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use luneta_model::{AttributeScope, AttributeType};
use std::sync::Arc;

/// Files and memory of one table at one moment: every acknowledged row, once.
///
/// Files stay readable for [`StoreConfig::snapshot_keep`](crate::StoreConfig::snapshot_keep) after
/// they were replaced. Files and batches may lack columns of `schema`; those read as null.
#[derive(Debug, Clone)]
pub struct TableSnapshot {
    /// Newest snapshot of the catalog this one is built on.
    pub snapshot_id: i64,
    /// Live files, in the order they were committed.
    pub files: Vec<Arc<LakeFile>>,
    /// Rows not in any of `files`, in the physical layout without `origin`: what belongs to the
    /// resource or the scope is a `Dictionary(UInt32, …)` of the type `schema` names.
    pub memory: Vec<RecordBatch>,
    /// All columns of files and memory: the fixed ones of
    /// [`physical`](luneta_model::schema::physical), then the promoted ones.
    pub schema: SchemaRef,
}

/// One live Parquet file.
#[derive(Debug, Clone)]
pub struct LakeFile {
    /// Its number in the catalog.
    pub data_file_id: i64,
    /// Its path below [`Store::lake_dir`](crate::Store::lake_dir), with `/` between the parts.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Bytes of the footer, without the eight bytes that end the file.
    pub footer_size: u64,
    /// Rows.
    pub rows: u64,
    /// Statistics by column. A column of the table that is missing here is missing in the file, or,
    /// where another writer wrote that, nothing is known of it.
    pub stats: HashMap<String, ColumnStats>,
    /// Promoted columns `attributes.KEY` for which the overflow map of this file holds values
    /// of another type under the same key.
    pub strays: HashSet<String>,
    /// Keys in the overflow maps of this file, the most frequent of each map.
    pub map_keys: Vec<MapKey>,
    /// Bytes of the file that hold its trace index, which [`Store::find_traces`](crate::Store::find_traces) reads.
    pub trace_index: Option<Range<u64>>,
    /// Bytes of the file that hold its token index, which [`Store::find_bodies`](crate::Store::find_bodies) reads.
    pub token_index: Option<Range<u64>>,
    /// Whether all its spans are counted in the derived tables.
    pub counted: bool,
    /// Whether this store wrote the file. Others may lack columns, sorting and statistics, and may
    /// hold attributes in the overflow map for which a column exists.
    pub ours: bool,
    /// The file that lists rows another writer has deleted from this one.
    pub deletes: Option<DeleteFile>,
    /// When the file was committed, in milliseconds since 1970.
    pub created_ms: i64,
}

/// A key in the overflow maps of one file, with values of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapKey {
    /// Which of the three maps.
    pub scope: AttributeScope,
    /// The key.
    pub key: String,
    /// The type of the values; `None` for bytes, arrays and maps.
    pub kind: Option<AttributeType>,
    /// How many rows have one.
    pub count: u64,
}

impl TableSnapshot {
    /// Whether the derived tables count just the spans of this snapshot: files of earlier versions and
    /// of other writers are not counted, and rows that others delete stay counted.
    pub fn is_counted(&self) -> bool {
        self.files.iter().all(|file| file.counted && file.deletes.is_none())
    }
}

impl LakeFile {
    /// Rows that are not deleted.
    pub fn live_rows(&self) -> u64 {
        self.rows.saturating_sub(self.deletes.as_ref().map_or(0, |d| d.rows))
    }
}

/// A file of DuckLake that lists deleted rows of one data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteFile {
    /// Its path below [`Store::lake_dir`](crate::Store::lake_dir).
    pub path: String,
    /// How many rows it lists.
    pub rows: u64,
    /// Whether it is of the kind [`DeletedRows`](crate::DeletedRows) reads: Parquet, inside of the lake.
    pub readable: bool,
}

/// What is known of one column of one file. Bounds may be wider than the values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnStats {
    /// No value is smaller.
    pub min: Option<StatValue>,
    /// No value is greater.
    pub max: Option<StatValue>,
    /// Rows without a value.
    pub null_count: Option<u64>,
}

/// A bound of a column.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum StatValue {
    /// Of the integer types, as far as they fit.
    Int(i64),
    /// Of `Float64`.
    Double(f64),
    /// Of `Utf8`.
    Text(String),
    /// Of `FixedSizeBinary`.
    Bytes(Vec<u8>),
    /// Of `Boolean`.
    Bool(bool),
    /// Of timestamps, in nanoseconds since 1970.
    Timestamp(i64),
}
