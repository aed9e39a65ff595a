//! OTLP over HTTP, on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use luneta_model::{Signal, SinkError};
use luneta_receive::{BodyLimits, CorsOrigins, Reason, ReceiveConfig, ReceiveError};
use support::wire::{Server, http, pack, start};
use support::{Fixture, fixtures};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

fn fixture(name: &str) -> Fixture {
    fixtures().into_iter().find(|f| f.name == name).unwrap()
}

fn refusals(server: &Server) -> Vec<Reason> {
    server.state.stats.snapshot().refused.iter().map(|r| r.reason).collect()
}

#[tokio::test]
async fn real_requests_are_taken_in_every_encoding() {
    let server = start(ReceiveConfig::default()).await;
    for signal in ["traces", "metrics", "logs"] {
        for (client, content_type) in [("python_http", PROTOBUF), ("javascript_http", JSON)] {
            let format = if content_type == PROTOBUF { "protobuf" } else { "json" };
            let body = fixture(&format!("{client}.{signal}.{format}")).bytes;
            for encoding in ["identity", "gzip", "deflate", "raw deflate", "zstd"] {
                let name = encoding.trim_start_matches("raw ");
                let headers = [content_type, ("content-encoding", name)];
                let answer = http(server.http, "POST", &format!("/v1/{signal}"), &headers, &pack(encoding, &body)).await;
                assert_eq!(answer.status, 200, "{signal} {encoding} {}", answer.text());
                assert_eq!(answer.headers["content-type"], content_type.1.split(';').next().unwrap());
                assert_eq!(answer.text(), if format == "json" { "{}" } else { "" });
            }
        }
    }
    let snapshot = server.state.stats.snapshot();
    let counts = snapshot.protocols.iter().find(|p| p.protocol == "otlp_http").unwrap();
    assert_eq!(counts.requests, 30);
    assert_eq!(counts.accepted[0], (Signal::Spans, 20));
    assert_eq!(counts.accepted.iter().map(|(_, n)| *n).sum::<u64>(), server.sink.rows() as u64);
    assert!(snapshot.refused.is_empty());
}

#[tokio::test]
async fn partial_success_says_what_was_left_out() {
    let server = start(ReceiveConfig::default()).await;
    let body = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00","spanId":"01"}]}]}]}"#;
    let answer = http(server.http, "POST", "/v1/traces", &[JSON], body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["partialSuccess"]["rejectedSpans"], "1");
    assert!(answer.json()["partialSuccess"]["errorMessage"].as_str().unwrap().contains("invalid_trace_id"));
    // The same in protobuf: one span with neither id.
    let answer = http(server.http, "POST", "/v1/traces", &[PROTOBUF], &[0x0a, 4, 0x12, 2, 0x12, 0]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body[2..4], [0x08, 1]);
    assert!(answer.text().contains("invalid_trace_id"));
    assert_eq!(server.sink.rows(), 0);
    assert_eq!(server.state.stats.snapshot().refused[0].items, 2);
}

#[tokio::test]
async fn refusals_are_final_and_readable() {
    type Headers = &'static [(&'static str, &'static str)];
    let server = start(ReceiveConfig::default()).await;
    let cases: [(&str, &str, Headers, u16, &str, Reason); 8] = [
        ("POST", "/v1/traces", &[JSON], 400, "malformed JSON", Reason::Malformed),
        ("POST", "/v1/traces", &[("content-type", "text/plain")], 415, "application/x-protobuf", Reason::UnsupportedContentType),
        ("POST", "/v1/logs", &[], 415, "content type", Reason::UnsupportedContentType),
        ("POST", "/v1/logs", &[JSON, ("content-encoding", "br")], 415, "`br`", Reason::UnsupportedEncoding),
        ("POST", "/v1/logs", &[JSON, ("content-encoding", "gzip")], 400, "unpacked", Reason::Malformed),
        ("GET", "/v1/logs", &[], 405, "send POST", Reason::WrongMethod),
        ("POST", "/v1/trace", &[JSON], 404, "/v1/traces", Reason::WrongPath),
        ("POST", "/v1/logs", &[JSON, ("x-scope-orgid", "a/b")], 400, "X-Scope-OrgID", Reason::InvalidTenant),
    ];
    for (method, path, headers, status, message, reason) in cases {
        let answer = http(server.http, method, path, headers, b"no telemetry").await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.json()["message"].as_str().unwrap().contains(message), "{}", answer.text());
        assert!(answer.json()["code"].as_i64().unwrap() > 0);
        let newest = &server.state.stats.snapshot().recent_refusals[0];
        assert_eq!((newest.reason, newest.protocol), (reason, "otlp_http"));
    }
    // In protobuf the status is protobuf: field 1 is the code.
    let answer = http(server.http, "POST", "/v1/traces", &[PROTOBUF], b"\xff").await;
    assert_eq!((answer.status, &answer.body[..2]), (400, &[8, 3][..]));
    assert!(answer.text().contains("malformed protobuf at byte 0"));
}

#[tokio::test]
async fn large_bodies_and_bombs_are_refused() {
    let bodies = BodyLimits { body_bytes_max: 100_000, decompressed_bytes_max: 3_000_000, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let answer = http(server.http, "POST", "/v1/logs", &[PROTOBUF], &vec![0; 200_000]).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let zeros = vec![0; 200_000_000];
    for encoding in ["gzip", "zstd", "deflate"] {
        let packed = pack(encoding, &zeros[..if encoding == "zstd" { 200_000_000 } else { 10_000_000 }]);
        let headers = [PROTOBUF, ("content-encoding", encoding)];
        let answer = http(server.http, "POST", "/v1/logs", &headers, &packed).await;
        assert_eq!(answer.status, 413, "{encoding} {}", answer.text());
    }
    assert_eq!(refusals(&server), [Reason::BodyTooLarge, Reason::DecompressedTooLarge]);
    let free = server.state.free_bytes();
    assert!(free >= 128_000_000, "every share is given back, {free}");
}

#[tokio::test]
async fn a_full_server_asks_to_come_back() {
    let server = start(ReceiveConfig::default()).await;
    let body = fixture("python_http.logs.protobuf").bytes;
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(2500) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    let answer = http(server.http, "POST", "/v1/logs", &[PROTOBUF], &body).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "3"));
    let down = SinkError::Unavailable { reason: "disk is full".into(), retry_after: Duration::from_secs(7) };
    *server.sink.refusal.lock().unwrap() = Some(down);
    let answer = http(server.http, "POST", "/v1/logs", &[PROTOBUF], &body).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "7"));
    assert!(answer.text().contains("disk is full"));
    *server.sink.refusal.lock().unwrap() = None;
    assert_eq!(http(server.http, "POST", "/v1/logs", &[PROTOBUF], &body).await.status, 200);
}

#[tokio::test]
async fn the_tenant_and_credentials_are_respected() {
    let server = start(ReceiveConfig::default()).await;
    let body = fixture("python_http.logs.protobuf").bytes;
    http(server.http, "POST", "/v1/logs", &[PROTOBUF, ("X-Scope-OrgID", "team-a")], &body).await;
    assert_eq!(server.sink.batches.lock().unwrap()[0].tenant.as_str(), "team-a");

    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    let server = start(ReceiveConfig { admission, ..ReceiveConfig::default() }).await;
    let answer = http(server.http, "POST", "/v1/logs", &[PROTOBUF], &body).await;
    assert_eq!((answer.status, answer.headers["www-authenticate"].as_str()), (401, "Bearer"));
}

#[tokio::test]
async fn browsers_are_told_whether_they_may_send() {
    let preflight = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-extra"),
    ];
    let server = start(ReceiveConfig::default()).await;
    let answer = http(server.http, "OPTIONS", "/v1/traces", &preflight, b"").await;
    assert_eq!((answer.status, answer.headers["access-control-allow-origin"].as_str()), (200, "*"));
    assert_eq!(answer.headers["access-control-allow-headers"], "content-type,x-extra");
    let answer = http(server.http, "POST", "/v1/traces", &[JSON, preflight[0]], b"{}").await;
    assert_eq!((answer.status, answer.headers["access-control-allow-origin"].as_str()), (200, "*"));

    let list = CorsOrigins::List(vec!["https://other.example".parse().unwrap()]);
    let server = start(ReceiveConfig { cors: list, ..ReceiveConfig::default() }).await;
    let answer = http(server.http, "OPTIONS", "/v1/traces", &preflight, b"").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_are_decoded_elsewhere_and_kept() {
    let server = start(ReceiveConfig::default()).await;
    let one = fixture("python_http.logs.protobuf").bytes;
    let many = one.repeat(10_000);
    let answer = http(server.http, "POST", "/v1/logs", &[PROTOBUF], &many).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.sink.rows(), 30_000);
}
