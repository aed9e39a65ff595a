//! Traces for the APIs of other servers: by their ids and by what they are like, within bounds.

use std::time::Instant;

use axum::http::{HeaderValue, Response, header};
use luneta_model::Tenant;
use luneta_query::{FoundTraces, QueryError, Trace, TraceSearch};

use tokio::sync::Semaphore;

use crate::ServeState;

/// Spans beyond which an answer takes no more traces that were named by their ids.
const ANSWER_SPANS_MAX: usize = 1_000_000;
/// Spans from which on an answer counts as large.
const LARGE_SPANS_MIN: usize = 20_000;
/// Characters of a warning.
const WARNING_CHARS_MAX: usize = 500;

/// What became of several ids.
#[derive(Debug, Default)]
pub struct ById {
    /// The traces that are there.
    pub found: Vec<Trace>,
    /// Ids of those that are not.
    pub unknown: Vec<u128>,
    /// Ids of those there was no room for.
    pub left_out: Vec<u128>,
}

impl ServeState {
    /// A trace by its id.
    pub(crate) async fn trace(&self, tenant: &Tenant, id: u128) -> Result<Option<Trace>, QueryError> {
        self.trace_between(tenant, id, None, None).await
    }

    /// The spans of a trace that last into the time between two bounds, in nanoseconds since 1970.
    pub(crate) async fn trace_between(
        &self,
        tenant: &Tenant,
        id: u128,
        start_ns: Option<i64>,
        end_ns: Option<i64>,
    ) -> Result<Option<Trace>, QueryError> {
        let started = Instant::now();
        let found = self.engine().trace_between(tenant, id.to_be_bytes(), start_ns, end_ns).await;
        self.queries().record(started.elapsed(), found.is_err());
        found
    }

    /// Traces by their ids, until they are too much for one answer.
    pub(crate) async fn traces(&self, tenant: &Tenant, ids: Vec<u128>) -> Result<ById, QueryError> {
        let (mut answer, mut spans) = (ById::default(), 0);
        for id in ids {
            if spans >= ANSWER_SPANS_MAX {
                answer.left_out.push(id);
                continue;
            }
            match self.trace(tenant, id).await? {
                Some(trace) => {
                    spans += span_count(&trace);
                    answer.found.push(trace);
                }
                None => answer.unknown.push(id),
            }
        }
        Ok(answer)
    }

    /// Traces that match.
    pub(crate) async fn find_traces(&self, tenant: &Tenant, search: TraceSearch) -> Result<FoundTraces, QueryError> {
        if search.start_ns > search.end_ns {
            return Ok(FoundTraces { traces: Vec::new(), warnings: Vec::new() });
        }
        // No span starts before 1970.
        let search = TraceSearch { start_ns: search.start_ns.max(0), end_ns: search.end_ns.max(0), ..search };
        let started = Instant::now();
        let found = self.engine().find_traces(tenant, search).await;
        self.queries().record(started.elapsed(), found.is_err());
        found
    }
}

fn span_count(trace: &Trace) -> usize {
    trace.data.resource_spans.iter().flat_map(|group| &group.scope_spans).map(|scoped| scoped.spans.len()).sum()
}

/// What a trace lacks, in sentences.
pub fn missing(trace: &Trace) -> Vec<String> {
    let cut = trace.truncated.then(|| "the trace has more spans than one answer may hold".to_owned());
    cut.into_iter().chain(trace.warnings.iter().cloned()).collect()
}

/// Makes an answer of traces aside: those of large ones take long enough to hold up other requests, and so
/// much memory that they are made one after the other.
pub async fn aside(traces: Vec<Trace>, make: impl FnOnce(Vec<Trace>) -> Vec<u8> + Send + 'static) -> Result<Vec<u8>, QueryError> {
    static LARGE: Semaphore = Semaphore::const_new(1);
    let spans: usize = traces.iter().map(span_count).sum();
    let _turn = if spans > LARGE_SPANS_MIN { Some(LARGE.acquire().await.map_err(|_| QueryError::Internal)?) } else { None };
    tokio::task::spawn_blocking(move || make(traces)).await.map_err(|_| QueryError::Internal)
}

/// Says in a header what an answer lacks, for forms that have no place for it.
pub fn warn<B>(mut response: Response<B>, lacks: &[String]) -> Response<B> {
    let plain = |c: char| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { ' ' };
    let text: String = lacks.join("; ").chars().take(WARNING_CHARS_MAX).map(plain).collect();
    if let (false, Ok(value)) = (lacks.is_empty(), HeaderValue::from_str(&format!("299 luneta \"{text}\""))) {
        response.headers_mut().insert(header::WARNING, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_plain_text() {
        let header = |lacks: &[String]| {
            let response = warn(Response::new(()), lacks);
            response.headers().get(header::WARNING).map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(header(&[]), None);
        let lacks = ["a \"b\"\n".to_owned(), "é".to_owned()];
        assert_eq!(header(&lacks).as_deref(), Some("299 luneta \"a  b  ;  \""));
    }
}
