//! Whether a counter was reset between two histograms.

use super::{CounterResetHint, Histogram};

impl Histogram {
    /// Whether the counter was reset since an earlier histogram: something counted became less, a
    /// populated bucket is gone, or the layout changed to one that is no coarser.
    pub(crate) fn was_reset_since(&self, previous: &Self) -> bool {
        match self.counter_reset_hint {
            CounterResetHint::Reset => return true,
            CounterResetHint::NotReset => return false,
            CounterResetHint::Unknown | CounterResetHint::Gauge => {}
        }
        if self.count < previous.count || self.is_custom() != previous.is_custom() {
            return true;
        }
        let mut before = previous.clone();
        if self.is_custom() {
            // Fewer bounds are a lower resolution; any other change is a new histogram.
            if self.custom_bounds.iter().any(|bound| !previous.custom_bounds.contains(bound)) {
                return true;
            }
            before.rebound(&self.custom_bounds);
        } else {
            if self.schema > previous.schema || self.zero_threshold < previous.zero_threshold {
                return true;
            }
            before.widen_zero(self.zero_threshold);
            if before.zero_threshold != self.zero_threshold || self.zero_count < before.zero_count {
                return true;
            }
            before.reduce(self.schema);
        }
        fell(&before.positive, &self.positive) || fell(&before.negative, &self.negative)
    }
}

/// Whether any bucket holds less than before.
fn fell(before: &[(i32, f64)], now: &[(i32, f64)]) -> bool {
    let mut now = now.iter().peekable();
    before.iter().any(|(index, count)| {
        while now.next_if(|(other, _)| other < index).is_some() {}
        let current = now.next_if(|(other, _)| other == index).map_or(0.0, |(_, count)| *count);
        current < *count
    })
}
