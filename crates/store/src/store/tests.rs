//! The store as its users see it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use luneta_model::{AnyValue, AttributeType, Limits, LogRow, LogsBuilder, SpanRow, SpansBuilder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

/// Spans numbered from `first`; the number is their duration.
pub(crate) fn spans(tenant: &str, first: i64, count: i64) -> Batch {
    let mut b = SpansBuilder::new(Limits::default());
    let mut origins = Vec::new();
    for service in ["cart", "checkout", "frontend"] {
        b.origins.begin();
        b.origins.resource_str("service.name", service);
        b.origins.resource_str("host.name", &format!("host-{service}"));
        b.origins.resource_str("team", service);
        b.origins.scope_facts("tracer", "1", "", 0);
        origins.push(b.origins.end());
    }
    for n in first..first + count {
        b.attributes.push_str("http.route", if n % 2 == 0 { "/cart" } else { "/pay" });
        b.attributes.push_int("http.response.status_code", 200 + n % 3);
        b.attributes.push_str("app.user", &format!("u{}", n % 7));
        if n % 5 == 0 {
            b.attributes.push("app.items", &AnyValue::Int(n));
        }
        let row = SpanRow {
            start_time: 1_700_000_000_000_000_000 + (n * 7919) % 1000 * 1_000_000,
            end_time: 1_700_000_000_000_000_000 + (n * 7919) % 1000 * 1_000_000 + n,
            trace_id: (n as u128 + 1).to_be_bytes(),
            span_id: (n as u64 + 1).to_be_bytes(),
            name: "op",
            kind: 2,
            ..SpanRow::default()
        };
        b.end_span(origins[n as usize % 3], &row).unwrap();
    }
    b.finish(Tenant::new(tenant).unwrap()).unwrap()
}

fn logs(tenant: &str, count: i64) -> Batch {
    let mut b = LogsBuilder::new(Limits::default());
    b.origins.begin();
    b.origins.resource_str("service.name", "cart");
    let origin = b.origins.end();
    for n in 0..count {
        b.body_str(&format!("line {n}"));
        b.end_record(origin, &LogRow { time: n + 1, severity_number: 9, ..LogRow::default() }).unwrap();
    }
    b.finish(Tenant::new(tenant).unwrap()).unwrap()
}

pub(crate) fn config(dir: &Path) -> StoreConfig {
    let mut config = StoreConfig::new(dir);
    config.flush_interval = Duration::from_hours(1);
    config.compaction.enabled = false;
    // Times in these tests lie in the past.
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config
}

pub(crate) fn read(store: &Store, path: &str) -> Vec<RecordBatch> {
    let file = File::open(store.lake_dir().join(path)).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().map(Result::unwrap).collect()
}

fn plain(batch: &RecordBatch, column: &str, data_type: &DataType) -> Option<arrow::array::ArrayRef> {
    batch.column_by_name(column).map(|c| cast(c, data_type).unwrap())
}

/// Every span seen, by its number: service, host and user.
pub(crate) async fn seen(store: &Store, tenant: &str) -> BTreeMap<i64, (String, String, String)> {
    let snapshot = store.snapshot(&Tenant::new(tenant).unwrap(), Signal::Spans).await.unwrap();
    let mut batches = snapshot.memory.clone();
    for file in &snapshot.files {
        let rows = read(store, &file.path);
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, file.rows);
        batches.extend(rows);
    }
    let mut out = BTreeMap::new();
    for batch in &batches {
        let number = batch.column_by_name("duration_ns").unwrap().as_primitive::<Int64Type>();
        let service = plain(batch, "service_name", &DataType::Utf8).unwrap();
        let host = plain(batch, "resource.host.name", &DataType::Utf8).unwrap();
        for row in 0..batch.num_rows() {
            let user = user(batch, row);
            let value = (service.as_string::<i32>().value(row).into(), host.as_string::<i32>().value(row).into(), user);
            assert!(out.insert(number.value(row), value).is_none(), "row {} was seen twice", number.value(row));
        }
    }
    out
}

fn user(batch: &RecordBatch, row: usize) -> String {
    if let Some(column) = batch.column_by_name("attributes.app.user") {
        return column.as_string::<i32>().value(row).to_owned();
    }
    let entries = batch.column_by_name("attributes").unwrap().as_map().value(row);
    let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
    let place = (0..keys.len()).find(|i| keys.value(*i) == "app.user").unwrap();
    values.value(place).to_owned()
}

pub(crate) fn expected(numbers: impl IntoIterator<Item = i64>) -> BTreeMap<i64, (String, String, String)> {
    let row = |n: i64| {
        let service = ["cart", "checkout", "frontend"][n as usize % 3];
        (n, (service.to_owned(), format!("host-{service}"), format!("u{}", n % 7)))
    };
    numbers.into_iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_seen_before_and_after_a_flush_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    store.accept(spans("default", 0, 100)).await.unwrap();
    store.accept(spans("default", 100, 50)).await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(0..150));
    store.flush().await.unwrap();
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!((snapshot.files.len(), snapshot.memory.len()), (1, 0));
    let file = &snapshot.files[0];
    assert!(file.stats.contains_key("attributes.app.user"), "a frequent key became a column: {:?}", file.stats.keys());
    assert!(file.stats.contains_key("resource.team"));
    assert_eq!(file.stats["service_name"].max, Some(crate::StatValue::Text("frontend".into())));
    assert_eq!(seen(&store, "default").await, expected(0..150));
    store.accept(spans("default", 150, 10)).await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(0..160));
    assert_eq!(seen(&store, "other").await.len(), 0);
    store.shutdown().await.unwrap();
    assert_eq!(store.stats().wal_segments, 0);
    drop(store);
    let store = Store::open(config(dir.path())).await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(0..160));
    assert!(store.stats().warnings.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_sorted_and_keep_every_column() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    store.accept(spans("default", 0, 1000)).await.unwrap();
    store.accept(logs("default", 10)).await.unwrap();
    store.flush().await.unwrap();
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    let batches = read(&store, &snapshot.files[0].path);
    let mut keys = Vec::new();
    for batch in &batches {
        let service = batch.column_by_name("service_name").unwrap().as_string::<i32>();
        let time = batch.column_by_name("start_time").unwrap().as_primitive::<arrow::datatypes::TimestampNanosecondType>();
        keys.extend((0..batch.num_rows()).map(|i| (service.value(i).to_owned(), time.value(i))));
    }
    assert!(keys.is_sorted());
    let schema = batches[0].schema();
    for field in schema.fields() {
        let (_, expected) = snapshot.schema.fields().find(field.name()).unwrap();
        assert_eq!(field.data_type(), expected.data_type(), "{}", field.name());
    }
    let items = batches[0].column_by_name("attributes.app.items").unwrap();
    assert_eq!(items.data_type(), &DataType::Int64);
    assert_eq!(items.len() - items.null_count(), batches[0].num_rows() / 5);
    let logs = store.snapshot(&Tenant::default(), Signal::Logs).await.unwrap();
    assert_eq!(logs.files[0].rows, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_without_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    store.accept(spans("default", 0, 10)).await.unwrap();
    store.flush().await.unwrap();
    store.accept(spans("default", 10, 10)).await.unwrap();
    store.accept(spans("Acme", 0, 10)).await.unwrap();
    drop(store);
    for _ in 0..2 {
        let store = Store::open(config(dir.path())).await.unwrap();
        assert_eq!(seen(&store, "default").await, expected(0..20));
        assert_eq!(seen(&store, "Acme").await, expected(0..10));
        assert_eq!(store.stats().memory_rows, 20);
    }
    let store = Store::open(config(dir.path())).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(seen(&store, "Acme").await, expected(0..10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::open(config(dir.path())).await.unwrap();
    let second = Store::open(config(dir.path())).await;
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_seen_once_while_flushes_and_merges_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.compaction.files_min = 2;
    let store = Store::open(config).await.unwrap();
    let acknowledged = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let writer = tokio::spawn({
        let (store, acknowledged) = (store.clone(), acknowledged.clone());
        async move {
            for n in 0..150 {
                store.accept(spans("default", n * 20, 20)).await.unwrap();
                acknowledged.store((n + 1) * 20, Ordering::SeqCst);
            }
        }
    });
    let mover = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..40 {
                store.flush().await.unwrap();
                store.compact().await.unwrap();
            }
        }
    });
    while !writer.is_finished() || !mover.is_finished() {
        let before = acknowledged.load(Ordering::SeqCst);
        let rows = seen(&store, "default").await;
        let found = rows.len() as i64;
        assert_eq!(rows, expected(0..found), "rows come in order, so there are no holes");
        assert!(found >= before, "{found} rows seen, {before} acknowledged before");
    }
    writer.await.unwrap();
    mover.await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(0..3000));
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    for part in 0..3 {
        store.accept(spans("default", part * 10, 10)).await.unwrap();
        store.flush().await.unwrap();
    }
    let files = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap().files;
    let path = |i: usize| store.lake_dir().join(&files[i].path);
    fs::write(path(0), b"short").unwrap();
    fs::remove_file(path(1)).unwrap();
    fs::write(path(2).with_file_name("luneta-orphan.parquet"), b"left by a crash").unwrap();
    let orphan = path(2).with_file_name("luneta-orphan.parquet");
    store.shutdown().await.unwrap();
    drop(store);
    let store = Store::open(config(dir.path())).await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(20..30));
    assert_eq!(store.stats().warnings.len(), 2, "{:?}", store.stats().warnings);
    assert_eq!(fs::read_dir(dir.path().join("quarantine")).unwrap().count(), 1);
    assert!(!orphan.exists());
    store.quarantine(&files[2].path, "a test says so").await.unwrap();
    store.quarantine(&files[2].path, "said twice").await.unwrap();
    assert!(seen(&store, "default").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_are_kept_and_faults_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.memory_bytes_max = 1;
    config.accept_wait_max = Duration::from_millis(50);
    let store = Store::open(config).await.unwrap();
    let mut tail = store.subscribe();
    store.accept(spans("default", 0, 10)).await.unwrap();
    assert_eq!(tail.recv().await.unwrap().len(), 10);
    let busy = store.accept(spans("default", 10, 10)).await;
    // The refused batch asked for a flush, which may already have made room.
    assert!(matches!(busy, Err(SinkError::Busy { .. })), "{busy:?}");
    store.flush().await.unwrap();
    store.accept(spans("default", 10, 10)).await.unwrap();
    let mut wrong = spans("default", 0, 10);
    wrong.origins = wrong.origins.slice(0, 1);
    assert!(matches!(store.accept(wrong).await, Err(SinkError::Layout { .. })));
    store.shutdown().await.unwrap();
    assert!(matches!(store.accept(spans("default", 0, 10)).await, Err(SinkError::ShuttingDown)));
    assert_eq!(seen(&store, "default").await, expected(0..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_another_type_stay_in_the_map_and_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    let mut b = SpansBuilder::new(Limits::default());
    b.origins.begin();
    let origin = b.origins.end();
    for n in 0..100u64 {
        if n % 10 == 0 {
            b.attributes.push_str("app.size", "large");
            b.attributes.push_str("http.response.status_code", "teapot");
        } else {
            b.attributes.push_int("app.size", n as i64);
        }
        if n == 0 {
            b.attributes.push_str("rare", "x");
        }
        let row = SpanRow { span_id: (n + 1).to_be_bytes(), trace_id: [1; 16], ..SpanRow::default() };
        b.end_span(origin, &row).unwrap();
    }
    store.accept(b.finish(Tenant::default()).unwrap()).await.unwrap();
    store.flush().await.unwrap();
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    let file = &snapshot.files[0];
    let strays: BTreeSet<_> = file.strays.iter().map(String::as_str).collect();
    assert_eq!(strays, ["attributes.app.size", "attributes.http.response.status_code"].into());
    assert_eq!(file.stats["attributes.app.size"].null_count, Some(10));
    assert!(!file.stats.contains_key("attributes.rare"));
    let counted = |file: &LakeFile| -> HashSet<(String, Option<AttributeType>, u64)> {
        file.map_keys.iter().map(|k| (k.key.clone(), k.kind, k.count)).collect()
    };
    let text = Some(AttributeType::Text);
    let wanted = [("app.size", 10), ("http.response.status_code", 10), ("rare", 1)];
    assert_eq!(counted(file), wanted.map(|(key, count)| (key.to_owned(), text, count)).into());
    let rows = &read(&store, &file.path)[0];
    let entries: usize = rows.column_by_name("attributes").unwrap().as_map().keys().len();
    assert_eq!(entries, 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_batches_become_few_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    for n in 0..300 {
        store.accept(spans("default", n * 2, 2)).await.unwrap();
    }
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert!(snapshot.memory.len() < 3 * 16, "{} batches", snapshot.memory.len());
    assert_eq!(seen(&store, "default").await, expected(0..600));
    let per_row = store.stats().memory_bytes / 600;
    assert!(per_row < 2000, "{per_row} bytes a row");
    store.flush().await.unwrap();
    assert_eq!(store.stats().memory_bytes, 0);
    assert_eq!(seen(&store, "default").await, expected(0..600));
}
