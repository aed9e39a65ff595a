//! What clients ask before they send documents: there is nothing to set up here, so all is as they wish.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::{MethodRouter, get, post};
use serde_json::{Value, json};

use super::reply::{ok, respond};
use super::version::Major;
use crate::ReceiveState;

/// What a path names.
type Names = HashMap<String, String>;

const CLUSTER: &str = "luneta";
/// Ids of a cluster and of a licence have a form that clients may check.
const UUID: &str = "6c756e65-7461-4000-8000-000000000000";

/// What is answered by names, for requests that are not about documents.
pub(super) fn routes() -> Router<ReceiveState> {
    let router = Router::new()
        .route("/", get(info))
        .route("/_cluster/health", get(health))
        .route("/_cluster/health/{index}", get(health))
        .route("/_license", get(licence))
        .route("/_xpack", get(features))
        .route("/_nodes", get(nodes))
        .route("/_nodes/http", get(nodes))
        .route("/_nodes/_all/http", get(nodes))
        .route("/_ilm/status", get(async |headers: HeaderMap| ok(&headers, &json!({ "operation_mode": "RUNNING" }))))
        .route("/_ilm/policy/{name}", kept(policy))
        .route("/_index_template/{name}", kept(index_template))
        .route("/_component_template/{name}", kept(component_template))
        .route("/_template/{name}", kept(named))
        .route("/_ingest/pipeline/{name}", kept(named))
        .route("/_data_stream/{name}", kept(data_stream))
        .route("/_alias/{name}", kept(named))
        .route("/{index}", kept(index))
        .route("/{index}/_alias/{name}", kept(named));
    ["/_refresh", "/_flush", "/{index}/_refresh", "/{index}/_flush"]
        .into_iter()
        .fold(router, |router, path| router.route(path, post(written).get(written)))
}

async fn info(headers: HeaderMap) -> Response<Body> {
    let major = Major::of_client(&headers);
    let version = json!({
        "number": major.number(),
        "build_flavor": "default",
        "build_type": "docker",
        "build_hash": "unknown",
        "build_date": "2025-01-01T00:00:00.000Z",
        "build_snapshot": false,
        "lucene_version": major.lucene(),
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    });
    let body = json!({
        "name": CLUSTER, "cluster_name": CLUSTER, "cluster_uuid": UUID, "version": version, "tagline": "You Know, for Search",
    });
    ok(&headers, &body)
}

async fn health(headers: HeaderMap) -> Response<Body> {
    let body = json!({
        "cluster_name": CLUSTER, "status": "green", "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
        "active_primary_shards": 1, "active_shards": 1, "relocating_shards": 0, "initializing_shards": 0,
        "unassigned_shards": 0, "delayed_unassigned_shards": 0, "number_of_pending_tasks": 0, "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0, "active_shards_percent_as_number": 100.0,
    });
    ok(&headers, &body)
}

async fn licence(headers: HeaderMap) -> Response<Body> {
    let licence = json!({ "status": "active", "uid": UUID, "type": "basic", "issued_to": CLUSTER, "issuer": "elasticsearch" });
    ok(&headers, &json!({ "license": licence }))
}

async fn features(headers: HeaderMap) -> Response<Body> {
    let on = json!({ "available": true, "enabled": true });
    let body = json!({
        "license": { "uid": UUID, "type": "basic", "mode": "basic", "status": "active" },
        "features": { "ilm": on, "data_streams": on },
    });
    ok(&headers, &body)
}

/// One node, where the client asks: one that looks for others finds this again.
async fn nodes(headers: HeaderMap) -> Response<Body> {
    let host = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let address = String::from_utf8_lossy(host);
    let node = json!({
        "name": CLUSTER, "version": Major::of_client(&headers).number(), "roles": ["data", "ingest", "master"],
        "http": { "bound_address": [address], "publish_address": address, "max_content_length_in_bytes": 104_857_600 },
    });
    let body = json!({
        "_nodes": { "total": 1, "successful": 1, "failed": 0 }, "cluster_name": CLUSTER, "nodes": { UUID: node },
    });
    ok(&headers, &body)
}

async fn written(headers: HeaderMap) -> Response<Body> {
    ok(&headers, &json!({ "_shards": { "total": 1, "successful": 1, "failed": 0 } }))
}

/// What is there under any name, and is kept, changed and deleted without effect.
fn kept(describe: fn(&str) -> Value) -> MethodRouter<ReceiveState> {
    let acknowledge = async |Path(names): Path<Names>, headers: HeaderMap| {
        let name = last(&names);
        ok(&headers, &json!({ "acknowledged": true, "shards_acknowledged": true, "index": name }))
    };
    get(move |Path(names): Path<Names>, headers: HeaderMap| async move {
        respond(&headers, StatusCode::OK, describe(last(&names)).to_string())
    })
    .put(acknowledge)
    .post(acknowledge)
    .delete(acknowledge)
}

/// `{name}` of the path, else `{index}`.
fn last(names: &Names) -> &str {
    names.get("name").or_else(|| names.get("index")).map_or("", String::as_str)
}

fn named(name: &str) -> Value {
    json!({ name: {} })
}

fn index(name: &str) -> Value {
    json!({ name: { "aliases": {}, "mappings": {}, "settings": {} } })
}

fn policy(name: &str) -> Value {
    json!({ name: { "version": 1, "modified_date": "2025-01-01T00:00:00.000Z", "policy": { "phases": {} } } })
}

fn index_template(name: &str) -> Value {
    let template = json!({ "index_patterns": [format!("{name}*")], "composed_of": [], "priority": 1, "data_stream": {} });
    json!({ "index_templates": [{ "name": name, "index_template": template }] })
}

fn component_template(name: &str) -> Value {
    json!({ "component_templates": [{ "name": name, "component_template": { "template": {} } }] })
}

fn data_stream(name: &str) -> Value {
    let stream = json!({
        "name": name, "timestamp_field": { "name": "@timestamp" }, "indices": [], "generation": 1, "status": "GREEN",
        "template": name,
    });
    json!({ "data_streams": [stream] })
}
