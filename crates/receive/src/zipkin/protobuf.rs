//! `zipkin.proto3.ListOfSpans`.

use std::borrow::Cow;

use super::rows::Rows;
use super::span::{Annotation, Endpoint, Kind, Span, Tag, byte_id};
use crate::Reason;
use crate::context::Context;
use crate::wire::{FaultKind, Message, Walk, Within as _};

/// Walks a list. A span whose inside does not follow the format is left out alone: where it ends
/// is known.
pub(super) fn read(bytes: &[u8], rows: &mut Rows<'_>) -> Walk<()> {
    let mut list = Message::new(bytes);
    while let Some(field) = list.next()? {
        if field.number != 1 {
            continue;
        }
        match span(field.message().within("spans")?, &mut rows.context) {
            Ok(Ok(span)) => rows.add(span)?,
            Ok(Err(reason)) => rows.context.tally.reject(reason),
            Err(fault) if matches!(fault.kind, FaultKind::Malformed(_)) => rows.context.tally.reject(Reason::Malformed),
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// A span, or why it cannot be kept.
fn span<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Result<Span<'a>, Reason>> {
    let mut span = Span::default();
    let (mut trace_id, mut id, mut parent_id): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    while let Some(field) = message.next()? {
        match field.number {
            1 => trace_id = field.bytes()?,
            2 => parent_id = field.bytes()?,
            3 => id = field.bytes()?,
            4 => span.kind = kind(field.varint()?),
            5 => span.name = context.text(field.bytes()?),
            6 => span.timestamp = field.fixed64()?,
            7 => span.duration = field.varint()?,
            8 => span.local = endpoint(field.message()?, context)?.unless_empty(),
            9 => span.remote = endpoint(field.message()?, context)?.unless_empty(),
            10 => span.annotations.push(annotation(field.message()?, context)?),
            11 => span.tags.push(tag(field.message()?, context)?),
            12 => span.debug = field.varint()? != 0,
            13 => span.shared = field.varint()? != 0,
            _ => {}
        }
    }
    let Some(trace) = byte_id(trace_id) else { return Ok(Err(Reason::InvalidTraceId)) };
    let Some(own) = byte_id(id) else { return Ok(Err(Reason::InvalidSpanId)) };
    span.ids.trace = trace;
    span.ids.span = own;
    // An id of zeros is none.
    if parent_id.iter().any(|b| *b != 0) {
        let Some(parent) = byte_id(parent_id) else { return Ok(Err(Reason::InvalidSpanId)) };
        span.ids.parent = parent;
    }
    Ok(Ok(span))
}

fn kind(number: u64) -> Kind<'static> {
    match number {
        0 => Kind::Unset,
        1 => Kind::Client,
        2 => Kind::Server,
        3 => Kind::Producer,
        4 => Kind::Consumer,
        other => Kind::Other(other.to_string().into()),
    }
}

fn endpoint<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Endpoint<'a>> {
    let mut endpoint = Endpoint::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => endpoint.service = context.text(field.bytes()?),
            2 => endpoint.set_ipv4(field.bytes()?),
            3 => endpoint.set_ipv6(field.bytes()?),
            4 => endpoint.port = u16::try_from(field.varint()?).unwrap_or_default(),
            _ => {}
        }
    }
    Ok(endpoint)
}

fn annotation<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Annotation<'a>> {
    let mut annotation = Annotation::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => annotation.timestamp = field.fixed64()?,
            2 => annotation.value = context.text(field.bytes()?),
            _ => {}
        }
    }
    Ok(annotation)
}

/// An entry of a protobuf map: key and value are fields 1 and 2.
fn tag<'a>(mut message: Message<'a>, context: &mut Context<'_>) -> Walk<Tag<'a>> {
    let (mut key, mut value) = (Cow::default(), Cow::default());
    while let Some(field) = message.next()? {
        match field.number {
            1 => key = context.text(field.bytes()?),
            2 => value = context.text(field.bytes()?),
            _ => {}
        }
    }
    Ok((key, value))
}
