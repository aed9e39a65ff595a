//! OTLP: OpenTelemetry's own protocol, over gRPC and over HTTP, as protobuf and as JSON.

pub mod decode;
mod envelope;
pub mod grpc;
pub mod http;
mod json;
mod logs;
mod metrics;
mod point;
mod reply;
mod traces;
pub(crate) mod value;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// OTLP over gRPC.
pub static GRPC: Protocol = Protocol {
    name: "otlp_grpc",
    doc: "OpenTelemetry Protocol over gRPC: traces, metrics and logs",
    port: 4317,
    routes: &[
        Route {
            path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            signal: Signal::Spans,
            formats: &[TRACES_PROTOBUF],
        },
        Route {
            path: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            signal: Signal::Metrics,
            formats: &[METRICS_PROTOBUF],
        },
        Route {
            path: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            signal: Signal::Logs,
            formats: &[LOGS_PROTOBUF],
        },
    ],
};

/// OTLP over HTTP.
pub static HTTP: Protocol = Protocol {
    name: "otlp_http",
    doc: "OpenTelemetry Protocol over HTTP, protobuf or JSON: traces, metrics and logs",
    port: 4318,
    routes: &[
        Route { path: "/v1/traces", signal: Signal::Spans, formats: &[TRACES_PROTOBUF, TRACES_JSON] },
        Route { path: "/v1/metrics", signal: Signal::Metrics, formats: &[METRICS_PROTOBUF, METRICS_JSON] },
        Route { path: "/v1/logs", signal: Signal::Logs, formats: &[LOGS_PROTOBUF, LOGS_JSON] },
    ],
};

const PROTOBUF_TYPE: &str = "application/x-protobuf";
const JSON_TYPE: &str = "application/json";

const TRACES_PROTOBUF: Format = Format { name: "protobuf", content_type: PROTOBUF_TYPE, decode: decode::traces_protobuf };
const METRICS_PROTOBUF: Format = Format { name: "protobuf", content_type: PROTOBUF_TYPE, decode: decode::metrics_protobuf };
const LOGS_PROTOBUF: Format = Format { name: "protobuf", content_type: PROTOBUF_TYPE, decode: decode::logs_protobuf };
const TRACES_JSON: Format = Format { name: "json", content_type: JSON_TYPE, decode: decode::traces_json };
const METRICS_JSON: Format = Format { name: "json", content_type: JSON_TYPE, decode: decode::metrics_json };
const LOGS_JSON: Format = Format { name: "json", content_type: JSON_TYPE, decode: decode::logs_json };
