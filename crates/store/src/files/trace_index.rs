//! The trace index of a file: in which blocks of rows a trace lies.
//!
//! Rows are sorted by service and time, so every trace is spread over the whole file, and neither
//! bounds nor bloom filters of row groups say anything. The index lies between the last row group
//! and the footer, where other readers of Parquet never look. `docs/format.md` draws its bytes.
//!
//! It knows traces by a part of their hash: a block it names may hold no row of the trace, but every
//! block that does is named.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray};
use arrow::datatypes::{DataType, FieldRef};
use xxhash_rust::xxh3::xxh3_64;

/// The key of the file's metadata that says where the index is: `offset,length`.
pub(crate) const METADATA_KEY: &str = "luneta.trace_index";
/// Rows of a block: the grain the index tells traces apart by.
const BLOCK_ROWS: u64 = 256;
const MAGIC: &[u8; 8] = b"LUNETATI";
const VERSION: u32 = 1;
/// Bytes before the directory.
const HEADER_BYTES: usize = 32;
/// Traces of a bucket: at most this many on average, at least half as many.
const BUCKET_TRACES: usize = 128;
const BUCKET_BITS_MAX: u32 = 24;
/// While building, a trace and a block share 64 bits: this many are the block's.
const BLOCK_BITS: u32 = 24;
const BLOCK_MASK: u64 = (1 << BLOCK_BITS) - 1;
/// Bits of its hash that stand for a trace inside its bucket.
const SHORT_BITS: u32 = 16;

/// Why an index cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trace index {0}")]
pub(crate) struct Damage(&'static str);

/// Gathers the trace ids of a file while it is written.
#[derive(Debug, Default)]
pub(crate) struct TraceIndexBuilder {
    /// Hash and block of every trace, sorted within each block.
    keys: Vec<u64>,
    /// The same for the block that is not complete.
    pending: Vec<u64>,
    rows: u64,
}

impl TraceIndexBuilder {
    /// The column of the index, when a file with these columns should have one.
    pub(crate) fn column(fields: &[FieldRef]) -> Option<usize> {
        fields.iter().position(|f| f.name() == "trace_id" && *f.data_type() == DataType::FixedSizeBinary(16))
    }

    /// Adds the ids of the next rows. Nulls are no traces.
    pub(crate) fn push(&mut self, ids: &ArrayRef) {
        let ids = ids.as_any().downcast_ref::<FixedSizeBinaryArray>();
        for id in ids.iter().flat_map(|ids| ids.iter()) {
            if let Some(id) = id {
                self.pending.push((xxh3_64(id) & !BLOCK_MASK) | ((self.rows / BLOCK_ROWS) & BLOCK_MASK));
            }
            self.rows += 1;
            if self.rows.is_multiple_of(BLOCK_ROWS) {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        self.pending.sort_unstable();
        self.pending.dedup();
        self.keys.append(&mut self.pending);
    }

    /// The bytes of the index; `None` when the file has too many rows for one.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        self.end_block();
        if self.rows.div_ceil(BLOCK_ROWS) > BLOCK_MASK {
            return None;
        }
        self.keys.sort_unstable();
        let traces = self.keys.chunk_by(|a, b| a >> BLOCK_BITS == b >> BLOCK_BITS).count();
        let bits = traces.div_ceil(BUCKET_TRACES).max(1).next_power_of_two().trailing_zeros().min(BUCKET_BITS_MAX);
        let mut starts = vec![0u32];
        let mut body = Vec::with_capacity(self.keys.len() * 2);
        let mut keys = self.keys.as_slice();
        for bucket in 0..1u64 << bits {
            let end = keys.partition_point(|key| bucket_of(*key, bits) <= bucket);
            let (inside, rest) = keys.split_at(end);
            write_bucket(&mut body, inside, bits);
            starts.push(u32::try_from(body.len()).ok()?);
            keys = rest;
        }
        Some(assemble(self.rows, bits, &starts, &body))
    }
}

fn bucket_of(hash: u64, bits: u32) -> u64 {
    hash.checked_shr(u64::BITS - bits).unwrap_or(0)
}

/// What stands for a trace inside its bucket.
fn short(hash: u64, bits: u32) -> u16 {
    ((hash << bits) >> (u64::BITS - SHORT_BITS)) as u16
}

/// A checksum, then for each trace: its short hash, the number of its blocks, and the blocks as
/// distances.
fn write_bucket(out: &mut Vec<u8>, keys: &[u64], bits: u32) {
    if keys.is_empty() {
        return;
    }
    let start = out.len();
    out.extend([0; 4]);
    let mut blocks = Vec::new();
    for trace in keys.chunk_by(|a, b| short(*a, bits) == short(*b, bits)) {
        blocks.extend(trace.iter().map(|key| key & BLOCK_MASK));
        // Traces may share a short hash.
        blocks.sort_unstable();
        blocks.dedup();
        out.extend(short(trace[0], bits).to_le_bytes());
        write_varint(out, blocks.len() as u64);
        let mut last = 0;
        for block in blocks.drain(..) {
            write_varint(out, block - last);
            last = block;
        }
    }
    let crc = crc32fast::hash(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

fn assemble(rows: u64, bits: u32, starts: &[u32], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + starts.len() * 4 + body.len());
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend((BLOCK_ROWS as u32).to_le_bytes());
    out.extend(rows.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend([0; 4]);
    out.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
    let crc = head_checksum(&out);
    out[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    out.extend(body);
    out
}

/// The checksum of header and directory, without the place it stands in.
fn head_checksum(head: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..HEADER_BYTES - 4]);
    hasher.update(&head[HEADER_BYTES..]);
    hasher.finalize()
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Header and directory of an index: enough to know which bytes to read for a trace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TraceDirectory {
    /// Rows of the file the index was made for.
    pub(crate) rows: u64,
    block_rows: u64,
    bits: u32,
    /// Where each bucket begins, and where the last one ends, counted from the start of the index.
    starts: Vec<u64>,
}

impl TraceDirectory {
    /// Bytes of header and directory, from the header alone.
    pub(crate) fn bytes(head: &[u8]) -> Result<usize, Damage> {
        let bits = number(head, 24)?;
        if !head.starts_with(MAGIC) || number(head, 8)? != VERSION {
            return Err(Damage("is of another version"));
        }
        if bits > BUCKET_BITS_MAX || number(head, 12)? == 0 {
            return Err(Damage("has a damaged header"));
        }
        Ok(HEADER_BYTES + 4 * ((1 << bits) + 1))
    }

    /// Reads the start of an index of `length` bytes; more bytes than needed do no harm.
    pub(crate) fn decode(head: &[u8], length: u64) -> Result<Self, Damage> {
        let size = Self::bytes(head)?;
        let head = head.get(..size).ok_or(Damage("ends inside its directory"))?;
        if number(head, HEADER_BYTES - 4)? != head_checksum(head) {
            return Err(Damage("has a damaged directory"));
        }
        let mut starts = Vec::with_capacity((size - HEADER_BYTES) / 4);
        for at in (HEADER_BYTES..size).step_by(4) {
            starts.push(size as u64 + u64::from(number(head, at)?));
        }
        if !starts.is_sorted() || starts.last().is_none_or(|end| *end > length) {
            return Err(Damage("has a damaged directory"));
        }
        let rows = u64::from(number(head, 16)?) | u64::from(number(head, 20)?) << 32;
        Ok(Self { rows, block_rows: u64::from(number(head, 12)?), bits: number(head, 24)?, starts })
    }

    /// The bytes to read for a trace, counted from the start of the index; none when no row is of it.
    pub(crate) fn bucket(&self, id: &[u8; 16]) -> Range<u64> {
        let bucket = bucket_of(xxh3_64(id), self.bits) as usize;
        self.starts[bucket]..self.starts[bucket + 1]
    }

    /// Adds the rows that may be of a trace to `found`. `bucket` are the bytes of
    /// [`TraceDirectory::bucket`].
    pub(crate) fn find(&self, id: &[u8; 16], bucket: &[u8], found: &mut Vec<Range<u64>>) -> Result<(), Damage> {
        const CUT: Damage = Damage("has a damaged bucket");
        if bucket.is_empty() {
            return Ok(());
        }
        let (crc, mut rest) = bucket.split_first_chunk::<4>().ok_or(CUT)?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(rest) {
            return Err(CUT);
        }
        let wanted = short(xxh3_64(id), self.bits);
        while let Some((this, after)) = rest.split_first_chunk::<2>() {
            rest = after;
            let mut block = 0;
            for _ in 0..read_varint(&mut rest).ok_or(CUT)? {
                block += read_varint(&mut rest).ok_or(CUT)? & BLOCK_MASK;
                if u16::from_le_bytes(*this) == wanted {
                    let start = block * self.block_rows;
                    if start >= self.rows {
                        return Err(CUT);
                    }
                    found.push(start..self.rows.min(start + self.block_rows));
                }
            }
        }
        Ok(())
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.starts.len() * size_of::<u64>() + size_of::<Self>()
    }
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Damage> {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    four.map(u32::from_le_bytes).ok_or(Damage("ends inside its header"))
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
