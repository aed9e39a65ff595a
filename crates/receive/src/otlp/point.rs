//! The five kinds of data points, read into one reusable form.

use luneta_model::Number;

use crate::wire::{Field, Message, Walk, Within as _};

/// `DataPointFlags::NO_RECORDED_VALUE`: the series ended here.
const NO_RECORDED_VALUE: u32 = 1;

/// What a metric's points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PointKind {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl PointKind {
    /// The kind behind a field of `Metric`.
    pub(super) const fn from_field(number: u32) -> Option<Self> {
        match number {
            5 => Some(PointKind::Gauge),
            7 => Some(PointKind::Sum),
            9 => Some(PointKind::Histogram),
            10 => Some(PointKind::ExponentialHistogram),
            11 => Some(PointKind::Summary),
            _ => None,
        }
    }

    pub(super) const fn field_name(self) -> &'static str {
        match self {
            PointKind::Gauge => "gauge",
            PointKind::Sum => "sum",
            PointKind::Histogram => "histogram",
            PointKind::ExponentialHistogram => "exponential_histogram",
            PointKind::Summary => "summary",
        }
    }

    pub(super) const fn attributes_field(self) -> u32 {
        match self {
            PointKind::Gauge | PointKind::Sum | PointKind::Summary => 7,
            PointKind::Histogram => 9,
            PointKind::ExponentialHistogram => 1,
        }
    }

    pub(super) const fn exemplars_field(self) -> Option<u32> {
        match self {
            PointKind::Gauge | PointKind::Sum => Some(5),
            PointKind::Histogram => Some(8),
            PointKind::ExponentialHistogram => Some(11),
            PointKind::Summary => None,
        }
    }
}

/// A data point of any kind; only the fields of its kind are set.
#[derive(Debug, Default)]
pub(super) struct Point {
    pub(super) time: u64,
    pub(super) start_time: u64,
    pub(super) flags: u32,
    pub(super) number: Option<Number>,
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// Bucket counts of a histogram too.
    pub(super) positive: Vec<u64>,
    pub(super) positive_offset: i32,
    pub(super) negative: Vec<u64>,
    pub(super) negative_offset: i32,
    pub(super) bounds: Vec<f64>,
    pub(super) scale: i32,
    pub(super) zero_count: u64,
    pub(super) zero_threshold: f64,
    pub(super) quantiles: Vec<(f64, f64)>,
}

impl Point {
    /// Reads all but attributes and exemplars.
    pub(super) fn read(&mut self, kind: PointKind, mut message: Message<'_>) -> Walk<()> {
        self.clear();
        while let Some(field) = message.next()? {
            match (kind, field.number) {
                (_, 2) => self.start_time = field.fixed64().within("start_time_unix_nano")?,
                (_, 3) => self.time = field.fixed64().within("time_unix_nano")?,
                (PointKind::Gauge | PointKind::Sum, _) => self.number_field(field)?,
                (_, 4) => self.count = field.fixed64().within("count")?,
                (_, 5) => self.sum = Some(field.double().within("sum")?),
                (PointKind::Histogram, _) => self.histogram_field(field)?,
                (PointKind::ExponentialHistogram, _) => self.exponential_field(field)?,
                (PointKind::Summary, _) => self.summary_field(field)?,
            }
        }
        if self.flags & NO_RECORDED_VALUE != 0 {
            self.number = None;
        }
        Ok(())
    }

    fn clear(&mut self) {
        let Point { mut positive, mut negative, mut bounds, mut quantiles, .. } = std::mem::take(self);
        positive.clear();
        negative.clear();
        bounds.clear();
        quantiles.clear();
        *self = Point { positive, negative, bounds, quantiles, ..Point::default() };
    }

    fn number_field(&mut self, field: Field<'_>) -> Walk<()> {
        match field.number {
            4 => self.number = Some(Number::Double(field.double().within("as_double")?)),
            6 => self.number = Some(Number::Int(field.fixed64().within("as_int")? as i64)),
            8 => self.flags = field.varint().within("flags")? as u32,
            _ => {}
        }
        Ok(())
    }

    fn histogram_field(&mut self, field: Field<'_>) -> Walk<()> {
        let counts = &mut self.positive;
        let bounds = &mut self.bounds;
        match field.number {
            6 => field.repeated_fixed64(|bits| counts.push(bits)).within("bucket_counts")?,
            7 => field.repeated_fixed64(|bits| bounds.push(f64::from_bits(bits))).within("explicit_bounds")?,
            10 => self.flags = field.varint().within("flags")? as u32,
            11 => self.min = Some(field.double().within("min")?),
            12 => self.max = Some(field.double().within("max")?),
            _ => {}
        }
        Ok(())
    }

    fn exponential_field(&mut self, field: Field<'_>) -> Walk<()> {
        match field.number {
            6 => self.scale = field.sint32().within("scale")?,
            7 => self.zero_count = field.fixed64().within("zero_count")?,
            8 => read_buckets(field, &mut self.positive_offset, &mut self.positive).within("positive")?,
            9 => read_buckets(field, &mut self.negative_offset, &mut self.negative).within("negative")?,
            10 => self.flags = field.varint().within("flags")? as u32,
            12 => self.min = Some(field.double().within("min")?),
            13 => self.max = Some(field.double().within("max")?),
            14 => self.zero_threshold = field.double().within("zero_threshold")?,
            _ => {}
        }
        Ok(())
    }

    fn summary_field(&mut self, field: Field<'_>) -> Walk<()> {
        match field.number {
            6 => {
                let pair = read_quantile(field.message().within("quantile_values")?).within("quantile_values")?;
                self.quantiles.push(pair);
            }
            8 => self.flags = field.varint().within("flags")? as u32,
            _ => {}
        }
        Ok(())
    }
}

fn read_buckets(field: Field<'_>, offset: &mut i32, counts: &mut Vec<u64>) -> Walk<()> {
    let mut message = field.message()?;
    while let Some(field) = message.next()? {
        match field.number {
            1 => *offset = field.sint32().within("offset")?,
            2 => field.repeated_varint(|count| counts.push(count)).within("bucket_counts")?,
            _ => {}
        }
    }
    Ok(())
}

fn read_quantile(mut message: Message<'_>) -> Walk<(f64, f64)> {
    let mut pair = (0.0, 0.0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => pair.0 = field.double().within("quantile")?,
            2 => pair.1 = field.double().within("value")?,
            _ => {}
        }
    }
    Ok(pair)
}
