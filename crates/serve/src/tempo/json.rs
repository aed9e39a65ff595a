//! OTLP's messages in the JSON of Tempo: that of protobuf, so that ids are base64, 64-bit numbers are
//! text, and what has its default is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use serde_json::{Map, Value};

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// An object without fields that have their default.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let default = match &value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Number(n) => n.as_u64() == Some(0),
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Object(_) => false,
        };
        if !default {
            self.0.insert(key.to_owned(), value);
        }
        self
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Value {
        Value::Object(object.0)
    }
}

/// The list of a trace's resources with their spans.
pub(super) fn resource_spans(data: &TracesData) -> Value {
    data.resource_spans.iter().map(resource).collect()
}

fn resource(group: &ResourceSpans) -> Value {
    let resource = group.resource.as_ref().map(|r| {
        Object::default().with("attributes", attributes(&r.attributes)).with("droppedAttributesCount", r.dropped_attributes_count)
    });
    Object::default()
        .with("resource", resource.unwrap_or_default())
        .with("scopeSpans", group.scope_spans.iter().map(scope).collect::<Vec<Value>>())
        .with("schemaUrl", group.schema_url.as_str())
        .into()
}

fn scope(group: &ScopeSpans) -> Value {
    let scope = group.scope.as_ref().map(|s| {
        Object::default()
            .with("name", s.name.as_str())
            .with("version", s.version.as_str())
            .with("attributes", attributes(&s.attributes))
            .with("droppedAttributesCount", s.dropped_attributes_count)
    });
    Object::default()
        .with("scope", scope.unwrap_or_default())
        .with("spans", group.spans.iter().map(span).collect::<Vec<Value>>())
        .with("schemaUrl", group.schema_url.as_str())
        .into()
}

fn span(span: &Span) -> Value {
    let status = span.status.as_ref().map(|status| {
        let code = if status.code == 0 { Value::Null } else { name(&STATUS_CODES, status.code) };
        Object::default().with("message", status.message.as_str()).with("code", code)
    });
    let kind = if span.kind == 0 { Value::Null } else { name(&KINDS, span.kind) };
    Object::default()
        .with("traceId", bytes(&span.trace_id))
        .with("spanId", bytes(&span.span_id))
        .with("traceState", span.trace_state.as_str())
        .with("parentSpanId", bytes(&span.parent_span_id))
        .with("flags", span.flags)
        .with("name", span.name.as_str())
        .with("kind", kind)
        .with("startTimeUnixNano", span.start_time_unix_nano.to_string())
        .with("endTimeUnixNano", span.end_time_unix_nano.to_string())
        .with("attributes", attributes(&span.attributes))
        .with("droppedAttributesCount", span.dropped_attributes_count)
        .with("events", span.events.iter().map(event).collect::<Vec<Value>>())
        .with("droppedEventsCount", span.dropped_events_count)
        .with("links", span.links.iter().map(link).collect::<Vec<Value>>())
        .with("droppedLinksCount", span.dropped_links_count)
        .with("status", status.unwrap_or_default())
        .into()
}

fn event(event: &Event) -> Value {
    Object::default()
        .with("timeUnixNano", event.time_unix_nano.to_string())
        .with("name", event.name.as_str())
        .with("attributes", attributes(&event.attributes))
        .with("droppedAttributesCount", event.dropped_attributes_count)
        .into()
}

fn link(link: &Link) -> Value {
    Object::default()
        .with("traceId", bytes(&link.trace_id))
        .with("spanId", bytes(&link.span_id))
        .with("traceState", link.trace_state.as_str())
        .with("attributes", attributes(&link.attributes))
        .with("droppedAttributesCount", link.dropped_attributes_count)
        .with("flags", link.flags)
        .into()
}

fn attributes(pairs: &[KeyValue]) -> Vec<Value> {
    pairs.iter().map(pair).collect()
}

fn pair(pair: &KeyValue) -> Value {
    let mut out = Map::new();
    out.insert("key".to_owned(), pair.key.as_str().into());
    out.insert("value".to_owned(), pair.value.as_ref().map_or_else(|| Value::Object(Map::new()), any));
    Value::Object(out)
}

fn any(value: &AnyValue) -> Value {
    let (key, value): (&str, Value) = match &value.value {
        Some(Any::StringValue(s)) => ("stringValue", s.as_str().into()),
        Some(Any::BoolValue(b)) => ("boolValue", (*b).into()),
        Some(Any::IntValue(i)) => ("intValue", i.to_string().into()),
        Some(Any::DoubleValue(d)) => ("doubleValue", double(*d)),
        Some(Any::BytesValue(b)) => ("bytesValue", bytes(b).into()),
        Some(Any::ArrayValue(array)) => {
            let values: Vec<Value> = array.values.iter().map(any).collect();
            ("arrayValue", Object::default().with("values", values).into())
        }
        Some(Any::KvlistValue(list)) => ("kvlistValue", Object::default().with("values", attributes(&list.values)).into()),
        _ => return Value::Object(Map::new()),
    };
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

pub(super) fn double(d: f64) -> Value {
    match serde_json::Number::from_f64(d) {
        Some(n) => Value::Number(n),
        None if d.is_nan() => "NaN".into(),
        None => if d > 0.0 { "Infinity" } else { "-Infinity" }.into(),
    }
}

fn bytes(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Numbers without a name stand as they are.
fn name(names: &[&str], code: i32) -> Value {
    usize::try_from(code).ok().and_then(|at| names.get(at)).map_or_else(|| code.into(), |name| (*name).into())
}
