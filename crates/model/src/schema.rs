//! The schemas of the tables: what people query ([`logical`]) and what files hold ([`physical`],
//! [`stored`]).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

use crate::attributes::AttributeScope;
use crate::spans::{event_fields, link_fields, list_item, timestamp};
use crate::{Signal, Table, distributions, fractions, metrics, overflow};

/// The Arrow type of every attribute map: text to text.
pub fn map_type() -> DataType {
    overflow::map_type()
}

/// The columns of a table as people query it.
pub fn logical(signal: Signal) -> Schema {
    let mut fields = Vec::new();
    for field in physical(signal).fields() {
        let name = field.name().as_str();
        if name == "value_scale" || AttributeScope::ALL.iter().any(|s| s.types_column() == name) {
            continue;
        }
        if name == "value_double" {
            fields.push(Field::new("value", DataType::Float64, true));
            continue;
        }
        fields.push(field.as_ref().clone().with_nullable(true));
        if signal == Signal::Spans && name == "start_time" {
            fields.push(Field::new("end_time", timestamp(), true));
        }
    }
    Schema::new(fields)
}

/// The fixed columns of a table's files, in order. Promoted attribute columns
/// (`attributes.http.route`) come behind these.
pub fn physical(signal: Signal) -> Schema {
    let own = match signal {
        Signal::Spans => spans(),
        Signal::Logs => logs(),
        Signal::Metrics => points(),
    };
    let mut fields = own;
    fields.extend([
        Field::new("service_name", DataType::Utf8, true),
        map(AttributeScope::Item),
        types(AttributeScope::Item),
        map(AttributeScope::Resource),
        types(AttributeScope::Resource),
        Field::new("resource_dropped_attributes_count", DataType::UInt32, true),
        Field::new("resource_schema_url", DataType::Utf8, true),
        text("resource_entity_refs", true),
        Field::new("scope_name", DataType::Utf8, true),
        Field::new("scope_version", DataType::Utf8, true),
        map(AttributeScope::Scope),
        types(AttributeScope::Scope),
        Field::new("scope_dropped_attributes_count", DataType::UInt32, true),
        Field::new("scope_schema_url", DataType::Utf8, true),
    ]);
    Schema::new(fields)
}

/// Columns of [`logical`] that files hold in another form: their statistics, where a file has any
/// under these names, are not those of the values.
pub const ENCODED: [&str; 4] = ["value", "value_int", "bucket_counts", "positive_counts"];

/// Lists of counts that files spread over columns, one per position (`bucket_counts.0`): a count
/// then follows the count of the same bucket one point earlier. The longest list spread, beside.
pub const SPREAD: [(&str, usize); 2] = [("bucket_counts", 64), ("positive_counts", 160)];

/// The columns of a table's files, in order, that every file may have: [`physical`] for signals.
pub fn stored(table: Table) -> Schema {
    match table {
        Table::Signal(signal) => physical(signal),
        Table::SpanMetrics => Schema::new(span_metrics()),
        Table::EdgeCounts => Schema::new(edge_counts()),
        Table::EdgeHalves => Schema::new(edge_halves()),
        Table::LogPatterns => Schema::new(log_patterns()),
    }
}

/// Seconds of the intervals that derived tables count by.
pub const DERIVED_INTERVAL_SECONDS: i64 = 60;

/// Spans of one service, name, kind, status and version that began within one interval. `count` and the
/// sums are corrected for sampling, `spans` is what came. Durations are counted in buckets
/// ([`index_of`](crate::durations::index_of)): indices and counts side by side.
fn span_metrics() -> Vec<Field> {
    let mut fields = vec![
        Field::new("time", timestamp(), false),
        text("service_name", true),
        text("name", false),
        text("kind", false),
        text("status_code", false),
        text("service_version", true),
    ];
    fields.extend(counts());
    fields.extend(durations("duration"));
    fields
}

/// Calls of one service by another that began within one interval. `connection_type` is empty where both sent
/// spans, else `messaging_system`, `database`, or `virtual_node` for a peer known by what its client says.
/// `duration` is the client's, `server_duration` the server's; `hop` is what lies between.
fn edge_counts() -> Vec<Field> {
    let mut fields = vec![
        Field::new("time", timestamp(), false),
        text("client", false),
        text("server", false),
        text("connection_type", false),
    ];
    fields.extend(counts());
    fields.push(Field::new("errors", DataType::Float64, false));
    fields.extend(["duration", "server_duration", "hop"].into_iter().flat_map(durations));
    // A call worth a look: a failed one before a good one, then the longest.
    fields.push(Field::new("trace_id", DataType::FixedSizeBinary(16), false));
    fields
}

/// One end of a call. `span_id` is the client's for both ends; `peer` is what a client says of its
/// server, `answered` whether one server span has been found already.
fn edge_halves() -> Vec<Field> {
    vec![
        Field::new("time", timestamp(), false),
        Field::new("arrived", timestamp(), false),
        text("service_name", false),
        Field::new("trace_id", DataType::FixedSizeBinary(16), false),
        Field::new("span_id", DataType::FixedSizeBinary(8), false),
        Field::new("is_client", DataType::Boolean, false),
        Field::new("is_messaging", DataType::Boolean, false),
        Field::new("answered", DataType::Boolean, false),
        Field::new("failed", DataType::Boolean, false),
        Field::new("duration_ns", DataType::Int64, false),
        Field::new("weight", DataType::Float64, false),
        text("peer", true),
    ]
}

/// Records of one service, range of severity and pattern that were logged within one interval. `severity_number` is the
/// lowest of its range; `pattern_id` is the same for a pattern wherever and whenever it is met; `sample` is the beginning
/// of one of the bodies, where there is one.
fn log_patterns() -> Vec<Field> {
    vec![
        Field::new("time", timestamp(), false),
        text("service_name", true),
        Field::new("severity_number", DataType::Int32, false),
        text("pattern_id", false),
        text("pattern", false),
        Field::new("count", DataType::Int64, false),
        Field::new("first_time", timestamp(), false),
        Field::new("last_time", timestamp(), false),
        text("sample", true),
    ]
}

fn counts() -> [Field; 4] {
    [
        Field::new("count", DataType::Float64, false),
        Field::new("spans", DataType::Int64, false),
        Field::new("first_time", timestamp(), false),
        Field::new("last_time", timestamp(), false),
    ]
}

fn durations(of: &str) -> [Field; 3] {
    let list = |name: &str, item: DataType| {
        Field::new(format!("{of}_{name}"), DataType::List(Arc::new(Field::new("element", item, false))), false)
    };
    [
        Field::new(format!("{of}_sum_ns"), DataType::Float64, false),
        list("buckets", DataType::Int32),
        list("counts", DataType::Float64),
    ]
}

fn map(scope: AttributeScope) -> Field {
    Field::new(scope.column(), map_type(), true)
}

fn types(scope: AttributeScope) -> Field {
    Field::new(scope.types_column(), DataType::Utf8, true)
}

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

fn spans() -> Vec<Field> {
    let count = |name: &str| Field::new(name, DataType::UInt32, true);
    vec![
        Field::new("start_time", timestamp(), false),
        Field::new("duration_ns", DataType::Int64, false),
        Field::new("trace_id", DataType::FixedSizeBinary(16), false),
        Field::new("span_id", DataType::FixedSizeBinary(8), false),
        Field::new("parent_span_id", DataType::FixedSizeBinary(8), true),
        text("trace_state", true),
        count("flags"),
        text("name", false),
        text("kind", false),
        text("status_code", false),
        text("status_message", true),
        Field::new("events", DataType::List(list_item(event_fields())), true),
        Field::new("links", DataType::List(list_item(link_fields())), true),
        count("dropped_attributes_count"),
        count("dropped_events_count"),
        count("dropped_links_count"),
    ]
}

fn logs() -> Vec<Field> {
    vec![
        Field::new("time", timestamp(), false),
        Field::new("observed_time", timestamp(), true),
        Field::new("severity_number", DataType::Int32, false),
        text("severity_text", true),
        text("body", true),
        text("body_type", true),
        text("event_name", true),
        Field::new("trace_id", DataType::FixedSizeBinary(16), true),
        Field::new("span_id", DataType::FixedSizeBinary(8), true),
        Field::new("flags", DataType::UInt32, true),
        Field::new("dropped_attributes_count", DataType::UInt32, true),
    ]
}

fn points() -> Vec<Field> {
    let counts = |name: &str| Field::new(name, DataType::List(Arc::new(Field::new("element", DataType::UInt64, false))), true);
    let double = |name: &str| Field::new(name, DataType::Float64, true);
    let mut fields = vec![
        Field::new("time", timestamp(), false),
        Field::new("start_time", timestamp(), true),
        text("metric_name", false),
        Field::new("series", DataType::UInt64, false),
        text("type", false),
        text("unit", true),
        text("description", true),
        text("metadata", true),
        text("temporality", true),
        Field::new("is_monotonic", DataType::Boolean, true),
        Field::new("flags", DataType::UInt32, true),
        double("value_double"),
        Field::new("value_int", DataType::Int64, true),
        Field::new("value_scale", DataType::Int32, true),
        Field::new("count", DataType::UInt64, true),
        double("sum"),
        double("min"),
        double("max"),
        counts("bucket_counts"),
        doubles("explicit_bounds"),
        Field::new("scale", DataType::Int32, true),
        Field::new("zero_count", DataType::UInt64, true),
        double("zero_threshold"),
        Field::new("positive_offset", DataType::Int32, true),
        counts("positive_counts"),
        Field::new("negative_offset", DataType::Int32, true),
        counts("negative_counts"),
        Field::new("quantiles", DataType::List(list_item(distributions::quantile_fields())), true),
    ];
    fields.extend(fractions::fields());
    fields.push(Field::new("exemplars", DataType::List(list_item(metrics::exemplar_fields())), true));
    fields
}

/// A column of lists of doubles.
pub(crate) fn doubles(name: &str) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("element", DataType::Float64, false))), true)
}
