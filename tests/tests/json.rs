//! OTLP as JSON, as clients in the wild write it rather than as our own library does.

use luneta_tests::{Options, Server};
use serde_json::{Value, json};

fn post(server: &Server, path: &str, body: &Value) -> luneta_tests::Reply {
    let url = format!("{}{path}", server.otlp_http());
    server.post(&url, &[("content-type", "application/json; charset=utf-8")], body.to_string().as_bytes())
}

fn spans(spans: &Value) -> Value {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
}

/// Numbers as numbers and as text, enums as numbers and as names, ids in either case, both styles
/// of field names, unknown fields, nulls: the same span.
#[test]
fn spellings_of_one_span() {
    let server = Server::start(Options::any_time());
    let base = json!({
        "traceId": "0123456789abcdef0123456789abcdef",
        "spanId": "0123456789abcdef",
        "name": "n",
        "kind": 3,
        "startTimeUnixNano": "1709210096000000001",
        "endTimeUnixNano": "1709210096000000009",
        "status": {"code": 2, "message": "m"},
        "attributes": [
            {"key": "i", "value": {"intValue": "-9007199254740993"}},
            {"key": "d", "value": {"doubleValue": 1.5}},
            {"key": "x", "value": {"bytesValue": "AP8="}},
        ],
    });
    let with = |changes: Value| {
        let mut span = base.clone();
        for (key, value) in changes.as_object().unwrap() {
            span[key] = value.clone();
        }
        span
    };
    let mut snake = base.clone();
    for (camel, name) in [
        ("traceId", "trace_id"),
        ("spanId", "span_id"),
        ("startTimeUnixNano", "start_time_unix_nano"),
        ("endTimeUnixNano", "end_time_unix_nano"),
    ] {
        let value = snake.as_object_mut().unwrap().remove(camel).unwrap();
        snake[name] = value;
    }
    let variants = [
        base.clone(),
        with(json!({"startTimeUnixNano": 1_709_210_096_000_000_001_u64, "endTimeUnixNano": 1_709_210_096_000_000_009_u64})),
        with(json!({"kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR", "message": "m"}})),
        with(json!({"traceId": "0123456789ABCDEF0123456789ABCDEF", "spanId": "0123456789ABCDEF"})),
        with(json!({"spam": {"eggs": [1, 2, {"a": null}]}, "status": {"code": 2, "message": "m", "later": true}})),
        with(json!({"parentSpanId": "", "traceState": "", "events": [], "links": null, "droppedEventsCount": 0, "flags": 0})),
        with(json!({"attributes": [
            {"key": "i", "value": {"intValue": -9_007_199_254_740_993_i64}},
            {"key": "d", "value": {"doubleValue": "1.5"}},
            {"key": "x", "value": {"bytesValue": "AP8="}},
        ]})),
        snake,
    ];
    for variant in &variants {
        let reply = post(&server, "/v1/traces", &spans(&json!([variant])));
        assert_eq!((reply.status, reply.text().as_str()), (200, "{}"), "{variant}");
    }
    let rows = server.sql(
        "SELECT start_time, duration_ns, trace_id, span_id, parent_span_id, name, kind, status_code, status_message, \
         attributes FROM spans",
    );
    let wanted = json!([
        "2024-02-29T12:34:56.000000001Z", 8, "0123456789abcdef0123456789abcdef", "0123456789abcdef", null, "n", "CLIENT",
        "ERROR", "m", {"i": "-9007199254740993", "d": 1.5, "x": "AP8="},
    ]);
    assert_eq!(rows.len(), variants.len());
    for (row, variant) in rows.iter().zip(&variants) {
        assert_eq!(&Value::from(row.clone()), &wanted, "one of the spellings reads otherwise, perhaps {variant}");
    }
}

/// The doubles that JSON says as text.
#[test]
fn doubles_without_a_number() {
    let server = Server::start(Options::any_time());
    let point = |value: Value| json!({"timeUnixNano": "1709210096000000001", "asDouble": value});
    let points = json!([point(json!("NaN")), point(json!("Infinity")), point(json!("-Infinity")), point(json!(1))]);
    let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": points}}]}]}]});
    let reply = post(&server, "/v1/metrics", &body);
    assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    let mut values: Vec<String> = server.sql("SELECT value FROM metrics").iter().map(|r| r[0].to_string()).collect();
    values.sort();
    assert_eq!(values, ["\"-Infinity\"", "\"Infinity\"", "\"NaN\"", "1.0"]);
}

/// What is not OTLP is refused for good, in JSON, and says where.
#[test]
fn faults() {
    let server = Server::with_defaults();
    let id = "0123456789abcdef0123456789abcdef";
    for (path, body) in [
        ("/v1/traces", "{"),
        ("/v1/traces", "[]"),
        ("/v1/traces", "not json"),
        ("/v1/traces", r#"{"resourceSpans": 5}"#),
        ("/v1/traces", r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}"#),
        ("/v1/logs", r#"{"resourceLogs": [{"scopeLogs": "x"}]}"#),
        ("/v1/metrics", r#"{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": []}]}]}]}"#),
    ] {
        let url = format!("{}{path}", server.otlp_http());
        let reply = server.post(&url, &[("content-type", "application/json")], body.as_bytes());
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/json");
        // google.rpc.Status: INVALID_ARGUMENT is 3.
        assert_eq!(reply.json()["code"], 3, "{}", reply.text());
        assert!(!reply.json()["message"].as_str().unwrap().is_empty());
        assert!(!reply.headers.contains_key("retry-after"), "{body}");
    }
    assert_eq!(server.refused("malformed"), 7);
    // A span with a wrong id is left out alone.
    let span = |id: &str| json!({"traceId": id, "spanId": "0123456789abcdef", "name": "s", "startTimeUnixNano": "1", "endTimeUnixNano": "2"});
    let reply = post(&server, "/v1/traces", &spans(&json!([span(id), span(""), span("0123"), span(&"0".repeat(32))])));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["partialSuccess"]["rejectedSpans"], "3", "{}", reply.text());
    assert_eq!(server.refused("invalid_trace_id"), 3);
    assert_eq!(server.count("spans"), 1);
}
