//! Flush: a frozen generation becomes files, in one commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime};

use luneta_model::{Signal, Table};

use crate::catalog::{AddFile, Change, Kind, Lake};
use crate::derive::{Bounds, derive};
use crate::files::{PreparedTable, WriterConfig, prepare};
use crate::memtable::Generation;
use crate::{Store, StoreError, TableKey, now_ms};

impl Store {
    /// Writes everything that is in memory now. One flush runs at a time.
    pub(crate) async fn flush_all(&self) -> Result<(), StoreError> {
        let _one = self.flushing.lock().await;
        let result = self.flush_generations().await;
        let mut reports = self.state.reports();
        reports.flush_last_error = result.as_ref().err().map(ToString::to_string);
        result
    }

    async fn flush_generations(&self) -> Result<(), StoreError> {
        // What an earlier flush could not write comes first, so that the log position only grows.
        self.flush_frozen().await?;
        self.freeze().await?;
        self.flush_frozen().await
    }

    async fn flush_frozen(&self) -> Result<(), StoreError> {
        loop {
            let oldest = self.state.view().frozen.first().cloned();
            let Some(generation) = oldest else { return Ok(()) };
            let started = Instant::now();
            self.flush_generation(&generation).await?;
            let mut reports = self.state.reports();
            reports.flush_last_ms = started.elapsed().as_millis() as u64;
            reports.flush_last_time = Some(SystemTime::now());
        }
    }

    /// Ends the active generation at a border between two log segments.
    async fn freeze(&self) -> Result<(), StoreError> {
        if self.state.view().active.rows == 0 {
            return Ok(());
        }
        let (done, frozen) = tokio::sync::oneshot::channel();
        let state = self.state.clone();
        self.wal.rotate(Box::new(move |position| {
            state.freeze(position);
            // The flush that asked may have been cancelled; the next one finds the generation.
            let _ = done.send(());
        }))?;
        frozen.await.map_err(|_| StoreError::Stopped("log writer"))
    }

    async fn flush_generation(&self, generation: &Arc<Generation>) -> Result<(), StoreError> {
        let lake = self.state.view().lake.clone();
        let (promoted_max, bounds) = (self.config.promoted_columns_max, Bounds::from(&self.config));
        let input = generation.clone();
        let prepared = blocking(move || prepare_tables(&input, &lake, promoted_max, bounds)).await?;
        let (add, paths) = self.write_prepared(prepared).await?;
        let change = Change { kind: Kind::Insert, add, remove: Vec::new(), log_position: Some(generation.log_position) };
        {
            let mut catalog = self.catalog.lock().await;
            match catalog.commit(change).await {
                Ok(lake) => self.state.publish(lake, Some(generation)),
                Err(StoreError::Committed) => {
                    remove_files(&paths);
                    self.state.publish(catalog.lake(), Some(generation));
                }
                Err(error) => {
                    remove_files(&paths);
                    return Err(error);
                }
            }
        }
        self.state.memory.release_all(&generation.by_sender);
        self.state.counters.flushes.fetch_add(1, Ordering::Relaxed);
        let (wal, position) = (self.wal.clone(), generation.log_position);
        if let Err(error) = blocking(move || wal.release(position)).await {
            tracing::warn!("log: cannot delete segments up to {position}: {error}");
        }
        Ok(())
    }

    /// Sees to it that tables have the columns, and writes files of them, which no commit names yet.
    pub(crate) async fn write_prepared(&self, prepared: Vec<PreparedTable>) -> Result<(Vec<AddFile>, Vec<PathBuf>), StoreError> {
        let wanted: Vec<_> = prepared.iter().map(|t| (t.key.clone(), t.fields.clone())).collect();
        let lake = {
            let mut catalog = self.catalog.lock().await;
            let lake = catalog.ensure(&wanted).await?;
            self.state.publish(lake.clone(), None);
            lake
        };
        let (lake_dir, config, target) = (self.lake_dir.clone(), WriterConfig::from(&self.config), lake.clone());
        let add = blocking(move || write_tables(&prepared, &lake_dir, &target, config)).await?;
        let paths = add.iter().map(|a| self.lake_dir.join(&lake.tables[&a.key].path).join(&a.name)).collect();
        Ok((add, paths))
    }
}

fn prepare_tables(
    generation: &Generation,
    lake: &Lake,
    promoted_max: usize,
    bounds: Bounds,
) -> Result<Vec<PreparedTable>, StoreError> {
    let mut out = Vec::new();
    for (key, rows) in generation.tables() {
        if rows.rows > 0 {
            out.push(prepare(key, rows, lake.tables.get(key).map(AsRef::as_ref), promoted_max)?);
        }
        if let Some(signal) = key.table.signal() {
            let input = (rows.batches().cloned().collect(), rows.origins.columns()?);
            let derived = derive(signal, &[input], now_ms().saturating_mul(1_000_000), bounds)?;
            out.extend(
                derived
                    .into_tables()
                    .into_iter()
                    .map(|(table, rows)| PreparedTable::of_rows(TableKey { tenant: key.tenant.clone(), table }, &rows)),
            );
        }
    }
    Ok(out)
}

fn write_tables(
    prepared: &[PreparedTable],
    lake_dir: &Path,
    lake: &Lake,
    config: WriterConfig,
) -> Result<Vec<AddFile>, StoreError> {
    let mut out: Vec<AddFile> = Vec::new();
    let mut paths = Vec::new();
    for table in prepared {
        let written = match lake.tables.get(&table.key) {
            Some(target) => {
                table.write(lake_dir, target, config).inspect(|add| paths.push(lake_dir.join(&target.path).join(&add.name)))
            }
            None => Err(StoreError::Conflict(format!("table {}", table.key))),
        };
        match written {
            // What is derived from spans is written with them.
            Ok(add) => out.push(AddFile { counted: table.key.table == Table::Signal(Signal::Spans), ..add }),
            Err(error) => {
                remove_files(&paths);
                return Err(error);
            }
        }
    }
    Ok(out)
}

/// Removes files that no commit names.
pub(crate) fn remove_files(paths: &[PathBuf]) {
    for path in paths {
        if let Err(e) = std::fs::remove_file(path) {
            tracing::warn!("{}: cannot remove an uncommitted file: {e}", path.display());
        }
    }
}

/// Runs work that computes or does file IO beside the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Stopped("background work"))?
}
