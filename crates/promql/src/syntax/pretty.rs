//! Trees as text over several lines, for people: what fits on a line stays on one.

use super::ast::{Expr, ExprKind};
use super::print::{aggregate_head, operator, subquery_tail, written};

/// Widest line before an expression is broken, in characters.
const WIDTH: usize = 100;

/// The text of an expression, broken and indented where it is long.
pub(crate) fn pretty(expr: &Expr) -> String {
    broken(expr, 0)
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

/// The expression, every line behind `level` indents.
fn broken(expr: &Expr, level: usize) -> String {
    let line = format!("{}{expr}", indent(level));
    if line.chars().count() <= WIDTH {
        return line;
    }
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Selector(_) | ExprKind::Matrix { .. } => line,
        ExprKind::Subquery { expr: inner, .. } => format!("{}{}", broken(inner, level), subquery_tail(expr)),
        ExprKind::Unary { negate, expr: inner } => {
            format!("{}{}{}", indent(level), if *negate { '-' } else { '+' }, broken(inner, level).trim_start())
        }
        ExprKind::Paren(inner) => format!("{0}(\n{1}\n{0})", indent(level), broken(inner, level + 1)),
        ExprKind::Binary { left, right, .. } => {
            format!("{}\n{}{}\n{}", broken(left, level + 1), indent(level), operator(expr), broken(right, level + 1))
        }
        ExprKind::Aggregate { parameter, expr: inner, .. } => {
            let parts = parameter.iter().map(|p| &**p).chain([&**inner]);
            listed(&aggregate_head(expr), parts, level)
        }
        ExprKind::Call { function, arguments } => listed(function.name, written(arguments), level),
    }
}

fn listed<'a>(head: &str, parts: impl Iterator<Item = &'a Expr>, level: usize) -> String {
    let parts: Vec<String> = parts.map(|part| broken(part, level + 1)).collect();
    format!("{0}{head}(\n{1}\n{0})", indent(level), parts.join(",\n"))
}
