//! Calls and operations, drawn as text: what spans that come together or apart give.

use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use luneta_model::{Batch, Limits, Sink as _, SpanRow, SpansBuilder, Table, Tenant};

use crate::store::tests::{config, read};
use crate::{Store, StoreConfig};

const MINUTE: i64 = 60_000_000_000;
const START: i64 = 1_700_000_040_000_000_000;

/// Spans, one a line: `service kind name id parent duration key=value…`. Durations are in
/// milliseconds, the id says when it starts, a minute apart; `error` is a status, `state` the
/// tracestate.
fn spans(lines: &str) -> Batch {
    let mut b = SpansBuilder::new(Limits::default());
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [service, kind, name, id, parent, duration, rest @ ..] = parts.as_slice() else { panic!("{line}") };
        b.origins.begin();
        if *service != "-" {
            b.origins.resource_str("service.name", service);
        }
        let origin = b.origins.end();
        let (id, parent): (u64, u64) = (id.parse().unwrap(), parent.parse().unwrap());
        let start_time = START + id as i64 * MINUTE;
        let mut row = SpanRow {
            start_time,
            end_time: start_time + duration.parse::<i64>().unwrap() * 1_000_000,
            trace_id: [7; 16],
            span_id: id.to_be_bytes(),
            parent_span_id: parent.to_be_bytes(),
            name,
            kind: ["internal", "server", "client", "producer", "consumer"].iter().position(|k| k == kind).unwrap() as i32 + 1,
            ..SpanRow::default()
        };
        for (key, value) in rest.iter().map(|pair| pair.split_once('=').unwrap_or((pair, ""))) {
            match (key, value.parse::<i64>()) {
                ("error", _) => row.status_code = 2,
                ("state", _) => row.trace_state = value,
                (key, Ok(n)) => b.attributes.push_int(key, n),
                (key, _) if value == "true" => b.attributes.push_bool(key, true),
                (key, _) => b.attributes.push_str(key, value),
            }
        }
        b.end_span(origin, &row).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

/// The rows of a table as text: these columns, counts without fractions.
async fn rows(store: &Store, table: Table, columns: &[&str]) -> Vec<String> {
    let snapshot = store.snapshot(&Tenant::default(), table).await.unwrap();
    let files = snapshot.files.iter().flat_map(|file| read(store, &file.path));
    let batches: Vec<RecordBatch> = files.chain(snapshot.memory.clone()).collect();
    let mut found = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let value = |column: &&str| match batch.column_by_name(column) {
                Some(array) if array.is_null(row) => "-".to_owned(),
                Some(array) => match array.as_primitive_opt::<Float64Type>() {
                    Some(numbers) => format!("{:.0}", numbers.value(row)),
                    None => cast(array, &DataType::Utf8).unwrap().as_string::<i32>().value(row).to_owned(),
                },
                None => "-".to_owned(),
            };
            found.push(columns.iter().map(value).collect::<Vec<_>>().join(" "));
        }
    }
    found.sort();
    found
}

async fn operations(store: &Store) -> Vec<String> {
    rows(store, Table::SpanMetrics, &["service_name", "kind", "name", "status_code", "count", "spans", "duration_sum_ns"]).await
}

async fn calls(store: &Store) -> Vec<String> {
    rows(store, Table::EdgeCounts, &["client", "server", "connection_type", "count", "errors", "hop_sum_ns"]).await
}

async fn halves(store: &Store) -> Vec<String> {
    rows(store, Table::EdgeHalves, &["service_name", "is_client", "answered"]).await
}

async fn open(dir: &tempfile::TempDir, change: impl FnOnce(&mut StoreConfig)) -> std::sync::Arc<Store> {
    let mut config = config(dir.path());
    change(&mut config);
    Store::open(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_counted_by_interval() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, |config| config.operations_max = 3).await;
    let lines = "
        shop  server   cart 1 0 10
        shop  server   cart 1 0 30
        shop  server   cart 1 0 5   error
        shop  server   cart 2 0 1
        -     internal job  3 0 1
        stock server   take 4 0 8   state=ot=th:c
        stock server   give 5 0 8   SampleRate=10
        stock client   give 5 0 8
        stock server   last 6 0 2
    ";
    let expected = [
        "- INTERNAL job UNSET 1 1 1000000",
        "shop SERVER cart ERROR 1 1 5000000",
        "shop SERVER cart UNSET 1 1 1000000",
        "shop SERVER cart UNSET 2 2 40000000",
        "stock CLIENT (other) UNSET 1 1 8000000",
        "stock SERVER (other) UNSET 1 1 2000000",
        "stock SERVER (other) UNSET 10 1 80000000",
        "stock SERVER take UNSET 4 1 32000000",
    ];
    store.accept(spans(lines)).await.unwrap();
    assert_eq!(operations(&store).await, expected, "in memory");
    store.flush().await.unwrap();
    assert_eq!(operations(&store).await, expected, "in files");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_have_two_ends() {
    for (lines, expected_calls, expected_halves) in [
        ("shop client get 1 0 10\n stock server take 2 1 4", vec!["shop stock  1 0 6000000"], vec![]),
        ("shop client get 1 0 10 state=ot=th:8\n stock server take 2 1 4 error", vec!["shop stock  2 2 12000000"], vec![]),
        // The server's clock may run longer than the client's.
        ("shop client get 1 0 10\n stock server take 2 1 40", vec!["shop stock  1 0 0"], vec![]),
        // Both ends of Zipkin share an id.
        ("shop client get 1 0 10\n stock server take 1 0 4 zipkin.shared=true", vec!["shop stock  1 0 6000000"], vec![]),
        // Exported twice.
        (
            "shop client get 1 0 10\n shop client get 1 0 10\n stock server take 2 1 4\n stock server take 2 1 4",
            vec!["shop stock  1 0 6000000"],
            vec![],
        ),
        ("shop client get 1 0 10\n shop server get 2 1 4", vec![], vec![]),
        ("shop client q 1 0 10 db.system=redis server.address=cache", vec!["shop cache database 1 0 0"], vec![]),
        ("shop client q 1 0 10 db.system.name=redis error", vec!["shop redis database 1 1 0"], vec![]),
        // One message, two who hear it, and perhaps more to come.
        (
            "shop producer send 1 0 1\n mail consumer hear 2 1 4\n log consumer hear 3 1 4",
            vec!["shop log messaging_system 1 0 0", "shop mail messaging_system 1 0 0"],
            vec!["shop true true"],
        ),
        ("shop client get 1 0 10 peer.service=bank", vec![], vec!["shop true false"]),
        ("stock server take 2 1 4", vec![], vec!["stock false false"]),
        ("stock server take 2 0 4\n shop internal work 3 2 1\n - client get 4 0 1", vec![], vec![]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir, |_| ()).await;
        store.accept(spans(lines)).await.unwrap();
        for place in ["memory", "files"] {
            assert_eq!(
                (calls(&store).await, halves(&store).await),
                (expected(&expected_calls), expected(&expected_halves)),
                "{place}: {lines}"
            );
            store.flush().await.unwrap();
        }
    }
}

fn expected(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

/// Ends that come in different files find each other, also when the process died in between.
#[tokio::test(flavor = "multi_thread")]
async fn ends_that_come_apart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, |_| ()).await;
    for lines in [
        "shop client get 1 0 10",
        "shop client pay 10 0 10 peer.service=bank",
        "stock server take 2 1 4",
        "shop client nobody 20 0 10",
        "mail server orphan 31 30 1",
    ] {
        store.accept(spans(lines)).await.unwrap();
        store.flush().await.unwrap();
    }
    store.settle_calls().await.unwrap();
    assert_eq!(halves(&store).await.len(), 5, "too few to be worth it");
    store.accept(spans("late client ask 40 0 10 peer.service=stock")).await.unwrap();
    drop(store);
    let store = open(&dir, |_| ()).await;
    store.flush().await.unwrap();
    store.settle_calls().await.unwrap();
    let waiting = ["late true false", "mail false false", "shop true false", "shop true false"];
    assert_eq!((calls(&store).await, halves(&store).await), (expected(&["shop stock  1 0 6000000"]), expected(&waiting)));
    drop(store);
    let store = open(&dir, |config| config.call_wait_max = Duration::ZERO).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    store.settle_calls().await.unwrap();
    let found = ["late stock virtual_node 1 0 0", "shop bank virtual_node 1 0 0", "shop stock  1 0 6000000"];
    assert_eq!((calls(&store).await, halves(&store).await), (expected(&found), Vec::new()));
}

/// A file of ends that cannot be read is set aside; the others find each other without it.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_ends_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, |config| config.call_wait_max = Duration::ZERO).await;
    for lines in ["shop client lost 40 0 10", "shop client get 1 0 10", "stock server take 2 1 4"] {
        store.accept(spans(lines)).await.unwrap();
        store.flush().await.unwrap();
    }
    let files = store.snapshot(&Tenant::default(), Table::EdgeHalves).await.unwrap().files;
    let path = store.lake_dir().join(&files[0].path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4..60].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    store.settle_calls().await.unwrap();
    assert_eq!(store.stats().warnings.len(), 1, "{:?}", store.stats().warnings);
    store.settle_calls().await.unwrap();
    assert_eq!((calls(&store).await, halves(&store).await), (expected(&["shop stock  1 0 6000000"]), Vec::new()));
}
