//! Prometheus's exposition formats: what a scraped target answers and what is pushed to a gateway.
//!
//! [`parse`] is a function of bytes. It hands every sample to a closure as it is read, borrowed from
//! the body where nothing had to be unescaped; a body with a fault in it is refused whole, with the
//! place of the fault, though samples before it have been handed over by then.

mod cursor;
mod error;
mod labels;
mod native;
mod number;
mod openmetrics;
mod protobuf;
mod text;

use std::borrow::Cow;

pub use error::{ExpositionError, Position};
pub use native::{NativeHistogram, NativeSpan};
pub use number::{NORMAL_NAN, normalize};

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExpositionFormat {
    /// `text/plain`, versions 0.0.4 and 1.0.0, which differ in what names may be.
    Text,
    /// `application/openmetrics-text`, versions 0.0.1 and 1.0.0.
    OpenMetrics,
    /// `application/vnd.google.protobuf` with `encoding=delimited`.
    Protobuf,
}

impl ExpositionFormat {
    /// The format of a `content-type`, `None` when it is none of them.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameter = |wanted: &str, value: &str| {
            let has = |part: &str| {
                part.split_once('=')
                    .is_some_and(|(name, is)| name.trim().eq_ignore_ascii_case(wanted) && is.trim().trim_matches('"') == value)
            };
            content_type.split(';').skip(1).any(has)
        };
        match media.as_str() {
            "text/plain" => Some(Self::Text),
            "application/openmetrics-text" => Some(Self::OpenMetrics),
            "application/vnd.google.protobuf"
                if parameter("proto", "io.prometheus.client.MetricFamily") && parameter("encoding", "delimited") =>
            {
                Some(Self::Protobuf)
            }
            _ => None,
        }
    }
}

/// Types of metrics, as Prometheus and OpenMetrics know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricType {
    /// A value that only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations counted in buckets.
    Histogram,
    /// A histogram whose counts go up and down.
    GaugeHistogram,
    /// Observations as quantiles.
    Summary,
    /// Labels alone; the value is always 1.
    Info,
    /// One of several states.
    StateSet,
    /// Not told.
    #[default]
    Unknown,
}

impl MetricType {
    /// The name Prometheus gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::GaugeHistogram => "gaugehistogram",
            MetricType::Summary => "summary",
            MetricType::Info => "info",
            MetricType::StateSet => "stateset",
            MetricType::Unknown => "unknown",
        }
    }

    /// Endings of names of samples beside the name of their family.
    const fn endings(self) -> &'static [&'static str] {
        match self {
            MetricType::Counter => &["_total", "_created"],
            MetricType::Histogram => &["_bucket", "_count", "_sum", "_created"],
            MetricType::GaugeHistogram => &["_bucket", "_gcount", "_gsum", "_count", "_sum"],
            MetricType::Summary => &["_count", "_sum", "_created"],
            MetricType::Info => &["_info"],
            MetricType::Gauge | MetricType::StateSet | MetricType::Unknown => &[],
        }
    }
}

/// What is told of the samples of one family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Family<'b> {
    /// Name of the family; names of its samples may have an ending more.
    pub name: Cow<'b, str>,
    /// Its type.
    pub metric_type: MetricType,
    /// Its description, empty when there is none.
    pub help: Cow<'b, str>,
    /// Its unit, empty when there is none.
    pub unit: Cow<'b, str>,
}

impl Family<'_> {
    /// Whether a sample of this name is one of the family's.
    pub fn owns(&self, name: &str) -> bool {
        let Some(ending) = name.strip_prefix(&*self.name) else { return false };
        !self.name.is_empty() && (ending.is_empty() || self.metric_type.endings().contains(&ending))
    }
}

/// A label; `__name__` is not among the labels of a sample.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label<'b> {
    /// Its name.
    pub name: Cow<'b, str>,
    /// Its value; an empty one is the same as no label.
    pub value: Cow<'b, str>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number. NaN is always [`NORMAL_NAN`].
    Number(f64),
    /// A native histogram.
    Histogram(Box<NativeHistogram>),
}

/// An example of what was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar<'b> {
    /// Its labels, such as `trace_id`.
    pub labels: Vec<Label<'b>>,
    /// The measured value.
    pub value: f64,
    /// Milliseconds since 1970, where told.
    pub time_ms: Option<i64>,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'b> {
    /// Name of the metric.
    pub name: Cow<'b, str>,
    /// Labels in the order they were written, no name twice.
    pub labels: Vec<Label<'b>>,
    /// What was measured.
    pub value: SampleValue,
    /// Milliseconds since 1970, where the target told.
    pub time_ms: Option<i64>,
    /// Milliseconds since 1970 at which the series began, where the target told.
    pub created_ms: Option<i64>,
    /// Exemplars; text formats have at most one.
    pub exemplars: Vec<Exemplar<'b>>,
}

impl Default for Sample<'_> {
    fn default() -> Self {
        Self {
            name: Cow::Borrowed(""),
            labels: Vec::new(),
            value: SampleValue::Number(0.0),
            time_ms: None,
            created_ms: None,
            exemplars: Vec::new(),
        }
    }
}

/// What [`parse`] hands over.
#[derive(Debug)]
pub enum Entry<'e, 'b> {
    /// A family is complete: its metadata, after its samples.
    Family(&'e Family<'b>),
    /// A sample, and the family it is of. A sample nothing was told of has a family of its own name
    /// and the type unknown.
    Sample(&'e Family<'b>, &'e Sample<'b>),
}

/// Bounds on a body, and choices.
#[derive(Debug, Clone, Copy)]
pub struct ExpositionOptions {
    /// Bytes of a body.
    pub body_bytes_max: usize,
    /// Labels of one sample.
    pub labels_max: usize,
    /// Samples in a body.
    pub samples_max: usize,
    /// Buckets of one native histogram.
    pub native_buckets_max: usize,
    /// Take native histograms as such; without, only the classic part of theirs is read.
    pub native_histograms: bool,
    /// Take the classic part of native histograms too.
    pub always_classic_histograms: bool,
}

impl Default for ExpositionOptions {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024 * 1024,
            labels_max: 1024,
            samples_max: 10_000_000,
            native_buckets_max: 10_000,
            native_histograms: true,
            always_classic_histograms: false,
        }
    }
}

/// Reads a body, handing over every family and every sample.
///
/// # Errors
/// [`ExpositionError`]: the body is to be refused whole.
pub fn parse<'b>(
    format: ExpositionFormat,
    body: &'b [u8],
    options: &ExpositionOptions,
    take: impl FnMut(Entry<'_, 'b>),
) -> Result<(), ExpositionError> {
    if body.len() > options.body_bytes_max {
        let reason = format!("the body has {} bytes, more than {}", body.len(), options.body_bytes_max);
        return Err(ExpositionError::whole(reason));
    }
    match format {
        ExpositionFormat::Text => text::parse(utf8(body)?, options, take),
        ExpositionFormat::OpenMetrics => openmetrics::parse(utf8(body)?, options, take),
        ExpositionFormat::Protobuf => protobuf::parse(body, options, take),
    }
}

fn utf8(body: &[u8]) -> Result<&str, ExpositionError> {
    std::str::from_utf8(body).map_err(|error| {
        let before = &body[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        ExpositionError { position: Position::Line(line), reason: "the text is not valid UTF-8".into() }
    })
}
