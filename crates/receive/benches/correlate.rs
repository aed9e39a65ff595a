//! What it costs to look for a trace in records that tell of none, and in those that do; and how fast lines become rows.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use luneta_model::Tenant;
use luneta_receive::otlp::decode::logs_protobuf;
use luneta_receive::{DecodeOptions, text};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message as _;

const ITEMS: usize = 1000;

fn main() {
    divan::main();
}

fn text_value(text: String) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text)) }
}

/// Records without a trace, or with the one all have: the difference is what looking for it costs.
fn request(has_trace: bool, tells: &str) -> Vec<u8> {
    let attribute =
        |key: &str, value: &str| KeyValue { key: key.into(), value: Some(text_value(value.into())), ..KeyValue::default() };
    let record = |i: usize| LogRecord {
        time_unix_nano: 1_700_000_000_000_000_000 + i as u64 * 1000,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(text_value(format!("order {i} of customer {} was paid in {} ms by card{tells}", i * 7919 % 10_000, i % 97))),
        attributes: vec![
            attribute("logger.name", "shop.cart"),
            attribute("code.function.name", "pay"),
            attribute("order.id", &i.to_string()),
            attribute("thread.name", "worker-1"),
        ],
        trace_id: if has_trace { vec![7; 16] } else { Vec::new() },
        span_id: if has_trace { vec![7; 8] } else { Vec::new() },
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { log_records: (0..ITEMS).map(record).collect(), ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }.encode_to_vec()
}

fn bench(bencher: Bencher<'_, '_>, body: &[u8]) {
    let options = DecodeOptions::at(0);
    let run = || logs_protobuf(body, Tenant::default(), &options).unwrap().batch;
    bencher.counter(ItemsCount::new(ITEMS)).counter(BytesCount::new(body.len())).bench(run);
}

#[divan::bench]
fn otlp_with_trace(bencher: Bencher<'_, '_>) {
    bench(bencher, &request(true, ""));
}

#[divan::bench]
fn otlp_without_trace(bencher: Bencher<'_, '_>) {
    bench(bencher, &request(false, ""));
}

#[divan::bench]
fn otlp_with_trace_in_body(bencher: Bencher<'_, '_>) {
    bench(bencher, &request(false, " trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331"));
}

#[divan::bench(args = ["json", "logfmt", "access", "python", "plain"])]
fn lines_to_rows(bencher: Bencher<'_, '_>, form: &str) {
    let line = |i: usize| match form {
        "json" => format!(
            "{{\"event\":\"order {i} paid\",\"level\":\"info\",\"timestamp\":\"2026-11-22T10:00:00.{i:06}Z\",\"order_id\":{i}}}\n"
        ),
        "logfmt" => format!("level=info ts=2026-11-22T10:00:00.{i:06}Z caller=a.go:7 msg=\"order {i} paid\" status=200\n"),
        "access" => format!("127.0.0.1 - - [22/Nov/2026:10:00:00 +0000] \"GET /cart/{i} HTTP/1.1\" 200 612 \"-\" \"curl/8.0\"\n"),
        "python" => format!("2026-11-22 10:00:00,123 - shop.cart - INFO - order {i} paid\n"),
        _ => format!("order {i} was paid by card, and nobody knows when\n"),
    };
    let body: String = (0..ITEMS).map(line).collect();
    let options = DecodeOptions::at(0);
    let run = || text::lines(body.as_bytes(), Tenant::default(), &options).unwrap().batch;
    bencher.counter(ItemsCount::new(ITEMS)).counter(BytesCount::new(body.len())).bench(run);
}
