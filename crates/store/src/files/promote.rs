//! Promotion: keys of the overflow map that occur often become typed columns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int64Builder, MapArray, RecordBatch, StringArray, StringBuilder,
    StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;
use luneta_model::{AttributeScope, AttributeType, schema};

use super::keys::KeyCounts;
use crate::catalog::LakeTable;
use crate::layout;

/// A key is promoted when at least one row in this many has it.
const ROWS_PER_VALUE_MAX: u64 = 32;
/// Longer keys make no column.
const KEY_BYTES_MAX: usize = 128;

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Which keys of one scope have a column in one table.
#[derive(Debug, Default)]
pub(crate) struct Promotion {
    /// Keys whose values are taken out of the map, with the type of their column.
    columns: Map<String, AttributeType>,
    /// Columns beyond those known from the start.
    promoted: usize,
    /// Names of all columns in lower case: others read names without case.
    taken: HashSet<String>,
}

impl Promotion {
    /// The columns a table has.
    pub(crate) fn of(table: Option<&LakeTable>, scope: AttributeScope) -> Self {
        let mut out = Self::default();
        for column in table.iter().flat_map(|t| &t.columns) {
            out.taken.insert(column.name.to_lowercase());
            let Some((_, key)) = AttributeScope::split_column(&column.name).filter(|(s, _)| *s == scope) else { continue };
            let kind = layout::arrow_type(&column.lake_type).and_then(|t| AttributeType::from_data_type(&t));
            if let Some(kind) = kind {
                out.columns.insert(key.to_owned(), kind);
                out.promoted += usize::from(layout::known_type(scope, key).is_none());
            }
        }
        for (key, kind) in scope.known() {
            if out.taken.insert(format!("{}{key}", scope.prefix()).to_lowercase()) {
                out.columns.insert((*key).to_owned(), *kind);
            }
        }
        out
    }

    /// The columns a table has, as far as a file has them.
    pub(crate) fn of_columns(table: &LakeTable, scope: AttributeScope, fields: &[FieldRef]) -> Self {
        let mut out = Self::of(Some(table), scope);
        out.columns.retain(|key, _| {
            let name = format!("{}{key}", scope.prefix());
            fields.iter().any(|f| *f.name() == name)
        });
        out
    }

    /// The type of a key's column.
    pub(super) fn type_of_key(&self, key: &str) -> Option<AttributeType> {
        self.columns.get(key).copied()
    }

    /// Adds the keys frequent enough, the most frequent first.
    pub(crate) fn extend(&mut self, scope: AttributeScope, counts: &KeyCounts, rows: u64, promoted_max: usize) {
        if scope == AttributeScope::Scope {
            return;
        }
        let mut frequent: Vec<(&String, u64, AttributeType)> = Vec::new();
        for (key, counts) in &counts.by_key {
            let by_type = &counts[..TYPES.len()];
            let total: u64 = by_type.iter().sum();
            if total * ROWS_PER_VALUE_MAX < rows || key.is_empty() || key.len() > KEY_BYTES_MAX {
                continue;
            }
            let (best, _) = by_type.iter().enumerate().max_by_key(|(i, n)| (**n, 4 - i)).unwrap_or((0, &0));
            frequent.push((key, total, TYPES[best]));
        }
        frequent.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        for (key, _, kind) in frequent {
            if self.promoted >= promoted_max {
                return;
            }
            if !self.columns.contains_key(key) && self.taken.insert(format!("{}{key}", scope.prefix()).to_lowercase()) {
                self.columns.insert(key.clone(), kind);
                self.promoted += 1;
            }
        }
    }
}

/// A batch whose frequent keys are columns.
#[derive(Debug)]
pub(crate) struct Extracted {
    pub(crate) batch: RecordBatch,
    /// Columns whose key the overflow map still holds, with values of another type.
    pub(crate) strays: HashSet<String>,
}

impl Extracted {
    /// Takes values out of a batch's overflow map into columns.
    pub(crate) fn from(batch: RecordBatch, scope: AttributeScope, promotion: &Promotion) -> Result<Self, ArrowError> {
        let mut strays = HashSet::new();
        let Some(overflow) = Overflow::of(&batch, scope) else { return Ok(Self { batch, strays }) };
        let mut takes_any = false;
        overflow.for_each(|_, key, value, code| {
            if let Some(kind) = promotion.columns.get(key) {
                takes_any |= value.is_some() && type_of(code) == Some(*kind);
                if type_of(code) != Some(*kind) {
                    strays.insert(format!("{}{key}", scope.prefix()));
                }
            }
        });
        if !takes_any {
            return Ok(Self { batch, strays });
        }
        let mut taking = Taking { promotion, scope, batch: &batch, columns: HashMap::default(), rest: Rest::default(), strays };
        taking.run(&overflow);
        let (columns, rest, strays) = (taking.columns, taking.rest, taking.strays);
        let batch = rest.replace(&batch, scope, columns)?;
        Ok(Self { batch, strays })
    }
}

struct Taking<'a> {
    promotion: &'a Promotion,
    scope: AttributeScope,
    batch: &'a RecordBatch,
    columns: Map<&'a str, Taken>,
    rest: Rest,
    strays: HashSet<String>,
}

impl Taking<'_> {
    fn run(&mut self, overflow: &Overflow<'_>) {
        let mut current = 0;
        let rows = self.batch.num_rows();
        overflow.for_each(|row, key, value, code| {
            while current < row {
                self.rest.end_row();
                current += 1;
            }
            if !self.take(row, key, value, code) {
                self.rest.push(key, value, code);
            }
        });
        while current < rows {
            self.rest.end_row();
            current += 1;
        }
    }

    /// Whether the value went into a column.
    fn take(&mut self, row: usize, key: &str, value: Option<&str>, code: u8) -> bool {
        let Some((key, kind)) = self.promotion.columns.get_key_value(key) else { return false };
        let Some(value) = value.filter(|_| type_of(code) == Some(*kind)) else { return false };
        let (batch, scope) = (self.batch, self.scope);
        let column = self
            .columns
            .entry(key)
            .or_insert_with(|| Taken::new(*kind, batch.column_by_name(&format!("{}{key}", scope.prefix()))));
        let taken = column.append(row, value);
        if !taken {
            self.strays.insert(format!("{}{key}", self.scope.prefix()));
        }
        taken
    }
}

/// A column being filled from the map, on top of what the batch has under that name.
struct Taken {
    existing: Option<ArrayRef>,
    values: Values,
}

enum Values {
    Text(StringBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
}

impl Taken {
    fn new(kind: AttributeType, existing: Option<&ArrayRef>) -> Self {
        let existing = existing.map(|array| match array.as_any_dictionary_opt() {
            Some(dictionary) => take(dictionary.values(), dictionary.keys(), None).unwrap_or_else(|_| array.clone()),
            None => array.clone(),
        });
        let values = match kind {
            AttributeType::Text => Values::Text(StringBuilder::new()),
            AttributeType::Int => Values::Int(Int64Builder::new()),
            AttributeType::Double => Values::Double(Float64Builder::new()),
            AttributeType::Bool => Values::Bool(BooleanBuilder::new()),
        };
        Self { existing, values }
    }

    fn len(&self) -> usize {
        use arrow::array::ArrayBuilder as _;
        match &self.values {
            Values::Text(b) => b.len(),
            Values::Int(b) => b.len(),
            Values::Double(b) => b.len(),
            Values::Bool(b) => b.len(),
        }
    }

    fn append(&mut self, row: usize, value: &str) -> bool {
        if self.len() > row || self.existing.as_ref().is_some_and(|e| e.is_valid(row)) {
            return false;
        }
        self.pad(row);
        match &mut self.values {
            Values::Text(b) => b.append_value(value),
            Values::Int(b) => match value.parse() {
                Ok(v) => b.append_value(v),
                Err(_) => return false,
            },
            Values::Double(b) => match value.parse() {
                Ok(v) => b.append_value(v),
                Err(_) => return false,
            },
            Values::Bool(b) => match value.parse() {
                Ok(v) => b.append_value(v),
                Err(_) => return false,
            },
        }
        true
    }

    /// Fills rows up to `row` from the existing column, or with nulls.
    fn pad(&mut self, row: usize) {
        let from = self.len();
        for i in from..row {
            let existing = self.existing.as_ref().filter(|e| e.is_valid(i));
            match &mut self.values {
                Values::Text(b) => b.append_option(existing.map(|e| e.as_string::<i32>().value(i))),
                Values::Int(b) => {
                    b.append_option(existing.map(|e| e.as_primitive::<arrow::datatypes::Int64Type>().value(i)));
                }
                Values::Double(b) => {
                    b.append_option(existing.map(|e| e.as_primitive::<arrow::datatypes::Float64Type>().value(i)));
                }
                Values::Bool(b) => b.append_option(existing.map(|e| e.as_boolean().value(i))),
            }
        }
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        match self.values {
            Values::Text(mut b) => Arc::new(b.finish()),
            Values::Int(mut b) => Arc::new(b.finish()),
            Values::Double(mut b) => Arc::new(b.finish()),
            Values::Bool(mut b) => Arc::new(b.finish()),
        }
    }
}

/// What stays in the map.
struct Rest {
    keys: StringBuilder,
    values: StringBuilder,
    types: StringBuilder,
    offsets: Vec<i32>,
    row_types: String,
    entries: i32,
}

impl Default for Rest {
    fn default() -> Self {
        Self {
            keys: StringBuilder::new(),
            values: StringBuilder::new(),
            types: StringBuilder::new(),
            offsets: vec![0],
            row_types: String::new(),
            entries: 0,
        }
    }
}

impl Rest {
    fn push(&mut self, key: &str, value: Option<&str>, code: u8) {
        self.keys.append_value(key);
        self.values.append_option(value);
        self.row_types.push(char::from(code));
        self.entries += 1;
    }

    fn end_row(&mut self) {
        self.types.append_option(self.row_types.bytes().any(|b| b != b's').then_some(&self.row_types));
        self.row_types.clear();
        self.offsets.push(self.entries);
    }

    /// The batch with this map in place of its own and the new columns behind.
    fn replace(
        mut self,
        batch: &RecordBatch,
        scope: AttributeScope,
        columns: Map<&str, Taken>,
    ) -> Result<RecordBatch, ArrowError> {
        let DataType::Map(entries_field, _) = schema::map_type() else {
            return Err(ArrowError::SchemaError("attribute maps are maps".into()));
        };
        let DataType::Struct(entry_fields) = entries_field.data_type() else {
            return Err(ArrowError::SchemaError("map entries are structs".into()));
        };
        let keys: ArrayRef = Arc::new(self.keys.finish());
        let entries = StructArray::try_new(entry_fields.clone(), vec![keys, Arc::new(self.values.finish())], None)?;
        let map = MapArray::try_new(entries_field.clone(), OffsetBuffer::new(self.offsets.into()), entries, None, false)?;
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        let replaced: HashSet<String> = columns.keys().map(|key| format!("{}{key}", scope.prefix())).collect();
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if field.name() != scope.column() && field.name() != scope.types_column() && !replaced.contains(field.name()) {
                fields.push(field.clone());
                arrays.push(array.clone());
            }
        }
        let mut columns: Vec<_> = columns.into_iter().collect();
        columns.sort_by_key(|(key, _)| *key);
        for (key, taken) in columns {
            let array = taken.finish(batch.num_rows());
            fields.push(Arc::new(Field::new(format!("{}{key}", scope.prefix()), array.data_type().clone(), true)));
            arrays.push(array);
        }
        if self.entries > 0 {
            fields.push(Arc::new(Field::new(scope.column(), map.data_type().clone(), true)));
            arrays.push(Arc::new(map));
            fields.push(Arc::new(Field::new(scope.types_column(), DataType::Utf8, true)));
            arrays.push(Arc::new(self.types.finish()));
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

pub(super) const TYPES: [AttributeType; 4] =
    [AttributeType::Text, AttributeType::Int, AttributeType::Double, AttributeType::Bool];

/// The column type a value of a type code fits.
pub(super) fn type_of(code: u8) -> Option<AttributeType> {
    match code {
        b's' => Some(AttributeType::Text),
        b'i' => Some(AttributeType::Int),
        b'd' => Some(AttributeType::Double),
        b'b' => Some(AttributeType::Bool),
        _ => None,
    }
}

/// The overflow map of a batch and the type codes beside it.
pub(super) struct Overflow<'a> {
    map: &'a MapArray,
    keys: &'a StringArray,
    values: &'a StringArray,
    types: Option<&'a StringArray>,
}

impl<'a> Overflow<'a> {
    pub(super) fn of(batch: &'a RecordBatch, scope: AttributeScope) -> Option<Self> {
        let map = batch.column_by_name(scope.column())?.as_map_opt()?;
        let (keys, values) = (map.keys().as_string_opt()?, map.values().as_string_opt()?);
        let types = batch.column_by_name(scope.types_column()).and_then(|t| t.as_string_opt());
        Some(Self { map, keys, values, types })
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(usize, &'a str, Option<&'a str>, u8)) {
        let offsets = self.map.value_offsets();
        for row in 0..self.map.len() {
            let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
            if start == end || self.map.is_null(row) {
                continue;
            }
            let codes = self.types.filter(|t| t.is_valid(row)).map_or(&[][..], |t| t.value(row).as_bytes());
            for entry in start..end {
                let value = self.values.is_valid(entry).then(|| self.values.value(entry));
                let code = codes.get(entry - start).copied().unwrap_or(if value.is_some() { b's' } else { b'n' });
                visit(row, self.keys.value(entry), value, code);
            }
        }
    }
}
