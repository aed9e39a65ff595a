//! What tags say about a span's status, as the OpenTelemetry Collector understands them.

use std::borrow::Cow;

use super::span::Tags;
use crate::otlp::value::Value;

/// Numbers of OTLP's `StatusCode`.
const UNSET: i32 = 0;
const OK: i32 = 1;
const ERROR: i32 = 2;

/// Numbers of OTLP's `SpanKind`.
pub(super) const KINDS: [(&str, i32); 5] = [("internal", 1), ("server", SERVER), ("client", 3), ("producer", 4), ("consumer", 5)];
const SERVER: i32 = 2;

/// Takes the status out of the tags of a span of some kind: code and message.
///
/// `error` decides, then `otel.status_code`, then the status of an HTTP call.
pub(super) fn take<'a>(tags: &mut Tags<'a>, kind: i32) -> (i32, Cow<'a, str>) {
    let failed = tags.take_if("error", |value| matches!(value, Value::Bool(true))).is_some();
    let named = tags.take_text("otel.status_code");
    if failed {
        let message = tags.take_text("otel.status_description").or_else(|| http_message(tags));
        return (ERROR, message.unwrap_or_default());
    }
    if let Some(name) = named {
        let code = match name {
            name if name.eq_ignore_ascii_case("OK") => OK,
            name if name.eq_ignore_ascii_case("ERROR") => ERROR,
            _ => UNSET,
        };
        return (code, tags.take_text("otel.status_description").unwrap_or_default());
    }
    match tags.get("http.status_code").and_then(http_code).map(|code| of_http(code, kind)) {
        Some(ERROR) => (ERROR, http_message(tags).unwrap_or_default()),
        _ => (UNSET, Cow::Borrowed("")),
    }
}

fn http_message<'a>(tags: &Tags<'a>) -> Option<Cow<'a, str>> {
    tags.text("http.status_message").cloned()
}

/// Some clients send the number as text.
fn http_code(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(code) => Some(*code),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// A server is not at fault when it refuses a wrong request.
fn of_http(code: i64, kind: i32) -> i32 {
    match code {
        100..400 => UNSET,
        400..500 if kind == SERVER => UNSET,
        _ => ERROR,
    }
}
