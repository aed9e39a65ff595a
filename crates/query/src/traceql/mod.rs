//! TraceQL: Tempo's language for traces.
//!
//! [`parse`] reads a query into its tree, with the types of every operator checked; the tree prints
//! back as text that reads as the same tree.

pub mod ast;
mod display;
mod error;
mod fields;
mod lexer;
mod metrics;
mod parser;
#[cfg(test)]
mod tests;
mod types;

pub use error::SyntaxError;
pub use parser::parse;
