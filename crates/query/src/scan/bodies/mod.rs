//! Filters on bodies of logs: only rows are read that may pass them, as far as the token indexes of files tell.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use luneta_store::{BodyFilter, LakeFile, Needle, Store, TraceRows};
use parquet::arrow::arrow_reader::RowSelection;

use super::traces::{self, Picked, TraceId};

mod patterns;

pub(crate) use patterns::of_regex;

/// Files looked into at once.
const LOOKUPS_MAX: usize = 8;
/// Of a file of which more than these quarters remain, all is read.
pub(crate) const QUARTERS_MAX: usize = 3;

/// What rows must be to pass filters, as far as indexes know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RowFilter {
    /// Their bodies.
    Bodies(BodyFilter),
    /// Their traces.
    Traces(Vec<TraceId>),
    /// Everything of these.
    All(Vec<RowFilter>),
    /// At least one of these.
    Any(Vec<RowFilter>),
}

impl RowFilter {
    /// What all of these filters ask for.
    pub(crate) fn of(filters: &[Expr]) -> Self {
        all(filters.iter().map(of_expr).collect())
    }

    /// Whether it can leave any row out.
    pub(crate) fn is_selective(&self) -> bool {
        match self {
            RowFilter::Bodies(filter) => filter.is_selective(),
            RowFilter::Traces(_) => true,
            RowFilter::All(parts) => parts.iter().any(Self::is_selective),
            RowFilter::Any(parts) => parts.iter().all(Self::is_selective),
        }
    }

    /// The rows of a file that may pass; no other row does. `None` where no index tells.
    pub(crate) fn rows<'a>(&'a self, store: &'a Store, file: &'a LakeFile) -> BoxFuture<'a, Option<RowSelection>> {
        let total = file.rows as usize;
        let selection = move |ranges: Vec<std::ops::Range<u64>>| {
            RowSelection::from_consecutive_ranges(ranges.into_iter().map(|r| r.start as usize..r.end as usize), total)
        };
        async move {
            match self {
                RowFilter::Bodies(filter) if !filter.is_selective() => None,
                RowFilter::Bodies(filter) => store.find_bodies(file, filter).await.map(selection),
                RowFilter::Traces(_) if traces::lacks_traces(file) => Some(selection(Vec::new())),
                RowFilter::Traces(ids) => store.find_traces(file, ids).await.map(|found| match found {
                    TraceRows::Exact(rows) => selection(rows.into_iter().map(|(row, _)| row..row + 1).collect()),
                    TraceRows::Among(ranges) => selection(ranges),
                }),
                RowFilter::All(parts) => {
                    let mut left: Option<RowSelection> = None;
                    for part in parts {
                        left = match (left, part.rows(store, file).await) {
                            (Some(left), Some(rows)) => Some(left.intersection(&rows)),
                            (left, rows) => left.or(rows),
                        };
                    }
                    left
                }
                RowFilter::Any(parts) => {
                    let mut found = selection(Vec::new());
                    for part in parts {
                        found = found.union(&part.rows(store, file).await?);
                    }
                    Some(found)
                }
            }
        }
        .boxed()
    }
}

/// Leaves out files, and rows of files, that cannot pass.
pub(super) async fn pick(
    store: &Arc<Store>,
    footers: &Arc<FileMetadataCache>,
    files: Vec<Picked>,
    wanted: &Arc<RowFilter>,
) -> Vec<Picked> {
    if !wanted.is_selective() {
        return files;
    }
    let look = |file| look(Arc::clone(store), Arc::clone(footers), file, Arc::clone(wanted));
    stream::iter(files.into_iter().map(look)).buffered(LOOKUPS_MAX).filter_map(std::future::ready).collect().await
}

async fn look(store: Arc<Store>, footers: Arc<FileMetadataCache>, file: Picked, wanted: Arc<RowFilter>) -> Option<Picked> {
    let Some(rows) = wanted.rows(&store, &file.file).await else { return Some(file) };
    let (left, total) = (rows.row_count(), file.file.rows as usize);
    if left == 0 {
        return None;
    }
    if left * 4 > total * QUARTERS_MAX {
        return Some(file);
    }
    let picked = file.among(rows);
    traces::load_page_index(&store, &footers, &picked).await;
    Some(picked)
}

fn all(parts: Vec<RowFilter>) -> RowFilter {
    joined(parts, BodyFilter::All, RowFilter::All)
}

fn any(parts: Vec<RowFilter>) -> RowFilter {
    joined(parts, BodyFilter::Any, RowFilter::Any)
}

/// Where all parts are about bodies, they are looked up together.
fn joined(
    mut parts: Vec<RowFilter>,
    bodies: fn(Vec<BodyFilter>) -> BodyFilter,
    rows: fn(Vec<RowFilter>) -> RowFilter,
) -> RowFilter {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let of_bodies = parts.iter().map(|part| match part {
        RowFilter::Bodies(filter) => Some(filter.clone()),
        _ => None,
    });
    match of_bodies.collect() {
        Some(filters) => RowFilter::Bodies(bodies(filters)),
        None => rows(parts),
    }
}

fn of_expr(filter: &Expr) -> RowFilter {
    if let Some(ids) = traces::wanted(std::slice::from_ref(filter)) {
        return RowFilter::Traces(ids);
    }
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => all(vec![of_expr(left), of_expr(right)]),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => any(vec![of_expr(left), of_expr(right)]),
        Expr::IsTrue(inner) => of_expr(inner),
        other => RowFilter::Bodies(of_bodies(other).unwrap_or(BodyFilter::Anything)),
    }
}

/// What one condition asks of bodies; `None` when it says nothing of them.
fn of_bodies(filter: &Expr) -> Option<BodyFilter> {
    match filter {
        Expr::Like(Like { negated: false, expr, pattern, case_insensitive, .. }) => {
            let lowers = body(expr)?;
            Some(patterns::of_like(literal(pattern)?, *case_insensitive || lowers))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => of_binary(left, *op, right),
        Expr::InList(InList { expr, list, negated: false }) => {
            let lowers = body(expr)?;
            let values: Option<Vec<_>> = list.iter().map(|value| Some(whole(literal(value)?, lowers))).collect();
            Some(BodyFilter::Any(values?))
        }
        Expr::ScalarFunction(call) => of_call(call),
        _ => None,
    }
}

fn of_binary(left: &Expr, op: Operator, right: &Expr) -> Option<BodyFilter> {
    use Operator::{Eq, Gt, GtEq, ILikeMatch, LikeMatch, NotEq, RegexIMatch, RegexMatch};
    match op {
        Eq if body(right).is_some() => Some(whole(literal(left)?, body(right)?)),
        Eq => Some(whole(literal(right)?, body(left)?)),
        LikeMatch | ILikeMatch => Some(patterns::of_like(literal(right)?, body(left)? || op == ILikeMatch)),
        RegexMatch | RegexIMatch => {
            let lowers = body(left)?;
            Some(of_regex(literal(right)?, lowers || op == RegexIMatch))
        }
        // Where in the body a text stands: 0 for nowhere.
        Gt | NotEq | GtEq => {
            let Expr::ScalarFunction(call) = left else { return None };
            let Expr::Literal(bound, _) = right else { return None };
            let least = i64::from(op == GtEq);
            let found = bound.cast_to(&arrow::datatypes::DataType::Int64).ok()? == ScalarValue::Int64(Some(least));
            (found && call.func.name() == "strpos").then(|| part(call)).flatten()
        }
        _ => None,
    }
}

fn of_call(call: &ScalarFunction) -> Option<BodyFilter> {
    let bound = |at_start, at_end| match part(call)? {
        BodyFilter::Text(needle) => Some(BodyFilter::Text(Needle { at_start, at_end, ..needle })),
        other => Some(other),
    };
    match call.func.name() {
        "contains" => part(call),
        "starts_with" => bound(true, false),
        "ends_with" => bound(false, true),
        "regexp_like" => {
            let [text, pattern, flags @ ..] = call.args.as_slice() else { return None };
            let ignores_case = match flags {
                [] => false,
                [flags] if literal(flags)? == "i" => true,
                _ => return None,
            };
            Some(of_regex(literal(pattern)?, body(text)? || ignores_case))
        }
        _ => None,
    }
}

/// A text as the second argument of a function of the body.
fn part(call: &ScalarFunction) -> Option<BodyFilter> {
    let [text, part] = call.args.as_slice() else { return None };
    Some(BodyFilter::Text(Needle::anywhere(literal(part)?, body(text)?)))
}

fn whole(text: &str, ignores_case: bool) -> BodyFilter {
    BodyFilter::Text(Needle { text: text.to_owned(), at_start: true, at_end: true, ignores_case })
}

/// Whether small letters are made of capitals, where an expression is the body.
fn body(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Column(column) => (column.name == "body").then_some(false),
        Expr::Cast(cast) if is_text(cast.field.data_type()) => body(&cast.expr),
        Expr::ScalarFunction(call) if call.func.name() == "lower" => call.args.first().and_then(body).map(|_| true),
        _ => None,
    }
}

fn is_text(data_type: &arrow::datatypes::DataType) -> bool {
    use arrow::datatypes::DataType::{LargeUtf8, Utf8, Utf8View};
    matches!(data_type, Utf8 | LargeUtf8 | Utf8View)
}

fn literal(expr: &Expr) -> Option<&str> {
    let Expr::Literal(value, _) = expr else { return None };
    value.try_as_str().flatten()
}

#[cfg(test)]
mod tests;
