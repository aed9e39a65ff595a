//! Trees as text on one line, in the form of Loki.

use std::fmt::{self, Write as _};

use luneta_promql::syntax::{BinaryOp, Cardinality};
use luneta_promql::{Matcher, format_duration, format_float, quote};

use super::ast::{
    Expr, Extraction, Grouping, LabelFormat, LineFilterExpr, LogExpr, LogRange, Matching, MetricExpr, NamedMatcher, RangeExpr,
    Stage, Unwrap, VectorOp,
};
use crate::units::go_duration_text;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(log) => log.fmt(f),
            Self::Metric(metric) => metric.fmt(f),
        }
    }
}

/// `{a="b", c=~"d"}`
pub(crate) fn selector_text(matchers: &[Matcher]) -> String {
    let shown: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", shown.join(", "))
}

impl fmt::Display for LogExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&selector_text(&self.matchers))?;
        self.stages.iter().try_for_each(|stage| write!(f, " {stage}"))
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(filter) => filter.fmt(f),
            Self::Label(filter) => write!(f, "| {filter}"),
            Self::Json(extractions) => write!(f, "| json{}", extraction_list(extractions)),
            Self::Logfmt { strict, keep_empty, extractions } => {
                let strict = if *strict { " --strict" } else { "" };
                let keep_empty = if *keep_empty { " --keep-empty" } else { "" };
                write!(f, "| logfmt{strict}{keep_empty}{}", extraction_list(extractions))
            }
            Self::Regexp(expression) => write!(f, "| regexp {}", quote(expression)),
            Self::Pattern(pattern) => write!(f, "| pattern {}", quote(pattern)),
            Self::Unpack => f.write_str("| unpack"),
            Self::LineFormat(template) => write!(f, "| line_format {}", quote(template)),
            Self::LabelFormat(formats) => {
                let shown: Vec<String> = formats.iter().map(format_text).collect();
                write!(f, "| label_format {}", shown.join(","))
            }
            Self::Decolorize => f.write_str("| decolorize"),
            Self::Drop(named) => write!(f, "| drop {}", named_list(named)),
            Self::Keep(named) => write!(f, "| keep {}", named_list(named)),
        }
    }
}

impl fmt::Display for LineFilterExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.as_str())?;
        for (index, operand) in self.alternatives.iter().enumerate() {
            let or = if index > 0 { " or" } else { "" };
            let text = quote(&operand.text);
            if operand.is_ip {
                write!(f, "{or} ip({text})")?;
            } else {
                write!(f, "{or} {text}")?;
            }
        }
        Ok(())
    }
}

fn extraction_list(extractions: &[Extraction]) -> String {
    let shown: Vec<String> = extractions.iter().map(|e| format!("{}={}", e.label, quote(&e.expression))).collect();
    if shown.is_empty() { String::new() } else { format!(" {}", shown.join(",")) }
}

fn format_text(format: &LabelFormat) -> String {
    match format {
        LabelFormat::Rename { to, from } => format!("{to}={from}"),
        LabelFormat::Template { to, template } => format!("{to}={}", quote(template)),
    }
}

fn named_list(named: &[NamedMatcher]) -> String {
    let shown: Vec<String> = named
        .iter()
        .map(|named| match named {
            NamedMatcher::Name(name) => name.clone(),
            NamedMatcher::Matcher(matcher) => matcher.to_string(),
        })
        .collect();
    shown.join(",")
}

impl fmt::Display for Unwrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.conversion.as_str() {
            Some(conversion) => write!(f, "| unwrap {conversion}({})", self.label)?,
            None => write!(f, "| unwrap {}", self.label)?,
        }
        self.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))
    }
}

/// `[5m]`
pub(super) fn range_text(range_ns: i64) -> String {
    format!("[{}]", format_duration(range_ns / 1_000_000))
}

pub(super) fn offset_text(offset_ns: i64) -> String {
    if offset_ns == 0 { String::new() } else { format!(" offset {}", go_duration_text(offset_ns)) }
}

impl fmt::Display for LogRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log.fmt(f)?;
        if let Some(unwrap) = &self.unwrap {
            write!(f, " {unwrap}")?;
        }
        write!(f, "{}{}", range_text(self.range_ns), offset_text(self.offset_ns))
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {} ({})", if self.without { "without" } else { "by" }, self.labels.join(","))
    }
}

impl fmt::Display for RangeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.op.as_str())?;
        if let Some(parameter) = self.parameter {
            write!(f, "{},", format_float(parameter))?;
        }
        write!(f, "{})", self.range)?;
        self.grouping.iter().try_for_each(|grouping| grouping.fmt(f))
    }
}

impl fmt::Display for MetricExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => f.write_str(&format_float(*value)),
            Self::Vector(value) => write!(f, "vector({})", format_float(*value)),
            Self::Range(range) => range.fmt(f),
            Self::Aggregate { expr, .. } => {
                write!(f, "{}({}{expr})", aggregate_head(self), count_text(self))
            }
            Self::Binary { op, matching, left, right } => write!(f, "({left} {} {right})", operator(*op, matching)),
            Self::LabelReplace { expr, target, replacement, source, regex } => {
                let texts = [target, replacement, source, regex].map(|text| quote(text));
                write!(f, "label_replace({expr},{})", texts.join(","))
            }
            Self::Variants { variants, of } => {
                let shown: Vec<String> = variants.iter().map(ToString::to_string).collect();
                write!(f, "variants({}) of ({of})", shown.join(", "))
            }
        }
    }
}

/// `sum by (a)`
pub(super) fn aggregate_head(expr: &MetricExpr) -> String {
    let MetricExpr::Aggregate { op, grouping, .. } = expr else { return String::new() };
    let grouping = match (op, grouping) {
        // A sort has no groups, even where an empty list is written.
        (VectorOp::Sort | VectorOp::SortDesc, _) | (_, None) => String::new(),
        (_, Some(grouping)) if grouping.is_single() => String::new(),
        (_, Some(grouping)) => grouping.to_string(),
    };
    format!("{}{grouping}", op.as_str())
}

/// `5,`
fn count_text(expr: &MetricExpr) -> String {
    match expr {
        MetricExpr::Aggregate { count: Some(count), .. } => format!("{count},"),
        _ => String::new(),
    }
}

/// An operator with what stands behind it.
pub(super) fn operator(op: BinaryOp, matching: &Matching) -> String {
    let mut text = op.as_str().to_owned();
    if matching.returns_bool {
        text.push_str(" bool");
    }
    let Some(labels) = &matching.labels else { return text };
    let word = if matching.on { "on" } else { "ignoring" };
    let _ = write!(text, " {word} ({})", labels.join(","));
    let group = match matching.cardinality {
        Cardinality::ManyToOne => "group_left",
        Cardinality::OneToMany => "group_right",
        Cardinality::OneToOne | Cardinality::ManyToMany => return text,
    };
    let _ = write!(text, " {group} ({})", matching.include.join(","));
    text
}
