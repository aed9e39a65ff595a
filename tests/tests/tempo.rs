//! Tempo's API: what came in by OTLP goes out as Tempo gives it.

use std::collections::BTreeSet;

use luneta_tests::expect::{check_rows, rows};
use luneta_tests::send::{Export, now, numbered_span, spans};
use luneta_tests::{Options, Server, full};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use serde_json::json;

const PROTOBUF: [(&str, &str); 1] = [("accept", "application/protobuf")];

/// `TraceByIDResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct Reply {
    #[prost(message, optional, tag = "1")]
    trace: Option<TracesData>,
    #[prost(int32, tag = "3")]
    status: i32,
}

fn ids(export: &Export) -> BTreeSet<String> {
    let Export::Traces(request) = export else { return BTreeSet::new() };
    let spans = request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans);
    spans.map(|s| s.trace_id.iter().map(|b| format!("{b:02x}")).collect()).collect()
}

/// Every trace of an export, asked for by its id, has together exactly what was sent.
#[test]
fn traces_come_back_whole() {
    let mut server = Server::start(Options::any_time());
    let sent = full::traces("tempo", true);
    sent.accepted(&server);
    for when in ["in memory", "in files"] {
        let mut v1 = ExportTraceServiceRequest::default();
        let mut v2 = ExportTraceServiceRequest::default();
        for id in ids(&sent) {
            let reply = server.get_with(&format!("/tempo/api/traces/{id}"), &PROTOBUF);
            assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/protobuf"), "{}", reply.text());
            v1.resource_spans.extend(TracesData::decode(reply.body.as_slice()).unwrap().resource_spans);
            let reply = server.get_with(&format!("/tempo/api/v2/traces/{id}"), &PROTOBUF);
            let reply = Reply::decode(reply.body.as_slice()).unwrap();
            assert_eq!(reply.status, 0);
            v2.resource_spans.extend(reply.trace.unwrap().resource_spans);
        }
        check_rows(&format!("version 1, {when}"), rows(&Export::Traces(v1)), rows(&sent));
        check_rows(&format!("version 2, {when}"), rows(&Export::Traces(v2)), rows(&sent));
        server.cycle();
    }
}

#[test]
fn json_is_that_of_protobuf() {
    let server = Server::start(Options::any_time());
    let export = spans("shop", vec![numbered_span(7, now())]);
    export.accepted(&server);
    // Sent again, it is given once.
    export.accepted(&server);
    let id = ids(&export).pop_first().unwrap();
    let v1 = server.get(&format!("/tempo/api/traces/{id}")).json();
    let group = &v1["batches"][0];
    assert_eq!(group["resource"]["attributes"][0], json!({"key": "service.name", "value": {"stringValue": "shop"}}));
    let found = group["scopeSpans"][0]["spans"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{v1}");
    let span = &found[0];
    assert_eq!(span["name"], "span 7");
    assert!(span["startTimeUnixNano"].is_string() && span["traceId"].as_str().unwrap().ends_with("=="), "{span}");
    let v2 = server.get(&format!("/tempo/api/v2/traces/{id}")).json();
    assert_eq!((&v2["trace"]["resourceSpans"], &v2["status"]), (&v1["batches"], &json!("COMPLETE")));
}

#[test]
fn faults_are_those_of_tempo() {
    let server = Server::with_defaults();
    for (path, status, text) in [
        ("/tempo/api/echo", 200, "echo"),
        ("/tempo/ready", 200, "ready"),
        ("/tempo/api/traces/1234", 404, "trace not found"),
        ("/tempo/api/v2/traces/1234", 404, "trace not found"),
        ("/tempo/api/traces/zzz", 400, "hex digits"),
        ("/tempo/api/traces/000000000000000000000000000000001", 400, "hex digits"),
        ("/tempo/api/status/buildinfo", 200, "version"),
    ] {
        let reply = server.get(path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.text().contains(text), "{path}: {}", reply.text());
    }
}

/// With `--drop-in tempo` the same paths are where Tempo has them.
#[test]
fn tempo_has_its_own_port() {
    let server = Server::start(Options { args: vec!["--drop-in".into(), "tempo".into()], ..Options::any_time() });
    let addresses: serde_json::Value = serde_json::from_slice(&std::fs::read(server.address_file()).unwrap()).unwrap();
    let url = format!("{}/api/echo", addresses["tempo"].as_str().unwrap());
    assert_eq!(ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap(), "echo");
}
