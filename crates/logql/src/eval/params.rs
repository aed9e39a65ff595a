//! When to evaluate, and how an answer is shaped.

use crate::error::LogqlError;
use crate::plan::Direction;

/// Times beyond this (some 140 years from 1970) are refused, so that sums of times cannot overflow.
const TIME_MAX_NS: i64 = 1 << 62;
/// Entries of an answer that names no limit.
const LIMIT: usize = 100;

/// Who applies the filters that a plan pushes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pushdown {
    /// The store may; evaluation asks them all again.
    #[default]
    Optional,
    /// The store must apply those that are not marked as repeated.
    Required,
}

/// When to evaluate. Times are nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// The first time.
    pub start_ns: i64,
    /// For numbers the last time, unless no step falls on it; entries of a log query are older than it.
    pub end_ns: i64,
    /// Between times; 0 for an instant query.
    pub step_ns: i64,
    /// Which entries of a log query come first.
    pub direction: Direction,
    /// How many entries a log query gives.
    pub limit: usize,
    /// Keeps metadata and parsed labels apart from those of streams (Loki's encoding flag `categorize-labels`).
    pub categorize: bool,
    /// Who applies pushed filters.
    pub pushdown: Pushdown,
    /// What templates take for now.
    pub now_ns: i64,
}

impl Params {
    /// An instant query.
    pub fn instant(time_ns: i64) -> Self {
        Self::range(time_ns, time_ns, 0)
    }

    /// A range query.
    pub fn range(start_ns: i64, end_ns: i64, step_ns: i64) -> Self {
        Self {
            start_ns,
            end_ns,
            step_ns,
            direction: Direction::default(),
            limit: LIMIT,
            categorize: false,
            pushdown: Pushdown::default(),
            now_ns: end_ns,
        }
    }

    /// Whether there is one time only, and the answer is no matrix.
    pub fn is_instant(&self) -> bool {
        self.step_ns == 0
    }

    /// Nanoseconds between steps; 1 where there is one time only.
    pub(crate) fn step(&self) -> i64 {
        self.step_ns.max(1)
    }

    /// Number of times.
    pub(crate) fn steps(&self) -> usize {
        if self.is_instant() { 1 } else { ((self.end_ns - self.start_ns) / self.step()) as usize + 1 }
    }

    /// A time in milliseconds, as answers have it.
    pub(crate) fn time_ms(&self, step: usize) -> i64 {
        (self.start_ns + self.step() * step as i64).div_euclid(1_000_000)
    }

    pub(crate) fn check(&self) -> Result<(), LogqlError> {
        let fault = |message: &str| Err(LogqlError::Parameter(message.to_owned()));
        if self.end_ns < self.start_ns {
            return fault("end timestamp must not be before or equal to start time");
        }
        if self.step_ns < 0 {
            return fault("zero or negative query resolution step widths are not accepted. Try a positive integer");
        }
        if [self.start_ns, self.end_ns, self.step_ns].iter().any(|time| time.abs() > TIME_MAX_NS) {
            return fault("time is out of range");
        }
        Ok(())
    }
}
