//! Aggregations that pick series: `topk`, `bottomk`, `limitk`, `limit_ratio`.

use super::Grid;
use super::aggregate::{Group, grouped};
use super::evaluator::{Evaluated, Evaluator};
use super::sorting::by_value;
use super::value::{Column, Points};
use crate::error::PromqlError;
use crate::number::format_general;
use crate::syntax::{AggregateOp, Expr, Grouping};

impl Evaluator<'_> {
    pub fn ranked(
        &mut self,
        op: AggregateOp,
        parameter: &Expr,
        inner: &Expr,
        grouping: &Grouping,
        grid: Grid,
    ) -> Evaluated<Vec<Column>> {
        let parameters = self.scalar(parameter, grid)?;
        let columns = self.vector(inner, grid)?;
        if columns.is_empty() {
            return Ok(columns);
        }
        let ratio = op == AggregateOp::LimitRatio;
        let parameters: Vec<f64> = if ratio {
            parameters.into_iter().map(|value| self.ratio(value, parameter)).collect::<Evaluated<_>>()?
        } else {
            parameters.into_iter().map(size).collect::<Evaluated<_>>()?
        };
        let floats_only = matches!(op, AggregateOp::Topk | AggregateOp::Bottomk);
        if floats_only && columns.iter().any(|c| (0..grid.steps).any(|step| c.points.histogram(step).is_some())) {
            self.annotations.info(inner.span, format!("ignored histogram in {} aggregation", op.as_str()));
        }
        let mut results = Vec::with_capacity(columns.len());
        for Group { members, .. } in grouped(columns, grouping) {
            self.worked(grid.steps * members.len())?;
            let mut picked: Vec<Points> = members.iter().map(|_| Points::new(grid.steps)).collect();
            let mut order: Vec<usize> = (0..members.len()).collect();
            for (step, parameter) in parameters.iter().enumerate() {
                let chosen = choose(op, &members, step, *parameter);
                for index in &chosen {
                    if let Some(sample) = members[*index].points.get(step) {
                        picked[*index].set(step, sample);
                    }
                }
                if floats_only && self.params.is_instant() && grid.steps == 1 {
                    order = chosen;
                }
            }
            for index in order {
                if picked[index].has_any() {
                    let points = std::mem::replace(&mut picked[index], Points::new(0));
                    let Column { labels, drop_name, .. } = members[index].clone_head();
                    results.push(Column { labels, drop_name, points });
                }
            }
        }
        Ok(results)
    }

    fn ratio(&mut self, value: f64, parameter: &Expr) -> Evaluated<f64> {
        if value.is_nan() {
            return Err(PromqlError::execution("Ratio value is NaN"));
        }
        let capped = value.clamp(-1.0, 1.0);
        if capped != value {
            let (value, capped) = (format_general(value), format_general(capped));
            let message = format!("ratio value should be between -1 and 1, got {value}, capping to {capped}");
            self.annotations.warn(parameter.span, message);
        }
        Ok(capped)
    }
}

/// How many series to pick.
fn size(value: f64) -> Evaluated<f64> {
    if value.is_nan() {
        return Err(PromqlError::execution("Parameter value is NaN"));
    }
    if value >= i64::MAX as f64 {
        return Err(PromqlError::execution(format!("Scalar value {} overflows int64", format_general(value))));
    }
    if value <= i64::MIN as f64 {
        return Err(PromqlError::execution(format!("Scalar value {} underflows int64", format_general(value))));
    }
    Ok(value.trunc())
}

/// The series picked at a step, the best first.
fn choose(op: AggregateOp, members: &[Column], step: usize, parameter: f64) -> Vec<usize> {
    if op == AggregateOp::LimitRatio {
        return (0..members.len())
            .filter(|index| members[*index].points.is_present(step) && in_ratio(&members[*index], parameter))
            .collect();
    }
    if parameter < 1.0 {
        return Vec::new();
    }
    let count = (parameter as usize).min(members.len());
    if op == AggregateOp::Limitk {
        return (0..members.len()).filter(|index| members[*index].points.is_present(step)).take(count).collect();
    }
    let mut candidates: Vec<(usize, f64)> =
        members.iter().enumerate().filter_map(|(index, member)| Some((index, member.points.float(step)?))).collect();
    let descending = op == AggregateOp::Topk;
    // Of equal values the first series wins.
    let compare = |a: &(usize, f64), b: &(usize, f64)| by_value(a.1, b.1, descending).then(a.0.cmp(&b.0));
    if count < candidates.len() {
        candidates.select_nth_unstable_by(count, compare);
        candidates.truncate(count);
    }
    candidates.sort_by(compare);
    candidates.into_iter().map(|(index, _)| index).collect()
}

/// Whether a series belongs to a share of all; a negative share is the complement of the positive one.
fn in_ratio(column: &Column, ratio: f64) -> bool {
    let place = column.labels.sampling_hash() as f64 / u64::MAX as f64;
    if ratio >= 0.0 { place < ratio } else { place >= 1.0 + ratio }
}
