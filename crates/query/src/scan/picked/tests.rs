//! Rows read one by one are the rows a whole reading gives.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, DictionaryArray, Int64Array, ListBuilder, RecordBatch, StringArray,
    StringBuilder, UInt32Array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int32Type;
use datafusion::object_store::memory::InMemory;
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::WriterProperties;

use super::pages::{Cell, Live, Value};
use super::reader::RowReader;

const ROWS: usize = 1000;

/// A column, rows, what is known of it there, and its values that are known.
type Case<'a> = (usize, &'a [usize], &'a [Cell], &'a [Value]);

/// Columns with values in all rows, in two stretches, in one row, and nowhere, and columns whose values
/// stay for a while; of pages with eight rows.
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
    let block = |n: usize| n / 150;
    let columns: [(&str, ArrayRef); 11] = [
        ("number", Arc::new(Int64Array::from_iter_values(0..ROWS as i64))),
        ("often", text(&|n| n % 3 == 0)),
        ("stretches", text(&|n| (40..90).contains(&n) || (700..900).contains(&n))),
        ("once", text(&|n| n == 333)),
        ("never", text(&|_| false)),
        ("events", Arc::new(lists.finish())),
        ("label", Arc::new((0..ROWS).map(|n| Some(format!("block {}", block(n)))).collect::<StringArray>())),
        ("word", Arc::new((0..ROWS).map(|n| Some(["a", "b"][block(n) % 2])).collect::<DictionaryArray<Int32Type>>())),
        ("flags", Arc::new((0..ROWS).map(|n| Some(u32::MAX - block(n) as u32)).collect::<UInt32Array>())),
        ("truth", Arc::new((0..ROWS).map(|n| (n % 300 > 20).then_some(block(n) < 4)).collect::<BooleanArray>())),
        ("long", Arc::new((0..ROWS).map(|n| Some("long ".repeat(20) + &block(n).to_string())).collect::<StringArray>())),
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
                for roots in [(0..11).collect(), vec![2, 4], vec![5], vec![4], vec![6, 7, 8, 9, 10]] {
                    let mask: BooleanArray = (0..ROWS).map(|n| Some(rows.contains(&n))).collect();
                    let expected = filter_record_batch(&whole, &mask).unwrap().project(&roots).unwrap();
                    let read = reader.read(&mut Live::new(&reader.metadata, rows), &roots).await.unwrap();
                    assert_eq!(read, expected, "rows {rows:?} of columns {roots:?}, groups of {group_rows}");
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_without_values_are_not_read() {
    let reader = reader(file(130), PageIndexPolicy::Required).await;
    let cases: [(usize, &[usize], &[bool]); 5] = [
        (1, &[1, 2], &[true, true]),
        (2, &[0, 39, 40, 100, 899, 999], &[false, false, true, false, true, false]),
        (3, &[200, 333, 700], &[false, true, false]),
        (4, &[0, 129, 130, 999], &[false; 4]),
        (5, &[3, 100, 214], &[true, false, true]),
    ];
    for (root, rows, live) in cases {
        let mut columns = Live::new(&reader.metadata, rows);
        let cells: Vec<bool> = columns.of(root).cells.iter().map(|cell| *cell != Cell::Nothing).collect();
        assert_eq!(cells, live, "column {root}, rows {rows:?}");
    }
    let never = reader.read(&mut Live::new(&reader.metadata, &[0, 500]), &[4]).await.unwrap();
    assert_eq!((never.column(0).null_count(), reader.bytes.value()), (2, 0));
    let events = reader.read(&mut Live::new(&reader.metadata, &[100]), &[5]).await.unwrap();
    assert!(events.column(0).is_valid(0) && events.column(0).as_list::<i32>().value(0).is_empty());
}

#[tokio::test]
async fn pages_of_one_value_are_not_read() {
    let reader = reader(file(ROWS), PageIndexPolicy::Required).await;
    let text = |text: &str| Value::Text(text.to_owned());
    // Rows of different pages, of a page that has both values, and of one with nulls.
    let cases: [Case; 5] = [
        (6, &[0, 7, 304], &[Cell::Known(0), Cell::Known(0), Cell::Known(1)], &[text("block 0"), text("block 2")]),
        (7, &[145, 149, 160], &[Cell::Read, Cell::Read, Cell::Known(0)], &[text("b")][..]),
        (8, &[999], &[Cell::Known(0)], &[Value::Integer(i64::from(u32::MAX) - 6)]),
        (9, &[0, 30, 310], &[Cell::Nothing, Cell::Known(0), Cell::Nothing], &[Value::Boolean(true)]),
        (10, &[3], &[Cell::Read], &[]),
    ];
    for (root, rows, cells, known) in cases {
        let mut columns = Live::new(&reader.metadata, rows);
        let column = columns.of(root);
        assert_eq!((column.cells.as_slice(), column.known.as_slice()), (cells, known), "column {root}, rows {rows:?}");
    }
    reader.read(&mut Live::new(&reader.metadata, &[0, 30, 304]), &[6, 8]).await.unwrap();
    assert_eq!(reader.bytes.value(), 0);
}
