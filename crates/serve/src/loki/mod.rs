//! Loki's HTTP API: queries in LogQL, labels and series, volumes, fields, live tails, for Grafana's data source,
//! `logcli` and everybody else who asks Loki.
//!
//! Paths are Loki's own, on its port and on the main one. Faults are plain text, as Loki's are.

mod delete;
mod detected;
mod evaluate;
mod fields;
mod json;
mod labels;
mod parameters;
mod patterns;
mod reply;
mod request;
mod status;
mod tail;
mod volume;

use axum::Router;
use axum::routing::{any, get};

use crate::ServeState;
use reply::Failure;
pub use request::CATEGORIZE_LABELS;

/// The routes of the main port.
pub fn router() -> Router<ServeState> {
    Router::new().nest("/loki/api/v1", api()).route("/loki/ready", get(async || "ready\n"))
}

/// The routes of Loki's own port; that it is ready tells the intake beside them.
pub fn routes() -> Router<ServeState> {
    Router::new()
        .nest("/loki/api/v1", api())
        .nest("/api/prom", old_api())
        .route("/prometheus/api/v1/rules", get(status::prometheus_rules))
        .route("/prometheus/api/v1/alerts", get(status::prometheus_alerts))
        .route("/metrics", get(crate::health::metrics))
}

fn api() -> Router<ServeState> {
    Router::new()
        .route("/query", get(evaluate::instant).post(evaluate::instant))
        .route("/query_range", get(evaluate::range).post(evaluate::range))
        .route("/format_query", get(evaluate::format_query).post(evaluate::format_query))
        .route("/labels", get(labels::names).post(labels::names))
        .route("/label", get(labels::names).post(labels::names))
        .route("/label/{name}/values", get(labels::values).post(labels::values))
        .route("/series", get(labels::series).post(labels::series))
        .route("/index/stats", get(volume::stats).post(volume::stats))
        .route("/index/volume", get(volume::instant).post(volume::instant))
        .route("/index/volume_range", get(volume::range).post(volume::range))
        .route("/patterns", get(patterns::patterns).post(patterns::patterns))
        .route("/detected_labels", get(detected::labels).post(detected::labels))
        .route("/detected_fields", get(fields::fields).post(fields::fields))
        .route("/detected_field/{name}/values", get(fields::values).post(fields::values))
        .route("/tail", get(tail::tail))
        .route("/rules", get(status::rules))
        .route("/rules/{namespace}", get(status::rules))
        .route("/delete", get(delete::list).post(delete::add).put(delete::add).delete(delete::cancel))
        .route("/status/buildinfo", get(status::build_information))
        // Else a page of the UI would answer.
        .route("/{*path}", any(async || Failure::not_found("404 page not found")))
}

/// What the oldest clients ask.
fn old_api() -> Router<ServeState> {
    Router::new()
        .route("/label", get(labels::names))
        .route("/label/{name}/values", get(labels::values))
        .route("/series", get(labels::series).post(labels::series))
        .route("/tail", get(tail::tail))
        .route("/rules", get(status::rules))
}
