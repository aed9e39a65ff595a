//! Answers and refusals in Jaeger's form.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use luneta_model::ErrorKind;
use luneta_query::QueryError;
use serde::Serialize;

use super::model::{self, Envelope, Fault};
use crate::attribute_text::trace_id_text;
use crate::parameters::Parameters;

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The request is wrong.
    Invalid(String),
    /// There is no such trace.
    NotFound,
    /// There is no such path.
    NoEndpoint,
    /// Metrics made from spans are asked for, which Jaeger takes from another server.
    NoMetrics,
    /// The lake gave no answer.
    Query(QueryError),
}

impl Failure {
    /// A request that is wrong.
    pub fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }

    /// Status and message.
    pub fn told(&self) -> (StatusCode, String) {
        match self {
            Failure::Invalid(message) => (StatusCode::BAD_REQUEST, message.clone()),
            Failure::NotFound => (StatusCode::NOT_FOUND, TRACE_NOT_FOUND.to_owned()),
            Failure::NoEndpoint => (StatusCode::NOT_FOUND, "no such endpoint".to_owned()),
            Failure::NoMetrics => (StatusCode::NOT_IMPLEMENTED, "metrics querying is currently disabled".to_owned()),
            Failure::Query(error) => (query_status(error), error.to_string()),
        }
    }
}

const TRACE_NOT_FOUND: &str = "trace not found";

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Failure::Query(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, msg) = self.told();
        let fault = Fault { code: Some(status.as_u16()), msg, trace_id: None };
        let envelope = Envelope::<()> { data: None, total: 0, limit: 0, offset: 0, errors: Some(vec![fault]) };
        (status, json(model::json(&envelope, false))).into_response()
    }
}

/// The status of a query without an answer. A query that these APIs make is never the client's fault.
pub fn query_status(error: &QueryError) -> StatusCode {
    match error.kind() {
        ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A trace among several that is not there.
pub fn not_found(id: u128) -> Fault {
    Fault { code: None, msg: TRACE_NOT_FOUND.to_owned(), trace_id: Some(trace_id_text(id)) }
}

/// A trace that would make an answer too large.
pub fn left_out(id: u128) -> Fault {
    let msg = "the trace was left out of a large answer; ask for it alone".to_owned();
    Fault { code: None, msg, trace_id: Some(trace_id_text(id)) }
}

/// Whether the answer is to be read by people.
pub fn is_pretty(parameters: &Parameters) -> bool {
    parameters.first("prettyPrint").is_some_and(|value| value != "false")
}

/// An answer in the form the request wants.
pub fn answer(envelope: &impl Serialize, parameters: &Parameters) -> Response {
    json(model::json(envelope, is_pretty(parameters)))
}

/// JSON that is written already.
pub fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}
