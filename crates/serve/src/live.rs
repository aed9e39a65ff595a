//! Server-sent events: what the server receives, once a second, and rows as they come.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};
use luneta_model::{Signal, Tenant};
use luneta_query::output::{rfc3339, row_objects};
use luneta_query::{LiveFilter, SqlRequest, live_rows};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio_stream::wrappers::IntervalStream;

use crate::ServeState;
use crate::sql::ApiError;
use crate::status;
use crate::tenant::RequestTenant;

/// Rows one `rows` event holds at most; what comes beyond within its time is dropped and counted.
const ROWS_PER_EVENT: usize = 500;
/// How often rows are sent.
const TAIL_EVERY: Duration = Duration::from_millis(200);

const LOG_COLUMNS: &[&str] = &[
    "time",
    "severity_number",
    "severity_text",
    "service_name",
    "body",
    "trace_id",
    "span_id",
    "attributes",
    "resource_attributes",
];
const SPAN_COLUMNS: &[&str] = &[
    "start_time",
    "duration_ns",
    "service_name",
    "name",
    "kind",
    "status_code",
    "status_message",
    "trace_id",
    "span_id",
    "parent_span_id",
    "attributes",
];

/// `status` events: counters by signal, services seen, refusals.
pub async fn events(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = IntervalStream::new(tokio::time::interval(Duration::from_secs(1)));
    let stream = ticks.then(move |_| {
        let (state, tenant) = (state.clone(), tenant.clone());
        async move { Ok(Event::default().event("status").data(event_data(&state, &tenant).await.to_string())) }
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

async fn event_data(state: &ServeState, tenant: &Tenant) -> Value {
    let stored = state.engine().store().stats();
    let intake = state.0.intake.snapshot();
    let refusals: Vec<Value> = intake
        .recent_refusals
        .iter()
        .map(|r| json!({"at": rfc3339(r.at.into()), "protocol": r.protocol, "reason": r.reason.as_str(), "message": r.message}))
        .collect();
    json!({
        "signals": status::signals(state, &stored, tenant),
        "services": services(state, tenant).await,
        "refused_total": intake.refused.iter().map(|r| r.requests + r.items).sum::<u64>(),
        "requests_reached": intake.protocols.iter().map(|p| p.requests).sum::<u64>(),
        "last_refusals": refusals,
    })
}

/// How old a list of services may be when somebody asks for it.
const SERVICES_AGE_MAX: Duration = Duration::from_millis(900);

/// The services of each tenant: read once a second, however many pages are open.
#[derive(Debug, Default)]
pub struct ServiceLists(Mutex<HashMap<Tenant, Arc<ServiceList>>>);

type ServiceList = tokio::sync::Mutex<Option<(Instant, Vec<Value>)>>;

impl ServiceLists {
    /// The tenant's list; lists that nobody asks for any more are let go.
    fn of(&self, tenant: &Tenant) -> Arc<ServiceList> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !lists.contains_key(tenant) {
            let fresh = |list: &ServiceList| list.try_lock().is_ok_and(|l| l.as_ref().is_some_and(|(at, _)| is_fresh(*at)));
            lists.retain(|_, list| Arc::strong_count(list) > 1 || fresh(list));
        }
        Arc::clone(lists.entry(tenant.clone()).or_default())
    }
}

fn is_fresh(at: Instant) -> bool {
    at.elapsed() < SERVICES_AGE_MAX
}

/// The services of the last minutes; empty when they cannot be read now.
async fn services(state: &ServeState, tenant: &Tenant) -> Vec<Value> {
    let list = state.0.services.of(tenant);
    // Who comes while the list is being read waits for it.
    let mut list = list.lock().await;
    if let Some((at, services)) = list.as_ref()
        && is_fresh(*at)
    {
        return services.clone();
    }
    let services = read_services(state, tenant).await;
    *list = Some((Instant::now(), services.clone()));
    services
}

async fn read_services(state: &ServeState, tenant: &Tenant) -> Vec<Value> {
    let query = "SELECT DISTINCT service_name FROM (\
                 SELECT service_name FROM spans WHERE start_time > now() - interval '15 minutes' \
                 UNION ALL SELECT service_name FROM logs WHERE time > now() - interval '15 minutes') \
                 WHERE service_name IS NOT NULL ORDER BY 1 LIMIT 200";
    let request = SqlRequest { query: query.into(), timeout: Some(Duration::from_secs(2)), ..SqlRequest::default() };
    let Ok(answer) = state.engine().sql(tenant, request).await else { return Vec::new() };
    answer.batches.iter().flat_map(row_objects).map(|row| row["service_name"].clone()).collect()
}

/// The query of `/api/tail`.
#[derive(Debug, serde::Deserialize)]
pub struct TailQuery {
    #[serde(default = "logs")]
    signal: String,
    service: Option<String>,
    #[serde(default)]
    errors: bool,
    q: Option<String>,
}

fn logs() -> String {
    "logs".into()
}

/// `rows` events: rows as they are accepted.
pub async fn tail(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    query: Result<Query<TailQuery>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let Query(query) = query.map_err(|e| ApiError::invalid(e.body_text()))?;
    let (signal, columns) = match query.signal.as_str() {
        "logs" => (Signal::Logs, LOG_COLUMNS),
        "spans" => (Signal::Spans, SPAN_COLUMNS),
        other => return Err(ApiError::invalid(format!("signal is logs or spans, not {other:?}"))),
    };
    let filter = LiveFilter { service: query.service.filter(|s| !s.is_empty()), errors: query.errors, text: query.q };
    let mut batches = state.engine().store().subscribe();
    let (send, receive) = tokio::sync::mpsc::channel::<Event>(4);
    tokio::spawn(async move {
        let (mut rows, mut dropped) = (Vec::new(), 0u64);
        let mut tick = tokio::time::interval(TAIL_EVERY);
        loop {
            tokio::select! {
                batch = batches.recv() => match batch {
                    Ok(batch) if batch.signal == signal && batch.tenant == tenant => {
                        let Ok(found) = live_rows(&batch, &filter, columns) else { continue };
                        let room = ROWS_PER_EVENT - rows.len().min(ROWS_PER_EVENT);
                        let skipped = found.num_rows().saturating_sub(room);
                        dropped += skipped as u64;
                        rows.extend(row_objects(&found.slice(skipped, found.num_rows() - skipped)));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(batches)) => dropped += batches,
                    Err(RecvError::Closed) => return,
                },
                _ = tick.tick() => {
                    if send.is_closed() {
                        return;
                    }
                    if rows.is_empty() && dropped == 0 {
                        continue;
                    }
                    let data = json!({"rows": std::mem::take(&mut rows), "dropped": dropped});
                    // A client that does not keep up loses rows; it is told how many.
                    match send.try_send(Event::default().event("rows").data(data.to_string())) {
                        Ok(()) => dropped = 0,
                        Err(_) => dropped += data["rows"].as_array().map_or(0, |r| r.len() as u64),
                    }
                }
            }
        }
    });
    let stream = tokio_stream::wrappers::ReceiverStream::new(receive).map(Ok);
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
