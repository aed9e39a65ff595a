//! Queries for traces by id read only the rows that the trace indexes of files name.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use futures::{StreamExt as _, stream};
use luneta_store::{LakeFile, Store, TraceRows};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::PageIndexPolicy;

/// Looking up more ids than this costs more than reading the files.
const IDS_MAX: usize = 256;
/// Files looked into at once.
const LOOKUPS_MAX: usize = 8;

/// Rows of a file that are read one by one; more are read by an ordinary scan.
const ROWS_FEW: usize = 65_536;

/// A trace id as files hold it.
pub type TraceId = [u8; 16];

/// A file to read.
#[derive(Debug, Clone)]
pub struct Picked {
    /// The file.
    pub file: Arc<LakeFile>,
    /// The rows that can pass the filters, where an index names them.
    rows: Option<Rows>,
    /// The rows among which they are, where another index rules some out.
    among: Option<RowSelection>,
}

#[derive(Debug, Clone)]
enum Rows {
    /// These, each with its trace.
    Exact(Vec<(usize, TraceId)>),
    /// Among these.
    Among(RowSelection),
}

impl Rows {
    fn count(&self) -> usize {
        match self {
            Rows::Exact(rows) => rows.len(),
            Rows::Among(rows) => rows.row_count(),
        }
    }

    fn selection(&self, total: usize) -> RowSelection {
        match self {
            Rows::Exact(rows) => RowSelection::from_consecutive_ranges(rows.iter().map(|(row, _)| *row..row + 1), total),
            Rows::Among(rows) => rows.clone(),
        }
    }
}

impl Picked {
    /// Whether an index names so few rows of the file that they are best read one by one.
    pub fn is_few(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.count() <= ROWS_FEW)
    }

    /// How many rows can pass the filters.
    pub fn row_count(&self) -> usize {
        self.rows.as_ref().map_or(self.file.rows as usize, Rows::count)
    }

    /// The rows the index names, in order.
    pub fn rows(&self) -> Vec<usize> {
        match &self.rows {
            Some(Rows::Exact(rows)) => rows.iter().map(|(row, _)| *row).collect(),
            Some(Rows::Among(rows)) => selected(rows).collect(),
            None => Vec::new(),
        }
    }

    /// The traces of [`Picked::rows`], where the index knows them.
    pub fn traces(&self) -> Option<impl Iterator<Item = &TraceId>> {
        match &self.rows {
            Some(Rows::Exact(rows)) => Some(rows.iter().map(|(_, id)| id)),
            _ => None,
        }
    }

    /// Leaves deleted rows out. `left` are the rows that are not deleted.
    pub fn keep(&mut self, left: Option<&RowSelection>) {
        match (&mut self.rows, left) {
            (Some(Rows::Exact(rows)), Some(left)) => {
                let mut left = selected(left).peekable();
                rows.retain(|(row, _)| {
                    while left.next_if(|at| at < row).is_some() {}
                    left.peek() == Some(row)
                });
            }
            (Some(Rows::Among(rows)), Some(left)) => *rows = rows.intersection(left),
            _ => {}
        }
    }

    /// The same file, of which only these rows are read.
    pub fn among(self, rows: RowSelection) -> Self {
        let among = Some(match self.among {
            Some(known) => known.intersection(&rows),
            None => rows,
        });
        Self { among, ..self }
    }

    /// The file as scans take it. `left` are the rows that are not deleted.
    pub fn partitioned(&self, left: Option<&RowSelection>) -> PartitionedFile {
        let file = PartitionedFile::new(self.file.path.clone(), self.file.size);
        let rows = self.rows.as_ref().map(|rows| rows.selection(self.file.rows as usize));
        let rows = [self.among.as_ref(), left].into_iter().flatten().fold(rows, |rows, other| match rows {
            Some(rows) => Some(rows.intersection(other)),
            None => Some(other.clone()),
        });
        match rows {
            Some(rows) => file.with_extension(ParquetRowSelection::new(rows)),
            None => file,
        }
    }
}

/// The rows of a selection, in order.
fn selected(rows: &RowSelection) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    rows.iter().flat_map(move |selector| {
        let start = at;
        at += selector.row_count;
        if selector.skip { 0..0 } else { start..at }
    })
}

/// The traces that every row passing these filters belongs to; `None` when the filters do not say,
/// or name too many.
pub fn wanted(filters: &[Expr]) -> Option<Vec<TraceId>> {
    filters.iter().find_map(ids).filter(|ids| ids.len() <= IDS_MAX)
}

fn ids(filter: &Expr) -> Option<Vec<TraceId>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => ids(left).or_else(|| ids(right)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => Some([ids(left)?, ids(right)?].concat()),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_trace_id(left) => literals([right.as_ref()]),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_trace_id(right) => literals([left.as_ref()]),
        Expr::InList(InList { expr, list, negated: false }) if is_trace_id(expr) => literals(list),
        _ => None,
    }
}

fn is_trace_id(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == "trace_id")
}

/// Nothing equals a null, so nulls stand for no trace.
fn literals<'a>(list: impl IntoIterator<Item = &'a Expr>) -> Option<Vec<TraceId>> {
    let mut out = Vec::new();
    for expr in list {
        match expr {
            Expr::Literal(ScalarValue::FixedSizeBinary(16, Some(id)), _) => out.push(id.as_slice().try_into().ok()?),
            Expr::Literal(ScalarValue::FixedSizeBinary(16, None) | ScalarValue::Null, _) => {}
            _ => return None,
        }
    }
    Some(out)
}

/// The files that may hold a row of the traces. Without ids, all of them.
pub async fn pick(
    store: &Arc<Store>,
    footers: &Arc<FileMetadataCache>,
    files: Vec<Arc<LakeFile>>,
    ids: Option<&[TraceId]>,
) -> Vec<Picked> {
    let Some(ids) = ids else { return files.into_iter().map(|file| Picked { file, rows: None, among: None }).collect() };
    let ids: Arc<[TraceId]> = ids.into();
    let look = |file| look(Arc::clone(store), Arc::clone(footers), file, Arc::clone(&ids));
    stream::iter(files.into_iter().map(look)).buffered(LOOKUPS_MAX).filter_map(std::future::ready).collect().await
}

/// Whether no row of the file has a trace: a file of ours lacks the column then.
pub fn lacks_traces(file: &LakeFile) -> bool {
    file.ours && !file.stats.is_empty() && !file.stats.contains_key("trace_id")
}

async fn look(store: Arc<Store>, footers: Arc<FileMetadataCache>, file: Arc<LakeFile>, ids: Arc<[TraceId]>) -> Option<Picked> {
    if lacks_traces(&file) {
        return None;
    }
    let rows = match store.find_traces(&file, &ids).await {
        None => return Some(Picked { file, rows: None, among: None }),
        Some(TraceRows::Exact(rows)) => Rows::Exact(rows.into_iter().map(|(row, id)| (row as usize, id)).collect()),
        Some(TraceRows::Among(ranges)) => {
            let ranges = ranges.into_iter().map(|r| r.start as usize..r.end as usize);
            Rows::Among(RowSelection::from_consecutive_ranges(ranges, file.rows as usize))
        }
    };
    if rows.count() == 0 {
        return None;
    }
    let picked = Picked { file, rows: Some(rows), among: None };
    load_page_index(&store, &footers, &picked).await;
    Some(picked)
}

/// Puts the footer with its page index into the cache. Readers leave the page index out unless it
/// holds bounds of the filtered columns; without it they fetch whole row groups for a few rows.
pub async fn load_page_index(store: &Store, footers: &Arc<FileMetadataCache>, picked: &Picked) {
    let (store, meta) = (store.object_store(), picked.partitioned(None).object_meta);
    // Readers meet the same error, and report it.
    let _ = DFParquetMetadata::new(store.as_ref(), &meta)
        .with_file_metadata_cache(Some(Arc::clone(footers)))
        .with_page_index_policy(Some(PageIndexPolicy::Optional))
        .fetch_metadata()
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{Expr, col, lit};

    fn id(n: u8) -> Expr {
        lit(ScalarValue::FixedSizeBinary(16, Some(vec![n; 16])))
    }

    #[test]
    fn ids_are_found_in_filters() {
        let trace = || col("trace_id");
        let null = || lit(ScalarValue::FixedSizeBinary(16, None));
        let other = || col("name").eq(lit("x"));
        let cases: [(Expr, Option<&[u8]>); 14] = [
            (trace().eq(id(1)), Some(&[1])),
            (id(1).eq(trace()), Some(&[1])),
            (trace().eq(null()), Some(&[])),
            (trace().in_list(vec![id(1), null(), id(2)], false), Some(&[1, 2])),
            (trace().eq(id(1)).or(trace().in_list(vec![id(2), id(3)], false)), Some(&[1, 2, 3])),
            (trace().eq(id(1)).and(other()), Some(&[1])),
            (other().and(trace().eq(id(1))), Some(&[1])),
            (trace().eq(id(1)).and(other()).or(trace().eq(id(2))), Some(&[1, 2])),
            (trace().eq(id(1)).or(other()), None),
            (trace().in_list(vec![id(1)], true), None),
            (trace().in_list(vec![id(1), col("span_id")], false), None),
            (trace().not_eq(id(1)), None),
            (trace().gt(id(1)), None),
            (col("span_id").eq(lit(ScalarValue::FixedSizeBinary(8, Some(vec![1; 8])))), None),
        ];
        for (filter, expected) in cases {
            let expected = expected.map(|ids| ids.iter().map(|n| [*n; 16]).collect::<Vec<_>>());
            assert_eq!(wanted(&[other(), filter.clone()]), expected, "{filter}");
        }
        let many = (0..=IDS_MAX).map(|_| id(1)).collect();
        assert_eq!(wanted(&[trace().in_list(many, false)]), None);
    }
}
