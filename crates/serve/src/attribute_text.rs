//! Values of attributes where there is no room for their types: as text, and as plain JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Value};

/// A value as text, as the OpenTelemetry Collector writes it: lists and maps as JSON, bytes in base64.
pub fn text(value: Option<&AnyValue>) -> String {
    match json(value) {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value as JSON says it.
pub fn json(value: Option<&AnyValue>) -> Value {
    match value.and_then(|v| v.value.as_ref()) {
        Some(Any::StringValue(text)) => text.as_str().into(),
        Some(Any::BoolValue(flag)) => (*flag).into(),
        Some(Any::IntValue(int)) => (*int).into(),
        Some(Any::DoubleValue(double)) => number(*double),
        Some(Any::BytesValue(bytes)) => base64(bytes).into(),
        Some(Any::ArrayValue(array)) => array.values.iter().map(|v| json(Some(v))).collect(),
        Some(Any::KvlistValue(list)) => Value::Object(object(&list.values)),
        _ => Value::Null,
    }
}

/// Attributes as an object.
pub fn object(pairs: &[KeyValue]) -> Map<String, Value> {
    pairs.iter().map(|pair| (pair.key.clone(), json(pair.value.as_ref()))).collect()
}

/// A number, or its name where JSON has none for it.
pub fn number(double: f64) -> Value {
    match serde_json::Number::from_f64(double) {
        // As other writers of JSON do, without a fraction that says nothing.
        Some(_) if double.fract() == 0.0 && double.abs() < 1e15 => (double as i64).into(),
        Some(number) => Value::Number(number),
        None if double.is_nan() => "NaN".into(),
        None => if double > 0.0 { "Infinity" } else { "-Infinity" }.into(),
    }
}

/// Bytes as text.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The value of an attribute.
pub fn get<'a>(pairs: &'a [KeyValue], key: &str) -> Option<&'a AnyValue> {
    pairs.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_ref())
}

/// The value of an attribute that is text.
pub fn get_text<'a>(pairs: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match get(pairs, key)?.value.as_ref()? {
        Any::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The number an id of eight bytes stands for; 0 is none.
pub fn span_id(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

/// The number an id of sixteen bytes stands for; 0 is none.
pub fn trace_id(bytes: &[u8]) -> u128 {
    bytes.try_into().map_or(0, u128::from_be_bytes)
}

/// A trace id as Jaeger and Zipkin write it: 32 digits, or 16 if the upper half is zero.
pub fn trace_id_text(id: u128) -> String {
    if id >> 64 == 0 { format!("{id:016x}") } else { format!("{id:032x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_text() {
        let any = |value| Some(AnyValue { value: Some(value) });
        let pair = |key: &str, value| KeyValue { key: key.into(), value, ..KeyValue::default() };
        let list = opentelemetry_proto::tonic::common::v1::ArrayValue {
            values: vec![any(Any::IntValue(1)).expect("value"), AnyValue::default()],
        };
        let map = opentelemetry_proto::tonic::common::v1::KeyValueList {
            values: vec![pair("a", any(Any::StringValue("x".into()))), pair("b", None)],
        };
        for (value, expected) in [
            (None, ""),
            (any(Any::StringValue("text".into())), "text"),
            (any(Any::BoolValue(true)), "true"),
            (any(Any::IntValue(i64::MIN)), "-9223372036854775808"),
            (any(Any::DoubleValue(2.0)), "2"),
            (any(Any::DoubleValue(0.1)), "0.1"),
            (any(Any::DoubleValue(f64::NAN)), "NaN"),
            (any(Any::DoubleValue(f64::NEG_INFINITY)), "-Infinity"),
            (any(Any::BytesValue(vec![0, 255])), "AP8="),
            (any(Any::ArrayValue(list)), "[1,null]"),
            (any(Any::KvlistValue(map)), r#"{"a":"x","b":null}"#),
        ] {
            assert_eq!(text(value.as_ref()), expected);
        }
    }

    #[test]
    fn ids_as_text() {
        assert_eq!(trace_id_text(0xabc), "0000000000000abc");
        assert_eq!(trace_id_text(1 << 64), "00000000000000010000000000000000");
        assert_eq!((span_id(&[0, 0, 0, 0, 0, 0, 1, 2]), span_id(&[]), trace_id(&[1])), (0x102, 0, 0));
    }
}
