//! Range aggregations of a query, and the labels their series have.

use crate::pipeline::{Hints, reads};
use crate::syntax::{Grouping, MetricExpr, RangeExpr, RangeOp, Stage, VectorOp};

/// Which labels the series of a range aggregation have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SeriesLabels {
    /// All of an entry.
    All,
    /// These, sorted.
    By(Vec<String>),
    /// All but these.
    Without(Vec<String>),
    /// None: there is one series.
    Nothing,
}

/// A range aggregation in its place.
#[derive(Debug, Clone)]
pub(crate) struct Leaf<'a> {
    pub range: &'a RangeExpr,
    pub labels: SeriesLabels,
}

/// All range aggregations, in the order they are written.
pub(crate) fn leaves(metric: &MetricExpr) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    collect(metric, None, &mut found);
    found
}

fn collect<'a>(metric: &'a MetricExpr, around: Option<&Grouping>, found: &mut Vec<Leaf<'a>>) {
    match metric {
        MetricExpr::Range(range) => found.push(Leaf { range, labels: series_labels(range, around) }),
        // A sum of sums is the same whichever is first, so that entries are summed by the outer groups at once.
        MetricExpr::Aggregate { op: VectorOp::Sum, grouping, expr, .. } => match &**expr {
            MetricExpr::Range(range) if range.grouping.is_none() && is_sum(range.op) => {
                collect(expr, Some(grouping.as_ref().unwrap_or(&Grouping { without: false, labels: Vec::new() })), found);
            }
            _ => collect(expr, None, found),
        },
        _ => metric.children().into_iter().for_each(|child| collect(child, None, found)),
    }
}

fn is_sum(op: RangeOp) -> bool {
    use RangeOp::{BytesOverTime, BytesRate, CountOverTime, Rate, SumOverTime};
    matches!(op, BytesOverTime | BytesRate | SumOverTime | Rate | CountOverTime)
}

fn series_labels(range: &RangeExpr, around: Option<&Grouping>) -> SeriesLabels {
    if range.op == RangeOp::AbsentOverTime {
        return SeriesLabels::Nothing;
    }
    let unwrapped = range.range.unwrap.as_ref().map(|unwrap| unwrap.label.clone());
    let without = |labels: &[String]| {
        let all: Vec<String> = labels.iter().cloned().chain(unwrapped).collect();
        if all.is_empty() { SeriesLabels::All } else { SeriesLabels::Without(all) }
    };
    match around.or(range.grouping.as_ref()) {
        None => without(&[]),
        Some(grouping) if grouping.is_single() => SeriesLabels::Nothing,
        Some(grouping) if grouping.without => without(&grouping.labels),
        Some(grouping) => {
            let mut labels = grouping.labels.clone();
            labels.sort();
            labels.dedup();
            SeriesLabels::By(labels)
        }
    }
}

impl Leaf<'_> {
    /// Names of all labels that matter; none where any may.
    pub fn needed(&self) -> Option<Vec<String>> {
        let mut names = match &self.labels {
            SeriesLabels::All | SeriesLabels::Without(_) => return None,
            SeriesLabels::By(names) => names.clone(),
            SeriesLabels::Nothing => Vec::new(),
        };
        for stage in &self.range.range.log.stages {
            names.extend(reads(stage)?);
        }
        if let Some(unwrap) = &self.range.range.unwrap {
            names.push(unwrap.label.clone());
            for filter in &unwrap.filters {
                names.extend(reads(&Stage::Label(filter.clone()))?);
            }
        }
        Some(names)
    }

    /// What parsers need to extract.
    pub fn hints(&self) -> Hints {
        match self.needed() {
            Some(names) => Hints::only(names.iter().map(String::as_str)),
            None => Hints::default(),
        }
    }
}
