//! What a query needs of the storage.

use crate::error::PromqlError;
use crate::eval::{Grid, Params, resolve_duration, subquery_grid};
use crate::functions::Named;
use crate::labels::METRIC_NAME;
use crate::matcher::{MatchOp, Matcher};
use crate::syntax::{AggregateOp, At, Expr, ExprKind, Grouping, Modifier, Selector, TimeShift};

/// Name of info metrics when a query names none.
const DEFAULT_INFO_METRIC: &str = "target_info";

/// Series to fetch, and the time of the samples that matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Conditions on the labels; all must hold.
    pub matchers: Vec<Matcher>,
    /// Samples later than this matter (milliseconds).
    pub after_ms: i64,
    /// Samples up to and including this matter (milliseconds).
    pub until_ms: i64,
    /// What the samples are used for.
    pub hints: Hints,
}

/// What the samples of a selection are used for, so that storage may do part of the work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// The function directly around the selector.
    pub function: Option<&'static str>,
    /// The aggregation directly around the function or the selector.
    pub aggregation: Option<(AggregateOp, Grouping)>,
    /// Length of the range of a range selector.
    pub range_ms: Option<i64>,
    /// Steps at which the selector is evaluated.
    pub step_ms: i64,
    /// Whether the selector has the same time at every step (`@`).
    pub fixed: bool,
}

impl Hints {
    /// Whether values do not matter, only when there are samples: any value will do then, except for the marks
    /// of ends, and floats will do for histograms.
    pub fn only_presence(&self) -> bool {
        let counted = matches!(self.aggregation, Some((AggregateOp::Count | AggregateOp::Group, _)));
        match self.function {
            None => counted && self.range_ms.is_none(),
            Some(function) => PRESENCE.contains(&function),
        }
    }
}

/// Functions that ask of their series only when they have samples.
const PRESENCE: [&str; 3] = ["absent", "absent_over_time", "present_over_time"];

/// The selections of a tree, in the order of their numbers.
pub(crate) fn selections(expr: &Expr, count: usize, params: &Params) -> Result<Vec<Selection>, PromqlError> {
    let grid = Grid::of(params);
    let mut planner = Planner { params, found: vec![None; count] };
    let around = Around { function: None, aggregation: None };
    planner.visit(expr, Window { first: grid.start, last: grid.end(), step: params.step_ms }, &around)?;
    planner
        .found
        .into_iter()
        .map(|selection| selection.ok_or_else(|| PromqlError::execution("a selector has no place in the plan")))
        .collect()
}

/// Times at which an expression is evaluated.
#[derive(Clone, Copy)]
struct Window {
    first: i64,
    last: i64,
    step: i64,
}

#[derive(Clone)]
struct Around {
    function: Option<&'static str>,
    aggregation: Option<(AggregateOp, Grouping)>,
}

struct Planner<'a> {
    params: &'a Params,
    found: Vec<Option<Selection>>,
}

impl Planner<'_> {
    fn visit(&mut self, expr: &Expr, window: Window, around: &Around) -> Result<(), PromqlError> {
        let nothing = Around { function: None, aggregation: None };
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Selector(selector) => self.select(selector, None, window, around)?,
            ExprKind::Matrix { selector, range } => {
                let range = resolve_duration(range, self.params)?;
                self.select(selector, Some(range), window, around)?;
            }
            ExprKind::Subquery { expr, range, step, shift } => {
                let range = resolve_duration(range, self.params)?;
                let step = match step {
                    Some(step) => resolve_duration(step, self.params)?,
                    None => self.params.subquery_step_ms,
                };
                if range <= 0 || step <= 0 {
                    return Err(PromqlError::execution("duration must be greater than 0"));
                }
                let outer = self.shifted(shift, window)?;
                let grid = subquery_grid(outer.first, outer.last, range, step)?;
                self.visit(expr, Window { first: grid.start, last: grid.end().max(grid.start), step }, &nothing)?;
            }
            ExprKind::Paren(inner) => self.visit(inner, window, around)?,
            ExprKind::Unary { expr, .. } => self.visit(expr, window, &nothing)?,
            ExprKind::Binary { left, right, .. } => {
                self.visit(left, window, &nothing)?;
                self.visit(right, window, &nothing)?;
            }
            ExprKind::Aggregate { op, parameter, expr, grouping } => {
                if let Some(parameter) = parameter {
                    self.visit(parameter, window, &nothing)?;
                }
                self.visit(expr, window, &Around { function: None, aggregation: Some((*op, grouping.clone())) })?;
            }
            ExprKind::Call { function, arguments } => {
                let inner = Around { function: Some(function.name), aggregation: around.aggregation.clone() };
                for (index, argument) in arguments.iter().enumerate() {
                    match &argument.kind {
                        ExprKind::Selector(selector) if index == 1 && function.is_named(Named::Info) => {
                            self.select_info(selector, window)?;
                        }
                        _ => self.visit(argument, window, &inner)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn shifted(&self, shift: &TimeShift, window: Window) -> Result<Window, PromqlError> {
        let offset = match &shift.offset {
            Some(offset) => resolve_duration(offset, self.params)?,
            None => 0,
        };
        let (first, last) = match shift.at {
            Some(at) => {
                let time = at_time(at, self.params);
                (time, time)
            }
            None => (window.first, window.last),
        };
        Ok(Window { first: first - offset, last: last - offset, step: window.step })
    }

    fn select(&mut self, selector: &Selector, range: Option<i64>, window: Window, around: &Around) -> Result<(), PromqlError> {
        let times = self.shifted(&selector.shift, window)?;
        let lookback = self.params.lookback_ms;
        let mut back = range.unwrap_or(lookback);
        let mut ahead = 0;
        if let Some(modifier) = selector.modifier {
            back += if range.is_some() { lookback } else { 0 };
            ahead = if modifier == Modifier::Smoothed { lookback } else { 0 };
        }
        self.found[selector.id] = Some(Selection {
            matchers: selector.matchers.clone(),
            after_ms: times.first - back,
            until_ms: times.last + ahead,
            hints: Hints {
                function: around.function,
                aggregation: around.aggregation.clone(),
                range_ms: range,
                step_ms: window.step,
                fixed: selector.shift.at.is_some(),
            },
        });
        Ok(())
    }

    fn select_info(&mut self, selector: &Selector, window: Window) -> Result<(), PromqlError> {
        self.found[selector.id] = Some(Selection {
            matchers: info_matchers(selector)?,
            after_ms: window.first - self.params.lookback_ms,
            until_ms: window.last,
            hints: Hints { function: Some("info"), step_ms: window.step, ..Hints::default() },
        });
        Ok(())
    }
}

/// The time that `@` names.
pub(crate) fn at_time(at: At, params: &Params) -> i64 {
    match at {
        At::Time(milliseconds) => milliseconds,
        At::Start => params.start_ms,
        At::End => params.end_ms,
    }
}

/// Conditions on info series: those written, and on their names when none says what to take.
pub(crate) fn info_matchers(selector: &Selector) -> Result<Vec<Matcher>, PromqlError> {
    let mut matchers = selector.matchers.clone();
    let names: Vec<&Matcher> = selector.matchers.iter().filter(|m| m.name == METRIC_NAME).collect();
    let extra = if names.is_empty() {
        Some((MatchOp::Equal, DEFAULT_INFO_METRIC))
    } else if names.iter().all(|m| matches!(m.op, MatchOp::NotEqual | MatchOp::NotRegex)) {
        Some((MatchOp::Regex, ".+_info"))
    } else {
        None
    };
    if let Some((op, value)) = extra {
        matchers.push(Matcher::new(METRIC_NAME, op, value).map_err(PromqlError::Execution)?);
    }
    Ok(matchers)
}
