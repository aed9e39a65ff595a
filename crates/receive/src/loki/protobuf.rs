//! `logproto.PushRequest` from the wire.
//!
//! ```text
//! PushRequest { 1: Stream* }
//! Stream      { 1: labels, 2: Entry*, 3: hash }
//! Entry       { 1: Timestamp { 1: seconds, 2: nanos }, 2: line, 3: LabelPair* { 1: name, 2: value } }
//! ```

use luneta_model::Limits;

use super::rows::{Rows, Stream};
use crate::wire::{Fault, FaultKind, Message, Walk, Within as _};
use crate::{Reason, ReceiveError};

pub(super) fn read(bytes: &[u8], rows: &mut Rows<'_>) -> Walk<()> {
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number == 1 {
            stream(field.message().within("streams")?, rows).within("streams")?;
        }
    }
    Ok(())
}

/// Its labels may come behind its entries.
fn stream(message: Message<'_>, rows: &mut Rows<'_>) -> Walk<()> {
    let (mut labels, mut entries): (&[u8], u64) = (&[], 0);
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => labels = field.bytes().within("labels")?,
            2 => entries += 1,
            _ => {}
        }
    }
    let text = rows.text(labels);
    let Some(stream) = rows.stream_of(&text).map_err(within)? else {
        for _ in 0..entries {
            rows.reject(Reason::InvalidLabels);
        }
        return Ok(());
    };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        if field.number == 2 {
            entry(field.message().within("entries")?, &stream, rows).within("entries")?;
        }
    }
    Ok(())
}

fn entry(mut message: Message<'_>, stream: &Stream<'_>, rows: &mut Rows<'_>) -> Walk<()> {
    let (mut time, mut line): (i128, &[u8]) = (0, &[]);
    let mut metadata = Vec::new();
    while let Some(field) = message.next()? {
        match field.number {
            1 => time = timestamp(field.message().within("timestamp")?).within("timestamp")?,
            2 => line = field.bytes().within("line")?,
            3 if metadata.len() < METADATA_MAX => {
                let (name, value) = pair(field.message().within("structuredMetadata")?).within("structuredMetadata")?;
                metadata.push((rows.text(name), rows.text(value)));
            }
            _ => {}
        }
    }
    let line = rows.text(line);
    rows.entry(stream, time, line, &metadata).map_err(within)
}

/// Pairs of one entry that are read; fewer are kept.
const METADATA_MAX: usize = 65_536;

fn timestamp(mut message: Message<'_>) -> Walk<i128> {
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => seconds = field.varint()? as i64,
            2 => nanos = field.varint()? as i32,
            _ => {}
        }
    }
    Ok(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

fn pair(mut message: Message<'_>) -> Walk<(&[u8], &[u8])> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some(field) = message.next()? {
        match field.number {
            1 => name = field.bytes()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// What the rows refuse, as a fault of the walk.
#[allow(clippy::needless_pass_by_value, clippy::unnecessary_box_returns)] // as `map_err` and `Walk` want it
fn within(error: ReceiveError) -> Box<Fault> {
    match error.reason() {
        Reason::DecompressedTooLarge => Fault::new(0, FaultKind::TooLarge),
        _ => Fault::new(0, FaultKind::Internal(Limits::cut(&error.to_string(), 1024).to_owned())),
    }
}
