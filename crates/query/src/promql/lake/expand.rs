//! From points to samples: what Prometheus would have stored of them.
//!
//! Points of delta temporality are added up from the first one that the lake still has, so that a
//! sample is the same whatever the query's time. Where counting began anew, as start times tell,
//! and values alone would not show it, there is a sample of zero at the new start.

use std::sync::Arc;

use luneta_promql::{
    CUSTOM_SCHEMA, CounterResetHint, Histogram, HistogramColumn, Labels, Matcher, PromqlError, STALE_NAN, Series, Times,
};

use super::exponential::{self, Exponential};
use super::identity::{Described, Part, with_value};
use super::points::{Distributions, Points, Values};

/// Points whose series in Prometheus are the same.
#[derive(Debug)]
pub struct Group {
    /// What they are of.
    pub of: Arc<Described>,
    /// Which of its parts are wanted.
    pub parts: Vec<usize>,
    /// The points.
    pub points: Points,
}

/// Samples that may still be held.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    /// At most `limit`.
    pub fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// Takes some of it.
    pub fn take(&mut self, samples: usize) -> Result<(), PromqlError> {
        self.left = self.left.checked_sub(samples).ok_or(PromqlError::TooManySamples { limit: self.limit })?;
        Ok(())
    }
}

/// Samples of one series in the making.
#[derive(Debug)]
struct Column {
    labels: Labels,
    /// Times of the samples, where they are not the first of those that all columns have.
    own: Option<Vec<i64>>,
    values: Vec<f64>,
    /// The sum of deltas.
    total: f64,
}

impl Column {
    fn new(labels: Labels, samples: usize) -> Self {
        Self { labels, own: None, values: Vec::with_capacity(samples), total: 0.0 }
    }

    /// Adds a sample at the last of `times`.
    fn push(&mut self, times: &[i64], value: f64) {
        if self.own.is_none() && self.values.len() + 1 != times.len() {
            let known = times.get(..self.values.len()).unwrap_or_default();
            self.own = Some(known.to_vec());
        }
        if let (Some(own), Some(time)) = (&mut self.own, times.last()) {
            own.push(*time);
        }
        self.values.push(value);
    }

    /// The series, with the times that columns share where they are its own.
    fn finish(self, times: &Times) -> Option<Series> {
        let Self { labels, own, values, .. } = self;
        if values.is_empty() {
            return None;
        }
        let times = match own {
            Some(own) => own.into(),
            None if values.len() == times.len() => times.clone(),
            None => times.get(..values.len()).unwrap_or_default().to_vec().into(),
        };
        Some(Series::floats(labels, times, values))
    }
}

/// The series of a group with samples after a time.
pub fn series(group: Group, matchers: &[Matcher], after_ms: i64, budget: &mut Budget) -> Result<Vec<Series>, PromqlError> {
    let Group { of, parts, mut points } = group;
    let values = std::mem::replace(&mut points.values, Values::Numbers(Vec::new()));
    // Each point is a sample as it is: in order, none of an end, none after a restart, no deltas.
    let is_steady = !of.delta && points.are_plain() && points.times.first().is_none_or(|first| *first > after_ms);
    let is_native = of.parts.iter().any(|(part, _)| *part == Part::Native);
    let values = match values {
        Values::Numbers(numbers) if is_steady => return as_they_are(&of, points.times, numbers, budget),
        Values::Distributions(distributions) if is_steady && !is_native && distributions.layouts.len() < 2 => {
            let series = Outputs::new(&of, &parts, &distributions, matchers).steady(&distributions, points.times);
            budget.take(series.iter().map(|series| series.floats.times.len()).sum())?;
            return Ok(series);
        }
        values => values,
    };
    let order = points.order();
    let walk = Walk { of: &of, order: &order, after_ms };
    match values {
        Values::Numbers(numbers) => walk.numbers(&points, &numbers, budget),
        Values::Exponential(histograms) => walk.histograms(&points, &histograms, budget),
        Values::Distributions(distributions) if is_native => walk.custom(&points, &distributions, budget),
        Values::Distributions(distributions) => {
            let outputs = Outputs::new(&of, &parts, &distributions, matchers);
            walk.distributions(&points, &distributions, outputs, budget)
        }
    }
}

/// The series of points that are samples as they are.
fn as_they_are(of: &Described, times: Vec<i64>, values: Vec<f64>, budget: &mut Budget) -> Result<Vec<Series>, PromqlError> {
    let Some((_, labels)) = of.parts.first().filter(|_| !times.is_empty()) else { return Ok(Vec::new()) };
    budget.take(times.len())?;
    Ok(vec![Series::floats(labels.clone(), times, values)])
}

/// Goes over points in the order of time.
struct Walk<'a> {
    of: &'a Described,
    order: &'a [usize],
    after_ms: i64,
}

impl Walk<'_> {
    /// When counting began anew between two points, `before` being the last with a value and
    /// `last_ms` the time of the last of all.
    fn restart(&self, points: &Points, before: Option<usize>, last_ms: i64, at: usize) -> Option<i64> {
        if self.of.delta || !self.of.monotonic {
            return None;
        }
        let (known, start) = (points.start(before?), points.start(at));
        (known != 0 && start != 0 && known != start && last_ms < start && start < points.times[at]).then_some(start)
    }

    fn numbers(&self, points: &Points, numbers: &[f64], budget: &mut Budget) -> Result<Vec<Series>, PromqlError> {
        let Some((_, labels)) = self.of.parts.first() else { return Ok(Vec::new()) };
        budget.take(self.order.len())?;
        let (mut times, mut values) = (Vec::with_capacity(self.order.len()), Vec::with_capacity(self.order.len()));
        let (mut before, mut last_ms, mut total) = (None, i64::MIN, 0.0);
        for &at in self.order {
            let time = points.times[at];
            let value = if points.is_stale(at) {
                STALE_NAN
            } else {
                if let Some(start) = self.restart(points, before, last_ms, at)
                    && before.is_some_and(|before: usize| numbers[before] <= numbers[at])
                {
                    times.push(start);
                    values.push(0.0);
                }
                before = Some(at);
                total += numbers[at];
                if self.of.delta { total } else { numbers[at] }
            };
            last_ms = time;
            if time > self.after_ms {
                times.push(time);
                values.push(value);
            }
        }
        Ok(if times.is_empty() { Vec::new() } else { vec![Series::floats(labels.clone(), times, values)] })
    }

    fn histograms(&self, points: &Points, histograms: &[Exponential], budget: &mut Budget) -> Result<Vec<Series>, PromqlError> {
        let Some((_, labels)) = self.of.parts.first() else { return Ok(Vec::new()) };
        let mut out = HistogramColumn::default();
        let mut total: Option<Exponential> = None;
        let (mut before, mut last_ms) = (None, i64::MIN);
        // Prometheus tells a width of nothing too.
        let zero_threshold = if self.of.is_sample { 0.0 } else { exponential::ZERO_THRESHOLD };
        for &at in self.order {
            let time = points.times[at];
            let native = if points.is_stale(at) {
                Some(exponential::stale())
            } else {
                let told = histograms[at].hint;
                let restarted = told == CounterResetHint::Unknown && self.restart(points, before, last_ms, at).is_some();
                before = Some(at);
                let hint = if restarted { CounterResetHint::Reset } else { told };
                if self.of.delta {
                    match &mut total {
                        Some(total) => total.add(&histograms[at]),
                        None => total = Some(histograms[at].clone()),
                    }
                    total.as_ref().and_then(|total| total.native(hint, zero_threshold))
                } else {
                    histograms[at].native(hint, zero_threshold)
                }
            };
            last_ms = time;
            if let Some(native) = native.filter(|_| time > self.after_ms) {
                budget.take(5 + native.positive.len() + native.negative.len())?;
                out.times.push(time);
                out.values.push(Arc::new(native));
            }
        }
        let series = Series { labels: labels.clone(), histograms: out, ..Series::default() };
        Ok(if series.histograms.times.is_empty() { Vec::new() } else { vec![series] })
    }

    /// Histograms with custom buckets, as native ones.
    fn custom(&self, points: &Points, values: &Distributions, budget: &mut Budget) -> Result<Vec<Series>, PromqlError> {
        let Some((_, labels)) = self.of.parts.first() else { return Ok(Vec::new()) };
        let mut out = HistogramColumn::default();
        for &at in self.order.iter().filter(|at| points.times[**at] > self.after_ms) {
            let native = if points.is_stale(at) { exponential::stale() } else { custom(values, at) };
            budget.take(5 + native.positive.len())?;
            out.times.push(points.times[at]);
            out.values.push(Arc::new(native));
        }
        let series = Series { labels: labels.clone(), histograms: out, ..Series::default() };
        Ok(if series.histograms.times.is_empty() { Vec::new() } else { vec![series] })
    }

    fn distributions(
        &self,
        points: &Points,
        values: &Distributions,
        mut out: Outputs,
        budget: &mut Budget,
    ) -> Result<Vec<Series>, PromqlError> {
        let mut times = Vec::with_capacity(self.order.len());
        let (mut before, mut last_ms) = (None, i64::MIN);
        for &at in self.order {
            let time = points.times[at];
            if points.is_stale(at) {
                // It says nothing of buckets: all end.
                if time > self.after_ms {
                    times.push(time);
                    out.columns.iter_mut().for_each(|column| column.push(&times, STALE_NAN));
                }
            } else {
                if let Some(start) = self.restart(points, before, last_ms, at) {
                    times.push(start);
                    out.add(values, at, |column, _| column.push(&times, 0.0));
                }
                before = Some(at);
                let kept = time > self.after_ms;
                if kept {
                    times.push(time);
                }
                let is_sum = self.of.delta;
                out.add(values, at, |column, value| {
                    column.total += value;
                    if kept {
                        column.push(&times, if is_sum { column.total } else { value });
                    }
                });
            }
            last_ms = time;
        }
        let times = Times::from(times);
        let series: Vec<Series> = out.columns.into_iter().filter_map(|column| column.finish(&times)).collect();
        budget.take(series.iter().map(|series| series.floats.times.len()).sum())?;
        Ok(series)
    }
}

/// A point as a native histogram of schema -53.
fn custom(values: &Distributions, at: usize) -> Histogram {
    let bounds = values.layouts.get(values.layout[at]).map(Arc::clone).unwrap_or_default();
    // Counts with fractions say it themselves.
    let above = values.above.get(at).copied().flatten();
    let above = above.unwrap_or_else(|| values.counts[at] - values.items(at).sum::<f64>());
    let counts = values.items(at).chain([above]);
    Histogram {
        schema: CUSTOM_SCHEMA,
        counter_reset_hint: values.hints.get(at).copied().unwrap_or_default(),
        count: values.counts[at],
        sum: values.sums[at].unwrap_or(0.0),
        positive: (0..).zip(counts).filter(|(_, count)| *count != 0.0).collect(),
        custom_bounds: bounds,
        ..Histogram::default()
    }
}

/// The series of a histogram or summary, and where the values of points go.
#[derive(Debug)]
struct Outputs {
    columns: Vec<Column>,
    count: Option<usize>,
    sum: Option<usize>,
    /// The bucket that has no bound.
    infinite: Option<usize>,
    /// For each layout, the column of each of its items.
    items: Vec<Vec<Option<usize>>>,
    /// Whether items are counts of buckets, which add up.
    buckets: bool,
}

impl Outputs {
    fn new(of: &Described, parts: &[usize], values: &Distributions, matchers: &[Matcher]) -> Self {
        let samples = values.counts.len();
        let mut columns: Vec<Column> = Vec::new();
        let mut column = |labels: Labels| {
            let known = columns.iter().position(|column: &Column| column.labels == labels);
            known.unwrap_or_else(|| {
                columns.push(Column::new(labels, samples));
                columns.len() - 1
            })
        };
        let (mut count, mut sum, mut infinite, mut buckets) = (None, None, None, false);
        let mut items: Vec<Vec<Option<usize>>> = values.layouts.iter().map(|layout| vec![None; layout.len()]).collect();
        for (part, labels) in parts.iter().filter_map(|at| of.parts.get(*at)) {
            match part {
                Part::Count => count = Some(column(labels.clone())),
                Part::Sum => sum = Some(column(labels.clone())),
                Part::Bucket | Part::Quantile => {
                    buckets |= *part == Part::Bucket;
                    for (layout, items) in values.layouts.iter().zip(&mut items) {
                        for (value, item) in layout.iter().zip(items) {
                            // The bucket without a bound is the count, said once.
                            let said = *part == Part::Bucket && *value == f64::INFINITY;
                            let labels = if said { None } else { with_value(labels, *part, *value, matchers) };
                            *item = labels.map(&mut column);
                        }
                    }
                    if *part == Part::Bucket {
                        infinite = with_value(labels, *part, f64::INFINITY, matchers).map(&mut column);
                    }
                }
                Part::Value | Part::Native => {}
            }
        }
        Self { columns, count, sum, infinite, items, buckets }
    }

    /// The series of points that are samples as they are, all of one layout: column by column.
    fn steady(self, values: &Distributions, times: Vec<i64>) -> Vec<Series> {
        let Self { mut columns, count, sum, infinite, items, buckets } = self;
        let mut set = |place: Option<usize>, values: Vec<f64>| {
            if let Some(column) = place.and_then(|place| columns.get_mut(place)) {
                column.values = values;
            }
        };
        set(count, if count.is_some() { values.counts.clone() } else { Vec::new() });
        set(infinite, if infinite.is_some() { values.counts.clone() } else { Vec::new() });
        let mut below = vec![0.0; values.counts.len()];
        for (place, items) in items.first().into_iter().flatten().zip(&values.positions) {
            if buckets {
                below.iter_mut().zip(items).for_each(|(below, item)| *below += item);
            }
            if place.is_some() {
                set(*place, if buckets { below.clone() } else { items.clone() });
            }
        }
        if let Some(column) = sum.and_then(|place| columns.get_mut(place)) {
            column.values = values.sums.iter().copied().flatten().collect();
            if column.values.len() < times.len() {
                let known = times.iter().zip(&values.sums).filter(|(_, sum)| sum.is_some());
                column.own = Some(known.map(|(time, _)| *time).collect());
            }
        }
        let times = Times::from(times);
        columns.into_iter().filter_map(|column| column.finish(&times)).collect()
    }

    /// Hands every value of a point to `push`, with its column.
    fn add(&mut self, values: &Distributions, at: usize, mut push: impl FnMut(&mut Column, f64)) {
        let count = values.counts[at];
        let mut to = |place: Option<usize>, value: f64| {
            if let Some(column) = place.and_then(|place| self.columns.get_mut(place)) {
                push(column, value);
            }
        };
        to(self.count, count);
        to(self.infinite, count);
        if let Some(sum) = values.sums[at] {
            to(self.sum, sum);
        }
        let mut below = 0.0;
        let places = self.items.get(values.layout[at]).map(Vec::as_slice).unwrap_or_default();
        for (place, item) in places.iter().zip(values.items(at)) {
            below += item;
            to(*place, if self.buckets { below } else { item });
        }
    }
}
