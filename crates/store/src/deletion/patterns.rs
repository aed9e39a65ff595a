//! What deleted records were counted as is taken back from table `log_patterns`, and so are their examples.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampNanosecondType};
use luneta_model::Table;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use xxhash_rust::xxh3::xxh3_64;

use crate::derive::patterns::{Template, example_of, severity_of};
use crate::derive::rows::interval_of;
use crate::files::DeletedRows;
use crate::{LakeFile, StoreError, layout, retention};

/// Places of columns in the table.
const TIME: usize = 0;
const SERVICE: usize = 1;
const SEVERITY: usize = 2;
const PATTERN: usize = 4;
const COUNT: usize = 5;
const SAMPLE: usize = 8;

/// Templates whose texts are remembered; of more only numbers are, which tells whether a pattern is the same.
const TEXTS_MAX: usize = 100_000;

/// What a count is of: the number of the service, the severity, and the start of the interval.
type Place = (u32, i32, i64);

/// Records that are deleted, as they were counted.
#[derive(Debug)]
pub(super) struct Gone {
    services: HashMap<Option<String>, u32>,
    /// By place, hashes of templates and how many records of each are not taken back yet.
    counts: HashMap<Place, HashMap<u64, i64>>,
    texts: HashMap<u64, Template>,
    /// Hashes of what may be shown as an example.
    examples: HashSet<u64>,
    first: i64,
    last: i64,
}

/// Rows of a file of patterns that may count any of the records, or show one.
#[derive(Debug)]
pub(super) struct Concerned {
    /// The file.
    pub(super) file: Arc<LakeFile>,
    /// Their numbers in the file.
    rows: Vec<u64>,
    batch: RecordBatch,
    /// What is left of their counts.
    left: Vec<i64>,
    /// Whether their example is of a record that is deleted.
    shows: Vec<bool>,
}

impl Gone {
    /// Reads records of a file.
    pub(super) fn read(lake_dir: &Path, file: &LakeFile, rows: &DeletedRows) -> Result<Self, StoreError> {
        let mut gone = Self {
            services: HashMap::new(),
            counts: HashMap::new(),
            texts: HashMap::new(),
            examples: HashSet::new(),
            first: i64::MAX,
            last: i64::MIN,
        };
        let selectors: Vec<RowSelector> = rows.selection(0..file.rows).into();
        let chosen: Vec<_> = selectors.into_iter().map(|s| RowSelector { skip: !s.skip, ..s }).collect();
        let columns = ["time", "service_name", "severity_number", "body"];
        for batch in read(lake_dir, file, &columns, Some(chosen.into()))? {
            gone.add(&batch?)?;
        }
        Ok(gone)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let time = batch.column_by_name("time").and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>());
        let (Some(time), Some(body)) = (time, column(batch, "body", &DataType::Utf8)?) else { return Ok(()) };
        let service = column(batch, "service_name", &DataType::Utf8)?;
        let severity = column(batch, "severity_number", &DataType::Int32)?;
        let (body, severity) = (body.as_string::<i32>(), severity.as_ref().map(AsArray::as_primitive::<Int32Type>));
        // Messages of one template are many.
        let mut known: HashMap<u64, u64> = HashMap::new();
        for row in (0..batch.num_rows()).filter(|row| body.is_valid(*row)) {
            let severity = severity.filter(|s| s.is_valid(row)).map_or(0, |s| s.value(row));
            let service = self.service(text_at(service.as_ref(), row));
            let (text, interval) = (body.value(row), interval_of(time.value(row)));
            (self.first, self.last) = (self.first.min(interval), self.last.max(interval));
            let template = *known.entry(Template::hash_of_message(text)).or_insert_with(|| self.template(text));
            let place = (service, severity_of(severity), interval);
            *self.counts.entry(place).or_default().entry(template).or_default() += 1;
            self.examples.insert(xxh3_64(example_of(text).as_bytes()));
        }
        Ok(())
    }

    fn service(&mut self, name: Option<&str>) -> u32 {
        let next = self.services.len() as u32;
        *self.services.entry(name.map(str::to_owned)).or_insert(next)
    }

    /// The hash of the template of a message.
    fn template(&mut self, text: &str) -> u64 {
        let template = Template::of(text);
        let hash = xxh3_64(template.as_str().as_bytes());
        if self.texts.len() < TEXTS_MAX {
            self.texts.entry(hash).or_insert(template);
        }
        hash
    }

    /// The rows of a file of patterns that may count any of the records, or show one; `None` when there are none.
    pub(super) fn concerned(&self, lake_dir: &Path, file: &Arc<LakeFile>) -> Result<Option<Concerned>, StoreError> {
        let [oldest, newest] = [retention::oldest, retention::newest].map(|of| of(file, Table::LogPatterns));
        if oldest.is_some_and(|time| time > self.last) || newest.is_some_and(|time| time < self.first) {
            return Ok(None);
        }
        let deleted = DeletedRows::of(lake_dir, file)?.unwrap_or_default();
        let (mut rows, mut batches, mut shows, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let schema = layout::fixed(Table::LogPatterns);
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for batch in read(lake_dir, file, &names, None)? {
            let batch = fitted(&batch?)?;
            let sample = batch.column(SAMPLE).as_string::<i32>();
            let mut picked = Vec::new();
            for row in (0..batch.num_rows()).filter(|row| !deleted.contains(first + *row as u64)) {
                let Some(place) = self.place(&batch, row) else { continue };
                let is_shown = sample.is_valid(row) && self.examples.contains(&xxh3_64(sample.value(row).as_bytes()));
                if is_shown || self.counts.contains_key(&place) {
                    picked.push(row as u32);
                    rows.push(first + row as u64);
                    shows.push(is_shown);
                }
            }
            first += batch.num_rows() as u64;
            batches.push(take_record_batch(&batch, &UInt32Array::from(picked))?);
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let batch = concat_batches(schema, &batches)?;
        let left = batch.column(COUNT).as_primitive::<Int64Type>().values().to_vec();
        Ok(Some(Concerned { file: file.clone(), rows, batch, left, shows }))
    }

    /// Where a row of patterns counts, if records of its service are deleted.
    fn place(&self, batch: &RecordBatch, row: usize) -> Option<Place> {
        let service = batch.column(SERVICE).as_string::<i32>();
        let name = service.is_valid(row).then(|| service.value(row).to_owned());
        let (severity, time) = (batch.column(SEVERITY).as_primitive::<Int32Type>(), batch.column(TIME));
        Some((*self.services.get(&name)?, severity.value(row), time.as_primitive::<TimestampNanosecondType>().value(row)))
    }

    /// Takes records back from the rows that counted them: from patterns that are their template, then from those that
    /// are it with words masked, then from those of messages beyond the bound, which are counted as one.
    pub(super) fn take_back(&mut self, all: &mut [Concerned]) {
        for pass in [Pass::Same, Pass::Widened, Pass::Other] {
            for concerned in &mut *all {
                let patterns = concerned.batch.column(PATTERN).as_string::<i32>();
                for (at, left) in concerned.left.iter_mut().enumerate() {
                    let pattern = patterns.value(at);
                    let place = self.place(&concerned.batch, at);
                    let Some(counts) = place.and_then(|place| self.counts.get_mut(&place)) else { continue };
                    match pass {
                        Pass::Same => {
                            if let Some(waiting) = counts.get_mut(&xxh3_64(pattern.as_bytes())) {
                                take(left, waiting);
                            }
                        }
                        Pass::Widened if Template::is_wide(pattern) => {
                            let fits = |hash: &u64| self.texts.get(hash).is_some_and(|text| text.is_widened_to(pattern));
                            let fitting = counts.iter_mut().filter(|(hash, waiting)| **waiting > 0 && fits(hash));
                            for (_, waiting) in fitting {
                                take(left, waiting);
                            }
                        }
                        Pass::Other if Template::is_other(pattern) => {
                            for waiting in counts.values_mut() {
                                take(left, waiting);
                            }
                        }
                        Pass::Widened | Pass::Other => {}
                    }
                }
            }
        }
    }
}

/// Which rows records are taken back from.
#[derive(Debug, Clone, Copy)]
enum Pass {
    Same,
    Widened,
    Other,
}

fn take(left: &mut i64, waiting: &mut i64) {
    let taken = (*left).min(*waiting).max(0);
    (*left, *waiting) = (*left - taken, *waiting - taken);
}

impl Concerned {
    /// The rows that change, and what is left of them: none of those that count nothing any more.
    pub(super) fn changed(&self) -> Result<(Vec<u64>, RecordBatch), StoreError> {
        let counts = self.batch.column(COUNT).as_primitive::<Int64Type>();
        let changed: Vec<usize> =
            (0..self.rows.len()).filter(|at| self.left[*at] < counts.value(*at) || self.shows[*at]).collect();
        let kept: Vec<usize> = changed.iter().copied().filter(|at| self.left[*at] > 0).collect();
        let taken = take_record_batch(&self.batch, &UInt32Array::from_iter_values(kept.iter().map(|at| *at as u32)))?;
        let mut columns = taken.columns().to_vec();
        columns[COUNT] = Arc::new(Int64Array::from_iter_values(kept.iter().map(|at| self.left[*at])));
        let samples = taken.column(SAMPLE).as_string::<i32>().iter().zip(&kept);
        let samples: StringArray = samples.map(|(sample, at)| sample.filter(|_| !self.shows[*at])).collect();
        columns[SAMPLE] = Arc::new(samples);
        Ok((changed.iter().map(|at| self.rows[*at]).collect(), RecordBatch::try_new(taken.schema(), columns)?))
    }
}

/// Rows of patterns as one batch in the order of their files; `None` when there are none.
pub(super) fn in_order(batches: &[RecordBatch]) -> Result<Option<RecordBatch>, StoreError> {
    let all = concat_batches(layout::fixed(Table::LogPatterns), batches)?;
    if all.num_rows() == 0 {
        return Ok(None);
    }
    let (time, service) = (all.column(TIME).as_primitive::<TimestampNanosecondType>(), all.column(SERVICE).as_string::<i32>());
    let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
    let key = |row: u32| (service.is_valid(row as usize).then(|| service.value(row as usize)), time.value(row as usize));
    order.sort_by_key(|row| key(*row));
    Ok(Some(take_record_batch(&all, &UInt32Array::from(order))?))
}

/// A batch with all columns of the table, in its types.
fn fitted(batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let schema = layout::fixed(Table::LogPatterns);
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type())?,
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

fn column(batch: &RecordBatch, name: &str, as_type: &DataType) -> Result<Option<ArrayRef>, StoreError> {
    Ok(batch.column_by_name(name).map(|column| cast(column, as_type)).transpose()?)
}

fn text_at(column: Option<&ArrayRef>, row: usize) -> Option<&str> {
    let texts = column?.as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row))
}

/// The columns of a file that it has, batch by batch.
fn read(
    lake_dir: &Path,
    file: &LakeFile,
    columns: &[&str],
    rows: Option<RowSelection>,
) -> Result<parquet::arrow::arrow_reader::ParquetRecordBatchReader, StoreError> {
    let path = lake_dir.join(&file.path);
    let content = File::open(&path).map_err(StoreError::io(&path))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(content, ArrowReaderOptions::new())?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    builder = builder.with_projection(mask);
    if let Some(rows) = rows {
        builder = builder.with_row_selection(rows);
    }
    Ok(builder.build()?)
}
