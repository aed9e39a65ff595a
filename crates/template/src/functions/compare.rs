//! Comparison of values, strict about their types as Go is.

use std::cmp::Ordering;

use crate::error::Fault;
use crate::value::Value;

/// How two values stand to each other; numbers that are none (NaN) in no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    Equal,
    Greater,
    None,
}

enum Basic<'v> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    Other,
}

fn basic<'v>(value: &'v Value<'_>) -> Basic<'v> {
    match value {
        Value::Bool(truth) => Basic::Bool(*truth),
        Value::Int(number) | Value::Named(number, _) => Basic::Int(*number),
        Value::Duration(duration) => Basic::Int(duration.nanoseconds()),
        Value::Float(number) => Basic::Float(*number),
        Value::Text(text) | Value::Safe(text) => Basic::Text(text),
        _ => Basic::Other,
    }
}

fn incompatible(a: &Value<'_>, b: &Value<'_>) -> Fault {
    Fault::new(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

#[allow(clippy::float_cmp, reason = "the language compares floats exactly")]
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, Fault> {
    match (basic(a), basic(b)) {
        (Basic::Bool(a), Basic::Bool(b)) => Ok(a == b),
        (Basic::Int(a), Basic::Int(b)) => Ok(a == b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a == b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a == b),
        _ => match (a, b) {
            (Value::Nil, Value::Nil) => Ok(true),
            (Value::Nil, _) | (_, Value::Nil) => Ok(false),
            (Value::Time(a), Value::Time(b)) => Ok(a == b),
            (Value::List(_) | Value::Map(_) | Value::Texts(_), Value::List(_) | Value::Map(_) | Value::Texts(_)) => {
                Err(Fault::new(format!("non-comparable types {}, {}", a.type_name(), b.type_name())))
            }
            _ => Err(incompatible(a, b)),
        },
    }
}

pub(super) fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Order, Fault> {
    let ordering = match (basic(a), basic(b)) {
        (Basic::Other, _) | (_, Basic::Other) | (Basic::Bool(_), Basic::Bool(_)) => {
            return Err("invalid type for comparison".into());
        }
        (Basic::Int(a), Basic::Int(b)) => Some(a.cmp(&b)),
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(&b),
        (Basic::Text(a), Basic::Text(b)) => Some(a.cmp(b)),
        _ => return Err(incompatible(a, b)),
    };
    Ok(match ordering {
        Some(Ordering::Less) => Order::Less,
        Some(Ordering::Equal) => Order::Equal,
        Some(Ordering::Greater) => Order::Greater,
        None => Order::None,
    })
}
