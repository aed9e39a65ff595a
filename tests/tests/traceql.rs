//! TraceQL over Tempo's API: the files of `traceql/`, whose form its README explains.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use luneta_tests::send::{Export, attribute, common, percent_encoded, resource, span, text, trace};
use luneta_tests::{Options, Server, clients};
use serde_json::Value;

/// The fixed minute: 2026-01-05T10:00:00Z.
const BASE_SECONDS: u64 = 1_767_607_200;

fn id(name: &str, bytes: usize) -> Vec<u8> {
    // Names are short; ids must differ and not be zero.
    let mut id = vec![0; bytes];
    name.bytes().take(bytes).enumerate().for_each(|(at, byte)| id[at] = byte);
    id
}

fn value(text_of: &str) -> common::any_value::Value {
    use common::any_value::Value;
    if let Some(list) = text_of.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let values = list.split(',').map(|item| common::AnyValue { value: Some(value(item)) }).collect();
        return Value::ArrayValue(common::ArrayValue { values });
    }
    match (text_of.parse::<i64>(), text_of.parse::<f64>(), text_of) {
        (Ok(n), ..) => Value::IntValue(n),
        (_, Ok(n), _) => Value::DoubleValue(n),
        (.., "true") => Value::BoolValue(true),
        (.., "false") => Value::BoolValue(false),
        _ => text(text_of),
    }
}

/// One line of `load`.
fn resource_spans(line: &str) -> span::ResourceSpans {
    let parts: Vec<&str> = line.split_whitespace().collect();
    let [name, parent, service, kind, status, start, duration, extra @ ..] = parts.as_slice() else { panic!("{line}") };
    let (trace_name, span_name) = name.split_once('.').unwrap_or_else(|| panic!("{line}"));
    let ns = |ms: &str| BASE_SECONDS * 1_000_000_000 + ms.parse::<u64>().unwrap() * 1_000_000;
    let kind = ["-", "internal", "server", "client", "producer", "consumer"].iter().position(|k| k == kind).unwrap();
    let status = ["unset", "ok", "error"].iter().position(|s| s == status).unwrap();
    let mut out = span::Span {
        trace_id: id(trace_name, 16),
        span_id: id(span_name, 8),
        parent_span_id: if *parent == "-" { Vec::new() } else { id(parent, 8) },
        name: span_name.to_owned(),
        kind: i32::try_from(kind).unwrap(),
        start_time_unix_nano: ns(start),
        end_time_unix_nano: ns(start) + duration.parse::<u64>().unwrap() * 1_000_000,
        status: Some(span::Status { code: i32::try_from(status).unwrap(), message: String::new() }),
        ..Default::default()
    };
    let mut of_resource = vec![attribute("service.name", text(*service))];
    let mut of_scope = Vec::new();
    for part in extra {
        let pair = |text_of: &str| text_of.split_once('=').map(|(key, v)| attribute(key, value(v)));
        match part.split_once(':') {
            Some(("resource", rest)) => of_resource.extend(pair(rest)),
            Some(("scope", rest)) => of_scope.extend(pair(rest)),
            Some(("event", rest)) => {
                let (name, rest) = rest.split_once(':').unwrap_or((rest, ""));
                out.events.push(span::span::Event {
                    name: name.to_owned(),
                    time_unix_nano: out.start_time_unix_nano,
                    attributes: pair(rest).into_iter().collect(),
                    ..Default::default()
                });
            }
            Some(("link", other)) => {
                out.links.push(span::span::Link { trace_id: id(other, 16), span_id: id("root", 8), ..Default::default() });
            }
            _ => out.attributes.extend(pair(part)),
        }
    }
    let scope = common::InstrumentationScope { name: "test".into(), attributes: of_scope, ..Default::default() };
    span::ResourceSpans {
        resource: Some(resource::Resource { attributes: of_resource, ..Default::default() }),
        scope_spans: vec![span::ScopeSpans { scope: Some(scope), spans: vec![out], ..Default::default() }],
        ..Default::default()
    }
}

/// A command and the lines below it.
struct Step {
    line: usize,
    command: String,
    below: Vec<String>,
}

fn steps(content: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in content.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        match (line.strip_prefix("  "), steps.last_mut()) {
            (Some(below), Some(step)) => step.below.push(below.to_owned()),
            _ => steps.push(Step { line: number + 1, command: line.to_owned(), below: Vec::new() }),
        }
    }
    steps
}

/// Asks with the fixed minute as range.
fn ask(server: &Server, path: &str, query: &str, more: &str) -> luneta_tests::Reply {
    let (start, end) = (BASE_SECONDS, BASE_SECONDS + 60);
    server.get(&format!("/tempo/api/{path}?q={}&start={start}&end={end}{more}", percent_encoded(query)))
}

fn text_of_id(hex: &str) -> String {
    let bytes = (0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok());
    bytes.filter(|byte| *byte != 0).map(char::from).collect()
}

fn spansets(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for found in answer["traces"].as_array().unwrap() {
        let trace_name = text_of_id(found["traceID"].as_str().unwrap());
        for set in found["spanSets"].as_array().unwrap() {
            let names = set["spans"].as_array().unwrap().iter().map(|s| format!("{trace_name}.{}", s["name"].as_str().unwrap()));
            lines.push(names.collect::<Vec<_>>().join(" "));
        }
    }
    lines
}

/// Labels, and values by time in seconds from the fixed minute.
fn series(answer: &Value) -> BTreeMap<String, HashMap<u64, f64>> {
    let number = |value: &Value| value.as_str().map_or_else(|| value.as_f64(), |t| t.parse().ok()).unwrap();
    let of = |one: &Value| {
        let samples = one["samples"].as_array().unwrap();
        let points = samples.iter().map(|s| (number(&s["timestampMs"]) as u64 / 1000 - BASE_SECONDS, number(&s["value"])));
        (one["promLabels"].as_str().unwrap().to_owned(), points.collect())
    };
    answer["series"].as_array().unwrap().iter().map(of).collect()
}

fn check_series(place: &str, step: u64, found: &BTreeMap<String, HashMap<u64, f64>>, expected: &[String]) {
    let mut labels: Vec<&str> = Vec::new();
    for line in expected {
        let (name, values) = line.split_at(line.find('}').unwrap_or_else(|| panic!("{place}: {line}")) + 1);
        labels.push(name);
        let Some(points) = found.get(name) else { panic!("{place}: no series {name} in {found:?}") };
        for (at, wanted) in values.split_whitespace().enumerate() {
            let point = points.get(&(at as u64 * step)).copied();
            let near = wanted.strip_prefix('~');
            let wanted: Option<f64> = near.unwrap_or(wanted).parse().ok();
            let allowed = if near.is_some() { wanted.unwrap_or(0.0) * 0.02 } else { 1e-9 };
            let same = match (point, wanted) {
                (Some(point), Some(wanted)) => (point - wanted).abs() <= allowed,
                (point, wanted) => point.is_none() && wanted.is_none(),
            };
            assert!(same, "{place}: {name} has {point:?} instead of {wanted:?} at {at} of {points:?}");
        }
    }
    // A comparison has many series: there only those named must be among them.
    if !expected.iter().any(|line| line.contains("__meta_type")) {
        labels.sort_unstable();
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), labels, "{place}");
    }
}

fn check(server: &Server, file: &Path, when: &str, step: &Step) {
    let place = format!("{}:{}, {when}", file.display(), step.line);
    let (command, rest) = step.command.split_once(' ').unwrap_or((&step.command, ""));
    match command {
        "load" => {}
        "eval" => {
            let reply = ask(server, "search", rest, "&spss=100");
            assert_eq!(reply.status, 200, "{place}: {}", reply.text());
            assert_eq!(spansets(&reply.json()), step.below, "{place}");
        }
        "series" => {
            let (interval, query) = rest.split_once(' ').unwrap();
            let reply = ask(server, "metrics/query_range", query, &format!("&step={interval}"));
            assert_eq!(reply.status, 200, "{place}: {}", reply.text());
            let seconds = interval.trim_end_matches('s').parse().unwrap();
            check_series(&place, seconds, &series(&reply.json()), &step.below);
        }
        "fail" => {
            let path = if rest.contains("rate()") { "metrics/query_range" } else { "search" };
            let reply = ask(server, path, rest, "");
            assert_eq!(reply.status, 400, "{place}: {}", reply.text());
            let wanted = &step.below[0];
            assert!(reply.text().contains(wanted), "{place}: `{}` does not say `{wanted}`", reply.text());
        }
        other => panic!("{place}: `{other}` is no command"),
    }
}

fn run(name: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("traceql").join(name);
    let content = std::fs::read_to_string(&file).unwrap();
    let steps = steps(&content);
    let mut server = Server::start(Options::any_time());
    for step in steps.iter().filter(|step| step.command == "load") {
        let resource_spans = step.below.iter().map(|line| resource_spans(line)).collect();
        Export::Traces(trace::v1::ExportTraceServiceRequest { resource_spans }).accepted(&server);
    }
    for when in ["in memory", "in files"] {
        for step in &steps {
            check(&server, &file, when, step);
        }
        server.cycle();
    }
}

#[test]
fn selectors() {
    run("selectors.test");
}

#[test]
fn structure() {
    run("structure.test");
}

#[test]
fn time_series() {
    run("series.test");
}

/// `luneta query --traceql`, from the server and from the lake itself.
#[test]
fn the_command_line_asks_too() {
    let mut server = Server::start(Options::any_time());
    let spans = [
        "a.root - web server error 0 70 http.route=/cart",
        "a.child root cart internal unset 10 20",
        "b.root - web server ok 100 5",
    ];
    let request = trace::v1::ExportTraceServiceRequest { resource_spans: spans.map(resource_spans).to_vec() };
    Export::Traces(request).accepted(&server);
    let ask = |server: &Server, words: &[&str]| {
        let program = luneta_tests::server::binary();
        clients::run(Command::new(program).args(["query", "--data"]).arg(server.data()).args(words))
    };
    let (start, end) = (BASE_SECONDS.to_string(), (BASE_SECONDS + 60).to_string());
    let asked = |server: &Server| {
        let with = |words: &[&str]| ask(server, &[words, &["--start", &start, "--end", &end]].concat());
        let id = |name: &str| format!("{:032x}", u128::from_be_bytes(id(name, 16).try_into().unwrap()));
        let found = with(&["--traceql", "{ duration > 1ms }", "-o", "csv"]);
        let wanted = format!(
            "time,trace_id,service,name,duration_ms,matched\n2026-01-05T10:00:00.100000000Z,{},web,root,5,1\n\
             2026-01-05T10:00:00.000000000Z,{},web,root,70,2\n",
            id("b"),
            id("a")
        );
        assert_eq!(found, wanted);
        let found = with(&["--traceql", "{ status = error }"]);
        assert!(found.contains(&id("a")) && found.contains("\n1 rows in "), "{found}");
        let found = with(&["--traceql", "{} | count_over_time() by (resource.service.name)", "--step", "60s", "-o", "csv"]);
        assert!(found.starts_with("resource.service.name,time,value\ncart,2026-01-05T10:00:00.000000000Z,1\n"), "{found}");
        let found: Value = serde_json::from_str(&with(&["--traceql", "{ name = \"child\" }", "-o", "json"])).unwrap();
        assert_eq!(found["traces"][0]["rootServiceName"], "web");
    };
    asked(&server);
    assert!(server.terminate().success());
    asked(&server);
}
