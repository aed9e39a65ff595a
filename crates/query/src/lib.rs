//! Questions to the lake: SQL text in, rows out, over Parquet files and fresh rows alike.
//!
//! A query sees one snapshot of each table. [`scan`] turns a snapshot into an execution plan that
//! prunes by catalog statistics, trace indexes, row groups and pages; [`sql`] plans and runs
//! statements; [`output`] writes answers as JSON, CSV, Arrow or Parquet. [`traceql`] reads TraceQL,
//! [`promql`] and [`logql`] bring the lake to languages that have crates of their own, and [`search`] reads what people
//! type to find log records.

pub mod error;
mod live;
pub mod logql;
pub mod output;
pub mod promql;
pub mod scan;
pub mod search;
pub mod sql;
pub mod trace;
pub mod traceql;

pub use error::{Position, QueryError};
pub use live::{LiveFilter, live_rows};
pub use logql::{LogTail, LogsAnswer, LogsError};
pub use promql::{Exemplar, ExemplarSeries, MetricMetadata, MetricSamples, MetricsAnswer, MetricsError, Strategy, Translation};
pub use sql::{AttributeKey, QueryConfig, QueryEngine, QueryStats, SqlAnswer, SqlRequest};
pub use trace::Trace;
pub use traceql::search::{FoundTraces, TraceSearch};
