//! From rows in memory to a Parquet file: count keys (`keys`), decide what becomes a column (`promote`), put rows in
//! order (`sort`), shape metric points (`points`), gather columns (`table`), encode (`writer`).

mod keys;
mod points;
mod promote;
mod sort;
mod statistics;
mod table;
mod writer;

pub(crate) use keys::KeyCounts;
pub(crate) use promote::{Extracted, Promotion};
pub(crate) use table::{PreparedTable, prepare};
pub(crate) use writer::{FileWriter, WriterConfig, is_ours};

#[cfg(test)]
mod tests;
