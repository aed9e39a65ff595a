//! What Tempo's documents say of the parameters of its API: searches of the first version, parts of a trace,
//! names and values that are narrowed, time that is left out, and what monitors ask.

use luneta_tests::send::common::KeyValue;
use luneta_tests::send::span::Span;
use luneta_tests::send::span::span::Event;
use luneta_tests::send::{Export, attribute, int, now, percent_encoded, span, spans, text};
use luneta_tests::{Options, Reply, Server};
use serde_json::{Value, json};

/// 2026-01-05T10:00:00Z.
const BASE: u64 = 1_767_607_200;
const WITHIN: &str = "start=1767607190&end=1767607300";
const SECOND: u64 = 1_000_000_000;

/// A span of trace `trace`, whose parent is the span before it unless it is the first.
fn numbered(trace: u8, number: u8, name: &str, seconds: (u64, u64)) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![number; 8],
        parent_span_id: if number == 1 { Vec::new() } else { vec![number - 1; 8] },
        name: name.into(),
        kind: 2,
        start_time_unix_nano: (BASE + seconds.0) * SECOND,
        end_time_unix_nano: (BASE + seconds.1) * SECOND,
        ..Default::default()
    }
}

fn failed(span: Span) -> Span {
    Span { status: Some(span::Status { code: 2, message: "out of stock".into() }), ..span }
}

fn event(seconds: u64, attribute: KeyValue) -> Event {
    let time_unix_nano = (BASE + seconds) * SECOND;
    Event { time_unix_nano, name: "retry".into(), attributes: vec![attribute], ..Default::default() }
}

/// Two traces: a cart that fails in its third span, and a payment.
fn sent() -> Vec<Export> {
    let cart = Span {
        attributes: vec![attribute("http.route", text("/Cart/Items of {user}")), attribute("http.status_code", int(500))],
        ..numbered(1, 1, "GET /cart", (0, 40))
    };
    let stock = Span {
        attributes: vec![attribute("db.system", text("postgresql")), attribute("cached", text("yes"))],
        events: vec![event(6, attribute("tries", int(2))), event(7, attribute("why", text("lock")))],
        ..numbered(1, 2, "count", (5, 15))
    };
    let pay = Span { attributes: vec![attribute("http.status_code", int(200))], ..numbered(2, 1, "POST /pay", (60, 61)) };
    vec![
        spans("Web-Shop", vec![cart]),
        spans("stock", vec![stock, failed(numbered(1, 3, "select", (10, 12)))]),
        spans("checkout", vec![pay]),
    ]
}

/// Asks in memory and in files.
fn check(each: impl Fn(&Server, &str)) {
    let mut server = Server::start(Options::any_time());
    for export in sent() {
        export.accepted(&server);
    }
    for when in ["in memory", "in files"] {
        each(&server, when);
        server.cycle();
    }
}

fn asked(server: &Server, path: &str) -> Value {
    let reply = server.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// "Parameters for Tag Based Search": values are found by any part of them, in any case.
#[test]
fn tags_are_parts_of_values() {
    check(|server, when| {
        for (tags, more, expected) in [
            ("service.name=shop", "", "cart"),
            ("service.name=WEB-shop", "", "cart"),
            ("service.name=shop service.name2=x", "", ""),
            ("http.route=cart", "", "cart"),
            ("http.route=\"items of {USER}\"", "", "cart"),
            ("http.route=\"items.of\"", "", ""),
            ("http.status_code=500", "", "cart"),
            ("http.status_code=50", "", ""),
            ("name=\"GET /C\"", "", "cart"),
            ("name=select error=true", "", "cart"),
            ("status=error", "", "cart"),
            ("error=false http.status_code=200", "", "pay"),
            ("kind=server", "", "pay cart"),
            ("cached", "", "cart"),
            ("missing", "", ""),
            ("root.name=pay", "", "pay"),
            ("", "", "pay cart"),
            ("", "&minDuration=30s", "cart"),
            ("", "&maxDuration=1.5s", "pay"),
            ("", "&minDuration=500ms&maxDuration=1m", "pay cart"),
            ("", "&limit=1", "pay"),
        ] {
            let path = format!("/tempo/api/search?{WITHIN}&tags={}{more}", percent_encoded(tags));
            let found = asked(server, &path);
            let names: Vec<&str> = found["traces"]
                .as_array()
                .unwrap()
                .iter()
                .map(|trace| trace["rootTraceName"].as_str().unwrap().rsplit('/').next().unwrap())
                .collect();
            assert_eq!(names.join(" "), expected, "{when}: {tags} {more}");
        }
    });
}

/// "Query" and "Query V2": a time to look in, and a filter for spans.
#[test]
fn parts_of_a_trace() {
    let id = "01".repeat(16);
    let from = |seconds: u64| BASE + seconds;
    check(|server, when| {
        for (parameters, expected) in [
            (String::new(), "GET /cart, count, select"),
            (format!("start={}&end={}", from(0), from(40)), "GET /cart, count, select"),
            // What lasts into the time is there.
            (format!("start={}&end={}", from(13), from(20)), "GET /cart, count"),
            (format!("start={}", from(20)), "GET /cart"),
            (format!("end={}", from(4)), "GET /cart"),
            (format!("start={}&end={}", from(100), from(200)), "404"),
            (format!("end={}", BASE - 100), "404"),
        ] {
            for version in ["", "v2/"] {
                let path = format!("/tempo/api/{version}traces/{id}?{parameters}");
                assert_eq!(names(&server.get(&path)), expected, "{when}: {path}");
            }
        }
        for (q, more, expected) in [
            ("", "", "GET /cart, count, select"),
            ("{}", "", "GET /cart, count, select"),
            ("{ true }", "&keep_hierarchy=false", "GET /cart, count, select"),
            ("{ status = error }", "&keep_hierarchy=false", "select"),
            ("{ status = error }", "", "GET /cart, count, select"),
            ("{ .db.system = \"postgresql\" }", "&keep_hierarchy=true", "GET /cart, count"),
            ("{ event:name = \"retry\" }", "&keep_hierarchy=false", "count"),
            ("{ rootName = \"GET /cart\" && duration < 5s }", "&keep_hierarchy=false", "select"),
            ("{ name = \"no such\" }", "", ""),
        ] {
            let path = format!("/tempo/api/v2/traces/{id}?q={}{more}", percent_encoded(q));
            assert_eq!(names(&server.get(&path)), expected, "{when}: {q} {more}");
        }
    });
}

/// Names of the spans of a trace in the order of their start, or the status.
fn names(reply: &Reply) -> String {
    if reply.status != 200 {
        return reply.status.to_string();
    }
    let reply = reply.json();
    let groups = reply["batches"].as_array().or_else(|| reply["trace"]["resourceSpans"].as_array()).unwrap();
    let scopes = groups.iter().flat_map(|group| group["scopeSpans"].as_array().unwrap());
    let mut spans: Vec<(String, String)> = scopes
        .flat_map(|scope| scope["spans"].as_array().unwrap())
        .map(|span| (span["startTimeUnixNano"].as_str().unwrap().to_owned(), span["name"].as_str().unwrap().to_owned()))
        .collect();
    spans.sort();
    spans.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(", ")
}

/// "Search tags V2": scopes, a limit for each, and a query.
#[test]
fn names_by_scope() {
    let every = "event link resource span intrinsic";
    check(|server, when| {
        let scopes = |more: &str| asked(server, &format!("/tempo/api/v2/search/tags?{WITHIN}{more}"))["scopes"].clone();
        let of = |found: &Value, name: &str| {
            let scope = found.as_array().unwrap().iter().find(|scope| scope["name"] == name);
            scope.map(|scope| strings(&scope["tags"]).join(" ")).unwrap_or_default()
        };
        for scope in ["", "&scope=", "&scope=none", "&scope=all"] {
            let found = scopes(scope);
            for name in every.split(' ').filter(|name| *name != "link") {
                assert!(!of(&found, name).is_empty(), "{when}: {scope} {name}: {found}");
            }
        }
        let resource = scopes("&scope=resource");
        assert_eq!((resource.as_array().unwrap().len(), of(&resource, "resource")), (1, "service.name".to_owned()), "{when}");
        assert_eq!(of(&scopes("&scope=event"), "event"), "tries why", "{when}");
        assert_eq!(scopes("&scope=link"), json!([]), "{when}");
        let intrinsic = of(&scopes("&scope=intrinsic"), "intrinsic");
        for name in
            "duration event:name link:traceID rootServiceName span:parentID span:status trace:id trace:rootName".split(' ')
        {
            assert!(intrinsic.split(' ').any(|found| found == name), "{name}: {intrinsic}");
        }
        assert_eq!(of(&scopes("&scope=span&limit=2&maxStaleValues=5"), "span"), "cached db.system", "{when}");
        for (q, expected) in [
            ("{ name = \"POST /pay\" }", "http.status_code"),
            ("{ .db.system = \"postgresql\" }", "cached db.system"),
            ("{ .db.system = \"postgresql\" && resource.service.name = }", "cached db.system"),
            ("{ .db.system = }", "cached db.system http.route http.status_code"),
            ("nonsense", "cached db.system http.route http.status_code"),
        ] {
            let found = scopes(&format!("&scope=span&q={}", percent_encoded(q)));
            assert_eq!(of(&found, "span"), expected, "{when}: {q}");
        }
        let flat = strings(&asked(server, &format!("/tempo/api/search/tags?scope=span&{WITHIN}"))["tagNames"]);
        assert_eq!(flat, ["cached", "db.system", "http.route", "http.status_code"], "{when}");
    });
}

/// "Search tag values V2" and "Filtered tag values".
#[test]
fn values_by_query() {
    check(|server, when| {
        for (name, q, expected) in [
            ("resource.service.name", "", "Web-Shop checkout stock"),
            (".service.name", "{ span.http.status_code > 300 }", "Web-Shop"),
            ("resource.service.name", "{ status = error && span.foo = }", "stock"),
            ("resource.service.name", "{ oh", "Web-Shop checkout stock"),
            ("span.http.status_code", "{ resource.service.name = \"checkout\" }", "200"),
            ("event.tries", "", "2"),
            ("event.why", "{ name = \"count\" }", "lock"),
            ("event.why", "{ name = \"select\" }", ""),
            ("event:name", "", "retry"),
            ("rootName", "", "GET /cart POST /pay"),
            ("trace:rootService", "", "Web-Shop checkout"),
            ("span:name", "{ kind = client }", ""),
            ("span:kind", "", "client consumer internal producer server unspecified"),
            ("statusMessage", "{ status = error }", "out of stock"),
        ] {
            let path = format!("/tempo/api/v2/search/tag/{}/values?{WITHIN}&q={}", percent_encoded(name), percent_encoded(q));
            let found = asked(server, &path)["tagValues"].clone();
            let mut found: Vec<String> =
                found.as_array().unwrap().iter().map(|value| value["value"].as_str().unwrap().to_owned()).collect();
            found.sort();
            assert_eq!(found.join(" "), expected, "{when}: {name} {q}");
        }
        let path = format!("/tempo/api/search/tag/name/values?{WITHIN}&limit=2&maxStaleValues=1");
        assert_eq!(asked(server, &path)["tagValues"].as_array().unwrap().len(), 2, "{when}");
    });
}

/// "TraceQL Metrics": without a time, the last hour; `since`; a step that suits the time; exemplars.
#[test]
fn series_without_a_time() {
    let server = Server::start(Options::any_time());
    let ago = |seconds: u64, number: u8| {
        let start_time_unix_nano = now() - seconds * SECOND;
        Span { start_time_unix_nano, end_time_unix_nano: start_time_unix_nano, ..numbered(number, 1, "tick", (0, 0)) }
    };
    spans("shop", vec![ago(60, 1), ago(20 * 60, 2), ago(2 * 3600, 3)]).accepted(&server);
    let q = percent_encoded("{ } | count_over_time()");
    for (parameters, expected) in [("", 2.0), ("&since=30s", 0.0), ("&since=10m", 1.0), ("&since=1d", 3.0)] {
        let one = asked(&server, &format!("/tempo/api/metrics/query?q={q}{parameters}"));
        let found = one["series"].as_array().unwrap().iter().map(|series| series["value"].as_f64().unwrap()).sum::<f64>();
        assert!((found - expected).abs() < 1e-9, "{parameters}: {one}");
        let range = asked(&server, &format!("/tempo/api/metrics/query_range?q={q}{parameters}"));
        let samples = range["series"].as_array().unwrap().iter().flat_map(|series| series["samples"].as_array().unwrap());
        let found = samples.map(|sample| sample["value"].as_f64().unwrap()).sum::<f64>();
        assert!((found - expected).abs() < 1e-9, "{parameters}: {range}");
    }
    let step = |parameters: &str| {
        let range = asked(&server, &format!("/tempo/api/metrics/query_range?q={q}{parameters}"));
        let samples = &range["series"][0]["samples"];
        let ms = |at: usize| samples[at]["timestampMs"].as_str().unwrap().parse::<u64>().unwrap();
        (ms(1) - ms(0)) / 1000
    };
    assert_eq!((step(""), step("&since=10m"), step("&since=1d"), step("&step=7s")), (15, 5, 600, 7));
    for (hint, parameters, expected) in
        [("", "", 2), ("", "&exemplars=1", 1), (" with (exemplars=false)", "", 0), (" with (exemplars=1)", "", 1)]
    {
        let q = percent_encoded(&format!("{{ }} | rate(){hint}"));
        let range = asked(&server, &format!("/tempo/api/metrics/query_range?q={q}{parameters}"));
        let found = range["series"][0]["exemplars"].as_array().map_or(0, Vec::len);
        assert_eq!(found, expected, "{hint}{parameters}: {range}");
    }
}

#[test]
fn what_monitors_ask() {
    let server = Server::with_defaults();
    let version = asked(&server, "/tempo/status")["version"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/tempo/status/version").text(), format!("luneta, version {version}\n"));
    let build = asked(&server, "/tempo/api/status/buildinfo");
    assert_eq!(build["version"], json!(version));
    assert_eq!((server.get("/tempo/ready").status, server.get("/tempo/api/echo").text()), (200, "echo".to_owned()));
}

#[test]
fn faults_say_what_is_wrong() {
    let server = Server::with_defaults();
    let series = percent_encoded("{ } | rate() by (name)");
    for (path, words) in [
        ("search?tags=%3Dx".to_owned(), "`tags` is not logfmt"),
        ("search?tags=a%3Db&q=%7B%7D".to_owned(), "either `q` or `tags`"),
        ("search?tags=a%3Db%20a%3Dc".to_owned(), "`a` stands twice"),
        ("search?tags=status%3Dbad".to_owned(), "the value is one of ok, error, unset"),
        ("search?minDuration=2s&maxDuration=1s".to_owned(), "`minDuration` is longer"),
        ("search?minDuration=soon".to_owned(), "`minDuration=soon` is no duration"),
        ("search?q=%7B%7D&limit=0".to_owned(), "`limit` must be above 0"),
        ("search?q=%7B%7D&spss=some".to_owned(), "`spss=some` is no whole number"),
        ("search?q=%7B%7D&start=20&end=10".to_owned(), "`start` must be before `end`"),
        (format!("search?q={series}"), "`| rate()` makes time series, and this finds traces"),
        ("traces/1234?start=tea".to_owned(), "`start=tea` is no time"),
        ("traces/1234?start=20&end=10".to_owned(), "`start` must be before `end`"),
        ("v2/traces/1234?q=%7B%7D%20%3E%3E%20%7B%7D".to_owned(), "one filter"),
        ("v2/traces/1234?q=%7B%7D&keep_hierarchy=maybe".to_owned(), "neither true nor false"),
        ("v2/search/tags?scope=planet".to_owned(), "`scope=planet` is none of resource"),
        ("v2/search/tags?limit=-1".to_owned(), "`limit=-1` is no whole number"),
        ("v2/search/tag/span.a/values?maxStaleValues=x".to_owned(), "`maxStaleValues=x` is no whole number"),
        ("metrics/query_range?q=%7B%7D".to_owned(), "add `| rate()`"),
        ("metrics/query?since=1h".to_owned(), "`q` is missing"),
        ("metrics/query_range?q=%7B%7D%7Crate()&since=soon".to_owned(), "`since=soon` is no duration"),
        ("metrics/query_range?q=%7B%7D%7Crate()&step=fast".to_owned(), "`step=fast` is no duration"),
        ("metrics/query_range?q=%7B%7D%7Crate()&exemplars=all".to_owned(), "`exemplars=all` is no whole number"),
    ] {
        let reply = server.get(&format!("/tempo/api/{path}"));
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(reply.text().contains(words), "{path}: {}", reply.text());
    }
}
