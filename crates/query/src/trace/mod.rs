//! One trace, whole, in OTLP's own shape: what trace APIs and exports are made of.

mod row;

use std::collections::{HashMap, HashSet};

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use luneta_model::Tenant;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};

use crate::{QueryEngine, QueryError};
use row::Rows;
pub(crate) use row::{events, links};

/// Rows from which on spans are made of them aside: that takes long enough to hold up other requests.
const ASIDE_ROWS_MIN: usize = 5_000;
/// Most spans of a trace that are read.
pub const SPANS_MAX: usize = 1_000_000;

/// The spans of a trace and what became of them.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The spans, by resource and scope, each in order of their start.
    pub data: TracesData,
    /// Whether there are more than [`SPANS_MAX`], or than the server's bound on rows.
    pub truncated: bool,
    /// What is missing: files that proved damaged.
    pub warnings: Vec<String>,
}

impl QueryEngine {
    /// A trace; `None` when no span of it is known. A span that was sent again is given once.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn trace(&self, tenant: &Tenant, id: [u8; 16]) -> Result<Option<Trace>, QueryError> {
        self.trace_between(tenant, id, None, None).await
    }

    /// The spans of a trace that last into the time between two bounds, in nanoseconds since 1970, both of
    /// them inside.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn trace_between(
        &self,
        tenant: &Tenant,
        id: [u8; 16],
        start_ns: Option<i64>,
        end_ns: Option<i64>,
    ) -> Result<Option<Trace>, QueryError> {
        let mut answer = self.spans_of(tenant, &[id], SPANS_MAX).await?;
        if start_ns.is_some() || end_ns.is_some() {
            let within = |batch: &RecordBatch| between(batch, start_ns, end_ns);
            answer.batches = answer.batches.iter().map(within).collect::<Result<_, _>>()?;
        }
        let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
        let data = if rows > ASIDE_ROWS_MIN {
            let batches = std::mem::take(&mut answer.batches);
            tokio::task::spawn_blocking(move || traces_data(&batches)).await.map_err(|_| QueryError::Internal)??
        } else {
            traces_data(&answer.batches)?
        };
        let found = !data.resource_spans.is_empty();
        Ok(found.then_some(Trace { data, truncated: answer.truncated, warnings: answer.warnings }))
    }
}

/// The rows whose time touches the bounds.
fn between(batch: &RecordBatch, start_ns: Option<i64>, end_ns: Option<i64>) -> Result<RecordBatch, QueryError> {
    let missing = || QueryError::Execution("spans have no times".to_owned());
    let column =
        |name| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<TimestampNanosecondType>()).ok_or_else(missing);
    let (starts, ends) = (column("start_time")?, column("end_time")?);
    let inside =
        |row| start_ns.is_none_or(|bound| ends.value(row) >= bound) && end_ns.is_none_or(|bound| starts.value(row) <= bound);
    let mask = (0..batch.num_rows()).map(|row| Some(inside(row))).collect();
    arrow::compute::filter_record_batch(batch, &mask).map_err(|e| QueryError::Execution(e.to_string()))
}

/// Hands each row of `spans`, with all its columns, to `seen` as OTLP.
///
/// # Errors
/// [`QueryError::Execution`] when a column is missing or of another type.
pub(crate) fn each_row(
    batch: &RecordBatch,
    mut seen: impl FnMut(Resource, InstrumentationScope, Span),
) -> Result<(), QueryError> {
    let rows = Rows::of(batch)?;
    (0..batch.num_rows()).for_each(|row| seen(rows.resource(row).0, rows.scope(row).0, rows.span(row)));
    Ok(())
}

/// Rows of `spans`, with all its columns, as OTLP.
///
/// # Errors
/// [`QueryError::Execution`] when a column is missing or of another type.
pub fn traces_data(batches: &[RecordBatch]) -> Result<TracesData, QueryError> {
    let mut grouped = Grouped::default();
    for batch in batches {
        let rows = Rows::of(batch)?;
        for row in 0..batch.num_rows() {
            let (resource, resource_url) = rows.resource(row);
            let (scope, scope_url) = rows.scope(row);
            grouped.add(resource, resource_url, scope, scope_url, rows.span(row));
        }
    }
    Ok(TracesData { resource_spans: grouped.groups })
}

/// Spans by resource and scope, in the order in which these first come.
#[derive(Debug, Default)]
struct Grouped {
    groups: Vec<ResourceSpans>,
    /// Where each resource stands, by its bytes.
    resources: HashMap<Vec<u8>, usize>,
    /// Where each scope stands inside its resource.
    scopes: HashMap<(usize, Vec<u8>), usize>,
    /// Spans seen: a client and a server may share an id, as Zipkin's do.
    seen: HashSet<(Vec<u8>, i32)>,
}

impl Grouped {
    fn add(&mut self, resource: Resource, resource_url: String, scope: InstrumentationScope, scope_url: String, span: Span) {
        if !self.seen.insert((span.span_id.clone(), span.kind)) {
            return;
        }
        let place = *self.resources.entry(bytes(&resource, &resource_url)).or_insert_with(|| {
            let group = ResourceSpans { resource: Some(resource), scope_spans: Vec::new(), schema_url: resource_url };
            self.groups.push(group);
            self.groups.len() - 1
        });
        let scopes = &mut self.groups[place].scope_spans;
        let scope_place = *self.scopes.entry((place, bytes(&scope, &scope_url))).or_insert_with(|| {
            scopes.push(ScopeSpans { scope: Some(scope), spans: Vec::new(), schema_url: scope_url });
            scopes.len() - 1
        });
        scopes[scope_place].spans.push(span);
    }
}

fn bytes(message: &impl prost::Message, url: &str) -> Vec<u8> {
    let mut out = message.encode_to_vec();
    out.extend_from_slice(url.as_bytes());
    out
}
