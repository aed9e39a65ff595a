//! [`NativeHistogram`]: sparse buckets of Prometheus as the dense ones of OpenTelemetry.

use luneta_model::{CounterResetHint, PointValue};

/// The schema whose buckets have bounds of their own.
const CUSTOM_SCHEMA: i32 = -53;
/// Buckets of one side, gaps between them included.
const BUCKETS_MAX: usize = 16 * 1024;
/// The largest whole count that a double can tell from its neighbours.
pub(super) const FLOAT_COUNT_MAX: f64 = 9_007_199_254_740_992.0;

/// Why a histogram is refused, while others of the request are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HistogramFault {
    #[error("the schema {0} is none of -4 to 8 and -53")]
    Schema(i32),
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
    pub(crate) hint: CounterResetHint,
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
            hint: CounterResetHint::Unknown,
            custom_bounds: Vec::new(),
        }
    }
}

/// Buckets of one sign, without gaps.
#[derive(Debug, Clone, Default, PartialEq)]
struct Dense<T> {
    /// Index of the first, as OpenTelemetry counts.
    offset: i32,
    counts: Vec<T>,
}

/// Counts as they are stored: whole ones where all of a histogram are.
#[derive(Debug, Clone, Default, PartialEq)]
struct Counts<T> {
    count: T,
    zero_count: T,
    positive: Dense<T>,
    negative: Dense<T>,
}

/// A native histogram as it is stored. Made from a [`SparseHistogram`]; kept for its buffers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NativeHistogram {
    pub(crate) sum: f64,
    pub(crate) hint: CounterResetHint,
    schema: i32,
    zero_threshold: f64,
    /// Whether `whole` has the counts; else `doubles` has them.
    is_whole: bool,
    whole: Counts<u64>,
    doubles: Counts<f64>,
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
        (self.sum, self.hint, self.schema, self.zero_threshold) = (from.sum, from.hint, from.schema, from.zero_threshold);
        self.bounds.clear();
        if custom {
            check_custom(from)?;
            self.bounds.extend_from_slice(&from.custom_bounds);
        }
        let bounds = custom.then_some(from.custom_bounds.len());
        self.is_whole = from.is_whole();
        if !self.is_whole {
            return self.doubles.read(from, bounds);
        }
        self.whole.read(from, bounds)?;
        // Sums of doubles depend on their order, so those of float histograms prove nothing.
        if matches!(from.count, Count::Int(_)) { self.check_count() } else { Ok(()) }
    }

    /// Observations that are not a number are counted and in no bucket.
    fn check_count(&self) -> Result<(), HistogramFault> {
        let Counts { count, zero_count, positive, negative } = &self.whole;
        let counts = positive.counts.iter().chain(&negative.counts);
        let buckets = counts.fold(*zero_count, |sum, count| sum.saturating_add(*count));
        let agrees = if self.sum.is_nan() { buckets <= *count } else { buckets == *count };
        if agrees { Ok(()) } else { Err(HistogramFault::Count { buckets, count: *count }) }
    }

    /// Whether the buckets have bounds of their own.
    pub(crate) fn is_custom(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// Bytes the buckets take.
    pub(crate) fn bytes(&self) -> usize {
        let buckets = if self.is_whole { self.whole.len() } else { self.doubles.len() };
        8 * (buckets + self.bounds.len())
    }

    /// The value of a row.
    pub(crate) fn point(&self) -> PointValue<'_> {
        if self.is_whole { self.whole_point() } else { self.double_point() }
    }

    fn whole_point(&self) -> PointValue<'_> {
        let Counts { count, zero_count, positive, negative } = &self.whole;
        if self.is_custom() {
            return PointValue::Histogram {
                count: *count,
                sum: Some(self.sum),
                min: None,
                max: None,
                bucket_counts: &positive.counts,
                explicit_bounds: &self.bounds,
            };
        }
        PointValue::ExponentialHistogram {
            count: *count,
            sum: Some(self.sum),
            min: None,
            max: None,
            scale: self.schema,
            zero_count: *zero_count,
            zero_threshold: self.zero_threshold,
            positive: (positive.offset, &positive.counts),
            negative: (negative.offset, &negative.counts),
        }
    }

    fn double_point(&self) -> PointValue<'_> {
        let Counts { count, zero_count, positive, negative } = &self.doubles;
        if self.is_custom() {
            return PointValue::DoubleHistogram {
                count: *count,
                sum: self.sum,
                bucket_counts: &positive.counts,
                explicit_bounds: &self.bounds,
            };
        }
        PointValue::DoubleExponentialHistogram {
            count: *count,
            sum: self.sum,
            scale: self.schema,
            zero_count: *zero_count,
            zero_threshold: self.zero_threshold,
            positive: (positive.offset, &positive.counts),
            negative: (negative.offset, &negative.counts),
        }
    }
}

/// What a histogram with bounds of its own must be.
fn check_custom(from: &SparseHistogram) -> Result<(), HistogramFault> {
    if f64::of(from.zero_count) != 0.0 || !from.negative.spans.is_empty() {
        return Err(HistogramFault::CustomSides);
    }
    let rising = from.custom_bounds.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || from.custom_bounds.iter().any(|bound| !bound.is_finite()) {
        return Err(HistogramFault::Bounds);
    }
    if from.custom_bounds.len() >= BUCKETS_MAX {
        return Err(HistogramFault::TooManyBuckets);
    }
    Ok(())
}

impl<T: Stored> Counts<T> {
    /// `bounds` is how many a histogram has of its own.
    fn read(&mut self, from: &SparseHistogram, bounds: Option<usize>) -> Result<(), HistogramFault> {
        (self.count, self.zero_count) = (T::of(from.count), T::of(from.zero_count));
        let Some(bounds) = bounds else {
            self.positive.read(&from.positive, -1)?;
            return self.negative.read(&from.negative, -1);
        };
        self.negative.counts.clear();
        self.positive.read(&from.positive, 0)?;
        self.positive.fill(bounds + 1)
    }

    fn len(&self) -> usize {
        self.positive.counts.len() + self.negative.counts.len()
    }
}

impl<T: Stored> Dense<T> {
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
        let mut counts = from.counts().map(|count| count.map(T::of));
        for (i, span) in from.spans.iter().enumerate() {
            if i > 0 {
                let gap = usize::try_from(span.offset).map_err(|_| HistogramFault::SpanOutOfRange)?;
                self.grow(gap, std::iter::repeat(Ok(T::default())))?;
            }
            self.grow(span.length as usize, &mut counts)?;
        }
        Ok(())
    }

    fn grow(&mut self, by: usize, counts: impl Iterator<Item = Result<T, HistogramFault>>) -> Result<(), HistogramFault> {
        if by > BUCKETS_MAX - self.counts.len().min(BUCKETS_MAX) {
            return Err(HistogramFault::TooManyBuckets);
        }
        for count in counts.take(by) {
            self.counts.push(count?);
        }
        Ok(())
    }

    /// Adds those that are missing in front and behind, where all of a number of buckets are stored.
    fn fill(&mut self, buckets: usize) -> Result<(), HistogramFault> {
        let end = i64::from(self.offset) + self.counts.len() as i64;
        if self.offset < 0 || end > buckets as i64 {
            return Err(HistogramFault::SpanOutOfRange);
        }
        let missing = self.offset as usize;
        self.counts.splice(0..0, std::iter::repeat_n(T::default(), missing));
        self.counts.resize(buckets, T::default());
        self.offset = 0;
        Ok(())
    }
}

/// The type of stored counts.
trait Stored: Copy + Default {
    fn of(count: Count) -> Self;
}

impl Stored for u64 {
    /// Only whole counts are read as such.
    fn of(count: Count) -> Self {
        match count {
            Count::Int(count) => count,
            Count::Float(count) => count as u64,
        }
    }
}

impl Stored for f64 {
    fn of(count: Count) -> Self {
        match count {
            Count::Int(count) => count as f64,
            Count::Float(count) => count,
        }
    }
}

impl SparseHistogram {
    /// Whether integers say the same.
    fn is_whole(&self) -> bool {
        let buckets = self.positive.counts.iter().chain(&self.negative.counts);
        let single = [self.count, self.zero_count].into_iter();
        single.chain(buckets.map(|count| Count::Float(*count))).all(Count::is_whole)
    }
}

impl Count {
    fn is_whole(self) -> bool {
        match self {
            Count::Int(_) => true,
            // An integer has no negative zero.
            Count::Float(count) => (0.0..=FLOAT_COUNT_MAX).contains(&count) && (count as u64 as f64).to_bits() == count.to_bits(),
        }
    }
}

impl Sparse {
    /// The counts of the buckets, in order.
    fn counts(&self) -> impl Iterator<Item = Result<Count, HistogramFault>> {
        let mut last = 0i64;
        let deltas = self.deltas.iter().map(move |delta| {
            last = last.checked_add(*delta).ok_or(HistogramFault::NegativeCount)?;
            u64::try_from(last).map(Count::Int).map_err(|_| HistogramFault::NegativeCount)
        });
        let checked = |count: &f64| if *count < 0.0 { Err(HistogramFault::NegativeCount) } else { Ok(Count::Float(*count)) };
        deltas.chain(self.counts.iter().map(checked))
    }
}
