//! What is done with series once they are there.

use super::Series;
use crate::traceql::ast::{BinaryOp, SeriesStage};

/// Applies the stages in order.
pub(super) fn apply(stages: &[SeriesStage], series: &mut Vec<Series>) {
    for stage in stages {
        match stage {
            SeriesStage::TopK(count) => ranked(series, *count as usize, f64::total_cmp),
            SeriesStage::BottomK(count) => ranked(series, *count as usize, |a, b| b.total_cmp(a)),
            SeriesStage::Compare(op, with) => {
                for one in series.iter_mut() {
                    one.points.retain(|(_, value)| holds(*op, *value, *with));
                }
                series.retain(|one| !one.points.is_empty());
            }
        }
    }
}

/// Keeps, at each time, the points of the `count` greatest series by this order; of equal ones, those
/// with the lesser labels.
fn ranked(series: &mut Vec<Series>, count: usize, order: fn(&f64, &f64) -> std::cmp::Ordering) {
    let mut points: Vec<(i64, f64, usize)> =
        series.iter().enumerate().flat_map(|(at, one)| one.points.iter().map(move |(time, value)| (*time, *value, at))).collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| order(&b.1, &a.1)).then(a.2.cmp(&b.2)));
    let mut kept = vec![Vec::new(); series.len()];
    for same_time in points.chunk_by(|a, b| a.0 == b.0) {
        for (time, value, at) in same_time.iter().take(count) {
            kept[*at].push((*time, *value));
        }
    }
    for (one, points) in series.iter_mut().zip(kept) {
        one.points = points;
    }
    series.retain(|one| !one.points.is_empty());
}

#[expect(clippy::float_cmp, reason = "people who write `= 1` mean just 1")]
fn holds(op: BinaryOp, value: f64, with: f64) -> bool {
    match op {
        BinaryOp::Eq => value == with,
        BinaryOp::NotEq => value != with,
        BinaryOp::Less => value < with,
        BinaryOp::LessEq => value <= with,
        BinaryOp::Greater => value > with,
        BinaryOp::GreaterEq => value >= with,
        _ => false,
    }
}
