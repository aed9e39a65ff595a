//! Objects of JSON, as loggers write them: structlog, loguru, python-json-logger, pino, bunyan, winston, zerolog, zap, slog.

use std::borrow::Cow;

use luneta_model::Limits;

use super::{Place, clock};
use crate::otlp::value::Value;
use crate::record::{Fields, Record, fold};

/// Names of fields that hold the time.
pub(super) const TIME_KEYS: [&str; 12] =
    ["timestamp", "time", "ts", "@timestamp", "asctime", "datetime", "date", "t", "eventTime", "created", "time_iso8601", "msec"];

/// A line that is an object; without a message its body is the line.
pub(super) fn read<'a>(text: &'a str, place: Place<'_>, limits: &Limits) -> Option<Record<'a>> {
    let mut fields = Fields::json(text, limits).ok()?;
    let mut record = Record::default();
    if is_loguru(&fields) {
        from_loguru(&mut fields);
    }
    record.time = take_time(&mut fields, place);
    rename(&mut fields);
    fold(fields, &mut record);
    if record.body.is_none() {
        record.body = Some(text.into());
    }
    Some(record)
}

/// Takes the first field that holds a time.
pub(super) fn take_time(fields: &mut Fields<'_>, place: Place<'_>) -> Option<i128> {
    for name in TIME_KEYS {
        let Some(at) = fields.entries.iter().position(|(key, _)| key == name) else { continue };
        let time = match &fields.entries[at].1 {
            Value::Text(text) => clock::any(text, place.zone),
            Value::Int(number) => crate::record::epoch(&number.to_string()),
            Value::Double(number) => crate::record::epoch(&number.to_string()),
            _ => None,
        };
        if time.is_some() {
            fields.entries.remove(at);
            return time;
        }
    }
    None
}

/// Names of these loggers for what has a name of OpenTelemetry.
fn rename(fields: &mut Fields<'_>) {
    let has = |name: &str| fields.entries.iter().any(|(key, _)| key == name);
    let message = ["message", "msg", "log", "body"].iter().any(|name| has(name));
    let leveled = ["level", "levelname", "severity"].iter().any(|name| has(name));
    let processed = has("hostname") || has("levelname");
    for (key, _) in &mut fields.entries {
        let name = match &**key {
            "event" if !message => "message",
            "name" if leveled => "logger.name",
            "pid" | "process" if processed => "process.pid",
            "exc_info" | "exception" | "stacktrace" | "stack_trace" | "stack" | "err.stack" | "error.stack" => {
                "exception.stacktrace"
            }
            "err.type" | "err.name" | "error.kind" | "error.name" => "exception.type",
            "err.message" => "exception.message",
            "source.function" | "funcName" => "code.function.name",
            "source.file" | "pathname" => "code.file.path",
            "source.line" | "lineno" => "code.line.number",
            "threadName" => "thread.name",
            _ => continue,
        };
        *key = Cow::Borrowed(name);
    }
    // Half of them say when there is nothing to say.
    let silent =
        |key: &str, value: &Value<'_>| key.starts_with("exception.") && matches!(value, Value::Text(text) if text.is_empty());
    fields.entries.retain(|(key, value)| !silent(key, value));
}

/// `{"text": …, "record": {…}}`.
fn is_loguru(fields: &Fields<'_>) -> bool {
    let has = |name: &str| fields.entries.iter().any(|(key, _)| key == name);
    has("text") && has("record.message") && has("record.time.timestamp")
}

fn from_loguru(fields: &mut Fields<'_>) {
    let failed = fields.entries.iter().any(|(key, _)| key.starts_with("record.exception."));
    let entries = std::mem::take(&mut fields.entries).into_iter();
    fields.entries = entries
        .filter_map(|(key, value)| {
            let name = match &*key {
                // It shows the traceback behind the message.
                "text" if failed => "exception.stacktrace",
                "record.message" => "message",
                "record.level.name" => "level",
                "record.time.timestamp" => "time",
                "record.name" => "logger.name",
                "record.function" => "code.function.name",
                "record.line" => "code.line.number",
                "record.file.path" => "code.file.path",
                "record.process.id" => "process.pid",
                "record.thread.id" => "thread.id",
                "record.thread.name" => "thread.name",
                "record.exception.type" => "exception.type",
                "record.exception.value" => "exception.message",
                other => {
                    let extra = other.strip_prefix("record.extra.")?.to_owned();
                    return Some((Cow::Owned(extra), value));
                }
            };
            Some((Cow::Borrowed(name), value))
        })
        .collect();
}
