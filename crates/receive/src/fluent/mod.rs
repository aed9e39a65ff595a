//! Fluent's forward protocol, as Fluentd, Fluent Bit and the logger libraries send it.
//!
//! <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.5>

pub mod decode;
mod handshake;
mod message;
pub mod msgpack;
pub mod tcp;
pub mod udp;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Records over TCP.
pub static TCP: Protocol = Protocol {
    name: "fluent",
    doc: "Fluent's forward protocol over TCP: records of Fluentd, Fluent Bit and logger libraries",
    port: 24224,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[FORWARD] }],
};

/// Heartbeats over UDP.
pub static UDP: Protocol = Protocol {
    name: "fluent_heartbeat",
    doc: "Fluent's forward protocol over UDP: heartbeats, which are answered",
    port: 24224,
    routes: &[],
};

const FORWARD: Format = Format { name: "forward", content_type: "application/msgpack", decode: decode::forward };

/// Resource attribute with the tag of a record.
pub const TAG_ATTRIBUTE: &str = "fluent.tag";
