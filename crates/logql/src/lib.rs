//! LogQL, from text to answers, over entries in memory.
//!
//! ```text
//! text -> Query -> plan (what to fetch) -> Evaluation <- the caller's entries and counts -> Answer
//! ```
//!
//! The crate knows no storage and no clock. [`Query::parse`] reads a text, [`Query::plan`] says which entries
//! over which time it needs and what a store may do of the work, and an [`Evaluation`] takes entries one by one,
//! in any order, and keeps no more of them than the answer needs. What is computed over series is PromQL's: the
//! tree above the range aggregations is handed to `luneta-promql`.
//!
//! ```
//! use luneta_logql::{Answer, Entry, Limits, Params, ParseOptions, Pushed, Query, Value};
//! use luneta_promql::Labels;
//!
//! let query = Query::parse(r#"sum by (level) (count_over_time({app="api"} |= "failed" | logfmt [1m]))"#, &ParseOptions::default())?;
//! let params = Params::instant(60_000_000_000);
//! let plan = query.plan(&params)?;
//! let selection = &plan.selections[0];
//!
//! // Here the storage would be asked for entries of streams that `selection.matchers` accept.
//! let stream = Labels::new([("app", "api")]);
//! let lines = ["level=error msg=\"it failed\"", "level=info msg=fine", "level=warn msg=\"failed again\""];
//! let mut evaluation = query.evaluation(&params, &Limits::default())?;
//! for (index, line) in lines.into_iter().enumerate() {
//!     let entry = Entry { time_ns: 1 + index as i64, line, stream: &stream, metadata: &[] };
//!     if selection.line_filters.iter().all(|Pushed { filter, .. }| filter.matches(line)) {
//!         evaluation.push(0, &entry)?;
//!     }
//! }
//! let Answer { value: Value::Vector(samples), .. } = evaluation.finish(&mut || None)? else { unreachable!("a vector") };
//! assert_eq!(samples.len(), 2);
//! assert_eq!((samples[0].labels.to_string().as_str(), samples[0].value), (r#"{level="error"}"#, 1.0));
//! # Ok::<(), luneta_logql::LogqlError>(())
//! ```
//!
//! Semantics are those of Grafana Loki 3.

#![allow(clippy::float_cmp, reason = "the language compares floats exactly")]
#![allow(clippy::format_push_string, reason = "texts of queries are short")]

mod error;
mod eval;
mod limits;
mod pipeline;
mod plan;
mod query;
pub mod syntax;
mod units;

pub use error::LogqlError;
pub use eval::{Answer, Evaluation, Pairs, Params, Progress, Pushdown, Sample, Series, Statistics, Stream, StreamEntry, Value};
pub use limits::Limits;
pub use pipeline::{Category, ERROR_DETAILS_LABEL, ERROR_LABEL, Entry, IpFilter, LineFilter, Pipeline, pattern_texts};
pub use plan::{Counted, Direction, Fold, MetadataNeed, Plan, Pushed, Selection};
pub use query::{ParseOptions, Query, parse_selector};
