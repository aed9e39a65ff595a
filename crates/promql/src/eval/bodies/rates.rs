//! How fast values change: `rate`, `increase`, `delta`, `irate`, `idelta`.

use std::sync::Arc;

use super::windows::{Border, Window, WindowContext};
use crate::histogram::{CounterResetHint, Histogram, Mismatch};
use crate::series::Sample;

/// Within this many average distances of samples from a border, a series is taken to reach it.
const REACH: f64 = 1.1;

/// What is computed of the growth over a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// The value only grows, except for resets.
    pub counter: bool,
    /// Per second.
    rate: bool,
}

impl Growth {
    pub const RATE: Self = Self { counter: true, rate: true };
    pub const INCREASE: Self = Self { counter: true, rate: false };
    pub const DELTA: Self = Self { counter: false, rate: false };

    /// Of a window that begins with this value and has grown by `difference`.
    #[inline]
    pub fn of(self, first: f64, difference: f64, reach: &Reach, range_seconds: f64) -> f64 {
        difference * reach.factor(first, difference, self, range_seconds)
    }
}

/// How far the samples of a window reach, in seconds: what its times say, whatever the values are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    sampled: f64,
    to_start: f64,
    to_end: f64,
}

impl Reach {
    /// Of the times in a window, at least two.
    pub fn new(times: &[i64], start: i64, end: i64) -> Self {
        let (first_time, last_time) = (times[0], times[times.len() - 1]);
        let (mut to_start, mut to_end) = (seconds(start, first_time), seconds(last_time, end));
        let sampled = seconds(first_time, last_time);
        let distance = sampled / (times.len() - 1) as f64;
        // A border further away than the next sample would be expected is where the series starts or ends:
        // half a distance away, on average.
        if to_start >= distance * REACH {
            to_start = distance / 2.0;
        }
        if to_end >= distance * REACH {
            to_end = distance / 2.0;
        }
        Self { sampled, to_start, to_end }
    }

    /// What the difference between first and last sample is multiplied with, to stand for the whole range.
    #[inline]
    fn factor(&self, first: f64, difference: f64, growth: Growth, range_seconds: f64) -> f64 {
        let mut to_start = self.to_start;
        // A counter does not start below zero.
        if growth.counter && difference > 0.0 && first >= 0.0 {
            to_start = to_start.min(self.sampled * (first / difference));
        }
        let factor = (self.sampled + to_start + self.to_end) / self.sampled;
        if growth.rate { factor / range_seconds } else { factor }
    }
}

fn seconds(from: i64, to: i64) -> f64 {
    (to - from) as f64 / 1000.0
}

/// Growth per second.
pub(crate) fn rate(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    extrapolated(window, context, Growth::RATE)
}

/// Growth over the range.
pub(crate) fn increase(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    extrapolated(window, context, Growth::INCREASE)
}

/// Difference over the range.
pub(crate) fn delta(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    extrapolated(window, context, Growth::DELTA)
}

/// Growth per second between the last two samples.
pub(crate) fn irate(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    instant(window, context, true)
}

/// Difference of the last two samples.
pub(crate) fn idelta(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    instant(window, context, false)
}

fn extrapolated(window: &Window<'_>, context: &mut WindowContext<'_>, growth: Growth) -> Option<Sample> {
    if window.is_mixed() {
        context.warn_mixed();
        return None;
    }
    if context.border != Border::Open {
        return bordered(window, context.border, growth).map(Sample::Float);
    }
    let range_seconds = seconds(window.start, window.end);
    if window.histograms.len() > 1 {
        let difference = histogram_difference(window.histograms, context, growth.counter)?;
        let first = window.histograms[0].count;
        let reach = Reach::new(window.histogram_times, window.start, window.end);
        let factor = reach.factor(first, difference.count, growth, range_seconds);
        return Some(Sample::Histogram(Arc::new(difference.scaled(factor))));
    }
    let [first, .., last] = window.values else { return None };
    let lost = window.resets.iter().map(|at| window.values[at - 1 - window.first]);
    let difference = lost.fold(last - first, |difference, lost| difference + lost);
    let reach = Reach::new(window.times, window.start, window.end);
    Some(Sample::Float(growth.of(*first, difference, &reach, range_seconds)))
}

/// Last minus first histogram, resets made good; none where the layouts do not fit.
fn histogram_difference(histograms: &[Arc<Histogram>], context: &mut WindowContext<'_>, counter: bool) -> Option<Histogram> {
    let last = histograms.last()?;
    let mut first = histograms.first()?.clone();
    let is_gauge = |h: &Histogram| h.counter_reset_hint == CounterResetHint::Gauge;
    if counter && histograms.iter().any(|h| is_gauge(h)) {
        let message = format!("this native histogram metric is not a counter: {:?}", context.metric);
        context.annotations.warn(context.span, message);
    }
    let gauges = is_gauge(&first) && is_gauge(last);
    if !counter && !gauges {
        let message = format!("this native histogram metric is not a gauge: {:?}", context.metric);
        context.annotations.warn(context.span, message);
    }
    let mut rest = &histograms[1..];
    if counter && histograms[1].was_reset_since(&first) {
        // The first sample tells nothing then, not even by its layout.
        let second = &histograms[1];
        first = Arc::new(Histogram {
            schema: second.schema,
            zero_threshold: second.zero_threshold,
            custom_bounds: second.custom_bounds.clone(),
            ..Histogram::default()
        });
        rest = &histograms[2..];
    }
    if histograms[1..].iter().any(|h| h.is_custom() != first.is_custom()) {
        context.warn_of_schemas();
        return None;
    }
    let mut difference = Histogram::clone(last);
    let outcome = combined(difference.subtract(&first), context)?;
    if outcome {
        context.annotations.info(context.span, "mismatched custom buckets were reconciled during subtraction");
    }
    if counter {
        let mut previous = if rest.len() + 1 == histograms.len() { &first } else { &histograms[1] };
        for current in rest {
            if current.was_reset_since(previous) && combined(difference.add(previous), context)? {
                context.annotations.info(context.span, "mismatched custom buckets were reconciled during addition");
            }
            previous = current;
        }
        let schema = histograms[1..].iter().map(|h| h.schema).min().unwrap_or(difference.schema);
        difference.reduce(schema);
    }
    difference.counter_reset_hint = CounterResetHint::Gauge;
    Some(difference.compact())
}

/// Whether custom bounds were reconciled; none where layouts do not fit.
fn combined(outcome: Result<crate::histogram::Outcome, Mismatch>, context: &mut WindowContext<'_>) -> Option<bool> {
    match outcome {
        Ok(outcome) => Some(outcome.reconciled),
        Err(Mismatch) => {
            context.warn_of_schemas();
            None
        }
    }
}

fn instant(window: &Window<'_>, context: &mut WindowContext<'_>, counter: bool) -> Option<Sample> {
    let floats = window.times.len();
    let histograms = window.histogram_times.len();
    if histograms == 0 {
        let ([.., before, last], [.., from, to]) = (window.values, window.times) else { return None };
        let difference = if counter && last < before { *last } else { last - before };
        return Some(Sample::Float(if counter { difference / ((to - from) as f64 / 1000.0) } else { difference }));
    }
    if floats + histograms < 2 {
        return None;
    }
    // Which of the samples are the last two.
    let histogram_last = window.ends_with_histogram();
    let histogram_before = if histogram_last {
        histograms > 1 && (floats == 0 || window.histogram_times[histograms - 2] > window.times[floats - 1])
    } else {
        !(floats > 1 && window.times[floats - 2] > window.histogram_times[histograms - 1])
    };
    if histogram_last != histogram_before {
        context.warn_mixed();
        return None;
    }
    if !histogram_last {
        let only_floats = Window { histogram_times: &[], histograms: &[], ..*window };
        return instant(&only_floats, context, counter);
    }
    let [.., before, last] = window.histograms else { return None };
    let [.., from, to] = window.histogram_times else { return None };
    let difference = instant_histogram(before, last, context, counter)?;
    let factor = if counter { 1000.0 / (to - from) as f64 } else { 1.0 };
    Some(Sample::Histogram(Arc::new(difference.scaled(factor))))
}

fn instant_histogram(before: &Histogram, last: &Histogram, context: &mut WindowContext<'_>, counter: bool) -> Option<Histogram> {
    let gauges = [before, last].map(|h| h.counter_reset_hint == CounterResetHint::Gauge);
    if counter && gauges != [false, false] {
        let message = format!("this native histogram metric is not a counter: {:?}", context.metric);
        context.annotations.warn(context.span, message);
    }
    if !counter && gauges != [true, true] {
        let message = format!("this native histogram metric is not a gauge: {:?}", context.metric);
        context.annotations.warn(context.span, message);
    }
    let mut difference = last.clone();
    if !(counter && last.was_reset_since(before)) && combined(difference.subtract(before), context)? {
        context.annotations.info(context.span, "mismatched custom buckets were reconciled during subtraction");
    }
    difference.counter_reset_hint = CounterResetHint::Gauge;
    Some(difference.compact())
}

/// With `anchored` or `smoothed`: the difference between the values at the borders.
fn bordered(window: &Window<'_>, border: Border, growth: Growth) -> Option<f64> {
    let (times, values) = (&window.series.floats.times, &window.series.floats.values);
    let (lookback, smoothed) = match border {
        Border::Anchored(lookback) => (lookback, false),
        Border::Smoothed(lookback) => (lookback, true),
        Border::Open => return None,
    };
    let behind = window.first + window.times.len();
    let anchor = window.first.checked_sub(1).filter(|at| times[*at] > window.start - lookback);
    let inside = (window.first < behind).then(|| behind - 1);
    let ends_exactly = inside.is_some_and(|at| times[at] == window.end);
    let next = Some(behind).filter(|at| smoothed && !ends_exactly && *at < times.len() && times[*at] <= window.end + lookback);
    let first = anchor.or(inside.map(|_| window.first))?;
    let last = next.or(inside)?;
    let line = |from: usize, to: usize, at: i64| {
        // A counter that was reset in between rises from zero.
        let start = if growth.counter && values[to] < values[from] { 0.0 } else { values[from] };
        start + (values[to] - start) * (at - times[from]) as f64 / (times[to] - times[from]) as f64
    };
    let left = if smoothed && times[first] < window.start { line(first, first + 1, window.start) } else { values[first] };
    let right = if times[last] > window.end { line(last - 1, last, window.end) } else { values[last] };
    let mut difference = right - left;
    if growth.counter {
        let mut previous = left;
        let strictly_inside = (window.first..behind).filter(|at| times[*at] < window.end).map(|at| values[at]);
        for value in strictly_inside.chain([right]) {
            if value < previous {
                difference += previous;
            }
            previous = value;
        }
    }
    Some(if growth.rate { difference / seconds(window.start, window.end) } else { difference })
}
