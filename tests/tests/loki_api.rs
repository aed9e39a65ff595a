//! Loki's API: what Loki's clients pushed and what came by OTLP is asked for as Grafana and `logcli` ask.
//!
//! Forms of answers are those of Loki's page "Loki HTTP API".

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use luneta_tests::send::log::{LogRecord, ResourceLogs, ScopeLogs};
use luneta_tests::send::logs::v1::ExportLogsServiceRequest;
use luneta_tests::send::{Export, attribute, percent_encoded, text};
use luneta_tests::{Options, Server, clients};
use serde_json::{Value, json};

/// 2026-01-02T03:04:00Z, in seconds.
const START: u64 = 1_767_323_040;
const SECOND: u64 = 1_000_000_000;
const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";
const WEB: &str = r#"{app="web"}"#;

fn at(seconds: u64) -> String {
    ((START + seconds) * SECOND).to_string()
}

/// Entries as Loki's clients push them.
fn pushed() -> Value {
    json!({"streams": [
        {"stream": {"app": "web", "env": "prod"}, "values": [
            [at(0), "GET /cart 200 12ms"],
            [at(10), "GET /pay 500 250ms", {"trace_id": TRACE, "user": "ann"}],
            [at(10), "GET /pay 500 250ms", {"trace_id": TRACE, "user": "ann"}],
            [at(20), "GET /cart 200 8ms", {"user": "bob"}],
        ]},
        {"stream": {"app": "api", "env": "prod", "level": "error"}, "values": [
            [at(5), r#"{"msg":"no stock","took":1.5,"item":{"id":7}}"#],
            [at(65), r#"{"msg":"no money","took":2.5,"item":{"id":8}}"#],
        ]},
    ]})
}

/// Records of a service as OTLP brings them.
fn exported() -> Export {
    let record = |seconds: u64, severity_number: i32, body: &str, traced: bool| LogRecord {
        time_unix_nano: (START + seconds) * SECOND,
        severity_number,
        severity_text: if severity_number == 17 { "ERROR" } else { "" }.to_owned(),
        body: Some(luneta_tests::send::common::AnyValue { value: Some(text(body)) }),
        attributes: vec![attribute("http.route", text("/cart"))],
        trace_id: if traced { (1..=16).collect() } else { Vec::new() },
        ..Default::default()
    };
    let resource = luneta_tests::send::resource::Resource {
        attributes: vec![
            attribute("service.name", text("shop")),
            attribute("k8s.pod.name", text("shop-1")),
            attribute("host.name", text("node-a")),
        ],
        ..Default::default()
    };
    let log_records =
        vec![record(15, 9, "sold one", false), record(30, 17, "cannot sell", true), record(45, 0, "level=warn low", false)];
    let scope_logs = vec![ScopeLogs { log_records, ..Default::default() }];
    let resource_logs = vec![ResourceLogs { resource: Some(resource), scope_logs, ..Default::default() }];
    Export::Logs(ExportLogsServiceRequest { resource_logs })
}

/// Loki's own port.
fn own_port(server: &Server) -> String {
    format!("http://{}", server.port("loki"))
}

fn push(server: &Server, body: &Value) {
    let headers = [("content-type", "application/json")];
    let reply = server.post(&format!("{}/loki/api/v1/push", own_port(server)), &headers, body.to_string().as_bytes());
    assert_eq!(reply.status, 204, "{}", reply.text());
}

fn server() -> Server {
    let server = Server::start(Options { args: vec!["--drop-in".into(), "loki".into()], ..Options::any_time() });
    push(&server, &pushed());
    exported().accepted(&server);
    server
}

/// Asks on the main port.
#[track_caller]
fn answers(server: &Server, path: &str) -> Value {
    let reply = server.get(&format!("/loki/api/v1/{path}"));
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

fn window() -> String {
    format!("start={}&end={}", at(0), at(120))
}

/// What a query over the window of two minutes gives, without its statistics.
#[track_caller]
fn range(server: &Server, query: &str, more: &str) -> Value {
    let reply = answers(server, &format!("query_range?query={}&{}{more}", percent_encoded(query), window()));
    assert_eq!(reply["status"], "success");
    assert!(reply["data"]["stats"]["summary"]["execTime"].is_number(), "{reply}");
    reply["data"]["result"].clone()
}

/// Lines of all streams of an answer, in the order they stand.
fn lines(result: &Value) -> Vec<&str> {
    let streams = result.as_array().unwrap().iter();
    streams.flat_map(|stream| stream["values"].as_array().unwrap()).map(|entry| entry[1].as_str().unwrap()).collect()
}

/// Asks the same of rows in memory, in files, and in both.
fn everywhere(check: impl Fn(&Server, &str)) {
    let mut server = server();
    check(&server, "in memory");
    server.cycle();
    check(&server, "in files");
    // Known already: what is the same is given once.
    push(&server, &pushed());
    check(&server, "in both");
}

#[test]
fn entries_are_found() {
    everywhere(|server, when| {
        let stream = json!({"app": "web", "env": "prod", "service_name": "web", "detected_level": "unknown"});
        let with = |more: &[(&str, &str)]| {
            let mut stream = stream.clone();
            for (name, value) in more {
                stream[*name] = json!(value);
            }
            stream
        };
        let found = range(server, r#"{app="web"} |= "GET""#, "");
        let wanted = json!([
            {"stream": with(&[("trace_id", TRACE), ("user", "ann")]), "values": [[at(10), "GET /pay 500 250ms"]]},
            {"stream": with(&[("user", "bob")]), "values": [[at(20), "GET /cart 200 8ms"]]},
            {"stream": stream, "values": [[at(0), "GET /cart 200 12ms"]]},
        ]);
        assert_eq!(found, wanted, "{when}");
        for (query, more, wanted) in [
            (r#"{env="prod"} |= "cart""#, "&direction=forward", vec!["GET /cart 200 12ms", "GET /cart 200 8ms"]),
            (r#"{env="prod"} |~ "c.rt" != "12ms""#, "", vec!["GET /cart 200 8ms"]),
            (r#"{app="web"}"#, "&limit=1", vec!["GET /cart 200 8ms"]),
            (r#"{app="web"}"#, "&limit=1&direction=forward", vec!["GET /cart 200 12ms"]),
            (r#"{app="web"}"#, "&interval=15s&direction=forward", vec!["GET /cart 200 12ms", "GET /cart 200 8ms"]),
            (r#"{app="web"} | user="ann""#, "", vec!["GET /pay 500 250ms"]),
            (r#"{app=~".+"} | json | took > 2"#, "", vec![r#"{"msg":"no money","took":2.5,"item":{"id":8}}"#]),
            (r#"{app="web"} | pattern "<_> <path> <status> <took>" | status=500 | line_format "{{.path}}""#, "", vec!["/pay"]),
            (r#"{service_name="shop"}"#, "&direction=forward", vec!["sold one", "cannot sell", "level=warn low"]),
            (r#"{k8s_pod_name="shop-1"} | host_name="node-a" | http_route="/cart" |= "one""#, "", vec!["sold one"]),
            (r#"{service_name="shop"} | detected_level="warn""#, "", vec!["level=warn low"]),
            (r#"{service_name="shop"} | severity_number=17"#, "", vec!["cannot sell"]),
            (r#"{service_name="nobody"}"#, "", vec![]),
        ] {
            let found = range(server, query, more);
            let (mut found, mut wanted) = (lines(&found), wanted);
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{when}: {query} {more}");
        }
        let traced = range(server, &format!(r#"{{service_name=~"web|shop"}} | trace_id="{TRACE}""#), "");
        let mut traced = lines(&traced);
        traced.sort_unstable();
        assert_eq!(traced, ["GET /pay 500 250ms", "cannot sell"], "{when}: of a trace");
    });
}

#[test]
fn kinds_of_labels_are_told_apart() {
    everywhere(|server, when| {
        let path =
            format!("/loki/api/v1/query_range?query={}&{}", percent_encoded(r#"{service_name="shop"} |= "sell""#), window());
        let reply = server.get_with(&path, &[("x-loki-response-encoding-flags", "categorize-labels")]);
        let data = &reply.json()["data"];
        assert_eq!(data["encodingFlags"], json!(["categorize-labels"]), "{when}");
        assert_eq!(data["result"][0]["stream"], json!({"k8s_pod_name": "shop-1", "service_name": "shop"}), "{when}");
        let entry = &data["result"][0]["values"][0];
        assert_eq!((&entry[0], &entry[1]), (&json!(at(30)), &json!("cannot sell")));
        let wanted = json!({"host_name": "node-a", "http_route": "/cart", "severity_number": "17", "severity_text": "ERROR",
            "trace_id": TRACE, "detected_level": "error"});
        let mut metadata = entry[2]["structuredMetadata"].clone();
        metadata.as_object_mut().unwrap().remove("observed_timestamp");
        assert_eq!(metadata, wanted, "{when}");
        assert!(entry[2].get("parsed").is_none(), "{when}: {entry}");
    });
}

#[test]
fn numbers_are_counted() {
    everywhere(|server, when| {
        let twice = if when == "in both" { 2.0 } else { 1.0 };
        for (query, wanted) in [
            // What is at the start of the window is not in it.
            (
                r#"sum by (app) (count_over_time({env="prod"}[2m]))"#,
                json!([[{"app": "api"}, 2.0 * twice], [{"app": "web"}, 3.0 * twice]]),
            ),
            (r#"sum(bytes_over_time({app="web"} |= "pay" [2m]))"#, json!([[{}, 36.0 * twice]])),
            (
                r#"sum by (detected_level) (count_over_time({service_name="shop"}[2m]))"#,
                json!([[{"detected_level": "error"}, 1.0], [{"detected_level": "info"}, 1.0], [{"detected_level": "warn"}, 1.0]]),
            ),
            (
                r#"sum by (user) (count_over_time({app="web"} | user!="" [2m]))"#,
                json!([[{"user": "ann"}, 2.0 * twice], [{"user": "bob"}, twice]]),
            ),
            (r#"sum by (app) (sum_over_time({app="api"} | json | unwrap took [2m]))"#, json!([[{"app": "api"}, 4.0 * twice]])),
            (
                r#"max by (host_name) (count_over_time({service_name="shop"} | keep host_name [2m]))"#,
                json!([[{"host_name": "node-a"}, 3.0]]),
            ),
            (r"vector(1)+vector(1)", json!([[{}, 2.0]])),
        ] {
            let reply = answers(server, &format!("query?query={}&time={}", percent_encoded(query), at(120)));
            assert_eq!(reply["data"]["resultType"], "vector");
            let samples = reply["data"]["result"].as_array().unwrap().iter();
            let found: Vec<Value> = samples
                .map(|sample| json!([sample["metric"], sample["value"][1].as_str().unwrap().parse::<f64>().unwrap()]))
                .collect();
            assert_eq!(Value::from(found), wanted, "{when}: {query}");
        }
        let found = range(server, r#"sum(count_over_time({app="api"}[1m]))"#, "&step=60");
        let end = START + 120;
        let count = twice.to_string();
        assert_eq!(found, json!([{"metric": {}, "values": [[end - 60, count], [end, count]]}]), "{when}");
    });
}

#[test]
fn labels_and_volumes_are_listed() {
    everywhere(|server, when| {
        let of = |path: &str| answers(server, &format!("{path}{}{}", if path.contains('?') { '&' } else { '?' }, window()));
        for (path, wanted) in [
            ("labels", json!(["app", "env", "k8s_pod_name", "level", "service_name"])),
            ("labels?query=%7Bapp%3D%22web%22%7D", json!(["app", "env", "service_name"])),
            ("label/service_name/values", json!(["api", "shop", "web"])),
            ("label/app/values?query=%7Blevel%3D%22error%22%7D", json!(["api"])),
            ("label/nothing/values", json!([])),
            ("series?match[]=%7Bapp%3D%22web%22%7D", json!([{"app": "web", "env": "prod", "service_name": "web"}])),
        ] {
            assert_eq!(of(path), json!({"status": "success", "data": wanted}), "{when}: {path}");
        }
        let stats = of("index/stats?query=%7Bapp%3D%22web%22%7D");
        let entries = if when == "in both" { 8 } else { 4 };
        assert_eq!((&stats["streams"], &stats["entries"]), (&json!(1), &json!(entries)), "{when}: {stats}");
        assert!(stats["bytes"].as_u64().unwrap() > 0 && stats["chunks"].as_u64().unwrap() > 0, "{when}: {stats}");
        let patterns = of("patterns?query=%7Bapp%3D%22web%22%7D&step=60");
        let counts = patterns["data"].as_array().unwrap().iter().flat_map(|pattern| pattern["samples"].as_array().unwrap());
        assert_eq!(counts.map(|sample| sample[1].as_u64().unwrap()).sum::<u64>(), entries, "{when}: {patterns}");
        assert!(patterns["data"][0]["pattern"].as_str().unwrap().starts_with("GET "), "{when}: {patterns}");
        let volume = of("index/volume?query=%7Bapp%3D~%22.%2B%22%7D");
        assert_eq!(volume["data"]["resultType"], "vector", "{when}");
        let apps: Vec<&Value> =
            volume["data"]["result"].as_array().unwrap().iter().map(|series| &series["metric"]["app"]).collect();
        assert_eq!(apps.len(), 2, "{when}: {volume}");
        let by_label = of("index/volume_range?query=%7Bapp%3D%22web%22%7D&aggregateBy=labels&targetLabels=env&step=60");
        assert_eq!(by_label["data"]["result"][0]["metric"], json!({"env": ""}), "{when}: {by_label}");
        let detected = of("detected_labels");
        assert!(
            detected["detectedLabels"].as_array().unwrap().contains(&json!({"label": "app", "cardinality": 2})),
            "{when}: {detected}"
        );
        let fields = of("detected_fields?query=%7Bapp%3D%22api%22%7D");
        let took = json!({"label": "took", "type": "float", "cardinality": 2, "parsers": ["json"], "jsonPath": ["took"]});
        assert!(fields["fields"].as_array().unwrap().contains(&took), "{when}: {fields}");
        let ids = of("detected_field/item_id/values?query=%7Bapp%3D%22api%22%7D");
        assert_eq!(ids, json!({"values": ["7", "8"], "limit": 1000}), "{when}");
    });
}

#[test]
fn faults_are_plain_text() {
    let server = server();
    let get = |path: &str| server.get(&format!("/loki/api/v1/{path}"));
    for (path, status, message) in [
        ("query_range?query=%7B", 400, "parse error at line 1, col 2"),
        ("query_range?query=%7Bapp%3D~%22.*%22%7D", 400, "queries require at least one regexp or equality matcher"),
        ("query?query=%7Bapp%3D%22web%22%7D", 400, "log queries are not supported as an instant query type"),
        ("query_range?query=%7Bapp%3D%22web%22%7D&limit=0", 400, "limit must be a positive value"),
        ("query_range?query=%7Bapp%3D%22web%22%7D&limit=10000", 400, "max entries limit per query exceeded"),
        ("query_range?query=%7Bapp%3D%22web%22%7D&start=2&end=1", 400, "end timestamp must not be before or equal to start time"),
        ("query_range?query=%7Bapp%3D%22web%22%7D&direction=up", 400, "invalid direction 'up'"),
        ("query_range?query=rate(%7Bapp%3D%22web%22%7D[1m])&step=-1", 400, "zero or negative query resolution step widths"),
        (
            "query_range?query=rate(%7Bapp%3D%22web%22%7D[1m])&start=0&end=1000000&step=1",
            400,
            "exceeded maximum resolution of 11000 points",
        ),
        ("labels?start=soon", 400, "could not parse 'start' parameter"),
        ("delete?query=%7Bapp%3D%22web%22%7D", 200, "[]"),
        ("no/such/path", 404, "404 page not found"),
    ] {
        let reply = get(path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.text().contains(message), "{path}: {}", reply.text());
    }
    let fine = get("query_range?query=count_over_time(%7Bapp%3D%22web%22%7D[1m])&limit=0");
    assert_eq!(fine.status, 200, "{}", fine.text());
    let formatted = get("format_query?query=%7B%20app%20%3D%20%22web%22%20%7D%7C%3D%22x%22").json();
    assert_eq!(formatted, json!({"status": "success", "data": r#"{app="web"} |= "x""#}));
    assert_eq!(get("format_query?query=%7B").json()["status"], "invalid-query");
}

#[test]
fn lokis_own_port_answers_too() {
    let server = server();
    let port = own_port(&server);
    for path in ["/ready", "/loki/api/v1/status/buildinfo", "/loki/api/v1/rules", "/prometheus/api/v1/rules", "/metrics"] {
        assert_eq!(server.get_at(&port, path).status, 200, "{path}");
    }
    let labels = server.get_at(&port, &format!("/loki/api/v1/labels?{}", window())).json();
    assert_eq!(labels["status"], "success", "{labels}");
    let form = format!("query={}&start={}&end={}", percent_encoded(WEB), at(0), at(120));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let posted = server.post(&format!("{port}/loki/api/v1/query_range"), &headers, form.as_bytes()).json();
    assert_eq!(lines(&posted["data"]["result"]).len(), 3, "{posted}");
    let other = server.get_with(&format!("/loki/api/v1/labels?{}", window()), &[("x-scope-orgid", "other")]).json();
    assert_eq!(other["data"], json!([]));
}

/// One text message of a WebSocket's server, which does not mask what it sends.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 0x81, "one whole text");
    let length = match head[1] {
        126 => {
            let mut long = [0; 2];
            stream.read_exact(&mut long).unwrap();
            u64::from(u16::from_be_bytes(long))
        }
        127 => {
            let mut long = [0; 8];
            stream.read_exact(&mut long).unwrap();
            u64::from_be_bytes(long)
        }
        short => u64::from(short),
    };
    let mut text = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut text).unwrap();
    text
}

#[test]
fn tails_follow() {
    let server = server();
    let address = server.http().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let path = format!("/loki/api/v1/tail?query={}&start={}", percent_encoded(r#"{app="web"} |= "GET""#), at(0));
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101") && head.to_lowercase().contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let history: Value = serde_json::from_slice(&message(&mut stream)).unwrap();
    assert_eq!(lines(&history["streams"]).len(), 3, "{history}");
    let now = luneta_tests::send::now().to_string();
    push(
        &server,
        &json!({"streams": [
            {"stream": {"app": "web"}, "values": [[now, "GET /new"], [now, "other"]]},
            {"stream": {"app": "api"}, "values": [[now, "GET /elsewhere"]]},
        ]}),
    );
    let live: Value = serde_json::from_slice(&message(&mut stream)).unwrap();
    let stream = json!({"app": "web", "service_name": "web", "detected_level": "unknown"});
    assert_eq!(live, json!({"streams": [{"stream": stream, "values": [[now, "GET /new"]]}]}));
}

/// `luneta query --logql`, from the server and from the lake itself.
#[test]
fn the_command_line_asks_too() {
    let mut server = server();
    let ask = |server: &Server, words: &[&str]| {
        clients::run(Command::new(luneta_tests::server::binary()).args(["query", "--data"]).arg(server.data()).args(words))
    };
    let (start, end) = (START.to_string(), (START + 120).to_string());
    let times = ["--start", &start, "--end", &end];
    let asked = |server: &Server| {
        let with = |words: &[&str]| ask(server, &[words, &times[..]].concat());
        let found = with(&["--logql", r#"{env="prod"} |~ "GET /pay|no money""#]);
        let lines: Vec<&str> = found.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["time", "app", "level", "service_name", "line"]);
        assert!(lines[2].starts_with("2026-01-02T03:05:05.000000000Z  api") && lines[2].contains("no money"), "{found}");
        assert!(lines[3].starts_with("2026-01-02T03:04:10.000000000Z  web") && lines[4].starts_with("2 rows"), "{found}");
        let found = with(&["--logql", r#"{app="web"} | user="bob""#, "-o", "csv"]);
        let wanted = "time,app,detected_level,env,service_name,user,line\n\
                      2026-01-02T03:04:20.000000000Z,web,unknown,prod,web,bob,GET /cart 200 8ms\n";
        assert_eq!(found, wanted);
        let found = ask(server, &["--logql", r#"sum by (app) (count_over_time({app="web"}[2m]))"#, "--end", &end, "-o", "csv"]);
        assert_eq!(found, "app,time,value\nweb,2026-01-02T03:06:00.000000000Z,3\n");
        let found: Value = serde_json::from_str(&with(&["--logql", r#"{app="web"} |= "8ms""#, "-o", "json"])).unwrap();
        assert_eq!(found["data"]["encodingFlags"], json!(["categorize-labels"]));
    };
    asked(&server);
    assert!(server.terminate().success());
    asked(&server);
}
