//! Aggregations that give one sample for each group.

use std::collections::HashMap;
use std::sync::Arc;

use super::Grid;
use super::bodies::mathematics::{Mean, Sum, Variance, quantile};
use super::evaluator::{Evaluated, Evaluator};
use super::histogram_sums::total;
use super::value::{Column, Computed, Points};
use crate::error::PromqlError;
use crate::histogram::Histogram;
use crate::labels::{Labels, METRIC_NAME};
use crate::number::format_general;
use crate::syntax::{AggregateOp, Expr, ExprKind, Grouping, Span};

/// Series that are aggregated into one.
pub(super) struct Group {
    pub labels: Labels,
    pub drop_name: bool,
    pub members: Vec<Column>,
}

impl Evaluator<'_> {
    pub fn aggregate(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Computed> {
        let ExprKind::Aggregate { op, parameter, expr: inner, grouping } = &expr.kind else {
            return Err(PromqlError::execution("an aggregation is wanted here"));
        };
        match (op, parameter) {
            (AggregateOp::CountValues, Some(parameter)) => {
                let label = Self::string(parameter)?;
                return self.count_values(&label, inner, grouping, grid).map(Computed::Vector);
            }
            (AggregateOp::Topk | AggregateOp::Bottomk | AggregateOp::Limitk | AggregateOp::LimitRatio, Some(parameter)) => {
                return self.ranked(*op, parameter, inner, grouping, grid).map(Computed::Vector);
            }
            _ => {}
        }
        let quantiles = match (op, parameter) {
            (AggregateOp::Quantile, Some(parameter)) => {
                let quantiles = self.scalar(parameter, grid)?;
                for q in quantiles.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
                    let message = format!("quantile value should be between 0 and 1, got {}", format_general(*q));
                    self.annotations.warn(parameter.span, message);
                }
                quantiles
            }
            _ => Vec::new(),
        };
        let columns = self.vector(inner, grid)?;
        let groups = grouped(columns, grouping);
        self.reserve(groups.len(), grid.steps)?;
        let mut results = Vec::with_capacity(groups.len());
        for Group { labels, drop_name, members } in groups {
            let points = self.aggregated(*op, &members, &quantiles, grid, inner.span);
            self.worked(grid.steps * members.len())?;
            if points.has_any() {
                results.push(Column { labels, drop_name, points });
            }
        }
        Ok(Computed::Vector(results))
    }

    fn aggregated(&mut self, op: AggregateOp, members: &[Column], quantiles: &[f64], grid: Grid, span: Span) -> Points {
        let histograms = members.iter().any(|member| member.points.has_histograms());
        match op {
            AggregateOp::Sum | AggregateOp::Avg if histograms => {
                return self.summed_histograms(members, grid, span, op == AggregateOp::Avg);
            }
            AggregateOp::Sum => return summed(members, grid),
            AggregateOp::Count | AggregateOp::Group => return counted(members, grid, op == AggregateOp::Group),
            _ => {}
        }
        if histograms && op != AggregateOp::Avg {
            let ignored = (0..grid.steps).any(|step| members.iter().any(|m| m.points.histogram(step).is_some()));
            if ignored {
                self.annotations.info(span, format!("ignored histogram in {} aggregation", op.as_str()));
            }
        }
        match op {
            AggregateOp::Avg => fold(members, grid, Mean::of, Mean::add, Mean::value),
            AggregateOp::Min => {
                fold(members, grid, |v| v, |least, v| *least = if v < *least || least.is_nan() { v } else { *least }, |v| v)
            }
            AggregateOp::Max => {
                fold(members, grid, |v| v, |most, v| *most = if v > *most || most.is_nan() { v } else { *most }, |v| v)
            }
            AggregateOp::Stdvar => fold(members, grid, started, Variance::add, Variance::value),
            AggregateOp::Stddev => fold(members, grid, started, Variance::add, |variance| variance.value().sqrt()),
            _ => {
                let mut points = Points::new(grid.steps);
                let mut values = Vec::with_capacity(members.len());
                for (step, q) in quantiles.iter().enumerate() {
                    values.clear();
                    values.extend(members.iter().filter_map(|member| member.points.float(step)));
                    if !values.is_empty() {
                        points.set_float(step, quantile(*q, &mut values));
                    }
                }
                points
            }
        }
    }

    /// Sum or mean where there are histograms: a group of floats and histograms has none.
    fn summed_histograms(&mut self, members: &[Column], grid: Grid, span: Span, mean: bool) -> Points {
        let mut points = Points::new(grid.steps);
        for step in 0..grid.steps {
            let floats: Vec<f64> = members.iter().filter_map(|member| member.points.float(step)).collect();
            let histograms: Vec<&Arc<Histogram>> = members.iter().filter_map(|member| member.points.histogram(step)).collect();
            if !floats.is_empty() && !histograms.is_empty() {
                self.annotations.warn(span, "encountered a mix of histograms and floats for aggregation");
            } else if let Some((first, rest)) = floats.split_first() {
                let mut average = Mean::of(*first);
                let mut sum = Sum::of(*first);
                for value in rest {
                    average.add(*value);
                    sum.add(*value);
                }
                points.set_float(step, if mean { average.value() } else { sum.value() });
            } else if let Some(total) = total(histograms.iter().copied(), &mut self.annotations, span, "") {
                let total = if mean { total.divided(histograms.len() as f64) } else { total };
                points.set_histogram(step, Arc::new(total));
            }
        }
        points
    }

    fn count_values(&mut self, label: &str, inner: &Expr, grouping: &Grouping, grid: Grid) -> Evaluated<Vec<Column>> {
        if label.is_empty() {
            return Err(PromqlError::execution(format!("invalid label name {label:?}")));
        }
        let columns = self.vector(inner, grid)?;
        let labelled = !(grouping.without && grouping.labels.iter().any(|name| name == label));
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut results: Vec<Column> = Vec::new();
        for Group { labels, members, drop_name } in grouped(columns, grouping) {
            for step in 0..grid.steps {
                for member in &members {
                    let value = match (member.points.float(step), member.points.histogram(step)) {
                        (Some(value), _) => crate::number::format_float(value),
                        (None, Some(histogram)) => histogram.to_string(),
                        (None, None) => continue,
                    };
                    let labels = if labelled { labels.with(label, &value) } else { labels.clone() };
                    let at = *places.entry(labels.clone()).or_insert(results.len());
                    if at == results.len() {
                        self.reserve(at + 1, grid.steps)?;
                        results.push(Column { labels, drop_name, points: Points::new(grid.steps) });
                    }
                    let points = &mut results[at].points;
                    points.set_float(step, points.float(step).unwrap_or(0.0) + 1.0);
                }
                self.worked(members.len())?;
            }
        }
        Ok(results)
    }
}

fn started(value: f64) -> Variance {
    let mut variance = Variance::default();
    variance.add(value);
    variance
}

/// Groups in the order of their first series.
pub(super) fn grouped(columns: Vec<Column>, grouping: &Grouping) -> Vec<Group> {
    let listed = |name: &str| grouping.labels.iter().any(|label| label == name);
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for column in columns {
        let labels = if grouping.without {
            column.labels.filter(|name| name != METRIC_NAME && !listed(name))
        } else if grouping.labels.is_empty() {
            Labels::empty()
        } else {
            column.labels.filter(listed)
        };
        let at = *places.entry(labels.clone()).or_insert(groups.len());
        if at == groups.len() {
            groups.push(Group { labels, drop_name: false, members: Vec::new() });
        }
        groups[at].drop_name |= column.drop_name;
        groups[at].members.push(column);
    }
    groups
}

fn summed(members: &[Column], grid: Grid) -> Points {
    let mut sums = vec![Sum::default(); grid.steps];
    let mut seen = vec![false; grid.steps];
    for member in members {
        member.points.each_float(|step, value| {
            sums[step].add(value);
            seen[step] = true;
        });
    }
    let mut points = Points::new(grid.steps);
    for (step, sum) in sums.into_iter().enumerate().filter(|(step, _)| seen[*step]) {
        points.set_float(step, sum.value());
    }
    points
}

fn counted(members: &[Column], grid: Grid, only_one: bool) -> Points {
    let mut points = Points::new(grid.steps);
    for step in 0..grid.steps {
        let count = members.iter().filter(|member| member.points.is_present(step)).count();
        if count > 0 {
            points.set_float(step, if only_one { 1.0 } else { count as f64 });
        }
    }
    points
}

/// Folds the floats of each step.
fn fold<S: Copy>(
    members: &[Column],
    grid: Grid,
    start: impl Fn(f64) -> S,
    add: impl Fn(&mut S, f64),
    finish: impl Fn(S) -> f64,
) -> Points {
    let mut states: Vec<Option<S>> = vec![None; grid.steps];
    for member in members {
        member.points.each_float(|step, value| match &mut states[step] {
            Some(state) => add(state, value),
            empty @ None => *empty = Some(start(value)),
        });
    }
    let mut points = Points::new(grid.steps);
    for (step, state) in states.into_iter().enumerate() {
        if let Some(state) = state {
            points.set_float(step, finish(state));
        }
    }
    points
}
