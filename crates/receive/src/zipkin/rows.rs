//! Spans into [`SpansBuilder`], as the OpenTelemetry Collector translates them.

use std::collections::HashMap;

use luneta_model::{EventRow, LinkRow, SpanRow, SpansBuilder, Tenant};

use super::folded::{self, Folded};
use super::span::{Annotation, Endpoint, Kind, Span, Tag};
use super::{DEBUG_ATTRIBUTE, SHARED_ATTRIBUTE, START_ABSENT_ATTRIBUTE, v1};
use crate::context::Context;
use crate::wire::Walk;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Bytes a span's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;
/// The same of an event or a link.
const ELEMENT_BYTES: usize = 48;
/// Bytes an origin takes besides what was sent for it.
const ORIGIN_BYTES: usize = 256;

/// The names of one endpoint's attributes.
struct EndpointKeys {
    ip: &'static str,
    second_ip: &'static str,
    port: &'static str,
}

const LOCAL: EndpointKeys = EndpointKeys { ip: "net.host.ip", second_ip: "net.host.ipv6", port: "net.host.port" };
const REMOTE: EndpointKeys = EndpointKeys { ip: "net.peer.ip", second_ip: "net.peer.ipv6", port: "net.peer.port" };

/// The rows of one request.
pub(super) struct Rows<'o> {
    spans: SpansBuilder,
    pub(super) context: Context<'o>,
    /// Origins by all that is said of them.
    origins: HashMap<Vec<u8>, u32>,
}

impl<'o> Rows<'o> {
    pub(super) fn new(options: &'o DecodeOptions) -> Self {
        Self { spans: SpansBuilder::new(options.limits), context: Context::new(options), origins: HashMap::new() }
    }

    pub(super) fn finish(self, tenant: Tenant) -> Result<Decoded, ReceiveError> {
        let batch = self.spans.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
        Ok(Decoded { batch, tally: self.context.tally })
    }

    /// Adds the sides of a span of the first version.
    pub(super) fn add_v1(&mut self, span: v1::Span<'_>) -> Walk<()> {
        let text_bytes_max = self.context.options.limits.value_bytes_max;
        v1::split(span, text_bytes_max).into_iter().try_for_each(|side| self.add(side))
    }

    /// Adds a span; one whose times are too late is counted instead.
    pub(super) fn add(&mut self, mut span: Span<'_>) -> Walk<()> {
        let Some((start, end)) = times(&span, self.context.options.now) else {
            self.context.tally.reject(Reason::TimeOutOfRange);
            return Ok(());
        };
        let dropped_tags = span.tags.dropped;
        let mut folded = Folded::of(std::mem::take(&mut span.tags.kept));
        let kind = kind(&span.kind, &mut folded);
        let (status_code, status_message) = folded.status();
        let elements = span.annotations.kept.len() + folded.links.len();
        self.context.spend(ROW_BYTES + ELEMENT_BYTES * elements)?;
        let origin = self.origin(span.local.as_ref(), &mut folded)?;
        self.attributes(&span, &folded.rest);
        for annotation in &span.annotations.kept {
            self.event(annotation, start);
        }
        self.links(&folded)?;
        let row = SpanRow {
            start_time: start,
            end_time: end,
            trace_id: span.ids.trace,
            span_id: span.ids.span,
            // Some clients name a root its own parent.
            parent_span_id: if span.ids.parent == span.ids.span { [0; 8] } else { span.ids.parent },
            trace_state: folded.trace_state.as_deref().unwrap_or_default(),
            flags: 0,
            name: &span.name,
            kind,
            status_code,
            status_message: &status_message,
            dropped_attributes_count: folded.dropped_attributes.saturating_add(dropped_tags),
            dropped_events_count: folded.dropped_events.saturating_add(span.annotations.dropped),
            dropped_links_count: folded.dropped_links,
        };
        self.spans.end_span(origin, &row)?;
        Ok(())
    }

    /// The origin of a span: its service, and what tags say of resource and scope.
    fn origin(&mut self, local: Option<&Endpoint<'_>>, folded: &mut Folded<'_>) -> Walk<u32> {
        let service = folded.service_name(local.map_or("", |l| &*l.service));
        let (scope, version) = folded.scope();
        // Maps of tags come in any order; one resource is to be one origin.
        folded.resource.sort_unstable();
        let mut identity = Vec::with_capacity(128);
        let texts = [&*service, &*scope, &*version];
        for text in texts.into_iter().chain(folded.resource.iter().flat_map(|(k, v)| [&**k, &**v])) {
            identity.extend_from_slice(&text.len().to_le_bytes());
            identity.extend_from_slice(text.as_bytes());
        }
        if let Some(index) = self.origins.get(&identity) {
            return Ok(*index);
        }
        self.context.spend(ORIGIN_BYTES + 2 * identity.len())?;
        let origins = &mut self.spans.origins;
        origins.begin();
        if !service.is_empty() {
            origins.resource_str("service.name", &service);
        }
        for (key, value) in &folded.resource {
            origins.resource_str(key, value);
        }
        if !scope.is_empty() || !version.is_empty() {
            origins.scope_facts(&scope, &version, "", 0);
        }
        let index = origins.end();
        self.origins.insert(identity, index);
        Ok(index)
    }

    /// Attributes of the current span. The first of equal keys is kept: tags yield to ports, as
    /// those are numbers, and to nothing else.
    fn attributes(&mut self, span: &Span<'_>, tags: &[Tag<'_>]) {
        let attributes = &mut self.spans.attributes;
        if span.debug {
            attributes.push_bool(DEBUG_ATTRIBUTE, true);
        }
        if span.shared {
            attributes.push_bool(SHARED_ATTRIBUTE, true);
        }
        if span.timestamp == 0 {
            attributes.push_bool(START_ABSENT_ATTRIBUTE, true);
        }
        let mut unless_tagged = |key: &str, value: &str| {
            if !value.is_empty() && !tags.iter().any(|(k, _)| k == key) {
                attributes.push_str(key, value);
            }
        };
        unless_tagged("peer.service", span.remote.as_ref().map_or("", |r| &*r.service));
        for (endpoint, keys) in [(&span.local, LOCAL), (&span.remote, REMOTE)] {
            let Some(endpoint) = endpoint else { continue };
            let (first, second) =
                if endpoint.ipv4.is_empty() { (&*endpoint.ipv6, "") } else { (&*endpoint.ipv4, &*endpoint.ipv6) };
            unless_tagged(keys.ip, first);
            unless_tagged(keys.second_ip, second);
        }
        for (endpoint, keys) in [(&span.local, LOCAL), (&span.remote, REMOTE)] {
            if let Some(port) = endpoint.as_ref().map(|e| e.port).filter(|port| *port != 0) {
                attributes.push_int(keys.port, port.into());
            }
        }
        for (key, value) in tags {
            attributes.push_str(key, value);
        }
    }

    fn event(&mut self, annotation: &Annotation<'_>, start: i64) {
        let time = match annotation.timestamp {
            0 => start,
            micros => self.context.inner_time(micros.saturating_mul(1000)),
        };
        match folded::event(&annotation.value) {
            Some(event) => {
                let row = EventRow { time, name: &event.name, dropped_attributes_count: event.dropped };
                self.spans.event(&row, event.attributes.iter().map(|(key, value)| (&**key, value.clone())));
            }
            None => self.spans.event(&EventRow { time, name: &annotation.value, ..EventRow::default() }, []),
        }
    }

    fn links(&mut self, folded: &Folded<'_>) -> Walk<()> {
        for link in &folded.links {
            let row = LinkRow {
                trace_id: link.trace_id,
                span_id: link.span_id,
                trace_state: &link.trace_state,
                flags: 0,
                dropped_attributes_count: link.dropped,
            };
            self.spans.link(&row, link.attributes.iter().map(|(key, value)| (&**key, value.clone())))?;
        }
        Ok(())
    }
}

/// Start and end in nanoseconds, unless they do not fit. A start that was not sent is that of the
/// earliest annotation, else the time of arrival.
fn times(span: &Span<'_>, now: i64) -> Option<(i64, i64)> {
    let nanos = |micros: u64| i64::try_from(micros.checked_mul(1000)?).ok();
    let sent = match span.timestamp {
        0 => span.annotations.kept.iter().map(|a| a.timestamp).filter(|t| *t != 0).min(),
        timestamp => Some(timestamp),
    };
    let start = match sent {
        Some(timestamp) => nanos(timestamp)?,
        None => now,
    };
    Some((start, start.checked_add(nanos(span.duration)?)?))
}

/// `SpanKind` by OTLP's number. Local spans have no kind in Zipkin; a tag may tell more.
fn kind<'a>(kind: &Kind<'a>, folded: &mut Folded<'a>) -> i32 {
    let number = |word: &str| folded::KINDS.iter().position(|name| name.eq_ignore_ascii_case(word)).map(|i| i as i32 + 1);
    match kind {
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
        Kind::Unset => match folded.take_rest("span.kind", |word| number(word).is_some()) {
            Some(word) => number(&word).unwrap_or_default(),
            None => 0,
        },
        Kind::Other(word) => number(word).unwrap_or_else(|| {
            folded.rest.push(("span.kind".into(), word.clone()));
            0
        }),
    }
}
