//! Sums of several histograms, with remarks on what does not fit together.

use std::sync::Arc;

use crate::annotation::Annotations;
use crate::histogram::{Histogram, Mismatch};
use crate::syntax::Span;

/// Sum of histograms of a metric; none where there is none, or where their layouts do not fit.
pub(super) fn total<'h>(
    histograms: impl IntoIterator<Item = &'h Arc<Histogram>>,
    annotations: &mut Annotations,
    span: Span,
    metric: &str,
) -> Option<Histogram> {
    let mut histograms = histograms.into_iter();
    let mut total = Histogram::clone(histograms.next()?);
    for histogram in histograms {
        match total.add(histogram) {
            Ok(outcome) => {
                if outcome.reset_collision {
                    annotations.warn(span, "conflicting counter resets during histogram aggregation");
                }
                if outcome.reconciled {
                    annotations.info(span, "mismatched custom buckets were reconciled during aggregation");
                }
            }
            Err(Mismatch) => {
                annotations.warn(span, mixed_schemas(metric));
                return None;
            }
        }
    }
    Some(total.compact())
}

/// Remark on exponential and custom buckets in one metric.
pub(super) fn mixed_schemas(metric: &str) -> String {
    format!("vector contains a mix of histograms with exponential and custom buckets schemas for metric name {metric:?}")
}
