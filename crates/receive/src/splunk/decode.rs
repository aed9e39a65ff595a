//! The decoders of this protocol, as functions of bytes and options.

use std::borrow::Cow;

use luneta_model::{Limits, Tenant};
use serde_json::value::RawValue;

use super::{INDEX_ATTRIBUTE, SOURCE_ATTRIBUTE, SOURCETYPE_ATTRIBUTE};
use crate::otlp::value::Value;
use crate::record::{self, Fields, Record, Records, fold};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Members of an event that are looked at; it has seven.
const MEMBERS_MAX: usize = 32;

/// What the path of a request says about all its events, each of which may say otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Nanoseconds since 1970.
    pub time: Option<i128>,
    /// Name of the host.
    pub host: Option<String>,
    /// Name of the file or stream.
    pub source: Option<String>,
    /// What kind of text it is.
    pub sourcetype: Option<String>,
    /// The index it is for.
    pub index: Option<String>,
}

/// Why an event was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no JSON, or no object; nothing behind it can be read.
    Format,
    /// There is no `event`.
    Missing,
    /// `event` is empty.
    Blank,
    /// `fields` is no object.
    Fields,
}

/// What became of a body.
#[derive(Debug)]
pub struct Written {
    /// The rows kept.
    pub decoded: Decoded,
    /// The first event that was left out, from 0, and why.
    pub fault: Option<(u64, Fault)>,
}

/// Events, one object after the other.
pub fn events(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    Ok(events_with(&Metadata::default(), bytes, tenant, options)?.decoded)
}

/// Lines, each of which is an event.
pub fn raw(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    raw_with(&Metadata::default(), bytes, tenant, options)
}

/// Events with what the path says.
pub fn events_with(metadata: &Metadata, bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Written, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let mut records = Records::new(options, "");
    if matches!(text, Cow::Owned(_)) {
        records.context.tally.warn(Reason::InvalidUtf8);
    }
    let mut fault = None;
    for (number, event) in (0..).zip(serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>()) {
        let broken = event.is_err();
        let read = event.map_err(|_| Fault::Format).and_then(|event| read(event.get(), metadata, &options.limits));
        match read {
            Ok(record) => records.add(&record)?,
            Err(why) => {
                records.context.tally.reject(Reason::Malformed);
                fault = fault.or(Some((number, why)));
            }
        }
        if broken {
            break;
        }
    }
    Ok(Written { decoded: records.finish(tenant)?, fault })
}

/// Lines with what the path says.
pub fn raw_with(metadata: &Metadata, bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    let mut resource = Vec::new();
    describe(&mut resource, metadata, [None, None, None, None]);
    let template = Record { time: metadata.time, resource, ..Record::default() };
    let origin = records.origin(&template.resource)?;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        records.spend_row()?;
        let body = records.context.text(line);
        records.end(origin, &Record { time: template.time, body: Some(body), ..Record::default() })?;
    }
    records.finish(tenant)
}

fn read<'a>(event: &'a str, metadata: &'a Metadata, limits: &Limits) -> Result<Record<'a>, Fault> {
    let members = record::read(event, MEMBERS_MAX).map_err(|_| Fault::Format)?;
    let find =
        |name: &str| members.kept.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.get()).filter(|raw| *raw != "null");
    let text = |name: &str| find(name).map(|raw| if raw.starts_with('"') { record::text(raw) } else { Cow::Borrowed(raw) });
    let content = match members.kept.iter().find(|(key, _)| key == "event").map(|(_, raw)| raw.get()) {
        None => return Err(Fault::Missing),
        Some("null" | "\"\"") => return Err(Fault::Blank),
        Some(content) => content,
    };
    let mut record = Record::default();
    describe(&mut record.resource, metadata, [text("host"), text("source"), text("sourcetype"), text("index")]);
    if content.starts_with('{') {
        fold(Fields::json(content, limits).map_err(|_| Fault::Format)?, &mut record);
    }
    if record.body.is_none() {
        record.body = Some(if content.starts_with('"') { record::text(content) } else { Cow::Borrowed(content) });
    }
    if let Some(fields) = find("fields") {
        fold(Fields::json(fields, limits).map_err(|_| Fault::Fields)?, &mut record);
    }
    // The envelope knows better than what is in it.
    record.time = text("time").and_then(|time| record::any(&time)).or(record.time).or(metadata.time);
    Ok(record)
}

/// What the event says of who writes, else what the path says.
fn describe<'a>(resource: &mut Vec<(Cow<'a, str>, Value<'a>)>, metadata: &'a Metadata, own: [Option<Cow<'a, str>>; 4]) {
    let keys = ["host.name", SOURCE_ATTRIBUTE, SOURCETYPE_ATTRIBUTE, INDEX_ATTRIBUTE];
    let given = [&metadata.host, &metadata.source, &metadata.sourcetype, &metadata.index];
    for ((key, own), given) in keys.into_iter().zip(own).zip(given) {
        if let Some(text) = own.or_else(|| given.as_deref().map(Cow::Borrowed)).filter(|text| !text.is_empty()) {
            resource.push((key.into(), Value::Text(text)));
        }
    }
}
