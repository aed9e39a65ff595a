//! Fields of a structured record into their places: which is the body, what tells the severity, what is
//! of the resource. Names are those of OpenTelemetry where it has one, as for the Elastic Common Schema.

use std::borrow::Cow;

use super::correlate::{IdKey, Ids, id_key};
use super::{Fields, Record, severity};
use crate::otlp::value::Value;

/// What a field is.
enum Role {
    Body,
    Severity,
    Id(IdKey),
    Time,
    Event,
    /// Names the service, unless one with a lower rank does; it stays a field too.
    Service(u8),
    Resource(Option<&'static str>),
    Attribute(Option<&'static str>),
}

fn role(key: &str) -> Role {
    use Role::{Attribute, Body, Event, Id, Resource, Service, Severity, Time};
    if let Some(key) = id_key(key) {
        return Id(key);
    }
    match key {
        "message" | "msg" | "log" | "body" | "MESSAGE" => Body,
        "level" | "severity" | "log.level" | "loglevel" | "log_level" | "levelname" | "lvl" | "severity_text"
        | "detected_level" => Severity,
        "@timestamp" => Time,
        "event.name" => Event,
        "service.name" => Resource(None),
        "service_name" | "otelServiceName" => Resource(Some("service.name")),
        "service" => Service(0),
        "app" => Service(1),
        "application" => Service(2),
        "app_name" => Service(3),
        "kubernetes.labels.app.kubernetes.io/name" | "kubernetes.labels.app_kubernetes_io/name" => Service(4),
        "kubernetes.labels.app" => Service(5),
        "component" => Service(7),
        "job" => Service(8),
        "service.environment" => Resource(Some("deployment.environment.name")),
        "service.node.name" => Resource(Some("service.instance.id")),
        "host.hostname" | "hostname" | "host" => Resource(Some("host.name")),
        "host.architecture" => Resource(Some("host.arch")),
        "container_id" | "kubernetes.docker_id" => Resource(Some("container.id")),
        "container_name" => Resource(Some("container.name")),
        "image_name" | "container_image" => Resource(Some("container.image.name")),
        "kubernetes.pod.name" | "kubernetes.pod_name" => Resource(Some("k8s.pod.name")),
        "kubernetes.pod.uid" | "kubernetes.pod_id" => Resource(Some("k8s.pod.uid")),
        "kubernetes.pod.ip" | "kubernetes.pod_ip" => Resource(Some("k8s.pod.ip")),
        "kubernetes.namespace" | "kubernetes.namespace_name" => Resource(Some("k8s.namespace.name")),
        "kubernetes.node.name" | "kubernetes.host" => Resource(Some("k8s.node.name")),
        "kubernetes.container.name" | "kubernetes.container_name" => Resource(Some("k8s.container.name")),
        "kubernetes.deployment.name" => Resource(Some("k8s.deployment.name")),
        "orchestrator.cluster.name" => Resource(Some("k8s.cluster.name")),
        "cloud.service.name" => Resource(Some("cloud.platform")),
        "error.message" => Attribute(Some("exception.message")),
        "error.stack_trace" => Attribute(Some("exception.stacktrace")),
        "error.type" => Attribute(Some("exception.type")),
        "event.original" => Attribute(Some("log.record.original")),
        "log.logger" | "logger" | "logger_name" => Attribute(Some("logger.name")),
        "log.origin.file.name" | "log.origin.file" => Attribute(Some("code.file.path")),
        "log.origin.file.line" => Attribute(Some("code.line.number")),
        "log.origin.function" => Attribute(Some("code.function.name")),
        "process.thread.name" | "thread_name" => Attribute(Some("thread.name")),
        "process.thread.id" => Attribute(Some("thread.id")),
        "stream" => Attribute(Some("log.iostream")),
        "source.ip" | "client.ip" => Attribute(Some("client.address")),
        "source.port" => Attribute(Some("client.port")),
        _ if of_resource(key) => Resource(None),
        _ => Attribute(None),
    }
}

/// What describes who writes, and is the same for all its records.
fn of_resource(key: &str) -> bool {
    let Some((first, _)) = key.split_once('.') else { return false };
    matches!(first, "host" | "service" | "container" | "cloud" | "k8s" | "agent" | "os" | "deployment" | "ecs" | "data_stream")
}

/// Puts fields in their places. The first body, severity and ids count; others stay attributes.
pub(crate) fn fold<'a>(fields: Fields<'a>, record: &mut Record<'a>) {
    let mut service: Option<(u8, Cow<'a, str>)> = None;
    record.dropped = record.dropped.saturating_add(fields.dropped);
    for (key, value) in fields.entries {
        let (key, value) = match (role(&key), value) {
            (Role::Body, Value::Text(text)) if record.body.is_none() => {
                record.body = Some(text);
                continue;
            }
            (Role::Severity, value) if record.severity_text.is_empty() && record.severity_number == 0 => {
                let Some(value) = set_severity(record, value) else { continue };
                (key, value)
            }
            (Role::Id(id), value) => {
                let Some(value) = set_id(record, id, value) else { continue };
                (key, value)
            }
            (Role::Time, value) => {
                let Some(value) = set_time(record, value) else { continue };
                (key, value)
            }
            (Role::Event, Value::Text(text)) if record.event_name.is_empty() => {
                record.event_name = text;
                continue;
            }
            (Role::Service(rank), Value::Text(text)) => {
                if !text.is_empty() && service.as_ref().is_none_or(|(found, _)| *found > rank) {
                    service = Some((rank, text.clone()));
                }
                (key, Value::Text(text))
            }
            (Role::Resource(name), value) => {
                record.resource.push((name.map_or(key, Cow::Borrowed), value));
                continue;
            }
            (Role::Attribute(Some(name)), value) => (Cow::Borrowed(name), value),
            (_, value) => (key, value),
        };
        record.attributes.push((key, value));
    }
    if !record.has_resource("service.name") {
        let container = || record.resource_text(&["k8s.container.name", "container.name"]);
        if let Some(name) = service.map(|(_, name)| name).or_else(container) {
            record.resource.insert(0, ("service.name".into(), Value::Text(name)));
        }
    }
}

/// A name or a number; anything else is given back.
fn set_severity<'a>(record: &mut Record<'a>, value: Value<'a>) -> Option<Value<'a>> {
    match value {
        Value::Text(text) if !text.is_empty() => {
            record.severity_number = severity::of_text(&text);
            record.severity_text = text;
            None
        }
        Value::Int(level) if severity::of_number(level) != 0 => {
            record.severity_number = severity::of_number(level);
            record.severity_text = level.to_string().into();
            None
        }
        value => Some(value),
    }
}

/// A time of any form; anything else is given back.
fn set_time<'a>(record: &mut Record<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let time = match &value {
        Value::Text(text) => super::moment::any(text),
        Value::Int(number) => super::moment::any(&number.to_string()),
        Value::Double(number) => super::moment::any(&number.to_string()),
        Value::Bool(_) | Value::Other(_) => None,
    };
    if time.is_none() || record.time.is_some() {
        return Some(value);
    }
    record.time = time;
    None
}

/// An id as text, or as the number Datadog writes; anything else is given back.
fn set_id<'a>(record: &mut Record<'a>, key: IdKey, value: Value<'a>) -> Option<Value<'a>> {
    let text = match &value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string().into(),
        _ => return Some(value),
    };
    let mut ids = Ids { trace_id: record.trace_id, span_id: record.span_id, flags: record.flags };
    // A parent that is known already, or is none of this trace, tells nothing more.
    let known = key == IdKey::Parent && ids.found() && super::correlate::parent(&text).is_some();
    let taken = ids.take(key, &text);
    if taken {
        (record.trace_id, record.span_id, record.flags) = (ids.trace_id, ids.span_id, ids.flags);
    }
    (!taken && !known).then_some(value)
}

/// A trace id of 128 bits, or one of 64, which is its end.
pub(super) fn trace_id(text: &str) -> Option<[u8; 16]> {
    if text.len() != 16 {
        return hex(text);
    }
    let mut id = [0; 16];
    id[8..].copy_from_slice(&hex::<8>(text)?);
    Some(id)
}

/// An id as hex digits; all zeros are none.
pub(super) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut id = [0; N];
    for (byte, [high, low]) in id.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    (id != [0; N]).then_some(id)
}
