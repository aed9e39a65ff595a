//! Lines through the samples of a window.

use super::mathematics::Sum;
use super::windows::{Window, WindowContext};
use crate::series::Sample;

/// Slope per second.
pub(crate) fn deriv(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    context.note_ignored_histograms(window);
    if window.times.len() < 2 {
        return None;
    }
    Some(Sample::Float(line(window, window.times[0]).0))
}

/// Where the line will be so many seconds from now.
pub(crate) fn predict_linear(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    context.note_ignored_histograms(window);
    if window.times.len() < 2 {
        return None;
    }
    let ahead = context.scalars.first().copied().unwrap_or(f64::NAN);
    let (slope, intercept) = line(window, window.now);
    Some(Sample::Float(slope * ahead + intercept))
}

/// Slope per second, and value at a time, of the line of least squares.
fn line(window: &Window<'_>, at: i64) -> (f64, f64) {
    let first = window.values[0];
    if window.values.iter().all(|value| *value == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let n = window.values.len() as f64;
    let (mut sum_x, mut sum_y, mut sum_xy, mut sum_xx) = (Sum::default(), Sum::default(), Sum::default(), Sum::default());
    for (time, y) in window.times.iter().zip(window.values) {
        let x = (time - at) as f64 / 1000.0;
        sum_x.add(x);
        sum_y.add(*y);
        sum_xy.add(x * y);
        sum_xx.add(x * x);
    }
    let (sum_x, sum_y, sum_xy, sum_xx) = (sum_x.value(), sum_y.value(), sum_xy.value(), sum_xx.value());
    let covariance = sum_xy - sum_x * sum_y / n;
    let variance = sum_xx - sum_x * sum_x / n;
    let slope = covariance / variance;
    (slope, sum_y / n - slope * sum_x / n)
}

/// Holt's linear method: a smoothed value with a smoothed trend.
pub(crate) fn double_exponential_smoothing(window: &Window<'_>, context: &mut WindowContext<'_>) -> Option<Sample> {
    context.note_ignored_histograms(window);
    let [smoothing, trend_factor] = context.scalars else { return None };
    let [first, second, ..] = window.values else { return None };
    let mut trend = second - first;
    let mut smoothed = *first;
    let mut before = 0.0;
    for (index, value) in window.values.iter().enumerate().skip(1) {
        if index > 1 {
            trend = trend_factor * (smoothed - before) + (1.0 - trend_factor) * trend;
        }
        before = smoothed;
        smoothed = smoothing * value + (1.0 - smoothing) * (smoothed + trend);
    }
    Some(Sample::Float(smoothed))
}
