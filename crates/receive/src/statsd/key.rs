//! What identifies a series: one run of bytes, so that a line already seen takes no memory.

use super::line::{Kind, Metric, tags};

/// Writes the key of a metric into `out`, which is emptied first. Tags are in order, so that
/// lines which name them in another order are of the same series.
pub(super) fn write(metric: &Metric<'_>, out: &mut Vec<u8>) {
    out.clear();
    out.push(metric.kind as u8);
    out.extend_from_slice(&stamp(metric).to_le_bytes());
    push(out, metric.name);
    push(out, metric.container);
    if !metric.tags.is_empty() {
        for (key, value) in tags(metric.tags) {
            push(out, key);
            push(out, value);
        }
    }
}

/// Counters and gauges with a time of their own are series of that moment; other types have none.
fn stamp(metric: &Metric<'_>) -> u32 {
    match metric.kind {
        Kind::Counter | Kind::Gauge => metric.seconds,
        Kind::Timer | Kind::Histogram | Kind::Set => 0,
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// A key, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) kind: Kind,
    /// Seconds since 1970, 0 when the sender named none.
    pub(super) seconds: u32,
    pub(super) name: &'a str,
    pub(super) container: &'a str,
    pub(super) tags: Vec<(&'a str, &'a str)>,
}

impl<'a> Key<'a> {
    /// Reads what [`write`] wrote; `None` for any other bytes.
    pub(super) fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
        bytes = rest;
        let seconds = number(&mut bytes)?;
        let (name, container) = (text(&mut bytes)?, text(&mut bytes)?);
        let mut tags = Vec::new();
        while !bytes.is_empty() {
            tags.push((text(&mut bytes)?, text(&mut bytes)?));
        }
        Some(Self { kind, seconds, name, container, tags })
    }
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*head))
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let len = number(bytes)? as usize;
    let (text, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}
