//! Remarks on an answer, in the words of Prometheus 3.

use std::collections::HashSet;

use crate::syntax::{Span, line_and_column};

/// Most remarks on an answer: some tell a value, which may differ at every step.
const REMARKS_MAX: usize = 1000;

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The answer may be wrong or is not whole.
    Warning,
    /// Worth knowing.
    Info,
}

/// A remark on an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Annotation {
    /// How much it matters.
    pub severity: Severity,
    /// What it says, without prefix and place.
    pub message: String,
    /// The part of the text it is about.
    pub span: Span,
}

impl Annotation {
    /// The remark as Prometheus's API shows it: `PromQL info: … (1:6)`.
    pub fn render(&self, text: &str) -> String {
        let (line, column) = line_and_column(text, self.span.start);
        let prefix = match self.severity {
            Severity::Warning => "PromQL warning",
            Severity::Info => "PromQL info",
        };
        format!("{prefix}: {} ({line}:{column})", self.message)
    }
}

/// Remarks, each once, in the order they were made.
#[derive(Debug, Clone, Default)]
pub struct Annotations {
    list: Vec<Annotation>,
    seen: HashSet<(String, Span)>,
}

impl Annotations {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.list.iter()
    }

    /// Those of one severity, rendered.
    pub fn render(&self, severity: Severity, text: &str) -> Vec<String> {
        self.list.iter().filter(|a| a.severity == severity).map(|a| a.render(text)).collect()
    }

    fn add(&mut self, severity: Severity, message: String, span: Span) {
        if self.list.len() < REMARKS_MAX && self.seen.insert((message.clone(), span)) {
            self.list.push(Annotation { severity, message, span });
        }
    }

    pub(crate) fn warn(&mut self, span: Span, message: impl Into<String>) {
        self.add(Severity::Warning, message.into(), span);
    }

    pub(crate) fn info(&mut self, span: Span, message: impl Into<String>) {
        self.add(Severity::Info, message.into(), span);
    }
}
