//! Which series, labels and metrics there are, without their samples.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use luneta_promql::{Labels, Matcher};
use luneta_store::TableSnapshot;

use super::fetch::{Window, sources, too_many_series};
use super::identity::{MetricMetadata, Part, TARGET_INFO, Texts, value_text, with_value};
use super::source::Lake;
use super::summary::Run;
use crate::promql::MetricsError;

/// The labels of the series that match.
pub async fn labels(
    lake: &Lake,
    snapshot: &TableSnapshot,
    matchers: &[Matcher],
    window: Window,
    series_max: usize,
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
        if found.len() > series_max {
            return Err(too_many_series(series_max));
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
    for source in &sources {
        let runs = &source.summary.runs;
        if matchers.is_empty() && runs.iter().all(|run| window.overlaps(run)) {
            lake.listing(source).texts(list).for_each(|text| listed.add_text(text));
            continue;
        }
        let mut target_before = None;
        for run in runs.iter().filter(|run| window.overlaps(run)) {
            if seen.insert((Arc::as_ptr(&run.of) as usize, Arc::as_ptr(&run.values).cast::<f64>() as usize)) {
                add(&mut listed, run, matchers, &mut target_before);
            }
        }
    }
    Ok(listed.texts)
}

/// Adds what a run has of what is listed.
fn add<'r>(listed: &mut Listed<'_>, run: &'r Run, matchers: &[Matcher], target_before: &mut Option<&'r Labels>) {
    if run.of.target.is_some() && run.of.target.as_ref() != *target_before {
        *target_before = run.of.target.as_ref();
        let targets = run.of.target.iter().filter(|target| matchers.iter().all(|matcher| matcher.accepts(target)));
        targets.for_each(|target| listed.add(target));
    }
    for (part, labels) in run.of.matching(matchers).into_iter().filter_map(|at| run.of.parts.get(at)) {
        let Some(label) = part.label() else {
            listed.add(labels);
            continue;
        };
        let asked = || matchers.iter().filter(|matcher| matcher.name == label);
        let values: Vec<String> = part_values(*part, run).filter(|text| asked().all(|matcher| matcher.matches(text))).collect();
        if !values.is_empty() {
            listed.add(labels);
            listed.add_values(label, values);
        }
    }
}

/// The values of the label that a part has besides those of its series.
fn part_values(part: Part, run: &Run) -> impl Iterator<Item = String> {
    let unbounded = (part == Part::Bucket).then_some(f64::INFINITY);
    run.values.iter().copied().chain(unbounded).map(value_text)
}

/// Addresses, with what else tells them apart.
type Addresses<T> = HashSet<T, foldhash::fast::RandomState>;

/// The texts of all labels of a file or a batch. Few, however many series there are.
#[derive(Debug, Default)]
pub struct Listing(HashMap<Arc<str>, Vec<Arc<str>>>);

impl Listing {
    /// Of these runs; texts are held once over all listings.
    pub fn of(runs: &[Run], texts: &mut Texts) -> Self {
        let mut found = Self::default();
        // Texts of labels are shared, so that addresses stand for them.
        let mut seen: Addresses<(usize, usize)> = HashSet::default();
        let mut parts: Addresses<(Part, usize)> = HashSet::default();
        for run in runs {
            // A summary without quantiles has no series of them.
            let has_series = |part: Part| part.label().is_none() || part_values(part, run).next().is_some();
            for (part, labels) in run.of.parts.iter().filter(|(part, _)| has_series(*part)) {
                let values = Arc::as_ptr(&run.values).cast::<f64>() as usize;
                if let Some(label) = part.label().filter(|_| parts.insert((*part, values))) {
                    let values: Vec<Arc<str>> = part_values(*part, run).map(|value| texts.shared(&value)).collect();
                    found.extend(texts.shared(label), values);
                }
                found.add(labels, &mut seen, texts);
            }
            run.of.target.iter().for_each(|target| found.add(target, &mut seen, texts));
        }
        found
    }

    fn add(&mut self, labels: &Labels, seen: &mut Addresses<(usize, usize)>, texts: &mut Texts) {
        for (name, value) in labels.iter() {
            if seen.insert((name.as_ptr() as usize, value.as_ptr() as usize)) {
                let value = texts.shared(value);
                self.extend(texts.shared(name), [value]);
            }
        }
    }

    fn extend(&mut self, name: Arc<str>, values: impl IntoIterator<Item = Arc<str>>) {
        self.0.entry(name).or_default().extend(values);
    }

    fn texts<'s>(&'s self, list: List<'s>) -> impl Iterator<Item = &'s Arc<str>> {
        let names = matches!(list, List::Names).then(|| self.0.keys());
        let values = match list {
            List::Names => None,
            List::Values(name) => self.0.get(name),
        };
        names.into_iter().flatten().chain(values.into_iter().flatten())
    }
}

/// Texts that were found. Series that follow each other share most of theirs, and texts are shared too, so that
/// few are looked at.
struct Listed<'a> {
    list: List<'a>,
    texts: BTreeSet<String>,
    known: Addresses<usize>,
    /// Addresses of the names of the series before.
    names: Vec<usize>,
}

impl<'a> Listed<'a> {
    fn new(list: List<'a>) -> Self {
        Self { list, texts: BTreeSet::new(), known: Addresses::default(), names: Vec::new() }
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
