//! Quantiles and fractions of histograms, classic ones (series of buckets) and native ones.

use std::collections::HashMap;

use super::Grid;
use super::evaluator::{Evaluated, Evaluator};
use super::value::{Column, Points};
use crate::histogram::{Histogram, Skew};
use crate::labels::{BUCKET_LABEL, Labels};
use crate::number::format_general;
use crate::syntax::{Expr, Span};

/// Differences of bucket counts below this share of their sum are rounding errors.
const ROUNDING_SHARE: f64 = 1e-12;
/// Ending of the remark on buckets that had to be raised.
const MONOTONICITY_LINK: &str = "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

/// The series that make a histogram: buckets by bound, or one series of native histograms.
struct Assembled {
    labels: Labels,
    drop_name: bool,
    buckets: Vec<(f64, Points)>,
    native: Option<Points>,
}

/// Upper bound and cumulative count.
type Cumulative = (f64, f64);

/// Computes a figure of buckets at a step, of a metric of this name.
type OfBuckets<'a> = dyn Fn(&mut Evaluator<'_>, usize, &mut Vec<Cumulative>, &str) -> f64 + 'a;
/// Computes a figure of a native histogram at a step, of a metric of this name.
type OfNative<'a> = dyn Fn(&mut Evaluator<'_>, usize, &Histogram, &str) -> f64 + 'a;

/// What is asked of a histogram at a step.
struct Question<'a> {
    classic: &'a OfBuckets<'a>,
    native: &'a OfNative<'a>,
}

impl Evaluator<'_> {
    pub fn histogram_quantile(&mut self, _: &Expr, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let quantiles = self.scalar(&arguments[0], grid)?;
        self.check_quantiles(&quantiles, arguments[0].span);
        let columns = self.vector(&arguments[1], grid)?;
        let histograms = self.assemble(columns, arguments[1].span, grid)?;
        self.quantiles_of(&histograms, &quantiles, arguments[1].span, grid)
    }

    pub fn histogram_quantiles(&mut self, _: &Expr, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let columns = self.vector(&arguments[0], grid)?;
        let label = Self::string(&arguments[1])?;
        let histograms = self.assemble(columns, arguments[0].span, grid)?;
        let mut all = Vec::new();
        for argument in &arguments[2..] {
            let quantiles = self.scalar(argument, grid)?;
            self.check_quantiles(&quantiles, argument.span);
            for column in self.quantiles_of(&histograms, &quantiles, arguments[0].span, grid)? {
                // A quantile that changes from step to step spreads over several series.
                let mut parts: Vec<(u64, Column)> = Vec::new();
                for (step, q) in quantiles.iter().enumerate() {
                    let Some(sample) = column.points.get(step) else { continue };
                    let at = parts.iter().position(|(bits, _)| *bits == q.to_bits()).unwrap_or_else(|| {
                        let labels = column.labels.with(&label, &format_general(*q));
                        let points = Points::new(grid.steps);
                        parts.push((q.to_bits(), Column { labels, drop_name: column.drop_name, points }));
                        parts.len() - 1
                    });
                    parts[at].1.points.set(step, sample);
                }
                self.reserve(all.len() + parts.len(), grid.steps)?;
                all.extend(parts.into_iter().map(|(_, part)| part));
            }
        }
        self.merged(all)
    }

    pub fn histogram_fraction(&mut self, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let lower = self.scalar(&arguments[0], grid)?;
        let upper = self.scalar(&arguments[1], grid)?;
        let columns = self.vector(&arguments[2], grid)?;
        let span = arguments[2].span;
        let histograms = self.assemble(columns, span, grid)?;
        let question = Question {
            classic: &|_, step, buckets, _| classic_fraction(lower[step], upper[step], buckets),
            native: &|evaluator, step, histogram, metric| {
                if histogram.sum.is_nan() && !histogram.is_custom() {
                    let text = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
                    evaluator.annotations.info(span, with_metric(text, metric));
                }
                histogram.fraction(lower[step], upper[step])
            },
        };
        self.ask(&histograms, &question, grid)
    }

    fn check_quantiles(&mut self, quantiles: &[f64], span: Span) {
        for q in quantiles.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
            let message = format!("quantile value should be between 0 and 1, got {}", format_general(*q));
            self.annotations.warn(span, message);
        }
    }

    fn quantiles_of(&mut self, all: &[Assembled], quantiles: &[f64], span: Span, grid: Grid) -> Evaluated<Vec<Column>> {
        let question = Question {
            classic: &|evaluator, step, buckets, metric| {
                let (value, raised) = classic_quantile(quantiles[step], buckets);
                if raised {
                    let text = format!("input to histogram_quantile needed to be fixed for monotonicity {MONOTONICITY_LINK}");
                    evaluator.annotations.info(span, with_metric(&text, metric));
                }
                value
            },
            native: &|evaluator, step, histogram, metric| {
                let (value, skew) = histogram.quantile(quantiles[step]);
                let text = match skew {
                    Skew::None => return value,
                    Skew::Nan => "input to histogram_quantile has NaN observations, result is NaN",
                    Skew::Higher => "input to histogram_quantile has NaN observations, result is skewed higher",
                };
                evaluator.annotations.info(span, with_metric(text, metric));
                value
            },
        };
        self.ask(all, &question, grid)
    }

    fn ask(&mut self, all: &[Assembled], question: &Question<'_>, grid: Grid) -> Evaluated<Vec<Column>> {
        let mut results = Vec::with_capacity(all.len());
        let mut buckets: Vec<Cumulative> = Vec::new();
        for histogram in all {
            let metric = histogram.labels.metric_name();
            let mut points = Points::new(grid.steps);
            for step in 0..grid.steps {
                buckets.clear();
                buckets.extend(histogram.buckets.iter().filter_map(|(bound, p)| Some((*bound, p.float(step)?))));
                let native = histogram.native.as_ref().and_then(|points| points.histogram(step));
                if !buckets.is_empty() {
                    points.set_float(step, (question.classic)(self, step, &mut buckets, metric));
                } else if let Some(native) = native {
                    points.set_float(step, (question.native)(self, step, native, metric));
                }
            }
            self.worked(grid.steps * (histogram.buckets.len() + 1))?;
            let mut column = Column { labels: histogram.labels.clone(), drop_name: histogram.drop_name, points };
            self.drop_name(&mut column);
            if column.points.has_any() {
                results.push(column);
            }
        }
        self.merged(results)
    }

    /// Sorts series into histograms. Where classic and native ones meet, neither is used.
    fn assemble(&mut self, columns: Vec<Column>, span: Span, grid: Grid) -> Evaluated<Vec<Assembled>> {
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut all: Vec<Assembled> = Vec::new();
        for column in columns {
            self.worked(grid.steps)?;
            let Column { labels, drop_name, points } = column;
            let key = labels.filter(|name| name != BUCKET_LABEL);
            let mut place = |key: Labels, all: &mut Vec<Assembled>| {
                let at = *places.entry(key.clone()).or_insert(all.len());
                if at == all.len() {
                    all.push(Assembled { labels: key, drop_name, buckets: Vec::new(), native: None });
                }
                at
            };
            if points.has_histograms() {
                let at = place(labels.clone(), &mut all);
                all[at].native = Some(points.clone());
            }
            if !points.has_floats() {
                continue;
            }
            let bound = labels.get(BUCKET_LABEL);
            if let Ok(bound) = bound.parse::<f64>() {
                let at = place(key, &mut all);
                all[at].buckets.push((bound, points));
            } else {
                let text = format!("bucket label \"le\" is missing or has a malformed value of {bound:?}");
                self.annotations.warn(span, with_metric(&text, labels.metric_name()));
            }
        }
        for histogram in &mut all {
            histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.drop_mixed(histogram, span, grid);
        }
        Ok(all)
    }

    fn drop_mixed(&mut self, histogram: &mut Assembled, span: Span, grid: Grid) {
        let Some(native) = &mut histogram.native else { return };
        for step in 0..grid.steps {
            let classic = histogram.buckets.iter().any(|(_, points)| points.float(step).is_some());
            if classic && native.histogram(step).is_some() {
                let text = "vector contains a mix of classic and native histograms";
                self.annotations.warn(span, with_metric(text, histogram.labels.metric_name()));
                native.clear(step);
                histogram.buckets.iter_mut().for_each(|(_, points)| points.clear(step));
            }
        }
    }
}

fn with_metric(text: &str, metric: &str) -> String {
    if metric.is_empty() { text.to_owned() } else { format!("{text} for metric name {metric:?}") }
}

/// Buckets of one bound are added.
fn coalesce(buckets: &mut Vec<Cumulative>) {
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

/// Makes cumulative counts rise; true when a fall was more than a rounding error.
fn make_monotonic(buckets: &mut [Cumulative]) -> bool {
    let Some((first, rest)) = buckets.split_first_mut() else { return false };
    let mut raised = false;
    let mut before = first.1;
    for (_, count) in rest {
        let rounding = (*count - before).abs() <= ROUNDING_SHARE * (count.abs() + before.abs());
        if *count == before {
            continue;
        }
        if rounding {
            *count = before;
        } else if *count < before {
            *count = before;
            raised = true;
        } else {
            before = *count;
        }
    }
    raised
}

/// The q-quantile of sorted buckets, and whether they had to be raised.
fn classic_quantile(q: f64, buckets: &mut Vec<Cumulative>) -> (f64, bool) {
    if q.is_nan() {
        return (f64::NAN, false);
    }
    if !(0.0..=1.0).contains(&q) {
        return (if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY }, false);
    }
    if buckets.last().is_none_or(|bucket| bucket.0 != f64::INFINITY) {
        return (f64::NAN, false);
    }
    coalesce(buckets);
    let raised = make_monotonic(buckets);
    let count = buckets.len();
    let observations = buckets[count - 1].1;
    if count < 2 || observations == 0.0 || observations.is_nan() {
        return (f64::NAN, raised);
    }
    let rank = q * observations;
    let at = buckets[..count - 1].partition_point(|bucket| bucket.1 < rank);
    if at == count - 1 {
        return (buckets[count - 2].0, raised);
    }
    let (upper, cumulative) = buckets[at];
    if at == 0 && upper <= 0.0 {
        return (upper, raised);
    }
    let (lower, below) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
    (lower + (upper - lower) * ((rank - below) / (cumulative - below)), raised)
}

/// Share of observations between two values.
fn classic_fraction(lower: f64, upper: f64, buckets: &mut Vec<Cumulative>) -> f64 {
    if buckets.last().is_none_or(|bucket| bucket.0 != f64::INFINITY) {
        return f64::NAN;
    }
    coalesce(buckets);
    make_monotonic(buckets);
    let count = buckets[buckets.len() - 1].1;
    if buckets.len() < 2 || count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (classic_rank(upper, buckets) - classic_rank(lower, buckets)) / count
}

/// Observations below a value.
fn classic_rank(value: f64, buckets: &[Cumulative]) -> f64 {
    let mut below = 0.0;
    let mut lower = if buckets[0].0 > 0.0 { 0.0 } else { f64::NEG_INFINITY };
    for (upper, cumulative) in buckets {
        if lower >= value {
            return below;
        }
        if *upper > value {
            // Where a bound is infinite there is nothing to interpolate.
            let share = if lower.is_infinite() || upper.is_infinite() { 0.0 } else { (value - lower) / (upper - lower) };
            return below + (cumulative - below) * share;
        }
        below = *cumulative;
        lower = *upper;
    }
    below
}
