//! Intakes: bytes of every supported protocol become [`luneta_model::Batch`]es and go to the
//! [`luneta_model::Sink`].
//!
//! One folder per protocol. [`PROTOCOLS`] lists them all; reference docs, metrics, conformance
//! tests and the fuzz targets walk that table. Decoders are functions of bytes, options and a
//! clock value; files are touched only by [`filelog`], sockets only by the modules named `http`, `grpc`,
//! `tcp`, `udp`, `lines`, `stream`, `datagrams` and [`listen`].

pub mod elasticsearch;
pub mod filelog;
pub mod fluent;
pub mod gelf;
pub mod graphite;
pub mod influx;
pub mod jaeger;
pub mod loki;
pub mod otlp;
pub mod prometheus;
pub mod splunk;
pub mod statsd;
pub mod syslog;
pub mod zipkin;

mod body;
mod cardinality;
mod compression;
mod context;
mod datagrams;
mod error;
mod frames;
mod gather;
mod in_flight;
mod intake;
mod lines;
pub mod listen;
mod protocol;
mod record;
mod refusal;
mod state;
mod stats;
mod stream;
pub mod text;
pub mod thrift;
mod wire;

pub use body::read_leftovers;
pub use cardinality::{ActiveSeries, BoundedSink, Cardinality, RefusedSeries, SeriesLimits};
pub use error::{Reason, ReceiveError};
pub use frames::Frame;
pub use listen::{serve_grpc, serve_http, serve_zipkin};
pub use otlp::grpc::router as grpc_service;
pub use otlp::http::router as http_router;
pub use prometheus::http::router as prometheus_router;
pub use prometheus::{PrometheusConfig, PushgatewayConfig};
pub use protocol::{DecodeFn, DecodeOptions, Decoded, Format, Protocol, Route, Tally};
pub use record::{FluentSettings, GelfSettings, LogSettings, SyslogSettings, TimeBounds};
pub use state::{Admission, BodyLimits, CorsOrigins, ReceiveConfig, ReceiveState, admit_by_header};
pub use stats::{IntakeCount, IntakeSnapshot, IntakeStats, ProtocolStats, RefusalNote, RefusedCount};
pub use stream::tls;
pub use zipkin::http::router as zipkin_router;

/// Every protocol this crate understands.
pub static PROTOCOLS: &[&Protocol] = &[
    &otlp::GRPC,
    &otlp::HTTP,
    &jaeger::HTTP,
    &jaeger::GRPC,
    &jaeger::COMPACT,
    &jaeger::BINARY,
    &zipkin::ZIPKIN,
    &prometheus::PROMETHEUS,
    &statsd::UDP,
    &statsd::TCP,
    &graphite::TCP,
    &graphite::UDP,
    &influx::INFLUX,
    &prometheus::pushgateway::PUSHGATEWAY,
    &loki::LOKI,
    &elasticsearch::ELASTICSEARCH,
    &fluent::TCP,
    &fluent::UDP,
    &gelf::UDP,
    &gelf::TCP,
    &syslog::UDP,
    &syslog::TCP,
    &syslog::TLS,
    &splunk::SPLUNK,
    &filelog::FILELOG,
];
