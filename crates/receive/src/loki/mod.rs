//! Loki: streams of lines, as JSON and as protobuf, the way Promtail, Alloy and client libraries push them.

pub mod decode;
pub mod http;
mod json;
pub mod labels;
mod protobuf;
mod rows;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Loki's push.
pub static LOKI: Protocol = Protocol {
    name: "loki",
    doc: "Loki over HTTP: streams of lines, JSON or protobuf",
    port: 3100,
    routes: &[
        Route { path: "/loki/api/v1/push", signal: Signal::Logs, formats: &[JSON, PROTOBUF] },
        Route { path: "/api/prom/push", signal: Signal::Logs, formats: &[JSON, PROTOBUF] },
    ],
};

const JSON_TYPE: &str = "application/json";
const PROTOBUF_TYPE: &str = "application/x-protobuf";

const JSON: Format = Format { name: "loki_json", content_type: JSON_TYPE, decode: decode::json };
const PROTOBUF: Format = Format { name: "loki_protobuf", content_type: PROTOBUF_TYPE, decode: decode::protobuf };
