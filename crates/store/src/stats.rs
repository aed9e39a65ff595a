//! [`StoreStats`]: what the store has done and holds, for `/metrics` and the UI.

use std::time::SystemTime;

use luneta_model::{Signal, Tenant};

/// Figures of the whole store. Reading them is cheap.
#[derive(Debug, Clone, Default)]
pub struct StoreStats {
    /// Bytes of log segments on disk.
    pub wal_bytes: u64,
    /// Log segments on disk.
    pub wal_segments: u64,
    /// Rows in memory.
    pub memory_rows: u64,
    /// Bytes of rows in memory.
    pub memory_bytes: u64,
    /// Flushes that ended well.
    pub flushes: u64,
    /// How long the last flush took, in milliseconds.
    pub flush_last_ms: u64,
    /// When the last flush ended well.
    pub flush_last_time: Option<SystemTime>,
    /// Why the last flush failed; `None` once one has ended well.
    pub flush_last_error: Option<String>,
    /// Merges of files that ended well.
    pub compactions: u64,
    /// Files that merges replaced.
    pub compacted_files: u64,
    /// Files dropped because of their age.
    pub retired_files: u64,
    /// Why the last merge or the last check of ages failed.
    pub upkeep_last_error: Option<String>,
    /// Figures of every table.
    pub tables: Vec<TableStats>,
    /// Bytes free on the disk of the data folder.
    pub disk_free_bytes: Option<u64>,
    /// What an operator should know: what recovery lost, files put into quarantine.
    pub warnings: Vec<String>,
}

/// Figures of one table of one tenant.
#[derive(Debug, Clone)]
pub struct TableStats {
    /// Whose table.
    pub tenant: Tenant,
    /// Which table.
    pub signal: Signal,
    /// Rows accepted since the start of the process.
    pub accepted_rows: u64,
    /// Live files.
    pub files: u64,
    /// Bytes of live files.
    pub file_bytes: u64,
    /// Rows of live files.
    pub file_rows: u64,
    /// Rows in memory.
    pub memory_rows: u64,
    /// The oldest time in files, in nanoseconds since 1970.
    pub oldest: Option<i64>,
    /// The newest time in files, in nanoseconds since 1970.
    pub newest: Option<i64>,
}
