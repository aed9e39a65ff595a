//! Heartbeats over UDP: a sender wants to know whether somebody is there.

use tokio::net::UdpSocket;

use super::UDP;
use crate::{ReceiveState, datagrams};

/// Answers heartbeats until `shutdown` resolves.
pub async fn serve(socket: UdpSocket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let answer = |datagram: &[u8], peer| {
        let counts = state.stats.of(&UDP);
        counts.request();
        counts.body(datagram.len());
        // One that is lost is asked for again.
        let _ = socket.try_send_to(&[0], peer);
    };
    datagrams::serve(&socket, UDP.name, answer, shutdown).await;
}
