//! Prints of bytes, by which a file is known again when it has another name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes before a position that are compared.
pub(super) const TAIL_BYTES: u64 = 256;

/// A number of bytes, and their hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    len: u64,
    hash: u64,
}

impl Print {
    /// Of bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { len: bytes.len() as u64, hash: xxh3_64(bytes) }
    }

    /// Of the beginning of a file.
    pub(super) fn head(file: &File, bytes_max: usize) -> io::Result<Self> {
        Ok(Self::of(&read(file, 0, bytes_max)?))
    }

    /// Of the bytes before a position.
    pub(super) fn tail(file: &File, position: u64) -> io::Result<Self> {
        let len = position.min(TAIL_BYTES);
        Ok(Self::of(&read(file, position - len, len as usize)?))
    }

    /// Whether a file has these bytes at its beginning.
    pub(super) fn begins(&self, file: &File) -> io::Result<bool> {
        Ok(Self::of(&read(file, 0, self.len as usize)?) == *self)
    }

    /// Whether a file has these bytes before a position.
    pub(super) fn precedes(&self, file: &File, position: u64) -> io::Result<bool> {
        Ok(position >= self.len && Self::of(&read(file, position - self.len, self.len as usize)?) == *self)
    }

    /// How many bytes it is of.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

/// Bytes from a position; fewer where the file ends.
pub(super) fn read(file: &File, from: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read_at(&mut bytes[filled..], from + filled as u64) {
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
