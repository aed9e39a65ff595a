//! Which rows of which columns have a value, as far as the page index tells.

use std::collections::HashMap;
use std::ops::Range;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;

/// How many row groups hold any of `rows`, which are in order.
pub(super) fn row_groups(metadata: &ParquetMetaData, rows: &[usize]) -> usize {
    let mut end = 0;
    let ends = metadata.row_groups().iter().map(|group| {
        end += usize::try_from(group.num_rows()).unwrap_or(0);
        rows.partition_point(|row| *row < end)
    });
    let mut before = 0;
    ends.filter(|at| std::mem::replace(&mut before, *at) < *at).count()
}

/// Where the root columns of a file have values, in rows that are in order.
#[derive(Debug)]
pub(super) struct Live<'a> {
    metadata: &'a ParquetMetaData,
    rows: &'a [usize],
    /// Row groups that hold any of the rows: which, its first row, and which of the rows.
    groups: Vec<(usize, usize, Range<usize>)>,
    /// The leaves of each root column.
    leaves: Vec<Range<usize>>,
    known: HashMap<usize, Vec<bool>>,
}

impl<'a> Live<'a> {
    pub(super) fn new(metadata: &'a ParquetMetaData, rows: &'a [usize]) -> Self {
        let schema = metadata.file_metadata().schema_descr();
        let mut leaves: Vec<Range<usize>> = vec![0..0; schema.root_schema().get_fields().len()];
        for leaf in 0..schema.num_columns() {
            let of = &mut leaves[schema.get_column_root_idx(leaf)];
            *of = if of.end == 0 { leaf..leaf + 1 } else { of.start..leaf + 1 };
        }
        let (mut groups, mut first, mut at) = (Vec::new(), 0, 0);
        for (group, group_metadata) in metadata.row_groups().iter().enumerate() {
            let end = first + usize::try_from(group_metadata.num_rows()).unwrap_or(0);
            let inside = at..at + rows[at..].partition_point(|row| *row < end);
            let next = inside.end;
            if !inside.is_empty() {
                groups.push((group, first, inside));
            }
            (first, at) = (end, next);
        }
        Self { metadata, rows, groups, leaves, known: HashMap::new() }
    }

    pub(super) fn rows(&self) -> &'a [usize] {
        self.rows
    }

    /// For each row: whether any leaf of a root column may have a value there. Rows whose pages hold
    /// nothing but nulls (or empty lists) are `false`.
    pub(super) fn of(&mut self, root: usize) -> &[bool] {
        let Self { metadata, rows, groups, leaves, known } = self;
        known.entry(root).or_insert_with(|| {
            let mut live = vec![false; rows.len()];
            for (group, first, inside) in groups {
                for leaf in leaves.get(root).cloned().unwrap_or_default() {
                    mark(metadata, *group, leaf, *first, &rows[inside.clone()], &mut live[inside.clone()]);
                }
            }
            live
        })
    }
}

/// Marks the rows of one column chunk that lie on pages with values. `first` is the row group's
/// first row.
fn mark(metadata: &ParquetMetaData, group: usize, leaf: usize, first: usize, rows: &[usize], live: &mut [bool]) {
    let (Some(column), Some(pages)) = (column_index(metadata, group, leaf), pages(metadata, group, leaf)) else {
        return live.fill(true);
    };
    let (mut page, mut page_end) = (0, 0);
    for (row, live) in rows.iter().map(|row| row - first).zip(live) {
        if row >= page_end {
            let next = pages.partition_point(|p| usize::try_from(p.first_row_index).is_ok_and(|start| start <= row));
            page = next.saturating_sub(1);
            page_end = pages.get(next).map_or(usize::MAX, |p| usize::try_from(p.first_row_index).unwrap_or(usize::MAX));
        }
        *live |= page >= column.num_pages() as usize || !column.is_null_page(page);
    }
}

fn column_index(metadata: &ParquetMetaData, group: usize, leaf: usize) -> Option<&ColumnIndexMetaData> {
    metadata.column_index()?.get(group)?.get(leaf).filter(|index| !matches!(index, ColumnIndexMetaData::NONE))
}

fn pages(metadata: &ParquetMetaData, group: usize, leaf: usize) -> Option<&[PageLocation]> {
    Some(metadata.offset_index()?.get(group)?.get(leaf)?.page_locations())
}

/// The row groups that hold any of `rows`, which are in order, and what is read of each.
pub(super) fn plan(metadata: &ParquetMetaData, rows: &[usize]) -> Vec<(usize, RowSelection)> {
    let mut out = Vec::new();
    let (mut first, mut at) = (0, 0);
    for (group, group_metadata) in metadata.row_groups().iter().enumerate() {
        let total = usize::try_from(group_metadata.num_rows()).unwrap_or(0);
        let inside = rows[at..].partition_point(|row| *row < first + total);
        if inside > 0 {
            let runs = rows[at..at + inside].chunk_by(|a, b| a + 1 == *b);
            let runs = runs.filter_map(|run| Some(*run.first()? - first..run.last()? + 1 - first));
            out.push((group, RowSelection::from_consecutive_ranges(runs, total)));
        }
        (first, at) = (first + total, at + inside);
    }
    out
}

/// The bytes of a row group that hold these rows of the leaves in a mask, and their dictionaries.
pub(super) fn bytes(metadata: &ParquetMetaData, group: usize, mask: &ProjectionMask, rows: &RowSelection) -> Vec<Range<u64>> {
    let mut out = Vec::new();
    for (leaf, column) in metadata.row_group(group).columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf)) {
        let (start, length) = column.byte_range();
        match pages(metadata, group, leaf) {
            Some(pages) => {
                let dictionary_end = pages.first().and_then(|page| u64::try_from(page.offset).ok());
                out.extend(dictionary_end.map(|end| start..end).filter(|range| range.start < range.end));
                out.extend(rows.scan_ranges(pages));
            }
            None => out.push(start..start + length),
        }
    }
    out
}

/// The leaf of a root column with the fewest bytes.
pub(super) fn smallest_leaf(metadata: &ParquetMetaData, root: usize) -> Option<usize> {
    let schema = metadata.file_metadata().schema_descr();
    let leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
    leaves.min_by_key(|leaf| metadata.row_groups().iter().map(|group| group.column(*leaf).compressed_size()).sum::<i64>())
}

/// Root columns that have values in the same rows, to be read together. `live` says for each root
/// column in which rows it has any.
pub(super) fn groups(roots: &[usize], live: Vec<Vec<bool>>) -> Vec<(Vec<bool>, Vec<usize>)> {
    let mut groups: HashMap<Vec<bool>, Vec<usize>> = HashMap::new();
    for (root, live) in roots.iter().zip(live) {
        groups.entry(live).or_default().push(*root);
    }
    groups.into_iter().collect()
}
