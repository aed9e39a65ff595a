//! Times of evaluation.

use super::Params;
use crate::error::PromqlError;
use crate::syntax::{BinaryOp, DurationExpr};

/// Most steps of a subquery.
const SUBQUERY_STEPS_MAX: i64 = 1 << 24;

/// Evenly spaced times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first time, milliseconds.
    pub start: i64,
    /// Between times, milliseconds; 1 where there is one time only.
    pub step: i64,
    /// Number of times.
    pub steps: usize,
}

impl Grid {
    pub fn of(params: &Params) -> Self {
        let step = params.step_ms.max(1);
        Self { start: params.start_ms, step, steps: ((params.end_ms - params.start_ms) / step) as usize + 1 }
    }

    /// Only the first time.
    pub fn first(self) -> Self {
        Self { steps: 1, ..self }
    }

    pub fn time(self, index: usize) -> i64 {
        self.start + self.step * index as i64
    }

    pub fn end(self) -> i64 {
        self.time(self.steps.saturating_sub(1))
    }

    pub fn times(self) -> impl Iterator<Item = i64> {
        (0..self.steps).map(move |index| self.time(index))
    }
}

/// Times of a subquery whose ranges end between `first_end` and `last_end`: multiples of its step,
/// later than the start of the first range.
pub(crate) fn subquery_grid(first_end: i64, last_end: i64, range: i64, step: i64) -> Result<Grid, PromqlError> {
    let lower = first_end - range;
    let start = (lower.div_euclid(step) + 1) * step;
    let steps = if start > last_end { 0 } else { (last_end - start) / step + 1 };
    if steps > SUBQUERY_STEPS_MAX {
        let message = format!("subquery has {steps} steps, more than the limit of {SUBQUERY_STEPS_MAX}");
        return Err(PromqlError::execution(message));
    }
    Ok(Grid { start, step, steps: steps as usize })
}

/// A duration in milliseconds; arithmetic counts in seconds.
pub(crate) fn resolve_duration(duration: &DurationExpr, params: &Params) -> Result<i64, PromqlError> {
    if let DurationExpr::Literal(milliseconds) = duration {
        return bounded(*milliseconds as f64);
    }
    bounded((seconds(duration, params)? * 1000.0).round())
}

fn bounded(milliseconds: f64) -> Result<i64, PromqlError> {
    if milliseconds.is_finite() && milliseconds.abs() < (1_i64 << 50) as f64 {
        Ok(milliseconds as i64)
    } else {
        Err(PromqlError::execution("duration is out of bounds"))
    }
}

fn seconds(duration: &DurationExpr, params: &Params) -> Result<f64, PromqlError> {
    Ok(match duration {
        DurationExpr::Literal(milliseconds) => *milliseconds as f64 / 1000.0,
        DurationExpr::Number(value) => *value,
        DurationExpr::Step => params.step_ms as f64 / 1000.0,
        DurationExpr::Range => (params.end_ms - params.start_ms) as f64 / 1000.0,
        DurationExpr::Min(a, b) => seconds(a, params)?.min(seconds(b, params)?),
        DurationExpr::Max(a, b) => seconds(a, params)?.max(seconds(b, params)?),
        DurationExpr::Negate(inner) => -seconds(inner, params)?,
        DurationExpr::Paren(inner) => seconds(inner, params)?,
        DurationExpr::Binary(op, a, b) => {
            let (a, b) = (seconds(a, params)?, seconds(b, params)?);
            match op {
                BinaryOp::Add => a + b,
                BinaryOp::Sub => a - b,
                BinaryOp::Mul => a * b,
                BinaryOp::Pow => a.powf(b),
                BinaryOp::Div | BinaryOp::Mod if b == 0.0 => {
                    return Err(PromqlError::execution("division by zero in a duration"));
                }
                BinaryOp::Mod => a % b,
                _ => a / b,
            }
        }
    })
}
