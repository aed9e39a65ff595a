//! The decoders of this protocol, as functions of bytes and options.

use luneta_model::Tenant;

use crate::{DecodeOptions, Decoded, ReceiveError};

/// `ExportTraceServiceRequest` as protobuf.
pub fn traces_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let _ = (bytes, tenant, options);
    Err(ReceiveError::Malformed("not decoded yet".into()))
}

/// `ExportLogsServiceRequest` as protobuf.
pub fn logs_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    traces_protobuf(bytes, tenant, options)
}

/// `ExportMetricsServiceRequest` as protobuf.
pub fn metrics_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    traces_protobuf(bytes, tenant, options)
}

/// `ExportTraceServiceRequest` as JSON.
pub fn traces_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    traces_protobuf(bytes, tenant, options)
}

/// `ExportLogsServiceRequest` as JSON.
pub fn logs_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    traces_protobuf(bytes, tenant, options)
}

/// `ExportMetricsServiceRequest` as JSON.
pub fn metrics_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    traces_protobuf(bytes, tenant, options)
}
