//! Walks the tree.

use std::collections::{HashMap, HashSet};

use super::answer::{Answer, Statistics, finish};
use super::grid::Grid;
use super::invariant::is_invariant;
use super::value::{Column, Computed};
use super::{Limits, Params};
use crate::annotation::Annotations;
use crate::error::{Interrupt, PromqlError};
use crate::labels::Labels;
use crate::series::Series;
use crate::syntax::{Expr, ExprKind};

/// Work between two questions whether to go on, in samples.
const WORK_UNINTERRUPTED: usize = 16_384;

pub(super) type Evaluated<T> = Result<T, PromqlError>;

/// State of one evaluation.
pub(super) struct Evaluator<'a> {
    pub params: &'a Params,
    pub limits: &'a Limits,
    pub annotations: Annotations,
    pub statistics: Statistics,
    data: &'a [&'a [Series]],
    interrupted: &'a mut dyn FnMut() -> Option<Interrupt>,
    /// Work since the last question.
    work: usize,
    /// Samples of values that are alive.
    alive: usize,
}

/// Computes the answer of a tree over the series of its selections.
pub(crate) fn evaluate(
    expr: &Expr,
    data: &[&[Series]],
    params: &Params,
    limits: &Limits,
    interrupted: &mut dyn FnMut() -> Option<Interrupt>,
) -> Evaluated<Answer> {
    let grid = Grid::of(params);
    if grid.steps > limits.points_max {
        return Err(PromqlError::TooManyPoints { limit: limits.points_max });
    }
    let mut evaluator = Evaluator {
        params,
        limits,
        annotations: Annotations::default(),
        statistics: Statistics::default(),
        data,
        interrupted,
        work: 0,
        alive: 0,
    };
    evaluator.check_interrupt()?;
    if let Some(series) = data.iter().copied().flatten().find(|series| !series.is_whole()) {
        return Err(PromqlError::execution(format!("series {} has times without values", series.labels)));
    }
    // Selections that share their series take their place once.
    let mut places = HashSet::new();
    let own = data.iter().filter(|set| places.insert(set.as_ptr()));
    let loaded = own.copied().flatten().map(Series::size).sum();
    evaluator.grow(loaded)?;
    if let Some(ranges) = evaluator.whole_matrix(expr, grid)? {
        return Ok(Answer { value: ranges, annotations: evaluator.annotations, statistics: evaluator.statistics });
    }
    let mut computed = evaluator.eval(expr, grid)?;
    if let Computed::Vector(columns) = &mut computed {
        remove_dropped_names(columns)?;
    }
    let value = finish(computed, params, limits)?;
    Ok(Answer { value, annotations: evaluator.annotations, statistics: evaluator.statistics })
}

impl<'a> Evaluator<'a> {
    /// Series of a selection, sorted by labels.
    pub fn selected(&self, id: usize) -> Vec<&'a Series> {
        let Some(set) = self.data.get(id).copied() else { return Vec::new() };
        let mut series: Vec<&Series> = set.iter().collect();
        if !series.is_sorted_by(|a, b| a.labels <= b.labels) {
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        series
    }

    fn check_interrupt(&mut self) -> Evaluated<()> {
        self.work = 0;
        match (self.interrupted)() {
            Some(interrupt) => Err(interrupt.into()),
            None => Ok(()),
        }
    }

    /// Notes work done, and asks now and then whether to go on.
    pub fn worked(&mut self, amount: usize) -> Evaluated<()> {
        self.work += amount;
        if self.work < WORK_UNINTERRUPTED { Ok(()) } else { self.check_interrupt() }
    }

    /// Notes samples that came alive.
    pub fn grow(&mut self, samples: usize) -> Evaluated<()> {
        self.alive += samples;
        self.statistics.samples_peak = self.statistics.samples_peak.max(self.alive);
        if self.alive > self.limits.samples_max {
            return Err(PromqlError::TooManySamples { limit: self.limits.samples_max });
        }
        Ok(())
    }

    /// Room for as many columns of so many steps is about to be taken.
    pub fn reserve(&mut self, columns: usize, steps: usize) -> Evaluated<()> {
        let before = self.alive;
        let grown = self.grow(columns.saturating_mul(steps));
        self.alive = before;
        grown
    }

    /// Value of an expression at the times of a grid.
    pub fn eval(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Computed> {
        let before = self.alive;
        self.reserve(1, grid.steps)?;
        let computed = if grid.steps > 1 && is_invariant(expr) {
            let once = self.eval_kind(expr, grid.first())?;
            self.reserve(once.size(), grid.steps)?;
            broadcast(once, grid.steps)
        } else {
            self.eval_kind(expr, grid)?
        };
        // What the parts of the expression took is gone; only its own value is left.
        self.alive = before;
        self.grow(computed.size())?;
        self.worked(grid.steps)?;
        Ok(computed)
    }

    fn eval_kind(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Computed> {
        match &expr.kind {
            ExprKind::Number(value) => Ok(Computed::Scalar(vec![*value; grid.steps])),
            ExprKind::String(text) => Ok(Computed::String(text.clone())),
            ExprKind::Selector(selector) => Ok(Computed::Vector(self.instant_selector(selector, grid)?)),
            ExprKind::Matrix { .. } | ExprKind::Subquery { .. } => Err(PromqlError::execution("a range vector is no value here")),
            ExprKind::Paren(inner) => self.eval(inner, grid),
            ExprKind::Unary { negate, expr: inner } => self.unary(*negate, inner, grid),
            ExprKind::Binary { .. } => self.binary(expr, grid),
            ExprKind::Aggregate { .. } => self.aggregate(expr, grid),
            ExprKind::Call { function, arguments } => self.call(expr, function, arguments, grid),
        }
    }

    fn unary(&mut self, negate: bool, inner: &Expr, grid: Grid) -> Evaluated<Computed> {
        let computed = self.eval(inner, grid)?;
        if !negate {
            return Ok(computed);
        }
        match computed {
            Computed::Scalar(mut values) => {
                for value in &mut values {
                    *value = -*value;
                }
                Ok(Computed::Scalar(values))
            }
            Computed::Vector(mut columns) => {
                for column in &mut columns {
                    for step in 0..grid.steps {
                        if let Some(value) = column.points.float(step) {
                            column.points.set_float(step, -value);
                        } else if let Some(histogram) = column.points.histogram(step) {
                            let negated = histogram.scaled(-1.0);
                            column.points.set_histogram(step, negated.into());
                        }
                    }
                    self.drop_name(column);
                }
                self.merged(columns).map(Computed::Vector)
            }
            other @ Computed::String(_) => Ok(other),
        }
    }

    /// A vector; what is none has no series.
    pub fn vector(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Vec<Column>> {
        match self.eval(expr, grid)? {
            Computed::Vector(columns) => Ok(columns),
            Computed::Scalar(_) | Computed::String(_) => Err(PromqlError::execution("an instant vector is wanted here")),
        }
    }

    /// A scalar at every step.
    pub fn scalar(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Vec<f64>> {
        match self.eval(expr, grid)? {
            Computed::Scalar(values) => Ok(values),
            Computed::Vector(_) | Computed::String(_) => Err(PromqlError::execution("a scalar is wanted here")),
        }
    }

    /// A text.
    pub fn string(expr: &Expr) -> Evaluated<String> {
        match &expr.unwrapped().kind {
            ExprKind::String(text) => Ok(text.clone()),
            _ => Err(PromqlError::execution("a string is wanted here")),
        }
    }

    /// Takes the name off a series, now or at the end.
    pub fn drop_name(&self, column: &mut Column) {
        if self.params.delayed_name_removal {
            column.drop_name = true;
        } else {
            column.labels = column.labels.without_name();
        }
    }

    /// Columns of the same labels become one where they never meet; where they do it is an error.
    pub fn merged(&self, columns: Vec<Column>) -> Evaluated<Vec<Column>> {
        if self.params.delayed_name_removal { Ok(columns) } else { join_same(columns) }
    }

    /// Refuses two columns of the same labels, whether they meet or not: so it is for functions of
    /// ranges.
    pub fn distinct(&self, columns: Vec<Column>) -> Evaluated<Vec<Column>> {
        let mut seen = HashSet::with_capacity(columns.len());
        if self.params.delayed_name_removal || columns.iter().all(|column| seen.insert(column.labels.clone())) {
            return Ok(columns);
        }
        Err(same_labelset())
    }
}

fn same_labelset() -> PromqlError {
    PromqlError::execution("vector cannot contain metrics with the same labelset")
}

fn join_same(columns: Vec<Column>) -> Evaluated<Vec<Column>> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(columns.len());
    let mut joined: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        match places.get(&column.labels) {
            Some(at) => {
                if !joined[*at].points.fill_from(&column.points) {
                    return Err(same_labelset());
                }
            }
            None => {
                places.insert(column.labels.clone(), joined.len());
                joined.push(column);
            }
        }
    }
    Ok(joined)
}

fn broadcast(once: Computed, steps: usize) -> Computed {
    match once {
        Computed::Scalar(values) => Computed::Scalar(vec![values.first().copied().unwrap_or(f64::NAN); steps]),
        Computed::Vector(mut columns) => {
            for column in &mut columns {
                column.points = column.points.broadcast(steps);
            }
            Computed::Vector(columns)
        }
        text @ Computed::String(_) => text,
    }
}

/// Takes off the names whose removal was put off to the end.
fn remove_dropped_names(columns: &mut Vec<Column>) -> Evaluated<()> {
    if columns.iter().any(|column| column.drop_name) {
        for column in columns.iter_mut().filter(|column| column.drop_name) {
            column.labels = column.labels.without_name();
        }
        *columns = join_same(std::mem::take(columns))?;
    }
    Ok(())
}
