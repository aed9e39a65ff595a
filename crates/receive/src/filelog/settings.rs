//! Which files are read, and how.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::ReceiveError;
use crate::text::{Format, Lines, Wrapping};

/// Where reading of a file begins that was there before anybody asked for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartAt {
    /// With what is in it.
    Beginning,
    /// With what is written from now on.
    #[default]
    End,
}

/// Bounds and intervals that hold for all receivers of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileBounds {
    /// How often files are looked at. Those that have not grown for a minute are looked at every second.
    pub poll_interval: Duration,
    /// How long the last line may lack its end, and an entry may wait for more lines.
    pub flush_period: Duration,
    /// Bytes at the beginning of a file by which it is known again.
    pub fingerprint_bytes: usize,
    /// Files of one receiver; those found beyond are left out.
    pub files_max: usize,
    /// Bytes of an entry that are kept.
    pub entry_bytes_max: usize,
    /// Bytes handed on at once.
    pub batch_bytes: usize,
}

impl Default for FileBounds {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(200),
            flush_period: Duration::from_millis(500),
            fingerprint_bytes: 1000,
            files_max: 10_000,
            entry_bytes_max: 1024 * 1024,
            batch_bytes: 4 * 1024 * 1024,
        }
    }
}

/// One receiver of files.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Patterns of paths; `**` stands for any number of folders.
    pub include: Vec<String>,
    /// Patterns of paths that are left out.
    pub exclude: Vec<String>,
    /// Where reading begins.
    pub start_at: StartAt,
    /// How lines become entries. The bound on their bytes is that of `bounds`.
    pub lines: Lines,
    /// How entries are read.
    pub format: Arc<Format>,
    /// Where clocks are whose times do not say.
    pub zone: TimeZone,
    /// Whether records have `log.file.name`.
    pub file_name: bool,
    /// Whether records have `log.file.path`.
    pub file_path: bool,
    /// Attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// Attributes of each record.
    pub attributes: Vec<(String, String)>,
    /// Bounds.
    pub bounds: FileBounds,
    /// Where positions are kept; without it they are forgotten at the end.
    pub checkpoints: Option<PathBuf>,
    /// Whether to wait for more at the ends of the files.
    pub follow: bool,
}

impl Settings {
    /// Files by patterns, with defaults.
    pub fn new(include: Vec<String>) -> Self {
        Self {
            include,
            exclude: Vec::new(),
            start_at: StartAt::End,
            lines: Lines::default(),
            format: Arc::default(),
            zone: local_zone(),
            file_name: true,
            file_path: true,
            resource: Vec::new(),
            attributes: Vec::new(),
            bounds: FileBounds::default(),
            checkpoints: None,
            follow: true,
        }
    }

    /// Whether the patterns are some.
    ///
    /// # Errors
    /// [`ReceiveError::Malformed`] when one is none.
    pub fn check(&self) -> Result<(), ReceiveError> {
        super::paths::Patterns::new(self).map(|_| ())
    }

    /// Lines, as they are cut and put together.
    pub(super) fn lines(&self) -> Lines {
        Lines { bytes_max: self.bounds.entry_bytes_max, ..self.lines.clone() }
    }

    /// Whether containers' folders tell of the pods.
    pub(super) fn of_containers(&self) -> bool {
        matches!(self.lines.wrapping, Wrapping::Auto | Wrapping::Cri)
    }
}

/// The time zone of this machine: that of `TZ`, else that of `/etc/localtime`, else UTC.
pub fn local_zone() -> TimeZone {
    let named = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    if let Some(name) = named {
        return TimeZone::get(name.trim_start_matches(':')).unwrap_or(TimeZone::UTC);
    }
    let read = std::fs::read("/etc/localtime").ok();
    read.and_then(|bytes| TimeZone::tzif("Local", &bytes).ok()).unwrap_or(TimeZone::UTC)
}
