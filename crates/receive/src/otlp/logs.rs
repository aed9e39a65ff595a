//! Log records from the wire into [`LogsBuilder`].

use luneta_model::{AnyValue, LogRow, LogsBuilder};

use super::envelope::{Items, Origin};
use super::value::{Value, any_value, id, key_value};
use crate::Reason;
use crate::context::Context;
use crate::record::{Ids, id_key, ids_in};
use crate::wire::{Message, Walk, Within as _};

/// Bytes a record's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;

impl Items for LogsBuilder {
    const PATH: [&'static str; 3] = ["resource_logs", "scope_logs", "log_records"];

    fn item<'a>(&mut self, item: Message<'a>, origin: &mut Origin<'a, '_>, context: &mut Context<'_>) -> Walk<()> {
        let record = Record::read(item)?;
        let Some(mut row) = record.row(context.options.now) else {
            context.tally.reject(Reason::TimeOutOfRange);
            return Ok(());
        };
        context.spend(ROW_BYTES)?;
        let origin = origin.index(&mut self.origins, context)?;
        let mut ids = Ids { trace_id: row.trace_id, span_id: row.span_id, flags: row.flags };
        let told = ids.found();
        add_attributes(self, item.between(record.nested.0, record.nested.1), context, (!told).then_some(&mut ids))?;
        if let Some(body) = record.body {
            let max = context.options.limits.body_bytes_max;
            let value = any_value(body, context, max).within("body")?;
            if !ids.found() {
                ids = ids_of_body(&value).unwrap_or(ids);
            }
            match value {
                Value::Text(text) => self.body_str(&text),
                other => self.body(&other.into_any()),
            }
        }
        (row.trace_id, row.span_id, row.flags) = (ids.trace_id, ids.span_id, ids.flags);
        let (severity_text, event_name) = (context.text(record.severity_text), context.text(record.event_name));
        row.severity_text = &severity_text;
        row.event_name = &event_name;
        self.end_record(origin, &row)?;
        Ok(())
    }
}

/// The fields of a record that occur once.
#[derive(Default)]
struct Record<'a> {
    time: u64,
    observed_time: u64,
    severity_number: i32,
    severity_text: &'a [u8],
    event_name: &'a [u8],
    body: Option<Message<'a>>,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    flags: u32,
    dropped_attributes: u32,
    /// From where to where attributes lie.
    nested: (usize, usize),
}

impl<'a> Record<'a> {
    #[inline]
    fn read(mut message: Message<'a>) -> Walk<Self> {
        let mut record = Record::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => record.time = field.fixed64().within("time_unix_nano")?,
                2 => record.severity_number = field.varint().within("severity_number")? as i32,
                3 => record.severity_text = field.bytes().within("severity_text")?,
                5 => record.body = Some(field.message().within("body")?),
                6 => {
                    if record.nested.1 == 0 {
                        record.nested.0 = field.offset();
                    }
                    record.nested.1 = message.offset();
                }
                7 => record.dropped_attributes = field.varint().within("dropped_attributes_count")? as u32,
                8 => record.flags = field.fixed32().within("flags")?,
                9 => record.trace_id = field.bytes().within("trace_id")?,
                10 => record.span_id = field.bytes().within("span_id")?,
                11 => record.observed_time = field.fixed64().within("observed_time_unix_nano")?,
                12 => record.event_name = field.bytes().within("event_name")?,
                _ => {}
            }
        }
        Ok(record)
    }

    /// The row without its text; `None` when a time does not fit. Ids of a wrong width are left
    /// out: a record without a trace is still a record.
    #[inline]
    fn row(&self, now: i64) -> Option<LogRow<'static>> {
        let observed_time = i64::try_from(self.observed_time).ok()?;
        let time = match i64::try_from(self.time).ok()? {
            0 if observed_time != 0 => observed_time,
            0 => now,
            time => time,
        };
        Some(LogRow {
            time,
            observed_time,
            severity_number: self.severity_number,
            trace_id: id(self.trace_id).unwrap_or_default(),
            span_id: id(self.span_id).unwrap_or_default(),
            flags: self.flags,
            dropped_attributes_count: self.dropped_attributes,
            ..LogRow::default()
        })
    }
}

/// `ids` are filled by attributes that tell of a trace, where the record does not; they stay attributes.
#[inline]
fn add_attributes(
    logs: &mut LogsBuilder,
    mut message: Message<'_>,
    context: &mut Context<'_>,
    mut ids: Option<&mut Ids>,
) -> Walk<()> {
    while let Some(field) = message.next()? {
        if field.number == 6 {
            let message = field.message().within("attributes")?;
            let (key, value) = key_value(message, context).within("attributes")?;
            if let (Some(ids), Value::Text(text)) = (&mut ids, &value)
                && let Some(key) = id_key(&key)
            {
                ids.take(key, text);
            }
            value.push_to(&mut logs.attributes, &key);
        }
    }
    Ok(())
}

/// What a body tells of a trace: a text anywhere in it, a map in its own fields.
fn ids_of_body(body: &Value<'_>) -> Option<Ids> {
    match body {
        Value::Text(text) => ids_in(text),
        Value::Other(AnyValue::Map(fields)) => {
            let mut ids = Ids::default();
            for (key, value) in fields {
                if let (Some(key), AnyValue::String(text)) = (id_key(key), value) {
                    ids.take(key, text);
                }
            }
            ids.found().then_some(ids)
        }
        _ => None,
    }
}
