//! The derived tables: what they hold, from memory and from files.

use luneta_tests::send::common::any_value::Value as Any;
use luneta_tests::send::{Export, attribute, common, gauge, log_records, metric_list, now, numbered_log, span, spans, text};
use luneta_tests::{Options, Server};
use serde_json::{Value, json};

use crate::sql::check;

const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// A span of the one trace, a microsecond for every number of its id.
fn part(id: u64, parent: u64, kind: i32, name: &str, attributes: &[(&str, &str)]) -> span::Span {
    let start = now() - 60_000_000_000 + id;
    span::Span {
        trace_id: vec![7; 16],
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() },
        name: name.into(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + id * 1000,
        attributes: attributes.iter().map(|(key, value)| attribute(key, text(*value))).collect(),
        ..Default::default()
    }
}

fn failed(mut span: span::Span, exceptions: usize) -> span::Span {
    span.status = Some(span_status());
    let exception = |n: usize| span::span::Event {
        time_unix_nano: span.start_time_unix_nano + n as u64,
        name: "exception".into(),
        attributes: vec![attribute("exception.type", text("OutOfStock")), attribute("exception.message", text("no eggs"))],
        ..Default::default()
    };
    let retry = span::span::Event { name: "retry".into(), ..Default::default() };
    span.events = (0..exceptions).map(exception).chain([retry]).collect();
    span
}

fn span_status() -> span::Status {
    span::Status { code: 2, ..Default::default() }
}

fn shop() -> Vec<Export> {
    let kafka = ("messaging.system", "kafka");
    let from_shop = vec![
        part(1, 0, SERVER, "GET /cart", &[]),
        part(2, 1, CLIENT, "stock", &[("server.address", "stock.local")]),
        part(3, 1, CLIENT, "stock", &[("server.address", "stock.local")]),
        part(4, 1, CLIENT, "SELECT items", &[("db.system.name", "postgresql"), ("server.address", "db.local")]),
        part(5, 1, CLIENT, "GET", &[("db.system", "redis")]),
        part(6, 1, PRODUCER, "send", &[kafka, ("server.address", "kafka.local")]),
        part(7, 1, PRODUCER, "send", &[kafka]),
        part(8, 1, CLIENT, "pay", &[("peer.service", "stripe"), ("server.address", "api.stripe.com")]),
        part(9, 1, CLIENT, "nobody says to whom", &[]),
        part(10, 1, CLIENT, "itself", &[]),
        part(11, 10, SERVER, "itself", &[]),
        part(12, 1, INTERNAL, "work", &[("server.address", "not a call")]),
    ];
    let from_stock = vec![failed(part(20, 2, SERVER, "take", &[]), 2), part(21, 3, SERVER, "take", &[])];
    let mut logs: Vec<_> = (0..4).map(|n| numbered_log(n, now() - 1000 + n)).collect();
    for (n, (severity, attributes)) in [
        (17, vec![("exception.type", "IoError"), ("exception.message", "disk full")]),
        (21, vec![("exception.type", "IoError")]),
        (9, vec![("exception.type", "IoError"), ("exception.message", "only said")]),
        (17, vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        logs[n].severity_number = severity;
        logs[n].attributes.extend(attributes.into_iter().map(|(key, value)| attribute(key, text(value))));
    }
    let gauges = |n: u64| (0..n).map(|n| gauge("temperature", now() - 1000 + n, n as f64)).collect();
    vec![
        spans("shop", from_shop),
        spans("stock", from_stock),
        spans("mail", vec![part(22, 6, CONSUMER, "receive", &[])]),
        log_records("shop", logs),
        metric_list("shop", gauges(3)),
        metric_list("sensor", gauges(2)),
    ]
}

#[test]
fn contents() {
    let mut server = Server::start(Options::any_time());
    for export in shop() {
        export.accepted(&server);
    }
    check(
        &mut server,
        &[
            (
                "SELECT service_name, spans, errors, logs, points FROM services ORDER BY 1",
                json!([["mail", 1, 0, 0, 0], ["sensor", 0, 0, 0, 2], ["shop", 12, 0, 4, 3], ["stock", 2, 1, 0, 0]]),
            ),
            (
                "SELECT s.first_seen = l.first AND s.last_seen = l.last FROM services s, (SELECT min(start_time) AS first, \
                 max(start_time) AS last FROM spans WHERE service_name = 'stock') l WHERE s.service_name = 'stock'",
                json!([[true]]),
            ),
            (
                "SELECT service_name, name, kind, count, errors, error_rate FROM operations WHERE count > 1 ORDER BY 1, 2",
                json!([
                    ["shop", "send", "PRODUCER", 2, 0, 0.0],
                    ["shop", "stock", "CLIENT", 2, 0, 0.0],
                    ["stock", "take", "SERVER", 2, 1, 0.5]
                ]),
            ),
            ("SELECT count(*), sum(count) FROM operations", json!([[12, 15]])),
            // 20 and 21 microseconds: the precision is 6 %.
            (
                "SELECT abs(duration_p50_ns - 20000) < 900, abs(duration_p95_ns - 21000) < 950, abs(duration_p99_ns - 21000) < 950 \
                 FROM operations WHERE name = 'take'",
                json!([[true, true, true]]),
            ),
            (
                "SELECT client, server, connection_type, count, errors FROM edges ORDER BY 1, 2",
                json!([
                    ["shop", "db.local", "database", 1, 0],
                    ["shop", "kafka", "messaging_system", 1, 0],
                    ["shop", "mail", "messaging_system", 1, 0],
                    ["shop", "redis", "database", 1, 0],
                    ["shop", "stock", "", 2, 1],
                    ["shop", "stripe", "virtual_node", 1, 0]
                ]),
            ),
            // As the client saw it: 2 and 3 microseconds.
            ("SELECT abs(duration_p99_ns - 3000) < 135 FROM edges WHERE server = 'stock'", json!([[true]])),
            (
                "SELECT service_name, type, message, count, trace_id FROM errors ORDER BY type DESC, message",
                json!([
                    ["stock", "OutOfStock", "no eggs", 2, "07070707070707070707070707070707"],
                    ["shop", "IoError", "disk full", 1, null],
                    ["shop", "IoError", null, 1, null]
                ]),
            ),
            ("SELECT count(*) FROM errors WHERE trace_id = '07070707070707070707070707070707'", json!([[1]])),
            ("SELECT metric_name, type, unit, series, points FROM metric_names", json!([["temperature", "gauge", null, 2, 5]])),
            (
                "SELECT scope, key, type, count FROM attribute_keys WHERE \"table\" = 'spans' AND key IN ('db.system', 'service.name') ORDER BY 2",
                json!([["attributes", "db.system", "Utf8", 1], ["resource_attributes", "service.name", "Utf8", 15]]),
            ),
            // Joined with each other and with the tables they come from.
            (
                "SELECT o.name FROM operations o JOIN services s ON s.service_name = o.service_name JOIN spans p ON p.name = o.name \
                 WHERE s.errors > 0 GROUP BY 1",
                json!([["take"]]),
            ),
            ("SELECT (SELECT sum(spans) FROM services) = (SELECT count(*) FROM spans)", json!([[true]])),
        ],
    );
}

/// Keys too rare for a column are listed all the same, with the type of most of their values.
#[test]
fn rare_keys() {
    let mut server = Server::start(Options::any_time());
    let start = now() - 60_000_000_000;
    let mut list: Vec<_> = (1..=300).map(|n| luneta_tests::send::numbered_span(n, start + n)).collect();
    for (n, value) in [(0, text("x")), (1, Any::IntValue(5)), (2, Any::IntValue(6))] {
        list[n].attributes.push(attribute("rare", value));
    }
    list[3].attributes.push(attribute("rare.list", Any::ArrayValue(common::ArrayValue::default())));
    spans("shop", list).accepted(&server);
    let query = "SELECT key, type, count FROM attribute_keys WHERE key IN ('rare', 'rare.list', 'n') ORDER BY key";
    check(&mut server, &[(query, json!([["n", "Int64", 300], ["rare", "Int64", 3], ["rare.list", "Utf8", 1]]))]);
    let listed = server.get("/api/schema").json();
    let keys = listed["attribute_keys"].as_array().unwrap();
    assert!(keys.iter().any(|k| k["key"] == "rare" && k["count"] == 3), "{keys:?}");
}

/// A filter on what a table is grouped by leaves files closed.
#[test]
fn pruning() {
    let mut server = Server::start(Options::any_time());
    for export in shop() {
        export.accepted(&server);
        if matches!(export, Export::Traces(_)) {
            server.cycle();
        }
    }
    server.cycle();
    let stats = |query: &str| -> Value { server.sql_request(&json!({"query": query})).json()["stats"].clone() };
    for (query, files) in [
        ("SELECT * FROM operations", 3),
        ("SELECT * FROM operations WHERE service_name = 'mail'", 1),
        ("SELECT count FROM operations WHERE service_name = 'shop' AND kind = 'CLIENT'", 1),
        ("SELECT spans FROM services WHERE service_name = 'mail'", 1),
        ("SELECT points FROM metric_names WHERE metric_name = 'none'", 0),
    ] {
        let stats = stats(query);
        assert_eq!(stats["files"], files, "{query}: {stats}");
    }
}

/// The ends of a call come before and after a restart, the second one dies with the process before it is in
/// a file, and a late one comes when all is over: every call is counted once, at every moment.
#[test]
fn calls_whose_ends_come_apart() {
    let mut server = Server::start(Options::any_time());
    let calls = |server: &Server| json!(server.sql("SELECT client, server, count, errors FROM edges ORDER BY 1, 2"));
    spans("shop", vec![part(2, 1, CLIENT, "stock", &[]), part(3, 1, CLIENT, "stock", &[])]).accepted(&server);
    server.cycle();
    assert_eq!(calls(&server), json!([]), "nobody knows whom it called");
    spans("stock", vec![failed(part(20, 2, SERVER, "take", &[]), 0)]).accepted(&server);
    let one = json!([["shop", "stock", 1, 1]]);
    assert_eq!(calls(&server), one);
    server.kill9();
    server.restart();
    assert_eq!(calls(&server), one);
    server.cycle();
    assert_eq!(calls(&server), one);
    spans("stock", vec![part(21, 3, SERVER, "take", &[])]).accepted(&server);
    for _ in 0..2 {
        assert_eq!(calls(&server), json!([["shop", "stock", 2, 1]]));
        server.cycle();
    }
    assert_eq!(server.value("SELECT sum(count) FROM operations"), json!(4));
}

/// Counts say how many spans there were, not how many came.
#[test]
fn sampled_spans() {
    let mut server = Server::start(Options::any_time());
    let mut kept = part(1, 0, SERVER, "GET /cart", &[]);
    kept.trace_state = "vendor=1,ot=th:c".into();
    spans("shop", vec![kept, part(2, 0, SERVER, "GET /cart", &[])]).accepted(&server);
    check(
        &mut server,
        &[
            ("SELECT count FROM operations", json!([[5]])),
            ("SELECT spans FROM services", json!([[2]])),
            ("SELECT sum(count), sum(spans) FROM span_metrics", json!([[5.0, 2]])),
        ],
    );
}
