//! What is wrong is refused or repaired, counted by reason, and never takes the server or the
//! neighbours of a wrong item along.

use luneta_tests::send::common::any_value::Value as Any;
use luneta_tests::send::span::Span;
use luneta_tests::send::{
    PROTOBUF, Packing, attribute, gauge, int, log, log_records, metric, metric_list, now, numbered_log, numbered_span, spans,
    text,
};
use luneta_tests::{Options, Random, Reply, Server, full};
use serde_json::json;

const MIB: u64 = 1024 * 1024;

/// A refusal that a client must not repeat: a `google.rpc.Status` in the request's encoding.
fn final_refusal(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(!reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
    assert!(!reply.body.is_empty(), "a refusal says why");
}

fn raw(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    server.post(&format!("{}{path}", server.otlp_http()), headers, body)
}

#[test]
fn truncated_and_flipped() {
    let mut server = Server::start(Options::any_time());
    let mut random = Random::new(1);
    let (mut taken, mut refused) = (0u64, 0u64);
    for export in [full::traces("s", true), full::log_records("s", true), full::metric_points("s", true)] {
        let good = export.protobuf();
        let mut bodies: Vec<Vec<u8>> = (0..60).map(|_| good[..random.below(good.len())].to_vec()).collect();
        for _ in 0..120 {
            let mut body = good.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(body.len());
                body[at] ^= 1 << random.below(8);
            }
            bodies.push(body);
        }
        bodies.push((0..4096).map(|_| random.number() as u8).collect());
        bodies.push(vec![0x0a; 65536]);
        for body in &bodies {
            // Whatever it is, it is answered at once, by taking it or by a final refusal.
            let reply = raw(&server, export.path(), &[("content-type", PROTOBUF)], body);
            if reply.status == 200 {
                taken += 1;
            } else {
                refused += 1;
                final_refusal(&reply, 400);
            }
        }
        // A cut at any place but between messages is seen.
        let cut = raw(&server, export.path(), &[("content-type", PROTOBUF)], &good[..good.len() - 1]);
        final_refusal(&cut, 400);
        refused += 1;
        export.accepted(&server);
    }
    assert!(taken > 20 && refused > 100, "{taken} taken, {refused} refused: the damage is not of both kinds");
    assert_eq!(server.refused("malformed"), refused);
    // What was taken can be read, and written to files.
    let counts = |s: &Server| ["spans", "logs", "metrics"].map(|t| s.objects(&format!("SELECT * FROM {t}")).len());
    let before = counts(&server);
    server.cycle();
    assert_eq!(counts(&server), before);
}

#[test]
fn wrong_requests() {
    let server = Server::with_defaults();
    let body = spans("s", vec![numbered_span(1, now())]).protobuf();
    for (path, headers, status, reason) in [
        ("/v1/traces", vec![("content-type", "text/plain")], 415, "unsupported_content_type"),
        ("/v1/traces", vec![("content-type", "application/grpc-web")], 415, "unsupported_content_type"),
        ("/v1/traces", vec![("content-type", PROTOBUF), ("content-encoding", "br")], 415, "unsupported_encoding"),
        ("/v1/traces", vec![("content-type", PROTOBUF), ("content-encoding", "gzip")], 400, "malformed"),
        ("/v1/traces", vec![("content-type", PROTOBUF), ("content-encoding", "zstd")], 400, "malformed"),
        ("/v1/traces", vec![("content-type", "application/json")], 400, "malformed"),
        ("/v1/trace", vec![("content-type", PROTOBUF)], 404, "wrong_path"),
        ("/", vec![("content-type", PROTOBUF)], 404, "wrong_path"),
        ("/v1/traces", vec![("content-type", PROTOBUF), ("x-scope-orgid", "../x")], 400, "invalid_tenant"),
        // gRPC has its own statuses, in headers.
        (
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            vec![("content-type", "application/grpc")],
            200,
            "grpc_on_http_port",
        ),
    ] {
        let before = server.refused(reason);
        let reply = raw(&server, path, &headers, &body);
        assert_eq!(reply.status, status, "{path} {headers:?}: {}", reply.text());
        assert!(status != 200 || reply.headers["grpc-status"] != "0", "{path} {headers:?}: {:?}", reply.headers);
        assert_eq!(server.refused(reason), before + 1, "{path} {headers:?}");
    }
    // Plain HTTP at the gRPC port: an answer a person can read. This client speaks HTTP/1.1.
    let reply = server.post(&format!("{}/v1/traces", server.otlp_grpc()), &[("content-type", PROTOBUF)], &body);
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("4318"), "{}", reply.text());
    assert_eq!(server.refused("http_on_grpc_port"), 1);
    assert_eq!(server.count("spans"), 0);
    // Empty requests of every signal are nothing wrong.
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        assert_eq!(raw(&server, path, &[("content-type", PROTOBUF)], b"").status, 200);
        assert_eq!(raw(&server, path, &[("content-type", "application/json")], b"{}").status, 200);
    }
}

/// A bomb costs the sender more than us.
#[test]
fn compression_bombs() {
    let mut server = Server::with_defaults();
    spans("s", vec![numbered_span(1, now())]).accepted(&server);
    // A gibibyte of zeros. Compressing a mebibyte and repeating what came out takes less time: a
    // block of gzip that ends in a full flush stands for itself, and so does a frame of zstd.
    let zeros = vec![0u8; MIB as usize];
    let mut block = Vec::with_capacity(8192);
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    deflate.compress_vec(&zeros, &mut block, flate2::FlushCompress::Full).unwrap();
    assert_eq!(deflate.total_in(), MIB);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    gzip.extend(block.repeat(1024));
    let zstd = zstd::encode_all(&*zeros, 3).unwrap().repeat(1024);
    let (_, before) = server.memory();
    for (name, body) in [("gzip", gzip), ("zstd", zstd)] {
        for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
            let reply = raw(&server, path, &[("content-type", PROTOBUF), ("content-encoding", name)], &body);
            final_refusal(&reply, 413);
        }
    }
    let (_, after) = server.memory();
    assert!(after < before + 100 * MIB, "memory peaked {} MiB higher", (after - before) / MIB);
    assert_eq!(server.refused("decompressed_too_large"), 6);
    assert!(server.alive());
    assert_eq!(server.count("spans"), 1);
}

/// A body over the limit is refused before it is held.
#[test]
fn large_bodies() {
    let server = Server::with_defaults();
    let (_, before) = server.memory();
    let body = vec![0u8; 100 * MIB as usize];
    let url = format!("{}/v1/traces", server.otlp_http());
    // The server may answer and close before it has read everything: both are a refusal.
    if let Ok(reply) = server.try_post(&url, &[("content-type", PROTOBUF)], &body) {
        final_refusal(&reply, 413);
    }
    assert_eq!(server.refused("body_too_large"), 1);
    let (_, after) = server.memory();
    assert!(after < before + 100 * MIB, "memory peaked {} MiB higher", (after - before) / MIB);
}

/// Of a million attributes, as many as the limit are kept, and the rest counted on the item.
#[test]
fn a_million_keys() {
    let mut server = Server::start(Options::any_time());
    let mut wide = numbered_span(1, now());
    wide.attributes = (0..1_000_000).map(|i| attribute(&format!("k{i}"), int(i))).collect();
    assert_eq!(spans("wide", vec![wide, numbered_span(2, now())]).post_packed(&server, Packing::Zstd).status, 200);
    // And a million distinct keys over many items: columns must not grow with them.
    let items = (0..1000u64).map(|n| {
        let mut record = numbered_log(n, now());
        record.attributes.extend((0..1000).map(|k| attribute(&format!("key{}", n * 1000 + k), int(1))));
        record
    });
    assert_eq!(log_records("wide", items.collect()).post_packed(&server, Packing::Zstd).status, 200);
    for _ in 0..2 {
        let row = &server.objects("SELECT attributes, dropped_attributes_count FROM spans WHERE name = 'span 1'")[0];
        assert_eq!(row["attributes"].as_object().unwrap().len(), 1024);
        assert_eq!(row["dropped_attributes_count"], 1_000_000 - 1024);
        assert_eq!(row["attributes"]["k1023"], 1023);
        assert_eq!(server.value("SELECT count(*) FROM spans WHERE name = 'span 2'"), 1);
        assert_eq!(server.count("logs"), 1000);
        assert_eq!(server.value("SELECT count(*) FROM logs WHERE attributes['key999999'] = 1"), 1);
        server.cycle();
    }
    assert!(server.sql("DESCRIBE logs").len() < 60);
}

#[test]
fn ids() {
    let mut server = Server::start(Options::any_time());
    let with = |trace_id: &[u8], span_id: &[u8]| Span {
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        ..numbered_span(1, now())
    };
    let list = vec![
        numbered_span(7, now()),
        with(&[0; 16], &[1; 8]),
        with(&[], &[1; 8]),
        with(&[1; 15], &[1; 8]),
        with(&[1; 17], &[1; 8]),
        with(&[1; 16], &[0; 8]),
        with(&[1; 16], &[]),
        with(&[1; 16], &[1; 16]),
        numbered_span(8, now()),
    ];
    let partial = spans("s", list.clone()).kept(&server);
    assert_eq!(partial.rejected, 7, "{partial:?}");
    assert!(partial.message.contains("trace id") && partial.message.contains("span id"), "{partial:?}");
    assert_eq!((server.refused("invalid_trace_id"), server.refused("invalid_span_id")), (4, 3));
    let grpc = spans("s", list).grpc(&server, None).unwrap();
    assert_eq!(grpc.rejected, 7);
    // Records and exemplars without ids, or with wrong ones, are kept without them.
    let record = |trace_id: Vec<u8>| log::LogRecord { trace_id, ..numbered_log(1, now()) };
    let partial =
        log_records("s", vec![record(vec![]), record(vec![0; 16]), record(vec![5; 3]), record(vec![5; 16])]).kept(&server);
    assert_eq!(partial.rejected, 0, "{partial:?}");
    for _ in 0..2 {
        assert_eq!(server.sql("SELECT DISTINCT name FROM spans ORDER BY 1"), [[json!("span 7")], [json!("span 8")]]);
        assert_eq!(server.value("SELECT count(trace_id) FROM logs"), 1);
        assert_eq!(server.count("logs"), 4);
        server.cycle();
    }
}

/// Times from one end of what 64 bits hold to the other.
#[test]
fn times() {
    let mut server = Server::start(Options::any_time());
    let last = i64::MAX as u64;
    let span = |n: u64, start: u64, end: u64| Span { end_time_unix_nano: end, ..numbered_span(n, start) };
    let all = vec![span(1, 1, 2), span(2, last - 1, last), span(3, 1, last), span(4, last + 1, u64::MAX), span(5, now(), now())];
    let left_out = spans("s", all).kept(&server);
    assert_eq!(left_out.rejected, 1, "{left_out:?}");
    let left_out = log_records("s", vec![numbered_log(1, 1), numbered_log(2, last), numbered_log(3, u64::MAX)]).kept(&server);
    assert_eq!(left_out.rejected, 1, "{left_out:?}");
    let points = vec![gauge("a", 1, 1.0), gauge("b", last, 1.0), gauge("c", u64::MAX, 1.0)];
    let left_out = metric_list("s", points).kept(&server);
    assert_eq!(left_out.rejected, 1, "{left_out:?}");
    assert_eq!(server.refused("time_out_of_range"), 3);
    // A record without a time takes the observed one, or else that of its arrival.
    let observed = log::LogRecord { observed_time_unix_nano: 1_709_210_096_000_000_007, ..numbered_log(4, 0) };
    log_records("s", vec![observed, numbered_log(5, 0)]).accepted(&server);
    for _ in 0..2 {
        let rows = server.sql("SELECT name, start_time, end_time FROM spans WHERE name <> 'span 5' ORDER BY 1");
        let wanted = json!([
            ["span 1", "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000000002Z"],
            ["span 2", "2262-04-11T23:47:16.854775806Z", "2262-04-11T23:47:16.854775807Z"],
            ["span 3", "1970-01-01T00:00:00.000000001Z", "2262-04-11T23:47:16.854775807Z"],
        ]);
        assert_eq!(json!(rows), wanted);
        let rows = server.sql("SELECT body, time FROM logs WHERE body <> 'record 5' ORDER BY 1");
        let wanted = json!([
            ["record 1", "1970-01-01T00:00:00.000000001Z"],
            ["record 2", "2262-04-11T23:47:16.854775807Z"],
            ["record 4", "2024-02-29T12:34:56.000000007Z"],
        ]);
        assert_eq!(json!(rows), wanted);
        assert_eq!(server.value("SELECT count(*) FROM logs WHERE body = 'record 5' AND time > now() - interval '1 hour'"), 1);
        assert_eq!(server.count("metrics"), 2);
        assert_eq!(server.value("SELECT count(*) FROM spans WHERE start_time < '1971-01-01'"), 2);
        server.cycle();
    }
}

/// Rows older than the retention leave, and only they.
#[test]
fn old_rows_do_not_stop_new_ones() {
    let mut server = Server::with_defaults();
    log_records("s", vec![numbered_log(1, 1), numbered_log(2, now())]).accepted(&server);
    server.cycle();
    assert_eq!(server.value("SELECT count(*) FROM logs WHERE body = 'record 2'"), 1);
}

#[test]
fn doubles_without_order() {
    let mut server = Server::start(Options::any_time());
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1.5, f64::from_bits(0x7ff0_0000_0000_0002)];
    let histogram = metric::HistogramDataPoint {
        time_unix_nano: now(),
        sum: Some(f64::NAN),
        count: 1,
        bucket_counts: vec![1],
        min: Some(f64::INFINITY),
        ..Default::default()
    };
    let data = metric::metric::Data::Histogram(metric::Histogram { data_points: vec![histogram], aggregation_temporality: 1 });
    let mut metrics: Vec<_> = values.iter().enumerate().map(|(i, v)| gauge("m", now() + i as u64, *v)).collect();
    metrics.push(metric::Metric { name: "h".into(), data: Some(data), ..Default::default() });
    metric_list("s", metrics).accepted(&server);
    let mut span = numbered_span(1, now());
    span.attributes.push(attribute("nan", Any::DoubleValue(f64::NAN)));
    spans("s", vec![span]).accepted(&server);
    for _ in 0..2 {
        let values = server.sql("SELECT value FROM metrics WHERE metric_name = 'm' ORDER BY time");
        assert_eq!(json!(values), json!([["NaN"], ["Infinity"], ["-Infinity"], [-0.0], [1.5], ["NaN"]]));
        assert_eq!(
            json!(server.sql("SELECT sum, min, max FROM metrics WHERE metric_name = 'h'")),
            json!([["NaN", "Infinity", null]])
        );
        // Statistics of files with NaN must not hide rows.
        for (filter, count) in
            [("value > 1", 4), ("value = 1.5", 1), ("value < 0", 1), ("value IS NULL", 1), ("value = 'Infinity'", 1)]
        {
            assert_eq!(server.value(&format!("SELECT count(*) FROM metrics WHERE {filter}")), count, "{filter}");
        }
        assert_eq!(server.objects("SELECT attributes FROM spans")[0]["attributes"]["nan"], "NaN");
        server.cycle();
    }
}

/// Text that is not UTF-8 is kept with marks for the wrong bytes.
#[test]
fn text_that_is_not_utf8() {
    let mut server = Server::start(Options::any_time());
    let mut span = numbered_span(1, now());
    span.name = "name-XXXX".into();
    span.attributes = vec![attribute("key-XXXX", text("value-XXXX")), attribute("good", text("ü"))];
    let body = spans("service-XXXX", vec![span, numbered_span(2, now())]).protobuf();
    let broken: Vec<u8> =
        body.windows(4).enumerate().filter(|(_, w)| *w == b"XXXX").map(|(i, _)| i).fold(body.clone(), |mut b, i| {
            b[i..i + 4].copy_from_slice(&[0xff, b'a', 0xc3, b'b']);
            b
        });
    let reply = raw(&server, "/v1/traces", &[("content-type", PROTOBUF)], &broken);
    assert_eq!(reply.status, 200, "{}", reply.text());
    // The sender is told, and nothing counts as rejected.
    assert!(reply.text().contains("UTF-8"), "{}", reply.text());
    assert!(server.refused("invalid_utf8") >= 3);
    for _ in 0..2 {
        let row = &server.objects("SELECT service_name, name, attributes FROM spans WHERE duration_ns = 1")[0];
        assert_eq!(row["service_name"], "service-\u{fffd}a\u{fffd}b");
        assert_eq!(row["name"], "name-\u{fffd}a\u{fffd}b");
        assert_eq!(row["attributes"], json!({"key-\u{fffd}a\u{fffd}b": "value-\u{fffd}a\u{fffd}b", "good": "ü"}));
        assert_eq!(server.count("spans"), 2);
        server.cycle();
    }
}

/// A value over the limit is cut, not lost, and never inside a character.
#[test]
fn long_values() {
    let mut server = Server::start(Options::any_time());
    let long = "ü".repeat(5 * MIB as usize);
    let mut span = numbered_span(1, now());
    span.attributes = vec![attribute("long", text(&long)), attribute("short", text("s"))];
    spans("s", vec![span, numbered_span(2, now())]).accepted(&server);
    let mut record = numbered_log(1, now());
    record.body = Some(luneta_tests::send::common::AnyValue { value: Some(text(&long)) });
    log_records("s", vec![record, numbered_log(2, now())]).accepted(&server);
    let mut record = numbered_log(3, now());
    record.attributes = vec![attribute(&"k".repeat(100_000), Any::BytesValue(vec![7; 10 * MIB as usize]))];
    log_records("s", vec![record]).accepted(&server);
    for _ in 0..2 {
        let attributes = server.objects("SELECT attributes FROM spans WHERE name = 'span 1'")[0]["attributes"].clone();
        assert_eq!(attributes["short"], "s");
        let kept = attributes["long"].as_str().unwrap();
        assert!(kept.len() <= 256 * 1024 && kept.len() > 256 * 1024 - 4 && long.starts_with(kept), "{} bytes kept", kept.len());
        let body = server.value("SELECT body FROM logs WHERE body LIKE 'ü%'");
        let kept = body.as_str().unwrap();
        assert!(
            kept.len() <= MIB as usize && kept.len() > MIB as usize - 4 && long.starts_with(kept),
            "{} bytes kept",
            kept.len()
        );
        assert_eq!((server.count("spans"), server.count("logs")), (2, 3));
        server.cycle();
    }
}

/// Values nested beyond any use do not exhaust the stack.
#[test]
fn deep_values() {
    use luneta_tests::send::common::{AnyValue, ArrayValue};
    let mut server = Server::start(Options::any_time());
    // Written from the inside, as bytes: the library itself would recurse.
    let mut value: Vec<u8> = vec![0x18, 1];
    for _ in 0..20_000 {
        // array_value { values { … } }
        let mut array = vec![0x0a];
        varint(&mut array, value.len());
        array.extend_from_slice(&value);
        value = vec![0x2a];
        varint(&mut value, array.len());
        value.extend_from_slice(&array);
    }
    let mut attribute_bytes = vec![0x0a, 1, b'd', 0x12];
    varint(&mut attribute_bytes, value.len());
    attribute_bytes.extend_from_slice(&value);
    // LogRecord { attributes }, wrapped up to the request.
    let mut message = attribute_bytes;
    for tag in [0x32, 0x12, 0x12, 0x0a] {
        let mut outer = vec![tag];
        varint(&mut outer, message.len());
        outer.extend_from_slice(&message);
        message = outer;
    }
    let reply = raw(&server, "/v1/logs", &[("content-type", PROTOBUF)], &message);
    assert!(matches!(reply.status, 200 | 400), "{}", reply.text());
    let json = format!(
        "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"body\":{}{{\"intValue\":1}}{}}}]}}]}}]}}",
        "{\"arrayValue\":{\"values\":[".repeat(20_000),
        "]}}".repeat(20_000)
    );
    let reply = raw(&server, "/v1/logs", &[("content-type", "application/json")], json.as_bytes());
    assert!(matches!(reply.status, 200 | 400), "{}", reply.text());
    // As deep as the limit allows is kept whole.
    let mut inner = AnyValue { value: Some(int(5)) };
    for _ in 0..30 {
        inner = AnyValue { value: Some(Any::ArrayValue(ArrayValue { values: vec![inner] })) };
    }
    let mut record = numbered_log(77, now());
    record.attributes = vec![attribute("deep", inner.value.unwrap())];
    log_records("s", vec![record]).accepted(&server);
    server.cycle();
    let deep = server.objects("SELECT attributes FROM logs WHERE body = 'record 77'")[0]["attributes"]["deep"].to_string();
    assert_eq!(deep, format!("{}5{}", "[".repeat(30), "]".repeat(30)));
}

fn varint(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// gRPC's own faults: messages that are too large, cut or packed in a way we do not know.
#[test]
fn grpc_refusals() {
    let server = Server::with_defaults();
    let mut span = numbered_span(1, now());
    // Above gRPC's usual 4 MiB: taken.
    span.attributes = (0..40).map(|i| attribute(&format!("k{i}"), text("x".repeat(200 * 1024)))).collect();
    assert_eq!(spans("s", vec![span.clone()]).grpc(&server, None).unwrap().rejected, 0);
    // Above the server's bound: final.
    let many: Vec<Span> = (1..=3).map(|n| Span { span_id: n_id(n), ..span.clone() }).collect();
    let status = spans("s", many).grpc(&server, None).unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
    assert!(status.message().contains("smaller batches"), "{status:?}");
    assert_eq!(server.refused("body_too_large"), 1);
    assert_eq!(server.count("spans"), 1);
    let empty = spans("s", Vec::new());
    assert_eq!(empty.grpc(&server, None).unwrap().rejected, 0);
}

fn n_id(n: u64) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}
