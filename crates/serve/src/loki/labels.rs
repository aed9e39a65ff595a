//! Which labels and streams there are: `labels`, `label/…/values`, `series`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use axum::Json;
use axum::extract::{Path, State};
use luneta_model::Tenant;
use luneta_promql::{Labels, Matcher};
use serde_json::{Value, json};

use super::parameters::{LABELS_BACK_NS, bounds, matchers, selectors};
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;

/// Streams that match any of several selectors.
pub async fn streams(
    state: &ServeState,
    tenant: &Tenant,
    selectors: &[Vec<Matcher>],
    window: Range<i64>,
) -> Result<BTreeSet<Labels>, Failure> {
    let (found, warnings) = state.engine().log_streams(tenant, selectors, window, state.engine().config().timeout).await?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(found)
}

/// Streams as a request asks for them by `query`.
pub async fn asked_streams(state: &ServeState, asked: &Asked) -> Result<BTreeSet<Labels>, Failure> {
    let window = bounds(&asked.parameters, LABELS_BACK_NS)?;
    let matchers = matchers(asked.parameters.first("query"), &state.engine().config().logql_text)?;
    streams(state, &asked.tenant, &[matchers], window).await
}

/// `labels`: names of the labels of streams.
pub async fn names(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let streams = asked_streams(&state, &asked).await?;
    let names: BTreeSet<&str> = streams.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
    Ok(Json(json!({"status": "success", "data": names})))
}

/// `label/{name}/values`: the values of one.
pub async fn values(State(state): State<ServeState>, Path(name): Path<String>, asked: Asked) -> Result<Json<Value>, Failure> {
    let streams = asked_streams(&state, &asked).await?;
    let values: BTreeSet<&str> = streams.iter().map(|labels| labels.get(&name)).filter(|value| !value.is_empty()).collect();
    Ok(Json(json!({"status": "success", "data": values})))
}

/// `series`: the labels of each stream.
pub async fn series(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let window = bounds(&asked.parameters, LABELS_BACK_NS)?;
    let selectors = selectors(&asked.parameters, &state.engine().config().logql_text)?;
    let streams = streams(&state, &asked.tenant, &selectors, window).await?;
    let data: Vec<BTreeMap<&str, &str>> = streams.iter().map(|labels| labels.iter().collect()).collect();
    Ok(Json(json!({"status": "success", "data": data})))
}
