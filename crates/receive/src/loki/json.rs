//! Pushes as JSON, read in one pass: a stream at a time is held.
//!
//! ```text
//! {"streams": [{"stream": {"name": "value"}, "values": [["nanoseconds", "line", {"name": "metadata"}]]}]}
//! {"streams": [{"labels": "{name=\"value\"}", "entries": [{"ts": "RFC 3339", "line": "line"}]}]}
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::labels::Label;
use super::rows::{Rows, Stream};
use crate::record::{self, Key, Members, MembersSeed};
use crate::{Reason, ReceiveError};

pub(super) fn read(text: &str, rows: &mut Rows<'_>) -> Result<(), ReceiveError> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let body = Body { rows, refused: &mut refused };
    let result = body.deserialize(&mut reader).and_then(|()| reader.end());
    match (result, refused) {
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(ReceiveError::Malformed(format!("malformed JSON: {error}"))),
        (Ok(()), _) => Ok(()),
    }
}

/// The whole body. What the rows refuse ends the reading, and is kept beside it.
struct Body<'r, 'o> {
    rows: &'r mut Rows<'o>,
    refused: &'r mut Option<ReceiveError>,
}

impl<'de> DeserializeSeed<'de> for Body<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Body<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with streams")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(Key(key)) = map.next_key()? {
            if key == "streams" {
                found = true;
                map.next_value_seed(Streams(Body { rows: self.rows, refused: self.refused }))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("there are no streams")) }
    }
}

struct Streams<'r, 'o>(Body<'r, 'o>);

impl<'de> DeserializeSeed<'de> for Streams<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Streams<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of streams")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Body { rows, refused } = self.0;
        while let Some(members) = seq.next_element_seed(MembersSeed { max: STREAM_MEMBERS_MAX })? {
            if let Err(error) = stream(&members, rows) {
                let told = error.to_string();
                *refused = Some(error);
                return Err(A::Error::custom(told));
            }
        }
        Ok(())
    }
}

/// Members of a stream that are looked at; it has two.
const STREAM_MEMBERS_MAX: usize = 16;
/// Labels of a stream, and pairs of metadata, that are read; fewer are kept.
const LABELS_MAX: usize = 4096;
/// Time, line, and metadata.
const ENTRY_PARTS_MAX: usize = 3;

fn stream(members: &Members<'_>, rows: &mut Rows<'_>) -> Result<(), ReceiveError> {
    let find = |names: [&str; 2]| members.kept.iter().find(|(key, _)| names.contains(&&**key)).map(|(_, raw)| raw.get());
    let (labels, values) = (find(["stream", "labels"]).unwrap_or("{}"), find(["values", "entries"]).unwrap_or("[]"));
    let text;
    let stream = if labels.starts_with('"') {
        text = record::text(labels);
        rows.stream_of(&text)?
    } else {
        pairs(labels).map(|labels| rows.stream(labels)).transpose()?
    };
    let entries = Entries { stream: stream.as_ref(), rows, refused: None };
    let mut reader = serde_json::Deserializer::from_str(values);
    match entries.deserialize(&mut reader) {
        Ok(None) => Ok(()),
        Ok(Some(refused)) => Err(refused),
        Err(error) => Err(ReceiveError::Malformed(format!("malformed JSON: values: {error}"))),
    }
}

/// Labels of an object; `None` when it is none. A value that is no text is told as it was written.
fn pairs(raw: &str) -> Option<Vec<Label<'_>>> {
    let members = record::read(raw, LABELS_MAX).ok()?;
    Some(members.kept.into_iter().map(|(key, raw)| (key, as_text(raw.get()))).collect())
}

fn as_text(raw: &str) -> Cow<'_, str> {
    if raw.starts_with('"') { record::text(raw) } else { Cow::Borrowed(raw) }
}

/// Entries of one stream; its labels are missing when they could not be read.
struct Entries<'r, 'o, 's> {
    stream: Option<&'r Stream<'s>>,
    rows: &'r mut Rows<'o>,
    refused: Option<ReceiveError>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = Option<ReceiveError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = Option<ReceiveError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self::Value, A::Error> {
        while let Some(raw) = seq.next_element::<&'de RawValue>()? {
            let Some(stream) = self.stream else {
                self.rows.reject(Reason::InvalidLabels);
                continue;
            };
            let Some((time, line, metadata)) = entry(raw.get()) else {
                self.rows.reject(Reason::Malformed);
                continue;
            };
            if self.refused.is_none() {
                self.refused = self.rows.entry(stream, time, line, &metadata).err();
            }
        }
        Ok(self.refused)
    }
}

/// Time, line and metadata.
type Entry<'a> = (i128, Cow<'a, str>, Vec<Label<'a>>);

fn entry(raw: &str) -> Option<Entry<'_>> {
    if raw.starts_with('{') {
        return named(raw);
    }
    let mut parts = record::read_list(raw, ENTRY_PARTS_MAX + 1).ok()?;
    let metadata = if parts.len() == ENTRY_PARTS_MAX { parts.pop().and_then(|raw| pairs(raw.get()))? } else { Vec::new() };
    let [time, line] = parts[..] else { return None };
    let line = line.get();
    if !line.starts_with('"') {
        return None;
    }
    Some((nanoseconds(time.get())?, record::text(line), metadata))
}

/// An entry of the old path.
fn named(raw: &str) -> Option<Entry<'_>> {
    let members = record::read(raw, STREAM_MEMBERS_MAX).ok()?;
    let find = |name: &str| members.kept.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.get());
    let (time, line) = (find("ts").or_else(|| find("timestamp"))?, find("line")?);
    let metadata = find("structuredMetadata").map_or(Some(Vec::new()), pairs)?;
    let time = if time.starts_with('"') { record::any(&record::text(time))? } else { nanoseconds(time)? };
    Some((time, record::text(line), metadata))
}

/// A whole number, with or without quotes.
fn nanoseconds(raw: &str) -> Option<i128> {
    let digits = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    digits.parse().ok()
}
