//! `level=info msg="request done" status=200`.

use std::borrow::Cow;

use luneta_model::Limits;

use super::{Place, json};
use crate::otlp::value::Value;
use crate::record::{Fields, Record, fold};

/// A line that is pairs and nothing else, two at least.
pub(super) fn read<'a>(text: &'a str, place: Place<'_>, limits: &Limits) -> Option<Record<'a>> {
    let mut fields = Fields::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, value, behind) = pair(rest, b'"')?;
        fields.push(key.into(), value, limits);
        rest = behind.trim_start();
    }
    if fields.entries.len() < 2 {
        return None;
    }
    let mut record = Record { time: json::take_time(&mut fields, place), ..Record::default() };
    fold(fields, &mut record);
    record.body.get_or_insert(text.into());
    Some(record)
}

/// A pair, and what is behind it; values may stand in quotes of that kind.
pub(super) fn pair(text: &str, quote: u8) -> Option<(&str, Value<'_>, &str)> {
    let end = text.bytes().position(|byte| matches!(byte, b'=' | b' ' | b'"' | b'\t'))?;
    let (key, rest) = text.split_at(end);
    let named = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'@' | b':'));
    let rest = rest.strip_prefix('=').filter(|_| named && !key.is_empty())?;
    if rest.as_bytes().first() != Some(&quote) {
        let (value, behind) = rest.split_at(rest.find([' ', '\t']).unwrap_or(rest.len()));
        return Some((key, number_or_text(value), behind));
    }
    let (value, behind) = unquoted(&rest[1..], quote)?;
    // A quote ends a value.
    matches!(behind.as_bytes().first(), None | Some(b' ' | b'\t')).then_some((key, Value::Text(value), behind))
}

/// Text up to the quote that ends it, without its escapes.
fn unquoted(text: &str, quote: u8) -> Option<(Cow<'_, str>, &str)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let at = memchr::memchr2(quote, b'\\', rest.as_bytes())?;
        let (part, behind) = (&rest[..at], &rest[at + 1..]);
        if rest.as_bytes()[at] == quote {
            return Some(if out.is_empty() { (part.into(), behind) } else { ((out + part).into(), behind) });
        }
        out.push_str(part);
        let escaped = behind.chars().next()?;
        out.push(match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            other => other,
        });
        rest = &behind[escaped.len_utf8()..];
    }
}

/// A whole number is one, unless it would not be written that way.
fn number_or_text(text: &str) -> Value<'_> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(number) if plain && (!digits.starts_with('0') || text == "0") => Value::Int(number),
        _ => Value::Text(text.into()),
    }
}
