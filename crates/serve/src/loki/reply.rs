//! Answers and refusals in the form of Loki's API.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use luneta_logql::LogqlError;
use luneta_model::ErrorKind;
use luneta_promql::ErrorClass;
use luneta_query::{LogsError, QueryError};

/// The client went away before the answer.
const CLOSED_REQUEST: u16 = 499;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is wrong.
    pub message: String,
}

impl Failure {
    /// The request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }
}

impl From<LogqlError> for Failure {
    fn from(error: LogqlError) -> Self {
        let status = match error.class() {
            // Whatever the data and the limits do not allow, the query can be written in another way.
            ErrorClass::BadData | ErrorClass::Execution => StatusCode::BAD_REQUEST,
            ErrorClass::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorClass::Canceled => StatusCode::from_u16(CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST),
        };
        Self { status, message: error.to_string() }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        let status = match error.kind() {
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message: error.to_string() }
    }
}

impl From<LogsError> for Failure {
    fn from(error: LogsError) -> Self {
        match error {
            LogsError::Query(error) => error.into(),
            LogsError::Lake(error) => error.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, self.message).into_response()
    }
}

/// JSON that was written already.
pub fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}
