//! How refusals are told: the one table from reasons to statuses, and the headers beside them.

use axum::http::header::{ACCEPT_ENCODING, ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use tonic::Code;

use crate::{Reason, ReceiveError, compression};

/// The HTTP status and the gRPC code of a refusal. Senders repeat 429 and 503, and codes with
/// retry information; everything else is final.
pub(crate) const fn statuses(reason: Reason) -> (StatusCode, Code) {
    match reason {
        Reason::Malformed
        | Reason::InvalidTraceId
        | Reason::InvalidSpanId
        | Reason::TimeOutOfRange
        | Reason::TimeOutOfBounds
        | Reason::InvalidUtf8
        | Reason::BodyCut
        | Reason::TooManySeries
        | Reason::InvalidLabels
        | Reason::ConflictingSample
        | Reason::UnsupportedHistogram
        | Reason::InvalidTenant
        | Reason::Disconnected => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        Reason::UnsupportedContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument),
        Reason::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Unimplemented),
        // gRPC's usual OUT_OF_RANGE and RESOURCE_EXHAUSTED are repeated by some senders for ever.
        Reason::BodyTooLarge | Reason::DecompressedTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument),
        Reason::Busy => (StatusCode::TOO_MANY_REQUESTS, Code::ResourceExhausted),
        Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
        Reason::WrongPath => (StatusCode::NOT_FOUND, Code::Unimplemented),
        Reason::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented),
        Reason::GrpcOnHttpPort | Reason::HttpOnGrpcPort => (StatusCode::BAD_REQUEST, Code::Unimplemented),
        Reason::Unauthorized => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
        Reason::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
    }
}

/// Headers that tell an HTTP client what to do about a refusal.
pub(crate) fn advise(error: &ReceiveError, headers: &mut HeaderMap) {
    if let Some(delay) = error.retry_after() {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    match error.reason() {
        Reason::UnsupportedEncoding => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(compression::ACCEPTED));
        }
        Reason::WrongMethod => {
            headers.insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
        }
        Reason::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
}
