//! Messages of `io.prometheus.client`, to build bodies from.
#![allow(dead_code, clippy::unwrap_used, clippy::doc_markdown, missing_docs)]

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct LabelPair {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    #[prost(double, optional, tag = "2")]
    pub value: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
    #[prost(message, optional, tag = "2")]
    pub exemplar: Option<Exemplar>,
    #[prost(message, optional, tag = "3")]
    pub created_timestamp: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Number {
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Quantile {
    #[prost(double, optional, tag = "1")]
    pub quantile: Option<f64>,
    #[prost(double, optional, tag = "2")]
    pub value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    pub quantile: Vec<Quantile>,
}

#[derive(Clone, PartialEq, Message)]
pub struct BucketSpan {
    #[prost(sint32, optional, tag = "1")]
    pub offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    pub length: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    pub cumulative_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub upper_bound: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub exemplar: Option<Exemplar>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    pub bucket: Vec<Bucket>,
    #[prost(double, optional, tag = "4")]
    pub sample_count_float: Option<f64>,
    #[prost(sint32, optional, tag = "5")]
    pub schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    pub zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    pub zero_count: Option<u64>,
    #[prost(double, optional, tag = "8")]
    pub zero_count_float: Option<f64>,
    #[prost(message, repeated, tag = "9")]
    pub negative_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "10")]
    pub negative_delta: Vec<i64>,
    #[prost(double, repeated, tag = "11")]
    pub negative_count: Vec<f64>,
    #[prost(message, repeated, tag = "12")]
    pub positive_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "13")]
    pub positive_delta: Vec<i64>,
    #[prost(double, repeated, tag = "14")]
    pub positive_count: Vec<f64>,
    #[prost(message, optional, tag = "15")]
    pub created_timestamp: Option<Timestamp>,
    #[prost(message, repeated, tag = "16")]
    pub exemplars: Vec<Exemplar>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    #[prost(message, optional, tag = "2")]
    pub gauge: Option<Number>,
    #[prost(message, optional, tag = "3")]
    pub counter: Option<Counter>,
    #[prost(message, optional, tag = "4")]
    pub summary: Option<Summary>,
    #[prost(message, optional, tag = "5")]
    pub untyped: Option<Number>,
    #[prost(int64, optional, tag = "6")]
    pub timestamp_ms: Option<i64>,
    #[prost(message, optional, tag = "7")]
    pub histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub help: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub r#type: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    pub metric: Vec<Metric>,
    #[prost(string, optional, tag = "5")]
    pub unit: Option<String>,
}

fn family(name: &str, r#type: i32, metric: Metric) -> MetricFamily {
    let help = Some(format!("What {name} is"));
    MetricFamily { name: Some(name.into()), help, r#type: Some(r#type), metric: vec![metric], unit: None }
}

fn label(name: &str, value: &str) -> LabelPair {
    LabelPair { name: Some(name.into()), value: Some(value.into()) }
}

const AT: Timestamp = Timestamp { seconds: 1_800_000_000, nanos: 250_000_000 };

fn exemplar(trace_id: &str, value: f64) -> Exemplar {
    Exemplar { label: vec![label("trace_id", trace_id)], value: Some(value), timestamp: Some(AT) }
}

/// A native histogram with a classic part.
pub fn native() -> MetricFamily {
    let bucket = |count, bound| Bucket { cumulative_count: Some(count), upper_bound: Some(bound), exemplar: None };
    let histogram = Histogram {
        sample_count: Some(12),
        sample_sum: Some(18.5),
        bucket: vec![bucket(4, 1.0), bucket(9, 2.5)],
        schema: Some(3),
        zero_threshold: Some(0.001),
        zero_count: Some(2),
        negative_span: vec![BucketSpan { offset: Some(-2), length: Some(1) }],
        negative_delta: vec![1],
        positive_span: vec![BucketSpan { offset: Some(0), length: Some(2) }, BucketSpan { offset: Some(3), length: Some(2) }],
        positive_delta: vec![1, 1, -1, 4],
        created_timestamp: Some(AT),
        exemplars: vec![exemplar("bb", 1.5)],
        ..Histogram::default()
    };
    family("cook_seconds", 4, Metric { histogram: Some(histogram), label: vec![label("dish", "soup")], ..Metric::default() })
}

/// A native histogram of fractions, as a server exposes what it recorded.
pub fn fractions() -> MetricFamily {
    let histogram = Histogram {
        sample_count_float: Some(1.75),
        sample_sum: Some(2.5),
        schema: Some(0),
        zero_threshold: Some(0.001),
        zero_count_float: Some(0.25),
        positive_span: vec![BucketSpan { offset: Some(1), length: Some(2) }],
        positive_count: vec![1.0, 0.5],
        exemplars: vec![exemplar("dd", 1.25)],
        ..Histogram::default()
    };
    family("stir_rate", 5, Metric { histogram: Some(histogram), ..Metric::default() })
}

/// Families behind their lengths.
pub fn delimited(families: &[MetricFamily]) -> Vec<u8> {
    families.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

/// One family of every type.
pub fn body() -> Vec<u8> {
    let counter = Counter { value: Some(3.0), exemplar: Some(exemplar("aa", 1.0)), created_timestamp: Some(AT) };
    let quantile = |quantile, value| Quantile { quantile: Some(quantile), value: Some(value) };
    let summary =
        Summary { sample_count: Some(2), sample_sum: Some(3.5), quantile: vec![quantile(0.5, 1.0), quantile(0.99, f64::NAN)] };
    let bucket = Bucket { cumulative_count: Some(1), upper_bound: Some(1.0), exemplar: Some(exemplar("cc", 0.5)) };
    let classic =
        Histogram { sample_count: Some(2), sample_sum: Some(4.0), bucket: vec![bucket.clone()], ..Histogram::default() };
    let gauge = Histogram {
        sample_count: Some(2),
        sample_sum: Some(4.0),
        bucket: vec![bucket, Bucket { cumulative_count: Some(2), upper_bound: Some(f64::INFINITY), exemplar: None }],
        ..Histogram::default()
    };
    let number = Some(Number { value: Some(-1.5) });
    let orders = Metric { counter: Some(counter), label: vec![label("shop", "mitte")], ..Metric::default() };
    let mut depth =
        family("depth_bytes", 1, Metric { gauge: number.clone(), timestamp_ms: Some(1_700_000_000_123), ..Metric::default() });
    depth.unit = Some("bytes".into());
    delimited(&[
        family("orders_total", 0, orders),
        depth,
        family("wait_seconds", 2, Metric { summary: Some(summary), ..Metric::default() }),
        family("thing", 3, Metric { untyped: number, ..Metric::default() }),
        family("size", 4, Metric { histogram: Some(classic), ..Metric::default() }),
        family("level", 5, Metric { histogram: Some(gauge), ..Metric::default() }),
        native(),
    ])
}
