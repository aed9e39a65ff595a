//! The distinct texts of a column, from the dictionaries of files: their pages stay unread.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt32Type;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::object_store::ObjectStore;
use datafusion::object_store::path::Path;
use luneta_model::AttributeScope;
use luneta_store::{LakeFile, StatValue, TableSnapshot};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::picked::Fetched;

/// The distinct texts of a promoted column of spans, named with the scope it is of, in a time given in
/// nanoseconds since 1970: those of all files that hold any of it, and of all rows in memory. `None` where
/// dictionaries do not tell: a file has values elsewhere, or there are more than `max`.
pub async fn texts(
    store: &Arc<dyn ObjectStore>,
    footers: &Arc<FileMetadataCache>,
    spans: &TableSnapshot,
    (column, scope): (&str, AttributeScope),
    within: Range<i64>,
    max: usize,
) -> Result<Option<Vec<String>>> {
    let mut found = BTreeSet::new();
    for file in spans.files.iter().filter(|file| overlaps(file, &within)) {
        let told = file.ours && file.deletes.is_none() && !file.strays.contains(column) && file.stats.contains_key(column);
        if !told || !of_file(store, footers, file, column, &mut found).await? || found.len() > max {
            return Ok(None);
        }
    }
    for batch in &spans.memory {
        let key = AttributeScope::split_column(column).map(|(_, key)| key);
        if key.is_some_and(|key| is_in_map(batch, scope, key)) || !of_memory(batch, column, &mut found) {
            return Ok(None);
        }
    }
    Ok((found.len() <= max).then(|| found.into_iter().collect()))
}

fn overlaps(file: &LakeFile, within: &Range<i64>) -> bool {
    let stats = file.stats.get("start_time");
    let bound = |value: Option<&StatValue>| match value {
        Some(StatValue::Timestamp(time)) => Some(*time),
        _ => None,
    };
    let (first, last) = (stats.and_then(|s| bound(s.min.as_ref())), stats.and_then(|s| bound(s.max.as_ref())));
    first.is_none_or(|first| first < within.end) && last.is_none_or(|last| last >= within.start)
}

/// Adds the dictionary of a column in every row group; whether that is all the column has.
async fn of_file(
    store: &Arc<dyn ObjectStore>,
    footers: &Arc<FileMetadataCache>,
    file: &LakeFile,
    column: &str,
    found: &mut BTreeSet<String>,
) -> Result<bool> {
    let meta = PartitionedFile::new(file.path.clone(), file.size).object_meta;
    let footer = DFParquetMetadata::new(store.as_ref(), &meta).with_file_metadata_cache(Some(Arc::clone(footers)));
    let footer: Arc<ParquetMetaData> = footer.fetch_metadata().await?;
    let leaf =
        footer.file_metadata().schema_descr().columns().iter().position(|c| matches!(c.path().parts(), [only] if only == column));
    let Some(leaf) = leaf else { return Ok(false) };
    let mut chunks: Vec<(&ColumnChunkMetaData, Range<u64>)> = Vec::new();
    for group in footer.row_groups() {
        let chunk = group.column(leaf);
        if chunk.statistics().and_then(parquet::file::statistics::Statistics::null_count_opt) == Some(chunk.num_values() as u64) {
            continue;
        }
        let only_dictionary = chunk.page_encoding_stats_mask().is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY));
        let (start, end) = (chunk.dictionary_page_offset(), chunk.data_page_offset());
        match start.and_then(|start| Some(u64::try_from(start).ok()?..u64::try_from(end).ok()?)) {
            Some(range) if only_dictionary && range.start < range.end => chunks.push((chunk, range)),
            _ => return Ok(false),
        }
    }
    let ranges: Vec<Range<u64>> = chunks.iter().map(|(_, range)| range.clone()).collect();
    let content = if ranges.is_empty() { Vec::new() } else { store.get_ranges(&Path::from(file.path.as_str()), &ranges).await? };
    let fetched = Arc::new(Fetched::new(ranges.into_iter().map(|range| range.start).zip(content).collect()));
    for (chunk, _) in chunks {
        let mut pages = SerializedPageReader::new(Arc::clone(&fetched), chunk, 0, None).map_err(fault)?;
        match pages.get_next_page().map_err(fault)? {
            Some(Page::DictionaryPage { buf, num_values, .. }) => read(&buf, num_values, found)?,
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Byte arrays in Parquet's plain encoding: length, bytes.
fn read(mut rest: &[u8], values: u32, found: &mut BTreeSet<String>) -> Result<()> {
    let cut = || fault(ParquetError::EOF("a dictionary ends inside a value".into()));
    for _ in 0..values {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        found.insert(String::from_utf8_lossy(text).into_owned());
        rest = after;
    }
    Ok(())
}

/// Whether a row in memory has the key with a value that its column cannot hold.
fn is_in_map(batch: &RecordBatch, scope: AttributeScope, key: &str) -> bool {
    let Some(column) = batch.column_by_name(scope.column()) else { return false };
    let maps = column.as_dictionary_opt::<UInt32Type>().map_or(column, |shared| shared.values());
    let keys = maps.as_map_opt().and_then(|maps| maps.keys().as_string_opt::<i32>());
    keys.is_none_or(|keys| keys.iter().flatten().any(|known| known == key))
}

/// Adds the texts of rows in memory; whether that is all they have.
fn of_memory(batch: &RecordBatch, column: &str, found: &mut BTreeSet<String>) -> bool {
    let Some(array) = batch.column_by_name(column) else { return true };
    if let Some(texts) = array.as_string_opt::<i32>() {
        let distinct: HashSet<&str> = texts.iter().flatten().collect();
        found.extend(distinct.into_iter().map(str::to_owned));
        return true;
    }
    let Some(shared) = array.as_dictionary_opt::<UInt32Type>() else { return false };
    let Some(texts) = shared.values().as_string_opt::<i32>() else { return false };
    let used: HashSet<u32> = shared.keys().iter().flatten().collect();
    found.extend(used.into_iter().map(|at| at as usize).filter(|at| texts.is_valid(*at)).map(|at| texts.value(at).to_owned()));
    true
}

fn fault(error: ParquetError) -> DataFusionError {
    DataFusionError::ParquetError(Box::new(error))
}
