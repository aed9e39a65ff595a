//! What deleted records were counted as is taken back from table `log_patterns`, and so are their examples.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

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

/// What a count is of: the number of the service, the severity, and the start of the interval.
type Place = (u32, i32, i64);

/// Records that are deleted, as they were counted.
#[derive(Debug, Default)]
pub(super) struct Gone {
    services: HashMap<Option<String>, u32>,
    /// By place, templates and how many records of each are not taken back yet.
    counts: HashMap<Place, HashMap<u64, i64>>,
    templates: HashMap<u64, Template>,
    /// Hashes of what may be shown as an example.
    examples: HashSet<u64>,
    first: i64,
    last: i64,
}

impl Gone {
    /// Reads records of a file. At most `max` templates of each service are told apart, as when they were counted.
    pub(super) fn read(lake_dir: &Path, file: &LakeFile, rows: &DeletedRows, max: usize) -> Result<Self, StoreError> {
        let mut gone = Self { first: i64::MAX, last: i64::MIN, ..Self::default() };
        let selectors: Vec<RowSelector> = rows.selection(0..file.rows).into();
        let chosen: Vec<_> = selectors.into_iter().map(|s| RowSelector { skip: !s.skip, ..s }).collect();
        let mut of_service: HashMap<u32, usize> = HashMap::new();
        let columns = ["time", "service_name", "severity_number", "body"];
        for batch in read(lake_dir, file, &columns, Some(chosen.into()))? {
            let batch = batch?;
            let Some(body) = column(&batch, "body", &DataType::Utf8)? else { continue };
            let Some(time) = batch.column_by_name("time").and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>()) else {
                continue;
            };
            let (service, severity) =
                (column(&batch, "service_name", &DataType::Utf8)?, column(&batch, "severity_number", &DataType::Int32)?);
            let body = body.as_string::<i32>();
            for row in (0..batch.num_rows()).filter(|row| body.is_valid(*row)) {
                let severity = severity.as_ref().map(|s| s.as_primitive::<Int32Type>()).filter(|s| s.is_valid(row));
                let service = gone.service(text_at(service.as_ref(), row));
                let (text, interval) = (body.value(row), interval_of(time.value(row)));
                let place = (service, severity_of(severity.map_or(0, |s| s.value(row))), interval);
                (gone.first, gone.last) = (gone.first.min(interval), gone.last.max(interval));
                let told_apart = of_service.entry(service).or_default();
                let template = gone.template(text, told_apart, max);
                *gone.counts.entry(place).or_default().entry(template).or_default() += 1;
                gone.examples.insert(xxh3_64(example_of(text).as_bytes()));
            }
        }
        Ok(gone)
    }

    fn service(&mut self, name: Option<&str>) -> u32 {
        let next = self.services.len() as u32;
        *self.services.entry(name.map(str::to_owned)).or_insert(next)
    }

    fn template(&mut self, text: &str, told_apart: &mut usize, max: usize) -> u64 {
        let key = Template::hash(text);
        if self.templates.contains_key(&key) {
            return key;
        }
        *told_apart += 1;
        let (key, template) = if *told_apart > max { (0, Template::other()) } else { (key, Template::of(text)) };
        self.templates.entry(key).or_insert(template);
        key
    }

    /// Whether a file of patterns may count any of the records.
    pub(super) fn concerns(&self, file: &LakeFile) -> bool {
        let within = |time: Option<i64>, outside: fn(i64, &Self) -> bool| time.is_none_or(|time| !outside(time, self));
        within(retention::oldest(file, Table::LogPatterns), |time, gone| time > gone.last)
            && within(retention::newest(file, Table::LogPatterns), |time, gone| time < gone.first)
    }

    /// The rows of a file of patterns that count any of the records, or show one, and what is left of them.
    pub(super) fn take_back(&mut self, lake_dir: &Path, file: &LakeFile) -> Result<(Vec<u64>, Vec<RecordBatch>), StoreError> {
        let deleted = DeletedRows::of(lake_dir, file)?.unwrap_or_default();
        let (mut rows, mut left, mut first) = (Vec::new(), Vec::new(), 0);
        let schema = layout::fixed(Table::LogPatterns);
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for batch in read(lake_dir, file, &names, None)? {
            let batch = fitted(&batch?)?;
            let changed = self.changed(&batch, |row| deleted.contains(first + row as u64));
            rows.extend(changed.iter().map(|(row, ..)| first + u64::from(*row)));
            left.extend(Self::left(&batch, &changed)?);
            first += batch.num_rows() as u64;
        }
        Ok((rows, left))
    }

    /// Rows that change, with the counts that are left, and whether the example stays.
    fn changed(&mut self, batch: &RecordBatch, is_deleted: impl Fn(usize) -> bool) -> Vec<(u32, i64, bool)> {
        let time = batch.column(0).as_primitive::<TimestampNanosecondType>();
        let service = batch.column(1).as_string::<i32>();
        let severity = batch.column(2).as_primitive::<Int32Type>();
        let (pattern, count) = (batch.column(4).as_string::<i32>(), batch.column(5).as_primitive::<Int64Type>());
        let sample = batch.column(8).as_string::<i32>();
        let mut out = Vec::new();
        // Patterns beyond the bound may have counted any record; they come last.
        let (others, patterns): (Vec<usize>, Vec<usize>) =
            (0..batch.num_rows()).filter(|row| !is_deleted(*row)).partition(|row| Template::is_other(pattern.value(*row)));
        for row in patterns.into_iter().chain(others) {
            let name = service.is_valid(row).then(|| service.value(row).to_owned());
            let Some(service) = self.services.get(&name) else { continue };
            let shown = sample.is_valid(row) && self.examples.contains(&xxh3_64(sample.value(row).as_bytes()));
            let (counted, mut left) = (count.value(row), count.value(row));
            for (template, waiting) in
                self.counts.get_mut(&(*service, severity.value(row), time.value(row))).into_iter().flatten()
            {
                if *waiting > 0 && left > 0 && self.templates[template].is_counted_as(pattern.value(row)) {
                    let taken = left.min(*waiting);
                    (left, *waiting) = (left - taken, *waiting - taken);
                }
            }
            if left < counted || shown {
                out.push((row as u32, left, !shown));
            }
        }
        out.sort_unstable_by_key(|(row, ..)| *row);
        out
    }

    /// Rows as they are to be written again; none of those that count nothing any more.
    fn left(batch: &RecordBatch, changed: &[(u32, i64, bool)]) -> Result<Option<RecordBatch>, StoreError> {
        let kept: Vec<_> = changed.iter().filter(|(_, left, _)| *left > 0).collect();
        if kept.is_empty() {
            return Ok(None);
        }
        let taken = take_record_batch(batch, &UInt32Array::from_iter_values(kept.iter().map(|(row, ..)| *row)))?;
        let mut columns = taken.columns().to_vec();
        columns[5] = std::sync::Arc::new(Int64Array::from_iter_values(kept.iter().map(|(_, left, _)| *left)));
        let samples = taken.column(8).as_string::<i32>().iter().zip(&kept);
        let samples: StringArray = samples.map(|(sample, (.., stays))| sample.filter(|_| *stays)).collect();
        columns[8] = std::sync::Arc::new(samples);
        Ok(Some(RecordBatch::try_new(taken.schema(), columns)?))
    }
}

/// Rows of patterns as one batch in the order of their files; `None` when there are none.
pub(super) fn in_order(batches: &[RecordBatch]) -> Result<Option<RecordBatch>, StoreError> {
    let Some(first) = batches.first() else { return Ok(None) };
    let all = concat_batches(&first.schema(), batches)?;
    let (time, service) = (all.column(0).as_primitive::<TimestampNanosecondType>(), all.column(1).as_string::<i32>());
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
