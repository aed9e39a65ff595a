//! Entries of files and programs into rows.

use std::sync::Arc;

use jiff::tz::TimeZone;
use luneta_model::Tenant;

use super::format::{Format, Lines};
use super::{Assembler, Entry, Place, read, without_colours};
use crate::otlp::value::Value;
use crate::record::{Record, Records};
use crate::{DecodeOptions, Decoded, ReceiveError};

/// Where entries come from, and how they are to be read.
#[derive(Debug, Clone)]
pub struct Source {
    /// Their form.
    pub format: Arc<Format>,
    /// Where clocks are whose times do not say.
    pub zone: TimeZone,
    /// Attributes of the resource, those the entries tell before them.
    pub resource: Vec<(String, String)>,
    /// Attributes of each record.
    pub attributes: Vec<(String, String)>,
}

impl Default for Source {
    fn default() -> Self {
        Self { format: Arc::default(), zone: TimeZone::UTC, resource: Vec::new(), attributes: Vec::new() }
    }
}

/// Entries of one source.
#[derive(Debug, Clone)]
pub struct Sourced {
    /// Where they come from.
    pub source: Arc<Source>,
    /// What it said.
    pub entries: Vec<Entry>,
}

/// A file as a whole, of unknown form, with clocks of UTC.
pub fn lines(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let settings = Lines { bytes_max: options.limits.body_bytes_max, ..Lines::default() };
    let mut assembler = Assembler::new(0);
    let mut position = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        position += line.len() as u64;
        assembler.push(&settings, line.strip_suffix(b"\n").unwrap_or(line), line.len(), position);
    }
    assembler.close();
    decode(&[Sourced { source: Arc::default(), entries: assembler.take().0 }], tenant, options)
}

/// Entries into rows.
pub fn decode(batch: &[Sourced], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    for Sourced { source, entries } in batch {
        for entry in entries {
            let text = records.context.text(whole_characters(entry));
            let text = without_colours(text);
            records.add(&record(&text, entry, source, options))?;
        }
    }
    records.finish(tenant)
}

/// The bytes of an entry; a cut within a character is not the sender's fault.
pub(super) fn whole_characters(entry: &Entry) -> &[u8] {
    match std::str::from_utf8(&entry.bytes) {
        Err(error) if entry.bytes_sent > 0 && error.error_len().is_none() => &entry.bytes[..error.valid_up_to()],
        _ => &entry.bytes,
    }
}

/// The record of an entry, of which `text` is the text.
pub(super) fn record<'a>(text: &'a str, entry: &Entry, source: &'a Source, options: &DecodeOptions) -> Record<'a> {
    let place = Place { zone: &source.zone, now: entry.time.and_then(|t| i64::try_from(t).ok()).unwrap_or(options.now) };
    let mut record = read(text, &source.format, place, &options.limits);
    record.time = record.time.or(entry.time);
    record.body_bytes = entry.bytes_sent;
    for (key, value) in &source.resource {
        if !record.has_resource(key) {
            record.resource.push((key.as_str().into(), Value::Text(value.as_str().into())));
        }
    }
    for (key, value) in &source.attributes {
        record.attributes.push((key.as_str().into(), Value::Text(value.as_str().into())));
    }
    if let Some(stream) = entry.stream {
        record.attributes.push(("log.iostream".into(), Value::Text(stream.as_str().into())));
    }
    record
}
