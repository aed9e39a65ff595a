//! Laws that hold for all queries and all entries.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]
#![allow(dead_code, reason = "the dialect serves other tests too")]

#[allow(unused_imports, reason = "laws use what scripts do not")]
mod dialect;

use dialect::{Record, answer};
use luneta_logql::{Direction, Params, ParseOptions, Query, Value};
use luneta_promql::Labels;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;

fn matcher_text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "error", "level=", "", "x y", "1", "\\\"", "(a|b)", "info"])
}

fn line_filter() -> impl Strategy<Value = String> {
    let op = prop::sample::select(vec!["|=", "!=", "|~", "!~"]);
    (op, prop::collection::vec(matcher_text(), 1..3)).prop_map(|(op, texts)| {
        let texts: Vec<String> = texts.into_iter().map(|text| format!("\"{text}\"")).collect();
        format!("{op} {}", texts.join(" or "))
    })
}

fn label_filter() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "level=\"error\"",
        "level!=\"info\"",
        "n>1",
        "n<=2.5",
        "user=~\"u.\"",
        "user!~\"u1\"",
        "took>1s",
        "pod=\"1\"",
        "x=\"\"",
        "size>=1KB",
        "ip=ip(\"10.0.0.0/8\")",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), prop::sample::select(vec![" or ", " and ", ", ", " "]), inner)
            .prop_map(|(a, op, b)| format!("({a}{op}{b})"))
    })
}

fn stage() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "| logfmt",
        "| json",
        "| logfmt --strict",
        "| logfmt l=\"level\"",
        "| json n",
        "| pattern \"<a> <b>\"",
        "| regexp \"(?P<r>[a-z]+)\"",
        "| unpack",
        "| line_format \"{{.level}} {{.n}}\"",
        "| label_format z=level",
        "| label_format n=\"{{.n}}1\"",
        "| decolorize",
        "| drop n,level=\"info\"",
        "| keep user,app,level!=\"q\"",
        "| __error__=\"\"",
        "|> \"level<_>\"",
    ]);
    prop_oneof![2 => fixed.prop_map(str::to_owned), 2 => line_filter(), 1 => label_filter().prop_map(|f| format!("| {f}"))]
}

fn pipeline() -> impl Strategy<Value = String> {
    prop::collection::vec(stage(), 0..5).prop_map(|stages| format!("{{app=~\".+\"}} {}", stages.join(" ")))
}

fn metric() -> impl Strategy<Value = String> {
    let counted = (
        prop::sample::select(vec!["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"]),
        pipeline(),
        1..40_i64,
    )
        .prop_map(|(op, log, range)| format!("{op}({log} | __error__=\"\" [{range}s])"));
    let filtered = (
        prop::sample::select(vec!["count_over_time", "rate", "bytes_over_time", "bytes_rate"]),
        prop::collection::vec(line_filter(), 0..3),
        1..40_i64,
    )
        .prop_map(|(op, filters, range)| format!("{op}({{app=~\".+\"}} {} [{range}s] offset 3s)", filters.join(" ")));
    let unwrapped = (prop::sample::select(vec!["sum", "avg", "max", "min", "first", "last", "stddev"]), 1..40_i64)
        .prop_map(|(op, range)| format!("{op}_over_time({{app=~\".+\"}} | logfmt | unwrap n | __error__=\"\" [{range}s])"));
    let leaf = prop_oneof![counted, filtered, unwrapped];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let group = prop::sample::select(vec!["", " by (app)", " by (level, user)", " without (pod)", " by ()"]);
        let op = prop::sample::select(vec!["sum", "max", "count", "avg"]);
        prop_oneof![
            3 => (op, group, inner.clone()).prop_map(|(op, group, inner)| format!("{op}{group}({inner})")),
            1 => inner.clone().prop_map(|inner| format!("topk(2, {inner})")),
            1 => (inner.clone(), prop::sample::select(vec!["+ 1", "> 2", "* 2 ^ 2", "== bool 1"])).prop_map(|(a, b)| format!("{a} {b}")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("sum({a}) / sum({b})")),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let line = prop::sample::select(vec![
        "level=error n=1 took=2s size=2KB ip=10.0.0.1",
        "level=info n=2.5 user=u9",
        "level=info n=x",
        "{\"level\":\"error\",\"n\":3}",
        "{\"_entry\":\"level=info n=4\",\"k\":\"v\"}",
        "plain text",
        "",
        "a b c",
        "level=\"x y\" n=7",
        "{\"level\":",
    ]);
    let stream =
        prop::sample::select(vec![[("app", "a"), ("pod", "1")], [("app", "a"), ("pod", "2")], [("app", "b"), ("level", "s")]]);
    let user = prop::sample::select(vec!["", "u1", "u2"]);
    (0..100_i64, line, stream, user).prop_map(|(time, line, stream, user)| Record {
        time_ns: time * SECOND / 2,
        line: line.to_owned(),
        stream: Labels::new(stream),
        metadata: if user.is_empty() { Vec::new() } else { vec![("user".to_owned(), user.to_owned())] },
    })
}

/// Values with what rounding makes of sums in another order taken away.
fn rounded(answer: Result<luneta_logql::Answer, luneta_logql::LogqlError>) -> Result<Vec<String>, String> {
    answer.map(|answer| dialect::shown(&answer.value)).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_parser_never_panics(text in "[ -~\\n]{0,60}") {
        let _ = Query::parse(&text, &ParseOptions::default());
    }

    #[test]
    fn the_parser_never_panics_on_pieces(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "(", ")", "a", "=", "\"x\"", "|", "|=", "json", "logfmt", "[5m]", "rate", "sum", "by", ",", "5", "5m", "1KB", "or",
        "unwrap", "!=", "ip", "-", "topk", "on", "group_left", "--strict", "#", "\n", "offset", "vector", "é", "`",
    ]), 0..20)) {
        let _ = Query::parse(&pieces.join(" "), &ParseOptions::default());
    }

    #[test]
    fn what_is_printed_reads_the_same(text in prop_oneof![pipeline(), metric()]) {
        let query = Query::parse(&text, &ParseOptions::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        for printed in [query.to_string(), query.pretty()] {
            let again = Query::parse(&printed, &ParseOptions::default()).unwrap_or_else(|error| panic!("{printed}: {error}"));
            prop_assert_eq!(again.to_string(), query.to_string(), "{}", printed);
        }
    }

    #[test]
    fn filters_pushed_or_not_give_the_same_entries(text in pipeline(), store in prop::collection::vec(record(), 0..30), limit in 1..20_usize, forward: bool) {
        let direction = if forward { Direction::Forward } else { Direction::Backward };
        let params = Params { limit, direction, ..Params::range(0, 40 * SECOND, 0) };
        let plain = rounded(answer(&store, &text, &params, dialect::Store::Plain));
        prop_assert_eq!(&rounded(answer(&store, &text, &params, dialect::Store::Filtering)), &plain);
    }

    #[test]
    fn filters_and_counts_give_the_same_numbers(text in metric(), store in prop::collection::vec(record(), 0..30), step in 1..20_i64) {
        for params in [Params::instant(30 * SECOND), Params::range(10 * SECOND, 45 * SECOND, step * SECOND)] {
            let plain = rounded(answer(&store, &text, &params, dialect::Store::Plain));
            prop_assert_eq!(&rounded(answer(&store, &text, &params, dialect::Store::Filtering)), &plain);
            prop_assert_eq!(&rounded(answer(&store, &text, &params, dialect::Store::Folding)), &plain);
        }
    }

    #[test]
    fn a_range_gives_what_instants_give(text in metric(), store in prop::collection::vec(record(), 0..30), step in 1..20_i64) {
        // Which of several equal series is among the largest depends on those at other steps.
        prop_assume!(!text.contains("topk"));
        let params = Params::range(10 * SECOND, 45 * SECOND, step * SECOND);
        let Ok(found) = answer(&store, &text, &params, dialect::Store::Plain) else { return Ok(()) };
        let Value::Matrix(series) = found.value else { panic!("a matrix") };
        for at in (10..=45).step_by(step as usize) {
            let instant = answer(&store, &text, &Params::instant(at * SECOND), dialect::Store::Plain).unwrap();
            let Value::Vector(samples) = instant.value else { panic!("a vector") };
            let there = series.iter().filter_map(|s| Some((s.labels.to_string(), s.points.iter().find(|p| p.0 == at * 1000)?.1)));
            let there: Vec<(String, f64)> = there.collect();
            prop_assert_eq!(there.len(), samples.len(), "{} at {}", text, at);
            for sample in samples {
                let name = sample.labels.to_string();
                let value = there.iter().find(|(labels, _)| *labels == name).unwrap().1;
                prop_assert!((value - sample.value).abs() < 1e-9 || value.to_bits() == sample.value.to_bits() || (value.is_nan() && sample.value.is_nan()));
            }
        }
    }
}
