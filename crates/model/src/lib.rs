//! What flows through Luneta: the three signals, their Arrow schemas, the [`Batch`] that carries
//! rows of one signal, and the [`Sink`] every stage hands batches to. This crate does no IO.
//!
//! What the store derives from spans has tables of its own ([`Table`]).
//!
//! Names and meanings follow OpenTelemetry. Two schemas exist for each signal:
//!
//! * the **logical** schema ([`schema::logical`]) is what people query: stable columns, attributes
//!   as one map of text;
//! * the **physical** layout is what batches, log segments and Parquet files hold: known attribute
//!   keys are typed columns of their own (`attributes.http.route`), the rest sits in an overflow
//!   map, and resource and scope are stored once per distinct pair (an *origin*).

mod attributes;
mod batch;
mod distributions;
pub mod durations;
mod fractions;
mod limits;
mod logs;
mod metrics;
mod origin;
mod overflow;
pub mod schema;
pub mod semconv;
mod sink;
mod spans;
mod table;
mod told;
mod value;

pub use attributes::{AttributeScope, AttributeType, AttributesBuilder};
pub use batch::{Batch, Signal, Tenant, TenantError};
pub use fractions::CounterResetHint;
pub use limits::Limits;
pub use logs::{LogRow, LogsBuilder};
pub use metrics::{ExemplarRow, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue};
pub use origin::OriginsBuilder;
pub use sink::{ErrorKind, Sink, SinkError};
pub use spans::{EventRow, LinkRow, SpanRow, SpansBuilder};
pub use table::Table;
pub use told::{SeriesPart, Told};
pub use value::{AnyValue, TypeCode, decode_text, encode_json, encode_text};
