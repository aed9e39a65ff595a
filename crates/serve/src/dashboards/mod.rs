//! `/api/dashboards`: documents that people make, one file each.
//!
//! The server keeps them as they are; what they say is the UI's business. They lie as
//! `DATA/dashboards/ID.json` (those of tenants other than `default` in a folder `tenant=NAME`), written out
//! line by line, so that they can be kept under version control.

mod files;

use std::path::PathBuf;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use luneta_model::Tenant;
use serde_json::{Value, json};

use crate::ServeState;
use crate::sql::ApiError;
use crate::status::shown;
use crate::tenant::RequestTenant;
use files::{Expected, Fault};

/// Bytes of one document.
const DOCUMENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Characters of a name.
const ID_CHARACTERS_MAX: usize = 80;

/// Listing, reading, writing and removing.
pub fn routes() -> Router<ServeState> {
    Router::new()
        .route("/api/dashboards", get(list))
        .route("/api/dashboards/{id}", get(read).put(write).delete(remove))
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX))
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing => Self::with_status(StatusCode::NOT_FOUND, "not_found", "there is no dashboard of this name"),
            Fault::Changed => {
                let message = "the dashboard was changed meanwhile: read it again, or save it under another name";
                Self::with_status(StatusCode::PRECONDITION_FAILED, "conflict", message)
            }
            Fault::TooMany { limit } => Self::invalid(format!("there are {limit} dashboards already: remove some first")),
            Fault::Disk(error) => {
                tracing::warn!(%error, "dashboards cannot be read or written");
                Self::unavailable(format!("the folder of dashboards cannot be used: {error}"))
            }
        }
    }
}

/// Where the documents of a tenant lie.
fn folder(state: &ServeState, tenant: &Tenant) -> PathBuf {
    let all = state.0.info.data_dir.join("dashboards");
    if *tenant == Tenant::default() { all } else { all.join(format!("tenant={tenant}")) }
}

fn checked(id: &str) -> Result<&str, ApiError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > ID_CHARACTERS_MAX || !id.chars().all(allowed) {
        let message = format!("names of dashboards are 1 to {ID_CHARACTERS_MAX} of the characters a-z, 0-9 and -");
        return Err(ApiError::invalid(message));
    }
    Ok(id)
}

/// Runs file work aside: disks may be slow.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ApiError::unavailable("the work was given up; try again"))?.map_err(ApiError::from)
}

async fn list(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Json<Value>, ApiError> {
    let folder = folder(&state, &tenant);
    let found = aside(move || files::list(&folder)).await?;
    let shown = |document: files::Listed| {
        let files::Listed { id, title, tags, updated, etag } = document;
        json!({"id": id, "title": title, "tags": tags, "updated": shown(updated), "etag": etag})
    };
    Ok(Json(json!({"dashboards": found.into_iter().map(shown).collect::<Vec<_>>()})))
}

async fn read(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let folder = folder(&state, &tenant);
    let id = checked(&id)?.to_owned();
    let content = aside(move || files::read(&folder, &id)).await?;
    let etag = header(&files::etag(&content));
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json")), (ETAG, etag)], content).into_response())
}

async fn write(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let folder = folder(&state, &tenant);
    let id = checked(&id)?.to_owned();
    let document: Value = serde_json::from_slice(&body).map_err(|e| ApiError::invalid(format!("not JSON: {e}")))?;
    if document["title"].as_str().is_none_or(|title| title.trim().is_empty()) {
        return Err(ApiError::invalid("a dashboard is an object with a `title`"));
    }
    let mut content = serde_json::to_vec_pretty(&document).map_err(|e| ApiError::invalid(e.to_string()))?;
    content.push(b'\n');
    let expected = expected(&headers)?;
    let etag = files::etag(&content);
    let _turn = state.0.dashboards.lock().await;
    let named = id.clone();
    aside(move || files::write(&folder, &named, &content, &expected)).await?;
    Ok(([(ETAG, header(&etag))], Json(json!({"id": id, "etag": etag}))).into_response())
}

async fn remove(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let folder = folder(&state, &tenant);
    let id = checked(&id)?.to_owned();
    let expected = expected(&headers)?;
    let _turn = state.0.dashboards.lock().await;
    aside(move || files::remove(&folder, &id, &expected)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What must be there, by `If-Match` and `If-None-Match: *`.
fn expected(headers: &HeaderMap) -> Result<Expected, ApiError> {
    if let Some(value) = headers.get(IF_MATCH) {
        let text = value.to_str().map_err(|_| ApiError::invalid("If-Match must be ASCII text"))?;
        return Ok(if text.trim() == "*" { Expected::Any } else { Expected::Etag(text.trim().to_owned()) });
    }
    let nothing = headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == b"*");
    Ok(if nothing { Expected::Nothing } else { Expected::Whatever })
}

fn header(etag: &str) -> HeaderValue {
    HeaderValue::from_str(etag).unwrap_or(HeaderValue::from_static("\"\""))
}
