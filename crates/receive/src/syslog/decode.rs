//! The decoder of this protocol, as a function of bytes and options.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use luneta_model::Tenant;

use super::line::{Line, Place};
use crate::frames::{Frame, Framing, Splitter};
use crate::otlp::value::Value;
use crate::record::{Ids, Record, Records, id_key, of_syslog};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// A message, and who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The message.
    pub frame: Frame,
    /// Its sender, which may be a relay.
    pub peer: Option<IpAddr>,
}

/// A stream of messages, as over TCP. Clocks without an offset are those of UTC.
pub fn messages(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut splitter = Splitter::new(Framing::Syslog, options.limits.body_bytes_max);
    let mut frames = splitter.push(bytes);
    frames.extend(splitter.finish());
    let sent: Vec<Sent> = frames.into_iter().map(|frame| Sent { frame, peer: None }).collect();
    gathered(&sent, &TimeZone::UTC, tenant, options)
}

/// Messages of datagrams or of a stream.
pub fn gathered(sent: &[Sent], zone: &TimeZone, tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    let place = Place { zone, now: options.now };
    for Sent { frame, peer } in sent {
        let bytes = frame.bytes.as_slice();
        if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            continue;
        }
        // A cut may lie within a character; that is not the sender's fault.
        let bytes = if frame.bytes_sent > 0 { whole_characters(bytes) } else { bytes };
        let text = records.context.text(bytes);
        let line = Line::read(&text, place);
        if line.broken {
            records.context.tally.warn(Reason::Malformed);
        }
        let mut record = record(&line, *peer);
        record.body_bytes = frame.bytes_sent;
        records.add(&record)?;
    }
    records.finish(tenant)
}

/// All but the last character, when that lacks bytes.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or(bytes),
        _ => bytes,
    }
}

fn record<'a>(line: &'a Line<'a>, peer: Option<IpAddr>) -> Record<'a> {
    let (severity_text, severity_number) = of_syslog(line.severity());
    let mut record = Record {
        time: line.time,
        body: Some(line.message.into()),
        severity_text: severity_text.into(),
        severity_number,
        ..Record::default()
    };
    for (key, text) in [("service.name", line.app), ("host.name", line.hostname)] {
        if !text.is_empty() {
            record.resource.push((key.into(), Value::Text(text.into())));
        }
    }
    let facility = line.facility();
    for (key, text) in [("syslog.facility", facility), ("syslog.procid", line.process), ("syslog.msgid", line.message_id)] {
        if !text.is_empty() {
            record.attributes.push((key.into(), Value::Text(text.into())));
        }
    }
    let mut ids = Ids::default();
    for (id, name, value) in &line.data {
        if let Some(key) = id_key(name) {
            ids.take(key, value);
        }
        record.attributes.push((format!("syslog.{id}.{name}").into(), Value::Text(value.as_ref().into())));
    }
    (record.trace_id, record.span_id, record.flags) = (ids.trace_id, ids.span_id, ids.flags);
    if let Some(peer) = peer.filter(|_| line.hostname.is_empty()) {
        record.attributes.push(("network.peer.address".into(), Value::Text(peer.to_string().into())));
    }
    record
}
