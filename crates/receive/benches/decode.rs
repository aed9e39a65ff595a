//! How fast requests become rows. Read items a second as items of the request / time.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use luneta_model::Tenant;
use luneta_receive::otlp::decode;
use luneta_receive::{DecodeFn, DecodeOptions};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

const ITEMS: usize = 1000;

fn main() {
    divan::main();
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    pair(key, Value::StringValue(value.into()))
}

fn resource() -> Resource {
    let attributes = vec![text("service.name", "checkout"), text("host.name", "node-1"), text("service.version", "1.2.3")];
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "bench".into(), version: "1".into(), ..InstrumentationScope::default() }
}

/// Ten attributes as HTTP servers send them, and two that no convention knows.
fn attributes(i: usize) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET"),
        text("http.route", format!("/api/cart/{}", i % 50)),
        pair("http.response.status_code", Value::IntValue(200 + (i % 3) as i64)),
        text("url.path", format!("/api/cart/{i}")),
        text("url.scheme", "https"),
        text("server.address", "shop.example.com"),
        pair("server.port", Value::IntValue(443)),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"),
        text("shop.customer", format!("customer-{}", i * 7919 % 10_000)),
        pair("shop.total", Value::DoubleValue(i as f64 * 0.37)),
    ]
}

fn traces() -> Vec<u8> {
    let span = |i: usize| Span {
        trace_id: (i as u128 * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835 + 1).to_be_bytes().to_vec(),
        span_id: (i as u64 * 0x9e37_79b9_7f4a_7c15 + 1).to_be_bytes().to_vec(),
        parent_span_id: (i as u64 + 1).to_be_bytes().to_vec(),
        name: format!("GET /api/cart/{}", i % 50),
        kind: 2,
        start_time_unix_nano: 1_700_000_000_000_000_000 + i as u64 * 1000,
        end_time_unix_nano: 1_700_000_000_000_500_000 + i as u64 * 1000,
        attributes: attributes(i),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { scope: Some(scope()), spans: (0..ITEMS).map(span).collect(), schema_url: String::new() }];
    let resource_spans = vec![ResourceSpans { resource: Some(resource()), scope_spans, schema_url: String::new() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn logs() -> ExportLogsServiceRequest {
    let record = |i: usize| LogRecord {
        time_unix_nano: 1_700_000_000_000_000_000 + i as u64 * 1000,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue { value: Some(Value::StringValue(format!("order {i} was paid in {} ms", i % 97))) }),
        attributes: attributes(i).split_off(6),
        trace_id: vec![7; 16],
        span_id: vec![7; 8],
        ..LogRecord::default()
    };
    let scope_logs =
        vec![ScopeLogs { scope: Some(scope()), log_records: (0..ITEMS).map(record).collect(), schema_url: String::new() }];
    let resource_logs = vec![ResourceLogs { resource: Some(resource()), scope_logs, schema_url: String::new() }];
    ExportLogsServiceRequest { resource_logs }
}

fn metrics() -> Vec<u8> {
    let point = |i: usize| NumberDataPoint {
        attributes: attributes(i).split_off(7),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        time_unix_nano: 1_700_000_060_000_000_000,
        value: Some(number_data_point::Value::AsInt(i as i64)),
        ..NumberDataPoint::default()
    };
    let metric = |m: usize| Metric {
        name: format!("http.server.requests.{m}"),
        unit: "{request}".into(),
        description: "requests served".into(),
        data: Some(Data::Sum(Sum { data_points: (0..100).map(point).collect(), aggregation_temporality: 2, is_monotonic: true })),
        metadata: Vec::new(),
    };
    let scope_metrics =
        vec![ScopeMetrics { scope: Some(scope()), metrics: (0..ITEMS / 100).map(metric).collect(), schema_url: String::new() }];
    let resource_metrics = vec![ResourceMetrics { resource: Some(resource()), scope_metrics, schema_url: String::new() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

fn bench(bencher: Bencher<'_, '_>, decode: DecodeFn, bytes: &[u8]) {
    let options = DecodeOptions::at(0);
    bencher
        .counter(ItemsCount::new(ITEMS))
        .counter(BytesCount::new(bytes.len()))
        .bench(|| decode(bytes, Tenant::default(), &options).unwrap().batch);
}

#[divan::bench]
fn traces_protobuf(bencher: Bencher<'_, '_>) {
    bench(bencher, decode::traces_protobuf, &traces());
}

#[divan::bench]
fn logs_protobuf(bencher: Bencher<'_, '_>) {
    bench(bencher, decode::logs_protobuf, &logs().encode_to_vec());
}

#[divan::bench]
fn metrics_protobuf(bencher: Bencher<'_, '_>) {
    bench(bencher, decode::metrics_protobuf, &metrics());
}

#[divan::bench]
fn traces_json(bencher: Bencher<'_, '_>) {
    let request = ExportTraceServiceRequest::decode(traces().as_slice()).unwrap();
    bench(bencher, decode::traces_json, &serde_json::to_vec(&request).unwrap());
}
