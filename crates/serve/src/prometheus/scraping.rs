//! What Prometheus tells of what it scrapes and whom it alerts: nothing is scraped here and nobody is alerted,
//! so these answers are empty, and well-formed.

use axum::response::Response;
use serde_json::json;

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

/// `alertmanagers`.
pub async fn alertmanagers() -> Response {
    plain(&json!({"activeAlertmanagers": [], "droppedAlertmanagers": []}))
}
