//! OTLP over gRPC, on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Duration;

use base64::Engine as _;
use luneta_model::SinkError;
use luneta_receive::{BodyLimits, PROTOCOLS, Reason, ReceiveConfig};
use support::fixtures;
use support::wire::{grpc, http, http2, start};

const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

fn logs() -> Vec<u8> {
    fixtures().into_iter().find(|f| f.name == "python_grpc.logs.protobuf").unwrap().bytes
}

#[tokio::test]
async fn real_requests_are_taken_in_every_encoding() {
    let server = start(ReceiveConfig::default()).await;
    let routes = PROTOCOLS.iter().find(|p| p.name == "otlp_grpc").unwrap().routes;
    for route in routes {
        let signal = if route.signal.table() == "spans" { "traces" } else { route.signal.table() };
        let name = format!("python_grpc.{signal}.protobuf");
        let body = fixtures().into_iter().find(|f| f.name == name).unwrap().bytes;
        for encoding in [None, Some("gzip"), Some("deflate"), Some("zstd")] {
            let answer = grpc(server.grpc, route.path, encoding, &body).await;
            assert_eq!(answer.status(), "0", "{name} {encoding:?} {}", answer.header("grpc-message"));
            // The empty message is full success.
            assert_eq!(answer.body, [0; 5]);
        }
    }
    let snapshot = server.state.stats.snapshot();
    let counts = snapshot.protocols.iter().find(|p| p.protocol == "otlp_grpc").unwrap();
    assert_eq!(counts.requests, 12);
    assert_eq!(counts.accepted.iter().map(|(_, n)| *n).sum::<u64>(), server.sink.rows() as u64);
}

#[tokio::test]
async fn messages_above_four_mebibytes_are_taken() {
    let server = start(ReceiveConfig::default()).await;
    let answer = grpc(server.grpc, LOGS, None, &logs().repeat(40_000)).await;
    assert_eq!(answer.status(), "0", "{}", answer.header("grpc-message"));
    assert_eq!(server.sink.rows(), 120_000);
}

#[tokio::test]
async fn bad_requests_are_final() {
    let bodies = BodyLimits { body_bytes_max: 1000, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let answer = grpc(server.grpc, LOGS, None, b"\xff").await;
    assert_eq!((answer.http_status, answer.status()), (200, "3"));
    assert!(answer.header("grpc-message").contains("malformed%20protobuf%20at%20byte%200"), "{}", answer.header("grpc-message"));
    assert_eq!(grpc(server.grpc, LOGS, None, &[0; 2000]).await.status(), "3");
    assert_eq!(grpc(server.grpc, LOGS, Some("br"), b"x").await.status(), "12");
    assert_eq!(grpc(server.grpc, "/other.Service/Call", None, b"").await.status(), "12");
    let frame = http2(server.grpc, LOGS, &[("content-type", "application/grpc")], vec![0, 0, 0, 0, 9, 1]).await;
    assert_eq!(frame.status(), "3");
    let reasons: Vec<_> = server.state.stats.snapshot().recent_refusals.iter().rev().map(|r| r.reason).collect();
    let expected = [Reason::Malformed, Reason::BodyTooLarge, Reason::UnsupportedEncoding, Reason::WrongPath, Reason::Malformed];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn a_full_server_asks_to_come_back() {
    let server = start(ReceiveConfig::default()).await;
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(2500) };
    let down = SinkError::Unavailable { reason: "disk is full".into(), retry_after: Duration::from_millis(2500) };
    for (refusal, status) in [(busy, "8"), (down, "14")] {
        *server.sink.refusal.lock().unwrap() = Some(refusal);
        let answer = grpc(server.grpc, LOGS, None, &logs()).await;
        assert_eq!(answer.status(), status);
        let details = answer.header("grpc-status-details-bin").trim_end_matches('=');
        let details = base64::engine::general_purpose::STANDARD_NO_PAD.decode(details).unwrap();
        let name = b"type.googleapis.com/google.rpc.RetryInfo";
        let at = details.windows(name.len()).position(|w| w == name).unwrap() + name.len();
        // RetryInfo { retry_delay: Duration { seconds: 2, nanos: 500000000 } }
        assert_eq!(details[at..], [0x12, 10, 0x0a, 8, 0x08, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
    }
}

#[tokio::test]
async fn mixed_up_ports_get_readable_answers() {
    let server = start(ReceiveConfig::default()).await;
    let answer = http(server.grpc, "POST", "/v1/traces", &[("content-type", "application/x-protobuf")], b"x").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("4318"), "{}", answer.text());
    let answer = grpc(server.http, LOGS, None, &logs()).await;
    assert_eq!(answer.status(), "12");
    assert!(answer.header("grpc-message").contains("4317"));
    let refused: Vec<_> = server.state.stats.snapshot().refused.iter().map(|r| (r.protocol, r.reason)).collect();
    assert_eq!(refused, [("otlp_grpc", Reason::HttpOnGrpcPort), ("otlp_http", Reason::GrpcOnHttpPort)]);
}
