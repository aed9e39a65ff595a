//! Spans from protobuf: `model.proto` and `collector.proto` of `jaeger.api_v2`.

use luneta_model::AnyValue;

use super::rows::Rows;
use super::span::{Identity, Log, Nanos, Process, Reference, Span, Tag, Tags};
use crate::context::Context;
use crate::otlp::value::{Value, id};
use crate::wire::{Message, Walk, Within as _};

/// `PostSpansRequest { 1: Batch batch }`.
pub(super) fn post_spans<'a>(mut request: Message<'a>, rows: &mut Rows<'a, '_>) -> Walk<()> {
    while let Some(field) = request.next()? {
        if field.number == 1 {
            batch(field.message().within("batch")?, rows).within("batch")?;
        }
    }
    Ok(())
}

/// `Batch { 1: Span spans, 2: Process process }`; the process is sent last.
fn batch<'a>(message: Message<'a>, rows: &mut Rows<'a, '_>) -> Walk<()> {
    let mut process = Process::default();
    let mut rest = message;
    while let Some(field) = rest.next()? {
        if field.number == 2 {
            process = read_process(field.message().within("process")?, &mut rows.context).within("process")?;
        }
    }
    let mut rest = message;
    while let Some(field) = rest.next()? {
        if field.number == 1 {
            let message = field.message().within("spans")?;
            let (span, own) = read_span(message, &mut rows.context).within("spans")?;
            rows.push(span, own.as_ref().unwrap_or(&process))?;
        }
    }
    Ok(())
}

fn read_process<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Process<'a>> {
    let identity = Identity::Batch(message.offset());
    let mut process = Process { identity, bytes: message.len(), ..Process::default() };
    while let Some(field) = message.next()? {
        match field.number {
            1 => process.service_name = context.text(field.bytes().within("service_name")?),
            2 => read_tag(field.message().within("tags")?, &mut process.tags, context).within("tags")?,
            _ => {}
        }
    }
    process.rename();
    Ok(process)
}

/// A span, and its own process if it has one.
fn read_span<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<(Span<'a>, Option<Process<'a>>)> {
    let mut span = Span::default();
    let mut own = None;
    while let Some(field) = message.next()? {
        match field.number {
            1 => span.trace_id = trace_id(field.bytes().within("trace_id")?),
            2 => span.id = id(field.bytes().within("span_id")?),
            3 => span.name = context.text(field.bytes().within("operation_name")?),
            4 => {
                let reference = read_reference(field.message().within("references")?).within("references")?;
                span.push_reference(reference, context)?;
            }
            5 => span.flags = field.varint().within("flags")? as u32,
            6 => span.start = read_nanos(field.message().within("start_time")?).within("start_time")?,
            7 => span.duration = read_nanos(field.message().within("duration")?).within("duration")?,
            8 => read_tag(field.message().within("tags")?, &mut span.tags, context).within("tags")?,
            9 => {
                let log = read_log(field.message().within("logs")?, context).within("logs")?;
                span.push_log(log, context)?;
            }
            10 => {
                let message = field.message().within("process")?;
                let process = read_process(message, context).within("process")?;
                own = (message.len() > 0).then_some(Process { identity: Identity::Span(message.bytes()), ..process });
            }
            _ => {}
        }
    }
    Ok((span, own))
}

/// Clients of old write the lower half only.
fn trace_id(bytes: &[u8]) -> Option<[u8; 16]> {
    id(bytes).or_else(|| id::<8>(bytes).map(|low| u128::from(u64::from_be_bytes(low)).to_be_bytes()))
}

fn read_reference(mut message: Message<'_>) -> Walk<Reference> {
    let mut reference = Reference::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => reference.trace_id = trace_id(field.bytes().within("trace_id")?).unwrap_or_default(),
            2 => reference.span_id = id(field.bytes().within("span_id")?).unwrap_or_default(),
            3 => reference.follows = field.varint().within("ref_type")? == 1,
            _ => {}
        }
    }
    Ok(reference)
}

/// `google.protobuf.Timestamp` or `google.protobuf.Duration`.
fn read_nanos(mut message: Message<'_>) -> Walk<Nanos> {
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => seconds = field.varint().within("seconds")? as i64,
            2 => nanos = field.varint().within("nanos")? as i64,
            _ => {}
        }
    }
    Ok(Nanos::from_parts(seconds, nanos))
}

fn read_log<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Log<'a>> {
    let mut time = Nanos::default();
    let mut fields = Tags::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => time = read_nanos(field.message().within("timestamp")?).within("timestamp")?,
            2 => read_tag(field.message().within("fields")?, &mut fields, context).within("fields")?,
            _ => {}
        }
    }
    Ok(Log { time: time.inner_time(context), fields })
}

/// Numbers of `ValueType`.
mod value_type {
    pub(super) const BOOL: u64 = 1;
    pub(super) const INT64: u64 = 2;
    pub(super) const FLOAT64: u64 = 3;
    pub(super) const BINARY: u64 = 4;
}

fn read_tag<'a>(mut message: Message<'a>, tags: &mut Tags<'a>, context: &mut Context<'_>) -> Walk<()> {
    let (mut key, mut text, mut binary): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let (mut kind, mut flag, mut int, mut float) = (0, false, 0, 0.0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => key = field.bytes().within("key")?,
            2 => kind = field.varint().within("v_type")?,
            3 => text = field.bytes().within("v_str")?,
            4 => flag = field.varint().within("v_bool")? != 0,
            5 => int = field.varint().within("v_int64")? as i64,
            6 => float = field.double().within("v_float64")?,
            7 => binary = field.bytes().within("v_binary")?,
            _ => {}
        }
    }
    let value = match kind {
        value_type::BOOL => Value::Bool(flag),
        value_type::INT64 => Value::Int(int),
        value_type::FLOAT64 => Value::Double(float),
        value_type::BINARY => Value::Other(AnyValue::Bytes(binary.to_vec())),
        _ => Value::Text(context.text(text)),
    };
    tags.push(Tag { key: context.text(key), value }, context);
    Ok(())
}
