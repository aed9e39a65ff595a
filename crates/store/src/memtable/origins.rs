//! The distinct resources and scopes of a table's rows in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{Field, FieldRef};
use arrow::error::ArrowError;
use luneta_model::Told;

/// Origins numbered in the order they first came. Numbers are never reused.
#[derive(Debug, Default)]
pub(crate) struct OriginTable {
    ids: HashMap<u128, u32, foldhash::fast::RandomState>,
    sources: Vec<RecordBatch>,
    /// For every origin, the source and the row in it.
    places: Vec<(usize, usize)>,
    columns: Mutex<Option<Arc<OriginColumns>>>,
    /// The numbers of the series of parts that were met.
    told: HashMap<u64, Vec<u32>, foldhash::fast::RandomState>,
}

/// The columns of the origins of a table: row `i` is origin `i`.
#[derive(Debug, Default)]
pub(crate) struct OriginColumns {
    /// Names and types, without `fingerprint`.
    pub(crate) fields: Vec<FieldRef>,
    /// One array per field.
    pub(crate) arrays: Vec<ArrayRef>,
    /// How many origins there are.
    pub(crate) len: usize,
}

impl OriginTable {
    /// The numbers of a batch's origins, in its order.
    pub(crate) fn intern(&mut self, origins: &RecordBatch) -> Vec<u32> {
        let fingerprints = origins.column(0).as_fixed_size_binary();
        let mut ids = Vec::with_capacity(origins.num_rows());
        let mut added = false;
        for (row, fingerprint) in fingerprints.iter().enumerate() {
            let fingerprint = fingerprint.and_then(|f| <[u8; 16]>::try_from(f).ok()).unwrap_or_default();
            let next = self.places.len() as u32;
            let id = *self.ids.entry(u128::from_be_bytes(fingerprint)).or_insert(next);
            if id == next {
                self.places.push((self.sources.len(), row));
                added = true;
            }
            ids.push(id);
        }
        if added {
            self.sources.push(origins.clone());
            *self.columns.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        }
        ids
    }

    /// The numbers of told series, in the order of their places.
    pub(crate) fn intern_told(&mut self, told: &Told) -> Vec<u32> {
        for part in &told.parts {
            if !self.told.contains_key(&part.number()) {
                let ids = self.intern(part.rows());
                self.told.insert(part.number(), ids);
            }
        }
        let parts: Vec<&[u32]> = told.parts.iter().map(|part| self.told[&part.number()].as_slice()).collect();
        told.places.iter().map(|(part, row)| parts[*part as usize][*row as usize]).collect()
    }

    /// All origins as columns.
    pub(crate) fn columns(&self) -> Result<Arc<OriginColumns>, ArrowError> {
        let mut columns = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = &*columns {
            return Ok(columns.clone());
        }
        let built = Arc::new(self.build()?);
        *columns = Some(built.clone());
        Ok(built)
    }

    fn build(&self) -> Result<OriginColumns, ArrowError> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut seen = HashSet::new();
        for field in self.sources.iter().flat_map(|s| s.schema_ref().fields().iter().skip(1)) {
            if seen.insert(field.name().clone()) {
                fields.push(Arc::new(Field::new(field.name(), field.data_type().clone(), true)));
            }
        }
        let arrays = fields.iter().map(|f| self.gather(f)).collect::<Result<Vec<_>, _>>()?;
        Ok(OriginColumns { fields, arrays, len: self.places.len() })
    }

    fn gather(&self, field: &Field) -> Result<ArrayRef, ArrowError> {
        let arrays: Vec<ArrayRef> = self
            .sources
            .iter()
            .map(|s| s.column_by_name(field.name()).cloned().unwrap_or_else(|| new_null_array(field.data_type(), s.num_rows())))
            .collect();
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        interleave(&arrays, &self.places)
    }
}
