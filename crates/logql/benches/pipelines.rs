//! What pipelines cost by the line: `cargo bench -p luneta-logql`.

use divan::counter::{BytesCount, ItemsCount};
use luneta_logql::{Entry, Limits, Params, ParseOptions, Query};
use luneta_promql::Labels;

const LINES: usize = 10_000;
const SECOND: i64 = 1_000_000_000;

fn main() {
    divan::main();
}

const QUERIES: [&str; 12] = [
    r#"{app="api"}"#,
    r#"{app="api"} |= "status=503""#,
    r#"{app="api"} |= "nowhere to be found""#,
    r#"{app="api"} |~ "status=5[0-9]{2}""#,
    r#"{app="api"} |= "timeout" or "refused" or "reset""#,
    r#"{app="api"} |> "<_> status=503 <_>""#,
    r#"{app="api"} | logfmt | status >= 500"#,
    r#"{app="api"} | pattern "<_> method=<method> <_>" | method="PUT""#,
    r#"{app="api"} | logfmt | line_format "{{.method}} {{.path}}""#,
    r#"sum(count_over_time({app="api"} |= "status=503" [1m]))"#,
    r#"sum by (method) (rate({app="api"} | logfmt [1m]))"#,
    r#"quantile_over_time(0.9, {app="api"} | logfmt | unwrap duration(took) [1m]) by (method)"#,
];

const JSON_QUERIES: [&str; 3] = [
    r#"{app="api"} | json | status >= 500"#,
    r#"{app="api"} | json s="status" | s >= 500"#,
    r#"sum by (status) (rate({app="api"} | json [1m]))"#,
];

fn logfmt_lines() -> Vec<String> {
    let line = |index: usize| {
        let (method, status) = (["GET", "PUT", "POST"][index % 3], if index.is_multiple_of(50) { 503 } else { 200 });
        format!(
            "ts=2026-01-01T00:00:{:02}Z level=info msg=\"request handled\" method={method} path=/api/v1/items/{index} \
             status={status} took={}ms trace_id={:032x}",
            index % 60,
            index % 700,
            index * 7919,
        )
    };
    (0..LINES).map(line).collect()
}

fn json_lines() -> Vec<String> {
    let line = |index: usize| {
        let status = if index.is_multiple_of(50) { 503 } else { 200 };
        format!(
            r#"{{"time":"2026-01-01T00:00:00Z","level":"info","msg":"request handled","status":{status},"request":{{"method":"GET","path":"/api/v1/items/{index}"}},"took_ms":{}}}"#,
            index % 700
        )
    };
    (0..LINES).map(line).collect()
}

fn ask(text: &str, lines: &[String], stream: &Labels) -> u64 {
    let query = Query::parse(text, &ParseOptions::default()).expect("a query");
    let end = LINES as i64 * SECOND / 100;
    let params = Params { limit: 1000, ..Params::range(0, end, SECOND * 15) };
    let mut evaluation = query.evaluation(&params, &Limits::default()).expect("an evaluation");
    for (index, line) in lines.iter().enumerate() {
        let entry = Entry { time_ns: index as i64 * SECOND / 100, line, stream, metadata: &[] };
        evaluation.push(0, &entry).expect("no limit");
    }
    evaluation.finish(&mut || None).expect("an answer").statistics.accepted
}

fn run(bencher: divan::Bencher<'_, '_>, text: &str, lines: &[String]) {
    let bytes: usize = lines.iter().map(String::len).sum();
    let stream = Labels::new([("app", "api"), ("pod", "api-1")]);
    bencher.counter(ItemsCount::new(LINES)).counter(BytesCount::new(bytes)).bench(|| ask(text, lines, &stream));
}

#[divan::bench(args = QUERIES, sample_count = 20)]
fn logfmt(bencher: divan::Bencher<'_, '_>, text: &str) {
    run(bencher, text, &logfmt_lines());
}

#[divan::bench(args = JSON_QUERIES, sample_count = 20)]
fn json(bencher: divan::Bencher<'_, '_>, text: &str) {
    run(bencher, text, &json_lines());
}
