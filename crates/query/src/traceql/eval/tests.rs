//! Queries over small traces, drawn as text: what each gives.

use super::{EvalSpan, EvalTrace, Plan, Value};
use crate::traceql::ast::{Field, Intrinsic, Kind, Scope, Status};
use crate::traceql::parse;

/// `id parent name service kind status start duration key=value…`, times in milliseconds.
fn trace(plan: &Plan, lines: &str) -> EvalTrace {
    let id = |text: &str| {
        let mut id = [0; 8];
        id[7] = text.parse().unwrap_or(0);
        id
    };
    let ms = |text: &str| text.parse::<i64>().unwrap() * 1_000_000;
    let spans = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [span, parent, name, service, kind, status, start, duration, attributes @ ..] = parts.as_slice() else {
            panic!("{line}")
        };
        let value = |key: &str| {
            let found = attributes.iter().filter_map(|pair| pair.split_once('=')).find(|(k, _)| *k == key);
            found.map_or(Value::Nil, |(_, text)| match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(n), _) => Value::Int(n),
                (_, Ok(n)) => Value::Float(n),
                _ if text == "true" => Value::Bool(true),
                _ if text.contains('|') => Value::List(text.split('|').map(|t| Value::String(t.into())).collect()),
                _ => Value::String(text.into()),
            })
        };
        let values = plan.fields.list().iter().map(|field| match field {
            Field::Key(Scope::Resource, key) if key == "service.name" => Value::String((*service).into()),
            Field::Key(_, key) => value(key),
            Field::Intrinsic(Intrinsic::Name) => Value::String((*name).into()),
            Field::Intrinsic(Intrinsic::Duration) => Value::Int(ms(duration)),
            Field::Intrinsic(Intrinsic::Status) => Value::Status(if *status == "error" { Status::Error } else { Status::Ok }),
            Field::Intrinsic(Intrinsic::Kind) => Value::Kind(if *kind == "server" { Kind::Server } else { Kind::Client }),
            Field::Intrinsic(_) => Value::Nil,
        });
        EvalSpan {
            id: id(span),
            parent_id: id(parent),
            start_ns: ms(start),
            duration_ns: ms(duration),
            name: (*name).into(),
            service: (*service).into(),
            failed: *status == "error",
            values: values.collect(),
        }
    });
    let mut trace = EvalTrace::new([1; 16], spans.collect());
    plan.fields.complete(&mut trace);
    trace
}

/// The spansets a query gives, as names.
fn check(lines: &str, query: &str, expected: &[&str]) {
    let parsed = parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
    let plan = Plan::new(&parsed.pipeline);
    let trace = trace(&plan, lines);
    let sets = plan.run(&trace);
    let names = |spans: &[usize]| spans.iter().map(|at| trace.spans[*at].name.to_string()).collect::<Vec<_>>().join(" ");
    let found: Vec<String> = sets.iter().map(|set| names(&set.spans)).collect();
    assert_eq!(found, expected, "{query}");
}

const SHOP: &str = "
    1 0 root  shop  server ok    0  100 http.status_code=200 user=ana load=0.5
    2 1 cart  shop  client ok    5  40  http.status_code=404 tags=a|b
    3 2 query db    server error 10 20  rows=7
    4 1 pay   shop  client error 50 45  http.status_code=500 user=ana
    5 4 bank  bank  server error 55 30  retry=true
    6 5 book  bank  client ok    60 5   rows=9
";

#[test]
fn filters() {
    let cases: &[(&str, &[&str])] = &[
        ("{}", &["root cart query pay bank book"]),
        ("{ name = \"pay\" }", &["pay"]),
        ("{ resource.service.name = \"bank\" }", &["bank book"]),
        ("{ span.http.status_code >= 404 }", &["cart pay"]),
        ("{ span.http.status_code > 404.5 }", &["pay"]),
        ("{ span.http.status_code = \"404\" }", &[]),
        ("{ span.http.status_code != 200 }", &["cart pay"]),
        ("{ span.user = nil }", &["cart query bank book"]),
        ("{ span.user != nil && kind = client }", &["pay"]),
        ("{ .user =~ \"an\" }", &[]),
        ("{ .user =~ \"an.\" }", &["root pay"]),
        ("{ .user !~ \"x\" }", &["root pay"]),
        ("{ .tags = \"b\" }", &["cart"]),
        ("{ .tags != \"b\" }", &[]),
        ("{ .tags != \"c\" }", &["cart"]),
        ("{ .retry }", &["bank"]),
        ("{ !(status = error) }", &["root cart book"]),
        ("{ duration > 2 * 20ms }", &["root pay"]),
        ("{ duration / 2 = 50ms }", &["root"]),
        ("{ .rows + 1 = 8 || .load < 1 }", &["root query"]),
        ("{ .rows / 0 > 1 }", &["query book"]),
        ("{ parent.http.status_code = 500 }", &["bank"]),
        ("{ parent.duration - duration > 0ms }", &["cart query pay bank book"]),
        ("{ traceDuration = 100ms && rootName = \"root\" && rootServiceName = \"shop\" && childCount = 2 }", &["root"]),
        ("{ nestedSetParent = -1 }", &["root"]),
        ("{ nestedSetLeft > 1 && nestedSetRight < 6 }", &["cart query"]),
        ("{ nestedSetLeft = 3 && nestedSetRight = 4 }", &["query"]),
    ];
    for (query, expected) in cases {
        check(SHOP, query, expected);
    }
}

#[test]
fn structures() {
    let cases: &[(&str, &[&str])] = &[
        ("{ name = \"root\" } > { }", &["cart pay"]),
        ("{ name = \"root\" } >> { status = error }", &["query pay bank"]),
        ("{ status = error } >> { }", &["bank book"]),
        ("{ status = error } < { }", &["root cart pay"]),
        ("{ name = \"book\" } << { }", &["root pay bank"]),
        ("{ name = \"cart\" } ~ { }", &["pay"]),
        ("{ } ~ { }", &["cart pay"]),
        ("{ name = \"cart\" } !~ { }", &["root cart query bank book"]),
        ("{ status = error } !> { }", &["root cart query pay"]),
        ("{ status = error } !>> { status = error }", &["query pay"]),
        ("{ status = error } !<< { }", &["query bank book"]),
        ("{ kind = server } !< { }", &["root query bank book"]),
        ("{ name = \"root\" } &> { status = error }", &["root pay"]),
        ("{ kind = client } &>> { resource.service.name = \"bank\" }", &["pay bank book"]),
        ("{ name = \"book\" } &<< { status = error }", &["pay bank book"]),
        ("{ name = \"cart\" } &~ { }", &["cart pay"]),
        ("{ status = error } && { name = \"root\" }", &["root query pay bank"]),
        ("{ status = error } && { name = \"none\" }", &[]),
        ("{ name = \"none\" } || { name = \"root\" }", &["root"]),
        ("{ name = \"root\" } > { name = \"pay\" } > { }", &["bank"]),
    ];
    for (query, expected) in cases {
        check(SHOP, query, expected);
    }
}

#[test]
fn pipelines() {
    let cases: &[(&str, &[&str])] = &[
        ("{ status = error } | count() > 2", &["query pay bank"]),
        ("{ status = error } | count() > 3", &[]),
        ("{} | by(resource.service.name)", &["root cart pay", "query", "bank book"]),
        ("{} | by(resource.service.name) | count() > 1", &["root cart pay", "bank book"]),
        ("{} | by(resource.service.name) | count() > 1 | coalesce()", &["root cart pay bank book"]),
        ("{} | avg(duration) = 40ms", &["root cart query pay bank book"]),
        ("{} | max(.rows) = 9", &["root cart query pay bank book"]),
        ("{} | sum(.rows) + 1 > 16", &["root cart query pay bank book"]),
        ("{} | min(.rows) < 7", &[]),
        ("{} | min(.missing) < 7", &[]),
        ("{ status = error } | { name = \"pay\" }", &["pay"]),
        ("({ status = error } | count() > 2) >> { name = \"book\" }", &["book"]),
        ("{ kind = server } | select(.user, duration)", &["root query bank"]),
        ("({ status = error } | count()) > ({ kind = client } | count()) - 1", &["root cart query pay bank book"]),
    ];
    for (query, expected) in cases {
        check(SHOP, query, expected);
    }
}

#[test]
fn odd_traces() {
    let circle = "
        1 2 a s server ok 0 10
        2 1 b s server ok 1 10
        3 3 c s server ok 2 10
    ";
    let orphans = "
        1 9 a s server ok 0 10
        2 1 b s server ok 1 10
        1 9 a s server ok 0 10
    ";
    let cases: &[(&str, &str, &[&str])] = &[
        (circle, "{ name = \"a\" } >> { }", &["b"]),
        // A circle is cut above the span that starts first.
        (circle, "{ name = \"a\" } << { }", &[]),
        (circle, "{ name = \"b\" } << { }", &["a"]),
        (circle, "{ } > { name = \"c\" }", &[]),
        (circle, "{ rootName = nil && nestedSetLeft = 0 }", &["a b c"]),
        (orphans, "{ name = \"a\" } > { }", &["b"]),
        (orphans, "{ nestedSetParent = -1 }", &[]),
    ];
    for (lines, query, expected) in cases {
        check(lines, query, expected);
    }
}
