//! Where telemetry is kept: write-ahead log, memory, Parquet files under a DuckLake catalog,
//! compaction and retention.
//!
//! The life of a row, in the order of the modules below: [`Store::accept`](luneta_model::Sink)
//! appends it to the log (`wal`), it is queryable at once (`memtable`), a flush sorts it into a
//! Parquet file (`files`), one transaction makes the file part of the lake (`catalog`), small files
//! grow into large ones (`compaction`), and old ones leave (`retention`).
//!
//! Only this crate writes log, lake and catalog. Files are never edited in place. It knows nothing
//! of any query engine: readers take a [`TableSnapshot`].

mod config;
mod error;
mod snapshot;
mod stats;
mod store;

pub use config::{CompactionConfig, StoreConfig};
pub use error::StoreError;
pub use snapshot::{ColumnStats, LakeFile, StatValue, TableSnapshot};
pub use stats::{StoreStats, TableStats};
pub use store::Store;
