//! Lines of many connections or datagrams, written together: one line is little for a batch.

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use bytes::Bytes;
use luneta_model::Signal;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::{Decoded, Protocol, ReceiveError, ReceiveState, Tally, intake};

/// Runs of lines that wait.
const QUEUE_MAX: usize = 256;
/// How long lines wait for others.
const GATHER_TIME: Duration = Duration::from_millis(200);
/// Bytes that are enough for a batch.
const BATCH_BYTES: usize = 1024 * 1024;
/// How long lines are kept that the server has no room for.
const RETRY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long lines already taken may need when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// A run of whole lines.
pub(super) type Lines = Vec<u8>;

/// Starts to write what comes through the channel returned, until its senders are gone.
pub(super) fn start(protocol: &'static Protocol, state: ReceiveState) -> (mpsc::Sender<Lines>, JoinHandle<()>) {
    let (sender, lines) = mpsc::channel(QUEUE_MAX);
    (sender, tokio::spawn(run(protocol, state, lines)))
}

/// Waits until what was taken is written.
pub(super) async fn finish(sender: mpsc::Sender<Lines>, writer: JoinHandle<()>) {
    drop(sender);
    let _ = tokio::time::timeout(GRACE, writer).await;
}

async fn run(protocol: &'static Protocol, state: ReceiveState, mut lines: mpsc::Receiver<Lines>) {
    while let Some(mut batch) = lines.recv().await {
        let deadline = tokio::time::Instant::now() + GATHER_TIME;
        while batch.len() < BATCH_BYTES {
            let Ok(Some(more)) = tokio::time::timeout_at(deadline, lines.recv()).await else { break };
            if !batch.ends_with(b"\n") {
                batch.push(b'\n');
            }
            batch.extend_from_slice(&more);
        }
        if let Err(error) = write(protocol, &state, batch.into()).await {
            refuse(protocol, &state, &error);
        }
    }
}

async fn write(protocol: &'static Protocol, state: &ReceiveState, lines: Bytes) -> Result<(), ReceiveError> {
    // A line carries neither tenant nor credentials: where those are asked for, it is refused.
    let tenant = (state.config.admission)(&HeaderMap::new())?;
    let started = Instant::now();
    let mut share = state.reservation(&tenant);
    while let Err(error) = share.grow_to(lines.len()) {
        if started.elapsed() > RETRY_TIME_MAX {
            return Err(error);
        }
        tokio::time::sleep(GATHER_TIME).await;
    }
    let format = protocol.routes.first().and_then(|route| route.formats.first());
    let decode = format.ok_or_else(|| ReceiveError::Internal("the protocol has no decoder".into()))?.decode;
    let options = state.decode_options();
    let work = move |bytes: &[u8]| decode(bytes, tenant, &options);
    let encoding = crate::compression::Encoding::Identity;
    let (Decoded { batch, mut tally }, share) = intake::unpacked(state, encoding, lines, share, work).await?;
    let delivered = intake::deliver_patiently(state, protocol, batch, &mut tally, RETRY_TIME_MAX).await;
    drop(share);
    delivered.map(|_| ())
}

/// Counts lines that came, before they are written.
pub(super) fn arrived(protocol: &Protocol, state: &ReceiveState, lines: &[u8]) {
    let counts = state.stats.of(protocol);
    counts.request();
    counts.body(lines.len());
}

/// Counts lines that were not kept.
pub(super) fn refuse(protocol: &Protocol, state: &ReceiveState, error: &ReceiveError) {
    state.stats.refuse(protocol, Some(Signal::Metrics), error, (state.config.clock)());
}

/// Counts a line that was too long to be read.
pub(super) fn too_long(protocol: &Protocol, state: &ReceiveState) {
    let mut tally = Tally::default();
    tally.reject(crate::Reason::BodyTooLarge);
    state.stats.accept(protocol, Signal::Metrics, 0, &tally, (state.config.clock)());
}
