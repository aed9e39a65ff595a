//! [`AttributesBuilder`]: one set of attributes per row, as typed columns for known keys and one
//! map of text for the rest.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanBuilder, Float64Builder, Int64Builder, PrimitiveBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};

use crate::overflow::{OverflowBuilder, map_type};
use crate::value::{AnyValue, TypeCode, encode_text, push_double};
use crate::{Limits, semconv};

/// The type of a promoted attribute column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Utf8.
    Text,
    /// Int64.
    Int,
    /// Float64.
    Double,
    /// Boolean.
    Bool,
}

impl AttributeType {
    /// The Arrow type of the column.
    pub const fn data_type(self) -> DataType {
        match self {
            AttributeType::Text => DataType::Utf8,
            AttributeType::Int => DataType::Int64,
            AttributeType::Double => DataType::Float64,
            AttributeType::Bool => DataType::Boolean,
        }
    }

    /// The inverse of [`AttributeType::data_type`].
    pub fn from_data_type(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Utf8 => Some(Self::Text),
            DataType::Int64 => Some(Self::Int),
            DataType::Float64 => Some(Self::Double),
            DataType::Boolean => Some(Self::Bool),
            _ => None,
        }
    }
}

/// Which of the three attribute sets of an item is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeScope {
    /// The item's own: `attributes`.
    Item,
    /// The resource's: `resource_attributes`.
    Resource,
    /// The instrumentation scope's: `scope_attributes`.
    Scope,
}

impl AttributeScope {
    /// All three.
    pub const ALL: [AttributeScope; 3] = [AttributeScope::Item, AttributeScope::Resource, AttributeScope::Scope];

    /// The map column, logical (whole) and physical (overflow) alike.
    pub const fn column(self) -> &'static str {
        match self {
            AttributeScope::Item => "attributes",
            AttributeScope::Resource => "resource_attributes",
            AttributeScope::Scope => "scope_attributes",
        }
    }

    /// The physical column with one [`TypeCode`] character per entry of the overflow map; null
    /// where all entries are strings.
    pub const fn types_column(self) -> &'static str {
        match self {
            AttributeScope::Item => "attributes_types",
            AttributeScope::Resource => "resource_attributes_types",
            AttributeScope::Scope => "scope_attributes_types",
        }
    }

    /// What stands before the key in the name of a promoted column.
    pub const fn prefix(self) -> &'static str {
        match self {
            AttributeScope::Item => "attributes.",
            AttributeScope::Resource => "resource.",
            AttributeScope::Scope => "scope.",
        }
    }

    /// The scope and key of a promoted column's name, `None` for other columns.
    pub fn split_column(column: &str) -> Option<(AttributeScope, &str)> {
        Self::ALL.into_iter().find_map(|s| column.strip_prefix(s.prefix()).map(|key| (s, key)))
    }

    /// The keys of this scope that have a column from the start.
    pub const fn known(self) -> &'static [(&'static str, AttributeType)] {
        match self {
            AttributeScope::Item => semconv::ITEM,
            AttributeScope::Resource => semconv::RESOURCE,
            AttributeScope::Scope => semconv::SCOPE,
        }
    }

    fn slots(self) -> &'static Slots {
        fn index(keys: &'static [(&'static str, AttributeType)]) -> Slots {
            keys.iter().enumerate().map(|(i, (key, _))| (*key, i as u16)).collect()
        }
        static SLOTS: LazyLock<[Slots; 3]> =
            LazyLock::new(|| [index(semconv::ITEM), index(semconv::RESOURCE), index(semconv::SCOPE)]);
        match self {
            AttributeScope::Item => &SLOTS[0],
            AttributeScope::Resource => &SLOTS[1],
            AttributeScope::Scope => &SLOTS[2],
        }
    }
}

/// Where a known key's column stands.
type Slots = HashMap<&'static str, u16, BuildHasherDefault<KeyHasher>>;

/// Hashes a key in one call; the streaming form sets up half a kilobyte of state each time.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.rotate_left(5) ^ xxhash_rust::xxh3::xxh3_64(bytes);
    }

    /// Ends a string; one key needs no separator.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
}

impl Column {
    fn new(kind: AttributeType) -> Self {
        match kind {
            AttributeType::Text => Column::Text(StringBuilder::new()),
            AttributeType::Int => Column::Int(Int64Builder::new()),
            AttributeType::Double => Column::Double(Float64Builder::new()),
            AttributeType::Bool => Column::Bool(BooleanBuilder::new()),
        }
    }

    fn len(&self) -> usize {
        use arrow::array::ArrayBuilder as _;
        match self {
            Column::Text(b) => b.len(),
            Column::Int(b) => b.len(),
            Column::Double(b) => b.len(),
            Column::Bool(b) => b.len(),
        }
    }

    /// Fills rows that had no value.
    fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        if missing == 0 {
            return;
        }
        match self {
            Column::Text(b) => (0..missing).for_each(|_| b.append_null()),
            Column::Int(b) => b.append_nulls(missing),
            Column::Double(b) => b.append_nulls(missing),
            Column::Bool(b) => b.append_nulls(missing),
        }
    }

    /// Adds the last value again.
    fn repeat_last(&mut self) {
        match self {
            Column::Text(b) => {
                let [.., start, end] = *b.offsets_slice() else { return };
                let text = std::str::from_utf8(&b.values_slice()[start as usize..end as usize]).unwrap_or_default().to_owned();
                b.append_value(text);
            }
            Column::Int(b) => repeat_number(b),
            Column::Double(b) => repeat_number(b),
            Column::Bool(b) => {
                use arrow::array::ArrayBuilder as _;
                let last = b.len().checked_sub(1).is_some_and(|last| b.values_slice()[last / 8] >> (last % 8) & 1 == 1);
                b.append_value(last);
            }
        }
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        match self {
            Column::Text(mut b) => Arc::new(b.finish()),
            Column::Int(mut b) => Arc::new(b.finish()),
            Column::Double(mut b) => Arc::new(b.finish()),
            Column::Bool(mut b) => Arc::new(b.finish()),
        }
    }
}

fn repeat_number<T: ArrowPrimitiveType>(builder: &mut PrimitiveBuilder<T>) {
    if let Some(last) = builder.values_slice().last().copied() {
        builder.append_value(last);
    }
}

/// What became of one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    Column,
    Overflow,
    Repeated,
}

/// Builds the attribute columns of one scope, a row at a time: any number of `push_*`, then
/// [`AttributesBuilder::end_row`].
///
/// The first of several equal keys wins, as in the Collector. Keys and values over the limits are
/// cut; attributes over the limit are dropped and counted.
#[derive(Debug)]
pub struct AttributesBuilder {
    scope: AttributeScope,
    limits: Limits,
    columns: Vec<Option<Column>>,
    rows: usize,
    row_attributes: usize,
    dropped_in_row: u32,
    /// Which columns the current row has a value in, and which the row before.
    slots: Vec<u16>,
    slots_before: Vec<u16>,
    overflow: OverflowBuilder,
}

impl AttributesBuilder {
    /// An empty builder for one scope.
    pub fn new(scope: AttributeScope, limits: Limits) -> Self {
        let columns = scope.known().iter().map(|_| None).collect();
        Self {
            scope,
            limits,
            columns,
            rows: 0,
            row_attributes: 0,
            dropped_in_row: 0,
            slots: Vec::new(),
            slots_before: Vec::new(),
            overflow: OverflowBuilder::default(),
        }
    }

    /// Adds a string value to the current row.
    pub fn push_str(&mut self, key: &str, value: &str) {
        if !self.admit() {
            return;
        }
        let value = Limits::cut(value, self.limits.value_bytes_max);
        let placed = self.place(key, |column| {
            let Column::Text(b) = column else { return false };
            b.append_value(value);
            true
        });
        if placed == Placed::Overflow {
            self.overflow.push(Limits::cut(key, self.limits.key_bytes_max), TypeCode::String, |out| out.push_str(value));
        }
    }

    /// Adds a string value whose key the current row does not have, as the caller knows.
    pub fn push_new_str(&mut self, key: &str, value: &str) {
        if !self.admit() {
            return;
        }
        let value = Limits::cut(value, self.limits.value_bytes_max);
        let placed = self.place(key, |column| {
            let Column::Text(b) = column else { return false };
            b.append_value(value);
            true
        });
        if placed == Placed::Overflow {
            self.overflow.push_new_str(Limits::cut(key, self.limits.key_bytes_max), value);
        }
    }

    /// Adds an integer value to the current row.
    pub fn push_int(&mut self, key: &str, value: i64) {
        if !self.admit() {
            return;
        }
        let placed = self.place(key, |column| {
            let Column::Int(b) = column else { return false };
            b.append_value(value);
            true
        });
        if placed == Placed::Overflow {
            let mut digits = itoa::Buffer::new();
            let text = digits.format(value);
            self.overflow.push(Limits::cut(key, self.limits.key_bytes_max), TypeCode::Int, |out| out.push_str(text));
        }
    }

    /// Adds a double value to the current row.
    pub fn push_double(&mut self, key: &str, value: f64) {
        if !self.admit() {
            return;
        }
        let placed = self.place(key, |column| {
            let Column::Double(b) = column else { return false };
            b.append_value(value);
            true
        });
        if placed == Placed::Overflow {
            self.overflow.push(Limits::cut(key, self.limits.key_bytes_max), TypeCode::Double, |out| push_double(value, out));
        }
    }

    /// Adds a boolean value to the current row.
    pub fn push_bool(&mut self, key: &str, value: bool) {
        if !self.admit() {
            return;
        }
        let placed = self.place(key, |column| {
            let Column::Bool(b) = column else { return false };
            b.append_value(value);
            true
        });
        if placed == Placed::Overflow {
            let text = if value { "true" } else { "false" };
            self.overflow.push(Limits::cut(key, self.limits.key_bytes_max), TypeCode::Bool, |out| out.push_str(text));
        }
    }

    /// Adds a value of any type to the current row.
    pub fn push(&mut self, key: &str, value: &AnyValue) {
        match value {
            AnyValue::String(s) => self.push_str(key, s),
            AnyValue::Int(i) => self.push_int(key, *i),
            AnyValue::Double(d) => self.push_double(key, *d),
            AnyValue::Bool(b) => self.push_bool(key, *b),
            AnyValue::Null | AnyValue::Bytes(_) | AnyValue::Array(_) | AnyValue::Map(_) => {
                if self.admit() && self.place(key, |_| false) == Placed::Overflow {
                    let max = self.limits.value_bytes_max;
                    self.overflow.push(Limits::cut(key, self.limits.key_bytes_max), value.type_code(), |out| {
                        let mut text = String::new();
                        encode_text(value, &mut text);
                        out.push_str(Limits::cut(&text, max));
                    });
                }
            }
        }
    }

    /// Gives the current row, which must not have any yet, the attributes of the row before. Much
    /// faster than adding them again.
    pub fn repeat_row(&mut self) {
        for slot in &self.slots_before {
            if let Some(column) = &mut self.columns[*slot as usize] {
                column.repeat_last();
            }
        }
        self.slots.clone_from(&self.slots_before);
        self.overflow.repeat_row();
    }

    /// Closes the current row and returns how many of its attributes were dropped.
    pub fn end_row(&mut self) -> u32 {
        self.rows += 1;
        self.row_attributes = 0;
        std::mem::swap(&mut self.slots, &mut self.slots_before);
        self.slots.clear();
        self.overflow.end_row();
        std::mem::take(&mut self.dropped_in_row)
    }

    /// The columns built: one per key seen, then the overflow map and its types (left out where
    /// no row has any). All have as many rows as [`AttributesBuilder::end_row`] was called.
    pub fn finish(self) -> Vec<(FieldRef, ArrayRef)> {
        let rows = self.rows;
        let mut out = Vec::new();
        for ((key, kind), column) in self.scope.known().iter().zip(self.columns) {
            if let Some(column) = column {
                let field = Field::new(format!("{}{key}", self.scope.prefix()), kind.data_type(), true);
                out.push((Arc::new(field), column.finish(rows)));
            }
        }
        let (map, types) = self.overflow.finish();
        if let Some(map) = map {
            out.push((Arc::new(Field::new(self.scope.column(), map_type(), true)), Arc::new(map)));
        }
        if let Some(types) = types {
            out.push((Arc::new(Field::new(self.scope.types_column(), DataType::Utf8, true)), Arc::new(types)));
        }
        out
    }

    fn admit(&mut self) -> bool {
        if self.row_attributes >= self.limits.attributes_max {
            self.dropped_in_row = self.dropped_in_row.saturating_add(1);
            return false;
        }
        self.row_attributes += 1;
        true
    }

    /// Puts a value into the key's own column when there is one and `append` accepts it.
    #[inline]
    fn place(&mut self, key: &str, append: impl FnOnce(&mut Column) -> bool) -> Placed {
        let Some(&slot) = self.scope.slots().get(key) else { return Placed::Overflow };
        let kind = self.scope.known()[slot as usize].1;
        let column = self.columns[slot as usize].get_or_insert_with(|| Column::new(kind));
        column.pad(self.rows);
        if column.len() > self.rows {
            return Placed::Repeated;
        }
        if !append(column) {
            return Placed::Overflow;
        }
        self.slots.push(slot);
        Placed::Column
    }
}
