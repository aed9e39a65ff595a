//! [`StoreConfig`]: where the data lies and how much of everything is allowed.

use std::path::PathBuf;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// Settings of a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The folder everything is kept in; created when it does not exist.
    pub data_dir: PathBuf,
    /// The longest time rows stay in memory before they are written to the lake.
    pub flush_interval: Duration,
    /// Bytes of rows in memory that cause a flush.
    pub flush_bytes: usize,
    /// Bytes of rows in memory, being flushed or not. Over it, new batches wait.
    pub memory_bytes_max: usize,
    /// How long a batch waits for memory before it is refused as busy.
    pub accept_wait_max: Duration,
    /// How long rows are kept, in the order of [`Signal::ALL`](luneta_model::Signal::ALL).
    pub retention: [Duration; 3],
    /// How often files are checked against `retention`.
    pub retention_interval: Duration,
    /// When and how small files are merged.
    pub compaction: CompactionConfig,
    /// How long files and snapshots that were replaced are kept for readers that still use them.
    pub snapshot_keep: Duration,
    /// Attribute keys that may become columns of a table beyond those known from the start.
    pub promoted_columns_max: usize,
    /// Names of operations told apart in what is derived from the spans of one flush; the others are
    /// counted together.
    pub operations_max: usize,
    /// Patterns of messages told apart for each service in what is derived from the records of one flush; the others
    /// are counted together.
    pub log_patterns_max: usize,
    /// How long the ends of a call wait for each other.
    pub call_wait_max: Duration,
    /// Rows of one row group of a Parquet file.
    pub row_group_rows_max: usize,
    /// Level of zstd for Parquet files.
    pub zstd_level: i32,
    /// Bytes of one log segment after which the next one is begun.
    pub wal_segment_bytes_max: u64,
}

/// When and how small files are merged into larger ones.
#[derive(Debug, Clone)]
pub struct CompactionConfig {
    /// Whether files are merged in the background.
    pub enabled: bool,
    /// How often files are looked over, besides after every flush.
    pub interval: Duration,
    /// Files below this size belong to the lowest tier.
    pub small_file_bytes: u64,
    /// Files of one tier that start a merge.
    pub files_min: usize,
    /// Files merged at once, at most.
    pub files_max: usize,
    /// Size merged files aim at; those of half this size are left alone.
    pub target_bytes: u64,
}

impl Default for CompactionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Duration::from_secs(30),
            small_file_bytes: MIB as u64,
            files_min: 4,
            files_max: 16,
            target_bytes: 128 * MIB as u64,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("luneta-data"),
            flush_interval: Duration::from_mins(1),
            flush_bytes: 96 * MIB,
            memory_bytes_max: 256 * MIB,
            accept_wait_max: Duration::from_secs(2),
            retention: [Duration::from_hours(14 * 24); 3],
            retention_interval: Duration::from_secs(30),
            compaction: CompactionConfig::default(),
            snapshot_keep: Duration::from_mins(5),
            promoted_columns_max: 64,
            operations_max: 20_000,
            log_patterns_max: 1_000,
            call_wait_max: Duration::from_mins(5),
            row_group_rows_max: 1_048_576,
            zstd_level: 1,
            wal_segment_bytes_max: 64 * MIB as u64,
        }
    }
}

impl StoreConfig {
    /// The defaults, for a folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), ..Self::default() }
    }
}
