//! The intakes of logs: what real clients sent, how each format is read, and what they all bound.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Duration;

use luneta_model::{Limits, Tenant};
use luneta_receive::elasticsearch::decode::{bulk, bulk_for};
use luneta_receive::fluent::decode::forward;
use luneta_receive::gelf::chunks::{Chunks, Outcome};
use luneta_receive::gelf::decode::message;
use luneta_receive::splunk::decode::{Fault, Metadata, events, events_with, raw};
use luneta_receive::syslog::decode::messages;
use luneta_receive::{DecodeFn, DecodeOptions, Decoded, GelfSettings, Reason, ReceiveError, TimeBounds, loki};
use proptest::prelude::*;
use support::{NOW, render};

fn folder(protocol: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(protocol).join("fixtures")
}

/// Every captured body, by the decoder it is for.
fn captured() -> Vec<(String, Vec<u8>, DecodeFn)> {
    let mut found: Vec<(String, Vec<u8>, DecodeFn)> = Vec::new();
    for protocol in ["loki", "elasticsearch", "fluent", "gelf", "syslog", "splunk"] {
        for entry in std::fs::read_dir(folder(protocol)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let decode: DecodeFn = match name.rsplit('.').next().unwrap() {
                "loki_json" => loki::decode::json,
                "loki_protobuf" => loki::decode::protobuf,
                "bulk" => bulk,
                "forward" => forward,
                "gelf" => message,
                "syslog" => messages,
                "hec" => events,
                _ => continue,
            };
            found.push((name, std::fs::read(path).unwrap(), decode));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn run(decode: DecodeFn, bytes: &[u8]) -> Result<Decoded, ReceiveError> {
    decode(bytes, Tenant::default(), &DecodeOptions::at(NOW))
}

/// Values of a column, in order.
fn column(decoded: &Decoded, name: &str) -> Vec<String> {
    let prefix = format!("{name} = ");
    render(&decoded.batch).lines().filter_map(|line| line.trim().strip_prefix(&prefix)).map(ToOwned::to_owned).collect()
}

/// What is said of the only record, each as `name = value`.
#[track_caller]
fn check(decode: DecodeFn, bytes: &[u8], expected: &[&str]) {
    let decoded = run(decode, bytes).unwrap();
    let rendered = render(&decoded.batch);
    let lines: Vec<_> = rendered.lines().map(str::trim).collect();
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(decoded.batch.len(), 1, "{text}");
    for line in expected {
        assert!(lines.contains(line), "no `{line}` for {text}\n{rendered}");
    }
}

#[test]
fn clients_are_understood() {
    let all = captured();
    assert_eq!(all.len(), 15);
    for (name, bytes, decode) in all {
        let decoded = run(decode, &bytes).unwrap();
        assert_eq!(decoded.tally.message("records"), None, "{name}");
        insta::assert_snapshot!(name.as_str(), render(&decoded.batch));
    }
}

#[test]
fn damage_is_no_panic() {
    for (name, bytes, decode) in captured() {
        let whole = run(decode, &bytes).unwrap().batch.len();
        for end in 0..bytes.len() {
            if let Ok(decoded) = run(decode, &bytes[..end]) {
                assert!(decoded.batch.len() <= whole, "{name} cut at {end}");
            }
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let _ = run(decode, &damaged);
        }
    }
}

#[test]
fn entries_of_loki_are_read() {
    let time = "time = 2023-11-14T22:13:20.000000001";
    let push = |stream: &str, value: &str| format!("{{\"streams\":[{{\"stream\":{stream},\"values\":[{value}]}}]}}");
    let entry = r#"["1700000000000000001","a line"]"#;
    let cases: [(&str, &str, &[&str]); 9] = [
        (r#"{"job":"api"}"#, entry, &[time, "body = a line", "service_name = api", "scope_name = loki"]),
        (r#"{"job":"j","app":"a","service_name":"s"}"#, entry, &["service_name = s"]),
        (r#"{"job":"j","app":"a"}"#, entry, &["service_name = a"]),
        (r#"{"app":"a","level":"warn"}"#, entry, &["severity_text = warn", "severity_number = 13"]),
        (
            r#"{"app":"a","level":"warn"}"#,
            r#"["1700000000000000001","a line",{"detected_level":"error"}]"#,
            &["severity_text = error", "severity_number = 17"],
        ),
        (
            "{}",
            r#"[1700000000000000001,"a line",{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331"}]"#,
            &[time, "trace_id = 0af7651916cd43dd8448eb211c80319c", "span_id = b7ad6b7169203331"],
        ),
        ("{}", r#"["1700000000000000001","a line",{"trace_id":"short"}]"#, &["attributes = {trace_id: short}"]),
        (
            r#""{job=\"api\", env=\"prod\"}""#,
            r#"{"ts":"2023-11-14T22:13:20.000000001Z","line":"a line"}"#,
            &[time, "service_name = api"],
        ),
        ("{}", r#"{"ts":"2023-11-14T23:13:20.000000001+01:00","line":"a line"}"#, &[time, "body = a line"]),
    ];
    for (stream, value, expected) in cases {
        check(loki::decode::json, push(stream, value).as_bytes(), expected);
    }
}

#[test]
fn broken_entries_of_loki_cost_themselves() {
    let good = r#"["1","good"]"#;
    for bad in [r#"["x","line"]"#, r#"["1"]"#, r#"["1",2]"#, r#"["1","l",{},4]"#, r#"["1","l",7]"#, "7", "{}", "null"] {
        let body = format!(r#"{{"streams":[{{"values":[{good},{bad},{good}],"stream":{{"a":"b"}}}}]}}"#);
        let decoded = run(loki::decode::json, body.as_bytes()).unwrap();
        assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (2, [(Reason::Malformed, 1)].as_slice()), "{bad}");
    }
    let body = format!(r#"{{"streams":[{{"labels":"{{a=","values":[{good}]}},{{"stream":{{}},"values":[{good}]}}]}}"#);
    let decoded = run(loki::decode::json, body.as_bytes()).unwrap();
    assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (1, [(Reason::InvalidLabels, 1)].as_slice()));
    for malformed in
        ["", "{}", "[]", r#"{"streams":7}"#, r#"{"streams":[7]}"#, r#"{"streams":[{"values":7}]}"#, r#"{"streams":[]"#]
    {
        assert_eq!(run(loki::decode::json, malformed.as_bytes()).unwrap_err().reason(), Reason::Malformed, "{malformed}");
    }
}

#[test]
fn documents_become_records() {
    let cases: [(&str, &[&str]); 8] = [
        (
            r#"{"@timestamp":"2023-11-14T22:13:20Z","message":"m","log":{"level":"WARN"}}"#,
            &["time = 2023-11-14T22:13:20", "body = m", "severity_text = WARN", "severity_number = 13"],
        ),
        (r#"{"a":{"b":1},"c":"x"}"#, &[r#"body = {"a":{"b":1},"c":"x"}"#, "attributes = {a.b: 1, c: x}"]),
        (r#"{"message":"m","service":{"name":"shop"},"host":{"name":"n"}}"#, &["service_name = shop", "resource.host.name = n"]),
        (
            r#"{"log":"m","kubernetes":{"namespace_name":"ns","labels":{"app":"shop"}}}"#,
            &["body = m", "service_name = shop", "resource.k8s.namespace.name = ns"],
        ),
        (r#"{"message":"m","error":{"type":"T"}}"#, &["attributes.exception.type = T"]),
        (r#"{"message":"m","level":50}"#, &["severity_text = 50", "severity_number = 17"]),
        (
            r#"{"message":"m","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#,
            &["trace_id = 0af7651916cd43dd8448eb211c80319c", "span_id = b7ad6b7169203331", "flags = 1"],
        ),
        (r#"{"message":"m","trace":{"id":"no"}}"#, &["attributes = {trace.id: no}"]),
    ];
    for (document, expected) in cases {
        check(bulk, format!("{{\"create\":{{\"_index\":\"i\"}}}}\n{document}\n").as_bytes(), expected);
    }
}

#[test]
fn actions_are_told_one_by_one() {
    let body = "{\"create\":{}}\n{\"message\":\"a\"}\n{\"index\":{\"_index\":\"j\",\"_id\":\"1\"}}\n{broken\n\n{\"delete\":{\"_id\":\"2\"}}\n\
                {\"update\":{\"_id\":\"3\"}}\n{\"doc\":{\"message\":\"b\"},\"doc_as_upsert\":true}\n{\"update\":{\"_id\":\"4\"}}\n{\"doc\":{}}\n";
    let written = bulk_for("i", body.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
    let items: serde_json::Value = serde_json::from_str(&format!("[{}]", written.items)).unwrap();
    let told: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (kind, item) = item.as_object().unwrap().iter().next().unwrap();
            (
                kind.as_str(),
                item["_index"].as_str().unwrap(),
                item["status"].as_u64().unwrap(),
                item["error"]["type"].as_str().unwrap_or(""),
            )
        })
        .collect();
    let expected = [
        ("create", "i", 201, ""),
        ("index", "j", 400, "document_parsing_exception"),
        ("delete", "i", 404, ""),
        ("update", "i", 201, ""),
        ("update", "i", 404, "document_missing_exception"),
    ];
    assert_eq!(told, expected);
    assert_eq!((written.errors, column(&written.decoded, "body")), (true, vec!["a".to_owned(), "b".to_owned()]));
    for malformed in
        ["", "\n", "{\"index\":{}}", "x\n", "{\"drop\":{}}\n{}\n", "{\"index\":{}}\n", "{\"index\":{},\"a\":{}}\n{}\n"]
    {
        assert_eq!(run(bulk, malformed.as_bytes()).unwrap_err().reason(), Reason::Malformed, "{malformed:?}");
    }
    let unnamed = bulk_for("", b"{\"index\":{}}\n{}\n", Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
    assert!(unnamed.items.contains("index is missing"), "{}", unnamed.items);
}

#[test]
fn messages_of_fluent_are_read() {
    // Tag `a`, time 1700000000, a record; with EventTime; with metadata; packed; with bytes for text.
    let record = b"\x81\xa7message\xa1m";
    let time = [0xce, 0x65, 0x53, 0xf1, 0x00];
    let exact = [0xd7, 0x00, 0x65, 0x53, 0xf1, 0x00, 0, 0, 0, 7];
    let entry = [&[0x92][..], &exact, record].concat();
    let packed =
        |kind: &[u8], bytes: &[u8], options: &[u8]| [&[0x93, 0xa1, b'a'], kind, &[bytes.len() as u8], bytes, options].concat();
    let gzipped = support::wire::pack("gzip", &entry);
    let plain = "time = 2023-11-14T22:13:20";
    let nanos = "time = 2023-11-14T22:13:20.000000007";
    let tagged = "service_name = a";
    let cases: [(Vec<u8>, &[&str]); 9] = [
        ([&[0x93, 0xa1, b'a'], &time[..], record].concat(), &[plain, "body = m", tagged]),
        ([&[0x94, 0xa1, b'a'], &exact[..], record, &[0x80]].concat(), &[nanos, "body = m"]),
        ([&[0x92, 0xa1, b'a', 0x91], &entry[..]].concat(), &[nanos, "body = m"]),
        (packed(&[0xc4], &entry, &[0x80]), &[nanos, "body = m"]),
        (packed(&[0xd9], &entry, &[0xc0]), &[nanos, "body = m"]),
        (packed(&[0xc4], &gzipped, b"\x81\xaacompressed\xa4gzip"), &[nanos, "body = m"]),
        (
            [&[0x92, 0xa1, b'a', 0x91, 0x92, 0x92], &exact[..], b"\x81\xa1k\xa1v", record].concat(),
            &[nanos, "attributes = {k: v}"],
        ),
        ([&[0x93, 0xc4, 1, b'a'], &time[..], b"\x81\xc4\x03msg\xc4\x01m"].concat(), &["body = m"]),
        (
            [&[0xc0, 0x93, 0xa1, b'a'], &time[..], b"\x82\xa1k\x93\x01\xc0\xa1x\xa1l\x81\xa1n\xcb\x3f\xf8\0\0\0\0\0\0"].concat(),
            &[r#"body = {"k":[1,null,"x"],"l":{"n":1.5}}"#],
        ),
    ];
    for (bytes, expected) in cases {
        check(forward, &bytes, expected);
    }
    // What is broken costs itself.
    let good = [&[0x93, 0xa1, b'a'], &time[..], record].concat();
    for bad in [
        &[0x05][..],
        &[0x91, 0xa1, b'a'],
        &[0x93, 0x05, 0x05, 0x80],
        &[0x93, 0xa1, b'a', 0x05, 0x05],
        &[0x92, 0xa1, b'a', 0x91, 0x05],
    ] {
        let decoded = run(forward, &[&good, bad, &good].concat()).unwrap();
        assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (2, [(Reason::Malformed, 1)].as_slice()), "{bad:x?}");
    }
    assert_eq!(run(forward, &good[..good.len() - 1]).unwrap_err().reason(), Reason::Malformed);
}

#[test]
fn messages_of_gelf_are_read() {
    let cases: [(&str, &[&str]); 5] = [
        (
            r#"{"version":"1.1","host":"n","short_message":"m","timestamp":1700000000.000000001,"level":3,"_a":1}"#,
            &[
                "time = 2023-11-14T22:13:20.000000001",
                "resource.host.name = n",
                "body = m",
                "severity_text = err",
                "severity_number = 17",
                "attributes = {a: 1}",
            ],
        ),
        (r#"{"short_message":"m","full_message":"m\nmore"}"#, &["body = m\\nmore"]),
        (
            r#"{"short_message":"m","full_message":"Traceback (most"}"#,
            &["body = m", "attributes.exception.stacktrace = Traceback (most"],
        ),
        (r#"{"short_message":"m","full_message":"other"}"#, &["body = m", "attributes = {gelf.full_message: other}"]),
        (r#"{"short_message":"m","_app":"shop","_container_name":"c"}"#, &["service_name = shop", "resource.container.name = c"]),
    ];
    for (text, expected) in cases {
        check(message, text.as_bytes(), expected);
        check(message, &support::wire::pack("gzip", text.as_bytes()), expected);
    }
    for broken in ["", "{}", "[]", r#"{"short_message":7}"#, "\x1f\u{8b}"] {
        assert_eq!(run(message, broken.as_bytes()).unwrap_err().reason(), Reason::Malformed, "{broken}");
    }
    let mut chunks = Chunks::new(GelfSettings::default());
    let mut whole = None;
    for number in 0..2 {
        let chunk = std::fs::read(folder("gelf").join(format!("pygelf_chunk_{number}.gelf_chunk"))).unwrap();
        if let Outcome::Whole(bytes) = chunks.push(std::net::Ipv4Addr::LOCALHOST.into(), &chunk, NOW) {
            whole = Some(bytes);
        }
    }
    check(message, &whole.unwrap(), &["severity_text = err"]);
}

#[test]
fn messages_of_syslog_are_read() {
    let clock = "time = 2026-11-14T22:13:20";
    let cases: [(&str, &[&str]); 24] = [
        (
            "<165>1 2023-11-14T22:13:20.123456Z h app 12 ID [a@1 k=\"v\\\"\\]\"][b] \u{feff}text",
            &[
                "time = 2023-11-14T22:13:20.123456",
                "service_name = app",
                "resource.host.name = h",
                "severity_text = notice",
                "severity_number = 10",
                "body = text",
                "attributes = {syslog.facility: local4, syslog.procid: 12, syslog.msgid: ID, syslog.a@1.k: v\"]}",
            ],
        ),
        ("<14>1 - - - - - -", &["body =", "attributes = {syslog.facility: user}"]),
        ("<14>1 - h a - - - two  spaces ", &["body = two  spaces"]),
        (
            "<14>Nov 14 22:13:20 h app[12]: text",
            &[
                clock,
                "resource.host.name = h",
                "service_name = app",
                "body = text",
                "attributes = {syslog.facility: user, syslog.procid: 12}",
            ],
        ),
        ("<14>Nov 14 22:13:20 h app: text", &["service_name = app", "body = text"]),
        ("<14>Nov 14 22:13:20 h app[12] text", &["service_name = app", "body = text"]),
        ("<14>Nov  4 22:13:20 app: text", &["time = 2026-11-04T22:13:20", "service_name = app", "body = text"]),
        ("<14>Nov 14 2023 22:13:20 h app: text", &["time = 2023-11-14T22:13:20"]),
        ("<14>Nov 14 22:13:20 2023 h app: text", &["time = 2023-11-14T22:13:20"]),
        ("<14>Nov 14 22:13:20.5 h app: text", &["time = 2026-11-14T22:13:20.500"]),
        ("<14>2023-11-14T22:13:20.5+01:00 h app: text", &["time = 2023-11-14T21:13:20.500", "resource.host.name = h"]),
        ("<189>29: *Nov 14 22:13:20: %SYS-5-CONFIG_I: text", &[clock, "severity_text = notice", "body = text"]),
        ("<14>app[12]: text", &["service_name = app", "body = text"]),
        ("<14>shop: text", &["service_name = shop", "body = text"]),
        ("<14>ValueError: text", &["body = ValueError: text"]),
        ("<14>error: text", &["body = error: text"]),
        ("<14>see http://x", &["body = see http://x"]),
        ("<14>plain text", &["severity_number = 9", "body = plain text"]),
        ("no priority", &["severity_text = notice", "body = no priority"]),
        ("<192>text", &["severity_text = notice", "body = <192>text"]),
        ("<0>text", &["severity_text = emerg", "severity_number = 21"]),
        ("<14>Nov 31 22:13:20 h app: text", &["body = Nov 31 22:13:20 h app: text"]),
        ("<14>Feb 29 22:13:20 h app: text", &["time = 2024-02-29T22:13:20"]),
        ("<14>1", &["body = 1"]),
    ];
    for (text, expected) in cases {
        check(messages, text.as_bytes(), expected);
    }
    // What says it follows RFC 5424 and does not is kept whole, and counted.
    for broken in
        ["<14>1 yesterday h a p m - x", "<14>1 - h a", "<14>1 - h a p m [x", "<14>1 - h a p m [x y=z] x", "<14>1 - h a p m -x"]
    {
        let decoded = run(messages, broken.as_bytes()).unwrap();
        assert_eq!((decoded.batch.len(), decoded.tally.warned()), (1, [(Reason::Malformed, 1)].as_slice()), "{broken}");
    }
}

#[test]
fn events_of_splunk_are_read() {
    let cases: [(&str, &[&str]); 7] = [
        (
            r#"{"time":1700000000.000000001,"host":"n","source":"s","sourcetype":"t","index":"i","event":"m","fields":{"k":"v"}}"#,
            &["time = 2023-11-14T22:13:20.000000001", "resource.host.name = n", "body = m", "attributes = {k: v}"],
        ),
        (r#"{"time":"1700000000","event":"m"}"#, &["time = 2023-11-14T22:13:20"]),
        (r#"{"time":1700000000123,"event":"m"}"#, &["time = 2023-11-14T22:13:20.123"]),
        (r#"{"event":{"message":"m","level":"error","a":1}}"#, &["body = m", "severity_number = 17", "attributes = {a: 1}"]),
        (r#"{"event":{"a":1}}"#, &[r#"body = {"a":1}"#]),
        (r#"{"event":7}"#, &["body = 7"]),
        (r#"{"event":"m","fields":{"service.name":"shop"}}"#, &["service_name = shop"]),
    ];
    for (text, expected) in cases {
        check(events, text.as_bytes(), expected);
    }
    let cases = [
        (r#"{"event":"a"}{"event":"b"} {"event":"c"}"#, 3, None),
        (r#"{"event":"a"}{}{"event":"c"}"#, 2, Some((1, Fault::Missing))),
        (r#"{"event":""}{"event":"c"}"#, 1, Some((0, Fault::Blank))),
        (r#"{"event":"a","fields":7}{"event":"c"}"#, 1, Some((0, Fault::Fields))),
        (r#"{"event":"a"}7{"event":"c"}"#, 2, Some((1, Fault::Format))),
        (r#"{"event":"a"}{"event":"#, 1, Some((1, Fault::Format))),
        ("", 0, None),
    ];
    for (text, kept, fault) in cases {
        let written = events_with(&Metadata::default(), text.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
        assert_eq!((written.decoded.batch.len(), written.fault), (kept, fault), "{text}");
    }
    let decoded = run(raw, b"a\r\n\nb\xff\nc").unwrap();
    assert_eq!(column(&decoded, "body"), ["a", "b\u{fffd}", "c"]);
}

/// A body with a time and a text, for each decoder.
fn bodies(time: &str, text: &str) -> Vec<(DecodeFn, Vec<u8>)> {
    let seconds = format!("{}.{}", &time[..time.len() - 9], &time[time.len() - 9..]);
    vec![
        (loki::decode::json, format!(r#"{{"streams":[{{"stream":{{}},"values":[["{time}","{text}"]]}}]}}"#).into()),
        (bulk, format!("{{\"create\":{{\"_index\":\"i\"}}}}\n{{\"@timestamp\":\"{time}\",\"message\":\"{text}\"}}\n").into()),
        (message, format!(r#"{{"short_message":"{text}","timestamp":{seconds}}}"#).into()),
        (events, format!(r#"{{"time":{seconds},"event":"{text}"}}"#).into()),
    ]
}

#[test]
fn times_far_away_are_those_of_arrival() {
    let times = TimeBounds { past_max: Duration::from_hours(24), future_max: Duration::from_mins(1) };
    let options = DecodeOptions { times, ..DecodeOptions::at(NOW) };
    let cases = [(0, true), (59, true), (61, false), (-86_000, true), (-87_000, false)];
    for (seconds, near) in cases {
        let time = (NOW + seconds * 1_000_000_000).to_string();
        for (decode, body) in bodies(&time, "m") {
            let decoded = decode(&body, Tenant::default(), &options).unwrap();
            let warned: &[_] = if near { &[] } else { &[(Reason::TimeOutOfBounds, 1)] };
            assert_eq!(decoded.tally.warned(), warned, "{seconds}");
            assert_eq!(
                render(&decoded.batch).contains(&format!("luneta.time.sent: {time}")),
                !near,
                "{}",
                render(&decoded.batch)
            );
        }
    }
}

#[test]
fn long_bodies_are_cut_and_marked() {
    let limits = Limits { body_bytes_max: 8, ..Limits::default() };
    let options = DecodeOptions { limits, ..DecodeOptions::at(NOW) };
    let syslog: (DecodeFn, Vec<u8>) = (messages, b"<14>1 - - - - - - 0123456789".to_vec());
    for (decode, body) in bodies("1700000000000000000", "0123456789").into_iter().chain([syslog]) {
        let decoded = decode(&body, Tenant::default(), &options).unwrap();
        let rendered = render(&decoded.batch);
        assert_eq!(decoded.tally.warned().last(), Some(&(Reason::BodyCut, 1)), "{rendered}");
        assert!(rendered.contains("luneta.body.sent_bytes: "), "{rendered}");
    }
}

#[test]
fn small_bodies_cannot_stand_for_much() {
    let options = DecodeOptions { expanded_bytes_max: 10_000, ..DecodeOptions::at(NOW) };
    let entries = vec![r#"["1",""]"#; 100].join(",");
    let cases: [(DecodeFn, Vec<u8>); 5] = [
        (loki::decode::json, format!(r#"{{"streams":[{{"stream":{{}},"values":[{entries}]}}]}}"#).into()),
        (bulk, "{\"delete\":{\"_index\":\"i\"}}\n".repeat(100).into()),
        (events, r#"{"event":1}"#.repeat(100).into()),
        (raw, "x\n".repeat(100).into()),
        (messages, "x\n".repeat(100).into()),
    ];
    for (decode, body) in cases {
        let error = decode(&body, Tenant::default(), &options).unwrap_err();
        assert_eq!(error.reason(), Reason::DecompressedTooLarge, "{}", String::from_utf8_lossy(&body));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for decode in [loki::decode::json, loki::decode::protobuf, bulk, forward, message, messages, events, raw] {
            let _ = run(decode, &bytes);
        }
    }

    #[test]
    fn lines_of_loki_come_back(lines in prop::collection::vec(any::<String>(), 1..10), value in any::<String>()) {
        let values: Vec<_> = lines.iter().enumerate().map(|(i, line)| serde_json::json!([i.to_string(), line])).collect();
        let body = serde_json::json!({ "streams": [{ "stream": { "app": value }, "values": values }] }).to_string();
        let decoded = run(loki::decode::json, body.as_bytes()).unwrap();
        let bodies = decoded.batch.rows.column_by_name("body").unwrap();
        let bodies = arrow::array::AsArray::as_string::<i32>(bodies);
        prop_assert_eq!(bodies.iter().map(Option::unwrap_or_default).collect::<Vec<_>>(), lines);
    }

    #[test]
    fn text_of_syslog_is_never_lost(text in "[a-zA-Z0-9:\\[\\] <>.-]{0,60}") {
        let sent = format!("<14>1 - - - - - - {text}");
        let decoded = run(messages, sent.as_bytes()).unwrap();
        let bodies = arrow::array::AsArray::as_string::<i32>(decoded.batch.rows.column_by_name("body").unwrap());
        // But for the space that rsyslog leaves before it.
        prop_assert_eq!(bodies.value(0), text.strip_prefix(' ').unwrap_or(&text));
    }
}
