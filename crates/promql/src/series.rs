//! Series as the caller hands them over: sorted columns of samples.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;

/// The NaN that says: the series ended here.
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the mark of a series that ended; other NaNs are values.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}

/// Times of samples, strictly ascending, in milliseconds since 1970. Series may share them, as those of a
/// histogram's buckets do: what is computed of times alone is then computed once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Arc<Vec<i64>>);

impl Times {
    /// Adds a later one.
    pub fn push(&mut self, time: i64) {
        Arc::make_mut(&mut self.0).push(time);
    }

    /// As a list of one's own.
    pub fn into_vec(self) -> Vec<i64> {
        Arc::unwrap_or_clone(self.0)
    }

    /// Whether other series may have the same list.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Whether it is the same list, not only an equal one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Vec<i64>> for Times {
    fn from(times: Vec<i64>) -> Self {
        Self(Arc::new(times))
    }
}

impl std::ops::Deref for Times {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        &self.0
    }
}

/// Float samples, strictly ascending in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FloatColumn {
    /// Milliseconds since 1970.
    pub times: Times,
    /// One for each time.
    pub values: Vec<f64>,
}

/// Histogram samples, strictly ascending in time. A series that ended has a histogram whose sum is
/// [`STALE_NAN`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistogramColumn {
    /// Milliseconds since 1970.
    pub times: Vec<i64>,
    /// One for each time.
    pub values: Vec<Arc<Histogram>>,
}

/// A series: its labels and its samples. A time has a float or a histogram, not both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What it is called.
    pub labels: Labels,
    /// Samples that are floats.
    pub floats: FloatColumn,
    /// Samples that are native histograms.
    pub histograms: HistogramColumn,
}

/// The series of one selection. Sorted by labels they are used as they are; others are sorted first.
pub type SeriesSet = Vec<Series>;

impl Series {
    /// A series of floats.
    pub fn floats(labels: Labels, times: impl Into<Times>, values: Vec<f64>) -> Self {
        Self { labels, floats: FloatColumn { times: times.into(), values }, histograms: HistogramColumn::default() }
    }

    /// Whether every time has its value.
    pub(crate) fn is_whole(&self) -> bool {
        self.floats.times.len() == self.floats.values.len() && self.histograms.times.len() == self.histograms.values.len()
    }

    /// Number of samples; histograms count as Prometheus counts them, by their size.
    pub(crate) fn size(&self) -> usize {
        self.floats.times.len() + self.histograms.values.iter().map(|h| h.size()).sum::<usize>()
    }
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// A float.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<Histogram>),
}
