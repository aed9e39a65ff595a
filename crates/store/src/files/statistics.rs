//! Statistics of a written file, from its own footer.

use arrow::datatypes::{DataType, Field};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use crate::{ColumnStats, StatValue};

/// Statistics and bytes of every top-level field, in order.
pub(crate) fn collect(metadata: &ParquetMetaData, fields: &[impl AsRef<Field>]) -> Vec<(ColumnStats, u64)> {
    fields.iter().map(|field| of_field(metadata, field.as_ref())).collect()
}

fn of_field(metadata: &ParquetMetaData, field: &Field) -> (ColumnStats, u64) {
    let mut bytes = 0;
    let mut nulls = Some(0);
    let mut bounds_of_groups = Vec::new();
    for group in metadata.row_groups() {
        for chunk in group.columns().iter().filter(|c| c.column_path().parts().first() == Some(field.name())) {
            bytes += chunk.compressed_size() as u64;
            let chunk_nulls = chunk.statistics().and_then(Statistics::null_count_opt);
            nulls = nulls.zip(chunk_nulls).map(|(a, b)| a + b);
            // A chunk without values has no bounds and takes none away.
            if chunk_nulls != Some(chunk.num_values() as u64) {
                bounds_of_groups.push(chunk.statistics().map_or((None, None), |s| bounds(s, field.data_type())));
            }
        }
    }
    if field.data_type().is_nested() {
        return (ColumnStats::default(), bytes);
    }
    let merged = bounds_of_groups.into_iter().reduce(|a, b| (outer(a.0, b.0, |x, y| x < y), outer(a.1, b.1, |x, y| x > y)));
    let (min, max) = merged.unwrap_or_default();
    (ColumnStats { min, max, null_count: nulls }, bytes)
}

fn bounds(stats: &Statistics, data_type: &DataType) -> (Option<StatValue>, Option<StatValue>) {
    let int = |v: i64| match data_type {
        DataType::Timestamp(_, _) => Some(StatValue::Timestamp(v)),
        DataType::UInt64 if v < 0 => None,
        _ => Some(StatValue::Int(v)),
    };
    match stats {
        Statistics::Boolean(s) => (s.min_opt().map(|b| StatValue::Bool(*b)), s.max_opt().map(|b| StatValue::Bool(*b))),
        Statistics::Int32(s) => {
            let widen = |v: &i32| match data_type {
                DataType::UInt32 => StatValue::Int(i64::from(*v as u32)),
                _ => StatValue::Int(i64::from(*v)),
            };
            (s.min_opt().map(widen), s.max_opt().map(widen))
        }
        Statistics::Int64(s) => (s.min_opt().and_then(|v| int(*v)), s.max_opt().and_then(|v| int(*v))),
        Statistics::Double(s) => (s.min_opt().map(|d| StatValue::Double(*d)), s.max_opt().map(|d| StatValue::Double(*d))),
        Statistics::ByteArray(s) => {
            let text =
                |b: &parquet::data_type::ByteArray| std::str::from_utf8(b.data()).ok().map(|t| StatValue::Text(t.to_owned()));
            (s.min_opt().and_then(text), s.max_opt().and_then(text))
        }
        _ => (None, None),
    }
}

/// The outer one of two bounds; unknown when either is.
fn outer(a: Option<StatValue>, b: Option<StatValue>, first: fn(&StatValue, &StatValue) -> bool) -> Option<StatValue> {
    let (a, b) = (a?, b?);
    Some(if first(&a, &b) { a } else { b })
}
