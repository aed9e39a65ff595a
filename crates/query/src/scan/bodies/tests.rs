use datafusion::prelude::{Expr, col, contains, ends_with, lit, lower, regexp_like, starts_with, strpos};

use super::*;

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// Filters as texts: `^` and `$` mark a bound, `~` ignored case, `*` anything.
fn shown(filter: &RowFilter) -> String {
    fn list(parts: &[String], by: &str) -> String {
        format!("({})", parts.join(by))
    }
    fn bodies(filter: &BodyFilter) -> String {
        match filter {
            BodyFilter::Anything => "*".into(),
            BodyFilter::Text(needle) => {
                let mark = |is: bool, mark: &'static str| if is { mark } else { "" };
                let (start, end) = (mark(needle.at_start, "^"), mark(needle.at_end, "$"));
                format!("{}{start}{}{end}", mark(needle.ignores_case, "~"), needle.text)
            }
            BodyFilter::All(parts) => list(&parts.iter().map(bodies).collect::<Vec<_>>(), " & "),
            BodyFilter::Any(parts) => list(&parts.iter().map(bodies).collect::<Vec<_>>(), " | "),
        }
    }
    match filter {
        RowFilter::Bodies(filter) => bodies(filter),
        RowFilter::Traces(ids) => format!("{} traces", ids.len()),
        RowFilter::All(parts) => list(&parts.iter().map(shown).collect::<Vec<_>>(), " & "),
        RowFilter::Any(parts) => list(&parts.iter().map(shown).collect::<Vec<_>>(), " | "),
    }
}

#[test]
fn conditions_are_read() {
    use Operator::{Gt, GtEq, NotEq, RegexIMatch, RegexMatch};
    let body = || col("body");
    let trace = col("trace_id").eq(lit(ScalarValue::FixedSizeBinary(16, Some(vec![7; 16]))));
    let cases = [
        (body().like(lit("%connection refused%")), "(connection refused)"),
        (body().ilike(lit("GET %took _ms")), "(~^GET  & ~took  & ~ms$)"),
        (body().like(lit("100\\% of \\_x\\q%\\")), "(^100% of _x)"),
        (body().like(lit("%")), "()"),
        (body().not_like(lit("%x%")), "*"),
        (col("event_name").like(lit("%x%")), "*"),
        (lower(body()).like(lit("%error%")), "(~error)"),
        (body().eq(lit("all of it")), "^all of it$"),
        (lit("all of it").eq(body()), "^all of it$"),
        (body().in_list(vec![lit("a"), lit("b")], false), "(^a$ | ^b$)"),
        (body().in_list(vec![lit("a"), col("event_name")], false), "*"),
        (contains(body(), lit("x y")), "x y"),
        (starts_with(body(), lit("x")), "^x"),
        (ends_with(body(), lit("x")), "x$"),
        (binary(strpos(body(), lit("x")), Gt, lit(0i64)), "x"),
        (binary(strpos(body(), lit("x")), NotEq, lit(0i32)), "x"),
        (binary(strpos(body(), lit("x")), GtEq, lit(1i64)), "x"),
        (binary(strpos(body(), lit("x")), Gt, lit(5i64)), "*"),
        (binary(body(), RegexMatch, lit("user=(\\d+) (ok|failed)$")), "(user= & * &   & ((ok) | (failed)))"),
        (binary(body(), RegexIMatch, lit("Skip")), "(~skip)"),
        (binary(body(), RegexMatch, lit("a+(bc){2,}x?")), "((a) & (bc) & *)"),
        (binary(body(), RegexMatch, lit("(")), "*"),
        (binary(body(), RegexMatch, lit("^[0-9]")), "()"),
        (regexp_like(body(), lit("a.c"), Some(lit("i"))), "(~a & ~c)"),
        (regexp_like(body(), lit("a.c"), Some(lit("g"))), "*"),
        (trace.clone(), "1 traces"),
        (trace.or(body().ilike(lit("%07%"))), "(1 traces | (~07))"),
        (body().like(lit("%a%")).and(col("flags").eq(lit(1))), "((a) & *)"),
        (body().like(lit("%a%")).or(col("flags").eq(lit(1))), "((a) | *)"),
        (body().like(lit("%a%")).is_true(), "(a)"),
    ];
    for (filter, expected) in cases {
        let read = RowFilter::of(std::slice::from_ref(&filter));
        assert_eq!(shown(&read), expected, "{filter}");
    }
}
