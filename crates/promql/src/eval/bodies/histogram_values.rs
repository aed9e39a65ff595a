//! Numbers of a native histogram.

use crate::histogram::Histogram;

/// Sum of observations over their number.
pub(crate) fn avg(histogram: &Histogram) -> f64 {
    histogram.sum / histogram.count
}

/// Number of observations.
pub(crate) fn count(histogram: &Histogram) -> f64 {
    histogram.count
}

/// Sum of observations.
pub(crate) fn sum(histogram: &Histogram) -> f64 {
    histogram.sum
}

/// Estimated standard deviation of observations.
pub(crate) fn stddev(histogram: &Histogram) -> f64 {
    histogram.variance().sqrt()
}

/// Estimated variance of observations.
pub(crate) fn stdvar(histogram: &Histogram) -> f64 {
    histogram.variance()
}
