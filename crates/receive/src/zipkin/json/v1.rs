//! The first version's span.

use serde::Deserialize;

use super::scalar::{Flag, JsonEndpoint, List, Natural, TagValue, Text};
use crate::Reason;
use crate::wire::Walk;
use crate::zipkin::rows::Rows;
use crate::zipkin::v1::{self, BinaryAnnotation, Marked};

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
    name: Text<'a>,
    #[serde(default)]
    timestamp: Natural,
    #[serde(default)]
    duration: Natural,
    #[serde(default, borrow)]
    annotations: List<JsonAnnotation<'a>>,
    #[serde(default, borrow)]
    binary_annotations: List<JsonBinaryAnnotation<'a>>,
    #[serde(default)]
    debug: Flag,
}

#[derive(Deserialize)]
struct JsonAnnotation<'a> {
    #[serde(default)]
    timestamp: Natural,
    #[serde(default, borrow)]
    value: Text<'a>,
    #[serde(default, borrow)]
    endpoint: Option<JsonEndpoint<'a>>,
}

#[derive(Deserialize)]
struct JsonBinaryAnnotation<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(default, borrow)]
    value: TagValue<'a>,
    #[serde(default, borrow)]
    endpoint: Option<JsonEndpoint<'a>>,
}

/// Reads one span into the rows of its sides.
pub(super) fn span(text: &str, rows: &mut Rows<'_>) -> Walk<Result<(), Reason>> {
    match read(text) {
        Ok(span) => rows.add_v1(span).map(Ok),
        Err(reason) => Ok(Err(reason)),
    }
}

fn read(text: &str) -> Result<v1::Span<'_>, Reason> {
    let json: JsonSpan<'_> = super::parse(text)?;
    Ok(v1::Span {
        ids: super::ids(&json.trace_id.0, &json.id.0, &json.parent_id.0)?,
        name: json.name.0,
        timestamp: json.timestamp.0,
        duration: json.duration.0,
        debug: json.debug.0,
        annotations: json.annotations.0.map(marked),
        binary: json.binary_annotations.0.map(binary_annotation),
    })
}

fn marked(json: JsonAnnotation<'_>) -> Marked<'_> {
    Marked { timestamp: json.timestamp.0, value: json.value.0, endpoint: json.endpoint.and_then(JsonEndpoint::take) }
}

fn binary_annotation(json: JsonBinaryAnnotation<'_>) -> BinaryAnnotation<'_> {
    let endpoint = json.endpoint.and_then(JsonEndpoint::take);
    BinaryAnnotation { key: json.key.0, value: json.value.0, endpoint }
}
