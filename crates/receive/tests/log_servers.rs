//! The intakes of logs on real sockets: what is answered, what is acknowledged, what is refused.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use luneta_model::SinkError;
use luneta_receive::{
    BodyLimits, FluentSettings, LogSettings, ReceiveConfig, ReceiveError, ReceiveState, SyslogSettings, elasticsearch, fluent,
    gelf, listen, loki, splunk, syslog,
};
use serde_json::json;
use support::wire::{http, pack};
use support::{MemorySink, render};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::oneshot;

type Routes = fn(ReceiveState) -> Router;

struct Server {
    address: SocketAddr,
    sink: Arc<MemorySink>,
    state: ReceiveState,
}

async fn web(config: ReceiveConfig, router: Routes) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(listener, router(state.clone()), std::future::pending()));
    Server { address, sink, state }
}

impl Server {
    fn column(&self, name: &str) -> Vec<String> {
        let prefix = format!("{name} = ");
        let rendered: String = self.sink.batches.lock().unwrap().iter().map(render).collect();
        rendered.lines().filter_map(|line| line.trim().strip_prefix(&prefix)).map(ToOwned::to_owned).collect()
    }

    async fn rows(&self, count: usize) {
        for _ in 0..500 {
            if self.sink.rows() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.sink.rows(), count);
    }

    fn refused(&self) -> Vec<String> {
        self.state.stats.snapshot().refused.iter().map(|r| format!("{} {}", r.protocol, r.reason)).collect()
    }
}

fn busy(server: &Server) {
    let error = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(1500) };
    *server.sink.refusal.lock().unwrap() = Some(error);
}

fn guarded() -> ReceiveConfig {
    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    ReceiveConfig { admission, ..ReceiveConfig::default() }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn loki_is_pushed_to() {
    let server = web(ReceiveConfig::default(), loki::http::router).await;
    let body = br#"{"streams":[{"stream":{"app":"a"},"values":[["1700000000000000000","line"]]}]}"#;
    for (path, encoding) in [("/loki/api/v1/push", "identity"), ("/loki/api/v1/push", "gzip"), ("/api/prom/push", "identity")] {
        let answer = http(server.address, "POST", path, &[JSON, ("content-encoding", encoding)], &pack(encoding, body)).await;
        assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{path} {encoding}");
    }
    // One stream, no labels, one entry at the second 5 with the line `x`.
    let push = [0x0a, 13, 0x0a, 2, b'{', b'}', 0x12, 7, 0x0a, 2, 0x08, 5, 0x12, 1, b'x'];
    let packed = snap::raw::Encoder::new().compress_vec(&push).unwrap();
    for kind in ["", "application/x-protobuf"] {
        let answer = http(server.address, "POST", "/loki/api/v1/push", &[("content-type", kind)], &packed).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    server.rows(5).await;
    let answer = http(server.address, "GET", "/ready", &[], b"").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ready\n"));
    let answer = http(server.address, "POST", "/otlp/v1/logs", &[JSON], br#"{"resourceLogs":[]}"#).await;
    assert_eq!(answer.status, 200);
    let partial = br#"{"streams":[{"stream":{},"values":[["1","good"],["x","bad"]]}]}"#;
    let answer = http(server.address, "POST", "/loki/api/v1/push", &[JSON], partial).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (
            400,
            "1 entries rejected: malformed (malformed); 1 values changed: \
        times must be near those of arrival; others were replaced by it (time_out_of_bounds)"
        )
    );
    server.rows(6).await;
    let cases = [
        ("POST", "/loki/api/v1/push", "application/json", "{", 400),
        ("POST", "/loki/api/v1/push", "application/x-protobuf", "no snappy", 400),
        ("POST", "/loki/api/v1/push", "text/html", "", 415),
        ("GET", "/loki/api/v1/push", "", "", 405),
        ("GET", "/loki/api/v1/rules", "", "", 404),
    ];
    for (method, path, kind, body, status) in cases {
        let answer = http(server.address, method, path, &[("content-type", kind)], body.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_str()),
            (status, "text/plain; charset=utf-8"),
            "{path} {kind}"
        );
    }
    busy(&server);
    let answer = http(server.address, "POST", "/loki/api/v1/push", &[JSON], body).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "2"));
}

#[tokio::test]
async fn elasticsearch_is_asked_and_written_to() {
    let server = web(ReceiveConfig::default(), elasticsearch::http::router).await;
    let nine = ("accept", "application/vnd.elasticsearch+json; compatible-with=9");
    let answer = http(server.address, "GET", "/", &[nine], b"").await;
    assert_eq!((answer.status, answer.headers["x-elastic-product"].as_str()), (200, "Elasticsearch"));
    assert_eq!(answer.headers["content-type"], "application/vnd.elasticsearch+json;compatible-with=9");
    assert_eq!(
        (answer.json()["version"]["number"].clone(), answer.json()["tagline"].clone()),
        (json!("9.2.0"), json!("You Know, for Search"))
    );
    for (method, path, key) in [
        ("HEAD", "/", ""),
        ("HEAD", "/logs-shop", ""),
        ("PUT", "/logs-shop", "acknowledged"),
        ("GET", "/_cluster/health", "status"),
        ("GET", "/_license", "license"),
        ("GET", "/_xpack", "features"),
        ("GET", "/_nodes/http", "nodes"),
        ("GET", "/_ilm/policy/filebeat", "filebeat"),
        ("PUT", "/_ilm/policy/filebeat", "acknowledged"),
        ("HEAD", "/_index_template/filebeat", ""),
        ("GET", "/_index_template/filebeat", "index_templates"),
        ("PUT", "/_index_template/filebeat", "acknowledged"),
        ("GET", "/_data_stream/filebeat", "data_streams"),
        ("PUT", "/_ingest/pipeline/p", "acknowledged"),
        ("POST", "/logs-shop/_refresh", "_shards"),
    ] {
        let answer = http(server.address, method, path, &[], b"").await;
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"), "{method} {path}");
        assert!(key.is_empty() || answer.json().get(key).is_some(), "{method} {path}: {}", answer.text());
    }
    let body = b"{\"create\":{\"_index\":\"i\"}}\n{\"message\":\"a\"}\n{\"index\":{}}\n{broken\n";
    let ndjson = ("content-type", "application/vnd.elasticsearch+x-ndjson; compatible-with=8");
    for (method, path, encoding) in [("POST", "/i/_bulk", "identity"), ("PUT", "/_bulk", "gzip")] {
        let answer = http(server.address, method, path, &[ndjson, ("content-encoding", encoding)], &pack(encoding, body)).await;
        let told = answer.json();
        assert_eq!((answer.status, &told["errors"]), (200, &json!(true)), "{path}");
        assert_eq!(answer.headers["content-type"], "application/vnd.elasticsearch+json;compatible-with=8");
        assert_eq!((&told["items"][0]["create"]["status"], &told["items"][1]["index"]["status"]), (&json!(201), &json!(400)));
    }
    let answer = http(server.address, "POST", "/shop/_doc", &[JSON], br#"{"message":"alone"}"#).await;
    assert_eq!((answer.status, &answer.json()["result"]), (201, &json!("created")));
    let answer = http(server.address, "PUT", "/shop/_create/7", &[JSON], br#"{"message":"named"}"#).await;
    assert_eq!((answer.status, &answer.json()["_id"]), (201, &json!("7")));
    assert_eq!(server.column("body"), ["a", "a", "alone", "named"]);
    for (method, path, kind, body, status) in [
        ("POST", "/_bulk", "application/x-ndjson", "{\"index\":{}}\n{}", 400),
        ("POST", "/_bulk", "application/cbor", "x\n", 415),
        ("POST", "/shop/_doc", "application/json", "{", 400),
        ("POST", "/shop/_search", "application/json", "{}", 404),
        ("GET", "/_bulk", "", "", 405),
    ] {
        let answer = http(server.address, method, path, &[("content-type", kind)], body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!(status)), "{path} {kind}");
        assert!(answer.json()["error"]["reason"].is_string() && answer.headers.contains_key("x-elastic-product"));
    }
    busy(&server);
    let answer = http(server.address, "POST", "/i/_bulk", &[ndjson], body).await;
    assert_eq!((answer.status, &answer.json()["error"]["type"]), (429, &json!("es_rejected_execution_exception")));
}

#[tokio::test]
async fn splunk_is_sent_to() {
    let server = web(ReceiveConfig::default(), splunk::http::router).await;
    let token = ("authorization", "Splunk secret");
    for path in ["/services/collector", "/services/collector/event", "/services/collector/event/1.0"] {
        let answer = http(server.address, "POST", path, &[token], br#"{"event":"a"}{"event":"b"}"#).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "text": "Success", "code": 0 })), "{path}");
    }
    let path = "/services/collector/raw?host=n&source=s&time=1700000000&channel=c";
    let answer = http(server.address, "POST", path, &[token, ("content-encoding", "gzip")], &pack("gzip", b"one\ntwo\n")).await;
    assert_eq!(answer.json(), json!({ "text": "Success", "code": 0, "ackId": 0 }));
    server.rows(8).await;
    assert_eq!(server.column("resource.host.name"), ["n"]);
    let channel = ("x-splunk-request-channel", "c");
    let answer = http(server.address, "POST", "/services/collector/ack", &[token, channel], br#"{"acks":[0,1]}"#).await;
    assert_eq!(answer.json(), json!({ "acks": { "0": true, "1": false } }));
    let answer = http(server.address, "GET", "/services/collector/health", &[], b"").await;
    assert_eq!((answer.status, &answer.json()["code"]), (200, &json!(17)));
    for (method, path, body, status, code) in [
        ("POST", "/services/collector", r#"{"event":"kept"}{}"#, 400, 12),
        ("POST", "/services/collector", r#"{"event":""}"#, 400, 13),
        ("POST", "/services/collector", "{", 400, 6),
        ("POST", "/services/collector", "", 400, 5),
        ("POST", "/services/collector/raw", "\n", 400, 5),
        ("POST", "/services/collector/ack", "{}", 400, 10),
        ("POST", "/services/collector/raw?time=never", "x", 400, 6),
        ("GET", "/services/collector", "", 405, 405),
        ("POST", "/services/other", "", 404, 404),
    ] {
        let answer = http(server.address, method, path, &[token], body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{path} {body}");
    }
    server.rows(9).await;
    busy(&server);
    let answer = http(server.address, "POST", "/services/collector", &[token], br#"{"event":"a"}"#).await;
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!(9)));
}

#[tokio::test]
async fn where_a_token_is_needed_it_is_asked_for() {
    let cases: [(Routes, &str, &str); 3] = [
        (loki::http::router, "/loki/api/v1/push", "a token is needed"),
        (elasticsearch::http::router, "/_bulk", "security_exception"),
        (splunk::http::router, "/services/collector", "Token is required"),
    ];
    for (router, path, told) in cases {
        let server = web(guarded(), router).await;
        let answer = http(server.address, "POST", path, &[JSON], b"{}").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.text().contains(told), "{}", answer.text());
    }
}

#[tokio::test]
async fn bodies_are_bounded() {
    let bodies = BodyLimits { body_bytes_max: 100, ..BodyLimits::default() };
    let cases: [(Routes, &str); 3] = [
        (loki::http::router, "/loki/api/v1/push"),
        (elasticsearch::http::router, "/_bulk"),
        (splunk::http::router, "/services/collector"),
    ];
    for (router, path) in cases {
        let server = web(ReceiveConfig { bodies, ..ReceiveConfig::default() }, router).await;
        let answer = http(server.address, "POST", path, &[JSON], &[b' '; 1000]).await;
        assert_eq!(answer.status, 413, "{path}");
    }
}

/// A stream or a socket for datagrams, and how it is told to end.
struct Lines {
    server: Server,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

async fn tcp<F: Future<Output = ()> + Send + 'static>(
    config: ReceiveConfig,
    serve: impl FnOnce(TcpListener, ReceiveState, oneshot::Receiver<()>) -> F,
) -> Lines {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(serve(listener, state.clone(), stopped));
    Lines { server: Server { address, sink, state }, stop, done }
}

async fn udp<F: Future<Output = ()> + Send + 'static>(
    config: ReceiveConfig,
    serve: impl FnOnce(UdpSocket, ReceiveState, oneshot::Receiver<()>) -> F,
) -> Lines {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(serve(socket, state.clone(), stopped));
    Lines { server: Server { address, sink, state }, stop, done }
}

impl Lines {
    async fn send(&self, datagrams: &[&[u8]]) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for datagram in datagrams {
            socket.send_to(datagram, self.server.address).await.unwrap();
        }
    }

    /// Stops it; everything taken is written when it has ended.
    async fn end(self) -> Server {
        self.stop.send(()).unwrap();
        self.done.await.unwrap();
        self.server
    }
}

async fn until(stopped: oneshot::Receiver<()>) {
    let _ = stopped.await;
}

#[tokio::test]
async fn syslog_comes_in_streams_and_datagrams() {
    let lines = tcp(ReceiveConfig::default(), |l, s, stop| syslog::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    stream.write_all(b"<14>1 - h a - - - one\n27 <14>1 - h a - - - two\nlines<11>app: three\0<14>last").await.unwrap();
    drop(stream);
    lines.server.rows(4).await;
    let server = lines.end().await;
    assert_eq!(server.column("body"), ["one", "two\\nlines", "three", "last"]);

    let lines = udp(ReceiveConfig::default(), |s, state, stop| syslog::udp::serve(s, state, until(stop))).await;
    lines.send(&[b"<14>1 - h a - - - one\nmore", b"<14>two\0", b""]).await;
    lines.server.rows(2).await;
    let server = lines.end().await;
    assert_eq!(server.column("body"), ["one\\nmore", "two"]);
    assert!(server.column("attributes.network.peer.address").contains(&"127.0.0.1".to_owned()));
}

#[tokio::test]
async fn syslog_comes_over_tls() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let tls = luneta_receive::tls(key.cert.pem().as_bytes(), key.signing_key.serialize_pem().as_bytes()).unwrap();
    assert!(luneta_receive::tls(b"", b"").is_err());
    let syslog = SyslogSettings { tls: Some(tls), ..SyslogSettings::default() };
    let logs = LogSettings { syslog, ..LogSettings::default() };
    let lines =
        tcp(ReceiveConfig { logs, ..ReceiveConfig::default() }, |l, s, stop| syslog::tcp::serve_tls(l, s, until(stop))).await;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());

    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client =
        tokio_rustls::rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(lines.server.address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"27 <14>1 - h a - - - secretive").await.unwrap();
    stream.shutdown().await.unwrap();
    lines.server.rows(1).await;
    // Who speaks no TLS is let go, and nobody else minds.
    let mut plain = TcpStream::connect(lines.server.address).await.unwrap();
    plain.write_all(b"<14>plain\n").await.unwrap();
    let _ = plain.read_to_end(&mut Vec::new()).await;
    let server = lines.end().await;
    assert_eq!(server.column("body"), ["secretive"]);
}

#[tokio::test]
async fn gelf_comes_in_streams_and_datagrams() {
    let lines = tcp(ReceiveConfig::default(), |l, s, stop| gelf::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    stream.write_all(b"{\"short_message\":\"a\"}\0{broken\0{\"short_message\":\"b\"}").await.unwrap();
    drop(stream);
    lines.server.rows(2).await;
    let server = lines.end().await;
    assert_eq!(
        (server.column("body"), server.refused()),
        (vec!["a".to_owned(), "b".to_owned()], vec!["gelf_tcp malformed".to_owned()])
    );

    let lines = udp(ReceiveConfig::default(), |s, state, stop| gelf::udp::serve(s, state, until(stop))).await;
    let chunk = |number: u8, text: &str| [&[0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, number, 2][..], text.as_bytes()].concat();
    let packed = pack("gzip", br#"{"short_message":"packed"}"#);
    lines.send(&[&chunk(1, r#"sage":"chunks"}"#), &packed, &chunk(0, r#"{"short_mes"#), &[0x1e, 0x0f]]).await;
    lines.server.rows(2).await;
    let server = lines.end().await;
    assert_eq!(
        (server.column("body"), server.refused()),
        (vec!["packed".to_owned(), "chunks".to_owned()], vec!["gelf_udp malformed".to_owned()])
    );
}

/// A message of Fluent with the option `chunk`.
const WITH_CHUNK: &[u8] = b"\x94\xa1a\xce\x65\x53\xf1\x00\x81\xa7message\xa1m\x81\xa5chunk\xa2id";
const WITHOUT: &[u8] = b"\x93\xa1a\xce\x65\x53\xf1\x00\x81\xa7message\xa1m";

#[tokio::test]
async fn fluent_is_acknowledged_when_it_is_durable() {
    let lines = tcp(ReceiveConfig::default(), |l, s, stop| fluent::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    // In parts, with a heartbeat and a message that is broken beside them.
    for part in [WITH_CHUNK.chunks(5).collect::<Vec<_>>(), vec![&[0xc0], WITHOUT, &[0x91, 0x01], WITH_CHUNK]].concat() {
        stream.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for rows in [1, 3] {
        let mut ack = [0; 8];
        stream.read_exact(&mut ack).await.unwrap();
        assert_eq!(&ack, b"\x81\xa3ack\xa2id");
        assert!(lines.server.sink.rows() >= rows);
    }
    // What is no MessagePack ends the connection, as nothing behind it can be read.
    stream.write_all(&[0xc1]).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    let server = lines.end().await;
    assert_eq!((server.sink.rows(), server.refused()), (3, vec!["fluent malformed".to_owned()]));
}

#[tokio::test]
async fn fluent_without_an_ack_is_sent_again() {
    let lines = tcp(guarded(), |l, s, stop| fluent::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    stream.write_all(WITH_CHUNK).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    let server = lines.end().await;
    assert_eq!((server.sink.rows(), server.refused()), (0, vec!["fluent unauthorized".to_owned()]));
}

#[tokio::test]
async fn fluent_asks_for_the_shared_key() {
    let fluent = FluentSettings { shared_key: Some("secret".into()), hostname: "server".into() };
    let logs = LogSettings { fluent, ..LogSettings::default() };
    let lines = tcp(ReceiveConfig { logs, ..ReceiveConfig::default() }, |l, s, stop| fluent::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    let mut helo = vec![0; 49];
    stream.read_exact(&mut helo).await.unwrap();
    assert!(helo.starts_with(b"\x92\xa4HELO\x83\xa5nonce\xc4\x10"), "{helo:x?}");
    // Who knows no key is told so.
    stream.write_all(b"\x96\xa4PING\xa1c\xa1s\xa1d\xa0\xa0").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"\x95\xa4PONG\xc2\xb3shared_key mismatch"), "{answer:x?}");
    let server = lines.end().await;
    assert_eq!((server.sink.rows(), server.refused()), (0, vec!["fluent unauthorized".to_owned()]));
}

#[tokio::test]
async fn fluent_hears_that_somebody_is_there() {
    let lines = udp(ReceiveConfig::default(), |s, state, stop| fluent::udp::serve(s, state, until(stop))).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&[0], lines.server.address).await.unwrap();
    let mut answer = [9; 4];
    let (len, _) = tokio::time::timeout(Duration::from_secs(5), socket.recv_from(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer[..len], [0]);
    lines.end().await;
}

#[tokio::test]
async fn messages_beyond_the_bounds_cost_themselves() {
    let logs = LogSettings { message_bytes_max: 64, queue_bytes_max: 256, ..LogSettings::default() };
    let config = || ReceiveConfig { logs: logs.clone(), ..ReceiveConfig::default() };
    let lines = tcp(config(), |l, s, stop| syslog::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    let long = format!("<14>{}\n<14>short\n", "x".repeat(1000));
    stream.write_all(long.as_bytes()).await.unwrap();
    lines.server.rows(2).await;
    let server = lines.end().await;
    assert_eq!(server.column("body"), ["x".repeat(60), "short".into()]);
    assert!(server.sink.batches.lock().unwrap().iter().any(|b| render(b).contains("luneta.body.sent_bytes: 1004")));

    let lines = tcp(config(), |l, s, stop| fluent::tcp::serve(l, s, until(stop))).await;
    let mut stream = TcpStream::connect(lines.server.address).await.unwrap();
    stream.write_all(&[0xdb, 0, 0xff, 0xff, 0xff]).await.unwrap();
    stream.write_all(&[b'x'; 200]).await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let server = lines.end().await;
    assert_eq!(server.refused(), ["fluent body_too_large"]);

    // Datagrams that find no room are counted; the server goes on.
    let lines = udp(config(), |s, state, stop| syslog::udp::serve(s, state, until(stop))).await;
    lines.send(&[&b"<14>one"[..]; 50]).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    lines.send(&[b"<14>last"]).await;
    let server = lines.end().await;
    assert_eq!(
        (server.column("body").last().map(String::as_str), server.refused()),
        (Some("last"), vec!["syslog_udp busy".to_owned()])
    );
}
