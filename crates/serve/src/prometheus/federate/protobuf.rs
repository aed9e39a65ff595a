//! The protobuf format of expositions, for native histograms: messages `io.prometheus.client.MetricFamily`,
//! each behind its length.

use luneta_promql::{CounterResetHint, METRIC_NAME};
#[cfg(test)]
use prost::Message as _;

use super::{INSTANCE, Latest, Value};
use crate::prometheus::messages::{BucketSpan, Label, spans};

const UNTYPED: i32 = 3;
const HISTOGRAM: i32 = 4;
const GAUGE_HISTOGRAM: i32 = 5;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MetricFamily {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(message, repeated, tag = "4")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Metric {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, optional, tag = "5")]
    untyped: Option<Untyped>,
    #[prost(int64, tag = "6")]
    timestamp_ms: i64,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Untyped {
    #[prost(double, tag = "1")]
    value: f64,
}

/// A native histogram whose counts are floats, as Prometheus federates all of them.
#[derive(Clone, PartialEq, prost::Message)]
struct Histogram {
    #[prost(double, tag = "2")]
    sum: f64,
    #[prost(double, tag = "4")]
    count: f64,
    #[prost(sint32, tag = "5")]
    schema: i32,
    #[prost(double, tag = "6")]
    zero_threshold: f64,
    #[prost(double, tag = "8")]
    zero_count: f64,
    #[prost(message, repeated, tag = "9")]
    negative_spans: Vec<BucketSpan>,
    #[prost(double, repeated, tag = "11")]
    negative_counts: Vec<f64>,
    #[prost(message, repeated, tag = "12")]
    positive_spans: Vec<BucketSpan>,
    #[prost(double, repeated, tag = "14")]
    positive_counts: Vec<f64>,
}

impl Histogram {
    fn of(from: &luneta_promql::Histogram) -> Self {
        let counts = |buckets: &[(i32, f64)]| buckets.iter().map(|(_, count)| *count).collect();
        let mut made = Self {
            sum: from.sum,
            count: from.count,
            schema: from.schema,
            zero_threshold: from.zero_threshold,
            zero_count: from.zero_count,
            negative_spans: spans(&from.negative),
            negative_counts: counts(&from.negative),
            positive_spans: spans(&from.positive),
            positive_counts: counts(&from.positive),
        };
        if made.positive_spans.is_empty() && made.negative_spans.is_empty() && made.zero_threshold == 0.0 {
            // The format's own mark of a native histogram without buckets.
            made.positive_spans.push(BucketSpan { offset: 0, length: 0 });
        }
        made
    }
}

/// The samples, which are in order of their names. Histograms with custom bounds have no place in the format.
pub(super) fn page(samples: &[Latest]) -> Vec<u8> {
    let mut families: Vec<MetricFamily> = Vec::new();
    for sample in samples {
        let name = sample.labels.metric_name();
        let (kind, untyped, histogram) = match &sample.value {
            Value::Float(value) => (UNTYPED, Some(Untyped { value: *value }), None),
            Value::Histogram(from) if from.is_custom() => continue,
            Value::Histogram(from) if from.counter_reset_hint == CounterResetHint::Gauge => {
                (GAUGE_HISTOGRAM, None, Some(Histogram::of(from)))
            }
            Value::Histogram(from) => (HISTOGRAM, None, Some(Histogram::of(from))),
        };
        if name.is_empty() {
            continue;
        }
        let metric = Metric { labels: labels(sample), untyped, timestamp_ms: sample.time_ms, histogram };
        match families.last_mut().filter(|last| last.name == name && last.kind == kind) {
            Some(last) => last.metrics.push(metric),
            None => families.push(MetricFamily { name: name.to_owned(), kind, metrics: vec![metric] }),
        }
    }
    families.iter().flat_map(prost::Message::encode_length_delimited_to_vec).collect()
}

fn labels(sample: &Latest) -> Vec<Label> {
    let label = |name: &str, value: &str| Label { name: name.to_owned(), value: value.to_owned() };
    let kept = sample.labels.iter().filter(|(name, _)| *name != METRIC_NAME);
    let mut labels: Vec<Label> = kept.map(|(name, value)| label(name, value)).collect();
    if !sample.labels.has(INSTANCE) {
        labels.push(label(INSTANCE, ""));
    }
    labels
}

/// What a page says, a line per metric.
#[cfg(test)]
pub(super) fn shown(mut page: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    while !page.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut page).expect("a family");
        for metric in family.metrics {
            let instance: Vec<_> = metric.labels.iter().filter(|l| l.name == INSTANCE).map(|l| l.value.as_str()).collect();
            let head = format!("{} {} {} {}", family.name, family.kind, instance.join(","), metric.timestamp_ms);
            out.push(match (metric.untyped, metric.histogram) {
                (Some(Untyped { value }), None) => format!("{head} {value}"),
                (None, Some(Histogram { sum, count, schema, positive_spans, positive_counts, .. })) => {
                    let spans: Vec<_> = positive_spans.iter().map(|s| format!("({},{})", s.offset, s.length)).collect();
                    let spans = spans.concat();
                    format!("{head} {count} {sum} {schema} {spans} {positive_counts:?}")
                }
                other => panic!("{other:?}"),
            });
        }
    }
    out
}
