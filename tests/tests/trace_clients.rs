//! Clients of Jaeger and Zipkin that people still run send a trace; all of it is found by SQL and by
//! the APIs of Jaeger, Zipkin and Tempo.
//!
//! Their programs choose times that never change and print the ids they made. With names instead of
//! ids, every answer must be the one in `golden/clients`, from memory and from files.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use luneta_tests::clients::{JAEGER, Packages, ZIPKIN, ZIPKIN_PROTOBUF};
use luneta_tests::{Options, Server, clients, golden, until};
use serde_json::{Value, json};

/// All traces lie between: 2026-01-02T03:04:00Z and a minute later, in seconds.
const FROM: u64 = 1_767_323_040;
const TO: u64 = 1_767_323_100;

/// A client and what it sends.
struct Client {
    /// Name of its answers in `golden/clients`, and of its service.
    name: &'static str,
    /// How many spans it sends.
    spans: u64,
    /// The service whose span failed.
    failed: &'static str,
}

fn python_program(packages: &Packages, program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(clients::python(packages));
    // Warnings that the exporters are deprecated.
    command.args(["-W", "ignore"]).arg(clients::script("python").join(program)).args(words);
    command
}

fn node_program(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.arg(clients::script("node").join(program)).args(words).env("NODE_PATH", clients::node_modules());
    command
}

fn host_and_port<'s>(server: &'s Server, port: &str) -> [&'s str; 2] {
    server.port(port).rsplit_once(':').unwrap().into()
}

fn check(client: &Client, program: impl FnOnce(&Server) -> Command) {
    let mut server = Server::start(Options { args: vec!["--drop-in".into(), "jaeger,zipkin".into()], ..Options::any_time() });
    let printed = clients::run(&mut program(&server));
    let ids: BTreeMap<String, String> = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e} in {printed}"));
    // Datagrams are not acknowledged, and one client acknowledges before all is sent.
    until("all spans", Duration::from_secs(20), || server.count("spans") == client.spans);
    for when in ["in memory", "in files"] {
        golden::check(&format!("clients/{}", client.name), when, named(&answers(&server, &ids["TRACE"]), &ids));
        check_searches(&server, client, &ids["TRACE"], when);
        server.cycle();
    }
    assert_eq!(server.status()["refused"], json!([]));
}

/// The trace, asked for by its id in every way there is.
fn answers(server: &Server, trace: &str) -> Value {
    let asked = |path: &str| {
        let reply = server.get(&format!("{path}{trace}"));
        assert_eq!(reply.status, 200, "{path}{trace}: {}", reply.text());
        reply.json()
    };
    let mut rows = server.objects(&format!("SELECT * FROM spans WHERE trace_id = '{trace}' ORDER BY start_time"));
    // Columns without a value would only lengthen the files.
    for row in &mut rows {
        row.retain(|_, value| !value.is_null());
    }
    json!({
        "sql": rows,
        "jaeger": asked("/jaeger/api/traces/"),
        "zipkin": asked("/zipkin/api/v2/trace/"),
        "tempo": asked("/tempo/api/v2/traces/"),
    })
}

/// The same with names instead of ids, in hex as well as in base64.
fn named(answer: &Value, ids: &BTreeMap<String, String>) -> Value {
    let mut text = answer.to_string();
    // The trace first: its id holds that of a span with some clients.
    let mut all: Vec<(&String, &String)> = ids.iter().collect();
    all.sort_by_key(|(name, _)| *name != "TRACE");
    for (name, id) in all {
        let bytes: Option<Vec<u8>> =
            (0..id.len() / 2).map(|at| u8::from_str_radix(id.get(at * 2..at * 2 + 2)?, 16).ok()).collect();
        text = text.replace(id.as_str(), name);
        if let Some(bytes) = bytes {
            text = text.replace(&base64::engine::general_purpose::STANDARD.encode(bytes), name);
        }
        if let Some(short) = id.strip_prefix("0000000000000000") {
            text = text.replace(short, name);
        }
    }
    serde_json::from_str(&text).unwrap()
}

/// Every API finds the trace by its service, and by the service whose span failed.
fn check_searches(server: &Server, client: &Client, trace: &str, when: &str) {
    let Client { name, failed, .. } = client;
    let short = trace.strip_prefix("0000000000000000").unwrap_or(trace);
    let jaeger = format!("/jaeger/api/traces?start={FROM}000000&end={TO}000000");
    let zipkin = format!("/zipkin/api/v2/traces?endTs={TO}000&lookback=60000");
    let tempo = format!("/tempo/api/search?start={FROM}&end={TO}");
    for (path, place) in [
        (format!("{jaeger}&service={name}"), "/data/0/traceID"),
        (format!("{jaeger}&service={failed}&tags=%7B%22error%22%3A%22true%22%7D"), "/data/0/traceID"),
        (format!("{zipkin}&serviceName={name}"), "/0/0/traceId"),
        (format!("{zipkin}&serviceName={failed}&annotationQuery=error"), "/0/0/traceId"),
        (format!("{tempo}&q=%7Bresource.service.name%3D%22{name}%22%7D"), "/traces/0/traceID"),
        (format!("{tempo}&q=%7Bresource.service.name%3D%22{failed}%22%26%26status%3Derror%7D"), "/traces/0/traceID"),
    ] {
        let reply = server.get(&path);
        assert_eq!(reply.status, 200, "{when}: {path}: {}", reply.text());
        let found = reply.json();
        let id = found.pointer(place).and_then(Value::as_str).unwrap_or_else(|| panic!("{when}: {path}: {found}"));
        assert!(id == trace || id == short, "{when}: {path}: {id} instead of {trace}");
    }
}

#[test]
fn jaeger_for_python() {
    check(&Client { name: "jaeger-opentracing", spans: 3, failed: "jaeger-opentracing" }, |server| {
        python_program(&JAEGER, "jaeger_opentracing.py", &host_and_port(server, "jaeger_compact"))
    });
}

#[test]
fn jaeger_for_javascript() {
    check(&Client { name: "jaeger-js", spans: 3, failed: "jaeger-js" }, |server| {
        node_program("jaeger.js", &host_and_port(server, "jaeger_binary"))
    });
}

#[test]
fn opentelemetry_for_jaeger_over_udp() {
    check(&Client { name: "jaeger-otel-udp", spans: 3, failed: "jaeger-otel-udp" }, |server| {
        python_program(&JAEGER, "jaeger_otel.py", &["udp", server.port("jaeger_compact")])
    });
}

#[test]
fn opentelemetry_for_jaeger_over_http() {
    check(&Client { name: "jaeger-otel-http", spans: 3, failed: "jaeger-otel-http" }, |server| {
        let url = format!("http://{}/api/traces?format=jaeger.thrift", server.port("jaeger_http"));
        python_program(&JAEGER, "jaeger_otel.py", &["http", &url])
    });
}

#[test]
fn opentelemetry_for_jaeger_over_grpc() {
    check(&Client { name: "jaeger-otel-grpc", spans: 3, failed: "jaeger-otel-grpc" }, |server| {
        python_program(&JAEGER, "jaeger_otel.py", &["grpc", server.port("jaeger_grpc")])
    });
}

#[test]
fn py_zipkin() {
    for (form, name) in
        [("v1-json", "zipkin-py-v1-json"), ("v2-json", "zipkin-py-v2-json"), ("v2-protobuf", "zipkin-py-v2-protobuf")]
    {
        check(&Client { name, spans: 3, failed: name }, |server| {
            let [host, port] = host_and_port(server, "zipkin");
            python_program(&ZIPKIN, "zipkin_py.py", &[form, host, port])
        });
    }
}

#[test]
fn opentelemetry_for_zipkin() {
    for (form, name, packages) in [
        ("v1-json", "zipkin-otel-v1-json", &ZIPKIN),
        ("v2-json", "zipkin-otel-v2-json", &ZIPKIN),
        ("v2-protobuf", "zipkin-otel-v2-protobuf", &ZIPKIN_PROTOBUF),
    ] {
        check(&Client { name, spans: 3, failed: name }, |server| {
            python_program(packages, "zipkin_otel.py", &[form, &format!("http://{}", server.port("zipkin"))])
        });
    }
}

#[test]
fn zipkin_for_javascript() {
    for (version, name) in [("v1", "zipkin-js-v1"), ("v2", "zipkin-js-v2")] {
        check(&Client { name, spans: 4, failed: "stock" }, |server| {
            node_program("zipkin.js", &[version, &format!("http://{}", server.port("zipkin"))])
        });
    }
}
