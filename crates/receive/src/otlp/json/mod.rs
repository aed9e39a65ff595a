//! OTLP's JSON form.
//!
//! JSON is rewritten as protobuf's wire form while it is parsed, and then takes the one way all
//! requests take. So the two encodings cannot differ in what they mean.

mod rewrite;
mod scalar;
mod schema;

pub(super) use rewrite::to_wire;
pub(super) use schema::{LOGS_REQUEST, METRICS_REQUEST, Shape, TRACES_REQUEST};
