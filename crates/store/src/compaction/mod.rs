//! Compaction: many small files become few large ones with the same rows.
//!
//! `plan` picks files of one size class of one table; `merge` streams them, ordered as they are,
//! into one file; a commit replaces them. The old files stay on disk for readers that still use
//! them until `retention` deletes them.

mod merge;
mod plan;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use luneta_model::Table;

use crate::catalog::{AddFile, Change, Kind, LakeTable};
use crate::files::{DeletedRows, WriterConfig};
use crate::flush::remove_files;
use crate::{LakeFile, Store, StoreError, TableKey};

impl Store {
    /// One pass over all tables; returns how many merges were made.
    pub(crate) async fn merge_files(self: &Arc<Self>) -> Result<usize, StoreError> {
        let mut unmergeable = self.merging.lock().await;
        let mut keys: Vec<TableKey> = self.state.view().lake.tables.keys().cloned().collect();
        // Halves of calls have an upkeep of their own.
        keys.retain(|key| key.table != Table::EdgeHalves);
        keys.sort();
        let mut merges = 0;
        let mut failed = None;
        for key in keys {
            // A stop waits for one merge, not for all.
            while !self.closed.load(Ordering::SeqCst) {
                let files = self.state.view().lake.tables.get(&key).map(|t| t.files.clone()).unwrap_or_default();
                let files: Vec<_> = files.into_iter().filter(|f| !unmergeable.contains(&f.data_file_id)).collect();
                let Some(picked) = plan::pick(&files, &self.config.compaction) else { break };
                let MergeError { file, error } = match self.merge(&key, &picked).await {
                    Ok(()) => {
                        merges += 1;
                        continue;
                    }
                    Err(error) => error,
                };
                let suspects: Vec<_> = picked.iter().filter(|f| suspect(f, file, &error)).collect();
                let paths: Vec<String> = suspects.iter().map(|f| f.path.clone()).collect();
                if self.find_damaged(&paths).await?.is_some() {
                    // The others are merged without it.
                    continue;
                }
                tracing::warn!("files of {key} cannot be merged: {error}");
                unmergeable.extend(suspects.iter().map(|f| f.data_file_id));
                failed = Some(error);
                if suspects.is_empty() {
                    break;
                }
            }
        }
        failed.map_or(Ok(merges), Err)
    }

    async fn merge(&self, key: &TableKey, files: &[Arc<LakeFile>]) -> Result<(), MergeError> {
        let table = self.state.view().lake.tables.get(key).cloned();
        let table = table.ok_or_else(|| StoreError::Conflict(format!("table {key}")))?;
        let (lake_dir, config) = (self.lake_dir.clone(), WriterConfig::from(&self.config).to_stay());
        let path = lake_dir.join(&table.path);
        let job = (key.clone(), files.to_vec());
        let merging =
            tokio::task::spawn_blocking(move || merge::merge(&lake_dir, &job.0, &table, &job.1, &HashMap::new(), config));
        let counted = files.iter().all(|file| file.counted);
        let merged = merging.await.map_err(|_| StoreError::Stopped("merge"))??;
        let add: Vec<AddFile> = merged.into_iter().map(|add| AddFile { counted, ..add }).collect();
        let paths: Vec<_> = add.iter().map(|a| path.join(&a.name)).collect();
        let remove = files.iter().map(|f| (key.clone(), f.clone())).collect();
        let change = Change { kind: Kind::Merge, add, remove, log_position: None };
        let mut catalog = self.catalog.lock().await;
        match catalog.commit(change).await {
            Ok(lake) => self.state.publish(lake, None),
            Err(error) => {
                remove_files(&paths);
                return Err(error.into());
            }
        }
        self.state.counters.compactions.fetch_add(1, Ordering::Relaxed);
        self.state.counters.compacted_files.fetch_add(files.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// Writes a file again without some of its rows, given by its number; nothing when none is left.
pub(crate) fn rewrite(
    lake_dir: &Path,
    key: &TableKey,
    table: &LakeTable,
    file: &Arc<LakeFile>,
    without: &HashMap<i64, DeletedRows>,
    config: WriterConfig,
) -> Result<Option<AddFile>, StoreError> {
    let written = merge::merge(lake_dir, key, table, std::slice::from_ref(file), without, config);
    Ok(written.map_err(|fault| fault.error)?.map(|add| AddFile { counted: file.counted, ..add }))
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

/// Whether a file of a merge may be why it failed: the one that could not be read, or any of them
/// when the reader panicked or gave another number of rows.
fn suspect(file: &LakeFile, blamed: Option<i64>, error: &StoreError) -> bool {
    match (blamed, error) {
        // Too many open files, no permission: not the file's fault.
        (_, StoreError::Io { source, .. }) if source.kind() != std::io::ErrorKind::NotFound => false,
        (Some(id), _) => file.data_file_id == id,
        (None, error) => matches!(error, StoreError::Stopped(_) | StoreError::CatalogContent(_)),
    }
}

#[cfg(test)]
mod tests;
