//! The decoders of remote write, as functions of bytes, options and what is remembered.

use luneta_model::Tenant;

use super::memory::Memory;
use super::write::{Outcome, Writer};
use super::{PrometheusConfig, v1, v2};
use crate::context::refusal;
use crate::{DecodeOptions, Decoded, ReceiveError, compression};

/// Which message a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

/// `prometheus.WriteRequest`, unpacked, with no memory of requests before.
pub fn remote_write_v1(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    forgetful(Version::V1, bytes, tenant, options)
}

/// `io.prometheus.write.v2.Request`, unpacked, with no memory of requests before.
pub fn remote_write_v2(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    forgetful(Version::V2, bytes, tenant, options)
}

/// Unpacks a snappy block, as bodies are packed, of at most so many bytes.
pub fn unpack_snappy(bytes: &[u8], unpacked_bytes_max: usize) -> Result<Vec<u8>, ReceiveError> {
    let total = compression::snappy_len(bytes)?;
    if total > unpacked_bytes_max {
        return Err(ReceiveError::DecompressedTooLarge { what: "the unpacked body", max: unpacked_bytes_max });
    }
    compression::snappy_block(bytes, total)
}

fn forgetful(version: Version, bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let memory = Memory::new(&PrometheusConfig { last_samples_max: 0, told_series_max: 0, ..PrometheusConfig::default() });
    Ok(decode(version, bytes, tenant, options, &memory, 0)?.0)
}

/// Reads a request, in a generation of active series. What it tells of its metrics is remembered at once, its samples by
/// [`Memory::commit`].
pub(super) fn decode(
    version: Version,
    bytes: &[u8],
    tenant: Tenant,
    options: &DecodeOptions,
    memory: &Memory,
    generation: i64,
) -> Result<(Decoded, Outcome), ReceiveError> {
    let mut writer = Writer::new(&tenant, options, memory, generation);
    let read = match version {
        Version::V1 => v1::read(bytes, &tenant, memory, &mut writer),
        Version::V2 => v2::read(bytes, &mut writer),
    };
    read.map_err(|fault| refusal(&fault, options))?;
    writer.finish(tenant)
}
