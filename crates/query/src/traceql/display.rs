//! Trees back to text. What is printed reads back as the same tree.

use std::fmt;

use super::ast::{
    Aggregate, Attribute, BinaryOp, Field, FieldExpr, Metrics, MetricsFunction, Pipeline, Query, ScalarExpr, ScalarFilter, Scope,
    SeriesStage, SpansetExpr, Stage, Static,
};
use super::fields::{self, intrinsic};
use super::lexer::is_key;
use super::parser;

/// `a, b, c`.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pipeline)?;
        if let Some(metrics) = &self.metrics {
            write!(f, " | {metrics}")?;
        }
        for (i, (name, value)) in self.hints.iter().enumerate() {
            let before = if i == 0 { " with (" } else { ", " };
            write!(f, "{before}{name}={value}")?;
        }
        f.write_str(if self.hints.is_empty() { "" } else { ")" })
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, stage) in self.stages.iter().enumerate() {
            let pipe = if i == 0 { "" } else { " | " };
            write!(f, "{pipe}{stage}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Spansets(expr) => write!(f, "{expr}"),
            Stage::Scalar(filter) => write!(f, "{filter}"),
            Stage::By(field) => write!(f, "by({field})"),
            Stage::Coalesce => f.write_str("coalesce()"),
            Stage::Select(fields) => write!(f, "select({})", List(fields)),
        }
    }
}

impl fmt::Display for SpansetExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpansetExpr::Filter(None) => f.write_str("{}"),
            SpansetExpr::Filter(Some(expr)) => write!(f, "{{ {expr} }}"),
            SpansetExpr::Pipeline(pipeline) => write!(f, "({pipeline})"),
            SpansetExpr::Binary { op, left, right } => {
                let is_looser = |side: &SpansetExpr, than: u8| matches!(side, SpansetExpr::Binary { op, .. } if parser::spanset_strength(*op) < than);
                let strength = parser::spanset_strength(*op);
                bracketed(f, left, is_looser(left, strength))?;
                write!(f, " {} ", op.sign())?;
                bracketed(f, right, is_looser(right, strength + 1))
            }
        }
    }
}

impl fmt::Display for ScalarFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.op.sign(), self.right)
    }
}

impl fmt::Display for ScalarExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScalarExpr::Static(value) => write!(f, "{value}"),
            ScalarExpr::Aggregate(aggregate) => write!(f, "{aggregate}"),
            ScalarExpr::Pipeline(pipeline, scalar) => write!(f, "({pipeline} | {scalar})"),
            ScalarExpr::Binary { op, left, right } => {
                let (before, behind) = loosest_beside(*op);
                let is_looser = |side: &ScalarExpr, loosest: u8| matches!(side, ScalarExpr::Binary { op, .. } if fields::strength(*op).0 <= loosest);
                bracketed(f, left, is_looser(left, before))?;
                write!(f, " {} ", op.sign())?;
                bracketed(f, right, is_looser(right, behind))
            }
            ScalarExpr::Negative(expr) => {
                f.write_str("-")?;
                bracketed(f, expr, matches!(**expr, ScalarExpr::Binary { .. }))
            }
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aggregate::Count => f.write_str("count()"),
            Aggregate::Min(field) => write!(f, "min({field})"),
            Aggregate::Max(field) => write!(f, "max({field})"),
            Aggregate::Avg(field) => write!(f, "avg({field})"),
            Aggregate::Sum(field) => write!(f, "sum({field})"),
        }
    }
}

impl fmt::Display for FieldExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        field(f, self, 0, false)
    }
}

/// Writes a value that stands where operators bind tighter than `loosest`. Signs before a value take in every
/// tighter operator behind it, so if one follows they stand in brackets.
fn field(f: &mut fmt::Formatter<'_>, expr: &FieldExpr, loosest: u8, tighter_follows: bool) -> fmt::Result {
    let brackets = match expr {
        FieldExpr::Binary { op, .. } => fields::strength(*op).0 <= loosest,
        FieldExpr::Not(_) | FieldExpr::Negative(_) => tighter_follows,
        FieldExpr::Static(value) => tighter_follows && value.is_negative(),
        FieldExpr::Attribute(_) => false,
    };
    if brackets {
        f.write_str("(")?;
        field(f, expr, 0, false)?;
        return f.write_str(")");
    }
    match expr {
        FieldExpr::Static(value) => write!(f, "{value}"),
        FieldExpr::Attribute(attribute) => write!(f, "{attribute}"),
        FieldExpr::Not(inner) => {
            f.write_str("!")?;
            field(f, inner, fields::UNARY, false)
        }
        FieldExpr::Negative(inner) => {
            f.write_str("-")?;
            field(f, inner, fields::UNARY, false)
        }
        FieldExpr::Binary { op, left, right } => {
            let (before, behind) = loosest_beside(*op);
            field(f, left, before, fields::strength(*op).0 > fields::UNARY)?;
            write!(f, " {} ", op.sign())?;
            field(f, right, behind, tighter_follows)
        }
    }
}

/// The loosest operators that need brackets before and behind an operator. There are no more brackets than these:
/// printed text must not be nested deeper than what was read, or it would not be read again.
const fn loosest_beside(op: BinaryOp) -> (u8, u8) {
    let (strength, to_right) = fields::strength(op);
    if to_right { (strength, strength - 1) } else { (strength - 1, strength) }
}

fn bracketed(f: &mut fmt::Formatter<'_>, inner: &impl fmt::Display, brackets: bool) -> fmt::Result {
    if brackets { write!(f, "({inner})") } else { write!(f, "{inner}") }
}

impl fmt::Display for Static {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Static::String(text) => quote(f, text),
            Static::Int(n) => write!(f, "{n}"),
            Static::Float(n) => write!(f, "{n:?}"),
            Static::Bool(b) => write!(f, "{b}"),
            Static::Duration(nanos) => duration(f, *nanos),
            Static::Status(status) => f.write_str(status.word()),
            Static::Kind(kind) => f.write_str(kind.word()),
            Static::Nil => f.write_str("nil"),
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// The largest unit in which the duration is a whole number.
fn duration(f: &mut fmt::Formatter<'_>, nanos: i64) -> fmt::Result {
    const UNITS: [(&str, i64); 6] =
        [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];
    let fits = |(_, size): &&(&str, i64)| nanos % size == 0 && nanos != 0;
    let (unit, size) = UNITS.iter().find(fits).unwrap_or(&("ns", 1));
    write!(f, "{}{unit}", nanos / size)
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scope, key) = match &self.field {
            Field::Intrinsic(intrinsic) if self.parent => return write!(f, "parent.{intrinsic}"),
            Field::Intrinsic(intrinsic) => return write!(f, "{intrinsic}"),
            Field::Key(scope, key) => (scope, key),
        };
        let name = match scope {
            Scope::Any => "",
            Scope::Span => "span",
            Scope::Resource => "resource",
            Scope::Event => "event",
            Scope::Link => "link",
            Scope::Instrumentation => "instrumentation",
        };
        let (parent, dot) = match (self.parent, scope) {
            (true, Scope::Any) => ("parent", ""),
            (true, _) => ("parent", "."),
            (false, _) => ("", ""),
        };
        write!(f, "{parent}{dot}{name}.")?;
        // Behind `parent.`, a key such as `span.x` would be taken for a scope, and `name` for the name.
        let unscoped = self.parent && *scope == Scope::Any;
        // A dot and digits alone are a number.
        let number = !self.parent && *scope == Scope::Any && key.starts_with(|c: char| c.is_ascii_digit());
        let ambiguous = number
            || self.parent && (key.starts_with("span.") || key.starts_with("resource."))
            || unscoped && intrinsic(key).is_some();
        if key.chars().all(is_key) && !ambiguous { f.write_str(key) } else { quote(f, key) }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function)?;
        if !self.by.is_empty() {
            write!(f, " by({})", List(&self.by))?;
        }
        self.stages.iter().try_for_each(|stage| match stage {
            SeriesStage::TopK(n) => write!(f, " | topk({n})"),
            SeriesStage::BottomK(n) => write!(f, " | bottomk({n})"),
            SeriesStage::Compare(op, value) => write!(f, " {} {value}", op.sign()),
        })
    }
}

impl fmt::Display for MetricsFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetricsFunction::Rate => f.write_str("rate()"),
            MetricsFunction::CountOverTime => f.write_str("count_over_time()"),
            MetricsFunction::MinOverTime(field) => write!(f, "min_over_time({field})"),
            MetricsFunction::MaxOverTime(field) => write!(f, "max_over_time({field})"),
            MetricsFunction::AvgOverTime(field) => write!(f, "avg_over_time({field})"),
            MetricsFunction::SumOverTime(field) => write!(f, "sum_over_time({field})"),
            MetricsFunction::HistogramOverTime(field) => write!(f, "histogram_over_time({field})"),
            MetricsFunction::QuantileOverTime(field, quantiles) => {
                write!(f, "quantile_over_time({field}, {})", List(quantiles))
            }
            MetricsFunction::Compare { selection, top, between } => {
                write!(f, "compare({}", SpansetExpr::Filter(selection.clone()))?;
                if let Some(top) = top {
                    write!(f, ", {top}")?;
                }
                if let Some((start, end)) = between {
                    write!(f, ", {start}, {end}")?;
                }
                f.write_str(")")
            }
        }
    }
}
