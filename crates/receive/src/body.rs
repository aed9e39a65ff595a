//! Reads request bodies within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

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

/// Middleware: what a handler leaves of the body is read and thrown away before its answer is sent. A client that
/// is still sending would see a broken connection in its place.
pub async fn read_leftovers(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let (back, leftover) = oneshot::channel();
    // Who waits for leave to send has sent nothing that nobody read.
    let waits = headers.contains_key(EXPECT);
    let lent = |body| Body::new(Lent { body, back: Some(back), is_sent: !waits });
    let response = next.run(request.map(lent)).await;
    if let Ok(body) = { leftover }.try_recv() {
        drain(&headers, body).await;
    }
    response
}

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
    /// Whether the sender is at it.
    is_sent: bool,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_sent = true;
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.back = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take().filter(|_| self.is_sent) {
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
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
