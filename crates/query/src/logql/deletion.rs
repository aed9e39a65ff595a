//! Log records that somebody asked to delete ([`DeleteRequest`]) are found, and their files written again without
//! them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use luneta_logql::{Entry, LogqlError, Params, Pipeline, Pushdown, Query, Selection};
use luneta_model::{Signal, Tenant};
use luneta_store::{DeleteRequest, LakeFile, StoreError, TableSnapshot};
use tokio::sync::Mutex;

use super::entries::Fields;
use super::fetch::{Chosen, Fetch};
use super::fields::Metadata;
use super::source::Lake;
use super::{LogsError, guarded};
use crate::{QueryEngine, QueryError};

/// Times one request is asked anew of a lake whose files are merged meanwhile.
const ROUNDS_MAX: usize = 100;
/// Longest the search of one file may take.
const FILE_TIME_MAX: Duration = Duration::from_hours(1);
/// After a failure, the same is tried again so much later.
const RETRY_AFTER: Duration = Duration::from_mins(10);
/// Longest the requests are not looked at.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// Requests of one tenant that may wait.
const WAITING_MAX: usize = 1000;

/// Requests to delete log records, and who processes them.
#[derive(Debug)]
pub struct Deletion {
    engine: Arc<QueryEngine>,
    /// The request at hand; none begins or is cancelled while this is held.
    at_hand: Mutex<Option<Progress>>,
}

#[derive(Debug)]
struct Progress {
    id: String,
    files: usize,
    files_done: usize,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteStatus {
    /// It waits.
    Received,
    /// Records are taken out, so many percent of the files that have any.
    Running(u8),
    /// Nothing is left.
    Processed,
}

/// What became of the wish to cancel a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is forgotten.
    Yes,
    /// There is none of the name.
    Unknown,
    /// It is processed, or about to be.
    TooLate,
}

/// Why a request is not kept.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// The query is at fault, or its times.
    #[error(transparent)]
    Query(#[from] LogqlError),
    /// Too many wait.
    #[error("{WAITING_MAX} requests to delete wait already; try again when some are processed")]
    TooMany,
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Deletion {
    /// Over the store of an engine. Nothing is deleted until [`Deletion::run`].
    pub fn new(engine: Arc<QueryEngine>) -> Self {
        Self { engine, at_hand: Mutex::default() }
    }

    /// Keeps a request to delete what a query gives within `times`, nanoseconds since 1970, both ends included.
    ///
    /// # Errors
    /// [`DeleteError`].
    pub async fn request(&self, tenant: &Tenant, query: &str, times: [i64; 2]) -> Result<(), DeleteError> {
        let parsed = Query::parse(query, &self.engine.config().logql_text)?;
        parsed.pipeline(&self.engine.config().logql)?;
        parsed.plan(&params(times))?;
        let store = self.engine.store();
        let waits = |request: &&DeleteRequest| request.tenant == *tenant && request.processed_ms.is_none();
        if store.delete_requests().await?.iter().filter(waits).count() >= WAITING_MAX {
            return Err(DeleteError::TooMany);
        }
        Ok(store.request_delete(tenant, query, times).await?)
    }

    /// The requests of a tenant, in the order they were made.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub async fn requests(&self, tenant: &Tenant) -> Result<Vec<(DeleteRequest, DeleteStatus)>, StoreError> {
        let at_hand = self.at_hand.lock().await;
        let all = self.engine.store().delete_requests().await?;
        let status = |request: &DeleteRequest| match (&*at_hand, request.processed_ms) {
            (_, Some(_)) => DeleteStatus::Processed,
            (Some(at), None) if at.id == request.id => {
                DeleteStatus::Running((100 * at.files_done / at.files.max(1)).min(99) as u8)
            }
            _ => DeleteStatus::Received,
        };
        let own = all.into_iter().filter(|request| request.tenant == *tenant);
        Ok(own.map(|request| (status(&request), request)).map(|(status, request)| (request, status)).collect())
    }

    /// Forgets a request that nobody processes yet.
    ///
    /// # Errors
    /// When the catalog cannot be written.
    pub async fn cancel(&self, tenant: &Tenant, id: &str) -> Result<Cancelled, StoreError> {
        let at_hand = self.at_hand.lock().await;
        let store = self.engine.store();
        let known = store.delete_requests().await?.into_iter().find(|r| r.id == id && r.tenant == *tenant);
        if known.is_none() {
            return Ok(Cancelled::Unknown);
        }
        let is_running = at_hand.as_ref().is_some_and(|at| at.id == id);
        Ok(if !is_running && store.cancel_delete(id).await? { Cancelled::Yes } else { Cancelled::TooLate })
    }

    /// Processes requests, the oldest first, each once its time to be cancelled is over. Runs until it is dropped.
    pub async fn run(&self) {
        loop {
            let wait = self.process_due().await.unwrap_or_else(|error| {
                tracing::warn!("requests to delete cannot be read: {error}");
                RETRY_AFTER
            });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.engine.store().delete_requested() => {}
            }
        }
    }

    /// Processes what is due; for how long nothing else is.
    async fn process_due(&self) -> Result<Duration, StoreError> {
        let mut wait = LOOK_EVERY;
        for request in self.engine.store().delete_requests().await?.into_iter().filter(|r| r.processed_ms.is_none()) {
            let age = now().saturating_sub(Duration::from_millis(request.created_ms.max(0) as u64));
            let left = self.engine.config().delete_cancel_period.saturating_sub(age);
            if !left.is_zero() {
                wait = wait.min(left + Duration::from_millis(1));
                continue;
            }
            if !self.begin(&request).await? {
                continue;
            }
            let done = self.process(&request).await;
            let noted = match &done {
                Ok(_) => self.engine.store().delete_processed(&request.id).await,
                Err(_) => Ok(()),
            };
            *self.at_hand.lock().await = None;
            noted?;
            match done {
                Ok(rows) => {
                    tracing::info!(id = request.id, tenant = %request.tenant, rows, "log records were deleted as requested");
                }
                Err(error) => {
                    tracing::warn!(id = request.id, "log records cannot be deleted yet: {error}");
                    wait = wait.min(RETRY_AFTER);
                }
            }
        }
        Ok(wait)
    }

    /// Takes a request in hand, unless it was cancelled.
    async fn begin(&self, request: &DeleteRequest) -> Result<bool, StoreError> {
        let mut at_hand = self.at_hand.lock().await;
        let is_there = self.engine.store().delete_requests().await?.iter().any(|known| known.id == request.id);
        *at_hand = is_there.then(|| Progress { id: request.id.clone(), files: 0, files_done: 0 });
        Ok(is_there)
    }

    /// Deletes all that is asked for; how many records that were.
    async fn process(&self, request: &DeleteRequest) -> Result<u64, LogsError> {
        let engine = &self.engine;
        let query = Query::parse(&request.query, &engine.config().logql_text)?;
        // Only files have to be looked at then.
        engine.store().flush().await.map_err(QueryError::Store)?;
        let (mut rows, mut searched, mut failed) = (0, HashSet::new(), None);
        for _ in 0..ROUNDS_MAX {
            let snapshot = engine.store().snapshot(&request.tenant, Signal::Logs).await.map_err(QueryError::Store)?;
            let files: Vec<_> = snapshot.files.iter().filter(|file| !searched.contains(&name_of(file))).cloned().collect();
            if files.is_empty() {
                return failed.map_or(Ok(rows), Err);
            }
            for (at, file) in files.iter().enumerate() {
                if let Some(progress) = &mut *self.at_hand.lock().await {
                    (progress.files, progress.files_done) = (files.len(), at);
                }
                // One file at a time: what is known of many would fill the memory, and they may be merged meanwhile.
                let one = TableSnapshot {
                    snapshot_id: snapshot.snapshot_id,
                    files: vec![Arc::clone(file)],
                    memory: Vec::new(),
                    schema: Arc::clone(&snapshot.schema),
                };
                match self.search(request, &query, &one).await {
                    Ok(Some(count)) => rows += count,
                    Ok(None) => continue,
                    // The others are searched all the same.
                    Err(error) => failed = Some(error),
                }
                searched.insert(name_of(file));
            }
        }
        Err(failed.unwrap_or(LogqlError::Timeout.into()))
    }

    /// Deletes what is meant in the file of a snapshot; how many records that were. `None` when the file has left the
    /// lake.
    async fn search(&self, request: &DeleteRequest, query: &Query, one: &TableSnapshot) -> Result<Option<u64>, LogsError> {
        let engine = &self.engine;
        let lake = Lake::new(engine);
        let deleted = guarded(self.delete(&lake, request, query, one)).await;
        let Err(error) = deleted else { return deleted };
        let now = engine.store().snapshot(&request.tenant, Signal::Logs).await.map_err(QueryError::Store)?;
        let is_there = now.files.iter().any(|file| one.files.iter().any(|known| name_of(known) == name_of(file)));
        if !is_there {
            return Ok(None);
        }
        // A damaged file goes to quarantine.
        engine.damaged(&lake, Err(error), &mut Vec::new()).await.unwrap_or(Ok(None))
    }

    async fn delete(
        &self,
        lake: &Lake,
        request: &DeleteRequest,
        query: &Query,
        one: &TableSnapshot,
    ) -> Result<Option<u64>, LogsError> {
        let engine = &self.engine;
        let plan = query.plan(&params([request.start_ns, request.end_ns]))?;
        let Some(selection) = plan.selections.first() else { return Ok(Some(0)) };
        // Where filters are all there is, what they let through is what is meant.
        let is_filtered = selection.limit.is_some();
        let mut pipeline = query.pipeline(&engine.config().logql)?;
        pipeline.set_now(request.created_ms.saturating_mul(1_000_000));
        let fetch = Fetch::new(lake, one, (0, selection), Instant::now() + FILE_TIME_MAX).await?;
        let mut rows = 0;
        for chosen in &fetch.sources {
            let Some(file) = chosen.source.as_file() else { continue };
            let found = meant(&fetch, chosen, selection, (!is_filtered).then_some(&mut pipeline)).await?;
            let count = found.len() as u64;
            if count > 0 && !engine.store().delete_logs(&request.tenant, file, found).await.map_err(QueryError::Store)? {
                return Ok(None);
            }
            rows += count;
        }
        Ok(Some(rows))
    }
}

/// A file never changes, but which of its rows others have deleted does.
fn name_of(file: &LakeFile) -> (i64, Option<String>) {
    (file.data_file_id, file.deletes.as_ref().map(|list| list.path.clone()))
}

/// The rows of a file that are meant.
async fn meant(
    fetch: &Fetch<'_>,
    chosen: &Chosen<'_>,
    selection: &Selection,
    mut pipeline: Option<&mut Pipeline>,
) -> Result<Vec<u64>, LogsError> {
    let mut out = Vec::new();
    let mut metadata = Metadata::default();
    let blocks = fetch.blocks(chosen);
    for chunk in Fetch::chunks(chosen, &blocks) {
        fetch.check().await?;
        let found = fetch.find(chosen, chunk, pipeline.is_some()).await?;
        if found.rows.is_empty() {
            continue;
        }
        let times = fetch.times(chosen, &found.rows).await?;
        let in_time = |at: &usize| times[*at] >= selection.from_ns && times[*at] < selection.until_ns;
        let Some(pipeline) = pipeline.as_deref_mut() else {
            out.extend((0..found.rows.len()).filter(in_time).map(|at| found.rows[at] as u64));
            continue;
        };
        let fields = Fields::read(fetch, chosen, &found.rows).await?;
        for at in (0..found.rows.len()).filter(in_time) {
            let (row, line) = (found.rows[at], found.line(at));
            fields.fill(chosen, row, at, line, &mut metadata);
            let stream = &chosen.origin(row).labels;
            let entry = Entry { time_ns: times[at], line, stream, metadata: &metadata.pairs() };
            if pipeline.process(&entry).is_some() {
                out.push(row as u64);
            }
        }
    }
    Ok(out)
}

fn params([start_ns, end_ns]: [i64; 2]) -> Params {
    Params { pushdown: Pushdown::Required, ..Params::range(start_ns, end_ns.saturating_add(1), 0) }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
