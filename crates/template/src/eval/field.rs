//! Fields of maps and structures, and methods of times and durations.

use std::borrow::Cow;

use super::{Eval, Machine};
use crate::error::Fault;
use crate::functions::{Arguments, Kind};
use crate::syntax::{Command, Term};
use crate::time::{Duration, MONTHS, Time, WEEKDAYS, Zone, days_of_civil, saturate};
use crate::value::{MapKind, Value};

impl<'a> Machine<'_, 'a> {
    /// `value.a.b`, without arguments.
    pub(super) fn fields(&mut self, mut value: Value<'a>, path: &'a [String], term: &'a Term) -> Eval<Value<'a>> {
        for name in path {
            value = match field(&value, name).or_else(|fault| self.fault(term, &fault))? {
                Found::Value(value) => value,
                Found::Method => method(&value, name, &Arguments::default()).or_else(|fault| self.fault(term, &fault))?,
            };
        }
        Ok(value)
    }

    /// `value.a.b argument …`, where only a method takes arguments.
    pub(super) fn path(
        &mut self,
        value: Value<'a>,
        path: &'a [String],
        head: &'a Term,
        command: &'a Command,
        dot: &Value<'a>,
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let Some((last, before)) = path.split_last() else { return Ok(value) };
        if command.arguments.is_empty() && piped.is_none() {
            return self.fields(value, path, head);
        }
        let value = self.fields(value, before, head)?;
        match field(&value, last).or_else(|fault| self.fault(head, &fault))? {
            Found::Method => {
                let arguments = self.arguments(&command.arguments, dot, piped, |_| Kind::Any, head)?;
                method(&value, last, &arguments).or_else(|fault| self.fault(head, &fault))
            }
            Found::Value(_) => {
                let fields = matches!(&value, Value::Map(map) if map.kind() == MapKind::Fields);
                let why =
                    if fields { "has arguments but cannot be invoked as function" } else { "is not a method but has arguments" };
                self.fault(head, &Fault::new(format!("{last} {why}")))
            }
        }
    }
}

enum Found<'a> {
    Value(Value<'a>),
    Method,
}

/// A field of a value, or that it is a method.
fn field<'a>(value: &Value<'a>, name: &str) -> Result<Found<'a>, Fault> {
    let found = match value {
        Value::Texts(texts) => Value::Text(Cow::Borrowed(texts.get(name).unwrap_or_default())),
        Value::Map(map) => match (map.get(name), map.kind()) {
            (Some(value), _) => value.clone(),
            (None, MapKind::Texts) => Value::from(""),
            (None, MapKind::Values) => Value::Nil,
            (None, MapKind::Fields) => return Err(Fault::new(format!("can't evaluate field {name} in type struct"))),
        },
        Value::Time(_) | Value::Duration(_) => return Ok(Found::Method),
        Value::Named(..) if name == "String" => return Ok(Found::Method),
        Value::Nil => return Err(Fault::new(format!("nil pointer evaluating interface {{}}.{name}"))),
        other => return Err(Fault::new(format!("can't evaluate field {name} in type {}", other.type_name()))),
    };
    Ok(Found::Value(found))
}

fn method<'a>(value: &Value<'a>, name: &str, arguments: &Arguments<'a>) -> Result<Value<'a>, Fault> {
    let arguments = arguments.0.as_slice();
    let found = match value {
        Value::Time(time) => time_method(time, name, arguments)?,
        Value::Duration(duration) => duration_method(*duration, name, arguments),
        Value::Named(_, shown) => Some(Value::from(*shown)),
        _ => None,
    };
    let known = found.is_some() || takes_arguments(value, name);
    found.ok_or_else(|| {
        let type_name = value.type_name();
        if known {
            Fault::new(format!("wrong arguments for {name} of {type_name}"))
        } else {
            Fault::new(format!("can't evaluate field {name} in type {type_name}"))
        }
    })
}

fn takes_arguments(value: &Value<'_>, name: &str) -> bool {
    match value {
        Value::Time(_) => {
            matches!(name, "Format" | "Add" | "AddDate" | "Sub" | "Before" | "After" | "Equal" | "Compare" | "Truncate" | "Round")
        }
        _ => matches!(name, "Round" | "Truncate"),
    }
}

/// A method of a time; `None` where there is none of this name and these arguments.
fn time_method<'a>(time: &Time, name: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Fault> {
    let civil = time.civil();
    let total = time.total_ns();
    let moved = |total: i128| Value::Time(Time::from_total_ns(total, time.zone().clone()));
    Ok(Some(match (name, arguments) {
        ("Format", [layout]) => match layout.as_text() {
            Some(layout) => Value::from(time.format(layout)),
            None => return Err(Fault::new(format!("wrong type for value; expected string; got {}", layout.type_name()))),
        },
        ("String", []) => Value::from(time.to_string()),
        ("Unix", []) => Value::Int(time.unix_s()),
        ("UnixMilli", []) => Value::Int(saturate(total.div_euclid(1_000_000))),
        ("UnixMicro", []) => Value::Int(saturate(total.div_euclid(1_000))),
        ("UnixNano", []) => Value::Int(time.unix_ns()),
        ("Year", []) => Value::Int(civil.year),
        ("Month", []) => Value::Named(i64::from(civil.month), MONTHS[civil.month as usize - 1]),
        ("Day", []) => Value::Int(i64::from(civil.day)),
        ("Hour", []) => Value::Int(i64::from(civil.hour)),
        ("Minute", []) => Value::Int(i64::from(civil.minute)),
        ("Second", []) => Value::Int(i64::from(civil.second)),
        ("Nanosecond", []) => Value::Int(i64::from(time.subsecond_ns())),
        ("Weekday", []) => Value::Named(i64::from(civil.weekday), WEEKDAYS[civil.weekday as usize]),
        ("YearDay", []) => Value::Int(i64::from(civil.year_day)),
        ("IsZero", []) => Value::Bool(time.is_zero()),
        ("UTC" | "Local", []) => Value::Time(time.clone().with_zone(Zone::Utc)),
        ("Add", [Value::Duration(duration)]) => moved(total + i128::from(duration.nanoseconds())),
        ("Sub", [Value::Time(other)]) => Value::Duration(Duration::from_ns(saturate(total - other.total_ns()))),
        ("Before", [Value::Time(other)]) => Value::Bool(total < other.total_ns()),
        ("After", [Value::Time(other)]) => Value::Bool(total > other.total_ns()),
        ("Equal", [Value::Time(other)]) => Value::Bool(total == other.total_ns()),
        ("Compare", [Value::Time(other)]) => Value::Int(total.cmp(&other.total_ns()) as i64),
        ("Truncate" | "Round", [Value::Duration(unit)]) => moved(stepped(total, unit.nanoseconds(), name == "Round")),
        ("AddDate", [Value::Int(years), Value::Int(months), Value::Int(days)]) => {
            let days = days_of_civil(
                civil.year.saturating_add(*years),
                i64::from(civil.month).saturating_add(*months),
                i64::from(civil.day).saturating_add(*days),
            );
            let second = civil.hour * 3600 + civil.minute * 60 + civil.second;
            Value::Time(Time::from_clock(days * 86_400 + i64::from(second), time.subsecond_ns(), time.zone().clone()))
        }
        _ => return Ok(None),
    }))
}

/// A time cut or rounded to a multiple of a unit, which is counted from the year 1.
fn stepped(total_ns: i128, unit_ns: i64, round: bool) -> i128 {
    if unit_ns <= 0 {
        return total_ns;
    }
    let unit = i128::from(unit_ns);
    let over = (total_ns - Time::zero().total_ns()).rem_euclid(unit);
    if round && over * 2 >= unit { total_ns - over + unit } else { total_ns - over }
}

fn duration_method<'a>(duration: Duration, name: &str, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    let total = duration.nanoseconds();
    Some(match (name, arguments) {
        ("String", []) => Value::from(duration.to_string()),
        ("Hours", []) => Value::Float(duration.in_units(3_600_000_000_000)),
        ("Minutes", []) => Value::Float(duration.in_units(60_000_000_000)),
        ("Seconds", []) => Value::Float(duration.seconds()),
        ("Milliseconds", []) => Value::Int(total / 1_000_000),
        ("Microseconds", []) => Value::Int(total / 1_000),
        ("Nanoseconds", []) => Value::Int(total),
        ("Abs", []) => Value::Duration(Duration::from_ns(total.saturating_abs())),
        ("Truncate", [Value::Duration(unit)]) if unit.nanoseconds() > 0 => {
            Value::Duration(Duration::from_ns(total - total % unit.nanoseconds()))
        }
        ("Round", [Value::Duration(unit)]) if unit.nanoseconds() > 0 => {
            let over = total % unit.nanoseconds();
            let up = over.unsigned_abs().saturating_mul(2) >= unit.nanoseconds().unsigned_abs();
            let away = if up { unit.nanoseconds() * over.signum() } else { 0 };
            Value::Duration(Duration::from_ns((total - over).saturating_add(away)))
        }
        ("Truncate" | "Round", [Value::Duration(_)]) => Value::Duration(duration),
        _ => return None,
    })
}
