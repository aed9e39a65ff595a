//! Traces with just what a query reads of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Int64Type, TimestampNanosecondType};
use luneta_model::{AnyValue, AttributeScope, Tenant, TypeCode, decode_text};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};

use super::ast::{Field, Intrinsic, Kind, Scope, Status};
use super::eval::{EvalSpan, EvalTrace, Fields, Value};
use super::predicate::{kind_name, status_code};
use crate::sql::{quote, text_literal};
use crate::trace::{events, links};
use crate::{QueryEngine, QueryError, SqlAnswer, SqlRequest};

/// Traces one statement looks up; the scan finds more than this only by reading everything.
pub const LOOKUP_MAX: usize = 256;
/// Columns that every query gets, in this order.
const BASE: [&str; 8] =
    ["trace_id", "span_id", "parent_span_id", "start_time", "duration_ns", "name", "service_name", "status_code"];
/// Columns that need no statement to be read.
const PLAIN: [&str; 5] = ["service_name", "status_code", "status_message", "kind", "scope_name"];

const KINDS: [Kind; 6] = [Kind::Unspecified, Kind::Internal, Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer];
const STATUSES: [Status; 3] = [Status::Unset, Status::Ok, Status::Error];

/// The columns behind a field; `None` where the span's place in its trace says it.
pub(super) fn columns(field: &Field) -> Option<String> {
    use Intrinsic::{EventName, EventTimeSinceStart, InstrumentationName, InstrumentationVersion, LinkSpanId, LinkTraceId};
    let tagged = |scope: AttributeScope, key: &str| format!("attribute({}, {}, 't')", quote(scope.column()), text_literal(key));
    Some(match field {
        Field::Key(Scope::Resource, key) if key == "service.name" => "service_name".to_owned(),
        Field::Key(Scope::Span, key) => tagged(AttributeScope::Item, key),
        Field::Key(Scope::Resource, key) => tagged(AttributeScope::Resource, key),
        Field::Key(Scope::Instrumentation, key) => tagged(AttributeScope::Scope, key),
        Field::Key(Scope::Any, key) => {
            format!("coalesce({}, {})", tagged(AttributeScope::Item, key), tagged(AttributeScope::Resource, key))
        }
        Field::Key(Scope::Event, _) | Field::Intrinsic(EventName | EventTimeSinceStart) => "events".to_owned(),
        Field::Key(Scope::Link, _) | Field::Intrinsic(LinkSpanId | LinkTraceId) => "links".to_owned(),
        Field::Intrinsic(Intrinsic::Status) => "status_code".to_owned(),
        Field::Intrinsic(Intrinsic::StatusMessage) => "status_message".to_owned(),
        Field::Intrinsic(Intrinsic::Kind) => "kind".to_owned(),
        Field::Intrinsic(InstrumentationName) => "scope_name".to_owned(),
        Field::Intrinsic(InstrumentationVersion) => "scope_version".to_owned(),
        Field::Intrinsic(_) => return None,
    })
}

/// What to select for the fields: an expression each, and which of them each field reads.
fn selection(fields: &Fields) -> (Vec<String>, Vec<Option<usize>>) {
    let mut expressions: Vec<String> = Vec::new();
    let mut places = Vec::new();
    for field in fields.list() {
        places.push(columns(field).map(|expression| {
            if let Some(at) = expressions.iter().position(|known| *known == expression) {
                BASE.len() + at
            } else {
                expressions.push(expression);
                BASE.len() + expressions.len() - 1
            }
        }));
    }
    (expressions, places)
}

impl QueryEngine {
    /// Whole traces, in the order of `ids`; those without spans are left out.
    pub(super) async fn load_traces(
        &self,
        tenant: &Tenant,
        ids: &[[u8; 16]],
        fields: &Fields,
    ) -> Result<(Vec<EvalTrace>, Vec<String>), QueryError> {
        let (expressions, places) = selection(fields);
        let (mut spans, mut warnings): (HashMap<[u8; 16], Vec<EvalSpan>>, Vec<String>) = Default::default();
        for ids in ids.chunks(LOOKUP_MAX) {
            let answer = self.expressions_of(tenant, ids, &expressions).await?;
            if answer.truncated {
                return Err(QueryError::Limit("the traces of this query have more spans than an answer may hold".into()));
            }
            warnings.extend(answer.warnings);
            for batch in &answer.batches {
                read(batch, fields, &places, &mut spans)?;
            }
        }
        let trace = |id: &[u8; 16]| {
            let mut trace = EvalTrace::new(*id, once(spans.remove(id)?));
            fields.complete(&mut trace);
            Some(trace)
        };
        Ok((ids.iter().filter_map(trace).collect(), warnings))
    }

    /// The columns of [`BASE`] and expressions over others, of the spans of traces.
    async fn expressions_of(&self, tenant: &Tenant, ids: &[[u8; 16]], expressions: &[String]) -> Result<SqlAnswer, QueryError> {
        if expressions.iter().all(|expression| PLAIN.contains(&expression.as_str())) {
            let columns: Vec<&str> = BASE.into_iter().chain(expressions.iter().map(String::as_str)).collect();
            return self.columns_of(tenant, ids, &columns).await;
        }
        let named = expressions.iter().enumerate().map(|(at, expression)| format!(", {expression} AS f{at}"));
        let columns = format!("{}{}", BASE.join(", "), named.collect::<String>());
        let list: Vec<String> = ids.iter().map(|id| text_literal(&hex::encode(id))).collect();
        let query = format!("SELECT {columns} FROM spans WHERE trace_id IN ({})", list.join(", "));
        self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await
    }
}

/// Spans that were sent again count once.
fn once(spans: Vec<EvalSpan>) -> Vec<EvalSpan> {
    let mut seen = std::collections::HashSet::new();
    spans.into_iter().filter(|span| seen.insert((span.id, span.start_ns, span.duration_ns, Arc::clone(&span.name)))).collect()
}

fn missing(column: &str) -> QueryError {
    QueryError::Execution(format!("the column `{column}` is missing or of another type"))
}

fn ids(batch: &RecordBatch, column: usize) -> Result<&FixedSizeBinaryArray, QueryError> {
    batch.column(column).as_any().downcast_ref().ok_or_else(|| missing("trace_id"))
}

fn numbers<T: ArrowPrimitiveType>(batch: &RecordBatch, column: usize) -> Result<&PrimitiveArray<T>, QueryError> {
    batch.column(column).as_primitive_opt().ok_or_else(|| missing("start_time"))
}

fn texts(batch: &RecordBatch, column: usize) -> Result<&StringArray, QueryError> {
    batch.column(column).as_string_opt().ok_or_else(|| missing("name"))
}

fn id<const N: usize>(ids: &FixedSizeBinaryArray, row: usize) -> [u8; N] {
    if ids.is_null(row) {
        return [0; N];
    }
    ids.value(row).try_into().unwrap_or([0; N])
}

/// Texts are few and rows many: each is kept once.
#[derive(Debug, Default)]
struct Texts(HashMap<String, Arc<str>>);

impl Texts {
    fn get(&mut self, texts: &StringArray, row: usize) -> Arc<str> {
        let text = if texts.is_valid(row) { texts.value(row) } else { "" };
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(text.to_owned(), Arc::clone(&new));
        new
    }
}

fn read(
    batch: &RecordBatch,
    fields: &Fields,
    places: &[Option<usize>],
    out: &mut HashMap<[u8; 16], Vec<EvalSpan>>,
) -> Result<(), QueryError> {
    let (traces, spans, parents) = (ids(batch, 0)?, ids(batch, 1)?, ids(batch, 2)?);
    let (starts, durations) = (numbers::<TimestampNanosecondType>(batch, 3)?, numbers::<Int64Type>(batch, 4)?);
    let (names, services, statuses) = (texts(batch, 5)?, texts(batch, 6)?, texts(batch, 7)?);
    let mut known = Texts::default();
    for row in 0..batch.num_rows() {
        let mut span = EvalSpan {
            id: id(spans, row),
            parent_id: id(parents, row),
            start_ns: starts.value(row),
            duration_ns: if durations.is_valid(row) { durations.value(row) } else { 0 },
            name: known.get(names, row),
            service: known.get(services, row),
            failed: statuses.is_valid(row) && statuses.value(row) == "ERROR",
            values: Vec::with_capacity(places.len()),
        };
        for (field, place) in fields.list().iter().zip(places) {
            let value = value(field, *place, batch, row, &span);
            span.values.push(value);
        }
        out.entry(id(traces, row)).or_default().push(span);
    }
    Ok(())
}

fn value(field: &Field, column: Option<usize>, batch: &RecordBatch, row: usize, span: &EvalSpan) -> Value {
    let text = || {
        let texts = batch.column(column?).as_string_opt::<i32>()?;
        texts.is_valid(row).then(|| texts.value(row))
    };
    let hex_id = |id: &[u8]| if id.iter().all(|b| *b == 0) { Value::Nil } else { Value::String(hex::encode(id).into()) };
    match field {
        Field::Key(Scope::Resource, key) if key == "service.name" => text().map_or(Value::Nil, |t| Value::String(t.into())),
        Field::Key(Scope::Event | Scope::Link, _)
        | Field::Intrinsic(
            Intrinsic::EventName | Intrinsic::EventTimeSinceStart | Intrinsic::LinkSpanId | Intrinsic::LinkTraceId,
        ) => listed(field, column, batch, row, span),
        Field::Key(..) => text().map_or(Value::Nil, tagged),
        Field::Intrinsic(Intrinsic::Duration) => Value::Int(span.duration_ns),
        Field::Intrinsic(Intrinsic::Name) => Value::String(Arc::clone(&span.name)),
        Field::Intrinsic(Intrinsic::SpanId) => hex_id(&span.id),
        Field::Intrinsic(Intrinsic::ParentId) => hex_id(&span.parent_id),
        Field::Intrinsic(Intrinsic::Status) => {
            let status = STATUSES.into_iter().find(|status| text() == Some(&status_code(*status)));
            Value::Status(status.unwrap_or(Status::Unset))
        }
        Field::Intrinsic(Intrinsic::Kind) => {
            let kind = KINDS.into_iter().find(|kind| text() == Some(&kind_name(*kind)));
            Value::Kind(kind.unwrap_or(Kind::Unspecified))
        }
        // Every span has a message, if an empty one.
        Field::Intrinsic(Intrinsic::StatusMessage) => Value::String(text().unwrap_or_default().into()),
        Field::Intrinsic(Intrinsic::InstrumentationName | Intrinsic::InstrumentationVersion) => {
            text().filter(|t| !t.is_empty()).map_or(Value::Nil, |t| Value::String(t.into()))
        }
        // Filled in when the trace is whole.
        Field::Intrinsic(_) => Value::Nil,
    }
}

/// The value of a field in the column that [`columns`] selects for it, or of its name.
pub(super) fn shown_value(field: &Field, column: &ArrayRef, row: usize) -> Value {
    let Some(text) = column.as_string_opt::<i32>().filter(|t| t.is_valid(row)).map(|t| t.value(row)) else {
        return Value::Nil;
    };
    match field {
        Field::Key(Scope::Resource, key) if key == "service.name" => Value::String(text.into()),
        Field::Key(..) => tagged(text),
        Field::Intrinsic(Intrinsic::Status) => {
            STATUSES.into_iter().find(|status| text == status_code(*status)).map_or(Value::Nil, Value::Status)
        }
        Field::Intrinsic(Intrinsic::Kind) => {
            KINDS.into_iter().find(|kind| text == kind_name(*kind)).map_or(Value::Nil, Value::Kind)
        }
        Field::Intrinsic(_) => Value::String(text.into()),
    }
}

/// A value for each event or link that has one.
pub(super) fn listed(field: &Field, column: Option<usize>, batch: &RecordBatch, row: usize, span: &EvalSpan) -> Value {
    let Some(column) = column.map(|column| batch.column(column)) else { return Value::Nil };
    let attribute = |attributes: &[KeyValue], key: &str| attributes.iter().find(|a| a.key == key).map(of_attribute);
    let values: Vec<Value> = match field {
        Field::Key(Scope::Event, key) => events(column, row).iter().filter_map(|e| attribute(&e.attributes, key)).collect(),
        Field::Key(Scope::Link, key) => links(column, row).iter().filter_map(|l| attribute(&l.attributes, key)).collect(),
        Field::Intrinsic(Intrinsic::EventName) => events(column, row).into_iter().map(|e| Value::String(e.name.into())).collect(),
        Field::Intrinsic(Intrinsic::EventTimeSinceStart) => {
            let since = |time: u64| i64::try_from(time).unwrap_or(i64::MAX).saturating_sub(span.start_ns);
            events(column, row).into_iter().map(|e| Value::Int(since(e.time_unix_nano))).collect()
        }
        Field::Intrinsic(Intrinsic::LinkSpanId) => {
            links(column, row).into_iter().map(|l| Value::String(hex::encode(l.span_id).into())).collect()
        }
        _ => links(column, row).into_iter().map(|l| Value::String(hex::encode(l.trace_id).into())).collect(),
    };
    if values.is_empty() { Value::Nil } else { Value::List(values) }
}

fn of_attribute(attribute: &KeyValue) -> Value {
    fn of(value: Option<&any_value::Value>) -> Value {
        match value {
            Some(any_value::Value::StringValue(text)) => Value::String(text.as_str().into()),
            Some(any_value::Value::IntValue(n)) => Value::Int(*n),
            Some(any_value::Value::DoubleValue(n)) => Value::Float(*n),
            Some(any_value::Value::BoolValue(b)) => Value::Bool(*b),
            Some(any_value::Value::ArrayValue(list)) => Value::List(list.values.iter().map(|v| of(v.value.as_ref())).collect()),
            _ => Value::Nil,
        }
    }
    of(attribute.value.as_ref().and_then(|value| value.value.as_ref()))
}

/// A value behind the letter of its type.
pub(super) fn tagged(text: &str) -> Value {
    let mut letters = text.chars();
    let code = letters.next().map_or(TypeCode::Null, TypeCode::from_char);
    if code == TypeCode::Array
        && let Ok(serde_json::Value::Array(items)) = serde_json::from_str(letters.as_str())
    {
        return Value::List(items.iter().map(of_json).collect());
    }
    match decode_text(code, letters.as_str()) {
        AnyValue::Int(n) => Value::Int(n),
        AnyValue::Double(n) => Value::Float(n),
        AnyValue::Bool(b) => Value::Bool(b),
        AnyValue::Bytes(_) | AnyValue::String(_) => Value::String(letters.as_str().into()),
        AnyValue::Null | AnyValue::Array(_) | AnyValue::Map(_) => Value::Nil,
    }
}

fn of_json(item: &serde_json::Value) -> Value {
    match item {
        serde_json::Value::String(text) => Value::String(text.as_str().into()),
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::Float(n),
            _ => Value::Nil,
        },
        _ => Value::Nil,
    }
}
