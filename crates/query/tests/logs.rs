//! LogQL over the lake gives what it gives over the same entries in memory, wherever rows lie.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use luneta_logql::{Direction, Entry, Limits, Params, ParseOptions, Query, Value};
use luneta_model::semconv::LOKI_SCOPE;
use luneta_model::{AnyValue, Batch, Limits as SentLimits, LogRow, LogsBuilder, Sink as _, Tenant};
use luneta_promql::{Labels, parse_selector};
use luneta_query::logql::Intervals;
use luneta_query::{QueryConfig, QueryEngine};
use luneta_store::{Store, StoreConfig};

/// A prime, so that times of records are all different and in no order.
const ROWS: u64 = 20_011;
const START: i64 = 1_700_000_000_000_000_000;
const MILLISECOND: i64 = 1_000_000;
const TIMEOUT: Duration = Duration::from_mins(1);

fn config(dir: &Path) -> StoreConfig {
    let mut config = StoreConfig::new(dir);
    config.flush_interval = Duration::from_hours(1);
    config.compaction.enabled = false;
    config.compaction.files_min = 2;
    config.row_group_rows_max = 9000;
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config
}

/// One record, as it is sent and as Loki would have it.
struct Record {
    time: i64,
    line: String,
    severity: i32,
    trace: Option<[u8; 16]>,
    attributes: Vec<(&'static str, String)>,
    origin: usize,
}

fn record(n: u64) -> Record {
    let line = match n % 4 {
        0 => format!("GET /cart status=200 n={n}"),
        1 => format!("error: cannot pay, größe {n}"),
        2 => format!(r#"{{"n":{n},"took":"{}ms"}}"#, n % 97),
        _ => format!("level=warn n={n}"),
    };
    let mut attributes = Vec::new();
    if n.is_multiple_of(2) {
        attributes.push(("user.id", format!("u{}", n % 5)));
    }
    if n % 1000 == 7 {
        attributes.push(("rare", format!("r{n}")));
    }
    Record {
        time: START + (n * 7919 % ROWS) as i64 * MILLISECOND,
        line,
        // Every fourth has none, and the line tells it.
        severity: [9, 17, 21, 0][(n % 4) as usize],
        trace: n.is_multiple_of(10).then(|| (u128::from(n / 50) + 1).to_be_bytes()),
        attributes,
        origin: (n % 3) as usize,
    }
}

impl Record {
    fn labels(&self) -> Labels {
        match self.origin {
            0 => Labels::new([("service_name", "cart"), ("k8s_pod_name", "cart-1")]),
            1 => Labels::new([("service_name", "pay")]),
            _ => Labels::new([("app", "web"), ("env", "prod"), ("service_name", "web")]),
        }
    }

    fn metadata(&self) -> Vec<(String, String)> {
        let mut metadata: Vec<(String, String)> =
            self.attributes.iter().map(|(key, value)| (key.replace('.', "_"), value.clone())).collect();
        let mut put = |name: &str, value: String| metadata.push((name.to_owned(), value));
        if let Some(trace) = self.trace {
            put("trace_id", format!("{:032x}", u128::from_be_bytes(trace)));
        }
        let level = match self.severity {
            9 => "info",
            17 => "error",
            21 => "fatal",
            _ => "warn",
        };
        put("detected_level", level.to_owned());
        if self.origin < 2 && self.severity > 0 {
            put("severity_number", self.severity.to_string());
        }
        match self.origin {
            0 => {
                put("host_name", "h1".to_owned());
                put("process_pid", "7".to_owned());
                put("scope_name", "lib".to_owned());
            }
            1 => put("zone", "z".to_owned()),
            _ => {}
        }
        metadata
    }
}

/// Some of the records.
fn batch(numbers: impl Iterator<Item = u64>) -> Batch {
    let mut b = LogsBuilder::new(SentLimits::default());
    let mut origins = Vec::new();
    for number in 0..3 {
        b.origins.begin();
        match number {
            0 => {
                b.origins.resource_str("service.name", "cart");
                b.origins.resource_str("k8s.pod.name", "cart-1");
                b.origins.resource_str("host.name", "h1");
                b.origins.resource_attribute("process.pid", &AnyValue::Int(7));
                b.origins.scope_facts("lib", "", "", 0);
            }
            1 => {
                b.origins.resource_str("service.name", "pay");
                b.origins.resource_str("zone", "z");
            }
            _ => {
                b.origins.resource_str("service.name", "web");
                b.origins.resource_str("app", "web");
                b.origins.resource_str("env", "prod");
                b.origins.scope_facts(LOKI_SCOPE, "", "", 0);
            }
        }
        origins.push(b.origins.end());
    }
    for n in numbers {
        let record = record(n);
        b.body_str(&record.line);
        for (key, value) in &record.attributes {
            b.attributes.push_str(key, value);
        }
        let (time, severity_number) = (record.time, record.severity);
        let row = LogRow { time, severity_number, trace_id: record.trace.unwrap_or_default(), ..LogRow::default() };
        b.end_record(origins[record.origin], &row).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

/// What the crate of the language gives over the entries themselves.
fn wanted(query: &Query, params: &Params) -> Value {
    let mut evaluation = query.evaluation(params, &Limits::default()).unwrap();
    let selections = evaluation.plan().selections.clone();
    for (number, selection) in selections.iter().enumerate() {
        for record in (0..ROWS).map(record) {
            let stream = record.labels();
            if selection.matchers.iter().all(|matcher| matcher.accepts(&stream)) {
                let metadata = record.metadata();
                let metadata: Vec<(&str, &str)> = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let entry = Entry { time_ns: record.time, line: &record.line, stream: &stream, metadata: &metadata };
                evaluation.push(number, &entry).unwrap();
            }
        }
    }
    evaluation.finish(&mut || None).unwrap().value
}

const QUERIES: &[&str] = &[
    r#"{service_name="cart"}"#,
    r#"{service_name=~".+"} |= "größe""#,
    r#"{service_name=~".+"} |= "größe" != "1" |~ "[02468]$""#,
    r#"{app="web"} | json | n > 19000"#,
    r#"{service_name="pay"} | user_id="u1""#,
    r#"{service_name=~"cart|pay"} | zone="z" | rare!="""#,
    r#"{service_name=~".+"} | rare=~"r.*""#,
    r#"{service_name=~".+"} | trace_id="00000000000000000000000000000017""#,
    r#"{service_name=~".+"} | trace_id="00000000000000000000000000000017" |= "GET""#,
    r#"{service_name=~".+"} | detected_level="warn" |= "9""#,
    r#"{k8s_pod_name="cart-1"} | severity_number >= 17 | line_format "{{.detected_level}} {{.host_name}} {{.process_pid}}""#,
    r#"{service_name="nobody"}"#,
    r#"{service_name=~".+"} |= "n=4240""#,
    r#"{service_name=~".+"} |~ "(?i)CART.*n=(4240|16004)\\b""#,
    r#"{service_name=~".+"} |= "n=4240" or "größe 4241" != "16004""#,
    r#"{service_name=~".+"} |> "<_>, größe 42<_>1""#,
    r#"sum(count_over_time({service_name=~".+"} |= "größe 42" [20s]))"#,
    r#"sum(count_over_time({service_name=~".+"} |= "error" [30s]))"#,
    r#"sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[5s]))"#,
    r#"sum by (user_id) (rate({app="web"} | user_id!="" [2s]))"#,
    r#"sum by (host_name) (bytes_rate({service_name=~".+"} != "GET" [3s]))"#,
    r#"sum by (detected_level) (count_over_time({service_name=~".+"} |~ "n=.*7" [1s]))"#,
    r#"sum by (service_name) (sum_over_time({service_name=~".+"} | json | unwrap duration(took) | __error__="" [4s]))"#,
    r#"max by (scope_name) (count_over_time({service_name="cart"} | keep scope_name [2s]))"#,
    r#"topk(2, sum by (user_id, service_name) (count_over_time({service_name=~".+"}[10s])))"#,
    r#"absent_over_time({service_name="nobody"}[5s])"#,
];

async fn check(engine: &QueryEngine, place: &str) {
    let end = START + ROWS as i64 * MILLISECOND;
    for text in QUERIES {
        let query = Query::parse(text, &ParseOptions::default()).unwrap();
        let mut all = Vec::new();
        if query.is_log() {
            for (direction, limit) in [(Direction::Backward, 10), (Direction::Forward, 10), (Direction::Backward, 5000)] {
                for times in [(START, end), (START + 3001 * MILLISECOND, START + 4500 * MILLISECOND)] {
                    all.push(Params { direction, limit, categorize: limit == 10, ..Params::range(times.0, times.1, 0) });
                }
            }
        } else {
            all.push(Params::instant(end));
            all.push(Params::range(START + 5000 * MILLISECOND, end, 2500 * MILLISECOND));
        }
        for params in all {
            let found = engine.logql(&Tenant::default(), query.clone(), params.clone(), Limits::default(), TIMEOUT).await;
            let found = found.unwrap_or_else(|error| panic!("{place}: {text}: {error}"));
            assert!(found.warnings.is_empty(), "{place}: {text}");
            assert_eq!(found.answer.value, wanted(&query, &params), "{place}: {text} {params:?}");
        }
    }
    let window = START..end;
    let selectors = [parse_selector(r#"{service_name=~"cart|web"}"#, &luneta_promql::ParseOptions::default()).unwrap()];
    let (streams, _) = engine.log_streams(&Tenant::default(), &selectors, window.clone(), TIMEOUT).await.unwrap();
    assert_eq!(Vec::from_iter(streams), [record(2).labels(), record(0).labels()], "{place}");
    let intervals = Intervals { start_ns: START, width_ns: 5000 * MILLISECOND, count: 3 };
    let volumes = engine.log_volumes(&Tenant::default(), &selectors[0], intervals, TIMEOUT).await.unwrap();
    for volume in &volumes.streams {
        let counted = (0..ROWS).map(record).filter(|record| {
            record.labels() == volume.labels && (record.time - START) / (5000 * MILLISECOND) == volume.interval as i64
        });
        assert_eq!(volume.entries, counted.count() as u64, "{place}: {volume:?}");
        assert!(volume.bytes > volume.entries * 10 && volume.bytes < volume.entries * 40, "{place}: {volume:?}");
    }
    assert_eq!(volumes.streams.len(), 6, "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_over_entries_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default()).unwrap();
    let (half, quarter) = (ROWS / 2, ROWS * 3 / 4);
    for part in 0..7 {
        store.accept(batch((0..half).filter(|n| n % 7 == part))).await.unwrap();
    }
    store.accept(batch(half..quarter)).await.unwrap();
    store.accept(batch(quarter..ROWS)).await.unwrap();
    check(&engine, "in memory").await;
    store.flush().await.unwrap();
    check(&engine, "in a file").await;
    check(&engine, "in a file that is known").await;

    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    let engine = QueryEngine::new(Arc::clone(&store), QueryConfig { log_index_bytes_max: 0, ..QueryConfig::default() }).unwrap();
    store.accept(batch(0..half)).await.unwrap();
    store.flush().await.unwrap();
    store.accept(batch(half..quarter)).await.unwrap();
    store.flush().await.unwrap();
    store.accept(batch(quarter..ROWS)).await.unwrap();
    check(&engine, "in files and in memory").await;
    store.flush().await.unwrap();
    assert!(store.compact().await.unwrap() > 0);
    check(&engine, "in merged files").await;
}
