//! Traces and requests, and what becomes of them.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Status, TracesData};
use serde_json::Value;

use super::search::{self, Matching, Wanted};
use super::v3::{otlp, parse};
use super::{convert, model};
use crate::names::Window;
use crate::parameters::Parameters;

/// Nanoseconds of "now" in these tests.
const NOW: i64 = 1_700_000_000_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

fn shop() -> TracesData {
    serde_json::from_str(include_str!("fixtures/shop.otlp.json")).expect("OTLP")
}

#[track_caller]
fn check(answer: &[u8], expected: &str) {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    assert!(answer == expected, "got\n{answer:#}");
}

#[test]
fn traces_become_jaegers() {
    let missing = vec!["a file is damaged".to_owned()];
    let adjusted = convert::trace(&shop().resource_spans, missing, false);
    check(&model::json(&adjusted, false), include_str!("fixtures/shop.json"));
    let raw = convert::trace(&shop().resource_spans, Vec::new(), true);
    check(&model::json(&raw, true), include_str!("fixtures/shop.raw.json"));
}

/// A failed span has one tag `error`, whatever its attributes say beside its status.
#[test]
fn failures_are_told_once() {
    let tags = |code: i32, message: &str, attributes: &[(&str, &str)]| {
        let mut data = shop();
        let span = &mut data.resource_spans[0].scope_spans[0].spans[0];
        span.status = Some(Status { code, message: message.to_owned() });
        let text = |text: &str| Some(AnyValue { value: Some(Any::StringValue(text.to_owned())) });
        let pair = |(key, value): &(&str, &str)| KeyValue { key: (*key).to_owned(), value: text(value), ..KeyValue::default() };
        span.attributes = attributes.iter().map(pair).collect();
        let id = hex::encode(&span.span_id);
        let trace = convert::trace(&data.resource_spans, Vec::new(), false);
        let span = trace.spans.into_iter().find(|span| span.id == id).expect("the span");
        let tags = span.tags.into_iter().filter(|tag| tag.key.starts_with("error"));
        tags.map(|tag| format!("{}={}", tag.key, tag.value)).collect::<Vec<_>>().join(" ")
    };
    let cases = [
        (2, "", vec![], "error=true"),
        (2, "sold out", vec![("error", "sold out")], "error=true"),
        (2, "", vec![("error", "sold out")], "error=true error.message=\"sold out\""),
        (2, "", vec![("error", "true")], "error=true"),
        (2, "", vec![("error", "a"), ("error.message", "b")], "error=true error.message=\"b\""),
        (0, "", vec![("error", "sold out")], "error=\"sold out\""),
        (1, "", vec![("error", "false")], "error=\"false\""),
    ];
    for (code, message, attributes, expected) in cases {
        assert_eq!(tags(code, message, &attributes), expected, "{code} {message} {attributes:?}");
    }
}

#[test]
fn traces_become_otlp() {
    let groups = otlp::resource_spans(&shop());
    check(Value::from(groups).to_string().as_bytes(), include_str!("fixtures/shop.v3.json"));
}

#[test]
fn the_order_of_groups_makes_no_difference() {
    let mut turned = shop();
    turned.resource_spans.reverse();
    let json = |data: &TracesData| model::json(&convert::trace(&data.resource_spans, Vec::new(), false), false);
    assert_eq!(json(&turned), json(&shop()));
}

#[test]
fn processes_are_counted_in_numbers() {
    let mut data = TracesData::default();
    for at in 0..12_u8 {
        let mut group = shop().resource_spans.remove(1);
        group.scope_spans[0].spans.truncate(1);
        group.scope_spans[0].spans[0].span_id = vec![0, 0, 0, 0, 0, 0, 0, at + 1];
        group.resource.as_mut().expect("resource").dropped_attributes_count = u32::from(at);
        data.resource_spans.push(group);
    }
    let trace = convert::trace(&data.resource_spans, Vec::new(), false);
    assert_eq!(trace.processes.len(), 1, "processes that say the same are one");
    let names: Vec<String> = (1..=12).map(|n| serde_json::to_string(&model::ProcessId(n)).expect("text")).collect();
    assert_eq!((names[0].as_str(), names[11].as_str()), ("\"p1\"", "\"p12\""));
}

fn matching(query: &str) -> Result<Matching, String> {
    match search::wanted(&Parameters::of(query), NOW)? {
        Wanted::Matching(matching) => Ok(matching),
        Wanted::Ids(ids) => panic!("{query}: {ids:x?}"),
    }
}

#[test]
fn parameters_become_a_search() {
    let service = r#"resource.service.name = "shop""#;
    let cases = [
        ("service=shop", format!("{{ {service} }}"), NOW - 48 * HOUR, NOW, 100),
        ("service=shop&lookback=1h&limit=20", format!("{{ {service} }}"), NOW - HOUR, NOW, 20),
        ("service=shop&lookback=2d&limit=0", format!("{{ {service} }}"), NOW - 48 * HOUR, NOW, 100),
        ("service=shop&lookback=1w", format!("{{ {service} }}"), NOW - 168 * HOUR, NOW, 100),
        ("service=shop&lookback=custom&limit=99999", format!("{{ {service} }}"), NOW - 48 * HOUR, NOW, 1500),
        (
            "service=shop&operation=GET%20%2Fcart&start=5&end=1700000000000000&lookback=1h",
            format!("{{ {service} && name = \"GET /cart\" }}"),
            5000,
            NOW,
            100,
        ),
        (
            "service=sh%22op&minDuration=1.2ms&maxDuration=1s",
            r#"{ resource.service.name = "sh\"op" && duration >= 1200us && duration <= 1s }"#.to_owned(),
            NOW - 48 * HOUR,
            NOW,
            100,
        ),
        (
            "service=shop&tag=a:b:c",
            format!("{{ {service} && (span.a = \"b:c\" || resource.a = \"b:c\" || event.a = \"b:c\") }}"),
            NOW - 48 * HOUR,
            NOW,
            100,
        ),
        (
            "service=OTLPResourceNoServiceName&end=99999999999999999",
            "{ resource.service.name = nil }".to_owned(),
            i64::MAX - 48 * HOUR,
            i64::MAX,
            100,
        ),
    ];
    for (query, text, start_ns, end_ns, limit) in cases {
        let search = matching(query).expect(query).search();
        luneta_query::traceql::parse(&search.query).expect(query);
        assert_eq!((search.query, search.start_ns, search.end_ns, search.limit), (text, start_ns, end_ns, limit), "{query}");
    }
}

#[test]
fn tags_come_one_by_one_or_together() {
    let query = "service=shop&tag=error:false&tag=x:1&tags=%7B%22error%22%3A%22true%22%2C%22http.status_code%22%3A%22500%22%7D";
    let expected = [("error", "true"), ("http.status_code", "500"), ("x", "1")];
    let expected: BTreeMap<String, String> = expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let found = matching(query).expect("tags");
    assert_eq!(found.tags, expected);
    luneta_query::traceql::parse(&found.search().query).expect("TraceQL");
}

#[test]
fn ids_are_read() {
    let wanted = search::wanted(&Parameters::of("traceID=abc&traceID=0af7651916cd43dd8448eb211c80319C&service=x"), NOW);
    assert_eq!(wanted, Ok(Wanted::Ids(vec![0xabc, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c])));
}

#[test]
fn wrong_parameters_are_named() {
    let many_ids = "traceID=1&".repeat(101);
    let many_tags: Vec<String> = (0..33).map(|n| format!("tag=k{n}:v")).collect();
    let many_tags = format!("service=s&{}", many_tags.join("&"));
    let cases = [
        ("", "parameter 'service' is required"),
        ("service=", "parameter 'service' is required"),
        ("service=s&start=x", "unable to parse param 'start': strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("service=s&end=1.5", "unable to parse param 'end': strconv.ParseInt: parsing \"1.5\": invalid syntax"),
        ("service=s&limit=ten", "unable to parse param 'limit': strconv.ParseInt: parsing \"ten\": invalid syntax"),
        ("service=s&limit=-1", "the number of traces must not be negative, but is -1"),
        ("service=s&minDuration=20", "unable to parse param 'minDuration': time: missing unit in duration \"20\""),
        ("service=s&maxDuration=x", "unable to parse param 'maxDuration': time: invalid duration \"x\""),
        ("service=s&minDuration=2s&maxDuration=1s", "'maxDuration' should be greater than 'minDuration'"),
        ("service=s&tag=k", "malformed 'tag' parameter, expecting key:value, received: k"),
        ("service=s&tags=k", "malformed 'tags' parameter, cannot unmarshal JSON: "),
        ("service=s&tags=%7B%22k%22%3A1%7D", "malformed 'tags' parameter, cannot unmarshal JSON: "),
        ("traceID=xyz", "cannot parse traceID param: strconv.ParseUint: parsing \"xyz\": invalid syntax"),
        (
            "traceID=000000000000000000000000000000001",
            "cannot parse traceID param: TraceID cannot be longer than 32 hex characters: 000000000000000000000000000000001",
        ),
        (&many_ids, "parameter 'traceID' may be given 100 times, not 101"),
        (&many_tags, "a search may name 32 tags, not 33"),
    ];
    for (query, message) in cases {
        let fault = search::wanted(&Parameters::of(query), NOW).expect_err(query);
        assert!(fault == message || (message.ends_with(": ") && fault.starts_with(message)), "{query}: {fault}");
    }
    for (query, expected) in [
        ("raw=true&start=1&end=2", Ok(true)),
        ("", Ok(false)),
        ("raw=maybe", Err("unable to parse param 'raw': strconv.ParseBool: parsing \"maybe\": invalid syntax")),
        ("end=soon", Err("unable to parse param 'end': strconv.ParseInt: parsing \"soon\": invalid syntax")),
    ] {
        assert_eq!(search::raw(&Parameters::of(query)), expected.map_err(str::to_owned), "{query}");
    }
}

#[test]
fn calls_have_a_time() {
    let day = 24 * HOUR;
    for (query, expected) in [
        ("", Ok(Window { start_ns: NOW - day, end_ns: NOW })),
        ("endTs=1000&lookback=400", Ok(Window { start_ns: 600_000_000, end_ns: 1_000_000_000 })),
        ("lookback=1h", Err("unable to parse param 'lookback': strconv.ParseInt: parsing \"1h\": invalid syntax".to_owned())),
    ] {
        assert_eq!(search::calls(&Parameters::of(query), NOW), expected, "{query}");
    }
}

#[test]
fn the_third_version_has_its_own_names() {
    let times = "query.start_time_min=1970-01-01T00:00:01Z&query.startTimeMax=1970-01-01T00:00:02.5%2B00:00";
    let all = "query.service_name=shop&query.operationName=GET&query.attributes=%7B%22a%22%3A%22b%22%7D\
               &query.duration_min=1ms&query.durationMax=2ms&query.num_traces=7&query.raw_traces=true";
    let expected = Matching {
        service: Some("shop".to_owned()),
        operation: Some("GET".to_owned()),
        tags: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        duration_ns_min: Some(1_000_000),
        duration_ns_max: Some(2_000_000),
        start_ns: 1_000_000_000,
        end_ns: 2_500_000_000,
        limit: 7,
    };
    assert_eq!(parse::matching(&Parameters::of(&format!("{times}&{all}"))), Ok(expected));
    let bare = parse::matching(&Parameters::of(times)).expect("times are enough");
    assert_eq!((bare.search().query.as_str(), bare.limit), ("{}", 100));
    for (more, message) in [
        ("query.search_depth=x", "malformed parameter query.search_depth: strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("query.durationMin=1", "malformed parameter query.durationMin: time: missing unit in duration \"1\""),
        ("query.raw_traces=2", "malformed parameter query.raw_traces: strconv.ParseBool: parsing \"2\": invalid syntax"),
        ("query.filter=%7B%7D", "malformed parameter query.filter: this server does not know it"),
    ] {
        assert_eq!(parse::matching(&Parameters::of(&format!("{times}&{more}"))), Err(message.to_owned()), "{more}");
    }
    let required = "query.start_time_min and query.start_time_max are required";
    assert_eq!(parse::matching(&Parameters::of("query.service_name=shop")), Err(required.to_owned()));
}

#[test]
fn the_third_version_wants_times_of_calls() {
    let window = |query: &str| parse::window(&Parameters::of(query));
    let times = "start_time=1970-01-01T00:00:01Z&endTime=1970-01-01T00:00:02Z";
    assert_eq!(window(times), Ok(Window { start_ns: 1_000_000_000, end_ns: 2_000_000_000 }));
    for (query, message) in [
        ("end_time=1970-01-01T00:00:02Z", "malformed parameter startTime: it is required"),
        ("start_time=1970-01-01T00:00:02Z", "malformed parameter endTime: it is required"),
        (
            "start_time=1970-01-01T00:00:02Z&end_time=1970-01-01T00:00:02Z",
            "malformed parameter endTime: it must be after startTime",
        ),
    ] {
        assert_eq!(window(query), Err(message.to_owned()), "{query}");
    }
}
