//! One message of the forward protocol: a tag, records with their times, and options.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;
use luneta_model::{AnyValue, Limits, encode_json};

use super::TAG_ATTRIBUTE;
use super::msgpack::{Head, Reader, Stop};
use crate::context::Context;
use crate::otlp::value::Value;
use crate::record::{Fields, Record, Records, fold};
use crate::{Reason, ReceiveError};

/// `EventTime`, the extension that has nanoseconds.
const EVENT_TIME: i8 = 0;
/// Options that are looked at.
const OPTIONS_MAX: usize = 64;
/// How many times its size the entries of a message may unpack to.
const RATIO_MAX: usize = 512;

/// What a sender says beside the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options<'a> {
    /// What the answer must repeat.
    pub(super) chunk: Option<&'a [u8]>,
    compressed: &'a [u8],
}

/// A message as its parts: those that follow the tag.
pub(super) struct Message<'a> {
    tag: &'a [u8],
    form: Form<'a>,
    pub(super) options: Options<'a>,
}

enum Form<'a> {
    /// The time comes next, then the record.
    One(Reader<'a>),
    /// So many pairs come next.
    Many(Reader<'a>, usize),
    /// Pairs without a count, maybe packed.
    Packed(&'a [u8]),
}

/// Text or bytes: senders of old have no bytes.
fn blob<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Stop> {
    match reader.head()? {
        Head::Text(len) | Head::Bytes(len) => reader.take(len),
        _ => Err(Stop::Invalid),
    }
}

impl<'a> Message<'a> {
    /// Reads a message that is whole.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Stop> {
        let mut reader = Reader::new(bytes);
        let Head::List(parts @ 2..=4) = reader.head()? else { return Err(Stop::Invalid) };
        let tag = blob(&mut reader)?;
        let before = reader;
        let (form, used) = match reader.head()? {
            Head::List(entries) => {
                let inner = reader;
                (0..entries).try_for_each(|_| reader.skip())?;
                (Form::Many(inner, entries), 2)
            }
            Head::Text(len) | Head::Bytes(len) => (Form::Packed(reader.take(len)?), 2),
            Head::Int(_) | Head::Large(_) | Head::Double(_) | Head::Extension(..) if parts >= 3 => {
                let inner = before;
                reader = before;
                reader.skip()?;
                reader.skip()?;
                (Form::One(inner), 3)
            }
            _ => return Err(Stop::Invalid),
        };
        let options = if parts > used { Options::read(&mut reader)? } else { Options::default() };
        Ok(Self { tag, form, options })
    }

    /// Adds the records.
    pub(super) fn add(&self, records: &mut Records<'_>) -> Result<(), ReceiveError> {
        let tag = records.context.text(self.tag);
        match &self.form {
            Form::One(reader) => add_one(&tag, *reader, records)?.map_err(broken),
            Form::Many(reader, entries) => {
                let mut reader = *reader;
                for _ in 0..*entries {
                    entry(&tag, &mut reader, records)?;
                }
                Ok(())
            }
            Form::Packed(bytes) if self.options.compressed.is_empty() || self.options.compressed == b"text" => {
                packed(&tag, bytes, records)
            }
            Form::Packed(bytes) => {
                let unpacked = self.unpack(bytes, &records.context)?;
                packed(&tag, &unpacked, records)
            }
        }
    }

    fn unpack(&self, bytes: &[u8], context: &Context<'_>) -> Result<Vec<u8>, ReceiveError> {
        let max = context.options.expanded_bytes_max.min(bytes.len().saturating_mul(RATIO_MAX));
        let mut unpacked = Vec::new();
        let read = match self.options.compressed {
            b"gzip" => MultiGzDecoder::new(bytes).take(max as u64 + 1).read_to_end(&mut unpacked),
            b"zstd" => zstd::stream::read::Decoder::with_buffer(bytes)
                .and_then(|reader| reader.take(max as u64 + 1).read_to_end(&mut unpacked)),
            other => {
                let name = String::from_utf8_lossy(other);
                return Err(ReceiveError::UnsupportedEncoding(Limits::cut(&name, 64).to_owned()));
            }
        };
        read.map_err(|e| ReceiveError::Malformed(format!("the entries cannot be unpacked: {e}")))?;
        if unpacked.len() > max {
            return Err(ReceiveError::DecompressedTooLarge { what: "the unpacked message", max });
        }
        Ok(unpacked)
    }
}

impl<'a> Options<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        let mut options = Self::default();
        let Head::Map(pairs) = reader.head()? else { return Ok(options) };
        for _ in 0..pairs.min(OPTIONS_MAX) {
            let key = blob(reader)?;
            match key {
                b"chunk" => options.chunk = Some(blob(reader)?),
                b"compressed" => options.compressed = blob(reader)?,
                _ => reader.skip()?,
            }
        }
        Ok(options)
    }
}

fn broken(_: Stop) -> ReceiveError {
    ReceiveError::Malformed("the message is no MessagePack".to_owned())
}

/// Pairs up to the end; one that is cut off ends them too.
fn packed(tag: &str, bytes: &[u8], records: &mut Records<'_>) -> Result<(), ReceiveError> {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let mut next = reader;
        if next.skip().is_err() {
            records.context.tally.reject(Reason::Malformed);
            return Ok(());
        }
        entry(tag, &mut reader, records)?;
        reader = next;
    }
    Ok(())
}

/// A pair; one that is none is left out.
fn entry(tag: &str, reader: &mut Reader<'_>, records: &mut Records<'_>) -> Result<(), ReceiveError> {
    let mut next = *reader;
    next.skip().map_err(broken)?;
    let added = match reader.head() {
        Ok(Head::List(2..)) => add_one(tag, *reader, records)?,
        _ => Err(Stop::Invalid),
    };
    if added.is_err() {
        records.context.tally.reject(Reason::Malformed);
    }
    *reader = next;
    Ok(())
}

/// A time and a record.
fn add_one(tag: &str, reader: Reader<'_>, records: &mut Records<'_>) -> Result<Result<(), Stop>, ReceiveError> {
    let record = match read_one(tag, reader, &mut records.context) {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Err(Stop::Invalid)),
        Err(stop) => return Ok(Err(stop)),
    };
    records.add(&record).map(Ok)
}

fn read_one<'a>(tag: &'a str, mut reader: Reader<'a>, context: &mut Context<'_>) -> Result<Option<Record<'a>>, Stop> {
    let mut record = Record::default();
    let limits = context.options.limits;
    let mut inside = reader;
    record.time = match inside.head()? {
        // Fluent Bit's pair of a time and metadata.
        Head::List(2) => {
            reader = inside;
            let time = time(&mut reader)?;
            let mut fields = Fields::default();
            members(&mut reader, "", &mut fields, context, 0)?;
            record.attributes = fields.entries;
            time
        }
        _ => time(&mut reader)?,
    };
    let Head::Map(pairs) = reader.head()? else { return Ok(None) };
    let (mut whole, mut fields) = (reader, Fields::default());
    pairs_of(&mut reader, pairs, "", &mut fields, context, 0)?;
    fold(fields, &mut record);
    if record.body.is_none() {
        let mut nodes = limits.value_bytes_max;
        let mut text = String::new();
        encode_json(&map(&mut whole, pairs, limits.depth_max, &mut nodes)?, &mut text);
        record.body = Some(text.into());
    }
    if !record.has_resource("service.name") && !tag.is_empty() {
        record.resource.push(("service.name".into(), Value::Text(tag.into())));
    }
    record.resource.push((TAG_ATTRIBUTE.into(), Value::Text(tag.into())));
    Ok(Some(record))
}

/// Seconds, or seconds and nanoseconds; 0 is no time.
fn time(reader: &mut Reader<'_>) -> Result<Option<i128>, Stop> {
    const SECOND: i128 = 1_000_000_000;
    let nanos = match reader.head()? {
        Head::Int(seconds) => i128::from(seconds) * SECOND,
        Head::Large(seconds) => i128::from(seconds) * SECOND,
        Head::Double(seconds) if seconds.is_finite() => (seconds * 1e9) as i128,
        Head::Extension(EVENT_TIME, 8) => {
            let (seconds, nanos) = reader.take(8)?.split_at(4);
            let number = |bytes: &[u8]| bytes.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte));
            number(seconds) * SECOND + number(nanos)
        }
        _ => return Err(Stop::Invalid),
    };
    Ok((nanos != 0).then_some(nanos))
}

fn members<'a>(
    reader: &mut Reader<'a>,
    prefix: &str,
    fields: &mut Fields<'a>,
    context: &mut Context<'_>,
    depth: usize,
) -> Result<(), Stop> {
    match reader.head()? {
        Head::Map(pairs) => pairs_of(reader, pairs, prefix, fields, context, depth),
        _ => Err(Stop::Invalid),
    }
}

/// The pairs of a map as flat fields.
fn pairs_of<'a>(
    reader: &mut Reader<'a>,
    pairs: usize,
    prefix: &str,
    fields: &mut Fields<'a>,
    context: &mut Context<'_>,
    depth: usize,
) -> Result<(), Stop> {
    let limits = context.options.limits;
    for _ in 0..pairs {
        if fields.entries.len() >= limits.attributes_max {
            fields.dropped = fields.dropped.saturating_add(1);
            reader.skip()?;
            reader.skip()?;
            continue;
        }
        let key = key(reader, context)?;
        let key = if prefix.is_empty() { key } else { Cow::Owned(format!("{prefix}.{key}")) };
        let mut inside = *reader;
        match inside.head()? {
            // Keys of keys grow with the square of the depth.
            Head::Map(inner @ 1..) if depth < limits.depth_max && key.len() <= limits.key_bytes_max => {
                *reader = inside;
                pairs_of(reader, inner, &key, fields, context, depth + 1)?;
            }
            head => {
                *reader = inside;
                let mut nodes = limits.value_bytes_max;
                let value = value(reader, head, limits.depth_max, &mut nodes, context)?;
                fields.push(key, value, &limits);
            }
        }
    }
    Ok(())
}

/// Keys are text nearly always; others are told as text.
fn key<'a>(reader: &mut Reader<'a>, context: &mut Context<'_>) -> Result<Cow<'a, str>, Stop> {
    Ok(match reader.head()? {
        Head::Text(len) | Head::Bytes(len) => context.text(reader.take(len)?),
        Head::Int(number) => number.to_string().into(),
        Head::Large(number) => number.to_string().into(),
        Head::Bool(is) => is.to_string().into(),
        Head::Double(number) => number.to_string().into(),
        Head::Nil => "null".into(),
        Head::List(_) | Head::Map(_) | Head::Extension(..) => return Err(Stop::Invalid),
    })
}

/// The value a head began. Bytes that are text are text: libraries of old knew no other.
fn value<'a>(
    reader: &mut Reader<'a>,
    head: Head,
    depth: usize,
    nodes: &mut usize,
    context: &mut Context<'_>,
) -> Result<Value<'a>, Stop> {
    Ok(match head {
        Head::Text(len) => Value::Text(context.text(reader.take(len)?)),
        Head::Bytes(len) => {
            let bytes = reader.take(len)?;
            match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(Cow::Borrowed(text)),
                Err(_) => Value::Other(AnyValue::Bytes(bytes.to_vec())),
            }
        }
        Head::Bool(is) => Value::Bool(is),
        Head::Int(number) => Value::Int(number),
        Head::Large(number) => Value::Text(number.to_string().into()),
        Head::Double(number) => Value::Double(number),
        other => Value::Other(any(reader, other, depth, nodes)?),
    })
}

/// Elements beyond the depth bound are null, those beyond the node bound are left out.
fn any(reader: &mut Reader<'_>, head: Head, depth: usize, nodes: &mut usize) -> Result<AnyValue, Stop> {
    Ok(match head {
        Head::Nil => AnyValue::Null,
        Head::Bool(is) => AnyValue::Bool(is),
        Head::Int(number) => AnyValue::Int(number),
        Head::Large(number) => AnyValue::String(number.to_string()),
        Head::Double(number) => AnyValue::Double(number),
        Head::Text(len) => AnyValue::String(String::from_utf8_lossy(reader.take(len)?).into_owned()),
        Head::Bytes(len) => match std::str::from_utf8(reader.take(len)?) {
            Ok(text) => AnyValue::String(text.to_owned()),
            Err(_) => AnyValue::Null,
        },
        Head::Extension(_, len) => AnyValue::Bytes(reader.take(len)?.to_vec()),
        Head::Map(pairs) => map(reader, pairs, depth, nodes)?,
        Head::List(len) => {
            let mut elements = Vec::new();
            for _ in 0..len {
                if depth == 0 || *nodes == 0 {
                    reader.skip()?;
                    continue;
                }
                *nodes -= 1;
                let head = reader.head()?;
                elements.push(any(reader, head, depth - 1, nodes)?);
            }
            if depth == 0 { AnyValue::Null } else { AnyValue::Array(elements) }
        }
    })
}

fn map(reader: &mut Reader<'_>, pairs: usize, depth: usize, nodes: &mut usize) -> Result<AnyValue, Stop> {
    let mut entries = Vec::new();
    for _ in 0..pairs {
        if depth == 0 || *nodes == 0 {
            reader.skip()?;
            reader.skip()?;
            continue;
        }
        *nodes -= 1;
        let key = match reader.head()? {
            Head::Text(len) | Head::Bytes(len) => String::from_utf8_lossy(reader.take(len)?).into_owned(),
            head => {
                let mut text = String::new();
                encode_json(&any(reader, head, 0, nodes)?, &mut text);
                text
            }
        };
        let head = reader.head()?;
        entries.push((key, any(reader, head, depth - 1, nodes)?));
    }
    Ok(if depth == 0 { AnyValue::Null } else { AnyValue::Map(entries) })
}
