//! Which fields a query reads, and expressions over them.

use std::collections::HashMap;

use regex::Regex;

use super::trace::{EvalSpan, EvalTrace};
use super::value::{self, Value};
use crate::traceql::ast::{Attribute, BinaryOp, Field, FieldExpr, Intrinsic, Static};

/// The fields a query reads, each once.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    list: Vec<Field>,
    places: HashMap<Field, usize>,
}

impl Fields {
    /// The fields in the order in which spans hold their values.
    pub fn list(&self) -> &[Field] {
        &self.list
    }

    /// Where a field's value is, or will be.
    pub fn place(&mut self, field: &Field) -> usize {
        if let Some(place) = self.places.get(field) {
            return *place;
        }
        self.list.push(field.clone());
        self.places.insert(field.clone(), self.list.len() - 1);
        self.list.len() - 1
    }

    /// Fills in what only the whole trace tells.
    pub fn complete(&self, trace: &mut EvalTrace) {
        use Intrinsic::{
            ChildCount, NestedSetLeft, NestedSetParent, NestedSetRight, RootName, RootService, TraceDuration, TraceId,
        };
        for (place, field) in self.list.iter().enumerate() {
            let Field::Intrinsic(intrinsic) = field else { continue };
            let root = trace.root.and_then(|root| trace.spans.get(root));
            let whole = match intrinsic {
                TraceId => Some(Value::String(hex::encode(trace.id).into())),
                TraceDuration => Some(Value::Int(trace.duration_ns())),
                RootName => Some(root.map_or(Value::Nil, |root| Value::String(root.name.clone()))),
                RootService => Some(root.map_or(Value::Nil, |root| Value::String(root.service.clone()))),
                _ => None,
            };
            for at in 0..trace.spans.len() {
                let here = trace.places[at];
                let value = match intrinsic {
                    ChildCount => Value::Int(i64::from(here.children)),
                    NestedSetLeft => Value::Int(here.left),
                    NestedSetRight => Value::Int(here.right),
                    // -1 says that a span is a root, 0 that nobody knows.
                    NestedSetParent if trace.spans[at].parent_id == [0; 8] => Value::Int(-1),
                    NestedSetParent => Value::Int(here.parent.map_or(0, |parent| trace.places[parent].left)),
                    _ => match &whole {
                        Some(value) => value.clone(),
                        None => continue,
                    },
                };
                trace.spans[at].values[place] = value;
            }
        }
    }
}

/// A field of a span, or of its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    parent: bool,
    place: usize,
}

impl Place {
    /// Of an attribute.
    pub fn of(attribute: &Attribute, fields: &mut Fields) -> Self {
        Self { parent: attribute.parent, place: fields.place(&attribute.field) }
    }

    /// The value of the field.
    pub fn value<'t>(&self, trace: &'t EvalTrace, span: usize) -> &'t Value {
        const NIL: &Value = &Value::Nil;
        let span = if self.parent { trace.places[span].parent } else { Some(span) };
        span.and_then(|span| trace.spans[span].values.get(self.place)).unwrap_or(NIL)
    }

    /// The value in a span of which nothing else is known.
    pub fn of_span<'t>(&self, span: &'t EvalSpan) -> Option<&'t Value> {
        if self.parent { None } else { span.values.get(self.place) }
    }
}

/// A value computed for each span.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A constant.
    Static(Value),
    /// A field.
    Field(Place),
    /// `!x`.
    Not(Box<Expr>),
    /// `-x`.
    Negative(Box<Expr>),
    /// Whether a field is there.
    IsNil(BinaryOp, Box<Expr>),
    /// A regular expression.
    Matches(BinaryOp, Box<Expr>, Regex),
    /// Any other operator.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
}

impl Expr {
    /// Reads the tree; fields are added to `fields`.
    pub fn of(expr: &FieldExpr, fields: &mut Fields) -> Self {
        let mut part = |expr: &FieldExpr| Box::new(Self::of(expr, fields));
        match expr {
            FieldExpr::Static(value) => Expr::Static(Value::of(value)),
            FieldExpr::Attribute(attribute) => Expr::Field(Place::of(attribute, fields)),
            FieldExpr::Not(inner) => Expr::Not(part(inner)),
            FieldExpr::Negative(inner) => Expr::Negative(part(inner)),
            FieldExpr::Binary { op, left, right } => {
                let nil = |side: &FieldExpr| *side == FieldExpr::Static(Static::Nil);
                match (op, left.as_ref(), right.as_ref()) {
                    (BinaryOp::Eq | BinaryOp::NotEq, one, other) if nil(other) => Expr::IsNil(*op, part(one)),
                    (BinaryOp::Eq | BinaryOp::NotEq, one, other) if nil(one) => Expr::IsNil(*op, part(other)),
                    (BinaryOp::Matches | BinaryOp::NotMatches, one, FieldExpr::Static(Static::String(pattern))) => {
                        match Regex::new(&anchored(pattern)) {
                            Ok(pattern) => Expr::Matches(*op, part(one), pattern),
                            // The parser has compiled it before.
                            Err(_) => Expr::Static(Value::Nil),
                        }
                    }
                    (_, left, right) => Expr::Binary(*op, part(left), part(right)),
                }
            }
        }
    }

    /// Its value for one span of a trace.
    pub fn value(&self, trace: &EvalTrace, span: usize) -> Value {
        match self {
            Expr::Static(value) => value.clone(),
            Expr::Field(place) => place.value(trace, span).clone(),
            Expr::Not(inner) => match inner.value(trace, span) {
                Value::Bool(b) => Value::Bool(!b),
                _ => Value::Nil,
            },
            Expr::Negative(inner) => inner.value(trace, span).negated(),
            Expr::IsNil(op, inner) => Value::Bool(value::is_nil(*op, &inner.value(trace, span))),
            Expr::Matches(op, inner, pattern) => Value::Bool(value::matches(*op, &inner.value(trace, span), pattern)),
            Expr::Binary(BinaryOp::And, left, right) => {
                Value::Bool(left.value(trace, span).holds() && right.value(trace, span).holds())
            }
            Expr::Binary(BinaryOp::Or, left, right) => {
                Value::Bool(left.value(trace, span).holds() || right.value(trace, span).holds())
            }
            Expr::Binary(op, left, right) => value::binary(*op, &left.value(trace, span), &right.value(trace, span)),
        }
    }
}

/// Patterns are for whole texts.
pub fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}
