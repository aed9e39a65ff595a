//! Messages in streams, plain or over TLS: nobody is answered. A sender that is faster than the store
//! must wait.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::decode::{Sent, gathered};
use super::{TCP, TLS};
use crate::frames::{Framing, Splitter};
use crate::gather::{self, Decode, Gathering};
use crate::stream::{self, Connection};
use crate::{Protocol, ReceiveState};

/// Takes messages until `shutdown` resolves, and ends when they are written.
pub async fn serve(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    serve_stream(&TCP, listener, None, state, shutdown).await;
}

/// The same over TLS, with the certificate of the settings. Without one, nobody is served.
pub async fn serve_tls(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    if let Some(tls) = state.config.logs.syslog.tls.clone() {
        serve_stream(&TLS, listener, Some(tls.into()), state, shutdown).await;
    }
}

/// The decoder, with the time zone of the configuration.
pub(super) fn decoder(state: &ReceiveState) -> Decode<Sent> {
    let zone = state.config.logs.syslog.time_zone.clone();
    Arc::new(move |sent, tenant, options| gathered(sent, &zone, tenant, options))
}

async fn serve_stream(
    protocol: &'static Protocol,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: ReceiveState,
    shutdown: impl Future<Output = ()>,
) {
    let (gathering, writer) = Gathering::start(protocol, state.clone(), decoder(&state));
    let message_bytes_max = state.config.logs.message_bytes_max;
    let take = {
        let gathering = gathering.clone();
        move |connection: Connection| read(connection, gathering.clone(), message_bytes_max)
    };
    stream::serve(listener, protocol.name, tls, &state.config.logs, take, shutdown).await;
    gather::finish(gathering, writer).await;
}

async fn read(mut connection: Connection, gathering: Gathering<Sent>, message_bytes_max: usize) {
    let peer = Some(connection.peer.ip());
    let mut splitter = Splitter::new(Framing::Syslog, message_bytes_max);
    loop {
        let (frames, ended) = match connection.read().await {
            Some(bytes) => (splitter.push(bytes), false),
            None => (splitter.finish().into_iter().collect(), true),
        };
        for frame in frames {
            let len = frame.bytes.len();
            gathering.put(Sent { frame, peer }, len).await;
        }
        if ended {
            return;
        }
    }
}
