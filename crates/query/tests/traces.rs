//! Traces by id: the same rows wherever they lie, and no more of the files read than needed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use luneta_model::{AnyValue, Batch, Limits, LogRow, LogsBuilder, Signal, Sink as _, SpanRow, SpansBuilder, Tenant};
use luneta_query::{QueryConfig, QueryEngine, QueryStats, SqlRequest};
use luneta_store::{Store, StoreConfig};
use sqlx::Connection as _;

/// Rows of one batch: more than a few blocks and row groups.
const ROWS: u64 = 3000;
/// Traces of one batch; each has rows all over it.
const TRACES: u64 = 300;

fn config(dir: &Path) -> StoreConfig {
    let mut config = StoreConfig::new(dir);
    config.flush_interval = Duration::from_hours(1);
    config.compaction.enabled = false;
    config.compaction.files_min = 2;
    config.row_group_rows_max = 1024;
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config
}

fn trace(n: u64) -> [u8; 16] {
    (u128::from(n) + 1).to_be_bytes()
}

fn id(n: u64) -> String {
    format!("{:032x}", u128::from(n) + 1)
}

/// Spans `ROWS * part` and on, of traces `TRACES * part` and on.
fn spans(part: u64) -> Batch {
    let mut b = SpansBuilder::new(Limits::default());
    let mut origins = Vec::new();
    for service in ["cart", "checkout", "frontend"] {
        b.origins.begin();
        b.origins.resource_str("service.name", service);
        origins.push(b.origins.end());
    }
    for n in ROWS * part..ROWS * (part + 1) {
        b.attributes.push_str("http.route", if n.is_multiple_of(2) { "/cart" } else { "/pay" });
        if n.is_multiple_of(100) {
            b.attributes.push("rare", &AnyValue::Int(n as i64));
        }
        let start_time = 1_700_000_000_000_000_000 + (n as i64 * 7919) % 1000 * 1_000_000;
        let row = SpanRow {
            start_time,
            end_time: start_time + n as i64,
            trace_id: trace(TRACES * part + n % TRACES),
            span_id: (n + 1).to_be_bytes(),
            name: "op",
            kind: 2,
            ..SpanRow::default()
        };
        b.end_span(origins[n as usize % 3], &row).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

/// Log records; every other one belongs to a trace.
fn logs(part: u64, traced: bool) -> Batch {
    let mut b = LogsBuilder::new(Limits::default());
    b.origins.begin();
    b.origins.resource_str("service.name", "cart");
    let origin = b.origins.end();
    for n in ROWS * part..ROWS * (part + 1) {
        b.body_str(&format!("line {n}"));
        let trace_id = if traced && n.is_multiple_of(2) { trace(TRACES * part + n % TRACES) } else { [0; 16] };
        let time = 1_700_000_000_000_000_000 + n as i64;
        b.end_record(origin, &LogRow { time, trace_id, severity_number: 9, ..LogRow::default() }).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

struct Lake {
    engine: QueryEngine,
    store: Arc<Store>,
    dir: tempfile::TempDir,
}

impl Lake {
    async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap()).await
    }

    async fn open_in(dir: tempfile::TempDir) -> Self {
        let store = Store::open(config(dir.path())).await.unwrap();
        let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default()).unwrap();
        Self { engine, store, dir }
    }

    async fn close(self) -> tempfile::TempDir {
        self.store.shutdown().await.unwrap();
        self.dir
    }

    async fn ask(&self, query: &str) -> (Vec<i64>, QueryStats) {
        let request = SqlRequest { query: query.to_owned(), ..SqlRequest::default() };
        let answer = self.engine.sql(&Tenant::default(), request).await.unwrap();
        let column = |b: &arrow::array::RecordBatch| {
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(b.column(0)).values().to_vec()
        };
        let mut rows: Vec<i64> = answer.batches.iter().flat_map(column).collect();
        rows.sort_unstable();
        (rows, answer.stats)
    }

    /// Where the index of each file is.
    async fn indexes(&self, signal: Signal) -> Vec<(std::path::PathBuf, Option<std::ops::Range<u64>>)> {
        let snapshot = self.store.snapshot(&Tenant::default(), signal).await.unwrap();
        snapshot.files.iter().map(|f| (self.store.lake_dir().join(&f.path), f.trace_index.clone())).collect()
    }
}

/// Numbers of the spans of a trace: `duration_ns` as well as place in the batches.
fn rows_of(trace: u64) -> Vec<i64> {
    let (part, within) = (trace / TRACES, trace % TRACES);
    (ROWS * part..ROWS * (part + 1)).filter(|n| n % TRACES == within).map(|n| n as i64).collect()
}

/// Filters on spans, the traces whose rows pass, and which share of those.
async fn check(lake: &Lake, place: &str) {
    let two = [rows_of(17), rows_of(TRACES + 5)].concat();
    let five = (0..5).flat_map(|n| rows_of(n * 61)).collect::<Vec<_>>();
    let of = |n: u64| format!("trace_id = '{}'", id(n));
    let list = |ids: &[u64]| ids.iter().map(|n| format!("'{}'", id(*n))).collect::<Vec<_>>().join(", ");
    let even = |rows: Vec<i64>| rows.into_iter().filter(|n| n % 2 == 0).collect::<Vec<_>>();
    let cases = [
        (of(17), rows_of(17)),
        (format!("'{}' = trace_id", id(17)), rows_of(17)),
        (of(TRACES * 2 + 299), rows_of(TRACES * 2 + 299)),
        (format!("{} AND attributes['http.route'] = '/cart'", of(17)), even(rows_of(17))),
        // The key has no column: the filter runs above the scan.
        (format!("{} AND attributes['rare'] >= 0", of(0)), rows_of(0).into_iter().filter(|n| n % 100 == 0).collect()),
        (format!("{} AND service_name = 'cart'", of(17)), rows_of(17).into_iter().filter(|n| n % 3 == 0).collect()),
        (format!("trace_id IN ({})", list(&[17, TRACES + 5])), two.clone()),
        (format!("trace_id IN ({})", list(&[0, 61, 122, 183, 244])), five.clone()),
        (format!("{} OR {}", of(17), of(TRACES + 5)), two.clone()),
        (format!("{} OR duration_ns < 3", of(17)), [vec![0, 1, 2], rows_of(17)].concat()),
        (format!("{} AND {}", of(17), of(18)), vec![]),
        (of(TRACES * 50), vec![]),
        (format!("trace_id IN ({}) AND trace_id <> '{}'", list(&[17, TRACES + 5]), id(TRACES + 5)), rows_of(17)),
    ];
    for (filter, mut expected) in cases {
        expected.sort_unstable();
        let (found, _) = lake.ask(&format!("SELECT duration_ns FROM spans WHERE {filter}")).await;
        assert_eq!(found, expected, "{place}: {filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_a_trace_are_the_same_in_memory_in_files_and_in_merged_files() {
    let lake = Lake::open().await;
    for part in 0..3 {
        lake.store.accept(spans(part)).await.unwrap();
    }
    check(&lake, "memory").await;
    lake.store.flush().await.unwrap();
    check(&lake, "one file").await;
    let lake = Lake::open_in(lake.close().await).await;
    check(&lake, "opened again").await;

    let lake = Lake::open().await;
    for part in 0..3 {
        lake.store.accept(spans(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    check(&lake, "three files").await;
    // Spans, and what is derived from them.
    assert_eq!(lake.store.compact().await.unwrap(), 2);
    assert_eq!(lake.indexes(Signal::Spans).await.len(), 1);
    check(&lake, "a merged file").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_blocks_of_a_trace_are_read() {
    let lake = Lake::open().await;
    for part in 0..3 {
        lake.store.accept(spans(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    // One row of trace 5000: no other row is looked at.
    let mut b = SpansBuilder::new(Limits::default());
    b.origins.begin();
    let origin = b.origins.end();
    let row = SpanRow { start_time: 1, end_time: 2, trace_id: trace(5000), span_id: [1; 8], ..SpanRow::default() };
    b.end_span(origin, &row).unwrap();
    lake.store.accept(b.finish(Tenant::default()).unwrap()).await.unwrap();
    lake.store.accept(spans(3)).await.unwrap();
    lake.store.flush().await.unwrap();
    let by_id = |n: u64| format!("SELECT duration_ns FROM spans WHERE trace_id = '{}'", id(n));
    let (_, stats) = lake.ask(&by_id(17)).await;
    assert_eq!((stats.files_total, stats.files), (4, 1), "{stats:?}");
    let (rows, stats) = lake.ask(&by_id(5000)).await;
    assert_eq!((rows.len(), stats.files, stats.row_groups, stats.rows_read), (1, 1, 1, 1), "{stats:?}");
    let (rows, stats) = lake.ask(&by_id(TRACES * 50)).await;
    assert_eq!((rows.len(), stats.files, stats.bytes_read), (0, 0, 0), "{stats:?}");
    // Other columns are read by pages, not whole: the index of pages is there.
    let (_, all) = lake.ask("SELECT duration_ns AS n, * FROM spans").await;
    let (_, one) = lake.ask(&by_id(5000).replace("duration_ns", "duration_ns AS n, *")).await;
    assert!(one.bytes_read * 4 < all.bytes_read, "{} of {} bytes", one.bytes_read, all.bytes_read);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_a_trace() {
    let lake = Lake::open().await;
    lake.store.accept(logs(0, true)).await.unwrap();
    let query = format!("SELECT CAST(substr(body, 6) AS BIGINT) FROM logs WHERE trace_id = '{}'", id(18));
    let (memory, _) = lake.ask(&query).await;
    assert_eq!(memory, rows_of(18));
    lake.store.flush().await.unwrap();
    lake.store.accept(logs(1, true)).await.unwrap();
    lake.store.flush().await.unwrap();
    lake.store.accept(logs(2, false)).await.unwrap();
    lake.store.flush().await.unwrap();
    let (found, stats) = lake.ask(&query).await;
    assert_eq!((found, stats.files_total, stats.files), (memory.clone(), 3, 1), "{stats:?}");
    assert_eq!(lake.store.compact().await.unwrap(), 2);
    let (found, stats) = lake.ask(&query).await;
    assert_eq!((found, stats.files), (memory, 1), "{stats:?}");
    let (none, stats) = lake.ask(&query.replace(&id(18), &id(19))).await;
    assert_eq!((none.len(), stats.files), (0, 0), "{stats:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lakes_from_before_the_index() {
    let lake = Lake::open().await;
    for part in 0..2 {
        lake.store.accept(spans(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    let dir = lake.close().await;
    let url = format!("sqlite://{}", dir.path().join("lake/catalog.sqlite").display());
    let mut catalog = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for column in ["trace_index_offset", "trace_index_length"] {
        let statement = format!("ALTER TABLE luneta_file DROP COLUMN {column}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut catalog).await.unwrap();
    }
    catalog.close().await.unwrap();
    let lake = Lake::open_in(dir).await;
    assert!(lake.indexes(Signal::Spans).await.iter().all(|(_, index)| index.is_none()));
    // New files beside the old ones have an index.
    lake.store.accept(spans(2)).await.unwrap();
    lake.store.flush().await.unwrap();
    check(&lake, "old and new files").await;
    let (_, stats) = lake.ask(&format!("SELECT duration_ns FROM spans WHERE trace_id = '{}'", id(TRACES * 50))).await;
    assert_eq!((stats.files_total, stats.files), (3, 2), "{stats:?}");
    assert_eq!(lake.store.compact().await.unwrap(), 2);
    assert!(lake.indexes(Signal::Spans).await.iter().all(|(_, index)| index.is_some()));
    let lake = Lake::open_in(lake.close().await).await;
    check(&lake, "merged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_costs_time_and_no_rows() {
    // What is overwritten: bytes at an offset from the start of the index, or from its end.
    for (name, at, bytes) in [
        ("magic", 0, vec![0; 8]),
        ("header", 8, vec![0xff; 24]),
        ("directory", 32, vec![0; 8]),
        ("everything", 0, vec![0x5a; 4000]),
        ("buckets", 60, vec![0; 3940]),
    ] {
        let lake = Lake::open().await;
        for part in 0..3 {
            lake.store.accept(spans(part)).await.unwrap();
        }
        lake.store.flush().await.unwrap();
        let (path, index) = lake.indexes(Signal::Spans).await.remove(0);
        let index = index.unwrap();
        assert!(index.end - index.start > 4000, "{name}: {index:?}");
        OpenOptions::new().write(true).open(path).unwrap().write_all_at(&bytes, index.start + at).unwrap();
        check(&lake, name).await;
        let (_, stats) = lake.ask(&format!("SELECT duration_ns FROM spans WHERE trace_id = '{}'", id(0))).await;
        assert_eq!(stats.files, 1, "{name}: {stats:?}");
    }
}
