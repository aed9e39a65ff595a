//! Points of one series, column by column, as they were sent.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float64Array, Int32Array, ListArray, PrimitiveArray, StringArray, StructArray,
    UInt32Array, UInt64Array,
};
use arrow::datatypes::{Float64Type, Int32Type, TimestampNanosecondType, UInt32Type, UInt64Type};

use luneta_promql::CounterResetHint;

use super::columns::{is_position, position_column};
use super::exponential::Exponential;
use super::fetch::Window;
use super::identity::{Described, Kind, Part};

/// Bit of `flags`: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Points in the order in which they were read.
#[derive(Debug)]
pub struct Points {
    /// Milliseconds since 1970.
    pub times: Vec<i64>,
    /// When counting began, milliseconds since 1970; 0 where it is not known. Empty where it is known of no point.
    starts: Vec<i64>,
    /// Whether the point says that the series has ended. Empty where none does.
    stale: Vec<bool>,
    /// What was measured.
    pub values: Values,
}

/// Values by the form of points.
#[derive(Debug)]
pub enum Values {
    /// Gauges and sums.
    Numbers(Vec<f64>),
    /// Histograms with bounds, and summaries.
    Distributions(Distributions),
    /// Exponential histograms.
    Exponential(Vec<Exponential>),
}

/// Counts, sums and what else points of histograms and summaries have.
#[derive(Debug, Default)]
pub struct Distributions {
    /// All observations.
    pub counts: Vec<f64>,
    /// Sums of observations, where they are known.
    pub sums: Vec<Option<f64>>,
    /// Bounds or quantiles that occur.
    pub layouts: Vec<Arc<[f64]>>,
    /// Which of `layouts` a point has.
    pub layout: Vec<usize>,
    /// Counts of buckets (each by itself, that above all bounds left out), or values of quantiles: a column
    /// for each position in a layout, as long as there are points. 0 where a point's layout is shorter.
    pub positions: Vec<Vec<f64>>,
    /// What is above all bounds, where it is more than what the count leaves.
    pub above: Vec<Option<f64>>,
    /// What is known of resets.
    pub hints: Vec<CounterResetHint>,
}

impl Distributions {
    /// The items of a point.
    pub fn items(&self, at: usize) -> impl Iterator<Item = f64> {
        let length = self.layout.get(at).and_then(|layout| self.layouts.get(*layout)).map_or(0, |layout| layout.len());
        self.positions.iter().take(length).filter_map(move |column| column.get(at).copied())
    }

    /// Which of the layouts this is; it becomes one if it is new.
    fn layout_of(&mut self, layout: &[f64]) -> usize {
        let known = self.layout.last().copied().filter(|at| *self.layouts[*at] == *layout);
        let known = known.or_else(|| self.layouts.iter().position(|known| **known == *layout));
        known.unwrap_or_else(|| {
            self.layouts.push(layout.into());
            let (points, positions) = (self.layout.len(), self.positions.len().max(layout.len()));
            self.positions.resize_with(positions, || vec![0.0; points]);
            self.layouts.len() - 1
        })
    }

    fn push_items(&mut self, layout: &[f64], items: impl Iterator<Item = f64>) {
        let at = self.layout_of(layout);
        self.layout.push(at);
        for (column, item) in self.positions.iter_mut().zip(items.take(layout.len())) {
            column.push(item);
        }
        self.fill();
    }

    /// Adds the items of rows whose layout is the same, from columns that have them all (0 where there is none).
    fn extend_items(&mut self, layout: &[f64], columns: &[&UInt32Array], rows: Range<usize>) {
        let at = self.layout_of(layout);
        self.layout.resize(self.layout.len() + rows.len(), at);
        for (items, column) in self.positions.iter_mut().zip(columns).take(layout.len()) {
            let counts = column.values().get(rows.clone()).unwrap_or_default();
            items.extend(counts.iter().map(|count| f64::from(*count)));
        }
        self.fill();
    }

    fn fill(&mut self) {
        let points = self.layout.len();
        self.positions.iter_mut().for_each(|column| column.resize(points, 0.0));
    }
}

impl Points {
    /// None of a series. Where only their presence is asked for, a number stands for a native histogram.
    pub fn new(of: &Described, presence: bool) -> Self {
        let native = of.parts.iter().any(|(part, _)| *part == Part::Native);
        let values = match of.kind {
            _ if presence && native => Values::Numbers(Vec::new()),
            Kind::Number => Values::Numbers(Vec::new()),
            Kind::Histogram | Kind::Summary => Values::Distributions(Distributions::default()),
            Kind::Exponential => Values::Exponential(Vec::new()),
        };
        Self { times: Vec::new(), starts: Vec::new(), stale: Vec::new(), values }
    }

    /// When counting began before a point, milliseconds since 1970; 0 where it is not known.
    pub fn start(&self, at: usize) -> i64 {
        self.starts.get(at).copied().unwrap_or(0)
    }

    /// Whether a point says that the series has ended.
    pub fn is_stale(&self, at: usize) -> bool {
        self.stale.get(at).is_some_and(|stale| *stale)
    }

    /// Whether points are in order and tell nothing but values: none is an end, and counting never began anew.
    pub fn are_plain(&self) -> bool {
        let same_start = |(before, now): (&i64, &i64)| before == now;
        self.times.is_sorted_by(|a, b| a < b)
            && !self.stale.contains(&true)
            && self.starts.iter().zip(self.starts.iter().skip(1)).all(same_start)
    }

    /// The places of points in the order of time. Of points in one millisecond the first stays.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        if !self.times.is_sorted_by(|a, b| a < b) {
            order.sort_by_key(|at| self.times[*at]);
            order.dedup_by_key(|at| self.times[*at]);
        }
        order
    }
}

/// The columns that points of a kind are read from, for some parts of them: logical ones, but for counts of
/// buckets of which it is known over how many positions they are spread.
pub fn columns(kind: Kind, parts: &[Part], positions: Option<usize>) -> Vec<Cow<'static, str>> {
    let mut out = vec!["time", "start_time", "flags"];
    let spread = positions.into_iter().flat_map(|positions| (0..positions).map(position_column));
    out.extend(match kind {
        Kind::Number => ["value"].as_slice(),
        Kind::Histogram if parts.contains(&Part::Native) => {
            &["count", "sum", "bucket_counts", "explicit_bounds", "counter_reset_hint", "count_double", "bucket_counts_double"]
        }
        Kind::Histogram if parts.contains(&Part::Bucket) && positions.is_none() => {
            &["count", "sum", "bucket_counts", "explicit_bounds"]
        }
        Kind::Summary if parts.contains(&Part::Quantile) => &["count", "sum", "quantiles"],
        Kind::Histogram | Kind::Summary => &["count", "sum"],
        Kind::Exponential => &[
            "count",
            "sum",
            "scale",
            "zero_count",
            "zero_threshold",
            "positive_offset",
            "positive_counts",
            "negative_offset",
            "negative_counts",
            "counter_reset_hint",
            "count_double",
            "zero_count_double",
            "positive_counts_double",
            "negative_counts_double",
        ],
    });
    out.into_iter().map(Cow::Borrowed).chain(spread.map(Cow::Owned)).collect()
}

/// The columns that tell at which times there are points of a kind, and of which parts: with `steady` bounds are
/// known.
pub fn presence_columns(kind: Kind, parts: &[Part], steady: bool) -> Vec<Cow<'static, str>> {
    let mut out = vec!["time", "flags"];
    let classic = matches!(kind, Kind::Histogram | Kind::Summary);
    if classic && parts.contains(&Part::Sum) {
        out.push("sum");
    }
    match kind {
        Kind::Histogram if asks_buckets(parts) && !steady => out.push("explicit_bounds"),
        Kind::Summary if parts.contains(&Part::Quantile) => out.push("quantiles"),
        _ => {}
    }
    out.into_iter().map(Cow::Borrowed).collect()
}

/// Whether counts of classic buckets are wanted, and of no others.
pub fn asks_buckets(parts: &[Part]) -> bool {
    parts.contains(&Part::Bucket) && !parts.contains(&Part::Native)
}

/// Rows in the columns of [`columns`].
#[derive(Debug)]
pub struct Rows<'a> {
    names: &'a [Cow<'static, str>],
    columns: &'a [ArrayRef],
    /// Values do not matter.
    presence: bool,
}

impl<'a> Rows<'a> {
    /// The columns, and their names.
    pub fn new(names: &'a [Cow<'static, str>], columns: &'a [ArrayRef], presence: bool) -> Self {
        Self { names, columns, presence }
    }

    fn column(&self, name: &str) -> Option<&'a ArrayRef> {
        self.columns.get(self.names.iter().position(|known| *known == name)?)
    }

    fn lists(&self, name: &str) -> Option<&'a ListArray> {
        self.column(name)?.as_list_opt()
    }

    /// Two columns, of whole counts and of fractions.
    fn counts(&self, whole: &str, doubles: &str) -> CountColumn<'a> {
        CountColumn { whole: self.numbers(whole), doubles: self.numbers(doubles) }
    }

    fn hints(&self) -> Option<&'a StringArray> {
        self.column("counter_reset_hint")?.as_string_opt()
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Option<&'a PrimitiveArray<T>> {
        self.column(name)?.as_primitive_opt()
    }

    /// Adds those of the rows whose time is in the window; `layout` is that of all of them, where it is known.
    pub fn add(&self, rows: Range<usize>, window: Window, layout: Option<&[f64]>, into: &mut Points) {
        let Some(times) = self.numbers::<TimestampNanosecondType>("time") else { return };
        let starts = self.numbers::<TimestampNanosecondType>("start_time").filter(|starts| starts.null_count() < starts.len());
        let flags = self.numbers::<UInt32Type>("flags").filter(|flags| flags.null_count() < flags.len());
        let stale = |row| value(flags, row).unwrap_or(0) & NO_RECORDED_VALUE != 0;
        let start = |row| value(starts, row).map_or(0, |start| start.div_euclid(NANOS_PER_MILLI));
        let Some(all) = times.values().get(rows.clone()) else { return };
        let values = self.values(&into.values);
        let kept = all.is_sorted().then(|| {
            let from = all.partition_point(|time| *time < window.first());
            let to = all.partition_point(|time| *time < window.end());
            rows.start + from..rows.start + to.max(from)
        });
        if let Some(kept) = kept
            && values.extend(kept.clone(), layout, &mut into.values)
        {
            extend_rare(&mut into.starts, into.times.len(), 0, kept.clone().map(start));
            extend_rare(&mut into.stale, into.times.len(), false, kept.clone().map(stale));
            into.times.extend(times.values()[kept].iter().map(|time| time.div_euclid(NANOS_PER_MILLI)));
            return;
        }
        for row in rows {
            let (time, stale) = (times.value(row), stale(row));
            if window.has(time) && values.push(row, stale, layout, &mut into.values) {
                extend_rare(&mut into.starts, into.times.len(), 0, std::iter::once(start(row)));
                extend_rare(&mut into.stale, into.times.len(), false, std::iter::once(stale));
                into.times.push(time.div_euclid(NANOS_PER_MILLI));
            }
        }
    }

    fn values(&self, of: &Values) -> ValueColumns<'a> {
        match of {
            Values::Numbers(_) if self.presence => ValueColumns::Present,
            Values::Numbers(_) => ValueColumns::Numbers(self.numbers("value")),
            Values::Distributions(_) => ValueColumns::Distributions {
                counts: self.counts("count", "count_double"),
                sums: self.numbers("sum"),
                buckets: self.lists("bucket_counts"),
                doubles: self.lists("bucket_counts_double"),
                bounds: self.lists("explicit_bounds"),
                quantiles: self.lists("quantiles"),
                hints: self.hints(),
                spread: self.positions(),
                presence: self.presence,
            },
            Values::Exponential(_) => ValueColumns::Exponential(ExponentialColumns {
                counts: self.counts("count", "count_double"),
                sums: self.numbers("sum"),
                scales: self.numbers("scale"),
                zero_counts: self.counts("zero_count", "zero_count_double"),
                zero_thresholds: self.numbers("zero_threshold"),
                positive: self.side("positive_offset", "positive_counts", "positive_counts_double"),
                negative: self.side("negative_offset", "negative_counts", "negative_counts_double"),
                hints: self.hints(),
            }),
        }
    }

    fn positions(&self) -> Vec<&'a UInt32Array> {
        let columns = self.names.iter().zip(self.columns).filter(|(name, _)| is_position(name));
        columns.filter_map(|(_, column)| column.as_primitive_opt()).collect()
    }

    fn side(&self, offset: &str, whole: &str, doubles: &str) -> Side<'a> {
        Side { offsets: self.numbers(offset), whole: self.lists(whole), doubles: self.lists(doubles) }
    }
}

/// Adds what further points tell to a column that is as long as there are points, or empty while all tell the usual.
fn extend_rare<T: Copy + PartialEq>(column: &mut Vec<T>, points: usize, usual: T, more: impl Iterator<Item = T> + Clone) {
    if column.is_empty() && more.clone().all(|told| told == usual) {
        return;
    }
    column.resize(points, usual);
    column.extend(more);
}

fn value<T: ArrowPrimitiveType>(column: Option<&PrimitiveArray<T>>, row: usize) -> Option<T::Native> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// The numbers of one element of a list, without a copy.
pub fn items<T: ArrowPrimitiveType>(column: Option<&ListArray>, row: usize) -> &[T::Native] {
    let Some(lists) = column.filter(|lists| lists.is_valid(row)) else { return &[] };
    let offsets = lists.value_offsets();
    let range = offsets[row] as usize..offsets[row + 1] as usize;
    let values = lists.values().as_primitive_opt::<T>();
    values.and_then(|values| values.values().get(range)).unwrap_or_default()
}

/// What is known of a reset before a point. That there was none is known of the sender's samples, some of
/// which may not be here, so the values decide.
fn hint(column: Option<&StringArray>, row: usize) -> CounterResetHint {
    let Some(texts) = column.filter(|texts| texts.is_valid(row)) else { return CounterResetHint::Unknown };
    match luneta_model::CounterResetHint::from_text(texts.value(row)) {
        luneta_model::CounterResetHint::Reset => CounterResetHint::Reset,
        luneta_model::CounterResetHint::Gauge => CounterResetHint::Gauge,
        luneta_model::CounterResetHint::NotReset | luneta_model::CounterResetHint::Unknown => CounterResetHint::Unknown,
    }
}

/// A count that is an integer or a double.
#[derive(Clone, Copy)]
struct CountColumn<'a> {
    whole: Option<&'a UInt64Array>,
    doubles: Option<&'a Float64Array>,
}

impl CountColumn<'_> {
    fn at(self, row: usize) -> f64 {
        value(self.whole, row).map(|count| count as f64).or_else(|| value(self.doubles, row)).unwrap_or(0.0)
    }
}

/// Buckets of one sign.
#[derive(Clone, Copy)]
struct Side<'a> {
    offsets: Option<&'a Int32Array>,
    whole: Option<&'a ListArray>,
    doubles: Option<&'a ListArray>,
}

impl Side<'_> {
    /// Index and count of those that are not empty.
    fn at(self, row: usize) -> Vec<(i32, f64)> {
        let first = value::<Int32Type>(self.offsets, row).unwrap_or(0);
        let whole = items::<UInt64Type>(self.whole, row).iter().map(|count| *count as f64);
        let counts = whole.chain(items::<Float64Type>(self.doubles, row).iter().copied());
        (first..).zip(counts).filter(|(_, count)| *count != 0.0).collect()
    }
}

enum ValueColumns<'a> {
    /// Any number will do.
    Present,
    Numbers(Option<&'a Float64Array>),
    Distributions {
        counts: CountColumn<'a>,
        sums: Option<&'a Float64Array>,
        buckets: Option<&'a ListArray>,
        doubles: Option<&'a ListArray>,
        bounds: Option<&'a ListArray>,
        quantiles: Option<&'a ListArray>,
        hints: Option<&'a StringArray>,
        /// Counts of buckets by position.
        spread: Vec<&'a UInt32Array>,
        presence: bool,
    },
    Exponential(ExponentialColumns<'a>),
}

struct ExponentialColumns<'a> {
    counts: CountColumn<'a>,
    sums: Option<&'a Float64Array>,
    scales: Option<&'a Int32Array>,
    zero_counts: CountColumn<'a>,
    zero_thresholds: Option<&'a Float64Array>,
    positive: Side<'a>,
    negative: Side<'a>,
    hints: Option<&'a StringArray>,
}

impl ValueColumns<'_> {
    /// Adds the values of rows at once; false, and nothing is added, where they must be looked at one by one.
    fn extend(&self, rows: Range<usize>, layout: Option<&[f64]>, into: &mut Values) -> bool {
        match (self, into) {
            (Self::Numbers(Some(numbers)), Values::Numbers(out)) => {
                let numbers = (**numbers).slice(rows.start, rows.len());
                let whole = numbers.null_count() == 0;
                if whole {
                    out.extend_from_slice(numbers.values());
                }
                whole
            }
            (Self::Present, Values::Numbers(out)) => {
                out.resize(out.len() + rows.len(), 1.0);
                true
            }
            (Self::Distributions { counts, sums, hints, spread, presence, .. }, Values::Distributions(out)) => {
                let Some(layout) = layout else { return false };
                let needed = spread.iter().take(layout.len());
                let whole = |column: &&UInt32Array| (**column).slice(rows.start, rows.len()).null_count() == 0;
                if !presence && (needed.len() < layout.len() || !needed.clone().all(whole)) {
                    return false;
                }
                out.counts.extend(rows.clone().map(|row| counts.at(row)));
                out.sums.extend(rows.clone().map(|row| value(*sums, row)));
                out.hints.extend(rows.clone().map(|row| hint(*hints, row)));
                out.above.resize(out.above.len() + rows.len(), None);
                out.extend_items(layout, spread, rows);
                true
            }
            _ => false,
        }
    }

    /// Adds the value of a row, unless it has none.
    fn push(&self, row: usize, stale: bool, layout: Option<&[f64]>, into: &mut Values) -> bool {
        match (self, into) {
            (Self::Numbers(numbers), Values::Numbers(out)) => {
                let number = if stale { Some(0.0) } else { value(*numbers, row) };
                out.extend(number);
                number.is_some()
            }
            (Self::Present, Values::Numbers(out)) => {
                out.push(1.0);
                true
            }
            (
                Self::Distributions { counts, sums, buckets, doubles, bounds, quantiles, hints, spread, .. },
                Values::Distributions(out),
            ) => {
                out.counts.push(counts.at(row));
                out.sums.push(value(*sums, row));
                out.hints.push(hint(*hints, row));
                if let Some(pairs) = quantiles {
                    push_quantiles(pairs, row, out);
                } else if let Some(layout) = layout {
                    let counts = spread.iter().map_while(|column| value(Some(*column), row));
                    out.push_items(layout, counts.map(f64::from));
                } else {
                    let (bounds, counts) = (items::<Float64Type>(*bounds, row), items::<UInt64Type>(*buckets, row));
                    // The bucket above all bounds is the count.
                    let whole = counts.iter().take(bounds.len()).map(|count| *count as f64);
                    let doubles = items::<Float64Type>(*doubles, row);
                    out.push_items(bounds, whole.chain(doubles.iter().copied()));
                    out.above.push(doubles.get(bounds.len()).copied());
                    return true;
                }
                out.above.push(None);
                true
            }
            (Self::Exponential(columns), Values::Exponential(out)) => {
                out.push(columns.at(row));
                true
            }
            _ => false,
        }
    }
}

fn push_quantiles(lists: &ListArray, row: usize, out: &mut Distributions) {
    let of = |column: usize| -> Vec<f64> {
        if lists.is_null(row) {
            return Vec::new();
        }
        let pairs = lists.value(row);
        let column = pairs.as_any().downcast_ref::<StructArray>().map(|pairs| Arc::clone(pairs.column(column)));
        column.and_then(|column| Some(column.as_primitive_opt::<Float64Type>()?.values().to_vec())).unwrap_or_default()
    };
    out.push_items(&of(0), of(1).into_iter());
}

impl ExponentialColumns<'_> {
    fn at(&self, row: usize) -> Exponential {
        Exponential {
            scale: value(self.scales, row).unwrap_or(0),
            count: self.counts.at(row),
            sum: value(self.sums, row).unwrap_or(0.0),
            zero_count: self.zero_counts.at(row),
            zero_threshold: value(self.zero_thresholds, row).unwrap_or(0.0),
            positive: self.positive.at(row),
            negative: self.negative.at(row),
            hint: hint(self.hints, row),
        }
    }
}
