//! SQL over HTTP: attributes, ids, formats, bounds, and what it must never do.

use luneta_tests::send::common::any_value::Value as Any;
use luneta_tests::send::{Export, attribute, int, log_records, now, numbered_log, numbered_span, spans, text};
use luneta_tests::{Options, Server};
use serde_json::{Value, json};

const MINUTE: u64 = 60_000_000_000;

/// A hundred spans and as many log records, in two services.
fn seeded() -> Server {
    let server = Server::start(Options::any_time());
    let start = now() - 10 * MINUTE;
    for service in ["spam", "eggs"] {
        let mut list = Vec::new();
        for n in 0..50u64 {
            let number = n * 2 + u64::from(service == "eggs") + 1;
            let mut span = numbered_span(number, start + number * 1000);
            span.attributes.extend([
                attribute("http.route", text(if n % 5 == 0 { "/cart" } else { "/item" })),
                attribute("http.response.status_code", int(if n % 10 == 0 { 503 } else { 200 })),
                attribute("custom.size", int(n as i64)),
                attribute("custom.ratio", Any::DoubleValue(n as f64 / 10.0)),
                attribute("custom.flag", Any::BoolValue(n % 2 == 0)),
                attribute("custom.text", text(n.to_string())),
            ]);
            list.push(span);
        }
        let mut export = spans(service, list);
        if let Export::Traces(request) = &mut export {
            let resource = request.resource_spans[0].resource.as_mut().unwrap();
            resource.attributes.push(attribute("host.name", text(format!("{service}-host"))));
            resource.attributes.push(attribute("custom.rank", int(if service == "spam" { 9 } else { 10 })));
            let scope = &mut request.resource_spans[0].scope_spans[0].scope;
            scope.get_or_insert_default().attributes.push(attribute("lib", text(format!("{service}-lib"))));
        }
        export.accepted(&server);
        let first = if service == "spam" { 1 } else { 51 };
        log_records(service, (first..first + 50).map(|n| numbered_log(n, start + n * 1000)).collect()).accepted(&server);
    }
    server
}

/// Every query gives the same from memory and from files.
pub(crate) fn check(server: &mut Server, cases: &[(&str, Value)]) {
    for place in ["memory", "files"] {
        for (query, wanted) in cases {
            assert_eq!(&json!(server.sql(query)), wanted, "from {place}: {query}");
        }
        server.cycle();
    }
}

#[test]
fn attributes() {
    let mut server = seeded();
    check(
        &mut server,
        &[
            ("SELECT count(*) FROM spans WHERE attributes['http.route'] = '/cart'", json!([[20]])),
            // Keys that conventions know and nobody sent; lists and maps.
            ("SELECT count(*) FROM spans WHERE attributes['db.query.text'] IS NOT NULL", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE attributes['db.query.text'] IS NULL", json!([[100]])),
            ("SELECT count(*) FROM spans WHERE coalesce(attributes['db.query.text'], 'x') = 'y'", json!([[0]])),
            (
                "SELECT count(*) FROM spans WHERE attributes['db.query.text'] = 'y' OR attributes['http.route'] = '/cart'",
                json!([[20]]),
            ),
            ("SELECT count(*) FROM spans WHERE cardinality(events) > 0", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE cardinality(events) = 0 AND service_name = 'spam'", json!([[50]])),
            (
                "SELECT count(*) FROM spans WHERE cardinality(attributes) > 6 AND attributes['http.route'] = '/cart'",
                json!([[20]]),
            ),
            ("SELECT count(*) FROM spans WHERE cardinality(attributes) < 6", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE attributes['http.response.status_code'] >= 500", json!([[10]])),
            (
                "SELECT count(*) FROM spans WHERE attributes['http.response.status_code'] = 200 AND service_name = 'spam'",
                json!([[45]]),
            ),
            // Numbers compare as numbers though the key has no column: 9 is less than 10.
            ("SELECT count(*) FROM spans WHERE attributes['custom.size'] > 9", json!([[80]])),
            ("SELECT count(*) FROM spans WHERE attributes['custom.size'] < 10", json!([[20]])),
            ("SELECT count(*) FROM spans WHERE 10 > attributes['custom.size']", json!([[20]])),
            ("SELECT count(*) FROM spans WHERE attributes['custom.size'] = -1", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE attributes['custom.ratio'] >= 4.5", json!([[10]])),
            ("SELECT count(*) FROM spans WHERE attributes['custom.flag'] = true", json!([[50]])),
            ("SELECT count(*) FROM spans WHERE attributes['custom.text'] = '7'", json!([[2]])),
            ("SELECT count(*) FROM spans WHERE attributes['none'] = 'x'", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE attributes['none'] IS NULL", json!([[100]])),
            ("SELECT count(*) FROM spans WHERE resource_attributes['host.name'] = 'spam-host'", json!([[50]])),
            ("SELECT count(*) FROM spans WHERE resource_attributes['service.name'] = 'spam'", json!([[50]])),
            ("SELECT count(*) FROM spans WHERE resource_attributes['custom.rank'] < 10", json!([[50]])),
            ("SELECT count(*) FROM spans WHERE scope_attributes['lib'] = 'eggs-lib'", json!([[50]])),
            ("SELECT attributes['http.route'], count(*) FROM spans GROUP BY 1 ORDER BY 1", json!([["/cart", 20], ["/item", 80]])),
            (
                "SELECT resource_attributes['host.name'], scope_attributes['lib'] FROM spans GROUP BY 1, 2 ORDER BY 1",
                json!([["eggs-host", "eggs-lib"], ["spam-host", "spam-lib"]]),
            ),
            ("SELECT sum(attributes['http.response.status_code']) FROM spans", json!([[10 * 503 + 90 * 200]])),
            ("SELECT max(CAST(attributes['custom.size'] AS BIGINT)) FROM spans", json!([[49]])),
            (
                "SELECT s.service_name, count(*) FROM spans s JOIN logs l ON s.attributes['n'] = l.attributes['n'] \
                 WHERE l.service_name = 'spam' GROUP BY 1 ORDER BY 1",
                json!([["eggs", 25], ["spam", 25]]),
            ),
        ],
    );
}

#[test]
fn ids_and_times() {
    let mut server = seeded();
    check(
        &mut server,
        &[
            ("SELECT name FROM spans WHERE trace_id = '5a5a5a5a5a5a5a5a0000000000000007'", json!([["span 7"]])),
            ("SELECT name FROM spans WHERE trace_id = '5A5A5A5A5A5A5A5A0000000000000007'", json!([["span 7"]])),
            ("SELECT name FROM spans WHERE span_id = '0000000000000007'", json!([["span 7"]])),
            (
                "SELECT name FROM spans WHERE span_id IN ('0000000000000007', '0000000000000008') ORDER BY 1",
                json!([["span 7"], ["span 8"]]),
            ),
            ("SELECT count(*) FROM spans WHERE trace_id = '00'", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE trace_id <> '5a5a5a5a5a5a5a5a0000000000000007'", json!([[99]])),
            (
                "SELECT trace_id, span_id, parent_span_id FROM spans WHERE name = 'span 7'",
                json!([["5a5a5a5a5a5a5a5a0000000000000007", "0000000000000007", null]]),
            ),
            ("SELECT count(*) FROM spans WHERE start_time > now() - interval '1 hour'", json!([[100]])),
            ("SELECT count(*) FROM spans WHERE start_time > now()", json!([[0]])),
            ("SELECT count(*) FROM spans WHERE end_time - start_time = interval '7 nanoseconds'", json!([[1]])),
            ("SELECT min(duration_ns), max(duration_ns) FROM spans", json!([[1, 100]])),
            ("SELECT approx_percentile_cont(duration_ns, 0.5) > 40 FROM spans", json!([[true]])),
            ("SELECT count(DISTINCT date_bin(interval '1 hour', start_time)) IN (1, 2) FROM spans", json!([[true]])),
        ],
    );
    let now_text = server.value("SELECT now()");
    let now_text = now_text.as_str().unwrap();
    assert!(now_text.ends_with('Z') && now_text.len() == 30, "{now_text}");
    let drift = server.value("SELECT extract(epoch FROM now())").as_f64().unwrap() - now() as f64 / 1e9;
    assert!(drift.abs() < 5.0, "now() is {drift} s off");
}

/// Wherever bytes will not do, an id is its hex text.
#[test]
fn ids_are_text() {
    let mut server = seeded();
    let start = now() - 5 * MINUTE;
    let trace = "5a5a5a5a5a5a5a5a0000000000000007";
    let mut child = numbered_span(500, start);
    child.trace_id = numbered_span(7, start).trace_id;
    child.parent_span_id = 7u64.to_be_bytes().to_vec();
    child.attributes.push(attribute("trace", text(trace)));
    spans("child", vec![child]).accepted(&server);
    let one = |expression: &str| format!("SELECT {expression} FROM spans WHERE name = 'span 7'");
    let of_one: Vec<(String, Value)> = [
        ("coalesce(parent_span_id, '')", json!("")),
        ("coalesce(parent_span_id, span_id)", json!("0000000000000007")),
        ("coalesce(span_id, 'none')", json!("0000000000000007")),
        ("nullif(span_id, '')", json!("0000000000000007")),
        ("nullif(span_id, '0000000000000007')", json!(null)),
        ("nvl(parent_span_id, 'root')", json!("root")),
        ("concat('x', trace_id)", json!(format!("x{trace}"))),
        ("concat_ws('-', trace_id, span_id)", json!(format!("{trace}-0000000000000007"))),
        ("length(trace_id)", json!(32)),
        ("upper(trace_id)", json!(trace.to_uppercase())),
        ("substr(trace_id, 1, 4)", json!("5a5a")),
        ("substring(trace_id FROM 1 FOR 4)", json!("5a5a")),
        ("position('0' IN trace_id)", json!(17)),
        ("left(span_id, 3)", json!("000")),
        ("replace(span_id, '0', '')", json!("7")),
        ("starts_with(trace_id, '5a')", json!(true)),
        ("regexp_like(trace_id, '^(5a)+0+7$')", json!(true)),
        ("trace_id ~ '^5a'", json!(true)),
        ("trace_id LIKE '5a%7'", json!(true)),
        ("trace_id SIMILAR TO '5a.*7'", json!(true)),
        ("trace_id || ''", json!(trace)),
        ("'t' || trace_id || '/' || span_id", json!(format!("t{trace}/0000000000000007"))),
        ("CASE WHEN duration_ns > 5 THEN trace_id ELSE '' END", json!(trace)),
        ("CASE WHEN duration_ns < 5 THEN trace_id ELSE '' END", json!("")),
        ("CASE WHEN duration_ns > 5 THEN '' ELSE trace_id END", json!("")),
        ("CASE span_id WHEN '7' THEN 'seven' ELSE 'other' END", json!("seven")),
        ("CAST(trace_id AS VARCHAR)", json!(trace)),
        ("trace_id::text", json!(trace)),
        ("TRY_CAST(span_id AS VARCHAR)", json!("0000000000000007")),
        ("encode(span_id, 'hex')", json!("0000000000000007")),
        ("trace_id = span_id", json!(false)),
        ("trace_id BETWEEN '5a' AND 'ffffffffffffffffffffffffffffffff'", json!(true)),
        ("[trace_id, coalesce(parent_span_id, 'none')]", json!([trace, "none"])),
        ("coalesce(trace_id, NULL)", json!(trace)),
    ]
    .into_iter()
    .map(|(expression, value)| (one(expression), json!([[value]])))
    .collect();
    let mut cases: Vec<(&str, Value)> = of_one.iter().map(|(query, value)| (query.as_str(), value.clone())).collect();
    cases.extend([
        ("SELECT count(*) FROM spans WHERE coalesce(parent_span_id, '') = ''", json!([[100]])),
        (
            "SELECT coalesce(parent_span_id, '') AS parent, count(*) FROM spans GROUP BY 1 ORDER BY 1",
            json!([["", 100], ["0000000000000007", 1]]),
        ),
        (
            "SELECT upper(t) FROM (SELECT CASE WHEN true THEN span_id ELSE 'x' END AS t FROM spans WHERE name = 'span 10')",
            json!([["000000000000000A"]]),
        ),
        (
            "SELECT count(DISTINCT trace_id), min(span_id), max(span_id) FROM spans",
            json!([[100, "0000000000000001", "00000000000001f4"]]),
        ),
        ("SELECT trace_id FROM spans GROUP BY trace_id HAVING count(*) = 2", json!([[trace]])),
        ("SELECT span_id FROM spans ORDER BY span_id DESC LIMIT 2", json!([["00000000000001f4"], ["0000000000000064"]])),
        (
            "SELECT string_agg(span_id, ',' ORDER BY span_id) FROM spans WHERE duration_ns < 3",
            json!([["0000000000000001,0000000000000002"]]),
        ),
        (
            "SELECT array_agg(span_id ORDER BY span_id) FROM spans WHERE duration_ns < 3",
            json!([[["0000000000000001", "0000000000000002"]]]),
        ),
        ("SELECT count(*) FROM spans JOIN (SELECT '0000000000000007' AS span_id) x USING (span_id)", json!([[1]])),
        (
            "SELECT span_id FROM spans WHERE name = 'span 7' UNION ALL SELECT 'none' ORDER BY 1",
            json!([["0000000000000007"], ["none"]]),
        ),
        (
            "SELECT b.name FROM spans a JOIN spans b ON b.trace_id = a.attributes['trace'] WHERE b.duration_ns < 100",
            json!([["span 7"]]),
        ),
        ("SELECT count(*) FROM spans a JOIN spans b ON a.parent_span_id = b.span_id AND a.trace_id = b.trace_id", json!([[1]])),
        (
            "SELECT name FROM spans WHERE trace_id IN (SELECT attributes['trace'] FROM spans) AND duration_ns < 100",
            json!([["span 7"]]),
        ),
        ("SELECT name FROM spans WHERE attributes['trace'] IN (SELECT trace_id FROM spans)", json!([["span 500"]])),
        ("SELECT name FROM spans WHERE span_id = (SELECT max(span_id) FROM spans)", json!([["span 500"]])),
        ("SELECT count(*) FROM spans WHERE trace_id = lower('5A5A5A5A5A5A5A5A0000000000000007')", json!([[2]])),
    ]);
    check(&mut server, &cases);
}

/// Which parts of files a query reads, by its own account.
#[test]
fn pruning() {
    let mut server = seeded();
    server.cycle();
    // A second file, a day before: a query about one of them must not open the other.
    let yesterday = now() - 24 * 60 * MINUTE;
    spans("zulu", (1000..1100).map(|n| numbered_span(n, yesterday + n)).collect()).accepted(&server);
    server.cycle();
    let stats = |query: &str| server.sql_request(&json!({"query": query})).json()["stats"].clone();
    let all = stats("SELECT name FROM spans");
    assert_eq!(
        (all["files_total"].as_u64(), all["files"].as_u64(), all["rows_read"].as_u64()),
        (Some(2), Some(2), Some(200)),
        "{all}"
    );
    for query in [
        "SELECT name FROM spans WHERE start_time > now() - interval '1 hour'",
        "SELECT name FROM spans WHERE service_name = 'zulu'",
        "SELECT name FROM spans WHERE duration_ns > 500",
    ] {
        let one = stats(query);
        assert!(one["rows_returned"].as_u64().unwrap() >= 100, "{query}: {one}");
        assert_eq!(one["files"], 1, "{query}: {one}");
    }
    // A trace that no file holds: indexes keep every file closed.
    let none = stats("SELECT name FROM spans WHERE trace_id = '00000000000000000000000000000001'");
    assert_eq!((none["rows_read"].as_u64(), none["rows_returned"].as_u64()), (Some(0), Some(0)), "{none}");
    assert_eq!((none["files_total"].as_u64(), none["files"].as_u64()), (Some(2), Some(0)), "{none}");
    let one = stats("SELECT name FROM spans WHERE trace_id = '5a5a5a5a5a5a5a5a0000000000000007'");
    assert_eq!((one["files"].as_u64(), one["rows_returned"].as_u64()), (Some(1), Some(1)), "{one}");
    for (filter, words) in [
        ("trace_id = '5a5a5a5a5a5a5a5a0000000000000007'", ["trace_index=1 files, 1 rows", "row_groups_read=1", "bytes_scanned"]),
        ("name = 'span 7'", ["pruned", "bloom_filter", "bytes_scanned"]),
    ] {
        let plan = json!(server.sql(&format!("EXPLAIN ANALYZE SELECT name FROM spans WHERE {filter}"))).to_string();
        for word in words {
            assert!(plan.contains(word), "EXPLAIN ANALYZE of {filter} lacks {word}: {plan}");
        }
    }
}

#[test]
fn error_positions() {
    let server = Server::with_defaults();
    for (query, kind, line, column) in [
        ("SELEC 1", "parse", Some(1), Some(1)),
        ("SELECT 1\n  FROM spans GROUP name", "parse", Some(2), None),
        ("SELECT 1 +", "parse", None, None),
        ("SELECT nme FROM spans", "plan", Some(1), Some(8)),
        ("SELECT name,\n       nme\nFROM spans", "plan", Some(2), Some(8)),
        ("SELECT * FROM sapns", "plan", None, None),
        ("", "parse", None, None),
        ("SELECT 1; SELECT 2", "parse", None, None),
        ("SELECT nope(1)", "plan", None, None),
        ("SELECT upper(1.5)", "plan", None, None),
    ] {
        let reply = server.sql_request(&json!({"query": query}));
        let error = reply.json()["error"].clone();
        assert_eq!((reply.status, error["kind"].as_str()), (400, Some(kind)), "{query}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("UserDefined"), "{query}: {message}");
        for (name, wanted) in [("line", line), ("column", column)] {
            if let Some(wanted) = wanted {
                assert_eq!(error["position"][name], wanted, "{query}: {error}");
            }
        }
    }
    let near = server.sql_request(&json!({"query": "SELECT nme FROM spans"})).json()["error"]["message"].to_string();
    assert!(near.contains("nme"), "{near}");
    for body in
        ["", "[]", "{\"query\": 5}", "{\"query\": \"SELECT 1\", \"spam\": 1}", "{\"query\": \"SELECT 1\", \"format\": \"xml\"}"]
    {
        let url = format!("{}/api/sql", server.http());
        let reply = server.post(&url, &[("content-type", "application/json")], body.as_bytes());
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert!(reply.json()["error"]["message"].is_string(), "{body}");
    }
}

#[test]
fn formats() {
    let server = seeded();
    let query = "SELECT service_name, duration_ns, trace_id, start_time, attributes['custom.ratio'] AS ratio, 'a,\"b\"\nc' AS odd \
                 FROM spans WHERE name IN ('span 7', 'span 8') ORDER BY 2";
    let ask = |format: &str| {
        let reply = server.sql_request(&json!({"query": query, "format": format}));
        assert_eq!(reply.status, 200, "{format}: {}", reply.text());
        reply
    };
    let answer = ask("json");
    assert!(answer.headers["content-type"].starts_with("application/json"));
    let json = answer.json();
    let names: Vec<_> = json["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["service_name", "duration_ns", "trace_id", "start_time", "ratio", "odd"]);
    assert_eq!(json["columns"][0]["type"], "Utf8");
    assert_eq!(json["columns"][1]["type"], "Int64");
    assert_eq!(json["truncated"], false);
    for name in ["elapsed_ms", "files", "row_groups", "bytes_read", "rows_read", "rows_returned"] {
        assert!(json["stats"][name].is_number(), "stats lack {name}");
    }
    let csv = ask("csv");
    assert!(csv.headers["content-type"].starts_with("text/csv"));
    let text = csv.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("service_name,duration_ns,trace_id,start_time,ratio,odd"));
    let first = lines.next().unwrap();
    let time = json["rows"][0][3].as_str().unwrap();
    assert_eq!(first, format!("spam,7,5a5a5a5a5a5a5a5a0000000000000007,{time},0.3,\"a,\"\"b\"\""));
    assert_eq!(lines.next(), Some("c\""));
    // An Arrow stream begins with a continuation mark, a Parquet file with its magic.
    let arrow = ask("arrow");
    assert!(arrow.headers["content-type"].contains("arrow"), "{:?}", arrow.headers);
    assert_eq!(arrow.body[..4], [0xff; 4]);
    let parquet = ask("parquet");
    assert!(parquet.headers["content-type"].contains("parquet"), "{:?}", parquet.headers);
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
    // What the server notes beside attributes stays inside; ids are text.
    let reply = server.sql_request(&json!({"query": "SELECT trace_id, attributes FROM spans", "format": "arrow"}));
    let holds = |needle: &[u8]| reply.body.windows(needle.len()).any(|w| w == needle);
    assert!(holds(b"custom.size") && holds(b"5a5a5a5a5a5a5a5a0000000000000007"));
    assert!(!holds(b"\0types"));
    // No rows: still a header, and files that can be read.
    for format in ["json", "csv", "arrow", "parquet"] {
        let reply = server.sql_request(&json!({"query": "SELECT name, events FROM spans WHERE false", "format": format}));
        assert_eq!(reply.status, 200, "{format}: {}", reply.text());
        assert!(!reply.body.is_empty());
    }
}

#[test]
fn parameters() {
    let server = seeded();
    for (query, params, wanted) in [
        ("SELECT name FROM spans WHERE duration_ns = $1", json!([7]), json!([["span 7"]])),
        ("SELECT count(*) FROM spans WHERE service_name = $1 AND duration_ns > $2", json!(["spam", 50]), json!([[25]])),
        ("SELECT name FROM spans WHERE trace_id = $1", json!(["5a5a5a5a5a5a5a5a0000000000000007"]), json!([["span 7"]])),
        ("SELECT count(*) FROM spans WHERE attributes['http.route'] = $1", json!(["/cart"]), json!([[20]])),
        ("SELECT count(*) FROM spans WHERE name = $1", json!(["' OR 1=1 --"]), json!([[0]])),
        ("SELECT $1, $2, $3", json!([true, null, 1.5]), json!([[true, null, 1.5]])),
    ] {
        let reply = server.sql_request(&json!({"query": query, "params": params}));
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        assert_eq!(reply.json()["rows"], wanted, "{query}");
    }
    let reply = server.sql_request(&json!({"query": "SELECT $1, $2", "params": [1]}));
    assert_eq!(reply.status, 400, "{}", reply.text());
}

#[test]
fn bounds() {
    let server = seeded();
    for (limit, rows, truncated) in [(0, 0, true), (1, 1, true), (99, 99, true), (100, 100, false), (1000, 100, false)] {
        let answer = server.sql_request(&json!({"query": "SELECT name FROM spans", "limit": limit})).json();
        assert_eq!(answer["rows"].as_array().unwrap().len(), rows, "limit {limit}");
        assert_eq!(answer["truncated"], truncated, "limit {limit}");
    }
    let started = std::time::Instant::now();
    let endless = "SELECT count(*) FROM generate_series(1, 1000000000000) a WHERE a.value % 7 = 8";
    let reply = server.sql_request(&json!({"query": endless, "timeout_ms": 300}));
    assert_eq!((reply.status, reply.json()["error"]["kind"].as_str()), (504, Some("timeout")), "{}", reply.text());
    assert!(started.elapsed().as_secs() < 10, "the timeout came after {:?}", started.elapsed());
    // A query that needs more memory than there is ends as an error, not as the server's end.
    let greedy =
        "SELECT a.value, b.value FROM generate_series(1, 100000) a, generate_series(1, 100000) b ORDER BY a.value * b.value";
    let reply = server.sql_request(&json!({"query": greedy, "timeout_ms": 2000}));
    assert!(matches!(reply.status, 429 | 504), "{}: {}", reply.status, reply.text());
    assert_eq!(server.count("spans"), 100);
}

/// SQL reads the tables and nothing else.
#[test]
fn read_only() {
    let server = seeded();
    let secret = server.data().join("secret.csv");
    std::fs::write(&secret, "a\n1\n").unwrap();
    let path = secret.display().to_string();
    let out = server.data().join("out.csv");
    for query in [
        "INSERT INTO spans SELECT * FROM spans".to_owned(),
        "UPDATE spans SET name = 'x'".into(),
        "DELETE FROM spans".into(),
        "DROP TABLE spans".into(),
        "TRUNCATE TABLE spans".into(),
        "CREATE TABLE t AS SELECT 1".into(),
        "CREATE VIEW v AS SELECT 1".into(),
        "CREATE SCHEMA s".into(),
        "CREATE DATABASE d".into(),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{path}'"),
        format!("COPY (SELECT 1) TO '{}'", out.display()),
        format!("COPY spans TO '{}' STORED AS PARQUET", out.display()),
        "SET datafusion.execution.batch_size = 1".into(),
        "RESET datafusion.execution.batch_size".into(),
        "PREPARE p AS SELECT 1".into(),
        "BEGIN".into(),
        "COMMIT".into(),
        format!("SELECT * FROM '{path}'"),
        format!("SELECT * FROM \"{path}\""),
        format!("SELECT * FROM read_csv('{path}')"),
        format!("SELECT * FROM parquet_metadata('{path}')"),
        "CREATE FUNCTION f() RETURNS INT RETURN 1".into(),
        "EXPLAIN ANALYZE INSERT INTO spans SELECT * FROM spans".into(),
        format!("EXPLAIN ANALYZE COPY spans TO '{}'", out.display()),
    ] {
        let reply = server.sql_request(&json!({"query": query}));
        assert_eq!(reply.status, 400, "{query}: {}", reply.text());
        assert!(reply.json()["error"]["message"].is_string());
    }
    assert!(!out.exists());
    assert_eq!(server.count("spans"), 100);
    assert_eq!(server.value("SELECT max(duration_ns) FROM spans"), 100);
    for query in ["SHOW TABLES", "DESCRIBE spans", "EXPLAIN SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "VALUES (1)"] {
        let reply = server.sql_request(&json!({"query": query}));
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    }
}

/// The schema lists what can be queried, and everything it lists can be.
#[test]
fn schema() {
    let mut server = seeded();
    server.cycle();
    let schema = server.get("/api/schema").json();
    let mut names = Vec::new();
    for table in schema["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let columns: Vec<_> =
            table["columns"].as_array().unwrap().iter().map(|c| format!("\"{}\"", c["name"].as_str().unwrap())).collect();
        server.sql(&format!("SELECT {} FROM {name} LIMIT 1", columns.join(", ")));
        names.push(name.to_owned());
    }
    let derived = ["services", "operations", "edge_metrics", "edges", "errors", "metric_names", "attribute_keys"];
    assert_eq!(names, [&["spans", "logs", "metrics", "span_metrics", "log_patterns"], &derived[..]].concat());
    let shown = server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'lake'");
    assert_eq!(shown.len(), names.len(), "{shown:?}");
    let keys = schema["attribute_keys"].as_array().unwrap();
    for (scope, key, count) in [
        ("attributes", "http.route", 100),
        ("resource_attributes", "host.name", 100),
        ("attributes", "custom.size", 100),
        ("scope_attributes", "lib", 100),
    ] {
        let found = keys.iter().find(|k| k["table"] == "spans" && k["scope"] == scope && k["key"] == key);
        assert_eq!(found.map(|k| k["count"].clone()), Some(count.into()), "{scope} {key} in {keys:?}");
    }
    let api = server.get("/api/openapi.json").json();
    assert!(api["paths"]["/api/sql"]["post"].is_object());
}
