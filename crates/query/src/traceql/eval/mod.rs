//! Evaluation: which spansets of a trace a query gives.

mod fields;
mod pipeline;
mod structure;
#[cfg(test)]
mod tests;
mod trace;
mod value;

pub use fields::{Expr, Fields, Place as FieldPlace, anchored};
pub use pipeline::{Plan, Spanset};
pub use trace::{EvalSpan, EvalTrace, Place};
pub use value::Value;
