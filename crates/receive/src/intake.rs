//! From a request's body to an acknowledged batch: what all intakes share.

use bytes::Bytes;
use luneta_model::{Signal, Tenant};

use crate::compression::{self, Encoding};
use crate::state::Reservation;
use crate::{BodyLimits, DecodeFn, DecodeOptions, Decoded, Protocol, ReceiveError, ReceiveState, Tally};

/// Packed bodies count this many times their size when judging whether to decode elsewhere.
const PACKED_WEIGHT: usize = 4;

/// A body that was read, and how to decode it.
pub(crate) struct Job<D = DecodeFn> {
    pub(crate) protocol: &'static Protocol,
    pub(crate) signal: Signal,
    pub(crate) tenant: Tenant,
    pub(crate) encoding: Encoding,
    pub(crate) decode: D,
    pub(crate) body: Bytes,
    pub(crate) share: Reservation,
}

/// What became of a body.
pub(crate) struct Taken {
    /// Rows kept.
    pub(crate) items: u64,
    pub(crate) tally: Tally,
}

/// Decodes a body and hands its rows on. When this returns, they are durable.
pub(crate) async fn take(state: &ReceiveState, job: Job) -> Result<Taken, ReceiveError> {
    let Job { protocol, signal, tenant, encoding, decode, body, share } = job;
    let decode = move |bytes: &[u8], tenant, options: &DecodeOptions| Ok((decode(bytes, tenant, options)?, ()));
    Ok(take_with(state, Job { protocol, signal, tenant, encoding, decode, body, share }).await?.0)
}

/// The same with a decoder that tells more than rows.
pub(crate) async fn take_with<T, D>(state: &ReceiveState, job: Job<D>) -> Result<(Taken, T), ReceiveError>
where
    D: FnOnce(&[u8], Tenant, &DecodeOptions) -> Result<(Decoded, T), ReceiveError> + Send + 'static,
    T: Send + 'static,
{
    let Job { protocol, signal, tenant, encoding, decode, body, mut share } = job;
    state.stats.of(protocol).body(body.len());
    let options = state.decode_options();
    let limits = state.config.bodies;
    let weight = if encoding == Encoding::Identity { body.len() } else { body.len().saturating_mul(PACKED_WEIGHT) };
    let decoded;
    (decoded, share) = if weight < limits.offload_bytes_min {
        (unpack_and_decode(encoding, &body, decode, tenant, &options, &limits, &mut share), share)
    } else {
        let work = move || {
            let mut share = share;
            let decoded = unpack_and_decode(encoding, &body, decode, tenant, &options, &limits, &mut share);
            (decoded, share)
        };
        tokio::task::spawn_blocking(work).await.map_err(|e| ReceiveError::Internal(e.to_string()))?
    };
    let (Decoded { batch, mut tally }, more) = decoded?;
    let batch = state.cardinality.admit(batch, options.now, &mut tally);
    let items = batch.len() as u64;
    if items > 0 {
        state.sink.accept(batch).await?;
    }
    drop(share);
    state.stats.accept(protocol, signal, items, &tally, options.now);
    Ok((Taken { items, tally }, more))
}

fn unpack_and_decode<T>(
    encoding: Encoding,
    body: &Bytes,
    decode: impl FnOnce(&[u8], Tenant, &DecodeOptions) -> Result<T, ReceiveError>,
    tenant: Tenant,
    options: &DecodeOptions,
    limits: &BodyLimits,
    share: &mut Reservation,
) -> Result<T, ReceiveError> {
    if encoding == Encoding::Identity {
        return decode(body, tenant, options);
    }
    let unpacked = compression::unpack(encoding, body, limits, share)?;
    decode(&unpacked, tenant, options)
}
