//! What is derived from spans while they are written: rate, errors and duration of operations, and
//! the calls between services.
//!
//! A flush writes the derived rows of its spans in the commit that makes the spans part of the lake,
//! so every span is counted once, whatever crashes and however late it came. Rows of one interval
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
mod rows;
mod sampling;
mod settle;
mod spans;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::error::ArrowError;
use luneta_model::Table;

pub(crate) use memory::InMemory;

use crate::layout;
use crate::memtable::{MemoryBatch, OriginColumns};
use edges::Edges;
use operations::Operations;
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

/// Derives from spans in memory, which arrived at `arrived` in nanoseconds since 1970. At most
/// `operations_max` names of operations are told apart.
pub(crate) fn derive(
    batches: &[(Vec<Arc<MemoryBatch>>, Arc<OriginColumns>)],
    arrived: i64,
    operations_max: usize,
) -> Result<Derived, ArrowError> {
    let mut operations = Operations::new(operations_max);
    let mut edges = Edges::default();
    for (batches, origins) in batches {
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

#[cfg(test)]
mod tests;
