//! One trace, whole, in OTLP's own shape: what trace APIs and exports are made of.

mod row;

use std::collections::{HashMap, HashSet};

use arrow::array::RecordBatch;
use luneta_model::Tenant;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};

use crate::{QueryEngine, QueryError, SqlRequest};
use row::Rows;
pub(crate) use row::{events, links};

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
    /// them inside. Files of other times are not looked into.
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
        let mut query = format!("SELECT * FROM spans WHERE trace_id = '{}'", hex::encode(id));
        for (column, sign, bound) in [("end_time", " >= ", start_ns), ("start_time", " <= ", end_ns)] {
            if let Some(ns) = bound {
                // No span starts before 1970.
                query.extend([" AND ", column, sign, "to_timestamp_nanos(", &ns.max(0).to_string(), ")"]);
            }
        }
        query += " ORDER BY start_time, span_id";
        let answer = self.sql(tenant, SqlRequest { query, limit: Some(SPANS_MAX), ..SqlRequest::default() }).await?;
        let data = traces_data(&answer.batches)?;
        let found = !data.resource_spans.is_empty();
        Ok(found.then_some(Trace { data, truncated: answer.truncated, warnings: answer.warnings }))
    }
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
