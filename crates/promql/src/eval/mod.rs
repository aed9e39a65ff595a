//! From tree and series to an answer, column by column.

mod aggregate;
mod answer;
mod binary;
pub(crate) mod bodies;
mod calls;
mod classic;
mod elements;
mod evaluator;
mod grid;
mod growth;
mod histogram_sums;
mod info;
mod invariant;
mod label_functions;
mod matching;
mod params;
mod ranked;
mod selectors;
mod sets;
mod sorting;
mod value;

pub use answer::{Answer, Range, Statistics, Value, VectorSample};
pub(crate) use evaluator::evaluate;
pub(crate) use grid::{Grid, resolve_duration, subquery_grid};
pub use params::{Limits, Params};
