//! What is derived from spans and log records while they are written: rate, errors and duration of operations, the calls
//! between services, and how often messages of a kind were logged.
//!
//! A flush writes the derived rows in the commit that makes the rows they come from part of the lake,
//! so every span and every record is counted once, whatever crashes and however late it came. Rows of one interval
//! and operation may come from several flushes: readers add them up. Rows still in memory are
//! derived when somebody asks.
//!
//! The two ends of a call may come in different flushes. What has found no other end waits in a
//! table of its own (`edge_halves`), which readers pair too, and [`settle`] takes out what is paired
//! or has waited long enough.

mod edges;
mod histogram;
mod memory;
mod operations;
pub(crate) mod patterns;
pub(crate) mod rows;
mod sampling;
mod settle;
mod spans;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::error::ArrowError;
use luneta_model::{Signal, Table};

pub(crate) use memory::InMemory;

use crate::memtable::{MemoryBatch, OriginColumns};
use crate::{StoreConfig, layout};
use edges::Edges;
use operations::Operations;
use patterns::Patterns;
use spans::Spans;

/// Derived rows, by table; each is in the order of its files.
#[derive(Debug, Default, Clone)]
pub(crate) struct Derived(Vec<(Table, RecordBatch)>);

impl Derived {
    /// The rows of a table, if there are any.
    pub(crate) fn rows(&self, table: Table) -> Option<&RecordBatch> {
        self.0.iter().find(|(t, _)| *t == table).map(|(_, rows)| rows)
    }

    /// The tables that have rows.
    pub(crate) fn into_tables(self) -> Vec<(Table, RecordBatch)> {
        self.0
    }

    fn push(&mut self, table: Table, columns: Vec<ArrayRef>) -> Result<(), ArrowError> {
        let rows = RecordBatch::try_new(layout::fixed(table).clone(), columns)?;
        if rows.num_rows() > 0 {
            self.0.push((table, rows));
        }
        Ok(())
    }
}

/// Rows of one table in memory: batches, and the origins they share.
pub(crate) type InMemoryRows = (Vec<Arc<MemoryBatch>>, Arc<OriginColumns>);

/// How much is told apart in what one flush derives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Names of operations.
    pub(crate) operations_max: usize,
    /// Patterns of messages of each service.
    pub(crate) patterns_max: usize,
}

impl From<&StoreConfig> for Bounds {
    fn from(config: &StoreConfig) -> Self {
        Self { operations_max: config.operations_max, patterns_max: config.log_patterns_max }
    }
}

/// Derives from rows of a signal in memory, which arrived at `arrived` in nanoseconds since 1970.
pub(crate) fn derive(signal: Signal, rows: &[InMemoryRows], arrived: i64, bounds: Bounds) -> Result<Derived, ArrowError> {
    match signal {
        Signal::Spans => from_spans(rows, arrived, bounds.operations_max),
        Signal::Logs => from_logs(rows, bounds.patterns_max),
        Signal::Metrics => Ok(Derived::default()),
    }
}

fn from_spans(rows: &[InMemoryRows], arrived: i64, operations_max: usize) -> Result<Derived, ArrowError> {
    let mut operations = Operations::new(operations_max);
    let mut edges = Edges::default();
    for (batches, origins) in rows {
        for batch in batches {
            let Some(spans) = Spans::of(batch, origins) else { continue };
            for row in 0..spans.len() {
                let weight = spans.weight(row);
                operations.add(&spans, row, weight);
                edges.add(&spans, row, weight, arrived);
            }
        }
    }
    let mut derived = Derived::default();
    derived.push(Table::SpanMetrics, operations.columns())?;
    edges.finish(&mut derived)?;
    Ok(derived)
}

fn from_logs(rows: &[InMemoryRows], patterns_max: usize) -> Result<Derived, ArrowError> {
    let mut patterns = Patterns::new(patterns_max);
    for (batches, origins) in rows {
        patterns.add(batches, origins);
    }
    let mut derived = Derived::default();
    derived.push(Table::LogPatterns, patterns.columns())?;
    Ok(derived)
}

#[cfg(test)]
mod tests;
