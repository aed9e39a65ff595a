//! InfluxDB's intake over HTTP.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_ENCODING;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri};
use axum::routing::{get, post};
use luneta_model::{Limits, Signal};
use serde_json::json;

use super::decode::{self, Parameters};
use super::reply::{Dialect, Partial, VERSION, json_body, no_content};
use super::{INFLUX, Precision};
use crate::compression::Encoding;
use crate::otlp::http::cors;
use crate::{ReceiveError, ReceiveState, Tally, body, intake};

/// Bytes of a query's text.
const QUERY_BYTES_MAX: usize = 64 * 1024;

type Arguments = HashMap<String, String>;

/// The intake under its standard paths, what clients ask before they write, and answers for
/// everything else that may arrive at the port.
pub fn router(state: ReceiveState) -> Router {
    let cors = cors(&state.config.cors);
    routes()
        .route("/ping", get(ping))
        .route("/api/v2/ping", get(ping))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/query", get(query).post(query))
        .method_not_allowed_fallback(wrong_method)
        .fallback(wrong_path)
        .layer(cors)
        .with_state(state)
}

/// The paths for writing alone, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    let paths = [("/write", Dialect::V1), ("/api/v2/write", Dialect::V2), ("/api/v3/write_lp", Dialect::V3)];
    paths.into_iter().fold(Router::new(), |router, (path, dialect)| {
        router.route(path, post(move |state: State<ReceiveState>, request: Request<Body>| write(state, dialect, request)))
    })
}

/// Takes one body of lines.
async fn write(State(state): State<ReceiveState>, dialect: Dialect, request: Request<Body>) -> Response<Body> {
    state.stats.of(&INFLUX).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, dialect, &parts, &mut body).await {
        Ok(None) => no_content(),
        Ok(Some(partial)) => dialect.partial(&partial),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, dialect, Some(Signal::Metrics), &error)
        }
    }
}

async fn receive(
    state: &ReceiveState,
    dialect: Dialect,
    parts: &Parts,
    body: &mut Body,
) -> Result<Option<Partial>, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let parameters = parameters(dialect, &parts.uri)?;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    state.stats.of(&INFLUX).body(body.len());
    let options = state.decode_options();
    let whole = parameters.whole;
    let work = move |bytes: &[u8]| decode::lines(bytes, tenant, &options, &parameters);
    let (written, share) = intake::unpacked(state, encoding, body, share, work).await?;
    let dropped = written.tally.rejected_total();
    let kept = dropped == 0 || !(whole || written.metrics.is_empty() && written.logs.is_empty());
    let partial = Partial { broken: written.broken, dropped, kept };
    if whole && dropped > 0 {
        state.stats.accept(&INFLUX, Signal::Metrics, 0, &written.tally, options.now);
        return Ok(Some(partial));
    }
    // Each is durable alone: a client told of one's failure sends both again.
    let (mut tally, mut nothing) = (written.tally, Tally::default());
    let (metrics, logs) = tokio::join!(
        intake::deliver(state, &INFLUX, Signal::Metrics, written.metrics, &mut tally),
        intake::deliver(state, &INFLUX, Signal::Logs, written.logs, &mut nothing),
    );
    drop(share);
    metrics?;
    logs?;
    let dropped = tally.rejected_total();
    Ok((dropped > 0).then_some(Partial { dropped, ..partial }))
}

fn parameters(dialect: Dialect, uri: &Uri) -> Result<Parameters, ReceiveError> {
    let mut given = arguments(uri)?;
    let mut take = |name: &str| given.remove(name).filter(|value| !value.is_empty());
    let database = match dialect {
        Dialect::V1 | Dialect::V3 => take("db"),
        Dialect::V2 => take("bucket").or_else(|| take("db")),
    };
    let precision = match take("precision") {
        None if dialect == Dialect::V3 => Precision::Auto,
        None => Precision::Default,
        Some(name) => Precision::named(&name).ok_or_else(|| {
            let name = Limits::cut(&name, 64);
            ReceiveError::Malformed(format!("precision `{name}` is not known; write ns, us, ms or s"))
        })?,
    };
    let whole = dialect == Dialect::V3 && take("accept_partial").as_deref() == Some("false");
    Ok(Parameters { database: database.unwrap_or_default(), precision, whole })
}

fn arguments(uri: &Uri) -> Result<Arguments, ReceiveError> {
    let query = Query::<Arguments>::try_from_uri(uri);
    query.map(|Query(given)| given).map_err(|e| ReceiveError::Malformed(e.to_string()))
}

async fn ping(uri: Uri) -> Response<Body> {
    let verbose = arguments(&uri)
        .is_ok_and(|given| given.get("verbose").is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false")));
    if verbose { json_body(StatusCode::OK, &json!({ "version": VERSION })) } else { no_content() }
}

async fn health() -> Response<Body> {
    let body = json!({ "name": "influxdb", "status": "pass", "message": "takes writes", "checks": [], "version": VERSION });
    json_body(StatusCode::OK, &body)
}

async fn ready() -> Response<Body> {
    json_body(StatusCode::OK, &json!({ "status": "ready" }))
}

/// Clients of the first version create their database before they write. There is nothing to
/// create, so they are told that it is done; other queries are not answered.
async fn query(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&INFLUX).request();
    let (parts, mut body) = request.into_parts();
    match query_text(&state, &parts, &mut body).await {
        Ok(text) if creates_database(&text) => json_body(StatusCode::OK, &json!({ "results": [{ "statement_id": 0 }] })),
        Ok(_) => {
            let message = "InfluxQL is not answered here; ask in SQL or PromQL at the main port".to_owned();
            refuse(&state, Dialect::V1, None, &ReceiveError::Malformed(message))
        }
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Dialect::V1, None, &error)
        }
    }
}

/// The argument `q`, of the path or of a form.
async fn query_text(state: &ReceiveState, parts: &Parts, body: &mut Body) -> Result<String, ReceiveError> {
    if let Some(text) = arguments(&parts.uri)?.remove("q") {
        return Ok(text);
    }
    let tenant = (state.config.admission)(&parts.headers)?;
    let mut share = state.reservation(&tenant);
    let form = body::read(&HeaderMap::new(), body, QUERY_BYTES_MAX, &mut share).await?;
    let uri: Uri = format!("/?{}", String::from_utf8_lossy(&form))
        .parse()
        .map_err(|_| ReceiveError::Malformed("the form cannot be read".to_owned()))?;
    Ok(arguments(&uri)?.remove("q").unwrap_or_default())
}

fn creates_database(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    words.next().as_deref() == Some("create") && words.next().as_deref() == Some("database")
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&INFLUX).request();
    refuse(&state, of_path(request.uri()), None, &ReceiveError::WrongMethod(request.method().to_string()))
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&INFLUX).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let path = Limits::cut(parts.uri.path(), 256).to_owned();
    let hint = "lines go to POST /api/v2/write, /write or /api/v3/write_lp";
    refuse(&state, of_path(&parts.uri), None, &ReceiveError::WrongPath { path, hint })
}

fn of_path(uri: &Uri) -> Dialect {
    match uri.path() {
        path if path.starts_with("/api/v2/") => Dialect::V2,
        path if path.starts_with("/api/v3/") => Dialect::V3,
        _ => Dialect::V1,
    }
}

fn refuse(state: &ReceiveState, dialect: Dialect, signal: Option<Signal>, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&INFLUX, signal, error, (state.config.clock)());
    dialect.refusal(error)
}
