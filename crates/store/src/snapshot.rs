//! [`TableSnapshot`]: everything of one table at one moment, for readers.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
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
    /// Statistics by column. A column of the table that is missing here is missing in the file,
    /// or nothing is known of it: see `columns_known`.
    pub stats: HashMap<String, ColumnStats>,
    /// Promoted columns `attributes.KEY` for which the overflow map of this file holds values
    /// of another type under the same key.
    pub strays: HashSet<String>,
    /// Bytes of the file that hold its trace index, which [`Store::find_traces`](crate::Store::find_traces) reads.
    pub trace_index: Option<Range<u64>>,
    /// Whether this store wrote the file. Others may lack columns, sorting and statistics, and may
    /// hold attributes in the overflow map for which a column exists.
    pub ours: bool,
    /// Path of the file of deleted rows that another writer put beside this one.
    pub deletes: Option<String>,
    /// When the file was committed, in milliseconds since 1970.
    pub created_ms: i64,
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
