//! Prometheus's API: what came in by OTLP is asked for as Prometheus's clients ask.
//!
//! Forms of whole answers are in `golden/prometheus`; they are those of Prometheus's page "HTTP API".

use std::process::Command;

use luneta_tests::send::metric::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
    exemplar, exponential_histogram_data_point, metric, number_data_point,
};
use luneta_tests::send::{Export, attribute, gauge, metric_list, now, percent_encoded, text};
use luneta_tests::{Options, Reply, Server, clients, golden};
use serde_json::{Value, json};

/// 2026-01-02T03:04:00Z, in seconds.
const START: u64 = 1_767_323_040;
const SECOND: u64 = 1_000_000_000;
/// OTLP's cumulative temporality.
const CUMULATIVE: i32 = 2;

/// A counter, a histogram with an exemplar, an exponential histogram and a gauge: a point every 15 s, five
/// minutes long.
fn shop(start: u64) -> Export {
    let times = || (0..20).map(move |n| (n, (start + n * 15) * SECOND));
    let number = |route: &str, value: f64, time: u64| NumberDataPoint {
        attributes: vec![attribute("http.route", text(route))],
        start_time_unix_nano: start * SECOND,
        time_unix_nano: time,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..Default::default()
    };
    let counted = times().flat_map(|(n, time)| [number("/cart", n as f64 * 3.0, time), number("/", n as f64 * 1.5, time)]);
    let requests = Sum { data_points: counted.collect(), aggregation_temporality: CUMULATIVE, is_monotonic: true };
    let seen = Exemplar {
        time_unix_nano: (start + 60) * SECOND + 250_000_000,
        value: Some(exemplar::Value::AsDouble(0.75)),
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        filtered_attributes: vec![attribute("user", text("größe"))],
    };
    let duration = |(n, time): (u64, u64)| HistogramDataPoint {
        start_time_unix_nano: start * SECOND,
        time_unix_nano: time,
        count: n * 4,
        sum: Some(n as f64),
        bucket_counts: vec![n, n * 2, n],
        explicit_bounds: vec![0.1, 1.0],
        exemplars: if n == 5 { vec![seen.clone()] } else { Vec::new() },
        ..Default::default()
    };
    let wait = |(n, time): (u64, u64)| ExponentialHistogramDataPoint {
        start_time_unix_nano: start * SECOND,
        time_unix_nano: time,
        count: n * 4,
        sum: Some(n as f64 * 2.5),
        scale: 1,
        zero_count: n,
        zero_threshold: 0.001,
        positive: Some(exponential_histogram_data_point::Buckets { offset: -1, bucket_counts: vec![n, 0, n] }),
        negative: Some(exponential_histogram_data_point::Buckets { offset: 2, bucket_counts: vec![n] }),
        ..Default::default()
    };
    let durations = Histogram { data_points: times().map(duration).collect(), aggregation_temporality: CUMULATIVE };
    let waits = ExponentialHistogram { data_points: times().map(wait).collect(), aggregation_temporality: CUMULATIVE };
    let named = |name: &str, unit: &str, description: &str, data: metric::Data| Metric {
        name: name.into(),
        unit: unit.into(),
        description: description.into(),
        data: Some(data),
        ..Default::default()
    };
    let sizes = times().map(|(n, time)| gauge("pool.size", time, n as f64 / 3.0));
    let mut metrics = vec![
        named("http.server.requests", "{request}", "What was asked", metric::Data::Sum(requests)),
        named("http.server.request.duration", "s", "How long it took", metric::Data::Histogram(durations)),
        named("queue.wait", "ms", "", metric::Data::ExponentialHistogram(waits)),
    ];
    metrics.extend(sizes);
    metric_list("shop", metrics)
}

fn post(server: &Server, path: &str, form: &str) -> Reply {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    server.post(&format!("{}{path}", server.http()), &headers, form.as_bytes())
}

/// Scenario: points of every kind, in memory and then in files. Guarantee: every endpoint that reads them
/// answers the same form, by GET and by POST, at each place the API is.
#[test]
fn answers_are_whole() {
    let (from, to) = (START, START + 300);
    let at = |seconds: u64, query: &str| format!("query?time={}&query={}", START + seconds, percent_encoded(query));
    let range = |query: &str| format!("query_range?start={from}&end={to}&step=60&query={}", percent_encoded(query));
    let questions = [
        ("vector", at(300, "http_server_requests_total")),
        ("vector_rate", at(300, "sum by (job) (rate(http_server_requests_total[2m]))")),
        ("vector_histogram", at(300, "queue_wait_milliseconds")),
        ("vector_empty", at(0, "nothing")),
        ("matrix", range("rate(http_server_requests_total{http_route=\"/cart\"}[1m])")),
        ("matrix_quantile", range("histogram_quantile(0.9, rate(http_server_request_duration_seconds_bucket[1m]))")),
        ("matrix_histogram", range("rate(queue_wait_milliseconds[1m])")),
        ("matrix_of_samples", at(60, "pool_size[30s]")),
        ("scalar", at(4, "1 / 3")),
        ("string", at(4, "\"a\\nb\"")),
        ("limited", format!("{}&limit=1", at(300, "http_server_requests_total"))),
        ("annotated", at(300, "rate(pool_size[1m])")),
        ("series", format!("series?match[]=http_server_requests_total&match[]=pool_size&start={from}&end={to}")),
        ("labels", format!("labels?start={from}&end={to}")),
        ("labels_limited", format!("labels?start={from}&end={to}&limit=2")),
        ("label_values", format!("label/__name__/values?start={from}&end={to}")),
        ("label_values_matched", format!("label/http_route/values?match[]=http_server_requests_total&start={from}&end={to}")),
        ("label_values_escaped", format!("label/U__http__route/values?start={from}&end={to}")),
        ("metadata", "metadata".to_owned()),
        ("metadata_of_one", "metadata?metric=pool_size&limit_per_metric=1".to_owned()),
        ("exemplars", format!("query_exemplars?query=http_server_request_duration_seconds_bucket&start={from}&end={to}")),
        ("format_query", format!("format_query?query={}", percent_encoded("sum(rate(a[5m]))by(b)"))),
        ("parse_query", format!("parse_query?query={}", percent_encoded("sum by (a) (rate(b{c=~\"d\"}[5m] offset 1m))"))),
    ];
    let mut server = Server::start(Options::any_time());
    shop(START).accepted(&server);
    for when in ["in memory", "in files"] {
        for (name, question) in &questions {
            let reply = server.get(&format!("/api/v1/{question}"));
            assert_eq!(
                (reply.status, &*reply.headers["content-type"]),
                (200, "application/json"),
                "{question}: {}",
                reply.text()
            );
            golden::check(&format!("prometheus/{name}"), when, reply.json());
            assert_eq!(server.get(&format!("/prometheus/api/v1/{question}")).json(), reply.json(), "{question}");
            let (path, form) = question.split_once('?').unwrap_or((question.as_str(), ""));
            if !path.starts_with("label/") && path != "metadata" {
                assert_eq!(post(&server, &format!("/api/v1/{path}"), form).json(), reply.json(), "{question}");
            }
        }
        server.cycle();
    }
}

/// Scenario: the same points, of now. Guarantee: where no time is given it is now, and what is told of the
/// server itself is well-formed.
#[test]
fn now_is_the_default() {
    let server = Server::start(Options { args: vec!["--drop-in".into(), "prometheus".into()], ..Options::any_time() });
    shop(now() / SECOND - 285).accepted(&server);
    let found = server.get("/api/v1/query?query=http_server_requests_total%7Bhttp_route%3D%22/cart%22%7D&stats=all").json();
    assert_eq!(found["data"]["result"][0]["value"][1], "57", "{found}");
    let stats = &found["data"]["stats"];
    assert_eq!(stats["samples"]["totalQueryableSamples"], 1, "{stats}");
    assert!(stats["timings"]["execTotalTime"].as_f64().unwrap() > 0.0, "{stats}");
    let sizes = server.get("/api/v1/status/tsdb").json();
    let series = server.get("/api/v1/series?match[]=%7B__name__%3D~%22.%2B%22%7D").json();
    assert_eq!(sizes["data"]["headStats"]["numSeries"], series["data"].as_array().unwrap().len(), "{sizes}");
    let root = format!("http://{}", server.port("prometheus"));
    let page = server.get_at(&root, "/federate?match[]=http_server_requests_total");
    assert_eq!(page.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    let page = page.text();
    assert!(page.starts_with("# TYPE http_server_requests_total untyped\n"), "{page}");
    assert!(
        page.contains("http_route=\"/cart\",instance=\"\",job=\"shop\"} 57 ") || page.contains("instance=\"\"} 57 "),
        "{page}"
    );
    for (path, words) in [
        ("/-/healthy", "Prometheus Server is Healthy."),
        ("/-/ready", "Prometheus Server is Ready."),
        ("/metrics", "luneta_receive_requests_total"),
        ("/api/v1/status/buildinfo", "\"version\":\"3."),
        ("/prometheus/api/v1/query?query=1", "\"scalar\""),
        ("/federate", ""),
    ] {
        let reply = server.get_at(&root, path);
        assert!(reply.status == 200 && reply.text().contains(words), "{path}: {} {}", reply.status, reply.text());
    }
}

/// Scenario: an empty server. Guarantee: what is not there is an empty answer, not a fault, and Grafana finds
/// no features that would make it take the server for another.
#[test]
fn nothing_is_well_formed() {
    let server = Server::with_defaults();
    let flags = server.get("/api/v1/status/flags").json();
    assert_eq!((&flags["data"]["query.timeout"], &flags["data"]["storage.tsdb.retention.time"]), (&json!("1m"), &json!("2w")));
    let started = server.get("/api/v1/status/runtimeinfo").json();
    assert!(started["data"]["startTime"].as_str().unwrap().ends_with('Z'), "{started}");
    assert_eq!(server.get("/api/v1/features").status, 404);
    for (path, data) in [
        ("targets", json!({"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}})),
        ("targets/metadata", json!([])),
        ("rules", json!({"groups": []})),
        ("rules?type=alert", json!({"groups": []})),
        ("alerts", json!({"alerts": []})),
        ("alertmanagers", json!({"activeAlertmanagers": [], "droppedAlertmanagers": []})),
        ("metadata", json!({})),
        ("labels", json!([])),
        ("label/job/values", json!([])),
        ("series?match[]=up", json!([])),
        ("query_exemplars?query=up", json!([])),
        ("query_exemplars?query=1", json!([])),
        ("status/walreplay", json!({"min": 0, "max": 0, "current": 0})),
        ("query?time=4&query=1%2B1", json!({"resultType": "scalar", "result": [4, "2"]})),
        (
            "query?time=4.5&query=vector(-0.0000001)",
            json!({"resultType": "vector", "result": [{"metric": {}, "value": [4.5, "-1e-07"]}]}),
        ),
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        assert_eq!((reply.status, reply.json()), (200, json!({"status": "success", "data": data})), "{path}");
    }
}

/// Guarantee: what is wrong gets the status and the class of Prometheus, and a message that names it.
#[test]
fn refusals_are_those_of_prometheus() {
    let server = Server::with_defaults();
    let long = format!("query={}", percent_encoded(&vec!["up"; 5000].join(" or ")));
    let deep = format!("query={}1{}", "(".repeat(5000), ")".repeat(5000));
    let huge = format!("query={}", "a".repeat(100_000));
    let many = "match[]=up&".repeat(100_000);
    for (path, form, status, class, words) in [
        ("query", "", 400, "bad_data", "invalid parameter \"query\""),
        ("query", "query=", 400, "bad_data", "no expression found in input"),
        ("query", "query=up%7B", 400, "bad_data", "invalid parameter \"query\": 1:4: parse error: "),
        ("query", "query=up&time=x", 400, "bad_data", "invalid parameter \"time\": cannot parse \"x\" to a valid timestamp"),
        ("query", "query=up&time=1e300", 400, "bad_data", "time is out of range"),
        ("query", "query=up&timeout=x", 400, "bad_data", "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"),
        ("query", "query=up&limit=-1", 400, "bad_data", "limit must be non-negative"),
        ("query", "query=up&lookback_delta=x", 400, "bad_data", "error parsing lookback delta duration: cannot parse \"x\""),
        ("query", "query=up&lookback_delta=-1", 400, "bad_data", "greater than 0"),
        ("query", "query=1&timeout=0", 503, "timeout", "query timed out in "),
        (
            "query",
            "query=label_replace(vector(1),%22a%22,%22b%22,%22c%22,%22(%22)",
            422,
            "execution",
            "invalid regular expression",
        ),
        ("query", deep.as_str(), 400, "bad_data", "parse error"),
        ("query", huge.as_str(), 400, "bad_data", "parse error"),
        ("query", long.as_str(), 400, "bad_data", "parse error"),
        ("query_range", "query=up", 400, "bad_data", "invalid parameter \"start\": cannot parse \"\" to a valid timestamp"),
        ("query_range", "query=up&start=1", 400, "bad_data", "invalid parameter \"end\": cannot parse \"\" to a valid timestamp"),
        ("query_range", "query=up&start=2&end=1&step=1", 400, "bad_data", "end timestamp must not be before start time"),
        (
            "query_range",
            "query=up&start=1&end=2",
            400,
            "bad_data",
            "invalid parameter \"step\": cannot parse \"\" to a valid duration",
        ),
        ("query_range", "query=up&start=1&end=2&step=0", 400, "bad_data", "zero or negative query resolution step widths"),
        ("query_range", "query=up&start=1&end=2&step=-1", 400, "bad_data", "zero or negative query resolution step widths"),
        ("query_range", "query=up&start=1&end=2&step=1e-9", 400, "bad_data", "zero or negative query resolution step widths"),
        ("query_range", "query=up&start=0&end=11001&step=1", 400, "bad_data", "exceeded maximum resolution of 11,000 points"),
        ("query_range", "query=up[5m]&start=0&end=1&step=1", 400, "bad_data", "invalid expression type \"range vector\""),
        ("series", "", 400, "bad_data", "no match[] parameter provided"),
        ("series", "match[]=%7B%7D", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
        ("series", "match[]=up[5m]", 400, "bad_data", "invalid parameter \"match[]\": 1:1: parse error: "),
        ("series", "match[]=up&start=x", 400, "bad_data", "invalid parameter \"start\""),
        ("series", many.as_str(), 400, "bad_data", "1000 selectors at most"),
        ("labels", "match[]=%7Ba=%22%22%7D", 400, "bad_data", "match[] must contain at least one non-empty matcher"),
        ("labels", "limit=x", 400, "bad_data", "invalid parameter \"limit\""),
        ("query_exemplars", "query=up&start=2&end=1", 400, "bad_data", "end timestamp must not be before start timestamp"),
        ("query_exemplars", "query=up%7B", 400, "bad_data", "parse error"),
        ("format_query", "query=1%2B", 400, "bad_data", "invalid parameter \"query\""),
        ("parse_query", "query=foo(", 400, "bad_data", "invalid parameter \"query\""),
        ("nothing", "", 404, "not_found", "no such endpoint"),
    ] {
        let reply = post(&server, &format!("/api/v1/{path}"), form);
        let shown = &form[..form.len().min(80)];
        assert_eq!(reply.status, status, "{path}?{shown}: {}", reply.text());
        let answer = reply.json();
        assert_eq!((&answer["status"], &answer["errorType"]), (&json!("error"), &json!(class)), "{path}?{shown}: {answer}");
        let message = answer["error"].as_str().unwrap();
        assert!(message.contains(words), "{path}?{shown}: {message}");
        assert!(message.len() < 1000, "{path}?{shown}: a message of {} bytes", message.len());
    }
    for (path, words) in [
        ("metadata?limit=x", "limit must be a number"),
        ("metadata?limit_per_metric=x", "limit_per_metric must be a number"),
        ("rules?type=x", "not supported value \"x\""),
        ("status/tsdb?limit=0", "limit must be a positive number"),
        ("label/a/values?end=x", "invalid parameter \"end\""),
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        let answer = reply.json();
        let message = answer["error"].as_str().unwrap_or_default();
        assert!(reply.status == 400 && message.contains(words), "{path}: {message}");
    }
    let reply = server.get_with("/api/v1/query?query=1", &[("x-scope-orgid", "a/b")]);
    assert_eq!((reply.status, &reply.json()["errorType"]), (400, &json!("bad_data")));
    let reply = server.get("/prometheus/federate?match[]=%7B%7D");
    assert!(reply.status == 400 && reply.text().contains("non-empty matcher"), "{}", reply.text());
    let reply = server.post(&format!("{}/api/v1/read", server.http()), &[], b"nonsense");
    assert!(reply.status == 400 && reply.text().contains("the request cannot be read"), "{}", reply.text());
}

/// Guarantee: bounds of the configuration hold.
#[test]
fn bounds_are_configured() {
    for (bound, query, words) in [
        ("promql_samples_max: 60", "{job=\"shop\"}[5m]", "too many samples"),
        ("promql_series_max: 1", "http_server_requests_total", "more than 1 series"),
    ] {
        let text = format!("luneta:\n  retention: {{metrics: 40000d}}\n  limits: {{{bound}}}\n");
        let server = Server::start(Options::config(&text));
        shop(START).accepted(&server);
        let reply = server.get(&format!("/api/v1/query?time={}&query={}", START + 290, percent_encoded(query)));
        assert_eq!((reply.status, &reply.json()["errorType"]), (422, &json!("execution")), "{}", reply.text());
        assert!(reply.text().contains(words), "{}", reply.text());
    }
}

/// `luneta query --promql`, from the server and from the lake itself.
#[test]
fn the_command_line_asks_too() {
    let mut server = Server::start(Options::any_time());
    shop(START).accepted(&server);
    let ask = |server: &Server, words: &[&str]| {
        clients::run(Command::new(luneta_tests::server::binary()).args(["query", "--data"]).arg(server.data()).args(words))
    };
    let (start, end) = (START.to_string(), (START + 30).to_string());
    let instant = ["--promql", "sum by (job) (http_server_requests_total)", "--end", &end, "-o", "csv"];
    let range = ["--promql", "sum(pool_size) * 3", "--start", &start, "--end", &end, "--step", "15s", "-o", "json"];
    let asked = |server: &Server| {
        assert_eq!(ask(server, &instant), "job,time,value\nshop,2026-01-02T03:04:30.000000000Z,9\n");
        let found: Value = serde_json::from_str(&ask(server, &range)).unwrap();
        let values = json!([[START, "0"], [START + 15, "1"], [START + 30, "2"]]);
        assert_eq!(found["data"]["result"], json!([{"metric": {}, "values": values}]), "{found}");
        let table = ask(server, &["--promql", "vector(1)", "--end", "0"]);
        assert!(table.contains("1970-01-01T00:00:00.000000000Z  1\n1 rows"), "{table}");
    };
    asked(&server);
    assert!(server.terminate().success());
    asked(&server);
}

/// Prometheus's own tool reads every answer.
#[test]
#[ignore = "needs promtool, which `cargo xtask test` prepares"]
fn promtool_reads_answers() {
    let server = Server::start(Options::any_time());
    shop(START).accepted(&server);
    let root = server.http();
    let (start, end) = (START.to_string(), (START + 30).to_string());
    let ask = |words: &[&str]| clients::run(Command::new(clients::promtool()).arg("query").args(words));
    let found = ask(&["instant", "--time", &end, root, "sum by (job) (http_server_requests_total)"]);
    assert_eq!(found, format!("{{job=\"shop\"}} => 9 @[{end}]\n"));
    let found = ask(&["range", "--start", &start, "--end", &end, "--step", "15s", root, "sum(pool_size) * 3"]);
    assert_eq!(found, format!("{{}} =>\n0 @[{start}]\n1 @[{}]\n2 @[{end}]\n", START + 15));
    let found = ask(&["instant", "--time", &end, root, "queue_wait_milliseconds"]);
    assert!(found.contains("queue_wait_milliseconds{"), "{found}");
    let found = ask(&["series", "--match", "pool_size", "--start", &start, "--end", &end, root]);
    assert!(found.contains("__name__=\"pool_size\"") && found.contains("job=\"shop\""), "{found}");
    assert_eq!(ask(&["labels", "--start", &start, "--end", &end, root, "http_route"]), "/\n/cart\n");
}
