//! [`NativeHistogram`]: sparse buckets of Prometheus as the dense ones of OpenTelemetry.

use luneta_model::PointValue;

/// The schema whose buckets have bounds of their own.
const CUSTOM_SCHEMA: i32 = -53;
/// Buckets of one side, gaps between them included.
const BUCKETS_MAX: usize = 16 * 1024;
/// The largest count that a double can tell from its neighbours.
const FLOAT_COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// Why a histogram is refused, while others of the request are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HistogramFault {
    #[error("the schema {0} is none of -4 to 8 and -53")]
    Schema(i32),
    #[error("a count of the float histogram is no whole number from 0 to 2^53, which is all that is stored")]
    FloatCount,
    #[error("a bucket has a negative count")]
    NegativeCount,
    #[error("the spans stand for {spans} buckets, {counts} are given")]
    Spans { spans: u64, counts: usize },
    #[error("the buckets span more than {BUCKETS_MAX}, gaps included")]
    TooManyBuckets,
    #[error("a span reaches beyond the buckets that there can be")]
    SpanOutOfRange,
    #[error("the buckets hold {buckets} observations, the histogram {count}")]
    Count { buckets: u64, count: u64 },
    #[error("the bounds of the buckets are not finite and rising")]
    Bounds,
    #[error("buckets with bounds of their own go together with zero or negative buckets")]
    CustomSides,
    #[error("the threshold of the zero bucket is negative or no number")]
    ZeroThreshold,
}

/// A number of neighbouring buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The gap to the span before; the index of the first bucket, for the first span.
    pub(crate) offset: i32,
    /// How many buckets.
    pub(crate) length: u32,
}

/// Sparse buckets of one sign. Integer histograms have `deltas`, float histograms `counts`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sparse {
    pub(crate) spans: Vec<Span>,
    /// The difference of each count to the one before.
    pub(crate) deltas: Vec<i64>,
    /// Counts themselves.
    pub(crate) counts: Vec<f64>,
}

/// A count of an integer histogram or of a float histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Count {
    Int(u64),
    Float(f64),
}

/// A native histogram as it travels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SparseHistogram {
    pub(crate) count: Count,
    pub(crate) sum: f64,
    pub(crate) schema: i32,
    pub(crate) zero_threshold: f64,
    pub(crate) zero_count: Count,
    pub(crate) negative: Sparse,
    pub(crate) positive: Sparse,
    /// Counts may go down.
    pub(crate) gauge: bool,
    /// Upper bounds of buckets, with the schema that has them.
    pub(crate) custom_bounds: Vec<f64>,
}

impl Default for SparseHistogram {
    fn default() -> Self {
        Self {
            count: Count::Int(0),
            sum: 0.0,
            schema: 0,
            zero_threshold: 0.0,
            zero_count: Count::Int(0),
            negative: Sparse::default(),
            positive: Sparse::default(),
            gauge: false,
            custom_bounds: Vec::new(),
        }
    }
}

/// Buckets of one sign, without gaps.
#[derive(Debug, Clone, Default, PartialEq)]
struct Dense {
    /// Index of the first, as OpenTelemetry counts.
    offset: i32,
    counts: Vec<u64>,
}

/// A native histogram as it is stored. Made from a [`SparseHistogram`]; kept for its buffers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NativeHistogram {
    pub(crate) sum: f64,
    pub(crate) gauge: bool,
    count: u64,
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    positive: Dense,
    negative: Dense,
    bounds: Vec<f64>,
}

impl NativeHistogram {
    /// Takes what a sparse histogram says.
    pub(crate) fn read(&mut self, from: &SparseHistogram) -> Result<(), HistogramFault> {
        let custom = from.schema == CUSTOM_SCHEMA;
        if !custom && !(-4..=8).contains(&from.schema) {
            return Err(HistogramFault::Schema(from.schema));
        }
        if from.zero_threshold.is_nan() || from.zero_threshold < 0.0 {
            return Err(HistogramFault::ZeroThreshold);
        }
        (self.sum, self.gauge, self.schema, self.zero_threshold) = (from.sum, from.gauge, from.schema, from.zero_threshold);
        (self.count, self.zero_count) = (whole(from.count)?, whole(from.zero_count)?);
        self.bounds.clear();
        if custom {
            self.read_custom(from)?;
        } else {
            self.positive.read(&from.positive, -1)?;
            self.negative.read(&from.negative, -1)?;
        }
        self.check_count()
    }

    fn read_custom(&mut self, from: &SparseHistogram) -> Result<(), HistogramFault> {
        if self.zero_count > 0 || !from.negative.spans.is_empty() {
            return Err(HistogramFault::CustomSides);
        }
        let rising = from.custom_bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if !rising || from.custom_bounds.iter().any(|bound| !bound.is_finite()) {
            return Err(HistogramFault::Bounds);
        }
        if from.custom_bounds.len() >= BUCKETS_MAX {
            return Err(HistogramFault::TooManyBuckets);
        }
        self.bounds.extend_from_slice(&from.custom_bounds);
        self.negative.counts.clear();
        self.positive.read(&from.positive, 0)?;
        let buckets = self.bounds.len() + 1;
        let end = i64::from(self.positive.offset) + self.positive.counts.len() as i64;
        if self.positive.offset < 0 || end > buckets as i64 {
            return Err(HistogramFault::SpanOutOfRange);
        }
        // All buckets are stored, so those in front and behind are filled in.
        let missing = self.positive.offset as usize;
        self.positive.counts.splice(0..0, std::iter::repeat_n(0, missing));
        self.positive.counts.resize(buckets, 0);
        self.positive.offset = 0;
        Ok(())
    }

    /// Observations that are not a number are counted and in no bucket.
    fn check_count(&self) -> Result<(), HistogramFault> {
        let counts = self.positive.counts.iter().chain(&self.negative.counts);
        let buckets = counts.fold(self.zero_count, |sum, count| sum.saturating_add(*count));
        let agrees = if self.sum.is_nan() { buckets <= self.count } else { buckets == self.count };
        if agrees { Ok(()) } else { Err(HistogramFault::Count { buckets, count: self.count }) }
    }

    /// Whether the buckets have bounds of their own.
    pub(crate) fn is_custom(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// Bytes the buckets take.
    pub(crate) fn bytes(&self) -> usize {
        8 * (self.positive.counts.len() + self.negative.counts.len() + self.bounds.len())
    }

    /// The value of a row.
    pub(crate) fn point(&self) -> PointValue<'_> {
        if self.is_custom() {
            return PointValue::Histogram {
                count: self.count,
                sum: Some(self.sum),
                min: None,
                max: None,
                bucket_counts: &self.positive.counts,
                explicit_bounds: &self.bounds,
            };
        }
        PointValue::ExponentialHistogram {
            count: self.count,
            sum: Some(self.sum),
            min: None,
            max: None,
            scale: self.schema,
            zero_count: self.zero_count,
            zero_threshold: self.zero_threshold,
            positive: (self.positive.offset, &self.positive.counts),
            negative: (self.negative.offset, &self.negative.counts),
        }
    }
}

impl Dense {
    /// Fills the gaps between spans. `shift` is what the index of OpenTelemetry has over that of
    /// Prometheus.
    fn read(&mut self, from: &Sparse, shift: i32) -> Result<(), HistogramFault> {
        self.counts.clear();
        let spans: u64 = from.spans.iter().map(|span| u64::from(span.length)).sum();
        let given = from.deltas.len().max(from.counts.len());
        if spans != given as u64 {
            return Err(HistogramFault::Spans { spans, counts: given });
        }
        let first = from.spans.first().map_or(Some(0), |span| span.offset.checked_add(shift));
        self.offset = first.ok_or(HistogramFault::SpanOutOfRange)?;
        let mut counts = from.counts();
        for (i, span) in from.spans.iter().enumerate() {
            if i > 0 {
                let gap = usize::try_from(span.offset).map_err(|_| HistogramFault::SpanOutOfRange)?;
                self.grow(gap, std::iter::repeat(Ok(0)))?;
            }
            self.grow(span.length as usize, &mut counts)?;
        }
        Ok(())
    }

    fn grow(&mut self, by: usize, counts: impl Iterator<Item = Result<u64, HistogramFault>>) -> Result<(), HistogramFault> {
        if by > BUCKETS_MAX - self.counts.len().min(BUCKETS_MAX) {
            return Err(HistogramFault::TooManyBuckets);
        }
        for count in counts.take(by) {
            self.counts.push(count?);
        }
        Ok(())
    }
}

impl Sparse {
    /// The counts of the buckets, in order.
    fn counts(&self) -> impl Iterator<Item = Result<u64, HistogramFault>> {
        let mut last = 0i64;
        let deltas = self.deltas.iter().map(move |delta| {
            last = last.checked_add(*delta).ok_or(HistogramFault::NegativeCount)?;
            u64::try_from(last).map_err(|_| HistogramFault::NegativeCount)
        });
        deltas.chain(self.counts.iter().map(|count| whole(Count::Float(*count))))
    }
}

fn whole(count: Count) -> Result<u64, HistogramFault> {
    match count {
        Count::Int(count) => Ok(count),
        Count::Float(count) if (0.0..=FLOAT_COUNT_MAX).contains(&count) && count.fract() == 0.0 => Ok(count as u64),
        Count::Float(_) => Err(HistogramFault::FloatCount),
    }
}
