//! Rows the moment they are accepted, for live tails.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{self, take};
use arrow::datatypes::{Schema, UInt32Type};
use datafusion::error::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use luneta_model::{Batch, schema};

use crate::scan::adapter::LakeAdapterFactory;

/// What a live tail wants to see.
#[derive(Debug, Clone, Default)]
pub struct LiveFilter {
    /// Only this service.
    pub service: Option<String>,
    /// Only errors: spans with status ERROR, records of severity ERROR and above.
    pub errors: bool,
    /// Only rows whose body or name holds this text, in any case.
    pub text: Option<String>,
}

/// The rows of a batch that pass the filter, newest last, in the named logical columns.
///
/// # Errors
/// An engine error when the batch does not have the layout of its table.
pub fn live_rows(batch: &Batch, filter: &LiveFilter, columns: &[&str]) -> Result<RecordBatch> {
    let wide = widen(&batch.listed()?)?;
    let logical = Arc::new(schema::logical(batch.signal));
    let all = HashSet::from(["*".to_owned()]);
    let adapter = LakeAdapterFactory::new(all).create(Arc::clone(&logical), wide.schema())?;
    let read = |rows: &RecordBatch, name: &str| -> Result<ArrayRef> {
        let column = Arc::new(Column::new(name, logical.index_of(name)?));
        adapter.rewrite(column)?.evaluate(rows)?.into_array(rows.num_rows())
    };
    let mut keep = BooleanArray::from(vec![true; wide.num_rows()]);
    if let Some(service) = &filter.service {
        let names = read(&wide, "service_name")?;
        keep = and(&keep, names.as_string::<i32>().iter().map(|n| n == Some(service.as_str())))?;
    }
    if filter.errors && logical.field_with_name("status_code").is_ok() {
        let codes = read(&wide, "status_code")?;
        keep = and(&keep, codes.as_string::<i32>().iter().map(|c| c == Some("ERROR")))?;
    } else if filter.errors {
        let numbers = read(&wide, "severity_number")?;
        keep = and(&keep, numbers.as_primitive::<arrow::datatypes::Int32Type>().iter().map(|n| n.is_some_and(|n| n >= 17)))?;
    }
    if let Some(text) = filter.text.as_ref().filter(|t| !t.is_empty()) {
        let searched = if logical.field_with_name("body").is_ok() { "body" } else { "name" };
        let values = read(&wide, searched)?;
        let wanted = text.to_lowercase();
        keep = and(&keep, values.as_string::<i32>().iter().map(|v| v.is_some_and(|v| v.to_lowercase().contains(&wanted))))?;
    }
    let kept = compute::filter_record_batch(&wide, &keep)?;
    let fields = columns.iter().map(|name| logical.field_with_name(name).cloned()).collect::<Result<Vec<_>, _>>()?;
    let arrays = columns.iter().map(|name| read(&kept, name)).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn and(keep: &BooleanArray, also: impl Iterator<Item = bool>) -> Result<BooleanArray> {
    Ok(compute::and(keep, &also.map(Some).collect())?)
}

/// The rows with what belongs to their resource and scope beside them.
pub(crate) fn widen(batch: &Batch) -> Result<RecordBatch> {
    let keys = batch.rows.column(0).as_primitive::<UInt32Type>();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.rows.schema().fields().iter().zip(batch.rows.columns()).skip(1) {
        fields.push(Arc::clone(field));
        columns.push(Arc::clone(column));
    }
    for (field, column) in batch.origins.schema().fields().iter().zip(batch.origins.columns()).skip(1) {
        fields.push(Arc::clone(field));
        columns.push(take(column, keys, None)?);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
