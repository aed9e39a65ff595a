//! What loggers of Python print: the forms of `logging`'s documentation, of uvicorn, gunicorn and Flask, of loguru and
//! of structlog's console.

use super::{Place, access, clock, head, logfmt};
use crate::otlp::value::Value;
use crate::record::{Record, of_text};

/// A line of one of them; further lines belong to its message.
pub(super) fn read<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    let (bracketed, inner) = text.strip_prefix('[').map_or((false, text), |inner| (true, inner));
    if let Some((time, rest)) = clock::leading(inner, place.zone) {
        let mut record = if bracketed { in_brackets(rest.strip_prefix("] ")?)? } else { behind_time(rest)? };
        record.time = Some(time);
        return Some(record);
    }
    untimed(text)
}

fn levelled<'a>(level: &'a str, message: &'a str) -> Option<Record<'a>> {
    let level = level.trim_end();
    let number = of_text(level);
    let letters = level.bytes().all(|byte| byte.is_ascii_alphabetic());
    (number != 0 && letters).then(|| Record {
        severity_number: number,
        severity_text: level.into(),
        body: Some(message.into()),
        ..Record::default()
    })
}

fn logged_by<'a>(record: Option<Record<'a>>, logger: &'a str) -> Option<Record<'a>> {
    let mut record = record?;
    record.attributes.push(("logger.name".into(), Value::Text(logger.into())));
    Some(record)
}

/// `WARNING:root:message` of `basicConfig`, and `INFO:     message` of uvicorn.
fn untimed(text: &str) -> Option<Record<'_>> {
    let (level, rest) = text.split_once(':')?;
    if head::leading_level(text) != Some(level) || !level.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    if let Some(message) = rest.strip_prefix(' ') {
        let message = message.trim_start_matches(' ');
        let mut record = levelled(level, message)?;
        access::short(message, &mut record.attributes);
        return Some(record);
    }
    let (logger, message) = rest.split_once(':')?;
    let named = !logger.is_empty() && !logger.contains(char::is_whitespace);
    if named { logged_by(levelled(level, message), logger) } else { None }
}

/// `[time] LEVEL in module: message` of Flask, `[time] [pid] [LEVEL] message` of gunicorn.
fn in_brackets(rest: &str) -> Option<Record<'_>> {
    if let Some((process, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] [")) {
        let (level, message) = rest.split_once("] ")?;
        let mut record = levelled(level, message)?;
        record.attributes.push(("process.pid".into(), Value::Int(process.parse().ok()?)));
        return Some(record);
    }
    let (level, rest) = rest.split_once(" in ")?;
    let (module, message) = rest.split_once(": ")?;
    if module.contains(char::is_whitespace) { None } else { logged_by(levelled(level, message), module) }
}

fn behind_time(rest: &str) -> Option<Record<'_>> {
    if let Some(rest) = rest.strip_prefix(" | ") {
        return loguru(rest);
    }
    if let Some(rest) = rest.strip_prefix(" [") {
        return structlog(rest);
    }
    // `time - name - LEVEL - message`, and those with less, or in another order.
    let (first, rest) = rest.strip_prefix(" - ")?.split_once(" - ")?;
    if let Some(record) = levelled(first, rest) {
        return match rest.split_once(" - ") {
            Some((logger, message)) if !logger.contains(char::is_whitespace) => logged_by(levelled(first, message), logger),
            _ => Some(record),
        };
    }
    let (level, message) = rest.split_once(" - ")?;
    logged_by(levelled(level, message), first)
}

/// `LEVEL    | module:function:line - message`.
fn loguru(rest: &str) -> Option<Record<'_>> {
    let (level, rest) = rest.split_once(" | ")?;
    let (place, message) = rest.split_once(" - ")?;
    let mut parts = place.rsplitn(3, ':');
    let (line, function, module) = (parts.next()?, parts.next()?, parts.next()?);
    let mut record = logged_by(levelled(level, message), module)?;
    record.attributes.push(("code.function.name".into(), Value::Text(function.into())));
    record.attributes.push(("code.line.number".into(), Value::Int(line.parse().ok()?)));
    Some(record)
}

/// `info     ] event      [logger] key=value other='text'`, padded with blanks.
fn structlog(rest: &str) -> Option<Record<'_>> {
    let (level, rest) = rest.split_once("] ")?;
    let (line, more) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
    let mut record = levelled(level, "")?;
    let mut pairs = first_pair(line);
    let (event, mut behind) = line.split_at(pairs.unwrap_or(line.len()));
    let mut event = event.trim_end();
    if let Some((said, logger)) = event.strip_suffix(']').and_then(|event| event.rsplit_once('['))
        && !logger.is_empty()
        && (said.ends_with("  ") || pairs.is_some())
    {
        record.attributes.push(("logger.name".into(), Value::Text(logger.into())));
        event = said.trim_end();
    }
    while pairs.is_some() && !behind.is_empty() {
        let quote = if behind.split_once('=').is_some_and(|(_, value)| value.starts_with('"')) { b'"' } else { b'\'' };
        if let Some((key, value, rest)) = logfmt::pair(behind, quote) {
            record.attributes.push((key.into(), value));
            behind = rest.trim_start();
        } else {
            // Values of other types have blanks of their own: then the event is the whole line.
            record.attributes.clear();
            (event, pairs) = (line.trim_end(), None);
        }
    }
    record.body = Some(if more.is_empty() { event.into() } else { format!("{event}{more}").into() });
    Some(record)
}

/// Where the first pair begins that follows a blank.
fn first_pair(line: &str) -> Option<usize> {
    memchr::memchr_iter(b'=', line.as_bytes()).find_map(|at| {
        let start = line.get(..at)?.rfind(' ')? + 1;
        let key = line.get(start..at)?;
        let named = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        named.then_some(start)
    })
}
