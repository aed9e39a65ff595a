//! The write-ahead log: a batch is acknowledged once it stands here on disk.
//!
//! The log is a folder of numbered segments. A segment is a header and records; a record is a mark,
//! a length, a checksum and a payload (`record`). One thread writes (`writer`): all batches that
//! wait are written together and made durable by one `fdatasync`. A segment is deleted once the
//! catalog says that its rows are in the lake; on start the remaining ones are read (`replay`).

mod record;
mod replay;
mod segment;
mod writer;

pub(crate) use record::Encoder;
pub(crate) use replay::replay;
pub(crate) use writer::{Append, Wal};

#[cfg(test)]
mod tests;
