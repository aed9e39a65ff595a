//! OTLP's traces into Zipkin's spans: the inverse of what the intake does, as the OpenTelemetry
//! Collector does it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use luneta_receive::zipkin::{DEBUG_ATTRIBUTE, SHARED_ATTRIBUTE, START_ABSENT_ATTRIBUTE};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{self as otlp, ResourceSpans};
use serde_json::Value;

use super::model::{Annotation, Endpoint, Span};
use super::search::REMOTE_NAMES;
use crate::attribute_text;
use crate::names::Calls;

/// Kinds by OTLP's numbers. Local spans have none in Zipkin.
const KINDS: [Option<&str>; 6] = [None, None, Some("SERVER"), Some("CLIENT"), Some("PRODUCER"), Some("CONSUMER")];
const INTERNAL: i32 = 1;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const STATUS_OK: i32 = 1;
const STATUS_ERROR: i32 = 2;

/// Attributes of one endpoint.
struct EndpointKeys {
    ip: &'static str,
    second_ip: &'static str,
    port: &'static str,
}

const LOCAL: EndpointKeys = EndpointKeys { ip: "net.host.ip", second_ip: "net.host.ipv6", port: "net.host.port" };
const REMOTE: EndpointKeys = EndpointKeys { ip: "net.peer.ip", second_ip: "net.peer.ipv6", port: "net.peer.port" };

/// The spans of a trace, by their start.
pub fn trace(groups: &[ResourceSpans]) -> Vec<Span> {
    let mut found = Vec::new();
    for group in groups {
        for scoped in &group.scope_spans {
            found.extend(scoped.spans.iter().map(|span| (group, scoped.scope.as_ref(), span)));
        }
    }
    found.sort_by_key(|(.., span)| (span.start_time_unix_nano, attribute_text::span_id(&span.span_id), span.kind));
    found.into_iter().map(|(group, scope, span)| convert(group, scope, span)).collect()
}

fn convert(group: &ResourceSpans, scope: Option<&InstrumentationScope>, span: &otlp::Span) -> Span {
    let mut tags = Tags::of(group, scope, span);
    let service = tags.0.remove("service.name").unwrap_or_default();
    let remote = remote_name(&mut tags, span.kind);
    let (debug, shared) = (tags.take_flag(DEBUG_ATTRIBUTE), tags.take_flag(SHARED_ATTRIBUTE));
    let start_absent = tags.take_flag(START_ABSENT_ATTRIBUTE);
    let local_endpoint = tags.endpoint(&service, &LOCAL);
    let remote_endpoint = tags.endpoint(&remote, &REMOTE);
    tags.status(span);
    tags.folded(span);
    let nanos = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    let (parent, id) = (attribute_text::span_id(&span.parent_span_id), attribute_text::span_id(&span.span_id));
    let mut annotations: Vec<Annotation> = span.events.iter().map(annotation).collect();
    annotations.sort();
    Span {
        trace_id: attribute_text::trace_id_text(attribute_text::trace_id(&span.trace_id)),
        // Nobody's parent is itself: readers of such a trace would go round in circles.
        parent_id: (parent != 0 && parent != id).then(|| format!("{parent:016x}")),
        id: format!("{id:016x}"),
        kind: usize::try_from(span.kind).ok().and_then(|kind| KINDS.get(kind).copied().flatten()),
        name: span.name.to_lowercase(),
        timestamp: Some(span.start_time_unix_nano / 1000).filter(|micros| *micros > 0 && !start_absent),
        // A duration of 0 would be none.
        duration: (nanos > 0).then(|| (nanos / 1000).max(1)),
        local_endpoint,
        remote_endpoint,
        annotations,
        tags: tags.0,
        debug,
        shared,
    }
}

/// The name of the other side. Only the attribute that means just that is taken away.
fn remote_name(tags: &mut Tags, kind: i32) -> String {
    let [first, others @ ..] = REMOTE_NAMES;
    if let Some(name) = tags.0.remove(first) {
        return name;
    }
    let calls = kind == CLIENT || kind == PRODUCER;
    let name = others.into_iter().filter(|_| calls).find_map(|key| tags.0.get(key).cloned());
    name.unwrap_or_default()
}

/// Tags as they grow: of equal keys, the span's own counts.
struct Tags(BTreeMap<String, String>);

impl Tags {
    fn of(group: &ResourceSpans, scope: Option<&InstrumentationScope>, span: &otlp::Span) -> Self {
        let resource = group.resource.as_ref().map_or(&[][..], |r| &r.attributes);
        // The service has a place of its own, which an attribute of the span must not take.
        let own = span.attributes.iter().filter(|pair| pair.key != "service.name");
        let pairs = resource.iter().chain(own);
        let mut tags = Self(pairs.map(|pair| (pair.key.clone(), attribute_text::text(pair.value.as_ref()))).collect());
        if let Some(scope) = scope {
            tags.set("otel.scope.name", &scope.name);
            tags.set("otel.scope.version", &scope.version);
        }
        tags
    }

    fn set(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.0.insert(key.to_owned(), value.to_owned());
        }
    }

    fn take_flag(&mut self, key: &str) -> bool {
        self.take_parsed(key) == Some(true)
    }

    /// Takes a tag away if it reads as wanted.
    fn take_parsed<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        let value = self.0.get(key)?.parse().ok()?;
        self.0.remove(key);
        Some(value)
    }

    fn endpoint(&mut self, service: &str, keys: &EndpointKeys) -> Option<Endpoint> {
        let mut endpoint = Endpoint { service_name: service.to_lowercase(), ..Endpoint::default() };
        for key in [keys.ip, keys.second_ip] {
            match self.take_parsed::<IpAddr>(key) {
                Some(IpAddr::V4(ip)) => endpoint.ipv4 = Some(ip.to_string()),
                Some(IpAddr::V6(ip)) => endpoint.ipv6 = Some(ip.to_string()),
                None => {}
            }
        }
        endpoint.port = self.take_parsed(keys.port).filter(|port| *port != 0);
        (endpoint != Endpoint::default()).then_some(endpoint)
    }

    /// Zipkin takes every span with a tag `error` for a failed one, so no other has it.
    fn status(&mut self, span: &otlp::Span) {
        let (code, message) = span.status.as_ref().map_or((0, ""), |status| (status.code, status.message.as_str()));
        let said = self.0.remove("error").filter(|said| !matches!(said.as_str(), "" | "true" | "false"));
        match code {
            STATUS_OK => self.set("otel.status_code", "OK"),
            STATUS_ERROR => {
                self.set("otel.status_code", "ERROR");
                let error = said.unwrap_or_else(|| if message.is_empty() { "true" } else { message }.to_owned());
                if error != message {
                    self.set("otel.status_description", message);
                }
                self.set("error", &error);
            }
            _ => {}
        }
    }

    /// What has no field in Zipkin.
    fn folded(&mut self, span: &otlp::Span) {
        if span.kind == INTERNAL {
            self.set("span.kind", "internal");
        }
        self.set("w3c.tracestate", &span.trace_state);
        for (key, count) in [
            ("otel.dropped_attributes_count", span.dropped_attributes_count),
            ("otel.dropped_events_count", span.dropped_events_count),
            ("otel.dropped_links_count", span.dropped_links_count),
        ] {
            if count > 0 {
                self.set(key, &count.to_string());
            }
        }
        for (at, link) in span.links.iter().enumerate() {
            self.set(&format!("otlp.link.{at}"), &link_text(link));
        }
    }
}

/// `trace id|span id|tracestate|{attributes}|dropped`.
fn link_text(link: &Link) -> String {
    format!(
        "{:032x}|{:016x}|{}|{}|{}",
        attribute_text::trace_id(&link.trace_id),
        attribute_text::span_id(&link.span_id),
        link.trace_state,
        Value::Object(attribute_text::object(&link.attributes)),
        link.dropped_attributes_count
    )
}

/// The name of an event, and `|{attributes}|dropped` when it has any.
fn annotation(event: &Event) -> Annotation {
    let bare = event.attributes.is_empty() && event.dropped_attributes_count == 0;
    let value = if bare {
        event.name.clone()
    } else {
        let attributes = Value::Object(attribute_text::object(&event.attributes));
        format!("{}|{attributes}|{}", event.name, event.dropped_attributes_count)
    };
    Annotation { timestamp: event.time_unix_nano / 1000, value }
}

/// Calls between services, whose names are one when they read so in small letters.
pub fn links(calls: Vec<Calls>) -> Vec<super::model::Link> {
    let mut merged: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for call in calls {
        let (parent, child) = (call.client.to_lowercase(), call.server.to_lowercase());
        if parent != child {
            let counts = merged.entry((parent, child)).or_default();
            *counts = (counts.0 + call.count, counts.1 + call.errors);
        }
    }
    let link = |((parent, child), (call_count, error_count))| super::model::Link { parent, child, call_count, error_count };
    merged.into_iter().map(link).collect()
}
