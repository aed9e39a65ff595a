//! Points of one series, column by column, as they were sent.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float64Array, Int32Array, ListArray, PrimitiveArray, StringArray, StructArray,
    UInt64Array,
};
use arrow::datatypes::{Float64Type, Int32Type, TimestampNanosecondType, UInt32Type, UInt64Type};

use luneta_promql::CounterResetHint;

use super::exponential::Exponential;
use super::identity::{Kind, Part};

/// Bit of `flags`: the series has ended.
const NO_RECORDED_VALUE: u32 = 1;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// Points in the order in which they were read.
#[derive(Debug)]
pub struct Points {
    /// Milliseconds since 1970.
    pub times: Vec<i64>,
    /// When counting began, milliseconds since 1970; 0 where it is not known.
    pub starts: Vec<i64>,
    /// Whether the point says that the series has ended.
    pub stale: Vec<bool>,
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
    /// Where the items of a point begin; those of the next follow.
    pub offsets: Vec<usize>,
    /// Counts of buckets (each by itself), or values of quantiles. Of whole counts that above all bounds is
    /// left out: the count tells it.
    pub items: Vec<f64>,
    /// What is known of resets.
    pub hints: Vec<CounterResetHint>,
}

impl Distributions {
    /// The items of a point.
    pub fn items(&self, at: usize) -> &[f64] {
        let end = self.offsets.get(at + 1).copied().unwrap_or(self.items.len());
        self.offsets.get(at).and_then(|start| self.items.get(*start..end)).unwrap_or_default()
    }

    fn push_items(&mut self, layout: &[f64], items: impl Iterator<Item = f64>) {
        let known = self.layout.last().copied().filter(|at| *self.layouts[*at] == *layout);
        let known = known.or_else(|| self.layouts.iter().position(|known| **known == *layout));
        let at = known.unwrap_or_else(|| {
            self.layouts.push(layout.into());
            self.layouts.len() - 1
        });
        self.layout.push(at);
        self.offsets.push(self.items.len());
        self.items.extend(items);
    }
}

impl Points {
    /// None of a kind.
    pub fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Number => Values::Numbers(Vec::new()),
            Kind::Histogram | Kind::Summary => Values::Distributions(Distributions::default()),
            Kind::Exponential => Values::Exponential(Vec::new()),
        };
        Self { times: Vec::new(), starts: Vec::new(), stale: Vec::new(), values }
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

/// The logical columns that points of a kind are read from, for some parts of them.
pub fn columns(kind: Kind, parts: &[Part]) -> Vec<&'static str> {
    let mut out = vec!["time", "start_time", "flags"];
    out.extend(match kind {
        Kind::Number => ["value"].as_slice(),
        Kind::Histogram if parts.contains(&Part::Native) => {
            &["count", "sum", "bucket_counts", "explicit_bounds", "counter_reset_hint", "count_double", "bucket_counts_double"]
        }
        Kind::Histogram if parts.contains(&Part::Bucket) => &["count", "sum", "bucket_counts", "explicit_bounds"],
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
    out
}

/// Rows in the columns of [`columns`].
#[derive(Debug)]
pub struct Rows<'a> {
    names: &'a [&'static str],
    columns: &'a [ArrayRef],
}

impl<'a> Rows<'a> {
    /// The columns, and their names.
    pub fn new(names: &'a [&'static str], columns: &'a [ArrayRef]) -> Self {
        Self { names, columns }
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

    /// Adds those of the rows `from..to` to `into` whose time (milliseconds) is wanted.
    pub fn add(&self, from: usize, to: usize, wanted: impl Fn(i64) -> bool, into: &mut Points) {
        let Some(times) = self.numbers::<TimestampNanosecondType>("time") else { return };
        let starts = self.numbers::<TimestampNanosecondType>("start_time");
        let flags = self.numbers::<UInt32Type>("flags");
        let values = self.values(&into.values);
        for row in from..to {
            let time = times.value(row).div_euclid(NANOS_PER_MILLI);
            let stale = value(flags, row).unwrap_or(0) & NO_RECORDED_VALUE != 0;
            if wanted(time) && values.push(row, stale, &mut into.values) {
                into.times.push(time);
                into.starts.push(value(starts, row).map_or(0, |start| start.div_euclid(NANOS_PER_MILLI)));
                into.stale.push(stale);
            }
        }
    }

    fn values(&self, of: &Values) -> ValueColumns<'a> {
        match of {
            Values::Numbers(_) => ValueColumns::Numbers(self.numbers("value")),
            Values::Distributions(_) => ValueColumns::Distributions {
                counts: self.counts("count", "count_double"),
                sums: self.numbers("sum"),
                buckets: self.lists("bucket_counts"),
                doubles: self.lists("bucket_counts_double"),
                bounds: self.lists("explicit_bounds"),
                quantiles: self.lists("quantiles"),
                hints: self.hints(),
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

    fn side(&self, offset: &str, whole: &str, doubles: &str) -> Side<'a> {
        Side { offsets: self.numbers(offset), whole: self.lists(whole), doubles: self.lists(doubles) }
    }
}

fn value<T: ArrowPrimitiveType>(column: Option<&PrimitiveArray<T>>, row: usize) -> Option<T::Native> {
    column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// The numbers of one element of a list, without a copy.
fn items<T: ArrowPrimitiveType>(column: Option<&ListArray>, row: usize) -> &[T::Native] {
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
    Numbers(Option<&'a Float64Array>),
    Distributions {
        counts: CountColumn<'a>,
        sums: Option<&'a Float64Array>,
        buckets: Option<&'a ListArray>,
        doubles: Option<&'a ListArray>,
        bounds: Option<&'a ListArray>,
        quantiles: Option<&'a ListArray>,
        hints: Option<&'a StringArray>,
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
    /// Adds the value of a row, unless it has none.
    fn push(&self, row: usize, stale: bool, into: &mut Values) -> bool {
        match (self, into) {
            (Self::Numbers(numbers), Values::Numbers(out)) => {
                let number = if stale { Some(0.0) } else { value(*numbers, row) };
                out.extend(number);
                number.is_some()
            }
            (Self::Distributions { counts, sums, buckets, doubles, bounds, quantiles, hints }, Values::Distributions(out)) => {
                out.counts.push(counts.at(row));
                out.sums.push(value(*sums, row));
                out.hints.push(hint(*hints, row));
                if let Some(pairs) = quantiles {
                    push_quantiles(pairs, row, out);
                } else {
                    let (bounds, counts) = (items::<Float64Type>(*bounds, row), items::<UInt64Type>(*buckets, row));
                    // The bucket above all bounds is the count.
                    let whole = counts.iter().take(bounds.len()).map(|count| *count as f64);
                    out.push_items(bounds, whole.chain(items::<Float64Type>(*doubles, row).iter().copied()));
                }
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
