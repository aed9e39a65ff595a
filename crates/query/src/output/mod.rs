//! Answers in the formats people ask for.

mod json;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, MapArray, RecordBatch, StringArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use luneta_model::schema::map_type;

use crate::error::QueryError;
use crate::scan::functions::TYPES_KEY;
use crate::sql::SqlAnswer;

pub use json::{rfc3339, row_objects, value as json_value};

/// The formats of `/api/sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `{"columns":[…],"rows":[…],"stats":{…},"truncated":false}`.
    #[default]
    Json,
    /// RFC 4180 with a header line.
    Csv,
    /// Arrow IPC stream.
    Arrow,
    /// One Parquet file.
    Parquet,
}

impl Format {
    /// The media type of the format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Arrow => "application/vnd.apache.arrow.stream",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Writes an answer.
///
/// # Errors
/// [`QueryError::Execution`] when a column has no form in the format.
pub fn write(answer: &SqlAnswer, format: Format) -> Result<Vec<u8>, QueryError> {
    match format {
        Format::Json => json::answer(answer),
        Format::Csv => csv(answer),
        Format::Arrow => arrow_stream(answer),
        Format::Parquet => parquet(answer),
    }
}

fn fault(error: impl std::fmt::Display) -> QueryError {
    QueryError::Execution(error.to_string())
}

/// Ids as hex text, and attributes without the mark of their types.
fn shown(answer: &SqlAnswer) -> Result<(SchemaRef, Vec<RecordBatch>), QueryError> {
    let fields: Vec<_> = answer
        .schema
        .fields()
        .iter()
        .map(|f| match f.data_type() {
            DataType::FixedSizeBinary(_) => Arc::new(Field::new(f.name(), DataType::Utf8, true)),
            _ => Arc::clone(f),
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batches = answer
        .batches
        .iter()
        .map(|batch| {
            let columns = batch.columns().iter().map(shown_column).collect::<Result<_, _>>()?;
            RecordBatch::try_new(Arc::clone(&schema), columns).map_err(fault)
        })
        .collect::<Result<_, _>>()?;
    Ok((schema, batches))
}

fn shown_column(column: &ArrayRef) -> Result<ArrayRef, QueryError> {
    if let Some(ids) = column.as_any().downcast_ref::<FixedSizeBinaryArray>() {
        return Ok(Arc::new(ids.iter().map(|id| id.map(hex::encode)).collect::<StringArray>()));
    }
    match column.as_map_opt() {
        Some(map) if column.data_type() == &map_type() => Ok(Arc::new(without_marks(map).map_err(fault)?)),
        _ => Ok(Arc::clone(column)),
    }
}

fn without_marks(map: &MapArray) -> Result<MapArray, ArrowError> {
    let keys = map.keys().as_string::<i32>();
    let mut kept = Vec::new();
    let mut lengths = Vec::with_capacity(map.len());
    for range in map.value_offsets().windows(2) {
        let (from, to) = (range[0] as u32, range[1] as u32);
        let marked = to > from && keys.value(to as usize - 1) == TYPES_KEY;
        kept.extend(from..to - u32::from(marked));
        lengths.push((to - from - u32::from(marked)) as usize);
    }
    let entries = compute::take(map.entries(), &UInt32Array::from(kept), None)?;
    let DataType::Map(field, sorted) = map.data_type() else { return Ok(map.clone()) };
    let offsets = OffsetBuffer::from_lengths(lengths);
    MapArray::try_new(Arc::clone(field), offsets, entries.as_struct().clone(), map.nulls().cloned(), *sorted)
}

fn csv(answer: &SqlAnswer) -> Result<Vec<u8>, QueryError> {
    let (schema, batches) = shown(answer)?;
    // These are written as JSON says them.
    let by_json = |t: &DataType| t.is_nested() || matches!(t, DataType::Timestamp(..));
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|f| if by_json(f.data_type()) { Arc::new(Field::new(f.name(), DataType::Utf8, true)) } else { Arc::clone(f) })
        .collect();
    let flat = Arc::new(Schema::new(fields));
    let mut out = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(&mut out);
    if batches.is_empty() {
        writer.write(&RecordBatch::new_empty(Arc::clone(&flat))).map_err(fault)?;
    }
    for (batch, whole) in batches.iter().zip(&answer.batches) {
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .zip(whole.columns())
            .map(|(shown, column)| {
                if by_json(column.data_type()) {
                    let text = (0..column.len()).map(|row| (!column.is_null(row)).then(|| json::text(column, row)));
                    Arc::new(text.collect::<StringArray>()) as ArrayRef
                } else {
                    Arc::clone(shown)
                }
            })
            .collect();
        writer.write(&RecordBatch::try_new(Arc::clone(&flat), columns).map_err(fault)?).map_err(fault)?;
    }
    drop(writer);
    Ok(out)
}

fn arrow_stream(answer: &SqlAnswer) -> Result<Vec<u8>, QueryError> {
    let (schema, batches) = shown(answer)?;
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &schema).map_err(fault)?;
    for batch in &batches {
        writer.write(batch).map_err(fault)?;
    }
    writer.into_inner().map_err(fault)
}

fn parquet(answer: &SqlAnswer) -> Result<Vec<u8>, QueryError> {
    let (schema, batches) = shown(answer)?;
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(fault)?;
    for batch in &batches {
        writer.write(batch).map_err(fault)?;
    }
    writer.into_inner().map_err(fault)
}

/// The text of a column's value, for tables in a terminal.
pub fn cell_text(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    if let Some(text) = column.as_string_opt::<i32>() {
        return text.value(row).to_owned();
    }
    json::text(column, row)
}
