//! Tracebacks of Python and stack traces of Java within entries.

use crate::otlp::value::Value;
use crate::record::Record;

/// What a traceback of Python begins with.
pub(super) const TRACEBACK: &str = "Traceback (most recent call last):";

/// Adds the attributes of an exception that a text of several lines shows, and the severity of an error where
/// nothing else is told.
pub(super) fn note<'a>(text: &'a str, record: &mut Record<'a>) {
    let Some(first_end) = memchr::memchr(b'\n', text.as_bytes()) else { return };
    let Some((stack, kind, message)) = python(text).or_else(|| java(text, first_end)) else { return };
    let mut add = |key: &'static str, value: &'a str| {
        if !value.is_empty() && !record.attributes.iter().any(|(k, _)| k == key) {
            record.attributes.push((key.into(), Value::Text(value.into())));
        }
    };
    add("exception.type", kind);
    add("exception.message", message);
    add("exception.stacktrace", stack);
    if record.severity_number == 0 {
        (record.severity_number, record.severity_text) = (17, "".into());
    }
}

/// From the first traceback on; type and message are those of the last exception, which is the one that was not
/// handled.
fn python(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(TRACEBACK)?;
    let start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let last = text.rfind(TRACEBACK)? + TRACEBACK.len();
    for line in text.get(last..)?.split_inclusive('\n').skip(1) {
        let shown = line.trim_end();
        if !shown.starts_with([' ', '\t', '|', '+', '>']) && !shown.is_empty() {
            let offset = line.as_ptr() as usize - text.as_ptr() as usize;
            let told = text.get(offset..)?;
            let (kind, message) = split(told);
            return is_name(kind).then_some((text.get(start..)?, kind, message));
        }
    }
    Some((text.get(start..)?, "", ""))
}

/// `a.b.Error: message` of any number of lines.
fn split(told: &str) -> (&str, &str) {
    let told = told.trim_end();
    let first = told.lines().next().unwrap_or_default();
    match first.split_once(": ") {
        Some((kind, _)) => (kind, told.get(kind.len() + 2..).unwrap_or_default()),
        None => (first.trim_end_matches(':'), told.get(first.len()..).unwrap_or_default().trim_start()),
    }
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '<' | '>');
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(inner)
}

/// `Exception in thread "main" a.b.Error: message`, or that without the thread, and frames that begin with `at`.
fn java(text: &str, first_end: usize) -> Option<(&str, &str, &str)> {
    let frames = text.get(first_end..)?;
    if !frames.contains("\n\tat ") && !frames.contains("\n    at ") {
        return None;
    }
    for line in text.lines() {
        if line.starts_with("\tat ") || line.starts_with("    at ") {
            break;
        }
        let offset = line.as_ptr() as usize - text.as_ptr() as usize;
        if let Some((kind, message)) = exception_class(line) {
            return Some((text.get(offset..)?, kind, message));
        }
    }
    None
}

/// The class of an exception a line names, and its message.
fn exception_class(line: &str) -> Option<(&str, &str)> {
    let told = line.strip_prefix("Exception in thread ").and_then(|rest| rest.split_once("\" ")).map_or(line, |(_, told)| told);
    let (kind, message) = told.split_once(": ").unwrap_or((told.trim_end(), ""));
    let named = is_name(kind) && ["Exception", "Error", "Throwable"].iter().any(|end| kind.ends_with(end));
    named.then_some((kind, message))
}

/// Whether a line names the exception whose frames follow.
pub(super) fn names_exception(line: &str) -> bool {
    line.starts_with("Exception in thread ")
        || exception_class(line).is_some_and(|(kind, _)| kind.contains('.') || kind.ends_with("Error"))
}
