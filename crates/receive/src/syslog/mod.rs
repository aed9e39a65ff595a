//! Syslog of RFC 5424 and RFC 3164, in datagrams and in streams, plain or over TLS.

pub mod decode;
pub mod line;
mod rfc3164;
mod rfc5424;
pub mod tcp;
pub mod udp;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Messages in datagrams (RFC 5426).
pub static UDP: Protocol = Protocol {
    name: "syslog_udp",
    doc: "Syslog over UDP: RFC 5424 and RFC 3164",
    port: 5140,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[MESSAGES] }],
};

/// Messages in a stream (RFC 6587).
pub static TCP: Protocol = Protocol {
    name: "syslog_tcp",
    doc: "Syslog over TCP: RFC 5424 and RFC 3164, each message with its length or its end",
    port: 5140,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[MESSAGES] }],
};

/// Messages in a stream over TLS (RFC 5425).
pub static TLS: Protocol = Protocol {
    name: "syslog_tls",
    doc: "Syslog over TLS: as over TCP",
    port: 6514,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[MESSAGES] }],
};

const MESSAGES: Format = Format { name: "syslog", content_type: "text/plain", decode: decode::messages };
