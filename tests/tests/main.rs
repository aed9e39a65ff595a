//! Tests of the real binary, end to end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

mod bad_input;
mod bad_traces;
mod clients;
mod commands;
mod concurrency;
mod damage;
mod dashboards;
mod deletes;
mod derived;
mod disk_full;
mod duckdb;
mod durability;
mod golden;
mod json;
mod line_clients;
mod log_clients;
mod loki_api;
mod prometheus;
mod read_apis;
mod remote_write;
mod round_trip;
mod rules;
mod span_metrics;
mod sql;
mod tail_files;
mod tempo;
mod tempo_queries;
mod trace_clients;
mod traceql;
