//! Entries of files and of programs to a server, over OTLP.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use luneta_model::SinkError;
use luneta_receive::filelog::Destination;
use luneta_receive::text::{self, Sourced};
use luneta_receive::{DecodeOptions, ReceiveError};

use crate::client::Client;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Nanoseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A server.
pub struct Server(pub Client);

#[async_trait]
impl Destination for Server {
    async fn deliver(&self, batch: Arc<Vec<Sourced>>) -> Result<(), ReceiveError> {
        let body = tokio::task::spawn_blocking(move || text::otlp(&batch, &DecodeOptions::at(now()))).await;
        let body = body.map_err(|e| ReceiveError::Internal(e.to_string()))?;
        let unavailable = |reason: String| SinkError::Unavailable { reason, retry_after: Duration::from_secs(1) };
        let sent = self.0.post_bytes("/v1/logs", "application/x-protobuf", body, TIMEOUT).await;
        let (status, answer) = sent.map_err(|e| unavailable(format!("{e:#}")))?;
        let told = || format!("the server answered {status}: {}", String::from_utf8_lossy(&answer).trim());
        match status {
            200..300 => Ok(()),
            408 | 429 | 500.. => Err(unavailable(told()).into()),
            _ => Err(ReceiveError::Malformed(told())),
        }
    }
}
