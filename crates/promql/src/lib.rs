//! PromQL, from text to answers, over series in memory.
//!
//! ```text
//! text -> Query -> selections (what to fetch) -> the caller's series -> Answer
//! ```
//!
//! The crate knows no storage and no clock: [`Query::parse`] reads a text, [`Query::selections`] says
//! which series over which time it needs, the caller fetches them, and [`Query::evaluate`] computes,
//! synchronously and without any IO. A range query is computed series by series over all of its steps
//! (columns), so that windows slide and groups are found once.
//!
//! ```
//! use luneta_promql::{Labels, Limits, Params, ParseOptions, Query, Sample, Series, Value};
//!
//! let query = Query::parse("sum by (job) (rate(requests_total[1m]))", &ParseOptions::default())?;
//! let params = Params::instant(60_000);
//! let selection = &query.selections(&params)?[0];
//! assert_eq!((selection.after_ms, selection.until_ms), (0, 60_000));
//!
//! // Here the storage would be asked for series that `selection.matchers` accept.
//! let labels = Labels::new([("__name__", "requests_total"), ("job", "api")]);
//! let fetched = [vec![Series::floats(labels, vec![15_000, 30_000, 45_000, 60_000], vec![100.0, 130.0, 160.0, 190.0])]];
//! let answer = query.evaluate(&fetched, &params, &Limits::default(), &mut || None)?;
//! let Value::Vector(samples) = answer.value else { unreachable!("an instant vector") };
//! assert_eq!(samples[0].labels.to_string(), r#"{job="api"}"#);
//! let Sample::Float(rate) = samples[0].sample else { unreachable!("a float") };
//! assert!((rate - 2.0).abs() < 1e-9);
//! # Ok::<(), luneta_promql::PromqlError>(())
//! ```
//!
//! Semantics are those of Prometheus 3: windows and lookback exclude their start and include their
//! end; native histograms are samples like floats; names are UTF-8.

#![allow(clippy::float_cmp, reason = "the language compares floats exactly")]
#![allow(clippy::format_push_string, reason = "texts of queries are short")]
#![allow(clippy::single_match_else, reason = "a match shows both cases alike")]
#![allow(clippy::similar_names, reason = "sums of x, y, xx and xy are called so everywhere")]

mod annotation;
mod duration;
mod error;
mod eval;
mod functions;
mod histogram;
mod labels;
mod matcher;
mod number;
mod plan;
mod query;
mod regex_dialect;
mod series;
pub mod syntax;

pub use annotation::{Annotation, Annotations, Severity};
pub use duration::{format_duration, parse_duration};
pub use error::{ErrorClass, Interrupt, PromqlError};
pub use eval::{Answer, Limits, Params, Range, Statistics, Value, VectorSample};
pub use functions::{ArgumentType, Function, functions};
pub use histogram::{Bucket, CUSTOM_SCHEMA, CounterResetHint, Histogram};
pub use labels::{BUCKET_LABEL, Labels, METRIC_NAME};
pub use matcher::{MatchOp, Matcher};
pub use number::{format_float, quote};
pub use plan::{Hints, Selection};
pub use query::{ParseOptions, Query, parse_selector};
pub use regex_dialect::go_regex;
pub use series::{FloatColumn, HistogramColumn, STALE_NAN, Sample, Series, SeriesSet, Times, is_stale};
pub use syntax::Span;
