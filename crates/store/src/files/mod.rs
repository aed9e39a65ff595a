//! From rows in memory to a Parquet file: count keys (`keys`), decide what becomes a column (`promote`), put rows in
//! order (`sort`), shape metric points (`points`), gather columns (`table`), encode (`writer`, and `runs` where a value
//! stands for many rows), note where each trace lies (`trace_index`), and which texts bodies may hold where (`tokens`).
//! Beside that, what others wrote: which rows of a file are deleted (`deletes`).

mod compression;
mod deletes;
mod keys;
mod points;
mod promote;
mod runs;
mod sort;
mod statistics;
mod table;
mod tokens;
mod trace_index;
mod varint;
mod writer;

pub(crate) use compression::plain_in;
pub use deletes::DeletedRows;
pub(crate) use keys::KeyCounts;
pub(crate) use promote::{Extracted, Promotion};
pub(crate) use runs::may_run;
pub(crate) use table::{PreparedTable, prepare};
pub use tokens::{BodyFilter, Needle};
pub(crate) use tokens::{Damage as TokenDamage, TokenIndex};
pub(crate) use trace_index::{Damage, TraceDirectory};
pub(crate) use writer::{FileWriter, Piece, WriterConfig, is_ours};

#[cfg(test)]
mod tests;
