//! Jaeger: rules of decoding that no client fixture shows, and all intakes on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use luneta_model::{Limits, Signal, SinkError, Tenant};
use luneta_receive::jaeger::decode::{batch_binary, emit_batch_binary, emit_batch_compact, post_spans};
use luneta_receive::jaeger::{BINARY, COMPACT, GRPC, HTTP, grpc as jaeger_grpc, http as jaeger_http, udp};
use luneta_receive::thrift::Dialect;
use luneta_receive::{
    BodyLimits, DecodeFn, DecodeOptions, Decoded, Protocol, Reason, ReceiveConfig, ReceiveError, ReceiveState, listen,
};
use proptest::prelude::*;
use support::thrift::{Value, oneway};
use support::wire::{grpc, http, pack};
use support::{MemorySink, NOW, assert_same, fixtures, render};
use tokio::net::{TcpListener, UdpSocket};

const THRIFT: (&str, &str) = ("content-type", "application/x-thrift");
const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";

fn run(decode: DecodeFn, bytes: &[u8]) -> Decoded {
    decode(bytes, Tenant::default(), &DecodeOptions::at(NOW)).unwrap()
}

fn tag(key: &str, kind: i32, value: (i16, Value)) -> Value {
    Value::Struct(vec![(1, Value::text(key)), (2, Value::I32(kind)), value])
}

fn text(key: &str, value: &str) -> Value {
    tag(key, 0, (3, Value::text(value)))
}

fn flag(key: &str, value: bool) -> Value {
    tag(key, 2, (5, Value::Bool(value)))
}

fn long(key: &str, value: i64) -> Value {
    tag(key, 3, (6, Value::I64(value)))
}

/// A span with sound ids and times, and fields of its own.
fn span(fields: Vec<(i16, Value)>) -> Value {
    let given = |id| fields.iter().any(|(other, _)| *other == id);
    let usual = [
        (1, Value::I64(2)),
        (2, Value::I64(1)),
        (3, Value::I64(3)),
        (4, Value::I64(0)),
        (5, Value::text("op")),
        (7, Value::I32(1)),
        (8, Value::I64(1_700_000_000_000_001)),
        (9, Value::I64(1500)),
    ];
    let mut all: Vec<_> = usual.into_iter().filter(|(id, _)| !given(*id)).collect();
    all.extend(fields);
    Value::Struct(all)
}

fn reference(kind: i32, trace: i64, id: i64) -> Value {
    Value::Struct(vec![(1, Value::I32(kind)), (2, Value::I64(trace)), (3, Value::I64(1)), (4, Value::I64(id))])
}

fn process(tags: Vec<Value>) -> Value {
    Value::Struct(vec![(1, Value::text("shop")), (2, Value::List(tags))])
}

fn batch(spans: Vec<Value>) -> Value {
    Value::Struct(vec![(1, process(Vec::new())), (2, Value::List(spans))])
}

fn decode_spans(spans: Vec<Value>) -> Decoded {
    run(batch_binary, &batch(spans).write(Dialect::Binary))
}

fn decode_tags(tags: Vec<Value>) -> String {
    render(&decode_spans(vec![span(vec![(10, Value::List(tags))])]).batch)
}

#[test]
fn the_three_ways_of_thrift_are_one() {
    let batch = batch(vec![span(vec![(10, Value::List(vec![text("a", "b"), flag("c", true), long("d", -5)]))])]);
    let bare = run(batch_binary, &batch.write(Dialect::Binary)).batch;
    let arguments = Value::Struct(vec![(1, batch)]);
    assert_same(&bare, &run(emit_batch_binary, &oneway(Dialect::Binary, "emitBatch", &arguments)).batch);
    assert_same(&bare, &run(emit_batch_compact, &oneway(Dialect::Compact, "emitBatch", &arguments)).batch);
}

#[test]
fn every_field_has_its_place() {
    let tags = vec![
        text("span.kind", "consumer"),
        text("otel.scope.name", "lib"),
        text("otel.library.name", "lib"),
        text("otel.library.version", "1"),
        text("w3c.tracestate", "vendor=a"),
        tag("ratio", 1, (4, Value::Double(0.25))),
        tag("raw", 4, (7, Value::Binary(vec![0, 255]))),
        tag("new", 9, (3, Value::text("of a later version"))),
    ];
    let log = |fields| Value::Struct(vec![(1, Value::I64(1_700_000_000_000_002)), (2, Value::List(fields))]);
    let logs = vec![
        log(vec![text("event", "retry"), text("message", "kept"), long("tries", 2)]),
        log(vec![text("message", "named by it")]),
        log(vec![long("event", 5)]),
        Value::Struct(Vec::new()),
    ];
    // The first child-of is the parent; the same number in another trace is not.
    let references = vec![reference(1, 2, 7), reference(0, 9, 8), reference(0, 2, 8), reference(0, 2, 10)];
    let full = span(vec![
        (7, Value::I32(3)),
        (6, Value::List(references)),
        (10, Value::List(tags)),
        (11, Value::List(logs)),
        (12, Value::Bool(true)),
    ]);
    let plain = span(vec![(2, Value::I64(0)), (4, Value::I64(-1)), (9, Value::I64(-4))]);
    let owner = process(vec![
        text("hostname", "n1"),
        text("ip", "10.0.0.7"),
        text("jaeger.version", "Go-2.30.0"),
        text("service.name", "shop"),
        long("replicas", 3),
    ]);
    let batch = Value::Struct(vec![(1, owner), (2, Value::List(vec![full, plain])), (3, Value::I64(12))]);
    insta::assert_snapshot!(render(&run(batch_binary, &batch.write(Dialect::Binary)).batch));
}

#[test]
fn the_parent_is_found() {
    let cases: [(i64, Vec<Value>, Option<&str>, usize); 6] = [
        (0, vec![], None, 0),
        (8, vec![], Some("08"), 0),
        (8, vec![reference(0, 2, 8)], Some("08"), 0),
        (8, vec![reference(0, 2, 9)], Some("08"), 1),
        (8, vec![reference(1, 2, 8)], Some("08"), 1),
        (8, vec![reference(1, 2, 8), reference(0, 2, 9)], Some("09"), 1),
    ];
    for (named, references, parent, links) in cases {
        let decoded = decode_spans(vec![span(vec![(4, Value::I64(named)), (6, Value::List(references))])]);
        let rendered = render(&decoded.batch);
        let line = rendered.lines().find_map(|l| l.trim().strip_prefix("parent_span_id = "));
        assert_eq!(line.map(|l| &l[14..]), parent, "{rendered}");
        assert_eq!(rendered.matches("opentracing.ref_type").count(), links, "{rendered}");
    }
}

#[test]
fn status_is_read_as_the_collector_reads_it() {
    let cases: [(Vec<Value>, &str, &str); 12] = [
        (vec![], "UNSET", ""),
        (vec![flag("error", true)], "ERROR", ""),
        (vec![flag("error", true), text("otel.status_code", "OK"), text("otel.status_description", "why")], "ERROR", "why"),
        (vec![flag("error", true), text("http.status_message", "gone")], "ERROR", "gone"),
        (vec![flag("error", false), text("otel.status_code", "ok")], "OK", ""),
        (vec![text("otel.status_code", "ERROR"), text("otel.status_description", "why")], "ERROR", "why"),
        (vec![text("otel.status_code", "UNSET"), long("http.status_code", 500)], "UNSET", ""),
        (vec![long("http.status_code", 302)], "UNSET", ""),
        (vec![long("http.status_code", 404), text("span.kind", "server")], "UNSET", ""),
        (vec![long("http.status_code", 404), text("span.kind", "client")], "ERROR", ""),
        (vec![text("http.status_code", "503"), text("http.status_message", "busy")], "ERROR", "busy"),
        (vec![text("error", "true")], "UNSET", ""),
    ];
    for (tags, code, message) in cases {
        let shown = format!("{tags:?}");
        let rendered = decode_tags(tags);
        assert!(rendered.contains(&format!("  status_code = {code}\n")), "{shown}\n{rendered}");
        let line = rendered.lines().find(|l| l.starts_with("  status_message"));
        assert_eq!(line.map_or("", |l| l.trim_start_matches("  status_message = ")), message, "{shown}");
        assert!(!rendered.contains("otel.status"), "{rendered}");
    }
}

#[test]
fn tags_of_an_odd_kind_stay() {
    let rendered = decode_tags(vec![
        text("span.kind", "odd"),
        flag("error", false),
        text("otel.library.name", "x"),
        text("otel.scope.name", "y"),
    ]);
    for kept in ["kind = UNSPECIFIED", "span.kind: odd", "error: false", "otel.library.name: x", "scope_name = y"] {
        assert!(rendered.contains(kept), "{kept} in {rendered}");
    }
}

#[test]
fn bad_spans_leave_their_siblings() {
    let spans = vec![
        span(vec![(1, Value::I64(0)), (2, Value::I64(0))]),
        span(vec![(3, Value::I64(0))]),
        span(vec![(8, Value::I64(i64::MAX))]),
        span(vec![(8, Value::I64(-1))]),
        span(vec![(9, Value::I64(i64::MAX))]),
        span(vec![]),
    ];
    let decoded = decode_spans(spans);
    assert_eq!((decoded.batch.len(), decoded.batch.origins.num_rows()), (1, 1));
    let expected = [(Reason::InvalidTraceId, 1), (Reason::InvalidSpanId, 1), (Reason::TimeOutOfRange, 3)];
    assert_eq!(decoded.tally.rejected(), expected);
}

#[test]
fn spans_may_come_before_their_process() {
    let spans = Value::List(vec![span(vec![])]);
    let late = Value::Struct(vec![(2, spans), (1, process(Vec::new()))]);
    assert_same(&run(batch_binary, &late.write(Dialect::Binary)).batch, &decode_spans(vec![span(vec![])]).batch);
}

#[test]
fn processes_are_told_apart() {
    let named = |name: &str| {
        let owner = Value::Struct(vec![(1, Value::text(name)), (2, Value::List(vec![text("service.name", "tagged")]))]);
        Value::Struct(vec![(1, owner), (2, Value::List(vec![span(vec![]), span(vec![])]))])
    };
    let arguments = Value::Struct(vec![(1, named("a")), (1, named("OTLPResourceNoServiceName"))]);
    let decoded = run(emit_batch_binary, &oneway(Dialect::Binary, "emitBatch", &arguments));
    let rendered = render(&decoded.batch);
    let services: Vec<_> = rendered.lines().filter_map(|l| l.trim().strip_prefix("service_name = ")).collect();
    assert_eq!((decoded.batch.len(), services), (4, vec!["a", "tagged"]), "{rendered}");
    assert!(!rendered.contains("resource_attributes"), "{rendered}");
}

#[test]
fn what_is_not_a_batch_is_refused() {
    let arguments = Value::Struct(vec![(1, batch(vec![span(vec![])]))]);
    let other = oneway(Dialect::Compact, "emitZipkinBatch", &arguments);
    let wrong_list = Value::Struct(vec![(1, process(Vec::new())), (2, Value::List(vec![Value::I64(1)]))]);
    let cases: [(DecodeFn, Vec<u8>, &str); 5] = [
        (emit_batch_compact, other, "not a call of emitBatch"),
        (
            emit_batch_compact,
            oneway(Dialect::Binary, "emitBatch", &arguments),
            "malformed thrift (compact) at byte 1: a message begins",
        ),
        (emit_batch_binary, oneway(Dialect::Compact, "emitBatch", &arguments), "malformed thrift (binary) at byte 4"),
        (batch_binary, wrong_list.write(Dialect::Binary), "a list should hold structs"),
        (post_spans, vec![0x0a, 0x02, 0x0a, 0x05], "malformed protobuf at byte 3 in batch: a length reaches beyond"),
    ];
    for (decode, bytes, expected) in cases {
        let error = decode(&bytes, Tenant::default(), &DecodeOptions::at(NOW)).unwrap_err();
        assert_eq!(error.reason(), Reason::Malformed);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn limits_hold() {
    let limits = Limits { attributes_max: 2, value_bytes_max: 4, events_max: 1, ..Limits::default() };
    let options = DecodeOptions { limits, ..DecodeOptions::at(NOW) };
    let tags = || Value::List(["a", "b", "c", "d"].map(|key| text(key, "größer")).to_vec());
    let logs = Value::List(vec![Value::Struct(vec![(2, tags())]); 3]);
    let references = Value::List(vec![reference(1, 2, 7); 3]);
    let owner = Value::Struct(vec![(1, Value::text("shop")), (2, tags())]);
    let spans = Value::List(vec![span(vec![(6, references), (10, tags()), (11, logs)])]);
    let bytes = Value::Struct(vec![(1, owner), (2, spans)]).write(Dialect::Binary);
    insta::assert_snapshot!(render(&batch_binary(&bytes, Tenant::default(), &options).unwrap().batch));
}

#[test]
fn few_bytes_cannot_stand_for_many_rows() {
    let options = DecodeOptions { expanded_bytes_max: 1024 * 1024, ..DecodeOptions::at(NOW) };
    let refused = |batch: Value| {
        let bytes = Value::Struct(vec![(1, batch)]);
        let error = emit_batch_compact(&oneway(Dialect::Compact, "emitBatch", &bytes), Tenant::default(), &options);
        assert_eq!(error.unwrap_err().reason(), Reason::DecompressedTooLarge);
    };
    refused(batch(vec![span(vec![]); 5000]));
    // A large process, once for every scope.
    let owner = process(vec![text("big", &"x".repeat(10_000))]);
    let scoped = |i: i32| span(vec![(10, Value::List(vec![text("otel.scope.name", &i.to_string())]))]);
    refused(Value::Struct(vec![(1, owner), (2, Value::List((0..200).map(scoped).collect()))]));
    // Empty fields of logs.
    let log = Value::Struct(vec![(2, Value::List(vec![Value::Struct(Vec::new()); 1000]))]);
    refused(batch(vec![span(vec![(11, Value::List(vec![log; 100]))])]));
}

/// Protobuf with one byte of length.
fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(inner.len()).unwrap()], inner].concat()
}

#[test]
fn a_span_may_bring_its_own_process() {
    let ids = |id: u8| [field(1, &[1; 16]), field(2, &[id; 8])].concat();
    let own = [ids(2), field(10, &field(1, b"other"))].concat();
    // Half a trace id, as clients of old write it, and a duration of 1.5 s.
    let short = [field(1, &[1; 8]), field(2, &[3; 8]), field(7, &[0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01])].concat();
    let wrong = [field(1, &[1; 3]), field(2, &[3; 8])].concat();
    let batch = [field(1, &own), field(1, &ids(4)), field(1, &short), field(1, &wrong), field(2, &field(1, b"shop"))].concat();
    let decoded = run(post_spans, &field(1, &batch));
    assert_eq!(decoded.tally.rejected(), [(Reason::InvalidTraceId, 1)]);
    insta::assert_snapshot!(render(&decoded.batch));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_datagrams_never_panic(
        which in 0..16usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let fixtures: Vec<_> = fixtures().into_iter().filter(|f| f.format.name.starts_with("thrift")).collect();
        let fixture = &fixtures[which % fixtures.len()];
        let mut bytes = fixture.bytes.clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for decode in [batch_binary, emit_batch_binary, emit_batch_compact, post_spans] {
            let _ = decode(&bytes, Tenant::default(), &DecodeOptions::at(NOW));
        }
    }
}

/// All intakes, and what they feed.
struct Server {
    http: SocketAddr,
    grpc: SocketAddr,
    compact: SocketAddr,
    binary: SocketAddr,
    sink: Arc<MemorySink>,
    state: ReceiveState,
}

async fn tcp(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(listener, router, std::future::pending()));
    address
}

async fn datagrams(protocol: &'static Protocol, state: &ReceiveState) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(udp::serve(socket, protocol, state.clone(), std::future::pending()));
    address
}

async fn start(config: ReceiveConfig) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    Server {
        http: tcp(jaeger_http::router(state.clone())).await,
        grpc: tcp(jaeger_grpc::router(state.clone())).await,
        compact: datagrams(&COMPACT, &state).await,
        binary: datagrams(&BINARY, &state).await,
        sink,
        state,
    }
}

fn fixture(name: &str) -> Vec<u8> {
    fixtures().into_iter().find(|f| f.name == name).unwrap().bytes
}

/// Sends datagrams and waits until `done` holds.
async fn send(to: SocketAddr, datagrams: &[&[u8]], done: impl Fn() -> bool) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for datagram in datagrams {
        socket.send_to(datagram, to).await.unwrap();
    }
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[tokio::test]
async fn http_takes_what_clients_post() {
    let server = start(ReceiveConfig::default()).await;
    let body = fixture("python_otel_http.traces.thrift");
    for content_type in ["application/x-thrift", "application/vnd.apache.thrift.binary; charset=utf-8"] {
        for encoding in ["identity", "gzip"] {
            let headers = [("content-type", content_type), ("content-encoding", encoding)];
            let answer = http(server.http, "POST", "/api/traces?format=jaeger.thrift", &headers, &pack(encoding, &body)).await;
            assert_eq!((answer.status, answer.text().as_str()), (202, ""));
        }
    }
    assert_eq!(server.sink.rows(), 8);
    let headers = [THRIFT, ("X-Scope-OrgID", "team-a")];
    assert_eq!(http(server.http, "POST", "/api/traces", &headers, &body).await.status, 202);
    assert_eq!(server.sink.batches.lock().unwrap()[4].tenant.as_str(), "team-a");
    let snapshot = server.state.stats.snapshot();
    let counts = snapshot.protocols.iter().find(|p| p.protocol == HTTP.name).unwrap();
    assert_eq!((counts.requests, counts.accepted[0]), (5, (Signal::Spans, 10)));
    assert!(snapshot.refused.is_empty());
}

#[tokio::test]
async fn http_refusals_are_readable() {
    type Case<'a> = (&'a str, &'a str, (&'a str, &'a str), &'a [u8], u16, &'a str, Reason);
    let bodies = BodyLimits { body_bytes_max: 10_000, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let json = ("content-type", "application/json");
    let big = vec![0; 20_000];
    let cases: [Case<'_>; 5] = [
        ("POST", "/api/traces", THRIFT, b"no thrift", 400, "malformed thrift (binary) at byte", Reason::Malformed),
        ("POST", "/api/traces", json, b"{}", 415, "application/x-thrift", Reason::UnsupportedContentType),
        ("POST", "/api/traces", THRIFT, &big, 413, "limit of 10000 bytes", Reason::BodyTooLarge),
        ("GET", "/api/traces", THRIFT, b"", 405, "send POST", Reason::WrongMethod),
        ("POST", "/api/sampling", THRIFT, b"", 404, "POST /api/traces", Reason::WrongPath),
    ];
    for (method, path, header, body, status, message, reason) in cases {
        let answer = http(server.http, method, path, &[header], body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(message), "{}", answer.text());
        let newest = &server.state.stats.snapshot().recent_refusals[0];
        assert_eq!((newest.reason, newest.protocol), (reason, "jaeger_http"));
    }
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(2500) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    let answer = http(server.http, "POST", "/api/traces", &[THRIFT], &fixture("python_otel_http.traces.thrift")).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "3"));
}

#[tokio::test]
async fn grpc_takes_what_exporters_post() {
    let server = start(ReceiveConfig::default()).await;
    let body = fixture("python_otel_grpc.traces.jaeger_protobuf");
    for encoding in [None, Some("gzip")] {
        let answer = grpc(server.grpc, POST_SPANS, encoding, &body).await;
        assert_eq!(answer.status(), "0", "{}", answer.header("grpc-message"));
        assert_eq!(answer.body, [0; 5]);
    }
    assert_eq!(server.sink.rows(), 4);
    assert_eq!(grpc(server.grpc, POST_SPANS, None, b"\xff").await.status(), "3");
    assert_eq!(grpc(server.grpc, "/jaeger.api_v2.SamplingManager/GetSamplingStrategy", None, b"").await.status(), "12");
    let answer = http(server.grpc, "POST", "/api/traces", &[THRIFT], b"x").await;
    assert_eq!((answer.status, answer.text().contains("send application/grpc")), (415, true));
    let snapshot = server.state.stats.snapshot();
    let refused: Vec<_> = snapshot.refused.iter().map(|r| (r.protocol, r.reason)).collect();
    let expected = [Reason::Malformed, Reason::UnsupportedContentType, Reason::WrongPath].map(|reason| (GRPC.name, reason));
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn datagrams_are_taken_and_broken_ones_counted() {
    let server = start(ReceiveConfig::default()).await;
    let (client, otel) = (fixture("python_client.traces.thrift_compact"), fixture("python_otel_udp.traces.thrift_compact"));
    let broken: [&[u8]; 3] = [b"", b"noise", &client[..client.len() / 2]];
    let sink = server.sink.clone();
    send(server.compact, &[broken[0], broken[1], &client, broken[2], &otel], || sink.rows() == 5).await;
    let javascript = fixture("javascript_client.traces.thrift_binary");
    send(server.binary, &[&client, &javascript], || sink.rows() == 8).await;
    let stats = server.state.stats.clone();
    send(server.binary, &[], || stats.snapshot().refused.iter().map(|r| r.requests).sum::<u64>() == 4).await;
    let snapshot = server.state.stats.snapshot();
    let refused: Vec<_> = snapshot.refused.iter().map(|r| (r.protocol, r.signal, r.reason, r.requests)).collect();
    let malformed = |protocol, n| (protocol, Some(Signal::Spans), Reason::Malformed, n);
    assert_eq!(refused, [malformed("jaeger_compact", 3), malformed("jaeger_binary", 1)]);
}

#[tokio::test]
async fn the_largest_datagram_is_taken() {
    let server = start(ReceiveConfig::default()).await;
    let sized = |n: usize| {
        let spans = vec![span(vec![(10, Value::List(vec![text("pad", &"x".repeat(n))]))])];
        oneway(Dialect::Binary, "emitBatch", &Value::Struct(vec![(1, batch(spans))]))
    };
    // 65,507 bytes are what IPv4 lets through.
    let room = 65_507 - sized(0).len();
    let sink = server.sink.clone();
    send(server.binary, &[&sized(room)], || sink.rows() == 1).await;
}

#[tokio::test]
async fn a_full_server_drops_datagrams_and_says_so() {
    let server = start(ReceiveConfig::default()).await;
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_secs(1) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    let client = fixture("python_client.traces.thrift_compact");
    let stats = server.state.stats.clone();
    let count = || stats.snapshot().refused.iter().filter(|r| r.reason == Reason::Busy).map(|r| r.requests).sum::<u64>();
    send(server.compact, &[&client, &client], || count() == 2).await;
    *server.sink.refusal.lock().unwrap() = None;
    let sink = server.sink.clone();
    send(server.compact, &[&client], || sink.rows() == 3).await;
}

#[tokio::test]
async fn where_a_token_is_needed_datagrams_are_refused() {
    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    let server = start(ReceiveConfig { admission, ..ReceiveConfig::default() }).await;
    let stats = server.state.stats.clone();
    let client = fixture("python_client.traces.thrift_compact");
    send(server.compact, &[&client], || stats.snapshot().refused.iter().any(|r| r.reason == Reason::Unauthorized)).await;
    assert_eq!(server.sink.rows(), 0);
}

/// Never answers, as a disk that hangs.
struct Stuck;

#[async_trait::async_trait]
impl luneta_model::Sink for Stuck {
    async fn accept(&self, _: luneta_model::Batch) -> Result<(), SinkError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let stuck = ReceiveState::new(Arc::new(Stuck), ReceiveConfig::default());
    let address = datagrams(&COMPACT, &stuck).await;
    let client = fixture("python_client.traces.thrift_compact");
    let stats = stuck.stats.clone();
    let count = |reason| stats.snapshot().refused.iter().filter(|r| r.reason == reason).map(|r| r.requests).sum::<u64>();
    let requests = || stats.snapshot().protocols.iter().find(|p| p.protocol == COMPACT.name).unwrap().requests;
    for sent in 1..=266 {
        send(address, &[&client], || requests() == sent).await;
    }
    assert_eq!(count(Reason::Busy), 10);
}
