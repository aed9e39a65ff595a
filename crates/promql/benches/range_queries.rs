//! What range queries cost: `cargo bench -p luneta-promql`. Prints the mean of many runs in
//! milliseconds of CPU time, as wall time on a shared machine says little; without Linux's figures, of
//! wall time.
#![allow(clippy::print_stdout, reason = "a benchmark prints figures")]

use std::time::{Duration, Instant};

use luneta_promql::{Labels, Limits, METRIC_NAME, Params, ParseOptions, Query, Selection, Series, SeriesSet};

/// Enough that the kernel's clock of CPU time, of a few milliseconds, does not matter.
const RUNS: usize = 100;
const SERIES: usize = 500;
const START: i64 = 1_700_000_000_000;
/// One hour of samples every ten seconds, asked at every fifteenth second.
const HOUR: i64 = 3_600_000;
const SAMPLE_STEP: i64 = 10_000;
const QUERY_STEP: i64 = 15_000;

const QUERIES: [&str; 12] = [
    "requests_total",
    "rate(requests_total[5m])",
    "sum by (service) (rate(requests_total[5m]))",
    "sum(rate(requests_total[5m]))",
    "avg without (instance) (requests_total)",
    "max_over_time(requests_total[5m])",
    "quantile_over_time(0.9, requests_total[5m])",
    "avg_over_time(rate(requests_total[1m])[5m:30s])",
    "topk(5, rate(requests_total[5m]))",
    "rate(requests_total[5m]) / ignoring(nothing) rate(requests_total[5m]) * 100",
    "requests_total > on (service, instance) group_left () (requests_total * 0)",
    "histogram_quantile(0.9, sum by (le, service) (rate(latency_bucket[5m])))",
];

fn main() {
    let data = series();
    println!("{SERIES} series, {} steps, {} samples a series", HOUR / QUERY_STEP, 2 * HOUR / SAMPLE_STEP);
    // `cargo bench -p luneta-promql -- WORD` runs the queries that contain the word.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for text in QUERIES.into_iter().filter(|text| text.contains(&wanted)) {
        let query = Query::parse(text, &ParseOptions::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let params = Params::range(START + HOUR, START + 2 * HOUR - QUERY_STEP, QUERY_STEP);
        let selections = query.selections(&params).unwrap_or_else(|error| panic!("{text}: {error}"));
        let fetched: Vec<SeriesSet> = selections.iter().map(|selection| fetch(&data, selection)).collect();
        let (started, cpu) = (Instant::now(), cpu_time());
        for _ in 0..RUNS {
            let answer = query.evaluate(&fetched, &params, &Limits::default(), &mut || None);
            assert!(answer.is_ok(), "{text}: {answer:?}");
        }
        let wall = started.elapsed();
        let taken = cpu_time().zip(cpu).map_or(wall, |(after, before)| after.saturating_sub(before));
        println!("{:>9.3} ms  {text}", taken.as_secs_f64() * 1000.0 / RUNS as f64);
    }
}

/// CPU time of this thread.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn series() -> Vec<Series> {
    let times: Vec<i64> = (0..2 * HOUR / SAMPLE_STEP).map(|index| START + index * SAMPLE_STEP).collect();
    let bounds = ["0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf"];
    let mut all = Vec::new();
    for index in 0..SERIES {
        let service = format!("service-{:02}", index % 20);
        let instance = format!("instance-{index:03}");
        let values = times.iter().enumerate().map(|(at, _)| (at * (index % 17 + 1)) as f64).collect();
        let labels = [(METRIC_NAME, "requests_total"), ("service", &service), ("instance", &instance), ("zone", "eu-1")];
        all.push(Series::floats(Labels::new(labels), times.clone(), values));
        if index < SERIES / bounds.len() {
            for (place, bound) in bounds.iter().enumerate() {
                let values = times.iter().enumerate().map(|(at, _)| (at * (place + 1)) as f64).collect();
                let labels = [(METRIC_NAME, "latency_bucket"), ("service", &service), ("instance", &instance), ("le", bound)];
                all.push(Series::floats(Labels::new(labels), times.clone(), values));
            }
        }
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all
}

fn fetch(data: &[Series], selection: &Selection) -> SeriesSet {
    data.iter().filter(|series| selection.matchers.iter().all(|m| m.accepts(&series.labels))).cloned().collect()
}
