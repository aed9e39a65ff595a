//! What is LogQL and what is not, how it prints, and where faults are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

use luneta_logql::{ParseOptions, Query, parse_selector};
use luneta_promql::ErrorClass;

/// A text and what it prints as; empty where it prints as it is written.
fn check_prints(cases: &[(&str, &str)]) {
    let mut differences = Vec::new();
    for (text, printed) in cases {
        let query = Query::parse(text, &ParseOptions::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let wanted = if printed.is_empty() { text } else { printed };
        if query.to_string() != *wanted {
            differences.push(format!("{text}\n    {query}"));
        }
        for printed in [query.to_string(), query.pretty()] {
            let again = Query::parse(&printed, &ParseOptions::default()).unwrap_or_else(|error| panic!("{printed}: {error}"));
            assert_eq!(again.to_string(), query.to_string(), "{text}");
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A text and its error.
fn check_fails(cases: &[(&str, &str)]) {
    let mut differences = Vec::new();
    for (text, wanted) in cases {
        match Query::parse(text, &ParseOptions::default()) {
            Ok(query) => differences.push(format!("{text}\n    reads as {query}")),
            Err(error) => {
                assert_eq!(error.class(), ErrorClass::BadData);
                if error.to_string() != *wanted {
                    differences.push(format!("{text}\n    {error}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn log_queries_print() {
    check_prints(&[
        (r#"{app="a"}"#, ""),
        (r#"{ app = "a" , b!="c",d=~`e.*`, f!~"g|h" }"#, r#"{app="a", b!="c", d=~"e.*", f!~"g|h"}"#),
        (r#"({app="a"})"#, r#"{app="a"}"#),
        (r#"{by="a", rate="b", ip="c"}"#, ""),
        (r#"{app="a"} |= "x" != "y" |~ "z" !~ "w" |> "<_>" !> "<_> a""#, ""),
        (r#"{app="a"} |= "x" or "y" or ip("1.2.3.4")"#, ""),
        (r#"{app="a"} != "x" or "y""#, r#"{app="a"} != "x" != "y""#),
        (r#"{app="a"} |= ip("10.0.0.0/8")"#, ""),
        (r#"{app="a"}|json|logfmt|unpack|decolorize"#, r#"{app="a"} | json | logfmt | unpack | decolorize"#),
        (r#"{app="a"} | json x, y="a.b[0]""#, r#"{app="a"} | json x="x",y="a.b[0]""#),
        (r#"{app="a"} | logfmt --keep-empty --strict x"#, r#"{app="a"} | logfmt --strict --keep-empty x="x""#),
        (r#"{app="a"} | regexp "(?P<x>a)" | pattern "<x> <_>""#, ""),
        (r#"{app="a"} | line_format "{{.x}}\n" | label_format a=b,c="{{.d}}""#, ""),
        (r#"{app="a"} | drop a, b="c" | keep d, e!~"f""#, r#"{app="a"} | drop a,b="c" | keep d,e!~"f""#),
        (
            r#"{app="a"} | x="y" | z>5 | a >= 1.5h | b<20MiB | c==5kB | d != -1"#,
            r#"{app="a"} | x="y" | z>5 | a>=1h30m0s | b<20MiB | c==5kB | d!=-1"#,
        ),
        (r#"{app="a"} | x = 5 | y = 1m"#, r#"{app="a"} | x==5 | y==1m0s"#),
        (r#"{app="a"} | x=ip("1.2.3.4") | y!=ip("::1/64")"#, ""),
        (r#"{app="a"} | x=1 or y=2 and z=3"#, r#"{app="a"} | ( x==1 or ( y==2 , z==3 ) )"#),
        (r#"{app="a"} | x=1 and y=2 or z=3"#, r#"{app="a"} | ( ( x==1 , y==2 ) or z==3 )"#),
        (r#"{app="a"} | x=1, y=2 or z=3"#, r#"{app="a"} | ( x==1 , ( y==2 or z==3 ) )"#),
        (r#"{app="a"} | x=1 or y=2, z=3"#, r#"{app="a"} | ( x==1 or ( y==2 , z==3 ) )"#),
        (r#"{app="a"} | x=1 y=2 (z=3)"#, r#"{app="a"} | ( x==1 , ( y==2 , z==3 ) )"#),
        (r#"{app="a"} | (x=1 or y=2) and z=3"#, r#"{app="a"} | ( ( x==1 or y==2 ) , z==3 )"#),
        ("{app=\"a\"} # comment\n|= \"b\" # more", r#"{app="a"} |= "b""#),
        (r#"{app="\u00e4\t\"\\"}"#, "{app=\"ä\\t\\\"\\\\\"}"),
    ]);
}

#[test]
fn metric_queries_print() {
    check_prints(&[
        (r#"rate({app="a"}[5m])"#, ""),
        (r#"RATE({app="a"}[90s])"#, r#"rate({app="a"}[1m30s])"#),
        (r#"count_over_time({app="a"}[12h] |= "x")"#, r#"count_over_time({app="a"} |= "x"[12h])"#),
        (r#"count_over_time(({app="a"} |= "x")[5m] offset 1h)"#, r#"count_over_time({app="a"} |= "x"[5m] offset 1h0m0s)"#),
        (r#"count_over_time(({app="a"} |= "x" [5m]))"#, r#"count_over_time({app="a"} |= "x"[5m])"#),
        (r#"rate({app="a"}[5m] offset -30m)"#, r#"rate({app="a"}[5m] offset -30m0s)"#),
        (r#"sum_over_time({app="a"} | unwrap x [5m])"#, r#"sum_over_time({app="a"} | unwrap x[5m])"#),
        (
            r#"sum_over_time({app="a"} | json | unwrap bytes(x) | y="z" | w>1 [5m])"#,
            r#"sum_over_time({app="a"} | json | unwrap bytes(x) | y="z" | w>1[5m])"#,
        ),
        (
            r#"avg_over_time({app="a"} | unwrap duration(x) [5m]) by (b, c)"#,
            r#"avg_over_time({app="a"} | unwrap duration(x)[5m]) by (b,c)"#,
        ),
        (
            r#"quantile_over_time(0.99, {app="a"} | unwrap x [5m]) without (b)"#,
            r#"quantile_over_time(0.99,{app="a"} | unwrap x[5m]) without (b)"#,
        ),
        (r#"sum(rate({app="a"}[5m])) by (b)"#, r#"sum by (b)(rate({app="a"}[5m]))"#),
        (r#"sum by () (rate({app="a"}[5m]))"#, r#"sum(rate({app="a"}[5m]))"#),
        (r#"max without () (rate({app="a"}[5m]))"#, r#"max without ()(rate({app="a"}[5m]))"#),
        (r#"topk(5, rate({app="a"}[5m])) by (b)"#, r#"topk by (b)(5,rate({app="a"}[5m]))"#),
        (r#"approx_topk(5, rate({app="a"}[5m]))"#, r#"approx_topk(5,rate({app="a"}[5m]))"#),
        (r#"sort_desc(rate({app="a"}[5m]))"#, ""),
        ("1 + 1", "2"),
        ("1 > bool 2", "0"),
        ("-2 ^ 2", "4"),
        ("1 / 0", "(1 / 0)"),
        ("vector(1.5)", ""),
        (r#"rate({app="a"}[5m]) * 2 + 1"#, r#"((rate({app="a"}[5m]) * 2) + 1)"#),
        (r#"2 ^ 3 ^ rate({app="a"}[5m])"#, r#"(2 ^ (3 ^ rate({app="a"}[5m])))"#),
        (
            r#"rate({app="a"}[5m]) > bool on (x) group_left (y) rate({app="b"}[5m])"#,
            r#"(rate({app="a"}[5m]) > bool on (x) group_left (y) rate({app="b"}[5m]))"#,
        ),
        (
            r#"rate({app="a"}[5m]) / ignoring (x) group_right (rate({app="b"}[5m]))"#,
            r#"(rate({app="a"}[5m]) / ignoring (x) group_right () rate({app="b"}[5m]))"#,
        ),
        (
            r#"rate({app="a"}[5m]) or rate({app="b"}[5m]) and vector(1)"#,
            r#"(rate({app="a"}[5m]) or (rate({app="b"}[5m]) and vector(1)))"#,
        ),
        (
            r#"label_replace(rate({app="a"}[5m]), "x", "$1", "app", "(.*)")"#,
            r#"label_replace(rate({app="a"}[5m]),"x","$1","app","(.*)")"#,
        ),
        (r#"variants(rate({app="a"}[5m]), sum(rate({app="a"}[5m]))) of ({app="a"}[5m])"#, ""),
        (r#"rate({app="a"} | keep x [5m] != "y")"#, r#"rate({app="a"} != "y" | keep x[5m])"#),
        (r#"count_over_time({app="a"} | x > 5m [5m])"#, r#"count_over_time({app="a"} | x>5m0s[5m])"#),
    ]);
}

#[test]
fn faults_are_told_with_their_place() {
    const NO_MATCHER: &str = "parse error : queries require at least one regexp or equality matcher that does not have an \
                              empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will";
    check_fails(&[
        ("", "parse error at line 1, col 1: syntax error: unexpected $end"),
        ("{}", NO_MATCHER),
        (r#"{app=~".*"}"#, NO_MATCHER),
        (r#"{app=""}"#, NO_MATCHER),
        (r#"rate({app!="x"}[5m])"#, NO_MATCHER),
        (r"{app}", "parse error at line 1, col 5: syntax error: unexpected }, expecting = or != or =~ or !~"),
        (r#"{app="a""#, "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,"),
        (r#"{app="a" b="c"}"#, "parse error at line 1, col 10: syntax error: unexpected IDENTIFIER, expecting } or ,"),
        (r#"{app="a"#, "parse error at line 1, col 6: literal not terminated"),
        (
            "{app=\"a\"}\n  | json\n  |> json",
            "parse error at line 3, col 6: syntax error: unexpected json, expecting STRING or ip",
        ),
        (r#"unk({ foo = "bar" }[5m])"#, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER"),
        (r#"rate({ foo = "bar" }[5minutes])"#, r#"parse error at line 1, col 21: not a valid duration string: "5minutes""#),
        (r#"rate({ foo = "bar" }[5)"#, "parse error at line 1, col 21: missing closing ']' in duration"),
        (r#"min({ foo = "bar" }[5m])"#, "parse error at line 1, col 20: syntax error: unexpected RANGE"),
        (r#"rate({ foo = "bar" })"#, "parse error at line 1, col 21: syntax error: unexpected ), expecting RANGE"),
        (
            r#"label_replace(rate({ foo = "bar" }[5m]),"")"#,
            "parse error at line 1, col 43: syntax error: unexpected ), expecting ,",
        ),
        (
            r#"absent_over_time({ foo = "bar" }[5h]) by (foo)"#,
            "parse error : grouping not allowed for absent_over_time aggregation",
        ),
        (r#"count_over_time({ foo = "bar" } | unwrap x [5h])"#, "parse error : invalid aggregation count_over_time with unwrap"),
        (r#"sum_over_time({ foo = "bar" }[5h])"#, "parse error : invalid aggregation sum_over_time without unwrap"),
        (
            r#"quantile_over_time({ foo = "bar" } | unwrap x [5h])"#,
            "parse error : parameter required for operation quantile_over_time",
        ),
        (r#"rate(0.5, { foo = "bar" }[5h])"#, "parse error : parameter 0.5 not supported for operation rate"),
        (r#"topk(rate({ foo = "bar" }[5h]))"#, "parse error : parameter required for operation topk"),
        (r#"topk(1.5, rate({ foo = "bar" }[5h]))"#, "parse error : invalid parameter topk(1.5,"),
        (r#"topk(0, rate({ foo = "bar" }[5h]))"#, "parse error : invalid parameter (must be greater than 0) topk(0"),
        (r#"sum(5, rate({ foo = "bar" }[5h]))"#, "parse error : unsupported parameter for operation sum(5,"),
        (r#"approx_topk(5, rate({ foo = "bar" }[5h])) by (x)"#, "parse error : grouping not allowed for approx_topk aggregation"),
        (r#"sort by (x) (rate({ foo = "bar" }[5h]))"#, "parse error : sort and sort_desc doesn't allow grouping by "),
        (
            r#"{app="a"} and {app="b"}"#,
            "parse error : unexpected type for left leg of binary operation (and): *syntax.MatchersExpr",
        ),
        (
            r#"rate({app="a"}[1m]) / ({app="b"} | json)"#,
            "parse error : unexpected type for right leg of binary operation (/): *syntax.PipelineExpr",
        ),
        (
            r#"rate({app="a"}[1m]) or 1"#,
            "parse error : unexpected literal for right leg of logical/set binary operation (or): 1.000000",
        ),
        (
            r#"{app="a"} | addr>=ip("1.2.3.4")"#,
            "parse error at line 1, col 19: syntax error: unexpected ip, expecting BYTES or NUMBER or DURATION",
        ),
        (r#"{app="a"} | x=ip("nope")"#, r#"parse error : ip: invalid pattern: "nope""#),
        (r#"{app="a"} |~ ip("1.2.3.4")"#, "parse error : ip: invalid operation"),
        (r#"{app="a"} | regexp "(.*)""#, "parse error : invalid regexp parser: at least one named capture must be supplied"),
        (r#"{app="a"} | pattern "<_>""#, "parse error : invalid pattern parser: at least one capture is required"),
        (
            r#"{app="a"} | pattern "<a><b>""#,
            "parse error : invalid pattern parser: found consecutive capture: invalid expression",
        ),
        (
            r#"{app="a"} | pattern "<a> <a>""#,
            "parse error : invalid pattern parser: duplicate capture name (a): invalid expression",
        ),
        (
            r#"{app="a"} | label_format a=b,a="c""#,
            "parse error : multiple label name 'a' not allowed in a single format operation",
        ),
        (r#"{app="a"} | label_format __error__="c""#, "parse error : __error__ cannot be formatted"),
        (r#"{app="a"} | json x="a..b""#, "parse error : cannot parse expression [a..b]: syntax error"),
        (r#"{app="a"} | unwrap x"#, "parse error at line 1, col 11: syntax error: unexpected |"),
        (r#"{app="a"} | x"#, "parse error at line 1, col 14: syntax error: unexpected $end"),
        (r#"{app="a"} | json ="x""#, "parse error at line 1, col 18: syntax error: unexpected ="),
        (r"vector(x)", "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting NUMBER"),
        (r"1e999", "parse error : unable to parse literal as a float: strconv.ParseFloat: parsing \"1e999\": value out of range"),
        (r#"{app="a"} @"#, "parse error at line 1, col 11: syntax error: unexpected character '@'"),
        (r#"sum(rate({app="a"}[0s]))"#, "parse error : duration must be greater than 0"),
    ]);
    let regex = Query::parse(r#"{app=~"a("}"#, &ParseOptions::default()).unwrap_err().to_string();
    assert!(regex.starts_with("parse error : error parsing regexp: "), "{regex}");
    let deep = format!("{}vector(1){}", "(".repeat(200), ")".repeat(200));
    assert!(Query::parse(&deep, &ParseOptions::default()).unwrap_err().to_string().ends_with("deeper than 128 levels"));
    let chain = vec!["vector(1)"; 200].join(" + ");
    assert!(Query::parse(&chain, &ParseOptions::default()).unwrap_err().to_string().ends_with("deeper than 128 levels"));
}

#[test]
fn long_queries_are_broken_into_lines() {
    let text = r#"sum by (namespace, pod) (rate({cluster="a-cluster", namespace="a-namespace"} |= "error" | json | status >= 500 | line_format "{{.message}}" [5m])) / 100"#;
    let query = Query::parse(text, &ParseOptions::default()).unwrap();
    insta::assert_snapshot!(query.pretty(), @r#"
      sum by (namespace,pod)(
        rate(
          {cluster="a-cluster", namespace="a-namespace"}
            |= "error"
            | json
            | status>=500
            | line_format "{{.message}}" [5m]
        )
      )
    /
      100
    "#);
}

#[test]
fn selectors_stand_alone() {
    let options = ParseOptions::default();
    assert_eq!(parse_selector(r#"{a="b", c=~"d"}"#, &options).unwrap().len(), 2);
    assert!(parse_selector(r#"{a="b"} |= "c""#, &options).is_err());
    assert!(parse_selector("vector(1)", &options).is_err());
    let query = Query::parse(r#"rate({a="b"}[1m]) + rate({c="d", e="f"}[1m])"#, &options).unwrap();
    assert_eq!(query.selectors().iter().map(|matchers| matchers.len()).collect::<Vec<_>>(), [1, 2]);
    assert!(!query.is_log());
}
