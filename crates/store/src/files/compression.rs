//! Which columns are compressed. A dictionary and run lengths leave nothing to zstd where a column
//! has few values, and most have; whoever reads a row then unpacks it for nothing.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use luneta_model::{Signal, Table};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use xxhash_rust::xxh3::xxh3_64;

/// Rows looked at in a column in memory.
const SAMPLE_ROWS: usize = 4096;
/// Columns with at most this many values among them are left plain.
const SAMPLE_VALUES_MAX: usize = 64;
/// Columns of files are left plain from then on when zstd saves less than a byte in this many rows.
const ROWS_PER_BYTE_SAVED: i64 = 8;
/// Leaves of lists and maps that are compressed; the others hold small numbers and names.
const NESTED: [&str; 3] = ["key", "value", "time"];

/// Whether a column of rows in memory, given in parts, has so few values that it is left plain.
pub(super) fn has_few_values<'a>(parts: impl Iterator<Item = &'a ArrayRef> + Clone) -> bool {
    let rows: usize = parts.clone().map(Array::len).sum();
    let step = (rows / SAMPLE_ROWS).max(1);
    let mut seen: HashSet<u64, foldhash::fast::RandomState> = HashSet::default();
    for part in parts {
        for row in (0..part.len()).step_by(step).filter(|row| part.is_valid(*row)) {
            let value = match part.data_type() {
                DataType::Boolean => return true,
                DataType::Utf8 => xxh3_64(part.as_string::<i32>().value(row).as_bytes()),
                DataType::Int64 => part.as_primitive::<Int64Type>().value(row) as u64,
                DataType::Int32 => part.as_primitive::<Int32Type>().value(row) as u64,
                _ => return false,
            };
            if seen.insert(value) && seen.len() > SAMPLE_VALUES_MAX {
                return false;
            }
        }
    }
    true
}

/// The columns of files that are left plain when the files are merged: those in which compression
/// saved next to nothing, or was not tried.
pub(crate) fn plain_in<'a>(files: impl Iterator<Item = &'a ParquetMetaData>) -> HashSet<String> {
    let mut saved: HashMap<String, i64> = HashMap::new();
    let mut rows = 0;
    for file in files {
        rows += file.file_metadata().num_rows();
        for column in file.row_groups().iter().flat_map(RowGroupMetaData::columns) {
            *saved.entry(column.column_path().string()).or_default() += column.uncompressed_size() - column.compressed_size();
        }
    }
    saved.retain(|_, bytes| *bytes < rows / ROWS_PER_BYTE_SAVED);
    saved.into_keys().collect()
}

/// The leaves of a file that are left plain, given the columns that are. Points of metrics are few
/// bytes, and compress well together.
pub(super) fn plain_leaves(table: Table, descriptor: &SchemaDescriptor, plain: &HashSet<String>) -> Vec<ColumnPath> {
    let is_plain = |path: &ColumnPath| match path.parts() {
        [_] => plain.contains(&path.string()),
        [.., leaf] => !NESTED.contains(&leaf.as_str()),
        [] => false,
    };
    let leaves = descriptor.columns().iter().map(|leaf| leaf.path());
    leaves.filter(|path| table != Table::Signal(Signal::Metrics) && is_plain(path)).cloned().collect()
}
