//! What is counted of spans, as the series Tempo makes of them: rate, errors and duration of operations
//! (`traces_spanmetrics_*`) and of calls between services (`traces_service_graph_*`).
//!
//! The tables `span_metrics` and `edge_metrics` have counts of single minutes. Counters add them up from
//! midnight (UTC), and have a sample at the end of each minute; [`counter`] says when they begin and end.
//! Bounds of buckets are powers of two in nanoseconds, so that the counts of the tables' finer buckets
//! add up exactly.

mod counter;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use luneta_model::Tenant;
use luneta_promql::{
    BUCKET_LABEL, Labels, Limits, METRIC_NAME, Matcher, PromqlError, STALE_NAN, Selection, Series, Times, is_stale,
};

use super::{MetricsError, Selected};
use crate::QueryEngine;
use counter::Samples;
use read::{Read, Window};

/// The lowest bound of a bucket: 2^21 ns, some two milliseconds.
const BOUND_MIN: i32 = 21;
/// The highest but infinity: 2^34 ns, some seventeen seconds.
const BOUND_MAX: i32 = 34;
/// Buckets, with that of infinity.
const BUCKETS: usize = (BOUND_MAX - BOUND_MIN + 2) as usize;

/// A table of counts, and its columns as labels.
#[derive(Debug)]
struct Source {
    table: &'static str,
    labels: &'static [Label],
}

/// A label of a series, made of a column.
#[derive(Debug)]
struct Label {
    name: &'static str,
    column: &'static str,
    /// What stands before the column's text.
    prefix: &'static str,
}

const fn label(name: &'static str, column: &'static str, prefix: &'static str) -> Label {
    Label { name, column, prefix }
}

static OPERATIONS: Source = Source {
    table: "span_metrics",
    labels: &[
        label("service", "service_name", ""),
        label("span_name", "name", ""),
        label("span_kind", "kind", "SPAN_KIND_"),
        label("status_code", "status_code", "STATUS_CODE_"),
    ],
};
static CALLS: Source = Source {
    table: "edge_metrics",
    labels: &[label("client", "client", ""), label("server", "server", ""), label("connection_type", "connection_type", "")],
};

/// What a metric counts.
#[derive(Debug, Clone, Copy)]
enum Measure {
    /// The sum of a column.
    Count(&'static str),
    /// Durations: the columns of their sum in nanoseconds, of their buckets and of the buckets' counts.
    Durations(&'static str, &'static str, &'static str),
}

/// A metric Tempo has.
#[derive(Debug)]
struct Metric {
    name: &'static str,
    source: &'static Source,
    measure: Measure,
}

static METRICS: [Metric; 6] = [
    Metric { name: "traces_spanmetrics_calls_total", source: &OPERATIONS, measure: Measure::Count("count") },
    Metric {
        name: "traces_spanmetrics_latency",
        source: &OPERATIONS,
        measure: Measure::Durations("duration_sum_ns", "duration_buckets", "duration_counts"),
    },
    Metric { name: "traces_service_graph_request_total", source: &CALLS, measure: Measure::Count("count") },
    Metric { name: "traces_service_graph_request_failed_total", source: &CALLS, measure: Measure::Count("errors") },
    Metric {
        name: "traces_service_graph_request_client_seconds",
        source: &CALLS,
        measure: Measure::Durations("duration_sum_ns", "duration_buckets", "duration_counts"),
    },
    Metric {
        name: "traces_service_graph_request_server_seconds",
        source: &CALLS,
        measure: Measure::Durations("server_duration_sum_ns", "server_duration_buckets", "server_duration_counts"),
    },
];

/// A name of a series, and how its samples come from what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Count,
    Sum,
    Total,
    Buckets,
}

impl Metric {
    /// The names of the metric's series.
    fn parts(&self) -> Vec<(String, Part)> {
        match self.measure {
            Measure::Count(_) => vec![(self.name.to_owned(), Part::Count)],
            Measure::Durations(..) => [("_bucket", Part::Buckets), ("_count", Part::Total), ("_sum", Part::Sum)]
                .map(|(suffix, part)| (format!("{}{suffix}", self.name), part))
                .into(),
        }
    }
}

/// The series of a selection.
pub(super) async fn select(
    engine: &QueryEngine,
    tenant: &Tenant,
    selection: &Selection,
    limits: &Limits,
) -> Result<Selected, MetricsError> {
    let window = Window { after_ms: selection.after_ms, until_ms: selection.until_ms };
    let mut selected = Selected::default();
    let asked = METRICS.iter().any(|metric| !named(metric, &selection.matchers).is_empty());
    if !asked || !read::is_any(engine, tenant, window).await? {
        return Ok(selected);
    }
    let mut samples = 0;
    for metric in &METRICS {
        let mut read: BTreeMap<bool, Read> = BTreeMap::new();
        for (name, part) in named(metric, &selection.matchers) {
            let buckets = matches!(part, Part::Total | Part::Buckets);
            let rows = match read.entry(buckets) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let rows = read::rows(engine, tenant, metric, buckets, &selection.matchers, window).await?;
                    selected.warnings.extend(rows.warnings.iter().cloned());
                    place.insert(rows)
                }
            };
            for (values, minutes) in &rows.series {
                let counted = counter::samples(minutes, window);
                for series in series_of(metric, &name, part, values, &counted) {
                    if selection.matchers.iter().all(|matcher| matcher.accepts(&series.labels)) && !series.floats.times.is_empty()
                    {
                        samples += series.floats.times.len();
                        if samples > limits.samples_max {
                            return Err(PromqlError::TooManySamples { limit: limits.samples_max }.into());
                        }
                        selected.series.push(series);
                    }
                }
            }
        }
    }
    Ok(selected)
}

/// The labels of series that match and have a sample after and up to a time.
pub(super) async fn series(
    engine: &QueryEngine,
    tenant: &Tenant,
    matchers: &[Matcher],
    (after_ms, until_ms): (i64, i64),
) -> Result<Vec<Labels>, MetricsError> {
    let window = Window { after_ms, until_ms };
    let mut found = Vec::new();
    if !read::is_any(engine, tenant, window).await? {
        return Ok(found);
    }
    for source in [&OPERATIONS, &CALLS] {
        let of_source = METRICS.iter().filter(|metric| std::ptr::eq(metric.source, source));
        let names: Vec<_> = of_source.flat_map(|metric| named(metric, matchers).into_iter().map(move |n| (metric, n))).collect();
        if names.is_empty() {
            continue;
        }
        let groups = read::groups(engine, tenant, source, matchers, window).await?;
        let nothing = Samples::default();
        for (metric, (name, part)) in names {
            let all = groups.iter().flat_map(|values| series_of(metric, &name, part, values, &nothing));
            found.extend(all.map(|series| series.labels).filter(|labels| matchers.iter().all(|m| m.accepts(labels))));
        }
    }
    Ok(found)
}

/// The names of a metric's series that the matchers allow.
fn named(metric: &Metric, matchers: &[Matcher]) -> Vec<(String, Part)> {
    let allowed = |name: &str| matchers.iter().filter(|m| m.name == METRIC_NAME).all(|m| m.matches(name));
    metric.parts().into_iter().filter(|(name, _)| allowed(name)).collect()
}

/// The series of one name that one group of a table makes: one, or one for each bucket.
fn series_of(metric: &Metric, name: &str, part: Part, values: &[String], counted: &Samples) -> Vec<Series> {
    let labels = |bound: Option<&str>| {
        let columns = metric.source.labels.iter().zip(values);
        // What the spans do not say is an empty label, which is none.
        let columns = columns.filter(|(_, value)| !value.is_empty());
        let pairs = columns.map(|(label, value)| (label.name.to_owned(), format!("{}{value}", label.prefix)));
        let bound = bound.map(|bound| (BUCKET_LABEL.to_owned(), bound.to_owned()));
        Labels::new(pairs.chain([(METRIC_NAME.to_owned(), name.to_owned())]).chain(bound))
    };
    // Sums would change the bits that mark an end.
    let sum = |values: &Vec<f64>, upto: usize| match values.first() {
        Some(value) if is_stale(*value) => STALE_NAN,
        _ => values.iter().take(upto).sum(),
    };
    let column = |upto: usize| counted.values.iter().map(|values| sum(values, upto)).collect::<Vec<f64>>();
    let seconds = |ns: f64| if is_stale(ns) { ns } else { ns / 1e9 };
    let times = Times::from(counted.times.clone());
    let series = |bound: Option<&str>, values: Vec<f64>| Series::floats(labels(bound), times.clone(), values);
    match part {
        Part::Count => vec![series(None, column(1))],
        Part::Sum => vec![series(None, column(1).into_iter().map(seconds).collect())],
        Part::Total => vec![series(None, column(BUCKETS))],
        Part::Buckets => (0..BUCKETS).map(|bucket| series(Some(&bound(bucket)), column(bucket + 1))).collect(),
    }
}

/// The upper bound of a bucket, in seconds.
fn bound(bucket: usize) -> String {
    match BOUND_MIN + bucket as i32 {
        infinite if infinite > BOUND_MAX => "+Inf".to_owned(),
        bits => luneta_promql::format_float((1_u64 << bits) as f64 / 1e9),
    }
}
