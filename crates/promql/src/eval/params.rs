//! Parameters and limits of an evaluation.

use crate::duration::TIME_MAX_MS;
use crate::error::PromqlError;

/// Prometheus's default lookback.
const LOOKBACK_MS: i64 = 300_000;
/// Prometheus's default interval of evaluation.
const SUBQUERY_STEP_MS: i64 = 60_000;
/// Most points of a series in a range query.
const POINTS_MAX: usize = 11_000;

/// When to evaluate. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// The first time.
    pub start_ms: i64,
    /// The last time, unless no step falls on it.
    pub end_ms: i64,
    /// Between times; 0 for an instant query.
    pub step_ms: i64,
    /// How old a sample may be to count as current.
    pub lookback_ms: i64,
    /// Step of subqueries that name none.
    pub subquery_step_ms: i64,
    /// Drops names of metrics at the end instead of at every function (Prometheus's feature
    /// `promql-delayed-name-removal`).
    pub delayed_name_removal: bool,
}

impl Params {
    /// An instant query.
    pub fn instant(time_ms: i64) -> Self {
        Self::range(time_ms, time_ms, 0)
    }

    /// A range query.
    pub fn range(start_ms: i64, end_ms: i64, step_ms: i64) -> Self {
        Self {
            start_ms,
            end_ms,
            step_ms,
            lookback_ms: LOOKBACK_MS,
            subquery_step_ms: SUBQUERY_STEP_MS,
            delayed_name_removal: false,
        }
    }

    /// Whether there is one time only, and the answer is no matrix.
    pub fn is_instant(&self) -> bool {
        self.step_ms == 0
    }

    pub(crate) fn check(&self) -> Result<(), PromqlError> {
        let fault = |message: &str| Err(PromqlError::Parameter(message.to_owned()));
        if self.end_ms < self.start_ms {
            return fault("end timestamp must not be before start time");
        }
        if self.step_ms < 0 || (self.is_instant() && self.start_ms != self.end_ms) {
            return fault("zero or negative query resolution step widths are not accepted. Try a positive integer");
        }
        if self.lookback_ms <= 0 || self.subquery_step_ms <= 0 {
            return fault("lookback and default step of subqueries must be greater than 0");
        }
        let times = [self.start_ms, self.end_ms, self.step_ms, self.lookback_ms, self.subquery_step_ms];
        if times.iter().any(|time| time.abs() > TIME_MAX_MS) {
            return fault("time is out of range");
        }
        Ok(())
    }
}

/// What an evaluation may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most samples in memory at once.
    pub samples_max: usize,
    /// Most series of an answer.
    pub series_max: usize,
    /// Most points of a series, in the answer and in subqueries.
    pub points_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { samples_max: 50_000_000, series_max: usize::MAX, points_max: POINTS_MAX }
    }
}
