//! Retention: files whose newest row is too old leave the lake whole; files nobody needs leave the disk.

use std::sync::atomic::Ordering;
use std::time::Duration;

use luneta_model::Table;

use crate::catalog::{Change, Doomed, Kind};
use crate::flush::blocking;
use crate::{LakeFile, StatValue, Store, StoreError, layout, now_ms};

impl Store {
    /// Drops what is too old, expires snapshots and deletes files that were replaced longer ago than `keep`.
    pub(crate) async fn retire(&self, keep: Duration) -> Result<(), StoreError> {
        {
            let _one = self.merging.lock().await;
            self.drop_old_files().await?;
        }
        self.delete_replaced(keep).await
    }

    /// Expires snapshots and deletes files that were replaced longer ago than `keep`.
    pub(crate) async fn delete_replaced(&self, keep: Duration) -> Result<(), StoreError> {
        let _one = self.merging.lock().await;
        let keep_ms = keep.as_millis() as i64;
        let doomed = {
            let mut catalog = self.catalog.lock().await;
            catalog.expire(keep_ms).await?;
            catalog.doomed(keep_ms).await?
        };
        if doomed.is_empty() {
            return Ok(());
        }
        let lake_dir = self.lake_dir.clone();
        let deleted = blocking(move || Ok(delete(&lake_dir, doomed))).await?;
        self.catalog.lock().await.deleted(&deleted).await
    }

    async fn drop_old_files(&self) -> Result<(), StoreError> {
        let lake = self.state.view().lake.clone();
        let mut remove = Vec::new();
        for (key, table) in &lake.tables {
            let keep_ms = self.config.retention[layout::index(key.table.source())].as_millis();
            let limit_ns = i128::from(now_ms()) * 1_000_000 - keep_ms as i128 * 1_000_000;
            let old = table.files.iter().filter(|f| newest(f, key.table).is_some_and(|t| i128::from(t) < limit_ns));
            remove.extend(old.map(|f| (key.clone(), f.clone())));
        }
        if remove.is_empty() {
            return Ok(());
        }
        let count = remove.len() as u64;
        let mut catalog = self.catalog.lock().await;
        let lake = catalog.commit(Change { kind: Kind::Drop, add: Vec::new(), remove, log_position: None }).await?;
        self.state.publish(lake, None);
        self.state.counters.retired_files.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }
}

/// The newest time in a file, when it is known.
pub(crate) fn newest(file: &LakeFile, table: Table) -> Option<i64> {
    match file.stats.get(table.time_column())?.max {
        Some(StatValue::Timestamp(t)) => Some(t),
        _ => None,
    }
}

/// The oldest time in a file, when it is known.
pub(crate) fn oldest(file: &LakeFile, table: Table) -> Option<i64> {
    match file.stats.get(table.time_column())?.min {
        Some(StatValue::Timestamp(t)) => Some(t),
        _ => None,
    }
}

/// Deletes files; returns those that are gone.
fn delete(lake_dir: &std::path::Path, doomed: Vec<Doomed>) -> Vec<Doomed> {
    let gone = |file: &Doomed| match std::fs::remove_file(lake_dir.join(&file.path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!("{}: cannot delete a replaced file: {e}", file.path);
            false
        }
        _ => true,
    };
    doomed.into_iter().filter(gone).collect()
}
