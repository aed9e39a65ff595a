//! [`Writer`]: what both versions of remote write do with a series, once it is read.

use std::fmt::Write as _;

use luneta_model::{Limits, Tenant};

use super::last::{ByKey, LastSample};
use super::memory::Memory;
use super::native::{HistogramFault, NativeHistogram, SparseHistogram};
use super::rows::{Description, Label, Series, SeriesRows, nanos, show};
use crate::wire::Walk;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Refused series and samples that are told of one by one.
const TOLD_MAX: usize = 5;
/// Bytes of one of them.
const TOLD_BYTES_MAX: usize = 512;

/// What became of a request, besides its rows.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Samples taken, those included that were stored before.
    pub(crate) samples: u64,
    /// Native histograms taken.
    pub(crate) histograms: u64,
    /// Exemplars taken.
    pub(crate) exemplars: u64,
    /// What was left out.
    pub(crate) refused: Refused,
    /// The last sample of each series, to be remembered once they are stored.
    pub(crate) last: ByKey<LastSample>,
}

/// What was left out of a request of which the rest was kept.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    items: u64,
    series: u64,
    told: Vec<String>,
}

impl Refused {
    fn add(&mut self, items: u64, labels: &[Label<'_>], why: &dyn std::fmt::Display) {
        self.items += items;
        self.series += 1;
        if self.told.len() < TOLD_MAX {
            let text = format!("{}: {why}", show(labels));
            self.told.push(Limits::cut(&text, TOLD_BYTES_MAX).to_owned());
        }
    }

    /// For the sender; `None` when all was kept.
    pub(crate) fn message(&self) -> Option<String> {
        if self.series == 0 {
            return None;
        }
        let mut text = format!("{} samples of {} series refused, all else was kept", self.items, self.series);
        for told in &self.told {
            let _ = write!(text, "; {told}");
        }
        if self.series > self.told.len() as u64 {
            text.push_str("; …");
        }
        Some(text)
    }
}

/// Series of one request into rows.
pub(crate) struct Writer<'o> {
    pub(super) rows: SeriesRows<'o>,
    memory: &'o Memory,
    /// Keeps the series of tenants apart.
    seed: u64,
    outcome: Outcome,
    /// Kept for their buffers.
    sparse: SparseHistogram,
    dense: NativeHistogram,
}

/// One exemplar, as sent.
pub(super) struct Exemplar<'a> {
    pub(super) labels: Vec<Label<'a>>,
    pub(super) value: f64,
    /// Milliseconds since 1970.
    pub(super) time: i64,
}

/// The points of a series as they are sent, one at a time.
pub(super) enum Point {
    Sample {
        value: f64,
    },
    /// The histogram is in `sparse`.
    Histogram {
        /// Tells it from others of the same time.
        hash: u64,
    },
}

/// Times of a point in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) time: i64,
    /// When counting began, 0 when nobody told.
    pub(super) start: i64,
}

impl<'o> Writer<'o> {
    pub(super) fn new(tenant: &Tenant, options: &'o DecodeOptions, memory: &'o Memory) -> Self {
        Self {
            rows: SeriesRows::new(options),
            memory,
            seed: Memory::seed(tenant),
            outcome: Outcome::default(),
            sparse: SparseHistogram::default(),
            dense: NativeHistogram::default(),
        }
    }

    pub(super) fn finish(self, tenant: Tenant) -> Result<(Decoded, Outcome), ReceiveError> {
        Ok((self.rows.finish(tenant)?, self.outcome))
    }

    /// Leaves a series out.
    pub(super) fn refuse(&mut self, items: usize, labels: &[Label<'_>], why: &dyn std::fmt::Display) {
        // A series without points is no loss.
        if items > 0 {
            self.rows.context.tally.reject_many(Reason::InvalidLabels, items as u64);
        }
        self.outcome.refused.add(items as u64, labels, why);
    }

    /// Adds the points of a series, which `next` reads one by one, and its exemplars. `points` is how
    /// many there are.
    pub(super) fn add<'l>(
        &mut self,
        labels: &'l [Label<'l>],
        description: Description<'l>,
        points: usize,
        exemplars: &[Exemplar<'_>],
        mut next: impl FnMut(&mut SparseHistogram) -> Walk<Option<(Times, Point)>>,
    ) -> Walk<()> {
        let series = match self.rows.series(labels, description) {
            Ok(series) => series,
            Err(fault) => {
                self.refuse(points, labels, &fault);
                return Ok(());
            }
        };
        let key = series.key() ^ self.seed;
        let known = self.outcome.last.get(&key).copied();
        let last = known.or_else(|| self.memory.last.get(key));
        let mut adding =
            Adding { series, last, exemplars, dense: &mut self.dense, outcome: &mut self.outcome, refused: 0, why: None };
        let mut left = points;
        while let Some((times, point)) = next(&mut self.sparse)? {
            left = left.saturating_sub(1);
            adding.point(times, &point, &self.sparse, left == 0)?;
        }
        adding.lonely_exemplars()?;
        let Adding { last, refused, why, .. } = adding;
        if let Some(last) = last {
            self.outcome.last.insert(key, last);
        }
        if let Some(why) = why {
            self.outcome.refused.add(refused, labels, &why);
        }
        Ok(())
    }
}

/// A series while its points are added.
struct Adding<'w, 'o, 'l, 'e> {
    series: Series<'w, 'o, 'l>,
    last: Option<LastSample>,
    /// Those not added yet: all or none.
    exemplars: &'e [Exemplar<'e>],
    dense: &'w mut NativeHistogram,
    outcome: &'w mut Outcome,
    refused: u64,
    /// Why the first one was.
    why: Option<PointFault>,
}

/// Why a point is refused.
#[derive(Debug, thiserror::Error)]
enum PointFault {
    #[error("the time {0} ms is out of range")]
    Time(i64),
    #[error("there is another value at {0} ms already")]
    Conflict(i64),
    #[error("native histogram: {0}")]
    Histogram(HistogramFault),
}

impl Adding<'_, '_, '_, '_> {
    fn point(&mut self, times: Times, point: &Point, sparse: &SparseHistogram, is_last: bool) -> Walk<()> {
        let (Some(time), Some(start)) = (nanos(times.time), nanos(times.start)) else {
            self.refuse(Reason::TimeOutOfRange, PointFault::Time(times.time));
            return Ok(());
        };
        let sample = LastSample { time, bits: point.bits() };
        match self.last {
            Some(last) if last == sample => {
                // Sent again, as senders do that got no answer.
                self.count(point);
                return Ok(());
            }
            Some(last) if last.time == time => {
                self.refuse(Reason::ConflictingSample, PointFault::Conflict(times.time));
                return Ok(());
            }
            _ => {}
        }
        if let Point::Histogram { .. } = point
            && let Err(fault) = self.dense.read(sparse)
        {
            self.refuse(Reason::UnsupportedHistogram, PointFault::Histogram(fault));
            return Ok(());
        }
        if is_last {
            self.push_exemplars()?;
        }
        match point {
            Point::Sample { value } => self.series.sample(time, start, *value)?,
            Point::Histogram { .. } => self.series.histogram(time, start, self.dense)?,
        }
        self.count(point);
        if self.last.is_none_or(|last| last.time <= time) {
            self.last = Some(sample);
        }
        Ok(())
    }

    fn count(&mut self, point: &Point) {
        match point {
            Point::Sample { .. } => self.outcome.samples += 1,
            Point::Histogram { .. } => self.outcome.histograms += 1,
        }
    }

    fn refuse(&mut self, reason: Reason, why: PointFault) {
        self.series.reject(reason);
        self.refused += 1;
        self.why.get_or_insert(why);
    }

    /// Adds the exemplars to the next point, and returns the time of the newest.
    fn push_exemplars(&mut self) -> Walk<Option<i64>> {
        let mut newest = None;
        for exemplar in std::mem::take(&mut self.exemplars) {
            match nanos(exemplar.time) {
                Some(time) => {
                    self.series.exemplar(time, exemplar.value, &exemplar.labels)?;
                    self.outcome.exemplars += 1;
                    newest = newest.max(Some(time));
                }
                None => self.refuse(Reason::TimeOutOfRange, PointFault::Time(exemplar.time)),
            }
        }
        Ok(newest)
    }

    /// Exemplars often come apart from their sample; they get a point without a value.
    fn lonely_exemplars(&mut self) -> Walk<()> {
        match self.push_exemplars()? {
            Some(time) => self.series.no_sample(time),
            None => Ok(()),
        }
    }
}

impl Point {
    fn bits(&self) -> u64 {
        match self {
            Point::Sample { value } => value.to_bits(),
            Point::Histogram { hash } => *hash,
        }
    }
}
