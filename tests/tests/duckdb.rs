//! DuckDB reads the lake while the server runs, and sees what the server's SQL sees.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use luneta_tests::send::{attribute, gauge, int, log_records, metric_list, now, numbered_log, numbered_span, spans, text};
use luneta_tests::{Options, Server, clients, full, until};
use serde_json::{Value, json};

/// Rows of statements, as DuckDB answers them.
fn duckdb(server: &Server, statements: &[&str]) -> Vec<Value> {
    run(server, statements, &[])
}

fn run(server: &Server, statements: &[&str], arguments: &[&str]) -> Vec<Value> {
    let mut child = Command::new(clients::python(&clients::SDK))
        .arg(clients::script("python/duckdb_sql.py"))
        .arg(server.data().join("lake/catalog.sqlite"))
        .arg(format!("{}/", server.data().join("lake/data").display()))
        .args(arguments)
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

/// Questions about deleted rows, of every kind of scan: whole files, filters inside of scans and
/// behind them, few columns and many, a limit.
const LEFT: [&str; 8] = [
    "SELECT count(*) FROM spans",
    "SELECT duration_ns FROM spans ORDER BY 1, service_name",
    "SELECT service_name, count(*), CAST(sum(duration_ns) AS BIGINT) FROM spans GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM spans WHERE duration_ns BETWEEN 100 AND 220",
    "SELECT count(*) FROM spans WHERE service_name = 'eggs' AND duration_ns < 50",
    "SELECT count(*), min(\"name\") FROM spans WHERE \"name\" IS NOT NULL AND kind IS NOT NULL",
    "SELECT count(*) FROM (SELECT * FROM spans LIMIT 1000) AS s",
    "SELECT count(*) FROM logs",
];

fn check_left(server: &Server, when: &str) {
    let ours: Vec<Value> = LEFT.iter().map(|q| json!(server.sql(q))).collect();
    for ((query, ours), theirs) in LEFT.iter().zip(&ours).zip(&duckdb(server, &LEFT)) {
        assert_eq!(ours, theirs, "{when}: {query}");
    }
}

/// What a person deletes or changes with DuckDB while the server runs is deleted or changed for the
/// server's SQL.
#[test]
fn rows_deleted_in_duckdb() {
    let mut server = Server::start(Options::config("luneta:\n  flush: {interval: 1s}\n"));
    for round in 0..3 {
        fill(&server, 1 + round * 100);
        server.wait_flushed();
    }
    let deleted = |n: u64| n % 10 == 3 || n.is_multiple_of(7);
    assert_eq!(server.count("spans"), 600);
    for (condition, left) in [
        ("duration_ns % 10 = 3", (1..=300).filter(|n| n % 10 != 3).count()),
        // Again, of the same files.
        ("duration_ns % 7 = 0", (1..=300).filter(|n| !deleted(*n)).count()),
    ] {
        run(&server, &[&format!("DELETE FROM spans WHERE {condition}")], &["write"]);
        assert_eq!(server.count("spans"), 2 * left as u64, "{condition}");
        check_left(&server, condition);
    }
    // An attribute that may be in its column or in the map.
    let wanted = (1..=300).filter(|n| !deleted(*n) && *n > 250).count();
    assert_eq!(server.value("SELECT count(*) FROM spans WHERE attributes['custom'] > 250"), json!(2 * wanted));
    assert_eq!(server.status()["signals"]["spans"]["rows"], json!(server.count("spans")));
    // What is in memory is not concerned, and what comes later neither.
    fill(&server, 301);
    server.cycle();
    check_left(&server, "after a restart");
    // A change is a deletion and a new row; all rows of a service are gone together.
    run(&server, &["UPDATE spans SET \"name\" = 'changed' WHERE duration_ns = 400"], &["write"]);
    assert_eq!(server.value("SELECT count(*) FROM spans WHERE name = 'changed'"), json!(2));
    run(&server, &["DELETE FROM spans WHERE service_name = 'spam'", "DELETE FROM logs"], &["write"]);
    assert_eq!(server.sql("SELECT DISTINCT service_name FROM spans"), [[json!("eggs")]]);
    assert_eq!(server.count("logs"), 0);
    check_left(&server, "after everything");
}

/// Lists of deleted rows that cannot be read: the rows do not come back. With one file for each table
/// there is nothing to merge, so that the lists stay as they are.
#[test]
fn unreadable_lists_of_deleted_rows() {
    let mut server = Server::with_defaults();
    fill(&server, 1);
    server.cycle();
    run(&server, &["DELETE FROM spans WHERE service_name = 'spam'"], &["write"]);
    assert_eq!(server.sql("SELECT DISTINCT service_name FROM spans"), [[json!("eggs")]]);
    // In a form we do not know.
    let vectors = ["CALL lake.set_option('write_deletion_vectors', true)", "DELETE FROM metric_points WHERE metric_name = 'm1'"];
    run(&server, &vectors, &["write"]);
    let reply = server.sql_request(&json!({"query": "SELECT count(*) FROM metrics"}));
    assert_eq!((reply.status, reply.json()["error"]["kind"].as_str()), (503, Some("file")), "{}", reply.text());
    assert!(reply.text().contains("deleted rows are listed in"), "{}", reply.text());
    // Damaged: the file it is about is set aside.
    let lists = std::fs::read_dir(server.data().join("lake/data/main/spans")).unwrap();
    let mut lists: Vec<_> = lists.map(|e| e.unwrap().path()).filter(|p| p.to_string_lossy().contains("-delete")).collect();
    lists.sort();
    let last = lists.last().unwrap();
    std::fs::write(last, b"no Parquet").unwrap();
    let reply = server.sql_request(&json!({"query": "SELECT count(*) FROM spans WHERE service_name = 'spam'"}));
    assert_eq!((reply.status, &reply.json()["rows"]), (200, &json!([[0]])), "{}", reply.text());
    assert!(reply.json()["warnings"].to_string().contains("the list of its deleted rows"), "{}", reply.text());
}
