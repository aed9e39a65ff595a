//! The second version's span.

use serde::Deserialize;

use super::scalar::{Flag, JsonEndpoint, List, Natural, Tags, Text};
use crate::Reason;
use crate::wire::Walk;
use crate::zipkin::rows::Rows;
use crate::zipkin::span::{Annotation, Kind, Span};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan<'a> {
    #[serde(default, borrow)]
    trace_id: Text<'a>,
    #[serde(default, borrow)]
    id: Text<'a>,
    #[serde(default, borrow)]
    parent_id: Text<'a>,
    #[serde(default, borrow)]
    kind: Text<'a>,
    #[serde(default, borrow)]
    name: Text<'a>,
    #[serde(default)]
    timestamp: Natural,
    #[serde(default)]
    duration: Natural,
    #[serde(default, borrow)]
    local_endpoint: Option<JsonEndpoint<'a>>,
    #[serde(default, borrow)]
    remote_endpoint: Option<JsonEndpoint<'a>>,
    #[serde(default, borrow)]
    annotations: List<JsonAnnotation<'a>>,
    #[serde(default, borrow)]
    tags: Tags<'a>,
    #[serde(default)]
    debug: Flag,
    #[serde(default)]
    shared: Flag,
}

#[derive(Deserialize)]
struct JsonAnnotation<'a> {
    #[serde(default)]
    timestamp: Natural,
    #[serde(default, borrow)]
    value: Text<'a>,
}

/// Reads one span into a row.
pub(super) fn span(text: &str, rows: &mut Rows<'_>) -> Walk<Result<(), Reason>> {
    match read(text) {
        Ok(span) => rows.add(span).map(Ok),
        Err(reason) => Ok(Err(reason)),
    }
}

fn read(text: &str) -> Result<Span<'_>, Reason> {
    let json: JsonSpan<'_> = super::parse(text)?;
    Ok(Span {
        ids: super::ids(&json.trace_id.0, &json.id.0, &json.parent_id.0)?,
        kind: Kind::of(json.kind.0),
        name: json.name.0,
        timestamp: json.timestamp.0,
        duration: json.duration.0,
        local: json.local_endpoint.and_then(JsonEndpoint::take),
        remote: json.remote_endpoint.and_then(JsonEndpoint::take),
        annotations: json.annotations.0.map(|a| Annotation { timestamp: a.timestamp.0, value: a.value.0 }),
        tags: json.tags.0,
        debug: json.debug.0,
        shared: json.shared.0,
    })
}
