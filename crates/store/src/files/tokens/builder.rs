//! [`TokenIndexBuilder`]: gathers the tokens of a file while it is written.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use foldhash::fast::FixedState;

use super::fuse::{self, Shape};
use super::grams::Grams;
use super::{
    HEADER_BYTES, ID_BYTES_MIN, ID_ROWS, IDS_MAX, MAGIC, VERSION, WORD_BYTES_MAX, WORD_ROWS, WORDS_MAX, column_of, hash,
    length_bit, text, write_varint,
};
use luneta_model::Signal;

/// Tokens remembered as seen in the block at hand; a power of two.
const RECENT: usize = 4096;

/// A block of ids, as the directory lists it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct IdBlock {
    /// A bit for each length of an id in it.
    pub(super) lengths: u64,
    /// Where its filter ends, counted from the start of the first one.
    pub(super) end: u32,
    pub(super) crc: u32,
    pub(super) filter: IdFilter,
}

/// What is known of the ids of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum IdFilter {
    /// None is there.
    #[default]
    Empty,
    /// Any may be there.
    Unknown,
    Fuse(Shape),
}

#[derive(Debug)]
struct Word {
    /// Where its text ends.
    end: u32,
    /// Blocks it is in, in order.
    blocks: Vec<u32>,
}

/// Gathers the tokens of a file while it is written.
#[derive(Debug)]
pub(crate) struct TokenIndexBuilder {
    rows: u64,
    folded: Vec<u8>,
    /// Hash of a token, and one more than the block of words it was last seen in.
    recent: Vec<(u64, u32)>,
    numbers: HashMap<u64, u32, FixedState>,
    words: Vec<Word>,
    texts: Vec<u8>,
    /// Whether there were more words than are listed.
    overflowed: bool,
    grams: Grams,
    /// Ids of the block at hand.
    ids: Vec<u64>,
    lengths: u64,
    too_many: bool,
    blocks: Vec<IdBlock>,
    filters: Vec<u8>,
}

impl TokenIndexBuilder {
    /// For a file of which nothing is written yet.
    pub(crate) fn new() -> Self {
        Self {
            rows: 0,
            folded: Vec::new(),
            recent: vec![(0, 0); RECENT],
            numbers: HashMap::default(),
            words: Vec::new(),
            texts: Vec::new(),
            overflowed: false,
            grams: Grams::default(),
            ids: Vec::new(),
            lengths: 0,
            too_many: false,
            blocks: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// The column of the index, when a file with these columns should have one.
    pub(crate) fn column(signal: Signal, fields: &[FieldRef]) -> Option<usize> {
        let name = column_of(signal)?;
        fields.iter().position(|f| f.name() == name && *f.data_type() == DataType::Utf8)
    }

    /// Adds the bodies of the next rows.
    pub(crate) fn push(&mut self, bodies: &ArrayRef) -> Result<(), arrow::error::ArrowError> {
        let bodies = if *bodies.data_type() == DataType::Utf8 { bodies.clone() } else { cast(bodies, &DataType::Utf8)? };
        let bodies = bodies.as_string::<i32>();
        for row in 0..bodies.len() {
            if bodies.is_valid(row) {
                self.push_body(bodies.value(row));
            }
            self.rows += 1;
            if self.rows.is_multiple_of(u64::from(ID_ROWS)) {
                self.end_block();
            }
        }
        Ok(())
    }

    fn push_body(&mut self, body: &str) {
        // Files with more blocks than this get no index.
        let block = u32::try_from(self.rows / u64::from(WORD_ROWS)).unwrap_or(u32::MAX - 1);
        let mut folded = std::mem::take(&mut self.folded);
        text::fold(body, &mut folded);
        for token in text::tokens(&folded) {
            let hash = hash(token.bytes);
            let recent = &mut self.recent[hash as usize % RECENT];
            if *recent == (hash, block + 1) {
                continue;
            }
            *recent = (hash, block + 1);
            if token.has_digit || token.bytes.len() > WORD_BYTES_MAX {
                self.push_id(token.bytes, hash, ID_BYTES_MIN);
            } else {
                self.push_word(token.bytes, hash, block);
            }
        }
        self.folded = folded;
    }

    fn push_word(&mut self, token: &[u8], hash: u64, block: u32) {
        let next = self.words.len() as u32;
        let known = self.numbers.get(&hash).copied();
        if known.is_none() && self.words.len() >= WORDS_MAX {
            self.overflowed = true;
            return self.push_id(token, hash, 0);
        }
        let number = known.unwrap_or(next);
        if number == next {
            self.numbers.insert(hash, number);
            self.texts.extend_from_slice(token);
            self.words.push(Word { end: self.texts.len() as u32, blocks: Vec::new() });
        }
        let blocks = &mut self.words[number as usize].blocks;
        if blocks.last() != Some(&block) {
            blocks.push(block);
        }
    }

    fn push_id(&mut self, token: &[u8], hash: u64, bytes_min: usize) {
        self.grams.add(token);
        self.lengths |= length_bit(token.len());
        if token.len() < bytes_min || self.too_many {
            return;
        }
        if self.ids.len() >= IDS_MAX {
            self.unite_ids();
            self.too_many = self.ids.len() >= IDS_MAX / 2;
        }
        self.ids.push(hash);
    }

    fn unite_ids(&mut self) {
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    fn end_block(&mut self) {
        self.unite_ids();
        let start = self.filters.len();
        let filter = match (self.too_many, self.ids.is_empty()) {
            (true, _) => IdFilter::Unknown,
            (false, true) => IdFilter::Empty,
            (false, false) => fuse::build(&self.ids, &mut self.filters).map_or(IdFilter::Unknown, IdFilter::Fuse),
        };
        let crc = crc32fast::hash(&self.filters[start..]);
        let end = u32::try_from(self.filters.len()).unwrap_or(u32::MAX);
        self.blocks.push(IdBlock { lengths: self.lengths, end, crc, filter });
        self.ids.clear();
        (self.lengths, self.too_many) = (0, false);
    }

    /// The bytes of the index; `None` when the file is empty, or too large for one.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        if !self.rows.is_multiple_of(u64::from(ID_ROWS)) {
            self.end_block();
        }
        u32::try_from(self.rows).ok()?;
        u32::try_from(self.filters.len()).ok()?;
        let word_blocks = self.rows.div_ceil(u64::from(WORD_ROWS)) as usize;
        let mut words = Vec::with_capacity(self.texts.len() + self.words.len() * 8);
        let mut start = 0;
        for word in &self.words {
            let text = &self.texts[start..word.end as usize];
            start = word.end as usize;
            write_varint(&mut words, text.len() as u64);
            words.extend_from_slice(text);
            write_blocks(&mut words, &word.blocks, word_blocks);
        }
        self.grams.encode(&mut words);
        (self.rows > 0).then(|| self.assemble(&words))
    }

    fn assemble(&self, words: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + words.len() + self.filters.len());
        out.extend(MAGIC);
        let lists = [self.words.len() as u32, words.len() as u32, self.blocks.len() as u32, u32::from(self.overflowed)];
        for number in [VERSION, WORD_ROWS, ID_ROWS, fuse::BITS, self.rows as u32].into_iter().chain(lists) {
            out.extend(number.to_le_bytes());
        }
        out.extend([0; 4]);
        out.extend(words);
        for block in &self.blocks {
            let (kind, shape) = match block.filter {
                IdFilter::Empty => (0u32, Shape::default()),
                IdFilter::Unknown => (1, Shape::default()),
                IdFilter::Fuse(shape) => (2, shape),
            };
            out.extend(block.lengths.to_le_bytes());
            for number in [block.end, block.crc, kind, shape.seed, shape.segments, shape.segment_bits] {
                out.extend(number.to_le_bytes());
            }
        }
        let crc = super::index::head_checksum(&out);
        out[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        out.extend(&self.filters);
        out
    }
}

/// The number of blocks, twice, and one more where a bit for each block of the file follows; otherwise distances.
fn write_blocks(out: &mut Vec<u8>, blocks: &[u32], all: usize) {
    let as_bits = blocks.len() > all.div_ceil(8);
    write_varint(out, (blocks.len() as u64) << 1 | u64::from(as_bits));
    if as_bits {
        let start = out.len();
        out.resize(start + all.div_ceil(8), 0);
        for block in blocks {
            out[start + *block as usize / 8] |= 1 << (block % 8);
        }
        return;
    }
    let mut last = 0;
    for block in blocks {
        write_varint(out, u64::from(block - last));
        last = *block;
    }
}
