//! Answers.

use luneta_promql::Labels;

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its value.
    pub value: Value,
    /// What it took.
    pub statistics: Statistics,
}

/// Value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Entries, by the labels they have in the end; sorted by labels.
    Streams(Vec<Stream>),
    /// A sample of each series, sorted by labels unless the query sorts.
    Vector(Vec<Sample>),
    /// Samples of each series over a range, sorted by labels.
    Matrix(Vec<Series>),
    /// A number at a time (milliseconds).
    Scalar(i64, f64),
}

/// Names and values, sorted by name. Values may be empty.
pub type Pairs = Vec<(String, String)>;

/// Entries with the same labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// All labels of its entries, or those of the stream where categories are kept apart.
    pub labels: Pairs,
    /// In the direction of the query.
    pub entries: Vec<StreamEntry>,
}

/// An entry of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEntry {
    /// Nanoseconds since 1970.
    pub time_ns: i64,
    /// The line, as stages made it.
    pub line: String,
    /// Structured metadata that is left; empty where categories are not kept apart.
    pub metadata: Pairs,
    /// Labels of parsers and formats; empty where categories are not kept apart.
    pub parsed: Pairs,
}

/// A series of a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it is called.
    pub labels: Labels,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// Its value.
    pub value: f64,
}

/// A series of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called.
    pub labels: Labels,
    /// Times (milliseconds) and values.
    pub points: Vec<(i64, f64)>,
}

/// What an evaluation took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Entries that were pushed.
    pub entries: u64,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Entries and counts that went through all filters.
    pub accepted: u64,
}

/// Labels as Loki writes them: `{a="b", c="d"}`.
pub(crate) fn pairs_text(pairs: &[(String, String)]) -> String {
    let shown: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", luneta_promql::quote(value))).collect();
    format!("{{{}}}", shown.join(", "))
}
