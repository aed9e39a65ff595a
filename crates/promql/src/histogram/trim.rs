//! Parts of histograms below or above a value.

use super::{Bucket, Histogram};

impl Histogram {
    /// The observations below a value (`</`), or above it (`>/`). A bucket that the value lies in is
    /// split by interpolation. The sum is estimated from the middles of what is left, unless nothing
    /// was cut off.
    pub(crate) fn trimmed(&self, value: f64, keep_below: bool) -> Self {
        let mut left = Self { positive: Vec::new(), negative: Vec::new(), zero_count: 0.0, count: 0.0, sum: 0.0, ..self.clone() };
        let mut cut = false;
        let mut keep = |histogram: &mut Self, bucket: Bucket| {
            let kept = self.kept(bucket, value, keep_below);
            cut |= kept.count != bucket.count;
            histogram.count += kept.count;
            if kept.count != 0.0 {
                histogram.sum += kept.count * self.middle_of_part(&kept);
            }
            kept.count
        };
        for (index, count) in &self.negative {
            let count = keep(&mut left, self.negative_bucket(*index, *count));
            left.negative.push((*index, count));
        }
        let threshold = self.zero_threshold;
        let zero =
            Bucket { lower: -threshold, upper: threshold, lower_inclusive: true, upper_inclusive: true, count: self.zero_count };
        left.zero_count = keep(&mut left, zero);
        for (index, count) in &self.positive {
            let count = keep(&mut left, self.positive_bucket(*index, *count));
            left.positive.push((*index, count));
        }
        if cut { left.compact() } else { self.clone() }
    }

    /// A bucket narrowed to what stays of it.
    fn kept(&self, bucket: Bucket, value: f64, keep_below: bool) -> Bucket {
        let mut part = bucket;
        self.narrow_for_rank(&mut part);
        let whole_below = part.upper <= value || (part.upper == f64::INFINITY && part.lower <= value);
        let share = if value.is_nan() || (part.lower >= value && !whole_below) {
            0.0
        } else if whole_below {
            1.0
        } else {
            self.share_below(&part, value)
        };
        if keep_below {
            part.count = bucket.count * share;
            part.upper = if share > 0.0 && share < 1.0 { value } else { part.upper };
        } else {
            part.count = bucket.count * (1.0 - share);
            part.lower = if share > 0.0 && share < 1.0 { value } else { part.lower };
        }
        part
    }

    fn middle_of_part(&self, part: &Bucket) -> f64 {
        if part.upper == f64::INFINITY {
            part.lower
        } else if part.lower <= 0.0 && part.upper >= 0.0 {
            f64::midpoint(part.lower, part.upper)
        } else {
            self.middle(part)
        }
    }
}
