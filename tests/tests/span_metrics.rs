//! What is counted of spans, asked as Tempo's metrics through Prometheus's API, from memory and from files.

use luneta_tests::send::{Export, percent_encoded, span, spans};
use luneta_tests::{Options, Server};
use serde_json::{Value, json};

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
/// Noon of 2026-01-15, in seconds.
const NOON: u64 = 1_768_478_400;
const MILLISECOND: u64 = 1_000_000;

/// A span that starts some seconds after noon.
fn part(id: u64, parent: u64, kind: i32, name: &str, seconds: u64, milliseconds: u64, failed: bool) -> span::Span {
    let start = (NOON + seconds) * 1_000_000_000;
    span::Span {
        trace_id: vec![9; 16],
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() },
        name: name.into(),
        kind,
        start_time_unix_nano: start,
        end_time_unix_nano: start + milliseconds * MILLISECOND,
        status: failed.then(|| span::Status { code: 2, ..Default::default() }),
        ..Default::default()
    }
}

fn calls() -> Vec<Export> {
    vec![
        spans(
            "spam",
            vec![
                part(1, 0, SERVER, "GET /", 1, 5, false),
                part(2, 1, CLIENT, "GET", 2, 4, false),
                part(3, 0, SERVER, "GET /", 20, 5, true),
                part(4, 0, SERVER, "GET /", 61, 30_000, false),
                part(5, 4, CLIENT, "GET", 62, 40, true),
            ],
        ),
        spans("eggs", vec![part(6, 2, SERVER, "take", 2, 3, false), part(7, 5, SERVER, "take", 62, 30, true)]),
    ]
}

/// The answer of an instant query: labels without the name, and the value.
fn ask(server: &Server, query: &str, seconds: u64) -> Vec<(Value, String)> {
    let path = format!("/api/v1/query?query={}&time={}", percent_encoded(query), NOON + seconds);
    let answer = server.get(&path).json();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    let mut found: Vec<(Value, String)> = answer["data"]["result"]
        .as_array()
        .unwrap_or_else(|| panic!("{query}: {answer}"))
        .iter()
        .map(|sample| {
            let mut labels = sample["metric"].clone();
            labels.as_object_mut().unwrap().remove("__name__");
            (labels, sample["value"][1].as_str().unwrap().to_owned())
        })
        .collect();
    found.sort_by_key(|(labels, _)| labels.to_string());
    found
}

/// A query, the seconds after noon, and its samples.
type Case = (String, u64, Vec<(Value, &'static str)>);

fn check(server: &Server) {
    let spam = r#"service="spam", span_kind="SPAN_KIND_SERVER""#;
    let both = json!({"client": "spam", "server": "eggs"});
    let cases: Vec<Case> = vec![
        // Nothing before the first minute is over but that there was nothing.
        (format!("sum(traces_spanmetrics_calls_total{{{spam}}})"), 30, vec![(json!({}), "0")]),
        (
            format!("traces_spanmetrics_calls_total{{{spam}}}"),
            60,
            ["ERROR", "UNSET"]
                .map(|status| {
                    let status = format!("STATUS_CODE_{status}");
                    let labels = json!({
                        "service": "spam", "span_name": "GET /", "span_kind": "SPAN_KIND_SERVER", "status_code": status,
                    });
                    (labels, "1")
                })
                .into(),
        ),
        (format!("sum(traces_spanmetrics_calls_total{{{spam}}})"), 600, vec![(json!({}), "3")]),
        // A quarter of an hour later the series have ended.
        (format!("sum(traces_spanmetrics_calls_total{{{spam}}})"), 1200, vec![]),
        (
            format!(
                "sum by (le) (traces_spanmetrics_latency_bucket{{{spam}, le=~\"0.004194304|0.008388608|17.179869184|.Inf\"}})"
            ),
            120,
            vec![
                (json!({"le": "+Inf"}), "3"),
                (json!({"le": "0.004194304"}), "0"),
                (json!({"le": "0.008388608"}), "2"),
                (json!({"le": "17.179869184"}), "2"),
            ],
        ),
        (format!("round(sum(traces_spanmetrics_latency_sum{{{spam}}}), 0.001)"), 120, vec![(json!({}), "30.01")]),
        (format!("sum(traces_spanmetrics_latency_count{{{spam}}})"), 120, vec![(json!({}), "3")]),
        ("traces_service_graph_request_total".into(), 120, vec![(both.clone(), "2")]),
        ("traces_service_graph_request_failed_total".into(), 120, vec![(both.clone(), "1")]),
        ("traces_service_graph_request_client_seconds_sum".into(), 120, vec![(both.clone(), "0.044")]),
        ("traces_service_graph_request_server_seconds_sum".into(), 120, vec![(both.clone(), "0.033")]),
        ("traces_service_graph_request_server_seconds_count".into(), 120, vec![(both, "2")]),
        // What Grafana asks for its service graph.
        (
            "group by (client, connection_type, server) (rate(traces_service_graph_request_total[5m]))".into(),
            180,
            vec![(json!({"client": "spam", "server": "eggs"}), "1")],
        ),
        ("count({__name__=~\"traces_.*\", client=\"spam\"})".into(), 120, vec![(json!({}), "36")]),
    ];
    for (query, seconds, expected) in cases {
        let expected: Vec<(Value, String)> = expected.into_iter().map(|(labels, value)| (labels, value.to_owned())).collect();
        assert_eq!(ask(server, &query, seconds), expected, "{query}");
    }
    let range = format!("start={}&end={}", NOON, NOON + 600);
    let names = server.get(&format!("/api/v1/label/__name__/values?{range}")).json();
    let name = json!("traces_spanmetrics_latency_bucket");
    assert!(names["data"].as_array().unwrap().contains(&name), "{names}");
    for range in [range.as_str(), ""] {
        let services = server.get(&format!("/api/v1/label/service/values?{range}")).json();
        assert_eq!(services["data"], json!(["eggs", "spam"]), "{range}");
    }
}

#[test]
fn from_memory_and_from_files() {
    let mut server = Server::start(Options::any_time());
    for export in calls() {
        export.accepted(&server);
    }
    check(&server);
    // Spans that come late count from their own minute on.
    server.cycle();
    check(&server);
    spans("spam", vec![part(8, 0, SERVER, "GET /", 3, 5, false)]).accepted(&server);
    assert_eq!(ask(&server, "sum(traces_spanmetrics_calls_total{service=\"spam\", span_name=\"GET /\"})", 60)[0].1, "3");
    server.kill9();
    server.restart();
    assert_eq!(ask(&server, "sum(traces_spanmetrics_calls_total{service=\"spam\", span_name=\"GET /\"})", 600)[0].1, "4");
}
