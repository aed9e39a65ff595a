use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray as _;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use luneta_model::{Batch, Limits, LogRow, LogsBuilder, Signal, Sink as _, Table, Tenant};
use sqlx::Connection as _;

use crate::store::tests::{config, read};
use crate::{LakeFile, Store};

/// Records of two services, one every second: `user ann logged in 7` and the like.
fn records(lines: &[(&str, String)]) -> Batch {
    let mut b = LogsBuilder::new(Limits::default());
    let origins = ["shop", "bank"].map(|service| {
        b.origins.begin();
        b.origins.resource_str("service.name", service);
        (service, b.origins.end())
    });
    for (n, (service, line)) in lines.iter().enumerate() {
        let (_, origin) = origins.into_iter().find(|(name, _)| name == service).unwrap();
        b.body_str(line);
        b.end_record(origin, &LogRow { time: (n as i64 + 1) * 1_000_000_000, severity_number: 9, ..LogRow::default() }).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

fn lines(service: &'static str, user: &str, count: usize) -> Vec<(&'static str, String)> {
    (0..count).map(|n| (service, format!("user {user} logged in {n}"))).collect()
}

async fn files(store: &Store, table: Table) -> Vec<Arc<LakeFile>> {
    store.snapshot(&Tenant::default(), table).await.unwrap().files
}

/// How many lines there are with each user.
async fn users(store: &Store) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for file in files(store, Signal::Logs.into()).await {
        for batch in read(store, &file.path) {
            let bodies = cast(batch.column_by_name("body").unwrap(), &DataType::Utf8).unwrap();
            for line in bodies.as_string::<i32>().iter().flatten() {
                *out.entry(line.split(' ').nth(1).unwrap().to_owned()).or_default() += 1;
            }
        }
    }
    out
}

/// Counts by pattern, and all examples.
async fn patterns(store: &Store) -> (BTreeMap<String, i64>, BTreeSet<String>) {
    let (mut counts, mut samples) = (BTreeMap::new(), BTreeSet::new());
    for file in files(store, Table::LogPatterns).await {
        for batch in read(store, &file.path) {
            let of = |name: &str| batch.column_by_name(name).map(|c| cast(c, &DataType::Utf8).unwrap());
            let (pattern, sample) = (of("pattern").unwrap(), of("sample"));
            let count = batch.column_by_name("count").unwrap().as_primitive::<Int64Type>().clone();
            for row in 0..batch.num_rows() {
                *counts.entry(pattern.as_string::<i32>().value(row).to_owned()).or_default() += count.value(row);
            }
            samples.extend(sample.iter().flat_map(|s| s.as_string::<i32>().iter().flatten().map(str::to_owned)));
        }
    }
    (counts, samples)
}

/// The numbers of rows with a text.
fn rows_with(store: &Store, file: &LakeFile, text: &str) -> Vec<u64> {
    let batches = read(store, &file.path);
    let bodies = batches.iter().flat_map(|batch| {
        let bodies = cast(batch.column_by_name("body").unwrap(), &DataType::Utf8).unwrap();
        bodies.as_string::<i32>().iter().map(|line| line.unwrap_or_default().contains(text)).collect::<Vec<_>>()
    });
    bodies.enumerate().filter(|(_, found)| *found).map(|(row, _)| row as u64).collect()
}

async fn delete(store: &Arc<Store>, text: &str) {
    for file in files(store, Signal::Logs.into()).await {
        let rows = rows_with(store, &file, text);
        if !rows.is_empty() {
            assert!(store.delete_logs(&Tenant::default(), &file, rows).await.unwrap());
        }
    }
}

#[tokio::test]
async fn rows_counts_and_examples_go_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    for user in ["ann", "bob"] {
        store.accept(records(&[lines("shop", user, 70), lines("bank", user, 5)].concat())).await.unwrap();
        store.flush().await.unwrap();
    }
    delete(&store, "ann").await;
    assert_eq!(users(&store).await, BTreeMap::from([("bob".to_owned(), 75)]));
    let (counts, samples) = patterns(&store).await;
    assert_eq!(counts, BTreeMap::from([("user bob logged in <num>".to_owned(), 75)]));
    assert!(samples.iter().all(|sample| sample.contains("bob")), "{samples:?}");

    // Of one service only, and in part.
    let file = files(&store, Signal::Logs.into()).await.remove(0);
    let rows = rows_with(&store, &file, "logged in 3");
    assert_eq!(rows.len(), 1 + 11);
    assert!(store.delete_logs(&Tenant::default(), &file, rows.clone()).await.unwrap());
    assert_eq!(patterns(&store).await.0, BTreeMap::from([("user bob logged in <num>".to_owned(), 63)]));
    // The file is another one now.
    assert!(!store.delete_logs(&Tenant::default(), &file, rows).await.unwrap());
    let stats = store.stats();
    assert_eq!(stats.tables.iter().map(|t| t.file_rows).sum::<u64>(), 63);

    // Nothing comes back with a restart, and what replaced files leave goes.
    store.shutdown().await.unwrap();
    drop(store);
    let store = Store::open(config(dir.path())).await.unwrap();
    assert_eq!(users(&store).await, BTreeMap::from([("bob".to_owned(), 63)]));
    store.delete_replaced(Duration::ZERO).await.unwrap();
    let left = std::fs::read_dir(store.lake_dir().join("main/logs")).unwrap().count();
    assert_eq!(left, files(&store, Signal::Logs.into()).await.len());
    delete(&store, "user").await;
    assert_eq!(files(&store, Signal::Logs.into()).await.len() + files(&store, Table::LogPatterns).await.len(), 0);
}

#[tokio::test]
async fn counts_of_widened_and_other_patterns_are_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(crate::StoreConfig { log_patterns_max: 40, ..config(dir.path()) }).await.unwrap();
    // Words that vary become one pattern; of those beyond 40 nothing is remembered but their number.
    let word = |n: usize| char::from(b'a' + n as u8 % 26).to_string().repeat(1 + n / 26);
    let varied: Vec<_> = (0..30).map(|n| ("shop", format!("hello {} from here", word(n)))).collect();
    let many: Vec<_> = (0..60).map(|n| ("bank", format!("{} is a word of its own", word(n)))).collect();
    store.accept(records(&[varied, many].concat())).await.unwrap();
    store.flush().await.unwrap();
    let total = |counts: &BTreeMap<String, i64>| counts.values().sum::<i64>();
    let (counts, _) = patterns(&store).await;
    assert_eq!((counts["hello <*> from here"], counts["(other)"], total(&counts)), (30, 20, 90), "{counts:?}");
    delete(&store, "hello").await;
    let (counts, samples) = patterns(&store).await;
    assert_eq!((counts.get("hello <*> from here"), total(&counts)), (None, 60), "{counts:?}");
    assert!(!samples.iter().any(|sample| sample.contains("hello")));
    delete(&store, "word").await;
    assert_eq!(patterns(&store).await, Default::default());
}

#[tokio::test]
async fn counts_are_taken_from_the_pattern_that_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(crate::StoreConfig { log_patterns_max: 2, ..config(dir.path()) }).await.unwrap();
    // Of the first flush, the messages in question are among the others, and of the second they have a pattern.
    let word = |n: usize| char::from(b'a' + n as u8).to_string();
    let first: Vec<_> =
        (0..9).map(|n| ("shop", format!("{} is common", word(n)))).chain([("shop", "ann paid".to_owned())]).collect();
    for lines in [first, vec![("shop", "ann paid".to_owned()), ("shop", "bob paid".to_owned())]] {
        store.accept(records(&lines)).await.unwrap();
        store.flush().await.unwrap();
    }
    let (counts, _) = patterns(&store).await;
    assert_eq!((counts["(other)"], counts["ann paid"], counts["bob paid"]), (8, 1, 1), "{counts:?}");
    let file = files(&store, Signal::Logs.into()).await.remove(1);
    assert!(store.delete_logs(&Tenant::default(), &file, rows_with(&store, &file, "ann")).await.unwrap());
    let (counts, samples) = patterns(&store).await;
    assert_eq!((counts["(other)"], counts.get("ann paid"), counts["bob paid"]), (8, None, 1), "{counts:?}");
    delete(&store, "ann").await;
    let (counts, _) = patterns(&store).await;
    assert_eq!(counts["(other)"], 7, "{counts:?}");
    assert!(!samples.iter().any(|sample| sample.contains("ann")), "{samples:?}");
    // Nothing tells of them, statistics of the table neither.
    let path = dir.path().join("lake/catalog.sqlite");
    store.shutdown().await.unwrap();
    let mut catalog = sqlx::SqliteConnection::connect(&path.display().to_string()).await.unwrap();
    let query =
        "SELECT count(*) FROM ducklake_table_column_stats WHERE min_value LIKE '%ann paid%' OR max_value LIKE '%ann paid%'";
    let (told,): (i64,) = sqlx::query_as(query).fetch_one(&mut catalog).await.unwrap();
    assert_eq!(told, 0);
}

#[tokio::test]
async fn requests_are_kept_until_they_are_cancelled() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    let tenant = Tenant::new("a").unwrap();
    store.request_delete(&tenant, "{a=\"b\"}", [1, 2]).await.unwrap();
    store.request_delete(&tenant, "{a=\"c\"}", [3, 4]).await.unwrap();
    drop(store);
    let store = Store::open(config(dir.path())).await.unwrap();
    let requests = store.delete_requests().await.unwrap();
    let told: Vec<_> =
        requests.iter().map(|r| (r.tenant.as_str(), r.query.as_str(), r.start_ns, r.end_ns, r.processed_ms)).collect();
    assert_eq!(told, [("a", "{a=\"b\"}", 1, 2, None), ("a", "{a=\"c\"}", 3, 4, None)]);
    store.delete_processed(&requests[0].id).await.unwrap();
    assert!(!store.cancel_delete(&requests[0].id).await.unwrap());
    assert!(store.cancel_delete(&requests[1].id).await.unwrap());
    let requests = store.delete_requests().await.unwrap();
    assert_eq!((requests.len(), requests[0].processed_ms.is_some()), (1, true));
}
