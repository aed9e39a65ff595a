//! What can be asked for: fields and their values.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use luneta_model::{AttributeScope, Signal, Tenant};

use super::ast::{Attribute, Field, FieldExpr, Intrinsic, Scope, SpansetExpr, Stage};
use super::eval::Value;
use super::load::{columns, shown_value};
use super::predicate::{KnownTypes, of_pipeline};
use super::search::time;
use crate::scan::dictionaries;
use crate::trace::{events, links};
use crate::{QueryEngine, QueryError, SqlRequest};

/// Spans whose events and links are looked into for their keys.
const SAMPLED_SPANS: usize = 2_000;
/// How far they are looked for, in nanoseconds: ten seconds, ten minutes, a day.
const SAMPLED_TIMES: [i64; 3] = [10_000_000_000, 600_000_000_000, 86_400_000_000_000];

/// Which values are wanted.
#[derive(Debug, Clone)]
pub struct ValuesRequest {
    /// Of which field.
    pub field: Field,
    /// Only of spans this TraceQL query finds; as far as single spans tell.
    pub query: Option<String>,
    /// Spans start from here on, in nanoseconds since 1970…
    pub start_ns: i64,
    /// …and before this.
    pub end_ns: i64,
    /// Most values wanted.
    pub limit: usize,
}

/// A field by its name: an intrinsic, or an attribute with or without its scope.
///
/// # Errors
/// [`QueryError::Parse`].
pub fn field(name: &str) -> Result<Field, QueryError> {
    let read = |text: &str| -> Result<Option<Attribute>, super::SyntaxError> {
        let mut query = super::parse(&format!("{{ {text} != nil }}"))?;
        Ok(match query.pipeline.stages.pop() {
            Some(Stage::Spansets(SpansetExpr::Filter(Some(FieldExpr::Binary { left, .. })))) => match *left {
                FieldExpr::Attribute(attribute) => Some(attribute),
                _ => None,
            },
            _ => None,
        })
    };
    let quoted = format!(".\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let found = match read(name) {
        Ok(Some(attribute)) => Some(attribute),
        // Old clients leave out the scope and its dot.
        _ => read(&quoted)?,
    };
    found
        .map(|attribute| attribute.field)
        .ok_or_else(|| QueryError::Parse { message: format!("`{name}` is not the name of a field"), position: None })
}

impl QueryEngine {
    /// The keys of attributes, by scope.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn tags(&self, tenant: &Tenant, start_ns: i64, end_ns: i64) -> Result<Vec<(Scope, Vec<String>)>, QueryError> {
        let keys = self.attribute_keys(tenant).await?;
        let of = |column: &str| -> Vec<String> {
            let found: BTreeSet<String> =
                keys.iter().filter(|k| k.table == "spans" && k.scope == column).map(|k| k.key.clone()).collect();
            found.into_iter().collect()
        };
        let mut resource = of("resource_attributes");
        if let Err(at) = resource.binary_search_by(|key| key.as_str().cmp("service.name")) {
            resource.insert(at, "service.name".to_owned());
        }
        let (event, link) = self.keys_of_lists(tenant, start_ns, end_ns).await?;
        Ok(vec![
            (Scope::Resource, resource),
            (Scope::Span, of("attributes")),
            (Scope::Instrumentation, of("scope_attributes")),
            (Scope::Event, event),
            (Scope::Link, link),
        ])
    }

    /// Keys of events and links. The newest spans tell: longer and longer times are looked at until one
    /// has some.
    async fn keys_of_lists(&self, tenant: &Tenant, start_ns: i64, end_ns: i64) -> Result<(Vec<String>, Vec<String>), QueryError> {
        let (mut of_events, mut of_links) = (BTreeSet::new(), BTreeSet::new());
        for span_ns in SAMPLED_TIMES {
            let from = end_ns.saturating_sub(span_ns).max(start_ns);
            let query = format!(
                "SELECT events, links FROM spans WHERE start_time >= {} AND start_time < {} \
                 AND (cardinality(events) > 0 OR cardinality(links) > 0) LIMIT {SAMPLED_SPANS}",
                time(from),
                time(end_ns)
            );
            let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
            for batch in &answer.batches {
                for row in 0..batch.num_rows() {
                    of_events.extend(events(batch.column(0), row).into_iter().flat_map(|e| e.attributes).map(|a| a.key));
                    of_links.extend(links(batch.column(1), row).into_iter().flat_map(|l| l.attributes).map(|a| a.key));
                }
            }
            if from == start_ns || !of_events.is_empty() {
                break;
            }
        }
        Ok((of_events.into_iter().collect(), of_links.into_iter().collect()))
    }

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
        if request.query.as_deref().is_some_and(|query| !query.trim().is_empty() && query.trim() != "{}") {
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
        let Some((expression, condition)) = expression(&request.field) else {
            return Ok(Vec::new());
        };
        if let Some(values) = self.known_texts(tenant, request).await? {
            return Ok(values);
        }
        let mut conditions =
            vec![format!("start_time >= {}", time(request.start_ns)), format!("start_time < {}", time(request.end_ns))];
        conditions.extend(condition);
        if let Some(query) = request.query.as_deref().filter(|query| !query.trim().is_empty()) {
            let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
            conditions.extend(of_pipeline(&super::parse(query)?.pipeline, &KnownTypes::new(&snapshot)).sql);
        }
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
}

/// The expression of a field, and what else must hold. Values of events and links, and those that
/// only whole traces have, are not offered.
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
