//! Where telemetry is kept: write-ahead log, memory, Parquet files under a DuckLake catalog,
//! compaction and retention.
//!
//! The life of a row, in the order of the modules below: [`Store::accept`](luneta_model::Sink)
//! appends it to the log (`wal`), it is queryable at once (`memtable`), a flush sorts it into a
//! Parquet file (`flush`, `files`) beside what is derived from it (`derive`), one transaction makes the file part of the lake (`catalog`),
//! small files grow into large ones (`compaction`), and old ones leave (`retention`). `traces` finds the rows
//! of a trace in a file, `bodies` those whose bodies may hold a text.
//!
//! Only this crate writes log, lake and catalog. Files are never edited in place. It knows nothing
//! of any query engine: readers take a [`TableSnapshot`].

mod config;
mod error;
mod snapshot;
mod stats;
mod store;

mod wal;

mod memtable;

mod state;

mod flush;

mod derive;

mod files;

mod catalog;

mod recent;

mod traces;

mod bodies;

mod budget;

mod compaction;

mod deletion;

mod retention;

mod inspection;

mod recovery;

mod layout;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use luneta_model::{Table, Tenant};

pub use config::{CompactionConfig, StoreConfig};
pub use deletion::DeleteRequest;
pub use error::StoreError;
pub use files::{BodyFilter, DeletedRows, Needle};
pub use snapshot::{ColumnStats, DeleteFile, LakeFile, MapKey, StatValue, TableSnapshot};
pub use stats::{StoreStats, TableStats};
pub use store::Store;
pub use traces::TraceRows;

/// Names one table: rows of different tenants never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TableKey {
    pub(crate) tenant: Tenant,
    pub(crate) table: Table,
}

impl fmt::Display for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.tenant, self.table)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
