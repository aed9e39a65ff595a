//! Structured metadata of rows: by name, as numbers that stand for few texts, or all of it.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type};
use datafusion::error::Result;
use luneta_model::AttributeScope;
use luneta_store::{ColumnStats, StatValue};

use super::columns::Columns;
use super::level::{self, AMBIGUOUS_SEVERITY, DETECTED_LEVEL, LEVELS};
use super::lines::Lines;
use super::origin::{Origin, label_name, pairs};
use super::source::{Lake, Source};
use crate::scan::functions::as_text;

/// Names that the catalog knows of a file's overflow map, beyond which there may be others.
const MAP_KEYS_KNOWN: usize = 1000;
/// Fields of records that are structured metadata, with their columns.
const FIELDS: [(&str, &str); 7] = [
    ("trace_id", "trace_id"),
    ("span_id", "span_id"),
    ("severity_number", "severity_number"),
    ("severity_text", "severity_text"),
    ("observed_timestamp", "observed_time"),
    ("flags", "flags"),
    ("event_name", "event_name"),
];
/// How many of [`FIELDS`] entries of Loki have too.
const FIELDS_OF_LOKI: usize = 2;

/// Values of one name in some rows.
#[derive(Debug, Default)]
pub struct Coded {
    /// For each row the place of its value; 0 stands for none.
    pub codes: Vec<u32>,
    /// The values; the first is none.
    pub values: Vec<String>,
}

impl Coded {
    fn none(rows: usize) -> Self {
        Self { codes: vec![0; rows], values: vec![String::new()] }
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.codes[row] as usize;
        (code > 0).then(|| self.values[code].as_str())
    }

    /// Takes the values of another where there are none.
    fn or(mut self, other: &Self) -> Self {
        let before = self.values.len() as u32;
        self.values.extend(other.values.iter().skip(1).cloned());
        for (code, other) in self.codes.iter_mut().zip(&other.codes) {
            if *code == 0 && *other > 0 {
                *code = before + other - 1;
            }
        }
        self
    }
}

/// Where values of a name are found in a source.
#[derive(Debug)]
enum Part {
    Column(usize),
    /// The overflow map.
    Map(usize),
    /// A field of records; whether entries of Loki have it too.
    Field(usize, bool),
    Level(Vec<usize>),
}

/// Names that are read of rows of one source.
#[derive(Debug)]
pub struct Named<'n> {
    names: Vec<&'n str>,
    parts: Vec<Vec<Part>>,
    roots: Vec<usize>,
}

impl<'n> Named<'n> {
    /// A plan for some names.
    pub fn new(source: &Source, names: Vec<&'n str>) -> Self {
        let schema = source.schema();
        let mut parts = Vec::with_capacity(names.len());
        for name in &names {
            let mut found = Vec::new();
            for (at, field) in schema.fields().iter().enumerate() {
                if item_key(field.name()).is_some_and(|key| is_named(key, name)) {
                    found.push(Part::Column(at));
                }
            }
            if let Some(at) = schema.index_of(AttributeScope::Item.column()).ok().filter(|_| map_may_have(source, name)) {
                found.push(Part::Map(at));
            }
            if *name == DETECTED_LEVEL {
                found.push(Part::Level(level_columns(source)));
            }
            if let Some(number) = FIELDS.iter().position(|(known, _)| known == name)
                && let Ok(at) = schema.index_of(FIELDS[number].1)
            {
                found.push(Part::Field(at, number < FIELDS_OF_LOKI));
            }
            parts.push(found);
        }
        let mut roots: Vec<usize> = parts
            .iter()
            .flatten()
            .flat_map(|part| match part {
                Part::Column(at) | Part::Map(at) | Part::Field(at, _) => vec![*at],
                Part::Level(columns) => columns.clone(),
            })
            .collect();
        roots.sort_unstable();
        roots.dedup();
        Self { names, parts, roots }
    }

    /// The names, in order.
    pub fn names(&self) -> &[&'n str] {
        &self.names
    }

    /// The place of a name among the values.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    /// The values in some rows, in the order of the names.
    pub async fn read(&self, lake: &Lake, source: &Source, rows: &[usize], ranges: &[Range<usize>]) -> Result<Vec<Coded>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let batch = source.read(lake, &self.roots, ranges).await?;
        let schema = source.schema();
        let column = |at: usize| batch.column_by_name(schema.field(at).name());
        let of_loki = |at: usize| source.index.origins[source.index.id(rows[at])].origin.of_loki;
        let mut out = Vec::with_capacity(self.names.len());
        for (name, parts) in self.names.iter().zip(&self.parts) {
            let mut found: Option<Coded> = None;
            for part in parts {
                let next = match part {
                    Part::Column(at) => column(*at).map(coded).transpose()?,
                    Part::Map(at) => column(*at).map(|column| of_map(column, name)),
                    Part::Field(at, for_all) => {
                        let mut values = column(*at).map(coded).transpose()?;
                        if let Some(values) = values.as_mut().filter(|_| !for_all) {
                            let codes = values.codes.iter_mut().enumerate();
                            codes.filter(|(at, _)| of_loki(*at)).for_each(|(_, code)| *code = 0);
                        }
                        values
                    }
                    Part::Level(_) => Some(levels(&batch)?),
                };
                found = match (found, next) {
                    (Some(found), Some(next)) => Some(found.or(&next)),
                    (found, next) => found.or(next),
                };
            }
            out.push(found.unwrap_or_else(|| Coded::none(rows.len())));
        }
        Ok(out)
    }
}

/// Whether a label of this name stands for a key.
fn is_named(key: &str, name: &str) -> bool {
    let same = |a: u8, b: u8| a == b || (b == b'_' && !a.is_ascii_alphanumeric());
    let simple = key.len() == name.len() && key.bytes().zip(name.bytes()).all(|(a, b)| same(a, b));
    simple || ((!key.is_ascii() || name.starts_with("key_")) && label_name(key) == name)
}

/// Whether records may have a name among attributes without a column.
fn map_may_have(source: &Source, name: &str) -> bool {
    let Some(file) = source.as_file() else { return true };
    let keys = file.map_keys.iter().filter(|key| key.scope == AttributeScope::Item);
    let known = file.ours && keys.clone().count() < MAP_KEYS_KNOWN;
    !known || keys.into_iter().any(|key| is_named(&key.key, name))
}

/// The key that a column of records is for.
fn item_key(column: &str) -> Option<&str> {
    AttributeScope::split_column(column).filter(|(scope, _)| *scope == AttributeScope::Item).map(|(_, key)| key)
}

/// Whether any record of a source may have an attribute of a name.
pub fn has_attribute(source: &Source, name: &str) -> bool {
    let schema = source.schema();
    let in_columns = schema.fields().iter().any(|field| item_key(field.name()).is_some_and(|key| is_named(key, name)));
    in_columns || (schema.index_of(AttributeScope::Item.column()).is_ok() && map_may_have(source, name))
}

/// The columns that tell the level of all records of a source.
fn level_columns(source: &Source) -> Vec<usize> {
    let schema = source.schema();
    let bounds = source.as_file().filter(|file| file.ours).and_then(|file| file.stats.get("severity_number"));
    let number = |of: fn(&ColumnStats) -> Option<&StatValue>| match bounds.and_then(of) {
        Some(StatValue::Int(number)) => Some(*number),
        _ => None,
    };
    let unknown = number(|stats| stats.min.as_ref()).is_none_or(|min| min <= 0);
    let ambiguous = number(|stats| stats.max.as_ref()).is_none_or(|max| max >= i64::from(AMBIGUOUS_SEVERITY));
    let mut names = vec!["severity_number"];
    if unknown || ambiguous {
        names.push("severity_text");
    }
    if unknown {
        names.push("body");
    }
    names.into_iter().filter_map(|name| schema.index_of(name).ok()).collect()
}

/// The levels of records, from the columns that tell them.
fn levels(batch: &RecordBatch) -> Result<Coded> {
    let texts = batch.column_by_name("severity_text").map(coded).transpose()?;
    let lines = Lines::of(batch)?;
    let numbers = batch.column_by_name("severity_number").and_then(|column| column.as_primitive_opt::<Int32Type>());
    let code = |row: usize| {
        let number = numbers.filter(|numbers| numbers.is_valid(row)).map_or(0, |numbers| numbers.value(row));
        let text = || texts.as_ref().and_then(|texts| texts.get(row)).unwrap_or_default();
        let told = match number {
            // The text is not asked where the number is enough.
            1..AMBIGUOUS_SEVERITY => level::of_severity(number, ""),
            _ => level::of_severity(number, text()),
        };
        1 + u32::from(told.unwrap_or_else(|| level::of_line(lines.get(row))))
    };
    let values = std::iter::once(String::new()).chain(LEVELS.map(str::to_owned)).collect();
    Ok(Coded { codes: (0..batch.num_rows()).map(code).collect(), values })
}

/// Numbers for texts.
#[derive(Default)]
struct Interner<K> {
    known: HashMap<K, u32, foldhash::fast::RandomState>,
    values: Vec<String>,
}

impl<K: std::hash::Hash + Eq> Interner<K> {
    fn code(&mut self, key: K, text: impl FnOnce() -> String) -> u32 {
        if self.values.is_empty() {
            self.values.push(String::new());
        }
        let values = &mut self.values;
        *self.known.entry(key).or_insert_with(|| {
            values.push(text());
            values.len() as u32 - 1
        })
    }

    fn coded(mut self, codes: Vec<u32>) -> Coded {
        if self.values.is_empty() {
            self.values.push(String::new());
        }
        Coded { codes, values: self.values }
    }
}

/// The values of a column.
fn coded(column: &ArrayRef) -> Result<Coded> {
    if let Some(shared) = column.as_dictionary_opt::<UInt32Type>()
        && let Some(texts) = shared.values().as_string_opt::<i32>()
    {
        let keys = shared.keys();
        let valid = |row: usize| keys.is_valid(row) && texts.is_valid(keys.value(row) as usize);
        let codes = (0..keys.len()).map(|row| if valid(row) { keys.value(row) + 1 } else { 0 }).collect();
        let values = texts.iter().map(|text| text.unwrap_or_default().to_owned());
        return Ok(Coded { codes, values: std::iter::once(String::new()).chain(values).collect() });
    }
    if matches!(column.data_type(), DataType::Int64 | DataType::Int32 | DataType::UInt32) {
        let numbers = cast(column, &DataType::Int64)?;
        let mut interner = Interner::<i64>::default();
        let numbers = numbers.as_primitive::<Int64Type>();
        let codes = numbers.iter().map(|number| number.map_or(0, |n| interner.code(n, || n.to_string()))).collect();
        return Ok(interner.coded(codes));
    }
    let texts = texts_of(column)?;
    let mut interner = Interner::<&str>::default();
    let codes = texts.iter().map(|text| text.map_or(0, |text| interner.code(text, || text.to_owned()))).collect();
    Ok(interner.coded(codes))
}

fn texts_of(column: &ArrayRef) -> Result<StringArray> {
    if let Some(ids) = column.as_fixed_size_binary_opt() {
        return Ok(ids.iter().map(|id| id.map(hex::encode)).collect());
    }
    if let Some(times) = column.as_primitive_opt::<TimestampNanosecondType>() {
        return Ok(times.iter().map(|time| time.map(|time| time.to_string())).collect());
    }
    as_text(column)
}

/// The values of a name in overflow maps.
fn of_map(column: &ArrayRef, name: &str) -> Coded {
    let mut interner = Interner::<String>::default();
    let mut codes = vec![0; column.len()];
    for (row, code) in codes.iter_mut().enumerate() {
        pairs(Some(column), row, |key, value| {
            if *code == 0 && is_named(key, name) {
                *code = interner.code(value.to_owned(), || value.to_owned());
            }
        });
    }
    interner.coded(codes)
}

/// All metadata of some rows.
#[derive(Debug)]
pub struct Whole {
    attributes: Option<ArrayRef>,
    fields: Vec<Option<StringArray>>,
    levels: (Option<ArrayRef>, Option<StringArray>),
}

/// Logical columns of [`Whole`].
const WHOLE: [&str; 8] =
    ["attributes", "trace_id", "span_id", "severity_number", "severity_text", "observed_time", "flags", "event_name"];

impl Whole {
    /// That of rows in ranges.
    pub async fn read(lake: &Lake, source: &Source, ranges: &[Range<usize>]) -> Result<Self> {
        let columns = Columns::new(&source.schema(), &WHOLE)?;
        let read = columns.read(&source.read(lake, columns.roots(), ranges).await?)?;
        let fields = read[1..].iter().map(|column| {
            let empty = column.logical_null_count() == column.len();
            if empty { Ok(None) } else { texts_of(column).map(Some) }
        });
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let levels = (read.get(3).cloned(), fields.get(3).cloned().flatten());
        Ok(Self { attributes: read.first().cloned(), fields, levels })
    }

    /// Adds the metadata of a row, whose line tells the level where nothing else does.
    pub fn add(&self, row: usize, origin: &Origin, line: &str, metadata: &mut Metadata) {
        pairs(self.attributes.as_ref(), row, |key, value| metadata.set_key(key, value));
        let fields = FIELDS.iter().zip(&self.fields).take(if origin.of_loki { FIELDS_OF_LOKI } else { FIELDS.len() });
        for ((name, _), texts) in fields {
            let Some(texts) = texts.as_ref().filter(|texts| texts.is_valid(row)) else { continue };
            let value = texts.value(row);
            // Nothing is said by numbers that are nothing.
            let is_nothing = matches!(*name, "flags" | "severity_number") && value == "0";
            if !is_nothing && !metadata.has(name) {
                metadata.set(name, value);
            }
        }
        if !metadata.has(DETECTED_LEVEL) {
            let numbers = self.levels.0.as_ref().and_then(|column| column.as_primitive_opt::<Int32Type>());
            let number = numbers.filter(|numbers| numbers.is_valid(row)).map_or(0, |numbers| numbers.value(row));
            let text = self.levels.1.as_ref().filter(|texts| texts.is_valid(row)).map_or("", |texts| texts.value(row));
            let level = level::of_severity(number, text).unwrap_or_else(|| level::of_line(line));
            metadata.set(DETECTED_LEVEL, LEVELS[usize::from(level)]);
        }
    }
}

/// The metadata of one record, in buffers that are used again.
#[derive(Debug, Default)]
pub struct Metadata {
    text: String,
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Metadata {
    /// Begins anew with what all records of an origin have.
    pub fn reset(&mut self, origin: &Origin) {
        self.text.clear();
        self.places.clear();
        for (name, value) in &origin.metadata {
            self.set(name, value);
        }
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.iter().position(|(known, _)| self.text[known.clone()] == *name)
    }

    fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: &str) {
        let value = self.keep(value);
        if let Some(at) = self.place(name) {
            self.places[at].1 = value;
        } else {
            let name = self.keep(name);
            self.places.push((name, value));
        }
    }

    /// Sets the value of the name that stands for a key.
    fn set_key(&mut self, key: &str, value: &str) {
        if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !key.starts_with(|c: char| c.is_ascii_digit()) {
            self.set(key, value);
        } else {
            self.set(&label_name(key), value);
        }
    }

    /// Names and values.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.places.iter().map(|(name, value)| (&self.text[name.clone()], &self.text[value.clone()])).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn keys_have_names() {
        let cases = [
            ("http.route", "http_route", true),
            ("http_route", "http_route", true),
            ("http.routes", "http_route", false),
            ("größe", "gr__e", true),
            ("9a", "key_9a", true),
            ("key_9a", "key_9a", true),
            ("a", "b", false),
        ];
        for (key, name, wanted) in cases {
            assert_eq!(is_named(key, name), wanted, "{key} {name}");
            assert_eq!(label_name(key) == name, wanted, "{key} {name}");
        }
    }

    #[test]
    fn values_have_numbers_and_others_fill_in() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b"), Some("a"), None]));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, None, None]));
        let coded = coded(&texts).expect("texts").or(&coded(&numbers).expect("numbers"));
        let values: Vec<_> = (0..5).map(|row| coded.get(row)).collect();
        assert_eq!(values, [Some("a"), Some("2"), Some("b"), Some("a"), None]);
    }

    #[test]
    fn later_metadata_hides_earlier() {
        let labels = luneta_promql::Labels::empty();
        let origin = Origin { labels, metadata: vec![("a".to_owned(), "1".to_owned())], of_loki: false };
        let mut metadata = Metadata::default();
        metadata.reset(&origin);
        metadata.set_key("b.c", "2");
        metadata.set("a", "3");
        assert_eq!(metadata.pairs(), [("a", "3"), ("b_c", "2")]);
        metadata.reset(&origin);
        assert_eq!(metadata.pairs(), [("a", "1")]);
    }
}
