//! Answers in the form of each version of InfluxDB.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::decode::BrokenLine;
use crate::{Reason, ReceiveError, refusal};

/// The version whose API is spoken, for clients that ask.
pub(super) const VERSION: &str = "2.7.0";
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-influxdb-version");
const BUILD_HEADER: HeaderName = HeaderName::from_static("x-influxdb-build");
const ERROR_HEADER: HeaderName = HeaderName::from_static("x-influxdb-error");

/// Whose errors are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    V1,
    V2,
    V3,
}

/// Lines of a request that were left out.
#[derive(Debug)]
pub(super) struct Partial {
    /// The first of them.
    pub(super) broken: Vec<BrokenLine>,
    /// How many there are.
    pub(super) dropped: u64,
    /// Whether the others were kept.
    pub(super) kept: bool,
}

impl Dialect {
    /// The answer to a refused request.
    pub(super) fn refusal(self, error: &ReceiveError) -> Response<Body> {
        let (status, _) = refusal::statuses(error.reason());
        let message = error.to_string();
        let body = match self {
            Dialect::V1 => json!({ "error": message }),
            Dialect::V2 => json!({ "code": code(error.reason()), "message": message }),
            Dialect::V3 => json!({ "error": message, "data": null }),
        };
        let mut response = self.failure(status, &message, &body);
        refusal::advise(error, response.headers_mut());
        response
    }

    /// The answer to a request of which lines were left out.
    pub(super) fn partial(self, partial: &Partial) -> Response<Body> {
        let message = partial.message();
        let body = match self {
            Dialect::V1 => json!({ "error": message }),
            Dialect::V2 => {
                let line = partial.broken.first().map(|broken| broken.number);
                json!({ "code": "invalid", "message": message, "line": line })
            }
            Dialect::V3 => {
                let lines: Vec<Value> = partial.broken.iter().map(described).collect();
                let error =
                    if partial.kept { "partial write of line protocol occurred" } else { "parsing failed for write_lp endpoint" };
                json!({ "error": error, "data": lines })
            }
        };
        self.failure(StatusCode::BAD_REQUEST, &message, &body)
    }

    fn failure(self, status: StatusCode, message: &str, body: &Value) -> Response<Body> {
        let mut response = json_body(status, body);
        if self != Dialect::V3
            && let Ok(value) = HeaderValue::from_str(message)
        {
            response.headers_mut().insert(ERROR_HEADER, value);
        }
        response
    }
}

impl Partial {
    /// Clients of the first version look for `partial write` and `unable to parse`, to know that
    /// there is no use in sending the lines again.
    fn message(&self) -> String {
        let first = self.broken.first().map_or_else(String::new, |broken| {
            format!("unable to parse '{}': {} (line {})", broken.text, broken.fault, broken.number)
        });
        if self.kept { format!("partial write: {first} dropped={}", self.dropped) } else { first }
    }
}

fn described(broken: &BrokenLine) -> Value {
    json!({ "original_line": broken.text, "line_number": broken.number, "error_message": broken.fault.to_string() })
}

/// Error codes of the second version.
const fn code(reason: Reason) -> &'static str {
    match reason {
        Reason::BodyTooLarge | Reason::DecompressedTooLarge => "request too large",
        Reason::Busy => "too many requests",
        Reason::Unavailable => "unavailable",
        Reason::Unauthorized => "unauthorized",
        Reason::WrongPath => "not found",
        Reason::WrongMethod => "method not allowed",
        Reason::Internal => "internal error",
        _ => "invalid",
    }
}

/// 204, for what was taken whole, and for `/ping`.
pub(super) fn no_content() -> Response<Body> {
    respond(StatusCode::NO_CONTENT, Body::empty())
}

pub(super) fn json_body(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = respond(status, Body::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn respond(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    headers.insert(BUILD_HEADER, HeaderValue::from_static("luneta"));
    response
}
