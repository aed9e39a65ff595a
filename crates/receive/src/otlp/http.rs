//! OTLP over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use axum::routing::{MethodRouter, post};
use luneta_model::Signal;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::{HTTP, JSON_TYPE, PROTOBUF_TYPE, grpc, reply};
use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::{CorsOrigins, Format, ReceiveError, ReceiveState, Tally, body, refusal};

/// The intake under its standard paths, with answers for everything else that may arrive at the
/// port.
pub fn router(state: ReceiveState) -> Router {
    let mut router = Router::new();
    for route in HTTP.routes {
        router = router.route(route.path, intake(route.signal));
    }
    let cors = cors(&state.config.cors);
    router.fallback(wrong_path).layer(cors).with_state(state)
}

/// The intake of one signal, to be mounted under any path.
pub fn intake(signal: Signal) -> MethodRouter<ReceiveState> {
    let handler = post(move |state: State<ReceiveState>, request: Request<Body>| export(state, signal, request));
    handler.fallback(wrong_method)
}

/// What browsers are told about who may send.
pub fn cors(origins: &CorsOrigins) -> CorsLayer {
    let origin = match origins {
        CorsOrigins::Any => AllowOrigin::any(),
        CorsOrigins::List(list) => AllowOrigin::list(list.iter().cloned()),
        CorsOrigins::Nobody => return CorsLayer::new(),
    };
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER])
        .max_age(std::time::Duration::from_hours(2))
}

/// Takes one export request.
async fn export(State(state): State<ReceiveState>, signal: Signal, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    let (parts, mut body) = request.into_parts();
    let encoding = ReplyEncoding::of(&parts.headers);
    match receive(&state, signal, &parts, &mut body).await {
        Ok(tally) => encoding.success(signal, &tally),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Some(signal), encoding, &error)
        }
    }
}

async fn receive(state: &ReceiveState, signal: Signal, parts: &Parts, body: &mut Body) -> Result<Tally, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let decode = format_of(signal, &parts.headers)?.decode;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    let taken = intake::take(state, Job { protocol: &HTTP, signal, tenant, encoding, decode, body, share }).await?;
    Ok(taken.tally)
}

fn format_of(signal: Signal, headers: &HeaderMap) -> Result<&'static Format, ReceiveError> {
    let got = body::media_type(headers);
    // Some senders leave out the `x-`.
    let wanted = if got == "application/protobuf" { PROTOBUF_TYPE } else { got.as_str() };
    let route = HTTP.routes.iter().find(|r| r.signal == signal);
    route
        .and_then(|r| r.formats.iter().find(|f| f.content_type == wanted))
        .ok_or(ReceiveError::UnsupportedContentType { got, expected: "application/x-protobuf or application/json" })
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    let error = ReceiveError::WrongMethod(request.method().to_string());
    refuse(&state, None, ReplyEncoding::Json, &error)
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    let (parts, body) = request.into_parts();
    if body::media_type(&parts.headers).starts_with("application/grpc") {
        let error = ReceiveError::GrpcOnHttpPort;
        state.stats.refuse(&HTTP, None, &error, (state.config.clock)());
        return grpc::status_response(&error);
    }
    body::drain(&parts.headers, body).await;
    let hint = "OTLP over HTTP takes POST /v1/traces, /v1/metrics and /v1/logs";
    let path = luneta_model::Limits::cut(parts.uri.path(), 256).to_owned();
    refuse(&state, None, ReplyEncoding::of(&parts.headers), &ReceiveError::WrongPath { path, hint })
}

fn refuse(state: &ReceiveState, signal: Option<Signal>, encoding: ReplyEncoding, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&HTTP, signal, error, (state.config.clock)());
    encoding.failure(error)
}

/// Answers go out in the encoding of the request; JSON where that is neither.
#[derive(Debug, Clone, Copy)]
enum ReplyEncoding {
    Protobuf,
    Json,
}

impl ReplyEncoding {
    fn of(headers: &HeaderMap) -> Self {
        match body::media_type(headers).as_str() {
            PROTOBUF_TYPE | "application/protobuf" => ReplyEncoding::Protobuf,
            _ => ReplyEncoding::Json,
        }
    }

    fn success(self, signal: Signal, tally: &Tally) -> Response<Body> {
        let body = match self {
            ReplyEncoding::Protobuf => reply::export_protobuf(signal, tally),
            ReplyEncoding::Json => reply::export_json(signal, tally),
        };
        self.response(StatusCode::OK, body)
    }

    fn failure(self, error: &ReceiveError) -> Response<Body> {
        let (status, _) = refusal::statuses(error.reason());
        let body = match self {
            ReplyEncoding::Protobuf => reply::status_protobuf(error),
            ReplyEncoding::Json => reply::status_json(error),
        };
        let mut response = self.response(status, body);
        refusal::advise(error, response.headers_mut());
        response
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response<Body> {
        let content_type = match self {
            ReplyEncoding::Protobuf => PROTOBUF_TYPE,
            ReplyEncoding::Json => JSON_TYPE,
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}
