//! Entries as a request of OTLP, for those who read files beside another server than their own.
//!
//! ```text
//! ExportLogsServiceRequest { 1: ResourceLogs { 1: Resource { 1: KeyValue }, 2: ScopeLogs { 2: LogRecord } } }
//! ```

use luneta_model::semconv::BODY_SENT_BYTES;
use luneta_model::{AnyValue, Limits};

use super::sources::{Sourced, record, whole_characters};
use super::without_colours;
use crate::DecodeOptions;
use crate::otlp::value::Value;
use crate::record::Record;

/// Entries as the body of a request to `/v1/logs`, in protobuf.
pub fn otlp(batch: &[Sourced], options: &DecodeOptions) -> Vec<u8> {
    let mut request = Vec::new();
    // Records of one resource in a row are written together.
    let (mut resource, mut records) = (Vec::new(), Vec::new());
    for Sourced { source, entries } in batch {
        for entry in entries {
            let text = without_colours(String::from_utf8_lossy(whole_characters(entry)));
            let record = record(&text, entry, source, options);
            let mut described = Vec::new();
            attributes(&mut described, 1, &record.resource);
            if described != resource {
                flush(&mut request, &resource, &mut records);
                resource = described;
            }
            message(&mut records, 2, &log_record(&record, options));
        }
    }
    flush(&mut request, &resource, &mut records);
    request
}

fn flush(request: &mut Vec<u8>, resource: &[u8], records: &mut Vec<u8>) {
    if records.is_empty() {
        return;
    }
    let mut of_resource = Vec::with_capacity(records.len() + resource.len() + 16);
    message(&mut of_resource, 1, resource);
    message(&mut of_resource, 2, records);
    message(request, 1, &of_resource);
    records.clear();
}

fn log_record(record: &Record<'_>, options: &DecodeOptions) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let ids = record.ids();
    let time = record.time.and_then(|time| u64::try_from(time).ok()).unwrap_or(options.now as u64);
    fixed64(&mut out, 1, time);
    if record.severity_number != 0 {
        key(&mut out, 2, 0);
        varint(&mut out, record.severity_number as u64);
    }
    text(&mut out, 3, &record.severity_text);
    let body = record.body.as_deref().unwrap_or_default();
    message(&mut out, 5, &any(&Value::Text(body.into())));
    attributes(&mut out, 6, &record.attributes);
    let kept = Limits::cut(body, options.limits.body_bytes_max).len();
    let sent = record.body_bytes.max(body.len());
    // The server cuts no more, and could not know of what was cut here.
    if record.body_bytes > 0 && sent > kept {
        attributes(&mut out, 6, &[(BODY_SENT_BYTES.into(), Value::Int(sent as i64))]);
    }
    if ids.flags != 0 {
        key(&mut out, 8, 5);
        out.extend_from_slice(&ids.flags.to_le_bytes());
    }
    if ids.found() {
        message(&mut out, 9, &ids.trace_id);
        if ids.span_id != [0; 8] {
            message(&mut out, 10, &ids.span_id);
        }
    }
    fixed64(&mut out, 11, options.now as u64);
    text(&mut out, 12, &record.event_name);
    out
}

fn attributes(out: &mut Vec<u8>, number: u32, pairs: &[(std::borrow::Cow<'_, str>, Value<'_>)]) {
    for (name, value) in pairs {
        let mut pair = Vec::with_capacity(64);
        text(&mut pair, 1, name);
        message(&mut pair, 2, &any(value));
        message(out, number, &pair);
    }
}

fn any(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Text(text) => message(&mut out, 1, text.as_bytes()),
        Value::Bool(is) => scalar(&mut out, 2, u64::from(*is)),
        Value::Int(number) => scalar(&mut out, 3, *number as u64),
        Value::Double(number) => fixed64(&mut out, 4, number.to_bits()),
        Value::Other(other) => return nested(other),
    }
    out
}

/// Depth is bounded by who read the value.
fn nested(value: &AnyValue) -> Vec<u8> {
    let mut out = Vec::new();
    let mut inner = Vec::new();
    match value {
        AnyValue::Null => {}
        AnyValue::String(text) => message(&mut out, 1, text.as_bytes()),
        AnyValue::Bool(is) => scalar(&mut out, 2, u64::from(*is)),
        AnyValue::Int(number) => scalar(&mut out, 3, *number as u64),
        AnyValue::Double(number) => fixed64(&mut out, 4, number.to_bits()),
        AnyValue::Bytes(bytes) => message(&mut out, 7, bytes),
        AnyValue::Array(values) => {
            for value in values {
                message(&mut inner, 1, &nested(value));
            }
            message(&mut out, 5, &inner);
        }
        AnyValue::Map(pairs) => {
            for (name, value) in pairs {
                let mut pair = Vec::new();
                text(&mut pair, 1, name);
                message(&mut pair, 2, &nested(value));
                message(&mut inner, 1, &pair);
            }
            message(&mut out, 6, &inner);
        }
    }
    out
}

fn key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    varint(out, u64::from(number << 3 | wire_type));
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn scalar(out: &mut Vec<u8>, number: u32, value: u64) {
    key(out, number, 0);
    varint(out, value);
}

fn fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    key(out, number, 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn message(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    key(out, number, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn text(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        message(out, number, text.as_bytes());
    }
}
