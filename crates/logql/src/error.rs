//! What can go wrong with a query, and whose fault it is. Messages are those of Loki where it has any.

use luneta_promql::{ErrorClass, PromqlError};

/// A fault of a query.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogqlError {
    /// The text is no LogQL. Line and column count characters from 1; both are 0 for a fault of the query as a
    /// whole.
    #[error("{}", parse_message(*line, *column, message))]
    Parse {
        /// The line of the fault.
        line: usize,
        /// The column of the fault.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A parameter of the request is wrong.
    #[error("{0}")]
    Parameter(String),
    /// A stage failed on an entry that a metric query counts.
    #[error(
        "pipeline error: '{kind}' for series: '{series}'.\nUse a label filter to intentionally skip this error. (e.g | \
         __error__!=\"{kind}\").\nTo skip all potential errors you can match empty errors.(e.g __error__=\"\")\nThe label \
         filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )\n"
    )]
    Pipeline {
        /// The value of `__error__`.
        kind: String,
        /// The labels of the entry.
        series: String,
    },
    /// The data does not allow what the query asks for.
    #[error("{0}")]
    Execution(String),
    /// A range query asks for too many points.
    #[error("exceeded maximum resolution of {limit} points per time series. Try increasing the value of the step parameter")]
    TooManyPoints {
        /// The most points a series may have.
        limit: usize,
    },
    /// More series than the limit.
    #[error(
        "maximum number of series ({limit}) reached for a single query; consider reducing query cardinality by adding more \
         specific stream selectors, reducing the time range, or aggregating results with functions like sum(), count() or topk()"
    )]
    TooManySeries {
        /// The most series at once.
        limit: usize,
    },
    /// More samples or counts in memory than the limit.
    #[error("query would hold more than {limit} samples in memory")]
    TooManySamples {
        /// The most samples at once.
        limit: usize,
    },
    /// A log query asks for more entries than the limit.
    #[error("max entries limit per query exceeded, limit > max_entries_limit ({asked} > {limit})")]
    TooManyEntries {
        /// Entries asked for.
        asked: usize,
        /// The most entries of an answer.
        limit: usize,
    },
    /// Kept entries are longer, all together, than the limit.
    #[error("entries of the answer have more than {limit} bytes")]
    TooManyBytes {
        /// The most bytes of an answer's entries.
        limit: usize,
    },
    /// The deadline has passed.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// Nobody waits for the answer.
    #[error("query was canceled in expression evaluation")]
    Canceled,
}

fn parse_message(line: usize, column: usize, message: &str) -> String {
    if line == 0 && column == 0 {
        format!("parse error : {message}")
    } else {
        format!("parse error at line {line}, col {column}: {message}")
    }
}

impl LogqlError {
    /// Who must act.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Parse { .. } | Self::Parameter(_) | Self::TooManyPoints { .. } | Self::TooManyEntries { .. } => {
                ErrorClass::BadData
            }
            Self::Pipeline { .. }
            | Self::Execution(_)
            | Self::TooManySeries { .. }
            | Self::TooManySamples { .. }
            | Self::TooManyBytes { .. } => ErrorClass::Execution,
            Self::Timeout => ErrorClass::Timeout,
            Self::Canceled => ErrorClass::Canceled,
        }
    }

    /// A fault of the query as a whole.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self::Parse { line: 0, column: 0, message: message.into() }
    }
}

/// Faults of the vector half of the language, which PromQL's evaluator computes.
impl From<PromqlError> for LogqlError {
    fn from(error: PromqlError) -> Self {
        match error {
            PromqlError::TooManyPoints { limit } => Self::TooManyPoints { limit },
            PromqlError::TooManySamples { limit } => Self::TooManySamples { limit },
            PromqlError::TooManySeries { limit, .. } => Self::TooManySeries { limit },
            PromqlError::Timeout => Self::Timeout,
            PromqlError::Canceled => Self::Canceled,
            PromqlError::Parse { message, .. } => Self::whole(message),
            PromqlError::Parameter(message) => Self::Parameter(message),
            PromqlError::Execution(message) => Self::Execution(in_words_of_loki(message)),
        }
    }
}

/// Loki tells of duplicates without naming them.
fn in_words_of_loki(message: String) -> String {
    if !message.starts_with("found duplicate series for the match group") {
        return message;
    }
    let side = if message.contains("on the left hand-side") { "left" } else { "right" };
    format!(
        "found duplicate series on the {side} hand-side;many-to-many matching not allowed: matching labels must be unique on \
         one side"
    )
}
