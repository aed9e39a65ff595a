//! Records over TCP, acknowledged when they are durable, if the sender asks for that.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::TCP;
use super::decode::{gathered, why};
use super::handshake::{self, NONCE_BYTES};
use super::message::Message;
use super::msgpack::{Scan, Stop};
use crate::gather::{self, Gathering};
use crate::stream::{self, Connection};
use crate::{ReceiveError, ReceiveState};

/// Bytes of what a sender may say before it is let in.
const PING_BYTES_MAX: usize = 16 * 1024;

/// Takes records until `shutdown` resolves, and ends when they are written.
pub async fn serve(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let (gathering, writer) = Gathering::start(
        &TCP,
        state.clone(),
        Arc::new(|messages: &[Vec<u8>], tenant, options| gathered(messages, tenant, options)),
    );
    let take = {
        let (gathering, state) = (gathering.clone(), state.clone());
        move |connection: Connection| {
            let taking = Taking { connection, held: Vec::new(), scan: Scan::default(), gathering: gathering.clone() };
            taking.run(state.clone())
        }
    };
    stream::serve(listener, TCP.name, None, &state.config.logs, take, shutdown).await;
    gather::finish(gathering, writer).await;
}

/// One connection as it is read.
struct Taking {
    connection: Connection,
    /// Bytes that were not handed on yet.
    held: Vec<u8>,
    scan: Scan,
    gathering: Gathering<Vec<u8>>,
}

impl Taking {
    async fn run(mut self, state: ReceiveState) {
        let settings = &state.config.logs;
        if let Some(key) = &settings.fluent.shared_key
            && !self.admitted(key, &settings.fluent.hostname).await
        {
            return;
        }
        while let Some(message) = self.message(settings.message_bytes_max).await {
            // Options that cannot be read are those of a message that cannot be read: it is counted later.
            let chunk = Message::read(&message).ok().and_then(|message| message.options.chunk.map(<[u8]>::to_vec));
            let bytes = message.len();
            let Some(chunk) = chunk else {
                self.gathering.put(message, bytes).await;
                continue;
            };
            // A sender that hears nothing sends it again.
            if !self.gathering.keep(message, bytes).await || !self.connection.write(&handshake::ack(&chunk)).await {
                return;
            }
        }
    }

    /// The next message; `None` when there is none to come.
    async fn message(&mut self, bytes_max: usize) -> Option<Vec<u8>> {
        loop {
            match self.scan.end(&self.held) {
                Ok(end) => {
                    let rest = self.held.split_off(end);
                    self.scan = Scan::default();
                    return Some(std::mem::replace(&mut self.held, rest));
                }
                Err(Stop::Short) if self.held.len() <= bytes_max => {}
                Err(stop) => {
                    // Where the next message begins is not known.
                    self.gathering.refuse(&match stop {
                        Stop::Short => ReceiveError::BodyTooLarge { max: bytes_max },
                        Stop::Invalid => ReceiveError::Malformed(why(stop).to_owned()),
                    });
                    return None;
                }
            }
            let Some(bytes) = self.connection.read().await else {
                if !self.held.is_empty() {
                    self.gathering.refuse(&ReceiveError::Disconnected("within a message".to_owned()));
                }
                return None;
            };
            self.held.extend_from_slice(bytes);
        }
    }

    async fn admitted(&mut self, key: &str, hostname: &str) -> bool {
        let mut nonce = [0; NONCE_BYTES];
        if let Err(error) = getrandom::fill(&mut nonce) {
            self.gathering.refuse(&ReceiveError::Internal(error.to_string()));
            return false;
        }
        if !self.connection.write(&handshake::helo(&nonce)).await {
            return false;
        }
        let Some(ping) = self.message(PING_BYTES_MAX).await else { return false };
        let (answer, admitted) = handshake::pong(&ping, &nonce, key, hostname);
        if !admitted {
            self.gathering.refuse(&ReceiveError::Unauthorized("a sender does not know the shared key".to_owned()));
        }
        self.connection.write(&answer).await && admitted
    }
}
