//! The HTTP Event Collector's intake.

use std::collections::{BTreeMap, HashMap};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{get, post};
use luneta_model::{Limits, Signal};
use serde::Deserialize;
use serde_json::json;

use super::decode::{self, Fault, Metadata, Written};
use super::{SPLUNK, reply};
use crate::compression::Encoding;
use crate::otlp::http::cors;
use crate::{DecodeOptions, Decoded, ReceiveError, ReceiveState, body, intake, record};

/// Bytes of a question about acknowledgements.
const QUESTION_BYTES_MAX: usize = 1024 * 1024;

type Arguments = HashMap<String, String>;

/// The intake, and answers for everything else that may arrive at the port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes().method_not_allowed_fallback(wrong_method).fallback(wrong_path).layer(cors).with_state(state)
}

/// The paths of the intake, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    let mut router = Router::new();
    for route in SPLUNK.routes {
        let raw = route.path.contains("/raw");
        router =
            router.route(route.path, post(move |state: State<ReceiveState>, request: Request<Body>| take(state, raw, request)));
    }
    router
        .route("/services/collector/health", get(health))
        .route("/services/collector/health/1.0", get(health))
        .route("/services/collector/ack", post(acknowledged))
        .route("/services/collector/ack/1.0", post(acknowledged))
}

async fn health() -> Response<Body> {
    reply::json_body(StatusCode::OK, &json!({ "text": "HEC is healthy", "code": 17 }))
}

/// Takes events or lines.
async fn take(State(state): State<ReceiveState>, raw: bool, request: Request<Body>) -> Response<Body> {
    state.stats.of(&SPLUNK).request();
    let (parts, mut body) = request.into_parts();
    let channel = channel(&parts).is_some();
    match receive(&state, raw, &parts, &mut body).await {
        Ok((_, Some((number, fault)))) => reply::partial(number, fault),
        Ok((0, None)) => reply::no_data(),
        Ok(_) => reply::success(channel.then(|| state.splunk.issue())),
        Err(error) => refuse(&state, &parts.headers, body, &error).await,
    }
}

/// Takes a body; returns the rows kept, and the first event that was not.
async fn receive(
    state: &ReceiveState,
    raw: bool,
    parts: &Parts,
    body: &mut Body,
) -> Result<(u64, Option<(u64, Fault)>), ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let metadata = metadata(parts)?;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let decode = move |bytes: &[u8], tenant, options: &DecodeOptions| -> Result<(Decoded, _), ReceiveError> {
        if raw {
            return Ok((decode::raw_with(&metadata, bytes, tenant, options)?, None));
        }
        let Written { decoded, fault } = decode::events_with(&metadata, bytes, tenant, options)?;
        Ok((decoded, fault))
    };
    let job = intake::Job { protocol: &SPLUNK, signal: Signal::Logs, tenant, encoding, decode, body, share };
    let (taken, fault) = intake::take_with(state, job).await?;
    Ok((taken.items, fault))
}

fn arguments(parts: &Parts) -> Result<Arguments, ReceiveError> {
    let query = Query::<Arguments>::try_from_uri(&parts.uri);
    query.map(|Query(given)| given).map_err(|e| ReceiveError::Malformed(e.to_string()))
}

fn metadata(parts: &Parts) -> Result<Metadata, ReceiveError> {
    let mut given = arguments(parts)?;
    let time = given.remove("time").map(|time| {
        let wrong = || ReceiveError::Malformed(format!("time `{}` is none", Limits::cut(&time, 64)));
        record::any(&time).ok_or_else(wrong)
    });
    Ok(Metadata {
        time: time.transpose()?,
        host: given.remove("host"),
        source: given.remove("source"),
        sourcetype: given.remove("sourcetype"),
        index: given.remove("index"),
    })
}

/// The channel of a sender that wants acknowledgements.
fn channel(parts: &Parts) -> Option<String> {
    let header = parts.headers.get("x-splunk-request-channel").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    header.or_else(|| arguments(parts).ok()?.remove("channel")).filter(|channel| !channel.is_empty())
}

/// Numbers a sender asks about.
#[derive(Deserialize)]
struct Question {
    acks: Vec<u64>,
}

/// Answers which requests are durable.
async fn acknowledged(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    let (parts, mut body) = request.into_parts();
    if channel(&parts).is_none() {
        body::drain(&parts.headers, body).await;
        return reply::no_channel();
    }
    match question(&state, &parts.headers, &mut body).await {
        Ok(Question { acks }) => {
            let told: BTreeMap<String, bool> = acks.into_iter().map(|id| (id.to_string(), state.splunk.issued(id))).collect();
            reply::json_body(StatusCode::OK, &json!({ "acks": told }))
        }
        Err(error) => refuse(&state, &parts.headers, body, &error).await,
    }
}

async fn question(state: &ReceiveState, headers: &HeaderMap, body: &mut Body) -> Result<Question, ReceiveError> {
    let tenant = (state.config.admission)(headers)?;
    let mut share = state.reservation(&tenant);
    let body = body::read(headers, body, QUESTION_BYTES_MAX, &mut share).await?;
    serde_json::from_slice(&body).map_err(|e| ReceiveError::Malformed(e.to_string()))
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&SPLUNK).request();
    let (parts, body) = request.into_parts();
    refuse(&state, &parts.headers, body, &ReceiveError::WrongMethod(parts.method.to_string())).await
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&SPLUNK).request();
    let (parts, body) = request.into_parts();
    let path = Limits::cut(parts.uri.path(), 256).to_owned();
    let hint = "events go to POST /services/collector";
    refuse(&state, &parts.headers, body, &ReceiveError::WrongPath { path, hint }).await
}

async fn refuse(state: &ReceiveState, headers: &HeaderMap, body: Body, error: &ReceiveError) -> Response<Body> {
    body::drain(headers, body).await;
    state.stats.refuse(&SPLUNK, Some(Signal::Logs), error, (state.config.clock)());
    reply::refused(error, headers.contains_key(AUTHORIZATION))
}
