//! Rate, errors and duration of operations: table `span_metrics`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::histogram::Histogram;
use super::rows::{Counts, durations, interval_of, times};
use super::spans::Spans;

/// What operations beyond the bound are called together.
const OTHER: &str = "(other)";

/// One row. The order is that of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    service: Option<&'a str>,
    time: i64,
    name: &'a str,
    kind: &'a str,
    status: &'a str,
    version: Option<&'a str>,
}

/// Operations of spans.
#[derive(Debug)]
pub(super) struct Operations<'a> {
    rows: HashMap<Key<'a>, (Counts, Histogram), foldhash::fast::RandomState>,
    known: HashSet<(Option<&'a str>, &'a str), foldhash::fast::RandomState>,
    known_max: usize,
}

impl<'a> Operations<'a> {
    /// At most `max` names of all services are told apart.
    pub(super) fn new(max: usize) -> Self {
        Self { rows: HashMap::default(), known: HashSet::default(), known_max: max }
    }

    /// Counts one span.
    pub(super) fn add(&mut self, spans: &Spans<'a>, row: usize, weight: f64) {
        let mut key = Key {
            service: spans.service(row),
            time: interval_of(spans.start(row)),
            name: spans.name(row),
            kind: spans.kind(row),
            status: spans.status(row),
            version: spans.version(row),
        };
        if let Some((counts, durations)) = self.rows.get_mut(&key) {
            counts.add(spans.start(row), weight);
            durations.add(spans.duration(row), weight);
            return;
        }
        if self.known.len() < self.known_max {
            self.known.insert((key.service, key.name));
        } else if !self.known.contains(&(key.service, key.name)) {
            key.name = OTHER;
        }
        let (counts, durations) = self.rows.entry(key).or_default();
        counts.add(spans.start(row), weight);
        durations.add(spans.duration(row), weight);
    }

    /// The columns of the table.
    pub(super) fn columns(&self) -> Vec<ArrayRef> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| **key);
        let text = |of: fn(&Key<'a>) -> Option<&'a str>| -> ArrayRef {
            Arc::new(rows.iter().map(|(key, _)| of(key)).collect::<StringArray>())
        };
        let mut columns = vec![
            times(rows.iter().map(|(key, _)| key.time)),
            text(|k| k.service),
            text(|k| Some(k.name)),
            text(|k| Some(k.kind)),
            text(|k| Some(k.status)),
            text(|k| k.version),
        ];
        columns.extend(Counts::columns(&rows.iter().map(|(_, (counts, _))| counts).collect::<Vec<_>>()));
        columns.extend(durations(rows.iter().map(|(_, (_, histogram))| histogram)));
        columns
    }
}
