//! Intakes: bytes of every supported protocol become [`luneta_model::Batch`]es and go to the
//! [`luneta_model::Sink`].
//!
//! One folder per protocol. [`PROTOCOLS`] lists them all; reference docs, metrics, conformance
//! tests and the fuzz targets walk that table. Decoders are functions of bytes, options and a
//! clock value; sockets are touched only by the modules named `http`, `grpc`, `udp` and [`listen`].

pub mod jaeger;
pub mod otlp;

mod body;
mod compression;
mod error;
pub mod listen;
mod protocol;
mod state;
mod stats;
pub mod thrift;

pub use error::{Reason, ReceiveError};
pub use listen::{serve_grpc, serve_http};
pub use otlp::grpc::router as grpc_service;
pub use otlp::http::router as http_router;
pub use protocol::{DecodeFn, DecodeOptions, Decoded, Format, Protocol, Route, Tally};
pub use state::{Admission, BodyLimits, CorsOrigins, ReceiveConfig, ReceiveState, admit_by_header};
pub use stats::{IntakeCount, IntakeSnapshot, IntakeStats, ProtocolStats, RefusalNote, RefusedCount};

/// Every protocol this crate understands.
pub static PROTOCOLS: &[&Protocol] = &[&otlp::GRPC, &otlp::HTTP, &jaeger::HTTP, &jaeger::GRPC, &jaeger::COMPACT, &jaeger::BINARY];
