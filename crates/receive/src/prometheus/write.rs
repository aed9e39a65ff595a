//! [`Writer`]: what both versions of remote write do with a series, once it is read.

use std::fmt::Write as _;

use luneta_model::{Batch, Limits, Tenant};
use xxhash_rust::xxh3::xxh3_128;

use super::exposition::MetricType;
use super::known::{Epoch, News};
use super::last::{ByKey, LastSample, Stored};
use super::memory::Memory;
use super::native::{HistogramFault, NativeHistogram, SparseHistogram};
use super::rows::{Description, Label, STALE_BITS, Series, SeriesRows, nanos, show};
use super::told::{Plain, ToldRows};
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
    /// Samples of series that are known.
    pub(super) told: Option<Batch>,
    /// Their last ones, to be noted once they are stored.
    pub(super) told_last: Stored,
    /// Series to be known once they are stored.
    pub(super) news: Vec<News>,
    pub(super) epoch: Epoch,
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
    request: u64,
    outcome: Outcome,
    told: ToldRows,
    /// Hash and bytes of the labels of the series to be added next, where they may become known.
    sent: Option<(u128, usize)>,
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
    /// `generation` is that of active series.
    pub(super) fn new(tenant: &Tenant, options: &'o DecodeOptions, memory: &'o Memory, generation: i64) -> Self {
        Self {
            rows: SeriesRows::new(options),
            memory,
            seed: Memory::seed(tenant),
            request: memory.request(),
            outcome: Outcome { epoch: Epoch { generation, families: 0 }, ..Outcome::default() },
            told: ToldRows::default(),
            sent: None,
            sparse: SparseHistogram::default(),
            dense: NativeHistogram::default(),
        }
    }

    pub(super) fn finish(mut self, tenant: Tenant) -> Result<(Decoded, Outcome), ReceiveError> {
        let told = self.told.finish(tenant.clone()).map_err(|e| ReceiveError::Internal(e.to_string()))?;
        (self.outcome.told, self.outcome.told_last) = told;
        Ok((self.rows.finish(tenant)?, self.outcome))
    }

    /// Says which version of what is known of metrics describes the series.
    pub(super) fn describe_by(&mut self, families: u64) {
        self.outcome.epoch.families = families;
    }

    /// Adds the samples of a series that is known; otherwise nothing, and its labels have to be read.
    pub(super) fn told(&mut self, plain: &Plain<'_>) -> bool {
        self.sent = None;
        if self.memory.series.is_off() {
            return false;
        }
        let sent = plain.hash(self.seed);
        let Some(known) = self.memory.series.get(sent, self.outcome.epoch) else {
            self.sent = Some((sent, plain.label_bytes()));
            return false;
        };
        let taken = self.told.add(&known, plain, self.request);
        self.outcome.samples += taken.unwrap_or(0);
        taken.is_some()
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
        let last = known.or_else(|| self.memory.last.get(key)?.seen_by(self.request));
        let (dense, outcome, row) = (&mut self.dense, &mut self.outcome, None);
        let mut adding = Adding { series, last, exemplars, dense, outcome, row, refused: 0, why: None };
        let mut left = points;
        while let Some((times, point)) = next(&mut self.sparse)? {
            left = left.saturating_sub(1);
            adding.point(times, &point, &self.sparse, left == 0)?;
        }
        adding.lonely_exemplars()?;
        let Adding { last, row, refused, why, .. } = adding;
        if let Some(last) = last {
            self.outcome.last.insert(key, last);
        }
        if let Some(((sent, bytes), row)) = self.sent.take().zip(row) {
            self.outcome.news.push(News { sent, bytes, row, key, fingerprint: fingerprint(sent, &description) });
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
    /// Of the last plain sample.
    row: Option<u32>,
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
            Point::Sample { value } => {
                self.series.sample(time, start, *value)?;
                self.row = self.series.last_row().filter(|_| value.to_bits() != STALE_BITS);
            }
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

/// Tells series as they are stored.
fn fingerprint(sent: u128, description: &Description<'_>) -> u128 {
    let Description { kind, help, unit } = description;
    let kind = kind.map_or(u64::MAX, MetricType::number);
    let lengths = [kind, help.len() as u64, unit.len() as u64].map(u64::to_le_bytes);
    let parts = [&sent.to_le_bytes()[..], lengths.as_flattened(), help.as_bytes(), unit.as_bytes()];
    xxh3_128(&parts.concat())
}

impl Point {
    fn bits(&self) -> u64 {
        match self {
            Point::Sample { value } => value.to_bits(),
            Point::Histogram { hash } => *hash,
        }
    }
}
