//! Messages of remote write, and series that both versions can say.
#![allow(dead_code, missing_docs)]

use prost::Message;

pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

pub mod v1 {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        pub timeseries: Vec<TimeSeries>,
        #[prost(message, repeated, tag = "3")]
        pub metadata: Vec<Metadata>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        pub labels: Vec<Label>,
        #[prost(message, repeated, tag = "2")]
        pub samples: Vec<super::Sample>,
        #[prost(message, repeated, tag = "3")]
        pub exemplars: Vec<Exemplar>,
        #[prost(message, repeated, tag = "4")]
        pub histograms: Vec<super::Histogram>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Label {
        #[prost(bytes = "vec", tag = "1")]
        pub name: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Exemplar {
        #[prost(message, repeated, tag = "1")]
        pub labels: Vec<Label>,
        #[prost(double, tag = "2")]
        pub value: f64,
        #[prost(int64, tag = "3")]
        pub timestamp: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Metadata {
        #[prost(uint32, tag = "1")]
        pub kind: u32,
        #[prost(string, tag = "2")]
        pub metric_family_name: String,
        #[prost(string, tag = "4")]
        pub help: String,
        #[prost(string, tag = "5")]
        pub unit: String,
    }
}

pub mod v2 {
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Request {
        #[prost(bytes = "vec", repeated, tag = "4")]
        pub symbols: Vec<Vec<u8>>,
        #[prost(message, repeated, tag = "5")]
        pub timeseries: Vec<TimeSeries>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct TimeSeries {
        #[prost(uint32, repeated, tag = "1")]
        pub labels_refs: Vec<u32>,
        #[prost(message, repeated, tag = "2")]
        pub samples: Vec<super::Sample>,
        #[prost(message, repeated, tag = "3")]
        pub histograms: Vec<super::Histogram>,
        #[prost(message, repeated, tag = "4")]
        pub exemplars: Vec<Exemplar>,
        #[prost(message, optional, tag = "5")]
        pub metadata: Option<Metadata>,
        #[prost(int64, tag = "6")]
        pub created_timestamp: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Exemplar {
        #[prost(uint32, repeated, tag = "1")]
        pub labels_refs: Vec<u32>,
        #[prost(double, tag = "2")]
        pub value: f64,
        #[prost(int64, tag = "3")]
        pub timestamp: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Metadata {
        #[prost(uint32, tag = "1")]
        pub kind: u32,
        #[prost(uint32, tag = "3")]
        pub help_ref: u32,
        #[prost(uint32, tag = "4")]
        pub unit_ref: u32,
    }
}

/// The start is of the second version alone.
#[derive(Clone, PartialEq, Message)]
pub struct Sample {
    #[prost(double, tag = "1")]
    pub value: f64,
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
    #[prost(int64, tag = "3")]
    pub start_timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub count_int: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub count_float: Option<f64>,
    #[prost(double, tag = "3")]
    pub sum: f64,
    #[prost(sint32, tag = "4")]
    pub schema: i32,
    #[prost(double, tag = "5")]
    pub zero_threshold: f64,
    #[prost(uint64, optional, tag = "6")]
    pub zero_count_int: Option<u64>,
    #[prost(double, optional, tag = "7")]
    pub zero_count_float: Option<f64>,
    #[prost(message, repeated, tag = "8")]
    pub negative_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "9")]
    pub negative_deltas: Vec<i64>,
    #[prost(double, repeated, tag = "10")]
    pub negative_counts: Vec<f64>,
    #[prost(message, repeated, tag = "11")]
    pub positive_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "12")]
    pub positive_deltas: Vec<i64>,
    #[prost(double, repeated, tag = "13")]
    pub positive_counts: Vec<f64>,
    #[prost(uint32, tag = "14")]
    pub reset_hint: u32,
    #[prost(int64, tag = "15")]
    pub timestamp: i64,
    #[prost(double, repeated, tag = "16")]
    pub custom_values: Vec<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Span {
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    #[prost(uint32, tag = "2")]
    pub length: u32,
}

pub fn spans(all: &[(i32, u32)]) -> Vec<Span> {
    all.iter().map(|(offset, length)| Span { offset: *offset, length: *length }).collect()
}

/// Three observations in schema 0: one that is zero, two in the bucket (0.5, 1].
pub fn small_histogram(timestamp: i64) -> Histogram {
    Histogram {
        count_int: Some(3),
        sum: 1.5,
        zero_threshold: 0.001,
        zero_count_int: Some(1),
        positive_spans: spans(&[(0, 1)]),
        positive_deltas: vec![2],
        timestamp,
        ..Histogram::default()
    }
}

/// Names and values.
pub type Pairs = Vec<(String, String)>;

/// A series as both versions can say it.
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub labels: Pairs,
    /// Times in milliseconds, values.
    pub samples: Vec<(i64, f64)>,
    pub histograms: Vec<Histogram>,
    /// Labels, value, time.
    pub exemplars: Vec<(Pairs, f64, i64)>,
    /// Number of the type, help and unit.
    pub metadata: Option<(u32, String, String)>,
}

pub fn pairs(labels: &[(&str, &str)]) -> Pairs {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Series {
    pub fn new(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Self {
        Self { labels: pairs(labels), samples: samples.to_vec(), ..Self::default() }
    }

    pub fn histogram(labels: &[(&str, &str)], histogram: Histogram) -> Self {
        Self { labels: pairs(labels), histograms: vec![histogram], ..Self::default() }
    }

    pub fn with_metadata(self, kind: u32, help: &str, unit: &str) -> Self {
        Self { metadata: Some((kind, help.to_owned(), unit.to_owned())), ..self }
    }

    pub fn with_exemplar(mut self, labels: &[(&str, &str)], value: f64, time: i64) -> Self {
        self.exemplars.push((pairs(labels), value, time));
        self
    }

    fn samples(&self) -> Vec<Sample> {
        self.samples
            .iter()
            .map(|(timestamp, value)| Sample { value: *value, timestamp: *timestamp, start_timestamp: 0 })
            .collect()
    }

    fn name(&self) -> &str {
        self.labels.iter().find(|(name, _)| name == "__name__").map_or("", |(_, value)| value)
    }
}

fn labels_v1(labels: &[(String, String)]) -> Vec<v1::Label> {
    labels.iter().map(|(name, value)| v1::Label { name: name.clone().into(), value: value.clone().into() }).collect()
}

/// The first version; metadata is told of the names of the series themselves.
pub fn to_v1(series: &[Series]) -> v1::WriteRequest {
    let timeseries = series.iter().map(|series| v1::TimeSeries {
        labels: labels_v1(&series.labels),
        samples: series.samples(),
        exemplars: series
            .exemplars
            .iter()
            .map(|(labels, value, timestamp)| v1::Exemplar { labels: labels_v1(labels), value: *value, timestamp: *timestamp })
            .collect(),
        histograms: series.histograms.clone(),
    });
    let metadata = series.iter().filter_map(|series| {
        let (kind, help, unit) = series.metadata.clone()?;
        Some(v1::Metadata { kind, metric_family_name: series.name().to_owned(), help, unit })
    });
    v1::WriteRequest { timeseries: timeseries.collect(), metadata: metadata.collect() }
}

/// The second version, with each text once.
pub fn to_v2(series: &[Series]) -> v2::Request {
    let mut symbols = Symbols::new();
    let timeseries = series.iter().map(|series| v2::TimeSeries {
        labels_refs: symbols.labels(&series.labels),
        samples: series.samples(),
        histograms: series.histograms.clone(),
        exemplars: series
            .exemplars
            .iter()
            .map(|(labels, value, timestamp)| v2::Exemplar {
                labels_refs: symbols.labels(labels),
                value: *value,
                timestamp: *timestamp,
            })
            .collect(),
        metadata: series.metadata.as_ref().map(|(kind, help, unit)| v2::Metadata {
            kind: *kind,
            help_ref: symbols.of(help),
            unit_ref: symbols.of(unit),
        }),
        created_timestamp: 0,
    });
    let timeseries = timeseries.collect();
    v2::Request { symbols: symbols.all, timeseries }
}

struct Symbols {
    all: Vec<Vec<u8>>,
    places: std::collections::HashMap<String, u32>,
}

impl Symbols {
    fn new() -> Self {
        Self { all: vec![Vec::new()], places: [(String::new(), 0)].into() }
    }

    fn of(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.all.len() as u32;
        self.all.push(text.into());
        self.places.insert(text.to_owned(), place);
        place
    }

    fn labels(&mut self, labels: &[(String, String)]) -> Vec<u32> {
        labels.iter().flat_map(|(name, value)| [self.of(name), self.of(value)]).collect()
    }
}
