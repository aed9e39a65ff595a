//! Elasticsearch's intake over HTTP.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{MethodRouter, post};
use luneta_model::{Limits, Signal, Tenant};
use serde::Deserialize;
use serde_json::json;

use super::decode::{self, Single, Written};
use super::{ELASTICSEARCH, answers, reply};
use crate::compression::Encoding;
use crate::otlp::http::cors;
use crate::{DecodeOptions, Decoded, ReceiveError, ReceiveState, body, intake};

/// The intake, what clients ask before they send, and answers for everything else that may arrive at
/// the port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes()
        .merge(answers::routes())
        .route("/{index}/_bulk", bulk())
        .route("/{index}/{kind}/_bulk", bulk())
        .route("/{index}/_doc", single())
        .route("/{index}/_doc/{id}", single())
        .route("/{index}/_create/{id}", single())
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .layer(cors)
        .with_state(state)
}

/// The path for documents in bulk alone, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    Router::new().route("/_bulk", bulk())
}

fn bulk() -> MethodRouter<ReceiveState> {
    post(take_bulk).put(take_bulk)
}

fn single() -> MethodRouter<ReceiveState> {
    post(take_single).put(take_single)
}

/// What the path names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names {
    index: String,
    id: Option<String>,
}

async fn take_bulk(State(state): State<ReceiveState>, Path(names): Path<Names>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let (parts, mut body) = request.into_parts();
    let decode = move |bytes: &[u8], tenant, options: &DecodeOptions| {
        let Written { decoded, items, errors } = decode::bulk_for(&names.index, bytes, tenant, options)?;
        Ok((decoded, (items, errors)))
    };
    match receive(&state, &parts, &mut body, decode).await {
        Ok((items, errors)) => {
            let took = started.elapsed().as_millis();
            let answer = format!("{{\"took\":{took},\"errors\":{errors},\"items\":[{items}]}}");
            reply::respond(&parts.headers, StatusCode::OK, answer)
        }
        Err(error) => refuse(&state, &parts.headers, body, &error).await,
    }
}

async fn take_single(State(state): State<ReceiveState>, Path(names): Path<Names>, request: Request<Body>) -> Response<Body> {
    let (parts, mut body) = request.into_parts();
    let index = names.index.clone();
    let decode = move |bytes: &[u8], tenant, options: &DecodeOptions| {
        let Single { decoded, id } = decode::single(&names.index, names.id.as_deref(), bytes, tenant, options)?;
        Ok((decoded, id))
    };
    match receive(&state, &parts, &mut body, decode).await {
        Ok(id) => {
            let shards = json!({ "total": 1, "successful": 1, "failed": 0 });
            let answer = json!({
                "_index": index, "_id": id, "_version": 1, "result": "created", "_shards": shards, "_seq_no": 0,
                "_primary_term": 1,
            });
            reply::respond(&parts.headers, StatusCode::CREATED, answer.to_string())
        }
        Err(error) => refuse(&state, &parts.headers, body, &error).await,
    }
}

async fn receive<T: Send + 'static>(
    state: &ReceiveState,
    parts: &Parts,
    body: &mut Body,
    decode: impl FnOnce(&[u8], Tenant, &DecodeOptions) -> Result<(Decoded, T), ReceiveError> + Send + 'static,
) -> Result<T, ReceiveError> {
    state.stats.of(&ELASTICSEARCH).request();
    let tenant = (state.config.admission)(&parts.headers)?;
    check_type(&parts.headers)?;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let job = intake::Job { protocol: &ELASTICSEARCH, signal: Signal::Logs, tenant, encoding, decode, body, share };
    Ok(intake::take_with(state, job).await?.1)
}

/// JSON under any of its names; the binary forms have others.
fn check_type(headers: &HeaderMap) -> Result<(), ReceiveError> {
    let got = body::media_type(headers);
    if got.is_empty() || got.ends_with("json") || got == "text/plain" {
        return Ok(());
    }
    Err(ReceiveError::UnsupportedContentType { got, expected: "application/x-ndjson or application/json" })
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&ELASTICSEARCH).request();
    let (parts, body) = request.into_parts();
    refuse(&state, &parts.headers, body, &ReceiveError::WrongMethod(parts.method.to_string())).await
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&ELASTICSEARCH).request();
    let (parts, body) = request.into_parts();
    let path = Limits::cut(parts.uri.path(), 256).to_owned();
    let hint = "documents go to POST /_bulk; questions are asked in SQL or LogQL at the main port";
    refuse(&state, &parts.headers, body, &ReceiveError::WrongPath { path, hint }).await
}

async fn refuse(state: &ReceiveState, headers: &HeaderMap, body: Body, error: &ReceiveError) -> Response<Body> {
    body::drain(headers, body).await;
    state.stats.refuse(&ELASTICSEARCH, Some(Signal::Logs), error, (state.config.clock)());
    reply::refused(headers, error)
}
