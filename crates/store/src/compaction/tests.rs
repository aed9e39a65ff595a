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
    // Spans, and what is derived from them.
    assert_eq!(store.compact().await.unwrap(), 2 * usize::from(parts.len() > 1));
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
    assert_eq!(store.compact().await.unwrap(), 2);
    store.retire(store.config.snapshot_keep).await.unwrap();
    let exists = |path: &str| store.lake_dir().join(path).exists();
    assert!(before.files.iter().all(|f| exists(&f.path)), "readers of the old snapshot still have their files");
    tokio::time::sleep(Duration::from_millis(400)).await;
    store.retire(store.config.snapshot_keep).await.unwrap();
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
    store.retire(store.config.snapshot_keep).await.unwrap();
    assert_eq!(seen(&store, "default").await.len(), 0);
    // Of spans, and of what is derived from them.
    assert_eq!(store.stats().retired_files, 2);
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
    assert_eq!(store.compact().await.unwrap(), 2);
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!((snapshot.files.len(), rare(&snapshot)), (1, of(20)), "in the merged file");
    store.shutdown().await.unwrap();
    drop(store);
    let store = Store::open(merging(dir.path())).await.unwrap();
    let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
    assert_eq!(rare(&snapshot), of(20), "after a restart");
}

/// Bytes of a file that are overwritten, and with what.
fn overwrite(path: &std::path::Path, from: usize, with: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[from..from + with.len()].copy_from_slice(with);
    std::fs::write(path, bytes).unwrap();
}

/// A page that cannot be decoded, under a footer that can: its file is set aside, the others are
/// merged, and nothing is left to fail at the next pass.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_pages_do_not_hold_up_merges() {
    let noise = |seed: u64, len: usize| -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..len).map(|_| next()).collect()
    };
    let mut cases: Vec<(usize, Vec<u8>)> = vec![(100, vec![0; 400]), (100, vec![0xff; 400]), (4, vec![0; 30])];
    // Lengths in page headers and levels come out wild.
    cases.extend((0..20).map(|seed| (4 + 211 * seed as usize, noise(seed, 16))));
    for (from, with) in cases {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(merging(dir.path())).await.unwrap();
        for part in 0..3 {
            store.accept(spans("default", part * 100, 100)).await.unwrap();
            store.flush().await.unwrap();
        }
        let files = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap().files;
        let damaged = &files[1].path;
        overwrite(&store.lake_dir().join(damaged), from, &with);
        assert_eq!(store.compact().await.unwrap(), 2, "{from}");
        let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
        assert_eq!(snapshot.files.len(), 1, "{from}");
        let warnings = store.stats().warnings;
        if snapshot.files[0].rows == 200 {
            assert!(matches!(warnings.as_slice(), [w] if w.contains(damaged) && w.contains("quarantine")), "{warnings:?}");
            assert_eq!(seen(&store, "default").await, expected((0..100).chain(200..300)), "{from}");
        } else {
            // Bytes that no reader looks at, or values that are others now: there is no checksum to tell.
            assert_eq!((snapshot.files[0].rows, warnings.len()), (300, 0), "{from}");
        }
        assert_eq!(store.compact().await.unwrap(), 0, "{from}");
    }
}

/// A file that the system refuses to read stays part of the lake.
#[tokio::test(flavor = "multi_thread")]
async fn refused_files_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(merging(dir.path())).await.unwrap();
    for part in 0..2 {
        store.accept(spans("default", part * 100, 100)).await.unwrap();
        store.flush().await.unwrap();
    }
    let files = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap().files;
    let path = store.lake_dir().join(&files[0].path);
    let kept = path.with_extension("kept");
    std::fs::rename(&path, &kept).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let inspected = store.inspect(&[files[0].path.clone()]).await.unwrap();
    assert_eq!(inspected, None);
    assert!(store.compact().await.is_err());
    assert_eq!(store.stats().warnings, Vec::<String>::new());
    std::fs::rename(&kept, &path).unwrap();
    assert_eq!(store.compact().await.unwrap(), 1);
    assert_eq!(seen(&store, "default").await, expected(0..200));
}
