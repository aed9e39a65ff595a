//! Graphite over TCP: lines, and nobody is answered. A sender that is faster than the store must
//! wait.

use tokio::net::TcpListener;

use super::{TCP, gather};
use crate::ReceiveState;
use crate::lines::{self, Chunk};

/// Takes lines until `shutdown` resolves, and ends when they are written.
pub async fn serve(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let (sender, writer) = gather::start(&TCP, state.clone());
    let take = {
        let sender = sender.clone();
        move |chunk: Chunk| {
            let (state, sender) = (state.clone(), sender.clone());
            async move {
                match chunk {
                    Chunk::Lines(lines) => {
                        gather::arrived(&TCP, &state, &lines);
                        // The writer ends after the last connection.
                        let _ = sender.send(lines).await;
                    }
                    Chunk::TooLong => gather::too_long(&TCP, &state),
                }
            }
        }
    };
    lines::serve(listener, TCP.name, take, shutdown).await;
    gather::finish(sender, writer).await;
}
