//! [`Store`]: the door of this crate.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use luneta_model::{Batch, Signal, Sink, SinkError, Table, Tenant};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::sync::{Notify, broadcast, oneshot};
use tokio::task::JoinHandle;

use crate::bodies::TokenIndexes;
use crate::budget::Sender;
use crate::catalog::{Catalog, Lake, Watch};
use crate::derive::{Bounds, Derived, InMemory};
use crate::flush::blocking;
use crate::memtable::{self, Generation};
use crate::state::State;
use crate::traces::{TraceIndexes, TraceRows};
use crate::wal::{Append, Encoder, Wal, replay};
use crate::{LakeFile, StoreConfig, StoreError, StoreStats, TableKey, TableSnapshot, TableStats, layout, recovery, retention};

/// Batches a live tail may lag behind before it misses some.
const TAIL_BATCHES_MAX: usize = 1024;
/// What clients are told to wait when the disk fails.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Waits between attempts to flush after a failure grow up to this.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The store of one data folder.
///
/// Dropping it without [`Store::shutdown`] loses nothing: what was acknowledged is in the log and
/// is taken back by the next [`Store::open`].
#[derive(Debug)]
pub struct Store {
    pub(crate) config: StoreConfig,
    pub(crate) lake_dir: PathBuf,
    pub(crate) state: Arc<State>,
    pub(crate) wal: Arc<Wal>,
    pub(crate) catalog: tokio::sync::Mutex<Catalog>,
    pub(crate) flushing: tokio::sync::Mutex<()>,
    /// Held by whoever merges or retires files; the files that could not be merged.
    pub(crate) merging: tokio::sync::Mutex<HashSet<i64>>,
    /// Held by whoever inspects files; those that were found good, and when.
    pub(crate) inspecting: tokio::sync::Mutex<HashMap<String, Instant>>,
    watch: tokio::sync::Mutex<Watch>,
    encoder: Encoder,
    files: Arc<LocalFileSystem>,
    traces: TraceIndexes,
    pub(crate) tokens: TokenIndexes,
    derived: InMemory,
    accepted: broadcast::Sender<Arc<Batch>>,
    flush_wanted: Arc<Notify>,
    merge_wanted: Arc<Notify>,
    pub(crate) delete_wanted: Notify,
    /// A batch found no room.
    pressed: AtomicBool,
    pub(crate) closed: AtomicBool,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    _lock: File,
}

impl Store {
    /// Opens the folder, or makes it, and takes back every acknowledged row.
    pub async fn open(config: StoreConfig) -> Result<Arc<Store>, StoreError> {
        let data_dir = config.data_dir.clone();
        fs::create_dir_all(data_dir.join("lake/data")).map_err(StoreError::io(&data_dir))?;
        let data_dir = fs::canonicalize(&data_dir).map_err(StoreError::io(&data_dir))?;
        let lock = recovery::lock(&data_dir).await?;
        let lake_dir = data_dir.join("lake/data");
        let catalog_path = data_dir.join("lake/catalog.sqlite");
        let mut catalog = Catalog::open(&catalog_path, &lake_dir).await?;
        let watch = Watch::open(&catalog_path).await?;

        let state = Arc::new(State::default());
        let position = catalog.log_position().await?;
        let wal = open_log(&data_dir.join("wal"), position, &config, &state)?;
        state.publish(catalog.lake(), None);
        let known = catalog.known_paths().await?;
        let orphans = recovery::remove_orphans(&lake_dir, &known)?;
        if orphans > 0 {
            tracing::info!("removed {orphans} files of writes that never ended");
        }
        let files =
            LocalFileSystem::new_with_prefix(&lake_dir).map_err(|e| StoreError::io(&lake_dir)(std::io::Error::other(e)))?;

        let store = Arc::new(Store {
            config: StoreConfig { data_dir, ..config },
            lake_dir,
            state,
            wal: Arc::new(wal),
            catalog: tokio::sync::Mutex::new(catalog),
            flushing: tokio::sync::Mutex::new(()),
            merging: tokio::sync::Mutex::default(),
            inspecting: tokio::sync::Mutex::default(),
            watch: tokio::sync::Mutex::new(watch),
            encoder: Encoder::default(),
            files: Arc::new(files),
            traces: TraceIndexes::default(),
            tokens: TokenIndexes::default(),
            derived: InMemory::default(),
            accepted: broadcast::channel(TAIL_BATCHES_MAX).0,
            flush_wanted: Arc::new(Notify::new()),
            merge_wanted: Arc::new(Notify::new()),
            delete_wanted: Notify::new(),
            pressed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            tasks: Mutex::new(Vec::new()),
            _lock: lock,
        });
        let lake = store.state.view().lake.clone();
        for (path, reason) in recovery::damaged(&lake, &store.lake_dir) {
            store.set_aside(&path, &reason).await?;
        }
        store.start_tasks();
        Ok(store)
    }

    /// Refuses new batches, writes what is in memory to the lake, and stops the background tasks.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::SeqCst);
        let tasks: Vec<_> = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        {
            // Background work is ended between two of its steps.
            let _flush = self.flushing.lock().await;
            let _merge = self.merging.lock().await;
            for task in &tasks {
                task.abort();
            }
        }
        let flushed = self.flush_all().await;
        let wal = self.wal.clone();
        blocking(move || {
            wal.stop();
            Ok(())
        })
        .await?;
        // Nobody reads through this process any more.
        if let Err(error) = self.delete_replaced(Duration::ZERO).await {
            tracing::warn!("replaced files stay until the next start: {error}");
        }
        flushed
    }

    /// Writes what is in memory to the lake now.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.flush_all().await
    }

    /// Merges small files once over all tables; returns how many merges were made.
    pub async fn compact(self: &Arc<Self>) -> Result<usize, StoreError> {
        self.merge_files().await
    }

    /// Every acknowledged row of a table, once.
    pub async fn snapshot(&self, tenant: &Tenant, table: impl Into<Table>) -> Result<TableSnapshot, StoreError> {
        let [snapshot] = self.snapshots(tenant, [table.into()]).await?;
        Ok(snapshot)
    }

    /// The same of several tables at one moment: rows that move from one to another are seen once.
    pub async fn snapshots<const N: usize>(&self, tenant: &Tenant, tables: [Table; N]) -> Result<[TableSnapshot; N], StoreError> {
        self.follow_others().await;
        let moment = self.state.moment(tenant, tables.map(Table::source))?;
        let mut derived: HashMap<Signal, Arc<Derived>> = HashMap::new();
        for source in tables.into_iter().filter(|t| t.signal().is_none()).map(Table::source) {
            if let std::collections::hash_map::Entry::Vacant(e) = derived.entry(source) {
                e.insert(self.derived.of(tenant, source, &moment, Bounds::from(&self.config)).await?);
            }
        }
        let mut snapshots = Vec::with_capacity(N);
        for of in tables {
            let memory = match of {
                Table::Signal(signal) => moment.wide(signal)?,
                of => derived.get(&of.source()).and_then(|derived| derived.rows(of)).cloned().into_iter().collect(),
            };
            let table = moment.lake.tables.get(&TableKey { tenant: tenant.clone(), table: of });
            snapshots.push(TableSnapshot {
                snapshot_id: moment.lake.snapshot_id,
                files: table.map(|t| t.files.clone()).unwrap_or_default(),
                schema: Arc::new(layout::schema_of(of, table.map(AsRef::as_ref), &memory)),
                memory,
            });
        }
        snapshots.try_into().map_err(|_| StoreError::Stopped("snapshot"))
    }

    /// Reloads the catalog's newest snapshot when another program made one. Readers go on with what
    /// is known when the catalog cannot be read.
    async fn follow_others(&self) {
        let newest = self.watch.lock().await.newest_snapshot().await;
        let moved = match newest {
            Ok(newest) => newest > self.state.view().lake.snapshot_id,
            Err(error) => {
                tracing::warn!("catalog: cannot look for new snapshots: {error}");
                return;
            }
        };
        if moved {
            let mut catalog = self.catalog.lock().await;
            match catalog.refresh().await {
                Ok(lake) => self.state.publish(lake, None),
                Err(error) => tracing::warn!("catalog: cannot read the newest snapshot: {error}"),
            }
        }
    }

    /// Takes a file that cannot be read out of the lake and keeps it in `quarantine/`.
    pub async fn quarantine(&self, path: &str, reason: &str) -> Result<(), StoreError> {
        self.set_aside(path, reason).await.map(|_| ())
    }

    /// Decodes files a reader complained about, in the order given, until one of them proves
    /// damaged; that one is put into quarantine. Returns what operators are told of it; `None` when
    /// every file can be decoded, or cannot be read for a reason that is not its own.
    pub async fn inspect(self: &Arc<Self>, paths: &[String]) -> Result<Option<String>, StoreError> {
        self.find_damaged(paths).await
    }

    /// Every batch accepted from now on, for live tails. Slow receivers miss batches.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.accepted.subscribe()
    }

    /// Figures about everything.
    pub fn stats(&self) -> StoreStats {
        let (wal_segments, wal_bytes) = self.wal.size();
        let counters = &self.state.counters;
        let mut stats = StoreStats {
            wal_bytes,
            wal_segments,
            memory_bytes: self.state.memory.used() as u64,
            flushes: counters.flushes.load(Ordering::Relaxed),
            compactions: counters.compactions.load(Ordering::Relaxed),
            compacted_files: counters.compacted_files.load(Ordering::Relaxed),
            retired_files: counters.retired_files.load(Ordering::Relaxed),
            disk_free_bytes: rustix::fs::statvfs(&self.lake_dir).ok().map(|s| s.f_bavail * s.f_frsize),
            ..StoreStats::default()
        };
        {
            let reports = self.state.reports();
            stats.flush_last_ms = reports.flush_last_ms;
            stats.flush_last_time = reports.flush_last_time;
            stats.flush_last_error.clone_from(&reports.flush_last_error);
            stats.upkeep_last_error.clone_from(&reports.upkeep_last_error);
            stats.warnings.clone_from(&reports.warnings);
        }
        let view = self.state.view();
        stats.memory_rows = view.active.rows + view.frozen.iter().map(|g| g.rows).sum::<u64>();
        let mut keys: Vec<&TableKey> = view.lake.tables.keys().chain(view.accepted.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let Some(signal) = key.table.signal() else { continue };
            let generations = view.frozen.iter().map(AsRef::as_ref).chain([&view.active]);
            let memory_rows = generations.flat_map(|g: &Generation| g.of(key)).map(|t| t.rows).sum();
            let accepted_rows = view.accepted.get(key).copied().unwrap_or(0);
            stats.tables.push(table_stats(key, signal, &view.lake, accepted_rows, memory_rows));
        }
        stats
    }

    /// The folder the paths of [`LakeFile`] are relative to.
    pub fn lake_dir(&self) -> &Path {
        &self.lake_dir
    }

    /// A reader of the files, rooted at [`Store::lake_dir`].
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.files.clone()
    }

    /// The rows of a file that are of any of the given traces, or blocks of rows that may be; every row
    /// of theirs is among them. `None` when the file has no index that could tell.
    pub async fn find_traces(&self, file: &LakeFile, ids: &[[u8; 16]]) -> Option<TraceRows> {
        let found = self.traces.find(self.files.as_ref(), file, ids).await;
        found.unwrap_or_else(|error| {
            tracing::warn!("{}: {error}: it is read without", file.path);
            None
        })
    }

    fn start_tasks(self: &Arc<Self>) {
        let wanted = self.flush_wanted.clone();
        let interval = self.config.flush_interval;
        let flush = tokio::spawn(flush_loop(Arc::downgrade(self), wanted, interval));
        let upkeep = tokio::spawn(upkeep_loop(Arc::downgrade(self), self.merge_wanted.clone()));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend([flush, upkeep]);
        if self.state.view().active.bytes >= self.config.flush_bytes {
            self.flush_wanted.notify_one();
        }
    }

    /// Whether memory should be written before its time has come.
    fn is_full(&self) -> bool {
        self.pressed.swap(false, Ordering::SeqCst) || self.state.view().active.bytes >= self.config.flush_bytes
    }

    async fn append(&self, batch: Arc<Batch>, sender: Sender, bytes: usize) -> Result<(), SinkError> {
        let encoded =
            self.encoder.encode(&batch).map_err(|e| SinkError::Layout { signal: batch.signal.table(), reason: e.to_string() })?;
        let (done, written) = oneshot::channel();
        let (state, wanted, flush_bytes) = (self.state.clone(), self.flush_wanted.clone(), self.config.flush_bytes);
        let tail = self.accepted.clone();
        let publish = Box::new(move || {
            if state.insert(&batch, sender, bytes) >= flush_bytes {
                wanted.notify_one();
            }
            if tail.receiver_count() > 0 {
                // An error means that the last receiver has just gone.
                let _ = tail.send(batch);
            }
        });
        let unavailable = |reason: String| SinkError::Unavailable { reason, retry_after: RETRY_AFTER };
        self.wal.append(Append { encoded, publish, done }).map_err(|e| unavailable(e.to_string()))?;
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unavailable(format!("the log cannot be written: {error}"))),
            Err(_) => Err(unavailable("the log writer stopped".into())),
        }
    }
}

#[async_trait]
impl Sink for Store {
    async fn accept(&self, batch: Batch) -> Result<(), SinkError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(SinkError::ShuttingDown);
        }
        if batch.is_empty() {
            return Ok(());
        }
        memtable::check(&batch).map_err(|reason| SinkError::Layout { signal: batch.signal.table(), reason })?;
        let signal = batch.signal.table();
        let compacted = memtable::compact(batch);
        let (batch, bytes) = compacted.map_err(|e| SinkError::Layout { signal, reason: e.to_string() })?;
        let (sender, config) = (Sender::of(&batch), &self.config);
        if !self.state.memory.reserve(sender, bytes, config.memory_bytes_max, config.accept_wait_max).await {
            self.pressed.store(true, Ordering::SeqCst);
            self.flush_wanted.notify_one();
            let reason = format!("{} bytes of rows wait to be written", self.state.memory.used());
            return Err(SinkError::Busy { reason, retry_after: RETRY_AFTER });
        }
        let result = self.append(Arc::new(batch), sender, bytes).await;
        if result.is_err() {
            self.state.memory.release(sender, bytes);
        }
        result
    }
}

/// Reads the log into memory and starts its writer.
fn open_log(dir: &Path, position: u64, config: &StoreConfig, state: &State) -> Result<Wal, StoreError> {
    let replayed = replay(dir, position)?;
    for warning in replayed.warnings {
        state.reports().warnings.push(warning);
    }
    for batch in replayed.batches {
        if let Err(reason) = memtable::check(&batch) {
            state.warn(format!("{} rows of the log do not fit table {}: {reason}", batch.len(), batch.signal));
            continue;
        }
        // Arrays of a replayed batch share one buffer, which must be counted once.
        let shared = batch.rows.columns().iter().chain(batch.origins.columns());
        let bytes = shared.map(|c| arrow::array::Array::to_data(c).get_slice_memory_size().unwrap_or(0)).sum();
        let sender = Sender::of(&batch);
        state.memory.take(sender, bytes);
        state.insert(&batch, sender, bytes);
    }
    state.view().accepted.clear();
    Wal::start(dir, replayed.next_number, replayed.segments, config.wal_segment_bytes_max)
}

fn table_stats(key: &TableKey, signal: Signal, lake: &Lake, accepted_rows: u64, memory_rows: u64) -> TableStats {
    let files = lake.tables.get(key).map(|t| t.files.as_slice()).unwrap_or_default();
    TableStats {
        tenant: key.tenant.clone(),
        signal,
        accepted_rows,
        files: files.len() as u64,
        file_bytes: files.iter().map(|f| f.size).sum(),
        file_rows: files.iter().map(|f| f.live_rows()).sum(),
        memory_rows,
        oldest: files.iter().filter_map(|f| retention::oldest(f, key.table)).min(),
        newest: files.iter().filter_map(|f| retention::newest(f, key.table)).max(),
    }
}

/// Flushes when asked or when it is time; tries again after a failure.
async fn flush_loop(store: Weak<Store>, wanted: Arc<Notify>, interval: Duration) {
    let mut backoff = Duration::from_millis(200);
    let mut last = Instant::now();
    let mut failed = false;
    loop {
        let wait = if failed { Duration::ZERO } else { interval.saturating_sub(last.elapsed()) };
        let _ = tokio::time::timeout(wait, wanted.notified()).await;
        let Some(store) = store.upgrade() else { return };
        // Perhaps the last flush already took what was asked for: a small file helps nobody.
        if !failed && last.elapsed() < interval && !store.is_full() {
            continue;
        }
        last = Instant::now();
        let result = store.flush_all().await;
        failed = result.is_err();
        match result {
            Ok(()) => {
                store.merge_wanted.notify_one();
                backoff = Duration::from_millis(200);
            }
            Err(error) => {
                tracing::error!("flush: {error}");
                drop(store);
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
    }
}

/// Merges and drops files as time goes by.
async fn upkeep_loop(store: Weak<Store>, wanted: Arc<Notify>) {
    let Some((merge_every, retire_every)) = store.upgrade().map(|s| (s.config.compaction.interval, s.config.retention_interval))
    else {
        return;
    };
    let every = |period: Duration| {
        let period = period.max(Duration::from_millis(10));
        tokio::time::interval_at(tokio::time::Instant::now() + period, period)
    };
    let (mut merge, mut retire) = (every(merge_every), every(retire_every));
    loop {
        let merging = tokio::select! {
            () = wanted.notified() => true,
            _ = merge.tick() => true,
            _ = retire.tick() => false,
        };
        let Some(store) = store.upgrade() else { return };
        let result = match merging {
            true if store.config.compaction.enabled => {
                let settled = store.settle_calls().await;
                // Whatever holds up one, the other goes on.
                store.merge_files().await.and(settled)
            }
            true => continue,
            false => store.retire(store.config.snapshot_keep).await,
        };
        if let Err(error) = &result {
            tracing::warn!("upkeep: {error}");
        }
        store.state.reports().upkeep_last_error = result.err().map(|e| e.to_string());
    }
}

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod told_tests;
