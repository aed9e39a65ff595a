//! Spans and processes as both of Jaeger's encodings tell them, before they become rows.

use std::borrow::Cow;

use luneta_model::{AnyValue, SpanRow};

use crate::Reason;
use crate::context::Context;
use crate::otlp::value::Value;
use crate::wire::Walk;

/// Bytes a log or a reference takes while its span is read, and in its row.
const ELEMENT_BYTES: usize = 64;

/// A key and a value.
pub(super) struct Tag<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

/// Tags of a span, a process or a log.
#[derive(Default)]
pub(super) struct Tags<'a> {
    entries: Vec<Tag<'a>>,
    /// Tags over the limit.
    pub(super) dropped: u32,
}

/// Something that happened during a span.
pub(super) struct Log<'a> {
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    pub(super) fields: Tags<'a>,
}

/// A pointer to another span.
#[derive(Clone, Copy, Default)]
pub(super) struct Reference {
    /// The span came from the other one, without being waited for.
    pub(super) follows: bool,
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
}

/// Tells processes of one request apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Identity<'a> {
    /// There is none.
    #[default]
    Nobody,
    /// That of a batch, by where it begins: comparing its bytes for every span would cost too much.
    Batch(usize),
    /// A span's own, by its bytes: they are sent again and again.
    Span(&'a [u8]),
}

/// Whose spans they are.
#[derive(Default)]
pub(super) struct Process<'a> {
    pub(super) identity: Identity<'a>,
    pub(super) service_name: Cow<'a, str>,
    pub(super) tags: Tags<'a>,
    /// Bytes it took in the request.
    pub(super) bytes: usize,
}

/// One span.
#[derive(Default)]
pub(super) struct Span<'a> {
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) id: Option<[u8; 8]>,
    pub(super) parent_span_id: [u8; 8],
    pub(super) name: Cow<'a, str>,
    pub(super) flags: u32,
    pub(super) start: Nanos,
    pub(super) duration: Nanos,
    pub(super) tags: Tags<'a>,
    pub(super) logs: Vec<Log<'a>>,
    pub(super) references: Vec<Reference>,
    /// Logs and references over the limit.
    pub(super) dropped_logs: u32,
    pub(super) dropped_references: u32,
}

/// Nanoseconds, unless they need more than 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Nanos(Option<i64>);

impl Default for Nanos {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Nanos {
    pub(super) fn from_micros(micros: i64) -> Self {
        Self(micros.checked_mul(1000))
    }

    pub(super) fn from_parts(seconds: i64, nanos: i64) -> Self {
        Self(seconds.checked_mul(1_000_000_000).and_then(|n| n.checked_add(nanos)))
    }

    /// A time inside a span: one that does not fit is moved to the last moment that does.
    pub(super) fn inner_time(self, context: &mut Context<'_>) -> i64 {
        context.inner_time(self.0.and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX))
    }
}

impl<'a> Tags<'a> {
    pub(super) fn push(&mut self, tag: Tag<'a>, context: &Context<'_>) {
        if self.entries.len() >= context.options.limits.attributes_max {
            self.dropped = self.dropped.saturating_add(1);
        } else {
            self.entries.push(tag);
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries.iter().find(|tag| tag.key == key).map(|tag| &tag.value)
    }

    fn find(&mut self, key: &str) -> Option<&mut Tag<'a>> {
        self.entries.iter_mut().find(|tag| tag.key == key)
    }

    /// Text under a key.
    pub(super) fn text(&self, key: &str) -> Option<&Cow<'a, str>> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Removes the tag of a key if its value is as wanted.
    pub(super) fn take_if(&mut self, key: &str, wanted: impl Fn(&Value<'_>) -> bool) -> Option<Value<'a>> {
        let at = self.entries.iter().position(|tag| tag.key == key && wanted(&tag.value))?;
        Some(self.entries.remove(at).value)
    }

    /// Removes text under a key.
    pub(super) fn take_text(&mut self, key: &str) -> Option<Cow<'a, str>> {
        match self.take_if(key, |value| matches!(value, Value::Text(_))) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Tag<'a>> {
        self.entries.iter()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Tag<'a>> {
        self.entries.drain(..)
    }

    /// The tags as the attributes of an event.
    pub(super) fn attributes(&mut self) -> impl Iterator<Item = (&str, AnyValue)> {
        let take = |value: &mut Value<'a>| std::mem::replace(value, Value::Bool(false)).into_any();
        self.entries.iter_mut().map(move |tag| (&*tag.key, take(&mut tag.value)))
    }
}

/// What exporters call a service that has no name.
const NO_SERVICE_NAME: &str = "OTLPResourceNoServiceName";
const EXPORTER_VERSION: &str = "opencensus.exporterversion";

impl Process<'_> {
    /// Gives tags the names that resource attributes have in the OpenTelemetry Collector.
    pub(super) fn rename(&mut self) {
        if self.service_name == NO_SERVICE_NAME {
            self.service_name = Cow::Borrowed("");
        }
        if !self.service_name.is_empty() {
            // Exporters say it a second time.
            self.tags.take_text("service.name");
        }
        if self.tags.get("host.name").is_none()
            && let Some(tag) = self.tags.find("hostname")
        {
            tag.key = Cow::Borrowed("host.name");
        }
        if self.tags.get(EXPORTER_VERSION).is_none()
            && let Some(Tag { key, value: Value::Text(version) }) = self.tags.find("jaeger.version")
        {
            *key = Cow::Borrowed(EXPORTER_VERSION);
            version.to_mut().insert_str(0, "Jaeger-");
        }
    }
}

impl<'a> Span<'a> {
    pub(super) fn push_log(&mut self, log: Log<'a>, context: &mut Context<'_>) -> Walk<()> {
        if self.logs.len() >= context.options.limits.events_max {
            self.dropped_logs = self.dropped_logs.saturating_add(1);
            return Ok(());
        }
        context.spend(ELEMENT_BYTES + log.fields.entries.len() * size_of::<Tag<'_>>())?;
        self.logs.push(log);
        Ok(())
    }

    pub(super) fn push_reference(&mut self, reference: Reference, context: &mut Context<'_>) -> Walk<()> {
        if self.references.len() >= context.options.limits.events_max {
            self.dropped_references = self.dropped_references.saturating_add(1);
            return Ok(());
        }
        context.spend(ELEMENT_BYTES)?;
        self.references.push(reference);
        Ok(())
    }

    /// Whether a reference names a parent of this span.
    fn is_child_of(&self, reference: &Reference) -> bool {
        !reference.follows && Some(reference.trace_id) == self.trace_id
    }

    /// The parent as named, or the first reference that names one. Clients name a span that this
    /// one follows as its parent too; then a reference knows better.
    fn parent(&self) -> [u8; 8] {
        let named = self.parent_span_id;
        let followed = self.references.iter().any(|r| r.follows && Some(r.trace_id) == self.trace_id && r.span_id == named);
        if named != [0; 8] && !followed {
            return named;
        }
        self.references.iter().find(|r| self.is_child_of(r)).map_or(named, |r| r.span_id)
    }

    /// References that are not the parent's.
    pub(super) fn links(&self, parent: [u8; 8]) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |r| !(self.is_child_of(r) && r.span_id == parent))
    }

    /// The row without its text and what tags say, or why the span cannot be kept.
    pub(super) fn row(&self) -> Result<SpanRow<'static>, Reason> {
        let trace_id = self.trace_id.filter(|id| *id != [0; 16]).ok_or(Reason::InvalidTraceId)?;
        let span_id = self.id.filter(|id| *id != [0; 8]).ok_or(Reason::InvalidSpanId)?;
        let start_time = self.start.0.filter(|t| *t >= 0).ok_or(Reason::TimeOutOfRange)?;
        let end_time = self.duration.0.and_then(|d| start_time.checked_add(d)).ok_or(Reason::TimeOutOfRange)?;
        Ok(SpanRow {
            start_time,
            end_time,
            trace_id,
            span_id,
            parent_span_id: self.parent(),
            // The other bits mean something else to Jaeger than to W3C.
            flags: self.flags & 1,
            dropped_attributes_count: self.tags.dropped,
            dropped_events_count: self.dropped_logs,
            dropped_links_count: self.dropped_references,
            ..SpanRow::default()
        })
    }
}
