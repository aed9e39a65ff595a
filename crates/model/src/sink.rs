//! [`Sink`]: the one door between stages.

use std::time::Duration;

use async_trait::async_trait;

use crate::Batch;

/// What a failure means for the one who must act. Each API dialect maps these to its own statuses
/// in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong; sending it again will fail again.
    Invalid,
    /// The request needs credentials, or better ones.
    Denied,
    /// What was asked for does not exist.
    NotFound,
    /// The server is at a bound; the same request may succeed later.
    Busy,
    /// A resource the server needs (disk, catalog) failed; the same request may succeed later.
    Unavailable,
    /// A deadline passed.
    Timeout,
    /// A fault of the server itself.
    Internal,
}

impl ErrorKind {
    /// Whether a client should send the same request again.
    pub const fn retryable(self) -> bool {
        matches!(self, ErrorKind::Busy | ErrorKind::Unavailable | ErrorKind::Timeout)
    }
}

/// Why a batch was not taken. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SinkError {
    /// Memory or queue bounds are reached.
    #[error("{reason}; try again in {} ms", retry_after.as_millis())]
    Busy {
        /// Which bound was met.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// The write-ahead log or the disk failed.
    #[error("{reason}; try again in {} ms", retry_after.as_millis())]
    Unavailable {
        /// What failed, for the operator.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// The server is stopping.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The batch does not have the physical layout of its signal: a fault in the sender's code.
    #[error("batch does not fit the {signal} table: {reason}")]
    Layout {
        /// Table the batch was meant for.
        signal: &'static str,
        /// What does not fit.
        reason: String,
    },
}

impl SinkError {
    /// The kind, for status codes.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            SinkError::Busy { .. } => ErrorKind::Busy,
            SinkError::Unavailable { .. } | SinkError::ShuttingDown => ErrorKind::Unavailable,
            SinkError::Layout { .. } => ErrorKind::Internal,
        }
    }

    /// How long a client should wait before it sends the batch again.
    pub const fn retry_after(&self) -> Duration {
        match self {
            SinkError::Busy { retry_after, .. } | SinkError::Unavailable { retry_after, .. } => *retry_after,
            SinkError::ShuttingDown | SinkError::Layout { .. } => Duration::from_secs(5),
        }
    }
}

/// Accepts batches. `Ok` means the batch is durable: it survives `kill -9` and power loss.
#[async_trait]
pub trait Sink: Send + Sync + 'static {
    /// Takes one batch, whole or not at all.
    ///
    /// # Errors
    /// [`SinkError`]; nothing of the batch was kept.
    async fn accept(&self, batch: Batch) -> Result<(), SinkError>;
}
