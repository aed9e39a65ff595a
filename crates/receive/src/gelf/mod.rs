//! GELF, Graylog's format: JSON in datagrams, maybe packed, maybe in chunks, or in a stream.
//!
//! <https://go2docs.graylog.org/current/getting_in_log_data/gelf.html>

pub mod chunks;
pub mod decode;
pub mod tcp;
pub mod udp;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Messages over UDP.
pub static UDP: Protocol = Protocol {
    name: "gelf_udp",
    doc: "GELF over UDP: plain, zlib or gzip, whole or in chunks",
    port: 12201,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[MESSAGE] }],
};

/// Messages over TCP.
pub static TCP: Protocol = Protocol {
    name: "gelf_tcp",
    doc: "GELF over TCP: messages that end with a NUL",
    port: 12201,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[MESSAGE] }],
};

const MESSAGE: Format = Format { name: "gelf", content_type: "application/json", decode: decode::message };
