//! The rows that a request must become, worked out from the documents of the API alone.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::full::{SECOND, SECOND_TEXT};
use crate::send::common::any_value::Value as Any;
use crate::send::common::{EntityRef, InstrumentationScope, KeyValue};
use crate::send::{Export, log, metric, resource, span};

/// A row by column name.
pub type Row = Map<String, Value>;

const EXACT_MAX: u64 = 1 << 53;

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn id(bytes: &[u8]) -> Value {
    if bytes.iter().all(|b| *b == 0) { Value::Null } else { hex(bytes).into() }
}

fn double(d: f64) -> Value {
    if d.is_nan() {
        "NaN".into()
    } else if d.is_infinite() {
        if d > 0.0 { "Infinity" } else { "-Infinity" }.into()
    } else {
        d.into()
    }
}

fn integer(i: i64) -> Value {
    if i.unsigned_abs() > EXACT_MAX { i.to_string().into() } else { i.into() }
}

fn unsigned(n: u64) -> Value {
    if n > EXACT_MAX { n.to_string().into() } else { n.into() }
}

fn unless_empty(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// A moment, which must lie in [`SECOND`]; 0 is unknown.
fn time(nanos: u64) -> Value {
    if nanos == 0 {
        return Value::Null;
    }
    assert_eq!(nanos / 1_000_000_000, SECOND);
    format!("{SECOND_TEXT}.{:09}Z", nanos % 1_000_000_000).into()
}

/// A value inside of another: JSON, with marks for what JSON does not have.
fn inner(value: Option<&Any>) -> Value {
    match value {
        None => Value::Null,
        Some(Any::IntValue(i)) => json!(i),
        Some(Any::DoubleValue(d)) if !d.is_finite() => json!({"$double": double(*d)}),
        Some(Any::BytesValue(b)) => json!({"$bytes": base64(b)}),
        other => outer(other),
    }
}

/// A value of an attribute, as answers show it.
fn outer(value: Option<&Any>) -> Value {
    match value {
        None => Value::Null,
        Some(Any::StringValue(s)) => s.clone().into(),
        Some(Any::BoolValue(b)) => (*b).into(),
        Some(Any::IntValue(i)) => integer(*i),
        Some(Any::DoubleValue(d)) => double(*d),
        Some(Any::BytesValue(b)) => base64(b).into(),
        Some(Any::ArrayValue(a)) => a.values.iter().map(|v| inner(v.value.as_ref())).collect(),
        Some(Any::KvlistValue(m)) => {
            let value = |kv: &KeyValue| inner(kv.value.as_ref().and_then(|v| v.value.as_ref()));
            Value::Object(m.values.iter().map(|kv| (kv.key.clone(), value(kv))).collect())
        }
        Some(other) => panic!("no such type was sent: {other:?}"),
    }
}

/// Attributes as answers show them: the first of several equal keys wins.
pub fn attributes(all: &[KeyValue]) -> Value {
    let mut out = Map::new();
    for kv in all {
        let value = outer(kv.value.as_ref().and_then(|v| v.value.as_ref()));
        out.entry(kv.key.clone()).or_insert(value);
    }
    Value::Object(out)
}

fn origin(
    resource: Option<&resource::Resource>,
    resource_url: &str,
    scope: Option<&InstrumentationScope>,
    scope_url: &str,
) -> Row {
    let (resource, scope) = (resource.cloned().unwrap_or_default(), scope.cloned().unwrap_or_default());
    let resource_attributes = attributes(&resource.attributes);
    let row = json!({
        "service_name": resource_attributes.get("service.name"),
        "resource_attributes": resource_attributes,
        "resource_dropped_attributes_count": resource.dropped_attributes_count,
        "resource_schema_url": unless_empty(resource_url),
        "resource_entity_refs": entities(&resource.entity_refs),
        "scope_name": unless_empty(&scope.name),
        "scope_version": unless_empty(&scope.version),
        "scope_attributes": attributes(&scope.attributes),
        "scope_dropped_attributes_count": scope.dropped_attributes_count,
        "scope_schema_url": unless_empty(scope_url),
    });
    object(row)
}

/// Entities of a resource: JSON text, compared as JSON; null where there are none.
fn entities(all: &[EntityRef]) -> Value {
    let one = |e: &EntityRef| json!({"schema_url": e.schema_url, "type": e.r#type, "id_keys": e.id_keys, "description_keys": e.description_keys});
    if all.is_empty() { Value::Null } else { all.iter().map(one).collect() }
}

/// Metadata of a metric: JSON text, compared as JSON; null where there is none.
fn metadata(all: &[KeyValue]) -> Value {
    let value = |kv: &KeyValue| inner(kv.value.as_ref().and_then(|v| v.value.as_ref()));
    let map = || Value::Object(all.iter().map(|kv| (kv.key.clone(), value(kv))).collect());
    if all.is_empty() { Value::Null } else { map() }
}

fn object(value: Value) -> Row {
    let Value::Object(map) = value else { panic!("not an object: {value}") };
    map
}

/// The rows of a request.
pub fn rows(export: &Export) -> Vec<Row> {
    let mut out = Vec::new();
    match export {
        Export::Traces(request) => {
            for r in &request.resource_spans {
                for s in &r.scope_spans {
                    let origin = origin(r.resource.as_ref(), &r.schema_url, s.scope.as_ref(), &s.schema_url);
                    out.extend(s.spans.iter().map(|item| joined(&origin, span_row(item))));
                }
            }
        }
        Export::Logs(request) => {
            for r in &request.resource_logs {
                for s in &r.scope_logs {
                    let origin = origin(r.resource.as_ref(), &r.schema_url, s.scope.as_ref(), &s.schema_url);
                    out.extend(s.log_records.iter().map(|item| joined(&origin, log_row(item))));
                }
            }
        }
        Export::Metrics(request) => {
            for r in &request.resource_metrics {
                for s in &r.scope_metrics {
                    let origin = origin(r.resource.as_ref(), &r.schema_url, s.scope.as_ref(), &s.schema_url);
                    out.extend(s.metrics.iter().flat_map(metric_rows).map(|item| joined(&origin, item)));
                }
            }
        }
    }
    out
}

fn joined(origin: &Row, item: Value) -> Row {
    let mut row = origin.clone();
    row.extend(object(item));
    row
}

fn span_row(s: &span::Span) -> Value {
    const KINDS: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
    const CODES: [&str; 3] = ["UNSET", "OK", "ERROR"];
    let event = |e: &span::span::Event| {
        json!({
            "time": time(e.time_unix_nano),
            "name": e.name,
            "attributes": attributes(&e.attributes),
            "dropped_attributes_count": e.dropped_attributes_count,
        })
    };
    let link = |l: &span::span::Link| {
        json!({
            "trace_id": id(&l.trace_id),
            "span_id": id(&l.span_id),
            "trace_state": unless_empty(&l.trace_state),
            "flags": l.flags,
            "attributes": attributes(&l.attributes),
            "dropped_attributes_count": l.dropped_attributes_count,
        })
    };
    let status = s.status.clone().unwrap_or_default();
    json!({
        "start_time": time(s.start_time_unix_nano),
        "end_time": time(s.end_time_unix_nano),
        "duration_ns": s.end_time_unix_nano as i64 - s.start_time_unix_nano as i64,
        "trace_id": id(&s.trace_id),
        "span_id": id(&s.span_id),
        "parent_span_id": id(&s.parent_span_id),
        "trace_state": unless_empty(&s.trace_state),
        "flags": s.flags,
        "name": s.name,
        "kind": KINDS[s.kind as usize],
        "status_code": CODES[status.code as usize],
        "status_message": unless_empty(&status.message),
        "attributes": attributes(&s.attributes),
        "events": s.events.iter().map(event).collect::<Value>(),
        "links": s.links.iter().map(link).collect::<Value>(),
        "dropped_attributes_count": s.dropped_attributes_count,
        "dropped_events_count": s.dropped_events_count,
        "dropped_links_count": s.dropped_links_count,
    })
}

fn log_row(l: &log::LogRecord) -> Value {
    let value = l.body.as_ref().and_then(|b| b.value.as_ref());
    // Bodies are text in SQL; one that was not text says what it was.
    let (body, body_type) = match value {
        None => (Value::Null, "n".into()),
        Some(Any::StringValue(s)) => (s.clone().into(), Value::Null),
        Some(Any::BoolValue(b)) => (b.to_string().into(), "b".into()),
        Some(Any::IntValue(i)) => (i.to_string().into(), "i".into()),
        Some(Any::DoubleValue(d)) if d.is_nan() => ("NaN".into(), "d".into()),
        Some(Any::DoubleValue(d)) => (format!("{d:?}").into(), "d".into()),
        Some(Any::BytesValue(b)) => (base64(b).into(), "x".into()),
        Some(Any::ArrayValue(_)) => (outer(value), "a".into()),
        Some(Any::KvlistValue(_)) => (outer(value), "m".into()),
        Some(other) => panic!("no such type was sent: {other:?}"),
    };
    json!({
        "time": time(l.time_unix_nano),
        "observed_time": time(l.observed_time_unix_nano),
        "severity_number": l.severity_number,
        "severity_text": unless_empty(&l.severity_text),
        "body": body,
        "body_type": body_type,
        "event_name": unless_empty(&l.event_name),
        "trace_id": id(&l.trace_id),
        "span_id": id(&l.span_id),
        "flags": l.flags,
        "attributes": attributes(&l.attributes),
        "dropped_attributes_count": l.dropped_attributes_count,
    })
}

fn exemplar(e: &metric::Exemplar) -> Value {
    use metric::exemplar::Value::{AsDouble, AsInt};
    let (value, value_int) = match e.value {
        None => (Value::Null, Value::Null),
        Some(AsDouble(d)) => (double(d), Value::Null),
        Some(AsInt(i)) => int_value(i),
    };
    json!({
        "time": time(e.time_unix_nano),
        "value": value,
        "value_int": value_int,
        "trace_id": id(&e.trace_id),
        "span_id": id(&e.span_id),
        "attributes": attributes(&e.filtered_attributes),
    })
}

/// An integer as a double, and as it was sent.
fn int_value(i: i64) -> (Value, Value) {
    (double(i as f64), integer(i))
}

/// A point with every column of the table null, but for what all points have.
fn point(m: &metric::Metric, kind: &str, temporality: i32, monotonic: Option<bool>) -> Row {
    let temporality = [Value::Null, "delta".into(), "cumulative".into()][temporality as usize].clone();
    let mut row = object(json!({
        "metric_name": m.name,
        "type": kind,
        "unit": unless_empty(&m.unit),
        "description": unless_empty(&m.description),
        "metadata": metadata(&m.metadata),
        "temporality": temporality,
        "is_monotonic": monotonic,
        "exemplars": [],
    }));
    for column in [
        "value",
        "value_int",
        "count",
        "sum",
        "min",
        "max",
        "bucket_counts",
        "explicit_bounds",
        "scale",
        "zero_count",
        "zero_threshold",
        "positive_offset",
        "positive_counts",
        "negative_offset",
        "negative_counts",
        "quantiles",
        "counter_reset_hint",
        "count_double",
        "zero_count_double",
        "bucket_counts_double",
        "positive_counts_double",
        "negative_counts_double",
    ] {
        row.insert(column.into(), Value::Null);
    }
    row
}

fn filled(mut row: Row, more: Value) -> Value {
    row.extend(object(more));
    Value::Object(row)
}

fn option(d: Option<f64>) -> Value {
    d.map_or(Value::Null, double)
}

fn counts(all: &[u64]) -> Value {
    all.iter().copied().map(unsigned).collect()
}

fn metric_rows(m: &metric::Metric) -> Vec<Value> {
    use metric::metric::Data;
    match m.data.as_ref().expect("the metric has data") {
        Data::Gauge(g) => g.data_points.iter().map(|p| number_row(point(m, "gauge", 0, None), p)).collect(),
        Data::Sum(s) => {
            let row = point(m, "sum", s.aggregation_temporality, Some(s.is_monotonic));
            s.data_points.iter().map(|p| number_row(row.clone(), p)).collect()
        }
        Data::Histogram(h) => {
            let row = point(m, "histogram", h.aggregation_temporality, None);
            h.data_points.iter().map(|p| histogram_row(row.clone(), p)).collect()
        }
        Data::ExponentialHistogram(h) => {
            let row = point(m, "exponential_histogram", h.aggregation_temporality, None);
            h.data_points.iter().map(|p| exponential_row(row.clone(), p)).collect()
        }
        Data::Summary(s) => s.data_points.iter().map(|p| summary_row(point(m, "summary", 0, None), p)).collect(),
    }
}

fn number_row(row: Row, p: &metric::NumberDataPoint) -> Value {
    use metric::number_data_point::Value::{AsDouble, AsInt};
    let (value, value_int) = match p.value {
        None => (Value::Null, Value::Null),
        Some(AsDouble(d)) => (double(d), Value::Null),
        Some(AsInt(i)) => int_value(i),
    };
    filled(
        row,
        json!({
            "time": time(p.time_unix_nano),
            "start_time": time(p.start_time_unix_nano),
            "flags": p.flags,
            "attributes": attributes(&p.attributes),
            "exemplars": p.exemplars.iter().map(exemplar).collect::<Value>(),
            "value": value,
            "value_int": value_int,
        }),
    )
}

fn histogram_row(row: Row, p: &metric::HistogramDataPoint) -> Value {
    filled(
        row,
        json!({
            "time": time(p.time_unix_nano),
            "start_time": time(p.start_time_unix_nano),
            "flags": p.flags,
            "attributes": attributes(&p.attributes),
            "exemplars": p.exemplars.iter().map(exemplar).collect::<Value>(),
            "count": unsigned(p.count),
            "sum": option(p.sum),
            "min": option(p.min),
            "max": option(p.max),
            "bucket_counts": counts(&p.bucket_counts),
            "explicit_bounds": p.explicit_bounds.iter().copied().map(double).collect::<Value>(),
        }),
    )
}

fn exponential_row(row: Row, p: &metric::ExponentialHistogramDataPoint) -> Value {
    let (positive, negative) = (p.positive.clone().unwrap_or_default(), p.negative.clone().unwrap_or_default());
    filled(
        row,
        json!({
            "time": time(p.time_unix_nano),
            "start_time": time(p.start_time_unix_nano),
            "flags": p.flags,
            "attributes": attributes(&p.attributes),
            "exemplars": p.exemplars.iter().map(exemplar).collect::<Value>(),
            "count": unsigned(p.count),
            "sum": option(p.sum),
            "min": option(p.min),
            "max": option(p.max),
            "scale": p.scale,
            "zero_count": unsigned(p.zero_count),
            "zero_threshold": double(p.zero_threshold),
            "positive_offset": positive.offset,
            "positive_counts": counts(&positive.bucket_counts),
            "negative_offset": negative.offset,
            "negative_counts": counts(&negative.bucket_counts),
        }),
    )
}

fn summary_row(row: Row, p: &metric::SummaryDataPoint) -> Value {
    let quantile =
        |q: &metric::summary_data_point::ValueAtQuantile| json!({"quantile": double(q.quantile), "value": double(q.value)});
    filled(
        row,
        json!({
            "time": time(p.time_unix_nano),
            "start_time": time(p.start_time_unix_nano),
            "flags": p.flags,
            "attributes": attributes(&p.attributes),
            "count": unsigned(p.count),
            "sum": double(p.sum),
            "quantiles": p.quantile_values.iter().map(quantile).collect::<Value>(),
        }),
    )
}

/// Compares rows in any order, column by column.
///
/// # Panics
/// Naming the row and the columns that differ.
pub fn check_rows(what: &str, mut found: Vec<Row>, mut wanted: Vec<Row>) {
    // Structured bodies and the like are JSON text: compared as JSON.
    for row in &mut found {
        for column in ["resource_entity_refs", "metadata"] {
            if let Some(Value::String(text)) = row.get(column) {
                let parsed = serde_json::from_str(text).unwrap_or_else(|e| panic!("{what}: {e} in {column} {text}"));
                row.insert(column.into(), parsed);
            }
        }
        if let (Some("a" | "m"), Some(body)) = (row.get("body_type").and_then(Value::as_str), row.get("body")) {
            let parsed = serde_json::from_str(body.as_str().unwrap()).unwrap_or_else(|e| panic!("{what}: {e} in body {body}"));
            row.insert("body".into(), parsed);
        }
    }
    let key = |row: &Row| {
        ["service_name", "start_time", "time", "span_id", "metric_name", "temporality"]
            .map(|c| row.get(c).map_or_else(String::new, Value::to_string))
    };
    found.sort_by_cached_key(key);
    wanted.sort_by_cached_key(key);
    assert_eq!(found.iter().map(key).collect::<Vec<_>>(), wanted.iter().map(key).collect::<Vec<_>>(), "{what}: other rows");
    let mut faults = Vec::new();
    for (found, wanted) in found.iter().zip(&wanted) {
        let columns: std::collections::BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
        for column in columns {
            let (f, w) = (found.get(column), wanted.get(column));
            if f != w {
                faults.push(format!("{:?} {column}: {}", key(wanted), difference(f, w)));
            }
        }
    }
    assert!(faults.is_empty(), "{what}: {} columns differ\n{}", faults.len(), faults.join("\n"));
}

/// What differs between two values; of objects and lists, only the parts that do.
pub(crate) fn difference(found: Option<&Value>, wanted: Option<&Value>) -> String {
    let part = |name: &str, f: Option<&Value>, w: Option<&Value>| (f != w).then(|| format!("{name:?}: {}", difference(f, w)));
    match (found, wanted) {
        (Some(Value::Object(f)), Some(Value::Object(w))) => {
            let keys: std::collections::BTreeSet<_> = f.keys().chain(w.keys()).collect();
            let parts: Vec<_> = keys.into_iter().filter_map(|k| part(k, f.get(k), w.get(k))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        (Some(Value::Array(f)), Some(Value::Array(w))) => {
            let parts: Vec<_> = (0..f.len().max(w.len())).filter_map(|i| part(&i.to_string(), f.get(i), w.get(i))).collect();
            format!("[{}]", parts.join(", "))
        }
        _ => {
            let shown = |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), Value::to_string);
            format!("{} instead of {}", shown(found), shown(wanted))
        }
    }
}
