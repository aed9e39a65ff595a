//! Points of one series, column by column, as they were sent.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float64Array, Int32Array, ListArray, PrimitiveArray, StructArray, UInt64Array,
};
use arrow::datatypes::{Float64Type, Int32Type, TimestampNanosecondType, UInt32Type, UInt64Type};

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
    /// Counts of buckets (each by itself, that above all bounds left out), or values of quantiles.
    pub items: Vec<f64>,
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
        Kind::Histogram if parts.contains(&Part::Bucket) || parts.contains(&Part::Native) => {
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
                counts: self.numbers("count"),
                sums: self.numbers("sum"),
                buckets: self.column("bucket_counts").and_then(|column| column.as_list_opt::<i32>()),
                bounds: self.column("explicit_bounds").and_then(|column| column.as_list_opt::<i32>()),
                quantiles: self.column("quantiles").and_then(|column| column.as_list_opt::<i32>()),
            },
            Values::Exponential(_) => ValueColumns::Exponential(ExponentialColumns {
                counts: self.numbers("count"),
                sums: self.numbers("sum"),
                scales: self.numbers("scale"),
                zeros: (self.numbers("zero_count"), self.numbers("zero_threshold")),
                positive: self.side("positive_offset", "positive_counts"),
                negative: self.side("negative_offset", "negative_counts"),
            }),
        }
    }

    fn side(&self, offset: &str, counts: &str) -> Side<'a> {
        (self.numbers(offset), self.column(counts).and_then(|column| column.as_list_opt::<i32>()))
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

type Side<'a> = (Option<&'a Int32Array>, Option<&'a ListArray>);

enum ValueColumns<'a> {
    Numbers(Option<&'a Float64Array>),
    Distributions {
        counts: Option<&'a UInt64Array>,
        sums: Option<&'a Float64Array>,
        buckets: Option<&'a ListArray>,
        bounds: Option<&'a ListArray>,
        quantiles: Option<&'a ListArray>,
    },
    Exponential(ExponentialColumns<'a>),
}

struct ExponentialColumns<'a> {
    counts: Option<&'a UInt64Array>,
    sums: Option<&'a Float64Array>,
    scales: Option<&'a Int32Array>,
    zeros: (Option<&'a UInt64Array>, Option<&'a Float64Array>),
    positive: Side<'a>,
    negative: Side<'a>,
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
            (Self::Distributions { counts, sums, buckets, bounds, quantiles }, Values::Distributions(out)) => {
                out.counts.push(value(*counts, row).unwrap_or(0) as f64);
                out.sums.push(value(*sums, row));
                if let Some(pairs) = quantiles {
                    push_quantiles(pairs, row, out);
                } else {
                    let (bounds, counts) = (items::<Float64Type>(*bounds, row), items::<UInt64Type>(*buckets, row));
                    // The bucket above all bounds is the count.
                    out.push_items(bounds, counts.iter().take(bounds.len()).map(|count| *count as f64));
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
        let side = |(offsets, counts): Side<'_>| {
            let first = value::<Int32Type>(offsets, row).unwrap_or(0);
            let counts = items::<UInt64Type>(counts, row).iter().zip(first..);
            counts.filter(|(count, _)| **count != 0).map(|(count, index)| (index, *count as f64)).collect()
        };
        Exponential {
            scale: value(self.scales, row).unwrap_or(0),
            count: value(self.counts, row).unwrap_or(0) as f64,
            sum: value(self.sums, row).unwrap_or(0.0),
            zero_count: value(self.zeros.0, row).unwrap_or(0) as f64,
            zero_threshold: value(self.zeros.1, row).unwrap_or(0.0),
            positive: side(self.positive),
            negative: side(self.negative),
        }
    }
}
