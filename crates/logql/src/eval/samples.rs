//! One range aggregation: entries and counts go in, series come out.

use std::collections::BTreeMap;

use luneta_promql::{Labels, MatchOp, Series};

use super::leaf::{Leaf, SeriesLabels};
use super::series::SeriesIndex;
use super::windows::aggregate;
use super::{Params, Pushdown};
use crate::error::LogqlError;
use crate::limits::Limits;
use crate::pipeline::{Category, Entry, PRESERVE_ERROR_LABEL, Pipeline};
use crate::syntax::{Conversion, LogRange, RangeOp, Unwrap};
use crate::units::{go_duration, go_float, parse_bytes};

/// `__error__` of values that are no numbers.
const FAULT: &str = "SampleExtractionErr";

/// What is kept of the entries of a series.
enum Kept {
    /// By how much the entries in a window differ from those in the one before, and their bytes where bytes
    /// are asked for.
    Differences { entries: Vec<i64>, bytes: Vec<i64> },
    /// Times and values.
    Samples(Vec<(i64, f64)>),
}

/// State of one range aggregation.
pub(super) struct Sampler {
    op: RangeOp,
    parameter: Option<f64>,
    range: LogRange,
    kept_labels: SeriesLabels,
    pipeline: Pipeline,
    index: SeriesIndex,
    kept: Vec<Kept>,
    grid: Grid,
}

/// The windows of a range aggregation.
#[derive(Clone, Copy)]
struct Grid {
    /// End of the first window, offset and all.
    first_ns: i64,
    step_ns: i64,
    steps: usize,
    range_ns: i64,
}

impl Grid {
    /// The first and the last window that a time is in.
    fn windows(&self, time_ns: i64) -> Option<(usize, usize)> {
        let since = i128::from(time_ns) - i128::from(self.first_ns);
        let step = i128::from(self.step_ns);
        let low = -((-since).div_euclid(step)).min(0);
        let high = (since + i128::from(self.range_ns) - 1).div_euclid(step).min(self.steps as i128 - 1);
        (low <= high && high >= 0).then_some((low as usize, high as usize))
    }
}

impl Sampler {
    pub fn new(leaf: &Leaf<'_>, params: &Params, limits: &Limits) -> Result<Self, LogqlError> {
        let range = &leaf.range.range;
        let filter_lines = params.pushdown == Pushdown::Optional;
        let mut pipeline = Pipeline::hinted(&range.log.stages, limits, leaf.hints(), filter_lines).map_err(LogqlError::whole)?;
        pipeline.set_now(params.now_ns);
        let first_ns = params.start_ns.checked_sub(range.offset_ns);
        let first_ns = first_ns.ok_or_else(|| LogqlError::Parameter("time is out of range".to_owned()))?;
        Ok(Self {
            op: leaf.range.op,
            parameter: leaf.range.parameter,
            range: range.clone(),
            kept_labels: leaf.labels.clone(),
            pipeline,
            index: SeriesIndex::default(),
            kept: Vec::new(),
            grid: Grid { first_ns, step_ns: params.step(), steps: params.steps(), range_ns: range.range_ns },
        })
    }

    /// Whether numbers are whole and windows can be told by what enters and leaves them.
    fn counts(&self) -> bool {
        self.range.unwrap.is_none()
    }

    fn counts_bytes(&self) -> bool {
        matches!(self.op, RangeOp::BytesOverTime | RangeOp::BytesRate)
    }

    /// Takes an entry; gives how many numbers more are in memory, or none when the entry is dropped.
    pub fn push(&mut self, entry: &Entry<'_>) -> Result<Option<usize>, LogqlError> {
        let Some(windows) = self.grid.windows(entry.time_ns) else { return Ok(None) };
        let Some(line) = self.pipeline.process(entry) else { return Ok(None) };
        let labels = &mut self.pipeline.labels;
        let value = match &self.range.unwrap {
            None if matches!(self.op, RangeOp::BytesOverTime | RangeOp::BytesRate) => line.len() as f64,
            None => 1.0,
            Some(unwrap) => match unwrapped(unwrap, labels) {
                Some(value) => value,
                None => return Ok(None),
            },
        };
        let number = if labels.error().is_some_and(|error| !error.is_empty()) {
            if labels.get(PRESERVE_ERROR_LABEL) != Some("true") {
                return Err(self.pipeline_fault());
            }
            // Groups would hide the error, so that they are left to the aggregation around.
            self.index.find(entry.stream, labels, &SeriesLabels::All)
        } else {
            self.index.find(entry.stream, labels, &self.kept_labels)
        };
        Ok(Some(self.add(number, windows, entry.time_ns, value)))
    }

    /// Takes a number of entries or bytes at the end of a bucket.
    pub fn push_count(&mut self, labels: &Labels, end_ns: i64, count: u64) -> Option<usize> {
        let windows = self.grid.windows(end_ns).filter(|_| self.counts())?;
        let number = self.index.of_labels(labels);
        Some(self.add(number, windows, end_ns, count as f64))
    }

    fn add(&mut self, (number, is_new): (usize, bool), windows: (usize, usize), time_ns: i64, value: f64) -> usize {
        let mut grown = 0;
        if is_new {
            self.kept.push(if self.counts() {
                grown = self.grid.steps;
                let bytes = if self.counts_bytes() { self.grid.steps + 1 } else { 0 };
                Kept::Differences { entries: vec![0; self.grid.steps + 1], bytes: vec![0; bytes] }
            } else {
                Kept::Samples(Vec::new())
            });
        }
        match &mut self.kept[number] {
            Kept::Differences { entries, bytes } if bytes.is_empty() => change(entries, windows, value as i64),
            Kept::Differences { entries, bytes } => {
                // An empty line has no bytes, and yet there is something.
                change(entries, windows, 1);
                change(bytes, windows, value as i64);
            }
            Kept::Samples(samples) => {
                samples.push((time_ns, value));
                grown += 1;
            }
        }
        grown
    }

    /// Number of series.
    pub fn series(&self) -> usize {
        self.kept.len()
    }

    fn pipeline_fault(&self) -> LogqlError {
        let mut all = BTreeMap::new();
        self.pipeline.each_label(|name, value, _: Category| {
            all.insert(name.to_owned(), luneta_promql::quote(value));
        });
        let shown: Vec<String> = all.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let kind = self.pipeline.labels.error().unwrap_or_default().to_owned();
        LogqlError::Pipeline { kind, series: format!("{{{}}}", shown.join(", ")) }
    }

    /// The series, whose times are the numbers of steps.
    pub fn finish(self) -> Vec<Series> {
        let Self { op, parameter, range, index, kept, grid, .. } = self;
        let seconds = range.range_ns as f64 / 1e9;
        let mut all: Vec<Series> = Vec::with_capacity(kept.len());
        for (labels, kept) in index.into_labels().into_iter().zip(kept) {
            let (times, values) = match kept {
                Kept::Differences { entries, bytes } => counted(op, &entries, &bytes, seconds),
                Kept::Samples(samples) => aggregated(op, parameter, samples, grid, seconds),
            };
            if !times.is_empty() {
                all.push(Series::floats(labels, times, values));
            }
        }
        if op == RangeOp::AbsentOverTime {
            return absent(&all, &range, grid.steps);
        }
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        all
    }
}

/// The number that an entry's label has; none where there is no label, or a filter drops the entry.
fn unwrapped(unwrap: &Unwrap, labels: &mut crate::pipeline::LabelBuffer) -> Option<f64> {
    let text = labels.get(&unwrap.label).filter(|text| !text.is_empty())?;
    let read = match unwrap.conversion {
        Conversion::Number => go_float(text),
        Conversion::Bytes => parse_bytes(text).map(|bytes| bytes as f64),
        Conversion::Duration | Conversion::DurationSeconds => go_duration(text).map(|nanoseconds| nanoseconds as f64 / 1e9),
    };
    let value = read.unwrap_or_else(|details| {
        labels.fail(FAULT, Some(&details));
        0.0
    });
    unwrap.filters.iter().all(|filter| filter.process(labels)).then_some(value)
}

fn change(differences: &mut [i64], windows: (usize, usize), by: i64) {
    differences[windows.0] += by;
    differences[windows.1 + 1] -= by;
}

fn counted(op: RangeOp, entries: &[i64], bytes: &[i64], seconds: f64) -> (Vec<i64>, Vec<f64>) {
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let (mut present, mut amount) = (0_i64, 0_i64);
    // Behind the last step is what ends there.
    for (step, more) in entries[..entries.len() - 1].iter().enumerate() {
        present += more;
        amount += bytes.get(step).unwrap_or(more);
        if present > 0 {
            times.push(step as i64);
            let per_second = matches!(op, RangeOp::Rate | RangeOp::BytesRate);
            values.push(if per_second { amount as f64 / seconds } else { amount as f64 });
        }
    }
    (times, values)
}

fn aggregated(
    op: RangeOp,
    parameter: Option<f64>,
    mut samples: Vec<(i64, f64)>,
    grid: Grid,
    seconds: f64,
) -> (Vec<i64>, Vec<f64>) {
    if !samples.is_sorted_by_key(|(time, _)| *time) {
        samples.sort_by_key(|(time, _)| *time);
    }
    let inner: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    let (mut times, mut values, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    let (mut from, mut until) = (0, 0);
    for step in 0..grid.steps {
        let end = grid.first_ns + grid.step_ns * step as i64;
        let begins = |time: i64| time > end - grid.range_ns;
        while from < samples.len() && !begins(samples[from].0) {
            from += 1;
        }
        until = until.max(from);
        while until < samples.len() && samples[until].0 <= end {
            until += 1;
        }
        if from < until {
            times.push(step as i64);
            values.push(aggregate(op, parameter, &inner[from..until], seconds, &mut scratch));
        }
    }
    (times, values)
}

/// One at the steps where there is nothing, with the labels that the selector names.
fn absent(present: &[Series], range: &LogRange, steps: usize) -> Vec<Series> {
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut unclear: Vec<&str> = Vec::new();
    for matcher in &range.log.matchers {
        if matcher.op == MatchOp::Equal && !names.iter().any(|(name, _)| *name == matcher.name) {
            names.push((&matcher.name, &matcher.value));
        } else {
            unclear.push(&matcher.name);
        }
    }
    names.retain(|(name, _)| !unclear.contains(name));
    let mut is_present = vec![false; steps];
    present.iter().flat_map(|series| series.floats.times.iter()).for_each(|step| is_present[*step as usize] = true);
    let times: Vec<i64> = (0..steps as i64).filter(|step| !is_present[*step as usize]).collect();
    let values = vec![1.0; times.len()];
    if times.is_empty() { Vec::new() } else { vec![Series::floats(Labels::new(names), times, values)] }
}
