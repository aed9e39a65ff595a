//! Compares answers with those of a real Prometheus over the same random series.
//!
//! Ignored unless asked for: it needs the binaries of Prometheus.
//!
//! ```text
//! PROMETHEUS_BIN=/usr/bin/prometheus PROMTOOL_BIN=/usr/bin/promtool \
//!     cargo test -p luneta-promql --test differential -- --ignored --nocapture
//! ```
//!
//! `PROMQL_QUERIES` sets the number of queries (600), `PROMQL_SEED` another set of series and queries.
//! Prometheus 2 includes the left border of a window and Prometheus 3 does not, so that no sample and
//! no step of a subquery ever falls on one: samples lie off the whole seconds, and times of evaluation
//! off the minutes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]
#![allow(clippy::print_stdout, reason = "what differs is shown")]
#![allow(clippy::float_cmp, reason = "answers are equal, or nearly so")]

mod reference;

use reference::{Server, compare, generate, native, random::Random, series};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
#[ignore = "needs PROMETHEUS_BIN and PROMTOOL_BIN"]
fn answers_are_those_of_prometheus() {
    let mut random = Random::new(number("PROMQL_SEED", 42));
    let data = series::random_series(&mut random);
    let server = Server::start(&data);
    let mut counts = compare::Counts::default();
    for _ in 0..number("PROMQL_QUERIES", 600) {
        let query = generate::query(&mut random);
        let times = generate::times(&mut random);
        compare::compare(&server, &data, &query, times, &mut counts);
    }
    counts.check();
}

#[test]
#[ignore = "needs PROMETHEUS_BIN and PROMTOOL_BIN"]
fn native_histograms_are_those_of_prometheus() {
    let mut random = Random::new(number("PROMQL_SEED", 42));
    let data = native::random_series(&mut random);
    let server = Server::empty();
    for message in native::messages(&data) {
        server.write(&message);
    }
    let mut counts = compare::Counts::default();
    for _ in 0..number("PROMQL_QUERIES", 600) {
        let query = native::query(&mut random);
        let times = generate::times(&mut random);
        compare::compare(&server, &data, &query, times, &mut counts);
    }
    counts.check();
}
