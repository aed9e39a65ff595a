//! `detected_labels`: labels of streams that are worth choosing by, with how many values each has.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::labels::asked_streams;
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;

/// Labels that are told of whatever their values are.
const ALWAYS: [&str; 4] = ["cluster", "namespace", "instance", "pod"];

/// Labels and the number of their values.
pub async fn labels(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let streams = asked_streams(&state, &asked).await?;
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in streams.iter().flat_map(luneta_promql::Labels::iter) {
        values.entry(name).or_default().insert(value);
    }
    let told = values.into_iter().filter(|(name, values)| ALWAYS.contains(name) || !values.iter().all(|value| is_id(value)));
    let labels: Vec<Value> = told.map(|(name, values)| json!({"label": name, "cardinality": values.len()})).collect();
    Ok(Json(json!({"detectedLabels": labels})))
}

/// Whether a value is a number or a UUID, of which there are as many as records.
fn is_id(value: &str) -> bool {
    let is_uuid = value.len() == 36
        && value
            .bytes()
            .enumerate()
            .all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
    is_uuid || value.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn ids() {
        for (value, wanted) in
            [("12", true), ("1.5", true), ("6f1c0a3e-0b5c-4b0e-9f3e-0123456789ab", true), ("shop", false), ("", false)]
        {
            assert_eq!(is_id(value), wanted, "{value}");
        }
    }
}
