//! What all listeners share: one aggregator, and the task that writes what it has come to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use luneta_model::{Batch, Signal};
use tokio::time::MissedTickBehavior;

use super::aggregate::{Aggregator, Interval};
use super::{Settings, UDP, rows};
use crate::{Protocol, ReceiveError, ReceiveState, Tally, intake};

/// How long an interval is kept that the store has no room for.
const RETRY_TIME_MAX: Duration = Duration::from_mins(1);
/// The same when the server stops.
const LAST_TIME_MAX: Duration = Duration::from_secs(2);

/// The aggregator of a server.
#[derive(Debug)]
pub(crate) struct Statsd {
    aggregator: Mutex<Aggregator>,
    interval: Duration,
    /// Held by the listener that writes.
    turn: tokio::sync::Mutex<()>,
    /// Held while an interval is written, so that the last one ends last.
    writing: tokio::sync::Mutex<()>,
}

impl Statsd {
    pub(crate) fn new(settings: Settings, now: i64) -> Self {
        Self {
            aggregator: Mutex::new(Aggregator::new(settings, now)),
            interval: settings.flush_interval.max(Duration::from_millis(10)),
            turn: tokio::sync::Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Aggregator> {
        self.aggregator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes lines that arrived by `protocol`.
pub(super) fn add(protocol: &'static Protocol, state: &ReceiveState, lines: &[u8]) {
    let counts = state.stats.of(protocol);
    counts.request();
    counts.body(lines.len());
    let now = (state.config.clock)();
    // A line carries neither tenant nor credentials: where those are asked for, it is refused.
    match (state.config.admission)(&HeaderMap::new()) {
        Ok(_) => state.statsd.lock().add(lines, now),
        Err(error) => state.stats.refuse(protocol, None, &error, now),
    }
}

/// Counts a line that was too long to be read.
pub(super) fn too_long(state: &ReceiveState) {
    state.statsd.lock().too_long();
}

/// Writes every interval until the task is aborted. Of several listeners one does, and when it ends,
/// another.
pub(super) async fn run(state: ReceiveState) {
    let statsd = Arc::clone(&state.statsd);
    let _turn = statsd.turn.lock().await;
    let mut ticks = tokio::time::interval(statsd.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let interval = take(&state);
        // Not lost when this task is aborted: what was taken is written all the same.
        let _ = tokio::spawn(write(state.clone(), interval, RETRY_TIME_MAX)).await;
    }
}

/// Writes what there is, when the server stops.
pub(super) async fn last(state: &ReceiveState) {
    let interval = take(state);
    let writing = write(state.clone(), interval, LAST_TIME_MAX);
    let _ = tokio::time::timeout(LAST_TIME_MAX, writing).await;
}

fn take(state: &ReceiveState) -> Interval {
    let now = (state.config.clock)();
    state.statsd.lock().take(now)
}

async fn write(state: ReceiveState, interval: Interval, time_max: Duration) {
    let statsd = Arc::clone(&state.statsd);
    let _writing = statsd.writing.lock().await;
    let limits = state.config.limits;
    let tenant = match (state.config.admission)(&HeaderMap::new()) {
        Ok(tenant) => tenant,
        Err(error) => return refuse(&state, Signal::Metrics, &error),
    };
    let built = tokio::task::spawn_blocking(move || {
        let (metrics, logs) = (rows::metrics(&interval, limits, tenant.clone()), rows::logs(&interval, limits, tenant));
        (metrics, logs, interval.metrics_tally, interval.records_tally)
    });
    let (metrics, logs, metrics_tally, records_tally) = match built.await {
        Ok(built) => built,
        Err(error) => return refuse(&state, Signal::Metrics, &ReceiveError::Internal(error.to_string())),
    };
    tokio::join!(
        deliver(&state, Signal::Metrics, metrics, metrics_tally, time_max),
        deliver(&state, Signal::Logs, logs, records_tally, time_max),
    );
}

async fn deliver(state: &ReceiveState, signal: Signal, batch: Result<Batch, ReceiveError>, mut tally: Tally, time_max: Duration) {
    let delivered = match batch {
        Ok(batch) => intake::deliver_patiently(state, &UDP, batch, &mut tally, time_max).await,
        Err(error) => Err(error),
    };
    if let Err(error) = delivered {
        refuse(state, signal, &error);
    }
}

fn refuse(state: &ReceiveState, signal: Signal, error: &ReceiveError) {
    state.stats.refuse(&UDP, Some(signal), error, (state.config.clock)());
}
