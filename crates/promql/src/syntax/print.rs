//! Trees as text, on one line, in the form Prometheus prints them.

use std::fmt;

use super::ast::{At, Cardinality, DurationExpr, Expr, ExprKind, Grouping, Matching, Modifier, Selector, TimeShift};
use crate::duration::format_duration;
use crate::labels::{METRIC_NAME, is_legacy_label_name, is_legacy_metric_name};
use crate::matcher::MatchOp;
use crate::number::{format_general, quote};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(value) => f.write_str(&format_general(*value)),
            ExprKind::String(text) => f.write_str(&quote(text)),
            ExprKind::Selector(selector) => write!(f, "{}{}", SelectorHead(selector), selector_tail(selector)),
            ExprKind::Matrix { selector, range } => {
                write!(f, "{}[{range}]{}", SelectorHead(selector), selector_tail(selector))
            }
            ExprKind::Subquery { expr, .. } => write!(f, "{expr}{}", subquery_tail(self)),
            ExprKind::Unary { negate, expr } => write!(f, "{}{expr}", if *negate { '-' } else { '+' }),
            ExprKind::Paren(expr) => write!(f, "({expr})"),
            ExprKind::Binary { left, right, .. } => write!(f, "{left} {} {right}", operator(self)),
            ExprKind::Aggregate { parameter, expr, .. } => {
                write!(f, "{}(", aggregate_head(self))?;
                if let Some(parameter) = parameter {
                    write!(f, "{parameter}, ")?;
                }
                write!(f, "{expr})")
            }
            ExprKind::Call { function, arguments } => {
                let shown: Vec<String> = written(arguments).map(ToString::to_string).collect();
                write!(f, "{}({})", function.name, shown.join(", "))
            }
        }
    }
}

/// Arguments without the one that `info` gets when none is written.
pub(super) fn written(arguments: &[Expr]) -> impl Iterator<Item = &Expr> {
    arguments.iter().filter(|argument| argument.span.start < argument.span.end)
}

/// Operator of a binary expression with everything that stands behind it.
pub(super) fn operator(expr: &Expr) -> String {
    let ExprKind::Binary { op, returns_bool, matching, .. } = &expr.kind else { return String::new() };
    let mut text = op.as_str().to_owned();
    if *returns_bool {
        text.push_str(" bool");
    }
    text.push_str(&matching_text(matching));
    text
}

fn matching_text(matching: &Matching) -> String {
    let mut text = String::new();
    if matching.written {
        let word = if matching.on { "on" } else { "ignoring" };
        text.push_str(&format!(" {word} ({})", label_list(&matching.labels)));
    }
    match matching.cardinality {
        Cardinality::ManyToOne => text.push_str(&format!(" group_left ({})", label_list(&matching.include))),
        Cardinality::OneToMany => text.push_str(&format!(" group_right ({})", label_list(&matching.include))),
        Cardinality::OneToOne | Cardinality::ManyToMany => {}
    }
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
    match (matching.fill.left, matching.fill.right) {
        (Some(left), Some(right)) if same(left, right) => text.push_str(&format!(" fill ({})", format_general(left))),
        (left, right) => {
            for (word, value) in [("fill_left", left), ("fill_right", right)] {
                if let Some(value) = value {
                    text.push_str(&format!(" {word} ({})", format_general(value)));
                }
            }
        }
    }
    text
}

/// An aggregation up to its parenthesis.
pub(super) fn aggregate_head(expr: &Expr) -> String {
    let ExprKind::Aggregate { op, grouping: Grouping { without, labels }, .. } = &expr.kind else { return String::new() };
    if *without {
        format!("{} without ({}) ", op.as_str(), label_list(labels))
    } else if labels.is_empty() {
        op.as_str().to_owned()
    } else {
        format!("{} by ({}) ", op.as_str(), label_list(labels))
    }
}

fn label_list(labels: &[String]) -> String {
    let shown: Vec<String> =
        labels.iter().map(|label| if is_legacy_label_name(label) { label.clone() } else { quote(label) }).collect();
    shown.join(", ")
}

/// Brackets of a subquery and what stands behind them.
pub(super) fn subquery_tail(expr: &Expr) -> String {
    let ExprKind::Subquery { range, step, shift, .. } = &expr.kind else { return String::new() };
    let step = step.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("[{range}:{step}]{}", shift_text(shift))
}

struct SelectorHead<'a>(&'a Selector);

impl fmt::Display for SelectorHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selector { name, matchers, .. } = self.0;
        let mut parts = Vec::new();
        if let Some(name) = name {
            // Words that are numbers or operators to the lexer are safe in quotes only.
            if is_legacy_metric_name(name) && !is_reserved(name) {
                f.write_str(name)?;
            } else {
                parts.push(quote(name));
            }
        }
        let of_name = |index: usize| index == 0 && name.is_some();
        for (index, matcher) in matchers.iter().enumerate() {
            if !(of_name(index) && matcher.name == METRIC_NAME && matcher.op == MatchOp::Equal) {
                parts.push(matcher.to_string());
            }
        }
        if !parts.is_empty() || name.is_none() {
            write!(f, "{{{}}}", parts.join(","))?;
        }
        Ok(())
    }
}

fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "inf"
            | "nan"
            | "bool"
            | "on"
            | "ignoring"
            | "group_left"
            | "group_right"
            | "atan2"
            | "and"
            | "or"
            | "unless"
            | "by"
            | "without"
            | "offset"
            | "anchored"
            | "smoothed"
    )
}

fn selector_tail(selector: &Selector) -> String {
    let modifier = match selector.modifier {
        Some(Modifier::Anchored) => " anchored",
        Some(Modifier::Smoothed) => " smoothed",
        None => "",
    };
    format!("{modifier}{}", shift_text(&selector.shift))
}

fn shift_text(shift: &TimeShift) -> String {
    let mut text = match shift.at {
        Some(At::Time(milliseconds)) => format!(" @ {}.{:03}", whole_seconds(milliseconds), milliseconds.unsigned_abs() % 1000),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
        None => String::new(),
    };
    if let Some(offset) = &shift.offset {
        text.push_str(&format!(" offset {offset}"));
    }
    text
}

fn whole_seconds(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "-" } else { "" };
    format!("{sign}{}", milliseconds.unsigned_abs() / 1000)
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(milliseconds) => f.write_str(&format_duration(*milliseconds)),
            Self::Number(value) => f.write_str(&format_general(*value)),
            Self::Step => f.write_str("step()"),
            Self::Range => f.write_str("range()"),
            Self::Min(a, b) => write!(f, "min({a}, {b})"),
            Self::Max(a, b) => write!(f, "max({a}, {b})"),
            Self::Negate(inner) => write!(f, "-{inner}"),
            Self::Paren(inner) => write!(f, "({inner})"),
            Self::Binary(op, a, b) => write!(f, "{a} {} {b}", op.as_str()),
        }
    }
}
