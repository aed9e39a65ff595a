//! What every template of Go has.

use std::borrow::Cow;

use super::compare::{Order, equal, order};
use super::{Action, Arguments, Call, Function, Kind, escape};
use crate::error::Fault;
use crate::format;
use crate::value::{MapKind, Value};

const ANY: &[Kind] = &[Kind::Any];
const PAIR: &[Kind] = &[Kind::Any, Kind::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::special("and", ANY, Action::And).rest(Kind::Any),
    Function::special("or", ANY, Action::Or).rest(Kind::Any),
    Function::ours("not", ANY, |_, arguments| Ok(Value::Bool(!arguments.take(0).truth()))),
    Function::ours("call", ANY, call).rest(Kind::Any),
    Function::ours("len", ANY, len),
    Function::ours("index", ANY, index).rest(Kind::Any),
    Function::ours("slice", ANY, slice).rest(Kind::Any),
    Function::ours("eq", ANY, eq).rest(Kind::Any),
    Function::ours("ne", PAIR, |_, arguments| Ok(Value::Bool(!equal(&arguments.0[0], &arguments.0[1])?))),
    Function::ours("lt", PAIR, |_, arguments| ordered(arguments, |o| o == Order::Less)),
    Function::ours("le", PAIR, |_, arguments| ordered(arguments, |o| matches!(o, Order::Less | Order::Equal))),
    Function::ours("gt", PAIR, |_, arguments| ordered(arguments, |o| matches!(o, Order::Greater | Order::None))),
    Function::ours("ge", PAIR, |_, arguments| ordered(arguments, |o| o != Order::Less)),
    Function::ours("print", &[], |call, arguments| Ok(format::print(&arguments.0, call.bytes_max)?.into())).rest(Kind::Any),
    Function::ours("println", &[], |call, arguments| Ok(format::println(&arguments.0, call.bytes_max)?.into())).rest(Kind::Any),
    Function::ours("printf", &[Kind::Text], |call, arguments| {
        let format = arguments.text(0);
        Ok(format::printf(&format, arguments.from(1), call.bytes_max)?.into())
    })
    .rest(Kind::Any),
    Function::ours("html", &[], |call, arguments| Ok(escape::html(&joined(call, arguments)?, call.bytes_max)?.into()))
        .rest(Kind::Any),
    Function::ours("js", &[], |call, arguments| Ok(escape::javascript(&joined(call, arguments)?, call.bytes_max)?.into()))
        .rest(Kind::Any),
    Function::ours("urlquery", &[], |call, arguments| Ok(escape::url_query(&joined(call, arguments)?).into())).rest(Kind::Any),
];

/// The arguments as one text.
fn joined<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Cow<'a, str>, Fault> {
    if let [Value::Text(_) | Value::Safe(_)] = arguments.0.as_slice() {
        return Ok(arguments.text(0));
    }
    for nothing in arguments.0.iter_mut().filter(|value| matches!(value, Value::Nil)) {
        *nothing = Value::from("<no value>");
    }
    format::print(&arguments.0, call.bytes_max).map(Cow::Owned)
}

/// Values of templates are no functions here.
fn call<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    match arguments.take(0) {
        Value::Nil => Err("call of nil".into()),
        value => Err(Fault::new(format!("non-function of type {}", value.type_name()))),
    }
}

fn len<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let value = arguments.take(0);
    match (value.length(), value) {
        (Some(length), _) => Ok(Value::Int(length as i64)),
        (None, Value::Nil) => Err("len of nil pointer".into()),
        (None, value) => Err(Fault::new(format!("len of type {}", value.type_name()))),
    }
}

/// A position in something of this length; one behind its end is allowed for cuts.
fn position(index: &Value<'_>, length: usize, of_cut: bool) -> Result<usize, Fault> {
    let number = match index {
        Value::Int(number) | Value::Named(number, _) => *number,
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        other => return Err(Fault::new(format!("cannot index slice/array with type {}", other.type_name()))),
    };
    let position = usize::try_from(number).ok().filter(|at| *at < length || (of_cut && *at == length));
    position.ok_or_else(|| Fault::new(format!("index out of range: {number}")))
}

fn index<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let mut value = arguments.take(0);
    for key in arguments.from(1) {
        value = match &value {
            Value::Nil => return Err("index of untyped nil".into()),
            Value::List(items) => items[position(key, items.len(), false)?].clone(),
            Value::Text(text) | Value::Safe(text) => Value::Int(i64::from(text.as_bytes()[position(key, text.len(), false)?])),
            Value::Map(map) if map.kind() != MapKind::Fields => {
                let missing = || if map.kind() == MapKind::Texts { Value::from("") } else { Value::Nil };
                map.get(key_text(key)?).cloned().unwrap_or_else(missing)
            }
            Value::Texts(texts) => Value::from(texts.get(key_text(key)?).unwrap_or_default()),
            other => return Err(Fault::new(format!("can't index item of type {}", other.type_name()))),
        };
    }
    Ok(value)
}

fn key_text<'k>(key: &'k Value<'_>) -> Result<&'k str, Fault> {
    match key {
        Value::Nil => Err("value is nil; should be of type string".into()),
        key => key.as_text().ok_or_else(|| Fault::new(format!("value has type {}; should be string", key.type_name()))),
    }
}

fn slice<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let value = arguments.take(0);
    let cuts = arguments.from(1);
    let Some(length) = value.length() else {
        return Err(match value {
            Value::Nil => "slice of untyped nil".into(),
            value => Fault::new(format!("can't slice item of type {}", value.type_name())),
        });
    };
    match (cuts.len(), &value) {
        (4.., _) => return Err(Fault::new(format!("too many slice indexes: {}", cuts.len()))),
        (3, Value::Text(_) | Value::Safe(_)) => return Err("cannot 3-index slice a string".into()),
        _ => {}
    }
    let mut ends = [0, length, length];
    for (end, cut) in ends.iter_mut().zip(cuts) {
        *end = position(cut, length, true)?;
    }
    let [start, end, capacity] = ends;
    if start > end {
        return Err(Fault::new(format!("invalid slice index: {start} > {end}")));
    }
    if end > capacity {
        return Err(Fault::new(format!("invalid slice index: {end} > {capacity}")));
    }
    match value {
        Value::Text(text) | Value::Safe(text) => Ok(Value::Text(cut_bytes(text, start, end))),
        Value::List(items) => Ok(Value::List(items[start..end].into())),
        value => Err(Fault::new(format!("can't slice item of type {}", value.type_name()))),
    }
}

/// Bytes of a text. A character that is cut in two becomes one that says so.
fn cut_bytes(text: Cow<'_, str>, start: usize, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => String::from_utf8_lossy(&text.as_bytes()[start..end]),
        Cow::Owned(text) => Cow::Owned(String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned()),
    }
}

fn eq<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    if arguments.0.len() < 2 {
        return Err("missing argument for comparison".into());
    }
    for other in arguments.from(1) {
        if equal(&arguments.0[0], other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn ordered<'a>(arguments: &Arguments<'a>, holds: impl Fn(Order) -> bool) -> Result<Value<'a>, Fault> {
    Ok(Value::Bool(holds(order(&arguments.0[0], &arguments.0[1])?)))
}
