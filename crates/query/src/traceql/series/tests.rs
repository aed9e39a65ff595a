//! Intervals, buckets, and what is done with series.

use super::accumulate::bucket;
use super::{Intervals, Series, SeriesRequest, Value, stages};
use crate::traceql::ast::MetricsFunction;
use crate::traceql::parse;

fn request(start_ns: i64, end_ns: i64, step_ns: i64) -> SeriesRequest {
    SeriesRequest { query: String::new(), start_ns, end_ns, step_ns, exemplars: 0 }
}

#[test]
fn intervals_begin_at_whole_steps() {
    let cases = [((0, 60, 10), Some((0, 6))), ((5, 60, 10), Some((0, 6))), ((-5, 61, 10), Some((-10, 8))), ((5, 5, 10), None)];
    for ((start, end, step), expected) in cases {
        let intervals = Intervals::new(&request(start, end, step)).ok();
        assert_eq!(intervals.map(|i| (i.start_ns, i.count)), expected, "{start} to {end} by {step}");
    }
    assert!(Intervals::new(&request(0, 20_000, 1)).is_err());
    let intervals = Intervals::new(&request(100, 200, 10)).unwrap();
    let places = [99, 100, 109, 110, 199, 200].map(|time| intervals.of(time));
    assert_eq!(places, [None, Some(0), Some(0), Some(1), Some(9), None]);
}

#[test]
fn buckets_of_powers_of_two() {
    let query = parse("{} | histogram_over_time(duration)").unwrap();
    let histogram: MetricsFunction = query.metrics.unwrap().function;
    let cases = [(1.0, Some(0)), (2.0, Some(1)), (2.1, Some(2)), (4.0, Some(2)), (0.5, Some(-1)), (f64::NAN, None)];
    for (value, expected) in cases {
        assert_eq!(bucket(&histogram, value), expected, "{value}");
    }
}

fn check(query: &str, expected: &[(&str, &[(i64, f64)])]) {
    let one = |name: &str, points: &[(i64, f64)]| Series {
        labels: vec![("name".to_owned(), Value::String(name.into()))],
        points: points.to_vec(),
        exemplars: Vec::new(),
    };
    let mut series = vec![one("a", &[(0, 1.0), (1, 5.0)]), one("b", &[(0, 3.0), (1, 5.0)]), one("c", &[(0, 2.0), (1, 7.0)])];
    let metrics = parse(query).unwrap().metrics.unwrap();
    stages::apply(&metrics.stages, &mut series);
    let expected: Vec<Series> = expected.iter().map(|(name, points)| one(name, points)).collect();
    assert_eq!(series, expected, "{query}");
}

#[test]
fn stages_of_series() {
    check("{} | rate() by (name) | topk(1)", &[("b", &[(0, 3.0)]), ("c", &[(1, 7.0)])]);
    check("{} | rate() by (name) | topk(2)", &[("a", &[(1, 5.0)]), ("b", &[(0, 3.0)]), ("c", &[(0, 2.0), (1, 7.0)])]);
    check("{} | rate() by (name) | bottomk(1)", &[("a", &[(0, 1.0), (1, 5.0)])]);
    check("{} | rate() by (name) > 4", &[("a", &[(1, 5.0)]), ("b", &[(1, 5.0)]), ("c", &[(1, 7.0)])]);
    check("{} | rate() by (name) != 5", &[("a", &[(0, 1.0)]), ("b", &[(0, 3.0)]), ("c", &[(0, 2.0), (1, 7.0)])]);
    check("{} | rate() by (name) < 0", &[]);
}
