//! Prometheus's HTTP API: queries in PromQL, series and labels, metadata, for Grafana's data source,
//! `promtool` and everybody else who asks Prometheus.
//!
//! Paths are Prometheus's own, at the root of its port and below `/prometheus`; `/api/v1` is on the main
//! port too. Answers are Prometheus's `status`, `data`, `errorType`, `error`, `warnings`, `infos`.

mod evaluate;
mod exemplars;
mod federate;
pub(crate) mod json;
mod messages;
mod metadata;
mod parameters;
mod remote_read;
mod reply;
mod request;
mod rules;
mod scraping;
mod series;
mod status;

use axum::Router;
use axum::routing::{any, get, post};

use crate::ServeState;
pub use evaluate::written;
pub use parameters::{duration, time};
use reply::{ErrorType, Failure};

/// The routes of the main port.
pub fn router() -> Router<ServeState> {
    Router::new().nest("/prometheus", at_root()).nest("/api/v1", api())
}

/// The routes where Prometheus itself has them, and below `/prometheus`.
pub fn routes() -> Router<ServeState> {
    at_root().nest("/prometheus", at_root()).route("/metrics", get(crate::health::metrics))
}

fn at_root() -> Router<ServeState> {
    Router::new()
        .nest("/api/v1", api())
        .route("/federate", get(federate::federate))
        .route("/-/healthy", get(async || "Prometheus Server is Healthy.\n"))
        .route("/-/ready", get(async || "Prometheus Server is Ready.\n"))
}

fn api() -> Router<ServeState> {
    Router::new()
        .route("/query", get(evaluate::instant).post(evaluate::instant))
        .route("/query_range", get(evaluate::range).post(evaluate::range))
        .route("/query_exemplars", get(exemplars::exemplars).post(exemplars::exemplars))
        .route("/format_query", get(evaluate::format_query).post(evaluate::format_query))
        .route("/parse_query", get(evaluate::parse_query).post(evaluate::parse_query))
        .route("/series", get(series::series).post(series::series))
        .route("/labels", get(series::labels).post(series::labels))
        .route("/label/{name}/values", get(series::label_values))
        .route("/metadata", get(metadata::metadata))
        .route("/read", post(remote_read::read))
        .route("/targets", get(scraping::targets))
        .route("/targets/metadata", get(scraping::target_metadata))
        .route("/scrape_pools", get(scraping::scrape_pools))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(scraping::alertmanagers))
        .route("/status/config", get(status::configuration))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtime_information))
        .route("/status/buildinfo", get(status::build_information))
        .route("/status/tsdb", get(status::sizes))
        .route("/status/walreplay", get(status::replay))
        // Else a page of the UI would answer.
        .route("/{*path}", any(async || Failure::new(ErrorType::NotFound, "no such endpoint")))
}
