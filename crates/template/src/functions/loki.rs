//! What LogQL has for texts.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Arguments, Call, Function, Kind, escape, prometheus};
use crate::error::{Bounded, Fault};
use crate::pattern;
use crate::value::Value;

const ONE: &[Kind] = &[Kind::Text];
const TWO: &[Kind] = &[Kind::Text, Kind::Text];
const THREE: &[Kind] = &[Kind::Text, Kind::Text, Kind::Text];
const COUNT_AND_TEXT: &[Kind] = &[Kind::Int, Kind::Text];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::ours("__line__", &[], |call, _| Ok(Value::from(call.scope.line))),
    // As Go's package `strings` has them: the text comes first.
    Function::ours("ToLower", ONE, |_, a| Ok(Value::Text(lower(a.text(0))))),
    Function::ours("ToUpper", ONE, |_, a| Ok(Value::Text(upper(a.text(0))))),
    Function::ours("Replace", &[Kind::Text, Kind::Text, Kind::Text, Kind::Int], |call, a| {
        let (text, old, new) = (a.text(0), a.text(1), a.text(2));
        replace(call, text, &old, &new, usize::try_from(a.int(3)).unwrap_or(usize::MAX))
    }),
    Function::ours("Trim", TWO, |_, a| Ok(sides(a, 0, 1, true, true))),
    Function::ours("TrimLeft", TWO, |_, a| Ok(sides(a, 0, 1, true, false))),
    Function::ours("TrimRight", TWO, |_, a| Ok(sides(a, 0, 1, false, true))),
    Function::ours("TrimPrefix", TWO, |_, a| Ok(ends(a, 0, 1, true))),
    Function::ours("TrimSuffix", TWO, |_, a| Ok(ends(a, 0, 1, false))),
    Function::ours("TrimSpace", ONE, |_, a| Ok(Value::Text(part(a.text(0), str::trim)))),
    // Made for pipelines: the text comes last.
    Function::ours("lower", ONE, |_, a| Ok(Value::Text(lower(a.text(0))))),
    Function::ours("upper", ONE, |_, a| Ok(Value::Text(upper(a.text(0))))),
    Function::ours("title", ONE, |_, a| Ok(prometheus::title(&a.text(0)).into())),
    Function::ours("replace", THREE, |call, a| {
        let (old, new, text) = (a.text(0), a.text(1), a.text(2));
        replace(call, text, &old, &new, usize::MAX)
    }),
    Function::ours("trim", ONE, |_, a| Ok(Value::Text(part(a.text(0), str::trim)))),
    Function::ours("trimAll", TWO, |_, a| Ok(sides(a, 1, 0, true, true))),
    Function::ours("trimPrefix", TWO, |_, a| Ok(ends(a, 1, 0, true))),
    Function::ours("trimSuffix", TWO, |_, a| Ok(ends(a, 1, 0, false))),
    Function::ours("trunc", COUNT_AND_TEXT, |_, a| Ok(trunc(a))),
    Function::ours("substr", &[Kind::Int, Kind::Int, Kind::Text], substr),
    Function::ours("alignLeft", COUNT_AND_TEXT, |call, a| align(call, a, false)),
    Function::ours("alignRight", COUNT_AND_TEXT, |call, a| align(call, a, true)),
    Function::ours("indent", COUNT_AND_TEXT, |call, a| indent(call, a, "")),
    Function::ours("nindent", COUNT_AND_TEXT, |call, a| indent(call, a, "\n")),
    Function::ours("repeat", COUNT_AND_TEXT, repeat),
    Function::ours("contains", TWO, |_, a| Ok(Value::Bool(a.text(1).contains(a.text(0).as_ref())))),
    Function::ours("hasPrefix", TWO, |_, a| Ok(Value::Bool(a.text(1).starts_with(a.text(0).as_ref())))),
    Function::ours("hasSuffix", TWO, |_, a| Ok(Value::Bool(a.text(1).ends_with(a.text(0).as_ref())))),
    Function::ours("regexReplaceAll", THREE, |call, a| regex_replace(call, a, false)).pattern(0),
    Function::ours("regexReplaceAllLiteral", THREE, |call, a| regex_replace(call, a, true)).pattern(0),
    Function::ours("count", TWO, |call, a| {
        let regex = call.regex(&a.text(0))?;
        Ok(Value::Int(regex.find_iter(&a.text(1)).count() as i64))
    })
    .pattern(0),
    Function::ours("urlencode", ONE, |_, a| Ok(escape::url_query(&a.text(0)).into())),
    Function::ours("urldecode", ONE, |_, a| Ok(escape::url_query_back(&a.text(0))?.into())),
    Function::ours("b64enc", ONE, |_, a| Ok(BASE64_STANDARD.encode(a.text(0).as_bytes()).into())),
    Function::ours("b64dec", ONE, |_, a| Ok(base64_back(&a.text(0)).into())),
    Function::ours("fromJson", ONE, |_, a| Ok(from_json(&a.text(0)))),
    Function::ours("default", &[Kind::Any], |_, a| Ok(default(a))).rest(Kind::Any),
];

/// A part of a text, without copying it where it is borrowed.
fn part(text: Cow<'_, str>, cut: impl Fn(&str) -> &str) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => {
            let kept = cut(text);
            // The part lies within the text, so its place tells where.
            let start = kept.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
            text.get(start..start.saturating_add(kept.len())).map_or_else(|| Cow::Owned(kept.to_owned()), Cow::Borrowed)
        }
        Cow::Owned(text) => {
            let kept = cut(&text);
            if kept.len() == text.len() { Cow::Owned(text) } else { Cow::Owned(kept.to_owned()) }
        }
    }
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    let done = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if done { text } else { Cow::Owned(text.to_lowercase()) }
}

fn upper(text: Cow<'_, str>) -> Cow<'_, str> {
    let done = text.bytes().all(|b| b.is_ascii() && !b.is_ascii_lowercase());
    if done { text } else { Cow::Owned(text.to_uppercase()) }
}

/// Replaces the first so many occurrences. Nothing occurs before every character and at the end.
fn replace<'a>(call: &Call<'_, 'a>, text: Cow<'a, str>, old: &str, new: &str, most: usize) -> Result<Value<'a>, Fault> {
    let mut out = Bounded::new(call.bytes_max);
    let mut copied = 0;
    for (at, found) in text.match_indices(old).take(most) {
        out.push(&text[copied..at])?;
        out.push(new)?;
        copied = at + found.len();
    }
    if copied == 0 && out.is_empty() {
        return Ok(Value::Text(text));
    }
    out.push(&text[copied..])?;
    Ok(out.into_text().into())
}

/// Cuts characters of a set off the sides of a text.
fn sides<'a>(arguments: &mut Arguments<'a>, text: usize, set: usize, left: bool, right: bool) -> Value<'a> {
    let (text, set) = (arguments.text(text), arguments.text(set));
    Value::Text(part(text, |text| {
        let text = if left { text.trim_start_matches(|c| set.contains(c)) } else { text };
        if right { text.trim_end_matches(|c| set.contains(c)) } else { text }
    }))
}

/// Cuts a text off the start or the end of another, once.
fn ends<'a>(arguments: &mut Arguments<'a>, text: usize, end: usize, prefix: bool) -> Value<'a> {
    let (text, end) = (arguments.text(text), arguments.text(end));
    Value::Text(part(text, |text| {
        let cut = if prefix { text.strip_prefix(end.as_ref()) } else { text.strip_suffix(end.as_ref()) };
        cut.unwrap_or(text)
    }))
}

/// The nearest start of a character at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// Bytes from the start or, of a negative count, from the end; a character that does not fit is left out.
fn trunc<'a>(arguments: &mut Arguments<'a>) -> Value<'a> {
    let (count, text) = (arguments.int(0), arguments.text(1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= text.len() {
        return Value::Text(text);
    }
    Value::Text(part(text, |text| {
        if count >= 0 { &text[..boundary(text, size)] } else { &text[text.ceil_char_boundary(text.len() - size)..] }
    }))
}

/// Bytes from a start to an end; a start below 0 is 0, an end below 0 or too large is the end of the text.
fn substr<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let (start, end, text) = (arguments.int(0), arguments.int(1), arguments.text(2));
    let length = text.len() as i64;
    let out_of_range = |range: String| Err(Fault::new(format!("runtime error: slice bounds out of range {range}")));
    let (from, to) = match (start, end) {
        (..0, ..0) => return out_of_range(format!("[:{end}]")),
        (..0, _) if end > length => return out_of_range(format!("[:{end}] with length {length}")),
        (..0, _) => (0, end),
        (_, _) if end < 0 || end > length => (start, length),
        _ => (start, end),
    };
    if from > to {
        return out_of_range(format!("[{from}:{to}]"));
    }
    Ok(Value::Text(part(text, |text| &text[boundary(text, from as usize)..boundary(text, to as usize)])))
}

/// A text of exactly so many characters: filled with spaces, or cut.
fn align<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>, right: bool) -> Result<Value<'a>, Fault> {
    let text = arguments.text(1);
    let Ok(width) = usize::try_from(arguments.int(0)) else { return Ok(Value::Text(text)) };
    let length = text.chars().count();
    if length >= width {
        let skipped = if right { length - width } else { width };
        let at = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
        return Ok(Value::Text(part(text, |text| if right { &text[at..] } else { &text[..at] })));
    }
    let mut out = Bounded::new(call.bytes_max);
    if right {
        out.push_times(' ', width - length)?;
        out.push(&text)?;
    } else {
        out.push(&text)?;
        out.push_times(' ', width - length)?;
    }
    Ok(out.into_text().into())
}

/// Every line behind so many spaces.
fn indent<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>, before: &str) -> Result<Value<'a>, Fault> {
    let text = arguments.text(1);
    let Ok(spaces) = usize::try_from(arguments.int(0)) else { return Err("strings: negative Repeat count".into()) };
    let mut out = Bounded::new(call.bytes_max);
    out.push(before)?;
    for line in text.split_inclusive('\n') {
        out.push_times(' ', spaces)?;
        out.push(line)?;
    }
    if text.is_empty() || text.ends_with('\n') {
        out.push_times(' ', spaces)?;
    }
    Ok(out.into_text().into())
}

fn repeat<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let text = arguments.text(1);
    let Ok(count) = usize::try_from(arguments.int(0)) else { return Err("strings: negative Repeat count".into()) };
    if text.len().saturating_mul(count) > call.bytes_max {
        return Err(Fault::TooLarge(call.bytes_max));
    }
    // Nothing, however often, is nothing.
    Ok(if text.is_empty() { Value::from("") } else { text.repeat(count).into() })
}

fn regex_replace<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>, literal: bool) -> Result<Value<'a>, Fault> {
    let regex = call.regex(&arguments.text(0))?;
    let (text, replacement) = (arguments.text(1), arguments.text(2));
    Ok(Value::Text(pattern::replace(&regex, text, &replacement, literal, call.bytes_max)?))
}

/// What is no base64 gives a text that says so, as in Loki.
fn base64_back(text: &str) -> String {
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match BASE64_STANDARD.decode(&joined) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(base64::DecodeError::InvalidByte(offset, _)) => format!("illegal base64 data at input byte {offset}"),
        Err(_) => format!("illegal base64 data at input byte {}", joined.trim_end_matches('=').len() / 4 * 4),
    }
}

/// A JSON document; nothing where the text is none.
fn from_json<'a>(text: &str) -> Value<'a> {
    serde_json::from_str(text).map_or(Value::Nil, json)
}

/// All numbers of JSON are floats, as in Go.
fn json<'a>(document: serde_json::Value) -> Value<'a> {
    match document {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(json).collect::<Arc<[_]>>()),
        serde_json::Value::Object(fields) => Value::map(fields.into_iter().map(|(name, value)| (name, json(value)))),
    }
}

/// The second value, or the first where the second is empty.
fn default<'a>(arguments: &mut Arguments<'a>) -> Value<'a> {
    let given = arguments.take(1);
    if given.truth() { given } else { arguments.take(0) }
}
