//! LogQL over the lake: what a query selects is fetched as entries or counts, then computed by
//! [`luneta_logql`].
//!
//! ```text
//! file, batch -> Index (which rows are of which origin, and when; kept) -> origins that match -> blocks
//!             -> lines that pass -> counts, or entries with the metadata that the query looks at
//! ```
//!
//! Matchers are decided on origins, never on rows, and rows that a line filter drops cost no more than their
//! lines.

mod columns;
mod count;
mod deletion;
mod entries;
mod fetch;
mod fields;
mod index;
mod level;
mod lines;
mod listing;
mod origin;
mod pages;
mod picked;
mod source;
mod tail;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use luneta_logql::{Answer, Evaluation, Limits, LogqlError, Params, Pushdown, Query};
use luneta_model::{Signal, Tenant};
use luneta_promql::Interrupt;

use crate::{QueryEngine, QueryError};
pub use deletion::{Cancelled, DeleteError, DeleteStatus, Deletion};
use fetch::Fetch;
pub(crate) use index::Indexes;
pub use listing::{Intervals, StreamVolume, Volumes};
pub use origin::INDEX_LABELS;
use source::Lake;
pub use tail::{LogTail, TailEntry};

/// Damaged files one question takes out of the lake before it gives up; the next one goes on.
const DAMAGED_FILES_MAX: usize = 100;

/// Why a LogQL query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The query is at fault, or its limits.
    #[error(transparent)]
    Query(#[from] LogqlError),
    /// The lake is.
    #[error(transparent)]
    Lake(#[from] QueryError),
}

/// What was read for an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogsScanned {
    /// Files and batches looked into.
    pub sources: u64,
    /// Records looked at.
    pub rows: u64,
    /// Bytes of their lines, as far as lines were read.
    pub line_bytes: u64,
}

/// An answer, and what it lacks.
#[derive(Debug)]
pub struct LogsAnswer {
    /// The answer.
    pub answer: Answer,
    /// Files that proved damaged.
    pub warnings: Vec<String>,
    /// What was read.
    pub scanned: LogsScanned,
    /// How long it took to read.
    pub fetch_time: Duration,
    /// How long it took to compute with what was read.
    pub compute_time: Duration,
}

impl QueryEngine {
    /// Computes a query. Filters that the plan pushes down are applied to the lake, whatever `params` say.
    ///
    /// # Errors
    /// [`LogsError`].
    pub async fn logql(
        &self,
        tenant: &Tenant,
        query: Query,
        params: Params,
        limits: Limits,
        timeout: Duration,
    ) -> Result<LogsAnswer, LogsError> {
        let started = Instant::now();
        let deadline = started + timeout;
        let params = Params { pushdown: Pushdown::Required, ..params };
        let fetch = async {
            let mut warnings = Vec::new();
            loop {
                let lake = Lake::new(self);
                let fetched = guarded(self.fetch(&lake, tenant, &query, &params, &limits, deadline)).await;
                if let Some(fetched) = self.damaged(&lake, fetched, &mut warnings).await {
                    return fetched.map(|evaluation| (evaluation, warnings, scanned(&lake)));
                }
            }
        };
        let fetched = tokio::time::timeout_at(deadline.into(), fetch).await;
        let (evaluation, warnings, scanned) = fetched.map_err(|_| LogqlError::Timeout)??;
        let fetch_time = started.elapsed();
        let compute = move || evaluation.finish(&mut || (Instant::now() > deadline).then_some(Interrupt::Timeout));
        let answer = tokio::task::spawn_blocking(compute).await.map_err(|_| QueryError::Internal)??;
        let compute_time = started.elapsed().saturating_sub(fetch_time);
        Ok(LogsAnswer { answer, warnings, scanned, fetch_time, compute_time })
    }

    async fn fetch(
        &self,
        lake: &Lake,
        tenant: &Tenant,
        query: &Query,
        params: &Params,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Evaluation, LogsError> {
        let mut evaluation = query.evaluation(params, limits)?;
        let plan = evaluation.plan().clone();
        if plan.selections.is_empty() {
            return Ok(evaluation);
        }
        let snapshot = self.store().snapshot(tenant, Signal::Logs).await.map_err(QueryError::Store)?;
        for (number, selection) in plan.selections.iter().enumerate() {
            let fetch = Fetch::new(lake, &snapshot, (number, selection), deadline).await?;
            match &selection.fold {
                Some(fold) => count::count(&fetch, fold, limits.samples_max, &mut evaluation).await?,
                None if selection.direction.is_some() => entries::list(&fetch, params.limit, &mut evaluation).await?,
                None => entries::samples(&fetch, &mut evaluation).await?,
            }
        }
        Ok(evaluation)
    }

    /// The result, unless a damaged file made it fail and the lake can be asked again without that.
    async fn damaged<T>(
        &self,
        lake: &Lake,
        result: Result<T, LogsError>,
        warnings: &mut Vec<String>,
    ) -> Option<Result<T, LogsError>> {
        let by_file = matches!(result, Err(LogsError::Lake(QueryError::File(_) | QueryError::Internal)));
        if !by_file || warnings.len() >= DAMAGED_FILES_MAX {
            return Some(result);
        }
        let inspected = self.store().inspect(&lake.newest_first()).await.unwrap_or_else(|error| {
            tracing::warn!("cannot look for damaged files: {error}");
            None
        });
        match inspected {
            // The rest of the lake answers without the damaged file.
            Some(warning) if !warnings.contains(&warning) => {
                warnings.push(warning);
                None
            }
            _ => Some(result),
        }
    }
}

/// Readers of Parquet panic on some damaged files; the connection should not go with them.
async fn guarded<T>(attempt: impl Future<Output = Result<T, LogsError>>) -> Result<T, LogsError> {
    let result = AssertUnwindSafe(attempt).catch_unwind().await;
    result.unwrap_or(Err(LogsError::Lake(QueryError::Internal)))
}

fn scanned(lake: &Lake) -> LogsScanned {
    let counters = &lake.scanned;
    LogsScanned {
        sources: counters.sources.load(Ordering::Relaxed),
        rows: counters.rows.load(Ordering::Relaxed),
        line_bytes: counters.line_bytes.load(Ordering::Relaxed),
    }
}
