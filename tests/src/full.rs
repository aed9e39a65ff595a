//! Requests that use everything OTLP has, for tests that nothing is lost.
//!
//! All times lie in one second, [`SECOND`], so that writing them down needs no calendar.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use crate::send::common::any_value::Value;
use crate::send::common::{AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList};
use crate::send::{Export, attribute, int, log, metric, resource, span, text};

/// The second all times lie in, in seconds since 1970.
pub const SECOND: u64 = 1_709_210_096;
/// The same, as text.
pub const SECOND_TEXT: &str = "2024-02-29T12:34:56";

/// A moment of [`SECOND`].
pub const fn at(nanos: u64) -> u64 {
    SECOND * 1_000_000_000 + nanos
}

/// A value that holds others.
pub fn nested() -> Value {
    let some = |value| AnyValue { value: Some(value) };
    Value::KvlistValue(KeyValueList {
        values: vec![
            attribute(
                "list",
                Value::ArrayValue(ArrayValue {
                    values: vec![
                        some(int(i64::MIN)),
                        some(Value::DoubleValue(1.0)),
                        some(Value::DoubleValue(0.1 + 0.2)),
                        some(Value::BoolValue(false)),
                        some(text("a \"quoted\"\n\u{1}line")),
                        some(Value::BytesValue(vec![1, 2, 255])),
                        AnyValue { value: None },
                        some(Value::ArrayValue(ArrayValue::default())),
                    ],
                }),
            ),
            attribute("map", Value::KvlistValue(KeyValueList { values: vec![attribute("", text(""))] })),
        ],
    })
}

/// Values of every type, with their extremes, under odd keys. `nan` says whether to send doubles
/// that JSON cannot say as numbers.
pub fn attributes(nan: bool) -> Vec<KeyValue> {
    let mut all = vec![
        attribute("string", text("plain")),
        attribute("string.empty", text("")),
        attribute("string.unicode", text("žluťoučký 🐎 \u{0} \t end")),
        attribute("bool.true", Value::BoolValue(true)),
        attribute("bool.false", Value::BoolValue(false)),
        attribute("int.zero", int(0)),
        attribute("int.max", int(i64::MAX)),
        attribute("int.min", int(i64::MIN)),
        attribute("int.exact", int(1 << 53)),
        attribute("double", Value::DoubleValue(0.1 + 0.2)),
        attribute("double.whole", Value::DoubleValue(3.0)),
        attribute("double.max", Value::DoubleValue(f64::MAX)),
        attribute("double.tiny", Value::DoubleValue(5e-324)),
        attribute("double.odd", Value::DoubleValue(122.416_294_033_786_58)),
        attribute("bytes", Value::BytesValue((0..=255).collect())),
        attribute("bytes.empty", Value::BytesValue(Vec::new())),
        attribute("array.empty", Value::ArrayValue(ArrayValue::default())),
        attribute("map.empty", Value::KvlistValue(KeyValueList::default())),
        attribute("nested", nested()),
        attribute("looks.like.int", text("42")),
        attribute("looks.like.json", text("{\"a\":1}")),
        // A key with a column of its own, of the column's type, and one of another type.
        attribute("http.route", text("/cart/{id}")),
        attribute("http.request.method", text("GET")),
        attribute("http.response.status_code", int(503)),
        attribute("server.port", text("not a number")),
        // Odd keys.
        attribute("", text("the key is empty")),
        attribute("with space", text("1")),
        attribute("quote'\"\\", text("2")),
        attribute("ключ.🔑", text("3")),
        attribute("line\nbreak", text("4")),
        attribute("\0types", text("5")),
        attribute("attributes.string", text("5")),
        attribute(&"k".repeat(300), text("a long key")),
    ];
    all.push(KeyValue { key: "null".into(), value: None, ..Default::default() });
    if nan {
        all.push(attribute("double.nan", Value::DoubleValue(f64::NAN)));
        all.push(attribute("double.infinite", Value::DoubleValue(f64::INFINITY)));
        all.push(attribute("double.minus_infinite", Value::DoubleValue(f64::NEG_INFINITY)));
        all.push(attribute("double.minus_zero", Value::DoubleValue(-0.0)));
    }
    all
}

fn resource_of(service: &str, nan: bool) -> resource::Resource {
    let mut attributes = vec![
        attribute("service.name", text(service)),
        attribute("service.version", text("1.2.3")),
        attribute("process.pid", int(4321)),
        attribute("host.name", text("")),
    ];
    attributes.extend(self::attributes(nan));
    let service = EntityRef {
        schema_url: "https://entity.example/1".into(),
        r#type: "service".into(),
        id_keys: vec!["service.name".into(), "host.name".into()],
        description_keys: vec!["service.version".into()],
    };
    let process = EntityRef { r#type: "a \"process\"".into(), id_keys: vec!["process.pid".into()], ..Default::default() };
    resource::Resource { attributes, dropped_attributes_count: 3, entity_refs: vec![service, process] }
}

fn scope(nan: bool) -> InstrumentationScope {
    InstrumentationScope {
        name: "scope name".into(),
        version: "0.9".into(),
        attributes: attributes(nan),
        dropped_attributes_count: 4,
    }
}

/// An id of 16 bytes.
pub fn trace_id(n: u8) -> Vec<u8> {
    (0..16).map(|i| n.wrapping_mul(16).wrapping_add(i)).collect()
}

/// An id of 8 bytes.
pub fn span_id(n: u8) -> Vec<u8> {
    (0..8).map(|i| n.wrapping_mul(8).wrapping_add(i).max(1)).collect()
}

fn full_span(nan: bool) -> span::Span {
    let event = |n: u64, name: &str, attributes| span::span::Event {
        time_unix_nano: at(500 + n),
        name: name.into(),
        attributes,
        dropped_attributes_count: n as u32,
    };
    let link = |n: u8, state: &str, attributes| span::span::Link {
        trace_id: trace_id(n),
        span_id: span_id(n),
        trace_state: state.into(),
        attributes,
        dropped_attributes_count: u32::from(n),
        flags: 0x300,
    };
    span::Span {
        trace_id: trace_id(1),
        span_id: span_id(1),
        parent_span_id: span_id(9),
        trace_state: "spam=1,eggs=2".into(),
        flags: 0x301,
        name: "GET /cart/{id}".into(),
        kind: 2,
        start_time_unix_nano: at(1),
        end_time_unix_nano: at(999_999_999),
        attributes: attributes(nan),
        dropped_attributes_count: 1,
        events: vec![event(0, "exception", attributes(nan)), event(1, "", Vec::new())],
        dropped_events_count: 2,
        links: vec![link(2, "a=b", attributes(nan)), link(3, "", Vec::new())],
        dropped_links_count: u32::MAX,
        status: Some(span::Status { message: "it broke: \"why\"".into(), code: 2 }),
    }
}

/// Spans with everything, of every kind and status, and with nothing.
pub fn traces(service: &str, nan: bool) -> Export {
    let mut spans = vec![full_span(nan)];
    for kind in 0..=5u8 {
        spans.push(span::Span {
            trace_id: trace_id(2),
            span_id: span_id(20 + kind),
            name: format!("kind {kind}"),
            kind: i32::from(kind),
            start_time_unix_nano: at(100 + u64::from(kind)),
            end_time_unix_nano: at(100 + u64::from(kind) * 1000),
            status: Some(span::Status { code: i32::from(kind) % 3, message: String::new() }),
            ..Default::default()
        });
    }
    // No name, no duration, no status; and an end before the start.
    spans.push(span::Span {
        trace_id: trace_id(3),
        span_id: span_id(30),
        start_time_unix_nano: at(200),
        end_time_unix_nano: at(200),
        ..Default::default()
    });
    spans.push(span::Span {
        trace_id: vec![0xff; 16],
        span_id: vec![0xff; 8],
        name: "backwards".into(),
        start_time_unix_nano: at(300),
        end_time_unix_nano: at(250),
        ..Default::default()
    });
    let bare = span::Span {
        trace_id: trace_id(4),
        span_id: span_id(40),
        name: "bare".into(),
        start_time_unix_nano: at(400),
        end_time_unix_nano: at(401),
        ..Default::default()
    };
    Export::Traces(ExportTraceServiceRequest {
        resource_spans: vec![
            span::ResourceSpans {
                resource: Some(resource_of(service, nan)),
                scope_spans: vec![span::ScopeSpans {
                    scope: Some(scope(nan)),
                    spans,
                    schema_url: "https://scope.example/1".into(),
                }],
                schema_url: "https://resource.example/1".into(),
            },
            span::ResourceSpans {
                resource: crate::send::service(service),
                scope_spans: vec![span::ScopeSpans { spans: vec![bare], ..Default::default() }],
                ..Default::default()
            },
        ],
    })
}

/// Log records with a body of every type, with everything and with nothing.
pub fn log_records(service: &str, nan: bool) -> Export {
    let mut bodies = vec![
        Some(text("a line")),
        Some(text("")),
        Some(text("two\nlines \u{1f9ea}")),
        Some(Value::BoolValue(true)),
        Some(int(i64::MAX)),
        Some(Value::DoubleValue(2.5)),
        Some(Value::BytesValue(vec![0, 159, 146, 150])),
        Some(Value::ArrayValue(ArrayValue {
            values: vec![AnyValue { value: Some(text("x")) }, AnyValue { value: Some(int(1)) }],
        })),
        Some(nested()),
        None,
    ];
    if nan {
        bodies.push(Some(Value::DoubleValue(f64::NAN)));
    }
    let mut records: Vec<_> = bodies
        .into_iter()
        .enumerate()
        .map(|(i, value)| log::LogRecord {
            time_unix_nano: at(1000 + i as u64),
            body: value.map(|v| AnyValue { value: Some(v) }),
            severity_number: i as i32,
            ..Default::default()
        })
        .collect();
    records.push(log::LogRecord {
        time_unix_nano: at(1),
        observed_time_unix_nano: at(999_999_999),
        severity_number: 24,
        severity_text: "FATAL4".into(),
        body: Some(AnyValue { value: Some(text("everything")) }),
        attributes: attributes(nan),
        dropped_attributes_count: 7,
        flags: 1,
        trace_id: trace_id(1),
        span_id: span_id(1),
        event_name: "spam.ordered".into(),
    });
    Export::Logs(ExportLogsServiceRequest {
        resource_logs: vec![log::ResourceLogs {
            resource: Some(resource_of(service, nan)),
            scope_logs: vec![log::ScopeLogs {
                scope: Some(scope(nan)),
                log_records: records,
                schema_url: "https://scope.example/1".into(),
            }],
            schema_url: "https://resource.example/1".into(),
        }],
    })
}

fn exemplars(nan: bool) -> Vec<metric::Exemplar> {
    vec![
        metric::Exemplar {
            filtered_attributes: attributes(nan),
            time_unix_nano: at(11),
            span_id: span_id(1),
            trace_id: trace_id(1),
            value: Some(metric::exemplar::Value::AsDouble(1.5)),
        },
        metric::Exemplar { time_unix_nano: at(12), value: Some(metric::exemplar::Value::AsInt(i64::MAX)), ..Default::default() },
    ]
}

fn number(time: u64, value: Option<metric::number_data_point::Value>) -> metric::NumberDataPoint {
    metric::NumberDataPoint { start_time_unix_nano: at(1), time_unix_nano: at(time), value, ..Default::default() }
}

fn metric_of(name: &str, data: metric::metric::Data) -> metric::Metric {
    metric::Metric {
        name: name.into(),
        description: format!("about {name}"),
        unit: "By/s".into(),
        data: Some(data),
        ..Default::default()
    }
}

/// Points of all five types, both temporalities, with exemplars, with everything and with nothing.
pub fn metric_points(service: &str, nan: bool) -> Export {
    use metric::metric::Data;
    use metric::number_data_point::Value::{AsDouble, AsInt};
    let mut gauges = vec![
        number(20, Some(AsDouble(0.1 + 0.2))),
        number(21, Some(AsInt(-7))),
        number(22, Some(AsInt(i64::MAX))),
        number(23, Some(AsInt(i64::MIN))),
        metric::NumberDataPoint { flags: 1, ..number(24, None) },
        metric::NumberDataPoint {
            attributes: attributes(nan),
            exemplars: exemplars(nan),
            ..number(25, Some(AsDouble(f64::MAX)))
        },
    ];
    if nan {
        gauges.push(number(26, Some(AsDouble(f64::NAN))));
        gauges.push(number(27, Some(AsDouble(f64::NEG_INFINITY))));
    }
    let gauge = metric_of("g", Data::Gauge(metric::Gauge { data_points: gauges }));
    let mut metrics = vec![metric::Metric { metadata: attributes(nan), ..gauge }];
    for temporality in [1, 2] {
        metrics.push(metric_of(
            "s",
            Data::Sum(metric::Sum {
                data_points: vec![
                    metric::NumberDataPoint { exemplars: exemplars(nan), ..number(30, Some(AsInt(3))) },
                    number(31, Some(AsDouble(2.0))),
                ],
                aggregation_temporality: temporality,
                is_monotonic: temporality == 2,
            }),
        ));
        metrics.push(metric_of(
            "h",
            Data::Histogram(metric::Histogram {
                data_points: vec![
                    metric::HistogramDataPoint {
                        attributes: attributes(nan),
                        start_time_unix_nano: at(1),
                        time_unix_nano: at(40),
                        count: u64::MAX,
                        sum: Some(12.5),
                        bucket_counts: vec![1, 0, 1 << 60],
                        explicit_bounds: vec![-0.5, 1e9],
                        exemplars: exemplars(nan),
                        flags: 0,
                        min: Some(-1.0),
                        max: Some(1e300),
                    },
                    // Neither sum nor borders: not the same as zero.
                    metric::HistogramDataPoint { time_unix_nano: at(41), count: 2, ..Default::default() },
                ],
                aggregation_temporality: temporality,
            }),
        ));
        let buckets = |offset, bucket_counts| Some(metric::exponential_histogram_data_point::Buckets { offset, bucket_counts });
        metrics.push(metric_of(
            "e",
            Data::ExponentialHistogram(metric::ExponentialHistogram {
                data_points: vec![
                    metric::ExponentialHistogramDataPoint {
                        attributes: attributes(nan),
                        start_time_unix_nano: at(1),
                        time_unix_nano: at(50),
                        count: 9,
                        sum: Some(-4.5),
                        scale: -10,
                        zero_count: 1,
                        positive: buckets(i32::MIN, vec![0, 3, u64::MAX]),
                        negative: buckets(7, vec![2]),
                        flags: 0,
                        exemplars: exemplars(nan),
                        min: Some(-2.0),
                        max: Some(2.0),
                        zero_threshold: 1e-9,
                    },
                    metric::ExponentialHistogramDataPoint { time_unix_nano: at(51), scale: 20, ..Default::default() },
                ],
                aggregation_temporality: temporality,
            }),
        ));
    }
    let quantile = |quantile, value| metric::summary_data_point::ValueAtQuantile { quantile, value };
    metrics.push(metric_of(
        "y",
        Data::Summary(metric::Summary {
            data_points: vec![
                metric::SummaryDataPoint {
                    attributes: attributes(nan),
                    start_time_unix_nano: at(1),
                    time_unix_nano: at(60),
                    count: 5,
                    sum: 10.25,
                    quantile_values: vec![quantile(0.0, 1.0), quantile(0.99, 3.5), quantile(1.0, 4.0)],
                    flags: 0,
                },
                metric::SummaryDataPoint { time_unix_nano: at(61), ..Default::default() },
            ],
        }),
    ));
    Export::Metrics(ExportMetricsServiceRequest {
        resource_metrics: vec![metric::ResourceMetrics {
            resource: Some(resource_of(service, nan)),
            scope_metrics: vec![metric::ScopeMetrics {
                scope: Some(scope(nan)),
                metrics,
                schema_url: "https://scope.example/1".into(),
            }],
            schema_url: "https://resource.example/1".into(),
        }],
    })
}
