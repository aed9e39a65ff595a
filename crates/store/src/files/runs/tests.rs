use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::ByteArray;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedFileWriter;
use proptest::prelude::*;

use super::{Form, Runs};

/// A file with one column of two row groups that hold these rows each, read back.
fn written(array: &ArrayRef, nullable: bool, compressed: bool, page_rows_max: usize) -> (Vec<ArrayRef>, ParquetMetaData) {
    let data_type = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        other => other.clone(),
    };
    let schema = Schema::new(vec![Field::new("column", data_type.clone(), nullable)]);
    let descriptor = ArrowSchemaConverter::new().convert(&schema).unwrap();
    let compression = if compressed { Compression::ZSTD(ZstdLevel::try_new(3).unwrap()) } else { Compression::UNCOMPRESSED };
    let form = Form { column: descriptor.column(0), compression, page_rows_max };
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(Vec::new(), descriptor.root_schema_ptr(), properties).unwrap();
    for _ in 0..2 {
        let mut runs = Runs::new(&data_type);
        let mut known = Vec::new();
        let half = array.len() / 2;
        runs.extend(array, 0..half, &mut known);
        runs.extend(array, half..array.len(), &mut known);
        let expanded: Vec<ArrayRef> = runs.arrays(7).collect();
        let expanded: Vec<_> = expanded.iter().map(AsRef::as_ref).collect();
        assert_eq!(&concat(&expanded).unwrap(), &cast(array, &data_type).unwrap(), "runs as rows");
        let mut group = file.next_row_group().unwrap();
        runs.encode(&form).unwrap().append(&mut group).unwrap();
        group.close().unwrap();
    }
    let bytes = Bytes::from(file.into_inner().unwrap());
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = ArrowReaderMetadata::load(&bytes, options).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata.clone()).with_batch_size(5).build().unwrap();
    let columns = reader.map(|batch: Result<RecordBatch, _>| batch.unwrap().column(0).clone()).collect();
    (columns, metadata.metadata().as_ref().clone())
}

fn check(array: &ArrayRef, nullable: bool, compressed: bool, page_rows_max: usize) {
    let (read, metadata) = written(array, nullable, compressed, page_rows_max);
    let plain = match array.data_type() {
        DataType::Dictionary(_, values) => cast(array, values).unwrap(),
        _ => array.clone(),
    };
    let read: Vec<_> = read.iter().map(AsRef::as_ref).collect();
    assert_eq!(&cast(&concat(&read).unwrap(), plain.data_type()).unwrap(), &concat(&[&plain, &plain]).unwrap());
    let chunk = metadata.row_group(1).column(0);
    let statistics = chunk.statistics().unwrap();
    assert_eq!(statistics.null_count_opt(), Some(plain.null_count() as u64));
    match statistics {
        Statistics::ByteArray(bounds) => {
            let texts = plain.as_string::<i32>();
            assert_eq!(bounds.min_opt().map(ByteArray::data), texts.iter().flatten().min().map(str::as_bytes));
            assert_eq!(bounds.max_opt().map(ByteArray::data), texts.iter().flatten().max().map(str::as_bytes));
        }
        Statistics::Int64(bounds) => {
            let numbers = plain.as_primitive::<arrow::datatypes::UInt64Type>();
            assert_eq!(bounds.min_opt().map(|n| *n as u64), numbers.iter().flatten().min());
            assert_eq!(bounds.max_opt().map(|n| *n as u64), numbers.iter().flatten().max());
        }
        other => panic!("{other}"),
    }
    let pages = &metadata.offset_index().unwrap()[1][0].page_locations;
    assert_eq!(pages.len(), plain.len().div_ceil(page_rows_max));
    assert!(pages.iter().enumerate().all(|(n, page)| page.first_row_index as usize == n * page_rows_max));
}

fn texts(runs: &[(Option<String>, usize)]) -> StringArray {
    runs.iter().flat_map(|(value, rows)| std::iter::repeat_n(value.as_deref(), *rows)).collect()
}

proptest! {
    #[test]
    fn rows_come_back(
        runs in prop::collection::vec((prop::option::of(prop::sample::select(vec!["", "a", "ab", "é", "zz\u{1f600}"])), 1usize..300), 1..20),
        pages in prop::sample::select(vec![1usize, 8, 100, 16_384]),
        compressed: bool,
    ) {
        let owned: Vec<_> = runs.iter().map(|(value, rows)| (value.map(str::to_owned), *rows)).collect();
        let plain: ArrayRef = Arc::new(texts(&owned));
        check(&plain, true, compressed, pages);
        let shared = cast(&plain, &DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))).unwrap();
        check(&shared, true, compressed, pages);
    }

    #[test]
    fn numbers_come_back(runs in prop::collection::vec((any::<u64>(), 1usize..300), 1..300), compressed: bool) {
        let rows: UInt64Array = runs.iter().flat_map(|(value, rows)| std::iter::repeat_n(Some(*value), *rows)).collect();
        let rows: ArrayRef = Arc::new(rows);
        check(&rows, false, compressed, 1000);
    }
}

#[test]
fn keys_may_repeat_values_and_point_at_none() {
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("a"), Some("b")]));
    let keys = UInt32Array::from(vec![Some(0), Some(2), Some(1), None, Some(3), Some(0)]);
    let array: ArrayRef = Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, values).unwrap());
    check(&array, true, true, 4);
}

#[test]
fn short_runs_and_large_dictionaries_do_not_pay() {
    let pays = |array: ArrayRef| {
        let mut runs = Runs::new(array.data_type());
        runs.extend(&array, 0..array.len(), &mut Vec::new());
        runs.pay()
    };
    assert!(pays(Arc::new(texts(&[(Some("a".into()), 8), (None, 8)]))));
    assert!(!pays(Arc::new((0..100).map(|n| Some(n.to_string())).collect::<StringArray>())));
    assert!(!pays(Arc::new(texts(&[(Some("a".repeat(2 << 20)), 100)]))));
}
