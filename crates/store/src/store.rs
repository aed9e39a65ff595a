//! [`Store`]: the door of this crate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use luneta_model::{Batch, Signal, Sink, SinkError, Tenant};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::sync::broadcast;

use crate::{StoreConfig, StoreError, StoreStats, TableSnapshot};

/// The store of one data folder.
#[derive(Debug)]
pub struct Store {
    lake_dir: PathBuf,
    object_store: Arc<LocalFileSystem>,
    accepted: broadcast::Sender<Arc<Batch>>,
}

impl Store {
    /// Opens the folder, or makes it, and takes back every acknowledged row.
    pub async fn open(config: StoreConfig) -> Result<Arc<Store>, StoreError> {
        let lake_dir = config.data_dir.join("lake/data");
        std::fs::create_dir_all(&lake_dir).map_err(StoreError::io(&lake_dir))?;
        let object_store = LocalFileSystem::new_with_prefix(&lake_dir)
            .map_err(|e| StoreError::io(&lake_dir)(std::io::Error::other(e)))?;
        Ok(Arc::new(Store { lake_dir, object_store: Arc::new(object_store), accepted: broadcast::channel(16).0 }))
    }

    /// Refuses new batches, writes what is in memory to the lake, and stops the background tasks.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Writes what is in memory to the lake now.
    pub async fn flush(&self) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Merges small files once over all tables; returns how many merges were made.
    pub async fn compact(&self) -> Result<usize, StoreError> {
        Err(StoreError::Closed)
    }

    /// Every acknowledged row of a table, once.
    pub async fn snapshot(&self, _tenant: &Tenant, _signal: Signal) -> Result<TableSnapshot, StoreError> {
        Err(StoreError::Closed)
    }

    /// Takes a file that cannot be read out of the lake.
    pub async fn quarantine(&self, _path: &str, _reason: &str) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    /// Every batch accepted from now on, for live tails. Slow receivers miss batches.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Batch>> {
        self.accepted.subscribe()
    }

    /// Figures about everything.
    pub fn stats(&self) -> StoreStats {
        StoreStats::default()
    }

    /// The folder the paths of [`LakeFile`](crate::LakeFile) are relative to.
    pub fn lake_dir(&self) -> &Path {
        &self.lake_dir
    }

    /// A reader of the files, rooted at [`Store::lake_dir`].
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        self.object_store.clone()
    }
}

#[async_trait]
impl Sink for Store {
    async fn accept(&self, _batch: Batch) -> Result<(), SinkError> {
        Err(SinkError::ShuttingDown)
    }
}
