//! Answers in Elasticsearch's form.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::version;
use crate::{Reason, ReceiveError, refusal};

/// Without it, clients say that this is no Elasticsearch, and go.
const PRODUCT_HEADER: HeaderName = HeaderName::from_static("x-elastic-product");

/// An answer to a request with such headers.
pub(super) fn respond(request: &HeaderMap, status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, version::content_type(request));
    headers.insert(PRODUCT_HEADER, HeaderValue::from_static("Elasticsearch"));
    response
}

/// The same with JSON.
pub(super) fn ok(request: &HeaderMap, body: &Value) -> Response<Body> {
    respond(request, StatusCode::OK, body.to_string())
}

/// The answer to a refused request.
pub(super) fn refused(request: &HeaderMap, error: &ReceiveError) -> Response<Body> {
    let (status, _) = refusal::statuses(error.reason());
    let (kind, reason) = (kind(error.reason()), error.to_string());
    let cause = json!({ "type": kind, "reason": reason });
    let body = json!({ "error": { "root_cause": [cause], "type": kind, "reason": reason }, "status": status.as_u16() });
    let mut response = respond(request, status, body.to_string());
    refusal::advise(error, response.headers_mut());
    response
}

/// Names of errors that clients look at.
const fn kind(reason: Reason) -> &'static str {
    match reason {
        Reason::Busy => "es_rejected_execution_exception",
        Reason::Unavailable => "unavailable_shards_exception",
        Reason::Unauthorized => "security_exception",
        Reason::BodyTooLarge | Reason::DecompressedTooLarge => "content_too_long_exception",
        Reason::UnsupportedContentType => "media_type_header_exception",
        Reason::Internal => "exception",
        _ => "illegal_argument_exception",
    }
}
