//! Leaves out files whose catalog statistics rule out every row.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use luneta_model::schema;
use luneta_store::{ColumnStats, LakeFile, StatValue};

/// The files that may hold a row for which `predicate` is true.
pub fn by_statistics(
    predicate: &Arc<dyn PhysicalExpr>,
    scan: &SchemaRef,
    files: Vec<Arc<LakeFile>>,
) -> Result<Vec<Arc<LakeFile>>> {
    if files.is_empty() {
        return Ok(files);
    }
    // Predicates the pruner cannot use keep every file.
    let Ok(pruning) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(scan)).try_build(Arc::clone(predicate)) else {
        return Ok(files);
    };
    if pruning.always_true() {
        return Ok(files);
    }
    let keep = pruning.prune(&CatalogStatistics { files: &files, scan })?;
    Ok(files.into_iter().zip(keep).filter_map(|(file, keep)| keep.then_some(file)).collect())
}

/// The filters that statistics do not already know to hold for every row of a file: bounds of time,
/// which most queries have and most files lie between.
pub fn open_filters(filters: &[Expr], file: &LakeFile) -> Vec<Expr> {
    filters.iter().filter(|filter| !holds_throughout(filter, file)).cloned().collect()
}

fn holds_throughout(filter: &Expr, file: &LakeFile) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return false };
    let (Expr::Column(column), Expr::Literal(ScalarValue::TimestampNanosecond(Some(bound), _), _)) =
        (left.as_ref(), right.as_ref())
    else {
        return false;
    };
    let Some(stats) = file.stats.get(&column.name).filter(|stats| file.ours && stats.null_count == Some(0)) else {
        return false;
    };
    match (op, &stats.min, &stats.max) {
        (Operator::GtEq, Some(StatValue::Timestamp(min)), _) => min >= bound,
        (Operator::Gt, Some(StatValue::Timestamp(min)), _) => min > bound,
        (Operator::LtEq, _, Some(StatValue::Timestamp(max))) => max <= bound,
        (Operator::Lt, _, Some(StatValue::Timestamp(max))) => max < bound,
        _ => false,
    }
}

struct CatalogStatistics<'a> {
    files: &'a [Arc<LakeFile>],
    scan: &'a SchemaRef,
}

impl CatalogStatistics<'_> {
    fn values(&self, column: &Column, pick: impl Fn(&ColumnStats) -> Option<&StatValue>) -> Option<ArrayRef> {
        if schema::ENCODED.contains(&column.name.as_str()) {
            return None;
        }
        let data_type = self.scan.field_with_name(&column.name).ok()?.data_type();
        let values = self.files.iter().map(|file| {
            let stat = file.stats.get(&column.name).and_then(&pick);
            stat.and_then(|v| scalar(v, data_type)).map_or_else(|| ScalarValue::try_from(data_type), Ok)
        });
        ScalarValue::iter_to_array(values.collect::<Result<Vec<_>>>().ok()?).ok()
    }
}

/// A statistic as a value of the column's type; `None` where it is not one.
fn scalar(value: &StatValue, data_type: &DataType) -> Option<ScalarValue> {
    Some(match (value, data_type) {
        (StatValue::Timestamp(t), DataType::Timestamp(..)) => ScalarValue::TimestampNanosecond(Some(*t), None),
        (StatValue::Int(i), DataType::Int64) => ScalarValue::Int64(Some(*i)),
        (StatValue::Int(i), DataType::Int32) => ScalarValue::Int32(Some(i32::try_from(*i).ok()?)),
        (StatValue::Int(i), DataType::UInt32) => ScalarValue::UInt32(Some(u32::try_from(*i).ok()?)),
        (StatValue::Double(d), DataType::Float64) => ScalarValue::Float64(Some(*d)),
        (StatValue::Text(t), DataType::Utf8) => ScalarValue::Utf8(Some(t.clone())),
        (StatValue::Text(t), DataType::Utf8View) => ScalarValue::Utf8View(Some(t.clone())),
        (StatValue::Bool(b), DataType::Boolean) => ScalarValue::Boolean(Some(*b)),
        (StatValue::Bytes(b), DataType::FixedSizeBinary(n)) if b.len() == *n as usize => {
            ScalarValue::FixedSizeBinary(*n, Some(b.clone()))
        }
        _ => return None,
    })
}

impl PruningStatistics for CatalogStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |s| s.min.as_ref())
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |s| s.max.as_ref())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        // A column a file does not have is null in every row of it, unless it is one computed from
        // others (those never have statistics).
        let computed = !column.name.contains('.');
        if schema::ENCODED.contains(&column.name.as_str()) {
            return None;
        }
        let counts: UInt64Array = self
            .files
            .iter()
            .map(|f| match f.stats.get(&column.name) {
                Some(stats) => stats.null_count,
                None if computed => None,
                None => Some(f.rows),
            })
            .collect();
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.files.iter().map(|f| Some(f.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use datafusion::prelude::{col, lit};

    use super::*;

    #[test]
    fn filters_that_hold_for_a_whole_file_are_left_out() {
        let stats = |null_count| ColumnStats {
            min: Some(StatValue::Timestamp(100)),
            max: Some(StatValue::Timestamp(200)),
            null_count: Some(null_count),
        };
        let file = |ours, nulls| LakeFile {
            counted: false,
            data_file_id: 1,
            path: "f".to_owned(),
            size: 1,
            footer_size: 1,
            rows: 10,
            stats: HashMap::from([("start_time".to_owned(), stats(nulls))]),
            strays: HashSet::new(),
            map_keys: Vec::new(),
            trace_index: None,
            token_index: None,
            ours,
            deletes: None,
            created_ms: 0,
        };
        let at = |ns| lit(ScalarValue::TimestampNanosecond(Some(ns), Some("UTC".into())));
        let start = || col("start_time");
        let cases = [
            (start().gt_eq(at(100)), true),
            (start().gt_eq(at(101)), false),
            (start().gt(at(99)), true),
            (start().gt(at(100)), false),
            (start().lt(at(201)), true),
            (start().lt(at(200)), false),
            (start().lt_eq(at(200)), true),
            (start().lt_eq(at(199)), false),
            (start().eq(at(150)), false),
            (col("end_time").gt_eq(at(0)), false),
            (start().gt_eq(at(100)).or(start().lt(at(0))), false),
        ];
        for (filter, left_out) in cases {
            for (file, known) in [(file(true, 0), true), (file(true, 1), false), (file(false, 0), false)] {
                let open = open_filters(std::slice::from_ref(&filter), &file);
                assert_eq!(open.is_empty(), left_out && known, "{filter} of {file:?}");
            }
        }
    }
}
