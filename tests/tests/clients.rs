//! Real SDKs send, and everything they sent is found.

use std::collections::BTreeMap;
use std::process::Command;

use luneta_tests::{Options, Server, clients};
use serde_json::{Value, json};

/// Trace, span and parent of a span.
type Ids = (String, String, Option<String>);

/// What the Python program prints: the ids it gave its spans, by name.
fn python(server: &Server, protocol: &str) -> BTreeMap<String, Ids> {
    let endpoint = if protocol == "grpc" { server.otlp_grpc() } else { server.otlp_http() };
    let printed = clients::run(
        Command::new(clients::python(&clients::SDK)).arg(clients::script("python/otel_sdk.py")).args([protocol, endpoint]),
    );
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e} in {printed}"))
}

fn check_python(protocol: &str) {
    let mut server = Server::with_defaults();
    let ids = python(&server, protocol);
    assert_eq!(ids.len(), 3);
    let service = format!("python-{protocol}");
    for _ in 0..2 {
        for (name, (trace, span, parent)) in &ids {
            let rows = server.sql(&format!("SELECT trace_id, span_id, parent_span_id FROM spans WHERE name = '{name}'"));
            assert_eq!(json!(rows), json!([[trace, span, parent]]), "{name}");
        }
        let parent = &server.objects("SELECT * FROM spans WHERE name = 'parent'")[0];
        assert_eq!(parent["service_name"], service.as_str());
        assert_eq!(parent["kind"], "SERVER");
        assert_eq!(parent["status_code"], "ERROR");
        assert_eq!(parent["status_message"], "it broke");
        assert_eq!(parent["scope_name"], "tests.tracer");
        assert_eq!(parent["scope_version"], "1.0");
        assert_eq!(parent["scope_attributes"], json!({"scope.key": "v"}));
        assert_eq!(
            parent["attributes"],
            json!({"text": "ü", "int": 42, "float": 1.5, "bool": true, "list": ["a", "b"], "numbers": [1, 2], "http.route": "/cart"})
        );
        assert_eq!(parent["resource_attributes"]["service.version"], "1.2.3");
        assert_eq!(parent["resource_attributes"]["telemetry.sdk.language"], "python");
        let events = parent["events"].as_array().unwrap();
        assert_eq!(events[0]["name"], "event");
        assert_eq!(events[0]["attributes"], json!({"n": 1}));
        assert_eq!(events[1]["name"], "exception");
        assert_eq!(events[1]["attributes"]["exception.type"], "ValueError");
        assert_eq!(events[1]["attributes"]["exception.message"], "spam");
        let child = &server.objects("SELECT * FROM spans WHERE name = 'child'")[0];
        assert_eq!(child["parent_span_id"], parent["span_id"]);
        assert_eq!(child["trace_id"], parent["trace_id"]);
        let linked = &server.objects("SELECT * FROM spans WHERE name = 'linked'")[0];
        assert_eq!(linked["links"][0]["trace_id"], parent["trace_id"]);
        assert_eq!(linked["links"][0]["attributes"], json!({"why": "because"}));

        let log = &server.objects("SELECT * FROM logs WHERE body = 'hello spam'")[0];
        assert_eq!(log["severity_text"], "WARN");
        assert_eq!(log["severity_number"], 13);
        assert_eq!((&log["trace_id"], &log["span_id"]), (&child["trace_id"], &child["span_id"]));
        assert_eq!(log["attributes"]["order"], 7);
        assert_eq!(log["service_name"], service.as_str());

        let point = |name: &str| {
            server.objects(&format!("SELECT * FROM metrics WHERE metric_name = '{name}' ORDER BY time DESC"))[0].clone()
        };
        let counter = point("orders");
        assert_eq!((&counter["type"], &counter["value"]), (&json!("sum"), &json!(5.0)));
        assert_eq!(
            (&counter["is_monotonic"], &counter["temporality"], &counter["unit"]),
            (&json!(true), &json!("cumulative"), &json!("1"))
        );
        assert_eq!(counter["attributes"], json!({"shop": "a"}));
        let updown = point("open");
        assert_eq!((&updown["value"], &updown["is_monotonic"]), (&json!(-2.0), &json!(false)));
        let gauge = point("temperature");
        assert_eq!((&gauge["type"], &gauge["value"]), (&json!("gauge"), &json!(21.5)));
        let histogram = point("latency");
        assert_eq!((&histogram["type"], &histogram["count"], &histogram["sum"]), (&json!("histogram"), &json!(3), &json!(60.5)));
        assert_eq!((&histogram["min"], &histogram["max"]), (&json!(0.5), &json!(50.0)));
        let counts: Vec<u64> = histogram["bucket_counts"].as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).collect();
        assert_eq!((counts.iter().sum::<u64>(), counts.len()), (3, histogram["explicit_bounds"].as_array().unwrap().len() + 1));
        let exponential = point("size");
        assert_eq!((&exponential["type"], &exponential["count"]), (&json!("exponential_histogram"), &json!(2)));
        assert_eq!(exponential["positive_counts"].as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).sum::<u64>(), 2);
        server.cycle();
    }
    assert_eq!(server.status()["refused"], json!([]));
}

#[test]
fn python_over_http() {
    check_python("http");
}

#[test]
fn python_over_grpc() {
    check_python("grpc");
}

#[test]
fn javascript_over_json() {
    let mut server = Server::start(Options::config("luneta:\n  retention: {spans: 40000d}\n"));
    let printed = clients::run(
        Command::new("node")
            .arg(clients::script("node/otel_sdk.js"))
            .arg(format!("{}/v1/traces", server.otlp_http()))
            .env("NODE_PATH", clients::node_modules()),
    );
    let ids: BTreeMap<String, Ids> = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e} in {printed}"));
    assert_eq!(ids.len(), 2);
    for _ in 0..2 {
        for (name, (trace, span, parent)) in &ids {
            let rows = server.sql(&format!("SELECT trace_id, span_id, parent_span_id FROM spans WHERE name = '{name}'"));
            assert_eq!(json!(rows), json!([[trace, span, parent]]), "{name}");
        }
        let child = &server.objects("SELECT * FROM spans WHERE name = 'child'")[0];
        assert_eq!(child["kind"], "CLIENT");
        assert_eq!(child["service_name"], "javascript");
        assert_eq!(child["scope_name"], "tests.tracer");
        assert_eq!(
            child["attributes"],
            json!({"text": "ü", "int": 42, "double": 1.5, "bool": true, "list": ["a", "b"], "safe": Value::from(9_007_199_254_740_991_i64)})
        );
        assert_eq!(child["events"][0]["name"], "event");
        assert_eq!(child["events"][0]["attributes"], json!({"n": 1}));
        assert_eq!((&child["status_code"], &child["status_message"]), (&json!("ERROR"), &json!("it broke")));
        // Given as seconds and nanoseconds.
        assert_eq!(child["start_time"], "2026-01-02T03:04:05.123456789Z");
        assert_eq!(child["duration_ns"], 1_000_000_001);
        server.cycle();
    }
    assert_eq!(server.status()["refused"], json!([]));
}
