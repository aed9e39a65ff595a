//! Loki's intake over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::{get, post};
use luneta_model::{Limits, Signal};

use super::{JSON_TYPE, LOKI, PROTOBUF_TYPE, decode};
use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::otlp::http::cors;
use crate::{DecodeFn, ReceiveError, ReceiveState, Tally, body, otlp, refusal};

/// The intake under its standard paths, OTLP under Loki's, and answers for everything else that may
/// arrive at the port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes()
        .route("/otlp/v1/logs", otlp::http::intake(Signal::Logs))
        .route("/ready", get(ready))
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .layer(cors)
        .with_state(state)
}

/// The paths for pushing alone, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    LOKI.routes.iter().fold(Router::new(), |router, route| router.route(route.path, post(push)))
}

async fn ready() -> Response<Body> {
    plain(StatusCode::OK, "ready\n".to_owned())
}

/// Takes one push. What is left out is told with 400, which clients do not send again.
async fn push(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&LOKI).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, &parts, &mut body).await {
        Ok(tally) if tally.rejected_total() > 0 => plain(StatusCode::BAD_REQUEST, tally.message("entries").unwrap_or_default()),
        Ok(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Some(Signal::Logs), &error)
        }
    }
}

async fn receive(state: &ReceiveState, parts: &Parts, body: &mut Body) -> Result<Tally, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let (decode, encoding) = form_of(&parts.headers)?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let job = Job { protocol: &LOKI, signal: Signal::Logs, tenant, encoding, decode, body, share };
    Ok(intake::take(state, job).await?.tally)
}

/// Protobuf unless the request says JSON, as Loki has it; and snappy is what protobuf comes in.
fn form_of(headers: &HeaderMap) -> Result<(DecodeFn, Encoding), ReceiveError> {
    let value = headers.get(CONTENT_ENCODING);
    let named = value.map(HeaderValue::as_bytes).unwrap_or_default().trim_ascii();
    match body::media_type(headers).as_str() {
        JSON_TYPE => Ok((decode::json, Encoding::from_header(value)?)),
        "" | PROTOBUF_TYPE | "application/protobuf" if named.is_empty() || named.eq_ignore_ascii_case(b"snappy") => {
            Ok((decode::protobuf, Encoding::Snappy))
        }
        "" | PROTOBUF_TYPE | "application/protobuf" => {
            Err(ReceiveError::UnsupportedEncoding(Limits::cut(&String::from_utf8_lossy(named), 64).to_owned()))
        }
        got => {
            let (got, expected) = (got.to_owned(), "application/json or application/x-protobuf");
            Err(ReceiveError::UnsupportedContentType { got, expected })
        }
    }
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&LOKI).request();
    refuse(&state, None, &ReceiveError::WrongMethod(request.method().to_string()))
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&LOKI).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let path = Limits::cut(parts.uri.path(), 256).to_owned();
    refuse(&state, None, &ReceiveError::WrongPath { path, hint: "streams go to POST /loki/api/v1/push" })
}

/// Loki's errors are plain text.
fn refuse(state: &ReceiveState, signal: Option<Signal>, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&LOKI, signal, error, (state.config.clock)());
    let (status, _) = refusal::statuses(error.reason());
    let mut response = plain(status, error.to_string());
    refusal::advise(error, response.headers_mut());
    response
}

fn plain(status: StatusCode, message: String) -> Response<Body> {
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
