//! [`StoreError`]: what can go wrong below the sink.

use std::path::PathBuf;

use arrow::error::ArrowError;
use luneta_model::ErrorKind;
use parquet::errors::ParquetError;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder or a file in it cannot be used.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the data folder open.
    #[error("{path} is in use by another luneta process")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The catalog refused.
    #[error("catalog: {0}")]
    Catalog(#[from] sqlx::Error),
    /// The catalog holds what this version cannot work with.
    #[error("catalog: {0}")]
    CatalogContent(String),
    /// Another writer changed what a commit relied on.
    #[error("catalog: another writer changed {0}")]
    Conflict(String),
    /// The rows of a flush are in the lake already.
    #[error("the rows are in the lake already")]
    Committed,
    /// Rows could not be arranged.
    #[error("rows: {0}")]
    Arrow(#[from] ArrowError),
    /// A Parquet file could not be written or read.
    #[error("parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// A log segment is not one of ours.
    #[error("log segment {path}: {reason}")]
    Segment {
        /// The segment.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was shut down.
    #[error("the store is shut down")]
    Closed,
    /// A background thread ended early: a fault of this crate.
    #[error("{0} stopped")]
    Stopped(&'static str),
}

impl StoreError {
    /// The kind, for status codes.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            StoreError::Io { .. } | StoreError::Catalog(_) | StoreError::Closed | StoreError::Locked { .. } => {
                ErrorKind::Unavailable
            }
            StoreError::Conflict(_) => ErrorKind::Busy,
            _ => ErrorKind::Internal,
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { path, source }
    }
}
