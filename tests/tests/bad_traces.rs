//! Broken messages of Jaeger and Zipkin, traces of shapes that should not be, a trace without measure
//! and queries without: all are answered, counted or refused, and nobody else notices.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use luneta_tests::send::span::Span;
use luneta_tests::send::{Packing, attribute, hex, int, numbered_span, percent_encoded, spans};
use luneta_tests::thrift::{Form, emit_batch, http_batch};
use luneta_tests::{Options, Random, Reply, Server, until};
use serde_json::{Value, json};

/// 2026-01-02T03:04:05Z.
const SECOND: u64 = 1_767_323_045;
const START: u64 = SECOND * 1_000_000_000;
const HOUR: u64 = 3_600_000_000_000;
const THRIFT: &str = "application/x-thrift";
const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

/// A server with the ports of Jaeger and Zipkin.
fn server() -> Server {
    Server::start(Options { args: vec!["--drop-in".into(), "jaeger,zipkin".into()], ..Options::any_time() })
}

fn numbered(number: u64) -> Span {
    numbered_span(number, START)
}

/// Datagrams that are no batch of this form.
fn broken_datagrams(form: Form) -> Vec<Vec<u8>> {
    let good = emit_batch(form, "s", &[numbered(1), numbered(2)]);
    let other = if form == Form::Binary { Form::Compact } else { Form::Binary };
    let mut random = Random::new(7);
    let mut broken: Vec<Vec<u8>> = (0..good.len()).step_by(5).map(|end| good[..end].to_vec()).collect();
    let name = good.windows(9).position(|w| w == b"emitBatch").unwrap();
    let mut renamed = good.clone();
    renamed[name] = b'x';
    broken.extend([
        renamed,
        emit_batch(other, "s", &[numbered(1)]),
        spans("s", vec![numbered(1)]).protobuf(),
        b"hello".to_vec(),
        vec![0; 65_000],
        vec![0xff; 1400],
        (0..1400).map(|_| random.number() as u8).collect(),
    ]);
    broken
}

/// Broken datagrams among good ones cost themselves alone.
#[test]
fn broken_datagrams_among_good_ones() {
    for (form, port) in [(Form::Compact, "jaeger_compact"), (Form::Binary, "jaeger_binary")] {
        let mut server = server();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.port(port)).unwrap();
        let broken = broken_datagrams(form);
        for (sent, datagram) in broken.iter().enumerate() {
            let number = sent as u64 + 1;
            socket.send(datagram).unwrap();
            socket.send(&emit_batch(form, "good", &[numbered(number)])).unwrap();
            // No faster than the server takes them: what the kernel drops is another matter.
            until("the good datagram", Duration::from_secs(10), || server.count("spans") == number);
        }
        until("the broken datagrams", Duration::from_secs(10), || server.refused("malformed") == broken.len() as u64);
        let counted = format!("protocol=\"{port}\",reason=\"malformed\"}} {}", broken.len());
        assert!(server.get("/metrics").text().contains(&counted), "{counted}");
        server.cycle();
        assert_eq!(server.value("SELECT count(DISTINCT span_id) FROM spans WHERE service_name = 'good'"), broken.len());
    }
}

/// Thrift cut at any place is refused for good, and says where it ends.
#[test]
fn truncated_thrift() {
    let mut server = server();
    let url = format!("http://{}/api/traces?format=jaeger.thrift", server.port("jaeger_http"));
    let body = http_batch("s", &[numbered(1), numbered(2)]);
    for end in 0..body.len() {
        let reply = server.post(&url, &[("content-type", THRIFT)], &body[..end]);
        assert_eq!(reply.status, 400, "{end} bytes: {}", reply.text());
        assert!(reply.text().contains("malformed thrift"), "{end} bytes: {}", reply.text());
    }
    assert_eq!(server.refused("malformed"), body.len() as u64);
    let reply = server.post(&url, &[("content-type", THRIFT)], &body);
    assert_eq!((reply.status, reply.text().as_str()), (202, ""));
    assert_eq!(server.count("spans"), 2);
    assert!(server.alive());
}

#[test]
fn wrong_requests() {
    let server = server();
    let thrift = http_batch("s", &[numbered(1)]);
    let deep = "[".repeat(100_000);
    let tags = r#"[{"tags":"#.repeat(50_000);
    for (port, path, content_type, body, status, reason) in [
        ("jaeger_http", "/api/traces", "text/plain", thrift.as_slice(), 415, "unsupported_content_type"),
        ("jaeger_http", "/api/traces", JSON, &thrift, 415, "unsupported_content_type"),
        ("jaeger_http", "/api/traces", PROTOBUF, &thrift, 415, "unsupported_content_type"),
        ("jaeger_http", "/api/trace", THRIFT, &thrift, 404, "wrong_path"),
        ("jaeger_http", "/api/traces", THRIFT, b"[]", 400, "malformed"),
        ("zipkin", "/api/v2/spans", "text/plain", b"[]", 415, "unsupported_content_type"),
        ("zipkin", "/api/v2/spans", THRIFT, b"[]", 415, "unsupported_content_type"),
        ("zipkin", "/api/v1/spans", PROTOBUF, b"[]", 415, "unsupported_content_type"),
        ("zipkin", "/api/v3/spans", JSON, b"[]", 404, "wrong_path"),
        ("zipkin", "/api/v2/spans", PROTOBUF, b"[{}]", 400, "malformed"),
        ("zipkin", "/api/v2/spans", JSON, b"\x0a\x00", 400, "malformed"),
        ("zipkin", "/api/v2/spans", JSON, b"{}", 400, "malformed"),
        ("zipkin", "/api/v2/spans", JSON, br#"[{"traceId":"1","id":"zz"}]"#, 400, "invalid_span_id"),
        ("zipkin", "/api/v2/spans", JSON, deep.as_bytes(), 400, "malformed"),
        ("zipkin", "/api/v2/spans", JSON, tags.as_bytes(), 400, "malformed"),
        // A list that says it has two thousand million spans.
        ("zipkin", "/api/v1/spans", THRIFT, b"\x0c\x7f\xff\xff\xff", 400, "malformed"),
    ] {
        let before = server.refused(reason);
        let reply = server.post(&format!("http://{}{path}", server.port(port)), &[("content-type", content_type)], body);
        assert_eq!(reply.status, status, "{port}{path} {content_type}: {}", reply.text());
        assert!(!reply.text().is_empty() && reply.text().len() < 1000, "{port}{path} {content_type}: {}", reply.text());
        assert_eq!(server.refused(reason), before + 1, "{port}{path} {content_type}: {}", reply.text());
    }
    assert_eq!(server.count("spans"), 0);
    let reply = server.post(&format!("http://{}/api/v2/spans", server.port("zipkin")), &[], br"[]");
    assert_eq!(reply.status, 202, "without a content type: {}", reply.text());
}

/// A span of an odd trace: the service that sends it, its id and its parent's, how many hours its clock is
/// behind, its kind.
type Odd = (&'static str, u8, u8, u64, i32);

/// Traces of shapes that should not be, and how many spans of each come back.
const ODD: [(&str, &[Odd], usize); 9] = [
    ("two that are each other's parent", &[("a", 1, 2, 0, 1), ("a", 2, 1, 0, 1)], 2),
    ("a circle below a root", &[("a", 1, 0, 0, 1), ("a", 2, 4, 0, 1), ("a", 3, 2, 0, 1), ("a", 4, 3, 0, 1)], 4),
    ("its own parent", &[("a", 1, 1, 0, 1)], 1),
    ("no root", &[("a", 1, 9, 0, 1), ("a", 2, 1, 0, 1)], 2),
    ("two roots", &[("a", 1, 0, 0, 2), ("b", 2, 0, 0, 2)], 2),
    ("a server five hours behind its client", &[("a", 1, 0, 0, 3), ("b", 2, 1, 5, 2)], 2),
    ("sent twice", &[("a", 1, 0, 0, 1), ("a", 2, 1, 0, 1), ("a", 2, 1, 0, 1)], 2),
    ("client and server with one id", &[("a", 1, 0, 0, 3), ("b", 1, 0, 0, 2)], 2),
    ("a child of an id that two have", &[("a", 1, 0, 0, 3), ("b", 1, 0, 0, 2), ("b", 2, 1, 0, 1)], 3),
];

fn odd_id(at: usize) -> Vec<u8> {
    vec![0xc0 + at as u8; 16]
}

fn send_odd(server: &Server) {
    for (at, (_, list, _)) in ODD.iter().enumerate() {
        for (service, id, parent, behind, kind) in *list {
            let start = START - behind * HOUR;
            let span = Span {
                trace_id: odd_id(at),
                span_id: vec![*id; 8],
                parent_span_id: if *parent == 0 { Vec::new() } else { vec![*parent; 8] },
                name: format!("span {id}"),
                kind: *kind,
                start_time_unix_nano: start,
                end_time_unix_nano: start + 1_000_000,
                ..Default::default()
            };
            spans(service, vec![span]).accepted(server);
        }
    }
}

/// How many spans each API gives of a trace.
fn span_counts(server: &Server, id: &str) -> [usize; 4] {
    let asked = |path: &str| {
        let reply = server.get(&format!("{path}{id}"));
        assert_eq!(reply.status, 200, "{path}{id}: {}", reply.text());
        reply.json()
    };
    let otlp = |groups: &Value| -> usize {
        let scopes = groups.as_array().unwrap().iter().flat_map(|group| group["scopeSpans"].as_array().unwrap());
        scopes.map(|scope| scope["spans"].as_array().unwrap().len()).sum()
    };
    [
        otlp(&asked("/tempo/api/v2/traces/")["trace"]["resourceSpans"]),
        otlp(&asked("/jaeger/api/v3/traces/")["result"]["resourceSpans"]),
        asked("/jaeger/api/traces/")["data"][0]["spans"].as_array().unwrap().len(),
        asked("/zipkin/api/v2/trace/").as_array().unwrap().len(),
    ]
}

#[test]
fn odd_traces() {
    let mut server = server();
    send_odd(&server);
    for when in ["in memory", "in files"] {
        for (at, (what, _, wanted)) in ODD.iter().enumerate() {
            let id = hex(&odd_id(at));
            assert_eq!(span_counts(&server, &id), [*wanted; 4], "{when}: {what}");
        }
        // Relations are walked by each of them, and each walk ends.
        for (query, found) in [
            ("{}", ODD.len()),
            ("{} >> {}", 6),
            ("{} > {}", 6),
            ("{} << {}", 6),
            ("{} ~ {}", 0),
            // Of a circle without a root, the first span counts as below none.
            ("{} !>> {}", ODD.len()),
            ("{ traceDuration > 4h }", 1),
            ("{ rootServiceName = \"a\" }", 6),
            ("{} | select(nestedSetLeft, nestedSetRight, nestedSetParent)", ODD.len()),
        ] {
            let reply = traceql(&server, query);
            assert_eq!(reply.status, 200, "{when}: {query}: {}", reply.text());
            let traces = reply.json()["traces"].as_array().unwrap().len();
            assert_eq!(traces, found, "{when}: {query}: {}", reply.text());
        }
        server.cycle();
    }
    assert!(server.alive());
}

/// Zipkin's model has no span that is its own parent: what another protocol brought is given without one.
#[test]
fn zipkin_gives_no_span_as_its_own_parent() {
    let server = server();
    send_odd(&server);
    let own = server.get(&format!("/zipkin/api/v2/trace/{}", "c2".repeat(16))).json();
    assert_eq!(own[0].get("parentId"), None, "{own}");
}

/// Two spans of one id, service and kind that differ: both are kept, and a trace gives one of them, as Tempo's
/// does.
#[test]
fn one_id_for_two_spans() {
    let mut server = server();
    for (name, start) in [("one", START), ("two", START + 1000)] {
        let span = Span { trace_id: vec![0xd0; 16], span_id: vec![1; 8], name: name.into(), ..numbered_span(1, start) };
        spans("a", vec![span]).accepted(&server);
    }
    for when in ["in memory", "in files"] {
        assert_eq!(server.count("spans"), 2, "{when}");
        assert_eq!(span_counts(&server, &"d0".repeat(16)), [1; 4], "{when}");
        server.cycle();
    }
}

fn traceql(server: &Server, query: &str) -> Reply {
    let escaped = percent_encoded(query);
    server.get(&format!("/tempo/api/search?q={escaped}&start={}&end={}&limit=50", SECOND - 86_400, SECOND + 86_400))
}

/// Queries of any length and depth are answered, or refused naming the place, at once.
#[test]
fn queries_without_measure() {
    let server = Server::start(Options::any_time());
    spans("s", vec![numbered(1)]).accepted(&server);
    let nested = |depth: usize, open: &str, close: &str| format!("{}name = \"s\"{}", open.repeat(depth), close.repeat(depth));
    for (what, query, refusal) in [
        ("a long text", format!("{{ name = \"{}\" }}", "x".repeat(9_980)), None),
        ("much space", format!("{{{}}}", " ".repeat(9_998)), None),
        ("a long regular expression", format!("{{ name =~ \"{}\" }}", "(a|b)*".repeat(1_660)), None),
        ("no TraceQL", "x".repeat(10_000), Some("line 1, column 1: unexpected")),
        ("an open text", format!("{{ name = \"{}", "x".repeat(9_980)), Some("line 1, column 10")),
        ("50 brackets", format!("{{ {} }}", nested(50, "(", ")")), None),
        (
            "200 brackets",
            format!("{{ {} }}", nested(200, "(", ")")),
            Some("line 1, column 67: brackets are nested deeper than 64"),
        ),
        ("200 open brackets", format!("{{ {}", "(".repeat(200)), Some("line 1, column 67")),
        ("200 brackets around spans", nested(200, "(", ")").replace("name = \"s\"", "{ }"), Some("line 1, column 66")),
        ("200 signs", format!("{{ {} }}", nested(200, "!(", ")")), Some("line 1, column ")),
        ("200 steps", format!("{{ }}{}", " | { }".repeat(200)), None),
        ("1,000 conditions", format!("{{ {} }}", conditions(1_000, " && ")), Some("the query has more than 1000 operators")),
        ("1,000 choices", format!("{{ {} }}", conditions(1_000, " || ")), Some("the query has more than 1000 operators")),
        ("1,000 generations", ["{ }"; 1_000].join(" >> "), None),
    ] {
        let started = Instant::now();
        let reply = traceql(&server, &query);
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: {:?}", started.elapsed());
        let text = reply.text();
        match refusal {
            None => assert_eq!(reply.status, 200, "{what}: {text}"),
            Some(words) => {
                assert_eq!(reply.status, 400, "{what}: {text}");
                assert!(text.starts_with("line 1, column ") && text.contains(words), "{what}: {text}");
            }
        }
    }
    assert_eq!(traceql(&server, "{ }").json()["traces"].as_array().map(Vec::len), Some(1));
}

fn conditions(count: usize, sign: &str) -> String {
    (0..count).map(|n| format!(".k{n} = {n}")).collect::<Vec<_>>().join(sign)
}

/// As many conditions as the bound on operators lets through are answered.
#[test]
fn hundreds_of_conditions() {
    let server = Server::start(Options::any_time());
    let known = attribute("k7", int(7));
    spans("s", vec![Span { attributes: vec![known], ..numbered(1) }]).accepted(&server);
    for (sign, found) in [(" && ", 0), (" || ", 1)] {
        for count in [40, 60, 400] {
            let query = format!("{{ {} }}", conditions(count, sign));
            let reply = traceql(&server, &query);
            assert_eq!(reply.status, 200, "{count} times{sign}: {}", reply.text());
            let traces = reply.json()["traces"].as_array().map(Vec::len);
            assert_eq!(traces, Some(found), "{count} times{sign}");
        }
    }
}

/// A refusal is for people: it does not repeat a long query.
#[test]
fn refusals_are_short() {
    let server = Server::with_defaults();
    for query in ["x".repeat(10_000), format!("{{ {} = 1 }}", "x".repeat(10_000)), format!("{{ }} | {}()", "x".repeat(10_000))] {
        let reply = traceql(&server, &query);
        let text = reply.text();
        assert_eq!(reply.status, 400, "{text}");
        assert!(text.starts_with("line 1, column ") && text.len() < 1_000, "{} bytes: {text:.200}", text.len());
    }
}

const MANY: u64 = 200_000;

/// A server with one trace of [`MANY`] spans, a tree in which everyone has two children.
fn server_with_large_trace() -> (Server, String) {
    let server = Server::start(Options::any_time());
    let trace_id = vec![0xab; 16];
    let span = |number: u64| Span {
        trace_id: trace_id.clone(),
        parent_span_id: if number == 1 { Vec::new() } else { (number / 2).to_be_bytes().to_vec() },
        ..numbered(number)
    };
    for first in (1..=MANY).step_by(20_000) {
        let sent = spans("large", (first..first + 20_000).map(span).collect());
        assert_eq!(sent.post_packed(&server, Packing::Zstd).status, 200);
    }
    (server, "ab".repeat(16))
}

/// A trace of very many spans comes whole or is refused in words, by every API.
#[test]
fn a_large_trace() {
    let (mut server, id) = server_with_large_trace();
    for path in
        ["/tempo/api/traces/", "/tempo/api/v2/traces/", "/jaeger/api/traces/", "/jaeger/api/v3/traces/", "/zipkin/api/v2/trace/"]
    {
        let started = Instant::now();
        let reply = server.get(&format!("{path}{id}"));
        assert!(started.elapsed() < Duration::from_secs(40), "{path}: {:?}", started.elapsed());
        if reply.status == 200 {
            let last = format!("span {MANY}\"");
            assert!(reply.headers.contains_key("warning") || reply.text().contains(&last), "{path}: not all spans");
        } else {
            assert!((400..500).contains(&reply.status) && !reply.text().is_empty(), "{path}: {} {}", reply.status, reply.text());
        }
    }
    let stats = traceql(&server, "{ .n = 7 }").json()["traces"][0]["serviceStats"]["large"]["spanCount"].clone();
    assert_eq!(stats, json!(MANY));
    assert!(server.alive());
}

/// Asks for the same trace several times at once; everyone is answered, or told to come back. Says how long
/// the slowest answer to a question of somebody else took meanwhile.
fn ask_at_once(server: &Server, path: &str, askers: usize) -> Duration {
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..askers).map(|_| scope.spawn(|| server.get(path).status)).collect();
        let mut slowest = Duration::ZERO;
        while !askers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let started = Instant::now();
            assert_eq!(server.get("/-/ready").status, 200);
            slowest = slowest.max(started.elapsed());
            std::thread::sleep(Duration::from_millis(50));
        }
        for asker in askers {
            let status = asker.join().unwrap();
            assert!(matches!(status, 200 | 429 | 503), "{path}: {status}");
        }
        slowest
    })
}

/// While a large trace is written into JSON for some, everybody else is answered.
#[test]
fn a_large_trace_keeps_nobody_waiting() {
    let (server, id) = server_with_large_trace();
    let paths =
        ["/tempo/api/traces/", "/tempo/api/v2/traces/", "/jaeger/api/traces/", "/jaeger/api/v3/traces/", "/zipkin/api/v2/trace/"];
    let waited = paths.map(|path| (path, ask_at_once(&server, &format!("{path}{id}"), 2)));
    assert!(waited.iter().all(|(_, slowest)| *slowest < Duration::from_secs(3)), "others waited {waited:?}");
}

/// All running queries share 512 MiB, and so do those for whole traces: what is over it waits or is refused.
/// A gigabyte and a half is left for everything else.
#[test]
fn large_traces_asked_at_once_fit_into_memory() {
    let (server, id) = server_with_large_trace();
    for path in ["/jaeger/api/traces/", "/jaeger/api/v3/traces/"] {
        ask_at_once(&server, &format!("{path}{id}"), 4);
    }
    let (_, peak) = server.memory();
    assert!(peak < 2 << 30, "memory peaked at {} MiB", peak >> 20);
}
