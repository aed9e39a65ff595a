//! What is asked of the server itself: its build, rules, deletes.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::parameters::matchers;
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;

/// `status/buildinfo`: what Grafana asks to know which features there are.
pub async fn build_information() -> Json<Value> {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"version": version, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}))
}

/// `rules`: groups of rules by namespace, as YAML. Rules are those of Prometheus here; none are of LogQL.
pub async fn rules() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], "{}\n").into_response()
}

/// The same in the form of Prometheus, as Grafana's list of alerts asks for it.
pub async fn prometheus_rules() -> Json<Value> {
    Json(json!({"status": "success", "data": {"groups": []}, "errorType": "", "error": ""}))
}

/// Alerts of rules.
pub async fn prometheus_alerts() -> Json<Value> {
    Json(json!({"status": "success", "data": {"alerts": []}, "errorType": "", "error": ""}))
}

/// `delete`: requests to delete. There are none.
pub async fn deletes() -> Json<Value> {
    Json(json!([]))
}

/// A request to delete. Rows leave the lake with their files, when their time is over; saying that single ones are
/// gone would be untrue.
pub async fn delete(State(state): State<ServeState>, asked: Asked) -> Failure {
    match matchers(asked.parameters.first("query"), &state.engine().config().logql_text) {
        Err(failure) => failure,
        Ok(_) => Failure {
            status: StatusCode::FORBIDDEN,
            message: "deletion is not available for this tenant: records are kept for luneta.retention.logs".to_owned(),
        },
    }
}
