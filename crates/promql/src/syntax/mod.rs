//! The language: tokens, tree, parser, types, printers.

mod ast;
mod check;
mod durations;
mod lexer;
mod parser;
mod pretty;
mod print;
mod selectors;
mod tree;

pub use ast::{
    AggregateOp, At, BinaryOp, Cardinality, DurationExpr, Expr, ExprKind, Fill, Grouping, Matching, Modifier, Selector,
    TimeShift, ValueType,
};
pub(crate) use check::value_type;
pub(crate) use lexer::fault;
pub(crate) use parser::{parse, read};
pub(crate) use pretty::pretty;
pub(crate) use tree::tree;

/// A part of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

impl Span {
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Line and column of a byte, counted from 1; columns count characters.
pub(crate) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
