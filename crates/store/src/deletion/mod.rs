//! Log records that somebody asked to delete: their file is written again without them, and what was derived from
//! them is taken back, in one commit.
//!
//! Who asked is in the catalog ([`DeleteRequest`]); which rows are meant, the crate for queries finds out.

mod patterns;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use luneta_model::{Signal, Table, Tenant};

use crate::catalog::{AddFile, Change, Kind, Lake, LakeTable};
use crate::files::{DeletedRows, PreparedTable, WriterConfig};
use crate::flush::{blocking, remove_files};
use crate::{LakeFile, Store, StoreError, TableKey, compaction};
use patterns::Gone;

/// Somebody's wish that log records be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Its name.
    pub id: String,
    /// Whose records.
    pub tenant: Tenant,
    /// Which records, in LogQL.
    pub query: String,
    /// Time of the earliest, nanoseconds since 1970.
    pub start_ns: i64,
    /// Time of the latest, nanoseconds since 1970.
    pub end_ns: i64,
    /// When it was made, milliseconds since 1970.
    pub created_ms: i64,
    /// When the last record was gone, milliseconds since 1970.
    pub processed_ms: Option<i64>,
}

impl Store {
    /// Keeps a request to delete log records of `times`, both ends included, and wakes who processes them.
    pub async fn request_delete(&self, tenant: &Tenant, query: &str, times: [i64; 2]) -> Result<(), StoreError> {
        self.catalog.lock().await.add_request(tenant, query, times).await?;
        self.delete_wanted.notify_one();
        Ok(())
    }

    /// Requests to delete, in the order they were made: those to come, and those processed within a month.
    pub async fn delete_requests(&self) -> Result<Vec<DeleteRequest>, StoreError> {
        self.catalog.lock().await.requests().await
    }

    /// Waits until a request is made.
    pub async fn delete_requested(&self) {
        self.delete_wanted.notified().await;
    }

    /// Forgets a request that was not processed; whether there was one.
    pub async fn cancel_delete(&self, id: &str) -> Result<bool, StoreError> {
        self.catalog.lock().await.cancel(id).await
    }

    /// Notes that nothing is left of what a request asks to delete.
    pub async fn delete_processed(&self, id: &str) -> Result<(), StoreError> {
        self.catalog.lock().await.processed(id).await
    }

    /// Takes rows, by their numbers, out of a file of log records, and out of what was counted of them. `false`
    /// when the file is no longer part of the lake as it was: its rows have to be found again. That is so, too, when it,
    /// or a file of counts, proves damaged.
    pub async fn delete_logs(self: &Arc<Self>, tenant: &Tenant, file: &LakeFile, rows: Vec<u64>) -> Result<bool, StoreError> {
        let _one = self.merging.lock().await;
        let lake = self.state.view().lake.clone();
        let key = TableKey { tenant: tenant.clone(), table: Table::Signal(Signal::Logs) };
        let known = lake.tables.get(&key).and_then(|table| {
            table.files.iter().find(|known| known.data_file_id == file.data_file_id && known.deletes == file.deletes)
        });
        let Some(file) = known.cloned() else { return Ok(false) };
        let job = Job {
            lake_dir: self.lake_dir.clone(),
            lake,
            key,
            file,
            gone: rows.into(),
            config: WriterConfig::from(&self.config).to_stay(),
        };
        let mut paths = vec![job.file.path.clone()];
        let patterns = job.lake.tables.get(&TableKey { tenant: tenant.clone(), table: Table::LogPatterns });
        paths.extend(patterns.iter().flat_map(|table| &table.files).map(|file| file.path.clone()));
        let (change, paths) = match blocking(move || job.run()).await {
            Ok(done) => done,
            Err(error) => return if self.find_damaged(&paths).await?.is_some() { Ok(false) } else { Err(error) },
        };
        match self.catalog.lock().await.commit(change).await {
            Ok(lake) => self.state.publish(lake, None),
            Err(error) => {
                remove_files(&paths);
                return if matches!(error, StoreError::Conflict(_)) { Ok(false) } else { Err(error) };
            }
        }
        Ok(true)
    }
}

/// Rows to take out of one file.
struct Job {
    lake_dir: PathBuf,
    lake: Arc<Lake>,
    key: TableKey,
    file: Arc<LakeFile>,
    gone: DeletedRows,
    config: WriterConfig,
}

/// Files that were written and no commit names yet.
#[derive(Default)]
struct Written {
    add: Vec<AddFile>,
    paths: Vec<PathBuf>,
}

impl Written {
    fn push(&mut self, lake_dir: &Path, table: &LakeTable, add: AddFile) {
        self.paths.push(lake_dir.join(&table.path).join(&add.name));
        self.add.push(add);
    }
}

impl Job {
    /// Writes what replaces the files; nothing is left behind when that fails.
    fn run(&self) -> Result<(Change, Vec<PathBuf>), StoreError> {
        let mut written = Written::default();
        // Readers of Parquet panic on some damaged files.
        let run = catch_unwind(AssertUnwindSafe(|| self.write(&mut written)));
        match run.unwrap_or(Err(StoreError::Stopped("deletion"))) {
            Ok(remove) => Ok((Change { kind: Kind::Rewrite, add: written.add, remove, log_position: None }, written.paths)),
            Err(error) => {
                remove_files(&written.paths);
                Err(error)
            }
        }
    }

    /// The files that are replaced.
    fn write(&self, written: &mut Written) -> Result<Vec<(TableKey, Arc<LakeFile>)>, StoreError> {
        let mut remove = vec![(self.key.clone(), self.file.clone())];
        self.rewrite(&self.key, &self.file, &self.gone, written)?;
        let key = TableKey { tenant: self.key.tenant.clone(), table: Table::LogPatterns };
        // What others wrote was not counted.
        let Some(table) = self.lake.tables.get(&key).filter(|_| self.file.ours) else { return Ok(remove) };
        let mut gone = Gone::read(&self.lake_dir, &self.file, &self.gone)?;
        let mut concerned = Vec::new();
        for file in &table.files {
            concerned.extend(gone.concerned(&self.lake_dir, file)?);
        }
        gone.take_back(&mut concerned);
        let mut left = Vec::new();
        for of_file in concerned {
            let (rows, batch) = of_file.changed()?;
            if !rows.is_empty() {
                self.rewrite(&key, &of_file.file, &rows.into(), written)?;
                left.push(batch);
                remove.push((key.clone(), of_file.file));
            }
        }
        if let Some(rows) = patterns::in_order(&left)? {
            let add = PreparedTable::of_rows(key, &rows).write(&self.lake_dir, table, self.config)?;
            written.push(&self.lake_dir, table, add);
        }
        Ok(remove)
    }

    fn rewrite(&self, key: &TableKey, file: &Arc<LakeFile>, gone: &DeletedRows, written: &mut Written) -> Result<(), StoreError> {
        let table = self.lake.tables.get(key).ok_or_else(|| StoreError::Conflict(format!("table {key}")))?;
        let without = HashMap::from([(file.data_file_id, gone.clone())]);
        if let Some(add) = compaction::rewrite(&self.lake_dir, key, table, file, &without, self.config)? {
            written.push(&self.lake_dir, table, add);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
