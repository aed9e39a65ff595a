//! The framing of gRPC: methods here take one message, plain or packed by gzip, and answer with one or several.

use std::borrow::Cow;
use std::io::Read as _;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http_body_util::{BodyExt as _, Full};
use luneta_model::ErrorKind;
use luneta_query::QueryError;
use prost::Message;

/// Bytes of a question, packed or not.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// A frame's head: one byte that says whether it is packed, four of length.
const FRAME_HEAD_BYTES: usize = 5;
/// What gzip begins with.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The question is wrong.
    Invalid(String),
    /// There is no such trace.
    NotFound,
    /// There is no such method.
    Unimplemented(&'static str),
    /// The lake gave no answer.
    Query(QueryError),
}

impl Failure {
    /// A question that is wrong.
    pub fn invalid(message: &str) -> Self {
        Self::Invalid(message.to_owned())
    }

    /// Number and message of gRPC's status.
    fn status(&self) -> (u8, String) {
        match self {
            Failure::Invalid(message) => (3, message.clone()),
            Failure::NotFound => (5, "trace not found".to_owned()),
            Failure::Unimplemented(message) => (12, (*message).to_owned()),
            Failure::Query(error) => {
                let code = match error.kind() {
                    ErrorKind::Invalid => 3,
                    ErrorKind::Busy => 8,
                    ErrorKind::Unavailable => 14,
                    ErrorKind::Timeout => 4,
                    _ => 13,
                };
                let place = error.position().map(|at| format!("line {}, column {}: ", at.line, at.column));
                (code, format!("{}{error}", place.unwrap_or_default()))
            }
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Failure::Query(error)
    }
}

impl IntoResponse for Failure {
    /// HTTP 200, the status in the headers.
    fn into_response(self) -> Response {
        let (code, message) = self.status();
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from(u16::from(code)));
        headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip"));
        if let Ok(message) = HeaderValue::from_str(&percent_encoded(&message)) {
            headers.insert("grpc-message", message);
        }
        response
    }
}

fn percent_encoded(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or_default().to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// Reads the message of a call.
///
/// # Errors
/// [`Failure::Invalid`] when it is none, or too large.
pub async fn read<M: Message + Default>(body: Body) -> Result<M, Failure> {
    let bytes = to_bytes(body, REQUEST_BYTES_MAX).await;
    let bytes = bytes.map_err(|e| Failure::Invalid(format!("the message cannot be read, or is too large: {e}")))?;
    decode(&bytes)
}

/// The message of one frame.
pub fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, Failure> {
    let Some((head, message)) = bytes.split_first_chunk::<FRAME_HEAD_BYTES>() else {
        return Err(Failure::invalid("there is no message"));
    };
    let [packed, length @ ..] = *head;
    if u32::from_be_bytes(length) as usize != message.len() {
        return Err(Failure::invalid("one message was expected"));
    }
    let message = if packed == 0 { Cow::Borrowed(message) } else { Cow::Owned(unpacked(message)?) };
    M::decode(&*message).map_err(|e| Failure::Invalid(e.to_string()))
}

fn unpacked(message: &[u8]) -> Result<Vec<u8>, Failure> {
    if !message.starts_with(GZIP_MAGIC) {
        return Err(Failure::Unimplemented("messages are read plain, or packed by gzip"));
    }
    let mut out = Vec::new();
    let mut unpacking = GzDecoder::new(message).take(REQUEST_BYTES_MAX as u64 + 1);
    unpacking.read_to_end(&mut out).map_err(|e| Failure::Invalid(format!("the message cannot be unpacked: {e}")))?;
    if out.len() > REQUEST_BYTES_MAX {
        return Err(Failure::Invalid(format!("the message has more than {REQUEST_BYTES_MAX} bytes")));
    }
    Ok(out)
}

/// Messages, each in its frame.
pub fn frames<M: Message>(messages: impl IntoIterator<Item = M>) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.push(0);
        out.extend_from_slice(&(message.encoded_len() as u32).to_be_bytes());
        out.extend_from_slice(&message.encode_to_vec());
    }
    out
}

/// An answer of one message.
pub fn unary(message: &impl Message) -> Response {
    let mut out = vec![0];
    out.extend_from_slice(&(message.encoded_len() as u32).to_be_bytes());
    out.extend_from_slice(&message.encode_to_vec());
    stream(out)
}

/// An answer of frames.
pub fn stream(frames: Vec<u8>) -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(frames)).with_trailers(std::future::ready(Some(Ok(trailers))));
    ([(header::CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response()
}
