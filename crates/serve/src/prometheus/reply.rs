//! Answers and refusals in the form of Prometheus's API.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use luneta_model::ErrorKind;
use luneta_promql::{ErrorClass, PromqlError};
use luneta_query::{MetricsError, QueryError};
use serde::Serialize;
use serde_json::json;

/// Bytes of a long answer that are written at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Classes of faults, under Prometheus's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The request is wrong.
    BadData,
    /// The query cannot be computed.
    Execution,
    /// It took too long.
    Timeout,
    /// Nobody waits for it any more.
    Canceled,
    /// There is no such thing.
    NotFound,
    /// A fault of the server.
    Internal,
    /// It may succeed later.
    Unavailable,
}

impl ErrorType {
    const fn name(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Timeout => "timeout",
            Self::Canceled => "canceled",
            Self::NotFound => "not_found",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::BadData => StatusCode::BAD_REQUEST,
            Self::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Timeout | Self::Canceled | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is.
    pub class: ErrorType,
    /// What is wrong.
    pub message: String,
}

impl Failure {
    /// A fault of a class.
    pub fn new(class: ErrorType, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// A request that is wrong.
    pub fn bad_data(message: impl Into<String>) -> Self {
        Self::new(ErrorType::BadData, message)
    }

    /// A parameter that is wrong.
    pub fn parameter(name: &str, fault: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {fault}"))
    }

    /// A query that waited or ran too long.
    pub fn timeout(place: &str) -> Self {
        Self::new(ErrorType::Timeout, format!("query timed out in {place}"))
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.class.status()
    }
}

impl From<PromqlError> for Failure {
    fn from(error: PromqlError) -> Self {
        let class = match error.class() {
            ErrorClass::BadData => ErrorType::BadData,
            ErrorClass::Execution => ErrorType::Execution,
            ErrorClass::Timeout => ErrorType::Timeout,
            ErrorClass::Canceled => ErrorType::Canceled,
        };
        Self::new(class, error.to_string())
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        let class = match error.kind() {
            ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::Busy => ErrorType::Execution,
            ErrorKind::NotFound => ErrorType::NotFound,
            ErrorKind::Timeout => ErrorType::Timeout,
            ErrorKind::Unavailable => ErrorType::Unavailable,
            ErrorKind::Internal => ErrorType::Internal,
        };
        Self::new(class, error.to_string())
    }
}

impl From<MetricsError> for Failure {
    fn from(error: MetricsError) -> Self {
        match error {
            MetricsError::Query(error) => error.into(),
            MetricsError::Lake(error) => error.into(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({"status": "error", "errorType": self.class.name(), "error": self.message});
        (self.status(), axum::Json(body)).into_response()
    }
}

/// What an answer's readers should know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// The answer may be wrong, or is not whole.
    pub warnings: Vec<String>,
    /// Worth knowing.
    pub infos: Vec<String>,
}

impl Remarks {
    /// Notes that a limit cut the answer.
    pub fn truncated(&mut self) {
        self.warnings.push("results truncated due to limit".to_owned());
    }

    /// What stands behind the data of an answer, its closing brace included.
    fn tail(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, list) in [("warnings", &self.warnings), ("infos", &self.infos)] {
            if !list.is_empty() {
                out.extend_from_slice(format!(",\"{name}\":{}", json!(list)).as_bytes());
            }
        }
        out.push(b'}');
        out
    }
}

/// A short answer.
pub fn success(data: &impl Serialize, remarks: &Remarks) -> Response {
    let mut out = br#"{"status":"success","data":"#.to_vec();
    if let Err(error) = serde_json::to_writer(&mut out, data) {
        return Failure::new(ErrorType::Internal, error.to_string()).into_response();
    }
    out.extend(remarks.tail());
    with_type(Body::from(out))
}

/// A short answer without remarks.
pub fn plain(data: &impl Serialize) -> Response {
    success(data, &Remarks::default())
}

fn with_type(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Writes one item of a list.
pub type Write<T> = fn(&mut Vec<u8>, &T);

/// An answer that holds a list: pieces of it are made as they are sent, so that the whole text is never
/// in memory.
pub struct Listing<T> {
    /// What is written and not yet taken.
    out: Vec<u8>,
    items: std::vec::IntoIter<T>,
    write: Write<T>,
    first: bool,
    /// What stands behind the list.
    tail: Option<Vec<u8>>,
}

impl<T> Listing<T> {
    /// An answer whose data is a list.
    pub fn of(items: Vec<T>, write: Write<T>, remarks: &Remarks) -> Self {
        Self::within(b"", items, write, b"", remarks)
    }

    /// An answer whose data has a list in it, between `before` and `after`.
    pub fn within(before: &[u8], items: Vec<T>, write: Write<T>, after: &[u8], remarks: &Remarks) -> Self {
        let out = [br#"{"status":"success","data":"#, before, b"["].concat();
        let tail = Some([&b"]"[..], after, &remarks.tail()].concat());
        Self { out, items: items.into_iter(), write, first: true, tail }
    }
}

/// A short answer whose data has one value in it, between `before` and `after`.
pub fn single(before: &[u8], write: impl FnOnce(&mut Vec<u8>), after: &[u8], remarks: &Remarks) -> Vec<u8> {
    let mut out = [br#"{"status":"success","data":"#, before].concat();
    write(&mut out);
    out.extend_from_slice(after);
    out.extend(remarks.tail());
    out
}

/// An answer that is sent piece by piece.
pub fn streamed(pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Response {
    let chunks = pieces.map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    with_type(Body::from_stream(futures::stream::iter(chunks)))
}

impl<T> Iterator for Listing<T> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        self.tail.as_ref()?;
        let mut out = std::mem::take(&mut self.out);
        for item in self.items.by_ref() {
            if !std::mem::take(&mut self.first) {
                out.push(b',');
            }
            (self.write)(&mut out, &item);
            if out.len() >= CHUNK_BYTES {
                return Some(out);
            }
        }
        out.extend(self.tail.take()?);
        Some(out)
    }
}

impl<T: Send + 'static> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        streamed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_come_in_pieces() {
        let write: Write<String> = |out, text| out.extend_from_slice(json!(text).to_string().as_bytes());
        let written = |items: Vec<String>, remarks: &Remarks| {
            let pieces: Vec<Vec<u8>> = Listing::of(items, write, remarks).collect();
            (pieces.len(), String::from_utf8(pieces.concat()).expect("text"))
        };
        let mut remarks = Remarks::default();
        assert_eq!(written(Vec::new(), &remarks), (1, r#"{"status":"success","data":[]}"#.to_owned()));
        remarks.truncated();
        remarks.infos.push("a \"b\"".to_owned());
        let wanted = r#"{"status":"success","data":["a","b"],"warnings":["results truncated due to limit"],"infos":["a \"b\""]}"#;
        assert_eq!(written(vec!["a".into(), "b".into()], &remarks), (1, wanted.to_owned()));
        let (pieces, text) = written(vec!["x".repeat(1000); 200], &Remarks::default());
        assert_eq!(pieces, 4);
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["data"].as_array().expect("a list").len(), 200);
    }
}
