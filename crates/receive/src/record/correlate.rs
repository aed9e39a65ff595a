//! The trace a record belongs to, where its text or its attributes tell: `trace_id=…`, `"traceId":"…"`, `traceparent: …`.
//!
//! Most texts tell nothing, and are to cost one pass for four letters.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fold::{hex, trace_id};

/// A trace, and the span of it that is told beside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// Flags of the W3C's Trace Context.
    pub(crate) flags: u32,
}

/// What a key tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdKey {
    Trace,
    Span,
    /// Of Datadog: numbers of 64 bits in decimals.
    DatadogTrace,
    DatadogSpan,
    /// `version-trace-parent-flags`.
    Parent,
}

/// What a key of an attribute or a field tells of a trace; case and separators do not matter.
pub(crate) fn id_key(key: &str) -> Option<IdKey> {
    let bytes = key.as_bytes();
    // `traceid` to `x_b3_trace_id`: most keys have another length, or end in another letter.
    if !(6..=16).contains(&bytes.len()) || !matches!(bytes.last(), Some(b'd' | b'D' | b't' | b'T')) {
        return None;
    }
    let mut plain = [0_u8; 16];
    let mut len = 0;
    for byte in bytes {
        if !matches!(byte, b'_' | b'-' | b'.') {
            *plain.get_mut(len)? = byte.to_ascii_lowercase();
            len += 1;
        }
    }
    match plain.get(..len)? {
        b"traceid" | b"oteltraceid" | b"xtraceid" | b"xb3traceid" => Some(IdKey::Trace),
        b"spanid" | b"otelspanid" | b"xspanid" | b"xb3spanid" => Some(IdKey::Span),
        b"ddtraceid" => Some(IdKey::DatadogTrace),
        b"ddspanid" => Some(IdKey::DatadogSpan),
        b"traceparent" => Some(IdKey::Parent),
        _ => None,
    }
}

impl Ids {
    /// Whether a trace is told.
    pub(crate) fn found(&self) -> bool {
        self.trace_id != [0; 16]
    }

    /// Takes what a key and its value tell; false when that is nothing, or is told already.
    pub(crate) fn take(&mut self, key: IdKey, value: &str) -> bool {
        let (trace, span) = (self.trace_id == [0; 16], self.span_id == [0; 8]);
        let found = match key {
            IdKey::Trace if trace => trace_id(value).map(|id| self.trace_id = id),
            IdKey::Span if span => hex(value).map(|id| self.span_id = id),
            IdKey::DatadogTrace if trace => decimal(value)
                .map(|id| self.trace_id[8..].copy_from_slice(&id))
                .or_else(|| trace_id(value).map(|id| self.trace_id = id)),
            IdKey::DatadogSpan if span => decimal(value).map(|id| self.span_id = id),
            IdKey::Parent if trace => parent(value).map(|ids| *self = ids),
            _ => None,
        };
        found.is_some()
    }
}

/// An id of 64 bits as a decimal number.
fn decimal(text: &str) -> Option<[u8; 8]> {
    // 16 digits are hexadecimal with all chances; numbers of 64 bits nearly always have more.
    let number: u64 = text.parse().ok().filter(|_| text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit()))?;
    (number != 0).then(|| number.to_be_bytes())
}

/// `version-trace-parent-flags`, as the W3C's Trace Context has it.
pub(crate) fn parent(text: &str) -> Option<Ids> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || flags.len() != 2 || version == "ff" {
        return None;
    }
    let flags = u32::from(u8::from_str_radix(flags, 16).ok()?);
    Some(Ids { trace_id: hex(trace)?, span_id: hex(span)?, flags })
}

/// `race` stands in `trace` and in `Trace`.
static TRACE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("race"));
static SPAN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("pan"));

/// The trace and the span that a text tells of, wherever they stand in it.
pub(crate) fn ids_in(text: &str) -> Option<Ids> {
    let bytes = text.as_bytes();
    for at in TRACE.find_iter(bytes) {
        // The `t`, and what is before it.
        let Some(start) = at.checked_sub(1).filter(|start| matches!(bytes[*start], b't' | b'T')) else { continue };
        let Some((key, value)) = told(text, start) else { continue };
        let mut ids = Ids::default();
        if !ids.take(key, value) {
            continue;
        }
        if ids.span_id == [0; 8] {
            ids.span_id = span_in(text).unwrap_or_default();
        }
        return Some(ids);
    }
    None
}

fn span_in(text: &str) -> Option<[u8; 8]> {
    let bytes = text.as_bytes();
    for at in SPAN.find_iter(bytes) {
        let Some(start) = at.checked_sub(1).filter(|start| matches!(bytes[*start], b's' | b'S')) else { continue };
        // That of the caller is another one.
        if text.get(..start).is_some_and(|before| ends_with_parent(before.as_bytes())) {
            continue;
        }
        let mut ids = Ids::default();
        if let Some((key @ (IdKey::Span | IdKey::DatadogSpan), value)) = told(text, start)
            && ids.take(key, value)
        {
            return Some(ids.span_id);
        }
    }
    None
}

fn ends_with_parent(before: &[u8]) -> bool {
    let before = before.strip_suffix(b"_").or_else(|| before.strip_suffix(b".")).unwrap_or(before);
    before.len() >= 6 && before[before.len() - 6..].eq_ignore_ascii_case(b"parent")
}

/// The key that begins at `start`, and its value behind `=` or `:`, with or without quotes.
fn told(text: &str, start: usize) -> Option<(IdKey, &str)> {
    let bytes = text.as_bytes();
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = bytes[start..].iter().take(17).take_while(|byte| is_key(byte)).count();
    let key = text.get(start..start + len)?;
    let key = match (id_key(key)?, text.get(..start)?.ends_with("dd.")) {
        (IdKey::Trace, true) => IdKey::DatadogTrace,
        (IdKey::Span, true) => IdKey::DatadogSpan,
        (key, _) => key,
    };
    // Quotes of JSON may be escaped, as within a JSON text of Docker.
    let rest = text.get(start + len..)?;
    let quotes = |c: char| matches!(c, '"' | '\'' | '\\' | '`' | ' ');
    let rest = rest.trim_start_matches(quotes);
    let rest = rest.strip_prefix(['=', ':'])?.trim_start_matches(quotes);
    let end = rest.bytes().take(56).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    Some((key, rest.get(..end)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN_ID: &str = "b7ad6b7169203331";

    fn check(text: &str, trace: &str, span: &str, flags: u32) {
        let ids = ids_in(text).unwrap_or_default();
        let none = |id: &str, len: usize| if id.is_empty() { "0".repeat(len) } else { id.to_owned() };
        assert_eq!(
            (hex::encode(ids.trace_id), hex::encode(ids.span_id), ids.flags),
            (none(trace, 32), none(span, 16), flags),
            "{text}"
        );
    }

    #[test]
    fn texts_tell_traces() {
        let both = [
            format!("paid trace_id={TRACE_ID} span_id={SPAN_ID}"),
            format!(r#"{{"msg":"paid","traceId":"{TRACE_ID}","spanId":"{SPAN_ID}"}}"#),
            format!(r#"{{"log":"{{\"trace_id\":\"{TRACE_ID}\",\"span_id\":\"{SPAN_ID}\"}}"}}"#),
            format!("paid [trace_id={TRACE_ID} parent_span_id=00f067aa0ba902b7 span_id={SPAN_ID} resource.service.name=shop]"),
            format!("TraceId: {TRACE_ID}, SpanId: {SPAN_ID}"),
            format!("otelTraceID={TRACE_ID} otelSpanID='{SPAN_ID}' paid"),
            format!("trace.id = \"{TRACE_ID}\" span.id = \"{SPAN_ID}\""),
            format!("Traceback, a race, trace: none; X-B3-TraceId: {TRACE_ID} X-B3-SpanId: {SPAN_ID}"),
        ];
        for text in &both {
            check(text, TRACE_ID, SPAN_ID, 0);
        }
        check(&format!("traceparent: 00-{TRACE_ID}-{SPAN_ID}-01"), TRACE_ID, SPAN_ID, 1);
        check(&format!("traceID={TRACE_ID}"), TRACE_ID, "", 0);
        check("trace_id=8448eb211c80319c", "00000000000000008448eb211c80319c", "", 0);
        check("dd.trace_id=8163081229158310112 dd.span_id=17", "000000000000000071491720c8a3e0e0", "0000000000000011", 0);
        check(&format!(r#""dd":{{"trace_id":"{TRACE_ID}"}}"#), TRACE_ID, "", 0);
    }

    #[test]
    fn other_texts_tell_nothing() {
        for text in [
            "",
            "trace",
            "race",
            "a trace of trace_id",
            "trace_id=",
            "trace_id=none",
            "trace_id=0",
            "trace_id=00000000000000000000000000000000",
            "trace_id=0af7651916cd43dd8448eb211c80319",
            "trace_id=0af7651916cd43dd8448eb211c80319cc",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c",
            "traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "span_id=b7ad6b7169203331",
            "trace_ids=0af7651916cd43dd8448eb211c80319c",
            "träce_id=0af7651916cd43dd8448eb211c80319c",
        ] {
            assert_eq!(ids_in(text), None, "{text}");
        }
    }

    #[test]
    fn keys_tell_what_they_are() {
        for key in ["trace_id", "traceId", "traceID", "TRACE-ID", "trace.id", "otelTraceID", "x-trace-id"] {
            assert_eq!(id_key(key), Some(IdKey::Trace), "{key}");
        }
        for (key, expected) in [
            ("dd.trace_id", Some(IdKey::DatadogTrace)),
            ("dd.span_id", Some(IdKey::DatadogSpan)),
            ("traceparent", Some(IdKey::Parent)),
            ("span_id", Some(IdKey::Span)),
            ("X-Request-ID", None),
            ("trace", None),
            ("parent_span_id", None),
        ] {
            assert_eq!(id_key(key), expected, "{key}");
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_found(before in ".{0,40}", after in "[ ,;}\"'].{0,40}", trace in "[0-9a-f]{31}[1-9a-f]", key in 0..4_usize) {
            prop_assume!(!before.to_lowercase().contains("trace") && !before.ends_with("dd."));
            let key = ["trace_id=", "traceId: ", "\"trace_id\":\"", "TraceID="][key];
            let ids = ids_in(&format!("{before} {key}{trace}{after}")).unwrap();
            prop_assert_eq!(Some(ids.trace_id), hex(&trace));
        }

        #[test]
        fn no_text_panics(text in "(t|T)?race_?(id)?[=:\" ]{0,3}\\PC{0,40}") {
            ids_in(&text);
        }
    }
}
