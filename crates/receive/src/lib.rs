//! Intakes: bytes of every supported protocol become [`luneta_model::Batch`]es and go to the
//! [`luneta_model::Sink`].
//!
//! One folder per protocol. [`PROTOCOLS`] lists them all; reference docs, metrics, conformance
//! tests and the fuzz targets walk that table. Decoders are functions of bytes, options and a
//! clock value; sockets are touched only by the modules named `http`, `grpc`,
//! `tcp`, `udp`, `lines` and [`listen`].

pub mod graphite;
pub mod influx;
pub mod jaeger;
pub mod otlp;
pub mod statsd;
pub mod zipkin;

mod body;
mod compression;
mod context;
mod error;
mod intake;
mod lines;
pub mod listen;
mod protocol;
mod refusal;
mod state;
mod stats;
pub mod thrift;
mod wire;

pub use error::{Reason, ReceiveError};
pub use listen::{serve_grpc, serve_http, serve_zipkin};
pub use otlp::grpc::router as grpc_service;
pub use otlp::http::router as http_router;
pub use protocol::{DecodeFn, DecodeOptions, Decoded, Format, Protocol, Route, Tally};
pub use state::{Admission, BodyLimits, CorsOrigins, ReceiveConfig, ReceiveState, admit_by_header};
pub use stats::{IntakeCount, IntakeSnapshot, IntakeStats, ProtocolStats, RefusalNote, RefusedCount};
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
    &statsd::UDP,
    &statsd::TCP,
    &graphite::TCP,
    &graphite::UDP,
    &influx::INFLUX,
];
