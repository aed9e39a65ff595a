//! Jaeger's and Zipkin's query APIs: what came in by one protocol goes out as each of them gives it.

use std::collections::BTreeMap;

use luneta_tests::send::now;
use luneta_tests::{Options, Server};
use serde_json::{Value, json};

const TRACE: &str = "8448eb211c80319c";

/// A trace as Zipkin's reporters send it: a web shop asks its stock, which fails. Client and server
/// share the id of the call.
fn zipkin_trace(micros: u64) -> Vec<Value> {
    let shop = json!({"serviceName": "shop", "ipv4": "10.0.0.1", "port": 8080});
    let asked = json!({
        "traceId": TRACE, "id": "b7ad6b7169203331", "kind": "SERVER", "name": "get /cart",
        "timestamp": micros, "duration": 500_000, "localEndpoint": shop,
        "remoteEndpoint": {"serviceName": "browser", "ipv6": "2001:db8::1"},
        "annotations": [{"timestamp": micros + 100, "value": "cache miss"}],
        "tags": {"http.method": "GET", "http.status_code": "500"}
    });
    let calls = json!({
        "traceId": TRACE, "parentId": "b7ad6b7169203331", "id": "00f067aa0ba902b7", "kind": "CLIENT", "name": "count",
        "timestamp": micros + 1_000, "duration": 20_000, "localEndpoint": shop, "remoteEndpoint": {"serviceName": "stock"}
    });
    let answers = json!({
        "traceId": TRACE, "parentId": "b7ad6b7169203331", "id": "00f067aa0ba902b7", "kind": "SERVER", "name": "count",
        "timestamp": micros + 2_000, "duration": 10_000, "localEndpoint": {"serviceName": "stock"}, "shared": true,
        "tags": {"error": "empty", "otel.status_code": "ERROR"}
    });
    vec![asked, calls, answers]
}

/// Starts a server that has the trace, with the ports of both.
fn server_with_trace(micros: u64) -> Server {
    let server = Server::start(Options { args: vec!["--drop-in".into(), "jaeger,zipkin".into()], ..Options::any_time() });
    let headers = [("content-type", "application/json")];
    let body = Value::from(zipkin_trace(micros)).to_string();
    let reply = server.post(&format!("{}/api/v2/spans", server.http()), &headers, body.as_bytes());
    assert_eq!(reply.status, 202, "{}", reply.text());
    server
}

fn micros_now() -> u64 {
    now() / 1000 - 1_000_000
}

#[track_caller]
fn answers(server: &Server, path: &str) -> Value {
    let reply = server.get(path);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[test]
fn zipkin_gives_back_what_it_was_sent() {
    let micros = micros_now();
    let mut server = server_with_trace(micros);
    let sent = Value::from(zipkin_trace(micros));
    for when in ["in memory", "in files"] {
        assert_eq!(answers(&server, &format!("/zipkin/api/v2/trace/{TRACE}")), sent, "{when}");
        for (query, found) in [
            ("serviceName=shop", true),
            ("serviceName=SHOP&spanName=Get%20%2FCart", true),
            ("serviceName=shop&remoteServiceName=stock&minDuration=20000&maxDuration=20000", true),
            ("annotationQuery=cache+miss+and+http.method%3DGET+and+http.status_code%3D500", true),
            ("serviceName=stock&annotationQuery=error", true),
            ("serviceName=stock&annotationQuery=error%3Dempty", true),
            ("serviceName=shop&annotationQuery=error", false),
            ("serviceName=shop&minDuration=500001", false),
            ("serviceName=nobody", false),
            (&format!("endTs={}&lookback=1000", micros / 1000 - 5000), false),
        ] {
            let expected = if found { json!([sent]) } else { json!([]) };
            assert_eq!(answers(&server, &format!("/zipkin/api/v2/traces?{query}")), expected, "{when}: {query}");
        }
        for (path, expected) in [
            ("services", json!(["shop", "stock"])),
            ("spans?serviceName=shop", json!(["count", "get /cart"])),
            ("remoteServices?serviceName=shop", json!(["browser", "stock"])),
            ("autocompleteValues?key=http.method", json!(["GET"])),
            (&format!("traceMany?traceIds={TRACE},1"), json!([sent])),
            (
                &format!("dependencies?endTs={}", micros / 1000 + 10_000),
                json!([{"parent": "shop", "child": "stock", "callCount": 1, "errorCount": 1}]),
            ),
        ] {
            assert_eq!(answers(&server, &format!("/zipkin/api/v2/{path}")), expected, "{when}: {path}");
        }
        server.cycle();
    }
}

#[test]
fn jaeger_gives_the_trace_in_its_form() {
    let micros = micros_now();
    let server = server_with_trace(micros);
    let reply = answers(&server, &format!("/jaeger/api/traces/{TRACE}"));
    assert_eq!((&reply["total"], &reply["errors"]), (&json!(0), &Value::Null));
    let trace = &reply["data"][0];
    assert_eq!((&trace["traceID"], &trace["warnings"]), (&json!(TRACE), &Value::Null));
    let services = [trace["processes"]["p1"]["serviceName"].as_str(), trace["processes"]["p2"]["serviceName"].as_str()];
    assert_eq!(services, [Some("shop"), Some("stock")]);
    let spans = trace["spans"].as_array().unwrap();
    let facts = |at: usize| ["spanID", "operationName", "processID", "startTime", "duration"].map(|key| spans[at][key].clone());
    assert_eq!(facts(0), [json!("b7ad6b7169203331"), json!("get /cart"), json!("p1"), json!(micros), json!(500_000)]);
    // The server that shared its client's id has one of its own, below the client.
    assert_eq!(facts(2), [json!("0000000000000001"), json!("count"), json!("p2"), json!(micros + 2_000), json!(10_000)]);
    let parent = json!([{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "00f067aa0ba902b7"}]);
    assert_eq!(spans[2]["references"], parent);
    let tags = spans[2]["tags"].as_array().unwrap();
    for tag in [
        json!({"key": "error", "type": "bool", "value": true}),
        json!({"key": "span.kind", "type": "string", "value": "server"}),
        json!({"key": "otel.status_description", "type": "string", "value": "empty"}),
    ] {
        assert!(tags.contains(&tag), "{tag}: {tags:?}");
    }
    let raw = answers(&server, &format!("/jaeger/api/traces/{TRACE}?raw=true&prettyPrint=true"));
    assert_eq!(raw["data"][0]["spans"][2]["spanID"], "00f067aa0ba902b7");
    let otlp = answers(&server, &format!("/jaeger/api/v3/traces/{TRACE}"));
    let span = &otlp["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!((&span["traceId"], &span["kind"]), (&json!("00000000000000008448eb211c80319c"), &json!(2)));
    assert_eq!(span["startTimeUnixNano"], json!((micros * 1000).to_string()));
}

#[test]
fn jaeger_finds_traces_and_names() {
    let micros = micros_now();
    let mut server = server_with_trace(micros);
    for when in ["in memory", "in files"] {
        for (query, found) in [
            ("service=shop", 1),
            ("service=shop&operation=get%20%2Fcart&minDuration=0.5s&maxDuration=500ms", 1),
            ("service=stock&tags=%7B%22error%22%3A%22true%22%7D", 1),
            ("service=shop&tag=http.status_code:500&lookback=1h&limit=20", 1),
            ("service=shop&tag=event:cache%20miss", 1),
            ("service=shop&tag=span.kind:client&operation=get%20%2Fcart", 0),
            ("service=Shop", 0),
            (&format!("service=shop&start=1&end={}", micros - 1), 0),
            (&format!("traceID={TRACE}&traceID=1"), 1),
        ] {
            let reply = answers(&server, &format!("/jaeger/api/traces?{query}"));
            assert_eq!(reply["data"].as_array().map(Vec::len), Some(found), "{when}: {query}: {reply}");
        }
        let missing = answers(&server, "/jaeger/api/traces?traceID=1");
        assert_eq!(missing["errors"], json!([{"msg": "trace not found", "traceID": "0000000000000001"}]));
        for (path, expected) in [
            ("services", json!(["shop", "stock"])),
            ("services/shop/operations", json!(["count", "get /cart"])),
            ("operations?service=shop&spanKind=client", json!([{"name": "count", "spanKind": "client"}])),
            ("dependencies", json!([{"parent": "shop", "child": "stock", "callCount": 1}])),
        ] {
            assert_eq!(answers(&server, &format!("/jaeger/api/{path}"))["data"], expected, "{when}: {path}");
        }
        server.cycle();
    }
}

#[test]
fn ports_of_both_answer_at_their_root() {
    let server = server_with_trace(micros_now());
    let addresses: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(server.address_file()).unwrap()).unwrap();
    for (port, path) in [
        ("jaeger_query", "/api/services"),
        ("jaeger_query", "/api/v3/services"),
        ("zipkin", "/api/v2/services"),
        ("zipkin", "/zipkin/api/v2/services"),
        ("zipkin", "/health"),
    ] {
        let reply = server.get_at(&addresses[port], path);
        assert_eq!(reply.status, 200, "{port}{path}: {}", reply.text());
    }
    let headers = [("content-type", "application/json")];
    assert_eq!(server.post(&format!("{}/api/v2/spans", addresses["zipkin"]), &headers, b"[]").status, 202);
    assert_eq!(server.get_at(&addresses["zipkin"], "/api/v2/spans?serviceName=shop").json(), json!(["count", "get /cart"]));
}

#[test]
fn faults_are_those_of_each() {
    let server = Server::with_defaults();
    for (path, status, text) in [
        ("/jaeger/api/traces", 400, "parameter 'service' is required"),
        ("/jaeger/api/traces/1234", 404, r#""errors":[{"code":404,"msg":"trace not found"}]"#),
        ("/jaeger/api/traces?service=a&limit=x", 400, "unable to parse param 'limit'"),
        ("/jaeger/api/metrics/calls?service=a", 501, "metrics querying is currently disabled"),
        ("/jaeger/api/v3/traces/1234", 404, r#"{"error":{"httpCode":404,"message":"No traces found"}}"#),
        ("/jaeger/api/archive/1234", 404, "no such endpoint"),
        ("/zipkin/api/v1/traces", 404, "no such endpoint"),
        ("/zipkin/api/v2/trace/1234", 404, "1234 not found"),
        ("/zipkin/api/v2/trace/XYZ", 400, "XYZ should be lower-hex encoded with no prefix"),
        ("/zipkin/api/v2/traces?limit=0", 400, "limit <= 0"),
        ("/zipkin/api/v2/spans", 400, "serviceName is required"),
        ("/jaeger/api/services", 200, r#"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#),
        ("/jaeger/api/dependencies", 200, r#""data":[]"#),
        ("/zipkin/api/v2/services", 200, "[]"),
        ("/zipkin/api/v2/traces", 200, "[]"),
        ("/zipkin/api/v2/autocompleteKeys", 200, "[]"),
    ] {
        let reply = server.get(path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.text().contains(text), "{path}: {}", reply.text());
    }
}
