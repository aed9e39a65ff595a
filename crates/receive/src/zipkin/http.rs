//! Zipkin's intake over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::post;
use luneta_model::Signal;

use super::ZIPKIN;
use crate::compression::Encoding;
use crate::intake::{self, Job, Taken};
use crate::otlp::http::cors;
use crate::{Format, ReceiveError, ReceiveState, Route, body, refusal};

/// The intake under its standard paths, with answers for everything else that may arrive at the
/// port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes().method_not_allowed_fallback(wrong_method).fallback(wrong_path).layer(cors).with_state(state)
}

/// The intake alone, to be merged into another router, which may answer other methods at the same
/// paths: Zipkin's queries share them. Merged into that router, not the other way round, a layer
/// put on these routes answers preflights too.
pub fn routes() -> Router<ReceiveState> {
    ZIPKIN.routes.iter().fold(Router::new(), |router, route| {
        router.route(route.path, post(move |state: State<ReceiveState>, request: Request<Body>| report(state, route, request)))
    })
}

/// Takes one list of spans.
async fn report(State(state): State<ReceiveState>, route: &'static Route, request: Request<Body>) -> Response<Body> {
    state.stats.of(&ZIPKIN).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, route, &parts, &mut body).await {
        Ok(taken) => accepted(&taken),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Some(route.signal), &error)
        }
    }
}

async fn receive(state: &ReceiveState, route: &'static Route, parts: &Parts, body: &mut Body) -> Result<Taken, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let decode = format_of(route, &parts.headers)?.decode;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let job = Job { protocol: &ZIPKIN, signal: route.signal, tenant, encoding, decode, body, share };
    intake::take(state, job).await
}

/// The format of a request. Zipkin's server takes JSON where no content type is said, and some
/// reporters count on it.
fn format_of(route: &'static Route, headers: &HeaderMap) -> Result<&'static Format, ReceiveError> {
    let got = body::media_type(headers);
    let wanted = match got.as_str() {
        "" => "application/json",
        "application/protobuf" => "application/x-protobuf",
        "application/vnd.apache.thrift.binary" => "application/x-thrift",
        other => other,
    };
    let expected = match route.path {
        "/api/v1/spans" => "application/json or application/x-thrift",
        _ => "application/json or application/x-protobuf",
    };
    let format = route.formats.iter().find(|f| f.content_type == wanted);
    format.ok_or(ReceiveError::UnsupportedContentType { got, expected })
}

/// 202 without a body. A list of which nothing could be kept is answered as wrong, since Zipkin has
/// no answer that says so in part.
fn accepted(taken: &Taken) -> Response<Body> {
    match taken.tally.message("spans") {
        Some(message) if taken.items == 0 && taken.tally.rejected_total() > 0 => plain(StatusCode::BAD_REQUEST, message),
        _ => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::ACCEPTED;
            response
        }
    }
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&ZIPKIN).request();
    refuse(&state, None, &ReceiveError::WrongMethod(request.method().to_string()))
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&ZIPKIN).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let path = luneta_model::Limits::cut(parts.uri.path(), 256).to_owned();
    let hint = "spans go to POST /api/v2/spans or /api/v1/spans";
    refuse(&state, None, &ReceiveError::WrongPath { path, hint })
}

fn refuse(state: &ReceiveState, signal: Option<Signal>, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&ZIPKIN, signal, error, (state.config.clock)());
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
