//! The token index of a file of logs: in which of its rows bodies may hold a text.
//!
//! *Words*, tokens without digits, are few: they are listed, each with the blocks of rows it occurs in, so that a part
//! of a word is found as well as a whole one. Tokens with digits, *ids* here, are many and mostly rare: for each larger
//! block of rows a filter says whether an id may be in it. What the index does not name may not be there; what it names
//! may, and is read. It lies between the last row group and the footer, as the trace index does. `docs/format.md` draws
//! its bytes.

use luneta_model::Signal;

use super::varint::{read_varint, write_varint};

mod builder;
mod fuse;
mod grams;
mod index;
mod needle;
mod text;

pub(crate) use builder::TokenIndexBuilder;
pub(crate) use index::TokenIndex;
pub use needle::{BodyFilter, Needle};

/// The key of the file's metadata that says where the index is: `offset,length`.
pub(crate) const METADATA_KEY: &str = "luneta.token_index";
const MAGIC: &[u8; 8] = b"LUNETATK";
const VERSION: u32 = 1;
/// Bytes before the words.
const HEADER_BYTES: usize = 48;
/// Bytes of a block of ids in the directory.
const ID_BLOCK_BYTES: usize = 32;
/// Rows of a block of words: those of a data page.
const WORD_ROWS: u32 = 4096;
/// Rows of a block of ids: a multiple of those of a block of words.
const ID_ROWS: u32 = 32_768;
/// Shorter ids are in no filter: most of them are everywhere.
const ID_BYTES_MIN: usize = 6;
/// Longer words are taken for ids.
const WORD_BYTES_MAX: usize = 64;
/// Words of a file; further ones are taken for ids.
const WORDS_MAX: usize = 16_384;
/// Ids of a block; one with more has no filter.
const IDS_MAX: usize = 1 << 20;
/// Lengths of ids are told apart below this.
const LENGTH_MAX: usize = 63;

/// Why an index cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token index {0}")]
pub(crate) struct Damage(&'static str);

/// The column that has an index in files of a signal.
pub(crate) fn column_of(signal: Signal) -> Option<&'static str> {
    (signal == Signal::Logs).then_some("body")
}

/// What stands for a token.
fn hash(token: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(token)
}

fn length_bit(bytes: usize) -> u64 {
    1 << bytes.min(LENGTH_MAX)
}

#[cfg(test)]
mod tests;
