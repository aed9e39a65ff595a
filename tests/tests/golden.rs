//! Whole answers of the APIs of Tempo, Jaeger and Zipkin to questions about one trace, compared with the
//! files in `golden/`: every field, and none beside them.

use std::process::Command;

use luneta_tests::send::common::any_value::Value as Any;
use luneta_tests::send::common::{AnyValue, ArrayValue, InstrumentationScope};
use luneta_tests::send::span::span::{Event, Link};
use luneta_tests::send::span::{ResourceSpans, ScopeSpans, Span, Status};
use luneta_tests::send::trace::v1::ExportTraceServiceRequest;
use luneta_tests::send::{Export, attribute, int, now, resource, text};
use luneta_tests::{Options, Server, clients, golden};
use serde_json::{Value, json};

/// 2026-01-02T03:04:05.123456789Z.
const START: u64 = 1_767_323_045_123_456_789;
const TRACE: [u8; 16] = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
const MILLISECOND: u64 = 1_000_000;

/// A shop serves a cart and asks its stock, which fails; a message follows. Every type of value is there.
fn shop(trace: [u8; 16], start: u64) -> Export {
    let list = ["a", "b"].map(|word| AnyValue { value: Some(text(word)) });
    let serve = Span {
        kind: 2,
        trace_state: "vendor=a1".into(),
        flags: 1,
        attributes: vec![
            attribute("http.request.method", text("GET")),
            attribute("http.response.status_code", int(500)),
            attribute("user.name", text("größe ✓")),
            attribute("ratio", Any::DoubleValue(0.25)),
            attribute("cached", Any::BoolValue(true)),
            attribute("large", int((1 << 53) + 1)),
            attribute("list", Any::ArrayValue(ArrayValue { values: list.into() })),
            attribute("bytes", Any::BytesValue(vec![0, 255, 7])),
        ],
        events: vec![
            Event {
                time_unix_nano: start + MILLISECOND,
                name: "cache miss".into(),
                attributes: vec![attribute("key", text("user:42")), attribute("tries", int(2))],
                dropped_attributes_count: 1,
            },
            Event { time_unix_nano: start + 2 * MILLISECOND, name: "bare".into(), ..Default::default() },
        ],
        dropped_attributes_count: 2,
        ..span(trace, 1, 0, "GET /cart", start, 500 * MILLISECOND)
    };
    let call = Span {
        kind: 3,
        attributes: vec![attribute("peer.service", text("stock")), attribute("server.port", int(9000))],
        ..span(trace, 2, 1, "count", start + 3 * MILLISECOND, 20 * MILLISECOND)
    };
    let answer = Span {
        kind: 2,
        attributes: vec![attribute("db.system.name", text("postgresql"))],
        status: Some(Status { code: 2, message: "sold out".into() }),
        ..span(trace, 3, 2, "count", start + 4 * MILLISECOND, 10 * MILLISECOND)
    };
    let link = Link {
        trace_id: trace.to_vec(),
        span_id: id(3),
        trace_state: "vendor=b2".into(),
        attributes: vec![attribute("why", text("because"))],
        ..Default::default()
    };
    let message = Span {
        kind: 4,
        links: vec![link],
        status: Some(Status { code: 1, ..Default::default() }),
        ..span(trace, 4, 1, "send mail", start + 30 * MILLISECOND, MILLISECOND)
    };
    let resource_spans = vec![service("shop", vec![serve, call, message]), service("stock", vec![answer])];
    Export::Traces(ExportTraceServiceRequest { resource_spans })
}

fn service(name: &str, spans: Vec<Span>) -> ResourceSpans {
    let attributes = vec![attribute("service.name", text(name)), attribute("service.version", text("1.2.3"))];
    let scope = InstrumentationScope { name: "tests.tracer".into(), version: "1.0".into(), ..Default::default() };
    ResourceSpans {
        resource: Some(resource::Resource { attributes, ..Default::default() }),
        scope_spans: vec![ScopeSpans { scope: Some(scope), spans, ..Default::default() }],
        ..Default::default()
    }
}

fn span(trace: [u8; 16], number: u8, parent: u8, name: &str, start: u64, duration: u64) -> Span {
    Span {
        trace_id: trace.to_vec(),
        span_id: id(number),
        parent_span_id: if parent == 0 { Vec::new() } else { id(parent) },
        name: name.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + duration,
        ..Default::default()
    }
}

fn id(number: u8) -> Vec<u8> {
    vec![0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, number]
}

/// Asks everything, from memory and from files. Names of services and the like are those of the last
/// days, and for them the trace is there a second time, as of now.
fn check(questions: &[(&str, &str)]) {
    let mut server = Server::start(Options::any_time());
    shop(TRACE, START).accepted(&server);
    shop([0x5a; 16], now() - 10 * 1000 * MILLISECOND).accepted(&server);
    for when in ["in memory", "in files"] {
        for (name, path) in questions {
            let reply = server.get(path);
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            assert_eq!(reply.headers["content-type"], "application/json", "{path}");
            golden::check(name, when, reply.json());
        }
        server.cycle();
    }
}

/// Forms: Tempo's page "HTTP API" (`api_docs`), the section named beside each question, and the messages of
/// `pkg/tempopb/tempo.proto` in the JSON of protobuf.
#[test]
fn tempo() {
    check(&[
        // "Query": OTLP's JSON, mostly.
        ("tempo/trace", "/tempo/api/traces/0af7651916cd43dd8448eb211c80319c"),
        // "Query V2"; `TraceByIDResponse`.
        ("tempo/trace_v2", "/tempo/api/v2/traces/0af7651916cd43dd8448eb211c80319c"),
        // "Search", example of TraceQL search; `SearchResponse`.
        ("tempo/search", "/tempo/api/search?q=%7B.db.system.name%3D%22postgresql%22%7D&start=1767323000&end=1767323100"),
        // "Search", example of tags-based search.
        ("tempo/search_tags", "/tempo/api/search?tags=service.name%3Dshop&minDuration=100ms&start=1767323000&end=1767323100"),
        // "Search tags"; `SearchTagsResponse`.
        ("tempo/tags", "/tempo/api/search/tags?start=1767323000&end=1767323100"),
        // "Query V2" with a filter.
        (
            "tempo/trace_v2_part",
            "/tempo/api/v2/traces/0af7651916cd43dd8448eb211c80319c?q=%7Bstatus%3Derror%7D&keep_hierarchy=false",
        ),
        // "Search tags V2"; `SearchTagsV2Response`.
        ("tempo/tags_v2", "/tempo/api/v2/search/tags?start=1767323000&end=1767323100"),
        // "Search tag values"; `SearchTagValuesResponse`.
        ("tempo/tag_values", "/tempo/api/search/tag/service.name/values?start=1767323000&end=1767323100"),
        // "Search tag values V2"; `SearchTagValuesV2Response`.
        ("tempo/tag_values_v2", "/tempo/api/v2/search/tag/resource.service.name/values?start=1767323000&end=1767323100"),
        (
            "tempo/tag_values_v2_int",
            "/tempo/api/v2/search/tag/span.http.response.status_code/values?start=1767323000&end=1767323100",
        ),
        ("tempo/tag_values_v2_status", "/tempo/api/v2/search/tag/status/values?start=1767323000&end=1767323100"),
        // "TraceQL Metrics"; `QueryRangeResponse`.
        (
            "tempo/query_range",
            "/tempo/api/metrics/query_range?q=%7B%7D%7Ccount_over_time()by(resource.service.name)&start=1767323040&end=1767323070&step=15s",
        ),
        // "Instant"; `QueryInstantResponse`.
        (
            "tempo/query",
            "/tempo/api/metrics/query?q=%7B%7D%7Ccount_over_time()by(resource.service.name)&start=1767323040&end=1767323070",
        ),
    ]);
}

/// Tempo's example of TraceQL search: spans show what the query asks of them, the status among it.
#[test]
fn tempo_shows_what_was_asked() {
    let server = Server::start(Options::any_time());
    shop(TRACE, START).accepted(&server);
    for (query, key, value) in [
        ("%7Bstatus%3Derror%7D", "status", json!({"stringValue": "error"})),
        ("%7B.server.port%3D9000%7D", "server.port", json!({"intValue": "9000"})),
    ] {
        let reply = server.get(&format!("/tempo/api/search?q={query}&start=1767323000&end=1767323100")).json();
        let shown = &reply["traces"][0]["spanSets"][0]["spans"][0]["attributes"];
        assert_eq!(*shown, json!([{"key": key, "value": value}]), "{query}: {reply}");
    }
}

/// The same questions over gRPC, by Google's own client. Forms: `StreamingQuerier` in `pkg/tempopb/tempo.proto`.
#[test]
fn tempo_over_grpc() {
    let (start, end) = (1_767_323_000, 1_767_323_100);
    let (start_ns, end_ns) = ("1767323040000000000", "1767323070000000000");
    let counts = "{} | count_over_time() by (resource.service.name)";
    let questions = [
        ("grpc_search", "Search", json!({"query": "{ .db.system.name = \"postgresql\" }", "start": start, "end": end})),
        (
            "grpc_search_tags",
            "Search",
            json!({"tags": {"service.name": "SHOP"}, "minDurationMs": 100, "limit": 5, "start": start, "end": end}),
        ),
        ("grpc_tags", "SearchTags", json!({"scope": "resource", "start": start, "end": end})),
        (
            "grpc_tags_v2",
            "SearchTagsV2",
            json!({"query": "{ .cached = true }", "maxTagsPerScope": 30, "start": start, "end": end}),
        ),
        ("grpc_tag_values", "SearchTagValues", json!({"tagName": "service.name", "start": start, "end": end})),
        (
            "grpc_tag_values_v2",
            "SearchTagValuesV2",
            json!({"tagName": "event.tries", "query": "{ name = \"GET /cart\" }", "start": start, "end": end}),
        ),
        (
            "grpc_query_range",
            "MetricsQueryRange",
            json!({"query": counts, "start": start_ns, "end": end_ns, "step": "15000000000", "exemplars": 1}),
        ),
        ("grpc_query", "MetricsQueryInstant", json!({"query": counts, "start": start_ns, "end": end_ns})),
        ("grpc_fault", "MetricsQueryRange", json!({"query": "{ nme = 1 } | rate()"})),
        ("grpc_no_search", "Search", json!({"query": "{} | rate()"})),
        ("grpc_no_scope", "SearchTagsV2", json!({"scope": "planet"})),
        ("grpc_no_method", "SearchPlanets", json!({})),
    ];
    let asked: Vec<(&str, &Value)> = questions.iter().map(|(_, method, fields)| (*method, fields)).collect();
    let asked = serde_json::to_string(&asked).unwrap();
    let mut server = Server::start(Options::any_time());
    shop(TRACE, START).accepted(&server);
    for when in ["in memory", "in files"] {
        let address = server.http().trim_start_matches("http://").to_owned();
        let mut program = Command::new(clients::python(&clients::SDK));
        let printed = clients::run(program.arg(clients::script("python/tempo_grpc.py")).args([&address, &asked]));
        let answers: Vec<Value> = serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{e} in {printed}"));
        assert_eq!(answers.len(), questions.len());
        for ((name, ..), answer) in questions.iter().zip(answers) {
            golden::check(&format!("tempo/{name}"), when, answer);
        }
        server.cycle();
    }
}

/// Forms: Jaeger's page "APIs", sections "Internal HTTP JSON", whose types are in `internal/uimodel/model.go`,
/// "Service dependencies graph", and "Query JSON over HTTP", which is `api_v3/query_service.proto` and OTLP in
/// the JSON of protobuf.
#[test]
fn jaeger() {
    check(&[
        // `structuredResponse` of the query service, with a list of names.
        ("jaeger/services", "/jaeger/api/services"),
        ("jaeger/operation_names", "/jaeger/api/services/shop/operations"),
        // The same with `Operation`.
        ("jaeger/operations", "/jaeger/api/operations?service=shop"),
        // The same with `Trace`.
        ("jaeger/traces", "/jaeger/api/traces?service=stock&start=1767323000000000&end=1767323100000000"),
        ("jaeger/trace", "/jaeger/api/traces/0af7651916cd43dd8448eb211c80319c"),
        // The same with `DependencyLink`.
        ("jaeger/dependencies", "/jaeger/api/dependencies?endTs=1767323100000&lookback=100000"),
        // `GetServicesResponse`.
        ("jaeger/v3_services", "/jaeger/api/v3/services"),
        // `GetOperationsResponse`.
        ("jaeger/v3_operations", "/jaeger/api/v3/operations?service=shop"),
        // `TracesData`, in the envelope `result` of gRPC's gateway.
        (
            "jaeger/v3_traces",
            "/jaeger/api/v3/traces?query.service_name=stock&query.start_time_min=2026-01-02T03:04:00Z&query.start_time_max=2026-01-02T03:05:00Z",
        ),
        ("jaeger/v3_trace", "/jaeger/api/v3/traces/0af7651916cd43dd8448eb211c80319c"),
    ]);
}

/// Forms: `zipkin2-api.yaml`, the definition named beside each question.
#[test]
fn zipkin() {
    check(&[
        // Lists of names, of spans too, whatever the file says of these.
        ("zipkin/services", "/zipkin/api/v2/services"),
        ("zipkin/spans", "/zipkin/api/v2/spans?serviceName=shop"),
        ("zipkin/remote_services", "/zipkin/api/v2/remoteServices?serviceName=shop"),
        // `ListOfTraces`.
        ("zipkin/traces", "/zipkin/api/v2/traces?serviceName=stock&endTs=1767323100000&lookback=100000"),
        ("zipkin/trace_many", "/zipkin/api/v2/traceMany?traceIds=0af7651916cd43dd8448eb211c80319c,0000000000000001"),
        // `Trace`.
        ("zipkin/trace", "/zipkin/api/v2/trace/0af7651916cd43dd8448eb211c80319c"),
        // A list of `DependencyLink`.
        ("zipkin/dependencies", "/zipkin/api/v2/dependencies?endTs=1767323100000&lookback=100000"),
        // Lists of keys, and of values.
        ("zipkin/autocomplete_keys", "/zipkin/api/v2/autocompleteKeys"),
        ("zipkin/autocomplete_values", "/zipkin/api/v2/autocompleteValues?key=http.request.method"),
    ]);
}
