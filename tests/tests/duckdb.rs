//! DuckDB reads the lake while the server runs, and sees what the server's SQL sees.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use luneta_tests::send::{attribute, gauge, int, log_records, metric_list, now, numbered_log, numbered_span, spans, text};
use luneta_tests::{Options, Server, clients, full, until};
use serde_json::{Value, json};

/// Rows of statements, as DuckDB answers them.
fn duckdb(server: &Server, statements: &[&str]) -> Vec<Value> {
    let mut child = Command::new(clients::python())
        .arg(clients::script("python/duckdb_sql.py"))
        .arg(server.data().join("lake/catalog.sqlite"))
        .arg(format!("{}/", server.data().join("lake/data").display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(statements).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Statements in both dialects at once must give the same; sums of integers are wide in DuckDB.
const SAME: [&str; 11] = [
    "SELECT count(*) FROM spans",
    "SELECT service_name, count(*), CAST(sum(duration_ns) AS BIGINT), min(name), max(name) FROM spans GROUP BY 1 ORDER BY 1",
    "SELECT kind, status_code, count(*), count(DISTINCT trace_id) FROM spans GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT count(*) FROM logs",
    "SELECT service_name, count(*), CAST(sum(severity_number) AS BIGINT), count(DISTINCT body) FROM logs GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM logs WHERE body = 'record 7'",
    "SELECT count(*) FROM metrics",
    "SELECT metric_name, \"type\", count(*), sum(\"value\"), CAST(sum(\"count\") AS BIGINT) FROM metrics \
     WHERE service_name <> 'full' GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT metric_name, count(*) FROM metrics WHERE exemplars IS NOT NULL GROUP BY 1 ORDER BY 1",
    "SELECT metric_name, \"value\", value_int FROM metrics WHERE \"value\" IS NOT NULL AND service_name = 'full' \
     AND abs(\"value\") < 1e15 ORDER BY metric_name, \"time\", \"value\"",
    "SELECT metric_name, CAST(sum(bucket_counts[2]) AS BIGINT), CAST(sum(positive_counts[1]) AS BIGINT), max(scale) FROM metrics \
     GROUP BY 1 ORDER BY 1",
];

fn fill(server: &Server, first: u64) {
    let time = now();
    for service in ["spam", "eggs"] {
        let numbers = first..first + 100;
        let span = |n: u64| {
            let mut span = numbered_span(n, time + n);
            span.attributes.extend([attribute("http.route", text("/x")), attribute("custom", int(n as i64))]);
            span
        };
        spans(service, numbers.clone().map(span).collect()).accepted(server);
        log_records(service, numbers.clone().map(|n| numbered_log(n, time + n)).collect()).accepted(server);
        metric_list(service, numbers.map(|n| gauge(&format!("m{}", n % 3), time + n, n as f64 / 4.0)).collect()).accepted(server);
    }
}

#[test]
fn duckdb_agrees_while_the_server_runs() {
    let server = Server::start(Options::config(
        "luneta:\n  retention: {spans: 40000d, logs: 40000d, metrics: 40000d}\n  flush: {interval: 1s}\n",
    ));
    for export in [full::traces("full", true), full::log_records("full", true), full::metric_points("full", true)] {
        export.accepted(&server);
    }
    // Several files per table.
    for round in 0..3 {
        fill(&server, 1 + round * 100);
        server.wait_flushed();
    }
    let ours: Vec<Value> = SAME.iter().map(|q| json!(server.sql(q))).collect();
    let theirs = duckdb(&server, &SAME);
    for ((query, ours), theirs) in SAME.iter().zip(&ours).zip(&theirs) {
        assert_eq!(theirs, ours, "{query}");
    }
    // What DuckDB sees beyond plain columns: nested ones, promoted attributes and the map of the rest.
    let nested = duckdb(
        &server,
        &[
            "SELECT lower(hex(trace_id)), len(events), events[1].name, links[2].dropped_attributes_count, epoch_ns(start_time) \
             FROM spans WHERE name = 'GET /cart/{id}'",
            "SELECT count(*) FROM spans WHERE \"attributes.http.route\" = '/x'",
            "SELECT bucket_counts[1], explicit_bounds, max FROM metrics WHERE metric_name = 'h' AND sum IS NOT NULL",
            "SELECT count(*) FROM spans WHERE attributes['looks.like.int'] = '42'",
        ],
    );
    assert_eq!(nested[0], json!([["101112131415161718191a1b1c1d1e1f", 2, "exception", 3, 1_709_210_096_000_000_001_i64]]));
    assert_eq!(nested[1], json!([[600]]));
    assert_eq!(nested[2][0], json!([1, [-0.5, 1e9], 1e300]));
    assert_eq!(nested[3], json!([[1]]));
    // The server goes on, and DuckDB sees what comes next.
    fill(&server, 1000);
    until("the new rows in DuckDB", Duration::from_secs(20), || {
        duckdb(&server, &["SELECT count(*) FROM logs"])[0] == json!(server.sql("SELECT count(*) FROM logs"))
    });
}
