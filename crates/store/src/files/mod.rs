//! From rows in memory to a Parquet file: decide what becomes a column (`promote`), put rows in
//! order (`sort`), gather columns (`table`), encode (`writer`), and note where
//! each trace lies (`trace_index`).

mod compression;
mod promote;
mod sort;
mod statistics;
mod table;
mod trace_index;
mod writer;

pub(crate) use compression::plain_in;
pub(crate) use promote::{Extracted, Promotion};
pub(crate) use table::{PreparedTable, prepare};
pub(crate) use trace_index::{Damage, TraceDirectory};
pub(crate) use writer::{FileWriter, WriterConfig, is_ours};

#[cfg(test)]
mod tests;
