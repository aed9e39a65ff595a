//! StatsD in datagrams, over UDP and over Unix sockets: nobody is answered.

use std::io;
use std::time::Duration;

use tokio::net::{UdpSocket, UnixDatagram};

use super::{UDP, flush};
use crate::ReceiveState;

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Datagrams that are still read when the server stops.
const LAST_DATAGRAMS_MAX: usize = 65_536;

/// Takes datagrams until `shutdown` resolves, then writes what they came to.
pub async fn serve(socket: UdpSocket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    receive(&Socket::Udp(socket), state, shutdown).await;
}

/// The same over a Unix datagram socket.
pub async fn serve_unix(socket: UnixDatagram, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    receive(&Socket::Unix(socket), state, shutdown).await;
}

enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Socket {
    async fn next(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Udp(socket) => socket.recv_from(buffer).await.map(|(len, _)| len),
            Socket::Unix(socket) => socket.recv(buffer).await,
        }
    }
}

async fn receive(socket: &Socket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let writer = tokio::spawn(flush::run(state.clone()));
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let received = tokio::select! {
            received = socket.next(&mut buffer) => received,
            () = &mut shutdown => break,
        };
        match received {
            Ok(len) => flush::add(&UDP, &state, buffer.get(..len).unwrap_or_default()),
            Err(e) => {
                // What other hosts answered to datagrams long gone: it passes.
                tracing::warn!(error = %e, protocol = UDP.name, "receiving a datagram failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // What has arrived already.
    for _ in 0..LAST_DATAGRAMS_MAX {
        let Ok(Ok(len)) = tokio::time::timeout(Duration::from_millis(1), socket.next(&mut buffer)).await else { break };
        flush::add(&UDP, &state, buffer.get(..len).unwrap_or_default());
    }
    writer.abort();
    flush::last(&state).await;
}
