//! Rows read one by one are the rows a whole reading gives.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::filter_record_batch;
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::WriterProperties;

use super::pages;
use super::reader::RowReader;

const ROWS: usize = 1000;

/// Columns with values in all rows, in two stretches, in one row, and nowhere; of pages with eight rows.
fn batch() -> RecordBatch {
    let text = |has: &dyn Fn(usize) -> bool| -> ArrayRef {
        Arc::new((0..ROWS).map(|n| has(n).then(|| format!("{n}"))).collect::<StringArray>())
    };
    let mut lists = ListBuilder::new(StringBuilder::new());
    for n in 0..ROWS {
        if n % 211 == 3 {
            lists.values().append_value(format!("event {n}"));
        }
        lists.append(true);
    }
    let columns: [(&str, ArrayRef); 6] = [
        ("number", Arc::new(Int64Array::from_iter_values(0..ROWS as i64))),
        ("often", text(&|n| n % 3 == 0)),
        ("stretches", text(&|n| (40..90).contains(&n) || (700..900).contains(&n))),
        ("once", text(&|n| n == 333)),
        ("never", text(&|_| false)),
        ("events", Arc::new(lists.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, name != "number"))).unwrap()
}

fn file(group_rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(8)
        .set_write_batch_size(8)
        .set_max_row_group_row_count(Some(group_rows))
        .build();
    let batch = batch();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

async fn reader(bytes: Vec<u8>, page_index: PageIndexPolicy) -> RowReader {
    let content = bytes::Bytes::from(bytes);
    let options = ArrowReaderOptions::new().with_page_index_policy(page_index);
    let metadata = ArrowReaderMetadata::load(&content, options).unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let path = Path::from("file.parquet");
    store.put(&path, content.into()).await.unwrap();
    RowReader { store, path, metadata, bytes: Count::new() }
}

fn whole(bytes: &[u8]) -> RecordBatch {
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes))
        .unwrap()
        .with_batch_size(ROWS)
        .build()
        .unwrap();
    let batches: Vec<RecordBatch> = reader.by_ref().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

#[tokio::test]
async fn rows_are_those_of_a_whole_reading() {
    let picks: [&[usize]; 7] = [
        &[0],
        &[999],
        &[3, 333, 334],
        &[39, 40, 89, 90, 214, 700, 899, 900],
        &[5, 6, 7, 8, 9],
        &[127, 128, 129, 500, 636],
        &[333, 847, 998, 999],
    ];
    for group_rows in [ROWS, 130, 64] {
        let bytes = file(group_rows);
        let whole = whole(&bytes);
        for policy in [PageIndexPolicy::Required, PageIndexPolicy::Skip] {
            let reader = reader(bytes.clone(), policy).await;
            for rows in picks {
                for roots in [vec![0, 1, 2, 3, 4, 5], vec![2, 4], vec![5], vec![4]] {
                    let mask: BooleanArray = (0..ROWS).map(|n| Some(rows.contains(&n))).collect();
                    let expected = filter_record_batch(&whole, &mask).unwrap().project(&roots).unwrap();
                    let read = reader.read(&mut pages::Live::new(reader.metadata.metadata(), rows), &roots).await.unwrap();
                    assert_eq!(read, expected, "rows {rows:?} of columns {roots:?}, groups of {group_rows}");
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_without_values_are_not_read() {
    let reader = reader(file(130), PageIndexPolicy::Required).await;
    let metadata = Arc::clone(reader.metadata.metadata());
    let cases: [(usize, &[usize], &[bool]); 5] = [
        (1, &[1, 2], &[true, true]),
        (2, &[0, 39, 40, 100, 899, 999], &[false, false, true, false, true, false]),
        (3, &[200, 333, 700], &[false, true, false]),
        (4, &[0, 129, 130, 999], &[false; 4]),
        (5, &[3, 100, 214], &[true, false, true]),
    ];
    for (root, rows, live) in cases {
        assert_eq!(pages::Live::new(&metadata, rows).of(root), live, "column {root}, rows {rows:?}");
    }
    let never = reader.read(&mut pages::Live::new(&metadata, &[0, 500]), &[4]).await.unwrap();
    assert_eq!((never.column(0).null_count(), reader.bytes.value()), (2, 0));
    let events = reader.read(&mut pages::Live::new(&metadata, &[100]), &[5]).await.unwrap();
    assert!(events.column(0).is_valid(0) && events.column(0).as_list::<i32>().value(0).is_empty());
}
