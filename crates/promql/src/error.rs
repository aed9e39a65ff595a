//! What can go wrong with a query, and whose fault it is.

use crate::syntax::Span;

/// Who must act on an error; APIs map it to their statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The request is wrong (Prometheus's `bad_data`, status 400).
    BadData,
    /// The query cannot be computed over this data or within its limits (`execution`, 422).
    Execution,
    /// The query took too long (`timeout`, 503).
    Timeout,
    /// The client left or the server stops (`canceled`, 503).
    Canceled,
}

/// Why the caller wants an evaluation to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The deadline has passed.
    Timeout,
    /// Nobody waits for the answer.
    Canceled,
}

/// A fault of a query.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PromqlError {
    /// The text is no PromQL. Line and column count characters from 1; the span counts bytes.
    #[error("{line}:{column}: parse error: {message}")]
    Parse {
        /// The line of the fault.
        line: usize,
        /// The column of the fault.
        column: usize,
        /// The faulty bytes of the text.
        span: Span,
        /// What is wrong.
        message: String,
    },
    /// A parameter of the request is wrong.
    #[error("{0}")]
    Parameter(String),
    /// A range query asks for too many points.
    #[error("exceeded maximum resolution of {limit} points per timeseries. Try decreasing the query resolution (?step=XX)")]
    TooManyPoints {
        /// The most points a series may have.
        limit: usize,
    },
    /// The data does not allow what the query asks for.
    #[error("{0}")]
    Execution(String),
    /// More samples at once than the limit.
    #[error("query processing would load too many samples into memory in query execution (limit {limit})")]
    TooManySamples {
        /// The most samples at once.
        limit: usize,
    },
    /// More series in an answer than the limit.
    #[error("query result has {series} series, more than the limit of {limit}")]
    TooManySeries {
        /// Series of the answer.
        series: usize,
        /// The most series an answer may have.
        limit: usize,
    },
    /// The deadline has passed.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// Nobody waits for the answer.
    #[error("query was canceled in expression evaluation")]
    Canceled,
}

impl PromqlError {
    /// Who must act.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Parse { .. } | Self::Parameter(_) | Self::TooManyPoints { .. } => ErrorClass::BadData,
            Self::Execution(_) | Self::TooManySamples { .. } | Self::TooManySeries { .. } => ErrorClass::Execution,
            Self::Timeout => ErrorClass::Timeout,
            Self::Canceled => ErrorClass::Canceled,
        }
    }

    /// Bytes of the text that are at fault, where they are known.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Parse { span, .. } => Some(*span),
            _ => None,
        }
    }

    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution(message.into())
    }
}

impl From<Interrupt> for PromqlError {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::Timeout => Self::Timeout,
            Interrupt::Canceled => Self::Canceled,
        }
    }
}
