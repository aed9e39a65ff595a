//! Remote write over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use axum::routing::post;
use luneta_model::Signal;

use super::PROMETHEUS;
use super::decode::{Version, decode};
use super::write::Outcome;
use crate::cardinality::Cardinality;
use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::otlp::http::cors;
use crate::{Decoded, Reason, ReceiveError, ReceiveState, Tally, body, refusal};

const V2_MESSAGE: &str = "io.prometheus.write.v2.Request";
const V1_MESSAGE: &str = "prometheus.WriteRequest";
const EXPECTED: &str = "application/x-protobuf, with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request";
const ACCEPTED_ENCODINGS: &str = "snappy, gzip, deflate, zstd, identity";

/// The intake under its standard paths, with answers for everything else that may arrive at the
/// port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes().method_not_allowed_fallback(wrong_method).fallback(wrong_path).layer(cors).with_state(state)
}

/// The intake alone, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    PROMETHEUS.routes.iter().fold(Router::new(), |router, route| router.route(route.path, post(write)))
}

/// Takes one request.
async fn write(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&PROMETHEUS).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, &parts, &mut body).await {
        Ok((version, outcome)) => answer(version, &outcome),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Some(Signal::Metrics), &error)
        }
    }
}

async fn receive(state: &ReceiveState, parts: &Parts, body: &mut Body) -> Result<(Version, Outcome), ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let version = version_of(&parts.headers)?;
    let encoding = encoding_of(&parts.headers)?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let memory = Arc::clone(&state.prometheus);
    let generation = Cardinality::generation((state.config.clock)());
    let decode = move |bytes: &[u8], tenant, options: &_| decode(version, bytes, tenant, options, &memory, generation);
    let job = Job { protocol: &PROMETHEUS, signal: Signal::Metrics, tenant, encoding, decode, body, share };
    let (Decoded { batch, mut tally }, mut outcome, share) = intake::decoded(state, job).await?;
    // What was stored is remembered, and not earlier: what was not may be sent again.
    if let Some(told) = outcome.told.take() {
        intake::deliver(state, &PROMETHEUS, Signal::Metrics, told, &mut Tally::default()).await?;
        for (of, sample) in std::mem::take(&mut outcome.told_last) {
            of.store(sample);
        }
    }
    let listed = batch.clone();
    intake::deliver(state, &PROMETHEUS, Signal::Metrics, batch, &mut tally).await?;
    drop(share);
    state.prometheus.commit(std::mem::take(&mut outcome.last));
    state.prometheus.learn(&listed, &outcome.news, outcome.epoch, &state.cardinality);
    Ok((version, outcome))
}

/// The message a request says it holds. The first version does not need to say.
fn version_of(headers: &HeaderMap) -> Result<Version, ReceiveError> {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let got = String::from_utf8_lossy(value).into_owned();
    let mut parts = got.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let message = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("proto").then(|| value.trim().trim_matches('"'))
    });
    let protobuf = matches!(media_type.as_str(), "" | "application/x-protobuf" | "application/protobuf");
    match message {
        None | Some(V1_MESSAGE) if protobuf => Ok(Version::V1),
        Some(V2_MESSAGE) if protobuf => Ok(Version::V2),
        _ => Err(ReceiveError::UnsupportedContentType { got, expected: EXPECTED }),
    }
}

/// Snappy unless another is named: some senders leave the header out.
fn encoding_of(headers: &HeaderMap) -> Result<Encoding, ReceiveError> {
    let value = headers.get(CONTENT_ENCODING);
    let name = value.map(HeaderValue::as_bytes).unwrap_or_default().trim_ascii();
    if name.is_empty() || name.eq_ignore_ascii_case(b"snappy") { Ok(Encoding::Snappy) } else { Encoding::from_header(value) }
}

/// 204, or 400 with what was left out: the rest was kept, and nothing is to be sent again.
fn answer(version: Version, outcome: &Outcome) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(message) = outcome.refused.message() {
        response = plain(StatusCode::BAD_REQUEST, message);
    }
    if version == Version::V2 {
        for (name, written) in [
            ("x-prometheus-remote-write-samples-written", outcome.samples),
            ("x-prometheus-remote-write-histograms-written", outcome.histograms),
            ("x-prometheus-remote-write-exemplars-written", outcome.exemplars),
        ] {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(written));
        }
    }
    response
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&PROMETHEUS).request();
    refuse(&state, None, &ReceiveError::WrongMethod(request.method().to_string()))
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&PROMETHEUS).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let path = luneta_model::Limits::cut(parts.uri.path(), 256).to_owned();
    refuse(&state, None, &ReceiveError::WrongPath { path, hint: "remote write goes to POST /api/v1/write" })
}

fn refuse(state: &ReceiveState, signal: Option<Signal>, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&PROMETHEUS, signal, error, (state.config.clock)());
    let (status, _) = refusal::statuses(error.reason());
    let mut response = plain(status, error.to_string());
    refusal::advise(error, response.headers_mut());
    if error.reason() == Reason::UnsupportedEncoding {
        response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODINGS));
    }
    response
}

fn plain(status: StatusCode, message: String) -> Response<Body> {
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
