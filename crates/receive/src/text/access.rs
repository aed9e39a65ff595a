//! Access logs of nginx and Apache, in the formats both call `common` and `combined`, with a name of a virtual host
//! before or the client a proxy names behind.

use std::borrow::Cow;

use super::clock;
use crate::otlp::value::Value;
use crate::record::Record;

type Attributes<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// `host ident user [time] "request" status bytes "referrer" "agent"`; the body stays the line.
pub(super) fn read(text: &str) -> Option<Record<'_>> {
    let (before, rest) = text.split_once(" [")?;
    let (time, rest) = rest.split_once("] \"")?;
    let mut record = Record { time: Some(clock::access(time)?), body: Some(text.into()), ..Record::default() };
    let mut words = before.split(' ').rev();
    let (user, _ident, client) = (words.next()?, words.next()?, words.next()?);
    let attributes = &mut record.attributes;
    push(attributes, "client.address", client);
    push(attributes, "user.name", user);
    if let Some(host) = words.next() {
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        push(attributes, "server.address", name);
        push_number(attributes, "server.port", port);
    }
    let (asked, rest) = quoted(rest)?;
    request(asked, attributes);
    let mut rest = rest.trim_start();
    let status = status(&mut rest)?;
    attributes.push(("http.response.status_code".into(), Value::Int(status)));
    let (bytes, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    push_number(attributes, "http.response.body.size", bytes);
    let mut rest = rest.trim_start();
    for key in ["http.request.header.referer", "user_agent.original", "http.request.header.x-forwarded-for"] {
        let Some((value, behind)) = rest.strip_prefix('"').and_then(quoted) else { break };
        push(attributes, key, value);
        rest = behind.trim_start();
    }
    record.severity_number = of_status(status);
    Some(record)
}

/// Severity of an answer.
fn of_status(status: i64) -> i32 {
    match status {
        500.. => 17,
        400.. => 13,
        _ => 9,
    }
}

fn status(rest: &mut &str) -> Option<i64> {
    let (status, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    *rest = behind;
    status.parse().ok().filter(|status| (100..1000).contains(status) && *status != 0)
}

/// The line of uvicorn: `127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK`. Its level is told already.
pub(super) fn short<'a>(message: &'a str, attributes: &mut Attributes<'a>) {
    let Some((client, rest)) = message.split_once(" - \"") else { return };
    let Some((asked, rest)) = quoted(rest) else { return };
    let mut rest = rest.trim_start();
    let (Some((address, port)), Some(status)) = (client.rsplit_once(':'), status(&mut rest)) else { return };
    push(attributes, "client.address", address);
    push_number(attributes, "client.port", port);
    request(asked, attributes);
    attributes.push(("http.response.status_code".into(), Value::Int(status)));
}

/// `GET /path?query HTTP/1.1`; what has another form was no HTTP.
pub(super) fn request<'a>(asked: &'a str, attributes: &mut Attributes<'a>) {
    let mut words = asked.split(' ');
    let (Some(method), Some(target), Some(protocol)) = (words.next(), words.next(), words.next()) else { return };
    let Some(version) = protocol.strip_prefix("HTTP/") else { return };
    push(attributes, "http.request.method", method);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    push(attributes, "url.path", path);
    push(attributes, "url.query", query);
    push(attributes, "network.protocol.version", version);
}

/// Text up to the quote that ends it, and what is behind.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut at = 0;
    loop {
        let found = memchr::memchr2(b'"', b'\\', text.as_bytes().get(at..)?)? + at;
        if text.as_bytes()[found] == b'"' {
            return Some((&text[..found], &text[found + 1..]));
        }
        at = found + 2;
    }
}

fn push<'a>(attributes: &mut Attributes<'a>, key: &'static str, value: &'a str) {
    if !matches!(value, "" | "-") {
        attributes.push((key.into(), Value::Text(value.into())));
    }
}

fn push_number(attributes: &mut Attributes<'_>, key: &'static str, value: &str) {
    if let Ok(number) = value.parse() {
        attributes.push((key.into(), Value::Int(number)));
    }
}
