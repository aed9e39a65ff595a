//! Laws that hold for all queries and all data, and limits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]
#![allow(clippy::float_cmp, reason = "the language compares floats exactly")]

use luneta_promql::{
    ErrorClass, Interrupt, Labels, Limits, METRIC_NAME, Params, ParseOptions, PromqlError, Query, STALE_NAN, Series, SeriesSet,
    Value,
};
use proptest::prelude::*;

fn experimental() -> ParseOptions {
    ParseOptions { experimental: true, ..ParseOptions::default() }
}

/// Answers a query over series whose samples stand a minute apart.
fn ask(text: &str, data: &[Series], params: &Params, limits: &Limits) -> Result<Value, PromqlError> {
    let query = Query::parse(text, &experimental())?;
    let selections = query.selections(params)?;
    let fetched: Vec<SeriesSet> = selections
        .iter()
        .map(|s| data.iter().filter(|series| s.matchers.iter().all(|m| m.accepts(&series.labels))).cloned().collect())
        .collect();
    query.evaluate(&fetched, params, limits, &mut || None).map(|answer| answer.value)
}

fn matrix(text: &str, data: &[Series]) -> Vec<(Labels, Vec<i64>, Vec<f64>)> {
    let params = Params::range(0, 1_800_000, 60_000);
    match ask(text, data, &params, &Limits::default()).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Value::Matrix(ranges) => ranges.into_iter().map(|r| (r.labels, r.floats.times.into_vec(), r.floats.values)).collect(),
        other => panic!("{text}: {other:?}"),
    }
}

fn series(values: Vec<Vec<f64>>) -> Vec<Series> {
    values
        .into_iter()
        .enumerate()
        .map(|(index, values)| {
            let labels = [(METRIC_NAME, "m_total".to_owned()), ("group", (index % 3).to_string()), ("index", index.to_string())];
            let times: Vec<_> = (0..values.len() as i64).map(|at| at * 60_000).collect();
            Series::floats(Labels::new(labels), times, values)
        })
        .collect()
}

fn counters() -> impl Strategy<Value = Vec<Series>> {
    let value = prop_oneof![8 => (0..1000_u32).prop_map(f64::from), 1 => Just(STALE_NAN)];
    prop::collection::vec(prop::collection::vec(value, 0..40), 1..8).prop_map(series)
}

/// Queries by a small grammar.
fn queries() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("m_total".to_owned()),
        Just("m_total{group=\"1\"}".to_owned()),
        Just("m_total offset 3m".to_owned()),
        Just("m_total @ 600".to_owned()),
        Just("rate(m_total[5m])".to_owned()),
        Just("2".to_owned()),
        Just("time()".to_owned()),
        Just("-1e3".to_owned()),
    ];
    leaf.prop_recursive(5, 32, 3, |inner| {
        let op = prop::sample::select(vec!["+", "-", "*", "/", "%", "^", "atan2", "> bool", "==", "<", "and", "or", "unless"]);
        let call = prop::sample::select(vec!["abs", "sort", "absent", "scalar", "vector", "timestamp", "hour", "sgn", "round"]);
        let aggregate = prop::sample::select(vec!["sum", "avg by (group)", "count without (index)", "max", "stddev by ()"]);
        let window = prop::sample::select(vec!["rate", "sum_over_time", "last_over_time", "deriv", "absent_over_time"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            (call, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (aggregate, inner.clone()).prop_map(|(f, a)| format!("{f} ({a})")),
            (window, inner.clone()).prop_map(|(f, a)| format!("{f}(({a})[10m:2m])")),
            (1..4_u8, inner).prop_map(|(k, a)| format!("topk by (group) ({k}, {a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = Query::parse(&text, &experimental());
    }

    #[test]
    fn no_tokens_make_the_parser_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "sum", "by", "(", ")", "{", "}", "[", "]", ":", "5m", "1", "a", "=", "=~", "\"x\"", "+", "-", "^", "offset", "@",
            "on", "group_left", "bool", "==", ",", "rate", "start", "and", "step", "min", "anchored", "fill", "info", "\n",
        ]), 0..25)
    ) {
        let _ = Query::parse(&tokens.join(" "), &experimental());
    }

    #[test]
    fn what_is_printed_reads_the_same(text in queries()) {
        if let Ok(query) = Query::parse(&text, &experimental()) {
            let again = Query::parse(&query.to_string(), &experimental()).unwrap();
            prop_assert_eq!(again.to_string(), query.to_string());
            prop_assert_eq!(again.tree(), query.tree());
            prop_assert_eq!(Query::parse(&query.pretty(), &experimental()).unwrap().tree(), query.tree());
        }
    }

    /// A range query gives at each step what an instant query gives at its time.
    #[test]
    fn a_range_is_its_instants(text in queries(), data in counters()) {
        // Sorting orders instants only, and of equal values the first is ranked higher.
        prop_assume!(!text.contains("sort"));
        let range = ask(&text, &data, &Params::range(300_000, 1_500_000, 240_000), &Limits::default());
        let Ok(Value::Matrix(ranges)) = range else { return Ok(()) };
        for step in 0..=5 {
            let time = 300_000 + 240_000 * step;
            let mut wanted: Vec<(Labels, u64)> = match ask(&text, &data, &Params::instant(time), &Limits::default()).unwrap() {
                Value::Vector(samples) => samples.into_iter().map(|s| match s.sample {
                    luneta_promql::Sample::Float(value) => (s.labels, value.to_bits()),
                    luneta_promql::Sample::Histogram(_) => unreachable!("there are none"),
                }).collect(),
                Value::Scalar(_, value) => vec![(Labels::empty(), value.to_bits())],
                other => panic!("{other:?}"),
            };
            wanted.sort();
            let found: Vec<(Labels, u64)> = ranges.iter().filter_map(|range| {
                let at = range.floats.times.binary_search(&time).ok()?;
                Some((range.labels.clone(), range.floats.values[at].to_bits()))
            }).collect();
            // Ranked instants are ordered, and the order of a sum shows in its last digit.
            let near = |a: u64, b: u64| {
                let (a, b) = (f64::from_bits(a), f64::from_bits(b));
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            };
            let same = found.len() == wanted.len() && found.iter().zip(&wanted).all(|(a, b)| a.0 == b.0 && near(a.1, b.1));
            prop_assert!(same, "{} at {}: {:?} and {:?}", text, time, found, wanted);
        }
    }

    #[test]
    fn growth_is_never_negative(data in counters()) {
        for (labels, _, values) in matrix("rate(m_total[7m])", &data) {
            prop_assert!(values.iter().all(|value| *value >= 0.0), "{labels}: {values:?}");
        }
        for function in ["increase", "irate", "resets", "changes", "count_over_time", "stddev_over_time"] {
            for (labels, _, values) in matrix(&format!("{function}(m_total[7m])"), &data) {
                prop_assert!(values.iter().all(|value| *value >= 0.0), "{function} {labels}: {values:?}");
            }
        }
    }

    #[test]
    fn sums_of_groups_are_the_sum(data in counters()) {
        prop_assert_eq!(matrix("sum by () (m_total)", &data), matrix("sum(m_total)", &data));
        prop_assert_eq!(matrix("sum(sum by (group) (m_total))", &data), matrix("sum(m_total)", &data));
        prop_assert_eq!(matrix("sum(count by (group) (m_total))", &data), matrix("count(m_total)", &data));
        prop_assert_eq!(matrix("topk(100, m_total)", &data), matrix("m_total", &data));
        prop_assert_eq!(matrix("quantile(1, m_total)", &data), matrix("max(m_total)", &data));
    }

    #[test]
    fn sets_split_a_vector(data in counters(), limit in 0..1000_u32) {
        let part = format!("(m_total > {limit})");
        prop_assert_eq!(matrix(&format!("m_total and {part} or m_total unless {part}"), &data), matrix("m_total", &data));
        prop_assert_eq!(matrix(&format!("limit_ratio(0.{limit}, m_total) or limit_ratio(-{}, m_total)", 1.0 - format!("0.{limit}").parse::<f64>().unwrap()), &data), matrix("m_total", &data));
    }

    #[test]
    fn windows_hold_what_they_say(data in counters()) {
        let all = matrix("count_over_time(m_total[1m])", &data);
        let current = matrix("count_over_time(m_total[1m]) and on (index, group) m_total", &data);
        prop_assert_eq!(all, current);
        prop_assert_eq!(matrix("min_over_time(m_total[9m]) <= max_over_time(m_total[9m])", &data), matrix("min_over_time(m_total[9m])", &data));
        prop_assert_eq!(matrix("last_over_time(m_total[5m] @ 900)", &data), matrix("last_over_time(m_total[5m] @ 900 offset 0s)", &data));
    }
}

/// Fails with an error of a class.
fn check_error(text: &str, params: &Params, limits: &Limits, class: ErrorClass, part: &str) {
    let data = series(vec![vec![1.0; 30]; 4]);
    let error = ask(text, &data, params, limits).expect_err(text);
    assert_eq!(error.class(), class, "{text}: {error}");
    assert!(error.to_string().contains(part), "{text}: {error}");
}

#[test]
fn everything_is_bounded() {
    let all = Limits::default();
    let range = Params::range(0, 600_000, 60_000);
    let limits = Limits { samples_max: 100, ..Limits::default() };
    check_error("m_total", &range, &limits, ErrorClass::Execution, "too many samples");
    let limits = Limits { samples_max: 1000, ..Limits::default() };
    check_error("sum(sum_over_time(m_total[1d:1s]))", &range, &limits, ErrorClass::Execution, "too many samples");
    check_error("count_over_time(vector(1)[10y:1ms])", &range, &all, ErrorClass::Execution, "subquery has");
    let limits = Limits { series_max: 3, ..Limits::default() };
    check_error("m_total", &range, &limits, ErrorClass::Execution, "query result has 4 series, more than the limit of 3");
    check_error("m_total[5m]", &Params::instant(0), &limits, ErrorClass::Execution, "query result has 4 series");
    let doubled =
        (0..40).fold("m_total".to_owned(), |inner, _| format!(r#"label_replace({inner}, "index", "$1$1", "index", "(.*)")"#));
    check_error(&doubled, &range, &all, ErrorClass::Execution, "longer than the limit of 65536");
    let fine = Params::range(0, 11_000_000, 1000);
    check_error("1", &fine, &all, ErrorClass::BadData, "exceeded maximum resolution of 11000 points");
    check_error("1", &Params::range(10, 0, 1), &all, ErrorClass::BadData, "end timestamp must not be before start time");
    check_error("1", &Params::range(0, 10, 0), &all, ErrorClass::BadData, "zero or negative query resolution");
    check_error("1", &Params::range(0, 10, -1), &all, ErrorClass::BadData, "zero or negative query resolution");
    check_error("1", &Params::instant(i64::MAX), &all, ErrorClass::BadData, "out of range");
    check_error("\"a\"", &range, &all, ErrorClass::BadData, "invalid expression type \"string\" for range query");
    check_error("m_total[5m]", &range, &all, ErrorClass::BadData, "invalid expression type \"range vector\" for range query");
}

#[test]
fn remarks_are_bounded() {
    let query = Query::parse("quantile(time(), m_total)", &ParseOptions::default()).unwrap();
    let data = vec![series(vec![vec![1.0; 30]; 4])];
    let params = Params::range(2_000, 9_002_000, 1000);
    let answer = query.evaluate(&data, &params, &Limits::default(), &mut || None).unwrap();
    assert_eq!(answer.annotations.iter().count(), 1000);
}

#[test]
fn odd_times_do_no_harm() {
    let data = series(vec![vec![1.0; 30]; 2]);
    let far = (1_i64 << 52) - 1;
    for text in [
        "m_total offset 9000y",
        "m_total offset -9000y",
        "m_total @ 4.5e12 offset -9000y",
        "m_total @ -4.5e12 offset 9000y",
        "rate(m_total[9000y] offset 9000y)",
        "sum_over_time(m_total[1m:1m] @ 4e12)",
        "predict_linear(m_total[1h] @ 4e12, 1e300)",
        "timestamp(m_total @ 4e12)",
        "rate(m_total[30000y] @ -4.5e12 offset 30000y)",
        "max_over_time(max_over_time(m_total[30000y:9000y] offset 30000y)[30000y:9000y] @ -4.5e12 offset 30000y)",
        "increase(m_total[30000y] smoothed @ 4.5e12 offset -30000y)",
    ] {
        for params in [Params::instant(0), Params::instant(far), Params::instant(-far), Params::range(far - 10, far, 5)] {
            assert!(Query::parse(text, &experimental()).is_ok(), "{text}");
            let _ = ask(text, &data, &params, &Limits::default());
        }
    }
}

#[test]
fn an_evaluation_ends_when_it_is_told() {
    let query = Query::parse("sum(rate(m_total[5m]))", &ParseOptions::default()).unwrap();
    let params = Params::range(0, 1_800_000, 1000);
    let data = vec![series(vec![vec![1.0; 30]; 200])];
    for (interrupt, class) in [(Interrupt::Timeout, ErrorClass::Timeout), (Interrupt::Canceled, ErrorClass::Canceled)] {
        let mut asked = 0;
        let error = query.evaluate(&data, &params, &Limits::default(), &mut || {
            asked += 1;
            (asked == 10).then_some(interrupt)
        });
        assert_eq!(error.expect_err("interrupted").class(), class);
        assert_eq!(asked, 10);
    }
    let mut torn = data.clone();
    torn[0][0].floats.values.pop();
    let wrong = query.evaluate(&torn, &params, &Limits::default(), &mut || None);
    assert_eq!(wrong.expect_err("a value is missing").class(), ErrorClass::Execution);
    let nothing: [SeriesSet; 0] = [];
    let wrong = query.evaluate(&nothing, &params, &Limits::default(), &mut || None);
    assert_eq!(wrong.expect_err("no data").class(), ErrorClass::BadData);
}

#[test]
fn deep_queries_fit_the_stack() {
    let data = series(vec![vec![1.0; 30]; 2]);
    let depth = ParseOptions::default().depth_max - 2;
    for text in [
        vec!["m_total"; depth].join(" + "),
        format!("{}m_total{}", "(".repeat(depth), ")".repeat(depth)),
        format!("{}m_total{}", "abs(".repeat(depth), ")".repeat(depth)),
        format!("{}m_total{}", "sum(".repeat(depth), ")".repeat(depth)),
        vec!["1"; depth].join(" ^ "),
    ] {
        assert!(ask(&text, &data, &Params::range(0, 60_000, 60_000), &Limits::default()).is_ok(), "{}", &text[..20]);
        let query = Query::parse(&text, &ParseOptions::default()).unwrap();
        assert!(!query.pretty().is_empty() && query.tree().is_object());
    }
}

#[test]
fn names_may_go_at_the_end() {
    let data = series(vec![vec![1.0; 30]; 2]);
    let delayed = Params { delayed_name_removal: true, ..Params::instant(60_000) };
    let labels = |text: &str, params: &Params| match ask(text, &data, params, &Limits::default()).unwrap() {
        Value::Vector(samples) => samples.iter().map(|s| s.labels.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(labels("abs(m_total)", &delayed), [r#"{group="0", index="0"}"#, r#"{group="1", index="1"}"#]);
    let kept = r#"label_replace(abs(m_total{index="0"}), "__name__", "${1}_abs", "__name__", "(.*)_total")"#;
    assert_eq!(labels(kept, &delayed), [r#"m_abs{group="0", index="0"}"#]);
    assert_eq!(labels(kept, &Params::instant(60_000)), [r#"{group="0", index="0"}"#]);
}

#[test]
fn statistics_count_samples() {
    let query = Query::parse("sum_over_time(m_total[5m]) + m_total", &ParseOptions::default()).unwrap();
    let data = series(vec![vec![1.0; 30]; 2]);
    let params = Params::range(600_000, 660_000, 60_000);
    let selections = query.selections(&params).unwrap();
    assert_ne!(selections[0], selections[1]);
    // Selections may share their series; they count once.
    let answer = query.evaluate(&[&data[..], &data[..]], &params, &Limits::default(), &mut || None).unwrap();
    assert!(answer.statistics.samples_peak < 120);
    let answer = query.evaluate(&[data.clone(), data], &params, &Limits::default(), &mut || None).unwrap();
    // Two series, two steps: five samples in each window, and one.
    assert_eq!(answer.statistics.samples_total, 2 * 2 * (5 + 1));
    assert!(answer.statistics.samples_peak >= 120);
}
