//! `metadata`: what clients say of metrics.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::reply::{Failure, plain};
use super::request::Asked;
use crate::ServeState;
use crate::parameters::Parameters;

/// What one service says of a metric.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: &'static str,
    help: String,
    unit: String,
}

/// `metadata`, by name of the metric.
pub async fn metadata(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let metrics_max = count(&asked.parameters, "limit")?;
    let entries_max = count(&asked.parameters, "limit_per_metric")?;
    let found = state.engine().metric_metadata(&asked.tenant).await?;
    let wanted = asked.parameters.first("metric");
    let mut by_name: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for metric in found.into_iter().filter(|metric| wanted.is_none_or(|name| name == metric.name)) {
        if !by_name.contains_key(&metric.name) && metrics_max.is_some_and(|max| by_name.len() >= max) {
            continue;
        }
        let entries = by_name.entry(metric.name).or_default();
        if entries_max.is_none_or(|max| entries.len() < max) {
            entries.push(Entry { kind: metric.kind, help: metric.help, unit: metric.unit });
        }
    }
    Ok(plain(&by_name))
}

/// A bound by name; negative ones and zero entries of a metric are none, as in Prometheus.
fn count(parameters: &Parameters, name: &str) -> Result<Option<usize>, Failure> {
    let Some(text) = parameters.first(name) else { return Ok(None) };
    let number: i64 = text.parse().map_err(|_| Failure::bad_data(format!("{name} must be a number")))?;
    let none_from = i64::from(name == "limit_per_metric");
    Ok((number >= none_from).then_some(number as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        for (query, name, wanted) in [
            ("", "limit", Ok(None)),
            ("limit=0", "limit", Ok(Some(0))),
            ("limit=-1", "limit", Ok(None)),
            ("limit_per_metric=0", "limit_per_metric", Ok(None)),
            ("limit_per_metric=1", "limit_per_metric", Ok(Some(1))),
            ("limit=x", "limit", Err(Failure::bad_data("limit must be a number"))),
        ] {
            assert_eq!(count(&Parameters::of(query), name), wanted, "{query}");
        }
    }
}
