//! Tempo's API: what came in by OTLP goes out as Tempo gives it.

use std::collections::BTreeSet;

use luneta_tests::expect::{check_rows, rows};
use luneta_tests::send::{Export, attribute, hex, int, now, numbered_span, spans, text};
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
    spans.map(|s| hex(&s.trace_id)).collect()
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

/// `SearchRequest` and the parts of `SearchResponse` looked at here.
#[derive(Clone, PartialEq, prost::Message)]
struct SearchRequest {
    #[prost(uint32, tag = "4")]
    limit: u32,
    #[prost(string, tag = "8")]
    query: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SearchResponse {
    #[prost(message, repeated, tag = "1")]
    traces: Vec<Found>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Found {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "2")]
    root_service_name: String,
}

async fn streamed(address: String, query: &str) -> Result<Vec<SearchResponse>, tonic::Status> {
    let channel = tonic::transport::Channel::from_shared(address).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let request = tonic::Request::new(SearchRequest { limit: 5, query: query.to_owned() });
    let path = "/tempopb.StreamingQuerier/Search".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<SearchRequest, SearchResponse>::default();
    let mut stream = client.server_streaming(request, path, codec).await?.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok(messages)
}

/// Grafana searches over gRPC on the port of the HTTP API.
#[test]
fn searches_are_streamed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start(Options::any_time());
    spans("shop", vec![numbered_span(7, now() - 1_000_000_000)]).accepted(&server);
    let found = runtime.block_on(streamed(server.http().to_owned(), "{ resource.service.name = \"shop\" }")).unwrap();
    let traces: Vec<_> = found.iter().flat_map(|m| &m.traces).collect();
    assert_eq!(traces.iter().map(|t| t.root_service_name.as_str()).collect::<Vec<_>>(), ["shop"], "{found:?}");
    let fault = runtime.block_on(streamed(server.http().to_owned(), "{ nme = 1 }")).unwrap_err();
    assert_eq!(fault.code(), tonic::Code::InvalidArgument, "{fault}");
    assert!(fault.message().contains("unknown word"), "{fault}");
}

/// Values of attributes, from memory, from files, and from both: texts of a column, texts beside values of
/// another type, keys without a column, and those of the resource.
#[test]
fn values_of_attributes() {
    let mut server = Server::start(Options::any_time());
    let values = |server: &Server, name: &str, more: &str| {
        let reply = server.get(&format!("/tempo/api/v2/search/tag/{name}/values?limit=10{more}"));
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        let mut found: Vec<String> = reply.json()["tagValues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| format!("{} {}", v["type"].as_str().unwrap(), v["value"].as_str().unwrap()))
            .collect();
        found.sort();
        found
    };
    let send = |server: &Server, first: u64| {
        let list = (first..first + 20).map(|n| {
            let mut span = numbered_span(n, now() - n);
            span.attributes.extend([
                attribute("http.route", text(if n % 2 == 0 { "/cart" } else { "/pay" })),
                attribute("http.request.method", if n == 3 { int(7) } else { text("GET") }),
                attribute("rare.key", text(format!("r{}", n % 2))),
            ]);
            span
        });
        spans(if first == 1 { "shop" } else { "stock" }, list.collect()).accepted(server);
    };
    let check = |server: &Server, place: &str, services: &[&str]| {
        for (name, expected) in [
            ("span.http.route", vec!["string /cart", "string /pay"]),
            ("span.http.request.method", vec!["int 7", "string GET"]),
            ("span.rare.key", vec!["string r0", "string r1"]),
            (".rare.key", vec!["string r0", "string r1"]),
            ("resource.service.name", services.to_vec()),
            ("span.http.method", vec![]),
        ] {
            assert_eq!(values(server, name, ""), expected, "{place}: {name}");
        }
        let narrowed = values(server, "span.http.route", "&q=%7B%20span.rare.key%20%3D%20%22r0%22%20%7D");
        assert_eq!(narrowed, ["string /cart"], "{place}");
    };
    send(&server, 1);
    check(&server, "memory", &["string shop"]);
    server.cycle();
    check(&server, "files", &["string shop"]);
    send(&server, 21);
    check(&server, "both", &["string shop", "string stock"]);
}
