//! Which series, labels and metrics there are, without their samples.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use luneta_promql::{Labels, Matcher};
use luneta_store::TableSnapshot;

use super::fetch::{SERIES_MAX, Window, sources, too_many_series};
use super::identity::{MetricMetadata, Part, TARGET_INFO, value_text, with_value};
use super::source::Lake;
use crate::promql::MetricsError;

/// The labels of the series that match.
pub async fn labels(
    lake: &Lake,
    snapshot: &TableSnapshot,
    matchers: &[Matcher],
    window: Window,
) -> Result<Vec<Labels>, MetricsError> {
    let mut found: HashSet<Labels> = HashSet::new();
    let mut seen: HashSet<(usize, usize)> = HashSet::new();
    let sources = sources(lake, snapshot, window, false).await?;
    for run in sources.iter().flat_map(|source| &source.summary.runs).filter(|run| window.overlaps(run)) {
        if !seen.insert((Arc::as_ptr(&run.of) as usize, Arc::as_ptr(&run.values).cast::<f64>() as usize)) {
            continue;
        }
        let targets = run.of.target.iter().filter(|target| matchers.iter().all(|matcher| matcher.accepts(target)));
        found.extend(targets.cloned());
        for (part, labels) in run.of.matching(matchers).into_iter().filter_map(|at| run.of.parts.get(at)) {
            if part.label().is_none() {
                found.insert(labels.clone());
                continue;
            }
            let unbounded = (*part == Part::Bucket).then_some(f64::INFINITY);
            let values = run.values.iter().copied().chain(unbounded);
            found.extend(values.filter_map(|value| with_value(labels, *part, value, matchers)));
        }
        if found.len() > SERIES_MAX {
            return Err(too_many_series());
        }
    }
    Ok(found.into_iter().collect())
}

/// What is listed of the labels of series.
#[derive(Debug, Clone, Copy)]
pub enum List<'a> {
    /// Names of labels.
    Names,
    /// Values of the label of this name.
    Values(&'a str),
}

/// Names or values of the labels of the series that match.
pub async fn texts(
    lake: &Lake,
    snapshot: &TableSnapshot,
    matchers: &[Matcher],
    window: Window,
    list: List<'_>,
) -> Result<BTreeSet<String>, MetricsError> {
    let sources = sources(lake, snapshot, window, false).await?;
    let mut listed = Listed::new(list);
    let mut seen: HashSet<(usize, usize)> = HashSet::new();
    let mut target_before = None;
    for run in sources.iter().flat_map(|source| &source.summary.runs).filter(|run| window.overlaps(run)) {
        if !seen.insert((Arc::as_ptr(&run.of) as usize, Arc::as_ptr(&run.values).cast::<f64>() as usize)) {
            continue;
        }
        if run.of.target.is_some() && run.of.target.as_ref() != target_before {
            target_before = run.of.target.as_ref();
            let targets = run.of.target.iter().filter(|target| matchers.iter().all(|matcher| matcher.accepts(target)));
            targets.for_each(|target| listed.add(target));
        }
        for (part, labels) in run.of.matching(matchers).into_iter().filter_map(|at| run.of.parts.get(at)) {
            let Some(label) = part.label() else {
                listed.add(labels);
                continue;
            };
            let asked = || matchers.iter().filter(|matcher| matcher.name == label);
            let unbounded = (*part == Part::Bucket).then_some(f64::INFINITY);
            let values = run.values.iter().copied().chain(unbounded).map(value_text);
            let values: Vec<String> = values.filter(|text| asked().all(|matcher| matcher.matches(text))).collect();
            if !values.is_empty() {
                listed.add(labels);
                listed.add_values(label, values);
            }
        }
    }
    Ok(listed.texts)
}

/// Texts that were found. Series that follow each other share most of theirs, and texts are shared too, so that
/// few are looked at.
struct Listed<'a> {
    list: List<'a>,
    texts: BTreeSet<String>,
    known: HashSet<usize>,
    /// Addresses of the names of the series before.
    names: Vec<usize>,
}

impl<'a> Listed<'a> {
    fn new(list: List<'a>) -> Self {
        Self { list, texts: BTreeSet::new(), known: HashSet::new(), names: Vec::new() }
    }

    fn add(&mut self, labels: &Labels) {
        match self.list {
            List::Values(name) => {
                let value = labels.get(name);
                if !value.is_empty() {
                    self.add_text(value);
                }
            }
            List::Names => {
                let names = || labels.iter().map(|(name, _)| name.as_ptr() as usize);
                if names().eq(self.names.iter().copied()) {
                    return;
                }
                self.names.clear();
                self.names.extend(names());
                labels.iter().for_each(|(name, _)| self.add_text(name));
            }
        }
    }

    fn add_values(&mut self, label: &str, values: Vec<String>) {
        match self.list {
            List::Names => self.add_text(label),
            List::Values(name) if name == label => self.texts.extend(values),
            List::Values(_) => {}
        }
    }

    fn add_text(&mut self, text: &str) {
        // Texts live as long as their series, so that an address stands for one of them.
        if self.known.insert(text.as_ptr() as usize) && !self.texts.contains(text) {
            self.texts.insert(text.to_owned());
        }
    }
}

/// What is known of metrics, by name.
pub async fn metadata(lake: &Lake, snapshot: &TableSnapshot) -> Result<Vec<MetricMetadata>, MetricsError> {
    let all = Window { after_ms: i64::MIN, until_ms: i64::MAX };
    let sources = sources(lake, snapshot, all, false).await?;
    let runs = sources.iter().flat_map(|source| &source.summary.runs);
    let mut found: BTreeSet<&MetricMetadata> = BTreeSet::new();
    let mut has_target = false;
    for run in runs {
        found.insert(&run.of.metadata);
        has_target |= run.of.target.is_some();
    }
    let mut out: Vec<MetricMetadata> = found.into_iter().cloned().collect();
    if has_target {
        let help = "Attributes of the resource that sent the metrics of the same job and instance".to_owned();
        out.push(MetricMetadata { name: TARGET_INFO.to_owned(), kind: "gauge", help, unit: String::new() });
        out.sort();
    }
    Ok(out)
}
