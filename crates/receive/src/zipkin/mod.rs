//! Zipkin: spans of both its versions over HTTP, as JSON, protobuf and thrift.

pub mod decode;
mod folded;
pub mod http;
mod json;
mod protobuf;
mod rows;
mod span;
mod thrift;
mod v1;

use luneta_model::Signal;

pub(crate) use span::hex_id;

use crate::{Format, Protocol, Route};

/// The attribute that is true on spans sent with `debug`.
pub const DEBUG_ATTRIBUTE: &str = "zipkin.debug";
/// The attribute that is true on spans sent as `shared`: the server's half of a span whose id the
/// client chose.
pub const SHARED_ATTRIBUTE: &str = "zipkin.shared";
/// The attribute that is true on spans sent without a timestamp. The name is the Collector's, so
/// that spans which came through it read the same.
pub const START_ABSENT_ATTRIBUTE: &str = "otel.zipkin.absentField.startTime";

/// Zipkin over HTTP.
pub static ZIPKIN: Protocol = Protocol {
    name: "zipkin",
    doc: "Zipkin over HTTP: v2 spans as JSON or protobuf, v1 spans as JSON or thrift",
    port: 9411,
    routes: &[
        Route { path: "/api/v2/spans", signal: Signal::Spans, formats: &[V2_JSON, V2_PROTOBUF] },
        Route { path: "/api/v1/spans", signal: Signal::Spans, formats: &[V1_JSON, V1_THRIFT] },
    ],
};

const V2_JSON: Format = Format { name: "v2_json", content_type: "application/json", decode: decode::v2_json };
const V2_PROTOBUF: Format = Format { name: "v2_protobuf", content_type: "application/x-protobuf", decode: decode::v2_protobuf };
const V1_JSON: Format = Format { name: "v1_json", content_type: "application/json", decode: decode::v1_json };
const V1_THRIFT: Format = Format { name: "v1_thrift", content_type: "application/x-thrift", decode: decode::v1_thrift };
