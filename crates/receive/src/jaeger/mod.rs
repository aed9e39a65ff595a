//! Jaeger's own protocols: thrift over UDP and HTTP, protobuf over gRPC.

pub mod decode;
pub mod grpc;
pub mod http;
mod protobuf;
mod rows;
mod span;
mod status;
mod thrift;
pub mod udp;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Thrift over HTTP, as sent to Jaeger's collector.
pub static HTTP: Protocol = Protocol {
    name: "jaeger_http",
    doc: "Jaeger over HTTP: batches of spans in binary thrift",
    port: 14268,
    routes: &[Route { path: "/api/traces", signal: Signal::Spans, formats: &[THRIFT, THRIFT_VENDOR] }],
};

/// Protobuf over gRPC, as sent to Jaeger's collector.
pub static GRPC: Protocol = Protocol {
    name: "jaeger_grpc",
    doc: "Jaeger over gRPC: PostSpans of jaeger.api_v2.CollectorService",
    port: 14250,
    routes: &[Route {
        path: "/jaeger.api_v2.CollectorService/PostSpans",
        signal: Signal::Spans,
        formats: &[Format { name: "jaeger_protobuf", content_type: "application/grpc", decode: decode::post_spans }],
    }],
};

/// Compact thrift over UDP, as sent to Jaeger's agent.
pub static COMPACT: Protocol = Protocol {
    name: "jaeger_compact",
    doc: "Jaeger over UDP: emitBatch calls in compact thrift",
    port: 6831,
    routes: &[Route {
        path: "emitBatch",
        signal: Signal::Spans,
        formats: &[Format {
            name: "thrift_compact",
            content_type: "application/vnd.apache.thrift.compact",
            decode: decode::emit_batch_compact,
        }],
    }],
};

/// Binary thrift over UDP, as sent to Jaeger's agent.
pub static BINARY: Protocol = Protocol {
    name: "jaeger_binary",
    doc: "Jaeger over UDP: emitBatch calls in binary thrift",
    port: 6832,
    routes: &[Route {
        path: "emitBatch",
        signal: Signal::Spans,
        formats: &[Format {
            name: "thrift_binary",
            content_type: "application/vnd.apache.thrift.binary",
            decode: decode::emit_batch_binary,
        }],
    }],
};

const THRIFT: Format = Format { name: "thrift", content_type: "application/x-thrift", decode: decode::batch_binary };
const THRIFT_VENDOR: Format =
    Format { name: "thrift", content_type: "application/vnd.apache.thrift.binary", decode: decode::batch_binary };
