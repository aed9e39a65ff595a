//! What is asked of the server itself: its build and rules.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

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
