//! The decoders of this protocol, as functions of bytes and options.

use luneta_model::Tenant;

use super::rows::Rows;
use super::{protobuf, thrift};
use crate::context::refusal;
use crate::thrift::{Dialect, Reader};
use crate::wire::{Message, Walk};
use crate::{DecodeOptions, Decoded, ReceiveError};

/// A `Batch` in binary thrift, without envelope.
pub fn batch_binary(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    decoded(tenant, options, |rows| thrift::batch(&mut Reader::new(bytes, Dialect::Binary), rows))
}

/// A call of `emitBatch` in binary thrift.
pub fn emit_batch_binary(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    decoded(tenant, options, |rows| thrift::emit_batch(&mut Reader::new(bytes, Dialect::Binary), rows))
}

/// A call of `emitBatch` in compact thrift.
pub fn emit_batch_compact(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    decoded(tenant, options, |rows| thrift::emit_batch(&mut Reader::new(bytes, Dialect::Compact), rows))
}

/// `jaeger.api_v2.PostSpansRequest` in protobuf.
pub fn post_spans(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    decoded(tenant, options, |rows| protobuf::post_spans(Message::new(bytes), rows))
}

fn decoded<'a, 'o>(
    tenant: Tenant,
    options: &'o DecodeOptions,
    read: impl FnOnce(&mut Rows<'a, 'o>) -> Walk<()>,
) -> Result<Decoded, ReceiveError> {
    let mut rows = Rows::new(options);
    read(&mut rows).map_err(|fault| refusal(&fault, options))?;
    rows.finish(tenant)
}
