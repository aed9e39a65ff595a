//! Zipkin over HTTP, on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use luneta_model::{Signal, SinkError};
use luneta_receive::otlp::http::cors;
use luneta_receive::zipkin::http::routes;
use luneta_receive::{BodyLimits, CorsOrigins, Reason, ReceiveConfig, ReceiveError, ReceiveState, listen, serve_zipkin};
use support::MemorySink;
use support::wire::{Answer, http, pack};
use tokio::net::TcpListener;

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const SPAN: &str = r#"{"traceId":"48485a3953bb6124","id":"a2fb4a1d1a96d312"}"#;
/// Name and value of each header.
type Headers = &'static [(&'static str, &'static str)];

const MIB: usize = 1024 * 1024;

struct Server {
    address: SocketAddr,
    sink: Arc<MemorySink>,
    state: ReceiveState,
}

async fn start(config: ReceiveConfig) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_zipkin(listener, state.clone(), std::future::pending()));
    Server { address, sink, state }
}

impl Server {
    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        http(self.address, "POST", path, headers, body).await
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/src/zipkin/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
async fn real_requests_are_taken() {
    let server = start(ReceiveConfig::default()).await;
    let cases = [
        ("/api/v2/spans", JSON, "py_zipkin.traces.v2_json"),
        ("/api/v2/spans", PROTOBUF, "py_zipkin.traces.v2_protobuf"),
        ("/api/v2/spans", ("content-type", "application/protobuf"), "opentelemetry.traces.v2_protobuf"),
        ("/api/v2/spans", ("accept", "*/*"), "zipkin_js.traces.v2_json"),
        ("/api/v1/spans", JSON, "py_zipkin.traces.v1_json"),
    ];
    for (path, content_type, name) in cases {
        for encoding in ["identity", "gzip", "deflate", "zstd"] {
            let body = pack(encoding, &fixture(name));
            let answer = server.post(path, &[content_type, ("content-encoding", encoding)], &body).await;
            assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{name} {encoding}");
        }
    }
    let snapshot = server.state.stats.snapshot();
    let counts = snapshot.protocols.iter().find(|p| p.protocol == "zipkin").unwrap();
    assert_eq!(counts.requests, 20);
    assert_eq!(counts.accepted[0], (Signal::Spans, 64));
    assert_eq!(server.sink.rows(), 64);
    assert!(snapshot.refused.is_empty());
}

#[tokio::test]
async fn empty_lists_are_taken() {
    let server = start(ReceiveConfig::default()).await;
    let cases: [(&str, (&str, &str), &[u8]); 5] = [
        ("/api/v2/spans", JSON, b"[]"),
        ("/api/v1/spans", JSON, b"[]"),
        ("/api/v2/spans", PROTOBUF, b""),
        ("/api/v1/spans", ("content-type", "application/x-thrift"), &[12, 0, 0, 0, 0]),
        ("/api/v1/spans", ("content-type", "application/vnd.apache.thrift.binary"), &[12, 0, 0, 0, 0]),
    ];
    for (path, content_type, body) in cases {
        let answer = server.post(path, &[content_type], body).await;
        assert_eq!((answer.status, answer.text().as_str()), (202, ""), "{path} {content_type:?}");
    }
    assert_eq!(server.sink.rows(), 0);
}

#[tokio::test]
async fn what_is_left_out_is_counted_and_told_when_nothing_was_kept() {
    let server = start(ReceiveConfig::default()).await;
    let answer = server.post("/api/v2/spans", &[JSON], format!("[{SPAN},{{}},7]").as_bytes()).await;
    assert_eq!((answer.status, answer.text().as_str(), server.sink.rows()), (202, "", 1));
    let refused = server.state.stats.snapshot().refused;
    let counts: Vec<_> = refused.iter().map(|r| (r.reason, r.items, r.requests)).collect();
    assert_eq!(counts, [(Reason::Malformed, 1, 0), (Reason::InvalidTraceId, 1, 0)]);
    let answer = server.post("/api/v2/spans", &[JSON], b"[{}]").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().starts_with("1 spans rejected: the trace id must be"), "{}", answer.text());
}

#[tokio::test]
async fn refusals_are_final_and_readable() {
    let server = start(ReceiveConfig::default()).await;
    let cases: [(&str, &str, Headers, u16, &str, Reason); 9] = [
        ("POST", "/api/v2/spans", &[JSON], 400, "malformed JSON", Reason::Malformed),
        ("POST", "/api/v1/spans", &[JSON], 400, "malformed JSON", Reason::Malformed),
        ("POST", "/api/v2/spans", &[PROTOBUF], 400, "malformed protobuf at byte 0", Reason::Malformed),
        (
            "POST",
            "/api/v2/spans",
            &[("content-type", "text/plain")],
            415,
            "application/x-protobuf",
            Reason::UnsupportedContentType,
        ),
        (
            "POST",
            "/api/v1/spans",
            &[PROTOBUF],
            415,
            "send application/json or application/x-thrift",
            Reason::UnsupportedContentType,
        ),
        ("POST", "/api/v2/spans", &[JSON, ("content-encoding", "br")], 415, "`br`", Reason::UnsupportedEncoding),
        ("POST", "/api/v2/spans", &[JSON, ("x-scope-orgid", "a/b")], 400, "X-Scope-OrgID", Reason::InvalidTenant),
        ("PUT", "/api/v2/spans", &[JSON], 405, "send POST", Reason::WrongMethod),
        ("POST", "/api/v2/span", &[JSON], 404, "/api/v2/spans", Reason::WrongPath),
    ];
    for (method, path, headers, status, message, reason) in cases {
        let answer = http(server.address, method, path, headers, b"no telemetry").await;
        assert_eq!(answer.status, status, "{path} {}", answer.text());
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert!(answer.text().contains(message), "{}", answer.text());
        assert!(!answer.headers.contains_key("retry-after"));
        let newest = &server.state.stats.snapshot().recent_refusals[0];
        assert_eq!((newest.reason, newest.protocol), (reason, "zipkin"));
    }
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let bodies = BodyLimits { body_bytes_max: 100_000, decompressed_bytes_max: 3 * MIB, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let free = server.state.free_bytes();
    let answer = server.post("/api/v2/spans", &[JSON], &vec![b' '; 200_000]).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let packed = pack("gzip", &vec![b' '; 10_000_000]);
    let answer = server.post("/api/v2/spans", &[JSON, ("content-encoding", "gzip")], &packed).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(server.state.free_bytes(), free);
}

#[tokio::test]
async fn a_full_server_asks_to_come_back() {
    let server = start(ReceiveConfig::default()).await;
    let body = format!("[{SPAN}]").into_bytes();
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(2500) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    let answer = server.post("/api/v2/spans", &[JSON], &body).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "3"));
    let down = SinkError::Unavailable { reason: "disk is full".into(), retry_after: Duration::from_secs(7) };
    *server.sink.refusal.lock().unwrap() = Some(down);
    let answer = server.post("/api/v1/spans", &[JSON], &body).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "7"));
    assert!(answer.text().contains("disk is full"));
    *server.sink.refusal.lock().unwrap() = None;
    assert_eq!(server.post("/api/v2/spans", &[JSON, ("x-scope-orgid", "team-a")], &body).await.status, 202);
    assert_eq!(server.sink.batches.lock().unwrap()[0].tenant.as_str(), "team-a");
}

#[tokio::test]
async fn credentials_are_respected() {
    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    let server = start(ReceiveConfig { admission, ..ReceiveConfig::default() }).await;
    let answer = server.post("/api/v2/spans", &[JSON], b"[]").await;
    assert_eq!((answer.status, answer.headers["www-authenticate"].as_str()), (401, "Bearer"));
}

#[tokio::test]
async fn browsers_are_told_whether_they_may_send() {
    let preflight = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    let server = start(ReceiveConfig::default()).await;
    let answer = http(server.address, "OPTIONS", "/api/v2/spans", &preflight, b"").await;
    assert_eq!((answer.status, answer.headers["access-control-allow-origin"].as_str()), (200, "*"));
    let answer = server.post("/api/v2/spans", &[JSON, preflight[0]], b"[]").await;
    assert_eq!((answer.status, answer.headers["access-control-allow-origin"].as_str()), (202, "*"));
}

#[tokio::test]
async fn another_router_may_answer_queries_at_the_same_path() {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), ReceiveConfig::default());
    let queries = axum::Router::new().route("/api/v2/spans", get(|| async { "names" }));
    let intake = routes().layer(cors(&CorsOrigins::Any)).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(listener, queries.merge(intake), std::future::pending()));
    assert_eq!(http(address, "GET", "/api/v2/spans", &[], b"").await.text(), "names");
    assert_eq!(http(address, "POST", "/api/v2/spans", &[JSON], format!("[{SPAN}]").as_bytes()).await.status, 202);
    let preflight = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    assert_eq!(http(address, "OPTIONS", "/api/v2/spans", &preflight, b"").await.status, 200);
    assert_eq!(sink.rows(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_lists_are_decoded_elsewhere_and_kept() {
    let server = start(ReceiveConfig::default()).await;
    let body = format!("[{}]", vec![SPAN; 20_000].join(","));
    let answer = server.post("/api/v2/spans", &[JSON], body.as_bytes()).await;
    assert_eq!((answer.status, server.sink.rows()), (202, 20_000));
}
