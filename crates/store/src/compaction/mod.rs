//! Compaction: many small files become few large ones with the same rows.
//!
//! `plan` picks files of one size class of one table; `merge` streams them, ordered as they are,
//! into one file; a commit replaces them. The old files stay on disk for readers that still use
//! them until `retention` deletes them.

mod merge;
mod plan;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::catalog::{Change, Kind};
use crate::files::WriterConfig;
use crate::flush::remove_files;
use crate::{LakeFile, Store, StoreError, TableKey};

impl Store {
    /// One pass over all tables; returns how many merges were made.
    pub(crate) async fn merge_files(&self) -> Result<usize, StoreError> {
        let mut unmergeable = self.merging.lock().await;
        let mut keys: Vec<TableKey> = self.state.view().lake.tables.keys().cloned().collect();
        keys.sort();
        let mut merges = 0;
        let mut failed = None;
        for key in keys {
            loop {
                let files = self.state.view().lake.tables.get(&key).map(|t| t.files.clone()).unwrap_or_default();
                let files: Vec<_> = files.into_iter().filter(|f| !unmergeable.contains(&f.data_file_id)).collect();
                let Some(picked) = plan::pick(&files, &self.config.compaction) else { break };
                match self.merge(&key, &picked).await {
                    Ok(()) => merges += 1,
                    Err(MergeError { file: Some(id), error }) => {
                        tracing::warn!("file {id} of {key} cannot be merged: {error}");
                        unmergeable.insert(id);
                        failed = Some(error);
                    }
                    Err(MergeError { file: None, error }) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
        }
        match failed {
            Some(error) if merges == 0 => Err(error),
            _ => Ok(merges),
        }
    }

    async fn merge(&self, key: &TableKey, files: &[Arc<LakeFile>]) -> Result<(), MergeError> {
        let table = self.state.view().lake.tables.get(key).cloned();
        let table = table.ok_or_else(|| StoreError::Conflict(format!("table {key}")))?;
        let (lake_dir, config) = (self.lake_dir.clone(), WriterConfig::from(&self.config).merged());
        let path = lake_dir.join(&table.path);
        let job = (key.clone(), files.to_vec());
        let merging = tokio::task::spawn_blocking(move || merge::merge(&lake_dir, &job.0, &table, &job.1, config));
        let merged = merging.await.map_err(|_| StoreError::Stopped("merge"))??;
        let path = path.join(&merged.name);
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        if merged.rows != rows {
            remove_files(&[path]);
            return Err(StoreError::CatalogContent(format!("merging {rows} rows of {key} gave {}", merged.rows)).into());
        }
        let remove = files.iter().map(|f| (key.clone(), f.data_file_id)).collect();
        let change = Change { kind: Kind::Merge, add: vec![merged], remove, log_position: None };
        let mut catalog = self.catalog.lock().await;
        match catalog.commit(change).await {
            Ok(lake) => self.state.publish(lake, None),
            Err(error) => {
                remove_files(&[path]);
                return Err(error.into());
            }
        }
        self.state.counters.compactions.fetch_add(1, Ordering::Relaxed);
        self.state.counters.compacted_files.fetch_add(files.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// Why a merge failed, and the file to blame when there is one.
#[derive(Debug)]
struct MergeError {
    file: Option<i64>,
    error: StoreError,
}

impl<E: Into<StoreError>> From<E> for MergeError {
    fn from(error: E) -> Self {
        Self { file: None, error: error.into() }
    }
}

#[cfg(test)]
mod tests;
