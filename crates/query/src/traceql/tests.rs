//! Queries and what they read as.

use proptest::prelude::*;

use super::parse;

/// Each query prints as the text beside it, and that text reads as the same tree.
#[track_caller]
fn check(query: &str, printed: &str) {
    let tree = parse(query).unwrap_or_else(|e| panic!("{query}\n{e}"));
    assert_eq!(tree.to_string(), printed, "of {query}");
    assert_eq!(parse(printed).as_ref(), Ok(&tree), "{printed} reads as another tree");
}

#[test]
fn queries_print_as_they_read() {
    let cases = [
        ("{}", "{}"),
        ("{ }", "{}"),
        ("{true}", "{ true }"),
        ("{ .foo }", "{ .foo }"),
        ("{ .http.status_code = 200 }", "{ .http.status_code = 200 }"),
        (
            "{span.http.method=\"GET\"&&resource.service.name!=`a\\d`}",
            "{ span.http.method = \"GET\" && resource.service.name != \"a\\\\d\" }",
        ),
        ("{ span.\"key with space\" = 1.50 }", "{ span.\"key with space\" = 1.5 }"),
        ("{ .foo-bar/x*y = 1 }", "{ .foo-bar/x*y = 1 }"),
        ("{ .\"5\" = 1 || span.\"5\" = 2 }", "{ .\"5\" = 1 || span.5 = 2 }"),
        ("{ .a.\"b c\".d = nil }", "{ .\"a.b c.d\" = nil }"),
        (
            "{ parent.foo = 1 || parent.span.foo = 2 || parent.resource.foo = 3 }",
            "{ parent.foo = 1 || parent.span.foo = 2 || parent.resource.foo = 3 }",
        ),
        (
            "{ event.name = \"x\" && link.a = true && instrumentation.name = \"lib\" }",
            "{ event.name = \"x\" && link.a = true && instrumentation.name = \"lib\" }",
        ),
        ("{ span:duration > 1h30m && trace:duration < 1.5s }", "{ duration > 90m && traceDuration < 1500ms }"),
        ("{ duration > 100us && duration < 3µs }", "{ duration > 100us && duration < 3us }"),
        ("{ status = error && kind = server }", "{ status = error && kind = server }"),
        ("{ status != ok || statusMessage =~ \"time.*\" }", "{ status != ok || statusMessage =~ \"time.*\" }"),
        (
            "{ rootName = \"/\" && rootServiceName !~ \"a|b\" && nestedSetParent < 0 }",
            "{ rootName = \"/\" && rootServiceName !~ \"a|b\" && nestedSetParent < 0 }",
        ),
        ("{ .a + 2 * .b ^ 2 ^ 3 - 1 > -5 }", "{ .a + 2 * .b ^ 2 ^ 3 - 1 > -5 }"),
        ("{ -.a * 2 > 3 }", "{ -.a * 2 > 3 }"),
        ("{ (-.a) * 2 > .b ^ -.c ^ 2 }", "{ (-.a) * 2 > .b ^ -.c ^ 2 }"),
        ("{ (.a ^ -.b) * (-2 ^ .c) * (-2) ^ .d > 3 }", "{ .a ^ (-.b) * (-2 ^ .c) * (-2) ^ .d > 3 }"),
        ("{ .a - (.b - .c) / (.d ^ .e) ^ .f > --.g }", "{ .a - (.b - .c) / (.d ^ .e) ^ .f > --.g }"),
        ("{ !.a && !(.b = 1) }", "{ !.a && !(.b = 1) }"),
        ("{ .a = 1 && .b = 2 || .c = 3 }", "{ .a = 1 && .b = 2 || .c = 3 }"),
        ("{ .a } && { .b } || { .c }", "{ .a } && { .b } || { .c }"),
        ("{ .a } >> { .b } && { .c } !> { .d }", "{ .a } >> { .b } && { .c } !> { .d }"),
        ("{} > {} < {} << {} ~ {}", "{} > {} < {} << {} ~ {}"),
        (
            "{} &> {} || {} &>> {} || {} &~ {} || {} !~ {} || {} !<< {}",
            "{} &> {} || {} &>> {} || {} &~ {} || {} !~ {} || {} !<< {}",
        ),
        ("{} > ({} && {} > {})", "{} > ({} && {} > {})"),
        ("{} > ({} < {})", "{} > ({} < {})"),
        ("({ .a } | count() > 1) >> { .b }", "({ .a } | count() > 1) >> { .b }"),
        ("{} | -(count() - (1 - 2)) * --3 > 2", "{} | -(count() - (1 - 2)) * --3 > 2"),
        ("{} | count() > 2 | avg(duration) >= 1s", "{} | count() > 2 | avg(duration) >= 1s"),
        ("{} | max(.x) - min(.x) > 2 * 3", "{} | max(.x) - min(.x) > 2 * 3"),
        ("({} | count()) > ({ .a } | sum(.b)) + -1", "({} | count()) > ({ .a } | sum(.b)) + -1"),
        (
            "{ .a } | by(resource.service.name) | count() > 1 | coalesce() | select(.a, duration)",
            "{ .a } | by(resource.service.name) | count() > 1 | coalesce() | select(.a, duration)",
        ),
        ("{} | rate()", "{} | rate()"),
        ("{ .a } | rate() by(.b, name) | topk(5) > 3", "{ .a } | rate() by(.b, name) | topk(5) > 3"),
        ("{} | quantile_over_time(duration, 0.99, 0.5) by(name)", "{} | quantile_over_time(duration, 0.99, 0.5) by(name)"),
        (
            "{} | histogram_over_time(span.size) with (exemplars=true, sample=0.1)",
            "{} | histogram_over_time(span.size) with (exemplars=true, sample=0.1)",
        ),
        ("{} | compare({status=error})", "{} | compare({ status = error })"),
        ("{} | compare({.a}, 10, 1, 2)", "{} | compare({ .a }, 10, 1, 2)"),
        ("{} | min_over_time(duration) | bottomk(1)", "{} | min_over_time(duration) | bottomk(1)"),
        (
            "{ span:id = \"0a\" && trace:id != \"\" && span:parentID = nil }",
            "{ span:id = \"0a\" && trace:id != \"\" && span:parentID = nil }",
        ),
        ("{ event:timeSinceStart > 2ms && link:traceID != nil }", "{ event:timeSinceStart > 2ms && link:traceID != nil }"),
    ];
    for (query, printed) in cases {
        check(query, printed);
    }
}

#[test]
fn faults_name_their_place() {
    let deep = format!("{}{{}}{}", "(".repeat(200), ")".repeat(200));
    let deep_field = format!("{{ {}1{} = 1 }}", "(".repeat(200), ")".repeat(200));
    let long = vec!["{ .a }"; 2000].join(" || ");
    let cases = [
        ("", 1, 1, "the query ends"),
        ("{", 1, 2, "found end of the query"),
        ("{ .a = }", 1, 8, "found `}`"),
        ("{ .a = 1", 1, 9, "expected `}`"),
        ("{ foo = 1 }", 1, 3, "unknown word `foo`"),
        ("{ . = 1 }", 1, 4, "needs a name"),
        ("{ duration > \"x\" }", 1, 12, "cannot compare a number with text"),
        ("{ status > error }", 1, 10, "only `=` and `!=`"),
        ("{ status = server }", 1, 10, "cannot compare a status with a kind"),
        ("{ name =~ 1 }", 1, 8, "takes text on both sides"),
        ("{ name =~ \"(\" }", 1, 8, "not a regular expression"),
        ("{ name =~ .a }", 1, 8, "quoted regular expression"),
        ("{ duration }", 1, 3, "a filter must be true or false"),
        ("{ 1 && true }", 1, 5, "`&&` takes true or false"),
        ("{ .a = \"x }", 1, 8, "no closing quote"),
        ("{ .a = 5q }", 1, 9, "units of durations"),
        ("{ .a = 99999999999999999999 }", 1, 8, "out of range"),
        ("{ .a = 1 } | count()", 1, 14, "must be compared"),
        ("{ .a = 1 } | avg(name) > 1", 1, 17, "takes a number of the span"),
        ("{ .a = 1 } | foo()", 1, 14, "unexpected `foo`"),
        ("duration > 1s", 1, 1, "fields stand in braces"),
        ("{} && count()", 1, 4, "spans on one side"),
        ("{} + {}", 1, 4, "unexpected `+`"),
        ("{}\n  | rate() by()", 2, 15, "expected a field"),
        ("{} | rate() | count() > 1", 1, 15, "behind time series"),
        ("{} | quantile_over_time(duration)", 1, 33, "at least one quantile"),
        ("{} | quantile_over_time(duration, 2)", 1, 35, "from 0 to 1"),
        ("{} | by(1)", 1, 6, "needs a field of the span"),
        ("{} | topk(0)", 1, 6, "unexpected `topk`"),
        ("{} | rate() | topk(0)", 1, 20, "above 0"),
        ("{ .á = 1 } ; {}", 1, 12, "unexpected character `;`"),
        (&deep, 1, 66, "nested deeper"),
        (&deep_field, 1, 67, "nested deeper"),
        (&long, 1, 10_011, "operators"),
    ];
    for (query, line, column, message) in cases {
        let shown: String = query.chars().take(60).collect();
        let error = parse(query).expect_err(&shown);
        assert!(error.message.contains(message), "{shown}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{shown}: {error}");
    }
}

/// Pieces of which random queries are made.
const PIECES: [&str; 58] = [
    "{",
    "}",
    "{}",
    "(",
    ")",
    "{ .a = 1 }",
    ".a",
    "span.b",
    "resource.\"c d\"",
    "parent.e",
    "parent.duration",
    "parent.\"name\"",
    "name",
    "duration",
    "span:id",
    "status",
    "error",
    "server",
    "nil",
    "true",
    "1",
    "-2",
    "1.5",
    "10ms",
    "\"x\"",
    "`y`",
    "=",
    "!=",
    "=~",
    "!~",
    "<",
    "<<",
    ">",
    ">>",
    ">=",
    "~",
    "&&",
    "||",
    "&>",
    "!>>",
    "!",
    "+",
    "-",
    "*",
    "^",
    "|",
    "by(",
    "count()",
    "avg(duration)",
    "coalesce()",
    "select(",
    "rate()",
    "quantile_over_time(",
    "compare(",
    "topk(3)",
    "with (",
    ",",
    "é",
];

proptest! {
    /// Whatever is written, there is an answer; what reads, prints and reads again as the same tree.
    #[test]
    fn any_text_reads_or_is_refused(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..24), spaced: bool) {
        let text = pieces.join(if spaced { " " } else { "" });
        if let Ok(tree) = parse(&text) {
            let printed = tree.to_string();
            let again = parse(&printed);
            prop_assert_eq!(again, Ok(tree), "{} of {}", printed, text);
        }
    }

    #[test]
    fn any_characters_read_or_are_refused(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }
}
