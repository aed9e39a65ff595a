//! What queries need of a store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

use luneta_logql::{
    Counted, Direction, Entry, Fold, Limits, LogqlError, MetadataNeed, Params, ParseOptions, Plan, Progress, Pushdown, Query,
    Value,
};
use luneta_promql::Labels;

const SECOND: i64 = 1_000_000_000;

fn plan(text: &str, params: &Params) -> Plan {
    Query::parse(text, &ParseOptions::default()).unwrap().plan(params).unwrap()
}

fn pushed() -> Params {
    Params { pushdown: Pushdown::Required, ..Params::range(100 * SECOND, 200 * SECOND, 0) }
}

#[test]
fn log_queries_push_what_they_can() {
    let plan = plan(r#"{app="a"} |= "x" | user="u" | json != "y" | level="z" | line_format "q" |= "q""#, &pushed());
    let selection = &plan.selections[0];
    let lines: Vec<String> = selection.line_filters.iter().map(|p| p.filter.expr().to_string()).collect();
    assert_eq!(lines, [r#"|= "x""#, r#"!= "y""#]);
    assert!(selection.line_filters.iter().all(|pushed| !pushed.repeated));
    let labels: Vec<String> = selection.label_filters.iter().map(|p| p.filter.to_string()).collect();
    assert_eq!(labels, [r#"user="u""#]);
    assert!(selection.label_filters[0].repeated);
    assert_eq!((selection.from_ns, selection.until_ns), (100 * SECOND, 200 * SECOND));
    assert_eq!((selection.direction, selection.limit), (Some(Direction::Backward), None));
    let optional = Params { pushdown: Pushdown::Optional, ..pushed() };
    let all = self::plan(r#"{app="a"} |= "x""#, &optional);
    assert!(all.selections[0].line_filters[0].repeated && all.selections[0].limit.is_none());
    assert_eq!(self::plan(r#"{app="a"} |= "x""#, &pushed()).selections[0].limit, Some(100));
}

#[test]
fn counts_are_enough_for_sums_of_filtered_entries() {
    let params = Params { pushdown: Pushdown::Required, ..Params::range(100 * SECOND, 160 * SECOND, 15 * SECOND) };
    let found = plan(r#"sum by (level) (rate({app="a"} |= "x" | env="p" [1m] offset 10s))"#, &params);
    let wanted = Fold {
        counted: Counted::Entries,
        by: vec!["level".to_owned()],
        after_ns: 30 * SECOND,
        width_ns: 15 * SECOND,
        buckets: 8,
    };
    assert_eq!(found.selections[0].fold, Some(wanted.clone()));
    assert_eq!((found.selections[0].from_ns, found.selections[0].until_ns), (30 * SECOND + 1, 150 * SECOND + 1));
    assert_eq!(wanted.bucket(30 * SECOND), None);
    assert_eq!(wanted.bucket(30 * SECOND + 1), Some(0));
    assert_eq!(wanted.bucket(45 * SECOND), Some(0));
    assert_eq!(wanted.bucket(150 * SECOND), Some(7));
    assert_eq!(wanted.bucket(150 * SECOND + 1), None);
    let folds = |text: &str| plan(text, &params).selections[0].fold.clone();
    assert_eq!(folds(r#"sum(bytes_rate({app="a"}[20s]))"#).unwrap().counted, Counted::Bytes);
    for text in [
        r#"rate({app="a"}[1m])"#,
        r#"sum(rate({app="a"} | json | x="y" [1m]))"#,
        r#"sum(rate({app="a"} | x > 5 [1m]))"#,
        r#"sum without (x) (rate({app="a"}[1m]))"#,
        r#"max by (x) (rate({app="a"}[1m]))"#,
        r#"sum(sum_over_time({app="a"} | unwrap x [1m]))"#,
    ] {
        assert_eq!(folds(text), None, "{text}");
    }
}

#[test]
fn needed_metadata_is_named() {
    let params = Params::instant(100 * SECOND);
    let needs = |text: &str| plan(text, &params).selections[0].metadata.clone();
    let names = |names: &[&str]| MetadataNeed::Names(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(
        needs(r#"sum by (b_extracted, a) (rate({app="a"} | c="d" | json | line_format "{{.e}}" [1m]))"#),
        names(&["a", "b", "b_extracted", "c", "e"])
    );
    assert_eq!(needs(r#"sum(rate({app="a"}[1m]))"#), names(&[]));
    assert_eq!(needs(r#"rate({app="a"}[1m])"#), MetadataNeed::All);
    assert_eq!(needs(r#"sum(rate({app="a"} | line_format "{{.}}" [1m]))"#), MetadataNeed::All);
    assert_eq!(needs(r#"{app="a"}"#), MetadataNeed::All);
}

#[test]
fn alike_selections_are_fetched_once() {
    let text = r#"sum(rate({app="a"} |= "x" [1m])) / sum(rate({app="a"} |= "x" [1m])) + sum(rate({app="a"}[1m]))"#;
    assert_eq!(plan(text, &Params::instant(SECOND)).selections.len(), 2);
}

#[test]
fn limits_are_errors_with_names() {
    let stream = Labels::new([("app", "a")]);
    let ask = |text: &str, params: &Params, limits: &Limits, count: i64| -> Result<Value, LogqlError> {
        let mut evaluation = Query::parse(text, &ParseOptions::default()).unwrap().evaluation(params, limits)?;
        for index in 0..count {
            let line = format!("n={index}");
            evaluation.push(0, &Entry { time_ns: index + 1, line: &line, stream: &stream, metadata: &[] })?;
        }
        evaluation.finish(&mut || None).map(|answer| answer.value)
    };
    let instant = Params::instant(SECOND);
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let wide = r#"count_over_time({app="a"} | logfmt [1m])"#;
    let few = limits(|limits| limits.series_max = 5);
    assert_eq!(ask(wide, &instant, &few, 9), Err(LogqlError::TooManySeries { limit: 5 }));
    assert!(ask(wide, &instant, &few, 5).is_ok());
    let inner = limits(|limits| limits.inner_series_max = 3);
    assert_eq!(ask(wide, &instant, &inner, 9), Err(LogqlError::TooManySeries { limit: 3 }));
    let samples = limits(|limits| limits.samples_max = 4);
    let values = r#"sum(sum_over_time({app="a"} | logfmt | unwrap n [1m]))"#;
    assert_eq!(ask(values, &instant, &samples, 9), Err(LogqlError::TooManySamples { limit: 4 }));
    let points = Params::range(0, 20_000 * SECOND, SECOND);
    assert_eq!(ask(wide, &points, &Limits::default(), 0), Err(LogqlError::TooManyPoints { limit: 11_000 }));
    let logs = Params { limit: 6000, ..Params::range(0, SECOND, 0) };
    let error = ask(r#"{app="a"}"#, &logs, &Limits::default(), 0).unwrap_err();
    assert_eq!(error.to_string(), "max entries limit per query exceeded, limit > max_entries_limit (6000 > 5000)");
    let bytes = limits(|limits| limits.entry_bytes_max = 20);
    let logs = Params { limit: 10, ..Params::range(0, SECOND, 0) };
    assert_eq!(ask(r#"{app="a"}"#, &logs, &bytes, 9), Err(LogqlError::TooManyBytes { limit: 20 }));
    let labels = limits(|limits| limits.labels_per_entry_max = 0);
    assert!(ask(r#"{app="a"} | logfmt"#, &logs, &labels, 2).is_ok());
    assert!(ask(r#"{app="a"}"#, &Params { limit: 0, ..logs.clone() }, &Limits::default(), 0).is_err());
    assert!(ask(wide, &Params { limit: 0, ..instant }, &Limits::default(), 1).is_ok());
    assert!(ask(wide, &Params::range(SECOND, 0, SECOND), &Limits::default(), 0).is_err());
}

#[test]
fn who_pushes_in_order_is_told_when_it_is_enough() {
    let stream = Labels::new([("app", "a")]);
    let params = Params { limit: 2, ..Params::range(0, 100, 0) };
    let mut evaluation =
        Query::parse(r#"{app="a"} != "9""#, &ParseOptions::default()).unwrap().evaluation(&params, &Limits::default()).unwrap();
    let mut push = |time_ns: i64| {
        let line = format!("line {time_ns}");
        evaluation.push(0, &Entry { time_ns, line: &line, stream: &stream, metadata: &[] }).unwrap()
    };
    assert_eq!(push(100), Progress::Dropped);
    assert_eq!(push(99), Progress::Dropped);
    assert_eq!(push(98), Progress::Dropped);
    assert_eq!(push(88), Progress::Accepted);
    assert_eq!(push(88), Progress::Dropped);
    assert_eq!(push(87), Progress::Accepted);
    assert_eq!(push(86), Progress::Beyond);
}
