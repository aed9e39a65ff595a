//! Graphite over UDP: lines in datagrams, and nobody is answered.

use std::time::Duration;

use tokio::net::UdpSocket;

use super::{UDP, gather};
use crate::{ReceiveError, ReceiveState};

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Datagrams that are still read when the server stops.
const LAST_DATAGRAMS_MAX: usize = 256;

/// Takes datagrams until `shutdown` resolves, and ends when they are written. One that finds no
/// room is counted and forgotten.
pub async fn serve(socket: UdpSocket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let (sender, writer) = gather::start(&UDP, state.clone());
    let take = |datagram: &[u8]| {
        gather::arrived(&UDP, &state, datagram);
        if sender.try_send(datagram.to_vec()).is_err() {
            gather::refuse(&UDP, &state, &ReceiveError::Busy);
        }
    };
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = &mut shutdown => break,
        };
        match received {
            Ok((len, _)) => take(buffer.get(..len).unwrap_or_default()),
            Err(e) => {
                // What other hosts answered to datagrams long gone: it passes.
                tracing::warn!(error = %e, protocol = UDP.name, "receiving a datagram failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // What has arrived already.
    for _ in 0..LAST_DATAGRAMS_MAX {
        let Ok((len, _)) = socket.try_recv_from(&mut buffer) else { break };
        take(buffer.get(..len).unwrap_or_default());
    }
    gather::finish(sender, writer).await;
}
