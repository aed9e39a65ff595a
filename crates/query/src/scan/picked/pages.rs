//! Which rows of which columns have a value, and which, as far as the page index tells.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;

/// How many row groups hold any of `rows`, which are in order.
pub(super) fn row_groups(metadata: &ParquetMetaData, rows: &[usize]) -> usize {
    let mut end = 0;
    let ends = metadata.row_groups().iter().map(|group| {
        end += usize::try_from(group.num_rows()).unwrap_or(0);
        rows.partition_point(|row| *row < end)
    });
    let mut before = 0;
    ends.filter(|at| std::mem::replace(&mut before, *at) < *at).count()
}

/// What the page index tells of a column in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A null, or an empty list: its page holds nothing else.
    Nothing,
    /// The value at this place of [`Column::known`]: its page holds no other.
    Known(usize),
    /// Only the page tells.
    Read,
}

/// A root column in the rows asked for.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) cells: Vec<Cell>,
    pub(super) known: Vec<Value>,
}

impl Column {
    /// Whether it may have any value.
    pub(super) fn is_live(&self) -> bool {
        self.cells.iter().any(|cell| *cell != Cell::Nothing)
    }

    /// The rows in which its pages have to be read.
    pub(super) fn read(&self) -> Vec<bool> {
        self.cells.iter().map(|cell| *cell == Cell::Read).collect()
    }
}

/// A value of the page index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

/// The root columns of a file in rows that are in order.
#[derive(Debug)]
pub(super) struct Live<'a> {
    metadata: &'a ParquetMetaData,
    schema: &'a Schema,
    rows: &'a [usize],
    /// Row groups that hold any of the rows: which, its first row, and which of the rows.
    groups: Vec<(usize, usize, Range<usize>)>,
    /// The leaves of each root column.
    leaves: Vec<Range<usize>>,
    columns: HashMap<usize, Column>,
}

impl<'a> Live<'a> {
    pub(super) fn new(metadata: &'a ArrowReaderMetadata, rows: &'a [usize]) -> Self {
        let (schema, metadata) = (metadata.schema(), metadata.metadata());
        let descriptor = metadata.file_metadata().schema_descr();
        let mut leaves: Vec<Range<usize>> = vec![0..0; descriptor.root_schema().get_fields().len()];
        for leaf in 0..descriptor.num_columns() {
            let of = &mut leaves[descriptor.get_column_root_idx(leaf)];
            *of = if of.end == 0 { leaf..leaf + 1 } else { of.start..leaf + 1 };
        }
        let (mut groups, mut first, mut at) = (Vec::new(), 0, 0);
        for (group, group_metadata) in metadata.row_groups().iter().enumerate() {
            let end = first + usize::try_from(group_metadata.num_rows()).unwrap_or(0);
            let inside = at..at + rows[at..].partition_point(|row| *row < end);
            let next = inside.end;
            if !inside.is_empty() {
                groups.push((group, first, inside));
            }
            (first, at) = (end, next);
        }
        Self { metadata, schema, rows, groups, leaves, columns: HashMap::new() }
    }

    pub(super) fn rows(&self) -> &'a [usize] {
        self.rows
    }

    /// A root column in each of the rows.
    pub(super) fn of(&mut self, root: usize) -> &Column {
        let Self { metadata, schema, rows, groups, leaves, columns } = self;
        columns.entry(root).or_insert_with(|| {
            let mut column = Column { cells: vec![Cell::Nothing; rows.len()], known: Vec::new() };
            let data_type = schema.fields().get(root).map(|field| field.data_type()).filter(|t| is_knowable(t));
            for (group, first, inside) in groups {
                for leaf in leaves.get(root).cloned().unwrap_or_default() {
                    mark(metadata, (*group, leaf), *first, (rows, inside.clone()), &mut column, data_type);
                }
            }
            column
        })
    }
}

/// Types of which a page index tells values.
fn is_knowable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_knowable(value),
        other => matches!(other, DataType::Utf8 | DataType::Boolean | DataType::Int32 | DataType::Int64 | DataType::UInt32),
    }
}

/// Tells of one column chunk what its pages hold in those of `rows` that are `inside`. `first` is the
/// row group's first row; values are known of columns with a type alone.
fn mark(
    metadata: &ParquetMetaData,
    (group, leaf): (usize, usize),
    first: usize,
    (rows, inside): (&[usize], Range<usize>),
    column: &mut Column,
    data_type: Option<&DataType>,
) {
    let (Some(index), Some(pages)) = (column_index(metadata, group, leaf), pages(metadata, group, leaf)) else {
        return column.cells[inside].fill(Cell::Read);
    };
    let (mut page_end, mut cell) = (0, Cell::Nothing);
    for at in inside {
        let row = rows[at] - first;
        if row >= page_end {
            let next = pages.partition_point(|p| usize::try_from(p.first_row_index).is_ok_and(|start| start <= row));
            page_end = pages.get(next).map_or(usize::MAX, |p| usize::try_from(p.first_row_index).unwrap_or(usize::MAX));
            let page = next.saturating_sub(1);
            cell = if page < index.num_pages() as usize && index.is_null_page(page) {
                Cell::Nothing
            } else if let Some(value) = data_type.and_then(|of| only_value(index, page, of)) {
                column.known.push(value);
                Cell::Known(column.known.len() - 1)
            } else {
                Cell::Read
            };
        }
        // Of several leaves, one with values is enough.
        if cell != Cell::Nothing {
            column.cells[at] = cell;
        }
    }
}

/// The value all rows of a page have. Bounds that were cut short differ.
fn only_value(index: &ColumnIndexMetaData, page: usize, data_type: &DataType) -> Option<Value> {
    if page >= index.num_pages() as usize || index.null_count(page) != Some(0) {
        return None;
    }
    match index {
        ColumnIndexMetaData::BOOLEAN(index) => same(index.min_value(page), index.max_value(page)).map(|v| Value::Boolean(*v)),
        ColumnIndexMetaData::INT32(index) => same(index.min_value(page), index.max_value(page)).map(|value| {
            // Unsigned numbers have the same bits.
            Value::Integer(if *data_type == DataType::UInt32 { i64::from(*value as u32) } else { i64::from(*value) })
        }),
        ColumnIndexMetaData::INT64(index) => same(index.min_value(page), index.max_value(page)).map(|v| Value::Integer(*v)),
        ColumnIndexMetaData::BYTE_ARRAY(index) => {
            let text = same(index.min_value(page), index.max_value(page))?;
            std::str::from_utf8(text).ok().map(|text| Value::Text(text.to_owned()))
        }
        _ => None,
    }
}

fn same<T: PartialEq>(low: Option<T>, high: Option<T>) -> Option<T> {
    low.filter(|low| high.is_some_and(|high| *low == high))
}

/// Values of the page index as the column has them.
pub(super) fn values(known: &[Value], data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let array: ArrayRef = match known.first() {
        Some(Value::Text(_)) => {
            let texts = known.iter().map(|v| if let Value::Text(text) = v { Some(text.as_str()) } else { None });
            Arc::new(texts.collect::<StringArray>())
        }
        Some(Value::Integer(_)) => {
            let numbers = known.iter().map(|v| if let Value::Integer(number) = v { Some(*number) } else { None });
            Arc::new(numbers.collect::<Int64Array>())
        }
        Some(Value::Boolean(_)) => {
            let truths = known.iter().map(|v| if let Value::Boolean(truth) = v { Some(*truth) } else { None });
            Arc::new(truths.collect::<BooleanArray>())
        }
        None => return Ok(new_empty_array(data_type)),
    };
    cast(&array, data_type)
}

fn column_index(metadata: &ParquetMetaData, group: usize, leaf: usize) -> Option<&ColumnIndexMetaData> {
    metadata.column_index()?.get(group)?.get(leaf).filter(|index| !matches!(index, ColumnIndexMetaData::NONE))
}

fn pages(metadata: &ParquetMetaData, group: usize, leaf: usize) -> Option<&[PageLocation]> {
    Some(metadata.offset_index()?.get(group)?.get(leaf)?.page_locations())
}

/// The row groups that hold any of `rows`, which are in order, and what is read of each.
pub(super) fn plan(metadata: &ParquetMetaData, rows: &[usize]) -> Vec<(usize, RowSelection)> {
    let mut out = Vec::new();
    let (mut first, mut at) = (0, 0);
    for (group, group_metadata) in metadata.row_groups().iter().enumerate() {
        let total = usize::try_from(group_metadata.num_rows()).unwrap_or(0);
        let inside = rows[at..].partition_point(|row| *row < first + total);
        if inside > 0 {
            let runs = rows[at..at + inside].chunk_by(|a, b| a + 1 == *b);
            let runs = runs.filter_map(|run| Some(*run.first()? - first..run.last()? + 1 - first));
            out.push((group, RowSelection::from_consecutive_ranges(runs, total)));
        }
        (first, at) = (first + total, at + inside);
    }
    out
}

/// The bytes of a row group that hold these rows of the leaves in a mask, and their dictionaries.
pub(super) fn bytes(metadata: &ParquetMetaData, group: usize, mask: &ProjectionMask, rows: &RowSelection) -> Vec<Range<u64>> {
    let mut out = Vec::new();
    for (leaf, column) in metadata.row_group(group).columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf)) {
        let (start, length) = column.byte_range();
        match pages(metadata, group, leaf) {
            Some(pages) => {
                let dictionary_end = pages.first().and_then(|page| u64::try_from(page.offset).ok());
                out.extend(dictionary_end.map(|end| start..end).filter(|range| range.start < range.end));
                out.extend(rows.scan_ranges(pages));
            }
            None => out.push(start..start + length),
        }
    }
    out
}

/// The leaf of a root column with the fewest bytes.
pub(super) fn smallest_leaf(metadata: &ParquetMetaData, root: usize) -> Option<usize> {
    let schema = metadata.file_metadata().schema_descr();
    let leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
    leaves.min_by_key(|leaf| metadata.row_groups().iter().map(|group| group.column(*leaf).compressed_size()).sum::<i64>())
}

/// Root columns that have values in the same rows, to be read together. `live` says for each root
/// column in which rows it has any.
pub(super) fn groups(roots: &[usize], live: Vec<Vec<bool>>) -> Vec<(Vec<bool>, Vec<usize>)> {
    let mut groups: HashMap<Vec<bool>, Vec<usize>> = HashMap::new();
    for (root, live) in roots.iter().zip(live) {
        groups.entry(live).or_default().push(*root);
    }
    groups.into_iter().collect()
}
