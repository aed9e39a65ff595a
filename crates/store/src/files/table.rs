//! [`prepare`]: the rows of one table of a generation, ready to be written.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use luneta_model::{AttributeScope, Signal, Table, schema};

use super::compression;
use super::keys::KeyCounts;
use super::points::{self, Spread};
use super::promote::{Extracted, Promotion};
use super::sort::{self, SortKeys, SortSource};
use super::writer::{FileWriter, WriterConfig};
use std::path::Path;

use crate::catalog::{AddFile, LakeTable};
use crate::memtable::TableRows;
use crate::{MapKey, StoreError, TableKey, layout};

/// Rows of one table in the order of their file, not yet gathered.
#[derive(Debug)]
pub(crate) struct PreparedTable {
    pub(crate) key: TableKey,
    /// The columns the file will have.
    pub(crate) fields: Vec<FieldRef>,
    /// Per field: the whole column as it came, or the values of the origins.
    columns: Vec<Column>,
    /// Row numbers in the order of the file.
    order: Vec<u32>,
    /// Origin of every row, as it came.
    origin: Vec<u32>,
    /// Rows of every batch.
    lengths: Vec<usize>,
    left: Left,
}

/// What stays in the overflow maps.
#[derive(Debug, Default)]
struct Left {
    /// Columns whose key is there too, with values of another type.
    strays: HashSet<String>,
    keys: Vec<MapKey>,
}

#[derive(Debug)]
enum Column {
    /// One array per batch; `None` where the batch lacks the column.
    OfRows(Vec<Option<ArrayRef>>),
    OfOrigins(ArrayRef),
    /// One position of lists of counts.
    Position(Arc<Spread>, usize),
}

/// Promotes, unites and orders the rows of a table.
pub(crate) fn prepare(
    key: &TableKey,
    rows: &TableRows,
    table: Option<&LakeTable>,
    promoted_max: usize,
) -> Result<PreparedTable, StoreError> {
    let mut origin: Vec<u32> = Vec::with_capacity(rows.rows as usize);
    for batch in rows.batches() {
        origin.extend_from_slice(&batch.origin);
    }
    let mut left = Left::default();
    let batches = promote_items(key, rows, table, promoted_max, &mut left)?;
    let origins = promote_origins(rows, &origin, table, promoted_max, &mut left)?;
    let order = order(key, rows, &batches, &origins);
    let batches = if key.table == Table::Signal(Signal::Metrics) {
        let series = series(&batches, &origins, &origin)?;
        points::scale_doubles(batches, &order, &series)?
    } else {
        batches
    };
    let (mut fields, mut columns) = unite(key, &batches, &origins);
    if key.table == Table::Signal(Signal::Metrics) {
        spread_counts(&batches, &mut fields, &mut columns)?;
    }
    let lengths = batches.iter().map(RecordBatch::num_rows).collect();
    Ok(PreparedTable { key: key.clone(), fields, columns, order, origin, lengths, left })
}

fn promote_items(
    key: &TableKey,
    rows: &TableRows,
    table: Option<&LakeTable>,
    promoted_max: usize,
    left: &mut Left,
) -> Result<Vec<RecordBatch>, ArrowError> {
    let scope = AttributeScope::Item;
    let mut counts = KeyCounts::default();
    for batch in rows.batches() {
        counts.count(&batch.rows, scope, |_| 1);
    }
    let mut promotion = Promotion::of(table, scope);
    promotion.extend(scope, &counts, rows.rows, promoted_max);
    left.keys.extend(counts.left(scope, &promotion));
    let mut out = Vec::new();
    for batch in rows.batches() {
        let extracted = Extracted::from(batch.rows.clone(), scope, &promotion)?;
        left.strays.extend(extracted.strays);
        out.push(extracted.batch);
    }
    tracing::trace!(table = %key, "attributes sorted into columns");
    Ok(out)
}

fn promote_origins(
    rows: &TableRows,
    origin: &[u32],
    table: Option<&LakeTable>,
    promoted_max: usize,
    left: &mut Left,
) -> Result<RecordBatch, ArrowError> {
    let columns = rows.origins.columns()?;
    let mut weights = vec![0u64; columns.len];
    for id in origin {
        weights[*id as usize] += 1;
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(columns.len));
    let schema = Arc::new(Schema::new(columns.fields.clone()));
    let mut batch = RecordBatch::try_new_with_options(schema, columns.arrays.clone(), &options)?;
    // Attributes of items stand here where the origins are series.
    for scope in [AttributeScope::Resource, AttributeScope::Item] {
        let mut counts = KeyCounts::default();
        counts.count(&batch, scope, |row| weights[row]);
        let mut promotion = Promotion::of(table, scope);
        promotion.extend(scope, &counts, rows.rows, promoted_max);
        left.keys.extend(counts.left(scope, &promotion));
        let extracted = Extracted::from(batch, scope, &promotion)?;
        left.strays.extend(extracted.strays);
        batch = extracted.batch;
    }
    // Attributes of scopes are never promoted.
    let mut counts = KeyCounts::default();
    counts.count(&batch, AttributeScope::Scope, |row| weights[row]);
    left.keys.extend(counts.left(AttributeScope::Scope, &Promotion::default()));
    Ok(batch)
}

/// The series of every row, as it came.
fn series(batches: &[RecordBatch], origins: &RecordBatch, origin: &[u32]) -> Result<Vec<u64>, ArrowError> {
    if let Some(of_origins) = origins.column_by_name("series").and_then(|c| c.as_primitive_opt::<UInt64Type>()) {
        return Ok(origin.iter().map(|id| of_origins.value(*id as usize)).collect());
    }
    let mut out = Vec::with_capacity(origin.len());
    for batch in batches {
        let column = batch.column_by_name("series").and_then(|c| c.as_primitive_opt::<UInt64Type>());
        let column = column.ok_or_else(|| ArrowError::SchemaError("points without series".into()))?;
        out.extend_from_slice(column.values());
    }
    Ok(out)
}

fn order(key: &TableKey, rows: &TableRows, batches: &[RecordBatch], origins: &RecordBatch) -> Vec<u32> {
    let mut sources = Vec::with_capacity(batches.len());
    for (memory, batch) in rows.batches().zip(batches) {
        let Some(time) = batch.column_by_name(key.table.time_column()) else { continue };
        let metric = sort::metric_columns(batch.column_by_name("metric_name"), batch.column_by_name("series"));
        sources.push(SortSource { origin: &memory.origin, time, metric });
    }
    let series = sort::metric_columns(origins.column_by_name("metric_name"), origins.column_by_name("series"));
    if let Some((names, series)) = series {
        return SortKeys::by_origin(&sources, &sort::series_ranks(&names, &series)).order();
    }
    let ranks = sort::service_ranks(origins.column_by_name("service_name"), origins.num_rows());
    SortKeys::new(key.table.source(), &sources, &ranks).order()
}

/// The columns with any value, fixed ones first and in their order.
fn unite(key: &TableKey, batches: &[RecordBatch], origins: &RecordBatch) -> (Vec<FieldRef>, Vec<Column>) {
    let fixed = layout::fixed(key.table);
    let mut names: Vec<FieldRef> = fixed.fields().to_vec();
    let mut seen: HashSet<String> = names.iter().map(|f| f.name().clone()).collect();
    let others = batches.iter().map(RecordBatch::schema).chain([origins.schema()]);
    for schema in others {
        for field in schema.fields() {
            if !seen.contains(field.name()) {
                seen.insert(field.name().clone());
                names.push(Arc::new(Field::new(field.name(), field.data_type().clone(), true)));
            }
        }
    }
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for field in names {
        let column = match origins.column_by_name(field.name()) {
            Some(values) => Column::OfOrigins(values.clone()),
            None => Column::OfRows(batches.iter().map(|b| b.column_by_name(field.name()).cloned()).collect()),
        };
        if !field.is_nullable() || column.has_values() {
            fields.push(field);
            columns.push(column);
        }
    }
    (fields, columns)
}

/// Puts a column per position in the place of lists of counts.
fn spread_counts(batches: &[RecordBatch], fields: &mut Vec<FieldRef>, columns: &mut Vec<Column>) -> Result<(), ArrowError> {
    for (name, longest) in schema::SPREAD {
        let Some(place) = fields.iter().position(|f| f.name() == name) else { continue };
        let spread = Arc::new(Spread::of(batches, name, longest));
        let rest = spread.rest()?;
        let all_null = rest.iter().flatten().all(|part| part.null_count() == part.len());
        columns[place] = Column::OfRows(rest);
        if all_null {
            fields.remove(place);
            columns.remove(place);
        }
        for at in 0..spread.width {
            fields.push(Arc::new(Field::new(format!("{name}.{at}"), DataType::UInt32, true)));
            columns.push(Column::Position(spread.clone(), at));
        }
    }
    Ok(())
}

impl Column {
    fn has_values(&self) -> bool {
        match self {
            Column::OfRows(parts) => parts.iter().flatten().any(has_values),
            Column::OfOrigins(values) => has_values(values),
            Column::Position(..) => true,
        }
    }
}

/// Whether any row has a value. Empty lists and maps count as none: they read back the same.
fn has_values(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value_offsets().windows(2).any(|w| w[0] != w[1]),
        DataType::Map(_, _) => array.as_map().value_offsets().windows(2).any(|w| w[0] != w[1]),
        _ => array.null_count() < array.len(),
    }
}

impl PreparedTable {
    /// Rows that are in the order of their file already, without attributes.
    pub(crate) fn of_rows(key: TableKey, rows: &RecordBatch) -> Self {
        let count = rows.num_rows();
        let columns = rows.schema_ref().fields().iter().zip(rows.columns());
        let kept = columns.filter(|(field, column)| !field.is_nullable() || has_values(column));
        let (fields, columns) = kept.map(|(f, c)| (f.clone(), Column::OfRows(vec![Some(c.clone())]))).unzip();
        let order = (0..count as u32).collect();
        Self { key, fields, columns, order, origin: vec![0; count], lengths: vec![count], left: Left::default() }
    }

    /// Writes the file. `table` must have all of `fields`.
    pub(crate) fn write(&self, data_path: &Path, table: &LakeTable, config: WriterConfig) -> Result<AddFile, StoreError> {
        let mut writer = FileWriter::create(data_path, &self.key, table, &self.fields, &self.plain(), config)?;
        match self.write_groups(&mut writer, config) {
            Ok(()) => writer.finish(self.left.strays.clone(), self.left.keys.clone()),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }

    /// The columns that are not compressed.
    fn plain(&self) -> HashSet<String> {
        let columns = self.fields.iter().zip(&self.columns);
        let few = columns.filter(|(_, column)| match column {
            Column::OfOrigins(values) => compression::has_few_values([values].into_iter()),
            Column::OfRows(parts) => compression::has_few_values(parts.iter().flatten()),
            Column::Position(..) => false,
        });
        few.map(|(field, _)| field.name().clone()).collect()
    }

    fn write_groups(&self, writer: &mut FileWriter, config: WriterConfig) -> Result<(), StoreError> {
        let groups: Vec<(UInt32Array, UInt32Array)> = self
            .order
            .chunks(config.row_group_rows_max)
            .map(|order| {
                let origins = order.iter().map(|row| self.origin[*row as usize]);
                (UInt32Array::from(order.to_vec()), UInt32Array::from_iter_values(origins))
            })
            .collect();
        let lengths: Vec<usize> = groups.iter().map(|(rows, _)| rows.len()).collect();
        writer.write_groups(&lengths, |i| {
            let whole = self.whole(&self.columns[i], &self.fields[i])?;
            groups.iter().map(|(rows, origins)| Ok(gather(&self.columns[i], &whole, rows, origins)?)).collect()
        })
    }

    fn whole(&self, column: &Column, field: &Field) -> Result<ArrayRef, ArrowError> {
        match column {
            Column::OfOrigins(values) => Ok(values.clone()),
            Column::OfRows(parts) => self.concat(parts, field),
            Column::Position(spread, at) => Ok(Arc::new(spread.position(*at))),
        }
    }

    /// One array over all batches, null where a batch lacks the column.
    fn concat(&self, parts: &[Option<ArrayRef>], field: &Field) -> Result<ArrayRef, ArrowError> {
        // Parts that were joined in memory may be dictionaries, others not yet.
        let dictionary = parts.iter().flatten().find(|p| matches!(p.data_type(), DataType::Dictionary(..)));
        let data_type = dictionary.map_or(field.data_type(), |p| p.data_type());
        let arrays = parts.iter().zip(&self.lengths).map(|(part, len)| match part {
            Some(part) if part.data_type() == data_type => Ok(part.clone()),
            Some(part) => cast(part, data_type),
            None => Ok(new_null_array(data_type, *len)),
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>()?;
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        concat(&arrays)
    }
}

fn gather(column: &Column, whole: &ArrayRef, rows: &UInt32Array, origins: &UInt32Array) -> Result<ArrayRef, ArrowError> {
    match column {
        Column::OfRows(_) | Column::Position(..) => take(whole, rows, None),
        Column::OfOrigins(_) if *whole.data_type() == DataType::Utf8 => {
            Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(origins.clone(), whole.clone())?))
        }
        Column::OfOrigins(_) => take(whole, origins, None),
    }
}
