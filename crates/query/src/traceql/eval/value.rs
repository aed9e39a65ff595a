//! Values of spans and how operators treat them.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::traceql::ast::{BinaryOp, Kind, Static, Status};

/// A value of a span, or of something beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Nil,
    /// Text.
    String(Arc<str>),
    /// A whole number; durations are nanoseconds.
    Int(i64),
    /// A number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// The status of a span.
    Status(Status),
    /// The kind of a span.
    Kind(Kind),
    /// An array, or one value for each event or link.
    List(Vec<Value>),
}

impl Value {
    /// A constant of a query.
    pub fn of(value: &Static) -> Self {
        match value {
            Static::String(text) => Value::String(text.as_str().into()),
            Static::Int(n) | Static::Duration(n) => Value::Int(*n),
            Static::Float(n) => Value::Float(*n),
            Static::Bool(b) => Value::Bool(*b),
            Static::Status(status) => Value::Status(*status),
            Static::Kind(kind) => Value::Kind(*kind),
            Static::Nil => Value::Nil,
        }
    }

    /// The number it is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(n) => Some(*n as f64),
            Value::Float(n) => Some(*n),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn holds(&self) -> bool {
        *self == Value::Bool(true)
    }

    /// The value with the other sign; nothing where it is no number.
    #[must_use]
    pub fn negated(&self) -> Value {
        match self {
            Value::Int(n) => n.checked_neg().map_or(Value::Float(-(*n as f64)), Value::Int),
            Value::Float(n) => Value::Float(-n),
            _ => Value::Nil,
        }
    }

    /// As series and answers show it.
    pub fn text(&self) -> String {
        match self {
            Value::Nil => "nil".to_owned(),
            Value::String(text) => text.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Float(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Status(status) => status.word().to_owned(),
            Value::Kind(kind) => kind.word().to_owned(),
            Value::List(values) => {
                let texts: Vec<String> = values.iter().map(Value::text).collect();
                format!("[{}]", texts.join(", "))
            }
        }
    }

    fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Status(a), Value::Status(b)) => (a == b).then_some(Ordering::Equal),
            (Value::Kind(a), Value::Kind(b)) => (a == b).then_some(Ordering::Equal),
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }

    /// Of one kind, so that "is not" says something.
    fn comparable(&self, other: &Value) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) || (self.number().is_some() && other.number().is_some())
    }
}

/// `left op right`, where neither is a regular expression. What is missing, or of another type,
/// compares with nothing but `nil`.
pub fn binary(op: BinaryOp, left: &Value, right: &Value) -> Value {
    match op {
        BinaryOp::And => Value::Bool(left.holds() && right.holds()),
        BinaryOp::Or => Value::Bool(left.holds() || right.holds()),
        _ if op.calculates() => calculated(op, left, right),
        _ => Value::Bool(compared(op, left, right)),
    }
}

fn compared(op: BinaryOp, left: &Value, right: &Value) -> bool {
    match (left, right) {
        // Several values: one is enough to be something, all must differ to be something else.
        (Value::List(values), other) => several(op, values.iter().map(|value| compared(op, value, other))),
        (one, Value::List(values)) => several(op, values.iter().map(|value| compared(op, one, value))),
        (Value::Nil, Value::Nil) => op == BinaryOp::Eq,
        (Value::Nil, _) | (_, Value::Nil) => false,
        _ if op == BinaryOp::NotEq => left.comparable(right) && left.order(right) != Some(Ordering::Equal),
        _ => left.order(right).is_some_and(|order| match op {
            BinaryOp::Eq => order.is_eq(),
            BinaryOp::Less => order.is_lt(),
            BinaryOp::LessEq => order.is_le(),
            BinaryOp::Greater => order.is_gt(),
            BinaryOp::GreaterEq => order.is_ge(),
            _ => false,
        }),
    }
}

/// Whether a field is, or is not, there: the only comparison that `nil` takes part in.
pub fn is_nil(op: BinaryOp, value: &Value) -> bool {
    let missing = match value {
        Value::Nil => true,
        Value::List(values) => values.is_empty(),
        _ => false,
    };
    missing == (op == BinaryOp::Eq)
}

/// `value =~ pattern` or `value !~ pattern`.
pub fn matches(op: BinaryOp, value: &Value, pattern: &regex::Regex) -> bool {
    match value {
        Value::String(text) => pattern.is_match(text) == (op == BinaryOp::Matches),
        Value::List(values) => several(op, values.iter().map(|value| matches(op, value, pattern))),
        _ => false,
    }
}

fn several(op: BinaryOp, mut outcomes: impl ExactSizeIterator<Item = bool>) -> bool {
    match op {
        BinaryOp::NotEq | BinaryOp::NotMatches => outcomes.len() > 0 && outcomes.all(|outcome| outcome),
        _ => outcomes.any(|outcome| outcome),
    }
}

fn calculated(op: BinaryOp, left: &Value, right: &Value) -> Value {
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        let whole = match op {
            BinaryOp::Add => a.checked_add(*b),
            BinaryOp::Sub => a.checked_sub(*b),
            BinaryOp::Mul => a.checked_mul(*b),
            BinaryOp::Mod => a.checked_rem(*b),
            BinaryOp::Div if *b != 0 && a % b == 0 => a.checked_div(*b),
            _ => None,
        };
        if let Some(whole) = whole {
            return Value::Int(whole);
        }
    }
    let (Some(a), Some(b)) = (left.number(), right.number()) else { return Value::Nil };
    let number = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        _ => a.powf(b),
    };
    // Nothing is what a division by zero gives.
    if number.is_nan() { Value::Nil } else { Value::Float(number) }
}
