//! Messages over TCP: nobody is answered. A sender that is faster than the store must wait.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::TCP;
use super::decode::gathered;
use crate::ReceiveState;
use crate::frames::{Frame, Framing, Splitter};
use crate::gather::{self, Gathering};
use crate::stream::{self, Connection};

/// Takes messages until `shutdown` resolves, and ends when they are written.
pub async fn serve(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let decode = Arc::new(|frames: &[Frame], tenant, options: &_| gathered(frames, tenant, options));
    let (gathering, writer) = Gathering::start(&TCP, state.clone(), decode);
    let message_bytes_max = state.config.logs.message_bytes_max;
    let take = {
        let gathering = gathering.clone();
        move |connection: Connection| read(connection, gathering.clone(), message_bytes_max)
    };
    stream::serve(listener, TCP.name, None, &state.config.logs, take, shutdown).await;
    gather::finish(gathering, writer).await;
}

async fn read(mut connection: Connection, gathering: Gathering<Frame>, message_bytes_max: usize) {
    let mut splitter = Splitter::new(Framing::Nul, message_bytes_max);
    loop {
        let (frames, ended) = match connection.read().await {
            Some(bytes) => (splitter.push(bytes), false),
            None => (splitter.finish().into_iter().collect(), true),
        };
        for frame in frames {
            let len = frame.bytes.len();
            gathering.put(frame, len).await;
        }
        if ended {
            return;
        }
    }
}
