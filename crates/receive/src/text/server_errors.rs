//! Error logs of nginx and Apache.

use super::{Place, access, clock};
use crate::otlp::value::Value;
use crate::record::{Record, of_text};

/// A line of either.
pub(super) fn read<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    if text.starts_with('[') { apache(text, place) } else { nginx(text, place) }
}

/// `2026/11/22 10:00:00 [error] 7#8: *9 message, client: 127.0.0.1, server: shop, request: "GET / HTTP/1.1", host: "shop"`.
fn nginx<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    if text.as_bytes().get(4) != Some(&b'/') {
        return None;
    }
    let (time, rest) = clock::leading(text, place.zone)?;
    let (level, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let (process, rest) = rest.split_once('#')?;
    let (thread, mut message) = rest.split_once(": ")?;
    let mut record = Record { time: Some(time), ..Record::default() };
    (record.severity_text, record.severity_number) = (level.into(), of_text(level));
    for (key, number) in [("process.pid", process), ("thread.id", thread)] {
        record.attributes.push((key.into(), Value::Int(number.parse().ok()?)));
    }
    if let Some((connection, rest)) = message.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        record.attributes.push(("nginx.connection".into(), Value::Int(connection.parse().ok()?)));
        message = rest;
    }
    // What follows the message are names and values, the last of which may hold commas.
    let (said, named) = message.split_once(", client: ").unwrap_or((message, ""));
    record.body = Some(said.into());
    if !named.is_empty() {
        add_named(&mut record, "client", named);
    }
    Some(record)
}

fn add_named<'a>(record: &mut Record<'a>, first: &'a str, rest: &'a str) {
    let (mut key, mut rest) = (first, rest);
    loop {
        let next = ["server: ", "request: ", "subrequest: ", "upstream: ", "host: ", "referrer: "].iter().filter_map(|next| {
            let at = rest.find(next)?;
            rest.get(..at)?.ends_with(", ").then_some((at, next.len()))
        });
        let next = next.min();
        let value = next.map_or(rest, |(at, _)| &rest[..at - 2]).trim_matches('"');
        if key == "request" {
            access::request(value, &mut record.attributes);
        } else {
            let key = match key {
                "client" => "client.address",
                "server" => "nginx.server",
                "host" => "server.address",
                "upstream" => "nginx.upstream",
                "referrer" => "http.request.header.referer",
                _ => "nginx.subrequest",
            };
            record.attributes.push((key.into(), Value::Text(value.into())));
        }
        let Some((at, len)) = next else { return };
        key = &rest[at..at + len - 2];
        rest = &rest[at + len..];
    }
}

/// `[Sun Nov 22 10:00:00.123456 2026] [core:error] [pid 7:tid 8] [client 127.0.0.1:9] AH00001: message`.
fn apache<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    let (time, rest) = text.strip_prefix('[')?.split_once("] [")?;
    let (time, "") = clock::leading(time, place.zone)? else { return None };
    if text.as_bytes().get(1)?.is_ascii_digit() {
        return None;
    }
    let (level, mut rest) = rest.split_once("] ")?;
    let (module, level) = level.split_once(':').unwrap_or(("", level));
    let mut record = Record { time: Some(time), ..Record::default() };
    // `trace1` to `trace8` are the same here.
    let severity = if level.starts_with("trace") { 1 } else { of_text(level) };
    (record.severity_text, record.severity_number) = (level.into(), severity);
    if !module.is_empty() {
        record.attributes.push(("apache.module".into(), Value::Text(module.into())));
    }
    while let Some((inside, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        let address = |text: &'a str| text.rsplit_once(':').map_or(text, |(host, _)| host);
        if let Some(ids) = inside.strip_prefix("pid ") {
            let (process, thread) = ids.split_once(":tid ").unwrap_or((ids, ""));
            for (key, number) in [("process.pid", process), ("thread.id", thread)] {
                if let Ok(number) = number.parse() {
                    record.attributes.push((key.into(), Value::Int(number)));
                }
            }
        } else if let Some(client) = inside.strip_prefix("client ") {
            record.attributes.push(("client.address".into(), Value::Text(address(client).into())));
        } else {
            break;
        }
        rest = behind;
    }
    record.body = Some(rest.into());
    Some(record)
}
