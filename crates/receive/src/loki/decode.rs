//! The decoders of this protocol, as functions of bytes and options.

use std::borrow::Cow;

use luneta_model::Tenant;

use super::rows::Rows;
use super::{json, protobuf};
use crate::context::refusal;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// A push as JSON, of the shape of today or of the path of old.
pub fn json(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let mut rows = Rows::new(options);
    if matches!(text, Cow::Owned(_)) {
        rows.warn(Reason::InvalidUtf8);
    }
    json::read(&text, &mut rows)?;
    rows.finish(tenant)
}

/// `logproto.PushRequest`, unpacked.
pub fn protobuf(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut rows = Rows::new(options);
    protobuf::read(bytes, &mut rows).map_err(|fault| refusal(&fault, options))?;
    rows.finish(tenant)
}
