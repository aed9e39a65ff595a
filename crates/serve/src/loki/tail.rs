//! `tail`: entries as they come, over a WebSocket.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use luneta_logql::{Direction, Pairs, Params, Query, Stream, StreamEntry, Value};
use luneta_model::{Signal, Tenant};
use luneta_query::LogTail;
use luneta_query::logql::TailEntry;
use tokio::sync::broadcast::error::RecvError;

use super::evaluate::evaluate;
use super::json;
use super::parameters::{HOUR_NS, limit, query, time_of};
use super::reply::Failure;
use super::request::{Asked, categorizes, is_foreign};
use crate::ServeState;
use crate::names::now_ns;

/// How often entries are sent.
const SEND_EVERY: Duration = Duration::from_millis(200);
/// Entries that wait to be sent; what comes beyond is dropped.
const WAITING_MAX: usize = 10_000;
/// Entries of one message.
const MESSAGE_MAX: usize = 1000;
/// How long a client may take for one message.
const SEND_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a tail lasts, as in Loki.
const LIFE_MAX: Duration = Duration::from_hours(1);

/// What a tail sends.
struct Tail {
    state: ServeState,
    tenant: Tenant,
    query: Query,
    live: LogTail,
    start_ns: i64,
    limit: usize,
    categorize: bool,
}

/// Begins to tail.
pub async fn tail(State(state): State<ServeState>, request: Request) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &state).await;
    let categorize = categorizes(&parts.headers);
    if is_foreign(&parts.headers) {
        let message = "pages of other origins may not tail".to_owned();
        return Err(Failure { status: StatusCode::FORBIDDEN, message });
    }
    let asked = <Asked as axum::extract::FromRequest<ServeState>>::from_request(
        Request::from_parts(parts, axum::body::Body::empty()),
        &state,
    )
    .await?;
    let query = query(&asked.parameters, &state.engine().config().logql_text)?;
    let live = LogTail::new(state.engine_shared(), &query)?;
    let start_ns = time_of(&asked.parameters, "start")?.unwrap_or_else(|| now_ns() - HOUR_NS);
    let limit = limit(&asked.parameters)?;
    let upgrade = upgrade.map_err(|rejection| Failure { status: rejection.status(), message: rejection.body_text() })?;
    let tail = Tail { state, tenant: asked.tenant, query, live, start_ns, limit, categorize };
    Ok(upgrade.on_upgrade(|socket| async move {
        if let Err(error) = tail.run(socket).await {
            tracing::debug!("a live tail ended: {error}");
        }
    }))
}

impl Tail {
    async fn run(mut self, mut socket: WebSocket) -> Result<(), axum::Error> {
        // What comes while history is read is kept for later; rather twice than not at all.
        let mut batches = self.state.engine().store().subscribe();
        let seen_until = now_ns();
        let ends = tokio::time::sleep(LIFE_MAX);
        tokio::pin!(ends);
        match self.history(seen_until).await {
            Ok(streams) if streams.is_empty() => {}
            Ok(streams) => send(&mut socket, json::streams(&streams, self.categorize)).await?,
            Err(failure) => tracing::debug!("a live tail has no history: {}", failure.message),
        }
        let (mut waiting, mut tick): (Vec<TailEntry>, _) = (Vec::new(), tokio::time::interval(SEND_EVERY));
        loop {
            tokio::select! {
                batch = batches.recv() => match batch {
                    Ok(batch) if batch.signal == Signal::Logs && batch.tenant == self.tenant => {
                        let entries = self.live.entries(&batch).await.unwrap_or_default();
                        waiting.extend(entries);
                        // A client that does not keep up loses the oldest.
                        let beyond = waiting.len().saturating_sub(WAITING_MAX);
                        waiting.drain(..beyond);
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                },
                _ = tick.tick() => {
                    let entries: Vec<TailEntry> = waiting.drain(..waiting.len().min(MESSAGE_MAX)).collect();
                    if !entries.is_empty() {
                        send(&mut socket, json::streams(&streams(entries, self.categorize), self.categorize)).await?;
                    }
                }
                message = socket.recv() => match message {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return Ok(()),
                    Some(Ok(_)) => {}
                },
                () = &mut ends => break,
            }
        }
        socket.send(Message::Close(None)).await
    }

    /// The newest entries from before.
    async fn history(&self, until_ns: i64) -> Result<Vec<Stream>, Failure> {
        if self.limit == 0 || self.start_ns >= until_ns {
            return Ok(Vec::new());
        }
        let params = Params {
            limit: self.limit,
            direction: Direction::Backward,
            categorize: self.categorize,
            ..Params::range(self.start_ns, until_ns, 0)
        };
        let evaluated = evaluate(&self.state, &self.tenant, self.query.clone(), params).await?;
        let Value::Streams(mut streams) = evaluated.found.answer.value else { return Ok(Vec::new()) };
        for stream in &mut streams {
            stream.entries.reverse();
        }
        Ok(streams)
    }
}

async fn send(socket: &mut WebSocket, text: Vec<u8>) -> Result<(), axum::Error> {
    let text = String::from_utf8_lossy(&text).into_owned();
    let sent = tokio::time::timeout(SEND_TIME_MAX, socket.send(Message::text(text))).await;
    sent.unwrap_or_else(|late| Err(axum::Error::new(late)))
}

/// Entries by the labels they are shown under, in the order they came.
fn streams(entries: Vec<TailEntry>, categorize: bool) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for TailEntry { time_ns, line, stream, mut metadata, mut parsed } in entries {
        let mut labels: Pairs = stream;
        if !categorize {
            labels.append(&mut metadata);
            labels.append(&mut parsed);
            labels.sort();
        }
        let entry = StreamEntry { time_ns, line, metadata, parsed };
        match streams.iter_mut().find(|stream| stream.labels == labels) {
            Some(stream) => stream.entries.push(entry),
            None => streams.push(Stream { labels, entries: vec![entry] }),
        }
    }
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_shown_by_labels() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let entry = |time_ns, id: &str| TailEntry {
            time_ns,
            line: String::new(),
            stream: vec![pair("app", "web")],
            metadata: vec![pair("id", id)],
            parsed: Vec::new(),
        };
        let entries = || vec![entry(1, "x"), entry(2, "y"), entry(3, "x")];
        let shown = |categorize| -> Vec<(usize, usize)> {
            streams(entries(), categorize).iter().map(|stream| (stream.labels.len(), stream.entries.len())).collect()
        };
        assert_eq!(shown(true), [(1, 3)]);
        assert_eq!(shown(false), [(2, 2), (2, 1)]);
    }
}
