//! [`FileWriter`]: columns into a Parquet file of the lake.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema};
use luneta_model::{Signal, Table, schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use uuid::Uuid;

use super::runs::{Chunk, Form, Runs, may_run};
use super::tokens::{self, TokenIndexBuilder};
use super::trace_index::{self, Grain, TraceIndexBuilder};
use super::{compression, statistics};
use crate::catalog::{AddFile, FileColumn, LakeTable};
use crate::{MapKey, StoreConfig, StoreError, TableKey, layout};

/// Rows turned from one form into another at a time.
const ROWS_AT_ONCE: usize = 8192;
const NAME_PREFIX: &str = "luneta-";
/// Rows of a data page: the finest grain readers skip by.
const PAGE_ROWS_MAX: usize = 4096;
/// The same for points: narrow rows, read by series.
const POINTS_PAGE_ROWS_MAX: usize = 16_384;
/// The same for runs: a page of them is smaller than what its header and its bounds take.
const RUNS_PAGE_ROWS_MAX: usize = 4 * POINTS_PAGE_ROWS_MAX;
/// Points are small once encoded: this takes 2 % less than level 3 does, and no time that could be measured.
const POINTS_ZSTD_LEVEL: i32 = 6;
/// Bodies are most of a file of logs, and are read whole: this takes 5 % less than level 1, and 8 % less time to read.
const BODY_ZSTD_LEVEL: i32 = 6;
/// A larger dictionary saves nothing, and whoever reads one row must decode all of it.
const DICTIONARY_BYTES_MAX: usize = 64 * 1024;
/// Except for trace ids of spans: they do not compress otherwise.
const TRACE_DICTIONARY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What all files are written with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriterConfig {
    pub(crate) row_group_rows_max: usize,
    pub(crate) zstd_level: i32,
    /// The same for bodies of logs.
    body_level: i32,
}

impl WriterConfig {
    /// For files that stay: merged ones.
    pub(crate) fn to_stay(self) -> Self {
        Self { body_level: self.zstd_level.max(BODY_ZSTD_LEVEL), ..self }
    }
}

impl From<&StoreConfig> for WriterConfig {
    fn from(config: &StoreConfig) -> Self {
        Self {
            row_group_rows_max: config.row_group_rows_max.max(1024),
            zstd_level: config.zstd_level,
            body_level: config.zstd_level,
        }
    }
}

/// A name no other file has; names of later files sort behind.
pub(crate) fn file_name() -> String {
    format!("{NAME_PREFIX}{}.parquet", Uuid::now_v7())
}

/// Whether a file of this name was written by this store.
pub(crate) fn is_ours(name: &str) -> bool {
    name.starts_with(NAME_PREFIX) && Path::new(name).extension().is_some_and(|e| e == "parquet")
}

/// Writes one file, a row group at a time.
pub(crate) struct FileWriter {
    path: PathBuf,
    key: TableKey,
    table_id: i64,
    fields: Vec<FieldRef>,
    ids: Vec<i64>,
    nans: Vec<bool>,
    /// The column of the trace index, and what is known of it so far.
    trace_index: Option<(usize, TraceIndexBuilder)>,
    /// The same for the index of tokens.
    token_index: Option<(usize, TokenIndexBuilder)>,
    file: SerializedFileWriter<BufWriter<File>>,
    factory: ArrowRowGroupWriterFactory,
    /// By field: how it is written where its rows come in runs.
    forms: Vec<Option<Form>>,
    group: Option<OpenGroup>,
    groups: usize,
    rows: u64,
}

/// A row group to which rows are added.
struct OpenGroup {
    writers: Vec<ArrowColumnWriter>,
    /// By field: its rows, where they may come in runs.
    runs: Vec<Option<Runs>>,
}

/// A column of a row group.
enum Encoded {
    Rows(ArrowColumnChunk),
    Runs(Chunk),
}

impl Encoded {
    fn append(self, group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>) -> Result<(), ParquetError> {
        match self {
            Encoded::Rows(chunk) => chunk.append_to_row_group(group),
            Encoded::Runs(chunk) => chunk.append(group),
        }
    }
}

/// What a caller gives of a column.
pub(crate) enum Piece<'a> {
    /// The rows are expected as an array.
    Array(&'a mut Option<ArrayRef>),
    /// The rows are expected as runs.
    Runs(&'a mut Runs),
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter").field("path", &self.path).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl FileWriter {
    /// Begins a file with the given columns, all of which the table must have. Those in `plain` are
    /// not compressed.
    pub(crate) fn create(
        data_path: &Path,
        key: &TableKey,
        table: &LakeTable,
        fields: &[FieldRef],
        plain: &HashSet<String>,
        config: WriterConfig,
    ) -> Result<Self, StoreError> {
        let mut stamped: Vec<FieldRef> = Vec::new();
        let mut ids = Vec::new();
        for field in fields {
            let column = table.column(field.name());
            let stamp = column.and_then(|c| Some((c.id, c.stamp(field)?)));
            let (id, field) = stamp.ok_or_else(|| StoreError::Conflict(format!("column `{}` of table {key}", field.name())))?;
            ids.push(id);
            stamped.push(Arc::new(field));
        }
        let arrow_schema = Arc::new(Schema::new(stamped.clone()));
        let parquet_schema = ArrowSchemaConverter::new().convert(&arrow_schema)?;
        let properties = Arc::new(properties(key.table, &stamped, &parquet_schema, plain, config)?);
        let folder = data_path.join(&table.path);
        fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
        let path = folder.join(file_name());
        let file = File::create(&path).map_err(StoreError::io(&path))?;
        let file = SerializedFileWriter::new(
            BufWriter::with_capacity(1 << 18, file),
            parquet_schema.root_schema_ptr(),
            properties.clone(),
        )?;
        let factory = ArrowRowGroupWriterFactory::new(&file, arrow_schema);
        let forms = stamped.iter().map(|field| {
            let column = parquet_schema.columns().iter().find(|c| *c.path().parts() == [field.name().as_str()])?.clone();
            let compression = properties.compression(column.path());
            // Readers look for these two, and read no others than they find.
            let finest = matches!(field.name().as_str(), "metric_name" | "series");
            let page_rows_max = if finest { POINTS_PAGE_ROWS_MAX } else { RUNS_PAGE_ROWS_MAX };
            may_run(key.table, field).then_some(Form { column, compression, page_rows_max })
        });
        let forms = forms.collect();
        let nans = vec![false; stamped.len()];
        let trace_index = key.table.signal().and_then(|signal| {
            TraceIndexBuilder::column(&stamped).map(|column| (column, TraceIndexBuilder::new(Grain::of(signal))))
        });
        let token_index = key
            .table
            .signal()
            .and_then(|signal| TokenIndexBuilder::column(signal, &stamped).map(|column| (column, TokenIndexBuilder::new())));
        let (key, table_id, fields) = (key.clone(), table.table_id, stamped);
        let (group, groups, rows) = (None, 0, 0);
        Ok(Self { path, key, table_id, fields, ids, nans, trace_index, token_index, file, factory, forms, group, groups, rows })
    }

    /// Writes whole row groups, all of one column before the next one, so that only one column at a
    /// time is held unencoded. `column` gives one array per group.
    pub(crate) fn write_groups(
        &mut self,
        lengths: &[usize],
        mut column: impl FnMut(usize) -> Result<Vec<ArrayRef>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut writers = Vec::new();
        for group in 0..lengths.len() {
            writers.push(self.factory.create_column_writers(self.groups + group)?.into_iter());
        }
        let mut chunks: Vec<Vec<Encoded>> = lengths.iter().map(|_| Vec::new()).collect();
        for i in 0..self.fields.len() {
            let field = self.fields[i].clone();
            for (group, array) in column(i)?.into_iter().enumerate() {
                self.nans[i] |= has_nan(&array);
                self.index(i, &array)?;
                let runs = self.forms[i].as_ref().and_then(|form| Some((form, runs_that_pay(&array)?)));
                if let Some((form, runs)) = runs {
                    writers[group].next();
                    chunks[group].push(Encoded::Runs(runs.encode(form)?));
                    continue;
                }
                for leaf in compute_leaves(&field, &array)? {
                    let mut writer = writers[group].next().ok_or(StoreError::Stopped("parquet column writers"))?;
                    writer.write(&leaf)?;
                    chunks[group].push(Encoded::Rows(writer.close()?));
                }
            }
        }
        for (chunks, length) in chunks.into_iter().zip(lengths) {
            self.append_group(chunks)?;
            self.rows += *length as u64;
        }
        Ok(())
    }

    fn append_group(&mut self, chunks: Vec<Encoded>) -> Result<(), StoreError> {
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        Ok(())
    }

    /// Adds rows to the current row group: one piece per column, in order. Arrays may be
    /// dictionaries of the column's type.
    pub(crate) fn write(
        &mut self,
        rows: usize,
        mut column: impl FnMut(usize, Piece<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut group = if let Some(group) = self.group.take() {
            group
        } else {
            let of = |(form, field): (&Option<Form>, &FieldRef)| form.as_ref().map(|_| Runs::new(field.data_type()));
            let runs = self.forms.iter().zip(&self.fields).map(of).collect();
            OpenGroup { writers: self.factory.create_column_writers(self.groups)?, runs }
        };
        let mut writers = group.writers.iter_mut();
        for i in 0..self.fields.len() {
            if let Some(runs) = &mut group.runs[i] {
                writers.next();
                column(i, Piece::Runs(runs))?;
                continue;
            }
            let mut array = None;
            column(i, Piece::Array(&mut array))?;
            let array = array.ok_or(StoreError::Stopped("rows of a column"))?;
            self.nans[i] |= has_nan(&array);
            self.index(i, &array)?;
            let field = &self.fields[i];
            for leaf in compute_leaves(field, &array)? {
                let writer = writers.next().ok_or(StoreError::Stopped("parquet column writers"))?;
                writer.write(&leaf)?;
            }
        }
        self.group = Some(group);
        self.rows += rows as u64;
        Ok(())
    }

    /// Ends the current row group.
    pub(crate) fn end_group(&mut self) -> Result<(), StoreError> {
        let Some(OpenGroup { writers, runs }) = self.group.take() else { return Ok(()) };
        let mut writers = writers.into_iter();
        let mut chunks = Vec::new();
        for (i, runs) in runs.into_iter().enumerate() {
            let Some((runs, form)) = runs.zip(self.forms[i].as_ref()) else {
                for _ in 0..leaves(self.fields[i].data_type()) {
                    let writer = writers.next().ok_or(StoreError::Stopped("parquet column writers"))?;
                    chunks.push(Encoded::Rows(writer.close()?));
                }
                continue;
            };
            let mut writer = writers.next().ok_or(StoreError::Stopped("parquet column writers"))?;
            if runs.pay() {
                chunks.push(Encoded::Runs(runs.encode(form)?));
                continue;
            }
            for array in runs.arrays(ROWS_AT_ONCE) {
                for leaf in compute_leaves(&self.fields[i], &array)? {
                    writer.write(&leaf)?;
                }
            }
            chunks.push(Encoded::Rows(writer.close()?));
        }
        self.append_group(chunks)
    }

    /// Completes the file and makes it durable.
    pub(crate) fn finish(mut self, strays: HashSet<String>, map_keys: Vec<MapKey>) -> Result<AddFile, StoreError> {
        self.end_group()?;
        let traces = self.trace_index.take().and_then(|(_, builder)| builder.finish());
        let trace_index = self.write_index(trace_index::METADATA_KEY, traces)?;
        let tokens = self.token_index.take().and_then(|(_, builder)| builder.finish());
        let token_index = self.write_index(tokens::METADATA_KEY, tokens)?;
        let mut listed: Vec<_> = strays.iter().map(String::as_str).collect();
        listed.sort_unstable();
        self.file.append_key_value_metadata(KeyValue::new("luneta.strays".to_owned(), listed.join("\n")));
        let metadata = self.file.finish()?;
        let file = self.file.inner().get_ref();
        file.sync_all().map_err(StoreError::io(&self.path))?;
        let size = file.metadata().map_err(StoreError::io(&self.path))?.len();
        if let Some(folder) = self.path.parent() {
            File::open(folder).and_then(|f| f.sync_all()).map_err(StoreError::io(folder))?;
        }
        let footer_size = footer_size(&self.path, size)?;
        let columns = self.columns(&metadata);
        let name = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (key, table_id, rows) = (self.key, self.table_id, self.rows);
        let counted = false;
        Ok(AddFile { key, table_id, name, size, footer_size, rows, columns, strays, map_keys, trace_index, token_index, counted })
    }

    /// Puts an index behind the last row group and returns its place.
    fn write_index(&mut self, name: &str, index: Option<Vec<u8>>) -> Result<Option<Range<u64>>, StoreError> {
        let Some(index) = index else { return Ok(None) };
        let start = self.file.bytes_written() as u64;
        self.file.write_all(&index).map_err(StoreError::io(&self.path))?;
        let place = format!("{start},{}", index.len());
        self.file.append_key_value_metadata(KeyValue::new(name.to_owned(), place));
        Ok(Some(start..start + index.len() as u64))
    }

    /// Shows a part of a column to the indexes.
    fn index(&mut self, column: usize, array: &ArrayRef) -> Result<(), StoreError> {
        if let Some((_, builder)) = self.trace_index.as_mut().filter(|(of, _)| *of == column) {
            builder.push(array);
        }
        if let Some((_, builder)) = self.token_index.as_mut().filter(|(of, _)| *of == column) {
            builder.push(array)?;
        }
        Ok(())
    }

    fn columns(&self, metadata: &ParquetMetaData) -> Vec<FileColumn> {
        let mut out = Vec::new();
        for (i, (mut stats, bytes)) in statistics::collect(metadata, &self.fields).into_iter().enumerate() {
            let is_double = *self.fields[i].data_type() == DataType::Float64;
            if self.nans[i] {
                (stats.min, stats.max) = (None, None);
            }
            let contains_nan = is_double.then_some(self.nans[i]);
            out.push(FileColumn { id: self.ids[i], name: self.fields[i].name().clone(), bytes, stats, contains_nan });
        }
        out
    }

    /// Rows written so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Deletes what was written, after a failure.
    pub(crate) fn abandon(self) {
        let path = self.path.clone();
        drop(self);
        if let Err(e) = fs::remove_file(&path) {
            tracing::warn!("{}: cannot remove an unfinished file: {e}", path.display());
        }
    }
}

/// The rows of a column as runs, where these are few.
fn runs_that_pay(array: &ArrayRef) -> Option<Runs> {
    let mut runs = Runs::new(array.data_type());
    let mut known = Vec::new();
    for start in (0..array.len()).step_by(ROWS_AT_ONCE) {
        runs.extend(array, start..array.len().min(start + ROWS_AT_ONCE), &mut known);
        if !runs.pay() {
            return None;
        }
    }
    Some(runs)
}

/// How many columns of Parquet a type makes.
fn leaves(data_type: &DataType) -> usize {
    match layout::inner_fields(data_type).as_slice() {
        [] => 1,
        inner => inner.iter().map(|field| leaves(field.data_type())).sum(),
    }
}

fn has_nan(array: &ArrayRef) -> bool {
    array.as_primitive_opt::<Float64Type>().is_some_and(|a| a.values().iter().any(|d| d.is_nan()))
}

/// The length a Parquet file gives for its footer.
fn footer_size(path: &Path, size: u64) -> Result<u64, StoreError> {
    use std::io::{Read, Seek, SeekFrom};
    let mut end = [0; 8];
    let mut file = File::open(path).map_err(StoreError::io(path))?;
    file.seek(SeekFrom::Start(size.saturating_sub(8))).and_then(|_| file.read_exact(&mut end)).map_err(StoreError::io(path))?;
    Ok(u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]])))
}

const fn page_rows(table: Table) -> usize {
    if matches!(table, Table::Signal(Signal::Metrics)) { POINTS_PAGE_ROWS_MAX } else { PAGE_ROWS_MAX }
}

fn properties(
    table: Table,
    fields: &[FieldRef],
    descriptor: &SchemaDescriptor,
    plain: &HashSet<String>,
    config: WriterConfig,
) -> Result<WriterProperties, StoreError> {
    let sorting = table.sort_columns().iter().filter_map(|name| {
        let leaf = descriptor.columns().iter().position(|c| c.path().string() == *name)?;
        Some(SortingColumn { column_idx: leaf as i32, descending: false, nulls_first: true })
    });
    let level =
        if table == Table::Signal(Signal::Metrics) { config.zstd_level.max(POINTS_ZSTD_LEVEL) } else { config.zstd_level };
    // Many spans share a trace, few records do.
    let trace_dictionary = if table == Table::Signal(Signal::Spans) { TRACE_DICTIONARY_BYTES_MAX } else { DICTIONARY_BYTES_MAX };
    let mut builder = WriterProperties::builder()
        // Only this version has dictionaries for trace ids; its default encodings of text cost more
        // than they save.
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_encoding(Encoding::PLAIN)
        .set_created_by(concat!("luneta ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level)?))
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(page_rows(table))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting.collect()));
    for field in fields {
        builder = column_properties(builder, field, trace_dictionary);
    }
    if table == Table::Signal(Signal::Logs) {
        let body = ColumnPath::new(vec!["body".to_owned()]);
        builder = builder.set_column_compression(body, Compression::ZSTD(ZstdLevel::try_new(config.body_level)?));
    }
    for leaf in compression::plain_leaves(table, descriptor, plain) {
        builder = builder.set_column_compression(leaf, Compression::UNCOMPRESSED);
    }
    Ok(builder.build())
}

/// Integers that differ little from the row before.
fn is_counter(column: &str) -> bool {
    matches!(column, "duration_ns" | "value_int" | "count" | "zero_count")
}

/// Doubles that hardly repeat.
fn is_measured(column: &str) -> bool {
    matches!(column, "value_double" | "sum" | "min" | "max" | "count_double" | "zero_count_double")
}

/// Encodings that fit what a column holds.
fn column_properties(builder: WriterPropertiesBuilder, field: &Field, trace_dictionary: usize) -> WriterPropertiesBuilder {
    let path = || ColumnPath::new(vec![field.name().clone()]);
    match field.data_type() {
        // Ids are random: they do not compress, and their bounds say nothing. Only trace ids repeat:
        // a dictionary of them saves a fifth of a file.
        DataType::FixedSizeBinary(_) => builder
            .set_column_dictionary_enabled(path(), field.name() == "trace_id")
            .set_column_dictionary_page_size_limit(path(), trace_dictionary)
            .set_column_compression(path(), Compression::UNCOMPRESSED)
            .set_column_statistics_enabled(path(), EnabledStatistics::Chunk),
        DataType::Timestamp(_, _) => {
            builder.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED)
        }
        DataType::Int64 | DataType::UInt64 if is_counter(field.name()) => {
            builder.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED)
        }
        // Counts of one bucket: no bound of theirs rules anything out, and packed differences hardly
        // compress.
        DataType::UInt32 if schema::SPREAD.iter().any(|(list, _)| field.name().starts_with(list)) => builder
            .set_column_dictionary_enabled(path(), false)
            .set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED)
            .set_column_compression(path(), Compression::UNCOMPRESSED)
            .set_column_statistics_enabled(path(), EnabledStatistics::None),
        // The first bytes of neighbours are alike, the last ones are noise.
        DataType::Float64 if is_measured(field.name()) => {
            builder.set_column_dictionary_enabled(path(), false).set_column_encoding(path(), Encoding::BYTE_STREAM_SPLIT)
        }
        DataType::List(_) if field.name().ends_with("_counts_double") => {
            let counts = ColumnPath::new([field.name(), "list", "element"].map(ToString::to_string).to_vec());
            builder.set_column_dictionary_enabled(counts.clone(), false).set_column_encoding(counts, Encoding::BYTE_STREAM_SPLIT)
        }
        // The times of events follow those of their spans.
        DataType::List(_) if field.name() == "events" => {
            let time = ColumnPath::new(["events", "list", "element", "time"].map(str::to_owned).to_vec());
            builder.set_column_dictionary_enabled(time.clone(), false).set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
        }
        // Ids of other traces hardly repeat.
        DataType::List(_) if field.name() == "links" => ["trace_id", "span_id"].into_iter().fold(builder, |builder, id| {
            let id = ColumnPath::new(["links", "list", "element", id].map(str::to_owned).to_vec());
            builder.set_column_dictionary_enabled(id, false)
        }),
        DataType::Utf8 if field.name() == "body" => builder.set_column_dictionary_enabled(path(), false),
        _ => builder,
    }
}
