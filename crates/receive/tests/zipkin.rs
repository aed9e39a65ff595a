//! Zipkin: what real clients sent, and rules of decoding that no client shows.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::PathBuf;

use luneta_model::{Limits, Tenant};
use luneta_receive::thrift::Dialect;
use luneta_receive::zipkin::ZIPKIN;
use luneta_receive::zipkin::decode::{v1_json, v1_thrift, v2_json, v2_protobuf};
use luneta_receive::{DecodeFn, DecodeOptions, Decoded, Reason, ReceiveError};
use proptest::prelude::*;
use support::thrift::Value;
use support::{Fixture, NOW, assert_same, decode, render};

/// Captured bodies, found by `<client>.traces.<format>`.
fn fixtures() -> Vec<Fixture> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/zipkin/fixtures");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let ending = name.rsplit('.').next().unwrap();
        if let Some(format) = ZIPKIN.routes.iter().flat_map(|r| r.formats).find(|f| f.name == ending) {
            out.push(Fixture { bytes: std::fs::read(&path).unwrap(), name, format });
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(out.len() >= 8);
    out
}

fn run(decode: DecodeFn, body: impl AsRef<[u8]>) -> Result<Decoded, ReceiveError> {
    decode(body.as_ref(), Tenant::default(), &DecodeOptions::at(NOW))
}

/// The rows of spans of the second version, given what stands beside their ids.
fn v2(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    let body = format!(r#"[{{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"a2fb4a1d1a96d312"{comma}{fields}}}]"#);
    let decoded = run(v2_json, body).unwrap();
    assert_eq!((decoded.tally.message("spans"), decoded.batch.len()), (None, 1));
    render(&decoded.batch)
}

/// The rows of one span of the first version.
fn v1(fields: &str) -> String {
    let body = format!(r#"[{{"traceId":"48485a3953bb6124","id":"a2fb4a1d1a96d312","name":"call",{fields}}}]"#);
    let decoded = run(v1_json, body).unwrap();
    assert_eq!(decoded.tally.message("spans"), None);
    render(&decoded.batch)
}

fn has(rows: &str, line: &str) -> bool {
    rows.lines().any(|l| l.trim_start() == line)
}

#[test]
fn fixtures_decode_as_recorded() {
    for fixture in fixtures() {
        let decoded = decode(fixture.format, &fixture.bytes).unwrap();
        assert_eq!(decoded.tally.message("spans"), None, "{}", fixture.name);
        insta::assert_snapshot!(fixture.name.as_str(), render(&decoded.batch));
    }
}

#[test]
fn every_truncation_fails_cleanly() {
    for fixture in fixtures() {
        let whole = decode(fixture.format, &fixture.bytes).unwrap().batch.len();
        for end in 0..fixture.bytes.len() {
            match decode(fixture.format, &fixture.bytes[..end]) {
                Err(error) => assert_eq!(error.reason(), Reason::Malformed),
                // Lists in protobuf may end behind any span.
                Ok(decoded) => {
                    assert!(fixture.format.name.ends_with("protobuf") && decoded.batch.len() < whole, "{} {end}", fixture.name);
                    assert_eq!(decoded.tally.rejected_total(), 0);
                }
            }
        }
    }
}

#[test]
fn bit_flips_never_panic() {
    for fixture in fixtures() {
        for at in 0..fixture.bytes.len() {
            let mut bytes = fixture.bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            let _ = decode(fixture.format, &bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn damage_never_panics(
        which in 0usize..8,
        end in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let fixture = &fixtures()[which];
        let mut bytes = fixture.bytes.clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() / 2 + end.index(bytes.len() / 2 + 1));
        for format in ZIPKIN.routes.iter().flat_map(|r| r.formats) {
            let _ = decode(format, &bytes);
        }
    }

    #[test]
    fn any_times_and_ids_are_kept_or_counted(timestamp: u64, duration: u64, trace in "[0-9a-fA-F]{0,34}", id in "[0-9a-f]{0,18}") {
        let body = format!(r#"[{{"traceId":"{trace}","id":"{id}","timestamp":{timestamp},"duration":{duration}}}]"#);
        let decoded = run(v2_json, body).unwrap();
        prop_assert_eq!(decoded.batch.len() as u64 + decoded.tally.rejected_total(), 1);
        prop_assert_eq!(decoded.batch.len(), decoded.batch.origins.num_rows());
    }
}

#[test]
fn bodies_that_are_no_list_are_refused() {
    let bodies = ["", "{}", "null", "7", "\"[]\"", "[", "[1,]", "[]]", "[{]", "[{\"traceId\"}]"];
    for decode in [v2_json as DecodeFn, v1_json] {
        for body in bodies {
            let error = run(decode, body).unwrap_err();
            assert_eq!(error.reason(), Reason::Malformed, "{body}");
            assert!(error.to_string().starts_with("malformed JSON: "), "{error}");
        }
        assert_eq!(run(decode, " [ ] ").unwrap().batch.len(), 0);
    }
    assert!(run(v2_json, "{}").unwrap_err().to_string().contains("expected a list of spans"));
    assert_eq!(run(v2_protobuf, []).unwrap().batch.len(), 0);
    assert_eq!(run(v2_protobuf, b"[]").unwrap_err().reason(), Reason::Malformed);
}

#[test]
fn bad_spans_leave_their_siblings() {
    let good = r#"{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"a2fb4a1d1a96d312","name":"kept"}"#;
    let bad = [
        (r#"{"id":"a2fb4a1d1a96d312"}"#, Reason::InvalidTraceId),
        (r#"{"traceId":"0000000000000000","id":"a2fb4a1d1a96d312"}"#, Reason::InvalidTraceId),
        (r#"{"traceId":"48485a3953bb612g","id":"a2fb4a1d1a96d312"}"#, Reason::InvalidTraceId),
        (r#"{"traceId":"48485a3953bb6124"}"#, Reason::InvalidSpanId),
        (r#"{"traceId":"48485a3953bb6124","id":"a2fb4a1d1a96d3120"}"#, Reason::InvalidSpanId),
        (r#"{"traceId":"48485a3953bb6124","id":"1","parentId":"x"}"#, Reason::InvalidSpanId),
        (r#"{"traceId":"48485a3953bb6124","id":"1","timestamp":9223372036854776}"#, Reason::TimeOutOfRange),
        (r#"{"traceId":"48485a3953bb6124","id":"1","timestamp":1,"duration":1e300}"#, Reason::TimeOutOfRange),
        (r#"{"traceId":7,"id":"1"}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","tags":[]}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","tags":{"a":{}}}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","annotations":{}}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","localEndpoint":"checkout"}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","timestamp":"soon"}"#, Reason::Malformed),
        (r#"{"traceId":"48485a3953bb6124","id":"1","name":"\ud800"}"#, Reason::Malformed),
        ("null", Reason::Malformed),
        ("[[[[]]]]", Reason::Malformed),
        ("12", Reason::Malformed),
    ];
    for (span, reason) in bad {
        let decoded = run(v2_json, format!("[{good},{span},{good}]")).unwrap();
        assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (2, &[(reason, 1)][..]), "{span}");
        assert!(decoded.tally.warned().is_empty());
    }
    let all: Vec<_> = bad.iter().map(|(span, _)| *span).collect();
    let decoded = run(v2_json, format!("[{}]", all.join(","))).unwrap();
    assert_eq!((decoded.batch.len(), decoded.batch.origins.num_rows()), (0, 0));
    assert_eq!(decoded.tally.rejected_total(), bad.len() as u64);
    // In v1 as well, and in protobuf, where lengths tell where the next span begins.
    let decoded = run(v1_json, format!("[{good},{{\"binaryAnnotations\":7}},{good}]")).unwrap();
    assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (2, &[(Reason::Malformed, 1)][..]));
    let list = [proto(&[]), vec![0x0a, 2, 0x0a, 9], vec![0x0a, 2, 0x20, 1], proto(&[])].concat();
    let decoded = run(v2_protobuf, list).unwrap();
    assert_eq!((decoded.batch.len(), decoded.tally.rejected_total()), (2, 2));
}

/// A list of one span in protobuf: ids, then what is given.
fn proto(more: &[u8]) -> Vec<u8> {
    let mut span = vec![0x0a, 8, 0x48, 0x48, 0x5a, 0x39, 0x53, 0xbb, 0x61, 0x24, 0x1a, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    span.extend_from_slice(more);
    let mut list = vec![0x0a, span.len() as u8 | 0x80, (span.len() >> 7) as u8];
    list.extend_from_slice(&span);
    list
}

#[test]
fn protobuf_and_json_mean_the_same() {
    let more = [
        &[0x12, 8, 8, 7, 6, 5, 4, 3, 2, 1, 0x20, 2, 0x2a, 3][..],
        b"get",
        &[0x31, 0x40, 0x42, 0x0f, 0, 0, 0, 0, 0, 0x38, 0x96, 1],
        // Local endpoint: name, IPv4, port.
        &[0x42, 11, 0x0a, 1, b'a', 0x12, 4, 10, 0, 0, 1, 0x20, 0x50],
        // Remote endpoint: IPv6, and an IPv4 of wrong length.
        &[0x4a, 21, 0x1a, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 1, 0x12, 1, 1],
        &[
            0x52, 12, 0x09, 0x41, 0x42, 0x0f, 0, 0, 0, 0, 0, 0x12, 1, b'e', 0x5a, 6, 0x0a, 1, b'k', 0x12, 1, b'v', 0x60, 1, 0x68,
            1,
        ],
    ]
    .concat();
    let json = r#"[{"traceId":"48485A3953BB6124","id":"0102030405060708","parentId":"0807060504030201","kind":"server","name":"get",
        "timestamp":"1000000","duration":150.0,"localEndpoint":{"serviceName":"a","ipv4":"10.0.0.1","port":"80"},"unknown":[{}],
        "remoteEndpoint":{"ipv6":"2001:db8::c001","port":null},"annotations":[{"timestamp":1000001,"value":"e"},null],
        "tags":{"k":"v","n":null},"debug":true,"shared":true}]"#;
    let decoded = run(v2_json, json).unwrap();
    assert_same(&run(v2_protobuf, proto(&more)).unwrap().batch, &decoded.batch);
    insta::assert_snapshot!(render(&decoded.batch));
}

/// A list of spans in thrift: ids, then the fields given.
fn thrift(spans: Vec<Vec<(i16, Value)>>) -> Vec<u8> {
    let with_ids = |fields| {
        let mut all = vec![(1, Value::I64(0x4848_5a39_53bb_6124)), (4, Value::I64(0x0102_0304_0506_0708))];
        all.extend::<Vec<_>>(fields);
        Value::Struct(all)
    };
    Value::List(spans.into_iter().map(with_ids).collect()).write(Dialect::Binary)
}

fn thrift_span() -> Vec<(i16, Value)> {
    let front = Value::Struct(vec![(1, Value::I32(0x0a00_0001)), (2, Value::I16(-5536)), (3, Value::text("front"))]);
    let back =
        Value::Struct(vec![(3, Value::text("back")), (4, Value::Binary([&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[1]].concat()))]);
    let mark = |time: i64, value: &str| Value::Struct(vec![(1, Value::I64(time)), (2, Value::text(value)), (3, front.clone())]);
    let binary = |key: &str, code: i32, value: &[u8], host: &Value| {
        let value = Value::Binary(value.to_vec());
        Value::Struct(vec![(1, Value::text(key)), (2, value), (3, Value::I32(code)), (4, host.clone())])
    };
    let tags = vec![
        binary("sa", 0, &[1], &back),
        binary("flag", 0, &[0], &front),
        binary("short", 2, &[0xff, 0xfe], &front),
        binary("int", 3, &[0, 0, 1, 0], &front),
        binary("long", 4, &[0, 0, 0, 0, 0, 0, 1, 0], &front),
        binary("double", 5, &2.5f64.to_be_bytes(), &front),
        binary("text", 6, "größe".as_bytes(), &front),
        binary("bytes", 1, &[0, 255], &front),
        binary("narrow", 4, &[0, 255], &front),
    ];
    vec![
        (3, Value::text("call")),
        (5, Value::I64(7)),
        (6, Value::List(vec![mark(100, "cs"), mark(120, "wait"), mark(150, "cr")])),
        (8, Value::List(tags)),
        (9, Value::Bool(true)),
        (10, Value::I64(100)),
        (11, Value::I64(50)),
        (12, Value::I64(0x463a_c35c_9f64_13ad)),
        (99, Value::Map(vec![(Value::I8(1), Value::text("unknown"))])),
    ]
}

#[test]
fn thrift_and_json_mean_the_same() {
    let front = r#""endpoint":{"serviceName":"front","ipv4":"10.0.0.1","port":60000}"#;
    let tag = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{value},{front}}}"#);
    let tags = [
        tag("flag", "false"),
        tag("short", "-2"),
        tag("int", "256"),
        tag("long", "256"),
        tag("double", "2.5"),
        tag("text", "\"größe\""),
        tag("bytes", "\"AP8=\""),
        tag("narrow", "\"AP8=\""),
    ]
    .join(",");
    let json = format!(
        r#"[{{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"0102030405060708","parentId":"7","name":"call","timestamp":100,"duration":50,
        "debug":true,"annotations":[{{"timestamp":100,"value":"cs",{front}}},{{"timestamp":120,"value":"wait",{front}}},
        {{"timestamp":150,"value":"cr",{front}}}],"binaryAnnotations":[{{"key":"sa","value":true,
        "endpoint":{{"serviceName":"back","ipv6":"2001:db8::1"}}}},{tags}]}}]"#
    );
    let decoded = run(v1_thrift, thrift(vec![thrift_span()])).unwrap();
    assert_eq!((decoded.batch.len(), decoded.tally.message("spans")), (1, None));
    assert_same(&decoded.batch, &run(v1_json, json).unwrap().batch);
}

#[test]
fn damaged_thrift_fails_cleanly() {
    let whole = thrift(vec![thrift_span(), thrift_span()]);
    for end in 0..whole.len() {
        assert_eq!(run(v1_thrift, &whole[..end]).unwrap_err().reason(), Reason::Malformed, "{end}");
        let mut bytes = whole.clone();
        bytes[end] ^= 1 << (end % 8);
        let _ = run(v1_thrift, bytes);
    }
    assert_eq!(run(v1_thrift, thrift(vec![])).unwrap().batch.len(), 0);
    assert_eq!(run(v1_thrift, [whole.as_slice(), &[0]].concat()).unwrap_err().reason(), Reason::Malformed);
    let numbers = Value::List(vec![Value::I64(1)]).write(Dialect::Binary);
    assert!(run(v1_thrift, numbers).unwrap_err().to_string().contains("spans are structs"));
    // A field of another type counts as not sent; a span without ids is left out.
    let wrong = vec![(3, Value::I64(1)), (6, Value::List(vec![Value::I8(1)])), (8, Value::text("none"))];
    assert_eq!(run(v1_thrift, thrift(vec![wrong])).unwrap().batch.len(), 1);
    let zero = vec![(1, Value::I64(0))];
    let decoded = run(v1_thrift, thrift(vec![thrift_span(), zero, vec![(4, Value::I64(0))]])).unwrap();
    let expected = [(Reason::InvalidTraceId, 1), (Reason::InvalidSpanId, 1)];
    assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (1, &expected[..]));
}

#[test]
fn times_that_were_not_sent() {
    let rows = v2(r#""annotations":[{"timestamp":7,"value":"b"},{"timestamp":5,"value":"a"},{"value":"c"}]"#);
    assert!(has(&rows, "start_time = 1970-01-01T00:00:00.000005"), "{rows}");
    assert!(has(&rows, "duration_ns = 0"));
    assert!(rows.contains("otel.zipkin.absentField.startTime: true"));
    assert_eq!(rows.matches("00:00:00.000005, name: ").count(), 2, "an event without time stands at the start: {rows}");
    let rows = v2(r#""timestamp":0,"duration":-4"#);
    assert!(has(&rows, "start_time = 2027-01-15T08:00:00"), "{rows}");
    assert!(!v2(r#""timestamp":1"#).contains("absentField"));
}

#[test]
fn statuses() {
    let cases = [
        ("{}", "UNSET", ""),
        (r#"{"error":"false"}"#, "UNSET", ""),
        (r#"{"error":"true"}"#, "ERROR", ""),
        (r#"{"error":true}"#, "ERROR", ""),
        (r#"{"error":""}"#, "ERROR", ""),
        (r#"{"error":"no route"}"#, "ERROR", "no route"),
        (r#"{"error":"500","otel.status_description":"no route"}"#, "ERROR", "no route"),
        (r#"{"otel.status_code":"OK"}"#, "OK", ""),
        (r#"{"otel.status_code":"STATUS_CODE_ERROR","otel.status_description":"late"}"#, "ERROR", "late"),
    ];
    for (tags, code, message) in cases {
        let rows = v2(&format!(r#""tags":{tags}"#));
        assert!(has(&rows, &format!("status_code = {code}")), "{tags} {rows}");
        let line = format!("status_message = {message}");
        assert_eq!(has(&rows, &line), !message.is_empty(), "{tags} {rows}");
        assert_eq!(
            rows.contains(" error: "),
            tags.contains("no route\"}") || tags.contains("500") || tags.contains("\"false\""),
            "{rows}"
        );
        assert!(!rows.contains("otel.status"));
    }
    assert!(v2(r#""tags":{"otel.status_code":"fine"}"#).contains("otel.status_code: fine"));
}

#[test]
fn tags_of_exporters_are_unfolded() {
    let rows = v2(r#""kind":"CLIENT","localEndpoint":{"serviceName":"a"},"tags":{"service.name":"b","host.name":"n1",
        "otel.library.name":"old","otel.scope.name":"lib","otel.scope.version":"3","w3c.tracestate":"x=1","otel.dropped_events_count":"4",
        "otlp.link.0":"463ac35c9f6413ad48485a3953bb6124|a2fb4a1d1a96d312|y=2|{\"n\":1}|5","otlp.link.1":"broken"},
        "annotations":[{"timestamp":1,"value":"{\"named\": {\"s\": \"|\", \"i\": 2, \"l\": [true]}}"},{"timestamp":2,"value":"\"quoted\": {}"},
        {"timestamp":3,"value":"piped|{\"d\":0.5}|6"},{"timestamp":4,"value":"a|b|c"},{"timestamp":5,"value":"{\"two\":{},\"names\":{}}"}]"#);
    insta::assert_snapshot!(rows);
}

#[test]
fn kinds() {
    let cases = [
        (r#""kind":"PRODUCER""#, "PRODUCER"),
        (r#""kind":"consumer""#, "CONSUMER"),
        (r#""kind":null"#, "UNSPECIFIED"),
        (r#""kind":"","tags":{"span.kind":"internal"}"#, "INTERNAL"),
        (r#""kind":"INTERNAL""#, "INTERNAL"),
        (r#""tags":{"span.kind":"broker"}"#, "UNSPECIFIED"),
        (r#""kind":"BROKER""#, "UNSPECIFIED"),
    ];
    for (fields, kind) in cases {
        let rows = v2(fields);
        assert!(has(&rows, &format!("kind = {kind}")), "{fields} {rows}");
        assert_eq!(rows.contains("span.kind"), fields.to_lowercase().contains("broker"), "{rows}");
    }
}

#[test]
fn endpoints_become_attributes_and_services_resources() {
    let rows = v2(r#""localEndpoint":{"serviceName":"","ipv4":"10.0.0.1","ipv6":"::1","port":70000},
        "remoteEndpoint":{"serviceName":"db","ipv4":"10.0.0.2","port":5432},"tags":{"net.peer.port":"1","peer.service":"tagged"}"#);
    assert!(!rows.contains("service_name"), "a service without a name has none: {rows}");
    for line in ["attributes.net.peer.port = 5432", "attributes.peer.service = tagged", "attributes.net.peer.ip = 10.0.0.2"] {
        assert!(has(&rows, line), "{line} {rows}");
    }
    assert!(rows.contains("net.host.ip: 10.0.0.1") && rows.contains("net.host.ipv6: ::1") && !rows.contains("net.host.port"));
    // Spans of one service share an origin, whatever the order of their tags.
    let span = |tags: &str, service: &str| {
        format!(r#"{{"traceId":"1","id":"1","localEndpoint":{{"serviceName":"{service}"}},"tags":{{{tags}}}}}"#)
    };
    let one = span(r#""host.name":"n","os.type":"linux""#, "a");
    let same = span(r#""os.type":"linux","x":"y","host.name":"n""#, "a");
    let other = span(r#""os.type":"linux","host.name":"n""#, "b");
    let decoded = run(v2_json, format!("[{one},{same},{other},{one}]")).unwrap();
    assert_eq!((decoded.batch.len(), decoded.batch.origins.num_rows()), (4, 2));
}

#[test]
fn parents() {
    assert!(v2(r#""parentId":"00000000000000AA""#).contains("parent_span_id = 00000000000000aa"));
    for root in [r#""parentId":null"#, r#""parentId":"0000000000000000""#, r#""parentId":"a2fb4a1d1a96d312""#] {
        assert!(!v2(root).contains("parent_span_id"), "{root}");
    }
}

const FRONT: &str = r#""endpoint":{"serviceName":"front","ipv4":"10.0.0.1","port":80}"#;
const BACK: &str = r#""endpoint":{"serviceName":"back","ipv4":"10.0.0.2","port":90}"#;

#[test]
fn a_shared_span_becomes_two() {
    let rows = v1(&format!(
        r#""timestamp":100,"duration":50,"annotations":[{{"timestamp":100,"value":"cs",{FRONT}}},{{"timestamp":110,"value":"sr",{BACK}}},
        {{"timestamp":120,"value":"cache miss",{BACK}}},{{"timestamp":140,"value":"ss",{BACK}}},{{"timestamp":150,"value":"cr",{FRONT}}}],
        "binaryAnnotations":[{{"key":"http.path","value":"/api",{FRONT}}},{{"key":"srv","value":7,{BACK}}},{{"key":"ca","value":true,{FRONT}}},
        {{"key":"sa","value":"1",{BACK}}}]"#
    ));
    insta::assert_snapshot!(rows);
}

#[test]
fn a_service_that_calls_itself_becomes_two() {
    let rows = v1(&format!(
        r#""timestamp":100,"duration":50,"annotations":[{{"timestamp":100,"value":"cs",{FRONT}}},{{"timestamp":110,"value":"sr",{FRONT}}},
        {{"timestamp":140,"value":"ss",{FRONT}}},{{"timestamp":150,"value":"cr",{FRONT}}}]"#
    ));
    assert!(has(&rows, "kind = CLIENT") && has(&rows, "kind = SERVER"), "{rows}");
    assert!(has(&rows, "duration_ns = 50000") && has(&rows, "duration_ns = 30000"), "{rows}");
    assert_eq!(rows.matches("attributes.zipkin.shared = true").count(), 1);
    // The same where no service is named.
    let rows = v1(r#""annotations":[{"timestamp":100,"value":"cs"},{"timestamp":110,"value":"sr"}]"#);
    assert!(has(&rows, "kind = CLIENT") && has(&rows, "kind = SERVER"), "{rows}");
}

#[test]
fn halves_of_calls() {
    let mark = |time: u64, value: &str| format!(r#"{{"timestamp":{time},"value":"{value}",{FRONT}}}"#);
    let cases = [
        ("", vec![mark(5, "sr"), mark(9, "ss")], "SERVER", 5, 4, true),
        (r#""timestamp":3,"duration":8,"#, vec![mark(5, "sr"), mark(9, "ss")], "SERVER", 3, 8, false),
        (r#""timestamp":3,"duration":8,"#, vec![mark(11, "cr")], "CLIENT", 3, 8, false),
        ("", vec![mark(11, "cr")], "CLIENT", 11, 0, false),
        ("", vec![mark(4, "cs")], "CLIENT", 4, 0, false),
        ("", vec![mark(9, "cr"), mark(11, "cs")], "CLIENT", 11, 0, false),
        ("", vec![mark(2, "ms"), mark(6, "ws")], "PRODUCER", 2, 4, false),
        ("", vec![mark(2, "wr"), mark(6, "mr")], "CONSUMER", 2, 4, false),
        ("", vec![mark(6, "mr")], "CONSUMER", 6, 0, false),
        ("", vec![mark(6, "wr")], "UNSPECIFIED", 6, 0, false),
        (r#""timestamp":3,"duration":8,"#, vec![], "UNSPECIFIED", 3, 8, false),
    ];
    for (times, marks, kind, start, duration, shared) in cases {
        let rows = v1(&format!(r#"{times}"annotations":[{}]"#, marks.join(",")));
        let expected = [
            format!("kind = {kind}"),
            format!("start_time = 1970-01-01T00:00:00.{start:06}"),
            format!("duration_ns = {}", duration * 1000),
        ];
        for line in expected {
            assert!(has(&rows, &line), "{line} {rows}");
        }
        assert_eq!(rows.contains("zipkin.shared"), shared, "{rows}");
        assert_eq!(rows.matches("row ").count(), 1);
    }
}

#[test]
fn messages_in_one_span_become_two() {
    let rows = v1(&format!(
        r#""annotations":[{{"timestamp":1,"value":"ms",{FRONT}}},{{"timestamp":3,"value":"ws",{FRONT}}},{{"timestamp":6,"value":"wr",{BACK}}},
        {{"timestamp":9,"value":"mr",{BACK}}}],"binaryAnnotations":[{{"key":"ma","value":true,"endpoint":{{"serviceName":"kafka"}}}}]"#
    ));
    insta::assert_snapshot!(rows);
}

#[test]
fn addresses_and_local_components() {
    // An address alone: `ca` is told by servers, `sa` by anybody.
    let rows = v1(&format!(r#""binaryAnnotations":[{{"key":"ca","value":true,{BACK}}}]"#));
    assert!(has(&rows, "kind = SERVER") && has(&rows, "attributes.peer.service = back"), "{rows}");
    let rows = v1(&format!(r#""binaryAnnotations":[{{"key":"sa","value":true,{BACK}}}]"#));
    assert!(has(&rows, "kind = UNSPECIFIED") && has(&rows, "attributes.peer.service = back"), "{rows}");
    let rows = v1(&format!(r#""binaryAnnotations":[{{"key":"sa","value":true,{BACK}}},{{"key":"ca","value":true,{FRONT}}}]"#));
    assert!(has(&rows, "service_name = front") && has(&rows, "attributes.peer.service = back"), "{rows}");
    // A server that names itself as its client keeps the address only.
    let rows = v1(&format!(
        r#""annotations":[{{"timestamp":5,"value":"sr",{BACK}}}],
        "binaryAnnotations":[{{"key":"ca","value":true,"endpoint":{{"serviceName":"back","ipv4":"10.0.0.9"}}}}]"#
    ));
    assert!(!rows.contains("peer.service") && has(&rows, "attributes.net.peer.ip = 10.0.0.9"), "{rows}");
    let rows = v1(&format!(r#""binaryAnnotations":[{{"key":"lc","value":"",{BACK}}},{{"key":"error","value":"late",{BACK}}}]"#));
    assert!(has(&rows, "service_name = back") && has(&rows, "status_message = late") && !rows.contains("lc:"), "{rows}");
    assert!(v1(&format!(r#""binaryAnnotations":[{{"key":"lc","value":"render",{BACK}}}]"#)).contains("lc: render"));
}

#[test]
fn sides_are_bounded() {
    let marks: Vec<_> =
        (0..1000).map(|i| format!(r#"{{"timestamp":{},"value":"e","endpoint":{{"serviceName":"s{i}"}}}}"#, i + 1)).collect();
    let decoded = run(v1_json, format!(r#"[{{"traceId":"1","id":"1","annotations":[{}]}}]"#, marks.join(","))).unwrap();
    assert_eq!(decoded.batch.len(), 16);
    // Names are copied to every side, but not in any length.
    let name = format!("\\n{}", "ä".repeat(1_000_000));
    let body = format!(r#"[{{"traceId":"1","id":"1","name":"{name}","annotations":[{}]}}]"#, marks.join(","));
    assert!(run(v1_json, body).unwrap().batch.memory_bytes() < 2 * 16 * 300 * 1024);
}

#[test]
fn limits_hold() {
    let limits = Limits { attributes_max: 2, value_bytes_max: 4, events_max: 1, ..Limits::default() };
    let options = DecodeOptions { limits, ..DecodeOptions::at(NOW) };
    let event = r#"{"timestamp":1,"value":"{\"größer\":{\"a\":1,\"b\":2,\"c\":3}}"}"#;
    let body = format!(
        r#"[{{"traceId":"1","id":"1","tags":{{"a":"größer","b":"2","c":"3"}},"timestamp":1,"annotations":[{event},{event}]}}]"#
    );
    let rows = render(&v2_json(body.as_bytes(), Tenant::default(), &options).unwrap().batch);
    for line in ["dropped_attributes_count = 1", "dropped_events_count = 1"] {
        assert!(has(&rows, line), "{rows}");
    }
    let options = DecodeOptions { expanded_bytes_max: 10_000, ..DecodeOptions::at(NOW) };
    let span = r#"{"traceId":"1","id":"1"}"#;
    let many = vec![span; 100].join(",");
    for decode in [v2_json as DecodeFn, v1_json] {
        let error = decode(format!("[{many}]").as_bytes(), Tenant::default(), &options).unwrap_err();
        assert_eq!(error.reason(), Reason::DecompressedTooLarge);
    }
    let error = v2_protobuf(&proto(&[]).repeat(100), Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);
    // What is not known is skipped without recursion.
    let deep = format!(r#"[{{"traceId":"1","id":"1","x":{}{}}}]"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(run(v2_json, deep).unwrap().batch.len(), 1);
}

#[test]
fn text_that_is_not_utf8_is_repaired_and_counted() {
    let decoded = run(v2_json, b"[{\"traceId\":\"1\",\"id\":\"1\",\"name\":\"a\xffb\"}]").unwrap();
    assert!(render(&decoded.batch).contains("name = a\u{fffd}b"));
    assert_eq!(decoded.tally.warned(), [(Reason::InvalidUtf8, 1)]);
    let decoded = run(v2_protobuf, proto(b"\x2a\x03a\xffb")).unwrap();
    assert!(render(&decoded.batch).contains("name = a\u{fffd}b"));
    assert_eq!(decoded.tally.warned(), [(Reason::InvalidUtf8, 1)]);
}
