//! Pages of lines, looked at as they lie in files: what is not found is never copied.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::{Buf as _, Bytes, buf::Reader};
use memchr::memmem::Finder;
use parquet::basic::Encoding;
use parquet::column::page::{Page as ParquetPage, PageReader as _};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

/// The bytes before a line that tell its length.
const LENGTH_BYTES: usize = 4;

/// Lines of one page, none of them null: each follows its length, 32 bits in little endian.
#[derive(Debug)]
pub struct Page {
    data: Bytes,
    rows: usize,
    /// Where each line's length stands, and where the last line ends; made when it is needed.
    starts: OnceLock<Option<Vec<u32>>>,
}

impl Page {
    fn new(data: Bytes, rows: usize) -> Self {
        Self { data, rows, starts: OnceLock::new() }
    }

    /// Number of lines.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of all lines.
    pub fn bytes(&self) -> usize {
        self.data.len().saturating_sub(self.rows * LENGTH_BYTES)
    }

    /// The line of a row.
    ///
    /// # Errors
    /// The page is damaged.
    pub fn line(&self, row: usize) -> Result<&str> {
        let starts = self.starts()?;
        let line = starts.get(row).zip(starts.get(row + 1)).and_then(|(start, end)| {
            let line = self.data.get(*start as usize + LENGTH_BYTES..*end as usize)?;
            std::str::from_utf8(line).ok()
        });
        line.ok_or_else(damaged)
    }

    /// Visits the rows whose lines hold a text, which is not empty.
    ///
    /// # Errors
    /// The page is damaged.
    pub fn search(&self, needle: &[u8], mut hit: impl FnMut(usize)) -> Result<()> {
        let finder = Finder::new(needle);
        let (mut from, mut row) = (0, 0);
        while let Some(at) = self.data.get(from..).and_then(|rest| finder.find(rest)) {
            let (starts, at) = (self.starts()?, from + at);
            // The hit is in this row or behind it, and before the last one ends.
            while starts[row + 1] as usize <= at {
                row += 1;
            }
            let end = starts[row + 1] as usize;
            if at >= starts[row] as usize + LENGTH_BYTES && at + needle.len() <= end {
                hit(row);
                from = end;
            } else {
                from = at + 1;
            }
        }
        Ok(())
    }

    fn starts(&self) -> Result<&[u32]> {
        let starts = self.starts.get_or_init(|| {
            let mut starts = Vec::with_capacity(self.rows + 1);
            let mut at = 0;
            for _ in 0..self.rows {
                starts.push(u32::try_from(at).ok()?);
                let length = self.data.get(at..at + LENGTH_BYTES)?;
                at += LENGTH_BYTES + u32::from_le_bytes(length.try_into().ok()?) as usize;
            }
            starts.push(u32::try_from(at).ok()?);
            (at == self.data.len()).then_some(starts)
        });
        starts.as_deref().ok_or_else(damaged)
    }
}

fn damaged() -> ParquetError {
    ParquetError::General("a page of lines is damaged".to_owned())
}

/// Where pages of a column lie that hold just some blocks of rows each.
#[derive(Debug)]
pub struct Place {
    group: usize,
    leaf: usize,
    rows: usize,
    /// Bytes of the file.
    pub bytes: Range<u64>,
}

/// Where the pages of blocks lie, row group by row group; none where pages are not as long as blocks.
pub fn places(metadata: &ParquetMetaData, leaf: usize, block_rows: usize, blocks: &[usize]) -> Option<Vec<Place>> {
    let mut out: Vec<Place> = Vec::new();
    let mut first_row = 0;
    let mut blocks = blocks.iter().peekable();
    let groups = metadata.row_groups();
    for (group, of) in groups.iter().enumerate() {
        let rows = usize::try_from(of.num_rows()).ok()?;
        let pages = metadata.offset_index()?.get(group)?.get(leaf)?.page_locations();
        while let Some(block) = blocks.next_if(|block| **block * block_rows < first_row + rows) {
            let inside = (block * block_rows).checked_sub(first_row)?;
            let at = pages.binary_search_by_key(&(inside as i64), |page| page.first_row_index).ok()?;
            let end = pages.get(at + 1).map_or(rows as i64, |next| next.first_row_index);
            // The last block of a file may be shorter.
            let is_last = group + 1 == groups.len() && end == rows as i64 && rows < inside + block_rows;
            if end != (inside + block_rows) as i64 && !is_last {
                return None;
            }
            let start = u64::try_from(pages[at].offset).ok()?;
            let bytes = start..start + u64::try_from(pages[at].compressed_page_size).ok()?;
            let rows = end as usize - inside;
            match out.last_mut().filter(|last| last.group == group && last.bytes.end == bytes.start) {
                Some(last) => (last.bytes.end, last.rows) = (bytes.end, last.rows + rows),
                None => out.push(Place { group, leaf, rows, bytes }),
            }
        }
        first_row += rows;
    }
    blocks.peek().is_none().then_some(out)
}

/// What comes next.
pub enum Next {
    /// A page of lines.
    Lines(Page),
    /// A page with lines that are null, or encoded in another way.
    Other,
    /// No page.
    End,
}

/// The pages of a place, one after the other.
pub struct Pages(SerializedPageReader<Part>);

impl Pages {
    /// Out of the bytes that lie there.
    pub fn new(metadata: &ParquetMetaData, place: &Place, bytes: Bytes) -> Result<Self> {
        let column = metadata.row_group(place.group).column(place.leaf).clone().into_builder();
        let column = column
            .set_dictionary_page_offset(None)
            .set_data_page_offset(place.bytes.start as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .build()?;
        let part = Arc::new(Part { start: place.bytes.start, bytes });
        Ok(Self(SerializedPageReader::new(part, &column, place.rows, None)?))
    }

    /// The next page.
    pub fn next(&mut self) -> Result<Next> {
        let Some(page) = self.0.get_next_page()? else { return Ok(Next::End) };
        Ok(match page {
            ParquetPage::DataPageV2 { buf, encoding: Encoding::PLAIN, num_nulls: 0, num_rows, def_levels_byte_len, .. } => {
                let levels = def_levels_byte_len as usize;
                if levels > buf.len() {
                    return Err(damaged());
                }
                Next::Lines(Page::new(buf.slice(levels..), num_rows as usize))
            }
            _ => Next::Other,
        })
    }
}

/// Some bytes of a file.
struct Part {
    start: u64,
    bytes: Bytes,
}

impl Part {
    fn from(&self, start: u64) -> Result<Bytes> {
        let at = start.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.filter(|at| *at <= self.bytes.len()).map(|at| self.bytes.slice(at..)).ok_or_else(damaged)
    }
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let from = self.from(start)?;
        if length > from.len() { Err(damaged()) } else { Ok(from.slice(..length)) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A page of lines.
    pub fn page(lines: &[&str]) -> Page {
        let lengths = |line: &&str| [&(line.len() as u32).to_le_bytes(), line.as_bytes()].concat();
        Page::new(lines.iter().flat_map(lengths).collect(), lines.len())
    }

    #[test]
    fn hits_are_in_lines() {
        let check = |lines: &[&str], needle: &str, wanted: &[usize]| {
            let mut hits = Vec::new();
            page(lines).search(needle.as_bytes(), |row| hits.push(row)).expect("a page");
            assert_eq!(hits, wanted, "{lines:?}: {needle:?}");
        };
        check(&["", "abc", "ab", "", "cab ab"], "ab", &[1, 2, 4]);
        check(&["a", "b"], "ab", &[]);
        // The lengths before lines are no text: 97 is an `a`.
        let long = "x".repeat(97);
        check(&["q", &long, "b"], "a", &[]);
        check(&["q", &long, "a"], "a", &[2]);
        check(&["q", &long], "a\0", &[]);
        check(&[], "a", &[]);
    }

    #[test]
    fn damage_is_told() {
        let broken = Page::new(Bytes::from_static(b"\xff\0\0\0abc"), 1);
        assert!(broken.line(0).is_err() && broken.search(b"b", |_| {}).is_err());
        let not_text = Page::new(Bytes::from_static(b"\x01\0\0\0\xff"), 1);
        assert!(not_text.line(0).is_err());
        assert!(page(&["a"]).line(1).is_err());
    }
}
