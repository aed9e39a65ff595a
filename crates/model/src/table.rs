//! [`Table`]: what the lake keeps.

use std::fmt;

use crate::Signal;

/// One table of the lake: the rows clients sent, or what is derived from them while they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Rows as clients sent them.
    Signal(Signal),
    /// Rate, errors and duration of operations, by interval: table `span_metrics`.
    SpanMetrics,
    /// The same of calls from one service to another: table `edge_counts`.
    EdgeCounts,
    /// Ends of calls whose other end has not come yet: table `edge_halves`.
    EdgeHalves,
    /// How often messages of a kind were logged, by interval: table `log_patterns`.
    LogPatterns,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 7] = [
        Table::Signal(Signal::Spans),
        Table::Signal(Signal::Logs),
        Table::Signal(Signal::Metrics),
        Table::SpanMetrics,
        Table::EdgeCounts,
        Table::EdgeHalves,
        Table::LogPatterns,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Signal(signal) => signal.table(),
            Table::SpanMetrics => "span_metrics",
            Table::EdgeCounts => "edge_counts",
            Table::EdgeHalves => "edge_halves",
            Table::LogPatterns => "log_patterns",
        }
    }

    /// The table of a name, `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// The signal it holds, if it holds one.
    pub const fn signal(self) -> Option<Signal> {
        match self {
            Table::Signal(signal) => Some(signal),
            Table::SpanMetrics | Table::EdgeCounts | Table::EdgeHalves | Table::LogPatterns => None,
        }
    }

    /// The signal its rows come from, which decides how long they are kept.
    pub const fn source(self) -> Signal {
        match self {
            Table::Signal(signal) => signal,
            Table::SpanMetrics | Table::EdgeCounts | Table::EdgeHalves => Signal::Spans,
            Table::LogPatterns => Signal::Logs,
        }
    }

    /// The column files are pruned by.
    pub const fn time_column(self) -> &'static str {
        match self {
            Table::Signal(signal) => signal.time_column(),
            Table::SpanMetrics | Table::EdgeCounts | Table::EdgeHalves | Table::LogPatterns => "time",
        }
    }

    /// The columns files are sorted by, most significant first.
    pub const fn sort_columns(self) -> &'static [&'static str] {
        match self {
            Table::Signal(Signal::Spans) => &["service_name", "start_time"],
            Table::Signal(Signal::Logs) | Table::SpanMetrics | Table::EdgeHalves | Table::LogPatterns => {
                &["service_name", "time"]
            }
            Table::Signal(Signal::Metrics) => &["metric_name", "series", "time"],
            Table::EdgeCounts => &["client", "time"],
        }
    }
}

impl From<Signal> for Table {
    fn from(signal: Signal) -> Self {
        Table::Signal(signal)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
