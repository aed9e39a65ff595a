//! Remote write over HTTP, on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use luneta_model::{Batch, Signal, SinkError};
use luneta_receive::{BodyLimits, PrometheusConfig, Reason, ReceiveConfig, ReceiveState, listen, prometheus_router};
use prost::Message as _;
use support::remote_write::{Series, small_histogram, to_v1, to_v2, v1};
use support::wire::{Answer, http, pack};
use support::{MemorySink, render};
use tokio::net::TcpListener;

const T: i64 = 1_790_000_000_000;
const PATH: &str = "/api/v1/write";
const NPM_CLIENT: &[u8] = include_bytes!("../src/prometheus/fixtures/npm_client.metrics.remote_write_v1");
const V1: &[(&str, &str)] =
    &[("content-type", "application/x-protobuf"), ("content-encoding", "snappy"), ("x-prometheus-remote-write-version", "0.1.0")];
const V2: &[(&str, &str)] =
    &[("content-type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"), ("content-encoding", "snappy")];
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
    tokio::spawn(listen::serve(listener, prometheus_router(state.clone()), std::future::pending()));
    Server { address, sink, state }
}

fn snappy(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(message).unwrap()
}

fn sample(name: &str, time: i64, value: f64) -> Series {
    Series::new(&[("__name__", name), ("job", "shop")], &[(time, value)])
}

impl Server {
    async fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        http(self.address, "POST", PATH, headers, body).await
    }

    async fn first(&self, series: &[Series]) -> Answer {
        self.post(V1, &snappy(&to_v1(series).encode_to_vec())).await
    }

    async fn second(&self, series: &[Series]) -> Answer {
        self.post(V2, &snappy(&to_v2(series).encode_to_vec())).await
    }

    fn newest(&self) -> Batch {
        self.sink.batches.lock().unwrap().last().unwrap().clone()
    }
}

fn written(answer: &Answer) -> [&str; 3] {
    ["samples", "histograms", "exemplars"].map(|what| {
        let name = format!("x-prometheus-remote-write-{what}-written");
        answer.headers.get(&name).map_or("", String::as_str)
    })
}

#[tokio::test]
async fn real_requests_are_taken() {
    let server = start(ReceiveConfig::default()).await;
    // The client packs its body and does not say so.
    let answer = server.post(&[("content-type", "application/x-protobuf")], NPM_CLIENT).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(server.sink.rows(), 5);
    let counts = server.state.stats.snapshot().protocols.into_iter().find(|p| p.protocol == "prometheus").unwrap();
    assert_eq!((counts.requests, counts.accepted[2]), (1, (Signal::Metrics, 5)));
}

#[tokio::test]
async fn both_paths_and_all_encodings_are_taken() {
    let server = start(ReceiveConfig::default()).await;
    let mut time = T;
    for path in [PATH, "/prometheus/api/v1/write"] {
        for encoding in ["snappy", "gzip", "deflate", "zstd", "identity"] {
            time += 1;
            let message = to_v1(&[sample("m", time, 1.0)]).encode_to_vec();
            let body = if encoding == "snappy" { snappy(&message) } else { pack(encoding, &message) };
            let headers =
                [("content-type", "application/x-protobuf;proto=prometheus.WriteRequest"), ("content-encoding", encoding)];
            let answer = http(server.address, "POST", path, &headers, &body).await;
            assert_eq!(answer.status, 204, "{path} {encoding} {}", answer.text());
        }
    }
    assert_eq!(server.sink.rows(), 10);
}

#[tokio::test]
async fn the_second_version_tells_what_was_written() {
    let server = start(ReceiveConfig::default()).await;
    let series = [
        Series::new(&[("__name__", "a")], &[(T, 1.0), (T + 1, 2.0)]).with_exemplar(&[("trace_id", "x")], 1.0, T),
        Series::histogram(&[("__name__", "h")], small_histogram(T)),
    ];
    let answer = server.second(&series).await;
    assert_eq!((answer.status, written(&answer)), (204, ["2", "1", "1"]));
    assert_eq!(written(&server.second(&[]).await), ["0", "0", "0"]);
    assert_eq!(written(&server.first(&series).await), ["", "", ""]);
    // A message of the first version under the name of the second is an empty one.
    let answer = server.post(V2, &snappy(&to_v1(&series).encode_to_vec())).await;
    assert_eq!((answer.status, written(&answer)), (204, ["0", "0", "0"]));
}

#[tokio::test]
async fn what_is_sent_again_is_not_stored_again() {
    let server = start(ReceiveConfig::default()).await;
    let series = [sample("a", T, 1.0), Series::histogram(&[("__name__", "h")], small_histogram(T))];
    for _ in 0..3 {
        assert_eq!(server.first(&series).await.status, 204);
    }
    assert_eq!(server.sink.rows(), 2);
    let answer = server.second(&series).await;
    assert_eq!((answer.status, written(&answer)), (204, ["1", "1", "0"]));
    assert_eq!(server.sink.rows(), 2);
    // Older ones are not looked up.
    assert_eq!(server.first(&[sample("a", T - 1, 7.0)]).await.status, 204);
    assert_eq!(server.first(&[sample("a", T, 1.0)]).await.status, 204);
    assert_eq!(server.sink.rows(), 3);
    // Other tenants have series of their own.
    let mut headers = V1.to_vec();
    headers.push(("x-scope-orgid", "other"));
    let answer = server.post(&headers, &snappy(&to_v1(&[sample("a", T, 5.0)]).encode_to_vec())).await;
    assert_eq!((answer.status, server.sink.rows()), (204, 4));
}

#[tokio::test]
async fn another_value_at_the_same_time_is_refused_alone() {
    let server = start(ReceiveConfig::default()).await;
    assert_eq!(server.first(&[sample("a", T, 1.0)]).await.status, 204);
    let series = [sample("a", T, 2.0), sample("b", T, 1.0), Series::new(&[("x", "1")], &[(T, 1.0), (T + 1, 1.0)])];
    let message = "3 samples of 2 series refused, all else was kept; \
                   a{job=\"shop\"}: there is another value at 1790000000000 ms already; \
                   {x=\"1\"}: the label `__name__` is missing";
    let answer = server.first(&series).await;
    assert_eq!((answer.status, answer.text().as_str(), server.sink.rows()), (400, message, 2));
    assert!(!answer.headers.contains_key("retry-after"));
    let answer = server.second(&series).await;
    assert_eq!((answer.status, answer.text().as_str(), written(&answer)), (400, message, ["1", "0", "0"]));
    let refused = server.state.stats.snapshot().refused;
    let counts: Vec<_> = refused.iter().map(|r| (r.reason, r.items, r.requests)).collect();
    assert_eq!(counts, [(Reason::InvalidLabels, 4, 0), (Reason::ConflictingSample, 2, 0)]);
}

#[tokio::test]
async fn long_lists_of_faults_are_cut() {
    let server = start(ReceiveConfig::default()).await;
    let value = "y".repeat(10_000);
    let series: Vec<_> = (0..50).map(|_| Series::new(&[("job", &value)], &[(T, 1.0)])).collect();
    let answer = server.first(&series).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().starts_with("50 samples of 50 series refused") && answer.text().ends_with("; …"));
    assert!(answer.text().len() < 3000, "{}", answer.text().len());
}

#[tokio::test]
async fn what_was_not_stored_may_be_sent_again() {
    let server = start(ReceiveConfig::default()).await;
    let retry_after = Duration::from_millis(1500);
    for (error, status) in [
        (SinkError::Busy { reason: "full".into(), retry_after }, 429),
        (SinkError::Unavailable { reason: "no disk".into(), retry_after }, 503),
    ] {
        *server.sink.refusal.lock().unwrap() = Some(error);
        let answer = server.first(&[sample("a", T, 1.0)]).await;
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (status, "2"));
    }
    *server.sink.refusal.lock().unwrap() = None;
    assert_eq!(server.first(&[sample("a", T, 1.0)]).await.status, 204);
    assert_eq!(server.sink.rows(), 1);
}

#[tokio::test]
async fn metadata_is_given_to_later_samples() {
    let server = start(ReceiveConfig::default()).await;
    let metadata = |name: &str, kind| v1::Metadata {
        kind,
        metric_family_name: name.to_owned(),
        help: "Helps.".to_owned(),
        unit: "seconds".to_owned(),
    };
    let told = v1::WriteRequest { timeseries: vec![], metadata: vec![metadata("requests", 1), metadata("latency", 3)] };
    assert_eq!(server.post(V1, &snappy(&told.encode_to_vec())).await.status, 204);
    assert_eq!(server.sink.rows(), 0);
    let series =
        [sample("requests_total", T, 1.0), sample("latency_bucket", T, 1.0), sample("latency", T, 1.0), sample("other", T, 1.0)];
    server.first(&series).await;
    let rendered = render(&server.newest());
    let kinds: Vec<&str> = rendered.lines().filter_map(|line| line.strip_prefix("  type = ")).collect();
    assert_eq!(kinds, ["sum", "sum", "gauge", "gauge"]);
    assert_eq!(rendered.matches("description = Helps.").count(), 3);
    assert_eq!(rendered.matches("unit = seconds").count(), 3);
    assert_eq!(rendered.matches(r#"metadata = {"prometheus.type":"histogram"}"#).count(), 2);
}

#[tokio::test]
async fn memory_of_samples_can_be_switched_off() {
    let prometheus = PrometheusConfig { last_samples_max: 0, ..PrometheusConfig::default() };
    let server = start(ReceiveConfig { prometheus, ..ReceiveConfig::default() }).await;
    for value in [1.0, 1.0, 2.0] {
        assert_eq!(server.first(&[sample("a", T, value)]).await.status, 204);
    }
    assert_eq!(server.sink.rows(), 3);
}

#[tokio::test]
async fn refusals_are_final_and_readable() {
    let server = start(ReceiveConfig::default()).await;
    let cases: [(&str, &str, Headers, u16, &str, Reason); 9] = [
        ("POST", PATH, V1, 400, "the snappy body cannot be unpacked", Reason::Malformed),
        ("POST", PATH, &[("content-encoding", "identity")], 400, "malformed protobuf", Reason::Malformed),
        ("POST", PATH, &[("content-type", "application/json")], 415, "WriteRequest", Reason::UnsupportedContentType),
        (
            "POST",
            PATH,
            &[("content-type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")],
            415,
            "io.prometheus.write.v2.Request",
            Reason::UnsupportedContentType,
        ),
        (
            "POST",
            PATH,
            &[("content-type", "text/plain;proto=io.prometheus.write.v2.Request")],
            415,
            "text/plain",
            Reason::UnsupportedContentType,
        ),
        ("POST", PATH, &[("content-encoding", "br")], 415, "`br`", Reason::UnsupportedEncoding),
        ("POST", PATH, &[("x-scope-orgid", "a/b")], 400, "X-Scope-OrgID", Reason::InvalidTenant),
        ("GET", PATH, &[], 405, "send POST", Reason::WrongMethod),
        ("POST", "/api/v1/wrote", &[], 404, "/api/v1/write", Reason::WrongPath),
    ];
    for (method, path, headers, status, message, reason) in cases {
        let answer = http(server.address, method, path, headers, b"no telemetry").await;
        assert_eq!(answer.status, status, "{path} {}", answer.text());
        assert!(answer.text().contains(message), "{}", answer.text());
        assert!(!answer.headers.contains_key("retry-after"));
        let newest = &server.state.stats.snapshot().recent_refusals[0];
        assert_eq!((newest.reason, newest.protocol), (reason, "prometheus"));
    }
}

#[tokio::test]
async fn bombs_are_found_before_memory_is_spent() {
    let bodies = BodyLimits { decompressed_bytes_max: 8 * MIB, body_bytes_max: 2 * MIB, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let zeros = snappy(&vec![0; 9 * MIB]);
    assert!(zeros.len() < MIB);
    let cases: [(&[u8], u16, &str); 6] = [
        (&zeros, 413, "the unpacked body is over the limit of 8388608 bytes"),
        // Four gibibytes, announced in five bytes.
        (b"\xff\xff\xff\xff\x0f", 400, "it announces more than it can hold"),
        (b"\xff\xff\x3f\x00a", 400, "it announces more than it can hold"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0f", 400, "the snappy body cannot be unpacked"),
        (b"\xff\x06\x00\x00sNaPpY\x00", 400, "it has frames; send the block format"),
        (&vec![0; 3 * MIB], 413, "the body is over the limit of 2097152 bytes"),
    ];
    for (body, status, message) in cases {
        let answer = server.post(V1, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(message), "{}", answer.text());
    }
    assert_eq!(server.sink.rows(), 0);
}

#[tokio::test]
async fn too_many_bytes_in_flight_are_told_to_come_back() {
    let bodies = BodyLimits { body_bytes_max: MIB, decompressed_bytes_max: MIB, in_flight_bytes_max: 0, ..BodyLimits::default() };
    let server = start(ReceiveConfig { bodies, ..ReceiveConfig::default() }).await;
    let before = server.state.free_bytes();
    // A request that never ends holds what it announced.
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let head = format!("POST {PATH} HTTP/1.1\r\nhost: t\r\ncontent-length: {MIB}\r\n\r\nx");
        tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for _ in 0..200 {
        if server.state.free_bytes() < before - MIB {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let message = vec![7; MIB - 8];
    let answer = server.post(V1, &message).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "1"), "{}", answer.text());
}

/// Every stored point with its origin, its lines in order; points are in no order.
fn points(server: &Server) -> Vec<String> {
    let mut out = Vec::new();
    for batch in server.sink.batches.lock().unwrap().iter().map(|batch| batch.listed().unwrap()) {
        let origins = batch.rows.column(0).as_primitive::<arrow::datatypes::UInt32Type>();
        for row in 0..batch.len() {
            let origin = batch.origins.slice(origins.value(row) as usize, 1);
            let one = Batch { rows: batch.rows.slice(row, 1), origins: origin, ..batch.clone() };
            let text = render(&one);
            // An empty list is no list, and numbers of origins are no content.
            let is_content = |line: &&str| ["origin =", "fingerprint =", "exemplars = []"].iter().all(|no| !line.contains(no));
            let mut lines: Vec<&str> = text.lines().filter(is_content).collect();
            lines.sort_unstable();
            out.push(format!("{} {}", batch.tenant, lines.join("\n")));
        }
    }
    out.sort();
    out
}

#[tokio::test]
async fn known_series_are_stored_as_all_others() {
    let knowing = start(ReceiveConfig::default()).await;
    let prometheus = PrometheusConfig { told_series_max: 0, ..PrometheusConfig::default() };
    let reading = start(ReceiveConfig { prometheus, ..ReceiveConfig::default() }).await;
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let named = |name: &str, more: &[(&str, &str)], samples: &[(i64, f64)]| {
        let mut labels = vec![("__name__", name), ("instance", "i:1"), ("job", "shop")];
        labels.extend_from_slice(more);
        Series::new(&labels, samples)
    };
    let mut told = 0;
    for round in 0..6 {
        let t = T + 1000 * round;
        let mut series = vec![
            named("up", &[], &[(t, 1.0)]),
            named("requests_total", &[("path", "/a")], &[(t, round as f64), (t + 1, round as f64 + 0.5)]),
            named("requests_total", &[("path", "/b")], &[(t, if round == 3 { stale } else { 2.0 })]),
            // Another order of the same labels, and an empty one.
            Series::new(&[("path", "/a"), ("job", "shop"), ("__name__", "unsorted"), ("empty", "")], &[(t, 5.0)]),
            // Sent twice in one request, and again in the next.
            named("twice", &[], &[(t, 1.0)]),
            named("twice", &[], &[(t, 1.0), (t - 1000, 1.0)]),
            Series::histogram(&[("__name__", "native"), ("job", "shop")], small_histogram(t)),
            named("mixed", &[], &[(t, 7.0)]).with_exemplar(&[("trace_id", "x")], 1.0, t),
        ];
        if round == 4 {
            series.push(named("up", &[], &[(t, 9.0)]));
            series.push(named("new", &[], &[(t, 9.0)]));
        }
        let mut request = to_v1(&series);
        if round == 2 {
            let metric_family_name = "requests".to_owned();
            request.metadata = vec![v1::Metadata { kind: 1, metric_family_name, help: "Helps.".into(), unit: String::new() }];
        }
        let body = snappy(&request.encode_to_vec());
        for tenant in ["default", "other"] {
            let mut headers = V1.to_vec();
            headers.push(("x-scope-orgid", tenant));
            let (a, b) = (knowing.post(&headers, &body).await, reading.post(&headers, &body).await);
            assert_eq!((a.status, a.text()), (b.status, b.text()), "round {round}");
            assert_eq!(a.status, if round == 4 { 400 } else { 204 });
        }
        told = knowing.sink.batches.lock().unwrap().iter().filter(|batch| batch.told.is_some()).map(Batch::len).sum();
        assert_eq!(told > 0, round > 0, "round {round}");
    }
    let (known, read) = (points(&knowing), points(&reading));
    assert_eq!(known.len(), read.len());
    for (known, read) in known.iter().zip(&read) {
        assert_eq!(known, read);
    }
    assert_eq!(knowing.state.stats.snapshot().refused, reading.state.stats.snapshot().refused);
    assert!(told > known.len() / 3, "{told} of {}", known.len());
}
