//! Looks up traces in the indexes of files, a few reads each.

use std::ops::Range;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::LakeFile;
use crate::files::{Damage, TraceDirectory};
use crate::recent::RecentFiles;

/// Bytes read to learn the directory of an index; large ones take a second read.
const HEAD_BYTES: u64 = 16 * 1024;
/// Bytes of directories kept in memory.
const CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The rows of some traces in a file, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceRows {
    /// Exactly these, each with the trace it is of.
    Exact(Vec<(u64, [u8; 16])>),
    /// Among these.
    Among(Vec<Range<u64>>),
}

/// Why the rows of a trace cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceIndexError {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error("the trace index was made for {0} rows")]
    OtherRows(u64),
    #[error("the trace index cannot be read: {0}")]
    Read(#[from] object_store::Error),
}

/// Directories of the indexes read last.
#[derive(Debug)]
pub(crate) struct TraceIndexes(RecentFiles<TraceDirectory>);

impl Default for TraceIndexes {
    fn default() -> Self {
        Self(RecentFiles::new(CACHE_BYTES_MAX))
    }
}

impl TraceIndexes {
    /// The rows of a file that are, or may be, of any of the traces.
    pub(crate) async fn find(
        &self,
        store: &dyn ObjectStore,
        file: &LakeFile,
        ids: &[[u8; 16]],
    ) -> Result<Option<TraceRows>, TraceIndexError> {
        let Some(place) = &file.trace_index else { return Ok(None) };
        let path = Path::from(file.path.as_str());
        let directory = if let Some(directory) = self.0.get(file.data_file_id) {
            directory
        } else {
            let read = read_directory(store, &path, place).await?;
            let bytes = read.memory_bytes();
            self.0.insert(file.data_file_id, read, bytes)
        };
        if directory.rows != file.rows {
            return Err(TraceIndexError::OtherRows(directory.rows));
        }
        let buckets = ids.iter().map(|id| directory.bucket(id)).map(|b| place.start + b.start..place.start + b.end);
        let (ids, buckets): (Vec<_>, Vec<_>) = ids.iter().zip(buckets).filter(|(_, b)| !b.is_empty()).unzip();
        let mut found = Vec::new();
        if !buckets.is_empty() {
            for (id, bytes) in ids.into_iter().zip(store.get_ranges(&path, &buckets).await?) {
                let mut rows = Vec::new();
                directory.find(id, &bytes, &mut rows)?;
                found.extend(rows.into_iter().map(|rows| (rows, *id)));
            }
        }
        if directory.is_exact() {
            let mut rows: Vec<_> = found.into_iter().map(|(row, id)| (row.start, id)).collect();
            // Somebody may ask for the same trace twice.
            rows.sort_unstable();
            rows.dedup();
            return Ok(Some(TraceRows::Exact(rows)));
        }
        Ok(Some(TraceRows::Among(joined(found.into_iter().map(|(rows, _)| rows).collect()))))
    }
}

async fn read_directory(store: &dyn ObjectStore, path: &Path, place: &Range<u64>) -> Result<TraceDirectory, TraceIndexError> {
    let length = place.end.saturating_sub(place.start);
    let read = async |bytes: u64| store.get_range(path, place.start..place.start + bytes).await;
    let mut head = read(length.min(HEAD_BYTES)).await?;
    let size = TraceDirectory::bytes(&head)? as u64;
    if size > HEAD_BYTES && size <= length {
        head = read(size).await?;
    }
    Ok(TraceDirectory::decode(&head, length)?)
}

/// Ranges in order, without overlaps.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|r| r.start);
    let mut out: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut().filter(|last| last.end >= range.start) {
            Some(last) => last.end = last.end.max(range.end),
            None => out.push(range),
        }
    }
    out
}
