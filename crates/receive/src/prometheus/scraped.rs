//! [`ScrapedRows`]: what was scraped into rows.

use luneta_model::{Batch, Tenant};

use super::exposition::{self, Exemplar, SampleValue};
use super::native::{Count, FLOAT_COUNT_MAX, NativeHistogram, Span, Sparse, SparseHistogram};
use super::rows::{Description, Label, STALE_BITS, SeriesFault, SeriesRows, exemplar_bytes, histogram_bytes, nanos};
use crate::DecodeOptions;
use crate::context::refusal;

/// The value that ends a series.
pub const STALE: f64 = f64::from_bits(STALE_BITS);

/// What is told of the metric of a series.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScrapedSeries<'a> {
    /// Its type.
    pub metric_type: exposition::MetricType,
    /// Its description, empty when there is none.
    pub help: &'a str,
    /// Its unit, empty when there is none.
    pub unit: &'a str,
}

/// The rows of one scrape.
pub struct ScrapedRows<'o> {
    rows: SeriesRows<'o>,
    options: &'o DecodeOptions,
    histogram: NativeHistogram,
}

impl<'o> ScrapedRows<'o> {
    /// No rows yet.
    pub fn new(options: &'o DecodeOptions) -> Self {
        Self { rows: SeriesRows::new(options), options, histogram: NativeHistogram::default() }
    }

    /// Adds a sample. `__name__` is among the labels, which may have any order; times are
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// What is wrong with the sample; nothing of it is kept.
    pub fn push(
        &mut self,
        labels: &[(&str, &str)],
        series: &ScrapedSeries<'_>,
        time_ms: i64,
        created_ms: Option<i64>,
        value: &SampleValue,
        exemplars: &[Exemplar<'_>],
    ) -> Result<(), String> {
        let name = || super::rows::show(labels);
        let time = nanos(time_ms).ok_or_else(|| format!("{}: the time {time_ms} is out of range", name()))?;
        let start = created_ms.and_then(nanos).unwrap_or(0);
        if let SampleValue::Histogram(native) = value {
            let read = self.histogram.read(&sparse(native));
            read.map_err(|fault| format!("{}: {fault}", name()))?;
        }
        let kind = Some(series.metric_type);
        let description = Description { kind, help: series.help, unit: series.unit }.cut();
        let added = self.rows.series(labels, description);
        let mut added = added.map_err(|fault: SeriesFault| format!("{}: {fault}", name()))?;
        let fault = |fault: Box<crate::wire::Fault>| refusal(&fault, self.options).to_string();
        let exemplars_bytes: usize = exemplars.iter().map(|exemplar| exemplar_bytes(pairs(exemplar))).sum();
        let more_bytes = match value {
            SampleValue::Number(_) => exemplars_bytes,
            SampleValue::Histogram(_) => exemplars_bytes + histogram_bytes(&self.histogram),
        };
        added.check_room(more_bytes).map_err(fault)?;
        for exemplar in exemplars {
            let labels: Vec<Label<'_>> = pairs(exemplar).collect();
            let at = exemplar.time_ms.and_then(nanos).unwrap_or(time);
            added.exemplar(at, exemplar.value, &labels).map_err(fault)?;
        }
        match value {
            SampleValue::Number(value) => added.sample(time, start, *value),
            SampleValue::Histogram(_) => added.histogram(time, start, &self.histogram),
        }
        .map_err(fault)
    }

    /// The rows.
    ///
    /// # Errors
    /// None in practice: all columns have the same length.
    pub fn finish(self, tenant: Tenant) -> Result<Batch, String> {
        self.rows.finish(tenant).map(|decoded| decoded.batch).map_err(|error| error.to_string())
    }
}

fn pairs<'e>(exemplar: &'e Exemplar<'_>) -> impl Iterator<Item = Label<'e>> {
    exemplar.labels.iter().map(|label| (&*label.name, &*label.value))
}

pub(super) fn sparse(from: &exposition::NativeHistogram) -> SparseHistogram {
    let side = |spans: &[exposition::NativeSpan], counts: &[f64]| Sparse {
        spans: spans.iter().map(|span| Span { offset: span.offset, length: span.length }).collect(),
        deltas: Vec::new(),
        counts: counts.to_vec(),
    };
    SparseHistogram {
        count: if from.is_float { Count::Float(from.count) } else { whole(from.count) },
        sum: from.sum,
        schema: from.schema,
        zero_threshold: from.zero_threshold,
        zero_count: Count::Float(from.zero_count),
        negative: side(&from.negative_spans, &from.negative_counts),
        positive: side(&from.positive_spans, &from.positive_counts),
        hint: from.reset_hint,
        custom_bounds: from.custom_bounds.clone(),
    }
}

/// A count that was exposed as an integer, while a double can still tell it.
fn whole(count: f64) -> Count {
    if count <= FLOAT_COUNT_MAX { Count::Int(count as u64) } else { Count::Float(count) }
}
