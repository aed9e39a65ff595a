//! What goes in comes out: every field of OTLP, over every transport, from memory and from files.

use luneta_tests::expect::{Row, check_rows, rows};
use luneta_tests::send::{Export, Packing, Partial};
use luneta_tests::{Options, Server, full};
use tonic::codec::CompressionEncoding;

/// A transport: a name, and how it sends.
type Transport = (&'static str, fn(&Server, &Export));

const TRANSPORTS: [Transport; 8] = [
    ("http", |s, e| http(s, e, Packing::Plain)),
    ("http-gzip", |s, e| http(s, e, Packing::Gzip)),
    ("http-deflate", |s, e| http(s, e, Packing::Deflate)),
    ("http-zstd", |s, e| http(s, e, Packing::Zstd)),
    ("json", |s, e| {
        let reply = e.post_json(s);
        assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
        assert_eq!(reply.headers["content-type"], "application/json");
    }),
    ("grpc", |s, e| grpc(s, e, None)),
    ("grpc-gzip", |s, e| grpc(s, e, Some(CompressionEncoding::Gzip))),
    ("grpc-zstd", |s, e| grpc(s, e, Some(CompressionEncoding::Zstd))),
];

fn http(server: &Server, export: &Export, packing: Packing) {
    let reply = export.post_packed(server, packing);
    // Full success is an empty message.
    assert_eq!((reply.status, reply.body.len()), (200, 0), "{}", reply.text());
    assert_eq!(reply.headers["content-type"], "application/x-protobuf");
}

fn grpc(server: &Server, export: &Export, packing: Option<CompressionEncoding>) {
    assert_eq!(export.grpc(server, packing).unwrap(), Partial::default());
}

fn select(server: &Server, table: &str, service: &str) -> Vec<Row> {
    let mut rows = server.objects(&format!("SELECT * FROM {table} WHERE service_name = '{service}'"));
    // A hash of ours, which no client sends.
    for row in &mut rows {
        row.remove("series");
    }
    rows
}

/// Sends the same items over every transport and compares what SQL shows with what was sent: at
/// once, when the rows were written to files, and when the log was replayed in between.
fn check(make: fn(&str, bool) -> Export) {
    let mut server = Server::start(Options::any_time());
    let sent: Vec<(&str, Export)> = TRANSPORTS
        .iter()
        .map(|(name, send)| {
            // Doubles that JSON has no number for go over the others.
            let export = make(name, *name != "json");
            send(&server, &export);
            (*name, export)
        })
        .collect();
    let compare = |server: &Server, when: &str| {
        for (name, export) in &sent {
            check_rows(&format!("{} over {name}, {when}", export.table()), select(server, export.table(), name), rows(export));
        }
        let total: usize = sent.iter().map(|(_, e)| rows(e).len()).sum();
        assert_eq!(server.count(sent[0].1.table()), total as u64, "{when}");
    };
    compare(&server, "in memory");
    server.kill9();
    server.restart();
    compare(&server, "replayed from the log");
    server.cycle();
    compare(&server, "in files");
    assert_eq!(server.status()["warnings"], serde_json::json!([]));
}

#[test]
fn spans() {
    check(full::traces);
}

#[test]
fn logs() {
    check(full::log_records);
}

#[test]
fn metrics() {
    check(full::metric_points);
}

/// The HTTP port of the UI takes OTLP as well, under the roots of Prometheus and Loki too.
#[test]
fn other_roots() {
    let server = Server::start(Options::any_time());
    for (path, export) in [
        ("/v1/traces", full::traces("root", true)),
        ("/v1/logs", full::log_records("root", true)),
        ("/v1/metrics", full::metric_points("root", true)),
        ("/otlp/v1/logs", full::log_records("loki", true)),
        ("/api/v1/otlp/v1/metrics", full::metric_points("prometheus", true)),
    ] {
        let headers = [("content-type", "application/x-protobuf")];
        let reply = server.post(&format!("{}{path}", server.http()), &headers, &export.protobuf());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    check_rows("root", select(&server, "spans", "root"), rows(&full::traces("root", true)));
    check_rows("loki", select(&server, "logs", "loki"), rows(&full::log_records("loki", true)));
    check_rows("prometheus", select(&server, "metrics", "prometheus"), rows(&full::metric_points("prometheus", true)));
}

/// Tenants do not see each other, neither in memory nor in files.
#[test]
fn tenants() {
    let mut server = Server::start(Options::any_time());
    for tenant in ["spam", "eggs"] {
        let headers = [("content-type", "application/x-protobuf"), ("x-scope-orgid", tenant)];
        let export = full::log_records(tenant, false);
        let url = format!("{}/v1/logs", server.otlp_http());
        assert_eq!(server.post(&url, &headers, &export.protobuf()).status, 200);
    }
    for _ in 0..2 {
        for (tenant, services) in [("spam", "[[\"spam\"]]"), ("eggs", "[[\"eggs\"]]"), ("default", "[]")] {
            let body = serde_json::json!({"query": "SELECT DISTINCT service_name FROM logs"}).to_string();
            let headers = [("content-type", "application/json"), ("x-scope-orgid", tenant)];
            let reply = server.post(&format!("{}/api/sql", server.http()), &headers, body.as_bytes());
            assert_eq!(reply.json()["rows"].to_string(), services, "{tenant}");
        }
        server.cycle();
    }
}
