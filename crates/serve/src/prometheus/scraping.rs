//! What Prometheus tells of what it scrapes and alerts on: nothing is scraped here and there are no rules,
//! so these answers are empty, and well-formed.

use axum::response::Response;
use serde_json::json;

use super::parameters::selectors;
use super::reply::{Failure, plain};
use super::request::Asked;

/// `targets`.
pub async fn targets() -> Response {
    plain(&json!({"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}))
}

/// `targets/metadata`.
pub async fn target_metadata(asked: Asked) -> Result<Response, Failure> {
    if asked.parameters.first("limit").is_some_and(|text| text.parse::<i64>().is_err()) {
        return Err(Failure::bad_data("limit must be a number"));
    }
    Ok(plain(&json!([])))
}

/// `scrape_pools`.
pub async fn scrape_pools() -> Response {
    plain(&json!({"scrapePools": []}))
}

/// `rules`.
pub async fn rules(asked: Asked) -> Result<Response, Failure> {
    selectors(&asked.parameters)?;
    match asked.parameters.first("type").map(str::to_lowercase).as_deref() {
        None | Some("alert" | "record") => Ok(plain(&json!({"groups": []}))),
        Some(other) => Err(Failure::parameter("type", format!("not supported value {other:?}"))),
    }
}

/// `alerts`.
pub async fn alerts() -> Response {
    plain(&json!({"alerts": []}))
}

/// `alertmanagers`.
pub async fn alertmanagers() -> Response {
    plain(&json!({"activeAlertmanagers": [], "droppedAlertmanagers": []}))
}
