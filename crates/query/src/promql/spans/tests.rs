use std::collections::BTreeMap;

use luneta_promql::{MatchOp, STALE_NAN};

use super::counter::{MINUTE_MS, Samples, samples};
use super::*;

const DAY: i64 = 86_400_000;

/// What it is about, counts, a window, and its samples; times in minutes.
type Case<'a> = (&'a str, &'a [(i64, f64)], (i64, i64), &'a [(i64, f64)]);

/// Times in minutes since the beginning of a day.
fn counted(minutes: &[(i64, f64)], after: i64, until: i64) -> Vec<(i64, f64)> {
    let at = |minute: i64| 20_000 * DAY + minute * MINUTE_MS;
    let minutes: BTreeMap<i64, Vec<f64>> = minutes.iter().map(|(minute, count)| (at(*minute), vec![*count])).collect();
    let found = samples(&minutes, Window { after_ms: at(after), until_ms: at(until) });
    let time = |ms: &i64| (ms - 20_000 * DAY) / MINUTE_MS;
    found.times.iter().map(time).zip(found.values.iter().map(|values| values[0])).collect()
}

#[test]
fn counters_count_from_midnight() {
    let cases: [Case; 8] = [
        ("nothing", &[], (0, 100), &[]),
        ("nothing before, then each minute", &[(10, 2.0), (11, 3.0)], (0, 12), &[(10, 0.0), (11, 2.0), (12, 5.0)]),
        ("a window has what was counted before it", &[(10, 2.0), (11, 3.0)], (11, 13), &[(12, 5.0), (13, 5.0)]),
        ("a pause", &[(10, 2.0), (13, 1.0)], (10, 14), &[(11, 2.0), (12, 2.0), (13, 2.0), (14, 3.0)]),
        ("an end after a quarter of an hour", &[(10, 2.0)], (24, 60), &[(25, 2.0), (26, 2.0), (27, STALE_NAN)]),
        ("a new beginning", &[(10, 2.0), (60, 1.0)], (25, 61), &[(26, 2.0), (27, STALE_NAN), (60, 2.0), (61, 3.0)]),
        ("a new day", &[(1439, 7.0), (1440, 1.0), (1441, 1.0)], (1439, 1442), &[(1440, 7.0), (1441, 1.0), (1442, 2.0)]),
        ("the end of a day", &[(1438, 7.0)], (1439, 1500), &[(1439 + 1, 7.0), (1441, STALE_NAN)]),
    ];
    for (what, minutes, (after, until), expected) in cases {
        let bits = |samples: &[(i64, f64)]| samples.iter().map(|(t, v)| (*t, v.to_bits())).collect::<Vec<_>>();
        let found = counted(minutes, after, until);
        assert_eq!(bits(&found), bits(expected), "{what}: {found:?}");
    }
}

#[test]
fn names_and_labels_are_those_of_tempo() {
    let [calls, latency, ..] = &METRICS;
    let only = |name: &str, op| vec![Matcher::new(METRIC_NAME, op, name).unwrap()];
    let names = |metric, matchers: &[Matcher]| named(metric, matchers).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(calls, &[]), ["traces_spanmetrics_calls_total"]);
    let all = ["traces_spanmetrics_latency_bucket", "traces_spanmetrics_latency_count", "traces_spanmetrics_latency_sum"];
    assert_eq!(names(latency, &only("traces_.*", MatchOp::Regex)), all);
    assert_eq!(names(latency, &only("traces_spanmetrics_latency_sum", MatchOp::Equal)), all[2..]);
    assert!(names(latency, &only("up", MatchOp::Equal)).is_empty());

    let values = ["spam", "GET /", "SERVER", "ERROR"].map(str::to_owned);
    let mut counts = vec![0.0; BUCKETS];
    (counts[0], counts[BUCKETS - 1]) = (2.0, 1.0);
    let counted = Samples { times: vec![1, 2], values: vec![counts, vec![STALE_NAN; BUCKETS]] };
    let buckets = series_of(latency, all[0], Part::Buckets, &values, &counted);
    let shown: Vec<(&str, f64, bool)> =
        buckets.iter().map(|s| (s.labels.get("le"), s.floats.values[0], is_stale(s.floats.values[1]))).collect();
    assert_eq!(shown[0], ("0.002097152", 2.0, true));
    assert_eq!(shown[13], ("17.179869184", 2.0, true));
    assert_eq!(shown[14..], [("+Inf", 3.0, true)]);
    let labels = &series_of(calls, "traces_spanmetrics_calls_total", Part::Count, &values, &counted)[0].labels;
    for (name, value) in
        [("service", "spam"), ("span_name", "GET /"), ("span_kind", "SPAN_KIND_SERVER"), ("status_code", "STATUS_CODE_ERROR")]
    {
        assert_eq!(labels.get(name), value);
    }
}
