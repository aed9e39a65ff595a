//! Points that clients sent, as series of Prometheus.
//!
//! ```text
//! file, batch -> Summary (which rows are of which series, kept) -> runs that match
//!             -> their rows in the window, and only the columns their kind has -> Points
//!             -> samples under Prometheus's names
//! ```
//!
//! Matchers are decided on series, never on points.

mod columns;
mod expand;
mod exponential;
mod fetch;
mod identity;
mod listing;
mod names;
mod points;
mod source;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use luneta_model::{Signal, Tenant};
use luneta_promql::{Labels, Limits, Matcher, Selection};

use super::{MetricsError, Selected};
use crate::{QueryEngine, QueryError};
use fetch::Window;
pub(super) use identity::{Attributes, Described, MetricKey, Part, Texts, with_value};
pub use identity::{MetricMetadata, Translation};
pub(super) use listing::List;
pub use names::Strategy;
use source::Lake;
pub(crate) use summary::Summaries;

/// Damaged files one question takes out of the lake before it gives up; the next one goes on.
const DAMAGED_FILES_MAX: usize = 100;

/// What the lake is asked.
#[derive(Debug, Clone, Copy)]
enum Ask<'a> {
    Series(&'a Selection, &'a Limits),
    Labels(&'a [Matcher], Window),
    Texts(&'a [Matcher], Window, List<'a>),
    Metadata,
}

/// What it answers.
#[derive(Debug, Default)]
struct Found {
    selected: Selected,
    labels: Vec<Labels>,
    texts: BTreeSet<String>,
    metadata: Vec<MetricMetadata>,
}

/// The series of a selection.
pub(super) async fn select(
    engine: &QueryEngine,
    tenant: &Tenant,
    selection: &Selection,
    limits: &Limits,
) -> Result<Selected, MetricsError> {
    Ok(ask(engine, tenant, Ask::Series(selection, limits)).await?.selected)
}

/// The labels of series that match and have a sample after and up to a time.
pub(super) async fn series(
    engine: &QueryEngine,
    tenant: &Tenant,
    matchers: &[Matcher],
    (after_ms, until_ms): (i64, i64),
) -> Result<Vec<Labels>, MetricsError> {
    Ok(ask(engine, tenant, Ask::Labels(matchers, Window { after_ms, until_ms })).await?.labels)
}

/// Names or values of labels of series that match and have a sample after and up to a time.
pub(super) async fn texts(
    engine: &QueryEngine,
    tenant: &Tenant,
    matchers: &[Matcher],
    (after_ms, until_ms): (i64, i64),
    list: List<'_>,
) -> Result<BTreeSet<String>, MetricsError> {
    Ok(ask(engine, tenant, Ask::Texts(matchers, Window { after_ms, until_ms }, list)).await?.texts)
}

impl QueryEngine {
    /// Type, help and unit of every metric that clients sent, by its name in Prometheus, sorted. A name
    /// stands several times where senders disagree.
    ///
    /// # Errors
    /// [`MetricsError::Lake`].
    pub async fn metric_metadata(&self, tenant: &Tenant) -> Result<Vec<MetricMetadata>, MetricsError> {
        Ok(ask(self, tenant, Ask::Metadata).await?.metadata)
    }
}

/// Answers from a snapshot of the lake, without files that prove damaged.
async fn ask(engine: &QueryEngine, tenant: &Tenant, ask: Ask<'_>) -> Result<Found, MetricsError> {
    let store = engine.store();
    let mut warnings = Vec::new();
    loop {
        let lake = Lake::new(engine);
        // Readers of Parquet panic on some damaged files; the connection should not go with them.
        let answer = AssertUnwindSafe(attempt(engine, &lake, tenant, ask)).catch_unwind().await;
        let answer = answer.unwrap_or(Err(MetricsError::Lake(QueryError::Internal)));
        let by_file = matches!(answer, Err(MetricsError::Lake(QueryError::File(_) | QueryError::Internal)));
        if !by_file || warnings.len() >= DAMAGED_FILES_MAX {
            return answer.map(|mut found| {
                found.selected.warnings = warnings;
                found
            });
        }
        let inspected = store.inspect(&lake.newest_first()).await.unwrap_or_else(|error| {
            tracing::warn!("cannot look for damaged files: {error}");
            None
        });
        match inspected {
            // The rest of the lake answers without the damaged file.
            Some(warning) if !warnings.contains(&warning) => warnings.push(warning),
            _ => return answer,
        }
    }
}

async fn attempt(engine: &QueryEngine, lake: &Lake, tenant: &Tenant, ask: Ask<'_>) -> Result<Found, MetricsError> {
    let snapshot = engine.store().snapshot(tenant, Signal::Metrics).await.map_err(QueryError::Store)?;
    let mut found = Found::default();
    match ask {
        Ask::Series(selection, limits) => found.selected.series = fetch::select(lake, &snapshot, selection, limits).await?,
        Ask::Labels(matchers, window) => {
            let series_max = engine.config().promql.series_max;
            found.labels = listing::labels(lake, &snapshot, matchers, window, series_max).await?;
        }
        Ask::Texts(matchers, window, list) => found.texts = listing::texts(lake, &snapshot, matchers, window, list).await?,
        Ask::Metadata => found.metadata = listing::metadata(lake, &snapshot).await?,
    }
    Ok(found)
}
