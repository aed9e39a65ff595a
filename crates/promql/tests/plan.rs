//! Which series and times queries ask for.

use luneta_promql::{Params, ParseOptions, Query, Selection};

const MINUTE: i64 = 60_000;

fn plan(text: &str, params: &Params) -> Vec<Selection> {
    let options = ParseOptions { experimental: true, ..ParseOptions::default() };
    let query = Query::parse(text, &options).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.selections(params).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Selections of a query from minute 100 to minute 110: after and until, in minutes.
fn check(text: &str, wanted: &[(f64, f64)]) {
    let found: Vec<(f64, f64)> = plan(text, &Params::range(100 * MINUTE, 110 * MINUTE, MINUTE))
        .iter()
        .map(|s| (s.after_ms as f64 / MINUTE as f64, s.until_ms as f64 / MINUTE as f64))
        .collect();
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn times_are_exact() {
    check("1 + time()", &[]);
    check("m", &[(95.0, 110.0)]);
    check("m offset 1h", &[(35.0, 50.0)]);
    check("m offset -10m", &[(105.0, 120.0)]);
    check("m @ 600", &[(5.0, 10.0)]);
    check("m @ 600 offset 1m", &[(4.0, 9.0)]);
    check("m @ start()", &[(95.0, 100.0)]);
    check("m @ end()", &[(105.0, 110.0)]);
    check("rate(m[7m])", &[(93.0, 110.0)]);
    check("rate(m[7m] offset 3m)", &[(90.0, 107.0)]);
    check("a + b offset 5m", &[(95.0, 110.0), (90.0, 105.0)]);
    check("topk(scalar(a), b > 0)", &[(95.0, 110.0), (95.0, 110.0)]);
    // Steps of the subquery later than minute 90.
    check("max_over_time(m[10m:1m])", &[(86.0, 110.0)]);
    check("max_over_time(m[10m:4m])", &[(87.0, 108.0)]);
    check("max_over_time(m[10m:])", &[(86.0, 110.0)]);
    check("max_over_time(rate(m[2m])[10m:1m] offset 5m)", &[(84.0, 105.0)]);
    check("max_over_time(rate(m[2m] offset 1m)[10m:1m] @ 6000)", &[(88.0, 99.0)]);
    check("max_over_time(rate(m[2m] @ 600)[10m:1m])", &[(8.0, 10.0)]);
    check("max_over_time(sum_over_time(m[5m:1m])[10m:1m])", &[(82.0, 110.0)]);
    check("rate(m[5m] anchored)", &[(90.0, 110.0)]);
    check("rate(m[5m] smoothed)", &[(90.0, 115.0)]);
    check("info(m offset 5m)", &[(90.0, 105.0), (95.0, 110.0)]);
    check("rate(m[step()] offset (range() / 2))", &[(94.0, 105.0)]);
}

#[test]
fn an_end_off_the_steps_is_not_asked_for() {
    let found = plan("m", &Params::range(0, 10 * MINUTE, 3 * MINUTE));
    assert_eq!(found[0].until_ms, 9 * MINUTE);
    let found = plan("m @ end()", &Params::range(0, 10 * MINUTE, 3 * MINUTE));
    assert_eq!(found[0].until_ms, 10 * MINUTE);
}

#[test]
fn hints_tell_what_samples_are_for() {
    let found = plan("sum by (job) (rate(m{a=\"b\"}[5m])) + -avg_over_time(n[1m] @ 5)", &Params::instant(0));
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(first.hints.function, Some("rate"));
    assert_eq!(first.hints.range_ms, Some(5 * MINUTE));
    assert!(!first.hints.fixed);
    let (op, grouping) = first.hints.aggregation.as_ref().unwrap_or_else(|| panic!("no aggregation"));
    assert_eq!((op.as_str(), grouping.without, grouping.labels.as_slice()), ("sum", false, &["job".to_owned()][..]));
    assert_eq!(first.matchers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["__name__=\"m\"", "a=\"b\""]);
    assert_eq!(second.hints.function, Some("avg_over_time"));
    assert!(second.hints.fixed && second.hints.aggregation.is_none());
    let plain = plan("max(m)", &Params::instant(0));
    assert_eq!(plain[0].hints.function, None);
    assert!(plain[0].hints.aggregation.as_ref().is_some_and(|(op, _)| op.as_str() == "max"));
    // Between aggregation and function stands an operator: nothing can be pushed down.
    let apart = plan("sum(1 + rate(m[5m]))", &Params::instant(0));
    assert!(apart[0].hints.aggregation.is_none());
}

#[test]
fn info_asks_for_info_metrics() {
    let matchers = |text: &str| {
        let found = plan(text, &Params::instant(0));
        found[1].matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    assert_eq!(matchers("info(m)"), "__name__=\"target_info\"");
    assert_eq!(matchers("info(m, {a=~\".+\"})"), "a=~\".+\",__name__=\"target_info\"");
    assert_eq!(matchers("info(m, {__name__=\"build_info\"})"), "__name__=\"build_info\"");
    assert_eq!(matchers("info(m, {__name__!=\"x\"})"), "__name__!=\"x\",__name__=~\".+_info\"");
}
