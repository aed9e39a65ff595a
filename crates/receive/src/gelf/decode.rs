//! The decoder of this protocol, as a function of bytes and options.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use luneta_model::{Limits, Tenant};

use crate::frames::Frame;
use crate::otlp::value::Value;
use crate::record::{self, Fields, Record, Records};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// How many times its size a message may unpack to.
const RATIO_MAX: usize = 1024;

/// One message, packed or not.
pub fn message(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    add(bytes, &mut records)?;
    records.finish(tenant)
}

/// Messages of datagrams or of a stream. One that is broken costs only itself.
pub(super) fn gathered(frames: &[Frame], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    for frame in frames {
        if frame.bytes_sent > 0 {
            // JSON without its end is none.
            records.context.tally.reject(Reason::BodyTooLarge);
            continue;
        }
        match add(&frame.bytes, &mut records) {
            Err(error) if error.reason() == Reason::Internal => return Err(error),
            Err(error) => records.context.tally.reject(error.reason()),
            Ok(()) => {}
        }
    }
    records.finish(tenant)
}

fn add(bytes: &[u8], records: &mut Records<'_>) -> Result<(), ReceiveError> {
    let max = records.context.options.expanded_bytes_max.min(bytes.len().saturating_mul(RATIO_MAX));
    let unpacked = match bytes {
        [0x1f, 0x8b, ..] => Cow::Owned(unpack(MultiGzDecoder::new(bytes), max)?),
        [first, ..] if first & 0x0f == 8 => Cow::Owned(unpack(ZlibDecoder::new(bytes), max)?),
        _ => Cow::Borrowed(bytes),
    };
    let text = records.context.text(&unpacked);
    let limits = records.context.options.limits;
    let fields = Fields::json(text.trim_ascii(), &limits);
    let fields = fields.map_err(|e| ReceiveError::Malformed(format!("malformed JSON: {e}")))?;
    let time = exact_time(&text, &limits);
    let record = read(fields, time).ok_or_else(|| ReceiveError::Malformed("a message has no short_message".to_owned()))?;
    records.add(&record)
}

fn unpack(reader: impl Read, max: usize) -> Result<Vec<u8>, ReceiveError> {
    let mut unpacked = Vec::new();
    let read = reader.take(max as u64 + 1).read_to_end(&mut unpacked);
    read.map_err(|e| ReceiveError::Malformed(format!("a message cannot be unpacked: {e}")))?;
    if unpacked.len() > max {
        return Err(ReceiveError::DecompressedTooLarge { what: "an unpacked message", max });
    }
    Ok(unpacked)
}

/// The time as it was written: a double has no nanoseconds in our days.
fn exact_time(text: &str, limits: &Limits) -> Option<i128> {
    let members = record::read(text.trim_ascii(), limits.attributes_max).ok()?;
    let (_, raw) = members.kept.into_iter().find(|(key, _)| key == "timestamp")?;
    let raw = raw.get();
    if raw.starts_with('"') { record::any(&record::text(raw)) } else { record::epoch(raw) }
}

/// The fields of a message in their places; `None` when it has no text.
fn read(fields: Fields<'_>, time: Option<i128>) -> Option<Record<'_>> {
    let mut record = Record { time, dropped: fields.dropped, ..Record::default() };
    let (mut short, mut full) = (None, None);
    let mut additional = Fields::default();
    for (key, value) in fields.entries {
        match (&*key, value) {
            ("version" | "timestamp", _) => {}
            ("short_message", Value::Text(text)) => short = Some(text),
            ("full_message", Value::Text(text)) => full = Some(text),
            ("host", value) => record.resource.push(("host.name".into(), value)),
            ("level", Value::Int(level)) => {
                let (name, number) = record::of_syslog(u8::try_from(level).unwrap_or(7));
                (record.severity_text, record.severity_number) = (name.into(), number);
            }
            ("facility", value) => record.attributes.push(("gelf.facility".into(), value)),
            ("line" | "_line", value) => record.attributes.push(("code.line.number".into(), value)),
            ("file" | "_file", value) => record.attributes.push(("code.file.path".into(), value)),
            ("_func" | "_function", value) => record.attributes.push(("code.function.name".into(), value)),
            ("_logger" | "_logger_name", value) => record.attributes.push(("logger.name".into(), value)),
            ("_pid", value) => record.attributes.push(("process.pid".into(), value)),
            ("_thread_name", value) => record.attributes.push(("thread.name".into(), value)),
            (_, value) => additional.entries.push((without_underscore(key), value)),
        }
    }
    // What is left has any names, as other structured records do.
    record::fold(additional, &mut record);
    let (body, more) = match (short, full) {
        (Some(short), Some(full)) if full.starts_with(&*short) => (full, None),
        (Some(short), full) => (short, full),
        (None, full) => (full?, None),
    };
    if let Some(full) = more.filter(|full| !full.is_empty()) {
        // The libraries for Python send the traceback alone.
        let key = if full.starts_with("Traceback (") { "exception.stacktrace" } else { "gelf.full_message" };
        record.attributes.push((key.into(), Value::Text(full)));
    }
    record.body = Some(body);
    Some(record)
}

fn without_underscore(key: Cow<'_, str>) -> Cow<'_, str> {
    match key {
        Cow::Borrowed(key) => Cow::Borrowed(key.strip_prefix('_').unwrap_or(key)),
        Cow::Owned(key) => Cow::Owned(key.strip_prefix('_').map(ToOwned::to_owned).unwrap_or(key)),
    }
}
