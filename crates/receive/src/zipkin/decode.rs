//! The decoders of this protocol, as functions of bytes and options.

use std::borrow::Cow;

use luneta_model::Tenant;

use super::rows::Rows;
use super::{json, protobuf, thrift};
use crate::context::refusal;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// A list of spans of the second version, as JSON.
pub fn v2_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    json_list(bytes, tenant, options, json::read_v2)
}

/// A list of spans of the first version, as JSON.
pub fn v1_json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    json_list(bytes, tenant, options, json::read_v1)
}

/// `zipkin.proto3.ListOfSpans`.
pub fn v2_protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut rows = Rows::new(options);
    protobuf::read(bytes, &mut rows).map_err(|fault| refusal(&fault, options))?;
    rows.finish(tenant)
}

/// A list of spans of the first version, in thrift's binary protocol.
pub fn v1_thrift(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut rows = Rows::new(options);
    thrift::read(bytes, &mut rows)?;
    rows.finish(tenant)
}

fn json_list(
    bytes: &[u8],
    tenant: Tenant,
    options: &DecodeOptions,
    read: fn(&str, &mut Rows<'_>) -> Result<(), ReceiveError>,
) -> Result<Decoded, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let mut rows = Rows::new(options);
    if matches!(text, Cow::Owned(_)) {
        rows.context.tally.warn(Reason::InvalidUtf8);
    }
    read(&text, &mut rows)?;
    rows.finish(tenant)
}
