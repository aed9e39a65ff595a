//! Messages of remote read: Prometheus's `remote.proto` and `types.proto`, as far as they are used.

use luneta_promql::{CounterResetHint, Histogram as PromHistogram, Series};

/// Answers of samples.
pub const SAMPLES: i32 = 0;
/// Answers of compressed chunks.
pub const STREAMED_XOR_CHUNKS: i32 = 1;

#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadRequest {
    #[prost(message, repeated, tag = "1")]
    pub queries: Vec<RemoteQuery>,
    #[prost(int32, repeated, tag = "2")]
    pub accepted_response_types: Vec<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct RemoteQuery {
    #[prost(int64, tag = "1")]
    pub start_timestamp_ms: i64,
    #[prost(int64, tag = "2")]
    pub end_timestamp_ms: i64,
    #[prost(message, repeated, tag = "3")]
    pub matchers: Vec<LabelMatcher>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct LabelMatcher {
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    pub results: Vec<QueryResult>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct QueryResult {
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    pub histograms: Vec<Histogram>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Label {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    #[prost(double, tag = "1")]
    pub value: f64,
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// A native histogram whose counts are floats. Presence of its two counts says so.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Histogram {
    #[prost(double, optional, tag = "2")]
    pub count_float: Option<f64>,
    #[prost(double, tag = "3")]
    pub sum: f64,
    #[prost(sint32, tag = "4")]
    pub schema: i32,
    #[prost(double, tag = "5")]
    pub zero_threshold: f64,
    #[prost(double, optional, tag = "7")]
    pub zero_count_float: Option<f64>,
    #[prost(message, repeated, tag = "8")]
    pub negative_spans: Vec<BucketSpan>,
    #[prost(double, repeated, tag = "10")]
    pub negative_counts: Vec<f64>,
    #[prost(message, repeated, tag = "11")]
    pub positive_spans: Vec<BucketSpan>,
    #[prost(double, repeated, tag = "13")]
    pub positive_counts: Vec<f64>,
    #[prost(int32, tag = "14")]
    pub reset_hint: i32,
    #[prost(int64, tag = "15")]
    pub timestamp: i64,
    #[prost(double, repeated, tag = "16")]
    pub custom_values: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct BucketSpan {
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    #[prost(uint32, tag = "2")]
    pub length: u32,
}

impl TimeSeries {
    /// The samples of a series after and up to a time; none of a series that has none there.
    pub fn of(series: &Series, (after, until): (i64, i64)) -> Option<Self> {
        let within = |time: i64| time > after && time <= until;
        let floats = series.floats.times.iter().zip(&series.floats.values).filter(|(time, _)| within(**time));
        let samples: Vec<Sample> = floats.map(|(time, value)| Sample { value: *value, timestamp: *time }).collect();
        let whole = series.histograms.times.iter().zip(&series.histograms.values).filter(|(time, _)| within(**time));
        let histograms: Vec<Histogram> = whole.map(|(time, value)| Histogram::of(value, *time)).collect();
        let labels = series.labels.iter().map(|(name, value)| Label { name: name.to_owned(), value: value.to_owned() });
        (!samples.is_empty() || !histograms.is_empty()).then(|| Self { labels: labels.collect(), samples, histograms })
    }

    /// Number of its samples.
    pub fn len(&self) -> usize {
        self.samples.len() + self.histograms.len()
    }
}

impl Histogram {
    fn of(from: &PromHistogram, timestamp: i64) -> Self {
        let counts = |buckets: &[(i32, f64)]| buckets.iter().map(|(_, count)| *count).collect();
        Self {
            count_float: Some(from.count),
            sum: from.sum,
            schema: from.schema,
            zero_threshold: from.zero_threshold,
            zero_count_float: Some(from.zero_count),
            negative_spans: spans(&from.negative),
            negative_counts: counts(&from.negative),
            positive_spans: spans(&from.positive),
            positive_counts: counts(&from.positive),
            reset_hint: match from.counter_reset_hint {
                CounterResetHint::Unknown => 0,
                CounterResetHint::Reset => 1,
                CounterResetHint::NotReset => 2,
                CounterResetHint::Gauge => 3,
            },
            timestamp,
            custom_values: from.custom_bounds.to_vec(),
        }
    }
}

/// Runs of buckets: each with its distance from the end of the run before.
pub fn spans(buckets: &[(i32, f64)]) -> Vec<BucketSpan> {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut next: i32 = 0;
    for (index, _) in buckets {
        match spans.last_mut().filter(|_| *index == next) {
            Some(last) => last.length += 1,
            None => spans.push(BucketSpan { offset: index.wrapping_sub(next), length: 1 }),
        }
        next = index.wrapping_add(1);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_become_spans_and_back() {
        for indexes in [vec![], vec![0], vec![-3, -2, 5, 6, 7, 100]] {
            let buckets: Vec<(i32, f64)> = indexes.iter().map(|index| (*index, f64::from(*index))).collect();
            let spans: Vec<(i32, u32)> = spans(&buckets).iter().map(|span| (span.offset, span.length)).collect();
            let counts: Vec<f64> = buckets.iter().map(|(_, count)| *count).collect();
            assert_eq!(PromHistogram::sparse(&spans, &counts), buckets, "{spans:?}");
        }
        assert_eq!(spans(&[(0, 1.0), (1, 1.0), (3, 1.0)]).len(), 2);
    }

    #[test]
    fn series_keep_what_is_in_the_window() {
        let labels = luneta_promql::Labels::new([("__name__", "up")]);
        let mut series = Series::floats(labels, vec![1, 2, 3], vec![1.0, 2.0, 3.0]);
        series.histograms.times = vec![4];
        series.histograms.values = vec![std::sync::Arc::new(PromHistogram { count: 2.0, sum: 5.0, ..Default::default() })];
        let found = TimeSeries::of(&series, (1, 4)).expect("samples");
        assert_eq!((found.samples.len(), found.histograms.len(), found.len()), (2, 1, 3));
        assert_eq!(found.histograms[0].count_float, Some(2.0));
        assert_eq!(TimeSeries::of(&series, (4, 9)), None);
    }
}
