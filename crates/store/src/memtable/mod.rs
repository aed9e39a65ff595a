//! Rows that are durable in the log and not yet in the lake.
//!
//! A [`Generation`] holds them for all tables. One is active and takes rows; a flush freezes it and
//! drops it in the moment its files are in the catalog.

mod origins;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt32Type};
use arrow::error::ArrowError;
use luneta_model::Batch;

pub(crate) use origins::{OriginColumns, OriginTable};

use crate::budget::{BySender, Sender};
use crate::{TableKey, layout};

/// Batches of at least this many rows are left as they are.
const LARGE_ROWS_MIN: usize = 4096;
/// Smaller ones are joined when this many are there.
const JOIN_BATCHES: usize = 16;
const LEVELS: usize = 4;
/// Texts that all points of a metric share: a number each in memory, once they are joined.
const REPEATED: [&str; 5] = ["metric_name", "type", "unit", "description", "temporality"];

/// Rows of all tables that become durable in the lake together.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    tables: HashMap<TableKey, TableRows>,
    /// Points of told series, apart from those that have all their columns: whatever is the same for a series is a
    /// column of its origins here.
    told: HashMap<TableKey, TableRows>,
    pub(crate) rows: u64,
    /// As counted against the memory bound.
    pub(crate) bytes: usize,
    /// The same by who sent them.
    pub(crate) by_sender: BySender,
    /// The last log segment with rows of this generation; set when it is frozen.
    pub(crate) log_position: u64,
}

/// Rows of one table.
#[derive(Debug, Default)]
pub(crate) struct TableRows {
    /// By how often they were joined; the last list holds what is large enough.
    levels: [Vec<Arc<MemoryBatch>>; LEVELS],
    pub(crate) origins: OriginTable,
    pub(crate) rows: u64,
}

/// One accepted batch.
#[derive(Debug)]
pub(crate) struct MemoryBatch {
    /// The rows without their `origin` column.
    pub(crate) rows: RecordBatch,
    /// For every row, the index of its origin in the table's [`OriginTable`].
    pub(crate) origin: ScalarBuffer<u32>,
    wide: OnceLock<RecordBatch>,
}

impl Generation {
    /// Adds a batch that [`check`] found good. Returns how many of `bytes` were not needed.
    pub(crate) fn insert(&mut self, batch: &Batch, sender: Sender, bytes: usize) -> Result<usize, ArrowError> {
        let key = TableKey { tenant: batch.tenant.clone(), table: batch.signal.into() };
        let tables = if batch.told.is_some() { &mut self.told } else { &mut self.tables };
        let table = tables.entry(key).or_default();
        let ids = match &batch.told {
            Some(told) => table.origins.intern_told(told),
            None => table.origins.intern(&batch.origins),
        };
        let local = batch.rows.column(0).as_primitive::<UInt32Type>();
        let origin: Vec<u32> = local.values().iter().map(|i| ids[*i as usize]).collect();
        let rest: Vec<usize> = (1..batch.rows.num_columns()).collect();
        let rows = batch.rows.project(&rest)?;
        let saved = table.push(MemoryBatch { rows, origin: origin.into(), wide: OnceLock::new() })?;
        table.rows += batch.len() as u64;
        self.rows += batch.len() as u64;
        let own = self.by_sender.entry(sender).or_default();
        *own += bytes;
        let saved = saved.min(*own);
        *own -= saved;
        self.bytes += bytes;
        self.bytes -= saved;
        Ok(saved)
    }
}

impl Generation {
    /// The rows of a table, in one or two parts.
    pub(crate) fn of(&self, key: &TableKey) -> impl Iterator<Item = &TableRows> {
        [&self.tables, &self.told].into_iter().filter_map(|tables| tables.get(key))
    }

    /// All tables; one with points of told series and others is there twice.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&TableKey, &TableRows)> {
        self.tables.iter().chain(&self.told)
    }
}

impl TableRows {
    /// All batches, in no order.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &Arc<MemoryBatch>> {
        self.levels.iter().flatten()
    }

    /// Adds a batch. Small ones are joined, so that many small requests cost readers no more than
    /// few large ones; a row is copied at most once per level. Returns the bytes saved by that.
    fn push(&mut self, batch: MemoryBatch) -> Result<usize, ArrowError> {
        let mut batch = Arc::new(batch);
        let mut saved = 0;
        for level in 0..LEVELS - 1 {
            if batch.origin.len() >= LARGE_ROWS_MIN {
                break;
            }
            self.levels[level].push(batch);
            if self.levels[level].len() < JOIN_BATCHES {
                return Ok(saved);
            }
            let parts = std::mem::take(&mut self.levels[level]);
            match MemoryBatch::join(&parts) {
                Ok(joined) => {
                    let before: usize = parts.iter().map(|p| p.needed()).sum();
                    saved += before.saturating_sub(joined.needed());
                    batch = Arc::new(joined);
                }
                Err(error) => {
                    self.levels[LEVELS - 1].extend(parts);
                    return Err(error);
                }
            }
        }
        self.levels[LEVELS - 1].push(batch);
        Ok(saved)
    }
}

impl MemoryBatch {
    /// The rows of many batches in one.
    fn join(parts: &[Arc<MemoryBatch>]) -> Result<Self, ArrowError> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut seen = HashSet::new();
        for field in parts.iter().flat_map(|p| p.rows.schema_ref().fields()) {
            if seen.insert(field.name()) {
                fields.push(field.clone());
            }
        }
        let mut columns = Vec::with_capacity(fields.len());
        for field in &mut fields {
            if REPEATED.contains(&field.name().as_str()) {
                *field = Arc::new(Field::new(field.name(), shared_text(), field.is_nullable()));
            }
            let arrays = parts.iter().map(|p| match p.rows.column_by_name(field.name()) {
                Some(array) if array.data_type() == field.data_type() => Ok(array.clone()),
                Some(array) => cast(array, field.data_type()),
                None => Ok(new_null_array(field.data_type(), p.rows.num_rows())),
            });
            let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>()?;
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            columns.push(concat(&arrays)?);
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        let origin: Vec<u32> = parts.iter().flat_map(|p| p.origin.iter().copied()).collect();
        Ok(Self { rows, origin: origin.into(), wide: OnceLock::new() })
    }

    /// The bytes the rows need.
    fn needed(&self) -> usize {
        self.rows.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum()
    }

    /// The rows with the columns of their origins, as readers see them.
    pub(crate) fn wide(&self, origins: &OriginColumns) -> Result<RecordBatch, ArrowError> {
        if let Some(wide) = self.wide.get() {
            return Ok(wide.clone());
        }
        let mut fields: Vec<FieldRef> = self.rows.schema_ref().fields().to_vec();
        let mut columns = self.rows.columns().to_vec();
        for (field, values) in origins.fields.iter().zip(&origins.arrays) {
            let keys = self.keys(values);
            let array = dictionary(keys, values)?;
            fields.push(Arc::new(Field::new(field.name(), array.data_type().clone(), true)));
            columns.push(array);
        }
        let wide = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        Ok(self.wide.get_or_init(|| wide).clone())
    }

    /// Nulls stand in the keys, where every reader looks for them; the numbers are shared.
    fn keys(&self, values: &ArrayRef) -> UInt32Array {
        let nulls = values.logical_nulls().filter(|n| n.null_count() > 0).map(|nulls| {
            let valid = self.origin.iter().map(|i| nulls.is_valid(*i as usize)).collect::<Vec<bool>>();
            NullBuffer::from(valid)
        });
        UInt32Array::new(self.origin.clone(), nulls)
    }
}

/// The type of texts that repeat.
pub(crate) fn shared_text() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// A dictionary array over any type of values.
fn dictionary(keys: UInt32Array, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(arrow::array::DictionaryArray::<UInt32Type>::try_new(keys, values.clone())?))
}

/// A batch that takes little more memory than its rows need, and how much that is.
pub(crate) fn compact(batch: Batch) -> Result<(Batch, usize), ArrowError> {
    let columns = || batch.rows.columns().iter().chain(batch.origins.columns());
    let mut needed = 0;
    for column in columns() {
        needed += column.to_data().get_slice_memory_size()?;
    }
    let taken = batch.memory_bytes();
    if taken <= 2 * needed {
        // Small batches are soon joined, and need no more than their rows then.
        let bytes = if batch.len() < LARGE_ROWS_MIN { needed } else { taken };
        return Ok((batch, bytes));
    }
    let rows = copy(&batch.rows)?;
    let origins = if batch.told.is_some() { batch.origins } else { copy(&batch.origins)? };
    Ok((Batch { rows, origins, ..batch }, needed))
}

/// The same rows in buffers of just the right size.
fn copy(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(|column| concat(&[column, &column.slice(0, 0)]));
    RecordBatch::try_new(batch.schema(), columns.collect::<Result<_, _>>()?)
}

/// Whether a batch has the physical layout of its signal; the reason if it has not.
pub(crate) fn check(batch: &Batch) -> Result<(), String> {
    let first = batch.rows.schema_ref().fields().first().ok_or("no columns")?;
    if first.name() != "origin" || *first.data_type() != DataType::UInt32 {
        return Err("the first column is not `origin`".into());
    }
    let origin = batch.rows.column(0).as_primitive::<UInt32Type>();
    let origins = batch.told.as_ref().map_or(batch.origins.num_rows(), |told| told.places.len()) as u32;
    if origin.null_count() > 0 || origin.values().iter().any(|i| *i >= origins) {
        return Err(format!("an origin is not among the {origins} given"));
    }
    let mut parts = vec![&batch.origins];
    if let Some(told) = &batch.told {
        if !told.is_whole() {
            return Err("a series is not among those told".into());
        }
        parts = told.parts.iter().map(|part| part.rows()).collect();
    }
    let mut fields: Vec<&FieldRef> = batch.rows.schema_ref().fields().iter().skip(1).collect();
    for part in &parts {
        let fingerprint = part.schema_ref().fields().first().ok_or("origins have no columns")?;
        if fingerprint.name() != "fingerprint" || *fingerprint.data_type() != DataType::FixedSizeBinary(16) {
            return Err("the first column of the origins is not `fingerprint`".into());
        }
        fields.extend(part.schema_ref().fields().iter().skip(1));
    }
    for field in fields {
        let expected = layout::expected_type(batch.signal, field.name());
        if expected != Some(field.data_type()) {
            return Err(format!("column `{}` is {:?}, expected {expected:?}", field.name(), field.data_type()));
        }
    }
    for field in layout::fixed(batch.signal).fields().iter().filter(|f| !f.is_nullable()) {
        let has = |rows: &RecordBatch| rows.schema_ref().index_of(field.name()).is_ok();
        if !has(&batch.rows) && (batch.told.is_none() || !parts.iter().all(|part| has(part))) {
            return Err(format!("column `{}` is missing", field.name()));
        }
    }
    Ok(())
}
