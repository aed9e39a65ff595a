//! The Pushgateway over HTTP, on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use luneta_receive::prometheus::pushgateway::{http::router, run, sample};
use luneta_receive::{PushgatewayConfig, Reason, ReceiveConfig, ReceiveState, listen};
use support::families::{self, delimited};
use support::wire::{Answer, http};
use support::{MemorySink, NOW, render};
use tokio::net::TcpListener;

const BODY: &[u8] = b"# HELP jobs Jobs done.\n# TYPE jobs counter\njobs{kind=\"a\"} 3\njobs{kind=\"b\",job=\"ignored\"} 4\n\
                      # TYPE seconds histogram\nseconds_bucket{le=\"1\"} 1\nseconds_bucket{le=\"+Inf\"} 2\nseconds_sum 3.5\n\
                      seconds_count 2\n";

struct Gateway {
    address: SocketAddr,
    sink: Arc<MemorySink>,
    state: ReceiveState,
}

async fn start(pushgateway: PushgatewayConfig) -> Gateway {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), ReceiveConfig { pushgateway, clock: || NOW, ..ReceiveConfig::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(listener, router(state.clone()), std::future::pending()));
    Gateway { address, sink, state }
}

impl Gateway {
    async fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        http(self.address, method, path, &[("content-type", "text/plain; version=0.0.4")], body).await
    }

    async fn text(&self) -> String {
        self.send("GET", "/metrics", b"").await.text()
    }

    /// Names, labels and values of the next sample, sorted.
    async fn sampled(&self) -> Vec<String> {
        self.sink.batches.lock().unwrap().clear();
        sample(&self.state).await;
        let mut out = Vec::new();
        for batch in self.sink.batches.lock().unwrap().iter() {
            let (mut row, mut flags) = (String::new(), "");
            for line in render(batch).lines() {
                match line.trim().split_once(" = ") {
                    Some(("metric_name", name)) => name.clone_into(&mut row),
                    Some(("flags", "1")) => flags = " stale",
                    Some(("value_double", value)) => {
                        out.push(format!("{row} {value}{flags}"));
                        flags = "";
                    }
                    _ => {}
                }
            }
        }
        out.sort();
        out
    }
}

#[tokio::test]
async fn pushes_are_kept_told_and_sampled() {
    let gateway = start(PushgatewayConfig::default()).await;
    for path in ["/metrics/job/nightly", "/pushgateway/metrics/job/nightly/instance@base64/aS8x"] {
        let answer = gateway.send("PUT", path, BODY).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
    }
    let text = gateway.text().await;
    for line in [
        "# HELP jobs Jobs done.",
        "# TYPE jobs counter",
        "jobs{instance=\"\",job=\"nightly\",kind=\"a\"} 3",
        "jobs{instance=\"i/1\",job=\"nightly\",kind=\"b\"} 4",
        "seconds_bucket{instance=\"\",job=\"nightly\",le=\"+Inf\"} 2",
        "push_time_seconds{instance=\"\",job=\"nightly\"} 1800000000",
        "push_failure_time_seconds{instance=\"i/1\",job=\"nightly\"} 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let sampled = gateway.sampled().await;
    let one = ["jobs 3.0", "jobs 4.0", "push_failure_time_seconds 0.0", "push_time_seconds 1800000000.0"];
    let two = ["seconds_bucket 1.0", "seconds_bucket 2.0", "seconds_count 2.0", "seconds_sum 3.5"];
    let expected: Vec<_> = one.iter().chain(&two).flat_map(|row| [*row, *row]).collect();
    assert_eq!(sampled, expected);
    let rendered = render(&gateway.sink.batches.lock().unwrap()[0]);
    assert!(rendered.contains("service_name = nightly") && rendered.contains("service.instance.id = i/1"));
    assert_eq!(rendered.matches("type = sum").count(), 12);
}

#[tokio::test]
async fn groups_are_told_as_json() {
    let gateway = start(PushgatewayConfig::default()).await;
    gateway.send("PUT", "/metrics/job/nightly", BODY).await;
    let answer = gateway.send("GET", "/api/v1/metrics", b"").await.json();
    assert_eq!(answer["status"], "success");
    let group = &answer["data"][0];
    assert_eq!(group["labels"], serde_json::json!({ "job": "nightly" }));
    assert_eq!(group["last_push_successful"], true);
    assert_eq!(group["jobs"]["type"], "COUNTER");
    assert_eq!(group["jobs"]["time_stamp"], "2027-01-15T08:00:00+00:00");
    assert_eq!(group["jobs"]["metrics"][0], serde_json::json!({ "labels": { "job": "nightly", "kind": "a" }, "value": "3" }));
    let histogram = serde_json::json!({
        "labels": { "job": "nightly" }, "buckets": { "1.0": "1", "+Inf": "2" }, "count": "2", "sum": "3.5"
    });
    assert_eq!(group["seconds"]["metrics"][0], histogram);
}

#[tokio::test]
async fn put_replaces_post_merges_and_delete_ends() {
    let gateway = start(PushgatewayConfig::default()).await;
    let path = "/metrics/job/nightly";
    gateway.send("PUT", path, b"a 1\nb{x=\"1\"} 2\nb{x=\"2\"} 3\n").await;
    gateway.sampled().await;
    gateway.send("POST", path, b"b{x=\"1\"} 4\nc 5\n").await;
    let times = ["push_failure_time_seconds 0.0", "push_time_seconds 1800000000.0"];
    let rows = |rows: &[&str]| {
        let mut all: Vec<String> = rows.iter().chain(&times).map(ToString::to_string).collect();
        all.sort();
        all
    };
    assert_eq!(gateway.sampled().await, rows(&["a 1.0", "b 4.0", "b NaN stale", "c 5.0"]));
    assert_eq!(gateway.sampled().await, rows(&["a 1.0", "b 4.0", "c 5.0"]));
    gateway.send("PUT", path, b"a 6\n").await;
    assert_eq!(gateway.sampled().await, rows(&["a 6.0", "b NaN stale", "c NaN stale"]));
    assert_eq!(gateway.send("DELETE", path, b"").await.status, 202);
    let ended = ["a NaN stale", "push_failure_time_seconds NaN stale", "push_time_seconds NaN stale"];
    assert_eq!(gateway.sampled().await, ended);
    assert!(gateway.sampled().await.is_empty());
    assert_eq!(gateway.send("DELETE", path, b"").await.status, 202);
}

#[tokio::test]
async fn native_histograms_and_exemplars_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("pushgateway.json"));
    let config = PushgatewayConfig { file, interval: Duration::from_hours(1), ..PushgatewayConfig::default() };
    let proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let gateway = start(config.clone()).await;
    let body = delimited(&[families::native(), families::fractions()]);
    let answer = http(gateway.address, "PUT", "/metrics/job/x", &[("content-type", proto)], &body).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    let text = gateway.text().await;
    for line in [
        "cook_seconds_bucket{instance=\"\",dish=\"soup\",job=\"x\",le=\"2.5\"} 9",
        "cook_seconds_count{instance=\"\",dish=\"soup\",job=\"x\"} 12",
        // It has no classic part of its own.
        "stir_rate_bucket{instance=\"\",job=\"x\",le=\"+Inf\"} 1.75",
        "stir_rate_sum{instance=\"\",job=\"x\"} 2.5",
        "stir_rate_count{instance=\"\",job=\"x\"} 1.75",
    ] {
        assert_eq!(text.lines().filter(|l| *l == line).count(), 1, "{line}\n{text}");
    }
    let native =
        ["scale = 3", "positive_counts = [1, 2, 0, 0, 0, 1, 5]", "positive_counts_double = [1.0, 0.5]", "count_double = 1.75"];
    let exemplars = ["value: 1.5", "value: 1.25"];
    let sampled = async |gateway: &Gateway| {
        gateway.sink.batches.lock().unwrap().clear();
        sample(&gateway.state).await;
        render(&gateway.sink.batches.lock().unwrap()[0])
    };
    let first = sampled(&gateway).await;
    assert!(native.iter().chain(&exemplars).all(|text| first.contains(text)), "{first}");
    let second = sampled(&gateway).await;
    assert!(native.iter().all(|text| second.contains(text)), "{second}");
    assert!(!exemplars.iter().any(|text| second.contains(text)), "stored once: {second}");
    run(gateway.state.clone(), std::future::ready(())).await;
    let again = start(config).await;
    run(again.state.clone(), std::future::ready(())).await;
    let third = sampled(&again).await;
    assert!(native.iter().all(|text| third.contains(text)), "{third}");
    assert_eq!(again.text().await, text);
    let mut broken = families::fractions();
    broken.metric[0].histogram.as_mut().unwrap().schema = Some(20);
    let answer = http(again.address, "PUT", "/metrics/job/x", &[("content-type", proto)], &delimited(&[broken])).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("`stir_rate` is refused: the schema 20"), "{}", answer.text());
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_noted() {
    let gateway = start(PushgatewayConfig::default()).await;
    gateway.send("PUT", "/metrics/job/other", b"# TYPE shared gauge\nshared 1\n").await;
    let cases: [(&str, &str, &[u8], u16, &str); 9] = [
        ("PUT", "/metrics/job/x", b"a{ 1\n", 400, "the body cannot be read: line 1"),
        ("PUT", "/metrics/job/x", b"a 1 1700000000000\n", 400, "`a` has a time"),
        ("PUT", "/metrics/job/x", b"a{job=\"1\"} 1\na{job=\"2\"} 1\n", 400, "`a` is there twice"),
        ("PUT", "/metrics/job/x", b"push_time_seconds 1\n", 400, "a name that the gateway gives itself"),
        ("POST", "/metrics/job/x", b"# TYPE shared counter\nshared 1\n", 400, "pushed as counter and known as gauge"),
        ("PUT", "/metrics/job", b"a 1\n", 400, "the label `job` has no value"),
        ("PUT", "/metrics/job/x/y", b"a 1\n", 400, "the label `y` has no value"),
        ("PATCH", "/metrics/job/x", b"", 405, "PATCH"),
        ("PUT", "/metric/job/x", b"a 1\n", 404, ""),
    ];
    for (method, path, body, status, message) in cases {
        let answer = gateway.send(method, path, body).await;
        assert_eq!(answer.status, status, "{path} {}", answer.text());
        assert!(answer.text().contains(message), "{}", answer.text());
    }
    assert!(gateway.text().await.contains("push_failure_time_seconds{instance=\"\",job=\"x\"} 1800000000"));
    assert_eq!(gateway.state.stats.snapshot().recent_refusals.last().unwrap().reason, Reason::Malformed);
    let headers = [("content-type", "application/json")];
    assert_eq!(http(gateway.address, "PUT", "/metrics/job/x", &headers, b"{}").await.status, 415);
}

#[tokio::test]
async fn groups_and_bytes_are_bounded() {
    let gateway = start(PushgatewayConfig { groups_max: 2, bytes_max: 4000, ..PushgatewayConfig::default() }).await;
    for (path, status) in [("/metrics/job/a", 200), ("/metrics/job/b", 200), ("/metrics/job/c", 413), ("/metrics/job/a", 200)] {
        assert_eq!(gateway.send("PUT", path, b"m 1\n").await.status, status, "{path}");
    }
    let many: Vec<_> = (0..20).map(|i| format!("m{{i=\"{i}\"}} 1\n")).collect();
    let answer = gateway.send("PUT", "/metrics/job/a", many.concat().as_bytes()).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("delete groups"), "{}", answer.text());
    // What was there before stays.
    assert!(gateway.text().await.contains("m{instance=\"\",job=\"a\"} 1"));
}

#[tokio::test]
async fn groups_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let interval = Duration::from_millis(10);
    let config =
        PushgatewayConfig { file: Some(folder.path().join("pushgateway.json")), interval, ..PushgatewayConfig::default() };
    let told = {
        let gateway = start(config.clone()).await;
        gateway.send("PUT", "/metrics/job/a/x/%C3%A4", b"m 1\nnan NaN\ninf{l=\"\\\"\"} -Inf\n").await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(run(gateway.state.clone(), async {
            let _ = stopped.await;
        }));
        stop.send(()).unwrap();
        running.await.unwrap();
        gateway.text().await
    };
    assert!(told.contains("inf{instance=\"\",job=\"a\",l=\"\\\"\",x=\"ä\"} -Inf"), "{told}");
    let gateway = start(config).await;
    let running = tokio::spawn(run(gateway.state.clone(), std::future::pending()));
    for _ in 0..500 {
        if gateway.sink.rows() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.abort();
    assert_eq!(gateway.text().await, told);
}
