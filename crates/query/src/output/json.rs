//! JSON: ids as hex, times as RFC 3339 with nanoseconds, integers beyond 2^53 as text, attributes
//! with the types they were sent with.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::temporal_conversions::timestamp_s_to_datetime;
use arrow::util::display::array_value_to_string;
use luneta_model::{TypeCode, encode_json};
use serde_json::{Map, Value, json};

use super::fault;
use crate::error::QueryError;
use crate::scan::functions::TYPES_KEY;
use crate::sql::SqlAnswer;

const EXACT_MAX: u64 = 1 << 53;

pub(super) fn answer(answer: &SqlAnswer) -> Result<Vec<u8>, QueryError> {
    let columns: Vec<Value> =
        answer.schema.fields().iter().map(|f| json!({"name": f.name(), "type": f.data_type().to_string()})).collect();
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"columns\":");
    serde_json::to_writer(&mut out, &columns).map_err(fault)?;
    out.extend_from_slice(b",\"rows\":[");
    let mut first = true;
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            let cells: Vec<Value> = batch.columns().iter().map(|column| value(column, row)).collect();
            serde_json::to_writer(&mut out, &cells).map_err(fault)?;
        }
    }
    out.extend_from_slice(b"],\"stats\":");
    serde_json::to_writer(&mut out, &answer.stats).map_err(fault)?;
    if !answer.warnings.is_empty() {
        out.extend_from_slice(b",\"warnings\":");
        serde_json::to_writer(&mut out, &answer.warnings).map_err(fault)?;
    }
    out.extend_from_slice(if answer.truncated { b",\"truncated\":true}" } else { b",\"truncated\":false}" });
    Ok(out)
}

/// Rows as JSON objects by column name.
pub fn row_objects(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    let object = |row| {
        let fields = schema.fields().iter().zip(batch.columns());
        Value::Object(fields.map(|(field, column)| (field.name().clone(), value(column, row))).collect())
    };
    (0..batch.num_rows()).map(object).collect()
}

pub(super) fn text(column: &ArrayRef, row: usize) -> String {
    match value(column, row) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// One value of a column.
pub fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => column.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => integer(column.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => column.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => {
            let n = column.as_primitive::<UInt64Type>().value(row);
            if n > EXACT_MAX { n.to_string().into() } else { n.into() }
        }
        DataType::Float32 => double(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row).into(),
        DataType::Utf8View => column.as_string_view().value(row).into(),
        DataType::FixedSizeBinary(_) => hex::encode(column.as_fixed_size_binary().value(row)).into(),
        DataType::Binary => hex::encode(column.as_binary::<i32>().value(row)).into(),
        DataType::Timestamp(unit, _) => time(column, row, *unit),
        DataType::List(_) => list(&column.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&column.as_list::<i64>().value(row)),
        DataType::Struct(_) => object(column.as_struct(), row),
        DataType::Map(..) => merged_attributes(&column.as_map().value(row)),
        DataType::Dictionary(..) => match column.as_any_dictionary_opt() {
            Some(dictionary) => value(dictionary.values(), dictionary.normalized_keys()[row]),
            None => Value::Null,
        },
        _ => array_value_to_string(column, row).map_or(Value::Null, Value::String),
    }
}

fn integer(n: i64) -> Value {
    if n.unsigned_abs() > EXACT_MAX { n.to_string().into() } else { n.into() }
}

/// JSON has no NaN and no infinities: those are text.
fn double(d: f64) -> Value {
    match serde_json::Number::from_f64(d) {
        Some(n) => Value::Number(n),
        None if d.is_nan() => "NaN".into(),
        None => if d > 0.0 { "Infinity" } else { "-Infinity" }.into(),
    }
}

fn time(column: &ArrayRef, row: usize, unit: TimeUnit) -> Value {
    let nanos = match unit {
        TimeUnit::Second => i128::from(column.as_primitive::<TimestampSecondType>().value(row)) * 1_000_000_000,
        TimeUnit::Millisecond => i128::from(column.as_primitive::<TimestampMillisecondType>().value(row)) * 1_000_000,
        TimeUnit::Microsecond => i128::from(column.as_primitive::<TimestampMicrosecondType>().value(row)) * 1000,
        TimeUnit::Nanosecond => i128::from(column.as_primitive::<TimestampNanosecondType>().value(row)),
    };
    rfc3339(nanos).into()
}

/// Nanoseconds since 1970 as `2026-01-31T12:00:00.000000000Z`.
pub fn rfc3339(nanos: i128) -> String {
    let (seconds, fraction) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    match i64::try_from(seconds).ok().and_then(timestamp_s_to_datetime) {
        // The debug form of whole seconds is that of ISO 8601.
        Some(time) => format!("{time:?}.{fraction:09}Z"),
        None => format!("{nanos} ns"),
    }
}

fn list(items: &ArrayRef) -> Value {
    Value::Array((0..items.len()).map(|i| value(items, i)).collect())
}

fn object(array: &StructArray, row: usize) -> Value {
    let types = array.column_by_name("attributes_types").and_then(|c| c.as_string_opt::<i32>()).filter(|t| t.is_valid(row));
    let mut out = Map::new();
    for (field, column) in array.fields().iter().zip(array.columns()) {
        match field.name().as_str() {
            "attributes_types" => {}
            "attributes" if column.data_type() == &luneta_model::schema::map_type() && column.is_valid(row) => {
                out.insert("attributes".into(), attributes(&column.as_map().value(row), types.map(|t| t.value(row))));
            }
            name => {
                out.insert(name.to_owned(), value(column, row));
            }
        }
    }
    Value::Object(out)
}

/// A merged attribute map: the last entry may say the types of the others.
fn merged_attributes(entries: &StructArray) -> Value {
    let last = entries.len().saturating_sub(1);
    match (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>()) {
        (Some(keys), Some(texts)) if !keys.is_empty() && keys.value(last) == TYPES_KEY => {
            attributes(&entries.slice(0, last), Some(texts.value(last)))
        }
        _ => attributes(entries, None),
    }
}

/// One attribute map, its values with the types they were sent with where those are known.
fn attributes(entries: &StructArray, types: Option<&str>) -> Value {
    let (keys, values) = (entries.column(0), entries.column(1));
    let (Some(keys), Some(texts)) = (keys.as_string_opt::<i32>(), values.as_string_opt::<i32>()) else {
        let pairs = (0..entries.len()).map(|i| (value(keys, i).to_string(), value(values, i)));
        return Value::Object(pairs.collect());
    };
    let mut codes = types.unwrap_or("").chars().map(TypeCode::from_char);
    let mut out = Map::new();
    for i in 0..entries.len() {
        let code = codes.next().unwrap_or(TypeCode::String);
        let shown = if texts.is_null(i) { Value::Null } else { typed(code, texts.value(i)) };
        out.insert(keys.value(i).to_owned(), shown);
    }
    Value::Object(out)
}

fn typed(code: TypeCode, text: &str) -> Value {
    match code {
        TypeCode::String | TypeCode::Bytes => text.into(),
        TypeCode::Null => Value::Null,
        TypeCode::Bool => text.parse::<bool>().map_or_else(|_| text.into(), Value::Bool),
        TypeCode::Int => text.parse::<i64>().map_or_else(|_| text.into(), integer),
        TypeCode::Double => text.parse::<f64>().map_or_else(|_| text.into(), double),
        TypeCode::Array | TypeCode::Map => serde_json::from_str(text).unwrap_or_else(|_| {
            // Cut at a limit: no longer JSON, so shown as the text that is left.
            let mut quoted = String::new();
            encode_json(&luneta_model::AnyValue::String(text.to_owned()), &mut quoted);
            serde_json::from_str(&quoted).unwrap_or(Value::Null)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_709_210_096_123_456_789, "2024-02-29T12:34:56.123456789Z"),
            (i128::from(i64::MAX), "2262-04-11T23:47:16.854775807Z"),
        ] {
            assert_eq!(rfc3339(nanos), text);
        }
    }
}
