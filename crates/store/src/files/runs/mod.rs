//! [`Runs`]: columns whose value is the same for many rows in a row, at the cost of their runs.
//!
//! Points are ordered by series, and whatever is said of a series is a column that changes where the series does.
//! The Parquet library's writer looks at every row of such a column: it hashes the value to find it in the
//! dictionary, and compares it with the bounds. Here rows are runs until they are pages (`chunk`), as the format has
//! run lengths anyway.

mod chunk;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, UInt32Type, UInt64Type};
use luneta_model::{Signal, Table};

pub(super) use chunk::{Chunk, Form};

/// A column with fewer rows per run is left to the library's writer.
const ROWS_PER_RUN_MIN: usize = 8;
/// Bytes of a dictionary: whoever reads a row must decode all of it.
const DICTIONARY_BYTES_MAX: usize = 1 << 20;
/// The code of rows without a value.
const NULL: u32 = u32::MAX;
/// A key of a dictionary that was not met yet.
const UNKNOWN: u32 = u32::MAX - 1;

/// Whether a column of a table is worth a try.
pub(crate) fn may_run(table: Table, field: &Field) -> bool {
    let of_series = match field.data_type() {
        DataType::Utf8 => true,
        DataType::UInt64 => field.name() == "series",
        _ => false,
    };
    of_series && table == Table::Signal(Signal::Metrics)
}

/// The rows of one column in one row group.
#[derive(Debug)]
pub(crate) struct Runs {
    /// Texts, or unsigned integers of 64 bits.
    is_text: bool,
    codes: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    /// The distinct values in the order of their codes, one after the other.
    values: Vec<u8>,
    /// Where each value ends.
    ends: Vec<u32>,
    /// Code and number of rows.
    lengths: Vec<(u32, u32)>,
    rows: usize,
}

impl Runs {
    /// No rows of a column that [`may_run`].
    pub(crate) fn new(data_type: &DataType) -> Self {
        let is_text = *data_type != DataType::UInt64;
        Self { is_text, codes: HashMap::default(), values: Vec::new(), ends: Vec::new(), lengths: Vec::new(), rows: 0 }
    }

    /// Adds rows of an array: texts, a dictionary of texts, or unsigned integers. `known` holds the codes of the
    /// dictionary's keys, as far as they were met; it is empty before the first call with a dictionary.
    pub(crate) fn extend(&mut self, array: &dyn Array, rows: Range<usize>, known: &mut Vec<u32>) {
        if let Some(dictionary) = array.as_dictionary_opt::<UInt32Type>() {
            let (keys, values) = (dictionary.keys(), dictionary.values());
            let Some(texts) = values.as_string_opt::<i32>() else { return self.push(None, rows.len()) };
            known.resize(known.len().max(values.len()), UNKNOWN);
            let nulls = keys.nulls().filter(|nulls| nulls.null_count() > 0);
            let numbers = keys.values();
            for run in runs_of(rows, |a, b| {
                let valid = |row| nulls.is_none_or(|nulls| nulls.is_valid(row));
                valid(a) == valid(b) && (!valid(a) || numbers[a] == numbers[b])
            }) {
                if nulls.is_some_and(|nulls| nulls.is_null(run.start)) {
                    self.push(None, run.len());
                    continue;
                }
                let key = numbers[run.start] as usize;
                if known[key] == UNKNOWN {
                    known[key] = if texts.is_valid(key) { self.code(texts.value(key).as_bytes()) } else { NULL };
                }
                self.push_code(known[key], run.len());
            }
        } else if let Some(texts) = array.as_string_opt::<i32>() {
            let value = |row: usize| texts.is_valid(row).then(|| texts.value(row));
            for run in runs_of(rows, |a, b| value(a) == value(b)) {
                self.push(value(run.start).map(str::as_bytes), run.len());
            }
        } else if let Some(numbers) = array.as_primitive_opt::<UInt64Type>() {
            let value = |row: usize| numbers.is_valid(row).then(|| numbers.value(row));
            for run in runs_of(rows, |a, b| value(a) == value(b)) {
                self.push(value(run.start).map(u64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice), run.len());
            }
        } else {
            self.push(None, rows.len());
        }
    }

    /// Whether the rows so far are many to a run, and their distinct values few.
    pub(crate) fn pay(&self) -> bool {
        self.lengths.len() * ROWS_PER_RUN_MIN <= self.rows.max(ROWS_PER_RUN_MIN) && self.values.len() <= DICTIONARY_BYTES_MAX
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows, one by one, in arrays of about so many.
    pub(crate) fn arrays(&self, rows_max: usize) -> impl Iterator<Item = ArrayRef> + '_ {
        let mut runs = self.lengths.iter().copied();
        let mut left = runs.next();
        std::iter::from_fn(move || {
            let mut part = Vec::new();
            let mut room = rows_max.max(1);
            while let Some((code, rows)) = left.filter(|_| room > 0) {
                let now = room.min(rows as usize);
                part.push((code, now));
                room -= now;
                left = if now < rows as usize { Some((code, rows - now as u32)) } else { runs.next() };
            }
            (!part.is_empty()).then(|| self.array(&part))
        })
    }

    fn array(&self, runs: &[(u32, usize)]) -> ArrayRef {
        let mut texts = StringBuilder::new();
        let mut numbers = UInt64Builder::new();
        for (code, rows) in runs {
            let value = (*code != NULL).then(|| self.value(*code));
            for _ in 0..*rows {
                if self.is_text {
                    texts.append_option(value.and_then(|bytes| std::str::from_utf8(bytes).ok()));
                } else {
                    numbers.append_option(value.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes));
                }
            }
        }
        if self.is_text { Arc::new(texts.finish()) } else { Arc::new(numbers.finish()) }
    }

    fn push(&mut self, value: Option<&[u8]>, rows: usize) {
        let code = value.map_or(NULL, |value| self.code(value));
        self.push_code(code, rows);
    }

    fn push_code(&mut self, code: u32, rows: usize) {
        self.rows += rows;
        match self.lengths.last_mut() {
            Some((last, length)) if *last == code => *length += rows as u32,
            _ => self.lengths.push((code, rows as u32)),
        }
    }

    fn code(&mut self, value: &[u8]) -> u32 {
        if let Some(code) = self.codes.get(value) {
            return *code;
        }
        let code = self.ends.len() as u32;
        self.codes.insert(value.into(), code);
        self.values.extend_from_slice(value);
        self.ends.push(self.values.len() as u32);
        code
    }

    fn value(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] as usize };
        &self.values[start..self.ends[code] as usize]
    }
}

/// Splits rows where `same` says that neighbours differ.
fn runs_of(rows: Range<usize>, same: impl Fn(usize, usize) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = rows.start;
    std::iter::from_fn(move || {
        if at >= rows.end {
            return None;
        }
        let start = at;
        at += 1;
        while at < rows.end && same(start, at) {
            at += 1;
        }
        Some(start..at)
    })
}
