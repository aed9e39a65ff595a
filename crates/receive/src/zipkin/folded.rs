//! What OpenTelemetry's exporters fold into tags and annotations, because Zipkin's model has no
//! field for it, is unfolded here: status, scope, resource, links, attributes of events.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use luneta_model::{AnyValue, semconv};

use super::span::{Tag, hex_id};

/// Values of the tag `span.kind`, in the order of OTLP's numbers from 1 on.
pub(super) const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];
/// Links the Collector folds into tags of one span.
const LINKS_MAX: usize = 128;
/// Longer text is kept as it is: what it unfolds to takes many times its size while it is read.
const UNFOLDED_BYTES_MAX: usize = 16 * 1024;
const SERVICE_NAME: &str = "service.name";

/// The tags of a span, sorted by what they stand for.
#[derive(Debug, Default)]
pub(super) struct Folded<'a> {
    pub(super) trace_state: Option<Cow<'a, str>>,
    status_code: Option<Cow<'a, str>>,
    status_description: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    scope_name: Option<Cow<'a, str>>,
    scope_version: Option<Cow<'a, str>>,
    library_name: Option<Cow<'a, str>>,
    library_version: Option<Cow<'a, str>>,
    service_name: Option<Cow<'a, str>>,
    pub(super) dropped_attributes: u32,
    pub(super) dropped_events: u32,
    pub(super) dropped_links: u32,
    pub(super) links: Vec<Link<'a>>,
    /// Tags that describe the service, not the operation.
    pub(super) resource: Vec<Tag<'a>>,
    /// All other tags.
    pub(super) rest: Vec<Tag<'a>>,
}

/// A link.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Link<'a> {
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    pub(super) trace_state: Cow<'a, str>,
    pub(super) attributes: Vec<(String, AnyValue)>,
    pub(super) dropped: u32,
}

/// An event that came with attributes.
#[derive(Debug, PartialEq)]
pub(super) struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) attributes: Vec<(String, AnyValue)>,
    pub(super) dropped: u32,
}

impl<'a> Folded<'a> {
    pub(super) fn of(tags: Vec<Tag<'a>>) -> Self {
        let mut folded = Folded::default();
        for (key, value) in tags {
            if let Some((key, value)) = folded.unfold(key, value) {
                folded.rest.push((key, value));
            }
        }
        folded
    }

    /// Puts a tag where it belongs; gives back one that is just a tag.
    fn unfold(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) -> Option<Tag<'a>> {
        let field = match &*key {
            "w3c.tracestate" => &mut self.trace_state,
            "otel.status_code" if status_number(&value).is_some() => &mut self.status_code,
            "otel.status_description" => &mut self.status_description,
            "error" => &mut self.error,
            "otel.scope.name" => &mut self.scope_name,
            "otel.scope.version" => &mut self.scope_version,
            "otel.library.name" => &mut self.library_name,
            "otel.library.version" => &mut self.library_version,
            SERVICE_NAME => &mut self.service_name,
            _ => return self.unfold_more(key, value),
        };
        // The first of equal keys is kept, as in all attributes.
        field.get_or_insert(value);
        None
    }

    fn unfold_more(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) -> Option<Tag<'a>> {
        let count = match &*key {
            "otel.dropped_attributes_count" => Some(&mut self.dropped_attributes),
            "otel.dropped_events_count" => Some(&mut self.dropped_events),
            "otel.dropped_links_count" => Some(&mut self.dropped_links),
            _ => None,
        };
        if let Some(count) = count
            && let Ok(number) = value.parse()
        {
            *count = number;
            return None;
        }
        if key.starts_with("otlp.link.") && self.links.len() < LINKS_MAX {
            return match link(&value) {
                Some(link) => {
                    self.links.push(link);
                    None
                }
                None => Some((key, value)),
            };
        }
        if is_resource(&key) {
            self.resource.push((key, value));
            return None;
        }
        Some((key, value))
    }

    /// Takes a plain tag away if its value is wanted.
    pub(super) fn take_rest(&mut self, key: &str, wanted: impl Fn(&str) -> bool) -> Option<Cow<'a, str>> {
        let index = self.rest.iter().position(|(k, value)| k == key && wanted(value))?;
        Some(self.rest.remove(index).1)
    }

    /// `StatusCode` by OTLP's number, and the message. A tag `error` makes any span a failed one,
    /// unless it says `false`; it stays a tag when it says more than that.
    pub(super) fn status(&mut self) -> (i32, Cow<'a, str>) {
        let mut code = self.status_code.as_deref().and_then(status_number).unwrap_or(0);
        let mut message = self.status_description.take();
        if let Some(error) = self.error.take() {
            let bare = error.is_empty() || error.eq_ignore_ascii_case("true");
            if !error.eq_ignore_ascii_case("false") {
                code = 2;
                if !bare && message.is_none() {
                    message = Some(error.clone());
                }
            }
            if !bare {
                self.rest.push(("error".into(), error));
            }
        }
        (code, message.unwrap_or_default())
    }

    /// The name of the service: that of the endpoint, else the tag. A tag of another name stays a tag.
    pub(super) fn service_name(&mut self, local: &str) -> Cow<'a, str> {
        let tag = self.service_name.take().unwrap_or_default();
        if local.is_empty() {
            return tag;
        }
        if !tag.is_empty() && tag != local {
            self.rest.push((SERVICE_NAME.into(), tag));
        }
        local.to_owned().into()
    }

    /// Name and version of the instrumentation scope; older exporters call it a library.
    pub(super) fn scope(&mut self) -> (Cow<'a, str>, Cow<'a, str>) {
        let name = self.scope_name.take().or(self.library_name.take());
        let version = self.scope_version.take().or(self.library_version.take());
        (name.unwrap_or_default(), version.unwrap_or_default())
    }
}

/// Whether semantic conventions give this key to resources.
fn is_resource(key: &str) -> bool {
    static KEYS: LazyLock<HashSet<&str>> = LazyLock::new(|| semconv::RESOURCE.iter().map(|(key, _)| *key).collect());
    KEYS.contains(key)
}

fn status_number(word: &str) -> Option<i32> {
    let word = word.strip_prefix("STATUS_CODE_").unwrap_or(word);
    ["unset", "ok", "error"].iter().position(|name| name.eq_ignore_ascii_case(word)).map(|i| i as i32)
}

/// A link as the Collector folds it: `trace id|span id|tracestate|{attributes}|dropped`.
fn link<'a>(text: &str) -> Option<Link<'a>> {
    if text.len() > UNFOLDED_BYTES_MAX {
        return None;
    }
    let (trace_id, rest) = text.split_once('|')?;
    let (span_id, rest) = rest.split_once('|')?;
    let (trace_state, rest) = rest.split_once('|')?;
    let (attributes, dropped) = rest.rsplit_once('|')?;
    Some(Link {
        trace_id: hex_id(trace_id.trim_matches('"'))?,
        span_id: hex_id(span_id.trim_matches('"'))?,
        trace_state: trace_state.to_owned().into(),
        attributes: object(attributes)?,
        dropped: dropped.parse().ok()?,
    })
}

/// An event with attributes, as exporters fold it into the text of an annotation:
/// `{"name": {attributes}}` or `"name": {attributes}`, and `name|{attributes}|dropped` by the
/// Collector. `None` for any other text.
pub(super) fn event(text: &str) -> Option<Event<'_>> {
    if text.len() > UNFOLDED_BYTES_MAX {
        return None;
    }
    let bytes = text.trim_ascii().as_bytes();
    if let (Some(b'{'), Some(b'}')) = (bytes.first(), bytes.last()) {
        return named(text);
    }
    if let (Some(b'"'), Some(b'}')) = (bytes.first(), bytes.last()) {
        return named(&format!("{{{text}}}"));
    }
    let (name, rest) = text.split_once('|')?;
    let (attributes, dropped) = rest.rsplit_once('|')?;
    Some(Event { name: name.into(), attributes: object(attributes)?, dropped: dropped.parse().ok()? })
}

/// An object of one entry: a name, and the attributes as an object.
fn named<'e>(text: &str) -> Option<Event<'e>> {
    let serde_json::Value::Object(outer) = serde_json::from_str(text).ok()? else { return None };
    let mut entries = outer.into_iter();
    let (Some((name, serde_json::Value::Object(inner))), None) = (entries.next(), entries.next()) else { return None };
    Some(Event { name: name.into(), attributes: attributes(inner), dropped: 0 })
}

fn object(text: &str) -> Option<Vec<(String, AnyValue)>> {
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Object(entries) => Some(attributes(entries)),
        serde_json::Value::Null => Some(Vec::new()),
        _ => None,
    }
}

fn attributes(entries: serde_json::Map<String, serde_json::Value>) -> Vec<(String, AnyValue)> {
    entries.into_iter().map(|(key, value)| (key, any(value))).collect()
}

fn any(value: serde_json::Value) -> AnyValue {
    use serde_json::Value;
    match value {
        Value::Null => AnyValue::Null,
        Value::Bool(b) => AnyValue::Bool(b),
        Value::Number(n) => match n.as_i64() {
            Some(i) => AnyValue::Int(i),
            None => AnyValue::Double(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => AnyValue::String(text),
        Value::Array(items) => AnyValue::Array(items.into_iter().map(any).collect()),
        Value::Object(entries) => AnyValue::Map(attributes(entries)),
    }
}
