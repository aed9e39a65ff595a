//! Logical columns of points, read from what a file or a batch in memory holds.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef, TimestampNanosecondType, UInt32Type, UInt64Type};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use luneta_model::{Signal, schema};

use super::identity::MetricKey;
use crate::scan::adapter::LakeAdapterFactory;

/// Columns that say which series a row is of, and when it was taken.
pub const KEYS: [&str; 7] = ["metric_name", "series", "type", "unit", "temporality", "is_monotonic", "time"];
/// Those of them that are texts.
pub const KEY_TEXTS: [&str; 4] = ["metric_name", "type", "unit", "temporality"];

/// The type of texts that repeat.
pub fn shared_text() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// The column of a file with the counts of the buckets at one position.
pub fn position_column(position: usize) -> String {
    format!("{POSITIONS}{position}")
}

/// Whether a column is one of [`position_column`].
pub fn is_position(column: &str) -> bool {
    column.starts_with(POSITIONS)
}

const POSITIONS: &str = "bucket_counts.";

/// Logical columns over one physical schema.
#[derive(Debug)]
pub struct Columns(Vec<Arc<dyn PhysicalExpr>>);

impl Columns {
    /// The logical columns of `names` over files or batches of this schema; counts of buckets also by position.
    pub fn new(physical: &SchemaRef, names: &[impl AsRef<str>]) -> Result<Self> {
        let logical = Arc::new(schema::logical(Signal::Metrics));
        let everywhere = HashSet::from(["*".to_owned()]);
        let adapter = LakeAdapterFactory::new(everywhere).create(Arc::clone(&logical), Arc::clone(physical))?;
        let column = |name: &str| -> Result<Arc<dyn PhysicalExpr>> {
            if is_position(name) {
                return Ok(Arc::new(Column::new(name, physical.index_of(name)?)));
            }
            adapter.rewrite(Arc::new(Column::new(name, logical.index_of(name)?)))
        };
        Ok(Self(names.iter().map(|name| column(name.as_ref())).collect::<Result<_>>()?))
    }

    /// The physical columns that are read, in order.
    pub fn roots(&self, physical: &SchemaRef) -> Vec<usize> {
        let columns = self.0.iter().flat_map(collect_columns);
        let roots: HashSet<usize> = columns.filter_map(|column| physical.index_of(column.name()).ok()).collect();
        let mut roots: Vec<usize> = roots.into_iter().collect();
        roots.sort_unstable();
        roots
    }

    /// The columns of a batch that has at least the physical columns of [`Self::roots`].
    pub fn read(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let read = |expr: &Arc<dyn PhysicalExpr>| {
            reassign_expr_columns(Arc::clone(expr), &batch.schema())?.evaluate(batch)?.into_array(batch.num_rows())
        };
        self.0.iter().map(read).collect()
    }
}

/// What a row is of, by numbers that are equal within one batch where the texts are.
pub type RowKey = (u64, [u32; 4], bool);

/// The columns of [`KEYS`] in one batch.
#[derive(Debug)]
pub struct KeyColumns {
    series: UInt64Array,
    texts: [Option<DictionaryArray<UInt32Type>>; 4],
    monotonic: Option<ArrayRef>,
    times: arrow::array::TimestampNanosecondArray,
}

impl KeyColumns {
    /// Of a batch in the physical layout.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        let column = |name: &str| batch.column_by_name(name).filter(|column| *column.data_type() != DataType::Null);
        let text = |name: &str| -> Result<Option<DictionaryArray<UInt32Type>>> {
            let Some(column) = column(name) else { return Ok(None) };
            Ok(cast(column, &shared_text())?.as_dictionary_opt::<UInt32Type>().cloned())
        };
        let number = |name: &str, data_type: DataType| -> Result<ArrayRef> {
            let missing = || datafusion::common::exec_datafusion_err!("the column `{name}` is missing");
            Ok(cast(column(name).ok_or_else(missing)?, &data_type)?)
        };
        let [name, kind, unit, temporality] = KEY_TEXTS.map(text);
        Ok(Self {
            series: number("series", DataType::UInt64)?.as_primitive::<UInt64Type>().clone(),
            texts: [name?, kind?, unit?, temporality?],
            monotonic: column("is_monotonic").map(|column| cast(column, &DataType::Boolean)).transpose()?,
            times: number("time", DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None))?
                .as_primitive::<TimestampNanosecondType>()
                .clone(),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// What a row is of.
    pub fn key(&self, row: usize) -> RowKey {
        let text = |at: usize| {
            let keys = self.texts[at].as_ref().map(DictionaryArray::keys);
            keys.filter(|keys| keys.is_valid(row)).map_or(u32::MAX, |keys| keys.value(row))
        };
        (self.series.value(row), [text(0), text(1), text(2), text(3)], self.is_monotonic(row))
    }

    /// `time`.
    pub fn time(&self, row: usize) -> i64 {
        self.times.value(row)
    }

    fn is_monotonic(&self, row: usize) -> bool {
        let column = self.monotonic.as_ref().and_then(AsArray::as_boolean_opt);
        column.is_some_and(|column| column.is_valid(row) && column.value(row))
    }

    /// The metric of a row.
    pub fn metric(&self, row: usize) -> MetricKey<'_> {
        let text = |at: usize| {
            let Some(texts) = self.texts[at].as_ref().filter(|texts| texts.is_valid(row)) else { return "" };
            let values: Option<&StringArray> = texts.values().as_string_opt::<i32>();
            let value = texts.keys().value(row) as usize;
            values.filter(|values| value < values.len() && values.is_valid(value)).map_or("", |values| values.value(value))
        };
        MetricKey { name: text(0), kind: text(1), unit: text(2), temporality: text(3), monotonic: self.is_monotonic(row) }
    }
}
