//! Lines of text as log records: what files, and programs on their standard output, write.
//!
//! [`Assembler`] makes entries of lines: the envelopes of containers come off, stack traces stay together. [`read`]
//! makes a record of an entry: time, severity, message and trace come out of whatever form it has. Neither touches a
//! file.

mod access;
mod assemble;
mod clock;
mod container;
mod encode;
mod exception;
mod format;
mod head;
mod json;
mod logfmt;
mod python;
mod server_errors;
mod sources;

use std::borrow::Cow;

use jiff::tz::TimeZone;
use luneta_model::Limits;

use crate::otlp::value::Value;
use crate::record::{Record, fold, of_text};

pub use assemble::{Assembler, Entry, Stream};
pub use encode::otlp;
pub use format::{Extraction, Format, Grouping, Lines, Wrapping, pattern};
pub use sources::{Source, Sourced, decode, lines};

/// What is to know besides the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    /// Where clocks are whose times do not say.
    pub(crate) zone: &'p TimeZone,
    /// Nanoseconds since 1970; the years of times without one are near it.
    pub(crate) now: i64,
}

/// Reads an entry. Whatever it is, nothing of it is lost: what has no known form is its body.
pub(crate) fn read<'a>(text: &'a str, format: &'a Format, place: Place<'_>, limits: &Limits) -> Record<'a> {
    let read = match format {
        Format::Auto => return guess(text, place, limits),
        Format::Plain => None,
        Format::Json => json::read(text, place, limits),
        Format::Logfmt => logfmt::read(text, place, limits),
        Format::Access => access::read(text),
        Format::ServerError => server_errors::read(text, place),
        Format::Python => python::read(text, place),
        Format::Regex(extraction) => by_pattern(text, extraction, place, limits),
    };
    read.unwrap_or_else(|| plain(text))
}

/// Reads an entry of an unknown form. The first characters rule most forms out.
fn guess<'a>(text: &'a str, place: Place<'_>, limits: &Limits) -> Record<'a> {
    let first = text.as_bytes().first().copied().unwrap_or(b' ');
    if first == b'{' {
        return json::read(text, place, limits).unwrap_or_else(|| plain(text));
    }
    let read = server_errors::read(text, place)
        .or_else(|| python::read(text, place))
        .or_else(|| access::read(text))
        .or_else(|| logfmt::read(text, place, limits))
        .or_else(|| system(text, place))
        .or_else(|| head::read(text, place));
    let mut record = read.unwrap_or_else(|| plain(text));
    exception::note(text, &mut record);
    record
}

fn plain(text: &str) -> Record<'_> {
    Record { body: Some(text.into()), ..Record::default() }
}

/// A line of `/var/log/messages`, as syslog's servers write them: `Nov 22 10:00:00 host app[1]: message`.
fn system<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    let bytes = text.as_bytes();
    let dated = bytes.len() > 16 && bytes[3] == b' ' && bytes[6] == b' ' && bytes[9] == b':' && bytes[12] == b':';
    if !dated || clock::month(text.get(..3)?).is_none() {
        return None;
    }
    let line = crate::syslog::line::Line::read(text, crate::syslog::line::Place { zone: place.zone, now: place.now });
    let mut record = Record { time: Some(line.time?), body: Some(line.message.into()), ..Record::default() };
    for (key, text) in [("service.name", line.app), ("host.name", line.hostname)] {
        if !text.is_empty() {
            record.resource.push((key.into(), Value::Text(text.into())));
        }
    }
    if !line.process.is_empty() {
        record.attributes.push(("syslog.procid".into(), Value::Text(line.process.into())));
    }
    head::severity(line.message, &mut record);
    Some(record)
}

/// Reads an entry by the named groups of a pattern.
fn by_pattern<'a>(text: &'a str, extraction: &'a Extraction, place: Place<'_>, limits: &Limits) -> Option<Record<'a>> {
    let found = extraction.pattern.captures(text)?;
    let mut fields = crate::record::Fields::default();
    let mut record = Record::default();
    for (name, group) in extraction.names() {
        let Some(value) = found.get(group) else { continue };
        let value = value.as_str();
        if extraction.time_key.as_deref() == Some(name) {
            record.time = extraction.time(value, place);
            if record.time.is_some() {
                continue;
            }
        } else if record.time.is_none() && extraction.time_key.is_none() && json::TIME_KEYS.contains(&name) {
            record.time = clock::any(value, place.zone);
            if record.time.is_some() {
                continue;
            }
        }
        if extraction.severity_key.as_deref() == Some(name) && of_text(value) != 0 {
            (record.severity_text, record.severity_number) = (value.into(), of_text(value));
            continue;
        }
        fields.push(Cow::Borrowed(name), Value::Text(value.into()), limits);
    }
    fold(fields, &mut record);
    record.body.get_or_insert(text.into());
    Some(record)
}

/// Text without what sets colours on terminals.
pub(crate) fn without_colours(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr(0x1b, text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        // CSI: parameters, and a letter that ends it.
        let len = sequence.strip_prefix('[').and_then(|inside| {
            let end = inside.bytes().position(|byte| !matches!(byte, 0x20..=0x3f))?;
            inside.as_bytes().get(end).is_some_and(|byte| matches!(byte, 0x40..=0x7e)).then_some(end + 2)
        });
        rest = &sequence[len.unwrap_or(0)..];
        if len.is_none() {
            out.push('\u{1b}');
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
