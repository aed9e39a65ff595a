//! Spans in the JSON of Zipkin's second version.

use std::collections::BTreeMap;

use serde::Serialize;

/// A span. What is not known is left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Id of its trace, of 16 or 32 digits.
    pub trace_id: String,
    /// Id of its parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Its id.
    pub id: String,
    /// `CLIENT`, `SERVER`, `PRODUCER` or `CONSUMER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Its name in small letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// Microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// Where it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_endpoint: Option<Endpoint>,
    /// The other side of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_endpoint: Option<Endpoint>,
    /// What happened during it, by time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
    /// What it says of itself.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether it was to be kept whatever the sampling.
    #[serde(skip_serializing_if = "is_false")]
    pub debug: bool,
    /// Whether the client chose its id.
    #[serde(skip_serializing_if = "is_false")]
    pub shared: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A service in the network.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its name in small letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<String>,
    /// Its address of the sixth version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// A moment within a span.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Annotation {
    /// Microseconds since 1970.
    pub timestamp: u64,
    /// What happened.
    pub value: String,
}

/// Calls from one service to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Who calls, in small letters.
    pub parent: String,
    /// Who is called, in small letters.
    pub child: String,
    /// How often.
    pub call_count: u64,
    /// How many of them failed; none is left out.
    #[serde(skip_serializing_if = "is_zero")]
    pub error_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}
