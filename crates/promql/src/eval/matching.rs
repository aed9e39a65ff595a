//! Operators between two vectors whose series find each other by labels.

use std::collections::HashMap;

use super::Grid;
use super::elements::{floats, operate};
use super::evaluator::{Evaluated, Evaluator};
use super::value::{Column, Points};
use crate::error::PromqlError;
use crate::labels::{Labels, METRIC_NAME};
use crate::series::Sample;
use crate::syntax::{BinaryOp, Cardinality, Expr, ExprKind, Matching, Span};

const MANY_MATCHES: &str = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
const SAME_RESULTS: &str = "multiple matches for labels: grouping labels must ensure unique matches";

/// Series of both sides that share the labels they match by.
#[derive(Default)]
struct MatchGroup {
    labels: Labels,
    many: Vec<usize>,
    one: Vec<usize>,
}

/// One operation between vectors. With `group_right` the sides are swapped, so that `one` is always
/// the side that has a single series for each match.
struct Operation<'a> {
    op: BinaryOp,
    returns_bool: bool,
    matching: &'a Matching,
    span: Span,
    many: Vec<Column>,
    one: Vec<Column>,
    groups: Vec<MatchGroup>,
    grid: Grid,
}

/// Labels that series match by.
pub(super) fn signature(labels: &Labels, matching: &Matching) -> Labels {
    let listed = |name: &str| matching.labels.iter().any(|label| label == name);
    if matching.on { labels.filter(listed) } else { labels.filter(|name| name != METRIC_NAME && !listed(name)) }
}

impl Evaluator<'_> {
    /// An arithmetic operator or a comparison between two vectors.
    pub fn matched(&mut self, expr: &Expr, left: Vec<Column>, right: Vec<Column>, grid: Grid) -> Evaluated<Vec<Column>> {
        let ExprKind::Binary { op, returns_bool, matching, .. } = &expr.kind else {
            return Err(PromqlError::execution("a binary operation is wanted here"));
        };
        let swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if swapped { (right, left) } else { (left, right) };
        let groups = match_groups(&many, &one, matching);
        let operation = Operation { op: *op, returns_bool: *returns_bool, matching, span: expr.span, many, one, groups, grid };
        let filled = matching.fill.left.is_some() || matching.fill.right.is_some();
        if !filled && (operation.many.is_empty() || operation.one.is_empty()) {
            return Ok(Vec::new());
        }
        operation.check_one_side(self)?;
        let mut results: Vec<(usize, Column)> = Vec::new();
        let mut group_of = vec![0; operation.many.len()];
        for (index, group) in operation.groups.iter().enumerate() {
            group.many.iter().for_each(|many| group_of[*many] = index);
        }
        for (many, index) in group_of.into_iter().enumerate() {
            let group = &operation.groups[index];
            for one in &group.one {
                self.worked(grid.steps)?;
                let points = operation.pair(self, &operation.many[many].points, &operation.one[*one].points);
                if points.has_any() {
                    results.push((index, operation.result(self, &operation.many[many], &operation.one[*one], points)));
                }
            }
        }
        let mut columns = operation.without_collisions(results)?;
        if filled {
            operation.fill(self, &mut columns);
        }
        self.reserve(columns.len(), grid.steps)?;
        self.merged(columns)
    }
}

fn match_groups(many: &[Column], one: &[Column], matching: &Matching) -> Vec<MatchGroup> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(one.len());
    let mut groups: Vec<MatchGroup> = Vec::new();
    let mut place = |labels: Labels, groups: &mut Vec<MatchGroup>| {
        let at = *places.entry(labels.clone()).or_insert(groups.len());
        if at == groups.len() {
            groups.push(MatchGroup { labels, ..MatchGroup::default() });
        }
        at
    };
    for (index, column) in one.iter().enumerate() {
        let at = place(signature(&column.labels, matching), &mut groups);
        groups[at].one.push(index);
    }
    for (index, column) in many.iter().enumerate() {
        let at = place(signature(&column.labels, matching), &mut groups);
        groups[at].many.push(index);
    }
    groups
}

impl Operation<'_> {
    fn swapped(&self) -> bool {
        self.matching.cardinality == Cardinality::OneToMany
    }

    /// Refuses two series of a match on the side that must have one, at steps where the other side has
    /// any series at all.
    fn check_one_side(&self, evaluator: &mut Evaluator<'_>) -> Evaluated<()> {
        let filled = self.matching.fill.left.is_some() || self.matching.fill.right.is_some();
        for group in self.groups.iter().filter(|group| group.one.len() > 1) {
            evaluator.worked(self.grid.steps * group.one.len())?;
            for step in 0..self.grid.steps {
                let mut present = group.one.iter().filter(|one| self.one[**one].points.is_present(step));
                let (Some(first), Some(second)) = (present.next(), present.next()) else { continue };
                if !filled && !self.many.iter().any(|many| many.points.is_present(step)) {
                    continue;
                }
                let side = if self.swapped() { "left" } else { "right" };
                return Err(PromqlError::execution(format!(
                    "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];\
                     many-to-many matching not allowed: matching labels must be unique on one side",
                    group.labels.braced(),
                    self.one[*second].labels.braced(),
                    self.one[*first].labels.braced(),
                )));
            }
        }
        Ok(())
    }

    /// What the operator makes of two series at the steps where both have a sample.
    fn pair(&self, evaluator: &mut Evaluator<'_>, many: &Points, one: &Points) -> Points {
        let mut points = Points::new(self.grid.steps);
        let plain =
            !many.has_histograms() && !one.has_histograms() && !matches!(self.op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
        for step in 0..self.grid.steps {
            if plain {
                let (Some(a), Some(b)) = (many.float(step), one.float(step)) else { continue };
                let (a, b) = if self.swapped() { (b, a) } else { (a, b) };
                let (value, holds) = floats(self.op, a, b);
                if self.returns_bool {
                    points.set_float(step, f64::from(u8::from(holds)));
                } else if holds {
                    points.set_float(step, value);
                }
            } else if let (Some(a), Some(b)) = (many.get(step), one.get(step))
                && let Some(sample) = self.apply(evaluator, &a, &b)
            {
                points.set(step, sample);
            }
        }
        points
    }

    fn apply(&self, evaluator: &mut Evaluator<'_>, many: &Sample, one: &Sample) -> Option<Sample> {
        let (a, b) = if self.swapped() { (one, many) } else { (many, one) };
        let operated = operate(self.op, a, b, &mut evaluator.annotations, self.span)?;
        if self.returns_bool {
            Some(Sample::Float(f64::from(u8::from(operated.holds))))
        } else {
            operated.holds.then_some(operated.sample)
        }
    }

    fn result(&self, evaluator: &Evaluator<'_>, many: &Column, one: &Column, points: Points) -> Column {
        let mut column =
            Column { labels: self.result_labels(&many.labels, Some(&one.labels)), drop_name: many.drop_name, points };
        if !self.op.is_comparison() || self.returns_bool {
            evaluator.drop_name(&mut column);
        }
        column
    }

    fn result_labels(&self, many: &Labels, one: Option<&Labels>) -> Labels {
        let matching = self.matching;
        let listed = |name: &str| matching.labels.iter().any(|label| label == name);
        let mut labels = match (matching.cardinality, matching.on) {
            (Cardinality::OneToOne, true) => many.filter(listed),
            (Cardinality::OneToOne, false) => many.filter(|name| !listed(name)),
            _ => many.clone(),
        };
        for name in &matching.include {
            labels = labels.with(name, one.map_or("", |one| one.get(name)));
        }
        labels
    }

    /// Refuses results of one match that are the same series at the same step.
    fn without_collisions(&self, results: Vec<(usize, Column)>) -> Evaluated<Vec<Column>> {
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, (group, _)) in results.iter().enumerate() {
            members.entry(*group).or_default().push(place);
        }
        let one_to_one = self.matching.cardinality == Cardinality::OneToOne;
        for places in members.into_values().filter(|places| places.len() > 1) {
            // One to one, any two results of a match collide; else those of the same labels.
            let mut alike: HashMap<Option<&Labels>, Vec<&Points>> = HashMap::new();
            for place in places {
                let column = &results[place].1;
                alike.entry((!one_to_one).then_some(&column.labels)).or_default().push(&column.points);
            }
            for points in alike.into_values().filter(|points| points.len() > 1) {
                let mut joined = points[0].clone();
                if !points[1..].iter().all(|other| joined.fill_from(other)) {
                    return Err(PromqlError::execution(if one_to_one { MANY_MATCHES } else { SAME_RESULTS }));
                }
            }
        }
        Ok(results.into_iter().map(|(_, column)| column).collect())
    }

    /// Adds what fill values make of series without a match.
    fn fill(&self, evaluator: &mut Evaluator<'_>, columns: &mut Vec<Column>) {
        let fill = self.matching.fill;
        let (fill_many, fill_one) = if self.swapped() { (fill.right, fill.left) } else { (fill.left, fill.right) };
        for group in &self.groups {
            let is_present = |side: &[Column], members: &[usize], step: usize| {
                members.iter().any(|index| side[*index].points.is_present(step))
            };
            if let Some(value) = fill_one {
                let value = Sample::Float(value);
                for many in &group.many {
                    let column = &self.many[*many];
                    let points = self.filled(|step| {
                        let sample = column.points.get(step).filter(|_| !is_present(&self.one, &group.one, step))?;
                        self.apply(evaluator, &sample, &value)
                    });
                    columns.push(self.filled_column(evaluator, &column.labels, column.drop_name, points));
                }
            }
            if let Some(value) = fill_many {
                let value = Sample::Float(value);
                for one in &group.one {
                    let column = &self.one[*one];
                    let points = self.filled(|step| {
                        let sample = column.points.get(step).filter(|_| !is_present(&self.many, &group.many, step))?;
                        self.apply(evaluator, &value, &sample)
                    });
                    columns.push(self.filled_column(evaluator, &group.labels, false, points));
                }
            }
        }
        columns.retain(|column| column.points.has_any());
    }

    fn filled(&self, mut at: impl FnMut(usize) -> Option<Sample>) -> Points {
        let mut points = Points::new(self.grid.steps);
        for step in 0..self.grid.steps {
            if let Some(sample) = at(step) {
                points.set(step, sample);
            }
        }
        points
    }

    fn filled_column(&self, evaluator: &Evaluator<'_>, labels: &Labels, drop_name: bool, points: Points) -> Column {
        let mut column = Column { labels: self.result_labels(labels, None), drop_name, points };
        if !self.op.is_comparison() || self.returns_bool {
            evaluator.drop_name(&mut column);
        }
        column
    }
}
