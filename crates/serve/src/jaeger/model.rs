//! Traces in the JSON of Jaeger's UI.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// What every answer of the API comes in.
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    /// The answer; null when there is none.
    pub data: Option<T>,
    /// How many there are, of names alone.
    pub total: usize,
    /// Always 0.
    pub limit: usize,
    /// Always 0.
    pub offset: usize,
    /// What went wrong, or null.
    pub errors: Option<Vec<Fault>>,
}

/// Something that went wrong.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// The status of the answer, when all of it went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What.
    pub msg: String,
    /// With which trace.
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// A trace.
#[derive(Debug, Serialize)]
pub struct Trace {
    /// Its id.
    #[serde(rename = "traceID")]
    pub id: String,
    /// Its spans, by their start.
    pub spans: Vec<Span>,
    /// Whose spans they are.
    pub processes: BTreeMap<ProcessId, Process>,
    /// What is wrong with it, or null.
    pub warnings: Option<Vec<String>>,
}

/// The number of a process in its trace, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub usize);

impl Serialize for ProcessId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("p{}", self.0))
    }
}

/// A span.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Id of its trace.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// Its id.
    #[serde(rename = "spanID")]
    pub id: String,
    /// 1 when it was sampled; 0 is left out.
    #[serde(skip_serializing_if = "is_zero")]
    pub flags: u32,
    /// Its name.
    pub operation_name: String,
    /// Its parent, then the spans it links to.
    pub references: Vec<Reference>,
    /// Microseconds since 1970.
    pub start_time: u64,
    /// Microseconds.
    pub duration: u64,
    /// The start in nanoseconds, which JSON has no room for.
    #[serde(skip)]
    pub start_ns: u64,
    /// The duration in nanoseconds.
    #[serde(skip)]
    pub duration_ns: u64,
    /// What it says of itself.
    pub tags: Vec<Tag>,
    /// What happened during it.
    pub logs: Vec<Log>,
    /// Its process.
    #[serde(rename = "processID")]
    pub process_id: ProcessId,
    /// What is wrong with it, or null.
    pub warnings: Option<Vec<String>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// A pointer to another span.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// `CHILD_OF` or `FOLLOWS_FROM`.
    pub ref_type: &'static str,
    /// Its trace.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// The span.
    #[serde(rename = "spanID")]
    pub span_id: String,
}

/// A service, as a program that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Its name.
    pub service_name: String,
    /// What it says of itself.
    pub tags: Vec<Tag>,
}

/// Something that happened.
#[derive(Debug, Serialize)]
pub struct Log {
    /// Microseconds since 1970.
    pub timestamp: u64,
    /// Nanoseconds, which JSON has no room for.
    #[serde(skip)]
    pub time_ns: u64,
    /// What.
    pub fields: Vec<Tag>,
}

/// A key and a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// `string`, `bool`, `int64`, `float64` or `binary`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The value.
    pub value: Value,
}

/// An operation of `/api/operations`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Name of the spans.
    pub name: String,
    /// Their kind in small letters, empty when it is not known.
    pub span_kind: String,
}

/// Calls of `/api/dependencies`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Who calls.
    pub parent: String,
    /// Who is called.
    pub child: String,
    /// How often.
    pub call_count: u64,
}

impl<T> Envelope<T> {
    /// An answer.
    pub fn of(data: T, total: usize) -> Self {
        Self { data: Some(data), total, limit: 0, offset: 0, errors: None }
    }
}

/// The JSON of an answer.
pub fn json(answer: &impl Serialize, pretty: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let written = if pretty {
        let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        answer.serialize(&mut serde_json::Serializer::with_formatter(&mut out, indent))
    } else {
        serde_json::to_writer(&mut out, answer)
    };
    // Text keys and plain values always have a form.
    debug_assert!(written.is_ok(), "{written:?}");
    out
}
