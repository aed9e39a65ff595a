//! The fields of OTLP's messages, as JSON and the wire name them.

use Kind::{Bytes, Double, Enum, Fixed32, Fixed64, Id, Int64, Sfixed64, Sint32, Text, Uint32, Uint64};

/// A message: what it is called in error messages, and its fields.
pub(in crate::otlp) struct Shape {
    pub(super) fields: &'static [Field],
    /// `AnyValue` can hold itself; its depth is counted.
    pub(super) recursive: bool,
}

/// One field.
pub(super) struct Field {
    /// Name in the proto files; JSON writes it in lowerCamelCase.
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) repeated: bool,
}

/// Type of a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Message(&'static Shape),
    Text,
    /// Base64.
    Bytes,
    /// Hex: OTLP's one deviation from protobuf's JSON.
    Id,
    Bool,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    Enum(&'static [(&'static str, i32)]),
}

const fn one(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, repeated: false }
}

const fn many(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind, repeated: true }
}

const fn shape(fields: &'static [Field]) -> Shape {
    Shape { fields, recursive: false }
}

const fn message(shape: &'static Shape) -> Kind {
    Kind::Message(shape)
}

impl Field {
    /// Whether a JSON key names this field, in either spelling.
    pub(super) fn is_named(&self, key: &str) -> bool {
        if key == self.name {
            return true;
        }
        let mut key = key.bytes();
        let mut name = self.name.bytes();
        while let Some(byte) = name.next() {
            let wanted = if byte == b'_' { name.next().map(|b| b.to_ascii_uppercase()) } else { Some(byte) };
            if key.next() != wanted {
                return false;
            }
        }
        key.next().is_none()
    }

    /// The name as JSON writes it.
    pub(super) fn camel_name(&self) -> String {
        let mut out = String::new();
        let mut upper = false;
        for c in self.name.chars() {
            match c {
                '_' => upper = true,
                c if upper => {
                    out.push(c.to_ascii_uppercase());
                    upper = false;
                }
                c => out.push(c),
            }
        }
        out
    }
}

/// `ExportTraceServiceRequest`.
pub(in crate::otlp) static TRACES_REQUEST: Shape = shape(&[many(1, "resource_spans", message(&RESOURCE_SPANS))]);
/// `ExportLogsServiceRequest`.
pub(in crate::otlp) static LOGS_REQUEST: Shape = shape(&[many(1, "resource_logs", message(&RESOURCE_LOGS))]);
/// `ExportMetricsServiceRequest`.
pub(in crate::otlp) static METRICS_REQUEST: Shape = shape(&[many(1, "resource_metrics", message(&RESOURCE_METRICS))]);

static RESOURCE: Shape = shape(&[
    many(1, "attributes", message(&KEY_VALUE)),
    one(2, "dropped_attributes_count", Uint32),
    many(3, "entity_refs", message(&ENTITY_REF)),
]);

static ENTITY_REF: Shape =
    shape(&[one(1, "schema_url", Text), one(2, "type", Text), many(3, "id_keys", Text), many(4, "description_keys", Text)]);

static SCOPE: Shape = shape(&[
    one(1, "name", Text),
    one(2, "version", Text),
    many(3, "attributes", message(&KEY_VALUE)),
    one(4, "dropped_attributes_count", Uint32),
]);

static KEY_VALUE: Shape = shape(&[one(1, "key", Text), one(2, "value", message(&ANY_VALUE))]);

static ANY_VALUE: Shape = Shape {
    fields: &[
        one(1, "string_value", Text),
        one(2, "bool_value", Kind::Bool),
        one(3, "int_value", Int64),
        one(4, "double_value", Double),
        one(5, "array_value", message(&ARRAY_VALUE)),
        one(6, "kvlist_value", message(&KEY_VALUE_LIST)),
        one(7, "bytes_value", Bytes),
    ],
    recursive: true,
};

static ARRAY_VALUE: Shape = shape(&[many(1, "values", message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Shape = shape(&[many(1, "values", message(&KEY_VALUE))]);

static RESOURCE_SPANS: Shape =
    shape(&[one(1, "resource", message(&RESOURCE)), many(2, "scope_spans", message(&SCOPE_SPANS)), one(3, "schema_url", Text)]);

static SCOPE_SPANS: Shape =
    shape(&[one(1, "scope", message(&SCOPE)), many(2, "spans", message(&SPAN)), one(3, "schema_url", Text)]);

static SPAN: Shape = shape(&[
    one(1, "trace_id", Id),
    one(2, "span_id", Id),
    one(3, "trace_state", Text),
    one(4, "parent_span_id", Id),
    one(5, "name", Text),
    one(6, "kind", Enum(SPAN_KINDS)),
    one(7, "start_time_unix_nano", Fixed64),
    one(8, "end_time_unix_nano", Fixed64),
    many(9, "attributes", message(&KEY_VALUE)),
    one(10, "dropped_attributes_count", Uint32),
    many(11, "events", message(&EVENT)),
    one(12, "dropped_events_count", Uint32),
    many(13, "links", message(&LINK)),
    one(14, "dropped_links_count", Uint32),
    one(15, "status", message(&STATUS)),
    one(16, "flags", Fixed32),
]);

static EVENT: Shape = shape(&[
    one(1, "time_unix_nano", Fixed64),
    one(2, "name", Text),
    many(3, "attributes", message(&KEY_VALUE)),
    one(4, "dropped_attributes_count", Uint32),
]);

static LINK: Shape = shape(&[
    one(1, "trace_id", Id),
    one(2, "span_id", Id),
    one(3, "trace_state", Text),
    many(4, "attributes", message(&KEY_VALUE)),
    one(5, "dropped_attributes_count", Uint32),
    one(6, "flags", Fixed32),
]);

static STATUS: Shape = shape(&[one(2, "message", Text), one(3, "code", Enum(STATUS_CODES))]);

static RESOURCE_LOGS: Shape =
    shape(&[one(1, "resource", message(&RESOURCE)), many(2, "scope_logs", message(&SCOPE_LOGS)), one(3, "schema_url", Text)]);

static SCOPE_LOGS: Shape =
    shape(&[one(1, "scope", message(&SCOPE)), many(2, "log_records", message(&LOG_RECORD)), one(3, "schema_url", Text)]);

static LOG_RECORD: Shape = shape(&[
    one(1, "time_unix_nano", Fixed64),
    one(2, "severity_number", Enum(SEVERITIES)),
    one(3, "severity_text", Text),
    one(5, "body", message(&ANY_VALUE)),
    many(6, "attributes", message(&KEY_VALUE)),
    one(7, "dropped_attributes_count", Uint32),
    one(8, "flags", Fixed32),
    one(9, "trace_id", Id),
    one(10, "span_id", Id),
    one(11, "observed_time_unix_nano", Fixed64),
    one(12, "event_name", Text),
]);

static RESOURCE_METRICS: Shape = shape(&[
    one(1, "resource", message(&RESOURCE)),
    many(2, "scope_metrics", message(&SCOPE_METRICS)),
    one(3, "schema_url", Text),
]);

static SCOPE_METRICS: Shape =
    shape(&[one(1, "scope", message(&SCOPE)), many(2, "metrics", message(&METRIC)), one(3, "schema_url", Text)]);

static METRIC: Shape = shape(&[
    one(1, "name", Text),
    one(2, "description", Text),
    one(3, "unit", Text),
    one(5, "gauge", message(&GAUGE)),
    one(7, "sum", message(&SUM)),
    one(9, "histogram", message(&HISTOGRAM)),
    one(10, "exponential_histogram", message(&EXPONENTIAL_HISTOGRAM)),
    one(11, "summary", message(&SUMMARY)),
    many(12, "metadata", message(&KEY_VALUE)),
]);

static GAUGE: Shape = shape(&[many(1, "data_points", message(&NUMBER_POINT))]);

static SUM: Shape = shape(&[
    many(1, "data_points", message(&NUMBER_POINT)),
    one(2, "aggregation_temporality", Enum(TEMPORALITIES)),
    one(3, "is_monotonic", Kind::Bool),
]);

static HISTOGRAM: Shape =
    shape(&[many(1, "data_points", message(&HISTOGRAM_POINT)), one(2, "aggregation_temporality", Enum(TEMPORALITIES))]);

static EXPONENTIAL_HISTOGRAM: Shape =
    shape(&[many(1, "data_points", message(&EXPONENTIAL_POINT)), one(2, "aggregation_temporality", Enum(TEMPORALITIES))]);

static SUMMARY: Shape = shape(&[many(1, "data_points", message(&SUMMARY_POINT))]);

static NUMBER_POINT: Shape = shape(&[
    many(7, "attributes", message(&KEY_VALUE)),
    one(2, "start_time_unix_nano", Fixed64),
    one(3, "time_unix_nano", Fixed64),
    one(4, "as_double", Double),
    one(6, "as_int", Sfixed64),
    many(5, "exemplars", message(&EXEMPLAR)),
    one(8, "flags", Uint32),
]);

static HISTOGRAM_POINT: Shape = shape(&[
    many(9, "attributes", message(&KEY_VALUE)),
    one(2, "start_time_unix_nano", Fixed64),
    one(3, "time_unix_nano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "bucket_counts", Fixed64),
    many(7, "explicit_bounds", Double),
    many(8, "exemplars", message(&EXEMPLAR)),
    one(10, "flags", Uint32),
    one(11, "min", Double),
    one(12, "max", Double),
]);

static EXPONENTIAL_POINT: Shape = shape(&[
    many(1, "attributes", message(&KEY_VALUE)),
    one(2, "start_time_unix_nano", Fixed64),
    one(3, "time_unix_nano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    one(6, "scale", Sint32),
    one(7, "zero_count", Fixed64),
    one(8, "positive", message(&BUCKETS)),
    one(9, "negative", message(&BUCKETS)),
    one(10, "flags", Uint32),
    many(11, "exemplars", message(&EXEMPLAR)),
    one(12, "min", Double),
    one(13, "max", Double),
    one(14, "zero_threshold", Double),
]);

static BUCKETS: Shape = shape(&[one(1, "offset", Sint32), many(2, "bucket_counts", Uint64)]);

static SUMMARY_POINT: Shape = shape(&[
    many(7, "attributes", message(&KEY_VALUE)),
    one(2, "start_time_unix_nano", Fixed64),
    one(3, "time_unix_nano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantile_values", message(&VALUE_AT_QUANTILE)),
    one(8, "flags", Uint32),
]);

static VALUE_AT_QUANTILE: Shape = shape(&[one(1, "quantile", Double), one(2, "value", Double)]);

static EXEMPLAR: Shape = shape(&[
    many(7, "filtered_attributes", message(&KEY_VALUE)),
    one(2, "time_unix_nano", Fixed64),
    one(3, "as_double", Double),
    one(6, "as_int", Sfixed64),
    one(4, "span_id", Id),
    one(5, "trace_id", Id),
]);

const SPAN_KINDS: &[(&str, i32)] = &[
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

const STATUS_CODES: &[(&str, i32)] = &[("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2)];

const TEMPORALITIES: &[(&str, i32)] = &[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

const SEVERITIES: &[(&str, i32)] = &[
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1),
    ("SEVERITY_NUMBER_TRACE2", 2),
    ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4),
    ("SEVERITY_NUMBER_DEBUG", 5),
    ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7),
    ("SEVERITY_NUMBER_DEBUG4", 8),
    ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10),
    ("SEVERITY_NUMBER_INFO3", 11),
    ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13),
    ("SEVERITY_NUMBER_WARN2", 14),
    ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16),
    ("SEVERITY_NUMBER_ERROR", 17),
    ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19),
    ("SEVERITY_NUMBER_ERROR4", 20),
    ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22),
    ("SEVERITY_NUMBER_FATAL3", 23),
    ("SEVERITY_NUMBER_FATAL4", 24),
];
