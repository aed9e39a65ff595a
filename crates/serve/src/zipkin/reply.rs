//! Answers and refusals in Zipkin's form: JSON, and plain text for what went wrong.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use luneta_model::ErrorKind;
use luneta_query::QueryError;
use serde::Serialize;

use crate::lookup;

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The request is wrong.
    Invalid(String),
    /// There is no trace of this id.
    NotFound(String),
    /// The lake gave no answer.
    Query(QueryError),
}

impl Failure {
    /// A request that is wrong.
    pub fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Failure::Query(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Failure::Invalid(message) => (StatusCode::BAD_REQUEST, message),
            Failure::NotFound(id) => (StatusCode::NOT_FOUND, format!("{id} not found")),
            Failure::Query(error) => {
                let status = match error.kind() {
                    ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
                    ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                    ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                (status, error.to_string())
            }
        };
        (status, message).into_response()
    }
}

/// Names in small letters, each once.
pub fn names(names: Vec<String>) -> Response {
    exact_names(names.into_iter().map(|name| name.to_lowercase()).collect())
}

/// Names as they are, each once, in order.
pub fn exact_names(mut names: Vec<String>) -> Response {
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    json(written(&names), &[])
}

/// The JSON of an answer.
pub fn written(answer: &impl Serialize) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let done = serde_json::to_writer(&mut out, answer);
    // Text keys and plain values always have a form.
    debug_assert!(done.is_ok(), "{done:?}");
    out
}

/// JSON that is written already. What it lacks has no place in Zipkin's form and goes into a header.
pub fn json(body: Vec<u8>, lacks: &[String]) -> Response {
    lookup::warn(([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response(), lacks)
}
