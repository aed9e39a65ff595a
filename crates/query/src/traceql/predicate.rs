//! What a query asks of single spans, as SQL: what the lake can prune by.
//!
//! A predicate never leaves out a span that the query wants. Where it lets through no other either,
//! it is exact, and counting needs no second look.

use std::collections::HashMap;

use luneta_model::{AttributeScope, AttributeType};
use luneta_store::TableSnapshot;

use super::ast::{
    Attribute, BinaryOp, Field, FieldExpr, Form, Intrinsic, Kind, Pipeline, Scope, SpansetExpr, SpansetOp, Stage, Static, Status,
};
use super::eval::anchored;
use crate::sql::{quote, text_literal};

/// A condition on the columns of `spans`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// SQL text of a boolean; `None` when every span passes.
    pub sql: Option<String>,
    /// Whether just the wanted spans pass.
    pub exact: bool,
    /// What `sql` is put together from.
    parts: Option<Parts>,
}

/// Conditions between one operator.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    operator: &'static str,
    conditions: Vec<String>,
}

impl Predicate {
    /// Every span passes; whether just the wanted ones do.
    pub const fn any(exact: bool) -> Self {
        Self { sql: None, exact, parts: None }
    }

    fn of(sql: String, exact: bool) -> Self {
        Self { sql: Some(sql), exact, parts: None }
    }

    fn exact(sql: String) -> Self {
        Self::of(sql, true)
    }

    fn weak(sql: String) -> Self {
        Self::of(sql, false)
    }

    /// The same spans pass, and perhaps not just the wanted ones.
    fn weakened(self) -> Self {
        Self { exact: false, ..self }
    }

    fn and(self, other: Self) -> Self {
        let exact = self.exact && other.exact;
        match (self.sql.is_some(), other.sql.is_some()) {
            (true, true) => self.joined("AND", other, exact),
            (true, false) => Self { exact, ..self },
            (false, _) => Self { exact, ..other },
        }
    }

    fn or(self, other: Self) -> Self {
        let exact = self.exact && other.exact;
        if self.sql.is_some() && other.sql.is_some() { self.joined("OR", other, exact) } else { Self::any(exact) }
    }

    fn joined(self, operator: &'static str, other: Self, exact: bool) -> Self {
        let mut conditions = self.conditions(operator);
        conditions.extend(other.conditions(operator));
        let sql = Some(balanced(&conditions, operator));
        Self { sql, exact, parts: Some(Parts { operator, conditions }) }
    }

    fn conditions(self, operator: &str) -> Vec<String> {
        match self.parts {
            Some(parts) if parts.operator == operator => parts.conditions,
            _ => self.sql.into_iter().collect(),
        }
    }
}

/// Conditions between operators, nested as little as can be: parsers of SQL, and whoever walks its tree,
/// go as deep as it is.
fn balanced(conditions: &[String], operator: &str) -> String {
    match conditions {
        [] => "TRUE".to_owned(),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len().div_ceil(2));
            format!("({} {operator} {})", balanced(left, operator), balanced(right, operator))
        }
    }
}

/// What the lake knows of the types of attributes.
#[derive(Debug, Clone, Default)]
pub struct KnownTypes {
    /// Types of keys that have columns of their own, where no file holds other types beside them.
    columns: HashMap<(AttributeScope, String), AttributeType>,
}

impl KnownTypes {
    /// What a snapshot of `spans` tells.
    pub fn new(spans: &TableSnapshot) -> Self {
        let pure = |name: &str| !spans.files.iter().any(|file| !file.ours || file.strays.contains(name));
        let fields = spans.schema.fields().iter().filter(|field| pure(field.name()));
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
            let (scope, key) = AttributeScope::split_column(field.name())?;
            Some(((scope, key.to_owned()), AttributeType::from_data_type(field.data_type())?))
        };
        Self { columns: fields.filter_map(column).collect() }
    }

    /// Whether every value of a key is a number.
    pub fn is_number(&self, scope: AttributeScope, key: &str) -> bool {
        matches!(self.of(scope, key), Some(AttributeType::Int | AttributeType::Double))
    }

    fn of(&self, scope: AttributeScope, key: &str) -> Option<AttributeType> {
        if scope == AttributeScope::Resource && key == "service.name" {
            return Some(AttributeType::Text);
        }
        self.columns.get(&(scope, key.to_owned())).copied()
    }
}

/// Whether a pipeline asks only for what the lake counts spans by.
pub fn asks_counted(pipeline: &Pipeline) -> bool {
    pipeline.stages.iter().all(|stage| match stage {
        Stage::Spansets(SpansetExpr::Filter(filter)) => filter.as_ref().is_none_or(reads_counted),
        Stage::Select(_) => true,
        _ => false,
    })
}

fn reads_counted(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Static(_) => true,
        FieldExpr::Attribute(attribute) => is_counted(attribute),
        FieldExpr::Not(inner) | FieldExpr::Negative(inner) => reads_counted(inner),
        FieldExpr::Binary { left, right, .. } => reads_counted(left) && reads_counted(right),
    }
}

/// Whether the lake counts spans by a field. Names are left out: beyond a bound they are counted together.
pub fn is_counted(attribute: &Attribute) -> bool {
    let field = match &attribute.field {
        Field::Key(Scope::Resource, key) => key == "service.name",
        Field::Intrinsic(intrinsic) => matches!(intrinsic, Intrinsic::Kind | Intrinsic::Status),
        Field::Key(..) => false,
    };
    field && !attribute.parent
}

/// The spans of which a trace must have at least one to be in the answer of a pipeline. Exact where
/// these spans are the answer.
pub fn of_pipeline(pipeline: &Pipeline, types: &KnownTypes) -> Predicate {
    let first = match pipeline.stages.first() {
        Some(Stage::Spansets(spans)) => of_spans(spans, types),
        _ => Predicate::any(false),
    };
    let plain = pipeline.stages.iter().skip(1).all(|stage| matches!(stage, Stage::Select(_)));
    Predicate { exact: first.exact && plain, ..first }
}

fn of_spans(spans: &SpansetExpr, types: &KnownTypes) -> Predicate {
    match spans {
        SpansetExpr::Filter(None) => Predicate::any(true),
        SpansetExpr::Filter(Some(expr)) => of_expr(expr, types),
        SpansetExpr::Pipeline(pipeline) => of_pipeline(pipeline, types),
        SpansetExpr::Binary { op: SpansetOp::Or, left, right } => of_spans(left, types).or(of_spans(right, types)),
        SpansetExpr::Binary { op, left, right } => {
            let right = of_spans(right, types).weakened();
            let negated = matches!(op, SpansetOp::Structure { form: Form::Negated, .. });
            // A trace must have spans of both sides: those of one are enough to find it.
            if right.sql.is_none() && !negated { of_spans(left, types).weakened() } else { right }
        }
    }
}

/// A condition on one span.
pub fn of_expr(expr: &FieldExpr, types: &KnownTypes) -> Predicate {
    match expr {
        FieldExpr::Static(Static::Bool(true)) => Predicate::any(true),
        FieldExpr::Static(_) => Predicate::exact("FALSE".to_owned()),
        FieldExpr::Attribute(attribute) if !attribute.parent => {
            comparison(&attribute.field, BinaryOp::Eq, &Static::Bool(true), types)
        }
        FieldExpr::Binary { op: BinaryOp::And, left, right } => of_expr(left, types).and(of_expr(right, types)),
        FieldExpr::Binary { op: BinaryOp::Or, left, right } => of_expr(left, types).or(of_expr(right, types)),
        FieldExpr::Binary { op, left, right } => match (left.as_ref(), right.as_ref()) {
            (FieldExpr::Attribute(a), FieldExpr::Static(value)) if !a.parent => comparison(&a.field, *op, value, types),
            (FieldExpr::Static(value), FieldExpr::Attribute(a)) if !a.parent => comparison(&a.field, flipped(*op), value, types),
            _ => Predicate::any(false),
        },
        FieldExpr::Attribute(_) | FieldExpr::Not(_) | FieldExpr::Negative(_) => Predicate::any(false),
    }
}

const fn flipped(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEq => BinaryOp::GreaterEq,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEq => BinaryOp::LessEq,
        other => other,
    }
}

/// The operator of SQL.
const fn sign(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Eq => "=",
        BinaryOp::NotEq => "<>",
        BinaryOp::Less => "<",
        BinaryOp::LessEq => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEq => ">=",
        BinaryOp::Matches => "~",
        BinaryOp::NotMatches => "!~",
        _ => return None,
    })
}

fn comparison(field: &Field, op: BinaryOp, value: &Static, types: &KnownTypes) -> Predicate {
    let Some(sign) = sign(op) else { return Predicate::any(false) };
    match field {
        Field::Intrinsic(intrinsic) => of_intrinsic(*intrinsic, op, sign, value),
        Field::Key(Scope::Span, key) => of_key(AttributeScope::Item, key, op, sign, value, types),
        Field::Key(Scope::Resource, key) => of_key(AttributeScope::Resource, key, op, sign, value, types),
        Field::Key(Scope::Instrumentation, key) => of_key(AttributeScope::Scope, key, op, sign, value, types),
        Field::Key(Scope::Any, key) => of_any(key, op, sign, value, types),
        // Most spans have none: that alone leaves few.
        Field::Key(Scope::Event, _) if *value != Static::Nil => Predicate::weak("cardinality(events) > 0".to_owned()),
        Field::Key(Scope::Link, _) if *value != Static::Nil => Predicate::weak("cardinality(links) > 0".to_owned()),
        Field::Key(Scope::Event | Scope::Link, _) => Predicate::any(false),
    }
}

/// The span's value counts; the resource's where the span has none.
fn of_any(key: &str, op: BinaryOp, sign: &str, value: &Static, types: &KnownTypes) -> Predicate {
    let own = of_key(AttributeScope::Item, key, op, sign, value, types);
    let resource = of_key(AttributeScope::Resource, key, op, sign, value, types);
    match (value, op) {
        (Static::Nil, BinaryOp::Eq) => own.and(resource),
        (Static::Nil, _) => own.or(resource),
        _ => {
            let missing = Predicate::exact(format!("{} IS NULL", access(AttributeScope::Item, key, AttributeType::Text)));
            own.or(resource.and(missing))
        }
    }
}

fn of_intrinsic(intrinsic: Intrinsic, op: BinaryOp, sign: &str, value: &Static) -> Predicate {
    use Intrinsic::{Duration, EventName, InstrumentationName, InstrumentationVersion, LinkSpanId, LinkTraceId, Name};
    use Intrinsic::{ParentId, SpanId, TraceId};
    let by_text = |column: &str| match value {
        Static::String(text) => Predicate::exact(format!("{column} {sign} {}", pattern(op, text))),
        _ => Predicate::any(false),
    };
    match (intrinsic, value) {
        (Duration, value) => match number(value) {
            Some(number) => Predicate::exact(format!("duration_ns {sign} {number}")),
            None => Predicate::any(false),
        },
        (Name, _) => by_text("name"),
        (InstrumentationName, _) => by_text("scope_name"),
        (InstrumentationVersion, _) => by_text("scope_version"),
        (Intrinsic::Status, Static::Status(status)) => {
            Predicate::exact(format!("status_code {sign} {}", text_literal(&status_code(*status))))
        }
        (Intrinsic::Kind, Static::Kind(kind)) => Predicate::exact(format!("kind {sign} {}", text_literal(&kind_name(*kind)))),
        (TraceId, Static::String(id)) if op == BinaryOp::Eq && is_hex(id, 32) => by_text("trace_id"),
        (SpanId, Static::String(id)) if op == BinaryOp::Eq && is_hex(id, 16) => by_text("span_id"),
        (ParentId, Static::String(id)) if op == BinaryOp::Eq && is_hex(id, 16) => by_text("parent_span_id"),
        (EventName, Static::String(_)) => Predicate::weak("cardinality(events) > 0".to_owned()),
        (LinkSpanId | LinkTraceId, Static::String(_)) => Predicate::weak("cardinality(links) > 0".to_owned()),
        _ => Predicate::any(false),
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The name the table holds.
pub fn status_code(status: Status) -> String {
    status.word().to_uppercase()
}

/// The name the table holds.
pub fn kind_name(kind: Kind) -> String {
    kind.word().to_uppercase()
}

fn number(value: &Static) -> Option<String> {
    match value {
        Static::Int(n) | Static::Duration(n) => Some(n.to_string()),
        // The shortest form that reads as the same number, never as an integer.
        Static::Float(n) if n.is_finite() => Some(format!("CAST({} AS DOUBLE)", text_literal(&format!("{n:e}")))),
        _ => None,
    }
}

fn pattern(op: BinaryOp, text: &str) -> String {
    match op {
        BinaryOp::Matches | BinaryOp::NotMatches => text_literal(&anchored(text)),
        _ => text_literal(text),
    }
}

/// An access to an attribute, as scans know it.
pub fn access(scope: AttributeScope, key: &str, kind: AttributeType) -> String {
    if scope == AttributeScope::Resource && key == "service.name" && kind == AttributeType::Text {
        return "service_name".to_owned();
    }
    format!("attribute({}, {}, '{}')", quote(scope.column()), text_literal(key), crate::scan::functions::code_of_type(kind))
}

fn of_key(scope: AttributeScope, key: &str, op: BinaryOp, sign: &str, value: &Static, types: &KnownTypes) -> Predicate {
    let known = types.of(scope, key);
    let numeric = |kind: Option<AttributeType>| matches!(kind, Some(AttributeType::Int | AttributeType::Double));
    let (sql, fits) = match value {
        Static::Nil => {
            let missing = if op == BinaryOp::Eq { "IS NULL" } else { "IS NOT NULL" };
            return Predicate::exact(format!("{} {missing}", access(scope, key, known.unwrap_or(AttributeType::Text))));
        }
        Static::String(text) => (
            format!("{} {sign} {}", access(scope, key, AttributeType::Text), pattern(op, text)),
            known == Some(AttributeType::Text),
        ),
        Static::Bool(b) => {
            (format!("{} {sign} {b}", access(scope, key, AttributeType::Bool)), known == Some(AttributeType::Bool))
        }
        Static::Int(_) | Static::Float(_) | Static::Duration(_) => {
            let kind = known.filter(|kind| numeric(Some(*kind))).unwrap_or(AttributeType::Double);
            let Some(number) = number(value) else { return Predicate::any(false) };
            (format!("{} {sign} {number}", access(scope, key, kind)), numeric(known))
        }
        Static::Status(_) | Static::Kind(_) => return Predicate::exact("FALSE".to_owned()),
    };
    if fits {
        return Predicate::exact(sql);
    }
    // Arrays match by any of their values, and stand in the map as text.
    let array = format!("{} LIKE '[%'", access(scope, key, AttributeType::Text));
    Predicate::weak(format!("({sql} OR {array})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traceql::parse;

    fn check(query: &str, sql: &str, exact: bool) {
        let columns = HashMap::from([
            ((AttributeScope::Item, "http.status_code".to_owned()), AttributeType::Int),
            ((AttributeScope::Item, "user".to_owned()), AttributeType::Text),
        ]);
        let predicate = of_pipeline(&parse(query).unwrap().pipeline, &KnownTypes { columns });
        assert_eq!((predicate.sql.as_deref().unwrap_or("-"), predicate.exact), (sql, exact), "{query}");
    }

    #[test]
    fn predicates() {
        check("{}", "-", true);
        check("{ false }", "FALSE", true);
        check("{ name = \"it's\" }", "name = 'it''s'", true);
        check("{ 5ms < duration }", "duration_ns > 5000000", true);
        check("{ status = error && kind != server }", "(status_code = 'ERROR' AND kind <> 'SERVER')", true);
        check("{ resource.service.name = \"a\" } | select(name)", "service_name = 'a'", true);
        check("{ span.http.status_code >= 500 }", "attribute(\"attributes\", 'http.status_code', 'i') >= 500", true);
        check("{ span.user =~ \"a.*\" }", "attribute(\"attributes\", 'user', 's') ~ '^(?:a.*)$'", true);
        check(
            "{ span.n = 1.5 }",
            "(attribute(\"attributes\", 'n', 'd') = CAST('1.5e0' AS DOUBLE) OR attribute(\"attributes\", 'n', 's') LIKE '[%')",
            false,
        );
        check("{ span.user = nil }", "attribute(\"attributes\", 'user', 's') IS NULL", true);
        check("{ parent.user = \"a\" && name = \"b\" }", "name = 'b'", false);
        check("{ parent.user = \"a\" || name = \"b\" }", "-", false);
        check("{ rootName = \"a\" }", "-", false);
        check("{} >> { status = error }", "status_code = 'ERROR'", false);
        check("{ status = error } >> {}", "status_code = 'ERROR'", false);
        check("{ status = error } !>> {}", "-", false);
        check("{ status = error } || { name = \"a\" }", "(status_code = 'ERROR' OR name = 'a')", true);
        check("{ status = error } && { name = \"a\" }", "name = 'a'", false);
        check("{ status = error } | count() > 2", "status_code = 'ERROR'", false);
        check("{ event.exception.type = \"E\" }", "cardinality(events) > 0", false);
        check("({} | count()) > 2", "-", false);
    }
}
