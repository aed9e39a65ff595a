//! What files look like to those who read them.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray};
use luneta_model::{Signal, Sink as _, Tenant};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::compression::has_few_values;
use super::trace_index::{METADATA_KEY, TraceDirectory};
use crate::Store;
use crate::store::tests::{config, spans};

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
