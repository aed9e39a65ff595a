//! [`SeriesRows`]: labels and samples of Prometheus into rows of metric points.
//!
//! Labels are handled once per series; a further sample of the same series copies what the one
//! before it left in the columns.

use std::collections::HashMap;
use std::fmt::Write as _;

use luneta_model::semconv::PROMETHEUS_SCOPE;
use luneta_model::{
    AnyValue, CounterResetHint, ExemplarRow, Limits, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue, Tenant,
};

use super::exposition::MetricType;
use super::native::NativeHistogram;
use crate::context::Context;
use crate::wire::Walk;
use crate::zipkin::hex_id;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// The label that names the metric.
pub(crate) const METRIC_NAME: &str = "__name__";
/// Labels that become attributes of the resource.
const JOB: &str = "job";
const INSTANCE: &str = "instance";

/// The value that says a series has ended. Other NaN are values.
pub(crate) const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;
/// `NO_RECORDED_VALUE` of OTLP's `DataPointFlags`.
const NO_RECORDED_VALUE: u32 = 1;
const CUMULATIVE: i32 = 2;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Bytes a point's fixed columns take.
const ROW_BYTES: usize = 128;
/// Bytes a label takes besides its texts.
const LABEL_BYTES: usize = 16;
/// Bytes a native histogram takes besides its buckets.
const HISTOGRAM_BYTES: usize = 160;
const EXEMPLAR_BYTES: usize = 64;
/// Bytes an origin takes besides its texts.
const ORIGIN_BYTES: usize = 256;
/// Bytes of a series in messages.
const SHOWN_BYTES_MAX: usize = 256;

/// Name and value.
pub(crate) type Label<'a> = (&'a str, &'a str);

impl MetricType {
    /// In the order of their numbers in both versions of remote write.
    const NUMBERED: [MetricType; 8] = [
        MetricType::Unknown,
        MetricType::Counter,
        MetricType::Gauge,
        MetricType::Histogram,
        MetricType::GaugeHistogram,
        MetricType::Summary,
        MetricType::Info,
        MetricType::StateSet,
    ];

    /// By its number; `None` for one that is not defined.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::NUMBERED.get(usize::try_from(number).ok()?).copied()
    }

    /// The inverse of [`MetricType::from_number`].
    pub(crate) fn number(self) -> u64 {
        Self::NUMBERED.iter().position(|kind| *kind == self).unwrap_or(0) as u64
    }

    /// Whether the series of a name counts up: a counter, or a part of a classic histogram or
    /// summary that does.
    fn counts_up(self, name: &str) -> bool {
        match self {
            MetricType::Counter => !name.ends_with("_created"),
            MetricType::Histogram => ["_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix)),
            MetricType::Summary => ["_count", "_sum"].iter().any(|suffix| name.ends_with(suffix)),
            _ => false,
        }
    }

    /// The JSON kept in the column `metadata`.
    const fn metadata(self) -> &'static str {
        match self {
            MetricType::Unknown => r#"{"prometheus.type":"unknown"}"#,
            MetricType::Counter => r#"{"prometheus.type":"counter"}"#,
            MetricType::Gauge => r#"{"prometheus.type":"gauge"}"#,
            MetricType::Histogram => r#"{"prometheus.type":"histogram"}"#,
            MetricType::GaugeHistogram => r#"{"prometheus.type":"gaugehistogram"}"#,
            MetricType::Summary => r#"{"prometheus.type":"summary"}"#,
            MetricType::Info => r#"{"prometheus.type":"info"}"#,
            MetricType::StateSet => r#"{"prometheus.type":"stateset"}"#,
        }
    }
}

/// The same for a native histogram with buckets of its own.
const fn custom_metadata(kind: Option<MetricType>) -> &'static str {
    match kind {
        Some(MetricType::Histogram) => r#"{"prometheus.type":"histogram","prometheus.native":"custom"}"#,
        Some(MetricType::GaugeHistogram) => r#"{"prometheus.type":"gaugehistogram","prometheus.native":"custom"}"#,
        _ => r#"{"prometheus.native":"custom"}"#,
    }
}

/// What is known of a metric besides its samples.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Description<'a> {
    /// `None` when nobody told.
    pub(crate) kind: Option<MetricType>,
    /// Empty when there is none.
    pub(crate) help: &'a str,
    /// Empty when there is none.
    pub(crate) unit: &'a str,
}

/// Bytes of a help text kept; points repeat it.
const HELP_BYTES_MAX: usize = 1024;
/// Bytes of a unit kept.
const UNIT_BYTES_MAX: usize = 64;

impl Description<'_> {
    /// With texts of a length that every point can repeat.
    pub(crate) fn cut(self) -> Self {
        let (help, unit) = (Limits::cut(self.help, HELP_BYTES_MAX), Limits::cut(self.unit, UNIT_BYTES_MAX));
        Self { help, unit, ..self }
    }
}

/// Why a series is refused, while others of the request are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SeriesFault {
    #[error("the label `__name__` is missing")]
    NoMetricName,
    #[error("a label has no name")]
    NoLabelName,
    #[error("the label `{0}` is there twice")]
    DuplicateLabel(String),
    #[error("it has {count} labels, over the limit of {max}")]
    TooManyLabels { count: usize, max: usize },
    #[error("the name of a label has {bytes} bytes, over the limit of {max}")]
    LongLabelName { bytes: usize, max: usize },
    #[error("the value of the label `{name}` has {bytes} bytes, over the limit of {max}")]
    LongLabelValue { name: String, bytes: usize, max: usize },
}

/// Milliseconds as nanoseconds, `None` beyond the years that those can tell (1677 to 2262).
pub(crate) const fn nanos(milliseconds: i64) -> Option<i64> {
    milliseconds.checked_mul(NANOS_PER_MILLI)
}

/// A series as Prometheus writes it, cut to a length that fits into a message.
pub(crate) fn show(labels: &[Label<'_>]) -> String {
    let name = labels.iter().find(|(name, _)| *name == METRIC_NAME).map_or("", |(_, value)| value);
    let mut out = Limits::cut(name, SHOWN_BYTES_MAX).to_owned();
    out.push('{');
    for (i, (name, value)) in labels.iter().filter(|(name, _)| *name != METRIC_NAME).enumerate() {
        if out.len() > SHOWN_BYTES_MAX {
            out.push('…');
            break;
        }
        let (name, value) = (Limits::cut(name, SHOWN_BYTES_MAX), Limits::cut(value, SHOWN_BYTES_MAX));
        let comma = if i > 0 { ", " } else { "" };
        let _ = write!(out, "{comma}{name}={value:?}");
    }
    out.push('}');
    out
}

/// The rows of one request or scrape.
pub(crate) struct SeriesRows<'o> {
    builder: MetricsBuilder,
    pub(crate) context: Context<'o>,
    origins: Origins,
}

impl<'o> SeriesRows<'o> {
    pub(crate) fn new(options: &'o DecodeOptions) -> Self {
        let builder = MetricsBuilder::new(options.limits);
        Self { builder, context: Context::new(options), origins: Origins::default() }
    }

    /// Checks the labels of a series, in any order. Nothing is added before its first point.
    pub(crate) fn series<'r, 'l>(
        &'r mut self,
        labels: &'l [Label<'l>],
        description: Description<'l>,
    ) -> Result<Series<'r, 'o, 'l>, SeriesFault> {
        let identity = Identity::of(labels, &self.context.options.limits)?;
        Ok(Series { rows: self, labels, description, identity, origin: None })
    }

    pub(crate) fn finish(self, tenant: Tenant) -> Result<Decoded, ReceiveError> {
        let batch = self.builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
        Ok(Decoded { batch, tally: self.context.tally })
    }
}

/// What one pass over the labels finds.
struct Identity<'l> {
    name: &'l str,
    job: &'l str,
    instance: &'l str,
    /// Hashes of all labels that become attributes, added up.
    attributes: u64,
    /// Tells series apart.
    key: u64,
    /// What the labels take in a row.
    bytes: usize,
}

impl<'l> Identity<'l> {
    fn of(labels: &'l [Label<'l>], limits: &Limits) -> Result<Self, SeriesFault> {
        let mut found = Identity { name: "", job: "", instance: "", attributes: 0, key: 0, bytes: 0 };
        if labels.len() > limits.attributes_max {
            return Err(SeriesFault::TooManyLabels { count: labels.len(), max: limits.attributes_max });
        }
        let mut before = "";
        let mut sorted = true;
        for &(name, value) in labels {
            check_lengths(name, value, limits)?;
            sorted &= before < name;
            before = name;
            if value.is_empty() {
                continue;
            }
            let hash = MetricsBuilder::hash_str(name, value);
            found.key = found.key.wrapping_add(hash);
            found.bytes += LABEL_BYTES + name.len() + value.len();
            match name {
                METRIC_NAME => found.name = value,
                JOB => found.job = value,
                INSTANCE => found.instance = value,
                _ => found.attributes = found.attributes.wrapping_add(hash),
            }
        }
        if !sorted {
            check_repetition(labels)?;
        }
        if found.name.is_empty() {
            return Err(SeriesFault::NoMetricName);
        }
        Ok(found)
    }
}

fn check_lengths(name: &str, value: &str, limits: &Limits) -> Result<(), SeriesFault> {
    if name.is_empty() {
        return Err(SeriesFault::NoLabelName);
    }
    if name.len() > limits.key_bytes_max {
        return Err(SeriesFault::LongLabelName { bytes: name.len(), max: limits.key_bytes_max });
    }
    if value.len() > limits.value_bytes_max {
        let (name, bytes) = (name.to_owned(), value.len());
        return Err(SeriesFault::LongLabelValue { name, bytes, max: limits.value_bytes_max });
    }
    Ok(())
}

/// Senders must sort labels; the few that do not pay for it here.
#[cold]
fn check_repetition(labels: &[Label<'_>]) -> Result<(), SeriesFault> {
    let mut names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SeriesFault::DuplicateLabel(pair[0].to_owned())),
        None => Ok(()),
    }
}

/// One series, to which points are added. Exemplars come before the point they belong to.
pub(crate) struct Series<'r, 'o, 'l> {
    rows: &'r mut SeriesRows<'o>,
    labels: &'l [Label<'l>],
    description: Description<'l>,
    identity: Identity<'l>,
    /// Set with the first point.
    origin: Option<u32>,
}

impl Series<'_, '_, '_> {
    /// Tells series of one tenant apart, in whatever order their labels came.
    pub(crate) fn key(&self) -> u64 {
        self.identity.key
    }

    /// The row of the point added last, of whatever series.
    pub(crate) fn last_row(&self) -> Option<u32> {
        u32::try_from(self.rows.builder.len()).ok()?.checked_sub(1)
    }

    /// Counts a point that is left out.
    pub(crate) fn reject(&mut self, reason: Reason) {
        self.rows.context.tally.reject(reason);
    }

    /// Adds a sample. Times are nanoseconds since 1970; `start` is when counting began, 0 when
    /// nobody told.
    pub(crate) fn sample(&mut self, time: i64, start: i64, value: f64) -> Walk<()> {
        let flags = if value.to_bits() == STALE_BITS { NO_RECORDED_VALUE } else { 0 };
        self.number(time, start, flags, Some(Number::Double(value)))
    }

    /// Adds a point without a value, for exemplars that came without a sample.
    pub(crate) fn no_sample(&mut self, time: i64) -> Walk<()> {
        self.number(time, 0, 0, None)
    }

    fn number(&mut self, time: i64, start_time: i64, flags: u32, number: Option<Number>) -> Walk<()> {
        let counts_up = self.description.kind.is_some_and(|kind| kind.counts_up(self.identity.name));
        let value = if counts_up { PointValue::Sum(number) } else { PointValue::Gauge(number) };
        let mut identity = metric(self.identity.name, &self.description);
        if counts_up {
            (identity.temporality, identity.is_monotonic) = (CUMULATIVE, Some(true));
        }
        let origin = self.begin_point(0)?;
        self.rows.builder.end_point(origin, &identity, &MetricRow { time, start_time, flags, value });
        Ok(())
    }

    /// Adds a native histogram.
    pub(crate) fn histogram(&mut self, time: i64, start_time: i64, histogram: &NativeHistogram) -> Walk<()> {
        let mut identity = metric(self.identity.name, &self.description);
        if histogram.is_custom() {
            identity.metadata = custom_metadata(self.description.kind);
        }
        if histogram.hint != CounterResetHint::Gauge {
            identity.temporality = CUMULATIVE;
        }
        let flags = if histogram.sum.to_bits() == STALE_BITS { NO_RECORDED_VALUE } else { 0 };
        let origin = self.begin_point(histogram_bytes(histogram))?;
        let row = MetricRow { time, start_time, flags, value: histogram.point() };
        self.rows.builder.counter_reset_hint(histogram.hint);
        self.rows.builder.end_point(origin, &identity, &row);
        Ok(())
    }

    /// Adds an exemplar to the next point. Its labels `trace_id` and `span_id` become ids when
    /// they are such.
    pub(crate) fn exemplar(&mut self, time: i64, value: f64, labels: &[Label<'_>]) -> Walk<()> {
        self.rows.context.spend(exemplar_bytes(labels.iter().copied()))?;
        let mut row = ExemplarRow { time, value: Some(Number::Double(value)), trace_id: [0; 16], span_id: [0; 8] };
        let mut rest = Vec::new();
        for &(name, value) in labels {
            let taken = match name {
                "trace_id" if matches!(value.len(), 16 | 32) => set(&mut row.trace_id, hex_id(value)),
                "span_id" if value.len() == 16 => set(&mut row.span_id, hex_id(value)),
                _ => false,
            };
            if !taken && !value.is_empty() {
                rest.push((name, AnyValue::String(value.to_owned())));
            }
        }
        self.rows.builder.exemplar(&row, rest)?;
        Ok(())
    }

    /// Checks that a point fits that takes `more_bytes` besides its row, exemplars among them, so that
    /// nothing of it is added when the whole cannot be.
    pub(crate) fn check_room(&self, more_bytes: usize) -> Walk<()> {
        let origin = ORIGIN_BYTES + 2 * (size_of::<usize>() + self.identity.job.len() + self.identity.instance.len());
        self.rows.context.check(origin + self.row_bytes() + more_bytes)
    }

    fn row_bytes(&self) -> usize {
        ROW_BYTES + self.identity.bytes + self.description.help.len() + self.description.unit.len()
    }

    /// Attributes of the next point.
    fn begin_point(&mut self, more_bytes: usize) -> Walk<u32> {
        let row_bytes = self.row_bytes();
        let rows = &mut *self.rows;
        rows.context.spend(row_bytes + more_bytes)?;
        if let Some(origin) = self.origin {
            rows.builder.repeat_attributes();
            return Ok(origin);
        }
        let Identity { job, instance, .. } = self.identity;
        let origin = rows.origins.index(job, instance, &mut rows.builder, &mut rows.context)?;
        self.origin = Some(origin);
        let labels = self.labels.iter().copied();
        let kept = labels.filter(|(name, value)| !value.is_empty() && !matches!(*name, METRIC_NAME | JOB | INSTANCE));
        rows.builder.push_hashed(kept, self.identity.attributes);
        Ok(origin)
    }
}

/// What an exemplar takes.
pub(crate) fn exemplar_bytes<'l>(labels: impl Iterator<Item = Label<'l>>) -> usize {
    EXEMPLAR_BYTES + labels.map(|(name, value)| LABEL_BYTES + name.len() + value.len()).sum::<usize>()
}

/// What a native histogram takes besides the row.
pub(crate) fn histogram_bytes(histogram: &NativeHistogram) -> usize {
    HISTOGRAM_BYTES + histogram.bytes()
}

/// What all points of a series share, of a gauge unless changed.
fn metric<'l>(name: &'l str, description: &Description<'l>) -> MetricIdentity<'l> {
    MetricIdentity {
        name,
        unit: description.unit,
        description: description.help,
        metadata: description.kind.map_or("", MetricType::metadata),
        temporality: 0,
        is_monotonic: None,
    }
}

fn set<const N: usize>(id: &mut [u8; N], found: Option<[u8; N]>) -> bool {
    *id = found.unwrap_or(*id);
    found.is_some()
}

/// Origins by job and instance.
#[derive(Default)]
struct Origins {
    known: HashMap<Vec<u8>, u32>,
    /// The key of the one used last, and where it is: series of one target come in a row.
    last: Vec<u8>,
    last_index: Option<u32>,
    scratch: Vec<u8>,
}

impl Origins {
    fn index(&mut self, job: &str, instance: &str, builder: &mut MetricsBuilder, context: &mut Context<'_>) -> Walk<u32> {
        self.scratch.clear();
        self.scratch.extend_from_slice(&job.len().to_le_bytes());
        self.scratch.extend_from_slice(job.as_bytes());
        self.scratch.extend_from_slice(instance.as_bytes());
        if let Some(index) = self.last_index.filter(|_| self.last == self.scratch) {
            return Ok(index);
        }
        let index = match self.known.get(&self.scratch) {
            Some(index) => *index,
            None => self.add(job, instance, builder, context)?,
        };
        std::mem::swap(&mut self.last, &mut self.scratch);
        self.last_index = Some(index);
        Ok(index)
    }

    fn add(&mut self, job: &str, instance: &str, builder: &mut MetricsBuilder, context: &mut Context<'_>) -> Walk<u32> {
        context.spend(ORIGIN_BYTES + 2 * self.scratch.len())?;
        let origins = &mut builder.origins;
        origins.begin();
        if !job.is_empty() {
            origins.resource_str("service.name", job);
        }
        if !instance.is_empty() {
            origins.resource_str("service.instance.id", instance);
        }
        origins.scope_facts(PROMETHEUS_SCOPE, "", "", 0);
        let index = origins.end();
        self.known.insert(self.scratch.clone(), index);
        Ok(index)
    }
}
