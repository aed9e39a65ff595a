//! A row of `spans` as OTLP's messages.

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, MapArray, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};
use luneta_model::{AnyValue, TypeCode, decode_text};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue as OtlpValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::Value as Json;

use crate::QueryError;
use crate::scan::functions::TYPES_KEY;

/// Names by OTLP's numbers.
const KINDS: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUS_CODES: [&str; 3] = ["UNSET", "OK", "ERROR"];

/// A batch of whole rows.
#[derive(Debug)]
pub(super) struct Rows<'b> {
    batch: &'b RecordBatch,
}

impl<'b> Rows<'b> {
    /// Checks that the columns are there.
    pub(super) fn of(batch: &'b RecordBatch) -> Result<Self, QueryError> {
        for name in ["trace_id", "span_id", "start_time", "duration_ns", "name", "attributes", "resource_attributes", "events"] {
            if batch.column_by_name(name).is_none() {
                return Err(QueryError::Execution(format!("the column `{name}` is missing")));
            }
        }
        Ok(Self { batch })
    }

    fn column(&self, name: &str) -> Option<&'b ArrayRef> {
        self.batch.column_by_name(name)
    }

    fn text(&self, name: &str, row: usize) -> String {
        let texts = self.column(name).and_then(|c| c.as_string_opt::<i32>());
        texts.map_or_else(String::new, |t| text(t, row))
    }

    fn count(&self, name: &str, row: usize) -> u32 {
        let counts = self.column(name).and_then(|c| c.as_primitive_opt::<UInt32Type>());
        counts.filter(|c| c.is_valid(row)).map_or(0, |c| c.value(row))
    }

    fn id(&self, name: &str, row: usize) -> Vec<u8> {
        self.column(name).map_or_else(Vec::new, |c| id(c, row))
    }

    fn attributes(&self, name: &str, row: usize) -> Vec<KeyValue> {
        let map = self.column(name).and_then(|c| c.as_map_opt()).filter(|m| m.is_valid(row));
        map.map_or_else(Vec::new, |m| merged(&m.value(row)))
    }

    /// The resource of a row and its schema.
    pub(super) fn resource(&self, row: usize) -> (Resource, String) {
        let resource = Resource {
            attributes: self.attributes("resource_attributes", row),
            dropped_attributes_count: self.count("resource_dropped_attributes_count", row),
            entity_refs: entity_refs(&self.text("resource_entity_refs", row)),
        };
        (resource, self.text("resource_schema_url", row))
    }

    /// The instrumentation scope of a row and its schema.
    pub(super) fn scope(&self, row: usize) -> (InstrumentationScope, String) {
        let scope = InstrumentationScope {
            name: self.text("scope_name", row),
            version: self.text("scope_version", row),
            attributes: self.attributes("scope_attributes", row),
            dropped_attributes_count: self.count("scope_dropped_attributes_count", row),
        };
        (scope, self.text("scope_schema_url", row))
    }

    /// The span of a row.
    pub(super) fn span(&self, row: usize) -> Span {
        let start = self.column("start_time").and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
        let start = start.filter(|c| c.is_valid(row)).map_or(0, |c| c.value(row));
        let duration = self.column("duration_ns").and_then(|c| c.as_primitive_opt::<Int64Type>());
        let duration = duration.filter(|c| c.is_valid(row)).map_or(0, |c| c.value(row));
        let status =
            Status { code: number(&STATUS_CODES, &self.text("status_code", row)), message: self.text("status_message", row) };
        Span {
            trace_id: self.id("trace_id", row),
            span_id: self.id("span_id", row),
            trace_state: self.text("trace_state", row),
            parent_span_id: self.id("parent_span_id", row),
            flags: self.count("flags", row),
            name: self.text("name", row),
            kind: number(&KINDS, &self.text("kind", row)),
            start_time_unix_nano: nanos(start),
            end_time_unix_nano: nanos(start.saturating_add(duration)),
            attributes: self.attributes("attributes", row),
            dropped_attributes_count: self.count("dropped_attributes_count", row),
            events: self.column("events").map_or_else(Vec::new, |c| events(c, row)),
            dropped_events_count: self.count("dropped_events_count", row),
            links: self.column("links").map_or_else(Vec::new, |c| links(c, row)),
            dropped_links_count: self.count("dropped_links_count", row),
            status: (status != Status::default()).then_some(status),
        }
    }
}

/// The events of a span, from the column `events`.
pub(crate) fn events(column: &ArrayRef, row: usize) -> Vec<Event> {
    elements(column, row, event)
}

/// The links of a span, from the column `links`.
pub(crate) fn links(column: &ArrayRef, row: usize) -> Vec<Link> {
    elements(column, row, link)
}

fn elements<T>(column: &ArrayRef, row: usize, read: fn(&StructArray, usize) -> T) -> Vec<T> {
    let Some(items) = column.as_list_opt::<i32>().filter(|l| l.is_valid(row)).map(|l| l.value(row)) else {
        return Vec::new();
    };
    items.as_struct_opt().map_or_else(Vec::new, |items| (0..items.len()).map(|at| read(items, at)).collect())
}

fn event(events: &StructArray, at: usize) -> Event {
    let time = events.column_by_name("time").and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
    Event {
        time_unix_nano: time.map_or(0, |t| nanos(t.value(at))),
        name: part_text(events, "name", at),
        attributes: element_attributes(events, at),
        dropped_attributes_count: part_count(events, "dropped_attributes_count", at),
    }
}

fn link(links: &StructArray, at: usize) -> Link {
    let part_id = |name: &str| links.column_by_name(name).map_or_else(Vec::new, |c| id(c, at));
    Link {
        trace_id: part_id("trace_id"),
        span_id: part_id("span_id"),
        trace_state: part_text(links, "trace_state", at),
        attributes: element_attributes(links, at),
        dropped_attributes_count: part_count(links, "dropped_attributes_count", at),
        flags: part_count(links, "flags", at),
    }
}

fn part_text(parts: &StructArray, name: &str, at: usize) -> String {
    let texts = parts.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
    texts.map_or_else(String::new, |t| text(t, at))
}

fn part_count(parts: &StructArray, name: &str, at: usize) -> u32 {
    let counts = parts.column_by_name(name).and_then(|c| c.as_primitive_opt::<UInt32Type>());
    counts.map_or(0, |c| c.value(at))
}

/// Attributes of an event or a link: their types are a column of their own.
fn element_attributes(parts: &StructArray, at: usize) -> Vec<KeyValue> {
    let map: Option<&MapArray> = parts.column_by_name("attributes").and_then(|c| c.as_map_opt());
    let types = part_text(parts, "attributes_types", at);
    map.filter(|m| m.is_valid(at)).map_or_else(Vec::new, |m| pairs(&m.value(at), &types))
}

/// Attributes of a row: the last entry may say the types of the others.
fn merged(entries: &StructArray) -> Vec<KeyValue> {
    let last = entries.len().saturating_sub(1);
    match (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>()) {
        (Some(keys), Some(texts)) if !keys.is_empty() && keys.value(last) == TYPES_KEY => {
            pairs(&entries.slice(0, last), texts.value(last))
        }
        _ => pairs(entries, ""),
    }
}

fn pairs(entries: &StructArray, types: &str) -> Vec<KeyValue> {
    let (Some(keys), Some(texts)) = (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>()) else {
        return Vec::new();
    };
    let codes = types.chars().map(TypeCode::from_char).chain(std::iter::repeat(TypeCode::String));
    let pair = |(at, code): (usize, TypeCode)| {
        let value = if texts.is_null(at) { OtlpValue::default() } else { value(code, texts.value(at)) };
        KeyValue { key: keys.value(at).to_owned(), value: Some(value), ..KeyValue::default() }
    };
    (0..entries.len()).zip(codes).map(pair).collect()
}

fn value(code: TypeCode, text: &str) -> OtlpValue {
    let nested = matches!(code, TypeCode::Array | TypeCode::Map);
    if nested && let Ok(json) = serde_json::from_str(text) {
        return from_json(json);
    }
    let value = match decode_text(code, text) {
        AnyValue::Bool(b) => any_value::Value::BoolValue(b),
        AnyValue::Int(i) => any_value::Value::IntValue(i),
        AnyValue::Double(d) => any_value::Value::DoubleValue(d),
        AnyValue::Bytes(b) => any_value::Value::BytesValue(b),
        AnyValue::String(s) => any_value::Value::StringValue(s),
        AnyValue::Null | AnyValue::Array(_) | AnyValue::Map(_) => return OtlpValue::default(),
    };
    OtlpValue { value: Some(value) }
}

/// The JSON form of arrays and maps; bytes and odd doubles stand in objects of one key.
fn from_json(json: Json) -> OtlpValue {
    let marked = |key: &str| json.as_object().filter(|o| o.len() == 1).and_then(|o| o.get(key)).and_then(Json::as_str);
    if let Some(text) = marked("$bytes") {
        return value(TypeCode::Bytes, text);
    }
    if let Some(text) = marked("$double") {
        return value(TypeCode::Double, text);
    }
    let value = match json {
        Json::Null => return OtlpValue::default(),
        Json::Bool(b) => any_value::Value::BoolValue(b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => any_value::Value::IntValue(i),
            None => any_value::Value::DoubleValue(n.as_f64().unwrap_or(0.0)),
        },
        Json::String(s) => any_value::Value::StringValue(s),
        Json::Array(items) => any_value::Value::ArrayValue(ArrayValue { values: items.into_iter().map(from_json).collect() }),
        Json::Object(entries) => {
            let pair = |(key, json)| KeyValue { key, value: Some(from_json(json)), ..KeyValue::default() };
            any_value::Value::KvlistValue(KeyValueList { values: entries.into_iter().map(pair).collect() })
        }
    };
    OtlpValue { value: Some(value) }
}

/// Entities, from the JSON text the table holds.
fn entity_refs(text: &str) -> Vec<EntityRef> {
    let Ok(Json::Array(entities)) = serde_json::from_str(text) else { return Vec::new() };
    let one = |entity: &Json| {
        let text = |key: &str| entity.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let keys = |key: &str| {
            let items = entity.get(key).and_then(Json::as_array);
            items.map_or_else(Vec::new, |items| items.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect())
        };
        EntityRef {
            schema_url: text("schema_url"),
            r#type: text("type"),
            id_keys: keys("id_keys"),
            description_keys: keys("description_keys"),
        }
    };
    entities.iter().map(one).collect()
}

fn text(texts: &StringArray, row: usize) -> String {
    if texts.is_valid(row) { texts.value(row).to_owned() } else { String::new() }
}

fn id(column: &ArrayRef, row: usize) -> Vec<u8> {
    let ids = column.as_any().downcast_ref::<FixedSizeBinaryArray>();
    ids.filter(|ids| ids.is_valid(row)).map_or_else(Vec::new, |ids| ids.value(row).to_vec())
}

fn nanos(time: i64) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

/// The number of a name; numbers of later versions of OTLP stand as they are.
fn number(names: &[&str], name: &str) -> i32 {
    match names.iter().position(|known| *known == name) {
        Some(at) => i32::try_from(at).unwrap_or(0),
        None => name.parse().unwrap_or(0),
    }
}
