//! Rules of decoding that no client fixture shows.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use luneta_model::{Limits, Tenant};
use luneta_receive::otlp::decode::{logs_json, logs_protobuf, metrics_json, metrics_protobuf, traces_json, traces_protobuf};
use luneta_receive::{DecodeFn, DecodeOptions, Decoded, Reason, ReceiveError};
use support::{NOW, assert_same, render};

fn run(decode: DecodeFn, body: impl AsRef<[u8]>) -> Result<Decoded, ReceiveError> {
    decode(body.as_ref(), Tenant::default(), &DecodeOptions::at(NOW))
}

fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = inner.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(inner);
    out
}

/// A request of items of one scope.
fn request(items: &[Vec<u8>]) -> Vec<u8> {
    let scope: Vec<u8> = items.iter().flat_map(|i| field(2, i)).collect();
    field(1, &field(2, &scope))
}

fn spans(spans: &str) -> String {
    format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}")
}

#[test]
fn bad_spans_leave_their_siblings() {
    let good = r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"kept"}"#;
    let bad = [
        r#"{"traceId":"00000000000000000000000000000000","spanId":"0102030405060708"}"#,
        r#"{"traceId":"AQIDBAUGBwgJCgsMDQ4PEA==","spanId":"0102030405060708"}"#,
        r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"01"}"#,
        r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","startTimeUnixNano":"18446744073709551615"}"#,
    ];
    let decoded = run(traces_json, spans(&format!("{},{good},{}", bad[..2].join(","), bad[2..].join(",")))).unwrap();
    assert_eq!(decoded.batch.len(), 1);
    let expected = [(Reason::InvalidTraceId, 2), (Reason::InvalidSpanId, 1), (Reason::TimeOutOfRange, 1)];
    assert_eq!(decoded.tally.rejected(), expected);
    assert!(decoded.tally.message("spans").unwrap().starts_with("2 spans rejected: the trace id must be"));
}

#[test]
fn origins_without_rows_are_left_out() {
    let decoded = run(traces_json, spans(r#"{"traceId":"","spanId":""}"#)).unwrap();
    assert_eq!((decoded.batch.len(), decoded.batch.origins.num_rows()), (0, 0));
}

#[test]
fn json_is_read_generously() {
    let strict = spans(
        r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","kind":2,"startTimeUnixNano":"7",
            "attributes":[{"key":"n","value":{"intValue":"5"}},{"key":"d","value":{"doubleValue":"NaN"}},{"key":"b","value":{"bytesValue":"AP8="}}]}"#,
    );
    let loose = r#"{"unknown":[[{"a":1}]],"resource_spans":[{"scope_spans":[{"scope":null,"spans":[
        {"trace_id":"0102030405060708090A0B0C0D0E0F10","spanId":"0102030405060708","kind":"SPAN_KIND_SERVER","start_time_unix_nano":7,"links":null,
         "attributes":[{"key":"n","value":{"intValue":5.0}},{"key":"d","value":{"double_value":"NaN"}},{"key":"b","value":{"bytes_value":"AP8"}}]}]}]}]}"#;
    assert_same(&run(traces_json, strict).unwrap().batch, &run(traces_json, loose).unwrap().batch);
}

#[test]
fn json_refuses_what_it_cannot_mean() {
    let cases = [
        ("[]", "an object"),
        ("{} x", "trailing characters"),
        (r#"{"resourceSpans":{}}"#, "in resourceSpans: expected an array"),
        (r#"{"resourceSpans":[null]}"#, "in resourceSpans[0]: null stands"),
        (r#"{"resourceSpans":[{"schemaUrl":1}]}"#, "expected text, found 1"),
        (r#"{"resourceSpans":[{"resource":{"droppedAttributesCount":-1}}]}"#, "-1 is out of range for u32"),
        (r#"{"resourceSpans":[{"resource":{"attributes":[{"value":{"bytesValue":"*"}}]}}]}"#, "expected base64"),
    ];
    for (body, expected) in cases {
        let error = run(traces_json, body).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn text_that_is_not_utf8_is_repaired_and_counted() {
    let record = field(5, &field(1, b"a\xffb"));
    let decoded = run(logs_protobuf, request(&[record])).unwrap();
    assert!(render(&decoded.batch).contains("body = a\u{fffd}b"));
    assert_eq!(decoded.tally.warned(), [(Reason::InvalidUtf8, 1)]);
    let mut body = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"#.to_vec();
    body.extend_from_slice(b"\xff\"}}]}]}]}");
    let decoded = run(logs_json, body).unwrap();
    assert_eq!(decoded.tally.warned(), [(Reason::InvalidUtf8, 1)]);
}

#[test]
fn logs_without_time_or_ids_are_kept() {
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"observedTimeUnixNano":"5"},{"timeUnixNano":6,"traceId":"01","spanId":"zz"}]}]}]}"#;
    let decoded = run(logs_json, body).unwrap();
    assert_eq!(decoded.tally.message("records"), None);
    insta::assert_snapshot!(render(&decoded.batch));
}

#[test]
fn metric_corner_cases() {
    let body = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"stale","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":3,"flags":1}]}},
        {"name":"none","gauge":{"dataPoints":[{"timeUnixNano":"1"}]}},
        {"name":"big","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","isMonotonic":true,"dataPoints":[{"timeUnixNano":"1","asInt":"9223372036854775807"}]}},
        {"name":"nan","histogram":{"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1","count":"2","sum":"NaN","bucketCounts":["1",1],"explicitBounds":[0.5]}]}},
        {"name":"exp","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1","count":3,"scale":-2,"zeroCount":1,"positive":{"offset":-3,"bucketCounts":["1","1"]}}]}},
        {"name":"summary","summary":{"dataPoints":[{"timeUnixNano":"1","count":3,"sum":6,"quantileValues":[{"quantile":0.5,"value":2}]}]}},
        {"name":"late","gauge":{"dataPoints":[{"timeUnixNano":"9223372036854775808","asInt":1}]}}
    ]}]}]}"#;
    let decoded = run(metrics_json, body).unwrap();
    assert_eq!(decoded.tally.rejected(), [(Reason::TimeOutOfRange, 1)]);
    insta::assert_snapshot!(render(&decoded.batch));
}

#[test]
fn the_last_member_of_a_oneof_wins_and_equal_ones_are_merged() {
    let point = |value: i64| {
        let mut p = vec![6 << 3 | 1];
        p.extend_from_slice(&value.to_le_bytes());
        field(1, &p)
    };
    let metric = [field(1, b"m"), field(5, &point(1)), field(7, &point(2)), field(7, &point(3))].concat();
    let text = render(&run(metrics_protobuf, request(&[metric])).unwrap().batch);
    assert_eq!(text.matches("type = sum").count(), 2);
    assert_eq!(text.matches("type = gauge").count(), 0);
    assert!(text.contains("value_int = 2") && text.contains("value_int = 3"));
}

#[test]
fn nesting_is_bounded_alike_in_both_encodings() {
    let deep = |levels: usize| {
        let (mut wire, mut json) = (field(1, b"leaf"), r#"{"stringValue":"leaf"}"#.to_owned());
        for _ in 0..levels {
            wire = field(5, &field(1, &wire));
            json = format!("{{\"arrayValue\":{{\"values\":[{json}]}}}}");
        }
        let body = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"body\":{json}}}]}}]}}]}}");
        (request(&[field(5, &wire)]), body)
    };
    for levels in [1, 31, 32, 33, 34, 500, 20_000] {
        let (wire, json) = deep(levels);
        let wire = run(logs_protobuf, wire).unwrap().batch;
        assert_same(&wire, &run(logs_json, json).unwrap().batch);
        assert_eq!(render(&wire).contains("leaf"), levels <= 32, "{levels}");
    }
    // The brackets of unknown fields are skipped without recursion.
    let body = format!("{{\"x\":{}1{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert!(run(traces_json, body).is_ok());
}

#[test]
fn limits_hold() {
    let limits = Limits { attributes_max: 2, value_bytes_max: 4, events_max: 1, ..Limits::default() };
    let options = DecodeOptions { limits, ..DecodeOptions::at(NOW) };
    let attribute = |key: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"größer"}}}}"#);
    let attributes = ["a", "b", "c", "d"].map(attribute).join(",");
    let event = format!(r#"{{"name":"e","attributes":[{attributes}]}}"#);
    let span = format!(
        r#"{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","attributes":[{attributes}],"events":[{event},{event},{event}]}}"#
    );
    let decoded = traces_json(spans(&span).as_bytes(), Tenant::default(), &options).unwrap();
    insta::assert_snapshot!(render(&decoded.batch));
}

#[test]
fn few_bytes_cannot_stand_for_many_rows() {
    let options = DecodeOptions { expanded_bytes_max: 1024 * 1024, ..DecodeOptions::at(NOW) };
    let empty_records = request(&vec![Vec::new(); 5000]);
    let error = logs_protobuf(&empty_records, Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);

    let points: Vec<u8> = (0..300).flat_map(|_| field(1, &[])).collect();
    let metric = [field(1, b"m"), field(2, &vec![b'x'; 10_000]), field(5, &points)].concat();
    let error = metrics_protobuf(&request(&[metric]), Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);

    let resource = field(1, &field(1, &field(1, &vec![b'k'; 10_000])));
    let scopes: Vec<u8> = (0..300).flat_map(|_| field(2, &field(2, &[]))).collect();
    let error = logs_protobuf(&field(1, &[resource, scopes].concat()), Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);
}

#[test]
fn malformed_wire_is_refused() {
    let cases: [(&[u8], &str); 8] = [
        (&[0x0b], "groups"),
        (&[0x0e], "wire type"),
        (&[0x02, 0x00], "field number"),
        (&[0x0a, 0x05, 0x00], "reaches beyond the end"),
        (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "more than 64 bits"),
        (&[0x0a, 0xff], "end inside a number"),
        (&[0x09, 1, 2, 3], "end inside a number"),
        (&[0x08, 0x01], "should be bytes with a length"),
    ];
    for (bytes, expected) in cases {
        let error = run(traces_protobuf, bytes).unwrap_err();
        assert_eq!(error.reason(), Reason::Malformed);
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Unknown fields of every sound wire type are skipped.
    let unknown = [&[0x78, 0x01, 0x79][..], &[0; 8], &[0x7d], &[0; 4], &[0x7a, 0x01, 0xff]].concat();
    assert!(run(traces_protobuf, unknown).unwrap().batch.is_empty());
}
