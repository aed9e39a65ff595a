//! The real DuckDB reads and changes a live lake. Needs a Python with the packages named in
//! `duckdb_agrees.py`, which `cargo xtask test` prepares:
//! `LUNETA_TEST_PYTHON=… cargo test -p luneta-store --test duckdb -- --ignored`.

#![allow(clippy::unwrap_used)]

#[path = "../benches/flush/webshop.rs"]
#[allow(missing_docs)]
mod webshop;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use luneta_model::{Signal, Sink as _, Tenant};
use luneta_store::{Store, StoreConfig};

fn judge(dir: &Path, arguments: &[&str]) {
    let python = std::env::var("LUNETA_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/duckdb_agrees.py");
    let output = Command::new(python).arg(script).arg(dir).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

async fn until_gone(files: &[std::path::PathBuf]) {
    for _ in 0..100 {
        if files.iter().all(|f| !f.exists()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("still there: {files:?}");
}

/// Merges the tables of the three signals, and those derived from spans and records.
async fn merge_all(store: &std::sync::Arc<Store>) {
    let merges = store.compact().await.unwrap();
    assert!((5..=6).contains(&merges), "{merges} merges");
}

async fn rows(store: &Store, signal: Signal) -> u64 {
    let snapshot = store.snapshot(&Tenant::default(), signal).await.unwrap();
    snapshot.files.iter().map(|f| f.live_rows()).sum()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with duckdb, see above"]
async fn duckdb_agrees_with_the_lake_and_may_change_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = StoreConfig::new(dir.path());
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config.compaction.files_min = 2;
    config.compaction.enabled = false;
    config.snapshot_keep = Duration::from_secs(2);
    config.retention_interval = Duration::from_secs(1);
    let store = Store::open(config).await.unwrap();
    let mut shop = webshop::WebShop::new();
    for _ in 0..3 {
        store.accept(shop.spans(3000)).await.unwrap();
        store.accept(shop.logs(3000)).await.unwrap();
        store.accept(shop.metrics(3000)).await.unwrap();
        store.flush().await.unwrap();
    }
    let expect = ["--expect", "spans=9000", "--expect", "logs=9000", "--expect", "metric_points=9000"];
    judge(dir.path(), &expect);
    merge_all(&store).await;
    judge(dir.path(), &expect);
    judge(dir.path(), &["--write"]);
    for signal in Signal::ALL {
        assert_eq!(rows(&store, signal).await, 9001, "{signal}: what DuckDB wrote is seen");
    }
    store.accept(shop.spans(1000)).await.unwrap();
    store.accept(shop.logs(1000)).await.unwrap();
    store.accept(shop.metrics(1000)).await.unwrap();
    store.flush().await.unwrap();
    merge_all(&store).await;
    for signal in Signal::ALL {
        let snapshot = store.snapshot(&Tenant::default(), signal).await.unwrap();
        assert_eq!((snapshot.files.len(), rows(&store, signal).await), (1, 10_001));
        assert!(snapshot.schema.field_with_name("added_by_duckdb").is_ok());
    }
    judge(dir.path(), &["--expect", "spans=10001", "--expect", "logs=10001", "--expect", "metric_points=10001"]);
    delete(&store, &mut shop, dir.path()).await;
}

/// Rows that DuckDB deletes are gone from files that are merged later, and its lists of them leave.
async fn delete(store: &std::sync::Arc<Store>, shop: &mut webshop::WebShop, dir: &Path) {
    store.accept(shop.spans(1000)).await.unwrap();
    store.accept(shop.logs(1000)).await.unwrap();
    store.accept(shop.metrics(1000)).await.unwrap();
    store.flush().await.unwrap();
    // Twice: DuckDB replaces its lists. The row of DuckDB's own is
    // among what the second condition takes.
    judge(dir, &["--delete", "rowid % 3 = 0"]);
    assert!(rows(store, Signal::Spans).await < 8000);
    judge(dir, &["--delete", "service_name = 'duckdb' OR rowid % 100 = 7"]);
    let mut left = Vec::new();
    let mut lists = Vec::new();
    for signal in Signal::ALL {
        let snapshot = store.snapshot(&Tenant::default(), signal).await.unwrap();
        assert!(snapshot.files.iter().all(|f| f.deletes.is_some() && f.live_rows() < f.rows && !f.stats.is_empty()));
        lists.extend(snapshot.files.iter().filter_map(|f| f.deletes.clone()).map(|d| store.lake_dir().join(d.path)));
        left.push((signal, rows(store, signal).await));
    }
    assert!(lists.len() >= 6 && lists.iter().all(|l| l.exists()), "{lists:?}");
    merge_all(store).await;
    let mut expect = Vec::new();
    for (signal, left) in left {
        let snapshot = store.snapshot(&Tenant::default(), signal).await.unwrap();
        assert_eq!((snapshot.files.len(), snapshot.files[0].rows), (1, left), "{signal}");
        assert_eq!(snapshot.files[0].deletes, None);
        let table = if signal == Signal::Metrics { "metric_points" } else { signal.table() };
        expect.extend(["--expect".to_owned(), format!("{table}={left}")]);
    }
    until_gone(&lists).await;
    judge(dir, &expect.iter().map(String::as_str).collect::<Vec<_>>());
}
