//! InfluxDB over HTTP, on real sockets: what is answered in the form of each version.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use luneta_model::{Signal, SinkError};
use luneta_receive::influx::http::router;
use luneta_receive::{BodyLimits, Reason, ReceiveConfig, ReceiveError, ReceiveState, listen};
use serde_json::json;
use support::wire::{Answer, http, pack};
use support::{MemorySink, render};
use tokio::net::TcpListener;

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
    tokio::spawn(listen::serve(listener, router(state.clone()), std::future::pending()));
    Server { address, sink, state }
}

impl Server {
    async fn post(&self, path: &str, body: &str) -> Answer {
        http(self.address, "POST", path, &[], body.as_bytes()).await
    }

    async fn get(&self, path: &str) -> Answer {
        http(self.address, "GET", path, &[], b"").await
    }
}

const V1: &str = "/write?db=shop&precision=s&u=ada&p=secret&consistency=one";
const V2: &str = "/api/v2/write?org=o&bucket=shop&precision=s";
const V3: &str = "/api/v3/write_lp?db=shop&precision=second&no_sync=true";
const BOTH: &str = "m,host=n1 f=1,g=\"text\" 1700000000\n";

#[tokio::test]
async fn every_version_takes_lines() {
    let server = start(ReceiveConfig::default()).await;
    let mut rendered = Vec::new();
    for path in [V1, V2, V3] {
        for encoding in ["identity", "gzip"] {
            let headers = [("content-encoding", encoding), ("authorization", "Token t")];
            let answer = http(server.address, "POST", path, &headers, &pack(encoding, BOTH.as_bytes())).await;
            assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{path}");
            assert!(answer.headers.contains_key("x-influxdb-version"), "{path}");
            let mut batches: Vec<_> = server.sink.batches.lock().unwrap().drain(..).collect();
            batches.sort_by_key(|batch| batch.signal);
            assert_eq!(batches.iter().map(|b| b.signal).collect::<Vec<_>>(), [Signal::Logs, Signal::Metrics]);
            rendered.push(render(&batches[1]));
        }
    }
    assert!(rendered[0].contains("2023-11-14T22:13:20") && rendered[0].contains("shop"), "{}", rendered[0]);
    assert!(rendered.iter().all(|r| *r == rendered[0]));
    assert_eq!(server.post(V2, "# nothing\n").await.status, 204);
    assert_eq!(server.post("/api/v2/write", "m f=1").await.status, 204);
    let counts = server.state.stats.snapshot().protocols;
    let counts = counts.iter().find(|p| p.protocol == "influxdb").unwrap();
    assert_eq!((counts.requests, counts.accepted[1].1, counts.accepted[2].1), (8, 6, 7));
}

#[tokio::test]
async fn partial_writes_keep_good_lines() {
    let server = start(ReceiveConfig::default()).await;
    let body = "good f=1 1\nbad f=x 1\ngood f=2 2\nbad\n";
    let answer = server.post(V1, body).await;
    assert_eq!(answer.status, 400);
    let message = "partial write: unable to parse 'bad f=x 1': invalid field value: neither a finite number, a boolean nor text \
                   in quotes (line 2) dropped=2";
    assert_eq!(answer.json(), json!({ "error": message }));
    assert_eq!(answer.headers["x-influxdb-error"], message);
    let answer = server.post(V2, body).await;
    assert_eq!((answer.status, answer.json()), (400, json!({ "code": "invalid", "message": message, "line": 2 })));
    let answer = server.post(V3, body).await;
    assert_eq!(answer.status, 400);
    let error = answer.json();
    assert_eq!(error["error"], "partial write of line protocol occurred");
    assert_eq!(error["data"][1], json!({ "original_line": "bad", "line_number": 4, "error_message": "missing fields" }));
    assert_eq!(server.sink.rows(), 6);
    let refused: Vec<_> = server.state.stats.snapshot().refused.iter().map(|r| (r.reason, r.items)).collect();
    assert_eq!(refused, [(Reason::Malformed, 6)]);
    // Nothing of a body that is to be taken whole, and nothing where no line is good.
    let answer = server.post(&format!("{V3}&accept_partial=false"), body).await;
    assert_eq!((answer.status, answer.json()["error"].as_str().unwrap().starts_with("parsing failed")), (400, true));
    let answer = server.post(V1, "bad").await;
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": "unable to parse 'bad': missing fields (line 1)" })));
    assert_eq!(server.sink.rows(), 6);
}

#[tokio::test]
async fn refusals_have_the_form_of_each_version() {
    let bodies = BodyLimits { body_bytes_max: 1000, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let big = "m f=1\n".repeat(500);
    let large = "the body is over the limit of 1000 bytes; send smaller batches";
    let precision = "precision `day` is not known; write ns, us, ms or s";
    let cases = [
        ("/write?precision=day", "m f=1", 400, json!({ "error": precision })),
        ("/api/v2/write?precision=day", "m f=1", 400, json!({ "code": "invalid", "message": precision })),
        ("/api/v3/write_lp?precision=day", "m f=1", 400, json!({ "error": precision, "data": null })),
        (V1, &big, 413, json!({ "error": large })),
        (V2, &big, 413, json!({ "code": "request too large", "message": large })),
        (V3, &big, 413, json!({ "error": large, "data": null })),
    ];
    for (path, body, status, expected) in cases {
        let answer = server.post(path, body).await;
        assert_eq!((answer.status, answer.json()), (status, expected), "{path}");
    }
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(2500) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    let answer = server.post(V2, BOTH).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "3"));
    assert_eq!(answer.json()["code"], "too many requests");
    assert_eq!(server.get("/api/v2/write").await.status, 405);
    let answer = server.get("/api/v2/buckets").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("not found")));
    let answer = http(server.address, "POST", V2, &[("content-encoding", "gzip")], b"no gzip").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("invalid")));
}

#[tokio::test]
async fn where_a_token_is_needed_it_is_asked_for() {
    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    let server = start(ReceiveConfig { admission, ..ReceiveConfig::default() }).await;
    let answer = server.post(V2, BOTH).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (401, Some("unauthorized")));
    assert_eq!(server.sink.rows(), 0);
}

#[tokio::test]
async fn handshakes_are_answered() {
    let server = start(ReceiveConfig::default()).await;
    for path in ["/ping", "/api/v2/ping"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.headers["x-influxdb-version"].as_str()), (204, "2.7.0"));
        assert_eq!(http(server.address, "HEAD", path, &[], b"").await.status, 204);
    }
    let answer = server.get("/ping?verbose=true").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "version": "2.7.0" })));
    let answer = server.get("/health").await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("pass")));
    assert_eq!(server.get("/ready").await.json()["status"], "ready");
    // In the path as Python's client asks, in a form as Telegraf does.
    let done = json!({ "results": [{ "statement_id": 0 }] });
    assert_eq!(server.post("/query?q=CREATE+DATABASE+%22shop%22&db=shop", "").await.json(), done);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = http(server.address, "POST", "/query", &form, b"q=CREATE+DATABASE+%22telegraf%22").await;
    assert_eq!((answer.status, answer.json()), (200, done));
    let answer = server.get("/query?q=SELECT+1").await;
    assert_eq!((answer.status, answer.json()["error"].as_str().unwrap().contains("SQL or PromQL")), (400, true));
}
