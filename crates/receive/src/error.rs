//! Why a request, or an item in it, was refused.

use std::fmt;
use std::time::Duration;

use luneta_model::{ErrorKind, SinkError};

/// Names of refusals, as they appear in metrics, on the status page and in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The body does not follow its format.
    Malformed,
    /// The content type is none of the route's.
    UnsupportedContentType,
    /// The content encoding is none we know.
    UnsupportedEncoding,
    /// The body as sent is over the limit.
    BodyTooLarge,
    /// The body unpacked, or the rows it stands for, are over the limit.
    DecompressedTooLarge,
    /// A span's trace id is not 16 bytes, or all zero.
    InvalidTraceId,
    /// A span's id is not 8 bytes, or all zero.
    InvalidSpanId,
    /// A time is beyond what 64 signed bits of nanoseconds hold (year 2262).
    TimeOutOfRange,
    /// The time of a log record is farther in the past or future than allowed; that of arrival stands in.
    TimeOutOfBounds,
    /// Text is not UTF-8; the wrong bytes were replaced by U+FFFD.
    InvalidUtf8,
    /// The body of a log record is over the limit, and was cut.
    BodyCut,
    /// A point is of a new series, and there are as many as may be.
    TooManySeries,
    /// Labels of a series that cannot be: one twice, no metric name, over a limit.
    InvalidLabels,
    /// A sample of another value at the time of the one before.
    ConflictingSample,
    /// A native histogram that contradicts itself, or has counts that are no whole numbers.
    UnsupportedHistogram,
    /// The server is at a bound.
    Busy,
    /// The log or the disk failed.
    Unavailable,
    /// The tenant's name is not allowed.
    InvalidTenant,
    /// Nothing is served at this path.
    WrongPath,
    /// The path takes POST only.
    WrongMethod,
    /// gRPC arrived at the HTTP port.
    GrpcOnHttpPort,
    /// Plain HTTP arrived at the gRPC port.
    HttpOnGrpcPort,
    /// Credentials are missing or wrong.
    Unauthorized,
    /// The client went away before its body was complete.
    Disconnected,
    /// A fault of the server itself.
    Internal,
}

impl Reason {
    /// Every reason, in the order of reports.
    pub const ALL: [Reason; 25] = [
        Reason::Malformed,
        Reason::UnsupportedContentType,
        Reason::UnsupportedEncoding,
        Reason::BodyTooLarge,
        Reason::DecompressedTooLarge,
        Reason::InvalidTraceId,
        Reason::InvalidSpanId,
        Reason::TimeOutOfRange,
        Reason::TimeOutOfBounds,
        Reason::InvalidUtf8,
        Reason::BodyCut,
        Reason::TooManySeries,
        Reason::InvalidLabels,
        Reason::ConflictingSample,
        Reason::UnsupportedHistogram,
        Reason::Busy,
        Reason::Unavailable,
        Reason::InvalidTenant,
        Reason::WrongPath,
        Reason::WrongMethod,
        Reason::GrpcOnHttpPort,
        Reason::HttpOnGrpcPort,
        Reason::Unauthorized,
        Reason::Disconnected,
        Reason::Internal,
    ];

    /// The name in metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Malformed => "malformed",
            Reason::UnsupportedContentType => "unsupported_content_type",
            Reason::UnsupportedEncoding => "unsupported_encoding",
            Reason::BodyTooLarge => "body_too_large",
            Reason::DecompressedTooLarge => "decompressed_too_large",
            Reason::InvalidTraceId => "invalid_trace_id",
            Reason::InvalidSpanId => "invalid_span_id",
            Reason::TimeOutOfRange => "time_out_of_range",
            Reason::TimeOutOfBounds => "time_out_of_bounds",
            Reason::InvalidUtf8 => "invalid_utf8",
            Reason::BodyCut => "body_cut",
            Reason::TooManySeries => "too_many_series",
            Reason::InvalidLabels => "invalid_labels",
            Reason::ConflictingSample => "conflicting_sample",
            Reason::UnsupportedHistogram => "unsupported_histogram",
            Reason::Busy => "busy",
            Reason::Unavailable => "unavailable",
            Reason::InvalidTenant => "invalid_tenant",
            Reason::WrongPath => "wrong_path",
            Reason::WrongMethod => "wrong_method",
            Reason::GrpcOnHttpPort => "grpc_on_http_port",
            Reason::HttpOnGrpcPort => "http_on_grpc_port",
            Reason::Unauthorized => "unauthorized",
            Reason::Disconnected => "disconnected",
            Reason::Internal => "internal",
        }
    }

    /// What it means for one item, for the sender.
    pub const fn explanation(self) -> &'static str {
        match self {
            Reason::InvalidTraceId => "the trace id must be 16 bytes (in JSON 32 hex digits) and not all zero",
            Reason::InvalidSpanId => "the span id must be 8 bytes (in JSON 16 hex digits) and not all zero",
            Reason::TimeOutOfRange => "times must lie before the year 2262",
            Reason::TimeOutOfBounds => "times must be near those of arrival; others were replaced by it",
            Reason::BodyCut => "a body is over the limit; it was cut",
            Reason::InvalidUtf8 => "text must be UTF-8; wrong bytes were replaced",
            Reason::TooManySeries => {
                "a metric or a tenant has as many active series as may be; an attribute with too many values is the usual cause"
            }
            Reason::InvalidLabels => "a series needs a metric name and no label twice, within the limits",
            Reason::ConflictingSample => "the series has another value at that time already",
            Reason::UnsupportedHistogram => "a native histogram must agree with itself and have whole counts",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a whole request was refused. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReceiveError {
    /// The body does not follow its format.
    #[error("{0}")]
    Malformed(String),
    /// The content type is none of the route's.
    #[error("content type `{got}` is not supported here; send {expected}")]
    UnsupportedContentType {
        /// What the request said.
        got: String,
        /// What would be taken.
        expected: &'static str,
    },
    /// The content encoding is none we know.
    #[error("content encoding `{0}` is not supported; send gzip, deflate, zstd or identity")]
    UnsupportedEncoding(String),
    /// The body as sent is over the limit.
    #[error("the body is over the limit of {max} bytes; send smaller batches")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// The body unpacked, or the rows it stands for, are over the limit.
    #[error("{what} is over the limit of {max} bytes; send smaller batches")]
    DecompressedTooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// The body expands beyond any plausible ratio.
    #[error("the body unpacks to more than {ratio} times its size")]
    CompressionBomb {
        /// The limit.
        ratio: usize,
    },
    /// The intake is at its bound on bytes in flight.
    #[error("the server is decoding as much as it may; try again")]
    Busy,
    /// What is kept in memory is at its bound, and stays there until something is deleted.
    #[error("{0}")]
    Full(String),
    /// The stage behind refused.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The tenant's name is not allowed.
    #[error("header X-Scope-OrgID: {0}")]
    InvalidTenant(String),
    /// Nothing is served at this path.
    #[error("nothing is served at `{path}`; {hint}")]
    WrongPath {
        /// What was asked for.
        path: String,
        /// What to ask for.
        hint: &'static str,
    },
    /// The path takes POST only.
    #[error("method {0} is not supported here; send POST")]
    WrongMethod(String),
    /// gRPC arrived at the HTTP port.
    #[error("this port takes OTLP over HTTP; send OTLP over gRPC to the gRPC port (4317 unless moved)")]
    GrpcOnHttpPort,
    /// Plain HTTP arrived at the gRPC port.
    #[error(
        "this port takes OTLP over gRPC; send OTLP over HTTP to /v1/traces, /v1/metrics or /v1/logs on the HTTP port \
         (4318 unless moved)"
    )]
    HttpOnGrpcPort,
    /// Credentials are missing or wrong.
    #[error("{0}")]
    Unauthorized(String),
    /// The client went away before its body was complete.
    #[error("the body ended early: {0}")]
    Disconnected(String),
    /// A fault of the server itself.
    #[error("internal fault: {0}")]
    Internal(String),
}

impl ReceiveError {
    /// The reason's name.
    pub const fn reason(&self) -> Reason {
        match self {
            ReceiveError::Malformed(_) => Reason::Malformed,
            ReceiveError::UnsupportedContentType { .. } => Reason::UnsupportedContentType,
            ReceiveError::UnsupportedEncoding(_) => Reason::UnsupportedEncoding,
            ReceiveError::BodyTooLarge { .. } | ReceiveError::Full(_) => Reason::BodyTooLarge,
            ReceiveError::DecompressedTooLarge { .. } | ReceiveError::CompressionBomb { .. } => Reason::DecompressedTooLarge,
            ReceiveError::Busy => Reason::Busy,
            ReceiveError::Sink(e) => match e.kind() {
                ErrorKind::Busy => Reason::Busy,
                ErrorKind::Unavailable | ErrorKind::Timeout => Reason::Unavailable,
                _ => Reason::Internal,
            },
            ReceiveError::InvalidTenant(_) => Reason::InvalidTenant,
            ReceiveError::WrongPath { .. } => Reason::WrongPath,
            ReceiveError::WrongMethod(_) => Reason::WrongMethod,
            ReceiveError::GrpcOnHttpPort => Reason::GrpcOnHttpPort,
            ReceiveError::HttpOnGrpcPort => Reason::HttpOnGrpcPort,
            ReceiveError::Unauthorized(_) => Reason::Unauthorized,
            ReceiveError::Disconnected(_) => Reason::Disconnected,
            ReceiveError::Internal(_) => Reason::Internal,
        }
    }

    /// When the same request may succeed; `None` when it never will.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            ReceiveError::Busy => Some(Duration::from_secs(1)),
            ReceiveError::Sink(e) if e.kind().retryable() => Some(e.retry_after()),
            _ => None,
        }
    }
}
