//! The decoders of this protocol, as functions of bytes and options.

use std::borrow::Cow;

use luneta_model::{LogsBuilder, MetricsBuilder, SpansBuilder, Tenant};

use super::envelope::{Items, walk};
use super::json;
use crate::context::{Context, refusal};
use crate::{DecodeFn, DecodeOptions, Decoded, Reason, ReceiveError, Tally};

/// `ExportTraceServiceRequest` as protobuf.
pub fn traces_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut builder = SpansBuilder::new(options.limits);
    let tally = fill(&mut builder, bytes, options)?;
    let batch = builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
    Ok(Decoded { batch, tally })
}

/// `ExportLogsServiceRequest` as protobuf.
pub fn logs_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut builder = LogsBuilder::new(options.limits);
    let tally = fill(&mut builder, bytes, options)?;
    let batch = builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
    Ok(Decoded { batch, tally })
}

/// `ExportMetricsServiceRequest` as protobuf.
pub fn metrics_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut builder = MetricsBuilder::new(options.limits);
    let tally = fill(&mut builder, bytes, options)?;
    let batch = builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
    Ok(Decoded { batch, tally })
}

fn fill<I: Items>(builder: &mut I, bytes: &[u8], options: &DecodeOptions) -> Result<Tally, ReceiveError> {
    let mut context = Context::new(options);
    walk(builder, bytes, &mut context).map_err(|fault| refusal(&fault, options))?;
    Ok(context.tally)
}

/// `ExportTraceServiceRequest` as JSON.
pub fn traces_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    rewritten(bytes, &json::TRACES_REQUEST, traces_protobuf, tenant, options)
}

/// `ExportLogsServiceRequest` as JSON.
pub fn logs_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    rewritten(bytes, &json::LOGS_REQUEST, logs_protobuf, tenant, options)
}

/// `ExportMetricsServiceRequest` as JSON.
pub fn metrics_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    rewritten(bytes, &json::METRICS_REQUEST, metrics_protobuf, tenant, options)
}

fn rewritten(
    bytes: &[u8],
    shape: &'static json::Shape,
    decode: DecodeFn,
    tenant: Tenant,
    options: &DecodeOptions,
) -> Result<Decoded, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let repaired = matches!(text, Cow::Owned(_));
    let wire = json::to_wire(text.as_bytes(), shape, options.limits.depth_max).map_err(ReceiveError::Malformed)?;
    let mut decoded = decode(&wire, tenant, options)?;
    if repaired {
        decoded.tally.warn(Reason::InvalidUtf8);
    }
    Ok(decoded)
}
