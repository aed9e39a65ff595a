//! Jaeger over UDP, as its agent takes it: a call in each datagram, and nobody to answer.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use luneta_model::Signal;
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::{Protocol, ReceiveError, ReceiveState};

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Datagrams taken from the socket and not yet durable. They are worked on side by side, so that
/// the log syncs once for many.
const QUEUE_MAX: usize = 256;
/// How long datagrams already taken may need when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Takes datagrams of a protocol ([`super::COMPACT`] or [`super::BINARY`]) until `shutdown`
/// resolves. A datagram that cannot be kept is counted and forgotten.
pub async fn serve(socket: UdpSocket, protocol: &'static Protocol, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let queue = Arc::new(Semaphore::new(QUEUE_MAX));
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = &mut shutdown => break,
        };
        match received {
            Ok((len, _)) => enqueue(&queue, protocol, &state, buffer.get(..len).unwrap_or_default()),
            Err(e) => {
                // What other hosts answered to datagrams long gone: it passes.
                tracing::warn!(error = %e, protocol = protocol.name, "receiving a datagram failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let _ = tokio::time::timeout(GRACE, queue.acquire_many(QUEUE_MAX as u32)).await;
}

/// Starts work on a datagram, or counts it as refused when too many wait.
fn enqueue(queue: &Arc<Semaphore>, protocol: &'static Protocol, state: &ReceiveState, datagram: &[u8]) {
    state.stats.of(protocol).request();
    match queue.clone().try_acquire_owned() {
        Ok(place) => {
            tokio::spawn(work(place, protocol, state.clone(), Bytes::copy_from_slice(datagram)));
        }
        Err(_) => refuse(protocol, state, &ReceiveError::Busy),
    }
}

async fn work(place: OwnedSemaphorePermit, protocol: &'static Protocol, state: ReceiveState, datagram: Bytes) {
    if let Err(error) = receive(protocol, &state, datagram).await {
        refuse(protocol, &state, &error);
    }
    drop(place);
}

async fn receive(protocol: &'static Protocol, state: &ReceiveState, body: Bytes) -> Result<(), ReceiveError> {
    // A datagram carries neither tenant nor credentials: where those are asked for, it is refused.
    let tenant = (state.config.admission)(&HeaderMap::new())?;
    let format = protocol.routes.first().and_then(|route| route.formats.first());
    let decode = format.ok_or_else(|| ReceiveError::Internal("the protocol has no decoder".into()))?.decode;
    let mut share = state.reservation(&tenant);
    share.grow_to(body.len())?;
    let (signal, encoding) = (Signal::Spans, Encoding::Identity);
    intake::take(state, Job { protocol, signal, tenant, encoding, decode, body, share }).await?;
    Ok(())
}

fn refuse(protocol: &Protocol, state: &ReceiveState, error: &ReceiveError) {
    state.stats.refuse(protocol, Some(Signal::Spans), error, (state.config.clock)());
}
