//! From entries and counts to an answer.

mod answer;
mod entries;
mod evaluation;
mod leaf;
mod params;
mod samples;
mod series;
mod vectors;
mod windows;

pub use answer::{Answer, Pairs, Sample, Series, Statistics, Stream, StreamEntry, Value};
pub use evaluation::{Evaluation, Progress};
pub(crate) use leaf::{Leaf, SeriesLabels, leaves};
pub use params::{Params, Pushdown};
