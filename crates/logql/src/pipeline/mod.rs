//! Pipelines: what becomes of an entry's line and labels, stage by stage.
//!
//! A pipeline is made once for a query and keeps its buffers: an entry that a filter drops costs no allocation,
//! and the line filters that nothing stands in the way of are asked first, before any label is looked at.

mod format;
mod hints;
mod ip;
mod json;
mod json_path;
mod label_filter;
mod labels;
mod line_filter;
mod logfmt;
mod pattern;
mod regexp;
mod stage;
mod unpack;

use std::borrow::Cow;

use luneta_promql::Labels;

pub(crate) use hints::Hints;
pub use ip::IpFilter;
pub use labels::Category;
pub(crate) use labels::LabelBuffer;
pub use line_filter::LineFilter;
pub use pattern::pattern_texts;

use crate::limits::Limits;
use crate::syntax::{Stage, changes_line};
use stage::Step;
pub(crate) use stage::reads;

/// Label that says which stage failed.
pub const ERROR_LABEL: &str = "__error__";
/// Label that says how.
pub const ERROR_DETAILS_LABEL: &str = "__error_details__";
/// Label of samples whose errors are asked for by name, and therefore are no fault of the query.
pub(crate) const PRESERVE_ERROR_LABEL: &str = "__preserve_error__";
/// Appended to names of labels that a line or its metadata has too.
pub(crate) const DUPLICATE_SUFFIX: &str = "_extracted";

/// An entry as a store has it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    /// Nanoseconds since 1970.
    pub time_ns: i64,
    /// The line.
    pub line: &'e str,
    /// Labels of its stream. Entries of one stream best share one allocation.
    pub stream: &'e Labels,
    /// Structured metadata, in any order.
    pub metadata: &'e [(&'e str, &'e str)],
}

/// Stages made ready.
pub struct Pipeline {
    /// Line filters on the line as it is stored.
    front: Vec<LineFilter>,
    steps: Vec<Step>,
    pub(crate) labels: LabelBuffer,
}

impl Pipeline {
    /// Makes stages ready. The error says which of them cannot be made.
    pub fn new(stages: &[Stage], limits: &Limits) -> Result<Self, String> {
        Self::hinted(stages, limits, Hints::default(), true)
    }

    /// Whether stages can be made.
    pub(crate) fn check(stages: &[Stage]) -> Result<(), String> {
        Self::new(stages, &Limits::default()).map(|_| ())
    }

    /// Makes stages ready that extract what is needed only. Line filters that the store applied are left out.
    pub(crate) fn hinted(stages: &[Stage], limits: &Limits, hints: Hints, filter_lines: bool) -> Result<Self, String> {
        let (mut front, mut steps) = (Vec::new(), Vec::new());
        let mut is_stored_line = true;
        for stage in stages {
            match stage {
                Stage::Line(filter) if is_stored_line => {
                    let filter = LineFilter::new(filter)?;
                    if filter_lines {
                        front.push(filter);
                    }
                }
                _ => steps.push(Step::new(stage, limits)?),
            }
            is_stored_line &= !changes_line(stage);
        }
        Ok(Self { front, steps, labels: LabelBuffer::new(hints, limits.labels_per_entry_max) })
    }

    /// The time that templates take for now, in nanoseconds since 1970.
    pub fn set_now(&mut self, now_ns: i64) {
        for step in &mut self.steps {
            step.set_now(now_ns);
        }
    }

    /// Whether the line as it is stored goes through.
    pub(crate) fn accepts_line(&self, line: &str) -> bool {
        self.front.iter().all(|filter| filter.matches(line))
    }

    /// Takes an entry through all stages; none when it is dropped. Its labels are then in [`Self::each_label`].
    pub fn process<'e>(&mut self, entry: &Entry<'e>) -> Option<Cow<'e, str>> {
        if !self.accepts_line(entry.line) {
            return None;
        }
        self.labels.reset(entry.stream, entry.metadata);
        let mut line = Cow::Borrowed(entry.line);
        for step in &mut self.steps {
            if !step.process(entry.time_ns, &mut line, &mut self.labels) {
                return None;
            }
        }
        Some(line)
    }

    /// Visits the labels of the entry at hand: names, values, and where each comes from.
    pub fn each_label(&self, visit: impl FnMut(&str, &str, Category)) {
        self.labels.each(visit);
    }
}
