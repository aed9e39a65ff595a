//! StatsD over TCP: lines, and nobody is answered.

use tokio::net::TcpListener;

use super::{TCP, flush};
use crate::ReceiveState;
use crate::lines::{self, Chunk};

/// Takes lines until `shutdown` resolves, then writes what they came to.
pub async fn serve(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let writer = tokio::spawn(flush::run(state.clone()));
    let take = {
        let state = state.clone();
        move |chunk: Chunk| {
            match chunk {
                Chunk::Lines(lines) => flush::add(&TCP, &state, &lines),
                Chunk::TooLong => flush::too_long(&state),
            }
            std::future::ready(())
        }
    };
    lines::serve(listener, TCP.name, take, shutdown).await;
    writer.abort();
    flush::last(&state).await;
}
