//! [`Batch`]: rows of one signal for one tenant, and the resources and scopes they came from.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::Told;

/// One of the three telemetry signals; each is one table of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans of traces: table `spans`.
    Spans,
    /// Log records: table `logs`.
    Logs,
    /// Metric data points: table `metrics`.
    Metrics,
}

impl Signal {
    /// Every signal, in the order used for reports.
    pub const ALL: [Signal; 3] = [Signal::Spans, Signal::Logs, Signal::Metrics];

    /// The table that holds this signal.
    pub const fn table(self) -> &'static str {
        match self {
            Signal::Spans => "spans",
            Signal::Logs => "logs",
            Signal::Metrics => "metrics",
        }
    }

    /// The column files are pruned by: the start of a span, the time of a record or a point.
    pub const fn time_column(self) -> &'static str {
        match self {
            Signal::Spans => "start_time",
            Signal::Logs | Signal::Metrics => "time",
        }
    }

    /// A small number that names the signal in log segments; never reused.
    pub const fn code(self) -> u8 {
        match self {
            Signal::Spans => 1,
            Signal::Logs => 2,
            Signal::Metrics => 3,
        }
    }

    /// The signal of a table name, `None` for any other word.
    pub fn from_table(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.table() == name)
    }

    /// The inverse of [`Signal::code`].
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.table())
    }
}

/// Whose data it is. Tenants never see each other's rows, files or names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Arc<str>);

/// Why a tenant name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("tenant names are 1 to 150 of the characters a-z A-Z 0-9 - _ . and not `.` or `..`")]
pub struct TenantError;

impl Tenant {
    /// Checks a name as Grafana's servers do: the allowed set is safe in paths and headers.
    ///
    /// # Errors
    /// [`TenantError`] when the name is empty, too long, or holds another character.
    pub fn new(name: &str) -> Result<Self, TenantError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 150 || name == "." || name == ".." || !name.chars().all(allowed) {
            return Err(TenantError);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Tenant {
    /// The tenant of requests that name none: `default`.
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Rows of one signal in the physical layout.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Whose rows these are.
    pub tenant: Tenant,
    /// Which table they belong to.
    pub signal: Signal,
    /// The rows. The first column, `origin` (UInt32, not null), indexes `origins`.
    pub rows: RecordBatch,
    /// One row per distinct resource and scope. The first column, `fingerprint`
    /// (FixedSizeBinary(16)), tells equal origins of different batches.
    pub origins: RecordBatch,
    /// What `origin` indexes where the batch has points of series that were told before; `origins` is empty then.
    pub told: Option<Told>,
}

impl Batch {
    /// How many rows the batch holds.
    pub fn len(&self) -> usize {
        self.rows.num_rows()
    }

    /// Whether the batch holds no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory the arrays hold on to.
    pub fn memory_bytes(&self) -> usize {
        self.rows.get_array_memory_size() + self.origins.get_array_memory_size()
    }
}
