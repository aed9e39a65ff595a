//! What is PromQL and what is not, how it prints, and where faults are.

use luneta_promql::{ErrorClass, ParseOptions, PromqlError, Query, parse_selector};

fn experimental() -> ParseOptions {
    ParseOptions { experimental: true, ..ParseOptions::default() }
}

/// A text and what it prints as; empty where it prints as it is written.
fn check_prints(cases: &[(&str, &str)]) {
    for (text, printed) in cases {
        let query = Query::parse(text, &experimental()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let wanted = if printed.is_empty() { text } else { printed };
        assert_eq!(query.to_string(), *wanted, "{text}");
        let again = Query::parse(&query.to_string(), &experimental()).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(again.to_string(), *wanted, "{text}");
        assert_eq!(again.tree(), query.tree(), "{text}");
        let pretty = query.pretty();
        let pretty = Query::parse(&pretty, &experimental()).unwrap_or_else(|error| panic!("{pretty}: {error}"));
        assert_eq!(pretty.to_string(), *wanted, "{text}");
    }
}

/// A text and its error.
fn check_fails(options: &ParseOptions, cases: &[(&str, &str)]) {
    let mut differences = Vec::new();
    for (text, wanted) in cases {
        match Query::parse(text, options) {
            Ok(query) => panic!("{text} reads as {query}"),
            Err(error) => {
                if error.to_string() != *wanted {
                    differences.push(format!("{text}\n    {error}"));
                }
                assert_eq!(error.class(), ErrorClass::BadData);
                let span = error.span().expect("a place");
                assert!(span.start <= span.end && span.end <= text.len(), "{text}: {span:?}");
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn selectors_print() {
    check_prints(&[
        ("up", ""),
        ("up{}", "up"),
        ("{job=\"a\"}", ""),
        ("up{job=\"a\",x!=\"b\",y=~\"c.*\",z!~\"d|e\"}", ""),
        ("up { job = 'a' , }", "up{job=\"a\"}"),
        ("{\"up\"}", "up"),
        ("{\"my.metric\", \"label.name\"=\"v\"}", "{\"my.metric\",\"label.name\"=\"v\"}"),
        ("{\"up\",job=\"a\"}", "up{job=\"a\"}"),
        ("{__name__=\"up\"}", ""),
        ("{__name__=~\"up|down\"}", ""),
        (":a:b", ""),
        ("sum", ""),
        ("sum{a=\"b\"} + avg", ""),
        ("by", "{\"by\"}"),
        ("or or or", "{\"or\"} or {\"or\"}"),
        ("up{sum=\"1\",by=\"2\",inf=\"3\"}", ""),
        ("up{a=\"\\n\\\"\\\\ü\"}", ""),
        ("up[5m]", ""),
        ("up[90s]", "up[1m30s]"),
        ("up[300]", "up[5m]"),
        ("up offset 5m", ""),
        ("up offset -1h", ""),
        ("up @ 1.5", "up @ 1.500"),
        ("up @ -3", "up @ -3.000"),
        ("up @ start() offset 1m", ""),
        ("up offset 1m @ end()", "up @ end() offset 1m"),
        ("up[5m] @ 10 offset 1d", "up[5m] @ 10.000 offset 1d"),
        ("up[5m:1m]", ""),
        ("up[5m:]", ""),
        ("up[5m:] offset 1m", ""),
        ("(a + b)[1h:5m] @ 3", "(a + b)[1h:5m] @ 3.000"),
        ("max_over_time(rate(up[1m])[10m:])[5m:]", ""),
        ("up # comment\n", "up"),
        ("rate(up[5m] anchored)", ""),
        ("up smoothed offset 1m", ""),
        ("up[5m * 2]", ""),
        ("up[(1h - step()) / 2:min(range(), -1m ^ 2)]", ""),
        ("up offset (5m + 1)", ""),
        ("up offset -step()", ""),
    ]);
}

#[test]
fn operators_print() {
    check_prints(&[
        ("1", ""),
        ("-1", ""),
        ("+1", "1"),
        ("0x10 + 1_0 + 1e3 + .5", "16 + 10 + 1000 + 0.5"),
        ("5m", "300"),
        ("Inf + iNf + NaN", "+Inf + +Inf + NaN"),
        ("-Inf", ""),
        ("1e30", "1e+30"),
        ("\"a\"", ""),
        ("`a\\b`", "\"a\\\\b\""),
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a ^ b ^ c", ""),
        ("-a ^ 2", ""),
        ("--a", ""),
        ("a - -1", ""),
        ("a and b or c unless d", ""),
        ("a AND b", "a and b"),
        ("a == bool b", ""),
        ("a>=1", "a >= 1"),
        ("a atan2 b", ""),
        ("h </ 1 + 2 >/ h", ""),
        ("a * on (x) b", ""),
        ("a * on () b", ""),
        ("a * ignoring () b", ""),
        ("a / ignoring (x, y) group_left b", "a / ignoring (x, y) group_left () b"),
        ("a / on (x) group_right (\"z.z\", w) b", ""),
        ("a == bool on (x) group_left (y) b", ""),
        ("a + fill (0) b", ""),
        ("a + on (x) fill_left (1) fill_right (-2) b", ""),
        ("a + fill_right(1) fill_left(1) b", "a + fill (1) b"),
        ("a + fill", ""),
        ("sum(a)", ""),
        ("SUM(a)", "sum(a)"),
        ("sum by (x, y) (a)", ""),
        ("sum(a) without (x)", "sum without (x) (a)"),
        ("sum by () (a)", "sum(a)"),
        ("sum without () (a)", ""),
        ("topk(5, a)", ""),
        ("topk by (x) (5, a)", ""),
        ("count_values(\"v\", a)", ""),
        ("quantile(0.5, sum by (\"a.b\") (a))", "quantile(0.5, sum by (\"a.b\") (a))"),
        ("limitk(1, a) or limit_ratio(0.1, a)", ""),
        ("rate(a[5m])", ""),
        ("round(a)", ""),
        ("round(a, 5)", ""),
        ("time()", ""),
        ("hour()", ""),
        ("info(a)", ""),
        ("info(a, {b=\"c\"})", ""),
        ("info(a, {})", ""),
        ("label_join(a, \"x\", \",\", \"y\", \"z\")", ""),
        ("histogram_quantiles(a, \"q\", 0.5, 0.9)", ""),
        ("((a))", ""),
        ("start() + end() + step() + range()", ""),
    ]);
}

#[test]
fn long_queries_break_over_lines() {
    let text = "sum by (service) (rate(http_server_requests_total{service=\"checkout\", method=\"POST\"}[5m])) / on (service) \
                topk by (service) (3, rate(http_server_requests_total{service=\"checkout\"}[5m]))";
    let query = Query::parse(text, &ParseOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        query.pretty(),
        "  sum by (service) (rate(http_server_requests_total{service=\"checkout\",method=\"POST\"}[5m]))\n\
         / on (service)\n  \
           topk by (service) (3, rate(http_server_requests_total{service=\"checkout\"}[5m]))"
    );
}

#[test]
fn faults_name_their_place() {
    check_fails(
        &experimental(),
        &[
            ("", "1:1: parse error: no expression found in input"),
            ("  # nothing", "1:1: parse error: no expression found in input"),
            ("a +", "1:4: parse error: unexpected end of input, expected an expression"),
            ("a b", "1:3: parse error: unexpected \"b\", expected an operator or the end of the query"),
            ("a\n  + ]", "2:5: parse error: unexpected \"]\", expected an expression"),
            ("sum(a", "1:6: parse error: unexpected end of input, expected \",\" or \")\""),
            ("a{b}", "1:4: parse error: unexpected \"}\", expected one of \"=\", \"!=\", \"=~\", \"!~\""),
            ("a{b=c}", "1:5: parse error: unexpected \"c\", expected a string"),
            ("a{b=~\"(\"}", "1:6: parse error: invalid regular expression: unclosed group"),
            ("a{\"b\"}", "1:3: parse error: metric name must not be set twice: \"a\" or \"b\""),
            ("a{__name__=\"b\"}", "1:1: parse error: metric name must not be set twice: \"a\" or \"b\""),
            ("{\"a\",\"b\"}", "1:6: parse error: metric name must not be set twice: \"a\" or \"b\""),
            ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            ("a{b:c=\"d\"}", "1:3: parse error: unexpected \"b:c\", expected a label matcher or \"}\""),
            ("\"abc", "1:1: parse error: unterminated quoted string"),
            ("`abc", "1:1: parse error: unterminated raw string"),
            ("\"\\q\"", "1:2: parse error: unknown escape sequence 'q'"),
            ("\"\\xff\"", "1:1: parse error: string is not valid UTF-8"),
            ("\"\\u12\"", "1:2: parse error: illegal character in escape sequence"),
            ("\"\\ud800\"", "1:2: parse error: escape sequence is an invalid Unicode code point"),
            ("1x", "1:1: parse error: bad number or duration syntax: \"1x\""),
            ("5m5m", "1:1: parse error: bad number or duration syntax: \"5m5m\""),
            ("a § b", "1:3: parse error: unexpected character: '§'"),
            ("a[5m", "1:5: parse error: unexpected end of input, expected \":\" or \"]\""),
            ("a[]", "1:3: parse error: unexpected \"]\", expected a duration"),
            ("a[0s]", "1:3: parse error: duration must be greater than 0"),
            ("a[5m] [5m]", "1:1: parse error: ranges only allowed for vector selectors"),
            ("a offset 5m [5m]", "1:1: parse error: no offset modifiers allowed before range"),
            ("a @ 5 [5m]", "1:1: parse error: no @ modifiers allowed before range"),
            ("(a)[5m]", "1:1: parse error: ranges only allowed for vector selectors"),
            ("a offset 1m offset 2m", "1:13: parse error: offset may not be set multiple times"),
            ("a @ 1 @ 2", "1:7: parse error: @ <timestamp> may not be set multiple times"),
            ("a @ Inf", "1:5: parse error: timestamp out of bounds for @ modifier: +Inf"),
            ("a @ 9e15", "1:5: parse error: timestamp out of bounds for @ modifier: 9000000000000000"),
            (
                "sum(a) offset 1m",
                "1:8: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            ),
            ("a[5m] + 1", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
            ("1 == 1", "1:1: parse error: comparisons between scalars must use BOOL modifier"),
            ("a + bool b", "1:5: parse error: bool modifier can only be used on comparison operators"),
            ("a and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
            ("a + on (b) 1", "1:1: parse error: vector matching only allowed between instant vectors"),
            ("a and on (b) group_left c", "1:14: parse error: no grouping allowed for \"and\" operation"),
            ("a * on (b) group_left (b) c", "1:12: parse error: label \"b\" must not occur in ON and GROUP clause at once"),
            ("a or fill (0) b", "1:6: parse error: filling in missing series not allowed for set operators"),
            ("on", "1:1: parse error: unexpected \"on\", expected an expression"),
            ("rate(a)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
            ("rate(a[5m], 1)", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 2"),
            ("round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"),
            ("round(a, 1, 2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"),
            ("abs(a,)", "1:6: parse error: trailing commas not allowed in function call args"),
            ("nope(a)", "1:1: parse error: unknown function with name \"nope\""),
            ("Rate(a[5m])", "1:1: parse error: unknown function with name \"Rate\""),
            ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
            ("topk(a)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
            ("topk(\"a\", a)", "1:6: parse error: expected type scalar in aggregation parameter, got string"),
            (
                "-a[5m]",
                "1:2: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"",
            ),
            ("1[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"),
            ("info(a, b)", "1:9: parse error: expected label selectors only, got vector selector instead"),
            ("\"ä\" + \"\n", "1:7: parse error: unterminated quoted string"),
            ("ä", "1:1: parse error: unexpected character: 'ä'"),
        ],
    );
}

#[test]
fn experiments_must_be_switched_on() {
    check_fails(
        &ParseOptions::default(),
        &[
            ("info(a)", "1:1: parse error: function \"info\" is not enabled (experimental)"),
            ("limitk(1, a)", "1:1: parse error: limitk is not enabled (experimental)"),
            ("a + fill(0) b", "1:5: parse error: fill is not enabled (experimental)"),
            ("a[5m] anchored", "1:7: parse error: anchored and smoothed are not enabled (experimental)"),
            ("a[5m * 2]", "1:6: parse error: expected a duration; arithmetic on durations is not enabled (experimental)"),
            ("a[step()]", "1:3: parse error: expected a duration; arithmetic on durations is not enabled (experimental)"),
        ],
    );
    for function in luneta_promql::functions() {
        let call = format!("{}()", function.name);
        let error = Query::parse(&call, &ParseOptions::default()).err().map(|error| error.to_string());
        let refused = error.is_some_and(|text| text.contains("experimental"));
        assert_eq!(refused, function.experimental, "{call}");
    }
}

#[test]
fn selectors_stand_alone_where_series_are_listed() {
    let matchers = parse_selector("up{job=~\"a|b\"}", &ParseOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(matchers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["__name__=\"up\"", "job=~\"a|b\""]);
    for text in ["up offset 5m", "up[5m]", "up @ 3", "sum(up)", "(up)", "1"] {
        let error = parse_selector(text, &ParseOptions::default()).expect_err(text);
        assert_eq!(error.to_string(), "1:1: parse error: expected a series selector and nothing else", "{text}");
    }
    let anything = parse_selector("{}", &ParseOptions::default());
    assert_eq!(anything.map_or_else(|error| panic!("{error}"), |matchers| matchers.len()), 0);
}

#[test]
fn sizes_are_bounded() {
    let options = experimental();
    let deep = [
        format!("{}1{}", "(".repeat(5000), ")".repeat(5000)),
        "-".repeat(60_000) + "1",
        vec!["a"; 5000].join("+"),
        vec!["a"; 5000].join("^"),
        format!("{}a{}", "abs(".repeat(5000), ")".repeat(5000)),
        format!("a{}", "[5m:]".repeat(5000)),
        format!("a[{}1{}]", "(".repeat(5000), ")".repeat(5000)),
        format!("a[{}1]", "1+".repeat(5000)),
        format!("a[{}1]", "-".repeat(5000)),
    ];
    for text in deep {
        let error = Query::parse(&text, &options).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("nested deeper than"), "{}: {error}", &text[..20]);
    }
    let long = format!("\"{}\"", "x".repeat(70_000));
    let error = Query::parse(&long, &options).err();
    assert!(
        matches!(&error, Some(PromqlError::Parse { message, .. }) if message.contains("more than the limit of 65536")),
        "{error:?}"
    );
    let wide = format!("a{{{}}}", (0..1000).map(|n| format!("l{n}=\"v\"")).collect::<Vec<_>>().join(","));
    assert!(Query::parse(&wide, &options).is_ok());
    let expensive = Query::parse("a{b=~\"((a{100}){100}){100}\"}", &options);
    assert!(expensive.is_err(), "a regular expression of a million states");
}

#[test]
fn trees_have_the_form_of_prometheus() {
    let query = Query::parse(
        "sum by (a) (rate(x{b!=\"c\"}[5m] offset 1m)) / on (a) group_left () -y @ start()",
        &ParseOptions::default(),
    );
    let tree = query.unwrap_or_else(|error| panic!("{error}")).tree();
    assert_eq!(tree["type"], "binaryExpr");
    assert_eq!(tree["matching"]["card"], "many-to-one");
    assert_eq!(tree["lhs"]["type"], "aggregation");
    assert_eq!(tree["lhs"]["grouping"][0], "a");
    let call = &tree["lhs"]["expr"];
    assert_eq!(call["func"]["name"], "rate");
    assert_eq!(call["func"]["argTypes"][0], "matrix");
    assert_eq!(call["args"][0]["range"], 300_000);
    assert_eq!(call["args"][0]["offset"], 60_000);
    assert_eq!(call["args"][0]["matchers"][1]["type"], "!=");
    assert_eq!(tree["rhs"]["type"], "unaryExpr");
    assert_eq!(tree["rhs"]["expr"]["startOrEnd"], "start");
}
