//! Runs as a column chunk of Parquet: one page with the dictionary, and pages of run lengths, as
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/> has them.

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Compression, Encoding, EncodingMask, PageType, Type};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::{NULL, Runs};
use crate::files::varint::write_varint;

/// Longer values are no bounds: a reader gains nothing from them, and every footer would carry them.
const BOUND_BYTES_MAX: usize = 256;

/// How a column is written.
#[derive(Debug, Clone)]
pub(in crate::files) struct Form {
    pub(in crate::files) column: ColumnDescPtr,
    pub(in crate::files) compression: Compression,
    pub(in crate::files) page_rows_max: usize,
}

/// A column of a row group, encoded.
pub(in crate::files) struct Chunk {
    bytes: Bytes,
    close: ColumnCloseResult,
}

impl Chunk {
    /// Puts the column behind those the row group has.
    pub(in crate::files) fn append<W: std::io::Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        group.append_column(&self.bytes, self.close)
    }
}

/// Smallest and largest value, by code; `None` where there is no value.
type Bounds = Option<(u32, u32)>;

impl Runs {
    /// The pages of the rows.
    pub(in crate::files) fn encode(&self, form: &Form) -> Result<Chunk> {
        let mut sink = TrackedWrite::new(Vec::new());
        let mut encoding = Encoder::new(self, form, &mut sink)?;
        encoding.dictionary()?;
        let mut page: Vec<(u32, u32)> = Vec::new();
        let mut rows = 0;
        for &(code, length) in &self.lengths {
            let mut left = length;
            while left > 0 {
                let now = left.min((form.page_rows_max - rows) as u32);
                page.push((code, now));
                rows += now as usize;
                left -= now;
                if rows == form.page_rows_max {
                    encoding.page(&page)?;
                    page.clear();
                    rows = 0;
                }
            }
        }
        if !page.is_empty() {
            encoding.page(&page)?;
        }
        let close = encoding.finish()?;
        Ok(Chunk { bytes: Bytes::from(sink.into_inner()?), close })
    }

    fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        if self.is_text { self.value(a).cmp(self.value(b)) } else { self.number(a).cmp(&self.number(b)) }
    }

    fn number(&self, code: u32) -> u64 {
        self.value(code).try_into().map_or(0, u64::from_le_bytes)
    }

    /// The bounds of some runs.
    fn bounds(&self, runs: &[(u32, u32)]) -> Bounds {
        let codes = runs.iter().map(|(code, _)| *code).filter(|code| *code != NULL);
        codes.fold(None, |bounds, code| self.wider(bounds, Some((code, code))))
    }

    fn wider(&self, a: Bounds, b: Bounds) -> Bounds {
        let (Some((low, high)), Some((other_low, other_high))) = (a, b) else { return a.or(b) };
        let low = if self.compare(other_low, low).is_lt() { other_low } else { low };
        let high = if self.compare(other_high, high).is_gt() { other_high } else { high };
        Some((low, high))
    }

    /// Whether both bounds are short enough to be kept.
    fn is_short(&self, (low, high): (u32, u32)) -> bool {
        self.value(low).len().max(self.value(high).len()) <= BOUND_BYTES_MAX
    }

    fn statistics(&self, bounds: Bounds, nulls: u64) -> Statistics {
        let bounds = bounds.filter(|bounds| self.is_short(*bounds));
        if self.is_text {
            let text = |code: u32| ByteArray::from(self.value(code).to_vec());
            let (low, high) = (bounds.map(|(low, _)| text(low)), bounds.map(|(_, high)| text(high)));
            Statistics::ByteArray(ValueStatistics::new(low, high, None, Some(nulls), false))
        } else {
            let (low, high) = (bounds.map(|b| self.number(b.0) as i64), bounds.map(|b| self.number(b.1) as i64));
            Statistics::Int64(ValueStatistics::new(low, high, None, Some(nulls), false))
        }
    }
}

struct Encoder<'a> {
    runs: &'a Runs,
    form: &'a Form,
    pages: SerializedPageWriter<'a, Vec<u8>>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    /// Bits of a code.
    width: u8,
    column_index: ColumnIndexBuilder,
    offset_index: OffsetIndexBuilder,
    /// Of all pages so far.
    bounds: Bounds,
    /// Of the last page that had any, while pages ascend.
    last: Bounds,
    ascending: bool,
    nulls: u64,
    data_pages: i32,
    data_offset: Option<u64>,
    uncompressed: usize,
    compressed: usize,
}

impl<'a> Encoder<'a> {
    fn new(runs: &'a Runs, form: &'a Form, sink: &'a mut TrackedWrite<Vec<u8>>) -> Result<Self> {
        let zstd = match form.compression {
            Compression::UNCOMPRESSED => None,
            Compression::ZSTD(level) => Some(zstd::bulk::Compressor::new(level.compression_level())?),
            other => return Err(ParquetError::NYI(format!("run lengths compressed by {other}"))),
        };
        let codes_max = (runs.ends.len() as u32).saturating_sub(1);
        Ok(Self {
            runs,
            form,
            pages: SerializedPageWriter::new(sink),
            zstd,
            width: (u32::BITS - codes_max.leading_zeros()) as u8,
            column_index: ColumnIndexBuilder::new(form.column.physical_type()),
            offset_index: OffsetIndexBuilder::new(),
            bounds: None,
            last: None,
            ascending: true,
            nulls: 0,
            data_pages: 0,
            data_offset: None,
            uncompressed: 0,
            compressed: 0,
        })
    }

    /// The dictionary, each value as `PLAIN` has it.
    fn dictionary(&mut self) -> Result<()> {
        let runs = self.runs;
        let mut plain = Vec::with_capacity(runs.values.len() + 4 * runs.ends.len());
        for code in 0..runs.ends.len() as u32 {
            let value = runs.value(code);
            if self.form.column.physical_type() == Type::BYTE_ARRAY {
                plain.extend_from_slice(&(value.len() as u32).to_le_bytes());
            }
            plain.extend_from_slice(value);
        }
        let raw = plain.len();
        // This page cannot say of itself that it is not compressed.
        let buf = match &mut self.zstd {
            Some(zstd) => zstd.compress(&plain)?,
            None => plain,
        };
        let page = Page::DictionaryPage {
            buf: buf.into(),
            num_values: runs.ends.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.write(page, raw)?;
        Ok(())
    }

    fn page(&mut self, runs: &[(u32, u32)]) -> Result<()> {
        let rows: u32 = runs.iter().map(|(_, rows)| rows).sum();
        let nulls: u32 = runs.iter().filter(|(code, _)| *code == NULL).map(|(_, rows)| rows).sum();
        let mut buf = Vec::new();
        if self.form.column.max_def_level() > 0 {
            push_runs(&mut buf, 1, runs.iter().map(|(code, rows)| (u32::from(*code != NULL), *rows)));
        }
        let levels = buf.len();
        let mut values = vec![self.width];
        push_runs(&mut values, self.width, runs.iter().copied().filter(|(code, _)| *code != NULL));
        let raw = levels + values.len();
        let packed = self.zstd.as_mut().map(|zstd| zstd.compress(&values)).transpose()?;
        let packed = packed.filter(|packed| packed.len() < values.len());
        let is_compressed = packed.is_some();
        buf.extend_from_slice(packed.as_ref().unwrap_or(&values));
        let page = Page::DataPageV2 {
            buf: buf.into(),
            num_values: rows,
            encoding: Encoding::RLE_DICTIONARY,
            num_nulls: nulls,
            num_rows: rows,
            def_levels_byte_len: levels as u32,
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        let (offset, bytes) = self.write(page, raw)?;
        self.data_offset.get_or_insert(offset);
        self.data_pages += 1;
        self.nulls += u64::from(nulls);
        self.offset_index.append_row_count(i64::from(rows));
        self.offset_index.append_offset_and_size(offset as i64, bytes as i32);
        self.index(self.runs.bounds(runs), nulls);
        Ok(())
    }

    /// Notes the bounds of a page.
    fn index(&mut self, bounds: Bounds, nulls: u32) {
        let runs = self.runs;
        self.bounds = runs.wider(self.bounds, bounds);
        let Some((low, high)) = bounds else {
            self.column_index.append(true, Vec::new(), Vec::new(), i64::from(nulls));
            return;
        };
        if !runs.is_short((low, high)) {
            self.column_index.to_invalid();
            return;
        }
        let bytes = |code: u32| runs.value(code).to_vec();
        self.column_index.append(false, bytes(low), bytes(high), i64::from(nulls));
        if let Some((last_low, last_high)) = self.last {
            self.ascending &= runs.compare(last_low, low).is_le() && runs.compare(last_high, high).is_le();
        }
        self.last = bounds;
    }

    /// Writes a page of so many bytes before compression; returns its place and its length.
    fn write(&mut self, page: Page, raw: usize) -> Result<(u64, usize)> {
        let spec = self.pages.write_page(CompressedPage::new(page, raw))?;
        self.uncompressed += spec.uncompressed_size;
        self.compressed += spec.compressed_size;
        Ok((spec.offset, spec.compressed_size))
    }

    fn finish(mut self) -> Result<ColumnCloseResult> {
        self.pages.close()?;
        let used = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
        let pages = [
            PageEncodingStats { page_type: PageType::DICTIONARY_PAGE, encoding: Encoding::PLAIN, count: 1 },
            PageEncodingStats { page_type: PageType::DATA_PAGE_V2, encoding: Encoding::RLE_DICTIONARY, count: self.data_pages },
        ];
        let rows = self.runs.rows();
        let metadata = ColumnChunkMetaData::builder(self.form.column.clone())
            .set_compression(self.form.compression)
            .set_encodings_mask(EncodingMask::new_from_encodings(used.iter()))
            .set_page_encoding_stats(pages.to_vec())
            .set_total_compressed_size(self.compressed as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(rows as i64)
            .set_data_page_offset(self.data_offset.unwrap_or(0) as i64)
            .set_dictionary_page_offset(Some(0))
            .set_statistics(self.runs.statistics(self.bounds, self.nulls))
            .build()?;
        let order = if self.ascending { BoundaryOrder::ASCENDING } else { BoundaryOrder::UNORDERED };
        self.column_index.set_boundary_order(order);
        let column_index = self.column_index.valid().then(|| self.column_index.build()).transpose()?;
        Ok(ColumnCloseResult {
            bytes_written: self.compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.offset_index.build()),
        })
    }
}

/// Adds runs in the hybrid of run lengths and bit packing, without the latter. Neighbours may be alike.
fn push_runs(out: &mut Vec<u8>, width: u8, runs: impl Iterator<Item = (u32, u32)>) {
    let mut open: Option<(u32, u64)> = None;
    let mut put = |(code, rows): (u32, u64)| {
        write_varint(out, rows << 1);
        out.extend_from_slice(&code.to_le_bytes()[..usize::from(width.div_ceil(8))]);
    };
    for (code, rows) in runs {
        match &mut open {
            Some((last, length)) if *last == code => *length += u64::from(rows),
            _ => {
                if let Some(done) = open.replace((code, u64::from(rows))) {
                    put(done);
                }
            }
        }
    }
    if let Some(done) = open {
        put(done);
    }
}
