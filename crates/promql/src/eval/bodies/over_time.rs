//! Aggregations of one series over time.

use std::sync::Arc;

use super::mathematics::{Mean, Sum, Variance, quantile as quantile_of};
use super::windows::{Border, Window, WindowContext};
use crate::eval::histogram_sums::total;
use crate::histogram::Histogram;
use crate::number::format_general;
use crate::series::Sample;

type Result = Option<Sample>;

#[allow(clippy::unnecessary_wraps, reason = "bodies end with it")]
fn float(value: f64) -> Result {
    Some(Sample::Float(value))
}

/// For functions that know floats only: the floats, or none. Histograms beside them are noted.
fn floats<'a>(window: &Window<'a>, context: &mut WindowContext<'_>) -> Option<&'a [f64]> {
    context.note_ignored_histograms(window);
    (!window.values.is_empty()).then_some(window.values)
}

pub(crate) fn sum(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    if window.is_mixed() {
        context.warn_mixed();
        return None;
    }
    if window.values.is_empty() {
        return total_of(window, context).map(|histogram| Sample::Histogram(Arc::new(histogram)));
    }
    let mut sum = Sum::default();
    for value in window.values {
        sum.add(*value);
    }
    float(sum.value())
}

pub(crate) fn avg(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    if window.is_mixed() {
        context.warn_mixed();
        return None;
    }
    let Some((first, rest)) = window.values.split_first() else {
        let histogram = total_of(window, context)?;
        return Some(Sample::Histogram(Arc::new(histogram.divided(window.histograms.len() as f64))));
    };
    let mut mean = Mean::of(*first);
    for value in rest {
        mean.add(*value);
    }
    float(mean.value())
}

fn total_of(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Histogram> {
    total(window.histograms, context.annotations, context.span, context.metric)
}

pub(crate) fn min(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    float(extreme(floats(window, context)?, f64::INFINITY, |value, least| value < least))
}

pub(crate) fn max(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    float(extreme(floats(window, context)?, f64::NEG_INFINITY, |value, most| value > most))
}

/// The value that is better than all others; NaN only where there is nothing else. Four chains of
/// comparisons at once let the processor work on all of them.
#[inline]
fn extreme(values: &[f64], worst: f64, better: impl Fn(f64, f64) -> bool) -> f64 {
    let pick = |best: f64, value: f64| if better(value, best) { value } else { best };
    let mut lanes = [worst; 4];
    let (chunks, rest) = values.as_chunks::<4>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = pick(*lane, *value);
        }
    }
    let best = lanes.into_iter().chain(rest.iter().copied()).fold(worst, pick);
    if best == worst && values.iter().all(|value| value.is_nan()) { f64::NAN } else { best }
}

pub(crate) fn count(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    let count = window.times.len() + window.histogram_times.len();
    if count == 0 { None } else { float(count as f64) }
}

pub(crate) fn present(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    if window.is_empty() { None } else { float(1.0) }
}

pub(crate) fn last(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    if window.ends_with_histogram() {
        window.histograms.last().cloned().map(Sample::Histogram)
    } else {
        window.values.last().copied().map(Sample::Float)
    }
}

pub(crate) fn first(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    if window.starts_with_histogram() {
        window.histograms.first().cloned().map(Sample::Histogram)
    } else {
        window.values.first().copied().map(Sample::Float)
    }
}

pub(crate) fn stdvar(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    float(variance(floats(window, context)?))
}

pub(crate) fn stddev(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    float(variance(floats(window, context)?).sqrt())
}

fn variance(values: &[f64]) -> f64 {
    let mut variance = Variance::default();
    for value in values {
        variance.add(*value);
    }
    variance.value()
}

pub(crate) fn quantile(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    let q = context.scalars.first().copied().unwrap_or(f64::NAN);
    let values = floats(window, context)?;
    if !(0.0..=1.0).contains(&q) {
        let message = format!("quantile value should be between 0 and 1, got {}", format_general(q));
        context.annotations.warn(context.first_span, message);
    }
    float(quantile_of(q, &mut values.to_vec()))
}

/// Median of the distances from the median.
pub(crate) fn mad(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    let mut values = floats(window, context)?.to_vec();
    let median = quantile_of(0.5, &mut values);
    for value in &mut values {
        *value = (*value - median).abs();
    }
    float(quantile_of(0.5, &mut values))
}

fn seconds(time: i64) -> Result {
    float(time as f64 / 1000.0)
}

pub(crate) fn time_of_first(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    let first = if window.starts_with_histogram() { window.histogram_times } else { window.times };
    seconds(*first.first()?)
}

pub(crate) fn time_of_last(window: &Window<'_>, _: &mut WindowContext<'_>) -> Result {
    seconds(*window.times.last().max(window.histogram_times.last())?)
}

pub(crate) fn time_of_max(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    time_of(window, context, |value, best| value >= best)
}

pub(crate) fn time_of_min(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    time_of(window, context, |value, best| value <= best)
}

/// Time of the last value that no other is better than.
fn time_of(window: &Window<'_>, context: &mut WindowContext<'_>, better: fn(f64, f64) -> bool) -> Result {
    let values = floats(window, context)?;
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if better(*value, values[best]) || values[best].is_nan() {
            best = at;
        }
    }
    seconds(window.times[best])
}

/// One sample of a window of both kinds.
#[derive(Clone, Copy)]
enum Either<'a> {
    Float(f64),
    Histogram(&'a Histogram),
}

/// Counts neighbours, in order of time, for which `counts` holds.
fn pairs(window: &Window<'_>, context: &WindowContext<'_>, counts: fn(Either<'_>, Either<'_>) -> bool) -> Result {
    if window.is_empty() {
        return None;
    }
    let (mut float_at, mut histogram_at) = (0, 0);
    let mut count = 0;
    let mut before = anchor(window, context.border).map(Either::Float);
    loop {
        let float_time = window.times.get(float_at);
        let histogram_time = window.histogram_times.get(histogram_at);
        let current = match (float_time, histogram_time) {
            (None, None) => return float(f64::from(count)),
            (Some(time), other) if other.is_none_or(|other| time <= other) => {
                float_at += 1;
                Either::Float(window.values[float_at - 1])
            }
            _ => {
                histogram_at += 1;
                Either::Histogram(&window.histograms[histogram_at - 1])
            }
        };
        if before.is_some_and(|before| counts(before, current)) {
            count += 1;
        }
        before = Some(current);
    }
}

/// With `anchored`: the value just before the window.
fn anchor(window: &Window<'_>, border: Border) -> Option<f64> {
    let Border::Anchored(lookback) = border else { return None };
    let at = window.first.checked_sub(1)?;
    let floats = &window.series.floats;
    (floats.times[at] > window.start - lookback).then(|| floats.values[at])
}

pub(crate) fn changes(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    pairs(window, context, |before, current| match (before, current) {
        (Either::Float(before), Either::Float(current)) => before != current && !(before.is_nan() && current.is_nan()),
        (Either::Histogram(before), Either::Histogram(current)) => before != current,
        _ => true,
    })
}

pub(crate) fn resets(window: &Window<'_>, context: &mut WindowContext<'_>) -> Result {
    pairs(window, context, |before, current| match (before, current) {
        (Either::Float(before), Either::Float(current)) => current < before,
        (Either::Histogram(before), Either::Histogram(current)) => current.was_reset_since(before),
        _ => true,
    })
}
