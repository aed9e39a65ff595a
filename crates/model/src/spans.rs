//! [`SpansBuilder`]: spans into the physical layout.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Int64Builder, ListArray, RecordBatch, StringArray, StringBuilder, StructArray,
    TimestampNanosecondBuilder, UInt32Builder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use arrow::error::ArrowError;

use crate::attributes::{AttributeScope, AttributesBuilder};
use crate::origin::{append_unless_empty, column, record_batch, with_values};
use crate::overflow::{OverflowBuilder, map_type};
use crate::value::AnyValue;
use crate::{Batch, Limits, OriginsBuilder, Signal, Tenant};

/// The fixed part of one span.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanRow<'a> {
    /// Nanoseconds since 1970.
    pub start_time: i64,
    /// Nanoseconds since 1970; may lie before the start when clocks disagree.
    pub end_time: i64,
    /// 16 bytes, not all zero.
    pub trace_id: [u8; 16],
    /// 8 bytes, not all zero.
    pub span_id: [u8; 8],
    /// All zero for a root span.
    pub parent_span_id: [u8; 8],
    /// W3C `tracestate`, empty when there is none.
    pub trace_state: &'a str,
    /// W3C trace flags and OTLP's `has_is_remote` bits.
    pub flags: u32,
    /// Name of the operation.
    pub name: &'a str,
    /// `SpanKind` as numbered by OTLP.
    pub kind: i32,
    /// `StatusCode` as numbered by OTLP.
    pub status_code: i32,
    /// Status message, empty when there is none.
    pub status_message: &'a str,
    /// Attributes the sender dropped.
    pub dropped_attributes_count: u32,
    /// Events the sender dropped.
    pub dropped_events_count: u32,
    /// Links the sender dropped.
    pub dropped_links_count: u32,
}

/// The fixed part of one event.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventRow<'a> {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Name of the event.
    pub name: &'a str,
    /// Attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// The fixed part of one link.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkRow<'a> {
    /// Trace linked to.
    pub trace_id: [u8; 16],
    /// Span linked to.
    pub span_id: [u8; 8],
    /// W3C `tracestate` of the link.
    pub trace_state: &'a str,
    /// Flags of the link.
    pub flags: u32,
    /// Attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// Names of `SpanKind`, by OTLP number.
pub(crate) const KINDS: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
/// Names of `StatusCode`, by OTLP number.
pub(crate) const STATUS_CODES: [&str; 3] = ["UNSET", "OK", "ERROR"];

/// Builds a batch of spans, one at a time: attributes, events and links of the current span in any
/// order, then [`SpansBuilder::end_span`].
#[derive(Debug)]
pub struct SpansBuilder {
    limits: Limits,
    /// Resources and scopes.
    pub origins: OriginsBuilder,
    /// Attributes of the current span.
    pub attributes: AttributesBuilder,
    origin: UInt32Builder,
    start_time: TimestampNanosecondBuilder,
    duration_ns: Int64Builder,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    parent_span_id: FixedSizeBinaryBuilder,
    trace_state: StringBuilder,
    flags: UInt32Builder,
    name: StringBuilder,
    kind: StringBuilder,
    status_code: StringBuilder,
    status_message: StringBuilder,
    events: EventsBuilder,
    links: LinksBuilder,
    dropped_attributes_count: UInt32Builder,
    dropped_events_count: UInt32Builder,
    dropped_links_count: UInt32Builder,
    rows: usize,
}

impl SpansBuilder {
    /// An empty builder.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            origins: OriginsBuilder::new(limits),
            attributes: AttributesBuilder::new(AttributeScope::Item, limits),
            origin: UInt32Builder::new(),
            start_time: TimestampNanosecondBuilder::new(),
            duration_ns: Int64Builder::new(),
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            parent_span_id: FixedSizeBinaryBuilder::new(8),
            trace_state: StringBuilder::new(),
            flags: UInt32Builder::new(),
            name: StringBuilder::new(),
            kind: StringBuilder::new(),
            status_code: StringBuilder::new(),
            status_message: StringBuilder::new(),
            events: EventsBuilder::default(),
            links: LinksBuilder::default(),
            dropped_attributes_count: UInt32Builder::new(),
            dropped_events_count: UInt32Builder::new(),
            dropped_links_count: UInt32Builder::new(),
            rows: 0,
        }
    }

    /// Spans closed so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no span was closed.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds an event to the current span. Over the limit it is dropped and counted.
    pub fn event<'k>(&mut self, row: &EventRow<'_>, attributes: impl IntoIterator<Item = (&'k str, AnyValue)>) {
        if self.events.in_row >= self.limits.events_max {
            self.events.dropped_in_row = self.events.dropped_in_row.saturating_add(1);
            return;
        }
        self.events.push(row, attributes, &self.limits);
    }

    /// Adds a link to the current span. Over the limit it is dropped and counted.
    pub fn link<'k>(
        &mut self,
        row: &LinkRow<'_>,
        attributes: impl IntoIterator<Item = (&'k str, AnyValue)>,
    ) -> Result<(), ArrowError> {
        if self.links.in_row >= self.limits.events_max {
            self.links.dropped_in_row = self.links.dropped_in_row.saturating_add(1);
            return Ok(());
        }
        self.links.push(row, attributes, &self.limits)
    }

    /// Closes the current span, which came from `origin`.
    ///
    /// # Errors
    /// None in practice: ids have the width of their columns.
    pub fn end_span(&mut self, origin: u32, row: &SpanRow<'_>) -> Result<(), ArrowError> {
        self.origin.append_value(origin);
        self.start_time.append_value(row.start_time);
        self.duration_ns.append_value(row.end_time.saturating_sub(row.start_time));
        self.trace_id.append_value(row.trace_id)?;
        self.span_id.append_value(row.span_id)?;
        if row.parent_span_id == [0; 8] {
            self.parent_span_id.append_null();
        } else {
            self.parent_span_id.append_value(row.parent_span_id)?;
        }
        append_unless_empty(&mut self.trace_state, row.trace_state);
        self.flags.append_value(row.flags);
        self.name.append_value(Limits::cut(row.name, self.limits.value_bytes_max));
        append_code(&mut self.kind, row.kind, &KINDS);
        append_code(&mut self.status_code, row.status_code, &STATUS_CODES);
        append_unless_empty(&mut self.status_message, Limits::cut(row.status_message, self.limits.value_bytes_max));
        let dropped = self.attributes.end_row();
        self.dropped_attributes_count.append_value(row.dropped_attributes_count.saturating_add(dropped));
        let dropped = self.events.end_row();
        self.dropped_events_count.append_value(row.dropped_events_count.saturating_add(dropped));
        let dropped = self.links.end_row();
        self.dropped_links_count.append_value(row.dropped_links_count.saturating_add(dropped));
        self.rows += 1;
        Ok(())
    }

    /// The batch.
    ///
    /// # Errors
    /// An Arrow error when columns disagree in length, which closing every span rules out.
    pub fn finish(mut self, tenant: Tenant) -> Result<Batch, ArrowError> {
        let mut columns = vec![
            column("origin", DataType::UInt32, false, Arc::new(self.origin.finish())),
            column("start_time", timestamp(), false, Arc::new(self.start_time.finish())),
            column("duration_ns", DataType::Int64, false, Arc::new(self.duration_ns.finish())),
            column("trace_id", DataType::FixedSizeBinary(16), false, Arc::new(self.trace_id.finish())),
            column("span_id", DataType::FixedSizeBinary(8), false, Arc::new(self.span_id.finish())),
            column("parent_span_id", DataType::FixedSizeBinary(8), true, Arc::new(self.parent_span_id.finish())),
            column("trace_state", DataType::Utf8, true, Arc::new(self.trace_state.finish())),
            column("flags", DataType::UInt32, true, Arc::new(self.flags.finish())),
            column("name", DataType::Utf8, false, Arc::new(self.name.finish())),
            column("kind", DataType::Utf8, false, Arc::new(self.kind.finish())),
            column("status_code", DataType::Utf8, false, Arc::new(self.status_code.finish())),
            column("status_message", DataType::Utf8, true, Arc::new(self.status_message.finish())),
            column("events", DataType::List(list_item(event_fields())), true, Arc::new(self.events.finish()?)),
            column("links", DataType::List(list_item(link_fields())), true, Arc::new(self.links.finish()?)),
            column("dropped_attributes_count", DataType::UInt32, true, Arc::new(self.dropped_attributes_count.finish())),
            column("dropped_events_count", DataType::UInt32, true, Arc::new(self.dropped_events_count.finish())),
            column("dropped_links_count", DataType::UInt32, true, Arc::new(self.dropped_links_count.finish())),
        ];
        columns.extend(self.attributes.finish());
        let rows: RecordBatch = record_batch(with_values(columns))?;
        Ok(Batch { tenant, signal: Signal::Spans, rows, origins: self.origins.finish()?, told: None })
    }
}

fn append_code(builder: &mut StringBuilder, code: i32, names: &[&str]) {
    match usize::try_from(code).ok().and_then(|i| names.get(i)) {
        Some(name) => builder.append_value(name),
        // A number from a later version of OTLP is kept as it is.
        None => builder.append_value(code.to_string()),
    }
}

pub(crate) const fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, None)
}

pub(crate) fn list_item(fields: Fields) -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(fields), false))
}

/// Fields of one element of `events`, in the physical layout.
pub(crate) fn event_fields() -> Fields {
    Fields::from(vec![
        Field::new("time", timestamp(), false),
        Field::new("name", DataType::Utf8, false),
        Field::new("attributes", map_type(), false),
        Field::new("attributes_types", DataType::Utf8, true),
        Field::new("dropped_attributes_count", DataType::UInt32, false),
    ])
}

/// Fields of one element of `links`, in the physical layout.
pub(crate) fn link_fields() -> Fields {
    Fields::from(vec![
        Field::new("trace_id", DataType::FixedSizeBinary(16), false),
        Field::new("span_id", DataType::FixedSizeBinary(8), false),
        Field::new("trace_state", DataType::Utf8, true),
        Field::new("flags", DataType::UInt32, false),
        Field::new("attributes", map_type(), false),
        Field::new("attributes_types", DataType::Utf8, true),
        Field::new("dropped_attributes_count", DataType::UInt32, false),
    ])
}

#[derive(Debug)]
struct EventsBuilder {
    offsets: Vec<i32>,
    time: TimestampNanosecondBuilder,
    name: StringBuilder,
    attributes: OverflowBuilder,
    dropped: UInt32Builder,
    count: usize,
    in_row: usize,
    dropped_in_row: u32,
}

impl Default for EventsBuilder {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            time: TimestampNanosecondBuilder::new(),
            name: StringBuilder::new(),
            attributes: OverflowBuilder::default(),
            dropped: UInt32Builder::new(),
            count: 0,
            in_row: 0,
            dropped_in_row: 0,
        }
    }
}

/// Adds attributes under the per-item limit; returns how many were dropped.
pub(crate) fn push_attributes<'k>(
    map: &mut OverflowBuilder,
    attributes: impl IntoIterator<Item = (&'k str, AnyValue)>,
    limits: &Limits,
) -> u32 {
    let mut dropped = 0u32;
    for (i, (key, value)) in attributes.into_iter().enumerate() {
        if i < limits.attributes_max {
            map.push_any(key, &value, limits);
        } else {
            dropped = dropped.saturating_add(1);
        }
    }
    map.end_row();
    dropped
}

/// The map and types arrays of a list element's attributes.
pub(crate) fn element_attributes(map: OverflowBuilder) -> Result<(ArrayRef, ArrayRef), ArrowError> {
    let (map, types) = map.finish_always();
    let map = map.ok_or_else(|| ArrowError::ComputeError("attribute map has uneven columns".into()))?;
    let types = types.unwrap_or_else(|| StringArray::new_null(0));
    Ok((Arc::new(map), Arc::new(types)))
}

impl EventsBuilder {
    fn push<'k>(&mut self, row: &EventRow<'_>, attributes: impl IntoIterator<Item = (&'k str, AnyValue)>, limits: &Limits) {
        self.time.append_value(row.time);
        self.name.append_value(Limits::cut(row.name, limits.value_bytes_max));
        let dropped = push_attributes(&mut self.attributes, attributes, limits);
        self.dropped.append_value(row.dropped_attributes_count.saturating_add(dropped));
        self.count += 1;
        self.in_row += 1;
    }

    fn end_row(&mut self) -> u32 {
        self.offsets.push(self.count as i32);
        self.in_row = 0;
        std::mem::take(&mut self.dropped_in_row)
    }

    fn finish(mut self) -> Result<ListArray, ArrowError> {
        let (map, types) = element_attributes(self.attributes)?;
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.time.finish()), Arc::new(self.name.finish()), map, types, Arc::new(self.dropped.finish())];
        let values = StructArray::try_new(event_fields(), columns, None)?;
        ListArray::try_new(list_item(event_fields()), OffsetBuffer::new(self.offsets.into()), Arc::new(values), None)
    }
}

#[derive(Debug)]
struct LinksBuilder {
    offsets: Vec<i32>,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    trace_state: StringBuilder,
    flags: UInt32Builder,
    attributes: OverflowBuilder,
    dropped: UInt32Builder,
    count: usize,
    in_row: usize,
    dropped_in_row: u32,
}

impl Default for LinksBuilder {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            trace_state: StringBuilder::new(),
            flags: UInt32Builder::new(),
            attributes: OverflowBuilder::default(),
            dropped: UInt32Builder::new(),
            count: 0,
            in_row: 0,
            dropped_in_row: 0,
        }
    }
}

impl LinksBuilder {
    fn push<'k>(
        &mut self,
        row: &LinkRow<'_>,
        attributes: impl IntoIterator<Item = (&'k str, AnyValue)>,
        limits: &Limits,
    ) -> Result<(), ArrowError> {
        self.trace_id.append_value(row.trace_id)?;
        self.span_id.append_value(row.span_id)?;
        append_unless_empty(&mut self.trace_state, row.trace_state);
        self.flags.append_value(row.flags);
        let dropped = push_attributes(&mut self.attributes, attributes, limits);
        self.dropped.append_value(row.dropped_attributes_count.saturating_add(dropped));
        self.count += 1;
        self.in_row += 1;
        Ok(())
    }

    fn end_row(&mut self) -> u32 {
        self.offsets.push(self.count as i32);
        self.in_row = 0;
        std::mem::take(&mut self.dropped_in_row)
    }

    fn finish(mut self) -> Result<ListArray, ArrowError> {
        let (map, types) = element_attributes(self.attributes)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            Arc::new(self.trace_state.finish()),
            Arc::new(self.flags.finish()),
            map,
            types,
            Arc::new(self.dropped.finish()),
        ];
        let values = StructArray::try_new(link_fields(), columns, None)?;
        ListArray::try_new(list_item(link_fields()), OffsetBuffer::new(self.offsets.into()), Arc::new(values), None)
    }
}
