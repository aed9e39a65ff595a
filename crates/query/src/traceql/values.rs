//! The values of fields.

use std::collections::HashMap;
use std::mem::Discriminant;

use arrow::datatypes::DataType;
use luneta_model::{AttributeScope, Signal, Tenant};

use super::ast::{Field, Intrinsic, Scope};
use super::eval::{EvalSpan, Value};
use super::load::{columns, listed, shown_value};
use super::predicate::{KnownTypes, of_pipeline};
use super::search::time;
use super::tags::narrowing;
use crate::scan::dictionaries;
use crate::{QueryEngine, QueryError, SqlRequest};

/// Spans whose events or links are looked into for their values; the newest.
const SAMPLED_SPANS: usize = 10_000;

/// Which values are wanted.
#[derive(Debug, Clone)]
pub struct ValuesRequest {
    /// Of which field.
    pub field: Field,
    /// Only of spans this TraceQL query finds, as far as single spans tell. Conditions of it that cannot be
    /// read narrow nothing.
    pub query: Option<String>,
    /// Spans start from here on, in nanoseconds since 1970…
    pub start_ns: i64,
    /// …and before this.
    pub end_ns: i64,
    /// Most values wanted.
    pub limit: usize,
}

impl QueryEngine {
    /// The values of an attribute that files have in a dictionary, in alphabetical order. Files that reach
    /// beyond the time asked for, and the rows in memory, are taken whole, as Tempo takes its blocks. `None` where counting spans
    /// is called for: a query narrows them, or there are too many values to show all.
    async fn known_texts(&self, tenant: &Tenant, request: &ValuesRequest) -> Result<Option<Vec<Value>>, QueryError> {
        let scope = match &request.field {
            Field::Key(Scope::Span, _) => AttributeScope::Item,
            Field::Key(Scope::Resource, _) => AttributeScope::Resource,
            _ => return Ok(None),
        };
        let Field::Key(_, key) = &request.field else { return Ok(None) };
        if request.query.as_deref().and_then(narrowing).is_some() {
            return Ok(None);
        }
        let service = scope == AttributeScope::Resource && key == "service.name";
        let column = if service { "service_name".to_owned() } else { format!("{}{key}", scope.prefix()) };
        let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
        if snapshot.schema.field_with_name(&column).is_ok_and(|field| *field.data_type() != DataType::Utf8) {
            return Ok(None);
        }
        let within = request.start_ns..request.end_ns;
        let (store, footers) = (self.store().object_store(), self.footers());
        let texts = dictionaries::texts(&store, &footers, &snapshot, (&column, scope), within, request.limit).await;
        // Counting spans meets the same damaged file, and goes on without it.
        Ok(texts.unwrap_or_default().map(|texts| texts.into_iter().map(|text| Value::String(text.into())).collect()))
    }

    /// The values of a field, the most frequent first.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn tag_values(&self, tenant: &Tenant, request: &ValuesRequest) -> Result<Vec<Value>, QueryError> {
        if of_lists(&request.field) {
            return self.values_of_lists(tenant, request).await;
        }
        let Some((expression, condition)) = expression(&request.field) else {
            return Ok(Vec::new());
        };
        if let Some(values) = self.known_texts(tenant, request).await? {
            return Ok(values);
        }
        let mut conditions = self.conditions(tenant, request).await?;
        conditions.extend(condition);
        let query = format!(
            "SELECT {expression} AS value, count(*) AS spans FROM spans WHERE {} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {}",
            conditions.join(" AND "),
            // What is missing is a group of its own.
            request.limit.saturating_add(1)
        );
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let values = answer.batches.iter().flat_map(|batch| {
            (0..batch.num_rows()).map(|row| shown_value(&request.field, batch.column(0), row)).collect::<Vec<_>>()
        });
        let mut out: Vec<Value> = Vec::new();
        for value in values.filter(|value| *value != Value::Nil) {
            match value {
                Value::List(items) => out.extend(items),
                one => out.push(one),
            }
        }
        out.truncate(request.limit);
        Ok(out)
    }

    /// What the time and the query ask of spans.
    async fn conditions(&self, tenant: &Tenant, request: &ValuesRequest) -> Result<Vec<String>, QueryError> {
        let mut conditions =
            vec![format!("start_time >= {}", time(request.start_ns)), format!("start_time < {}", time(request.end_ns))];
        if let Some(query) = request.query.as_deref().and_then(narrowing) {
            let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
            conditions.extend(of_pipeline(&super::parse(&query)?.pipeline, &KnownTypes::new(&snapshot)).sql);
        }
        Ok(conditions)
    }

    /// The values in events or links of the newest spans, the most frequent first.
    async fn values_of_lists(&self, tenant: &Tenant, request: &ValuesRequest) -> Result<Vec<Value>, QueryError> {
        let Some(column) = columns(&request.field) else { return Ok(Vec::new()) };
        let query = format!(
            "SELECT {column} FROM spans WHERE {} AND cardinality({column}) > 0 ORDER BY start_time DESC LIMIT {SAMPLED_SPANS}",
            self.conditions(tenant, request).await?.join(" AND ")
        );
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let span = EvalSpan::default();
        let mut counts: HashMap<(Discriminant<Value>, String), (usize, Value)> = HashMap::new();
        for batch in &answer.batches {
            for row in 0..batch.num_rows() {
                let Value::List(values) = listed(&request.field, Some(0), batch, row, &span) else { continue };
                for value in values.into_iter().filter(|value| *value != Value::Nil) {
                    let key = (std::mem::discriminant(&value), value.text());
                    counts.entry(key).or_insert((0, value)).0 += 1;
                }
            }
        }
        let mut counted: Vec<(String, (usize, Value))> = counts.into_iter().map(|((_, text), of)| (text, of)).collect();
        counted.sort_by(|(a, (a_count, _)), (b, (b_count, _))| b_count.cmp(a_count).then_with(|| a.cmp(b)));
        counted.truncate(request.limit);
        Ok(counted.into_iter().map(|(_, (_, value))| value).collect())
    }
}

/// Whether a field's values are in events or links. Their ids and times are not offered.
fn of_lists(field: &Field) -> bool {
    matches!(field, Field::Key(Scope::Event | Scope::Link, _) | Field::Intrinsic(Intrinsic::EventName))
}

/// The expression of a field, and what else must hold. Values that only whole traces have are not offered.
fn expression(field: &Field) -> Option<(String, Option<String>)> {
    let of_root = || Some("parent_span_id IS NULL".to_owned());
    match field {
        Field::Intrinsic(Intrinsic::Name) => Some(("name".to_owned(), None)),
        Field::Intrinsic(Intrinsic::RootName) => Some(("name".to_owned(), of_root())),
        Field::Intrinsic(Intrinsic::RootService) => Some(("service_name".to_owned(), of_root())),
        Field::Intrinsic(
            Intrinsic::Status
            | Intrinsic::StatusMessage
            | Intrinsic::Kind
            | Intrinsic::InstrumentationName
            | Intrinsic::InstrumentationVersion,
        )
        | Field::Key(Scope::Any | Scope::Span | Scope::Resource | Scope::Instrumentation, _) => Some((columns(field)?, None)),
        Field::Intrinsic(_) | Field::Key(Scope::Event | Scope::Link, _) => None,
    }
}
