//! Points of told series are read back like others: from memory, from the log, from files and from merged files.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, TimestampNanosecondArray, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema, TimeUnit, TimestampNanosecondType};
use luneta_model::{
    Batch, Limits, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue, SeriesPart, Signal, Sink as _, Tenant, Told,
};

use super::tests::{config, read};
use crate::Store;

const SERIES: usize = 30;

/// The first points of all series, at one time, with columns of their own.
fn first(time: i64) -> Batch {
    let mut builder = MetricsBuilder::new(Limits::default());
    let mut origins = Vec::new();
    for service in ["cart", "checkout"] {
        builder.origins.begin();
        builder.origins.resource_str("service.name", service);
        builder.origins.resource_str("host.name", &format!("host-{service}"));
        origins.push(builder.origins.end());
    }
    for n in 0..SERIES {
        builder.push_str("label", &format!("value {n}"));
        if n % 2 == 0 {
            builder.push_str("le", &n.to_string());
        }
        let identity = MetricIdentity {
            name: ["up", "requests_total", "a"][n % 3],
            unit: if n % 3 == 1 { "s" } else { "" },
            is_monotonic: (n % 3 == 1).then_some(true),
            ..MetricIdentity::default()
        };
        let value = Some(Number::Double(n as f64 / 4.0));
        let value = if n % 3 == 1 { PointValue::Sum(value) } else { PointValue::Gauge(value) };
        builder.end_point(origins[n / 2 % 2], &identity, &MetricRow { time, start_time: 0, flags: 0, value });
    }
    builder.finish(Tenant::default()).unwrap()
}

/// Later points of some of the series in the parts.
fn later(parts: &[Arc<SeriesPart>], time: i64, every: usize) -> Batch {
    let (mut told, mut origin, mut times, mut values) = (Told::default(), Vec::new(), Vec::new(), Vec::new());
    for n in (0..SERIES).rev().step_by(every) {
        let part = &parts[n % parts.len()];
        let at = told.push(part, (n / parts.len()) as u32);
        for step in 0..2 {
            origin.push(at);
            times.push(time + step);
            values.push((n as f64 + step as f64) / 8.0);
        }
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("origin", Arc::new(UInt32Array::from(origin))),
        ("time", Arc::new(TimestampNanosecondArray::from(times))),
        ("value_double", Arc::new(Float64Array::from(values))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), *name == "value_double")).collect();
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect());
    Batch::of_told(Tenant::default(), rows.unwrap(), told)
}

/// The series of the first points, in two parts.
fn parts(batch: &Batch) -> Vec<Arc<SeriesPart>> {
    let part = |of: usize| {
        let rows: Vec<u32> = (of as u32..SERIES as u32).step_by(2).collect();
        let fingerprints: Vec<u128> = rows.iter().map(|row| u128::from(*row) << 64).collect();
        Arc::new(SeriesPart::of(batch, &rows, &fingerprints).unwrap())
    };
    vec![part(0), part(1)]
}

fn text(batch: &RecordBatch, column: &str, row: usize) -> String {
    let Some(column) = batch.column_by_name(column) else { return String::new() };
    let column = cast(column, &DataType::Utf8).unwrap();
    if column.is_valid(row) { column.as_string::<i32>().value(row).to_owned() } else { String::new() }
}

fn attributes(batch: &RecordBatch, row: usize) -> String {
    let mut found = Vec::new();
    for key in ["label", "le"] {
        let column = text(batch, &format!("attributes.{key}"), row);
        if !column.is_empty() {
            found.push(format!("{key}={column}"));
        }
    }
    let map = batch.column_by_name("attributes").map(|map| match map.as_any_dictionary_opt() {
        Some(shared) => arrow::compute::take(shared.values(), shared.keys(), None).unwrap(),
        None => map.clone(),
    });
    if let Some(map) = map.filter(|map| map.is_valid(row)) {
        let entries = map.as_map().value(row);
        let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
        found.extend(keys.iter().zip(values).map(|(key, value)| format!("{}={}", key.unwrap(), value.unwrap())));
    }
    found.sort();
    found.join(",")
}

fn value(batch: &RecordBatch, row: usize) -> f64 {
    if let Some(doubles) = batch.column_by_name("value_double").filter(|c| c.is_valid(row)) {
        return doubles.as_primitive::<Float64Type>().value(row);
    }
    let ints = batch.column_by_name("value_int").unwrap().as_primitive::<Int64Type>();
    let scales = batch.column_by_name("value_scale").unwrap().as_primitive::<Int32Type>();
    ints.value(row) as f64 / 10f64.powi(scales.value(row))
}

/// Every point as a line, in no order.
async fn seen(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot(&Tenant::default(), Signal::Metrics).await.unwrap();
    let mut batches = snapshot.memory.clone();
    for file in &snapshot.files {
        let rows = read(store, &file.path);
        let mut before = None;
        for batch in &rows {
            let times = batch.column_by_name("time").unwrap().as_primitive::<TimestampNanosecondType>();
            let series = batch.column_by_name("series").unwrap().as_primitive::<arrow::datatypes::UInt64Type>();
            for row in 0..batch.num_rows() {
                let key = Some((text(batch, "metric_name", row), series.value(row), times.value(row)));
                assert!(before <= key, "files are ordered by metric, series and time");
                before = key;
            }
        }
        batches.extend(rows);
    }
    let mut out = Vec::new();
    for batch in &batches {
        let times = cast(batch.column_by_name("time").unwrap(), &DataType::Timestamp(TimeUnit::Nanosecond, None)).unwrap();
        let series = cast(batch.column_by_name("series").unwrap(), &DataType::UInt64).unwrap();
        for row in 0..batch.num_rows() {
            let texts = ["metric_name", "type", "unit", "service_name", "resource.host.name", "is_monotonic"];
            out.push(format!(
                "{:?} {} {} {} {}",
                texts.map(|name| text(batch, name, row)),
                attributes(batch, row),
                series.as_primitive::<arrow::datatypes::UInt64Type>().value(row),
                times.as_primitive::<TimestampNanosecondType>().value(row),
                value(batch, row),
            ));
        }
    }
    out.sort();
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn points_of_told_series_are_points() {
    let (told_dir, listed_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut told = Store::open(config(told_dir.path())).await.unwrap();
    let mut listed = Store::open(config(listed_dir.path())).await.unwrap();
    let beginning = first(1_000);
    let parts = parts(&beginning);
    let mut expected = 0;
    for round in 0..3 {
        // Before the first round's end nothing but told series is in memory, later both kinds are.
        for time in [2_000, 2_500] {
            let batch = later(&parts, round * 10_000 + time, 1 + round as usize);
            expected += batch.len();
            listed.accept(batch.listed().unwrap_or_else(|e| panic!("{e}"))).await.unwrap();
            told.accept(batch).await.unwrap();
        }
        if round > 0 {
            expected += beginning.len();
            listed.accept(first(round * 10_000)).await.unwrap();
            told.accept(first(round * 10_000)).await.unwrap();
        }
        let all = seen(&listed).await;
        assert_eq!(all.len(), expected);
        assert_eq!(seen(&told).await, all, "in memory");
        (told, listed) = (reopened(told, told_dir.path()).await, reopened(listed, listed_dir.path()).await);
        assert_eq!(seen(&told).await, all, "from the log");
        told.flush().await.unwrap();
        listed.flush().await.unwrap();
        assert_eq!(seen(&listed).await, all);
        assert_eq!(seen(&told).await, all, "in files");
    }
    let all = seen(&listed).await;
    told.compact().await.unwrap();
    let snapshot = told.snapshot(&Tenant::default(), Signal::Metrics).await.unwrap();
    assert_eq!((snapshot.files.len(), snapshot.memory.len()), (1, 0));
    assert_eq!(seen(&told).await, all, "merged");
    assert!(told.stats().warnings.is_empty(), "{:?}", told.stats().warnings);
}

/// As after a crash: nothing is flushed.
async fn reopened(store: Arc<Store>, dir: &std::path::Path) -> Arc<Store> {
    drop(store);
    let mut config = config(dir);
    config.compaction.files_min = 2;
    for _ in 0..100 {
        if let Ok(store) = Store::open(config.clone()).await {
            return store;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the folder stays in use");
}

#[tokio::test]
async fn places_that_are_not_there_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(config(dir.path())).await.unwrap();
    let parts = parts(&first(1));
    let mut wrong = later(&parts, 5, 1);
    wrong.told.as_mut().unwrap().places[0].1 = 1_000;
    assert!(store.accept(wrong).await.unwrap_err().to_string().contains("not among those told"));
    let mut wrong = later(&parts, 5, 1);
    wrong.told.as_mut().unwrap().places.truncate(1);
    assert!(store.accept(wrong).await.is_err());
}
