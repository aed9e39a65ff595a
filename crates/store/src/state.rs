//! The one lock: which files are live and which rows are in memory.
//!
//! Whoever looks takes both in one moment, so a row is never seen twice or not at all: a flush adds
//! its files and drops its generation in one step, too.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use luneta_model::{Batch, Signal, Tenant};

use crate::TableKey;
use crate::budget::{MemoryBudget, Sender};
use crate::catalog::Lake;
use crate::memtable::{Generation, MemoryBatch, OriginColumns};

/// Warnings kept for operators.
const WARNINGS_MAX: usize = 100;

/// Files and memory at one moment.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) lake: Arc<Lake>,
    pub(crate) active: Generation,
    /// Generations being written, the oldest first.
    pub(crate) frozen: Vec<Arc<Generation>>,
    /// Rows accepted by this process.
    pub(crate) accepted: HashMap<TableKey, u64>,
}

/// Files, and the rows in memory of the signals that were asked for.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) lake: Arc<Lake>,
    /// By signal and generation.
    pub(crate) memory: Vec<(Signal, Vec<Arc<MemoryBatch>>, Arc<OriginColumns>)>,
    /// No other moment with the same numbers has other rows.
    pub(crate) stamp: Stamp,
}

/// Snapshot, generations, rows of the last.
pub(crate) type Stamp = (i64, usize, u64);

impl Moment {
    /// The rows of a signal as readers see them.
    pub(crate) fn wide(&self, signal: Signal) -> Result<Vec<RecordBatch>, ArrowError> {
        let of_signal = self.memory.iter().filter(|(s, ..)| *s == signal);
        of_signal.flat_map(|(_, rows, origins)| rows.iter().map(|batch| batch.wide(origins))).collect()
    }
}

/// What background work reports.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(crate) flush_last_ms: u64,
    pub(crate) flush_last_time: Option<SystemTime>,
    pub(crate) flush_last_error: Option<String>,
    pub(crate) upkeep_last_error: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// Counters of background work.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) flushes: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compacted_files: AtomicU64,
    pub(crate) retired_files: AtomicU64,
}

/// The view, behind its lock, and the memory bound.
#[derive(Debug, Default)]
pub(crate) struct State {
    view: Mutex<View>,
    reports: Mutex<Reports>,
    pub(crate) counters: Counters,
    pub(crate) memory: MemoryBudget,
}

impl State {
    /// The view. Held for moments only, never across a wait.
    pub(crate) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Files and memory now, the latter of some signals of a tenant.
    pub(crate) fn moment(&self, tenant: &Tenant, signals: impl IntoIterator<Item = Signal>) -> Result<Moment, ArrowError> {
        let wanted: BTreeSet<Signal> = signals.into_iter().collect();
        let view = self.view();
        let mut memory = Vec::new();
        for generation in view.frozen.iter().map(AsRef::as_ref).chain([&view.active]) {
            for signal in &wanted {
                let key = TableKey { tenant: tenant.clone(), table: (*signal).into() };
                for rows in generation.of(&key) {
                    memory.push((*signal, rows.batches().cloned().collect(), rows.origins.columns()?));
                }
            }
        }
        let stamp = (view.lake.snapshot_id, view.frozen.len(), view.active.rows);
        Ok(Moment { lake: view.lake.clone(), memory, stamp })
    }

    /// The reports.
    pub(crate) fn reports(&self) -> MutexGuard<'_, Reports> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the operator.
    pub(crate) fn warn(&self, warning: String) {
        tracing::warn!("{warning}");
        let mut reports = self.reports();
        if reports.warnings.len() >= WARNINGS_MAX {
            reports.warnings.remove(0);
        }
        reports.warnings.push(warning);
    }

    /// Adds a durable batch to memory. Returns bytes of the active generation.
    pub(crate) fn insert(&self, batch: &Batch, sender: Sender, bytes: usize) -> usize {
        let mut view = self.view();
        match view.active.insert(batch, sender, bytes) {
            Ok(saved) => self.memory.release(sender, saved),
            Err(error) => {
                drop(view);
                // The batch was checked before it was logged, so this is a fault of this crate; its
                // rows are in the log.
                self.warn(format!("{} rows of table {} are in the log only: {error}", batch.len(), batch.signal));
                return 0;
            }
        }
        let key = TableKey { tenant: batch.tenant.clone(), table: batch.signal.into() };
        *view.accepted.entry(key).or_default() += batch.len() as u64;
        view.active.bytes
    }

    /// Ends the active generation, whose rows are in log segments up to `log_position`.
    pub(crate) fn freeze(&self, log_position: u64) {
        let mut view = self.view();
        if view.active.rows == 0 {
            return;
        }
        let mut generation = std::mem::take(&mut view.active);
        generation.log_position = log_position;
        view.frozen.push(Arc::new(generation));
    }

    /// Shows a new snapshot and, in the same moment, drops the generation it contains.
    pub(crate) fn publish(&self, lake: Arc<Lake>, flushed: Option<&Arc<Generation>>) {
        let mut view = self.view();
        view.lake = lake;
        if let Some(flushed) = flushed {
            view.frozen.retain(|g| !Arc::ptr_eq(g, flushed));
        }
    }
}
