//! Exponential histograms on their way to native ones.

use std::sync::Arc;

use luneta_promql::{CounterResetHint, Histogram, STALE_NAN};

/// The finest resolution of native histograms.
const SCALE_MAX: i32 = 8;
/// The coarsest.
const SCALE_MIN: i32 = -4;
/// Width of the zero bucket where OTLP tells none: Prometheus's.
pub const ZERO_THRESHOLD: f64 = 1e-128;

/// An exponential histogram of OTLP. Bucket *i* holds what is above 2^(i·2^-scale) and at most
/// 2^((i+1)·2^-scale).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exponential {
    /// Resolution.
    pub scale: i32,
    /// All observations.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// Width of the zero bucket, 0 where none is told.
    pub zero_threshold: f64,
    /// Index and count of positive buckets, ascending.
    pub positive: Vec<(i32, f64)>,
    /// The same of negative ones.
    pub negative: Vec<(i32, f64)>,
    /// What is known of a reset before it.
    pub hint: CounterResetHint,
}

impl Exponential {
    /// Makes buckets as coarse as `scale`.
    fn coarsen(&mut self, scale: i32) {
        let by = (self.scale - scale).clamp(0, 31);
        if by == 0 {
            return;
        }
        for side in [&mut self.positive, &mut self.negative] {
            let mut out: Vec<(i32, f64)> = Vec::with_capacity(side.len());
            for (index, count) in side.drain(..) {
                match out.last_mut().filter(|(last, _)| *last == index >> by) {
                    Some((_, sum)) => *sum += count,
                    None => out.push((index >> by, count)),
                }
            }
            *side = out;
        }
        self.scale = scale;
    }

    /// Adds what came since.
    pub fn add(&mut self, more: &Self) {
        let mut more = more.clone();
        let scale = self.scale.min(more.scale);
        self.coarsen(scale);
        more.coarsen(scale);
        self.count += more.count;
        self.sum += more.sum;
        self.zero_count += more.zero_count;
        self.zero_threshold = self.zero_threshold.max(more.zero_threshold);
        self.positive = added(&self.positive, &more.positive);
        self.negative = added(&self.negative, &more.negative);
    }

    /// The native histogram; `None` where it is coarser than those can be. `zero_threshold` is taken where
    /// the histogram has none.
    pub fn native(&self, hint: CounterResetHint, zero_threshold: f64) -> Option<Histogram> {
        if self.scale < SCALE_MIN {
            return None;
        }
        let mut fitting = self.clone();
        fitting.coarsen(SCALE_MAX);
        // Prometheus counts buckets by their upper bound.
        let side =
            |buckets: Vec<(i32, f64)>| buckets.into_iter().map(|(index, count)| (index.saturating_add(1), count)).collect();
        Some(Histogram {
            schema: fitting.scale,
            counter_reset_hint: hint,
            zero_threshold: if fitting.zero_threshold == 0.0 { zero_threshold } else { fitting.zero_threshold },
            zero_count: fitting.zero_count,
            count: fitting.count,
            sum: fitting.sum,
            positive: side(fitting.positive),
            negative: side(fitting.negative),
            custom_bounds: Arc::from([]),
        })
    }
}

/// The histogram that says: the series ended here.
pub fn stale() -> Histogram {
    Histogram { sum: STALE_NAN, count: STALE_NAN, ..Histogram::default() }
}

fn added(a: &[(i32, f64)], b: &[(i32, f64)]) -> Vec<(i32, f64)> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some((left, count)), Some((right, more))) if left == right => {
                out.push((*left, count + more));
                a.next();
                b.next();
            }
            (Some(left), Some(right)) if left.0 > right.0 => {
                out.push(**right);
                b.next();
            }
            (Some(left), _) => {
                out.push(**left);
                a.next();
            }
            (None, Some(right)) => {
                out.push(**right);
                b.next();
            }
            (None, None) => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scale: i32, positive: &[(i32, f64)]) -> Exponential {
        let count = positive.iter().map(|(_, count)| count).sum();
        Exponential { scale, count, sum: count, positive: positive.to_vec(), ..Exponential::default() }
    }

    #[test]
    fn coarser_histograms_keep_their_counts() {
        let cases = [
            (2, 2, &[(-3, 1.0), (0, 2.0), (5, 4.0)][..], &[(-3, 1.0), (0, 2.0), (5, 4.0)][..]),
            (2, 1, &[(-3, 1.0), (-1, 8.0), (0, 2.0), (1, 1.0), (5, 4.0)], &[(-2, 1.0), (-1, 8.0), (0, 3.0), (2, 4.0)]),
            (2, 0, &[(-3, 1.0), (3, 2.0), (4, 4.0)], &[(-1, 1.0), (0, 2.0), (1, 4.0)]),
        ];
        for (from, to, given, expected) in cases {
            let mut histogram = of(from, given);
            histogram.coarsen(to);
            assert_eq!((histogram.scale, histogram.positive.as_slice()), (to, expected), "{from} to {to}");
        }
    }

    #[test]
    fn histograms_are_added_at_the_coarser_scale() {
        let mut total = of(1, &[(0, 1.0), (2, 1.0)]);
        total.add(&of(0, &[(-1, 2.0), (0, 3.0)]));
        assert_eq!(total, Exponential { sum: 7.0, ..of(0, &[(-1, 2.0), (0, 4.0), (1, 1.0)]) });
    }

    #[test]
    fn native_histograms_are_within_their_scales() {
        let native = |scale| of(scale, &[(0, 1.0), (1, 1.0)]).native(CounterResetHint::Unknown, ZERO_THRESHOLD);
        let shown = |scale| native(scale).map(|h| (h.schema, h.positive));
        assert_eq!(shown(3), Some((3, vec![(1, 1.0), (2, 1.0)])));
        assert_eq!(shown(8), Some((8, vec![(1, 1.0), (2, 1.0)])));
        assert_eq!(shown(9), Some((8, vec![(1, 2.0)])));
        assert_eq!(shown(-4), Some((-4, vec![(1, 1.0), (2, 1.0)])));
        assert_eq!(shown(-5), None);
        assert_eq!(native(0).map(|h| h.zero_threshold), Some(ZERO_THRESHOLD));
    }
}
