//! [`Told`]: series that earlier batches brought, for points that refer to them.
//!
//! Whoever sends points of the same series again and again sends their labels each time. A batch of such points can
//! hold time and value alone: where a series stands is told once, in a [`SeriesPart`] that batches share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef, UInt32Type};
use arrow::error::ArrowError;

use crate::attributes::AttributeScope;
use crate::origin::{column, record_batch, with_values};
use crate::{Batch, Signal, Tenant};

/// Columns of points that are the same for all points of a series.
const OF_SERIES: [&str; 9] =
    ["metric_name", "series", "type", "unit", "description", "metadata", "temporality", "is_monotonic", "flags"];

/// Series with all that their points share, resource and scope included. It never changes.
#[derive(Debug)]
pub struct SeriesPart {
    number: u64,
    rows: RecordBatch,
}

impl SeriesPart {
    /// The series of some rows of a batch of metrics that lists its origins. `fingerprints` tell series of different
    /// parts apart, as those of origins do, and there is one for each row.
    ///
    /// # Errors
    /// An Arrow error when a row is not there.
    pub fn of(batch: &Batch, rows: &[u32], fingerprints: &[u128]) -> Result<Self, ArrowError> {
        let mut fingerprint = FixedSizeBinaryBuilder::with_capacity(fingerprints.len(), 16);
        for f in fingerprints {
            fingerprint.append_value(f.to_be_bytes())?;
        }
        let rows = UInt32Array::from(rows.to_vec());
        let origins = take(batch.rows.column(0), &rows, None)?;
        let mut columns: Vec<(FieldRef, ArrayRef)> = Vec::new();
        for (field, array) in batch.rows.schema_ref().fields().iter().zip(batch.rows.columns()) {
            if is_of_series(field.name()) {
                columns.push((field.clone(), take(array, &rows, None)?));
            }
        }
        for (field, array) in batch.origins.schema_ref().fields().iter().zip(batch.origins.columns()).skip(1) {
            columns.push((field.clone(), take(array, &origins, None)?));
        }
        let mut columns = with_values(columns);
        columns.insert(0, column("fingerprint", DataType::FixedSizeBinary(16), false, Arc::new(fingerprint.finish())));
        Ok(Self::from_rows(record_batch(columns)?))
    }

    /// A part whose rows were another part's.
    pub fn from_rows(rows: RecordBatch) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), rows }
    }

    /// No other part of this process has it.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// One row per series: the first column, `fingerprint`, tells equal series of different parts; behind it stand
    /// the columns of origins and those of points that their series decides.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }
}

fn is_of_series(column: &str) -> bool {
    let scope = AttributeScope::Item;
    let of_attributes = || column.starts_with(scope.prefix()) || column == scope.column() || column == scope.types_column();
    OF_SERIES.contains(&column) || of_attributes()
}

/// What the `origin` column of a batch refers to, instead of origins of its own.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Each once.
    pub parts: Vec<Arc<SeriesPart>>,
    /// For every origin, the part and the row in it.
    pub places: Vec<(u32, u32)>,
}

impl Told {
    /// Adds a series; returns its origin.
    pub fn push(&mut self, part: &Arc<SeriesPart>, row: u32) -> u32 {
        let last = self.places.last().map(|(at, _)| *at as usize);
        let at = match last.filter(|at| Arc::ptr_eq(&self.parts[*at], part)) {
            Some(at) => at,
            None => self.parts.iter().position(|known| Arc::ptr_eq(known, part)).unwrap_or_else(|| {
                self.parts.push(part.clone());
                self.parts.len() - 1
            }),
        };
        self.places.push((at as u32, row));
        self.places.len() as u32 - 1
    }

    /// Whether every place is one of a part's rows.
    pub fn is_whole(&self) -> bool {
        let within =
            |(part, row): &(u32, u32)| self.parts.get(*part as usize).is_some_and(|part| (*row as usize) < part.rows.num_rows());
        self.places.iter().all(within)
    }
}

impl Batch {
    /// Points of told series: `rows` has the column `origin`, and those of points that their series does not decide.
    pub fn of_told(tenant: Tenant, rows: RecordBatch, told: Told) -> Self {
        let origins = RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
        Self { tenant, signal: Signal::Metrics, rows, origins, told: Some(told) }
    }

    /// The same rows with columns and origins of their own; a batch that refers to nothing as it is.
    ///
    /// # Errors
    /// An Arrow error when a place is not there.
    pub fn listed(&self) -> Result<Self, ArrowError> {
        let Some(told) = &self.told else { return Ok(self.clone()) };
        let Some(first) = told.parts.first() else { return Ok(Self { told: None, ..self.clone() }) };
        let mut fields: Vec<FieldRef> = Vec::new();
        for field in std::iter::once(first).chain(&told.parts).flat_map(|part| part.rows.schema_ref().fields()) {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(field.clone());
            }
        }
        let places: Vec<(usize, usize)> = told.places.iter().map(|(part, row)| (*part as usize, *row as usize)).collect();
        let gather = |field: &FieldRef| {
            let arrays: Vec<ArrayRef> = told.parts.iter().map(|part| part.column(field)).collect();
            arrow::compute::interleave(&arrays.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>(), &places)
        };
        let origin = self.rows.column(0).as_primitive::<UInt32Type>();
        let mut rows: Vec<(FieldRef, ArrayRef)> =
            self.rows.schema_ref().fields().iter().cloned().zip(self.rows.columns().iter().cloned()).collect();
        let mut origins = Vec::new();
        for field in &fields {
            let array = gather(field)?;
            if is_of_series(field.name()) {
                rows.push((field.clone(), take(&array, origin, None)?));
            } else {
                origins.push((field.clone(), array));
            }
        }
        Ok(Self { rows: record_batch(rows)?, origins: record_batch(origins)?, told: None, ..self.clone() })
    }
}

impl SeriesPart {
    fn column(&self, field: &FieldRef) -> ArrayRef {
        let missing = || arrow::array::new_null_array(field.data_type(), self.rows.num_rows());
        self.rows.column_by_name(field.name()).cloned().unwrap_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue};

    /// A point of each series, of two resources.
    fn points(names: &[&str]) -> Batch {
        let mut builder = MetricsBuilder::new(Limits::default());
        for (at, name) in names.iter().enumerate() {
            builder.origins.begin();
            builder.origins.resource_str("service.name", if at % 2 == 0 { "even" } else { "odd" });
            let origin = builder.origins.end();
            builder.push_str("label", name);
            let identity = MetricIdentity { name, unit: "s", ..MetricIdentity::default() };
            let value = PointValue::Gauge(Some(Number::Double(at as f64)));
            builder.end_point(origin, &identity, &MetricRow { time: at as i64, start_time: 0, flags: 0, value });
        }
        builder.finish(Tenant::default()).unwrap()
    }

    fn told(series: &[(&Arc<SeriesPart>, u32)]) -> Batch {
        let mut told = Told::default();
        let origins: Vec<u32> = series.iter().map(|(part, row)| told.push(part, *row)).collect();
        let columns = vec![column("origin", DataType::UInt32, false, Arc::new(UInt32Array::from(origins)) as ArrayRef)];
        Batch::of_told(Tenant::default(), record_batch(columns).unwrap(), told)
    }

    fn names(batch: &Batch) -> Vec<String> {
        let texts = |rows: &RecordBatch, name: &str| -> Vec<String> {
            let column = rows.column_by_name(name).unwrap().as_string::<i32>();
            column.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
        };
        let services = texts(&batch.origins, "service_name");
        let origin = batch.rows.column(0).as_primitive::<UInt32Type>();
        let rows = texts(&batch.rows, "metric_name").into_iter().zip(texts(&batch.rows, "unit")).zip(origin.values());
        rows.map(|((name, unit), origin)| format!("{name} {unit} {}", services[*origin as usize])).collect()
    }

    #[test]
    fn points_find_their_series_again() {
        let (first, second) = (points(&["a", "b", "c"]), points(&["d", "e"]));
        let first = Arc::new(SeriesPart::of(&first, &[0, 2, 1], &[1, 2, 3]).unwrap());
        let second = Arc::new(SeriesPart::of(&second, &[1], &[4]).unwrap());
        let batch = told(&[(&first, 2), (&second, 0), (&first, 0), (&first, 2)]);
        let refers = batch.told.as_ref().unwrap();
        assert_eq!((refers.parts.len(), refers.is_whole()), (2, true));
        assert_eq!(names(&batch.listed().unwrap()), ["b s odd", "e s odd", "a s even", "b s odd"]);
        assert!(!told(&[(&first, 3)]).told.unwrap().is_whole());
        assert!(first.rows().column_by_name("time").is_none());
        assert_ne!(first.number(), second.number());
    }
}
