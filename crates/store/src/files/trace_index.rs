//! The trace index of a file: in which of its rows a trace lies.
//!
//! Rows are sorted by service and time, so every trace is spread over the whole file, and neither
//! bounds nor bloom filters of row groups say anything. The index lies between the last row group
//! and the footer, where other readers of Parquet never look. `docs/format.md` draws its bytes.
//!
//! It comes in two grains. The fine one holds whole ids and single rows: who looks up a trace needs
//! no other column to know its rows. The coarse one holds a part of the ids' hashes and blocks of
//! rows: a block it names may hold no row of the trace, but every block that does is named.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray};
use arrow::datatypes::{DataType, FieldRef};
use luneta_model::Signal;
use xxhash_rust::xxh3::xxh3_64;

use traces::Traces;

use super::varint::{read_varint, write_varint};

mod traces;

/// The key of the file's metadata that says where the index is: `offset,length`.
pub(crate) const METADATA_KEY: &str = "luneta.trace_index";
const MAGIC: &[u8; 8] = b"LUNETATI";
const VERSION: u32 = 2;
/// Bytes before the directory.
const HEADER_BYTES: usize = 36;
/// Traces of a bucket: at most this many on average, at least half as many.
const BUCKET_TRACES: usize = 64;
const BUCKET_BITS_MAX: u32 = 24;
/// Bytes of a trace id.
const ID_BYTES: usize = 16;
/// Bits of its hash that stand for a trace inside its bucket where ids are not whole.
const SHORT_BITS: u32 = 16;

type Id = [u8; ID_BYTES];

/// Why an index cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trace index {0}")]
pub(crate) struct Damage(&'static str);

/// How closely an index tells rows and traces apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grain {
    block_rows: u32,
    id_bytes: u32,
}

impl Grain {
    /// Rows and traces as they are.
    pub(crate) const FINE: Self = Self { block_rows: 1, id_bytes: ID_BYTES as u32 };
    /// Blocks of rows, and a part of the hash for a trace.
    pub(crate) const COARSE: Self = Self { block_rows: 256, id_bytes: SHORT_BITS / 8 };

    /// What suits a signal: many spans share a trace, few log records do.
    pub(crate) fn of(signal: Signal) -> Self {
        if signal == Signal::Spans { Self::FINE } else { Self::COARSE }
    }

    /// Whether rows found are known to be of their trace.
    pub(crate) fn is_exact(self) -> bool {
        self.block_rows == 1 && self.id_bytes as usize == ID_BYTES
    }
}

/// Gathers the trace ids of a file while it is written.
#[derive(Debug)]
pub(crate) struct TraceIndexBuilder {
    grain: Grain,
    traces: Traces,
    /// The number of each trace and a block it lies in, in order of the blocks.
    places: Vec<(u32, u32)>,
    /// Where the places of the block that is not complete begin.
    block_start: usize,
    rows: u64,
}

impl TraceIndexBuilder {
    /// For a file of which nothing is written yet.
    pub(crate) fn new(grain: Grain) -> Self {
        Self { grain, traces: Traces::default(), places: Vec::new(), block_start: 0, rows: 0 }
    }

    /// The column of the index, when a file with these columns should have one.
    pub(crate) fn column(fields: &[FieldRef]) -> Option<usize> {
        fields.iter().position(|f| f.name() == "trace_id" && *f.data_type() == DataType::FixedSizeBinary(16))
    }

    /// Adds the ids of the next rows. Nulls are no traces.
    pub(crate) fn push(&mut self, ids: &ArrayRef) {
        let ids = ids.as_any().downcast_ref::<FixedSizeBinaryArray>();
        for id in ids.iter().flat_map(|ids| ids.iter()) {
            if let Some(id) = id.and_then(|id| Id::try_from(id).ok()) {
                // Files with more rows than this get no index.
                let block = u32::try_from(self.rows / u64::from(self.grain.block_rows)).unwrap_or(u32::MAX);
                self.places.push((self.traces.number(&id), block));
            }
            self.rows += 1;
            if self.rows.is_multiple_of(u64::from(self.grain.block_rows)) {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        if self.places.len() - self.block_start > 1 {
            let mut block = self.places.split_off(self.block_start);
            block.sort_unstable();
            block.dedup();
            self.places.append(&mut block);
        }
        self.block_start = self.places.len();
    }

    /// The bytes of the index; `None` when the file has too many rows for one.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        self.end_block();
        u32::try_from(self.rows).ok()?;
        let ids = self.traces.into_ids();
        let bits = ids.len().div_ceil(BUCKET_TRACES).max(1).next_power_of_two().trailing_zeros().min(BUCKET_BITS_MAX);
        let mut order: Vec<(u64, u32)> = (0u32..).zip(&ids).map(|(number, id)| (xxh3_64(id), number)).collect();
        order.sort_unstable();
        let (ends, blocks) = by_trace(ids.len(), &self.places);
        let mut starts = vec![0u32];
        let mut body = Vec::with_capacity(ids.len() * 8 + self.places.len() * 2);
        let mut rest = order.as_slice();
        for bucket in 0..1u64 << bits {
            let (inside, after) = rest.split_at(rest.partition_point(|(hash, _)| bucket_of(*hash, bits) <= bucket));
            let traces = inside.iter().map(|(hash, number)| {
                let at = *number as usize;
                let start = at.checked_sub(1).map_or(0, |before| ends[before]);
                (*hash, &ids[at], &blocks[start..ends[at]])
            });
            write_bucket(&mut body, traces, bits, self.grain);
            starts.push(u32::try_from(body.len()).ok()?);
            rest = after;
        }
        Some(assemble(self.rows, bits, self.grain, &starts, &body))
    }
}

/// The blocks of each trace behind one another, and where those of each end.
fn by_trace(traces: usize, places: &[(u32, u32)]) -> (Vec<usize>, Vec<u32>) {
    let mut ends = vec![0; traces];
    for (trace, _) in places {
        ends[*trace as usize] += 1;
    }
    let mut next = 0;
    for end in &mut ends {
        next += std::mem::replace(end, next);
    }
    let mut blocks = vec![0; places.len()];
    for (trace, block) in places {
        let at = &mut ends[*trace as usize];
        blocks[*at] = *block;
        *at += 1;
    }
    (ends, blocks)
}

fn bucket_of(hash: u64, bits: u32) -> u64 {
    hash.checked_shr(u64::BITS - bits).unwrap_or(0)
}

/// What stands for a trace inside its bucket where ids are not whole.
fn short(hash: u64, bits: u32) -> u16 {
    ((hash << bits) >> (u64::BITS - SHORT_BITS)) as u16
}

/// A checksum, then for each trace: its id or short hash, the number of its blocks, and the blocks as
/// distances.
fn write_bucket<'t>(out: &mut Vec<u8>, traces: impl Iterator<Item = (u64, &'t Id, &'t [u32])>, bits: u32, grain: Grain) {
    let start = out.len();
    out.extend([0; 4]);
    for (hash, id, blocks) in traces {
        if grain.is_exact() {
            out.extend(id);
        } else {
            out.extend(short(hash, bits).to_le_bytes());
        }
        write_varint(out, blocks.len() as u64);
        let mut last = 0;
        for block in blocks {
            write_varint(out, u64::from(block - last));
            last = *block;
        }
    }
    if out.len() == start + 4 {
        out.truncate(start);
        return;
    }
    let crc = crc32fast::hash(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

fn assemble(rows: u64, bits: u32, grain: Grain, starts: &[u32], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + starts.len() * 4 + body.len());
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend(grain.block_rows.to_le_bytes());
    out.extend(rows.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(grain.id_bytes.to_le_bytes());
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

/// Header and directory of an index: enough to know which bytes to read for a trace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TraceDirectory {
    /// Rows of the file the index was made for.
    pub(crate) rows: u64,
    grain: Grain,
    bits: u32,
    /// Where each bucket begins, and where the last one ends, counted from the start of the index.
    starts: Vec<u64>,
}

impl TraceDirectory {
    /// Bytes of header and directory, from the header alone.
    pub(crate) fn bytes(head: &[u8]) -> Result<usize, Damage> {
        if !head.starts_with(MAGIC) || number(head, 8)? != VERSION {
            return Err(Damage("is of another version"));
        }
        let (bits, grain) = (number(head, 24)?, grain(head)?);
        if bits > BUCKET_BITS_MAX || grain.block_rows == 0 || ![2, ID_BYTES].contains(&(grain.id_bytes as usize)) {
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
        Ok(Self { rows, grain: grain(head)?, bits: number(head, 24)?, starts })
    }

    /// The bytes to read for a trace, counted from the start of the index; none when no row is of it.
    pub(crate) fn bucket(&self, id: &[u8; 16]) -> Range<u64> {
        let bucket = bucket_of(xxh3_64(id), self.bits) as usize;
        self.starts[bucket]..self.starts[bucket + 1]
    }

    /// Whether rows found are known to be of their trace.
    pub(crate) fn is_exact(&self) -> bool {
        self.grain.is_exact()
    }

    /// Adds the rows that may be of a trace to `found`. `bucket` are the bytes of
    /// [`TraceDirectory::bucket`].
    pub(crate) fn find(&self, id: &Id, bucket: &[u8], found: &mut Vec<Range<u64>>) -> Result<(), Damage> {
        const CUT: Damage = Damage("has a damaged bucket");
        if bucket.is_empty() {
            return Ok(());
        }
        let (crc, mut rest) = bucket.split_first_chunk::<4>().ok_or(CUT)?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(rest) {
            return Err(CUT);
        }
        let short = short(xxh3_64(id), self.bits).to_le_bytes();
        let wanted: &[u8] = if self.grain.id_bytes as usize == ID_BYTES { id } else { &short };
        while !rest.is_empty() {
            let (this, after) = rest.split_at_checked(wanted.len()).ok_or(CUT)?;
            rest = after;
            let mut block = 0u64;
            for _ in 0..read_varint(&mut rest).ok_or(CUT)? {
                block = block.saturating_add(read_varint(&mut rest).ok_or(CUT)?);
                if this == wanted {
                    let start = block.saturating_mul(u64::from(self.grain.block_rows));
                    if start >= self.rows {
                        return Err(CUT);
                    }
                    found.push(start..self.rows.min(start + u64::from(self.grain.block_rows)));
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

fn grain(head: &[u8]) -> Result<Grain, Damage> {
    Ok(Grain { block_rows: number(head, 12)?, id_bytes: number(head, 28)? })
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Damage> {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    four.map(u32::from_le_bytes).ok_or(Damage("ends inside its header"))
}

#[cfg(test)]
mod tests;
