//! Graphite: points in plain text, `path value timestamp`.

pub mod decode;
mod gather;
pub mod line;
pub mod tcp;
pub mod udp;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Lines over TCP.
pub static TCP: Protocol =
    Protocol { name: "graphite_tcp", doc: "Graphite over TCP: points in plain text, a line each", port: 2003, routes: ROUTES };

/// Lines in datagrams.
pub static UDP: Protocol =
    Protocol { name: "graphite_udp", doc: "Graphite over UDP: points in plain text, a line each", port: 2003, routes: ROUTES };

const ROUTES: &[Route] = &[Route {
    path: "plaintext",
    signal: Signal::Metrics,
    formats: &[Format { name: "graphite", content_type: "text/plain", decode: decode::plaintext }],
}];
