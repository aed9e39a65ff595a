//! Files into one, streamed: memory holds a slice of each, never a whole file of ours.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, StringArray, UInt32Array, make_array, new_null_array,
};
use arrow::compute::{cast, concat_batches, interleave, take_record_batch};
use arrow::datatypes::{DataType, FieldRef, Schema, TimestampNanosecondType, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use luneta_model::{AttributeScope, Signal, Table};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaData;

use super::MergeError;
use crate::catalog::{AddFile, Lake, LakeTable};
use crate::files::{DeletedRows, Extracted, FileWriter, KeyCounts, Piece, Promotion, WriterConfig, may_run, plain_in};
use crate::memtable::shared_text;
use crate::{LakeFile, MapKey, StoreError, TableKey, layout};

/// Rows read ahead over all files together.
const ROWS_AHEAD: usize = 64 * 1024;
/// Rows written at once.
const ROWS_OUT: usize = 8192;
/// Rows are copied one by one where fewer than these come from one file in a row.
const ROWS_PER_RANGE_MIN: usize = 4;
/// Files of other writers are not sorted and are read whole, up to this size.
const UNSORTED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Writes the rows of `files` that are not deleted into one new file, in order; those of `without`, by the number of
/// their file, are left out too. `None` when there are none.
pub(super) fn merge(
    lake_dir: &Path,
    key: &TableKey,
    table: &LakeTable,
    files: &[Arc<LakeFile>],
    without: &HashMap<i64, DeletedRows>,
    config: WriterConfig,
) -> Result<Option<AddFile>, MergeError> {
    let batch_rows = (ROWS_AHEAD / files.len().max(1)).max(1024);
    let mut sources = Vec::new();
    for file in files {
        let source = Source::open(lake_dir, key.table, file, without.get(&file.data_file_id), batch_rows);
        sources.push(source.map_err(|error| MergeError { file: Some(file.data_file_id), error })?);
    }
    let fields = fields(key.table, table, &sources);
    let shape = Shape::new(key.table, table, &fields);
    let rows: u64 = sources.iter().map(|s| s.rows).sum();
    if rows == 0 {
        return Ok(None);
    }
    let plain = plain_in(sources.iter().map(|s| s.footer.as_ref()));
    let mut writer = FileWriter::create(lake_dir, key, table, &fields, &plain, config)?;
    let mut merger = Merger { of: key.table, shape, slots: Vec::new(), cursors: Vec::new(), picked: Vec::new(), picked_rows: 0 };
    // Readers of Parquet panic on some damaged files.
    let run = catch_unwind(AssertUnwindSafe(|| merger.run(sources, &mut writer, config)));
    let run = run.unwrap_or_else(|_| Err(StoreError::Stopped("merge").into())).and_then(|()| {
        let wrong = || StoreError::CatalogContent(format!("merging {rows} rows of {key} gave {}", writer.rows()));
        (writer.rows() == rows).then_some(()).ok_or_else(|| wrong().into())
    });
    match run {
        Ok(()) => {
            let map_keys = merger.shape.map_keys();
            Ok(Some(writer.finish(merger.shape.strays, map_keys)?))
        }
        Err(error) => {
            writer.abandon();
            Err(error)
        }
    }
}

/// The columns of the new file: those of any source that the table still has, and those that keys
/// left in the maps of older files may fill.
fn fields(of: Table, table: &LakeTable, sources: &[Source]) -> Vec<FieldRef> {
    let mut names: HashSet<&str> = HashSet::new();
    for source in sources {
        names.extend(source.schema.fields().iter().map(|f| f.name().as_str()));
    }
    let promoted =
        |name: &str| AttributeScope::split_column(name).is_some_and(|(scope, key)| layout::known_type(scope, key).is_none());
    let wanted = table.columns.iter().filter(|c| names.contains(c.name.as_str()) || promoted(&c.name));
    let mut found: BTreeMap<&str, FieldRef> = wanted.filter_map(|c| Some((c.name.as_str(), Lake::field(of, c)?))).collect();
    let mut out: Vec<FieldRef> = layout::fixed(of).fields().iter().filter_map(|f| found.remove(f.name().as_str())).collect();
    out.extend(found.into_values());
    out
}

/// One file being read.
struct Source {
    data_file_id: i64,
    reader: ParquetRecordBatchReader,
    schema: Arc<Schema>,
    footer: Arc<ParquetMetaData>,
    sorted: bool,
    /// Rows that are not deleted.
    rows: u64,
}

impl Source {
    fn open(
        lake_dir: &Path,
        of: Table,
        file: &LakeFile,
        without: Option<&DeletedRows>,
        batch_rows: usize,
    ) -> Result<Self, StoreError> {
        if !file.ours && file.size > UNSORTED_BYTES_MAX {
            return Err(StoreError::CatalogContent(format!("{} is not sorted and too large to sort", file.path)));
        }
        let path = lake_dir.join(&file.path);
        let open = File::open(&path).map_err(StoreError::io(&path))?;
        let metadata = read_as(of, &open)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open, metadata);
        let (schema, footer) = (builder.schema().clone(), builder.metadata().clone());
        let mut builder = builder.with_batch_size(batch_rows);
        let mut rows = file.rows;
        let deleted = DeletedRows::of(lake_dir, file)?.into_iter().chain(without.cloned()).reduce(DeletedRows::union);
        if let Some(deleted) = deleted {
            let left = deleted.selection(0..file.rows);
            rows = left.row_count() as u64;
            builder = builder.with_row_selection(left);
        }
        Ok(Self { data_file_id: file.data_file_id, reader: builder.build()?, schema, footer, sorted: file.ours, rows })
    }

    /// The next rows in the shape of the new file.
    fn next(&mut self, shape: &mut Shape) -> Result<Option<RecordBatch>, StoreError> {
        if self.sorted {
            return self.reader.next().map(|batch| shape.fit(&batch?)).transpose();
        }
        self.sorted = true;
        let mut all = Vec::new();
        for batch in self.reader.by_ref() {
            all.push(shape.fit(&batch?)?);
        }
        let all = concat_batches(&shape.schema, &all)?;
        let keys = Keys::of(shape.of, &all);
        let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
        order.sort_by(|a, b| keys.compare(*a as usize, &keys, *b as usize));
        Ok(Some(take_record_batch(&all, &UInt32Array::from(order))?).filter(|b| b.num_rows() > 0))
    }
}

/// How a file is read: texts that may come in runs stay numbers in a dictionary.
fn read_as(of: Table, file: &File) -> Result<ArrowReaderMetadata, StoreError> {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
    let fields: Vec<FieldRef> = metadata.schema().fields().iter().map(|field| shared(of, field)).collect();
    if fields.iter().zip(metadata.schema().fields()).all(|(a, b)| Arc::ptr_eq(a, b)) {
        return Ok(metadata);
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()));
    Ok(ArrowReaderMetadata::try_new(metadata.metadata().clone(), ArrowReaderOptions::new().with_schema(schema))?)
}

/// The field with the type its rows have while files are merged.
fn shared(of: Table, field: &FieldRef) -> FieldRef {
    if *field.data_type() == DataType::Utf8 && may_run(of, field) {
        Arc::new(field.as_ref().clone().with_data_type(shared_text()))
    } else {
        field.clone()
    }
}

/// What every row is brought into.
struct Shape {
    of: Table,
    schema: Arc<Schema>,
    promotions: Vec<(AttributeScope, Promotion)>,
    strays: HashSet<String>,
    /// Keys left in the maps.
    left: [(AttributeScope, KeyCounts); 3],
}

impl Shape {
    fn new(of: Table, table: &LakeTable, fields: &[FieldRef]) -> Self {
        let scopes = [AttributeScope::Item, AttributeScope::Resource];
        let promotions = scopes.map(|scope| (scope, Promotion::of_columns(table, scope, fields))).into();
        let left = AttributeScope::ALL.map(|scope| (scope, KeyCounts::bounded()));
        let schema = Arc::new(Schema::new(fields.iter().map(|field| shared(of, field)).collect::<Vec<_>>()));
        Self { of, schema, promotions, strays: HashSet::new(), left }
    }

    fn fit(&mut self, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
        let mut batch = batch.clone();
        for (scope, promotion) in &self.promotions {
            let extracted = Extracted::from(batch, *scope, promotion)?;
            self.strays.extend(extracted.strays);
            batch = extracted.batch;
        }
        for (scope, counts) in &mut self.left {
            counts.count(&batch, *scope, |_| 1);
        }
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            columns.push(match batch.column_by_name(field.name()) {
                Some(column) if column.data_type() == field.data_type() => column.clone(),
                Some(column) => cast(column, field.data_type())?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// The keys left in the maps of all rows so far.
    fn map_keys(&self) -> Vec<MapKey> {
        self.left.iter().flat_map(|(scope, counts)| counts.left(*scope, &Promotion::default())).collect()
    }
}

/// The columns rows are ordered by.
struct Keys {
    text: Option<Texts>,
    series: Option<Vec<u64>>,
    time: Vec<i64>,
}

/// Texts, each named by a number. Rows with the same number have the same text.
struct Texts {
    numbers: Option<UInt32Array>,
    texts: StringArray,
}

impl Texts {
    fn of(column: &ArrayRef) -> Option<Self> {
        match column.as_dictionary_opt::<UInt32Type>() {
            Some(shared) => Some(Self { numbers: Some(shared.keys().clone()), texts: shared.values().as_string_opt()?.clone() }),
            None => Some(Self { numbers: None, texts: column.as_string_opt()?.clone() }),
        }
    }

    fn at(&self, row: usize) -> Option<&str> {
        let row = match &self.numbers {
            Some(numbers) => numbers.is_valid(row).then(|| numbers.value(row) as usize)?,
            None => row,
        };
        self.texts.is_valid(row).then(|| self.texts.value(row))
    }
}

impl Keys {
    fn of(table: Table, batch: &RecordBatch) -> Self {
        let metrics = table == Table::Signal(Signal::Metrics);
        let text = table.sort_columns().first().and_then(|name| batch.column_by_name(name));
        let series = batch.column_by_name("series").filter(|_| metrics);
        let time = batch.column_by_name(table.time_column());
        Self {
            text: text.and_then(Texts::of),
            series: series.and_then(|c| c.as_primitive_opt::<UInt64Type>()).map(|c| c.values().to_vec()),
            time: time
                .and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>())
                .map(|c| c.values().to_vec())
                .unwrap_or_default(),
        }
    }

    fn text(&self, row: usize) -> Option<&str> {
        self.text.as_ref().and_then(|texts| texts.at(row))
    }

    fn compare(&self, row: usize, other: &Keys, other_row: usize) -> Ordering {
        let time = |k: &Keys, row: usize| k.time.get(row).copied();
        self.compare_groups(row, other, other_row).then_with(|| time(self, row).cmp(&time(other, other_row)))
    }

    /// The order but for times.
    fn compare_groups(&self, row: usize, other: &Keys, other_row: usize) -> Ordering {
        let series = |k: &Keys, row: usize| k.series.as_ref().and_then(|s| s.get(row)).copied();
        self.text(row).cmp(&other.text(other_row)).then_with(|| series(self, row).cmp(&series(other, other_row)))
    }

    /// The first row behind `row` that may differ from it in more than its time.
    fn group_end(&self, row: usize, rows: usize) -> usize {
        let Some(texts) = &self.text else { return row + 1 };
        let Some(numbers) = texts.numbers.as_ref().filter(|numbers| numbers.null_count() == 0) else { return row + 1 };
        let numbers = numbers.values();
        let same = |next: &usize| {
            numbers[*next] == numbers[row] && self.series.as_ref().is_none_or(|series| series[*next] == series[row])
        };
        (row + 1..rows).take_while(same).last().map_or(row + 1, |last| last + 1)
    }

    /// The first row from `row` on that is behind a row of another batch, not looking further than `rows`.
    fn end_before(&self, mut row: usize, rows: usize, other: &Keys, other_row: usize) -> usize {
        while row < rows {
            let end = self.group_end(row, rows);
            match self.compare_groups(row, other, other_row) {
                Ordering::Less => {}
                Ordering::Greater => return row,
                Ordering::Equal => {
                    let limit = other.time.get(other_row);
                    let within = (row..end).take_while(|row| self.time.get(*row) <= limit).count();
                    if within < end - row {
                        return row + within;
                    }
                }
            }
            row = end;
        }
        rows
    }
}

/// A place in the batch a source has delivered last.
struct Cursor {
    source: Source,
    slot: usize,
    keys: Keys,
    row: usize,
    rows: usize,
}

struct Merger {
    of: Table,
    shape: Shape,
    /// Batches that picked rows lie in.
    slots: Vec<RecordBatch>,
    cursors: Vec<Cursor>,
    /// Rows to write next: slot, first row and the one behind the last.
    picked: Vec<(usize, usize, usize)>,
    picked_rows: usize,
}

impl Merger {
    fn run(&mut self, sources: Vec<Source>, writer: &mut FileWriter, config: WriterConfig) -> Result<(), MergeError> {
        for source in sources {
            self.advance(source)?;
        }
        let mut group_rows = 0;
        while !self.cursors.is_empty() {
            self.pick_run()?;
            if self.picked_rows >= ROWS_OUT.min(config.row_group_rows_max - group_rows) || self.cursors.is_empty() {
                group_rows += self.picked_rows;
                self.write(writer)?;
            }
            if group_rows >= config.row_group_rows_max {
                writer.end_group()?;
                group_rows = 0;
            }
        }
        Ok(())
    }

    /// Reads the next batch of a source; a source without more rows is dropped.
    fn advance(&mut self, mut source: Source) -> Result<(), MergeError> {
        let file = Some(source.data_file_id);
        let batch = loop {
            match source.next(&mut self.shape).map_err(|error| MergeError { file, error })? {
                Some(batch) if batch.num_rows() == 0 => {}
                other => break other,
            }
        };
        if let Some(batch) = batch {
            let (keys, rows) = (Keys::of(self.of, &batch), batch.num_rows());
            self.slots.push(batch);
            self.cursors.push(Cursor { source, slot: self.slots.len() - 1, keys, row: 0, rows });
        }
        Ok(())
    }

    /// Picks rows of the cursor with the smallest row, as long as no other cursor has a smaller one.
    fn pick_run(&mut self) -> Result<(), MergeError> {
        let (mut first, mut second) = (0, None);
        for i in 1..self.cursors.len() {
            let is_less = |a: &Cursor, b: &Cursor| a.keys.compare(a.row, &b.keys, b.row) == Ordering::Less;
            if is_less(&self.cursors[i], &self.cursors[first]) {
                second = Some(first);
                first = i;
            } else if second.is_none_or(|s: usize| is_less(&self.cursors[i], &self.cursors[s])) {
                second = Some(i);
            }
        }
        let (slot, start, rows) = (self.cursors[first].slot, self.cursors[first].row, self.cursors[first].rows);
        let end = match second.map(|s| &self.cursors[s]) {
            None => rows.min(start + ROWS_OUT),
            Some(other) => {
                let keys = &self.cursors[first].keys;
                keys.end_before(start + 1, rows, &other.keys, other.row)
            }
        };
        self.picked.push((slot, start, end));
        self.picked_rows += end - start;
        self.cursors[first].row = end;
        if end == rows {
            let done = self.cursors.swap_remove(first);
            self.advance(done.source)?;
        }
        Ok(())
    }

    fn write(&mut self, writer: &mut FileWriter) -> Result<(), MergeError> {
        let (picked, rows) = (std::mem::take(&mut self.picked), std::mem::take(&mut self.picked_rows));
        let slots = &self.slots;
        writer.write(rows, |i, piece| {
            match piece {
                Piece::Array(array) => *array = Some(gather(slots, i, &picked, rows)?),
                Piece::Runs(runs) => {
                    let mut known = vec![Vec::new(); slots.len()];
                    for (slot, start, end) in &picked {
                        runs.extend(slots[*slot].column(i), *start..*end, &mut known[*slot]);
                    }
                }
            }
            Ok(())
        })?;
        // Only batches that cursors still stand in are needed further.
        let kept: Vec<RecordBatch> = self.cursors.iter().map(|c| self.slots[c.slot].clone()).collect();
        for (slot, cursor) in self.cursors.iter_mut().enumerate() {
            cursor.slot = slot;
        }
        self.slots = kept;
        Ok(())
    }
}

/// The picked rows of one column.
fn gather(slots: &[RecordBatch], column: usize, picked: &[(usize, usize, usize)], rows: usize) -> Result<ArrayRef, ArrowError> {
    let arrays: Vec<&ArrayRef> = slots.iter().map(|b| b.column(column)).collect();
    if rows < ROWS_PER_RANGE_MIN * picked.len() {
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let each = picked.iter().flat_map(|(slot, start, end)| (*start..*end).map(|row| (*slot, row)));
        return interleave(&arrays, &each.collect::<Vec<_>>());
    }
    let data: Vec<_> = arrays.iter().map(Array::to_data).collect();
    let mut out = MutableArrayData::new(data.iter().collect(), false, rows);
    for (slot, start, end) in picked {
        out.try_extend(*slot, *start, *end)?;
    }
    Ok(make_array(out.freeze()))
}
