//! Spans from the wire into [`SpansBuilder`].

use luneta_model::{EventRow, LinkRow, SpanRow, SpansBuilder};

use super::envelope::{Items, Origin};
use super::value::{Gathered, id, key_value};
use crate::Reason;
use crate::context::Context;
use crate::wire::{Message, Walk, Within as _};

/// Bytes a span's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;
/// The same of an event or a link.
const ELEMENT_BYTES: usize = 48;

impl Items for SpansBuilder {
    const PATH: [&'static str; 3] = ["resource_spans", "scope_spans", "spans"];

    fn item<'a>(&mut self, item: Message<'a>, origin: &mut Origin<'a, '_>, context: &mut Context<'_>) -> Walk<()> {
        let span = Span::read(item)?;
        let mut row = match span.row() {
            Ok(row) => row,
            Err(reason) => {
                context.tally.reject(reason);
                return Ok(());
            }
        };
        context.spend(ROW_BYTES)?;
        let origin = origin.index(&mut self.origins, context)?;
        add_nested(self, item.between(span.nested.0, span.nested.1), context)?;
        let (name, state, message) = (context.text(span.name), context.text(span.trace_state), context.text(span.status_message));
        row.name = &name;
        row.trace_state = &state;
        row.status_message = &message;
        self.end_span(origin, &row)?;
        Ok(())
    }
}

/// The fields of a span that occur once.
#[derive(Default)]
struct Span<'a> {
    trace_id: &'a [u8],
    id: &'a [u8],
    parent_span_id: &'a [u8],
    trace_state: &'a [u8],
    name: &'a [u8],
    status_message: &'a [u8],
    status_code: i32,
    kind: i32,
    flags: u32,
    start_time: u64,
    end_time: u64,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    /// From where to where attributes, events and links lie.
    nested: (usize, usize),
}

impl<'a> Span<'a> {
    #[inline]
    fn read(mut message: Message<'a>) -> Walk<Self> {
        let mut span = Span::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => span.trace_id = field.bytes().within("trace_id")?,
                2 => span.id = field.bytes().within("span_id")?,
                3 => span.trace_state = field.bytes().within("trace_state")?,
                4 => span.parent_span_id = field.bytes().within("parent_span_id")?,
                5 => span.name = field.bytes().within("name")?,
                6 => span.kind = field.varint().within("kind")? as i32,
                7 => span.start_time = field.fixed64().within("start_time_unix_nano")?,
                8 => span.end_time = field.fixed64().within("end_time_unix_nano")?,
                9 | 11 | 13 => {
                    if span.nested.1 == 0 {
                        span.nested.0 = field.offset();
                    }
                    span.nested.1 = message.offset();
                }
                10 => span.dropped_attributes = field.varint().within("dropped_attributes_count")? as u32,
                12 => span.dropped_events = field.varint().within("dropped_events_count")? as u32,
                14 => span.dropped_links = field.varint().within("dropped_links_count")? as u32,
                15 => span.read_status(field.message().within("status")?).within("status")?,
                16 => span.flags = field.fixed32().within("flags")?,
                _ => {}
            }
        }
        Ok(span)
    }

    fn read_status(&mut self, mut status: Message<'a>) -> Walk<()> {
        while let Some(field) = status.next()? {
            match field.number {
                2 => self.status_message = field.bytes().within("message")?,
                3 => self.status_code = field.varint().within("code")? as i32,
                _ => {}
            }
        }
        Ok(())
    }

    /// The row without its text, or why the span cannot be kept.
    #[inline]
    fn row(&self) -> Result<SpanRow<'static>, Reason> {
        let trace_id = id::<16>(self.trace_id).filter(|id| *id != [0; 16]).ok_or(Reason::InvalidTraceId)?;
        let span_id = id::<8>(self.id).filter(|id| *id != [0; 8]).ok_or(Reason::InvalidSpanId)?;
        let parent_span_id = match self.parent_span_id {
            [] => [0; 8],
            bytes => id::<8>(bytes).ok_or(Reason::InvalidSpanId)?,
        };
        let time = |nanos| i64::try_from(nanos).map_err(|_| Reason::TimeOutOfRange);
        Ok(SpanRow {
            start_time: time(self.start_time)?,
            end_time: time(self.end_time)?,
            trace_id,
            span_id,
            parent_span_id,
            flags: self.flags,
            kind: self.kind,
            status_code: self.status_code,
            dropped_attributes_count: self.dropped_attributes,
            dropped_events_count: self.dropped_events,
            dropped_links_count: self.dropped_links,
            ..SpanRow::default()
        })
    }
}

#[inline]
fn add_nested(spans: &mut SpansBuilder, mut message: Message<'_>, context: &mut Context<'_>) -> Walk<()> {
    while let Some(field) = message.next()? {
        match field.number {
            9 => {
                let message = field.message().within("attributes")?;
                let (key, value) = key_value(message, context).within("attributes")?;
                value.push_to(&mut spans.attributes, &key);
            }
            11 => add_event(spans, field.message().within("events")?, context).within("events")?,
            13 => add_link(spans, field.message().within("links")?, context).within("links")?,
            _ => {}
        }
    }
    Ok(())
}

fn add_event(spans: &mut SpansBuilder, mut message: Message<'_>, context: &mut Context<'_>) -> Walk<()> {
    context.spend(ELEMENT_BYTES)?;
    let mut row = EventRow::default();
    let mut name: &[u8] = &[];
    let mut attributes = Gathered::new();
    while let Some(field) = message.next()? {
        match field.number {
            1 => row.time = context.inner_time(field.fixed64().within("time_unix_nano")?),
            2 => name = field.bytes().within("name")?,
            3 => attributes.push(field.message().within("attributes")?, context).within("attributes")?,
            4 => row.dropped_attributes_count = field.varint().within("dropped_attributes_count")? as u32,
            _ => {}
        }
    }
    let name = context.text(name);
    row.dropped_attributes_count = row.dropped_attributes_count.saturating_add(attributes.dropped);
    spans.event(&EventRow { name: &name, ..row }, attributes.take());
    Ok(())
}

fn add_link(spans: &mut SpansBuilder, mut message: Message<'_>, context: &mut Context<'_>) -> Walk<()> {
    context.spend(ELEMENT_BYTES)?;
    let mut row = LinkRow::default();
    let mut state: &[u8] = &[];
    let mut attributes = Gathered::new();
    while let Some(field) = message.next()? {
        match field.number {
            1 => row.trace_id = id(field.bytes().within("trace_id")?).unwrap_or_default(),
            2 => row.span_id = id(field.bytes().within("span_id")?).unwrap_or_default(),
            3 => state = field.bytes().within("trace_state")?,
            4 => attributes.push(field.message().within("attributes")?, context).within("attributes")?,
            5 => row.dropped_attributes_count = field.varint().within("dropped_attributes_count")? as u32,
            6 => row.flags = field.fixed32().within("flags")?,
            _ => {}
        }
    }
    let trace_state = context.text(state);
    row.dropped_attributes_count = row.dropped_attributes_count.saturating_add(attributes.dropped);
    spans.link(&LinkRow { trace_state: &trace_state, ..row }, attributes.take())?;
    Ok(())
}
