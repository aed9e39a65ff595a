//! Merging keeps every row, once and in order.

use std::collections::HashSet;
use std::time::Duration;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampNanosecondType;
use luneta_model::{AttributeType, Limits, Signal, Sink as _, SpanRow, SpansBuilder, Tenant};
use proptest::prelude::*;

use crate::store::tests::{config, expected, read, seen, spans};
use crate::{Store, StoreConfig, TableSnapshot};

fn merging(dir: &std::path::Path) -> StoreConfig {
    let mut config = config(dir);
    config.compaction.age_min = Duration::ZERO;
    config.compaction.files_min = 2;
    config.row_group_rows_max = 1024;
    config
}

fn sorted(store: &Store, path: &str) -> bool {
    let mut keys = Vec::new();
    for batch in read(store, path) {
        let service = batch.column_by_name("service_name").unwrap().as_string::<i32>().clone();
        let time = batch.column_by_name("start_time").unwrap().as_primitive::<TimestampNanosecondType>().clone();
        keys.extend((0..batch.num_rows()).map(|i| (service.is_valid(i).then(|| service.value(i).to_owned()), time.value(i))));
    }
    keys.is_sorted()
}

async fn law(parts: Vec<i64>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(merging(dir.path())).await.unwrap();
    let mut first = 0;
    for part in &parts {
        store.accept(spans("default", first, *part)).await.unwrap();
        store.flush().await.unwrap();
        first += part;
    }
    assert_eq!(store.compact().await.unwrap(), usize::from(parts.len() > 1));
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!(snapshot.files.len(), 1);
    assert!(sorted(&store, &snapshot.files[0].path));
    assert_eq!(seen(&store, "default").await, expected(0..first));
    let stats = store.stats();
    assert_eq!(stats.tables[0].file_rows, first as u64);
    store.shutdown().await.unwrap();
    drop(store);
    let store = Store::open(merging(dir.path())).await.unwrap();
    assert_eq!(seen(&store, "default").await, expected(0..first));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn merging_keeps_every_row_in_order(parts in prop::collection::vec(1i64..2500, 1..6)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(law(parts));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_files_are_deleted_once_nobody_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = merging(dir.path());
    config.snapshot_keep = Duration::from_millis(300);
    let store = Store::open(config).await.unwrap();
    for part in 0..4 {
        store.accept(spans("default", part * 10, 10)).await.unwrap();
        store.flush().await.unwrap();
    }
    let before = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!(store.compact().await.unwrap(), 1);
    store.retire().await.unwrap();
    let exists = |path: &str| store.lake_dir().join(path).exists();
    assert!(before.files.iter().all(|f| exists(&f.path)), "readers of the old snapshot still have their files");
    tokio::time::sleep(Duration::from_millis(400)).await;
    store.retire().await.unwrap();
    assert!(before.files.iter().all(|f| !exists(&f.path)));
    assert_eq!(seen(&store, "default").await, expected(0..40));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_files_leave_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = merging(dir.path());
    config.retention = [Duration::from_hours(24); 3];
    let store = Store::open(config).await.unwrap();
    store.accept(spans("default", 0, 10)).await.unwrap();
    store.flush().await.unwrap();
    store.retire().await.unwrap();
    assert_eq!(seen(&store, "default").await.len(), 0);
    assert_eq!(store.stats().retired_files, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_maps_are_counted_of_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(merging(dir.path())).await.unwrap();
    let rare = |snapshot: &TableSnapshot| {
        let keys = snapshot.map_keys().into_iter().map(|k| (k.key, k.kind, k.count));
        keys.collect::<HashSet<_>>()
    };
    let of = |count: u64| HashSet::from([("rare".to_owned(), Some(AttributeType::Int), count)]);
    for part in 1..=2 {
        let mut b = SpansBuilder::new(Limits::default());
        b.origins.begin();
        let origin = b.origins.end();
        // Too few for a column.
        for n in 0..640u64 {
            if n % 64 == 0 {
                b.attributes.push_int("rare", n as i64);
            }
            b.end_span(origin, &SpanRow { span_id: (n + 1).to_be_bytes(), trace_id: [1; 16], ..SpanRow::default() }).unwrap();
        }
        store.accept(b.finish(Tenant::default()).unwrap()).await.unwrap();
        let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
        assert_eq!(rare(&snapshot), of(part * 10), "in memory");
        store.flush().await.unwrap();
        let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
        assert_eq!(rare(&snapshot), of(part * 10), "in files");
    }
    assert_eq!(store.compact().await.unwrap(), 1);
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!((snapshot.files.len(), rare(&snapshot)), (1, of(20)), "in the merged file");
    store.shutdown().await.unwrap();
    drop(store);
    let store = Store::open(merging(dir.path())).await.unwrap();
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!(rare(&snapshot), of(20), "after a restart");
}
