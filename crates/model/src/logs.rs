//! [`LogsBuilder`]: log records into the physical layout.

use std::sync::Arc;

use arrow::array::{FixedSizeBinaryBuilder, Int32Builder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use crate::attributes::{AttributeScope, AttributesBuilder};
use crate::origin::{append_unless_empty, column, record_batch, with_values};
use crate::spans::timestamp;
use crate::value::{AnyValue, TypeCode, encode_text};
use crate::{Batch, Limits, OriginsBuilder, Signal, Tenant};

/// The fixed part of one log record.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogRow<'a> {
    /// Nanoseconds since 1970. Decoders put the observed time here when the record has none.
    pub time: i64,
    /// Nanoseconds since 1970; 0 when unknown.
    pub observed_time: i64,
    /// `SeverityNumber` of OTLP, 0 when unknown.
    pub severity_number: i32,
    /// The level's own name, empty when there is none.
    pub severity_text: &'a str,
    /// Name of the event, empty when the record is none.
    pub event_name: &'a str,
    /// All zero when the record belongs to no trace.
    pub trace_id: [u8; 16],
    /// All zero when the record belongs to no span.
    pub span_id: [u8; 8],
    /// W3C trace flags.
    pub flags: u32,
    /// Attributes the sender dropped.
    pub dropped_attributes_count: u32,
}

/// Builds a batch of log records, one at a time: attributes and body of the current record, then
/// [`LogsBuilder::end_record`].
#[derive(Debug)]
pub struct LogsBuilder {
    limits: Limits,
    /// Resources and scopes.
    pub origins: OriginsBuilder,
    /// Attributes of the current record.
    pub attributes: AttributesBuilder,
    origin: UInt32Builder,
    time: TimestampNanosecondBuilder,
    observed_time: TimestampNanosecondBuilder,
    severity_number: Int32Builder,
    severity_text: StringBuilder,
    body: StringBuilder,
    body_type: StringBuilder,
    has_body: bool,
    event_name: StringBuilder,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    flags: UInt32Builder,
    dropped_attributes_count: UInt32Builder,
    rows: usize,
}

impl LogsBuilder {
    /// An empty builder.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            origins: OriginsBuilder::new(limits),
            attributes: AttributesBuilder::new(AttributeScope::Item, limits),
            origin: UInt32Builder::new(),
            time: TimestampNanosecondBuilder::new(),
            observed_time: TimestampNanosecondBuilder::new(),
            severity_number: Int32Builder::new(),
            severity_text: StringBuilder::new(),
            body: StringBuilder::new(),
            body_type: StringBuilder::new(),
            has_body: false,
            event_name: StringBuilder::new(),
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            flags: UInt32Builder::new(),
            dropped_attributes_count: UInt32Builder::new(),
            rows: 0,
        }
    }

    /// Records closed so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no record was closed.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The body of the current record, when it is text. The last of several bodies wins only if
    /// the first was not closed; decoders call this once.
    pub fn body_str(&mut self, text: &str) {
        if self.has_body {
            return;
        }
        self.has_body = true;
        self.body.append_value(Limits::cut(text, self.limits.body_bytes_max));
        self.body_type.append_null();
    }

    /// The body of the current record.
    pub fn body(&mut self, value: &AnyValue) {
        match value {
            AnyValue::String(text) => self.body_str(text),
            AnyValue::Null => {}
            value if !self.has_body => {
                self.has_body = true;
                let mut text = String::new();
                encode_text(value, &mut text);
                self.body.append_value(Limits::cut(&text, self.limits.body_bytes_max));
                self.body_type.append_value(value.type_code().as_char().encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
    }

    /// Closes the current record, which came from `origin`.
    ///
    /// # Errors
    /// None in practice: ids have the width of their columns.
    pub fn end_record(&mut self, origin: u32, row: &LogRow<'_>) -> Result<(), ArrowError> {
        self.origin.append_value(origin);
        self.time.append_value(row.time);
        self.observed_time.append_option((row.observed_time != 0).then_some(row.observed_time));
        self.severity_number.append_value(row.severity_number);
        append_unless_empty(&mut self.severity_text, Limits::cut(row.severity_text, self.limits.value_bytes_max));
        if !self.has_body {
            self.body.append_null();
            self.body_type.append_value(TypeCode::Null.as_char().encode_utf8(&mut [0; 4]));
        }
        self.has_body = false;
        append_unless_empty(&mut self.event_name, Limits::cut(row.event_name, self.limits.value_bytes_max));
        append_id(&mut self.trace_id, &row.trace_id)?;
        append_id(&mut self.span_id, &row.span_id)?;
        self.flags.append_value(row.flags);
        let dropped = self.attributes.end_row();
        self.dropped_attributes_count.append_value(row.dropped_attributes_count.saturating_add(dropped));
        self.rows += 1;
        Ok(())
    }

    /// The batch.
    ///
    /// # Errors
    /// An Arrow error when columns disagree in length, which closing every record rules out.
    pub fn finish(mut self, tenant: Tenant) -> Result<Batch, ArrowError> {
        let mut columns = vec![
            column("origin", DataType::UInt32, false, Arc::new(self.origin.finish())),
            column("time", timestamp(), false, Arc::new(self.time.finish())),
            column("observed_time", timestamp(), true, Arc::new(self.observed_time.finish())),
            column("severity_number", DataType::Int32, false, Arc::new(self.severity_number.finish())),
            column("severity_text", DataType::Utf8, true, Arc::new(self.severity_text.finish())),
            column("body", DataType::Utf8, true, Arc::new(self.body.finish())),
            column("body_type", DataType::Utf8, true, Arc::new(self.body_type.finish())),
            column("event_name", DataType::Utf8, true, Arc::new(self.event_name.finish())),
            column("trace_id", DataType::FixedSizeBinary(16), true, Arc::new(self.trace_id.finish())),
            column("span_id", DataType::FixedSizeBinary(8), true, Arc::new(self.span_id.finish())),
            column("flags", DataType::UInt32, true, Arc::new(self.flags.finish())),
            column("dropped_attributes_count", DataType::UInt32, true, Arc::new(self.dropped_attributes_count.finish())),
        ];
        columns.extend(self.attributes.finish());
        Ok(Batch {
            tenant,
            signal: Signal::Logs,
            rows: record_batch(with_values(columns))?,
            origins: self.origins.finish()?,
            told: None,
        })
    }
}

pub(crate) fn append_id(builder: &mut FixedSizeBinaryBuilder, id: &[u8]) -> Result<(), ArrowError> {
    if id.iter().all(|b| *b == 0) {
        builder.append_null();
        return Ok(());
    }
    builder.append_value(id)
}
