//! StatsD and DogStatsD: single measurements in datagrams or on a stream, added up over an
//! interval and written as points of delta temporality.

mod aggregate;
pub mod decode;
mod event;
mod flush;
mod histogram;
mod key;
mod line;
mod rows;
pub mod tcp;
pub mod udp;

pub use aggregate::Settings;
pub(crate) use flush::Statsd;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Service name of series that bring none.
pub const UNKNOWN_SERVICE: &str = "unknown_service:statsd";
/// `event_name` of DogStatsD's events.
pub const EVENT_NAME: &str = "dogstatsd.event";
/// `event_name` of DogStatsD's service checks.
pub const CHECK_NAME: &str = "dogstatsd.service_check";

/// Datagrams over UDP, or over a Unix socket.
pub static UDP: Protocol = Protocol {
    name: "statsd_udp",
    doc: "StatsD and DogStatsD in datagrams: metrics, events and service checks",
    port: 8125,
    routes: ROUTES,
};

/// Lines over TCP.
pub static TCP: Protocol = Protocol {
    name: "statsd_tcp",
    doc: "StatsD and DogStatsD over TCP: metrics, events and service checks, a line each",
    port: 8125,
    routes: ROUTES,
};

const ROUTES: &[Route] = &[
    Route {
        path: "metrics",
        signal: Signal::Metrics,
        formats: &[Format { name: "statsd", content_type: "text/plain", decode: decode::metrics }],
    },
    Route {
        path: "events",
        signal: Signal::Logs,
        formats: &[Format { name: "statsd", content_type: "text/plain", decode: decode::logs }],
    },
];
