//! Attribute values, and ids.

// Measured, as in `wire`.
#![allow(clippy::inline_always)]

use std::borrow::Cow;

use luneta_model::{AnyValue, AttributesBuilder};

use crate::context::Context;
use crate::wire::{Message, Walk, Within as _};

/// An id of fixed width; `None` when it has another width.
#[inline(always)]
pub(crate) fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// An `AnyValue`, with the frequent types borrowed.
#[derive(Clone)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Other(AnyValue),
}

impl Value<'_> {
    pub(crate) fn into_any(self) -> AnyValue {
        match self {
            Value::Text(text) => AnyValue::String(text.into_owned()),
            Value::Bool(b) => AnyValue::Bool(b),
            Value::Int(i) => AnyValue::Int(i),
            Value::Double(d) => AnyValue::Double(d),
            Value::Other(value) => value,
        }
    }

    #[inline(always)]
    pub(crate) fn push_to(self, attributes: &mut AttributesBuilder, key: &str) {
        match self {
            Value::Text(text) => attributes.push_str(key, &text),
            Value::Bool(b) => attributes.push_bool(key, b),
            Value::Int(i) => attributes.push_int(key, i),
            Value::Double(d) => attributes.push_double(key, d),
            Value::Other(value) => attributes.push(key, &value),
        }
    }
}

/// Key and value of a `KeyValue`.
#[inline(always)]
pub(crate) fn key_value<'a>(message: Message<'a>, context: &mut Context<'_>) -> Walk<(Cow<'a, str>, Value<'a>)> {
    let nodes = context.options.limits.value_bytes_max;
    nested_key_value(message, context, &mut Nesting { depth: 0, nodes })
}

/// An `AnyValue`.
#[inline(always)]
pub(crate) fn any_value<'a>(message: Message<'a>, context: &mut Context<'_>, text_bytes_max: usize) -> Walk<Value<'a>> {
    nested_any_value(message, context, &mut Nesting { depth: 0, nodes: text_bytes_max })
}

/// Bounds of one value. Every element takes at least a byte of the value's text, so elements
/// beyond its length could not be seen.
struct Nesting {
    depth: usize,
    nodes: usize,
}

#[inline(always)]
fn nested_key_value<'a>(
    mut message: Message<'a>,
    context: &mut Context<'_>,
    nesting: &mut Nesting,
) -> Walk<(Cow<'a, str>, Value<'a>)> {
    let mut key = Cow::Borrowed("");
    let mut value = Value::Other(AnyValue::Null);
    while let Some(field) = message.next()? {
        match field.number {
            1 => key = context.text(field.bytes().within("key")?),
            2 => value = nested_any_value(field.message().within("value")?, context, nesting).within("value")?,
            _ => {}
        }
    }
    Ok((key, value))
}

#[inline(always)]
fn nested_any_value<'a>(mut message: Message<'a>, context: &mut Context<'_>, nesting: &mut Nesting) -> Walk<Value<'a>> {
    let mut value = Value::Other(AnyValue::Null);
    while let Some(field) = message.next()? {
        value = match field.number {
            1 => Value::Text(context.text(field.bytes().within("string_value")?)),
            2 => Value::Bool(field.varint().within("bool_value")? != 0),
            3 => Value::Int(field.varint().within("int_value")? as i64),
            4 => Value::Double(field.double().within("double_value")?),
            5 => Value::Other(array(field.message()?, context, nesting).within("array_value")?),
            6 => Value::Other(map(field.message()?, context, nesting).within("kvlist_value")?),
            7 => Value::Other(AnyValue::Bytes(field.bytes().within("bytes_value")?.to_vec())),
            _ => continue,
        };
    }
    Ok(value)
}

/// Elements beyond the depth bound are null, those beyond the node bound are left out.
fn array(mut message: Message<'_>, context: &mut Context<'_>, nesting: &mut Nesting) -> Walk<AnyValue> {
    if nesting.depth >= context.options.limits.depth_max {
        return Ok(AnyValue::Null);
    }
    nesting.depth += 1;
    let mut items = Vec::new();
    while let Some(field) = message.next()? {
        if field.number == 1 && nesting.nodes > 0 {
            nesting.nodes -= 1;
            let inner = field.message().within("values")?;
            items.push(nested_any_value(inner, context, nesting).within("values")?.into_any());
        }
    }
    nesting.depth -= 1;
    Ok(AnyValue::Array(items))
}

fn map(mut message: Message<'_>, context: &mut Context<'_>, nesting: &mut Nesting) -> Walk<AnyValue> {
    if nesting.depth >= context.options.limits.depth_max {
        return Ok(AnyValue::Null);
    }
    nesting.depth += 1;
    let mut entries = Vec::new();
    while let Some(field) = message.next()? {
        if field.number == 1 && nesting.nodes > 0 {
            nesting.nodes -= 1;
            let inner = field.message().within("values")?;
            let (key, value) = nested_key_value(inner, context, nesting).within("values")?;
            entries.push((key.into_owned(), value.into_any()));
        }
    }
    nesting.depth -= 1;
    Ok(AnyValue::Map(entries))
}

/// Attributes of an event, a link or an exemplar: few, so they are gathered first. Those over the
/// limit are dropped and counted.
pub(crate) struct Gathered<'a> {
    entries: Vec<(Cow<'a, str>, AnyValue)>,
    pub(crate) dropped: u32,
}

impl<'a> Gathered<'a> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), dropped: 0 }
    }

    pub(crate) fn push(&mut self, message: Message<'a>, context: &mut Context<'_>) -> Walk<()> {
        if self.entries.len() >= context.options.limits.attributes_max {
            self.dropped = self.dropped.saturating_add(1);
            return Ok(());
        }
        let (key, value) = key_value(message, context)?;
        self.entries.push((key, value.into_any()));
        Ok(())
    }

    /// The attributes, for the builder.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (&str, AnyValue)> {
        self.entries.iter_mut().map(|(key, value)| (&**key, std::mem::replace(value, AnyValue::Null)))
    }
}
