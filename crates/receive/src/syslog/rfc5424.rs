//! Messages of RFC 5424, behind priority and version.
//!
//! ```text
//! 2003-10-11T22:14:15.003Z host app 123 ID47 [id name="value"] what it says
//! ```

use std::borrow::Cow;

use super::line::{Line, or_nil, word};
use crate::record;

/// Parameters of structured data that are read; fewer are kept.
const PARAMETERS_MAX: usize = 4096;

pub(super) fn read<'a>(rest: &'a str, mut line: Line<'a>) -> Line<'a> {
    if let Some(rest) = header(rest, &mut line) {
        content(rest, &mut line);
    } else {
        line.message = rest;
        line.broken = true;
    }
    line
}

fn header<'a>(rest: &'a str, line: &mut Line<'a>) -> Option<&'a str> {
    let (time, rest) = word(rest)?;
    let (hostname, rest) = word(rest)?;
    let (app, rest) = word(rest)?;
    let (process, rest) = word(rest)?;
    let (message_id, rest) = word(rest)?;
    if time != "-" {
        line.time = Some(record::iso(time)?);
    }
    (line.hostname, line.app) = (or_nil(hostname), or_nil(app));
    (line.process, line.message_id) = (or_nil(process), or_nil(message_id));
    Some(rest)
}

/// Structured data, and the message. Data that is broken is told as part of the message.
fn content<'a>(rest: &'a str, line: &mut Line<'a>) {
    let behind = match rest.strip_prefix('-') {
        Some(behind) => Some(behind),
        None => data(rest, &mut line.data),
    };
    if let Some(behind) = behind.filter(|behind| behind.is_empty() || behind.starts_with(' ')) {
        let message = behind.strip_prefix(' ').unwrap_or_default();
        // Of rsyslog's messages, the space behind the tag of RFC 3164 is a part.
        let message = message.strip_prefix(' ').unwrap_or(message);
        line.message = message.strip_prefix('\u{feff}').unwrap_or(message);
    } else {
        line.data.clear();
        line.message = rest;
        line.broken = true;
    }
}

/// `[id name="value" …][…]`; what is behind it.
fn data<'a>(text: &'a str, into: &mut Vec<(&'a str, &'a str, Cow<'a, str>)>) -> Option<&'a str> {
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('[') {
        let end = inner.find([' ', ']'])?;
        let (id, mut inner) = inner.split_at_checked(end)?;
        if id.is_empty() {
            return None;
        }
        loop {
            inner = inner.trim_start_matches(' ');
            if let Some(behind) = inner.strip_prefix(']') {
                rest = behind;
                break;
            }
            let (name, behind) = inner.split_once("=\"")?;
            if name.is_empty() || name.contains([' ', ']', '"']) {
                return None;
            }
            let (value, behind) = value(behind)?;
            if into.len() < PARAMETERS_MAX {
                into.push((id, name, value));
            }
            inner = behind;
        }
    }
    (rest.len() < text.len()).then_some(rest)
}

/// A value up to its quote; quotes, brackets and backslashes in it have a backslash before them.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.as_bytes().get(at..)?)?;
        if text.as_bytes().get(at) == Some(&b'"') {
            break;
        }
        at += 2;
    }
    let (raw, rest) = text.split_at_checked(at)?;
    let rest = rest.get(1..)?;
    if !raw.contains('\\') {
        return Some((Cow::Borrowed(raw), rest));
    }
    let (mut value, mut characters) = (String::with_capacity(raw.len()), raw.chars().peekable());
    while let Some(character) = characters.next() {
        let escaped = character == '\\' && matches!(characters.peek(), Some('"' | '\\' | ']'));
        value.push(if escaped { characters.next().unwrap_or(character) } else { character });
    }
    Some((Cow::Owned(value), rest))
}
