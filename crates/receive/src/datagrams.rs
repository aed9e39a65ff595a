//! Datagrams over UDP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Datagrams that are still read when the server stops.
const LAST_DATAGRAMS_MAX: usize = 4096;
/// How long each of them may take.
const LAST_TIME_MAX: Duration = Duration::from_millis(1);

/// Hands datagrams to `take` until `shutdown` resolves, and those that have arrived by then.
pub(crate) async fn serve(
    socket: &UdpSocket,
    name: &'static str,
    mut take: impl FnMut(&[u8], SocketAddr),
    shutdown: impl Future<Output = ()>,
) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = &mut shutdown => break,
        };
        match received {
            Ok((len, peer)) => take(buffer.get(..len).unwrap_or_default(), peer),
            Err(e) => {
                // What other hosts answered to datagrams long gone: it passes.
                tracing::warn!(error = %e, protocol = name, "receiving a datagram failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    for _ in 0..LAST_DATAGRAMS_MAX {
        let last = tokio::time::timeout(LAST_TIME_MAX, socket.recv_from(&mut buffer));
        let Ok(Ok((len, peer))) = last.await else { break };
        take(buffer.get(..len).unwrap_or_default(), peer);
    }
}
