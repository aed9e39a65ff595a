//! From a request's body to an acknowledged batch: what all intakes share.

use std::time::{Duration, Instant};

use bytes::Bytes;
use luneta_model::{Batch, Signal, Tenant};

use crate::compression::{self, Encoding};
use crate::in_flight::Reservation;
use crate::{DecodeFn, DecodeOptions, Decoded, Protocol, ReceiveError, ReceiveState, Tally};

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
    let (protocol, signal) = (job.protocol, job.signal);
    let (Decoded { batch, mut tally }, more, share) = decoded(state, job).await?;
    let items = deliver(state, protocol, signal, batch, &mut tally).await?;
    drop(share);
    Ok((Taken { items, tally }, more))
}

/// Unpacks and decodes a body, and no more. The share of memory is given back when the rows were handed on.
pub(crate) async fn decoded<T, D>(state: &ReceiveState, job: Job<D>) -> Result<(Decoded, T, Reservation), ReceiveError>
where
    D: FnOnce(&[u8], Tenant, &DecodeOptions) -> Result<(Decoded, T), ReceiveError> + Send + 'static,
    T: Send + 'static,
{
    let Job { protocol, signal: _, tenant, encoding, decode, body, share } = job;
    state.stats.of(protocol).body(body.len());
    let options = state.decode_options();
    let work = move |bytes: &[u8]| decode(bytes, tenant, &options);
    let ((decoded, more), share) = unpacked(state, encoding, body, share, work).await?;
    Ok((decoded, more, share))
}

/// Unpacks a body and does `work` with it, a large one on a thread of its own.
pub(crate) async fn unpacked<T: Send + 'static>(
    state: &ReceiveState,
    encoding: Encoding,
    body: Bytes,
    share: Reservation,
    work: impl FnOnce(&[u8]) -> Result<T, ReceiveError> + Send + 'static,
) -> Result<(T, Reservation), ReceiveError> {
    let limits = state.config.bodies;
    let weight = if encoding == Encoding::Identity { body.len() } else { body.len().saturating_mul(PACKED_WEIGHT) };
    let unpack_and_work = move || {
        let mut share = share;
        if encoding == Encoding::Identity {
            return Ok((work(&body)?, share));
        }
        let unpacked = compression::unpack(encoding, &body, &limits, &mut share)?;
        Ok((work(&unpacked)?, share))
    };
    if weight < limits.offload_bytes_min {
        return unpack_and_work();
    }
    tokio::task::spawn_blocking(unpack_and_work).await.map_err(|e| ReceiveError::Internal(e.to_string()))?
}

/// Hands on what a batch may bring in, and counts it. When this returns, its rows are durable.
pub(crate) async fn deliver(
    state: &ReceiveState,
    protocol: &'static Protocol,
    signal: Signal,
    batch: Batch,
    tally: &mut Tally,
) -> Result<u64, ReceiveError> {
    let batch = state.cardinality.admit(batch, (state.config.clock)(), tally);
    send(state, protocol, signal, batch, tally).await
}

async fn send(
    state: &ReceiveState,
    protocol: &'static Protocol,
    signal: Signal,
    batch: Batch,
    tally: &Tally,
) -> Result<u64, ReceiveError> {
    let items = batch.len() as u64;
    if items > 0 {
        state.sink.accept(batch).await?;
    }
    state.stats.accept(protocol, signal, items, tally, (state.config.clock)());
    Ok(items)
}

/// The same for senders that cannot be told to come back: tries again for at most `time_max`.
pub(crate) async fn deliver_patiently(
    state: &ReceiveState,
    protocol: &'static Protocol,
    batch: Batch,
    tally: &mut Tally,
    time_max: Duration,
) -> Result<u64, ReceiveError> {
    let started = Instant::now();
    let batch = state.cardinality.admit(batch, (state.config.clock)(), tally);
    loop {
        let signal = batch.signal;
        match send(state, protocol, signal, batch.clone(), tally).await {
            Err(error) => match error.retry_after() {
                Some(delay) if started.elapsed() + delay < time_max => tokio::time::sleep(delay).await,
                _ => return Err(error),
            },
            delivered => return delivered,
        }
    }
}
