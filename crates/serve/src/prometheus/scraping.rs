//! What Prometheus tells of what it scrapes and whom it alerts.

use axum::extract::State;
use axum::response::Response;
use luneta_promql::Labels;
use luneta_scrape::view::Targets;
use serde_json::json;

use super::parameters::selector;
use super::reply::{Failure, plain};
use super::request::Asked;
use crate::ServeState;

/// Metadata of targets in one answer.
const METADATA_MAX: usize = 100_000;

/// `targets`.
pub async fn targets(State(state): State<ServeState>, asked: Asked) -> Response {
    let mut targets = state.scraper().map(luneta_scrape::Scraper::targets).unwrap_or_default();
    let pools: Vec<&str> = asked.parameters.all("scrapePool").filter(|pool| !pool.is_empty()).collect();
    if !pools.is_empty() {
        targets.active_targets.retain(|target| pools.contains(&target.scrape_pool.as_str()));
        targets.dropped_targets.retain(|target| pools.contains(&target.scrape_pool.as_str()));
    }
    let word = asked.parameters.first("state").map(str::to_lowercase);
    let Targets { active_targets, dropped_targets, .. } = &mut targets;
    match word.as_deref() {
        Some("active") => dropped_targets.clear(),
        Some("dropped") => active_targets.clear(),
        _ => {}
    }
    plain(&targets)
}

/// `targets/metadata`.
pub async fn target_metadata(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let limit = match asked.parameters.first("limit").map(str::parse::<i64>) {
        None => METADATA_MAX,
        Some(Ok(number)) => usize::try_from(number).unwrap_or(METADATA_MAX).min(METADATA_MAX),
        Some(Err(_)) => return Err(Failure::bad_data("limit must be a number")),
    };
    let matchers = asked.parameters.first("match_target").map(selector).transpose()?.unwrap_or_default();
    let wanted = |labels: &luneta_scrape::relabel::Labels| {
        let labels = Labels::new(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        matchers.iter().all(|matcher| matcher.accepts(&labels))
    };
    let metric = asked.parameters.first("metric");
    let found = state.scraper().map(|scraper| scraper.metadata(metric, wanted, limit)).unwrap_or_default();
    Ok(plain(&found))
}

/// `scrape_pools`.
pub async fn scrape_pools(State(state): State<ServeState>) -> Response {
    let pools = state.scraper().map(luneta_scrape::Scraper::pools).unwrap_or_default();
    plain(&json!({"scrapePools": pools}))
}

/// `alertmanagers`: nobody is told of alerts.
pub async fn alertmanagers() -> Response {
    plain(&json!({"activeAlertmanagers": [], "droppedAlertmanagers": []}))
}
