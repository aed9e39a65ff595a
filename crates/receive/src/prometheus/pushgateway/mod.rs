//! Pushgateway: keeps what short-lived jobs push, and samples it on a clock.

mod answer;
mod gateway;
mod group;
pub mod http;
mod native;
mod path;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use luneta_model::Signal;

pub(crate) use gateway::Gateway;
use gateway::TenantRows;

use crate::{Protocol, ReceiveState, Route};

/// The gateway.
pub static PUSHGATEWAY: Protocol = Protocol {
    name: "pushgateway",
    doc: "Prometheus Pushgateway: metrics that jobs push, as text or protobuf",
    port: 9091,
    routes: &[
        Route { path: "/metrics/job/{job}", signal: Signal::Metrics, formats: &[] },
        Route { path: "/pushgateway/metrics/job/{job}", signal: Signal::Metrics, formats: &[] },
    ],
};

/// Settings of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushgatewayConfig {
    /// Time between two samples of each group.
    pub interval: Duration,
    /// Groups kept, of all tenants together.
    pub groups_max: usize,
    /// Bytes they are reckoned at.
    pub bytes_max: usize,
    /// Where they are kept over a restart; nowhere when there is no path.
    pub file: Option<PathBuf>,
}

impl Default for PushgatewayConfig {
    fn default() -> Self {
        Self { interval: Duration::from_secs(15), groups_max: 10_000, bytes_max: 64 * 1024 * 1024, file: None }
    }
}

/// Samples all groups on a clock until `shutdown` resolves, and keeps them in the file.
pub async fn run(state: ReceiveState, shutdown: impl Future<Output = ()>) {
    let mut shutdown = std::pin::pin!(shutdown);
    with_file(&state, Gateway::load, "the groups of the Pushgateway could not be read").await;
    let mut clock = tokio::time::interval(state.config.pushgateway.interval.max(Duration::from_millis(10)));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let stopping = tokio::select! {
            _ = clock.tick() => false,
            () = &mut shutdown => true,
        };
        if !stopping {
            sample(&state).await;
        }
        with_file(&state, Gateway::save, "the groups of the Pushgateway could not be kept").await;
        if stopping {
            return;
        }
    }
}

/// Writes one sample of each series of all groups.
pub async fn sample(state: &ReceiveState) {
    let worker = state.clone();
    let work = move || worker.gateway.rows(&worker.decode_options());
    let Ok(tenants) = tokio::task::spawn_blocking(work).await else { return };
    for rows in tenants {
        let TenantRows { decoded, ended, tenant, pushes } = match rows {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "the groups of the Pushgateway could not be sampled");
                continue;
            }
        };
        let mut tally = decoded.tally;
        let batch = state.cardinality.admit(decoded.batch, (state.config.clock)(), &mut tally);
        let items = batch.len() as u64;
        if items == 0 {
            continue;
        }
        match state.sink.accept(batch).await {
            Ok(()) => {
                state.gateway.exemplars_stored(tenant, pushes);
                state.stats.accept(&PUSHGATEWAY, Signal::Metrics, items, &tally, (state.config.clock)());
            }
            Err(error) => {
                tracing::warn!(%error, "a sample of the groups of the Pushgateway was lost");
                state.gateway.end_later(ended);
            }
        }
    }
}

async fn with_file(state: &ReceiveState, work: fn(&Gateway, &std::path::Path) -> std::io::Result<()>, failure: &'static str) {
    let Some(file) = state.config.pushgateway.file.clone() else { return };
    let gateway = state.gateway.clone();
    match tokio::task::spawn_blocking(move || work(&gateway, &file)).await {
        Ok(Err(error)) => tracing::warn!(%error, "{failure}"),
        Ok(Ok(())) => {}
        Err(error) => tracing::warn!(%error, "{failure}"),
    }
}
