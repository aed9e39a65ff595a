//! Calls of functions.

use super::Grid;
use super::bodies::calendar::date;
use super::bodies::mathematics::{larger, smaller};
use super::bodies::windows::{Border, WindowContext};
use super::evaluator::{Evaluated, Evaluator};
use super::selectors::{Ranges, Windows};
use super::value::{Column, Computed, Points};
use crate::error::PromqlError;
use crate::functions::{Body, Function, Named, WindowBody};
use crate::labels::Labels;
use crate::matcher::{MatchOp, Matcher};
use crate::syntax::{Expr, ExprKind, ValueType, value_type};

/// Endings of names that counters have.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

impl Evaluator<'_> {
    pub fn call(&mut self, expr: &Expr, function: &'static Function, arguments: &[Expr], grid: Grid) -> Evaluated<Computed> {
        match function.body {
            Body::Named(named) => self.named(expr, named, arguments, grid),
            Body::Window(body) => self.window_call(function, body, arguments, grid).map(Computed::Vector),
            Body::Float(body) => {
                let columns = self.vector(&arguments[0], grid)?;
                self.each_float(columns, |_, value| Some(body(value))).map(Computed::Vector)
            }
            Body::Calendar(body) => {
                let columns = match arguments.first() {
                    Some(argument) => self.vector(argument, grid)?,
                    None => vec![constant(grid.times().map(|time| time as f64 / 1000.0).collect())],
                };
                self.each_float(columns, |_, value| Some(date(value).map_or(f64::NAN, |date| body(&date)))).map(Computed::Vector)
            }
            Body::Histogram(body) => {
                let mut columns = self.vector(&arguments[0], grid)?;
                columns.retain(|column| column.points.has_histograms());
                for column in &mut columns {
                    let mut points = Points::new(grid.steps);
                    for step in 0..grid.steps {
                        if let Some(histogram) = column.points.histogram(step) {
                            points.set_float(step, body(histogram));
                        }
                    }
                    column.points = points;
                    self.drop_name(column);
                }
                self.merged(columns).map(Computed::Vector)
            }
        }
    }

    /// Changes every float by step and value, or leaves it out; histograms and names go.
    pub fn each_float(&mut self, mut columns: Vec<Column>, change: impl Fn(usize, f64) -> Option<f64>) -> Evaluated<Vec<Column>> {
        for column in &mut columns {
            column.points.map_floats(|value| value);
            for step in 0..column.points.steps() {
                if let Some(value) = column.points.float(step) {
                    match change(step, value) {
                        Some(changed) => column.points.set_float(step, changed),
                        None => column.points.clear(step),
                    }
                }
            }
            self.drop_name(column);
        }
        columns.retain(|column| column.points.has_any());
        self.merged(columns)
    }

    fn named(&mut self, expr: &Expr, named: Named, arguments: &[Expr], grid: Grid) -> Evaluated<Computed> {
        let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
        let everywhere = |value: f64| Ok(Computed::Scalar(vec![value; grid.steps]));
        match named {
            Named::Pi => everywhere(std::f64::consts::PI),
            Named::Start => everywhere(seconds(self.params.start_ms)),
            Named::End => everywhere(seconds(self.params.end_ms)),
            Named::Range => everywhere(seconds(self.params.end_ms - self.params.start_ms)),
            Named::Step => everywhere(seconds(self.params.step_ms)),
            Named::Time => Ok(Computed::Scalar(grid.times().map(seconds).collect())),
            Named::MaxOf | Named::MinOf => {
                let (a, b) = (self.scalar(&arguments[0], grid)?, self.scalar(&arguments[1], grid)?);
                let pick = |(a, b)| if named == Named::MaxOf { larger(a, b) } else { smaller(a, b) };
                Ok(Computed::Scalar(a.into_iter().zip(b).map(pick).collect()))
            }
            Named::Scalar => {
                let columns = self.vector(&arguments[0], grid)?;
                Ok(Computed::Scalar(only_floats(&columns, grid)))
            }
            Named::Vector => Ok(Computed::Vector(vec![constant(self.scalar(&arguments[0], grid)?)])),
            _ => self.named_vector(expr, named, arguments, grid).map(Computed::Vector),
        }
    }

    fn named_vector(&mut self, expr: &Expr, named: Named, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        match named {
            Named::Absent => {
                let columns = self.vector(&arguments[0], grid)?;
                let present = (0..grid.steps).map(|step| columns.iter().any(|c| c.points.is_present(step))).collect();
                Ok(absent(&arguments[0], present))
            }
            Named::AbsentOverTime => {
                let ranges = self.ranges(&arguments[0], grid)?;
                let mut present = vec![false; grid.steps];
                for series in &ranges.series {
                    let mut windows = Windows::new(series, &ranges, false, grid);
                    for (step, time) in grid.times().enumerate() {
                        let window = windows.next(time);
                        present[step] |= !window.is_empty();
                        self.statistics.samples_total += window.size();
                    }
                    self.worked(grid.steps)?;
                }
                Ok(absent(arguments[0].unwrapped(), present))
            }
            Named::Clamp => self.clamp(&arguments[0], Some(&arguments[1]), Some(&arguments[2]), grid),
            Named::ClampMax => self.clamp(&arguments[0], None, Some(&arguments[1]), grid),
            Named::ClampMin => self.clamp(&arguments[0], Some(&arguments[1]), None, grid),
            Named::Round => self.round(arguments, grid),
            Named::Timestamp => self.timestamp(&arguments[0], grid),
            Named::HistogramQuantile => self.histogram_quantile(expr, arguments, grid),
            Named::HistogramQuantiles => self.histogram_quantiles(expr, arguments, grid),
            Named::HistogramFraction => self.histogram_fraction(arguments, grid),
            Named::Info => self.info(arguments, grid),
            Named::LabelJoin => self.label_join(arguments, grid),
            Named::LabelReplace => self.label_replace(arguments, grid),
            Named::Sort => self.sort_by_value(&arguments[0], grid, false),
            Named::SortDesc => self.sort_by_value(&arguments[0], grid, true),
            Named::SortByLabel => self.sort_by_labels(arguments, grid, false),
            Named::SortByLabelDesc => self.sort_by_labels(arguments, grid, true),
            Named::End
            | Named::MaxOf
            | Named::MinOf
            | Named::Pi
            | Named::Range
            | Named::Scalar
            | Named::Start
            | Named::Step
            | Named::Time
            | Named::Vector => Err(PromqlError::execution("this function gives no vector")),
        }
    }

    fn clamp(&mut self, vector: &Expr, least: Option<&Expr>, most: Option<&Expr>, grid: Grid) -> Evaluated<Vec<Column>> {
        let columns = self.vector(vector, grid)?;
        let least = least.map(|expr| self.scalar(expr, grid)).transpose()?;
        let most = most.map(|expr| self.scalar(expr, grid)).transpose()?;
        self.each_float(columns, |step, value| {
            let least = least.as_ref().map_or(f64::NEG_INFINITY, |values| values[step]);
            let most = most.as_ref().map_or(f64::INFINITY, |values| values[step]);
            if most < least {
                return None;
            }
            Some(larger(least, smaller(most, value)))
        })
    }

    fn round(&mut self, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let columns = self.vector(&arguments[0], grid)?;
        let multiples = match arguments.get(1) {
            Some(multiple) => self.scalar(multiple, grid)?,
            None => vec![1.0; grid.steps],
        };
        // The inverse keeps multiples like 0.1 exact.
        self.each_float(columns, |step, value| {
            let inverse = 1.0 / multiples[step];
            Some((value * inverse + 0.5).floor() / inverse)
        })
    }

    fn timestamp(&mut self, argument: &Expr, grid: Grid) -> Evaluated<Vec<Column>> {
        let mut columns = match &argument.unwrapped().kind {
            ExprKind::Selector(selector) => self.selector_times(selector, grid)?,
            _ => {
                let mut columns = self.vector(argument, grid)?;
                for column in &mut columns {
                    for (step, time) in grid.times().enumerate() {
                        if column.points.is_present(step) {
                            column.points.set_float(step, time as f64 / 1000.0);
                        }
                    }
                }
                columns
            }
        };
        for column in &mut columns {
            self.drop_name(column);
        }
        self.merged(columns)
    }

    fn window_call(
        &mut self,
        function: &'static Function,
        body: WindowBody,
        arguments: &[Expr],
        grid: Grid,
    ) -> Evaluated<Vec<Column>> {
        let mut scalars = Vec::new();
        let mut matrix = None;
        for argument in arguments {
            if value_type(argument) == ValueType::Matrix {
                matrix = Some(argument);
            } else {
                scalars.push(self.scalar(argument, grid)?);
            }
        }
        let Some(matrix) = matrix else { return Err(PromqlError::execution("a range vector is wanted here")) };
        if function.name == "double_exponential_smoothing" {
            check_factors(&scalars)?;
        }
        let ranges = self.ranges(matrix, grid)?;
        check_border(&ranges, function.name)?;
        self.reserve(ranges.series.len(), grid.steps)?;
        let mut columns = Vec::with_capacity(ranges.series.len());
        let first_span = arguments[0].span;
        for series in &ranges.series {
            let points = self.over_windows(&ranges, series, body, &scalars, first_span, grid)?;
            if !points.has_any() {
                continue;
            }
            let metric = series.labels.metric_name();
            if body.counter && points.has_floats() && !metric.is_empty() && !COUNTER_ENDINGS.iter().any(|e| metric.ends_with(e)) {
                let message =
                    format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {metric:?}");
                self.annotations.info(ranges.expr.span, message);
            }
            let mut column = Column { labels: series.labels.clone(), drop_name: false, points };
            if !body.keeps_name {
                self.drop_name(&mut column);
            }
            columns.push(column);
        }
        self.distinct(columns)
    }

    fn over_windows(
        &mut self,
        ranges: &Ranges<'_>,
        series: &crate::series::Series,
        body: WindowBody,
        scalars: &[Vec<f64>],
        first_span: crate::syntax::Span,
        grid: Grid,
    ) -> Evaluated<Points> {
        if let Some(growth) = body.growth
            && let Some(points) = self.growth(ranges, series, growth, grid)?
        {
            return Ok(points);
        }
        let mut points = Points::new(grid.steps);
        let mut windows = Windows::new(series, ranges, body.counter, grid);
        let mut at_step = vec![0.0; scalars.len()];
        let metric = series.labels.metric_name();
        for (step, time) in grid.times().enumerate() {
            let window = windows.next(time);
            if window.is_empty() && ranges.border == Border::Open {
                continue;
            }
            for (slot, values) in at_step.iter_mut().zip(scalars) {
                *slot = values[step];
            }
            let size = window.size();
            self.statistics.samples_total += size;
            let mut context = WindowContext {
                scalars: &at_step,
                metric,
                span: ranges.expr.span,
                first_span,
                border: ranges.border,
                annotations: &mut self.annotations,
            };
            if let Some(sample) = (body.compute)(&window, &mut context) {
                points.set(step, sample);
            }
            self.worked(size as usize + 1)?;
        }
        Ok(points)
    }
}

fn check_factors(scalars: &[Vec<f64>]) -> Evaluated<()> {
    for (values, what, short) in scalars.iter().zip(["smoothing", "trend"]).zip(["sf", "tf"]).map(|((v, w), s)| (v, w, s)) {
        if let Some(wrong) = values.iter().find(|value| !(**value > 0.0 && **value < 1.0)) {
            let message = format!("invalid {what} factor. Expected: 0 < {short} < 1, got: {wrong:.6}");
            return Err(PromqlError::execution(message));
        }
    }
    Ok(())
}

fn check_border(ranges: &Ranges<'_>, function: &str) -> Evaluated<()> {
    let (word, allowed): (_, &[&str]) = match ranges.border {
        Border::Open => return Ok(()),
        Border::Anchored(_) => ("anchored", &["changes", "delta", "increase", "rate", "resets"]),
        Border::Smoothed(_) => ("smoothed", &["delta", "increase", "rate"]),
    };
    if allowed.contains(&function) {
        return Ok(());
    }
    let allowed = allowed.join(", ");
    Err(PromqlError::execution(format!("{word} modifier can only be used with: {allowed} - not with {function}")))
}

/// A series without labels.
fn constant(values: Vec<f64>) -> Column {
    Column { labels: Labels::empty(), drop_name: false, points: Points::dense(values) }
}

/// The float at each step that has exactly one; else NaN.
fn only_floats(columns: &[Column], grid: Grid) -> Vec<f64> {
    let mut found: Vec<(usize, f64)> = vec![(0, f64::NAN); grid.steps];
    for column in columns {
        for (step, (count, value)) in found.iter_mut().enumerate() {
            if let Some(float) = column.points.float(step) {
                *count += 1;
                *value = float;
            }
        }
    }
    found.into_iter().map(|(count, value)| if count == 1 { value } else { f64::NAN }).collect()
}

/// A 1 at every step where nothing is present, with the labels that the selector asks for.
fn absent(argument: &Expr, present: Vec<bool>) -> Vec<Column> {
    let matchers: &[Matcher] = match &argument.kind {
        ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. } => &selector.matchers,
        _ => &[],
    };
    let mut labels = Labels::empty();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|m| m.name != crate::labels::METRIC_NAME) {
        let first = matcher.op == MatchOp::Equal && !seen.contains(&matcher.name.as_str());
        labels = labels.with(&matcher.name, if first { &matcher.value } else { "" });
        seen.push(&matcher.name);
    }
    let mut points = Points::new(present.len());
    for (step, present) in present.into_iter().enumerate() {
        if !present {
            points.set_float(step, 1.0);
        }
    }
    if points.has_any() { vec![Column { labels, drop_name: false, points }] } else { Vec::new() }
}
