//! Rows of a file that are deleted. Those that another writer deleted DuckLake lists in a Parquet file beside the data
//! file.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::file::reader::ChunkReader;

use crate::{DeleteFile, LakeFile, StoreError};

/// The column of a delete file that holds row numbers. The other ones tell which data file is meant,
/// which the catalog knows, and since which snapshot, which the newest one does not ask.
const POSITION: &str = "pos";

/// The deleted rows of one data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletedRows {
    /// In ascending order, apart from each other.
    ranges: Vec<Range<u64>>,
}

impl DeletedRows {
    /// Reads a delete file.
    pub fn read(file: &DeleteFile, content: impl ChunkReader + 'static) -> Result<Self, StoreError> {
        if !file.readable {
            let path = &file.path;
            return Err(StoreError::CatalogContent(format!(
                "deleted rows are listed in {path}, which is no Parquet file of the lake"
            )));
        }
        let builder = ParquetRecordBatchReaderBuilder::try_new(content)?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), [POSITION]);
        let mut rows: Vec<u64> = Vec::new();
        for batch in builder.with_projection(mask).build()? {
            let batch = batch?;
            let positions = batch.column_by_name(POSITION).and_then(|c| c.as_primitive_opt::<Int64Type>());
            let positions = positions.filter(|p| p.null_count() == 0 && p.values().iter().all(|row| *row >= 0));
            let positions = positions.ok_or_else(|| StoreError::CatalogContent(format!("{} lists no rows", file.path)))?;
            rows.extend(positions.values().iter().map(|row| *row as u64));
        }
        Ok(rows.into())
    }

    /// Those of a data file below `lake_dir`; `None` when it has no delete file.
    pub(crate) fn of(lake_dir: &Path, file: &LakeFile) -> Result<Option<Self>, StoreError> {
        let Some(deletes) = &file.deletes else { return Ok(None) };
        let path = lake_dir.join(&deletes.path);
        let content = File::open(&path).map_err(StoreError::io(&path))?;
        Self::read(deletes, content).map(Some)
    }

    /// What is left of the rows `within` of the data file: of all its rows, or of one row group.
    pub fn selection(&self, within: Range<u64>) -> RowSelection {
        let mut selectors = Vec::new();
        let mut at = within.start;
        let first = self.ranges.partition_point(|r| r.end <= within.start);
        for deleted in &self.ranges[first..] {
            let (start, end) = (deleted.start.max(at), deleted.end.min(within.end));
            if start >= end {
                break;
            }
            selectors.push(RowSelector::select((start - at) as usize));
            selectors.push(RowSelector::skip((end - start) as usize));
            at = end;
        }
        selectors.push(RowSelector::select((within.end - at) as usize));
        selectors.into()
    }
}

impl DeletedRows {
    /// Those of either.
    pub(crate) fn union(self, other: Self) -> Self {
        let mut ranges = self.ranges;
        ranges.extend(other.ranges);
        Self::of_ranges(ranges)
    }

    /// Whether a row is among them.
    pub(crate) fn contains(&self, row: u64) -> bool {
        let at = self.ranges.partition_point(|range| range.end <= row);
        self.ranges.get(at).is_some_and(|range| range.start <= row)
    }

    fn of_ranges(mut all: Vec<Range<u64>>) -> Self {
        all.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for range in all {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        Self { ranges }
    }
}

impl From<Vec<u64>> for DeletedRows {
    fn from(rows: Vec<u64>) -> Self {
        Self::of_ranges(rows.into_iter().map(|row| row..row + 1).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_range() {
        let cases: [(&[u64], Range<u64>, &[u64]); 8] = [
            (&[], 0..3, &[0, 1, 2]),
            (&[], 0..0, &[]),
            (&[0, 1, 2], 0..3, &[]),
            (&[1], 0..3, &[0, 2]),
            (&[5, 3, 4, 4, 9], 0..10, &[0, 1, 2, 6, 7, 8]),
            (&[0, 3, 4, 5, 9], 4..8, &[6, 7]),
            (&[0, 1, 8, 9], 4..8, &[4, 5, 6, 7]),
            (&[2, 3, 100], 2..5, &[4]),
        ];
        for (deleted, within, left) in cases {
            let selection = DeletedRows::from(deleted.to_vec()).selection(within.clone());
            let mut at = within.start;
            let mut found = Vec::new();
            for part in selection.iter() {
                let end = at + part.row_count as u64;
                found.extend((at..end).filter(|_| !part.skip));
                at = end;
            }
            assert_eq!((found.as_slice(), at), (left, within.end), "{deleted:?} within {within:?}");
        }
    }
}
