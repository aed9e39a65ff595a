//! Spans from thrift: `jaeger.thrift` of Jaeger's interface definitions.
//!
//! A field of another type than defined is passed over, as generated readers do.

use luneta_model::AnyValue;

use super::rows::Rows;
use super::span::{Identity, Log, Nanos, Process, Reference, Span, Tag, Tags};
use crate::context::Context;
use crate::otlp::value::Value;
use crate::thrift::{self, FieldIds, Kind, MessageKind, Reader};
use crate::wire::{Fault, FaultKind, Walk};

impl From<thrift::Fault> for Box<Fault> {
    fn from(fault: thrift::Fault) -> Self {
        Fault::new(fault.offset, FaultKind::Foreign(fault.to_string()))
    }
}

/// `oneway void emitBatch(1: Batch batch)`.
pub(super) fn emit_batch<'a>(reader: &mut Reader<'a>, rows: &mut Rows<'a, '_>) -> Walk<()> {
    let message = reader.message()?;
    if message.name != b"emitBatch" || !matches!(message.kind, MessageKind::Oneway | MessageKind::Call) {
        return Err(reader.fault("the message is not a call of emitBatch").into());
    }
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::Struct) => batch(reader, rows)?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(())
}

/// `struct Batch { 1: Process process, 2: list<Span> spans, … }`.
pub(super) fn batch<'a>(reader: &mut Reader<'a>, rows: &mut Rows<'a, '_>) -> Walk<()> {
    let mut process = None;
    let mut early = None;
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind, &process) {
            (1, Kind::Struct, _) => process = Some(read_process(reader, &mut rows.context)?),
            (2, Kind::List, Some(process)) => spans(reader, rows, process)?,
            (2, Kind::List, None) => {
                // Nobody sends spans before their process, but the format allows it.
                early = Some(reader.clone());
                reader.skip(Kind::List)?;
            }
            (_, kind, _) => reader.skip(kind)?,
        }
    }
    match early {
        Some(mut reader) => spans(&mut reader, rows, &process.unwrap_or_default()),
        None => Ok(()),
    }
}

fn spans<'a>(reader: &mut Reader<'a>, rows: &mut Rows<'a, '_>, process: &Process<'a>) -> Walk<()> {
    structs(reader, |reader| {
        let span = read_span(reader, &mut rows.context)?;
        rows.push(span, process)
    })
}

/// Reads a list of structs.
fn structs<'a>(reader: &mut Reader<'a>, mut each: impl FnMut(&mut Reader<'a>) -> Walk<()>) -> Walk<()> {
    let list = reader.list()?;
    if list.kind != Kind::Struct {
        return Err(reader.fault("a list should hold structs").into());
    }
    (0..list.len).try_for_each(|_| each(reader))
}

fn read_process<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Walk<Process<'a>> {
    let begin = reader.offset();
    let mut process = Process { identity: Identity::Batch(begin), ..Process::default() };
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::Binary) => process.service_name = context.text(reader.bytes()?),
            (2, Kind::List) => read_tags(reader, &mut process.tags, context)?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    process.bytes = reader.offset() - begin;
    process.rename();
    Ok(process)
}

fn read_span<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Walk<Span<'a>> {
    let mut span = Span::default();
    let (mut high, mut low) = (0, 0);
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::I64) => low = reader.i64()?,
            (2, Kind::I64) => high = reader.i64()?,
            (3, Kind::I64) => span.id = Some(reader.i64()?.to_be_bytes()),
            (4, Kind::I64) => span.parent_span_id = reader.i64()?.to_be_bytes(),
            (5, Kind::Binary) => span.name = context.text(reader.bytes()?),
            (6, Kind::List) => structs(reader, |reader| {
                let reference = read_reference(reader)?;
                span.push_reference(reference, context)
            })?,
            (7, Kind::I32) => span.flags = reader.i32()? as u32,
            (8, Kind::I64) => span.start = Nanos::from_micros(reader.i64()?),
            (9, Kind::I64) => span.duration = Nanos::from_micros(reader.i64()?),
            (10, Kind::List) => read_tags(reader, &mut span.tags, context)?,
            (11, Kind::List) => structs(reader, |reader| {
                let log = read_log(reader, context)?;
                span.push_log(log, context)
            })?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    span.trace_id = Some(trace_id(high, low));
    Ok(span)
}

fn trace_id(high: i64, low: i64) -> [u8; 16] {
    ((u128::from(high as u64)) << 64 | u128::from(low as u64)).to_be_bytes()
}

fn read_reference(reader: &mut Reader<'_>) -> Walk<Reference> {
    let mut reference = Reference::default();
    let (mut high, mut low) = (0, 0);
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::I32) => reference.follows = reader.i32()? == 1,
            (2, Kind::I64) => low = reader.i64()?,
            (3, Kind::I64) => high = reader.i64()?,
            (4, Kind::I64) => reference.span_id = reader.i64()?.to_be_bytes(),
            (_, kind) => reader.skip(kind)?,
        }
    }
    reference.trace_id = trace_id(high, low);
    Ok(reference)
}

fn read_log<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Walk<Log<'a>> {
    let mut time = Nanos::default();
    let mut fields = Tags::default();
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::I64) => time = Nanos::from_micros(reader.i64()?),
            (2, Kind::List) => read_tags(reader, &mut fields, context)?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(Log { time: time.inner_time(context), fields })
}

fn read_tags<'a>(reader: &mut Reader<'a>, tags: &mut Tags<'a>, context: &mut Context<'_>) -> Walk<()> {
    structs(reader, |reader| {
        let tag = read_tag(reader, context)?;
        tags.push(tag, context);
        Ok(())
    })
}

/// Numbers of `TagType`.
mod tag_type {
    pub(super) const DOUBLE: i32 = 1;
    pub(super) const BOOL: i32 = 2;
    pub(super) const LONG: i32 = 3;
    pub(super) const BINARY: i32 = 4;
}

fn read_tag<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Walk<Tag<'a>> {
    let (mut key, mut text, mut binary): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let (mut kind, mut double, mut flag, mut long) = (0, 0.0, false, 0);
    let mut ids = FieldIds::default();
    while let Some(field) = reader.field(&mut ids)? {
        match (field.id, field.kind) {
            (1, Kind::Binary) => key = reader.bytes()?,
            (2, Kind::I32) => kind = reader.i32()?,
            (3, Kind::Binary) => text = reader.bytes()?,
            (4, Kind::Double) => double = reader.double()?,
            (5, Kind::Bool) => flag = reader.bool()?,
            (6, Kind::I64) => long = reader.i64()?,
            (7, Kind::Binary) => binary = reader.bytes()?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    let value = match kind {
        tag_type::DOUBLE => Value::Double(double),
        tag_type::BOOL => Value::Bool(flag),
        tag_type::LONG => Value::Int(long),
        tag_type::BINARY => Value::Other(AnyValue::Bytes(binary.to_vec())),
        _ => Value::Text(context.text(text)),
    };
    Ok(Tag { key: context.text(key), value })
}
