//! What files look like to those who read them.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use luneta_model::{
    Batch, CounterResetHint, Limits, MetricIdentity, MetricRow, MetricsBuilder, PointValue, Signal, Sink as _, Tenant,
};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::compression::has_few_values;
use super::trace_index::{METADATA_KEY, TraceDirectory};
use crate::Store;
use crate::store::tests::{config, read, spans};

#[test]
fn columns_with_few_values_are_left_plain() {
    let text = |n: usize| Arc::new(StringArray::from_iter_values((0..5000).map(|i| format!("value {}", i % n)))) as ArrayRef;
    let mut cases: Vec<(&str, Vec<ArrayRef>, bool)> = vec![
        ("no rows", vec![], true),
        ("one text", vec![text(1)], true),
        ("64 texts", vec![text(64)], true),
        ("65 texts", vec![text(65)], false),
        (
            "few texts in each part, many in all",
            vec![text(40), Arc::new(StringArray::from_iter_values(('a'..='z').map(String::from)))],
            false,
        ),
        ("nulls", vec![Arc::new(StringArray::from(vec![None::<&str>; 100]))], true),
    ];
    cases.push(("few numbers", vec![Arc::new(Int64Array::from_iter_values((0..1000).map(|i| i % 7)))], true));
    cases.push(("many numbers", vec![Arc::new(Int64Array::from_iter_values(0..1000))], false));
    cases.push(("booleans", vec![Arc::new(BooleanArray::from(vec![true, false]))], true));
    cases.push(("doubles", vec![Arc::new(Float64Array::from(vec![0.5]))], false));
    cases.push(("ids", vec![Arc::new(FixedSizeBinaryArray::try_from_iter([[1u8; 16]].into_iter()).unwrap())], false));
    for (name, parts, few) in cases {
        assert_eq!(has_few_values(parts.iter()), few, "{name}");
    }
}

fn footer(path: &std::path::Path) -> ParquetMetaData {
    SerializedFileReader::new(File::open(path).unwrap()).unwrap().metadata().clone()
}

fn plain(footer: &ParquetMetaData) -> BTreeSet<String> {
    let columns = footer.row_groups()[0].columns().iter();
    columns.filter(|c| c.compression() == Compression::UNCOMPRESSED).map(|c| c.column_path().string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_carry_their_trace_index_and_compress_what_is_worth_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.compaction.files_min = 2;
    let store = Store::open(config).await.unwrap();
    for part in 0..2 {
        store.accept(spans("default", part * 1000, 1000)).await.unwrap();
        store.flush().await.unwrap();
    }
    for (place, files) in [("flushed", 2), ("merged", 1)] {
        let snapshot = store.snapshot(&Tenant::default(), Signal::Spans).await.unwrap();
        assert_eq!(snapshot.files.len(), files, "{place}");
        for file in &snapshot.files {
            let path = store.lake_dir().join(&file.path);
            let footer = footer(&path);
            let index = file.trace_index.clone().unwrap();
            let pairs = footer.file_metadata().key_value_metadata().unwrap();
            let noted = pairs.iter().find(|pair| pair.key == METADATA_KEY).and_then(|pair| pair.value.clone());
            assert_eq!(noted, Some(format!("{},{}", index.start, index.end - index.start)), "{place}");
            let bytes = &std::fs::read(&path).unwrap()[index.start as usize..index.end as usize];
            assert_eq!(TraceDirectory::decode(bytes, bytes.len() as u64).unwrap().rows, file.rows, "{place}");
            let plain = plain(&footer);
            for column in ["trace_id", "service_name", "attributes.http.route", "attributes.app.user", "name"] {
                assert!(plain.contains(column), "{place}: {column} is compressed");
            }
            assert!(footer.row_groups().iter().all(|g| g.columns().iter().all(|c| c.bloom_filter_offset().is_none())));
        }
        store.compact().await.unwrap();
    }
}

/// Points of two native histograms of Prometheus, of whole counts or of fractions.
fn histograms(fractions: bool, time: i64) -> Batch {
    let mut builder = MetricsBuilder::new(Limits::default());
    builder.origins.begin();
    let origin = builder.origins.end();
    let whole = PointValue::ExponentialHistogram {
        count: 3,
        sum: Some(1.5),
        min: None,
        max: None,
        scale: 2,
        zero_count: 1,
        zero_threshold: 0.0,
        positive: (0, &[2]),
        negative: (0, &[]),
    };
    let doubles = PointValue::DoubleExponentialHistogram {
        count: COUNTS[2],
        sum: 1.5,
        scale: 2,
        zero_count: COUNTS[1],
        zero_threshold: 0.0,
        positive: (-1, &COUNTS),
        negative: (0, &[]),
    };
    for (name, hint) in [("a", CounterResetHint::Gauge), ("b", CounterResetHint::Unknown)] {
        let metric = MetricIdentity { name, ..MetricIdentity::default() };
        let value = if fractions { doubles.clone() } else { whole.clone() };
        if fractions {
            builder.counter_reset_hint(hint);
        }
        builder.end_point(origin, &metric, &MetricRow { time, start_time: 0, flags: 0, value });
    }
    builder.finish(Tenant::default()).unwrap()
}

const COUNTS: [f64; 3] = [0.1 + 0.2, 1e-300, 1.0 / 3.0];

#[tokio::test(flavor = "multi_thread")]
async fn fractions_are_in_files_that_have_any_and_keep_their_bits() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.compaction.files_min = 2;
    let store = Store::open(config).await.unwrap();
    for (fractions, time) in [(false, 10), (true, 20)] {
        store.accept(histograms(fractions, time)).await.unwrap();
        store.flush().await.unwrap();
        let files = store.snapshot(&Tenant::default(), Signal::Metrics).await.unwrap().files;
        assert_eq!(files.iter().filter(|file| file.stats.contains_key("count_double")).count(), usize::from(fractions));
        assert_eq!(files.iter().filter(|file| file.stats.contains_key("counter_reset_hint")).count(), usize::from(fractions));
    }
    store.compact().await.unwrap();
    let files = store.snapshot(&Tenant::default(), Signal::Metrics).await.unwrap().files;
    assert_eq!(files.len(), 1);
    let batch = read(&store, &files[0].path).remove(0);
    let (counts, hints) =
        (batch["count_double"].as_primitive::<Float64Type>(), cast(&batch["counter_reset_hint"], &DataType::Utf8));
    let bits = |column: &Float64Array| column.iter().map(|count| count.map(f64::to_bits)).collect::<Vec<_>>();
    assert_eq!(bits(counts), [None, Some(COUNTS[2].to_bits()), None, Some(COUNTS[2].to_bits())]);
    assert_eq!(hints.unwrap().as_string::<i32>().iter().collect::<Vec<_>>(), [None, Some("gauge"), None, None]);
    let buckets = batch["positive_counts_double"].as_list::<i32>();
    assert!(buckets.is_null(0) && buckets.is_null(2));
    for row in [1, 3] {
        assert_eq!(bits(buckets.value(row).as_primitive::<Float64Type>()), COUNTS.map(|count| Some(count.to_bits())));
    }
}
