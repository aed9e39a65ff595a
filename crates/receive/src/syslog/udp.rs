//! Messages in datagrams: nobody is answered.

use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::UDP;
use super::decode::Sent;
use super::tcp::decoder;
use crate::frames::Frame;
use crate::gather::{self, Gathering};
use crate::{ReceiveState, datagrams};

/// Takes datagrams until `shutdown` resolves, and ends when they are written.
pub async fn serve(socket: UdpSocket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let (gathering, writer) = Gathering::start(&UDP, state.clone(), decoder(&state));
    let take = |datagram: &[u8], peer: SocketAddr| {
        let frame = Frame { bytes: datagram.to_vec(), bytes_sent: 0 };
        gathering.put_now(Sent { frame, peer: Some(peer.ip()) }, datagram.len());
    };
    datagrams::serve(&socket, UDP.name, take, shutdown).await;
    gather::finish(gathering, writer).await;
}
