//! The first version's binary form: a list of thrift structs, in thrift's binary protocol.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::rows::Rows;
use super::span::{Endpoint, Entries};
use super::v1::{BinaryAnnotation, Marked, Span};
use crate::context::{Context, refusal};
use crate::thrift::{Dialect, Fault, FieldIds, Kind, Read, Reader};
use crate::{Reason, ReceiveError};

/// Walks a list. Nothing tells where a struct ends but its fields, so bytes that cannot be read
/// refuse the whole list; a field of another type than it should have counts as not sent.
pub(super) fn read(bytes: &[u8], rows: &mut Rows<'_>) -> Result<(), ReceiveError> {
    let options = rows.context.options;
    let malformed = |fault: Fault| ReceiveError::Malformed(fault.to_string());
    let mut reader = Reader::new(bytes, Dialect::Binary);
    let list = reader.list().map_err(malformed)?;
    if list.kind != Kind::Struct {
        return Err(malformed(reader.fault("spans are structs")));
    }
    for _ in 0..list.len {
        match span(&mut reader, &mut rows.context).map_err(malformed)? {
            Ok(span) => rows.add_v1(span).map_err(|fault| refusal(&fault, options))?,
            Err(reason) => rows.context.tally.reject(reason),
        }
    }
    if reader.left() > 0 {
        return Err(malformed(reader.fault("bytes follow the list")));
    }
    Ok(())
}

/// A span, or why it cannot be kept.
fn span<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Read<Result<Span<'a>, Reason>> {
    let mut span = Span::default();
    let (mut high, mut low, mut id, mut parent) = (0, 0, 0, 0);
    let mut fields = FieldIds::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.id, field.kind) {
            (1, Kind::I64) => low = reader.i64()?,
            (3, Kind::Binary) => span.name = context.text(reader.bytes()?),
            (4, Kind::I64) => id = reader.i64()?,
            (5, Kind::I64) => parent = reader.i64()?,
            (6, Kind::List) => span.annotations = structs(reader, context, annotation)?,
            (8, Kind::List) => span.binary = structs(reader, context, binary_annotation)?,
            (9, Kind::Bool) => span.debug = reader.bool()?,
            (10, Kind::I64) => span.timestamp = natural(reader.i64()?),
            (11, Kind::I64) => span.duration = natural(reader.i64()?),
            (12, Kind::I64) => high = reader.i64()?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    if high == 0 && low == 0 {
        return Ok(Err(Reason::InvalidTraceId));
    }
    if id == 0 {
        return Ok(Err(Reason::InvalidSpanId));
    }
    let trace = u128::from(high as u64) << 64 | u128::from(low as u64);
    span.ids.trace = trace.to_be_bytes();
    span.ids.span = id.to_be_bytes();
    span.ids.parent = parent.to_be_bytes();
    Ok(Ok(span))
}

/// A list of structs; one of anything else is passed over.
fn structs<'a, T>(
    reader: &mut Reader<'a>,
    context: &mut Context<'_>,
    one: fn(&mut Reader<'a>, &mut Context<'_>) -> Read<T>,
) -> Read<Entries<T>> {
    let list = reader.list()?;
    let mut entries = Entries::default();
    for _ in 0..list.len {
        if list.kind == Kind::Struct {
            entries.push(one(reader, context)?);
        } else {
            reader.skip(list.kind)?;
        }
    }
    Ok(entries)
}

fn annotation<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Read<Marked<'a>> {
    let mut marked = Marked::default();
    let mut fields = FieldIds::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.id, field.kind) {
            (1, Kind::I64) => marked.timestamp = natural(reader.i64()?),
            (2, Kind::Binary) => marked.value = context.text(reader.bytes()?),
            (3, Kind::Struct) => marked.endpoint = endpoint(reader, context)?.unless_empty(),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(marked)
}

fn binary_annotation<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Read<BinaryAnnotation<'a>> {
    let mut annotation = BinaryAnnotation::default();
    let (mut value, mut code): (&[u8], i32) = (&[], 0);
    let mut fields = FieldIds::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.id, field.kind) {
            (1, Kind::Binary) => annotation.key = context.text(reader.bytes()?),
            (2, Kind::Binary) => value = reader.bytes()?,
            (3, Kind::I32) => code = reader.i32()?,
            (4, Kind::Struct) => annotation.endpoint = endpoint(reader, context)?.unless_empty(),
            (_, kind) => reader.skip(kind)?,
        }
    }
    annotation.value = Some(text_of(code, value, context));
    Ok(annotation)
}

fn endpoint<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Read<Endpoint<'a>> {
    let mut endpoint = Endpoint::default();
    let mut fields = FieldIds::default();
    while let Some(field) = reader.field(&mut fields)? {
        match (field.id, field.kind) {
            (1, Kind::I32) => match reader.i32()? {
                0 => {}
                address => endpoint.set_ipv4(&address.to_be_bytes()),
            },
            // Ports over 32767 are negative here.
            (2, Kind::I16) => endpoint.port = reader.i16()? as u16,
            (3, Kind::Binary) => endpoint.service = context.text(reader.bytes()?),
            (4, Kind::Binary) => endpoint.set_ipv6(reader.bytes()?),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(endpoint)
}

/// The value of a binary annotation as text. Numbers are in network order; a number of another
/// width than its type is kept as bytes are, in base64.
fn text_of<'a>(code: i32, value: &'a [u8], context: &mut Context<'_>) -> Cow<'a, str> {
    let number = match (code, value) {
        (6, text) => return context.text(text),
        (0, [flag]) => return Cow::Borrowed(if *flag == 0 { "false" } else { "true" }),
        (2, &[a, b]) => Some(i16::from_be_bytes([a, b]).to_string()),
        (3, bytes) => bytes.try_into().ok().map(|b| i32::from_be_bytes(b).to_string()),
        (4, bytes) => bytes.try_into().ok().map(|b| i64::from_be_bytes(b).to_string()),
        (5, bytes) => bytes.try_into().ok().map(|b| f64::from_be_bytes(b).to_string()),
        _ => None,
    };
    number.unwrap_or_else(|| BASE64.encode(value)).into()
}

/// A negative number counts as not sent.
fn natural(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
