//! [`TokenIndex`]: reads an index.

use std::ops::Range;

use super::builder::{IdBlock, IdFilter};
use super::fuse::{self, Shape};
use super::grams::Grams;
use super::needle::Piece;
use super::{
    BodyFilter, Damage, HEADER_BYTES, ID_BLOCK_BYTES, ID_BYTES_MIN, LENGTH_MAX, MAGIC, VERSION, WORD_BYTES_MAX, hash, read_varint,
};

/// Everything of an index but its filters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenIndex {
    /// Rows of the file the index was made for.
    pub(crate) rows: u64,
    word_rows: u64,
    id_rows: u64,
    overflowed: bool,
    texts: Vec<u8>,
    words: Vec<Word>,
    grams: Grams,
    blocks: Vec<IdBlock>,
    /// Where the filters begin, counted from the start of the index.
    filters_start: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Word {
    text: Range<usize>,
    blocks: Blocks,
}

/// The checksum of header, words and directory, without the place it stands in.
pub(super) fn head_checksum(head: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head[..HEADER_BYTES - 4]);
    hasher.update(&head[HEADER_BYTES..]);
    hasher.finalize()
}

/// A set of blocks of words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Blocks(Vec<u64>);

impl Blocks {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn all(count: usize) -> Self {
        let mut out = Self(vec![u64::MAX; count.div_ceil(64)]);
        if let Some(last) = out.0.last_mut().filter(|_| !count.is_multiple_of(64)) {
            *last = (1 << (count % 64)) - 1;
        }
        out
    }

    fn insert(&mut self, block: usize) {
        self.0[block / 64] |= 1 << (block % 64);
    }

    fn has(&self, block: usize) -> bool {
        self.0[block / 64] & (1 << (block % 64)) != 0
    }

    fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

impl TokenIndex {
    /// Bytes before the filters, from the header alone.
    pub(crate) fn head_bytes(head: &[u8]) -> Result<usize, Damage> {
        if !head.starts_with(MAGIC) || number(head, 8)? != VERSION {
            return Err(Damage("is of another version"));
        }
        let (words, blocks) = (number(head, 32)? as usize, number(head, 36)? as usize);
        Ok(HEADER_BYTES + words + blocks * ID_BLOCK_BYTES)
    }

    /// Reads the start of an index of `length` bytes; more bytes than needed do no harm.
    pub(crate) fn decode(head: &[u8], length: u64) -> Result<Self, Damage> {
        const CUT: Damage = Damage("ends inside its words");
        let size = Self::head_bytes(head)?;
        let head = head.get(..size).ok_or(CUT)?;
        if number(head, HEADER_BYTES - 4)? != head_checksum(head) {
            return Err(Damage("has a damaged head"));
        }
        let (word_rows, id_rows, bits) = (u64::from(number(head, 12)?), u64::from(number(head, 16)?), number(head, 20)?);
        let (rows, words, overflowed) = (u64::from(number(head, 24)?), number(head, 28)? as usize, number(head, 40)? != 0);
        if word_rows == 0 || id_rows == 0 || !id_rows.is_multiple_of(word_rows) || bits != fuse::BITS {
            return Err(Damage("has a damaged header"));
        }
        let (mut rest, mut directory) = head[HEADER_BYTES..].split_at(number(head, 32)? as usize);
        let count = rows.div_ceil(word_rows) as usize;
        let mut out = Self {
            rows,
            word_rows,
            id_rows,
            overflowed,
            texts: Vec::new(),
            words: Vec::new(),
            grams: Grams::default(),
            blocks: Vec::new(),
            filters_start: size as u64,
        };
        for _ in 0..words {
            let word = out.word(&mut rest, count).ok_or(CUT)?;
            out.words.push(word);
        }
        out.grams = Grams::decode(&mut rest).ok_or(CUT)?;
        let mut start = 0;
        while !directory.is_empty() {
            let (entry, after) = directory.split_at_checked(ID_BLOCK_BYTES).ok_or(CUT)?;
            directory = after;
            let block = id_block(entry, start)?;
            start = block.end;
            out.blocks.push(block);
        }
        if out.blocks.len() as u64 != rows.div_ceil(id_rows) || size as u64 + u64::from(start) != length {
            return Err(Damage("has a damaged directory"));
        }
        Ok(out)
    }

    fn word(&mut self, rest: &mut &[u8], count: usize) -> Option<Word> {
        let length = usize::try_from(read_varint(rest)?).ok()?;
        let (text, after) = rest.split_at_checked(length)?;
        *rest = after;
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        let mut blocks = Blocks::none(count);
        let header = read_varint(rest)?;
        if header & 1 == 1 {
            let (bits, after) = rest.split_at_checked(count.div_ceil(8))?;
            *rest = after;
            (0..count).filter(|block| bits[block / 8] & (1 << (block % 8)) != 0).for_each(|block| blocks.insert(block));
        } else {
            let mut block = 0usize;
            for _ in 0..header >> 1 {
                block = block.checked_add(usize::try_from(read_varint(rest)?).ok()?).filter(|block| *block < count)?;
                blocks.insert(block);
            }
        }
        Some(Word { text: start..self.texts.len(), blocks })
    }

    /// Where all filters are, counted from the start of the index.
    pub(crate) fn filters(&self) -> Range<u64> {
        self.filters_start..self.filters_start + u64::from(self.blocks.last().map_or(0, |block| block.end))
    }

    /// Whether the filters hold what they held when they were written.
    pub(crate) fn check_filters(&self, filters: &[u8]) -> Result<(), Damage> {
        let mut start = 0;
        for block in &self.blocks {
            let bytes = filters.get(start..block.end as usize).ok_or(Damage("ends inside its filters"))?;
            if crc32fast::hash(bytes) != block.crc {
                return Err(Damage("has a damaged filter"));
            }
            start = block.end as usize;
        }
        Ok(())
    }

    /// Whether the filters are needed to answer.
    pub(crate) fn needs_filters(&self, filter: &BodyFilter) -> bool {
        match filter {
            BodyFilter::Anything => false,
            BodyFilter::Text(needle) => {
                let asks = |piece: &Piece| piece.has_digit || piece.bytes.len() > WORD_BYTES_MAX || self.overflowed;
                needle.pieces().iter().any(asks)
            }
            BodyFilter::All(parts) | BodyFilter::Any(parts) => parts.iter().any(|part| self.needs_filters(part)),
        }
    }

    /// The rows whose bodies may pass; no other row does. `filters` may be empty where
    /// [`Self::needs_filters`] does not ask for them.
    pub(crate) fn find(&self, filter: &BodyFilter, filters: &[u8]) -> Vec<Range<u64>> {
        let found = self.blocks_of(filter, filters);
        let mut out: Vec<Range<u64>> = Vec::new();
        for block in (0..self.count()).filter(|block| found.has(*block)) {
            let start = block as u64 * self.word_rows;
            let end = (start + self.word_rows).min(self.rows);
            match out.last_mut().filter(|last| last.end == start) {
                Some(last) => last.end = end,
                None => out.push(start..end),
            }
        }
        out
    }

    fn count(&self) -> usize {
        self.rows.div_ceil(self.word_rows) as usize
    }

    fn blocks_of(&self, filter: &BodyFilter, filters: &[u8]) -> Blocks {
        let mut all = Blocks::all(self.count());
        match filter {
            BodyFilter::Anything => all,
            BodyFilter::Text(needle) => {
                let mut pieces = needle.pieces();
                // Words first: where none is, no filter is asked.
                pieces.sort_by_key(|piece| piece.has_digit);
                for piece in pieces {
                    if !all.is_empty() {
                        self.keep(&mut all, &piece, filters);
                    }
                }
                all
            }
            BodyFilter::All(parts) => {
                for part in parts {
                    all.keep(&self.blocks_of(part, filters));
                }
                all
            }
            BodyFilter::Any(parts) => {
                let mut out = Blocks::none(self.count());
                for part in parts {
                    out.unite(&self.blocks_of(part, filters));
                }
                out
            }
        }
    }

    /// Leaves only blocks that may hold the piece.
    fn keep(&self, blocks: &mut Blocks, piece: &Piece, filters: &[u8]) {
        let is_id = piece.has_digit || piece.bytes.len() > WORD_BYTES_MAX;
        let mut found = Blocks::none(self.count());
        if !is_id {
            let words = self.words.iter().filter(|word| piece.is_in(&self.texts[word.text.clone()]));
            words.for_each(|word| found.unite(&word.blocks));
        }
        // A whole word is no part of an id, unless words were taken for ids.
        if is_id || self.overflowed || !piece.is_whole() {
            self.add_ids(&mut found, blocks, piece, is_id, filters);
        }
        blocks.keep(&found);
    }

    fn add_ids(&self, found: &mut Blocks, wanted: &Blocks, piece: &Piece, is_id: bool, filters: &[u8]) {
        if !self.grams.may_hold(&piece.bytes) {
            return;
        }
        let key = hash(&piece.bytes);
        let per_id = (self.id_rows / self.word_rows) as usize;
        let mut start = 0;
        for (at, block) in self.blocks.iter().enumerate() {
            let bytes = filters.get(start..block.end as usize).unwrap_or_default();
            start = block.end as usize;
            let inside = at * per_id..((at + 1) * per_id).min(self.count());
            if inside.clone().any(|word| wanted.has(word)) && may_hold(block, piece, is_id, key, bytes) {
                inside.for_each(|word| found.insert(word));
            }
        }
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let word = size_of::<Word>() + self.count().div_ceil(64) * 8;
        size_of::<Self>() + self.texts.len() + self.words.len() * word + self.blocks.len() * size_of::<IdBlock>() + (1 << 12)
    }
}

/// Whether an id of the block may have the piece as a part.
fn may_hold(block: &IdBlock, piece: &Piece, is_id: bool, key: u64, filter: &[u8]) -> bool {
    let length = piece.bytes.len();
    if !piece.is_whole() {
        let longer = if length >= LENGTH_MAX { 1 << LENGTH_MAX } else { u64::MAX << (length + 1) };
        if block.lengths & longer != 0 {
            return true;
        }
    }
    // What is left is an id of exactly this text.
    if length < LENGTH_MAX && block.lengths & (1 << length) == 0 {
        return false;
    }
    // Short ids are in no filter; words taken for ids are, however short.
    if is_id && length < ID_BYTES_MIN {
        return true;
    }
    match block.filter {
        IdFilter::Empty => false,
        IdFilter::Unknown => true,
        IdFilter::Fuse(shape) => fuse::may_hold(shape, filter, key),
    }
}

fn id_block(entry: &[u8], start: u32) -> Result<IdBlock, Damage> {
    const DAMAGED: Damage = Damage("has a damaged directory");
    let lengths = u64::from(number(entry, 0)?) | u64::from(number(entry, 4)?) << 32;
    let (end, crc) = (number(entry, 8)?, number(entry, 12)?);
    let shape = Shape { seed: number(entry, 20)?, segments: number(entry, 24)?, segment_bits: number(entry, 28)? };
    let bytes = end.checked_sub(start).ok_or(DAMAGED)? as usize;
    let filter = match number(entry, 16)? {
        0 => IdFilter::Empty,
        1 => IdFilter::Unknown,
        2 if shape.bytes() == Some(bytes) => IdFilter::Fuse(shape),
        _ => return Err(DAMAGED),
    };
    Ok(IdBlock { lengths, end, crc, filter })
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Damage> {
    let four = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    four.map(u32::from_le_bytes).ok_or(Damage("ends inside its header"))
}
