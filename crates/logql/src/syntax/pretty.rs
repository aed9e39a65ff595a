//! Trees as text over several lines, for people, as Loki's `format_query` breaks them: what fits on a line
//! stays on one.

use super::ast::{Expr, LogExpr, LogRange, MetricExpr, RangeExpr};
use super::print::{aggregate_head, offset_text, operator, range_text, selector_text};
use luneta_promql::quote;

/// Longest text that is not broken, in bytes.
const WIDTH: usize = 100;

/// The text of an expression, broken and indented where it is long.
pub(crate) fn pretty(expr: &Expr) -> String {
    match expr {
        Expr::Log(log) => log_text(log, 0),
        Expr::Metric(metric) => metric_text(metric, 0),
    }
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

fn log_text(log: &LogExpr, level: usize) -> String {
    let line = log.to_string();
    if line.len() <= WIDTH {
        return format!("{}{line}", indent(level));
    }
    let mut text = format!("{}{}", indent(level), selector_text(&log.matchers));
    for stage in &log.stages {
        text.push_str(&format!("\n{}{stage}", indent(level + 1)));
    }
    text
}

fn range_log_text(range: &LogRange, level: usize) -> String {
    let mut text = log_text(&range.log, level);
    if let Some(unwrap) = &range.unwrap {
        let shown = unwrap.to_string().replace(" | ", &format!("\n{}| ", indent(level + 1)));
        // Only filters stand behind ` | `; quoted texts that contain it are left as they are.
        let shown =
            if unwrap.filters.iter().any(|filter| filter.to_string().contains(" | ")) { unwrap.to_string() } else { shown };
        text.push_str(&format!("\n{}{shown}", indent(level + 1)));
    }
    format!("{text} {}{}", range_text(range.range_ns), offset_text(range.offset_ns))
}

fn range_expr_text(expr: &RangeExpr, level: usize) -> String {
    let margin = indent(level);
    let parameter = expr.parameter.map_or(String::new(), |value| format!("{}{},\n", indent(level + 1), value));
    let grouping = expr.grouping.as_ref().map_or(String::new(), ToString::to_string);
    let inner = range_log_text(&expr.range, level + 1);
    format!("{margin}{}(\n{parameter}{inner}\n{margin}){grouping}", expr.op.as_str())
}

fn metric_text(expr: &MetricExpr, level: usize) -> String {
    let margin = indent(level);
    let line = expr.to_string();
    if line.len() <= WIDTH {
        return format!("{margin}{line}");
    }
    match expr {
        MetricExpr::Literal(_) | MetricExpr::Vector(_) => format!("{margin}{line}"),
        MetricExpr::Range(range) => range_expr_text(range, level),
        MetricExpr::Aggregate { count, expr: inner, .. } => {
            let count = count.map_or(String::new(), |count| format!("{}{count},\n", indent(level + 1)));
            format!("{margin}{}(\n{count}{}\n{margin})", aggregate_head(expr), metric_text(inner, level + 1))
        }
        MetricExpr::Binary { op, matching, left, right } => {
            let sides = [left, right].map(|side| match &**side {
                // The text of a broken operation has no parentheses of its own.
                MetricExpr::Binary { .. } if side.to_string().len() > WIDTH => {
                    format!("{0}(\n{1}\n{0})", indent(level + 1), metric_text(side, level + 2))
                }
                _ => metric_text(side, level + 1),
            });
            format!("{}\n{margin}{}\n{}", sides[0], operator(*op, matching), sides[1])
        }
        MetricExpr::LabelReplace { expr: inner, target, replacement, source, regex } => {
            let mut parts = vec![metric_text(inner, level + 1)];
            parts.extend([target, replacement, source, regex].map(|text| format!("{}{}", indent(level + 1), quote(text))));
            format!("{margin}label_replace(\n{}\n{margin})", parts.join(",\n"))
        }
        MetricExpr::Variants { variants, of } => {
            let parts: Vec<String> = variants.iter().map(|variant| metric_text(variant, level + 1)).collect();
            format!("{margin}variants(\n{}\n{margin}) of (\n{}\n{margin})", parts.join(",\n"), range_log_text(of, level + 1))
        }
    }
}
