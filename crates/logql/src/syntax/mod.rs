//! The language: tokens, tree, parser, printers.

mod aggregations;
mod ast;
mod check;
mod filters;
mod lexer;
mod parser;
mod pretty;
mod print;
mod stages;

pub use ast::{
    Conversion, Expr, Extraction, Grouping, LabelFormat, LineFilterExpr, LineMatch, LineOperand, LogExpr, LogRange, Matching,
    MetricExpr, NamedMatcher, RangeExpr, RangeOp, Stage, Unwrap, VectorOp,
};
pub(crate) use check::{check, log_exprs};
pub use filters::{Comparison, LabelFilter, Quantity};
pub(crate) use parser::{of_literals, parse};
pub(crate) use pretty::pretty;

pub(crate) use stages::changes_line;
