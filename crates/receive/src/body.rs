//! Reads request bodies within bounds.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use crate::ReceiveError;
use crate::in_flight::Reservation;

/// A refused body is read and thrown away up to this size and time, so that the client sees the
/// answer instead of a broken connection.
const DRAIN_BYTES_MAX: usize = 64 * 1024 * 1024;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// A body that makes no progress for this long is given up.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);

/// Reads a body of at most `max` bytes; the memory is taken from `share` first.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    max: usize,
    share: &mut Reservation,
) -> Result<Bytes, ReceiveError> {
    let announced = content_length(headers).unwrap_or(0);
    if announced > max {
        return Err(ReceiveError::BodyTooLarge { max });
    }
    share.grow_to(announced)?;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = next_chunk(body).await? {
        let total = first.len() + rest.len() + chunk.len();
        if total > max {
            return Err(ReceiveError::BodyTooLarge { max });
        }
        share.grow_to(total)?;
        if first.is_empty() && rest.is_empty() {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(announced.max(total));
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&chunk);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Reads what is left of a refused body and throws it away.
pub(crate) async fn drain(headers: &HeaderMap, mut body: Body) {
    if content_length(headers).is_some_and(|n| n > DRAIN_BYTES_MAX) {
        return;
    }
    let reading = async {
        let mut total = 0;
        while let Ok(Some(chunk)) = next_chunk(&mut body).await {
            total += chunk.len();
            if total > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, reading).await;
}

async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, ReceiveError> {
    loop {
        let frame = tokio::time::timeout(STALL_TIME_MAX, body.frame())
            .await
            .map_err(|_| ReceiveError::Disconnected("no bytes for 30 seconds".into()))?;
        match frame {
            None => return Ok(None),
            Some(Err(e)) => return Err(ReceiveError::Disconnected(e.to_string())),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Ok(Some(data)),
                // Trailers: nothing in them matters here.
                Err(_) => {}
            },
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The content type without parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
