//! Messages over UDP: nobody is answered.

use std::sync::Arc;

use tokio::net::UdpSocket;

use super::UDP;
use super::chunks::{Chunks, MAGIC, Outcome};
use super::decode::gathered;
use crate::frames::Frame;
use crate::gather::{self, Gathering};
use crate::{Reason, ReceiveState, Tally, datagrams};

/// Takes datagrams until `shutdown` resolves, and ends when they are written.
pub async fn serve(socket: UdpSocket, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let decode = Arc::new(|frames: &[Frame], tenant, options: &_| gathered(frames, tenant, options));
    let (gathering, writer) = Gathering::start(&UDP, state.clone(), decode);
    let mut chunks = Chunks::new(state.config.logs.gelf);
    let clock = state.config.clock;
    let take = |datagram: &[u8], peer: std::net::SocketAddr| {
        let mut lost = Tally::default();
        let whole = if datagram.starts_with(&MAGIC) {
            let now = clock();
            let outcome = chunks.push(peer.ip(), datagram, now);
            lost.reject_many(Reason::Malformed, chunks.expire(now) + u64::from(outcome == Outcome::Invalid));
            if let Outcome::Whole(message) = outcome { Some(message) } else { None }
        } else {
            Some(datagram.to_vec())
        };
        if lost.rejected_total() > 0 {
            gathering.count(&lost);
        }
        if let Some(bytes) = whole {
            let len = bytes.len();
            gathering.put_now(Frame { bytes, bytes_sent: 0 }, len);
        }
    };
    datagrams::serve(&socket, UDP.name, take, shutdown).await;
    gather::finish(gathering, writer).await;
}
