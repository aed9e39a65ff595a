//! What columns the tables have, and how their Arrow types are called in the catalog.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use luneta_model::{AttributeScope, AttributeType, Signal, Table, schema};

use crate::catalog::LakeTable;

/// The fixed columns of a table.
pub(crate) fn fixed(table: impl Into<Table>) -> &'static SchemaRef {
    static FIXED: LazyLock<HashMap<Table, SchemaRef>> =
        LazyLock::new(|| Table::ALL.into_iter().map(|t| (t, Arc::new(schema::stored(t)))).collect());
    &FIXED[&table.into()]
}

/// The type a column of a batch must have; `None` for columns no table has from the start.
pub(crate) fn expected_type(signal: Signal, column: &str) -> Option<&'static DataType> {
    type Types = HashMap<String, DataType, foldhash::fast::RandomState>;
    static TYPES: LazyLock<[Types; 3]> = LazyLock::new(|| {
        Signal::ALL.map(|signal| {
            let attributes = AttributeScope::ALL.into_iter().flat_map(|scope| {
                scope.known().iter().map(move |(key, kind)| (format!("{}{key}", scope.prefix()), kind.data_type()))
            });
            fixed(signal).fields().iter().map(|f| (f.name().clone(), f.data_type().clone())).chain(attributes).collect()
        })
    });
    TYPES[index(signal)].get(column)
}

/// The place of a signal in [`Signal::ALL`].
pub(crate) fn index(signal: Signal) -> usize {
    match signal {
        Signal::Spans => 0,
        Signal::Logs => 1,
        Signal::Metrics => 2,
    }
}

/// What the lake calls a table. Points are read through a view (`catalog::views`).
pub(crate) const fn lake_table(table: Table) -> &'static str {
    match table {
        Table::Signal(Signal::Metrics) => "metric_points",
        other => other.name(),
    }
}

/// The inverse of [`lake_table`].
pub(crate) fn table_of(lake_table_name: &str) -> Option<Table> {
    Table::ALL.into_iter().find(|t| lake_table(*t) == lake_table_name)
}

/// The type of an attribute key known from the start.
pub(crate) fn known_type(scope: AttributeScope, key: &str) -> Option<AttributeType> {
    static KNOWN: LazyLock<[HashMap<&'static str, AttributeType>; 3]> =
        LazyLock::new(|| AttributeScope::ALL.map(|s| s.known().iter().copied().collect()));
    KNOWN[scope as usize].get(key).copied()
}

/// The name of an Arrow type in the catalog; `None` for types no table of ours has.
pub(crate) fn lake_type(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Boolean => "boolean",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float64 => "float64",
        DataType::Utf8 => "varchar",
        DataType::FixedSizeBinary(_) => "blob",
        DataType::Timestamp(TimeUnit::Nanosecond, None) => "timestamp_ns",
        DataType::List(_) => "list",
        DataType::Struct(_) => "struct",
        DataType::Map(_, _) => "map",
        _ => return None,
    })
}

/// The Arrow type of a scalar column another writer added; `None` for types we do not read.
pub(crate) fn arrow_type(lake_type: &str) -> Option<DataType> {
    Some(match lake_type {
        "boolean" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        "varchar" | "json" => DataType::Utf8,
        "blob" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp_ns" => DataType::Timestamp(TimeUnit::Nanosecond, None),
        "timestamp" | "timestamp_us" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

/// The fields inside a type, as the catalog numbers them.
pub(crate) fn inner_fields(data_type: &DataType) -> Vec<FieldRef> {
    match data_type {
        DataType::List(element) => vec![element.clone()],
        DataType::Struct(fields) => fields.to_vec(),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => fields.to_vec(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The same type with other fields inside; the inverse of [`inner_fields`].
pub(crate) fn with_inner_fields(data_type: &DataType, inner: Vec<FieldRef>) -> DataType {
    match data_type {
        DataType::List(element) => DataType::List(inner.into_iter().next().unwrap_or_else(|| element.clone())),
        DataType::Struct(_) => DataType::Struct(Fields::from(inner)),
        DataType::Map(entries, sorted) => {
            let entries = Field::new(entries.name(), DataType::Struct(Fields::from(inner)), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    }
}

/// The columns of files and memory: the fixed ones, then the others by name.
pub(crate) fn schema_of(of: Table, table: Option<&LakeTable>, memory: &[RecordBatch]) -> Schema {
    let fixed = fixed(of);
    let mut others: BTreeMap<String, FieldRef> = BTreeMap::new();
    for column in table.iter().flat_map(|t| &t.columns) {
        if fixed.fields().find(&column.name).is_none()
            && let Some(field) = column.field()
        {
            others.insert(column.name.clone(), field);
        }
    }
    let mut seen: HashSet<&str> = fixed.fields().iter().map(|f| f.name().as_str()).collect();
    for field in memory.iter().flat_map(|b| b.schema_ref().fields().iter()) {
        if seen.insert(field.name()) && !others.contains_key(field.name()) {
            let data_type = match field.data_type() {
                DataType::Dictionary(_, values) => values.as_ref().clone(),
                other => other.clone(),
            };
            others.insert(field.name().clone(), Arc::new(Field::new(field.name(), data_type, true)));
        }
    }
    let mut fields = fixed.fields().to_vec();
    fields.extend(others.into_values());
    Schema::new(fields)
}
