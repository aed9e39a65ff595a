//! OTLP's own JSON: ids are hex, enums are numbers, 64-bit numbers are text, and what has its
//! default is left out.

use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::{Map, Value};

/// The list of a trace's resources with their spans.
pub(in crate::jaeger) fn resource_spans(data: &TracesData) -> Vec<Value> {
    let groups = data.resource_spans.iter().map(|group| serde_json::to_value(group).unwrap_or_default());
    groups.map(without_defaults).collect()
}

/// Leaves out fields that have their default. Values of attributes are kept: there, an empty text is
/// not the same as none.
fn without_defaults(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_defaults).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, field)| {
                let field = if key == "value" { any(field) } else { without_defaults(field) };
                (key, field)
            });
            Value::Object(fields.filter(|(key, field)| key == "value" || !is_default(key, field)).collect())
        }
        plain => plain,
    }
}

/// The value of an attribute, which has one field or none.
fn any(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, field)| !field.is_null());
            fields.map(|(kind, field)| (kind, nested(field))).collect::<Map<_, _>>().into()
        }
        _ => Value::Object(Map::new()),
    }
}

/// Lists and maps inside of a value; anything else is as it is.
fn nested(field: Value) -> Value {
    let Value::Object(mut inner) = field else { return field };
    if let Some(Value::Array(items)) = inner.remove("values") {
        let item = |item: Value| match item {
            Value::Object(mut pair) if pair.contains_key("key") => {
                let key = pair.remove("key").unwrap_or_default();
                let value = any(pair.remove("value").unwrap_or_default());
                Value::Object(Map::from_iter([("key".to_owned(), key), ("value".to_owned(), value)]))
            }
            value => any(value),
        };
        inner.insert("values".to_owned(), items.into_iter().map(item).collect());
    }
    Value::Object(inner)
}

fn is_default(key: &str, field: &Value) -> bool {
    match field {
        Value::Null => true,
        Value::String(text) => text.is_empty() || (text == "0" && key.ends_with("UnixNano")),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Object(_) => false,
    }
}
