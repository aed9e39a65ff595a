//! Rounds over the files, each handed on before the next.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use luneta_model::{Limits, Signal};

use super::tailer::{Round, Tailer};
use super::{FILELOG, Settings};
use crate::text::{Sourced, decode};
use crate::{Decoded, ReceiveError, ReceiveState, intake};

/// How long to wait before the first, and before any other, attempt to hand a batch on.
const RETRY_TIMES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// Where entries go.
#[async_trait]
pub trait Destination: Send + Sync + 'static {
    /// Takes entries; when it returns, they are durable.
    ///
    /// # Errors
    /// [`ReceiveError`]; those that may succeed later are tried again, for as long as it takes.
    async fn deliver(&self, batch: Arc<Vec<Sourced>>) -> Result<(), ReceiveError>;
}

/// This server.
pub struct Intake(pub ReceiveState);

#[async_trait]
impl Destination for Intake {
    async fn deliver(&self, batch: Arc<Vec<Sourced>>) -> Result<(), ReceiveError> {
        let Self(state) = self;
        let counts = state.stats.of(&FILELOG);
        counts.request();
        let entries = || batch.iter().flat_map(|sourced| &sourced.entries);
        let bytes = entries().map(|entry| entry.bytes.len()).sum();
        // A file carries neither tenant nor credentials: where those are asked for, it is refused.
        let tenant = (state.config.admission)(&HeaderMap::new())?;
        let mut share = state.reservation(&tenant);
        share.grow_to(bytes)?;
        let options = state.decode_options();
        let decoded = tokio::task::spawn_blocking(move || decode(&batch, tenant, &options)).await;
        let Decoded { batch, mut tally } = decoded.map_err(|e| ReceiveError::Internal(e.to_string()))??;
        intake::deliver(state, &FILELOG, Signal::Logs, batch, &mut tally).await?;
        counts.body(bytes);
        drop(share);
        Ok(())
    }
}

/// Reads files until `shutdown` resolves, or to their ends where nobody is to wait for more. How many entries were
/// handed on.
///
/// # Errors
/// [`ReceiveError::Malformed`] when a pattern is none.
pub async fn run(
    settings: Settings,
    destination: Arc<dyn Destination>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<u64, ReceiveError> {
    let (interval, follow) = (settings.bounds.poll_interval, settings.follow);
    let mut tailer = Tailer::new(settings)?;
    let mut shutdown = std::pin::pin!(shutdown);
    let (mut handed_on, mut is_last) = (0, false);
    loop {
        let (round, back) = blocking(tailer, move |tailer| if is_last { tailer.last_round() } else { tailer.round() }).await?;
        let Round { batch, positions, more, bytes } = round;
        let entries = batch.iter().map(|sourced| sourced.entries.len() as u64).sum::<u64>();
        // What is not acknowledged when the server stops is read again when it starts.
        tokio::select! {
            biased;
            () = hand_on(destination.as_ref(), batch) => {}
            () = &mut shutdown => return Ok(handed_on),
        }
        handed_on += entries;
        let (kept, back) = blocking(back, move |tailer| tailer.commit(&positions)).await?;
        if let Err(error) = kept {
            tracing::error!(%error, "positions in files cannot be kept; after a restart lines are read twice");
        }
        tailer = back;
        if is_last {
            return Ok(handed_on);
        }
        is_last = !follow && !more && bytes == 0;
        if !more && !is_last {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = &mut shutdown => return Ok(handed_on),
            }
        }
    }
}

/// Work with files, apart from the threads that serve sockets.
async fn blocking<T: Send + 'static>(
    mut tailer: Tailer,
    work: impl FnOnce(&mut Tailer) -> T + Send + 'static,
) -> Result<(T, Tailer), ReceiveError> {
    let done = tokio::task::spawn_blocking(move || (work(&mut tailer), tailer)).await;
    done.map_err(|e| ReceiveError::Internal(e.to_string()))
}

/// Hands entries on, for as long as it takes. Those that are refused for good are halved until one is left, which is
/// told of.
async fn hand_on(destination: &dyn Destination, batch: Vec<Sourced>) {
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let part = Arc::new(part);
        let Err(error) = patiently(destination, &part).await else { continue };
        let part = Arc::unwrap_or_clone(part);
        let entries: usize = part.iter().map(|sourced| sourced.entries.len()).sum();
        if entries > 1 {
            let (first, second) = halves(part, entries / 2);
            parts.extend([second, first]);
        } else {
            let text = part.first().and_then(|sourced| sourced.entries.first()).map(|entry| &*entry.bytes).unwrap_or_default();
            let text = String::from_utf8_lossy(text);
            tracing::error!(%error, line = Limits::cut(&text, 200), "a line is refused, and left out");
        }
    }
}

async fn patiently(destination: &dyn Destination, batch: &Arc<Vec<Sourced>>) -> Result<(), ReceiveError> {
    let mut wait = RETRY_TIMES[0];
    loop {
        match destination.deliver(Arc::clone(batch)).await {
            Err(error) if error.retry_after().is_some() => {
                if wait == RETRY_TIMES[0] {
                    tracing::warn!(%error, "lines of files wait");
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_TIMES[1]);
            }
            result => return result,
        }
    }
}

fn halves(batch: Vec<Sourced>, mut first_len: usize) -> (Vec<Sourced>, Vec<Sourced>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for mut sourced in batch {
        let rest = sourced.entries.split_off(first_len.min(sourced.entries.len()));
        first_len -= sourced.entries.len();
        for (entries, half) in [(sourced.entries, &mut first), (rest, &mut second)] {
            if !entries.is_empty() {
                half.push(Sourced { source: Arc::clone(&sourced.source), entries });
            }
        }
    }
    (first, second)
}
