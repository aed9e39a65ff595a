//! Windows: the samples of one series in one range.

use std::sync::Arc;

use crate::annotation::Annotations;
use crate::eval::histogram_sums::mixed_schemas;
use crate::histogram::Histogram;
use crate::series::Series;
use crate::syntax::Span;

/// Samples later than `start`, up to and including `end`.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub times: &'a [i64],
    pub values: &'a [f64],
    pub histogram_times: &'a [i64],
    pub histograms: &'a [Arc<Histogram>],
    pub start: i64,
    pub end: i64,
    /// The time of evaluation, which `offset` and `@` do not move.
    pub now: i64,
    /// Place of the first float in its series.
    pub first: usize,
    /// Places in the series where the value fell, inside the window.
    pub resets: &'a [usize],
    pub series: &'a Series,
}

impl Window<'_> {
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.histogram_times.is_empty()
    }

    pub fn is_mixed(&self) -> bool {
        !self.times.is_empty() && !self.histogram_times.is_empty()
    }

    /// What its samples count for in statistics.
    pub fn size(&self) -> u64 {
        self.times.len() as u64 + self.histograms.iter().map(|h| h.size() as u64).sum::<u64>()
    }

    /// Whether the newest sample is a histogram.
    pub fn ends_with_histogram(&self) -> bool {
        self.histogram_times.last() > self.times.last()
    }

    /// Whether the oldest sample is a histogram.
    pub fn starts_with_histogram(&self) -> bool {
        match (self.times.first(), self.histogram_times.first()) {
            (Some(float), Some(histogram)) => histogram < float,
            (float, _) => float.is_none(),
        }
    }
}

/// How the borders of a window are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Border {
    /// Only what is inside counts.
    Open,
    /// `anchored`, with the lookback.
    Anchored(i64),
    /// `smoothed`, with the lookback.
    Smoothed(i64),
}

/// What functions over windows know besides the window.
pub(crate) struct WindowContext<'a> {
    /// Values of the scalar arguments at this step.
    pub scalars: &'a [f64],
    /// Name of the metric.
    pub metric: &'a str,
    /// Place of the range in the text.
    pub span: Span,
    /// Place of the first argument in the text.
    pub first_span: Span,
    pub border: Border,
    pub annotations: &'a mut Annotations,
}

impl WindowContext<'_> {
    pub fn warn_mixed(&mut self) {
        let message = format!("encountered a mix of histograms and floats for metric name {:?}", self.metric);
        self.annotations.warn(self.span, message);
    }

    /// For functions of floats: notes histograms that are left out of a mixed window.
    pub fn note_ignored_histograms(&mut self, window: &Window<'_>) {
        if window.is_mixed() {
            let message =
                format!("ignored histograms in a range containing both floats and histograms for metric name {:?}", self.metric);
            self.annotations.info(self.span, message);
        }
    }

    pub fn warn_of_schemas(&mut self) {
        let message = mixed_schemas(self.metric);
        self.annotations.warn(self.span, message);
    }
}
