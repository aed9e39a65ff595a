//! Traces by their ids.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use luneta_query::Trace;
use luneta_query::traceql::spans::SpanFilter;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use serde_json::json;

use super::parameters::{bounds, truth};
use super::{TempoError, json as tempo_json};
use crate::ServeState;
use crate::lookup::{aside, missing};
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// `TraceByIDResponse` of Tempo's `tempo.proto`, without its metrics.
#[derive(Clone, PartialEq, prost::Message)]
struct TraceReply {
    #[prost(message, optional, tag = "1")]
    trace: Option<TracesData>,
    /// 0 for a complete trace, 1 for a part of one.
    #[prost(int32, tag = "3")]
    status: i32,
    #[prost(string, tag = "4")]
    message: String,
}

pub(super) async fn trace(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, TempoError> {
    let (_, trace) = find(&state, &tenant, &id, &parameters).await?;
    if wants_protobuf(&headers) {
        return Ok(protobuf(written(trace, |data| data.encode_to_vec()).await?));
    }
    let reply = |data| json!({"batches": tempo_json::resource_spans(&data)}).to_string().into_bytes();
    Ok(json_text(written(trace, reply).await?))
}

/// The same with what is missing; `q` chooses spans of the trace.
pub(super) async fn trace_v2(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, TempoError> {
    let hierarchy = truth(&parameters, "keep_hierarchy").map_err(TempoError::Invalid)?.unwrap_or(true);
    let filter = match parameters.first("q").filter(|q| !q.trim().is_empty()) {
        Some(text) => SpanFilter::new(text, hierarchy)?,
        None => None,
    };
    let (id, mut trace) = find(&state, &tenant, &id, &parameters).await?;
    if let Some(filter) = filter {
        trace = state.engine().filter_spans(&tenant.0, id.to_be_bytes(), trace, &filter).await?;
    }
    let message = missing(&trace).join("; ");
    if wants_protobuf(&headers) {
        let reply = |data| TraceReply { status: i32::from(!message.is_empty()), message, trace: Some(data) };
        return Ok(protobuf(written(trace, |data| reply(data).encode_to_vec()).await?));
    }
    let reply = |data: TracesData| {
        let mut reply = json!({"trace": {"resourceSpans": tempo_json::resource_spans(&data)}, "metrics": {}});
        reply["status"] = if message.is_empty() { "COMPLETE" } else { "PARTIAL" }.into();
        if !message.is_empty() {
            reply["message"] = message.into();
        }
        reply.to_string().into_bytes()
    };
    Ok(json_text(written(trace, reply).await?))
}

/// The answer of one trace, made aside.
async fn written(trace: Trace, write: impl FnOnce(TracesData) -> Vec<u8> + Send + 'static) -> Result<Vec<u8>, TempoError> {
    let made = aside(vec![trace], |mut found| found.pop().map(|trace| write(trace.data)).unwrap_or_default());
    Ok(made.await?)
}

fn json_text(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response()
}

/// The trace, or what of it lies between `start` and `end`.
async fn find(
    state: &ServeState,
    RequestTenant(tenant): &RequestTenant,
    id: &str,
    parameters: &Parameters,
) -> Result<(u128, Trace), TempoError> {
    let id = trace_id(id).ok_or(TempoError::InvalidId)?;
    let (start_ns, end_ns) = bounds(parameters).map_err(TempoError::Invalid)?;
    let trace = state.trace_between(tenant, id, start_ns, end_ns).await?.ok_or(TempoError::NotFound)?;
    Ok((id, trace))
}

/// The number of a hex id; short ones stand for their zero-padded form.
fn trace_id(text: &str) -> Option<u128> {
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    u128::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn wants_protobuf(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accepted.is_some_and(|a| a.contains("application/protobuf") || a.contains("application/x-protobuf"))
}

fn protobuf(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/protobuf")], Body::from(bytes)).into_response()
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn ids() {
        for (text, id) in [
            ("1234", Some(0x1234)),
            ("00000000000000000000000000001234", Some(0x1234)),
            ("FFffffffffffffffffffffffffffffff", Some(u128::MAX)),
            ("", None),
            ("+1", None),
            ("xyz", None),
            ("000000000000000000000000000001234", None),
        ] {
            assert_eq!(trace_id(text), id, "{text}");
        }
    }
}
