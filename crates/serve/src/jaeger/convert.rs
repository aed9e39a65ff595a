//! OTLP's traces into Jaeger's: the inverse of what the intakes do, as the OpenTelemetry Collector does it.

use std::collections::{BTreeMap, HashMap};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{self as otlp, ResourceSpans};
use serde_json::Value;

use super::adjust::{self, Place};
use super::model::{Log, Process, ProcessId, Reference, Span, Tag, Trace};
use crate::attribute_text::{self, get_text};
use crate::conditions::NO_SERVICE_NAME;

/// Whole numbers beyond it are text, because programs in JavaScript would round them.
const EXACT_MAX: i64 = (1 << 53) - 1;
/// Words of the tag `span.kind` by OTLP's numbers.
const KINDS: [&str; 6] = ["", "internal", "server", "client", "producer", "consumer"];
const STATUS_OK: i32 = 1;
const STATUS_ERROR: i32 = 2;
/// The name semantic conventions give to what a person reads about a failure.
const ERROR_MESSAGE: &str = "error.message";
/// The attribute of a link that says what kind of reference it was.
const REFERENCE_TYPE: &str = "opentracing.ref_type";

/// A trace and what it lacks. A raw one keeps the order of tags and logs, and ids that a client and
/// a server share.
pub fn trace(groups: &[ResourceSpans], missing: Vec<String>, raw: bool) -> Trace {
    let mut processes = Processes::default();
    let mut found = Vec::new();
    for group in groups {
        let process = processes.number(group, raw);
        for scoped in &group.scope_spans {
            found.extend(scoped.spans.iter().map(|span| (span, scoped.scope.as_ref(), process)));
        }
    }
    found.sort_by_key(|(span, ..)| (span.start_time_unix_nano, attribute_text::span_id(&span.span_id), span.kind));
    let mut places: Vec<Place> = found.iter().map(|(span, ..)| Place::of(span)).collect();
    if !raw {
        adjust::unshare(&mut places);
    }
    let order = processes.in_order(found.iter().map(|(.., process)| *process));
    let spans = found.iter().zip(&places).map(|((span, scope, process), place)| {
        let process = order.get(process).copied().unwrap_or(ProcessId(0));
        convert(span, *scope, process, *place, raw)
    });
    let spans: Vec<Span> = spans.collect();
    let trace_id = found.first().map_or(0, |(span, ..)| attribute_text::trace_id(&span.trace_id));
    Trace {
        id: attribute_text::trace_id_text(trace_id),
        spans,
        processes: processes.numbered(&order),
        warnings: (!missing.is_empty()).then_some(missing),
    }
}

/// Distinct processes, as they are found.
#[derive(Default)]
struct Processes {
    found: Vec<Process>,
    /// Where each stands, by all it says.
    places: HashMap<String, usize>,
}

impl Processes {
    /// The place of a group's process.
    fn number(&mut self, group: &ResourceSpans, raw: bool) -> usize {
        let process = process(group, raw);
        let next = self.found.len();
        let place = *self.places.entry(serde_json::to_string(&process).unwrap_or_default()).or_insert(next);
        if place == next {
            self.found.push(process);
        }
        place
    }

    /// Numbers from 1 in the order of the spans.
    fn in_order(&self, places: impl Iterator<Item = usize>) -> BTreeMap<usize, ProcessId> {
        let mut order = BTreeMap::new();
        for place in places {
            let next = ProcessId(order.len() + 1);
            order.entry(place).or_insert(next);
            if order.len() == self.found.len() {
                break;
            }
        }
        order
    }

    fn numbered(self, order: &BTreeMap<usize, ProcessId>) -> BTreeMap<ProcessId, Process> {
        let numbered = self.found.into_iter().enumerate();
        numbered.filter_map(|(place, process)| order.get(&place).map(|number| (*number, process))).collect()
    }
}

fn process(group: &ResourceSpans, raw: bool) -> Process {
    let attributes = group.resource.as_ref().map_or(&[][..], |r| &r.attributes);
    let service_name = get_text(attributes, "service.name").filter(|name| !name.is_empty()).unwrap_or(NO_SERVICE_NAME);
    let others = attributes.iter().filter(|pair| pair.key != "service.name");
    Process { service_name: service_name.to_owned(), tags: sorted(others.map(tag).collect(), raw) }
}

fn convert(span: &otlp::Span, scope: Option<&InstrumentationScope>, process_id: ProcessId, place: Place, raw: bool) -> Span {
    let trace_id = attribute_text::trace_id_text(attribute_text::trace_id(&span.trace_id));
    let mut logs: Vec<&Event> = span.events.iter().collect();
    if !raw {
        logs.sort_by_key(|event| event.time_unix_nano);
    }
    let duration_ns = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    let mut tags = fields(span, scope);
    let attributes = span.attributes.iter().filter_map(|pair| said_once(pair, span));
    tags.extend(attributes.map(|tag| if raw { tag } else { adjust::address(tag) }));
    Span {
        references: references(span, &trace_id, place.parent, raw),
        trace_id,
        id: span_id(place.id),
        // The other bits of W3C mean something else to Jaeger.
        flags: span.flags & 1,
        operation_name: span.name.clone(),
        start_time: span.start_time_unix_nano / 1000,
        duration: duration_ns / 1000,
        start_ns: span.start_time_unix_nano,
        duration_ns,
        tags: sorted(tags, raw),
        logs: logs.into_iter().map(|event| log(event, raw)).collect(),
        process_id,
        warnings: left_out(span),
    }
}

/// What was left out of a span because it was over a limit, here or where it came from.
fn left_out(span: &otlp::Span) -> Option<Vec<String>> {
    let counts =
        [(span.dropped_attributes_count, "tags"), (span.dropped_events_count, "logs"), (span.dropped_links_count, "references")];
    let some = counts.into_iter().filter(|(count, _)| *count > 0);
    let warnings: Vec<String> = some.map(|(count, what)| format!("{what} over a limit were left out: {count}")).collect();
    (!warnings.is_empty()).then_some(warnings)
}

/// The tag of an attribute. The span's failure is a tag `error` already: what an attribute of this name
/// tells beside it, as Zipkin's do, has another name.
fn said_once(pair: &KeyValue, span: &otlp::Span) -> Option<Tag> {
    let status = span.status.as_ref().filter(|status| status.code == STATUS_ERROR);
    let (Some(status), "error") = (status, pair.key.as_str()) else { return Some(tag(pair)) };
    let text = get_text(std::slice::from_ref(pair), "error").filter(|text| !text.is_empty() && *text != status.message)?;
    let taken = span.attributes.iter().any(|other| other.key == ERROR_MESSAGE);
    (!taken && text != "true" && text != "false").then(|| text_tag(ERROR_MESSAGE, text))
}

/// Tags for what has a field of its own in OTLP.
fn fields(span: &otlp::Span, scope: Option<&InstrumentationScope>) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            tags.push(text_tag(key, value));
        }
    };
    if let Some(scope) = scope {
        text("otel.scope.name", &scope.name);
        text("otel.scope.version", &scope.version);
    }
    let kind = usize::try_from(span.kind).ok().and_then(|kind| KINDS.get(kind));
    text("span.kind", kind.copied().unwrap_or_default());
    let status = span.status.as_ref().map_or((0, ""), |s| (s.code, s.message.as_str()));
    match status.0 {
        STATUS_OK => text("otel.status_code", "OK"),
        STATUS_ERROR => text("otel.status_code", "ERROR"),
        _ => {}
    }
    text("otel.status_description", status.1);
    text("w3c.tracestate", &span.trace_state);
    if status.0 == STATUS_ERROR {
        tags.push(Tag { key: "error".to_owned(), kind: "bool", value: true.into() });
    }
    tags
}

fn references(span: &otlp::Span, trace_id: &str, parent: u64, raw: bool) -> Vec<Reference> {
    let parent =
        (parent != 0).then(|| Reference { ref_type: "CHILD_OF", trace_id: trace_id.to_owned(), span_id: span_id(parent) });
    // Links to nothing would break the view of a trace.
    let links = span.links.iter().filter(|link| raw || attribute_text::trace_id(&link.trace_id) != 0);
    parent.into_iter().chain(links.map(reference)).collect()
}

fn reference(link: &Link) -> Reference {
    let child = get_text(&link.attributes, REFERENCE_TYPE) == Some("child_of");
    Reference {
        ref_type: if child { "CHILD_OF" } else { "FOLLOWS_FROM" },
        trace_id: attribute_text::trace_id_text(attribute_text::trace_id(&link.trace_id)),
        span_id: span_id(attribute_text::span_id(&link.span_id)),
    }
}

fn log(event: &Event, raw: bool) -> Log {
    let name = (!event.name.is_empty()).then(|| text_tag("event", &event.name));
    let others = sorted(event.attributes.iter().map(tag).collect(), raw);
    Log {
        timestamp: event.time_unix_nano / 1000,
        time_ns: event.time_unix_nano,
        fields: name.into_iter().chain(others).collect(),
    }
}

fn sorted(mut tags: Vec<Tag>, raw: bool) -> Vec<Tag> {
    if !raw {
        tags.sort_by(|a, b| a.key.cmp(&b.key));
    }
    tags
}

fn text_tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), kind: "string", value: value.into() }
}

fn tag(pair: &KeyValue) -> Tag {
    let (kind, value) = typed(pair.value.as_ref());
    Tag { key: pair.key.clone(), kind, value }
}

fn typed(value: Option<&AnyValue>) -> (&'static str, Value) {
    match value.and_then(|v| v.value.as_ref()) {
        Some(Any::BoolValue(flag)) => ("bool", (*flag).into()),
        Some(Any::IntValue(int)) if (-EXACT_MAX..=EXACT_MAX).contains(int) => ("int64", (*int).into()),
        Some(Any::IntValue(int)) => ("int64", int.to_string().into()),
        Some(Any::DoubleValue(double)) => ("float64", attribute_text::number(*double)),
        Some(Any::BytesValue(bytes)) => ("binary", attribute_text::base64(bytes).into()),
        _ => ("string", attribute_text::text(value).into()),
    }
}

fn span_id(id: u64) -> String {
    format!("{id:016x}")
}
