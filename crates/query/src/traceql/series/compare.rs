//! `compare()`: how the attributes of a selection of spans differ from those of the rest.
//!
//! One statement per field counts its values, in the selection and outside of it; the values that are
//! most frequent on either side become series.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use luneta_model::Tenant;

use super::{Intervals, Series, SeriesAnswer, invalid};
use crate::sql::{quote, text_literal};
use crate::traceql::ast::{Field, FieldExpr, Intrinsic, Scope};
use crate::traceql::eval::Value;
use crate::traceql::load::shown_value;
use crate::traceql::predicate::{KnownTypes, Predicate, of_expr};
use crate::traceql::search::time;
use crate::{QueryEngine, QueryError, SqlRequest};

/// Values of each field and side unless the query says.
const TOP: u32 = 10;
/// Fields that are compared, those most spans have first.
const FIELDS_MAX: usize = 100;
/// Fields every span has.
const INTRINSICS: [Intrinsic; 4] = [Intrinsic::Name, Intrinsic::Kind, Intrinsic::Status, Intrinsic::StatusMessage];

/// What is compared.
pub(super) struct Comparison<'q> {
    pub(super) selection: Option<&'q FieldExpr>,
    pub(super) top: Option<u32>,
    pub(super) between: Option<(i64, i64)>,
}

/// The series of one value of a field.
#[derive(Debug)]
struct Counted {
    value: Value,
    /// By interval: outside of the selection, and in it.
    counts: [Vec<f64>; 2],
}

impl Comparison<'_> {
    /// Runs one statement per field.
    pub(super) async fn run(
        &self,
        engine: &QueryEngine,
        tenant: &Tenant,
        spans: &Predicate,
        types: &KnownTypes,
        intervals: Intervals,
    ) -> Result<SeriesAnswer, QueryError> {
        let selected = self.selection.map_or(Predicate::any(true), |expr| of_expr(expr, types));
        if !spans.exact || !selected.exact {
            return Err(invalid(
                "compare() takes conditions on single spans, on fields whose values are all of the type they are compared with",
            ));
        }
        let mut selection = vec![selected.sql.map_or_else(|| "TRUE".to_owned(), |sql| format!("coalesce({sql}, FALSE)"))];
        if let Some((from, to)) = self.between {
            selection.push(format!("start_time >= {} AND start_time < {}", time(from), time(to)));
        }
        let condition = spans.sql.as_ref().map_or_else(String::new, |sql| format!(" AND {sql}"));
        let source = format!(
            "FROM spans WHERE start_time >= {} AND start_time < {}{condition}",
            time(intervals.start_ns),
            time(intervals.end_ns())
        );
        let mut answer = SeriesAnswer::default();
        for (name, expression, field) in fields(engine, tenant).await? {
            let query = format!(
                "SELECT date_bin(INTERVAL '{} nanoseconds', start_time, {}) AS step, {expression} AS value, {} AS selected, \
                 count(*) AS spans {source} GROUP BY 1, 2, 3",
                intervals.step_ns,
                time(intervals.start_ns),
                selection.join(" AND ")
            );
            let counted = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
            let mut values = HashMap::new();
            for batch in &counted.batches {
                read(batch, &field, intervals, &mut values)?;
            }
            self.add(&name, values.into_values().collect(), intervals, &mut answer.series);
            answer.warnings.extend(counted.warnings.into_iter().filter(|w| !answer.warnings.contains(w)).collect::<Vec<_>>());
        }
        Ok(answer)
    }

    /// The series of a field: its most frequent values on either side, and how many spans have any.
    fn add(&self, name: &str, mut values: Vec<Counted>, intervals: Intervals, out: &mut Vec<Series>) {
        const SIDES: [(&str, &str); 2] = [("baseline", "baseline_total"), ("selection", "selection_total")];
        values.retain(|counted| counted.value != Value::Nil);
        for (side, (kind, total)) in SIDES.into_iter().enumerate() {
            let sum = |counted: &Counted| counted.counts[side].iter().sum::<f64>();
            values.sort_by(|a, b| sum(b).total_cmp(&sum(a)).then_with(|| a.value.text().cmp(&b.value.text())));
            let series = |kind: &str, value: Value, counts: &[f64]| Series {
                labels: vec![("__meta_type".to_owned(), Value::String(kind.into())), (name.to_owned(), value)],
                points: counts.iter().enumerate().map(|(at, count)| (intervals.time_ns(at), *count)).collect(),
                exemplars: Vec::new(),
            };
            let top = values.iter().take(self.top.unwrap_or(TOP) as usize).filter(|counted| sum(counted) > 0.0);
            out.extend(top.map(|counted| series(kind, counted.value.clone(), &counted.counts[side])));
            let mut all = vec![0.0; intervals.count];
            for counted in &values {
                all.iter_mut().zip(&counted.counts[side]).for_each(|(sum, count)| *sum += count);
            }
            if all.iter().any(|count| *count > 0.0) {
                out.push(series(total, Value::Nil, &all));
            }
        }
    }
}

/// Fields to compare: a name, its expression, and how to read its values.
async fn fields(engine: &QueryEngine, tenant: &Tenant) -> Result<Vec<(String, String, Field)>, QueryError> {
    let intrinsic = |intrinsic: Intrinsic| {
        let column = match intrinsic {
            Intrinsic::Status => "status_code",
            Intrinsic::Kind => "kind",
            Intrinsic::StatusMessage => "nullif(status_message, '')",
            _ => "name",
        };
        (intrinsic.to_string(), column.to_owned(), Field::Intrinsic(intrinsic))
    };
    let mut fields: Vec<(String, String, Field)> = INTRINSICS.into_iter().map(intrinsic).collect();
    let service = Field::Key(Scope::Resource, "service.name".to_owned());
    fields.push(("resource.service.name".to_owned(), "service_name".to_owned(), service));
    let keys = engine.attribute_keys(tenant).await?;
    for key in keys.iter().filter(|key| key.table == "spans" && key.key != "service.name") {
        let (scope, prefix) = match key.scope {
            "attributes" => (Scope::Span, "span"),
            "resource_attributes" => (Scope::Resource, "resource"),
            _ => continue,
        };
        if fields.len() == FIELDS_MAX {
            break;
        }
        let expression = format!("attribute({}, {}, 't')", quote(key.scope), text_literal(&key.key));
        fields.push((format!("{prefix}.{}", key.key), expression, Field::Key(scope, key.key.clone())));
    }
    Ok(fields)
}

fn read(batch: &RecordBatch, field: &Field, intervals: Intervals, out: &mut HashMap<String, Counted>) -> Result<(), QueryError> {
    let column = |at: usize, wanted: &DataType| -> Result<ArrayRef, QueryError> {
        cast(batch.column(at), wanted).map_err(|e| QueryError::Execution(e.to_string()))
    };
    let steps = column(0, &DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None))?;
    let (selected, counts) = (column(2, &DataType::Boolean)?, column(3, &DataType::Int64)?);
    let selected: &BooleanArray = selected.as_boolean();
    for row in 0..batch.num_rows() {
        let Some(at) = intervals.of(steps.as_primitive::<TimestampNanosecondType>().value(row)) else { continue };
        let value = shown_value(field, batch.column(1), row);
        // Values of different types may look alike.
        let key = format!("{value:?}");
        let counted =
            out.entry(key).or_insert_with(|| Counted { value, counts: [vec![0.0; intervals.count], vec![0.0; intervals.count]] });
        let side = usize::from(selected.is_valid(row) && selected.value(row));
        counted.counts[side][at] += counts.as_primitive::<Int64Type>().value(row) as f64;
    }
    Ok(())
}
