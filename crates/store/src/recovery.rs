//! Opening a folder: lock it, see that every file of the catalog is there, remove what no commit
//! names.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{Change, Kind, Lake};
use crate::{LakeFile, Store, StoreError, TableKey, files};

/// Takes the folder for this process, until the file is dropped.
///
/// A process that is just ending gets a moment to let go.
pub(crate) async fn lock(data_dir: &Path) -> Result<File, StoreError> {
    for _ in 0..10 {
        match try_lock(data_dir) {
            Err(StoreError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
    try_lock(data_dir)
}

fn try_lock(data_dir: &Path) -> Result<File, StoreError> {
    let path = data_dir.join("luneta.lock");
    let file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(StoreError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
    }
}

/// Live files that are missing or not of the size the catalog says.
pub(crate) fn damaged(lake: &Lake, lake_dir: &Path) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for file in lake.tables.values().flat_map(|t| &t.files) {
        match fs::metadata(lake_dir.join(&file.path)) {
            Ok(found) if found.len() == file.size => {}
            Ok(found) => out.push((file.path.clone(), format!("it has {} bytes instead of {}", found.len(), file.size))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => out.push((file.path.clone(), e.to_string())),
            // Nobody knows what the file holds; it may be readable when the system lets us.
            Err(e) => tracing::warn!("file {}: {e}", file.path),
        }
    }
    out
}

/// Removes files of ours that the catalog does not know: a flush or merge ended before its commit.
pub(crate) fn remove_orphans(lake_dir: &Path, known: &HashSet<String>) -> Result<usize, StoreError> {
    let mut folders = vec![lake_dir.to_owned()];
    let mut removed = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let entry = entry.map_err(StoreError::io(&folder))?;
            let path = entry.path();
            if entry.file_type().map_err(StoreError::io(&path))?.is_dir() {
                folders.push(path);
            } else if files::is_ours(&entry.file_name().to_string_lossy()) && !known.contains(&relative(lake_dir, &path)) {
                fs::remove_file(&path).map_err(StoreError::io(&path))?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn relative(lake_dir: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(lake_dir).unwrap_or(path).components();
    parts.map(|p| p.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

impl Store {
    /// Takes a file out of the lake and keeps it aside. Returns what operators are told; `None` when
    /// the file has left the lake already.
    pub(crate) async fn set_aside(&self, path: &str, reason: &str) -> Result<Option<String>, StoreError> {
        let mut catalog = self.catalog.lock().await;
        let lake = catalog.refresh().await?;
        let Some((key, file)) = find(&lake, path) else { return Ok(None) };
        let remove = vec![(key, file.clone())];
        let lake = catalog.commit(Change { kind: Kind::Drop, add: Vec::new(), remove, log_position: None }).await?;
        self.state.publish(lake, None);
        drop(catalog);
        let warning = format!("file {path} with {} rows was put into quarantine: {reason}", file.live_rows());
        self.state.warn(warning.clone());
        let folder = self.config.data_dir.join("quarantine");
        for path in [path].into_iter().chain(file.deletes.iter().map(|d| d.path.as_str())) {
            let from = self.lake_dir.join(path);
            if from.exists() {
                fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
                fs::rename(&from, folder.join(path.replace('/', "__"))).map_err(StoreError::io(&from))?;
            }
        }
        Ok(Some(warning))
    }
}

/// The live file of a path.
pub(crate) fn find(lake: &Lake, path: &str) -> Option<(TableKey, Arc<LakeFile>)> {
    lake.tables.iter().find_map(|(key, table)| {
        let file = table.files.iter().find(|f| f.path == path)?;
        Some((key.clone(), file.clone()))
    })
}
