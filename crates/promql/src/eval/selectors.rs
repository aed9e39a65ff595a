//! Samples at times and in windows.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::Grid;
use super::answer::{Value, to_series};
use super::bodies::rates::Reach;
use super::bodies::windows::{Border, Window};
use super::evaluator::{Evaluated, Evaluator};
use super::grid::{resolve_duration, subquery_grid};
use super::value::{Column, Points};
use crate::error::PromqlError;
use crate::plan::at_time;
use crate::series::{FloatColumn, HistogramColumn, Sample, Series, Times, is_stale};
use crate::syntax::{Expr, ExprKind, Modifier, Selector, TimeShift};

/// The time that stands for a step: fixed by `@` or not, and moved by `offset`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    fixed: Option<i64>,
    offset: i64,
}

impl Shift {
    pub fn apply(self, time: i64) -> i64 {
        self.fixed.unwrap_or(time) - self.offset
    }
}

/// Series with windows to walk over, without marks of their ends.
pub(super) struct Ranges<'a> {
    pub series: Vec<std::borrow::Cow<'a, Series>>,
    pub shift: Shift,
    /// Length of the windows.
    pub range: i64,
    pub border: Border,
    pub expr: &'a Expr,
    /// Windows over times that series share.
    shared: RefCell<Option<Slides>>,
}

/// For each step the first sample in the window and the first behind it, over a list of times.
#[derive(Clone)]
pub(super) struct Slides {
    times: Times,
    pub places: Rc<[(u32, u32)]>,
    reaches: Rc<OnceCell<Box<[Reach]>>>,
}

impl Ranges<'_> {
    /// The windows of a series whose times others have too.
    fn shared_slides(&self, series: &Series, grid: Grid) -> Option<Slides> {
        if series.floats.times.is_shared() { self.slides(series, grid) } else { None }
    }

    /// The windows of a series, in each of which the samples' places are at most 32 bits wide.
    pub fn slides(&self, series: &Series, grid: Grid) -> Option<Slides> {
        let times = &series.floats.times;
        if times.len() > u32::MAX as usize {
            return None;
        }
        let mut shared = self.shared.borrow_mut();
        if let Some(known) = shared.as_ref().filter(|known| known.times.is_same(times)) {
            return Some(known.clone());
        }
        let mut window = (0, 0);
        let place = |time| {
            let end = self.shift.apply(time);
            slide(times, &mut window, end - self.range, end);
            (window.0 as u32, window.1 as u32)
        };
        let places = grid.times().map(place).collect();
        *shared = Some(Slides { times: times.clone(), places, reaches: Rc::default() });
        shared.clone()
    }

    /// How far the samples of each window reach; nothing of those with less than two.
    pub fn reaches<'s>(&self, slides: &'s Slides, grid: Grid) -> &'s [Reach] {
        slides.reaches.get_or_init(|| {
            let reach = |((first, behind), time): (&(u32, u32), i64)| {
                let end = self.shift.apply(time);
                let times = slides.times.get(*first as usize..*behind as usize).unwrap_or_default();
                if times.len() < 2 { Reach::default() } else { Reach::new(times, end - self.range, end) }
            };
            slides.places.iter().zip(grid.times()).map(reach).collect()
        })
    }
}

impl<'a> Evaluator<'a> {
    pub fn shift(&self, shift: &TimeShift) -> Evaluated<Shift> {
        let offset = match &shift.offset {
            Some(offset) => resolve_duration(offset, self.params)?,
            None => 0,
        };
        Ok(Shift { fixed: shift.at.map(|at| at_time(at, self.params)), offset })
    }

    /// The current sample of each series at every step.
    pub fn instant_selector(&mut self, selector: &Selector, grid: Grid) -> Evaluated<Vec<Column>> {
        self.instants(selector, grid, |_, value| value)
    }

    /// When the current sample of each series was taken, in seconds.
    pub fn selector_times(&mut self, selector: &Selector, grid: Grid) -> Evaluated<Vec<Column>> {
        self.instants(selector, grid, |time, _| Sample::Float(time as f64 / 1000.0))
    }

    fn instants(&mut self, selector: &Selector, grid: Grid, of: fn(i64, Sample) -> Sample) -> Evaluated<Vec<Column>> {
        let shift = self.shift(&selector.shift)?;
        let series = self.selected(selector.id);
        self.reserve(series.len(), grid.steps)?;
        let lookback = self.params.lookback_ms;
        let mut columns = Vec::with_capacity(series.len());
        for series in series {
            let mut points = Points::new(grid.steps);
            let mut cursor = Cursor::new(series);
            for (step, time) in grid.times().enumerate() {
                let time = shift.apply(time);
                let found = match selector.modifier {
                    Some(Modifier::Smoothed) => cursor.interpolated(time, lookback).map(|value| (time, Sample::Float(value))),
                    _ => cursor.at(time, lookback),
                };
                if let Some((taken, sample)) = found {
                    self.statistics.samples_total += size(&sample);
                    points.set(step, of(taken, sample));
                }
            }
            self.worked(grid.steps)?;
            if points.has_any() {
                columns.push(Column { labels: series.labels.clone(), drop_name: false, points });
            }
        }
        Ok(columns)
    }

    /// Series and windows of a range selector or a subquery.
    pub fn ranges<'e>(&mut self, expr: &'e Expr, grid: Grid) -> Evaluated<Ranges<'e>>
    where
        'a: 'e,
    {
        let inner = expr.unwrapped();
        match &inner.kind {
            ExprKind::Matrix { selector, range } => {
                let series = self.selected(selector.id).into_iter().map(without_stale).collect();
                let border = match selector.modifier {
                    None => Border::Open,
                    Some(Modifier::Anchored) => Border::Anchored(self.params.lookback_ms),
                    Some(Modifier::Smoothed) => Border::Smoothed(self.params.lookback_ms),
                };
                let range = positive(resolve_duration(range, self.params)?)?;
                Ok(Ranges { series, shift: self.shift(&selector.shift)?, range, border, expr: inner, shared: RefCell::default() })
            }
            ExprKind::Subquery { expr: repeated, range, step, shift } => {
                let range = positive(resolve_duration(range, self.params)?)?;
                let step = match step {
                    Some(step) => positive(resolve_duration(step, self.params)?)?,
                    None => self.params.subquery_step_ms,
                };
                let shift = self.shift(shift)?;
                let inner_grid = subquery_grid(shift.apply(grid.start), shift.apply(grid.end()), range, step)?;
                let columns = if inner_grid.steps == 0 { Vec::new() } else { self.vector(repeated, inner_grid)? };
                let series = columns
                    .iter()
                    .filter(|column| column.points.has_any())
                    .map(|column| {
                        let mut series = to_series(column, inner_grid);
                        if column.drop_name {
                            series.labels = series.labels.without_name();
                        }
                        std::borrow::Cow::Owned(series)
                    })
                    .collect();
                Ok(Ranges { series, shift, range, border: Border::Open, expr: inner, shared: RefCell::default() })
            }
            _ => Err(PromqlError::execution("a range vector is wanted here")),
        }
    }

    /// Answer of an instant query that is nothing but a range.
    pub fn whole_matrix(&mut self, expr: &'a Expr, grid: Grid) -> Evaluated<Option<Value>> {
        if !matches!(expr.unwrapped().kind, ExprKind::Matrix { .. } | ExprKind::Subquery { .. }) {
            return Ok(None);
        }
        let ranges = self.ranges(expr, grid)?;
        let mut answer = Vec::with_capacity(ranges.series.len());
        for series in &ranges.series {
            let mut windows = Windows::new(series, &ranges, false, grid);
            let window = windows.next(grid.start);
            self.statistics.samples_total += window.size();
            if window.is_empty() {
                continue;
            }
            answer.push(Series {
                labels: series.labels.clone(),
                floats: FloatColumn { times: window.times.to_vec().into(), values: window.values.to_vec() },
                histograms: HistogramColumn { times: window.histogram_times.to_vec(), values: window.histograms.to_vec() },
            });
        }
        answer.sort_by(|a, b| a.labels.cmp(&b.labels));
        if answer.len() > self.limits.series_max {
            return Err(PromqlError::TooManySeries { series: answer.len(), limit: self.limits.series_max });
        }
        Ok(Some(Value::Matrix(answer)))
    }
}

fn positive(milliseconds: i64) -> Evaluated<i64> {
    if milliseconds > 0 { Ok(milliseconds) } else { Err(PromqlError::execution("duration must be greater than 0")) }
}

fn size(sample: &Sample) -> u64 {
    match sample {
        Sample::Float(_) => 1,
        Sample::Histogram(histogram) => histogram.size() as u64,
    }
}

/// A series without marks of its end; copied only where there are any.
fn without_stale(series: &Series) -> std::borrow::Cow<'_, Series> {
    // Counted to the end, which is faster than looking for the first.
    let stale = series.floats.values.iter().filter(|value| is_stale(**value)).count() > 0
        || series.histograms.values.iter().any(|histogram| is_stale(histogram.sum));
    if !stale {
        return std::borrow::Cow::Borrowed(series);
    }
    let live = series.floats.times.iter().copied().zip(series.floats.values.iter().copied());
    let (times, values): (Vec<i64>, Vec<f64>) = live.filter(|(_, value)| !is_stale(*value)).unzip();
    let mut clean = Series::floats(series.labels.clone(), times, values);
    for (time, histogram) in series.histograms.times.iter().zip(&series.histograms.values) {
        if !is_stale(histogram.sum) {
            clean.histograms.times.push(*time);
            clean.histograms.values.push(histogram.clone());
        }
    }
    std::borrow::Cow::Owned(clean)
}

/// How many of the sorted times are at most `time`, starting to look at `from`.
#[inline]
fn advance(times: &[i64], from: usize, time: i64) -> usize {
    let mut at = from;
    // Steps are mostly a few samples apart; far ones are found by halving.
    for _ in 0..16 {
        match times.get(at) {
            Some(next) if *next <= time => at += 1,
            _ => return at,
        }
    }
    at + times[at..].partition_point(|next| *next <= time)
}

/// Walks over a series in time.
struct Cursor<'a> {
    series: &'a Series,
    floats: usize,
    histograms: usize,
}

impl<'a> Cursor<'a> {
    fn new(series: &'a Series) -> Self {
        Self { series, floats: 0, histograms: 0 }
    }

    /// The newest sample at a time, when it is neither older than the lookback nor the mark of an end.
    /// Times must not fall between calls.
    fn at(&mut self, time: i64, lookback: i64) -> Option<(i64, Sample)> {
        let Series { floats, histograms, .. } = self.series;
        self.floats = advance(&floats.times, self.floats, time);
        self.histograms = advance(&histograms.times, self.histograms, time);
        let float = self.floats.checked_sub(1).map(|at| (floats.times[at], floats.values[at]));
        let histogram = self.histograms.checked_sub(1).map(|at| (histograms.times[at], &histograms.values[at]));
        let newest = match (float, histogram) {
            (Some((time, value)), other) if other.is_none_or(|(taken, _)| taken <= time) => {
                if is_stale(value) {
                    return None;
                }
                (time, Sample::Float(value))
            }
            (_, Some((_, histogram))) if is_stale(histogram.sum) => return None,
            (_, Some((time, histogram))) => (time, Sample::Histogram(histogram.clone())),
            _ => return None,
        };
        (newest.0 > time - lookback).then_some(newest)
    }

    /// The value on the line between the floats before and behind a time.
    fn interpolated(&mut self, time: i64, lookback: i64) -> Option<f64> {
        let before = match self.at(time, lookback) {
            Some((taken, Sample::Float(value))) => (taken, value),
            _ => return None,
        };
        let floats = &self.series.floats;
        let next = floats.times.get(self.floats).zip(floats.values.get(self.floats));
        let Some((next_time, next_value)) = next.filter(|(t, v)| **t <= time + lookback && !is_stale(**v)) else {
            return Some(before.1);
        };
        let share = (time - before.0) as f64 / (next_time - before.0) as f64;
        Some(before.1 + (next_value - before.1) * share)
    }
}

/// Walks over the windows of a series.
pub(super) struct Windows<'a> {
    series: &'a Series,
    range: i64,
    shift: Shift,
    /// The windows, where they are known, and how many of them were walked over.
    slides: Option<Slides>,
    walked: usize,
    /// First sample in the window and first behind it.
    floats: (usize, usize),
    histograms: (usize, usize),
    /// Places where the value fell, and those in the window.
    resets: Vec<usize>,
    reset_range: (usize, usize),
}

impl<'a> Windows<'a> {
    /// The windows of the steps of a grid.
    pub fn new(series: &'a Series, ranges: &Ranges<'_>, counter: bool, grid: Grid) -> Self {
        let resets = if counter { falls(&series.floats.values) } else { Vec::new() };
        Self {
            series,
            range: ranges.range,
            shift: ranges.shift,
            slides: ranges.shared_slides(series, grid),
            walked: 0,
            floats: (0, 0),
            histograms: (0, 0),
            resets,
            reset_range: (0, 0),
        }
    }

    /// The window of the next step, whose time this is.
    #[inline]
    pub fn next(&mut self, time: i64) -> Window<'_> {
        let end = self.shift.apply(time);
        let start = end - self.range;
        let Series { floats, histograms, .. } = self.series;
        match self.slides.as_ref().and_then(|slides| slides.places.get(self.walked)) {
            Some((first, last)) => self.floats = (*first as usize, *last as usize),
            None => slide(&floats.times, &mut self.floats, start, end),
        }
        self.walked += 1;
        let (first, last) = self.floats;
        if !histograms.times.is_empty() {
            slide(&histograms.times, &mut self.histograms, start, end);
        }
        if !self.resets.is_empty() {
            let (from, to) = &mut self.reset_range;
            // A fall counts when the sample before it is in the window too.
            while self.resets.get(*from).is_some_and(|at| *at <= first) {
                *from += 1;
            }
            *to = (*to).max(*from);
            while self.resets.get(*to).is_some_and(|at| *at < last) {
                *to += 1;
            }
        }
        Window {
            times: &floats.times[first..last],
            values: &floats.values[first..last],
            histogram_times: &histograms.times[self.histograms.0..self.histograms.1],
            histograms: &histograms.values[self.histograms.0..self.histograms.1],
            start,
            end,
            now: time,
            first,
            resets: &self.resets[self.reset_range.0..self.reset_range.1],
            series: self.series,
        }
    }
}

fn slide(times: &[i64], window: &mut (usize, usize), start: i64, end: i64) {
    window.0 = advance(times, window.0, start);
    window.1 = advance(times, window.1.max(window.0), end);
}

/// Places whose value is less than the one before.
pub(super) fn falls(values: &[f64]) -> Vec<usize> {
    // Counted first, without a branch: mostly there is none.
    let pairs = || values.iter().zip(values.iter().skip(1));
    if pairs().filter(|(before, now)| now < before).count() == 0 {
        return Vec::new();
    }
    pairs().enumerate().filter(|(_, (before, now))| now < before).map(|(at, _)| at + 1).collect()
}
