//! What the grammar does not see.

use super::ast::{Expr, LogExpr, MetricExpr};
use crate::error::LogqlError;
use crate::pipeline::Pipeline;

const NO_MATCHER: &str = "queries require at least one regexp or equality matcher that does not have an empty-compatible value. \
                          For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will";

/// Finds the first fault of a tree: selectors that anything matches, stages that cannot be made.
pub(crate) fn check(expr: &Expr) -> Result<(), LogqlError> {
    for log in log_exprs(expr) {
        if log.matchers.iter().all(|matcher| matcher.matches("")) {
            return Err(LogqlError::whole(NO_MATCHER));
        }
        Pipeline::check(&log.stages).map_err(LogqlError::whole)?;
    }
    Ok(())
}

/// All parts of a query that select entries, in the order they are written.
pub(crate) fn log_exprs(expr: &Expr) -> Vec<&LogExpr> {
    let mut found = Vec::new();
    match expr {
        Expr::Log(log) => found.push(log),
        Expr::Metric(metric) => of_metric(metric, &mut found),
    }
    found
}

fn of_metric<'a>(metric: &'a MetricExpr, found: &mut Vec<&'a LogExpr>) {
    match metric {
        MetricExpr::Range(range) => found.push(&range.range.log),
        MetricExpr::Variants { variants, of } => {
            for variant in variants {
                of_metric(variant, found);
            }
            found.push(&of.log);
        }
        _ => metric.children().into_iter().for_each(|child| of_metric(child, found)),
    }
}
