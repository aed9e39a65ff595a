//! [`OverflowBuilder`]: attributes whose key has no column, as one map of text per row.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, MapArray, NullBufferBuilder, StringArray, StringBuilder, StructArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use arrow::error::ArrowError;

use crate::Limits;
use crate::value::{AnyValue, TypeCode, encode_text};

/// The map of text for keys without a column, and the types beside it.
#[derive(Debug)]
pub(crate) struct OverflowBuilder {
    keys: Texts,
    values: Texts,
    offsets: Vec<i32>,
    types: StringBuilder,
    row_types: String,
    types_before: String,
    scratch: String,
    row_keys: Vec<u64>,
}

impl Default for OverflowBuilder {
    fn default() -> Self {
        Self {
            keys: Texts::default(),
            values: Texts::default(),
            offsets: vec![0],
            types: StringBuilder::new(),
            row_types: String::new(),
            types_before: String::new(),
            scratch: String::new(),
            row_keys: Vec::new(),
        }
    }
}

impl OverflowBuilder {
    /// Adds an entry to the current row unless the row has the key already.
    pub(crate) fn push(&mut self, key: &str, code: TypeCode, write: impl FnOnce(&mut String)) {
        // Rows are bounded by `Limits::attributes_max`, so a scan over hashes beats a set.
        let hash = xxhash_rust::xxh3::xxh3_64(key.as_bytes());
        if self.row_keys.contains(&hash) {
            return;
        }
        self.row_keys.push(hash);
        self.keys.push(key);
        self.scratch.clear();
        write(&mut self.scratch);
        if code == TypeCode::Null {
            self.values.push_null();
        } else {
            self.values.push(&self.scratch);
        }
        self.row_types.push(code.as_char());
    }

    /// Adds text under a key that the row does not have.
    pub(crate) fn push_new_str(&mut self, key: &str, value: &str) {
        self.keys.push(key);
        self.values.push(value);
        self.row_types.push(TypeCode::String.as_char());
    }

    /// Adds a value of any type.
    pub(crate) fn push_any(&mut self, key: &str, value: &AnyValue, limits: &Limits) {
        self.push(Limits::cut(key, limits.key_bytes_max), value.type_code(), |out| {
            let mut text = String::new();
            encode_text(value, &mut text);
            out.push_str(Limits::cut(&text, limits.value_bytes_max));
        });
    }

    /// Gives the current row the entries of the row before.
    pub(crate) fn repeat_row(&mut self) {
        let [.., start, end] = *self.offsets else { return };
        self.keys.repeat(start as usize..end as usize);
        self.values.repeat(start as usize..end as usize);
        self.row_types.clone_from(&self.types_before);
    }

    pub(crate) fn end_row(&mut self) {
        if self.row_types.bytes().all(|b| b == b's') {
            self.types.append_null();
        } else {
            self.types.append_value(&self.row_types);
        }
        std::mem::swap(&mut self.row_types, &mut self.types_before);
        self.row_types.clear();
        self.row_keys.clear();
        self.offsets.push(self.keys.len() as i32);
    }

    /// Map and types; `None` for what holds nothing.
    pub(crate) fn finish(self) -> (Option<MapArray>, Option<StringArray>) {
        let any = self.keys.len() > 0;
        let (map, types) = self.finish_always();
        let has_types = types.as_ref().is_some_and(|t| t.null_count() < t.len());
        (map.filter(|_| any), types.filter(|_| has_types))
    }

    /// Map and types, present even where empty (for lists of structs with a fixed layout).
    pub(crate) fn finish_always(mut self) -> (Option<MapArray>, Option<StringArray>) {
        let columns = self.keys.finish().and_then(|keys| Ok(vec![Arc::new(keys) as ArrayRef, Arc::new(self.values.finish()?)]));
        let map = columns.and_then(|columns| {
            let entries = StructArray::try_new(map_entry_fields(), columns, None::<NullBuffer>)?;
            MapArray::try_new(map_entries_field(), OffsetBuffer::new(self.offsets.into()), entries, None, false)
        });
        (map.ok(), Some(self.types.finish()))
    }
}

/// A column of text in which a run of values can be repeated with one copy.
#[derive(Debug)]
struct Texts {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Default for Texts {
    fn default() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }
}

impl Texts {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.push(self.bytes.len() as i32);
        self.nulls.append_non_null();
    }

    fn push_null(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
        self.nulls.append_null();
    }

    /// Adds some of the values again.
    fn repeat(&mut self, range: Range<usize>) {
        let (from, to) = (self.offsets[range.start], self.offsets[range.end]);
        let moved = self.bytes.len() as i32 - from;
        self.bytes.extend_from_within(from as usize..to as usize);
        for i in range {
            let end = self.offsets[i + 1] + moved;
            self.offsets.push(end);
            self.nulls.append(self.nulls.is_valid(i));
        }
    }

    fn finish(self) -> Result<StringArray, ArrowError> {
        StringArray::try_new(OffsetBuffer::new(self.offsets.into()), Buffer::from_vec(self.bytes), self.nulls.build())
    }
}

/// The key and value fields of every attribute map.
pub(crate) fn map_entry_fields() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)])
}

fn map_entries_field() -> FieldRef {
    Arc::new(Field::new("key_value", DataType::Struct(map_entry_fields()), false))
}

/// The Arrow type of every attribute map: text to text.
pub fn map_type() -> DataType {
    DataType::Map(map_entries_field(), false)
}
