//! The envelopes in which runtimes of containers write each line: Docker's `json-file`, and that of Kubernetes' CRI.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Stream;
use super::format::Wrapping;

/// A line, or a part of one, out of its envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unwrapped<'a> {
    pub(super) content: Cow<'a, [u8]>,
    pub(super) time: Option<i128>,
    pub(super) stream: Option<Stream>,
    /// The line goes on in the next envelope.
    pub(super) partial: bool,
}

/// Opens the envelope of a line; what has none stays as it is.
pub(super) fn unwrap(line: &[u8], wrapping: Wrapping) -> Unwrapped<'_> {
    let opened = match wrapping {
        Wrapping::None => None,
        Wrapping::Docker => docker(line),
        Wrapping::Cri => cri(line),
        Wrapping::Auto => match line.first() {
            Some(b'{') => docker(line),
            Some(b'0'..=b'9') => cri(line),
            _ => None,
        },
    };
    opened.unwrap_or_else(|| Unwrapped { content: line.into(), time: None, stream: None, partial: false })
}

/// `{"log":"message\n","stream":"stdout","time":"2026-11-22T10:00:00.123456789Z"}`; `attrs` may stand there too.
fn docker(line: &[u8]) -> Option<Unwrapped<'_>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written<'a> {
        #[serde(borrow)]
        log: Cow<'a, str>,
        #[serde(borrow)]
        stream: Cow<'a, str>,
        #[serde(borrow)]
        time: Cow<'a, str>,
        #[serde(rename = "attrs", default)]
        _attrs: serde::de::IgnoredAny,
    }
    if !line.starts_with(b"{\"log\":") {
        return None;
    }
    let written: Written<'_> = serde_json::from_slice(line).ok()?;
    let time = written.time.parse::<Timestamp>().ok()?.as_nanosecond();
    let stream = Some(Stream::named(written.stream.as_bytes())?);
    let whole = written.log.ends_with('\n');
    let content = match written.log {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(text.len() - usize::from(whole));
            Cow::Owned(text.into_bytes())
        }
    };
    Some(Unwrapped { content, time: Some(time), stream, partial: !whole })
}

/// `2026-11-22T10:00:00.123456789Z stdout F message`; `P` where the line goes on.
fn cri(line: &[u8]) -> Option<Unwrapped<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let (time, stream, tags) = (parts.next()?, parts.next()?, parts.next()?);
    let content = parts.next().unwrap_or_default();
    let stream = Some(Stream::named(stream)?);
    // Tags are separated by colons; the first says whether the line is whole.
    let partial = match tags.split(|byte| *byte == b':').next()? {
        b"F" => false,
        b"P" => true,
        _ => return None,
    };
    let time = std::str::from_utf8(time).ok()?.parse::<Timestamp>().ok()?.as_nanosecond();
    Some(Unwrapped { content: content.into(), time: Some(time), stream, partial })
}
