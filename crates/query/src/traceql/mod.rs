//! TraceQL: Tempo's language for traces.
//!
//! [`parse`] reads a query into its tree, with the types of every operator checked; the tree prints
//! back as text that reads as the same tree. A [predicate] of it prunes the lake, [search] loads the
//! traces that are left and evaluates ([eval]) the query on each; [series] makes time series.

pub mod ast;
mod display;
mod error;
pub mod eval;
mod fields;
mod lexer;
mod load;
mod metrics;
mod parser;
pub mod predicate;
pub mod search;
pub mod series;
pub mod spans;
pub mod tags;
#[cfg(test)]
mod tests;
mod types;
pub mod values;

pub use error::SyntaxError;
pub use parser::parse;
