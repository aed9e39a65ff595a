//! Random requests, made of the generated types.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z.]{1,12}", any::<String>()]
}

/// Known keys, so that typed columns are met too, and any other.
fn key() -> impl Strategy<Value = String> {
    let known = ["http.request.method", "http.response.status_code", "service.name", "db.system", "server.port", "k8s.pod.name"];
    prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), "[a-z.]{1,12}", text()]
}

/// Doubles, with the special ones; NaN has one form, as JSON knows only one.
pub fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_map(|d| if d.is_nan() { f64::NAN } else { d }),
        Just(0.0),
        Just(-0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        (-1000i32..1000).prop_map(f64::from)
    ]
}

pub fn value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        double().prop_map(Value::DoubleValue),
        vec(any::<u8>(), 0..8).prop_map(Value::BytesValue),
    ];
    let leaf = of(leaf).prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values })) }),
            vec((text(), of(inner)), 0..4).prop_map(|entries| {
                let values = entries.into_iter().map(|(key, value)| KeyValue { key, value, ..KeyValue::default() }).collect();
                AnyValue { value: Some(Value::KvlistValue(KeyValueList { values })) }
            }),
        ]
    })
}

pub fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec((key(), of(value())).prop_map(|(key, value)| KeyValue { key, value, ..KeyValue::default() }), 0..6)
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let entity = (text(), text(), vec(text(), 0..3), vec(text(), 0..3))
        .prop_map(|(schema_url, r#type, id_keys, description_keys)| EntityRef { schema_url, r#type, id_keys, description_keys });
    of((attributes(), any::<u32>(), vec(entity, 0..3)).prop_map(|(attributes, dropped_attributes_count, entity_refs)| Resource {
        attributes,
        dropped_attributes_count,
        entity_refs,
    }))
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    of((text(), text(), attributes(), any::<u32>()).prop_map(|(name, version, attributes, dropped_attributes_count)| {
        InstrumentationScope { name, version, attributes, dropped_attributes_count }
    }))
}

/// Mostly right, sometimes zero or of a wrong width.
fn bytes_id(width: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => vec(1u8.., width), 1 => Just(vec![0; width]), 1 => vec(any::<u8>(), 0..20)]
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..=i64::MAX as u64, 2 => Just(0), 1 => any::<u64>()]
}

fn event() -> impl Strategy<Value = Event> {
    (time(), text(), attributes(), any::<u32>()).prop_map(|(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
        time_unix_nano,
        name,
        attributes,
        dropped_attributes_count,
    })
}

fn link() -> impl Strategy<Value = Link> {
    (bytes_id(16), bytes_id(8), text(), attributes(), any::<u32>(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (bytes_id(16), bytes_id(8), prop_oneof![Just(Vec::new()), bytes_id(8)]);
    let texts = (text(), text());
    let numbers = (-1..8i32, time(), time(), any::<[u32; 4]>());
    let nested = (attributes(), vec(event(), 0..3), vec(link(), 0..3), of((text(), -1..4i32)));
    (ids, texts, numbers, nested).prop_map(|(ids, texts, numbers, nested)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2,
        trace_state: texts.0,
        name: texts.1,
        kind: numbers.0,
        start_time_unix_nano: numbers.1,
        end_time_unix_nano: numbers.2,
        dropped_attributes_count: numbers.3[0],
        dropped_events_count: numbers.3[1],
        dropped_links_count: numbers.3[2],
        flags: numbers.3[3],
        attributes: nested.0,
        events: nested.1,
        links: nested.2,
        status: nested.3.map(|(message, code)| Status { message, code }),
    })
}

pub fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scopes = vec(
        (scope(), vec(span(), 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans { scope, spans, schema_url }),
        0..3,
    );
    let resources = (resource(), scopes, text()).prop_map(|(resource, scope_spans, schema_url)| ResourceSpans {
        resource,
        scope_spans,
        schema_url,
    });
    vec(resources, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn record() -> impl Strategy<Value = LogRecord> {
    let numbers = (time(), time(), -1..30i32, any::<u32>(), any::<u32>());
    let texts = (text(), text(), bytes_id(16), bytes_id(8));
    (numbers, texts, of(value()), attributes()).prop_map(|(numbers, texts, body, attributes)| LogRecord {
        time_unix_nano: numbers.0,
        observed_time_unix_nano: numbers.1,
        severity_number: numbers.2,
        dropped_attributes_count: numbers.3,
        flags: numbers.4,
        severity_text: texts.0,
        event_name: texts.1,
        trace_id: texts.2,
        span_id: texts.3,
        body,
        attributes,
    })
}

pub fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scopes = vec(
        (scope(), vec(record(), 0..4), text()).prop_map(|(scope, log_records, schema_url)| ScopeLogs {
            scope,
            log_records,
            schema_url,
        }),
        0..3,
    );
    let resources = (resource(), scopes, text()).prop_map(|(resource, scope_logs, schema_url)| ResourceLogs {
        resource,
        scope_logs,
        schema_url,
    });
    vec(resources, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    let value = prop_oneof![double().prop_map(exemplar::Value::AsDouble), any::<i64>().prop_map(exemplar::Value::AsInt)];
    (attributes(), time(), bytes_id(8), bytes_id(16), of(value)).prop_map(
        |(filtered_attributes, time_unix_nano, span_id, trace_id, value)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    )
}

fn number_point() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        double().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt)
    ];
    (attributes(), time(), time(), vec(exemplar(), 0..3), 0..3u32, of(value)).prop_map(
        |(attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano,
            time_unix_nano,
            exemplars,
            flags,
            value,
        },
    )
}

fn histogram_point() -> impl Strategy<Value = HistogramDataPoint> {
    let moments = (any::<u64>(), of(double()), of(double()), of(double()));
    let lists = (vec(any::<u64>(), 0..5), vec(double(), 0..5), vec(exemplar(), 0..3));
    (attributes(), time(), time(), moments, lists, 0..3u32).prop_map(|(attributes, start, time, moments, lists, flags)| {
        HistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count: moments.0,
            sum: moments.1,
            min: moments.2,
            max: moments.3,
            bucket_counts: lists.0,
            explicit_bounds: lists.1,
            exemplars: lists.2,
            flags,
        }
    })
}

fn buckets() -> impl Strategy<Value = Option<Buckets>> {
    of((any::<i32>(), vec(any::<u64>(), 0..5)).prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }))
}

fn exponential_point() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let moments = (any::<u64>(), of(double()), of(double()), of(double()));
    let shape = (-10..20i32, any::<u64>(), double(), buckets(), buckets());
    (attributes(), time(), time(), moments, shape, (vec(exemplar(), 0..3), 0..3u32)).prop_map(
        |(attributes, start, time, moments, shape, rest)| ExponentialHistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count: moments.0,
            sum: moments.1,
            min: moments.2,
            max: moments.3,
            scale: shape.0,
            zero_count: shape.1,
            zero_threshold: shape.2,
            positive: shape.3,
            negative: shape.4,
            exemplars: rest.0,
            flags: rest.1,
        },
    )
}

fn summary_point() -> impl Strategy<Value = SummaryDataPoint> {
    let quantiles = vec((double(), double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value }), 0..4);
    (attributes(), time(), time(), any::<u64>(), double(), quantiles, 0..3u32).prop_map(
        |(attributes, start, time, count, sum, quantile_values, flags)| SummaryDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count,
            sum,
            quantile_values,
            flags,
        },
    )
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        vec(number_point(), 0..3).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..3), 0..3i32, any::<bool>()).prop_map(|(data_points, aggregation_temporality, is_monotonic)| {
            Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
        }),
        (vec(histogram_point(), 0..3), 0..3i32).prop_map(|(data_points, aggregation_temporality)| Data::Histogram(Histogram {
            data_points,
            aggregation_temporality
        })),
        (vec(exponential_point(), 0..3), 0..3i32).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })
        }),
        vec(summary_point(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

fn metric() -> impl Strategy<Value = Metric> {
    (text(), text(), text(), of(data()), attributes()).prop_map(|(name, description, unit, data, metadata)| Metric {
        name,
        description,
        unit,
        data,
        metadata,
    })
}

pub fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scopes = vec(
        (scope(), vec(metric(), 0..4), text()).prop_map(|(scope, metrics, schema_url)| ScopeMetrics {
            scope,
            metrics,
            schema_url,
        }),
        0..3,
    );
    let resources = (resource(), scopes, text()).prop_map(|(resource, scope_metrics, schema_url)| ResourceMetrics {
        resource,
        scope_metrics,
        schema_url,
    });
    vec(resources, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
